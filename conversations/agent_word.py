"""What we honestly know of the agent in a conversation.

Nothing that Revmo documents silences an agent without texting the customer, so taking over is a word among colleagues
until an `sms.agent` event says that the agent is off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from campaigns.models import Send
from conversations.models import Conversation, Message, name_of
from conversations.timeline import WATCHED, Timeline


@dataclass(frozen=True, slots=True)
class AgentWord:
    """A sentence for the page. `alarm`: the agent talks although somebody took over. `url`: the thread at Revmo."""

    sentence: str
    is_off: bool
    alarm: str = ""
    url: str = ""


def agent_word(conversation: Conversation, timeline: Timeline) -> AgentWord:
    """What Revmo said last, and whether it still holds; `timeline` are the newest lines."""
    posted = [send for send in timeline.watched if send.posted_at is not None]
    carrying = _newest_with_agent(conversation, posted)
    url = _thread_url(posted[0].thread_id if posted else "")
    is_off = _is_off(conversation, {send.thread_id for send in (*posted[:1], *carrying)}, carrying)
    if conversation.taken_over_at is None:
        return AgentWord(_untaken(conversation, is_off), is_off, url=url)
    spoke = _spoke_since(conversation, conversation.taken_over_at, timeline)
    if is_off and not (spoke and conversation.agent_enabled_at and spoke > conversation.agent_enabled_at):
        confirmed = f"Revmo has confirmed that the agent is off ({_at(conversation.agent_enabled_at)})."
        return AgentWord(confirmed, True, url=url)
    who = name_of(conversation.holder) if conversation.holder_id else "somebody"
    alarm = f"The agent texted at {_at(spoke)}, after {who} took over." if spoke else ""
    return AgentWord("Revmo has not confirmed that the agent is off: it may still answer.", False, alarm, url)


def _is_off(conversation: Conversation, threads: set[str], carrying: Sequence[Send]) -> bool:
    """Revmo said so last, about the thread that counts, and no text of ours has carried the agent since."""
    if conversation.agent_enabled is not False or conversation.agent_enabled_at is None:
        return False
    switched_on = any(send.posted_at and send.posted_at > conversation.agent_enabled_at for send in carrying)
    return not switched_on and (not threads or conversation.agent_thread_id in threads)


def _newest_with_agent(conversation: Conversation, posted: Sequence[Send]) -> list[Send]:
    known = [send for send in posted if not send.no_agent][:1]
    if known or len(posted) < WATCHED:  # there are no others
        return known
    sends = Send.objects.filter(contact=conversation.contact_id, agent=conversation.agent_id, mode=conversation.mode)
    return list(sends.filter(posted_at__isnull=False, no_agent=False).order_by("-posted_at")[:1])


def _untaken(conversation: Conversation, is_off: bool) -> str:
    if is_off:
        return f"Off since {_at(conversation.agent_enabled_at)}, says Revmo: nobody answers but you."
    if conversation.agent_enabled:
        return f"On since {_at(conversation.agent_enabled_at)}, says Revmo."
    return "Revmo has not said. Unless somebody switched it off there, it answers."


def _spoke_since(conversation: Conversation, since: datetime, timeline: Timeline) -> datetime | None:
    """When the agent last texted, if that was after `since`; lines that reach back so far say it by themselves."""
    heard = timeline.spoke_at("agent")
    reaches_back = not timeline.earlier or (timeline.first is not None and timeline.first.at <= since)
    if heard is None and not reaches_back:
        spoken = conversation.messages.filter(author=Message.Author.AGENT, at__gt=since).order_by("-at")
        heard = spoken.values_list("at", flat=True).first()
    return heard if heard is not None and heard > since else None


def _thread_url(thread: str) -> str:
    template: str = settings.REVMO_CONVERSATION_URL
    if "{thread_id}" in template and not thread:
        return ""
    return template.replace("{thread_id}", quote(thread, safe=""))


def _at(at: datetime | None) -> str:
    """The reader's clock; the day as well if it is not today."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return date_format(local, "g:i A" if local.date() == timezone.localdate() else "M j, g:i A")
