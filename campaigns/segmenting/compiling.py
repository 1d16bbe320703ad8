"""From a question to one condition of the database.

Every leaf is true or false, never NULL, so that a question can be turned round with `~`. Lists and texts are asked for
with EXISTS, which the planner turns into a join of its choice. What was sent and said is in `history`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, F, Field, Func, JSONField, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Coalesce, Collate, Trim, Upper
from django.db.models.lookups import Contains, Exact, GreaterThanOrEqual, LessThan, LessThanOrEqual, Regex, StartsWith

from campaigns.segmenting.clocks import Clock
from campaigns.segmenting.history import got, replied, texted_since
from campaigns.segmenting.subjects import ATTRIBUTE, NOT_RECORDED, Kind
from campaigns.segmenting.trees import Condition, Group
from contacts.models import Contact, Membership, Suppression

EVERYBODY = Q(pk__isnull=False)
_OF_THEIR_NUMBER = Suppression.objects.filter(phone=OuterRef("phone")).order_by()
OPTED_OUT = Q(Exists(_OF_THEIR_NUMBER.certain()))
# An opt-out in doubt forbids texts as well, until somebody decides.
AT_REST = Q(Exists(_OF_THEIR_NUMBER.to_be_decided().order_by()))


def compile_question(group: Group, clock: Clock) -> Q:
    """The condition on a contact that the question means."""
    rules = [
        compile_question(rule, clock) if isinstance(rule, Group) else _condition(rule, clock) for rule in group.rules
    ]
    if not rules:
        return EVERYBODY
    if not group.match_all:
        return any_of(rules)
    found = Q()
    for rule in rules:
        found &= rule
    return found


def any_of(conditions: Sequence[Q]) -> Q:
    """At least one holds.

    Where lists or texts are asked for, as the union of the sets: the planner joins each, while `OR` would have it look
    them up for a million people one by one.
    """
    if len(conditions) == 1:
        return conditions[0]
    if not any(map(_looks_elsewhere, conditions)):
        found = Q(_connector=Q.OR)
        for condition in conditions:
            found.add(condition, Q.OR)
        return found
    sets = [keys_of(condition) for condition in conditions]
    return Q(pk__in=sets[0].union(*sets[1:], all=True))


def keys_of(condition: Q) -> QuerySet[Contact, Any]:
    """The keys of the people for whom it holds."""
    return Contact.objects.filter(condition).order_by().values("pk")


def is_simple(condition: Q) -> bool:
    """Can it be turned round as it stands? What is put together of several sets is better taken away as one set."""
    only = condition.children[0] if len(condition) == 1 else None
    return not _looks_elsewhere(condition) or isinstance(only, Exists) or (isinstance(only, Q) and is_simple(only))


def _looks_elsewhere(condition: Any) -> bool:
    """Does it ask for lists or texts?"""
    if isinstance(condition, Q):
        return any(map(_looks_elsewhere, condition.children))
    return isinstance(condition, Exists) or (isinstance(condition, tuple) and isinstance(condition[1], QuerySet))


def on_list(*contact_lists: int) -> Q:
    """Is on the list, or on one of them."""
    return Q(Exists(Membership.objects.filter(contact=OuterRef("pk"), contact_list__in=contact_lists)))


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
            same = Q(consent_source="" if rule.value == NOT_RECORDED else rule.value)
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
    """ISO dates sort as text; both ends are in, and whatever is no date is out."""
    stored = Collate(_as_text(rule), "C")
    end = Value(f"{last.isoformat()}~")  # behind a time of that day, should there be one
    return (
        Q(GreaterThanOrEqual(stored, Value(first.isoformat())))
        & Q(LessThan(stored, end))
        & Q(Regex(stored, Value(r"^\d{4}-\d{2}-\d{2}")))
    )


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
            # Nor is a moment to come in the last days, should one have been typed.
            return filled & Q(**{f"{column}__gte": clock.ago(int(rule.value or 0)), f"{column}__lte": clock.now})
    begins = clock.midnight(date.fromisoformat(str(rule.value)))
    return filled & Q(**{f"{column}__{'gte' if rule.operator.key == 'from' else 'lt'}": begins})


_STATES = {"opted_out": OPTED_OUT, "at_rest": AT_REST, "conversation_open": Q(conversation_open=True)}


def _state(rule: Condition) -> Q:
    found = _STATES[rule.subject.key]
    return found if rule.operator.key == "yes" else ~found


def _texted(rule: Condition, clock: Clock) -> Q:
    since = texted_since(clock.ago(int(rule.value)) if rule.value is not None else None)
    return since if rule.operator.key in ("ever", "last_days") else ~since


def _campaign(rule: Condition) -> Q:
    campaign = int(str(rule.value))
    if rule.elsewhere:
        return EVERYBODY if rule.operator.key == "not_got" else ~EVERYBODY
    match rule.operator.key:
        case "got":
            return got(campaign)
        case "not_got":
            return ~got(campaign)
        case "replied":
            return replied(campaign)
        case _:
            return got(campaign) & ~replied(campaign)
