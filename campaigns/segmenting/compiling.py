"""From a question to one condition of the database.

Every leaf is true or false, never NULL, so that a question can be turned round with `~`. Lists and texts are asked for
with EXISTS, which the planner turns into a join of its choice.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Field, Func, JSONField, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Coalesce, Collate, Trim, Upper
from django.db.models.lookups import Contains, Exact, GreaterThanOrEqual, LessThan, LessThanOrEqual, StartsWith

from campaigns.models.modes import Mode
from campaigns.models.sends import Send
from campaigns.segmenting.subjects import ATTRIBUTE, Kind
from campaigns.segmenting.trees import Condition, Group
from contacts.models import Membership, Suppression

# What has left, or may have: whoever was perhaps texted counts as texted.
GONE = (Send.State.POSTING, Send.State.ACCEPTED, Send.State.UNKNOWN)
EVERYBODY = Q(pk__isnull=False)
OPTED_OUT = Q(Exists(Suppression.objects.standing().filter(phone=OuterRef("phone")).order_by()))


@dataclass(frozen=True, slots=True)
class Clock:
    """The instant at which a question is asked, and the zone whose days it means."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The day where the business is."""
        return self.now.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """When the day begins there."""
        return datetime.combine(day, time.min, self.zone)

    def ago(self, days: int) -> datetime:
        """So many times 24 hours back."""
        return self.now - timedelta(days=days)


def compile_question(group: Group, clock: Clock) -> Q:
    """The condition on a contact that the question means."""
    found = Q(_connector=Q.AND if group.match_all else Q.OR)
    for rule in group.rules:
        found.add(
            compile_question(rule, clock) if isinstance(rule, Group) else _condition(rule, clock), found.connector
        )
    return found if group.rules else EVERYBODY


def texted_since(instant: datetime | None) -> Q:
    """Had a text since then; ever, without an instant. Simulated texts count in the simulator alone (promise 7)."""
    if Mode.current() == Mode.LIVE:
        return Q(last_texted_at__isnull=False) & (Q(last_texted_at__gte=instant) if instant else EVERYBODY)
    since = {"posted_at__gte": instant} if instant else {}
    return Q(Exists(_sends().filter(state__in=GONE, **since)))


def got(campaign: int) -> Q:
    """Got the campaign's text, or may have."""
    return Q(Exists(_sends().filter(campaign=campaign, state__in=GONE)))


def replied(campaign: int) -> Q:
    """Replied to the campaign's text."""
    return Q(Exists(_sends().filter(campaign=campaign, replied_at__isnull=False)))


def on_list(contact_list: int) -> Q:
    """Is on the list."""
    return Q(Exists(Membership.objects.filter(contact=OuterRef("pk"), contact_list=contact_list)))


def _sends() -> QuerySet[Send]:
    return Send.objects.filter(contact=OuterRef("pk"), mode=Mode.current()).order_by()


def _condition(rule: Condition, clock: Clock) -> Q:
    match rule.subject.kind:
        case Kind.TEXT:
            return _text(rule)
        case Kind.NUMBER:
            return _number(rule)
        case Kind.DATE:
            return _date(rule, clock)
        case Kind.YESNO:
            return _yesno(rule)
        case Kind.MOMENT:
            return _moment(rule, clock)
        case Kind.LIST:
            found = on_list(int(str(rule.value)))
            return found if rule.operator.key == "on" else ~found
        case Kind.SOURCE:
            same = Q(consent_source=rule.value)
            return same if rule.operator.key == "is" else ~same
        case Kind.STATE:
            return _state(rule)
        case Kind.TEXTED:
            return _texted(rule, clock)
        case Kind.CAMPAIGN:
            return _campaign(rule)


def _name(rule: Condition) -> str:
    return rule.subject.key.removeprefix(ATTRIBUTE)


def _as_text(rule: Condition) -> Combinable:
    """The value as text, nothing where there is none."""
    if rule.subject.key.startswith(ATTRIBUTE):
        return Coalesce(_under(rule, "->>", TextField()), Value(""), output_field=TextField())
    return F(rule.subject.key)  # never NULL, and bare it can use its index


def _under(rule: Condition, operator: str, output: "Field[Any, Any]") -> Func:
    """What stands under the key. Django's own transform takes a column called 2024 for a place in an array."""
    return Func(
        F("attributes"),
        Value(_name(rule)),
        template="(%(expressions)s)",
        arg_joiner=f" {operator} ",
        output_field=output,
    )


def _blank(rule: Condition) -> Q:
    return Q(Exact(Trim(_as_text(rule)), Value("")))


def _text(rule: Condition) -> Q:
    if rule.operator.key in ("blank", "filled"):
        return _blank(rule) if rule.operator.key == "blank" else ~_blank(rule)
    ours, theirs = Upper(_as_text(rule)), Upper(Value(str(rule.value)))
    match rule.operator.key:
        case "contains":
            return Q(Contains(ours, theirs))
        case "begins":
            return Q(StartsWith(ours, theirs))
        case _:
            same = Q(Exact(ours, theirs))
            return same if rule.operator.key == "is" else ~same


def _number(rule: Condition) -> Q:
    if rule.operator.key in ("blank", "filled"):
        return _blank(rule) if rule.operator.key == "blank" else ~_blank(rule)
    # Compared as JSON: no cast that could fail on what somebody typed before the column was one of numbers.
    stored, value = _under(rule, "->", JSONField()), Value(rule.value, output_field=JSONField())
    kind = Func(stored, function="jsonb_typeof", output_field=TextField())
    number = Q(Exact(Coalesce(kind, Value(""), output_field=TextField()), Value("number")))
    compare: type[Expression] = {"at_least": GreaterThanOrEqual, "at_most": LessThanOrEqual}.get(
        rule.operator.key, Exact
    )
    found = number & Q(compare(stored, value))
    return ~found if rule.operator.key == "is_not" else found


def _date(rule: Condition, clock: Clock) -> Q:
    match rule.operator.key:
        case "blank":
            return _blank(rule)
        case "filled":
            return ~_blank(rule)
        case "next_days":
            return _between(rule, clock.today, clock.today + timedelta(days=int(rule.value or 0)))
        case "last_days":
            return _between(rule, clock.today - timedelta(days=int(rule.value or 0)), clock.today)
    day = date.fromisoformat(str(rule.value))
    match rule.operator.key:
        case "on":
            return _between(rule, day, day)
        case "from":
            return _between(rule, day, date.max)
        case _:
            return _between(rule, date.min, day - timedelta(days=1)) if day > date.min else ~EVERYBODY


def _between(rule: Condition, first: date, last: date) -> Q:
    """ISO dates sort as text; both ends are in. What is no date begins with no digit, or is blank: outside."""
    stored = Collate(_as_text(rule), "C")
    end = Value(f"{last.isoformat()}~")
    return Q(GreaterThanOrEqual(stored, Value(first.isoformat()))) & Q(LessThan(stored, end))


def _yesno(rule: Condition) -> Q:
    if rule.operator.key in ("blank", "filled"):
        return _blank(rule) if rule.operator.key == "blank" else ~_blank(rule)
    return Q(Exact(_as_text(rule), Value("true" if rule.operator.key == "yes" else "false")))


def _moment(rule: Condition, clock: Clock) -> Q:
    column = rule.subject.key
    filled = Q(**{f"{column}__isnull": False})
    match rule.operator.key:
        case "filled":
            return filled
        case "blank":
            return ~filled
        case "last_days":
            return filled & Q(**{f"{column}__gte": clock.ago(int(rule.value or 0))})
    begins = clock.midnight(date.fromisoformat(str(rule.value)))
    return filled & Q(**{f"{column}__{'gte' if rule.operator.key == 'from' else 'lt'}": begins})


def _state(rule: Condition) -> Q:
    found = OPTED_OUT if rule.subject.key == "opted_out" else Q(conversation_open=True)
    return found if rule.operator.key == "yes" else ~found


def _texted(rule: Condition, clock: Clock) -> Q:
    since = texted_since(clock.ago(int(rule.value)) if rule.value is not None else None)
    return since if rule.operator.key in ("ever", "last_days") else ~since


def _campaign(rule: Condition) -> Q:
    campaign = int(str(rule.value))
    match rule.operator.key:
        case "got":
            return got(campaign)
        case "not_got":
            return ~got(campaign)
        case "replied":
            return replied(campaign)
        case _:
            return got(campaign) & ~replied(campaign)
