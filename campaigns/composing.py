"""Merge tags: what staff may write, and what becomes of it for one person. Pure.

The language is Liquid. A template sees the person's values and nothing else: no files, no settings, nobody else's
data. Loops, nesting and output are bounded, so that a slip cannot stall a rehearsal.
"""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from liquid import BoundTemplate, Environment, FalsyStrictUndefined
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError

PERSON_FIELDS = ("first_name", "last_name", "full_name", "email", "company", "phone", "business_name")
# Tags that fetch other templates have nothing to fetch here.
FORBIDDEN_TAGS = ("include", "render")


class BlankValue(FalsyStrictUndefined):
    """A value that this person does not have: a condition may ask for it, `default` fills it, printing it raises."""

    force_liquid_default = True


class BoundedEnvironment(Environment):
    """Liquid with limits: characters of output, rounds of a loop, depth of nesting."""

    output_stream_limit = 20_000
    loop_iteration_limit = 1_000
    context_depth_limit = 10
    local_namespace_limit = 10_000


class TemplateProblem(ValueError):
    """A template that cannot be used; the text is a sentence for the person who wrote it."""


class HeldBack(ValueError):
    """This person cannot get the text, because a value they lack would leave a gap."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A checked template and the names that it asks for."""

    template: BoundTemplate
    names: frozenset[str]

    def render(self, values: Mapping[str, object]) -> str:
        """The text for one person; `values` without the blank ones.

        Raises HeldBack where a blank value has no fallback, TemplateProblem where a limit is passed.
        """
        try:
            return self.template.render(values)
        except UndefinedError as problem:
            name = problem.token.value if problem.token is not None else "a value"
            raise HeldBack(f"“{name}” is blank for this person and the message has no fallback for it.") from problem
        except ResourceLimitError as problem:
            raise TemplateProblem("The message grows without bound. Simplify its loops.") from problem
        except LiquidError as problem:
            raise TemplateProblem(_in_words(problem)) from problem


@lru_cache(maxsize=1)
def _environment() -> BoundedEnvironment:
    environment = BoundedEnvironment(undefined=BlankValue)
    for tag in FORBIDDEN_TAGS:
        environment.tags.pop(tag, None)
    return environment


@lru_cache(maxsize=256)
def compile_text(source: str) -> Compiled:
    """Parse a message or a metadata value. Raises TemplateProblem with the reason in words."""
    try:
        template = _environment().from_string(source)
        analysis = template.analyze()
    except LiquidError as problem:
        raise TemplateProblem(_in_words(problem)) from problem
    for unknown in sorted(set(analysis.filters) - set(_environment().filters)):  # Liquid itself notices only later
        raise TemplateProblem(f"The merge tags cannot be read: there is no filter “{unknown}”.")
    return Compiled(template, frozenset(analysis.globals))


def check_names(compiled: Compiled, known: Collection[str]) -> None:
    """Refuse a tag that names no field, with the nearest that exists. Raises TemplateProblem."""
    for name in sorted(compiled.names - set(known)):
        near = difflib.get_close_matches(name, list(known), n=1)
        hint = f" Did you mean “{near[0]}”?" if near else f" There are: {', '.join(sorted(known))}."
        raise TemplateProblem(f"There is no field “{name}”.{hint}")


def _in_words(problem: LiquidError) -> str:
    lines = str(problem).splitlines()
    return f"The merge tags cannot be read: {lines[0] if lines else 'unknown reason'}."
