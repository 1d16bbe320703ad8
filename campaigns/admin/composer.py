"""The parts of the draft page about the words: preview, merge tags, repairs, saved messages, keys, tests."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from campaigns import merge_fields, previewing, testing
from campaigns.composing.advising import Repair, mended
from campaigns.forms import CampaignForm
from campaigns.models import AllowedNumber, Campaign, Mode, SavedMessage, Send
from contacts.admin.base import PageAdmin
from contacts.keys import key_of

Pick = previewing.Pick
# Whom one can look at by a button of the preview; the other is chosen where somebody is asked for.
BUTTONS = [pick for pick in Pick if pick != Pick.ASKED]
# Tests of which the page tells the fate.
FOLLOWED = 200


class ComposerPages(PageAdmin):
    """Each part is asked for by a POST of the form as it stands; nothing of the form is saved by it."""

    def composer_urls(self) -> list[URLPattern]:
        """Before the admin's own."""
        wrap = self.admin_site.admin_view
        parts = {
            "preview": self.preview,
            "fields": self.merge_fields,
            "mend": self.mend,
            "saved": self.start_from_saved,
            "keep": self.keep_message,
            "keys": self.trigger_keys,
            "test-form": self.test_form,
            "test": self.send_test,
            "tests": self.tests,
        }
        names = {name: f"campaigns_campaign_{name.replace('-', '_')}" for name in parts}
        return [path(f"{name}/", wrap(view), name=names[name]) for name, view in parts.items()]

    def half_written(self, request: HttpRequest) -> CampaignForm | HttpResponse:
        """The form as it stands, for a part of the page that shows what it would come to; nothing is saved."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        saved = Campaign.objects.filter(pk=key_of(request.POST.get("draft"))).first()
        form = CampaignForm(request.POST, instance=saved, at_a_glance=True)
        form.is_valid()  # what is wrong is shown when it is saved
        return form

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The message as it stands, for one real person, with what it costs and what to think of."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        pick, at = _looking(request)
        kept = "" if "flip" in request.POST else request.POST.get("preview_person", "")
        draft = form.draft()
        shown = previewing.preview(draft, form.glimpse, pick, at, kept) if draft is not None else None
        return TemplateResponse(
            request,
            "campaigns/preview_part.html",
            {"preview": shown, "picks": BUTTONS, "pick": shown.looked.pick if shown is not None else pick},
        )

    def merge_fields(self, request: HttpRequest) -> HttpResponse:
        """The menu of merge tags."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        draft = form.draft()
        name = draft.agent.account.name if draft is not None else ""
        fields = merge_fields.merge_fields(form.glimpse.some, name)
        return TemplateResponse(request, "campaigns/merge_fields.html", {"fields": fields})

    def mend(self, request: HttpRequest) -> HttpResponse:
        """The message after a repair."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        message = request.POST.get("message", "").replace("\r\n", "\n")
        repair = request.POST.get("repair", "")
        return self._message(request, mended(message, Repair(repair)) if repair in list(Repair) else message)

    def start_from_saved(self, request: HttpRequest) -> HttpResponse:
        """The words of a saved message in place of those that stand there."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        found = SavedMessage.objects.filter(pk=key_of(request.POST.get("saved"))).first()
        return self._message(request, found.text if found is not None else request.POST.get("message", ""))

    def keep_message(self, request: HttpRequest) -> HttpResponse:
        """Keep the message for the next time, under a name."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        if not request.user.has_perm("campaigns.add_savedmessage"):
            raise PermissionDenied
        message = request.POST.get("message", "").replace("\r\n", "\n")
        kept = SavedMessage(name=request.POST.get("saved_name", "").strip(), text=message)
        kept.created_by_id = request.user.pk
        try:
            kept.full_clean()
            kept.save()
        except ValidationError as problem:
            return TemplateResponse(
                request,
                "campaigns/saved.html",
                {"saved_messages": SavedMessage.objects.all(), "problem": " ".join(problem.messages)},
            )
        return TemplateResponse(
            request, "campaigns/saved.html", {"saved_messages": SavedMessage.objects.all(), "kept": kept}
        )

    def trigger_keys(self, request: HttpRequest) -> HttpResponse:
        """The rows of the trigger that was chosen."""
        form = self.half_written(request)
        return (
            form if isinstance(form, HttpResponse) else TemplateResponse(request, "campaigns/keys.html", {"form": form})
        )

    def test_form(self, request: HttpRequest) -> HttpResponse:
        """Where a test may go, and with whose data."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        return TemplateResponse(request, "campaigns/test_form.html", self._test_context(request, form))

    def send_test(self, request: HttpRequest) -> HttpResponse:
        """Send it, and show what becomes of it."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        if not request.user.has_perm("campaigns.test_campaign"):
            raise PermissionDenied
        context: dict[str, Any] = {"token": uuid4()}
        try:
            draft = form.draft()
            if draft is None:
                raise testing.CannotTest("Choose an agent first. Nothing was sent.")
            to = testing.numbers(
                AllowedNumber.objects.filter(pk__in=map(key_of, request.POST.getlist("test_phone"))),
                request.POST.get("test_number", ""),
                draft.agent.account.region,
            )
            every = request.POST.get("test_triggers") == "every"
            person = self._previewed(request, form)
            sends = testing.send_tests(draft, person, to, token_of(request), every=every)
            context |= followed(sends)
        except testing.CannotTest as problem:
            context["problem"] = str(problem)
        return TemplateResponse(request, "campaigns/tests.html", context)

    def tests(self, request: HttpRequest) -> HttpResponse:
        """What became of some tests."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = [key_of(said) for said in request.GET.get("of", "").split("-")[:FOLLOWED]]
        sends = Send.objects.filter(pk__in=keys, kind=Send.Kind.TEST).order_by("pk")
        return TemplateResponse(request, "campaigns/test_fates.html", followed(list(sends)))

    def _previewed(self, request: HttpRequest, form: CampaignForm) -> Any:
        kept = key_of(request.POST.get("preview_person"))
        return form.glimpse.find(kept) or form.glimpse.some.first()

    def _test_context(self, request: HttpRequest, form: CampaignForm) -> dict[str, Any]:
        draft = form.draft()
        return {
            "token": uuid4(),
            "phones": AllowedNumber.objects.all()[:50],
            "live": Mode.current() == Mode.LIVE,
            "person": self._previewed(request, form),
            "triggers": draft.agent.triggers.count() if draft is not None else 0,
            "trigger": draft.trigger if draft is not None else None,
        }

    def _message(self, request: HttpRequest, message: str) -> HttpResponse:
        field = CampaignForm(initial={"message": message})["message"]
        return HttpResponse(str(field))


def words_of_page(request: HttpRequest) -> dict[str, Any]:
    """What the page of a draft needs for its words, before any part is asked for."""
    return {
        "saved_messages": SavedMessage.objects.all(),
        "may_test": request.user.has_perm("campaigns.test_campaign"),
    }


def followed(sends: list[Send]) -> dict[str, Any]:
    """The tests and whether anything about them may still change soon."""
    recent = timezone.now() - testing.PATIENCE
    waiting = [one for one in sends if one.created_at > recent and (one.state in Send.OPEN or _awaits_receipt(one))]
    return {"sends": sends, "of": "-".join(str(one.pk) for one in sends), "waiting": bool(waiting)}


def _awaits_receipt(send: Send) -> bool:
    return send.state == Send.State.ACCEPTED and send.delivery in (Send.Delivery.NONE, Send.Delivery.SENT)


def _looking(request: HttpRequest) -> tuple[Pick, int]:
    pick = request.POST.get("preview_pick", "")
    at = request.POST.get("preview_at", "0")
    step = {"next": 1, "back": -1}.get(request.POST.get("flip", ""), 0)
    return Pick(pick) if pick in list(Pick) else Pick.FIRST, max(0, key_of(at) + step)


def token_of(request: HttpRequest) -> UUID:
    """The form's own, the same for both presses of a double click. Raises CannotTest."""
    try:
        return UUID(request.POST.get("test_token", ""))
    except ValueError as problem:
        raise testing.CannotTest("This form is too old. Open it again. Nothing was sent.") from problem
