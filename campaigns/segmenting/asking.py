"""What a saved segment comes to: its question, its condition, its people."""

from django.db.models import Q

from campaigns.models.segments import Segment
from campaigns.segmenting.clocks import Clock
from campaigns.segmenting.compiling import compile_question
from campaigns.segmenting.subjects import Catalogue
from campaigns.segmenting.trees import Group, QuestionProblem, read
from campaigns.segmenting.wording import sentence
from contacts.models import Contact
from contacts.querysets import ContactQuerySet


def question_of(segment: Segment, catalogue: Catalogue) -> Group:
    """The checked question. Raises QuestionProblem, naming the segment, where something it asks for is gone."""
    try:
        return read(segment.question, catalogue)
    except QuestionProblem as problem:
        raise QuestionProblem(f"Segment “{segment}”: {problem}") from problem


def in_words(segment: Segment, catalogue: Catalogue) -> str:
    """The question as a sentence, or why it cannot be asked any more."""
    try:
        return sentence(read(segment.question, catalogue), catalogue)
    except QuestionProblem as problem:
        return str(problem)


def condition_of(segment: Segment, catalogue: Catalogue, clock: Clock) -> Q:
    """The condition on a contact. Raises QuestionProblem."""
    return compile_question(question_of(segment, catalogue), clock)


def everybody_in(question: Group, clock: Clock) -> ContactQuerySet:
    """The people for whom the question holds."""
    return Contact.objects.filter(compile_question(question, clock))
