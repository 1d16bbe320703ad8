"""What a first start needs and a later one leaves alone."""

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from campaigns.models import Account, Agent

# Roles that a small business knows. Staff with none of them see nothing.
ROLES: dict[str, tuple[str, ...]] = {
    "Viewers": ("view_",),
    "Editors": (
        "view_",
        "add_contact",
        "change_contact",
        "undo_contactimport",
        "add_campaign",
        "change_campaign",
        "add_trigger",
        "change_trigger",
        "add_triggerkey",
        "change_triggerkey",
        "delete_triggerkey",
        "add_savedmessage",
        "change_savedmessage",
        "test_campaign",
    ),
    "Launchers": (
        "view_",
        "add_",
        "change_",
        "approve_",
        "launch_",
        "pause_",
        "cancel_",
        "lift_hours_",
        "undo_",
        "resolve_",
        "review_",
        "resend_",
        "test_",
        "delete_triggerkey",
        "reply_",
        "takeover_",
        "assign_",
    ),
    "Front desk": (
        "view_",
        "change_conversation",
        "reply_conversation",
        "takeover_conversation",
        "assign_conversation",
        "add_savedreply",
        "change_savedreply",
    ),
}
OURS = ("contacts", "campaigns", "conversations")


def prepare() -> None:
    """The account, the default agent of the environment, and the roles."""
    with transaction.atomic():
        account = Account.objects.order_by("pk").first() or Account.objects.create(name="Our business")
        if settings.REVMO_AGENT_ID and not Agent.objects.filter(agent_id=settings.REVMO_AGENT_ID).exists():
            first = not Agent.objects.filter(is_default=True).exists()
            agent = Agent(account=account, name="Our agent", agent_id=settings.REVMO_AGENT_ID, is_default=first)
            agent.full_clean()
            agent.save()
        for name, prefixes in ROLES.items():
            group, created = Group.objects.get_or_create(name=name)
            if created:
                group.permissions.set(_permissions(prefixes))


def _permissions(prefixes: tuple[str, ...]) -> list[Permission]:
    ours = Permission.objects.filter(content_type__app_label__in=OURS)
    return [permission for permission in ours if permission.codename.startswith(prefixes)]
