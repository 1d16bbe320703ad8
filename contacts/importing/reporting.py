"""How a step tells whoever waits at a terminal how far it is. Pages read `ContactImport.done_rows` instead."""

from collections.abc import Callable

Report = Callable[[int], object]


def ignore(rows: int) -> None:
    """For work that nobody watches."""
