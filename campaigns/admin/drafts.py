"""The page of a draft: written by several people, none of whom overwrites another unawares; copied; deleted."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse

from campaigns import approving, copying, revising
from campaigns.admin.composer import words_of_page
from campaigns.forms import CampaignForm
from campaigns.hours_wording import windows_in_words
from campaigns.models import Campaign
from campaigns.revising import Outrun
from contacts.admin.base import PageAdmin, lever

REVISIONS_SHOWN = 50


def seen_version(request: HttpRequest) -> int:
    """Which version the writer saw, or knowingly saves over; none is older than all."""
    return _number(request.POST.get("over") or request.POST.get("both") or request.POST.get("version", ""))


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else -1


class DraftPages(PageAdmin):
    """Thin: what two people may do to one draft is in `revising`. What follows the draft is `LaunchPages`'s."""

    _rehearse: Callable[[HttpRequest, Campaign], HttpResponse]

    def _draft(self, request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
        """The draft, or after a POST the saved one; refused in words where somebody else was first."""
        form = self._form(request, campaign)
        outrun = None
        if request.method == "POST" and form.is_valid():
            try:
                saved = self._save(request, form)
            except Outrun as problem:
                outrun = problem
            except IntegrityError:
                # Somebody or something that it names was deleted at this moment; read again, it says which.
                campaign = Campaign.objects.get(pk=campaign.pk) if campaign else None
                form = self._form(request, campaign)
                if form.is_valid():
                    raise
            else:
                if "_rehearse" in request.POST:
                    return self._rehearse(request, saved)
                messages.success(request, f"“{saved}” is saved as a draft. Nothing was sent.")
                return self.to("change", saved)
        return self._written(request, campaign, form, outrun)

    def _form(self, request: HttpRequest, campaign: Campaign | None) -> CampaignForm:
        may_lift_hours = request.user.has_perm("campaigns.lift_hours_campaign")
        return CampaignForm(request.POST or None, instance=campaign, may_lift_hours=may_lift_hours)

    def _written(
        self, request: HttpRequest, campaign: Campaign | None, form: CampaignForm, outrun: Outrun | None
    ) -> HttpResponse:
        return self.page(
            request,
            "campaigns/draft.html",
            title=campaign.name if campaign else "New campaign",
            form=form,
            original=campaign,
            campaign=campaign,
            # What was seen, also when what was typed is shown again: else the next save would go unrefused.
            version=request.POST.get("version", campaign.version if campaign else 0),
            outrun=outrun,
            may_keep_both=outrun is not None and outrun.is_editable and form.untouched(outrun) is not None,
            revisions=campaign.revisions.select_related("changed_by")[:REVISIONS_SHOWN] if campaign else [],
            **words_of_page(request),
            leaves_out=form.leaves_out(),
            hours=windows_in_words(form.account()),
            may_delete=campaign is not None and self.has_delete_permission(request, campaign),
            may_copy=campaign is not None and self.has_add_permission(request),
        )

    def _save(self, request: HttpRequest, form: CampaignForm) -> Campaign:
        """Raises Outrun."""
        campaign: Campaign = form.instance
        if campaign.pk is None:
            with transaction.atomic():
                campaign.created_by = request.user
                form.save()
                revising.begin(campaign, request.user, "began the draft")
                self.log_addition(request, campaign, "Began the draft.")
            return campaign
        if "both" in request.POST:
            self._keep_theirs(request, form)
        revision = revising.save(campaign, seen_version(request), request.user, form.save)
        if revision is not None:
            approving.void(campaign)
            self.log_change(request, campaign, f"{revision.words[0].upper()}{revision.words[1:]}.")
        return campaign

    def _keep_theirs(self, request: HttpRequest, form: CampaignForm) -> None:
        """Where the writer left alone what the others changed, keep what they made of it."""
        current = Campaign.objects.get(pk=form.instance.pk)
        theirs = Outrun(current, current.revisions.filter(version__gt=_number(request.POST.get("version", ""))))
        left = form.untouched(theirs)
        if left is None:
            raise Outrun(current, theirs.revisions)
        form.take(current, left)

    def _gone(self, request: HttpRequest) -> HttpResponse:
        """The draft that somebody deleted, with what was typed, to be saved as a new one."""
        form = self._form(request, None)
        form.is_valid()
        return self._written(request, None, form, Outrun(None))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Say what goes and what stays, then do it; unless somebody has changed it since."""
        campaign = self.found(request, object_id)
        if not self.has_delete_permission(request, campaign):
            raise PermissionDenied
        outrun = None
        if request.method == "POST":
            name = str(campaign)
            try:
                with transaction.atomic():
                    revising.lock(campaign, seen_version(request))
                    self.log_deletions(request, Campaign.objects.filter(pk=campaign.pk))
                    campaign.delete()
            except Outrun as problem:
                if problem.current is None:
                    raise Http404 from problem
                outrun = problem
            else:
                messages.success(request, f"The draft “{name}” is deleted. Nothing was sent.")
                return self.to("changelist")
        return self.page(
            request,
            "campaigns/delete.html",
            title=campaign.name,
            original=campaign,
            campaign=outrun.current if outrun else campaign,
            outrun=outrun,
        )

    @lever("campaigns.add_campaign")
    def copy(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Begin a new draft with the same words."""
        made = copying.copy(campaign, by=request.user)
        messages.success(request, f"This is a copy of “{campaign}”. Give it a name and a time of its own.")
        return self.to("change", made)
