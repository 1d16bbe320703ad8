"""Messages rendered and counted per second and core: a merge tag, a fallback, GSM-7."""

import time
from collections.abc import Iterable

from bench.baselines import Figure
from campaigns.composing import compile_text
from campaigns.sms_parts import count_segments

MESSAGES = 20_000


def run() -> Iterable[Figure]:
    """Render one template for many people."""
    compiled = compile_text('Hi {{ first_name | default: "there" }}, your visit in {{ city }} is tomorrow.')
    people = [{"first_name": f"Person {index}", "city": "Washington"} for index in range(MESSAGES)]
    begin = time.process_time()
    parts = sum(count_segments(compiled.render(person)).parts for person in people)
    seconds = time.process_time() - begin
    yield Figure("messages rendered and counted", parts / seconds, "per second")
