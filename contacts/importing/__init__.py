"""A spreadsheet into contacts: a preview that explains every row, then, once, the change itself, and the way back.

Promise 4: every row ends in exactly one of five fates, the counts add up, no number is guessed, and no import lifts a
suppression. One module a step: receiving, previewing (with staging and judging), fixing, confirming, applying,
undoing, purging.
"""

from contacts.importing.applying import apply
from contacts.importing.confirming import cancel, check_confirmation, confirm, confirmation
from contacts.importing.fixing import fix
from contacts.importing.previewing import answer, preview, read
from contacts.importing.provenance import provenance
from contacts.importing.purging import purge
from contacts.importing.receiving import Rules, begin, receive, receive_pasted
from contacts.importing.refusing import CannotImport
from contacts.importing.undoing import begin_undo, preview_undo, undo, why_not

__all__ = [
    "CannotImport",
    "Rules",
    "answer",
    "apply",
    "begin",
    "begin_undo",
    "cancel",
    "check_confirmation",
    "confirm",
    "confirmation",
    "fix",
    "preview",
    "preview_undo",
    "provenance",
    "purge",
    "read",
    "receive",
    "receive_pasted",
    "undo",
    "why_not",
]
