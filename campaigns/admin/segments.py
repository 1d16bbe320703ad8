"""Segments: a question put together without code, counted while it is built."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display

from campaigns import segmenting
from campaigns.models import Account, Segment
from campaigns.segmenting import Catalogue, Clock, Group, QuestionProblem, building, trees
from campaigns.segmenting.compiling import OPTED_OUT
from contacts.admin.base import PageAdmin
from contacts.models import Contact

SAMPLE = 5


@dataclass(slots=True)
class Answer:
    """What the page says of a question: the sentence, how many, and some of them; or what is the matter."""

    problem: str = ""
    sentence: str = ""
    people: int = 0
    opted_out: int = 0
    sample: list[Contact] = field(default_factory=list)


@admin.register(Segment)
class SegmentAdmin(PageAdmin):
    """Thin: `segmenting` holds the tree, the query, the sentence and what the page's buttons do."""

    change_list_template = "campaigns/segment_list.html"
    list_display = ("name", "meaning", "used_by", "updated_at")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        """With the number of campaigns that ask for it."""
        return Segment.objects.annotate(
            uses=Count("campaigns", distinct=True) + Count("excluding_campaigns", distinct=True)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        """Not while a draft asks for it: its audience would change without a word."""
        allowed: bool = super().has_delete_permission(request, obj)
        drafts = Q(campaigns__launched_at=None, campaigns__isnull=False) | Q(
            excluding_campaigns__launched_at=None, excluding_campaigns__isnull=False
        )
        return allowed and (obj is None or not Segment.objects.filter(drafts, pk=obj.pk).exists())

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None on many at once: deleting must ask each whether a draft needs it."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        """With the part of the page that changes while one builds."""
        build = path("build/", self.admin_site.admin_view(self.build), name="campaigns_segment_build")
        return [build, *super().get_urls()]

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
        catalogue, problem = Catalogue.load(), ""
        tree = building.from_post(request.POST.dict()) if request.method == "POST" else segment.question
        if "act" in request.POST:  # a browser without scripts
            tree = building.change(tree, request.POST["act"])
        elif request.method == "POST":
            problem = self._save(request, segment, tree, catalogue)
            if not problem:
                return self.to("change", segment)
        return self.page(
            request,
            "campaigns/segment.html",
            title=segment.name or "New segment",
            original=segment if segment.pk else None,
            segment=segment,
            problem=problem,
            may_save=self._may_save(request, segment),
            may_delete=segment.pk is not None and self.has_delete_permission(request, segment),
            root=building.rows(tree, catalogue),
            groups=catalogue.groups(),
            answer=answer_to(tree, catalogue),
        )

    def _may_save(self, request: HttpRequest, segment: Segment) -> bool:
        allowed: bool = self.has_change_permission(request, segment) if segment.pk else self.has_add_permission(request)
        return allowed

    def _save(self, request: HttpRequest, segment: Segment, tree: building.Tree, catalogue: Catalogue) -> str:
        """Save, or say what is the matter."""
        if not self._may_save(request, segment):
            raise PermissionDenied
        new = segment.pk is None
        segment.name = request.POST.get("name", "").strip()
        try:
            question = segmenting.read(tree, catalogue)
            segment.question = trees.as_json(question)
            if new:
                segment.created_by = request.user  # type: ignore[assignment]  # nobody anonymous comes here
            segment.full_clean()
        except QuestionProblem as found:
            return str(found)
        except ValidationError as found:
            return " ".join(found.messages) if segment.name else "Give the segment a name, so that colleagues know it."
        segment.save()
        words = segmenting.sentence(question, catalogue)
        (self.log_addition if new else self.log_change)(request, segment, words)
        messages.success(request, f"“{segment}” is saved: {words}")
        return ""

    def build(self, request: HttpRequest) -> HttpResponse:
        """The rows after a button or a choice, and the answer so far; changes nothing."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        catalogue = Catalogue.load()
        tree = building.change(building.from_post(request.POST.dict()), request.POST.get("act", ""))
        return self.page(
            request,
            "campaigns/segment_builder.html",
            root=building.rows(tree, catalogue),
            groups=catalogue.groups(),
            answer=answer_to(tree, catalogue),
        )

    @display(description="who")
    def meaning(self, segment: Segment) -> str:
        """The question as a sentence."""
        catalogue = Catalogue.load()
        try:
            return segmenting.sentence(segmenting.question_of(segment, catalogue), catalogue)
        except QuestionProblem as problem:
            return str(problem)

    @display(description="used by", ordering="uses")
    def used_by(self, segment: Any) -> str:
        """How many campaigns ask for it."""
        uses: int = segment.uses
        return f"{uses} campaign{'' if uses == 1 else 's'}" if uses else "No campaign yet"


def answer_to(tree: building.Tree, catalogue: Catalogue) -> Answer:
    """Ask the question as far as it is built."""
    try:
        question: Group = segmenting.read(tree, catalogue)
    except QuestionProblem as problem:
        return Answer(problem=str(problem))
    account = Account.objects.order_by("pk").first()
    clock = Clock(timezone.now(), ZoneInfo(account.time_zone if account else "UTC"))
    people = segmenting.everybody_in(question, clock)
    return Answer(
        sentence=segmenting.sentence(question, catalogue),
        people=people.count(),
        opted_out=people.filter(OPTED_OUT).count(),
        sample=list(people.order_by("pk")[:SAMPLE]),
    )
