"""Staff in tests: colleagues with just the permissions that a test is about, and their browsers."""

from django.contrib.auth.models import Permission, User
from django.test import Client

FRONT_DESK = (
    "view_conversation",
    "change_conversation",
    "reply_conversation",
    "takeover_conversation",
    "assign_conversation",
    "view_contact",
    "view_campaign",
)


def colleague(name: str, *permissions: str) -> User:
    """Somebody on staff with just these permissions."""
    user = User.objects.create_user(name.lower(), email=f"{name.lower()}@example.com", first_name=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def browser_of(user: User) -> Client:
    """Signed in as this person."""
    client = Client()
    client.force_login(user)
    return client


def staff(*permissions: str) -> Client:
    """A browser of somebody with just these permissions."""
    return browser_of(colleague(f"Staff{User.objects.count()}", *permissions))
