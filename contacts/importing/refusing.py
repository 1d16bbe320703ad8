"""How an import says no."""


class CannotImport(ValueError):
    """Nothing was changed; the text says why, and what to do."""


class Overtaken(Exception):
    """Another worker has got on with this import, or somebody stopped it: whoever notices leaves it alone."""
