"""What a segment can ask about, in which ways, and what the answers to choose from are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from campaigns.models.campaigns import Campaign
from campaigns.models.modes import Mode
from contacts.models import Attribute, Contact, ContactList

ATTRIBUTE = "attribute:"  # in front of the name of a column of the business's own
NOT_RECORDED = "none"  # the choice of a consent source that stands as an empty text


class Kind(StrEnum):
    """How a subject is asked about."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"  # a day, without a time
    YESNO = "yesno"
    MOMENT = "moment"  # stored in UTC, asked in days of the business
    LIST = "list"
    SOURCE = "source"
    STATE = "state"  # true or false, never blank
    TEXTED = "texted"
    CAMPAIGN = "campaign"


class Takes(StrEnum):
    """What stands behind an operator."""

    NOTHING = "nothing"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DAYS = "days"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to ask; `words` stand between the subject and the value."""

    key: str
    words: str
    takes: Takes = Takes.NOTHING


_FILLED = (Operator("filled", "is filled in"), Operator("blank", "is blank"))
_DAYS = (Operator("from", "is on or after", Takes.DATE), Operator("before", "is before", Takes.DATE))
_LAST = Operator("last_days", "was in the last (days)", Takes.DAYS)
OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: (
        Operator("is", "is", Takes.TEXT),
        Operator("is_not", "is not", Takes.TEXT),
        Operator("contains", "contains", Takes.TEXT),
        Operator("begins", "begins with", Takes.TEXT),
        *_FILLED,
    ),
    Kind.NUMBER: (
        Operator("is", "is", Takes.NUMBER),
        Operator("is_not", "is not", Takes.NUMBER),
        Operator("at_least", "is at least", Takes.NUMBER),
        Operator("at_most", "is at most", Takes.NUMBER),
        *_FILLED,
    ),
    Kind.DATE: (
        Operator("on", "is on", Takes.DATE),
        *_DAYS,
        Operator("next_days", "is today or in the next (days)", Takes.DAYS),
        Operator("last_days", "is today or in the last (days)", Takes.DAYS),
        *_FILLED,
    ),
    Kind.YESNO: (Operator("yes", "is yes"), Operator("no", "is no"), *_FILLED),
    Kind.MOMENT: (*_DAYS, _LAST, Operator("filled", "is recorded"), Operator("blank", "is not recorded")),
    Kind.LIST: (
        Operator("on", "includes them:", Takes.CHOICE),
        Operator("not_on", "does not include them:", Takes.CHOICE),
    ),
    Kind.SOURCE: (Operator("is", "is", Takes.CHOICE), Operator("is_not", "is not", Takes.CHOICE)),
    Kind.STATE: (Operator("yes", "yes"), Operator("no", "no")),
    Kind.TEXTED: (
        Operator("never", "never"),
        Operator("ever", "at some time"),
        Operator("last_days", "in the last (days)", Takes.DAYS),
        Operator("not_last_days", "not in the last (days)", Takes.DAYS),
    ),
    Kind.CAMPAIGN: (
        Operator("got", "they got", Takes.CHOICE),
        Operator("not_got", "they did not get", Takes.CHOICE),
        Operator("replied", "they replied to", Takes.CHOICE),
        Operator("silent", "they got and did not reply to", Takes.CHOICE),
    ),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to ask about; `group` is its heading in the menu."""

    key: str
    label: str
    kind: Kind
    group: str

    def operator(self, key: str) -> Operator | None:
        """The operator of that key, if this kind has it."""
        return next((one for one in OPERATORS[self.kind] if one.key == key), None)


_PERSON, _OWN, _LISTS, _CONSENT, _SAID = "The person", "Your columns", "Lists", "Consent", "What was sent and said"
FIXED = (
    Subject("first_name", "First name", Kind.TEXT, _PERSON),
    Subject("last_name", "Last name", Kind.TEXT, _PERSON),
    Subject("email", "E-mail", Kind.TEXT, _PERSON),
    Subject("company", "Company", Kind.TEXT, _PERSON),
    Subject("phone", "Number", Kind.TEXT, _PERSON),
    Subject("time_zone", "Time zone", Kind.TEXT, _PERSON),
    Subject("created_at", "Added", Kind.MOMENT, _PERSON),
    Subject("list", "A list", Kind.LIST, _LISTS),
    Subject("consent_source", "Consent source", Kind.SOURCE, _CONSENT),
    Subject("consent_at", "Consent date", Kind.MOMENT, _CONSENT),
    Subject("opted_out", "Opted out", Kind.STATE, _CONSENT),
    Subject("at_rest", "May have meant stop", Kind.STATE, _CONSENT),
    Subject("texted", "Texted", Kind.TEXTED, _SAID),
    Subject("conversation_open", "Has an open conversation", Kind.STATE, _SAID),
    Subject("campaign", "A campaign", Kind.CAMPAIGN, _SAID),
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All subjects by key, and for each kind that lets one choose, the choices as value and label.

    `elsewhere` are the campaigns of the other mode: they are no history of this one (promise 7).
    """

    subjects: Mapping[str, Subject]
    choices: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()

    @classmethod
    def load(cls) -> "Catalogue":
        """As the database has it now."""
        own = [Subject(f"{ATTRIBUTE}{one.name}", one.label, Kind(one.kind), _OWN) for one in Attribute.objects.all()]
        launched = Campaign.objects.filter(launched_at__isnull=False).order_by("-launched_at")
        campaigns = list(launched.values_list("pk", "name", "mode"))
        choices = {
            Kind.LIST: {str(pk): name for pk, name in ContactList.objects.values_list("pk", "name")},
            Kind.CAMPAIGN: {
                str(pk): name if mode == Mode.current() else f"{name} ({Mode(mode).label.lower()}; counts for nothing)"
                for pk, name, mode in campaigns
            },
            Kind.SOURCE: {str(value) or NOT_RECORDED: str(label) for value, label in Contact.ConsentSource.choices},
        }
        elsewhere = frozenset(str(pk) for pk, _, mode in campaigns if mode != Mode.current())
        return cls({one.key: one for one in (*FIXED[:7], *own, *FIXED[7:])}, choices, elsewhere)

    def groups(self) -> dict[str, list[Subject]]:
        """The subjects by heading, in order."""
        found: dict[str, list[Subject]] = {}
        for subject in self.subjects.values():
            found.setdefault(subject.group, []).append(subject)
        return found
