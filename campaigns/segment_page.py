"""What the page of a segment says of a question, and whom it means, as it stands there, saved or not."""

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.urls import reverse

from campaigns import segmenting
from campaigns.audience import clock_of
from campaigns.models import Account
from campaigns.segmenting import Catalogue, Clock, Group, QuestionProblem, building, trees
from campaigns.segmenting.building import Tree
from campaigns.segmenting.compiling import AT_REST, OPTED_OUT
from contacts.models import Contact
from contacts.querysets import ContactQuerySet

SAMPLE = 5


@dataclass(slots=True)
class Answer:
    """The sentence, how many, some of them, and the address of all; or what is the matter, then for the rest of it."""

    problem: str = ""
    is_known: bool = True
    sentence: str = ""
    people: int = 0
    opted_out: int = 0
    at_rest: int = 0
    sample: list[Contact] = field(default_factory=list)
    url: str = ""


def answer_to(tree: Tree, catalogue: Catalogue) -> Answer:
    """Ask the question as far as it is built."""
    wrong = ""
    try:
        question = segmenting.read(tree, catalogue)
    except QuestionProblem as problem:
        wrong = str(problem)
        try:
            question = segmenting.read(building.finished(tree, catalogue), catalogue)
        except QuestionProblem:
            return Answer(wrong, is_known=False)
        if not question.rules:
            return Answer(wrong, is_known=False)
    people = segmenting.everybody_in(question, _clock())
    return Answer(
        problem=wrong,
        sentence=segmenting.sentence(question, catalogue),
        people=people.count(),
        opted_out=people.filter(OPTED_OUT).count(),
        at_rest=people.filter(AT_REST).count(),
        sample=list(people.order_by("pk")[:SAMPLE]),
        url=_url(question),
    )


def asked(question: str) -> tuple[str, ContactQuerySet]:
    """The sentence and the people of a question that stands in an address. Raises QuestionProblem."""
    catalogue = Catalogue.load()
    try:
        tree = json.loads(question)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        raise QuestionProblem("This address holds no question. Open the segment again.")
    group = segmenting.read(tree, catalogue)
    return segmenting.sentence(group, catalogue), segmenting.everybody_in(group, _clock())


def _url(question: Group) -> str:
    asked_for = json.dumps(trees.as_json(question), separators=(",", ":"))
    return f"{reverse('admin:campaigns_segment_people')}?{urlencode({'question': asked_for})}"


def _clock() -> Clock:
    """In days of the first business."""
    return clock_of(Account.objects.order_by("pk").first() or Account())
