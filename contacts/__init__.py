"""Who we may text: contacts, lists, imports, consent and suppressions."""
