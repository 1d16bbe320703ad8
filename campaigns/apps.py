"""The campaigns application."""

from typing import Any

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        from campaigns.audience import drafts_that_name, drafts_that_need
        from campaigns.sending.ending import suppress_unsent
        from contacts.deleting import lists_to_be_deleted, people_to_be_deleted
        from contacts.suppressing import numbers_suppressed

        def end_what_is_owed(phones: list[str], **kwargs: Any) -> None:
            suppress_unsent(phones)

        # Contacts know nothing of sends, so the opt-out tells us, inside its own transaction.
        numbers_suppressed.connect(end_what_is_owed, weak=False, dispatch_uid="campaigns.suppress_unsent")

        def drafts(lists: Any, **kwargs: Any) -> list[str]:
            return [f"Draft “{draft}”: choose other lists there first." for draft in drafts_that_need(lists)]

        def naming_drafts(people: Any, **kwargs: Any) -> list[str]:
            return [f"Draft “{draft}”: take {person} out of it first." for draft, person in drafts_that_name(people)]

        lists_to_be_deleted.connect(drafts, weak=False, dispatch_uid="campaigns.drafts_that_need")
        people_to_be_deleted.connect(naming_drafts, weak=False, dispatch_uid="campaigns.drafts_that_name")
