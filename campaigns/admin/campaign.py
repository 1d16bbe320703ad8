"""A campaign from draft to done: the list, the draft, the rehearsal, and the page while it runs."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns import pages, rehearsal
from campaigns.admin.audiences import AudiencePages
from campaigns.admin.drafts import REVISIONS_SHOWN
from campaigns.admin.launches import LaunchPages
from campaigns.choices import Choice, in_words
from campaigns.models import Campaign
from campaigns.progress import Progress, progress_of
from contacts.keys import key_of

Status = Campaign.Status
LAPSED = "Approval lapsed"


class CampaignChangeList(ChangeList):
    """The list with the counts of all its rows, by one look at the sends, and whether their approvals still hold."""

    def get_results(self, request: HttpRequest) -> None:
        """As Django does, then the counts."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        counted = progress_of([row.pk for row in rows])
        lapsed = rehearsal.lapsed_approvals([row for row in rows if row.status == Status.APPROVED])
        for row in rows:
            row.counted = counted[row.pk]
            row.has_lapsed = row.pk in lapsed
        self.result_list = rows


@admin.register(Campaign)
class CampaignAdmin(LaunchPages, AudiencePages):
    """Thin: rules are in `launching`, `steering` and `rehearsal`; what pages show is in `pages`."""

    change_list_template = "campaigns/campaign_list.html"
    list_display = ("title", "state", "audience", "sent", "delivered", "replies", "opt_outs", "trouble", "when")
    list_filter = ("status", ("agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("agent__account",)
    list_per_page = 30
    search_fields = ("name",)
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Ours."""
        return CampaignChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        """With lists and segments, for the whole page at once."""
        return Campaign.objects.select_related("agent__account", "trigger", "launched_rehearsal").prefetch_related(
            "lists", "segments"
        )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None on many at once: a campaign is dealt with on its page."""
        return {}

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Drafts alone can go; what was sent stays on record."""
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.editable)

    def get_urls(self) -> list[URLPattern]:
        """Ours, before the admin's."""
        wrap = self.admin_site.admin_view
        ours = {
            "rehearse": self.rehearse,
            "rehearsal": self.rehearsal_page,
            "stop_rehearsal": self.stop_rehearsal,
            "approve": self.approve,
            "reject": self.reject,
            "launch": self.launch,
            "live": self.live,
            "pause": self.pause,
            "resume": self.resume,
            "cancel": self.cancel,
            "copy": self.copy,
        }
        urls = [path(f"<int:pk>/{name}/", wrap(view), name=f"campaigns_campaign_{name}") for name, view in ours.items()]
        return [*urls, *self.audience_urls(), *self.composer_urls(), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """An empty draft."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._draft(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The draft, or once launched the campaign's page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST" and self.has_change_permission(request):
            # Whatever has become of it meanwhile, what was typed is answered to.
            saved = Campaign.objects.filter(pk=key_of(object_id)).first()
            return self._draft(request, saved) if saved else self._gone(request)
        campaign = self.found(request, object_id)
        if campaign.editable and self.has_change_permission(request):
            return self._draft(request, campaign)
        return self.page(
            request,
            "campaigns/campaign.html",
            revisions=campaign.revisions.select_related("changed_by")[:REVISIONS_SHOWN],
            title=campaign.name,
            original=campaign,
            audience=in_words(Choice.of(campaign)),
            **pages.live(campaign),
        )

    @display(description="campaign", ordering="name")
    def title(self, campaign: Campaign) -> str:
        """Its name."""
        return campaign.name

    @display(
        description="state",
        ordering="status",
        label={
            Status.RUNNING.label: "info",
            Status.SCHEDULED.label: "info",
            Status.PAUSED.label: "warning",
            Status.FINISHED.label: "success",
            pages.WITH_PROBLEMS: "warning",
            Status.CANCELED.label: "danger",
            LAPSED: "warning",
        },
    )
    def state(self, campaign: Any) -> str:
        """Its status in words."""
        return LAPSED if campaign.has_lapsed else pages.state(campaign, campaign.counted)[0]

    @display(description="to")
    def audience(self, campaign: Campaign) -> str:
        """Its lists and segments."""
        return ", ".join(str(one) for one in (*campaign.lists.all(), *campaign.segments.all())) or "single people"

    @display(description="sent")
    def sent(self, campaign: Any) -> SafeString | str:
        """Sent of all, as a bar."""
        counted: Progress = campaign.counted
        if not counted.total:
            return "–"
        sent = counted.sends["accepted"]
        return format_html(
            '<div class="mini"><i class="part-good" style="width:{2}%"></i></div><span>{0} of {1}</span>',
            _opening(sent, pages.history_url(campaign, state__exact="accepted")),
            _opening(counted.total, pages.history_url(campaign)),
            round(100 * sent / counted.total),
        )

    @display(description="delivered")
    def delivered(self, campaign: Any) -> SafeString | str:
        """How many phones have it."""
        return _figure(campaign, campaign.counted.delivery["delivered"], delivery__exact="delivered")

    @display(description="replies")
    def replies(self, campaign: Any) -> SafeString | str:
        """How many answered."""
        return _figure(campaign, campaign.counted.replied, replied_at__isempty="0")

    @display(description="opt-outs")
    def opt_outs(self, campaign: Any) -> SafeString | str:
        """How many answered with an opt-out."""
        return _figure(campaign, campaign.counted.opted_out, opted_out="1")

    @display(description="problems")
    def trouble(self, campaign: Any) -> SafeString | str:
        """Failed, unknown, not delivered; its page tells them apart."""
        if not campaign.counted.problems:
            return "–"
        return _opening(campaign.counted.problems, reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    @display(description="when", ordering="launched_at")
    def when(self, campaign: Campaign) -> Any:
        """When it began, or is to begin."""
        if campaign.launched_at and campaign.begins_at:
            return max(campaign.launched_at, campaign.begins_at)
        return campaign.launched_at or campaign.scheduled_at


def _figure(campaign: Any, count: int, **filters: str) -> SafeString | str:
    """A count that opens its people; nothing for what has not begun."""
    return _opening(count, pages.history_url(campaign, **filters)) if campaign.counted.total else "–"


def _opening(count: int, url: str) -> SafeString:
    return format_html('<a class="count-link" href="{}">{}</a>', url, f"{count:,}")
