"""Segments: a question put together without code, counted while it is built."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns import people_page, revising, segment_page, segmenting
from campaigns.admin.drafts import REVISIONS_SHOWN, seen_version
from campaigns.models import Campaign, Segment
from campaigns.revising import Outrun
from campaigns.segmenting import Catalogue, QuestionProblem, building, trees
from campaigns.segmenting.compiling import AT_REST, OPTED_OUT
from contacts.admin.base import PageAdmin

USES_SHOWN = 3
# Whom the numbers below the count of a segment open.
_STOPPED = {
    "opted_out": (OPTED_OUT, "Those of them who opted out and will get nothing."),
    "at_rest": (AT_REST, "Those of them who may have meant stop: they get nothing until somebody decides."),
}


class SegmentChangeList(ChangeList):
    """The list with every question as a sentence, by one look at what can be asked."""

    def get_results(self, request: HttpRequest) -> None:
        """As Django does, then the sentences."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        catalogue = Catalogue.load()
        for row in rows:
            row.sentence = segmenting.in_words(row, catalogue)
        self.result_list = rows


@admin.register(Segment)
class SegmentAdmin(PageAdmin):
    """Thin: `segmenting` holds the tree, the query, the sentence and what the page's buttons do."""

    change_list_template = "campaigns/segment_list.html"
    list_display = ("name", "meaning", "used_by", "updated_at")
    search_fields = ("name",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Ours."""
        return SegmentChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        """With the campaigns that ask for it, for the whole page at once."""
        return Segment.objects.prefetch_related("campaigns", "excluding_campaigns")

    def has_delete_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        """Not while a draft asks for it: its audience would change without a word."""
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not drafts_of(obj))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None on many at once: deleting must ask each whether a draft needs it."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        """With the part of the page that changes while one builds, and the people."""
        wrap = self.admin_site.admin_view
        ours = {"build": self.build, "people": self.people}
        paths = [path(f"{name}/", wrap(view), name=f"campaigns_segment_{name}") for name, view in ours.items()]
        return [*paths, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """An empty question."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._edit(request, Segment(question={"match": "all", "rules": [dict(building.NEW_CONDITION)]}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The question as it is saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._edit(request, self.found(request, object_id))

    def _edit(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        catalogue, problem, outrun = Catalogue.load(), "", None
        title, version = segment.name or "New segment", segment.version
        tree = building.from_post(request.POST.dict()) if request.method == "POST" else segment.question
        if request.method == "POST":
            segment.name = request.POST.get("name", "").strip()
        if "act" in request.POST:  # a browser without scripts
            tree = building.change(tree, request.POST["act"])
        elif request.method == "POST":
            try:
                problem = self._save(request, segment, tree, catalogue)
            except Outrun as found:
                outrun = found
            else:
                if not problem:
                    return self.to("change", segment)
        return self.page(
            request,
            "campaigns/segment.html",
            title=title,
            original=segment if segment.pk else None,
            segment=segment,
            version=request.POST.get("version", version),
            outrun=outrun,
            problem=problem,
            revisions=segment.revisions.select_related("changed_by")[:REVISIONS_SHOWN] if segment.pk else [],
            drafts=drafts_of(segment) if segment.pk else [],
            may_save=self._may_save(request, segment),
            may_delete=segment.pk is not None and self.has_delete_permission(request, segment),
            root=building.rows(tree, catalogue),
            groups=catalogue.groups(),
            answer=segment_page.answer_to(tree, catalogue),
        )

    def _may_save(self, request: HttpRequest, segment: Segment) -> bool:
        allowed: bool = self.has_change_permission(request, segment) if segment.pk else self.has_add_permission(request)
        return allowed

    def _save(self, request: HttpRequest, segment: Segment, tree: building.Tree, catalogue: Catalogue) -> str:
        """Save, or say what is the matter. Raises Outrun."""
        if not self._may_save(request, segment):
            raise PermissionDenied
        try:
            question = segmenting.read(tree, catalogue)
            segment.question = trees.as_json(question)
            segment.full_clean()
        except QuestionProblem as found:
            return str(found)
        except ValidationError as found:
            return " ".join(found.messages) if segment.name else "Give the segment a name, so that colleagues know it."
        words = segmenting.sentence(question, catalogue)
        if segment.pk is None:
            with transaction.atomic():
                segment.created_by = request.user  # nobody anonymous comes here
                segment.save()
                revising.begin(segment, request.user, "began it")
                self.log_addition(request, segment, words)
        elif revising.save(segment, seen_version(request), request.user, segment.save):
            self.log_change(request, segment, words)
        messages.success(request, f"“{segment}” is saved: {words}")
        return ""

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Say what goes and what stays, then do it; unless somebody has changed it since."""
        segment = self.found(request, object_id)
        if not self.has_delete_permission(request, segment):
            raise PermissionDenied
        outrun = None
        if request.method == "POST":
            try:
                with transaction.atomic():
                    revising.lock(segment, seen_version(request))
                    self.log_deletions(request, Segment.objects.filter(pk=segment.pk))
                    segment.delete()
            except Outrun as problem:
                outrun = problem
            else:
                messages.success(request, f"The segment “{segment}” is deleted. The people in it stay.")
                return self.to("changelist")
        return self.page(
            request,
            "campaigns/segment_delete.html",
            title=segment.name,
            original=segment,
            segment=(outrun and outrun.current) or segment,
            sentence=segmenting.in_words(segment, Catalogue.load()),
            outrun=outrun,
        )

    def build(self, request: HttpRequest) -> HttpResponse:
        """The rows after a button or a choice, and the answer so far; changes nothing."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        catalogue = Catalogue.load()
        action = request.POST.get("act", "")
        tree = building.change(building.from_post(request.POST.dict()), action)
        return self.page(
            request,
            "campaigns/segment_builder.html",
            stop=building.next_stop(tree, action),
            root=building.rows(tree, catalogue),
            groups=catalogue.groups(),
            answer=segment_page.answer_to(tree, catalogue),
        )

    def people(self, request: HttpRequest) -> HttpResponse:
        """Everybody for whom a question holds, saved or not: the address has it."""
        if not (self.has_view_permission(request) and request.user.has_perm("contacts.view_contact")):
            raise PermissionDenied
        query = request.GET.dict()
        try:
            sentence, people = segment_page.asked(query.get("question", ""))
        except QuestionProblem as problem:
            return self.page(request, "campaigns/who.html", title="Segment", problem=str(problem))
        stopped, about = _STOPPED.get(query.get("stopped", ""), (Q(), ""))
        shown = people_page.listed(people.filter(stopped), query)
        return self.page(request, "campaigns/who.html", title="Segment", sentence=sentence, about=about, **shown)

    @display(description="who")
    def meaning(self, segment: Any) -> str:
        """The question as a sentence."""
        words: str = segment.sentence
        return words

    @display(description="used by")
    def used_by(self, segment: Segment) -> SafeString | str:
        """The last campaigns that ask for it, opening them."""
        uses = sorted({*segment.campaigns.all(), *segment.excluding_campaigns.all()}, key=lambda one: -one.pk)
        if not uses:
            return "No campaign yet"
        links = [(reverse("admin:campaigns_campaign_change", args=[one.pk]), one.name) for one in uses[:USES_SHOWN]]
        shown = format_html_join(", ", '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', links)
        return shown + (f" and {len(uses) - USES_SHOWN} more" if len(uses) > USES_SHOWN else "")


def drafts_of(segment: Segment) -> list[Campaign]:
    """The drafts whose audience asks for it."""
    ours = segment.campaigns.filter(status__in=Campaign.EDITABLE)
    return list(ours.union(segment.excluding_campaigns.filter(status__in=Campaign.EDITABLE)))
