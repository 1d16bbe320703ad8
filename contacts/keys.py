"""Keys of rows, as addresses and forms name them."""

# Digits of the largest number that the database takes for a key, less one.
MOST_DIGITS = 18


def key_of(said: str | None) -> int:
    """The key that `said` names; 0, which no row has, for whatever is none."""
    return int(said) if said and said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS else 0
