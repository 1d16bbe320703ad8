"""Registers the project's own commands, checks and dashboard."""

from django.apps import AppConfig


class RevmoCampaignsConfig(AppConfig):
    name = "revmo_campaigns"
    verbose_name = "Revmo Campaigns"

    def ready(self) -> None:
        from revmo_campaigns import checks  # noqa: F401  (registers the system checks)
