"""Questions about what came back, as sentences."""

import json
import re
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Now, Reverse

from campaigns.models import Mode
from contacts.models import Suppression

if TYPE_CHECKING:
    from conversations.models import Conversation, WebhookEvent
else:
    Conversation = WebhookEvent = Any


# A search for fewer digits is one for a text.
FEWEST_DIGITS = 4
# So many events are read for a search in what they say.
NEWEST = 20_000
INTEGER = IntegerField()
_STANDING = Suppression.objects.standing().filter(phone=OuterRef("contact__phone"))
_AWAKE = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=Now())


class WebhookEventQuerySet(QuerySet["WebhookEvent"]):
    def due(self, mode: Mode) -> Self:
        """Those to be applied now, oldest first."""
        return self.filter(mode=mode, due_at__lte=Now()).order_by("due_at", "id")

    def matching(self, term: str) -> Self:
        """Those of a number or its last digits, of a thread, whose id begins so, or newly come with this text."""
        term = term.strip()
        digits = "".join(character for character in term if character.isdigit())
        if len(digits) >= FEWEST_DIGITS and re.fullmatch(r"[\d\s()+.-]+", term):
            backwards = self.alias(backwards=Reverse("phone"))
            return backwards.filter(~Q(phone=""), backwards__startswith=digits[::-1])
        return self.filter(Q(thread_id=term) | Q(event_id__startswith=term) | self._says(term))

    def _says(self, term: str) -> Q:
        """Only of the newest, because no index holds what they say."""
        newest = (self.model.objects.order_by("-id").values_list("id", flat=True).first() or 0) - NEWEST
        if term.isascii():
            words = Func(F("body"), Value("escape"), function="encode", output_field=TextField())
            found = self.model.objects.alias(words=words).filter(pk__gt=newest, words__icontains=term)
        else:  # JSON may hold other letters as they are or as escapes
            spelled = (term.encode(), json.dumps(term)[1:-1].encode())
            places = [
                Func(
                    Value(one), F("body"), template="position(%(expressions)s)", arg_joiner=" IN ", output_field=INTEGER
                )
                for one in spelled
            ]
            found = self.model.objects.alias(plain=places[0], escaped=places[1]).filter(
                Q(plain__gt=0) | Q(escaped__gt=0), pk__gt=newest
            )
        return Q(pk__in=found.order_by().values("pk"))


class ConversationQuerySet(QuerySet["Conversation"]):
    def in_mode(self, mode: Mode) -> Self:
        """Those of one world (promise 7)."""
        return self.filter(mode=mode)

    def need_a_human(self) -> Self:
        """Those that wait for a person now: an agent asked for one, or a text wants judgement."""
        return self.filter(_AWAKE, needs_human_since__isnull=False)

    def not_read(self) -> Self:
        """Those with a text that nobody has dealt with."""
        return self.filter(_AWAKE, unread=True)

    def of(self, user: Any) -> Self:
        """Those that this person has."""
        return self.filter(holder=user)

    def asleep(self) -> Self:
        """Those that staff want to see later."""
        return self.filter(snoozed_until__gt=Now())

    def opted_out(self) -> Self:
        """Those whose contact wants no texts; not those about whom somebody has yet to decide."""
        standing = Suppression.objects.standing().filter(under_review=False).values("phone")
        return self.filter(contact__phone__in=standing)

    def open(self) -> Self:
        """Those with anything left to do for a person; `Conversation.is_open` in the database."""
        return self.filter(Q(needs_human_since__isnull=False) | Q(unread=True) | Q(holder__isnull=False))

    def longest_waiting_first(self) -> Self:
        """Whom the agent handed over, then who else needs a human."""
        return self.order_by(F("handed_over_at").asc(nulls_last=True), "needs_human_since", "id")

    def newest_first(self) -> Self:
        """By the newest text."""
        return self.order_by(F("last_message_at").desc(nulls_last=True), "-id")

    def with_stop(self) -> Self:
        """Each with `is_suppressed`: no text may go to the number."""
        return self.annotate(is_suppressed=Exists(_STANDING))

    def with_facts(self) -> Self:
        """Each `with_stop`, the newest text of either side, and `is_opted_out`: stopped, and nobody has to decide."""
        from conversations.models import Message, Reply

        said = Message.objects.filter(conversation=OuterRef("pk")).order_by("-at", "-id")
        replied = Reply.objects.filter(conversation=OuterRef("pk")).order_by("-at", "-id")
        return self.with_stop().annotate(
            is_opted_out=Exists(_STANDING.filter(under_review=False)),
            last_text=Subquery(said.values("body")[:1]),
            last_author=Subquery(said.values("author")[:1]),
            last_said_at=Subquery(said.values("at")[:1]),
            last_reply=Subquery(replied.values("send__text")[:1]),
            last_reply_at=Subquery(replied.values("at")[:1]),
        )
