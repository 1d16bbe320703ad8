"""Segments: saved questions about contacts, built without code, asked as one query, readable as a sentence."""

from campaigns.segmenting.asking import condition_of, everybody_in, in_words, question_of
from campaigns.segmenting.clocks import Clock
from campaigns.segmenting.compiling import compile_question
from campaigns.segmenting.subjects import Catalogue
from campaigns.segmenting.trees import Condition, Group, QuestionProblem, read
from campaigns.segmenting.wording import sentence

__all__ = [
    "Catalogue",
    "Clock",
    "Condition",
    "Group",
    "QuestionProblem",
    "compile_question",
    "condition_of",
    "everybody_in",
    "in_words",
    "question_of",
    "read",
    "sentence",
]
