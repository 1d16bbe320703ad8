"""How an export says no."""


class CannotExport(ValueError):
    """No file was made; the text says why, and what to do."""


class Overtaken(Exception):
    """Another worker writes this export by now: whoever notices leaves it alone."""
