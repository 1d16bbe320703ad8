"""What one person of a campaign gets: the text, what the agent will know, or why they are held back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns import composing, contracts
from campaigns.audience import audience, known_fields
from campaigns.composing.values import WrongValue
from campaigns.models import Campaign, RehearsedText
from campaigns.models.campaigns import MAX_TEXT_LENGTH
from campaigns.sms_parts import count_segments
from contacts.models import Contact
from contacts.phones import InvalidPhone, parse_phone

Outcome = RehearsedText.Outcome


@dataclass(frozen=True, slots=True)
class Scripted:
    """One person's text and metadata; a `reason` in words where the outcome is not that it will be sent."""

    outcome: Outcome
    reason: str = ""
    text: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    segments: int = 0


class Script:
    """A campaign's texts, compiled once, rendered for one contact after the other. Raises TemplateProblem."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.account = campaign.agent.account
        self.message = composing.compile_text(campaign.message) if campaign.message else None
        self.sources = contracts.compiled_sources(campaign.metadata)
        self.keys = contracts.keys_of(campaign.trigger)

    @classmethod
    def checked(cls, campaign: Campaign) -> "Script":
        """With every merge tag naming something that the audience has. Raises TemplateProblem, QuestionProblem."""
        script = cls(campaign)
        names = {name for compiled in script.templates() for name in compiled.names}
        known = known_fields(audience(campaign), names)
        for compiled in script.templates():
            composing.check_names(compiled, known)
        return script

    def templates(self) -> Iterator[composing.Compiled]:
        """The message's template and those of the metadata."""
        if self.message is not None:
            yield self.message
        yield from (source for source in self.sources.values() if isinstance(source, composing.Compiled))

    def for_person(self, contact: Contact, *, opted_out: bool = False, at_rest: bool = False) -> Scripted:
        """What this person would get, or why they would not; `at_rest`: their opt-out is in doubt."""
        if at_rest:
            return Scripted(Outcome.AT_REST, "They may have meant stop; texts rest until somebody decides.")
        if opted_out:
            return Scripted(Outcome.OPTED_OUT, "This number has opted out.")
        try:
            if not parse_phone(contact.phone, None).can_receive_texts:
                return Scripted(Outcome.CANNOT_RECEIVE, "This kind of number cannot receive texts.")
        except InvalidPhone as problem:  # kept when the number plan was another one
            return Scripted(Outcome.CANNOT_RECEIVE, str(problem))
        return self.merged(contact)

    def merged(self, contact: Contact) -> Scripted:
        """The text with this person's data, wherever it goes."""
        values = values_of(contact, self.account.name)
        try:
            text = self.message.render(values).strip() if self.message else ""
            metadata = contracts.told(self.sources, self.keys, values, self.account.region)
        except contracts.MissingDetail as problem:
            return Scripted(Outcome.MISSING_DETAIL, str(problem))
        except WrongValue as problem:
            return Scripted(Outcome.WRONG_DETAIL, str(problem))
        except (composing.HeldBack, composing.TemplateProblem) as problem:
            return Scripted(Outcome.BLANK_VALUE, str(problem))
        if self.message and not text:
            return Scripted(Outcome.BLANK_VALUE, "The message would be empty for this person.")
        if len(text) > MAX_TEXT_LENGTH:
            return Scripted(Outcome.TOO_LONG, f"{len(text)} characters; at most {MAX_TEXT_LENGTH} can be sent.")
        return Scripted(Outcome.WILL_SEND, "", text, metadata, count_segments(text).parts if text else 0)


def values_of(contact: Contact, business_name: str) -> Mapping[str, object]:
    """What a template sees of a person: no blank values, so that a fallback or the hold-back takes their place."""
    values: dict[str, object] = dict(contact.attributes)
    values |= {name: getattr(contact, name, "") for name in composing.PERSON_FIELDS}
    values["business_name"] = business_name
    return {name: value for name, value in values.items() if not composing.is_blank(value)}
