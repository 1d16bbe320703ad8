"""A message or a value with merge tags: read once, checked, written for one person after the other. Pure."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from liquid import BoundTemplate
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError

from campaigns.composing.brackets import unclosed
from campaigns.composing.language import check_expressions, environment
from campaigns.composing.plain import Tag, plain, plain_tags

PERSON_FIELDS = ("first_name", "last_name", "full_name", "email", "company", "phone", "business_name")
# Characters of a message with its tags. What is written for a person has a limit of its own.
LONGEST_SOURCE = 5_000
# What a text or a list has in Liquid besides its characters.
PROPERTIES = frozenset(("size", "first", "last"))
TOO_DEEP = "The merge tags are nested too deeply. Simplify them."
# Letters that show nothing: fillers of Hangul, the blank of Braille.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_UNKNOWN_TAG = re.compile(r"unexpected tag '(.*)'")
_INVISIBLE = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))


class TemplateProblem(ValueError):
    """A template that cannot be used; the text is a sentence for the person who wrote it."""


class HeldBack(ValueError):
    """This person cannot get the text, because a value they lack would leave a gap."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A checked template: the names that it asks for, those of them with parts, and its simple tags."""

    template: BoundTemplate
    names: frozenset[str]
    parts: frozenset[tuple[str, str]]
    tags: tuple[Tag, ...]
    fill: Callable[[Mapping[str, object]], str | None] | None

    @property
    def only(self) -> str | None:
        """The field that is all there is of the template."""
        return self.tags[0].name if len(self.tags) == len(self.template.nodes) == 1 else None

    def render(self, values: Mapping[str, object]) -> str:
        """The text for one person; `values` without the blank ones.

        Raises HeldBack where a blank value has no fallback, TemplateProblem where a limit is passed.
        """
        if self.fill is not None and (text := self.fill(values)) is not None:
            return text
        try:
            return self.template.render(values)
        except UndefinedError as problem:
            name = problem.token.value if problem.token is not None else "a value"
            raise HeldBack(f"“{name}” is blank for this person and the message has no fallback for it.") from problem
        except LiquidError as problem:
            raise TemplateProblem(_in_words(problem)) from problem
        except RecursionError as problem:  # brackets in brackets
            raise TemplateProblem(TOO_DEEP) from problem


@lru_cache(maxsize=256)
def compile_text(source: str) -> Compiled:
    """Parse a message or a metadata value. Raises TemplateProblem with the reason in words."""
    if len(source) > LONGEST_SOURCE:
        raise TemplateProblem(f"{len(source):,} characters; at most {LONGEST_SOURCE:,} can be read.")
    if problem := unclosed(source):
        raise TemplateProblem(problem)
    try:
        template = environment().from_string(source)
        check_expressions(template)
        analysis = template.analyze()
    except LiquidError as wrong:
        raise TemplateProblem(_in_words(wrong)) from wrong
    except RecursionError as wrong:
        raise TemplateProblem(TOO_DEEP) from wrong
    for unknown in sorted(set(analysis.filters) - set(environment().filters)):  # Liquid itself notices only later
        raise TemplateProblem(
            f"The merge tags cannot be read: there is no filter “{unknown}”.{_nearest_filter(unknown)}"
        )
    paths = [(name, variable) for name, variables in analysis.globals.items() for variable in variables]
    if any(isinstance(segment, list) for _, variable in paths for segment in variable.segments):
        raise TemplateProblem("The merge tags cannot be read: there are no fields of fields. Write each by its name.")
    parts = {
        (name, str(variable.segments[1]))
        for name, variable in paths
        if len(variable.segments) > 1 and str(variable.segments[1]) not in PROPERTIES
    }
    return Compiled(
        template, frozenset(analysis.globals), frozenset(parts), tuple(plain_tags(template)), plain(template)
    )


def check_names(compiled: Compiled, known: Collection[str]) -> None:
    """Refuse a tag that names no field, with the nearest that exists. Raises TemplateProblem."""
    for name in sorted(compiled.names - set(known)):
        near = difflib.get_close_matches(name.lower(), list(known), n=1)
        hint = f" Did you mean “{near[0]}”?" if near else f" There are: {', '.join(sorted(known))}."
        raise TemplateProblem(f"There is no field “{name}”.{hint}")
    for name, part in sorted(compiled.parts):
        raise TemplateProblem(f"“{name}” has no part “{part}”. Write {{{{ {name} }}}}.")


def is_blank(value: object) -> bool:
    """Would nothing be seen of it?"""
    text = "" if value is None else str(value).strip()
    if not text or text.isascii():
        return not text
    return all(c in _FILLERS or unicodedata.category(c) in _INVISIBLE for c in text)


def _nearest_filter(name: str) -> str:
    near = difflib.get_close_matches(name, environment().filters, n=1)
    return f" Did you mean “{near[0]}”?" if near else ""


def _in_words(problem: LiquidError) -> str:
    if isinstance(problem, ResourceLimitError):
        return "The message grows without bound, or its conditions are nested too deeply. Simplify it."
    lines = str(problem).splitlines()
    unknown = _UNKNOWN_TAG.match(lines[0]) if lines else None
    if unknown:
        return f"The merge tags cannot be read: there is no “{unknown[1]}” in a message."
    return f"The merge tags cannot be read: {lines[0] if lines else 'unknown reason'}."
