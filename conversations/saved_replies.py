"""Saved replies: the same merge tags as a campaign's, filled in for one person."""

from campaigns import composing
from campaigns.models import Account
from campaigns.scripts import values_of
from contacts.models import Attribute, Contact
from conversations.models import SavedReply


class CannotFill(ValueError):
    """The reply cannot be used for this person; the text is a sentence that says why."""


def known_names() -> set[str]:
    """What a merge tag may name: a person's fields and the business's own columns."""
    return {*composing.PERSON_FIELDS, *Attribute.objects.values_list("name", flat=True)}


def filled(saved: SavedReply, contact: Contact, account: Account) -> str:
    """The text for this person. Raises CannotFill: a blank value without a fallback is never sent as a gap."""
    try:
        return composing.compile_text(saved.body).render(values_of(contact, account.name)).strip()
    except (composing.HeldBack, composing.TemplateProblem) as problem:
        raise CannotFill(f"“{saved}” was not filled in. {problem}") from problem
