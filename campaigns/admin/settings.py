"""Accounts and agents."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from campaigns import steering
from campaigns.hours_wording import law_lines
from campaigns.models import Account, Agent, Mode, SendWindow
from campaigns.sending import pacing
from contacts.admin.base import PageAdmin, lever


class SendWindowInline(TabularInline):
    """The hours of each day; a day that is not there is closed."""

    model = SendWindow
    verbose_name_plural = "Send windows: when you text, counted where the person is. A day without one is closed"
    fields = ("weekday", "opens", "closes")
    max_num = 7
    extra = 0
    hide_title = True


@admin.register(Account)
class AccountAdmin(PageAdmin):
    """How and when the business texts."""

    list_display = ("name", "state", "messages_per_second", "daily_allowance", "time_zone")
    change_form_template = "campaigns/account.html"
    readonly_fields = ("state", "pace_now")
    inlines = (SendWindowInline,)
    fieldsets = (
        (None, {"fields": ("state", "name", ("time_zone", "region"))}),
        ("Pace", {"fields": (("messages_per_second", "in_flight_limit", "daily_allowance"), "pace_now")}),
        (
            "Launches",
            {
                "fields": (("segment_price", "currency"), ("approval_above", "count_typed_above")),
                "description": "What a rehearsal shows and asks before texts go out.",
            },
        ),
        (
            "Brakes",
            {
                "fields": (
                    ("brake_unknowns", "brake_failures"),
                    ("brake_opt_outs", "brake_complaints"),
                    "complaint_words",
                ),
                "description": "When a campaign goes wrong it stops by itself and says why; a person lets it go on. "
                "0 lifts a brake.",
            },
        ),
        (
            "STOP, START and HELP",
            {
                "fields": ("opt_out_words", "not_opt_out_words", "start_lifts", "help_answer", "opt_out_confirmation"),
                "description": "STOP works at once, on every campaign. What may have meant stop is put before a "
                "person, and no text goes to that number meanwhile.",
            },
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Agents and texts point to it."""
        return False

    def get_inlines(self, request: HttpRequest, obj: Account | None) -> tuple[type[TabularInline], ...]:
        """Windows stand from the account's first day on, so there is nothing to add before."""
        return self.inlines if obj is not None else ()

    def get_urls(self) -> list[URLPattern]:
        """With the lever that releases the brake, and the law."""
        wrap = self.admin_site.admin_view
        resume = path("<int:pk>/resume/", wrap(self.resume), name="campaigns_account_resume")
        law_page = path("quiet-hours/", wrap(self.law), name="campaigns_account_law")
        return [resume, law_page, *super().get_urls()]

    def law(self, request: HttpRequest) -> HttpResponse:
        """The quiet hours on file, with their sources."""
        if not request.user.has_perm("campaigns.view_campaign"):
            raise PermissionDenied
        return self.page(request, "campaigns/law.html", title="Quiet hours on file", lines=law_lines())

    @lever("campaigns.resume_account")
    def resume(self, request: HttpRequest, account: Account) -> HttpResponse:
        """Let the account send again."""
        if steering.resume_account(account):
            self.log_change(request, account, "Let it send again.")
            messages.success(request, f"{account} sends again.")
        else:
            messages.warning(request, f"{account} was not stopped.")
        return self.to("change", account)

    @display(description="just now")
    def pace_now(self, account: Account) -> str:
        """What is left of today, and whether Revmo has asked us to slow down."""
        if account.pk is None:
            return "–"
        left = pacing.left_today(account, Mode.current(), timezone.now())
        share = pacing.share_of_rate(account, Mode.current())
        today = "No daily limit." if left is None else f"{left:,} texts are left today."
        slowed = f" Revmo asked us to slow down: at {share:.0%} of the pace, back within a minute." if share < 1 else ""
        return today + slowed

    @display(description="state", label={"Sending": "success", "Stopped": "danger"})
    def state(self, account: Account) -> str:
        """Does the brake hold it?"""
        return "Stopped" if account.paused_at else "Sending"


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    """The agents of the business at Revmo."""

    list_display = ("name", "agent_id", "is_default", "account")
    list_select_related = ("account",)
    fields = ("name", "agent_id", "is_default", "account")
    search_fields = ("name",)
