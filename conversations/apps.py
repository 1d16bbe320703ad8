"""The conversations application."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Add our part to the pages of contacts."""
        from conversations import person_panels

        person_panels.register()
