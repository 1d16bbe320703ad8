"""Messages rendered and counted per second and core, in GSM-7: plain merge tags, and one with a condition."""

import time
from collections.abc import Iterable

from bench.baselines import Figure
from campaigns.composing import compile_text
from campaigns.sms_parts import count_segments

MESSAGES = 20_000
TEMPLATES = {
    "messages rendered and counted": 'Hi {{ first_name | default: "there" }}, your visit in {{ city }} is tomorrow.',
    "messages with a condition rendered and counted": (
        "Hi {{ first_name | capitalize }}, your visit{% if city %} in {{ city }}{% endif %} is tomorrow."
    ),
}


def run() -> Iterable[Figure]:
    """Render each template for many people."""
    people = [{"first_name": f"Person {index}", "city": "Washington"} for index in range(MESSAGES)]
    for name, source in TEMPLATES.items():
        compiled = compile_text(source)
        begin = time.process_time()
        parts = sum(count_segments(compiled.render(person)).parts for person in people)
        yield Figure(name, parts / (time.process_time() - begin), "per second")
