"""An e-mail to staff on duty when an agent asks for a human: after the commit, at most once, never in the way.

The hand-over stands in the inbox whatever becomes of its mail.
"""

import logging
from email.utils import formataddr

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from procrastinate.contrib.django import app

from conversations.models import Entry, HandOverMail, name_of

logger = logging.getLogger(__name__)

TASK = "conversations.mail_hand_over"


def mail_after_commit(entry: Entry) -> None:
    """Have a worker mail it. The job stands in the caller's transaction: it exists if the hand-over does."""
    app.configure_task(TASK).defer(entry=entry.pk)


def on_duty() -> QuerySet[User]:
    """Who gets mail: active staff who switched it on and have an address."""
    return User.objects.filter(is_active=True, is_staff=True, staff_settings__on_duty=True).exclude(email="")


def mail(entry_pk: int) -> None:
    """Tell staff on duty; a second call for the same hand-over does nothing."""
    entry = Entry.objects.select_related("conversation__contact").get(pk=entry_pk)
    people = [user for user in on_duty() if user.has_perm("conversations.view_conversation")]
    if not people:
        return
    try:
        with transaction.atomic():
            record = HandOverMail.objects.create(entry=entry, recipients=len(people))
    except IntegrityError:  # somebody was first
        return
    for user in people:
        try:
            _letter(entry, user).send()
        except Exception as problem:  # whatever a mail server can come up with
            logger.exception("the e-mail about hand-over %s could not be sent", entry.pk)
            record.problem = f"{type(problem).__name__}: {problem}"[:500]
            record.save(update_fields=["problem"])


def _letter(entry: Entry, user: User) -> EmailMessage:
    contact = entry.conversation.contact
    page = reverse("admin:conversations_conversation_change", args=[entry.conversation_id])
    text = render_to_string(
        "conversations/hand_over.txt",
        {"entry": entry, "contact": contact, "address": f"{settings.PUBLIC_ORIGIN}{page}", "name": name_of(user)},
    )
    # Names come from spreadsheets; a header holds no line break.
    subject = " ".join(f"{contact} needs a human".split())
    return EmailMessage(subject, text, to=[formataddr((name_of(user), user.email))])
