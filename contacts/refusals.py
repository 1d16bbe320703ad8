"""How our commands say no."""

from django.core.management.base import CommandError


class Refused(CommandError):
    """Nothing was done; Django prints `Refused: <sentence>` on standard error and exits with 2."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, returncode=2)
