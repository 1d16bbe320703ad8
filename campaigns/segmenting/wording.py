"""A question as a sentence that a colleague would say. Pure."""

from datetime import date

from campaigns.segmenting.subjects import Catalogue, Kind, Takes
from campaigns.segmenting.trees import Condition, Group

_CAMPAIGN = {
    "got": "who got",
    "not_got": "who did not get",
    "replied": "who replied to",
    "silent": "who got and did not reply to",
}
_STATES = {
    ("opted_out", "yes"): "who opted out",
    ("opted_out", "no"): "who did not opt out",
    ("at_rest", "yes"): "whose texts rest until somebody decides whether they meant stop",
    ("at_rest", "no"): "of whom nobody has to decide whether they meant stop",
    ("conversation_open", "yes"): "who has an open conversation",
    ("conversation_open", "no"): "who has no open conversation",
}
_WORDS = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "begins": "begins with",
    "filled": "is filled in",
    "blank": "is blank",
    "at_least": "is at least",
    "at_most": "is at most",
    "on": "is",
    "from": "is on or after",
    "before": "is before",
    "yes": "is yes",
    "no": "is no",
}


def sentence(question: Group, catalogue: Catalogue) -> str:
    """Everybody whom the question means."""
    if not question.rules:
        return "Everybody."
    return f"Everybody {_group(question, catalogue)}."


def _group(group: Group, catalogue: Catalogue) -> str:
    parts = []
    for rule in group.rules:
        if isinstance(rule, Condition):
            parts.append(_condition(rule, catalogue))
        else:
            inner = _group(rule, catalogue)
            parts.append(f"({inner})" if len(rule.rules) > 1 and len(group.rules) > 1 else inner)
    return (" and " if group.match_all else " or ").join(parts)


def _condition(rule: Condition, catalogue: Catalogue) -> str:
    chosen = f"“{catalogue.choices.get(rule.subject.kind, {}).get(str(rule.value), '')}”"
    match rule.subject.kind:
        case Kind.LIST:
            return f"who {'is' if rule.operator.key == 'on' else 'is not'} on {chosen}"
        case Kind.CAMPAIGN:
            return f"{_CAMPAIGN[rule.operator.key]} {chosen}"
        case Kind.STATE:
            return _STATES[rule.subject.key, rule.operator.key]
        case Kind.TEXTED:
            return _texted(rule)
        case Kind.SOURCE:
            return f"whose consent source {_WORDS[rule.operator.key]} {chosen}"
        case _:
            return f"whose {_subject(rule)} {_rest(rule)}"


def _subject(rule: Condition) -> str:
    """In the middle of a sentence, but a column of the business's own as they call it."""
    own = rule.subject.key.startswith("attribute:")
    return f"“{rule.subject.label}”" if own else rule.subject.label.lower()


def _rest(rule: Condition) -> str:
    moment = rule.subject.kind == Kind.MOMENT
    if rule.operator.key in ("last_days", "next_days"):
        way = rule.operator.key.removesuffix("_days")
        today = "" if moment else "today or "
        return f"{'was' if moment else 'is'} {today}in the {way} {_days(rule)}"
    if moment and rule.operator.key in ("filled", "blank"):
        return "is recorded" if rule.operator.key == "filled" else "is not recorded"
    words = _WORDS[rule.operator.key]
    match rule.operator.takes:
        case Takes.TEXT:
            return f"{words} “{rule.value}”"
        case Takes.DATE:
            return f"{words} {in_words(date.fromisoformat(str(rule.value)))}"
        case Takes.NUMBER:
            return f"{words} {rule.value:,}" if isinstance(rule.value, int | float) else words
        case _:
            return words


def _texted(rule: Condition) -> str:
    match rule.operator.key:
        case "never":
            return "who was never texted"
        case "ever":
            return "who was texted at some time"
        case "last_days":
            return f"who was texted in the last {_days(rule)}"
        case _:
            return f"who was not texted in the last {_days(rule)}"


def _days(rule: Condition) -> str:
    return "day" if rule.value == 1 else f"{rule.value:,} days" if isinstance(rule.value, int) else "days"


def in_words(day: date) -> str:
    """A day as an American writes it."""
    return f"{day:%B} {day.day}, {day.year}"
