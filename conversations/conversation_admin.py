"""The inbox as staff use it. Thin: rules are in `answering` and `keeping`; what pages show is in `pages`."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from campaigns.models import Mode
from contacts.admin.base import PageAdmin, lever
from contacts.keys import key_of
from contacts.models import Contact
from conversations import answering, freshness, inbox, keeping, pages, saved_replies
from conversations.bubbles import bubbles
from conversations.desk_forms import LetterForm, SnoozeForm
from conversations.models import Conversation, SavedReply, name_of
from conversations.querysets import ConversationQuerySet
from conversations.timeline import Place, newest

View = Callable[..., HttpResponse]


def polled(view: View) -> View:
    """For what an open page asks by itself: whoever is signed out gets the page anew, not a sign-in form inside it."""

    @wraps(view)
    def guarded(self: "ConversationAdmin", request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.admin_site.has_permission(request) or not self.has_view_permission(request):
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        return view(self, request, *args, **kwargs)

    return method_decorator(never_cache)(guarded)


@admin.register(Conversation)
class ConversationAdmin(PageAdmin):
    """A list on the left, a conversation on the right; on a phone one after the other."""

    def get_queryset(self, request: HttpRequest) -> ConversationQuerySet:
        """Those of this mode, with what a page shows."""
        conversations = Conversation.objects.in_mode(Mode.current())
        related = conversations.select_related("contact", "agent__account", "holder")
        return related.with_stop()

    def found(self, request: HttpRequest, pk: int | str) -> Any:
        """The conversation with its version, read first: what comes in between is shown again rather than missed."""
        version = freshness.version(key_of(str(pk)), _user(request).pk)
        conversation = super().found(request, pk)
        conversation.version = version
        return conversation

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Conversations begin by themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was said stays."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Ours, before the admin's."""
        wrap = self.admin_site.admin_view
        of_one: dict[str, View] = {
            "news": self.news,
            "earlier": self.earlier,
            "writing": self.writing,
            "reply": self._keeping_the_text(wrap(self.reply)),
            "saved": self._keeping_the_text(wrap(self.saved)),
            "tools": wrap(self.tools),
            "takeover": wrap(self.takeover),
            "assign": wrap(self.assign),
            "note": wrap(self.note),
            "snooze": wrap(self.snooze),
        }
        of_all: dict[str, View] = {
            "rows": self.rows,
            "tabs": self.tabs,
            "done": wrap(self.done),
            "begin": wrap(self.begin),
        }
        name = "conversations_conversation_"
        urls = [path(f"<int:pk>/{verb}/", view, name=f"{name}{verb}") for verb, view in of_one.items()]
        urls += [path(f"{verb}/", view, name=f"{name}{verb}") for verb, view in of_all.items()]
        return [*urls, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with nothing open."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Who searches waits for the rows; the counts of what is large follow by themselves.
        counted = inbox.counts(request.user, inbox.QUICK if request.GET.get("q") else tuple(inbox.LABELS))
        view = inbox.View.of(request.GET, default=inbox.HUMAN if counted[inbox.HUMAN] else inbox.ALL)
        context = pages.list_context(view, request.user, counted)
        return self.page(request, "conversations/inbox.html", title="Conversations", pane=None, **context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One conversation; beside the list, or alone for a page that has the list already."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            conversation = self.found(request, object_id)
        except Http404:
            messages.warning(request, "That conversation does not exist here.")
            return self.to("changelist")
        return self._page(request, conversation)

    def _page(self, request: HttpRequest, conversation: Conversation, **composer: Any) -> HttpResponse:
        view = inbox.View.of(request.GET)
        pane = pages.pane(conversation, view, request.user, **composer)
        if request.headers.get("HX-Target") == "pane":
            return TemplateResponse(request, "conversations/pane.html", pane)
        context = pages.list_context(view, request.user, inbox.counts(request.user, inbox.QUICK), conversation.pk)
        title = str(conversation.contact)
        return self.page(request, "conversations/inbox.html", title=title, original=conversation, **context | pane)

    @polled
    def rows(self, request: HttpRequest) -> HttpResponse:
        """What changed in the list since `digest`, rows or counts; 204 if nothing did."""
        view = inbox.View.of(request.GET)
        seen = request.GET.get("digest", "")
        context = pages.polled_list_context(view, request.user, seen)
        if seen == context["digest"]:
            return HttpResponse(status=204)
        return TemplateResponse(request, "conversations/list_news.html", context)

    @polled
    def tabs(self, request: HttpRequest) -> HttpResponse:
        """The tabs with every count."""
        view = inbox.View.of(request.GET)
        context = {"tabs": inbox.tabs(view, inbox.counts(request.user)), "view": view}
        return TemplateResponse(request, "conversations/tabs.html", context)

    @polled
    def news(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is new since `version`, for htmx; 204 if nothing is."""
        version = freshness.version(pk, _user(request).pk)
        if version and version == request.GET.get("version"):
            return HttpResponse(status=204)
        conversation = super().found(request, pk)
        conversation.version = version
        return TemplateResponse(request, "conversations/news.html", self._news(request, conversation))

    def _news(self, request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
        view = inbox.View.of(request.GET)
        since = Place.parse(request.GET.get("since", ""))
        return pages.pane(conversation, view, request.user, since=since)

    @polled
    def earlier(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The texts before those that the page shows."""
        place = Place.parse(request.GET.get("before", ""))
        if place is None:
            raise Http404
        conversation = self.found(request, pk)
        timeline = newest(conversation, before=place)
        context = {"conversation": conversation, "timeline": timeline, "bubbles": bubbles(timeline.lines)}
        return TemplateResponse(request, "conversations/earlier.html", context)

    @polled
    @lever("conversations.reply_conversation")
    def writing(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        """A colleague sees for a few seconds that somebody is writing."""
        keeping.writes(conversation, _user(request))
        return HttpResponse(status=204)

    @lever("conversations.reply_conversation")
    def reply(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        """Send what was written, or ask first."""
        form = LetterForm(request.POST)
        if not form.is_valid():
            problem = "The form was incomplete. Nothing was sent; try again."
            return self._answered(request, conversation, text=request.POST.get("text", ""), problem=problem)
        letter = form.letter()
        if letter.hands_back and not request.user.has_perm("conversations.takeover_conversation"):
            raise PermissionDenied
        if request.POST.get("verb") == "keep":
            return self._answered(request, conversation, text=letter.text)
        kept = {"text": letter.text, "form_token": letter.form_token, "seen": letter.seen}
        try:
            answering.answer(conversation, letter, by=_user(request))
        except answering.CannotAnswer as problem:
            return self._answered(request, conversation, **kept, problem=str(problem))
        except answering.Doubts as doubts:
            return self._answered(request, conversation, **kept, doubts=doubts, hands_back=letter.hands_back)
        if request.headers.get("HX-Request"):
            return self._answered(request, conversation, sent=True)
        return self._back(request, conversation)

    def _answered(self, request: HttpRequest, conversation: Conversation, **composer: Any) -> HttpResponse:
        fresh = self.found(request, conversation.pk)
        if not request.headers.get("HX-Request"):
            return self._page(request, fresh, **composer)
        view = inbox.View.of(request.GET)
        since = Place.parse(request.POST.get("since", ""))
        context = pages.pane(fresh, view, request.user, since=since, **composer)
        return TemplateResponse(request, "conversations/answered.html", context)

    @lever("conversations.reply_conversation")
    def saved(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        """A saved reply, filled in for this person, in the place of the text; nothing is sent."""
        draft, saved = (
            request.POST.get("text", ""),
            SavedReply.objects.filter(pk=key_of(request.POST.get("saved"))).first(),
        )
        kept: dict[str, Any] = {"text": draft}
        form = LetterForm(request.POST)
        if form.is_valid():
            kept |= {"form_token": form.letter().form_token, "seen": form.letter().seen}
        try:
            if saved is None:
                raise saved_replies.CannotFill("This saved reply has been deleted.")
            text = saved_replies.filled(saved, conversation.contact, conversation.agent.account)
            kept["text"] = f"{draft.rstrip()}\n{text}" if draft.strip() else text
        except saved_replies.CannotFill as problem:
            kept["problem"] = str(problem)
        context = pages.pane(conversation, inbox.View.of(request.GET), request.user, **kept)
        return TemplateResponse(request, "conversations/composer.html", context)

    def tools(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is seldom needed, fetched when it is: colleagues to give it to, saved replies."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        conversation = self.found(request, pk)
        part = "assign" if request.GET.get("part") == "assign" else "saved"
        context = {
            "conversation": conversation,
            "view": inbox.View.of(request.GET),
            "colleagues": [(user.pk, name_of(user)) for user in _colleagues()] if part == "assign" else [],
            "saved_replies": SavedReply.objects.all() if part == "saved" else [],
        }
        return TemplateResponse(request, f"conversations/tools_{part}.html", context)

    @lever("conversations.takeover_conversation")
    def takeover(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        """From here on this person answers; nothing is sent."""
        try:
            keeping.take_over(conversation.pk, by=_user(request), instead_of=request.POST.get("instead_of", ""))
        except keeping.CannotKeep as problem:
            messages.warning(request, str(problem))
        else:
            messages.success(request, "You have this conversation now. No text was sent.")
        return self._back(request, conversation)

    @lever("conversations.assign_conversation")
    def assign(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        """Give it to a colleague, or to nobody."""
        wanted = request.POST.get("to", "")
        to = _colleagues().filter(pk=key_of(wanted)).first()
        if wanted and to is None:
            messages.warning(request, "This colleague cannot sign in any more. Nothing was changed.")
        else:
            keeping.assign(conversation.pk, to=to, by=_user(request))
            messages.success(request, f"Given to {name_of(to)}." if to else "Nobody has it now.")
        return self._back(request, conversation)

    @lever("conversations.change_conversation")
    def note(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        """Write something for colleagues."""
        try:
            keeping.note(conversation.pk, request.POST.get("note", ""), by=_user(request))
        except keeping.CannotKeep as problem:
            messages.warning(request, str(problem))
        return self._back(request, conversation)

    @lever("conversations.change_conversation")
    def snooze(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        """Out of the way for a while."""
        form = SnoozeForm(request.POST)
        try:
            if not form.is_valid():
                raise keeping.CannotKeep("Choose a time that lies ahead. Nothing was changed.")
            keeping.snooze(conversation.pk, form.cleaned_data["until"], by=_user(request))
        except keeping.CannotKeep as problem:
            messages.warning(request, str(problem))
            return self._back(request, conversation)
        messages.success(request, "Put off. It comes back by itself, or as soon as they write.")
        return self._next(request)

    def done(self, request: HttpRequest) -> HttpResponse:
        """Close one or several, and go on to the next."""
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if not self.has_change_permission(request):
            raise PermissionDenied
        keys = [key for text in request.POST.getlist("pk") if (key := key_of(text))]
        chosen = Conversation.objects.in_mode(Mode.current()).filter(pk__in=keys)
        count = keeping.done(chosen, by=_user(request))
        what = "1 conversation is" if count == 1 else f"{count:,} conversations are"
        messages.success(request, f"{what} marked as done. No text was sent.")
        return self._next(request)

    def begin(self, request: HttpRequest) -> HttpResponse:
        """Open the conversation with a contact to whom staff want to write; nothing is sent."""
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if not request.user.has_perms(["conversations.view_conversation", "conversations.reply_conversation"]):
            raise PermissionDenied
        contact = get_object_or_404(Contact, pk=key_of(request.POST.get("contact")))
        try:
            conversation = keeping.begin(contact)
        except keeping.CannotKeep as problem:
            messages.warning(request, str(problem))
            return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[contact.pk]))
        return self._back(request, conversation)

    def _keeping_the_text(self, view: View) -> View:
        """Whoever is signed out by now is told so beside their text, which a sign-in form would take the place of."""

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.headers.get("HX-Request") and not self.admin_site.has_permission(request):
                return HttpResponse(status=401)
            return view(request, *args, **kwargs)

        return guarded

    def _back(self, request: HttpRequest, conversation: Conversation) -> HttpResponse:
        return HttpResponseRedirect(inbox.address(inbox.View.of(request.GET), conversation.pk))

    def _next(self, request: HttpRequest) -> HttpResponse:
        """The conversation that stood below in the list, as the page named it; else the list."""
        view = inbox.View.of(request.GET)
        return HttpResponseRedirect(inbox.address(view, key_of(request.POST.get("next")) or None))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  the admin lets nobody else in
    return request.user


def _colleagues() -> QuerySet[User]:
    return User.objects.filter(is_active=True, is_staff=True).order_by("first_name", "username")
