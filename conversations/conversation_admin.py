"""The conversations: a list of who said what last, and a page that shows one and keeps itself up to date."""

# unfold ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from campaigns.models import Mode
from conversations.models import Conversation, Message
from conversations.querysets import ConversationQuerySet
from conversations.timeline import PAGE, context, suppression_of, timeline, version

MOST_TEXTS = 10_000


class ShowFilter(admin.SimpleListFilter):
    """The tabs of the inbox."""

    title = "show"
    parameter_name = "show"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices, as staff read them."""
        return [("human", "Needs a human"), ("unread", "Not read yet"), ("opted_out", "Opted out")]

    def queryset(self, request: HttpRequest, queryset: Any) -> ConversationQuerySet:
        """Those that the choice means."""
        conversations: ConversationQuerySet = queryset
        if self.value() == "human":
            return conversations.need_a_human()
        if self.value() == "unread":
            return conversations.filter(unread=True)
        return conversations.opted_out() if self.value() == "opted_out" else conversations


@admin.register(Conversation)
class ConversationAdmin(ModelAdmin):  # type: ignore[misc]
    """Read, and mark as dealt with. Nothing here sends a text."""

    change_list_template = "conversations/conversation_list.html"
    list_display = ["who", "last", "attention", "when", "agent"]
    list_filter = [ShowFilter, ("agent", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["contact", "agent"]
    list_per_page = 50
    search_fields = [
        "contact__first_name__istartswith",
        "contact__last_name__istartswith",
        "contact__phone__contains",
    ]
    search_help_text = "Name, number or its last digits"
    show_full_result_count = False
    actions = ["mark_as_dealt_with"]

    def get_queryset(self, request: HttpRequest) -> ConversationQuerySet:
        """Those of this mode, with what the list shows."""
        conversations = Conversation.objects.in_mode(Mode.current())
        return conversations.with_last_text().with_suppression().order_by("-last_message_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Conversations begin by themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was said stays."""
        return False

    @display(description="Who", header=True)
    def who(self, conversation: Any) -> list[str]:
        """Name over number."""
        contact = conversation.contact
        return [contact.full_name or contact.phone, contact.phone if contact.full_name else ""]

    @display(description="Last text")
    def last(self, conversation: Any) -> str:
        """The newest text, and who wrote it unless it is the person."""
        text = Truncator(conversation.last_text or "").chars(80)
        if not text or conversation.last_author == Message.Author.CONTACT:
            return text or "No text yet"
        return f"{Message.Author(conversation.last_author).label}: {text}"

    @display(
        description="Attention",
        label={"Needs a human": "danger", "New": "info", "Opted out": "warning"},
    )
    def attention(self, conversation: Any) -> str | None:
        """The one badge that matters most."""
        if conversation.needs_human_since:
            return "Needs a human"
        if conversation.is_opted_out:
            return "Opted out"
        return "New" if conversation.unread else None

    @display(description="Time", ordering="last_message_at")
    def when(self, conversation: Any) -> str:
        """When the newest text came or went, on the reader's clock."""
        at = conversation.last_message_at
        return date_format(timezone.localtime(at), "M j, Y, g:i A") if at else ""

    @action(description="Mark as dealt with", permissions=["change"])
    def mark_as_dealt_with(self, request: HttpRequest, queryset: ConversationQuerySet) -> None:
        """Take the chosen ones off the list of those that need somebody."""
        count = _dealt_with(queryset)
        what = "1 conversation is" if count == 1 else f"{count} conversations are"
        messages.success(request, f"{what} marked as dealt with. No text was sent.")

    def get_urls(self) -> list[URLPattern]:
        """Beside the admin's own: what is new on the page, and the button."""
        wrap = self.admin_site.admin_view
        own = [
            path("<int:pk>/news/", self.news_view, name="conversations_conversation_news"),
            path(
                "<int:pk>/done/",
                wrap(require_POST(self.done_view)),
                name="conversations_conversation_done",
            ),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One conversation, to be read."""
        conversation = self.get_object(request, object_id)
        if not self.has_view_permission(request, conversation):
            raise PermissionDenied
        if conversation is None:
            redirect: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return redirect
        page = self.admin_site.each_context(request) | self._page(request, conversation)
        return TemplateResponse(request, "conversations/conversation.html", page)

    def news_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is new since `version`, for htmx; 204 if nothing is. Signed out: the page loads anew."""
        if not self.admin_site.has_permission(request) or not self.has_view_permission(request):
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        conversation = self._get(request, pk)
        if request.GET.get("version") == version(conversation):
            return HttpResponse(status=204)
        return TemplateResponse(request, "conversations/news.html", self._page(request, conversation))

    def done_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mark one as dealt with."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        _dealt_with(Conversation.objects.filter(pk=self._get(request, pk).pk))
        messages.success(request, "Marked as dealt with. No text was sent.")
        return HttpResponseRedirect(reverse("admin:conversations_conversation_changelist"))

    def _get(self, request: HttpRequest, pk: int) -> Conversation:
        conversation = self.get_queryset(request).select_related("contact", "agent").filter(pk=pk).first()
        if conversation is None:
            raise Http404
        return conversation

    def _page(self, request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
        asked = request.GET.get("texts", "")
        limit = min(int(asked), MOST_TEXTS) if asked.isascii() and asked.isdigit() and int(asked) else PAGE
        return {
            # Read first: what comes in between is shown again rather than missed.
            "version": version(conversation),
            "opts": self.opts,
            "title": str(conversation.contact),
            "object": conversation,
            "original": conversation,
            "conversation": conversation,
            "contact": conversation.contact,
            "timeline": timeline(conversation, limit),
            "context": context(conversation),
            "suppression": suppression_of(conversation.contact),
            "texts": limit,
            "more_texts": limit + PAGE,
            "may_change": self.has_change_permission(request),
        }


def _dealt_with(conversations: ConversationQuerySet) -> int:
    plain = Conversation.objects.filter(pk__in=conversations.values("pk")).to_look_at()
    return plain.update(unread=False, needs_human_since=None, handoff_reason="")
