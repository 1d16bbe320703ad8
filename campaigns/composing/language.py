"""The Liquid that a message may use: which tags and filters there are, and how far each may go. Pure.

Without loops and ranges the work is bounded by what is written; every filter looks at what it gets and gives, so that
nothing grows beyond `LONGEST`. See decision 0023.
"""

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from liquid import BoundTemplate, Environment, FalsyStrictUndefined, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.primitive import Blank, Empty, RangeLiteral, StringLiteral
from liquid.exceptions import FilterArgumentError, LiquidSyntaxError, OutputStreamLimitError
from liquid.expression import Expression
from liquid.undefined import is_undefined

# Characters, of any value on its way; a text has at most 1,600.
LONGEST = 20_000
MOST_ITEMS = 1_000
# What a float keeps exactly.
LARGEST = 10**15
LONGEST_DATE = 60
TAGS = frozenset(
    ("content", "output", "illegal", "#", "comment", "doc", "assign", "capture", "case", "echo", "if", "unless")
)
_TEXT_FILTERS = (
    "append capitalize date default downcase first join last lstrip prepend remove remove_first remove_last replace "
    "replace_first replace_last rstrip size slice split squish strip strip_newlines truncate truncatewords upcase "
    "url_encode"
)
_NUMBER_FILTERS = "abs at_least at_most ceil divided_by floor minus modulo plus round times"
NUMBER_FILTERS = frozenset(_NUMBER_FILTERS.split())
FILTERS = NUMBER_FILTERS | frozenset(_TEXT_FILTERS.split())
GROWING = frozenset(("join", "replace", "replace_first", "replace_last"))
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
# A width would ask for that many characters.
_DATE_FORMAT = re.compile(r"(?:[^%]|%[-_0^#]?[A-Za-z%])*")

Filter = Callable[..., Any]


class BlankValue(FalsyStrictUndefined):
    """A value that this person does not have: a condition may ask for it, `default` fills it, anything else raises."""

    force_liquid_default = True


class BoundedEnvironment(Environment):
    """Liquid with limits: characters of output, depth of nesting, what is kept aside (bytes)."""

    output_stream_limit = LONGEST
    block_nesting_limit = 10
    context_depth_limit = 10
    local_namespace_limit = 10 * LONGEST


@lru_cache(maxsize=1)
def environment() -> BoundedEnvironment:
    """The one that every message is read with."""
    made = BoundedEnvironment(undefined=BlankValue)
    made.tags = {name: tag for name, tag in made.tags.items() if name in TAGS}
    made.filters = {name: _guarded(name, made.filters[name]) for name in FILTERS}
    return made


def check_expressions(template: BoundTemplate) -> None:
    """Refuse what Liquid would take and should not. Raises LiquidSyntaxError.

    A range can stand for more numbers than there is memory. A blank value equals nothing in Liquid, not even `blank`,
    so a question for it would always be answered no.
    """
    context = RenderContext(template)
    nodes: list[Node] = list(template.nodes)
    while nodes:
        node = nodes.pop()
        nodes += node.children(context, include_partials=False)
        expressions = list(node.expressions())
        while expressions:
            expression = expressions.pop()
            expressions += expression.children()
            if isinstance(expression, RangeLiteral):
                raise LiquidSyntaxError(f"a message has no use for the range {expression}", token=expression.token)
            if isinstance(expression, EqExpression | NeExpression) and any(map(_is_nothing, expression.children())):
                raise LiquidSyntaxError(
                    "to ask whether a field is blank, write {% if field %} or {% unless field %}",
                    token=expression.token,
                )


def _is_nothing(expression: Expression) -> bool:
    return isinstance(expression, Empty | Blank) or (isinstance(expression, StringLiteral) and not expression.value)


def _guarded(name: str, function: Filter) -> Filter:
    """The filter with its bounds. What goes wrong inside is a LiquidError; a blank value raises UndefinedError."""

    @wraps(function)  # with the flags by which Liquid knows what else to pass
    def bounded(value: Any, *arguments: Any, **options: Any) -> Any:
        given = (value, *arguments)
        if name != "default":
            for one in given:
                _check_input(name, one)
            if name in GROWING:
                _check_growth(*given)
            if name == "date" and arguments:
                _check_date(*given)
        try:
            return _checked(function(value, *arguments, **options))
        except (ArithmeticError, ValueError, TypeError) as problem:
            raise FilterArgumentError(f"{name} cannot work on that", token=None) from problem

    return bounded


def _check_input(name: str, one: Any) -> None:
    if is_undefined(one):
        str(one)  # raises UndefinedError, which holds the person back
    _checked(one)
    if name in NUMBER_FILTERS and isinstance(one, str) and not _NUMBER.fullmatch(one.strip()):
        raise FilterArgumentError(f"“{one[:30]}” is no number", token=None)


def _check_growth(value: Any, sought: Any = " ", inserted: Any = "") -> None:
    """Before, not after: how long would the value be with so many pieces put in?"""
    if isinstance(value, list):  # join, whose only argument goes between the items
        times, inserted = len(value), sought
    else:
        times = str(value).count(str(sought))
    if times * len(str(inserted)) > LONGEST:
        raise _too_much()


def _check_date(value: Any, pattern: Any) -> None:
    if len(str(value)) > LONGEST_DATE or len(str(pattern)) > LONGEST_DATE:
        raise FilterArgumentError("that is too long for a date", token=None)
    if not _DATE_FORMAT.fullmatch(str(pattern)):
        raise FilterArgumentError("a date is written with parts such as %B %-d", token=None)


def _checked(one: Any) -> Any:
    longest = LONGEST if isinstance(one, str) else MOST_ITEMS
    if isinstance(one, str | list | tuple | dict) and len(one) > longest:
        raise _too_much()
    if isinstance(one, int | float) and not -LARGEST <= one <= LARGEST:  # infinity and no number too
        raise _too_much()
    return one


def _too_much() -> OutputStreamLimitError:
    return OutputStreamLimitError("too much", token=None)
