"""The fast way for a message that only fills values in, with or without a fallback. Pure.

It writes what Liquid would write, or nothing where it is not sure; then Liquid is asked. A test compares the two.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from liquid import BoundTemplate
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.output import OutputNode

from campaigns.composing.language import LONGEST

# Names that Liquid knows by itself.
BUILT_IN = frozenset(("now", "today"))
# Liquid counts the bytes of its output; a character has at most four.
SURELY_SHORT = LONGEST // 4


@dataclass(frozen=True, slots=True)
class Tag:
    """`{{ name }}`, or with a fallback `{{ name | default: "there" }}`."""

    name: str
    fallback: str | None


def plain_tags(template: BoundTemplate) -> Iterator[Tag]:
    """The simple merge tags of any template, outside its conditions."""
    for node in template.nodes:
        tag = _tag(node)
        if tag is not None:
            yield tag


def plain(template: BoundTemplate) -> Callable[[Mapping[str, object]], str | None] | None:
    """What fills in the values; nothing for a template that does more."""
    pieces: list[str | Tag] = []
    for node in template.nodes:
        piece = node.text if isinstance(node, ContentNode) else _tag(node)
        if piece is None:
            return None
        pieces.append(piece)

    def fill(values: Mapping[str, object]) -> str | None:
        """The text, or nothing where a value needs Liquid."""
        written = []
        for piece in pieces:
            if type(piece) is str:
                written.append(piece)
                continue
            value = values.get(piece.name)  # type: ignore[union-attr]  # a tag
            if value is None and piece.fallback is not None:  # type: ignore[union-attr]
                written.append(piece.fallback)  # type: ignore[union-attr]
            elif type(value) is str and value:
                written.append(value)
            else:
                return None
        text = "".join(written)
        return text if len(text) <= SURELY_SHORT else None

    return fill


def _tag(node: Node) -> Tag | None:
    expression = node.expression if isinstance(node, OutputNode) else None
    if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
        return None
    match expression.left.path:
        case [str(name)] if name not in BUILT_IN:
            pass
        case _:
            return None
    match expression.filters:
        case None | []:
            return Tag(name, None)
        case [only] if only.name == "default":
            match list(only.args):
                case [argument] if isinstance(argument.value, StringLiteral) and not hasattr(argument, "name"):
                    return Tag(name, argument.value.value)
    return None
