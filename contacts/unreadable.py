"""Why a file is not read."""


class UnreadableFile(ValueError):
    """Nothing was taken from the file; the text says why and what to do, in words."""
