"""From a draft to people: rehearse, judge, launch, and steer what runs."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from campaigns import approving, background, launching, pages, rehearsal, rehearsal_page, steering
from campaigns.admin.drafts import DraftPages
from campaigns.hours_wording import moment
from campaigns.launch_forms import LaunchForm, RejectForm, SnapshotChoice
from campaigns.models import Campaign, Rehearsal
from contacts.admin.base import lever

REPLACED = "This rehearsal was replaced by a newer one. Look at it, then launch."


class LaunchPages(DraftPages):
    """Thin: rules are in `rehearsal`, `approving`, `launching` and `steering`."""

    @lever("campaigns.change_campaign")
    def rehearse(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Make a new snapshot."""
        return self._rehearse(request, campaign)

    def _rehearse(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        if not campaign.editable:
            messages.warning(request, "It was launched meanwhile, so there is nothing to rehearse.")
            return self.to("change", campaign)
        try:
            background.rehearse(campaign, by=request.user)
        except rehearsal.CannotRehearse as problem:
            messages.error(request, f"The draft is kept, but it cannot be rehearsed yet. {problem}")
            return self.to("change", campaign)
        return self.to("rehearsal", campaign)

    @lever("campaigns.change_campaign")
    def stop_rehearsal(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Give up what is being rehearsed."""
        snapshot = campaign.rehearsals.first()
        if snapshot is not None and rehearsal.cancel(snapshot):
            messages.success(request, "The rehearsal is canceled. The draft is kept, and nothing was sent.")
            return self.to("change", campaign)
        return self.to("rehearsal", campaign)

    def rehearsal_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What exactly will happen; htmx asks for the part that changes while it is being made."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        campaign = self.found(request, pk)
        snapshot = campaign.rehearsals.select_related("created_by", "judged_by").first()
        if not campaign.editable or snapshot is None:
            return self.to("change", campaign)
        if request.headers.get("HX-Request") and snapshot.status == Rehearsal.Status.WORKING:
            context = {"campaign": campaign, **rehearsal_page.shown(campaign, snapshot, request.user)}
            return TemplateResponse(request, "campaigns/rehearsal_working.html", context)
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return self.page(
            request,
            "campaigns/rehearsal.html",
            title=campaign.name,
            original=campaign,
            campaign=campaign,
            reject_form=RejectForm(),
            **rehearsal_page.shown(campaign, snapshot, request.user),
        )

    @lever("campaigns.approve_campaign")
    def approve(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Sign the snapshot that was looked at."""
        snapshot = SnapshotChoice(request.POST).snapshot_of(campaign)
        try:
            if snapshot is None:
                raise approving.CannotJudge("This rehearsal was replaced by a newer one. Look at that one.")
            approving.approve(campaign, snapshot, request.user)
        except approving.CannotJudge as problem:
            messages.warning(request, str(problem))
        else:
            self.log_change(request, campaign, f"Approved a text to {snapshot.will_send} people.")
            end = rehearsal.holds_until(campaign, snapshot)
            until = f"It holds until {moment(end, campaign.agent.account)}. " if end else ""
            messages.success(request, f"Approved. {until}Any change to the draft or its people makes this void.")
        return self.to("rehearsal", campaign)

    @lever("campaigns.approve_campaign")
    def reject(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Say no to the snapshot, and why."""
        form = RejectForm(request.POST)
        snapshot = form.snapshot_of(campaign)
        try:
            if snapshot is None:
                raise approving.CannotJudge("This rehearsal was replaced by a newer one. Look at that one.")
            approving.reject(campaign, snapshot, request.user, form.cleaned_data["reason"])
        except approving.CannotJudge as problem:
            messages.warning(request, str(problem))
        else:
            self.log_change(request, campaign, f"Rejected: {snapshot.judgement}")
            messages.success(request, "Rejected. The draft is kept, with your reason.")
        return self.to("rehearsal", campaign)

    @lever("campaigns.launch_campaign")
    def launch(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Queue the texts of the snapshot that was looked at."""
        form = LaunchForm(request.POST)
        snapshot = form.snapshot_of(campaign)
        try:
            if snapshot is None:
                raise launching.CannotLaunch(REPLACED)
            large = snapshot.will_send > campaign.agent.account.count_typed_above
            if large and not form.typed(snapshot.will_send):
                raise launching.CannotLaunch(f"Type the number of people, {snapshot.will_send:,}, to launch.")
            background.launch(campaign, snapshot, request.user)
        except launching.CannotLaunch as problem:
            messages.warning(request, str(problem))
            return self.to("rehearsal", campaign)
        self.log_change(request, campaign, f"Launched to {snapshot.will_send} people.")
        people = f"{snapshot.will_send:,} {'person' if snapshot.will_send == 1 else 'people'}"
        messages.success(request, f"Launched to {people}.")
        return self.to("change", campaign)

    def live(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that changes, while something is under way."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = pages.live(self.found(request, pk))
        if request.GET.get("seen") == context["digest"]:
            return HttpResponse(status=204)
        return TemplateResponse(request, "campaigns/live.html", context)

    @lever("campaigns.pause_campaign")
    def pause(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Hold what has not left."""
        if steering.pause(campaign, f"Paused by {request.user}."):
            self.log_change(request, campaign, "Paused.")
            messages.success(request, "Paused. Nothing more leaves until you resume; texts already under way arrive.")
        else:
            messages.warning(request, "It was not running any more; nothing was changed.")
        return self.to("change", campaign)

    @lever("campaigns.pause_campaign")
    def resume(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Go on where it stopped."""
        if steering.resume(campaign):
            self.log_change(request, campaign, "Resumed.")
            messages.success(request, "Resumed. Nobody gets a text twice.")
        else:
            messages.warning(request, "It was not paused any more; nothing was changed.")
        return self.to("change", campaign)

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say the consequence and the number, then do it."""
        if not request.user.has_perm("campaigns.cancel_campaign"):
            raise PermissionDenied
        campaign = self.found(request, pk)
        if request.method != "POST":
            return self.page(
                request,
                "campaigns/cancel.html",
                title=campaign.name,
                original=campaign,
                campaign=campaign,
                waiting=pages.live(campaign)["waiting"],
            )
        spared = steering.cancel(campaign)
        if spared is None:
            messages.warning(request, "This campaign is over already; nothing was changed.")
        else:
            self.log_change(request, campaign, f"Canceled; {spared} people were not texted.")
            messages.success(request, f"Canceled: {spared:,} people will not be texted.")
        return self.to("change", campaign)
