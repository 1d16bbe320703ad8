"""The parts of a draft's page that say who is in its audience, and why."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from campaigns import audience, counting, pages, people_page
from campaigns.admin.composer import ComposerPages
from campaigns.choices import MANY, Choice, in_words
from campaigns.forms import CampaignForm
from campaigns.models import Account, Agent
from campaigns.segmenting import QuestionProblem
from contacts.admin.contacts import search_contacts
from contacts.keys import key_of
from contacts.models import Contact

MOST_EXPLAINED = 5


class AudiencePages(ComposerPages):
    """Thin: `audience` asks; nothing here is saved."""

    def audience_urls(self) -> list[URLPattern]:
        """Ours."""
        parts = {"people": self.people, "exclusions": self.exclusions, "asked": self.asked, "who": self.who}
        wrap = self.admin_site.admin_view
        return [path(f"{name}/", wrap(view), name=f"campaigns_campaign_{name}") for name, view in parts.items()]

    def people(self, request: HttpRequest) -> HttpResponse:
        """How many the form means, step by step, and some of them; or what must be put right before it is known."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        wrong = [error for name in (*MANY, "rest_amount") for error in form.errors.get(name, ()) if form[name].value()]
        shown = {"wrong": wrong} if wrong else pages.counted(form.choice(), form.clock(), form["agent"].value())
        return TemplateResponse(request, "campaigns/people.html", shown)

    def who(self, request: HttpRequest) -> HttpResponse:
        """The people whom a number of the sum counts; the address says whom somebody chose, saved or not."""
        if not (self.has_view_permission(request) and request.user.has_perm("contacts.view_contact")):
            raise PermissionDenied
        query = request.GET.dict()
        choice, agent = Choice.from_query(query), Agent.objects.filter(pk=key_of(query.get("agent"))).first()
        clock = audience.clock_of(agent.account if agent else Account.objects.order_by("pk").first() or Account())
        try:
            words, people = counting.people_of(choice, clock, query.get("of", counting.REMAIN))
        except counting.NoSuchStep as problem:
            raise Http404 from problem
        except QuestionProblem as problem:
            return self.page(request, "campaigns/who.html", title="Audience", problem=str(problem))
        shown = people_page.listed(people, query)
        about = f"The audience: {in_words(choice)}."
        return self.page(
            request, "campaigns/who.html", title="Audience", sentence=f"Those who {words}", about=about, **shown
        )

    def exclusions(self, request: HttpRequest) -> HttpResponse:
        """The fields that leave people out, for whoever asks for them."""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        empty = CampaignForm(initial={"agent": form["agent"].value()})
        return TemplateResponse(request, "campaigns/exclusions.html", {"form": empty})

    def asked(self, request: HttpRequest) -> HttpResponse:
        """Is somebody in it, and why or why not?"""
        form = self.half_written(request)
        if isinstance(form, HttpResponse):
            return form
        term = request.POST.get("asked", "").strip()
        shown: dict[str, Any] = {"term": term}
        if term:
            found = list(search_contacts(Contact.objects.all(), term).order_by("pk")[: MOST_EXPLAINED + 1])
            few = Contact.objects.filter(pk__in=[person.pk for person in found[:MOST_EXPLAINED]]).order_by("pk")
            try:
                shown["explained"] = audience.explain(form.choice(), form.clock(), few)
                shown["more"] = len(found) > MOST_EXPLAINED
            except QuestionProblem as problem:
                shown["problem"] = str(problem)
        return TemplateResponse(request, "campaigns/asked.html", shown)
