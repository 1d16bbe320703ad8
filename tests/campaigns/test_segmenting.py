"""Segments: the database answers every question as plain Python does."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Agent, Campaign, Mode, Segment, Send
from campaigns.segmenting import (
    Catalogue,
    Clock,
    QuestionProblem,
    compile_question,
    everybody_in,
    question_of,
    read,
    sentence,
)
from campaigns.segmenting.building import change, from_post, rows
from campaigns.segmenting.trees import as_json
from contacts.models import Attribute, Contact, ContactList, Membership, Suppression
from contacts.suppressing import suppress
from tests.makers import make_agent, make_contacts, make_list, make_send, number

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 10, 3, 30, tzinfo=UTC)  # the ninth of May in New York
CLOCK = Clock(NOW, ZoneInfo("America/New_York"))
LISTS, CAMPAIGNS = 2, 2
PEOPLE = 5
# Letters with one capital each in every collation, and what LIKE would take for something else.
TEXTS = st.text("abAB1%_\\ 'é"[:-1], max_size=3)
DAYS = st.dates(date(2026, 4, 25), date(2026, 5, 25))
MOMENTS = st.datetimes(datetime(2026, 4, 25), datetime(2026, 5, 10), timezones=st.just(UTC))
MOMENTS_TO_COME = st.datetimes(datetime(2026, 5, 10, 4), datetime(2026, 5, 20), timezones=st.just(UTC))


@dataclass
class Person:
    """What the oracle knows of a contact."""

    first_name: str
    attributes: dict[str, Any]
    consent_at: datetime | None
    conversation_open: bool
    lists: set[int]
    opted_out: bool
    sends: dict[int, tuple[str, datetime, bool]]  # by campaign: state, when, replied


def people() -> st.SearchStrategy[list[Person]]:
    send = st.tuples(st.sampled_from(["accepted", "unknown", "posting", "failed", "queued"]), MOMENTS, st.booleans())
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "city": TEXTS,
            "visits": st.one_of(st.integers(-5, 5), st.sampled_from([0.5, 2.5]), st.just("many")),
            "2024": st.integers(0, 3),
            "due": DAYS.map(date.isoformat) | st.sampled_from(["5/1/2026", "2026", "soon", "2026-05-09T10:00"]),
            "vip": st.booleans(),
        },
    )
    person = st.builds(
        Person,
        TEXTS,
        attributes,
        st.none() | MOMENTS | MOMENTS_TO_COME,
        st.booleans(),
        st.sets(st.integers(0, LISTS - 1)),
        st.booleans(),
        st.dictionaries(st.integers(0, CAMPAIGNS - 1), send),
    )
    return st.lists(person, min_size=PEOPLE, max_size=PEOPLE)


TYPED = TEXTS.map(str.strip).filter(bool)
SOME_DAYS = st.integers(1, 20)
# Every way to ask, with what it may be asked with.
ASKED: list[tuple[str, list[str], st.SearchStrategy[Any]]] = [
    ("first_name", ["is", "is_not", "contains", "begins", "blank", "filled"], TYPED),
    ("attribute:city", ["is", "is_not", "contains", "begins", "blank", "filled"], TYPED),
    ("attribute:visits", ["is", "is_not", "at_least", "at_most", "blank", "filled"], st.integers(-5, 5)),
    ("attribute:2024", ["is", "at_least"], st.integers(0, 3)),
    ("attribute:due", ["on", "from", "before"], DAYS.map(date.isoformat)),
    ("attribute:due", ["next_days", "last_days"], SOME_DAYS),
    ("attribute:vip", ["yes", "no", "blank", "filled"], st.none()),
    ("consent_at", ["from", "before"], DAYS.map(date.isoformat)),
    ("consent_at", ["last_days", "filled", "blank"], SOME_DAYS),
    ("list", ["on", "not_on"], st.integers(0, LISTS - 1)),
    ("opted_out", ["yes", "no"], st.none()),
    ("conversation_open", ["yes", "no"], st.none()),
    ("texted", ["never", "ever", "last_days", "not_last_days"], SOME_DAYS),
    ("campaign", ["got", "not_got", "replied", "silent"], st.integers(0, CAMPAIGNS - 1)),
]
EACH = [(field, op, values) for field, ops, values in ASKED for op in ops]


def condition(field: str, op: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return values.map(lambda value: {"field": field, "op": op, "value": value})


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(EACH).flatmap(lambda one: condition(*one))


def every_condition() -> st.SearchStrategy[tuple[dict[str, Any], ...]]:
    """One of each."""
    return st.tuples(*(condition(*one) for one in EACH))


def trees() -> st.SearchStrategy[dict[str, Any]]:
    def group(rules: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        match = st.sampled_from(["all", "any"])
        return st.builds(
            lambda how, some: {"match": how, "rules": some}, match, st.lists(rules, min_size=1, max_size=3)
        )

    return group(conditions() | group(conditions()))


def expected(tree: dict[str, Any], person: Person) -> bool:
    """The question, answered by hand."""
    if "rules" in tree:
        answers = [expected(rule, person) for rule in tree["rules"]]
        return all(answers) if tree["match"] == "all" else any(answers)
    field, op, value = tree["field"], tree["op"], tree["value"]
    if field == "first_name":
        return of_text(person.first_name, op, value)
    if field.startswith("attribute:"):
        return of_attribute(field.removeprefix("attribute:"), person.attributes, op, value)
    if field == "consent_at":
        return of_moment(person.consent_at, op, value)
    if field == "list":
        return bool((value in person.lists) == (op == "on"))
    if field in ("opted_out", "conversation_open"):
        return bool(getattr(person, field) == (op == "yes"))
    return of_sends(field, person, op, value)


def of_text(text: str, op: str, value: str) -> bool:
    ours, theirs = text.upper(), value.upper()
    answers: dict[str, Callable[[], bool]] = {
        "is": lambda: ours == theirs,
        "is_not": lambda: ours != theirs,
        "contains": lambda: theirs in ours,
        "begins": lambda: ours.startswith(theirs),
        "blank": lambda: not ours.strip(" "),
        "filled": lambda: bool(ours.strip(" ")),
    }
    return answers[op]()


def of_attribute(name: str, attributes: dict[str, Any], op: str, value: Any) -> bool:
    stored = attributes.get(name)
    if op in ("blank", "filled"):
        return of_text("" if stored is None else str(stored), op, "")
    if name == "city":
        return of_text(stored or "", op, value)
    if name == "vip":
        return bool(stored is (op == "yes"))
    if name == "due":
        found = re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", stored or "")
        return found is not None and of_day(date.fromisoformat(found[0]), op, value)
    is_number = isinstance(stored, int | float)
    if op == "is_not":
        return not is_number or stored != value
    return is_number and bool({"is": stored == value, "at_least": stored >= value, "at_most": stored <= value}[op])


def of_day(day: date, op: str, value: Any) -> bool:
    if op.endswith("_days"):
        away = (day - date(2026, 5, 9)).days
        return bool(0 <= away <= value if op == "next_days" else -value <= away <= 0)
    other = date.fromisoformat(value)
    answers = {"on": day == other, "from": day >= other, "before": day < other}
    return answers[op]


def of_moment(moment: datetime | None, op: str, value: Any) -> bool:
    if op in ("blank", "filled"):
        return (moment is None) == (op == "blank")
    if moment is None:
        return False
    if op == "last_days":
        return NOW - timedelta(days=value) <= moment <= NOW
    begins = datetime.combine(date.fromisoformat(value), time.min, CLOCK.zone)
    return moment >= begins if op == "from" else moment < begins


def of_sends(field: str, person: Person, op: str, value: Any) -> bool:
    gone = {key: send for key, send in person.sends.items() if send[0] in ("accepted", "unknown", "posting")}
    if field == "texted":
        since = [
            at
            for _, at, _ in gone.values()
            if value is None or op in ("never", "ever") or at >= NOW - timedelta(days=value)
        ]
        return bool(since) == (op in ("ever", "last_days"))
    replied = value in person.sends and person.sends[value][2]
    return {
        "got": value in gone,
        "not_got": value not in gone,
        "replied": replied,
        "silent": value in gone and not replied,
    }[op]


@dataclass
class World:
    lists: list[ContactList]
    campaigns: list[Campaign]
    agent: Agent

    def translated(self, tree: dict[str, Any]) -> dict[str, Any]:
        """With the keys of our lists and campaigns in place of their positions."""
        if "rules" in tree:
            return {**tree, "rules": [self.translated(rule) for rule in tree["rules"]]}
        if tree["field"] in ("list", "campaign"):
            known = self.lists if tree["field"] == "list" else self.campaigns
            return {**tree, "value": str(known[tree["value"]].pk)}
        return tree

    def populate(self, everybody: list[Person]) -> dict[int, Person]:
        """Put them into the database, by key."""
        found = {}
        for index, person in enumerate(everybody):
            contact = Contact.objects.create(
                phone=number(index),
                first_name=person.first_name,
                attributes=person.attributes,
                consent_at=person.consent_at,
                consent_source="staff",
                conversation_open=person.conversation_open,
            )
            found[contact.pk] = person
            Membership.objects.bulk_create(
                Membership(contact=contact, contact_list=self.lists[i]) for i in person.lists
            )
            if person.opted_out:
                suppress([contact.phone], source=Suppression.Source.STAFF)
            for key, (state, at, replied) in person.sends.items():
                self.send(contact, self.campaigns[key], state, at, replied)
        return found

    def send(self, contact: Contact, campaign: Campaign, state: str, at: datetime, replied: bool) -> None:
        ended = state not in Send.OPEN
        Send.objects.create(
            kind=Send.Kind.CAMPAIGN,
            mode=Mode.SIMULATOR,
            agent=self.agent,
            campaign=campaign,
            contact=contact,
            to=contact.phone,
            text="Hello",
            state=state,
            reason="A reason" if state in ("unknown", "failed") else "",
            posted_at=at,
            lease_until=at if state == "posting" else None,
            finished_at=at if ended else None,
            replied_at=at if replied else None,
        )


@pytest.fixture
def world() -> World:
    agent = make_agent()
    for name, kind in {"city": "text", "visits": "number", "2024": "number", "due": "date", "vip": "yesno"}.items():
        Attribute.objects.create(name=name, label=name.title(), kind=kind)
    campaigns = [
        Campaign.objects.create(
            name=f"Campaign {index}", agent=agent, message="Hi", status="finished", mode="simulator", launched_at=NOW
        )
        for index in range(CAMPAIGNS)
    ]
    return World([make_list([], f"List {index}") for index in range(LISTS)], campaigns, agent)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever the block writes is gone after it, so that one example does not see another's people."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


ONE_WORLD = [HealthCheck.function_scoped_fixture]


def compare(world: World, found: dict[int, Person], tree: dict[str, Any]) -> None:
    question = compile_question(read(world.translated(tree), Catalogue.load()), CLOCK)
    wanted = {key for key, person in found.items() if expected(tree, person)}
    assert set(Contact.objects.filter(question).values_list("pk", flat=True)) == wanted, tree
    # What a campaign leaves out is the question turned round.
    assert set(Contact.objects.filter(~question).values_list("pk", flat=True)) == set(found) - wanted, tree


@settings(max_examples=40, deadline=None, suppress_health_check=ONE_WORLD)
@given(everybody=people(), asked=every_condition())
def test_the_database_answers_each_condition_as_plain_python_does(
    world: World, everybody: list[Person], asked: tuple[dict[str, Any], ...]
) -> None:
    with undone():
        found = world.populate(everybody)
        for one in asked:
            compare(world, found, {"match": "all", "rules": [one]})


@settings(max_examples=60, deadline=None, suppress_health_check=ONE_WORLD)
@given(everybody=people(), tree=trees())
def test_the_database_answers_a_whole_question_as_plain_python_does(
    world: World, everybody: list[Person], tree: dict[str, Any]
) -> None:
    with undone():
        compare(world, world.populate(everybody), tree)


def ask(*rules: dict[str, Any], match: str = "all") -> str:
    catalogue = Catalogue.load()
    return sentence(read({"match": match, "rules": list(rules)}, catalogue), catalogue)


def rule(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def test_a_question_reads_as_a_sentence(world: World) -> None:
    on_list, campaign = str(world.lists[0].pk), str(world.campaigns[0].pk)
    assert ask() == "Everybody."
    assert ask(rule("attribute:city", "is", "Washington"), rule("texted", "not_last_days", 7)) == (
        "Everybody whose “City” is “Washington” and who was not texted in the last 7 days."
    )
    assert ask(rule("list", "on", on_list), rule("campaign", "silent", campaign), match="any") == (
        "Everybody who is on “List 0” or who got and did not reply to “Campaign 0”."
    )
    assert (
        ask(rule("consent_at", "from", "2026-01-15")) == "Everybody whose consent date is on or after January 15, 2026."
    )
    inner = {"match": "any", "rules": [rule("email", "filled"), rule("attribute:visits", "at_least", 1200)]}
    assert ask(rule("opted_out", "no"), inner) == (
        "Everybody who did not opt out and (whose e-mail is filled in or whose “Visits” is at least 1,200)."
    )


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (rule("attribute:gone", "is", "x"), "a column that is gone"),
        (rule("first_name", "explodes", "x"), "Say how “First name” is meant"),
        (rule("first_name", "is", "  "), "compared with"),
        (rule("attribute:visits", "is", "many"), "a number"),
        (rule("", ""), "Choose what the new condition is about"),
        (rule("texted", "last_days", "000000001" + "9" * 9), "how many days"),
        (rule("consent_source", "is", ""), "Choose for “Consent source”"),
        (rule("attribute:due", "on", "yesterday"), "Choose a date"),
        (rule("texted", "last_days", "0"), "how many days"),
        (rule("texted", "last_days", "9" * 400), "how many days"),
        (rule("list", "on", "999999"), "is gone"),
        (rule("list", "on", ""), "Choose for “A list”"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(world: World, broken: dict[str, Any], words: str) -> None:
    with pytest.raises(QuestionProblem, match=words):
        ask(broken)


@pytest.mark.parametrize(("typed", "value"), [("1,200", 1200), ("1,5", 1.5), ("-3", -3), ("2.50", 2.5)])
def test_a_number_is_read_as_the_cells_were(world: World, typed: str, value: float) -> None:
    question = read({"rules": [rule("attribute:visits", "is", typed)]}, Catalogue.load())
    assert as_json(question)["rules"][0]["value"] == value


def test_whose_consent_is_not_recorded_can_be_asked(world: World) -> None:
    make_contacts(1)
    assert ask(rule("consent_source", "is", "none")) == "Everybody whose consent source is “Not recorded”."
    question = read({"rules": [rule("consent_source", "is", "none")]}, Catalogue.load())
    assert everybody_in(question, CLOCK).count() == 1


def test_a_tree_from_elsewhere_is_refused(world: World) -> None:
    deep: dict[str, Any] = rule("email", "filled")
    for _ in range(9):
        deep = {"match": "all", "rules": [deep]}
    many = {"match": "any", "rules": [rule("email", "filled")] * 51}
    for tree in (deep, many, {"rules": "x"}, {"rules": ["x"]}):
        with pytest.raises(QuestionProblem):
            read(tree, Catalogue.load())


def test_a_saved_segment_names_itself_when_its_list_is_gone(world: World) -> None:
    segment = Segment.objects.create(name="Locals", question={"rules": [rule("list", "on", str(world.lists[0].pk))]})
    world.lists[0].delete()
    with pytest.raises(QuestionProblem, match="Segment “Locals”: A list that this question asks for is gone"):
        question_of(segment, Catalogue.load())


def test_what_the_page_posts_is_the_tree_again(world: World) -> None:
    tree = {
        "match": "all",
        "rules": [
            rule("attribute:city", "is", "Washington"),
            {"match": "any", "rules": [rule("texted", "last_days", 7), rule("email", "blank")]},
        ],
    }
    posted = {
        "match": "all",
        "0.field": "attribute:city",
        "0.op": "is",
        "0.value": "Washington",
        "1.match": "any",
        "1.0.field": "texted",
        "1.0.op": "last_days",
        "1.0.value": "7",
        "1.1.field": "email",
        "1.1.op": "blank",
        "1.1.value": "",
    }
    assert as_json(read(from_post(posted), Catalogue.load())) == tree


def test_the_buttons_add_and_take_out() -> None:
    tree: dict[str, Any] = {"match": "all", "rules": []}
    for action in ("add:", "group:", "add:1", "remove:0", "remove:0.1", "remove:7", "add:9", "nonsense", "remove:"):
        change(tree, action)
    assert tree == {"match": "all", "rules": [{"match": "any", "rules": [rule("", "", "")]}]}


def test_another_subject_offers_its_own_operators(world: World) -> None:
    shown = rows({"match": "all", "rules": [rule("attribute:due", "contains", "x")]}, Catalogue.load()).rows[0]
    assert shown.operator is not None
    assert shown.operator.key == "on"
    assert shown.takes == "date"


HISTORY = (("texted", "ever"), ("texted", "last_days"), ("campaign", "got"), ("campaign", "replied"))


def history(world: World) -> list[int]:
    """How many people each question about what was sent finds; the campaign is the first."""
    campaign = str(world.campaigns[0].pk)
    questions = [rule(field, op, campaign if field == "campaign" else 1) for field, op in HISTORY]
    clock = Clock(timezone.now(), CLOCK.zone)
    return [
        Contact.objects.filter(compile_question(read({"rules": [one]}, Catalogue.load()), clock)).count()
        for one in questions
    ]


def test_simulated_texts_are_no_history_in_live_mode(world: World, settings: Any) -> None:
    contact = make_contacts(1)[0]
    world.send(contact, world.campaigns[0], "accepted", timezone.now(), replied=True)
    assert history(world) == [1, 1, 1, 1]
    settings.REVMO_MODE = "live"
    assert history(world) == [0, 0, 0, 0]
    assert "(simulator; counts for nothing)" in ask(rule("campaign", "got", str(world.campaigns[0].pk)))


def test_live_texts_are_no_history_in_the_simulator(world: World, settings: Any) -> None:
    contact = make_contacts(1)[0]
    world.send(contact, world.campaigns[0], "accepted", timezone.now(), replied=True)
    Send.objects.update(mode=Mode.LIVE)
    Campaign.objects.update(mode=Mode.LIVE)
    Contact.objects.update(last_texted_at=timezone.now())
    assert history(world) == [0, 0, 0, 0]
    settings.REVMO_MODE = "live"
    assert history(world) == [1, 1, 1, 1]


def test_a_live_text_on_its_way_counts_as_texted(world: World, settings: Any) -> None:
    contact = make_contacts(2)[0]
    world.send(contact, world.campaigns[0], "posting", timezone.now(), replied=False)
    Send.objects.update(mode=Mode.LIVE)
    Campaign.objects.update(mode=Mode.LIVE)
    make_send(mode=Mode.LIVE, state="posting", lease_until=timezone.now(), posted_at=timezone.now())  # to no contact
    settings.REVMO_MODE = "live"
    assert history(world) == [1, 1, 1, 0]
    never = read({"rules": [rule("texted", "never")]}, Catalogue.load())
    assert Contact.objects.filter(compile_question(never, CLOCK)).count() == 1


@pytest.mark.parametrize("mode", Mode)
def test_a_test_send_is_nobodys_history(world: World, settings: Any, mode: Mode) -> None:
    make_send(
        mode=mode, contact=make_contacts(1)[0], state="posting", lease_until=timezone.now(), posted_at=timezone.now()
    )
    settings.REVMO_MODE = mode.value
    assert history(world) == [0, 0, 0, 0]


def test_a_question_is_one_query(world: World, django_assert_num_queries: Any) -> None:
    everything = [
        rule("first_name", "contains", "a"),
        rule("attribute:due", "next_days", 30),
        rule("list", "not_on", str(world.lists[0].pk)),
        rule("opted_out", "no"),
        {"match": "any", "rules": [rule("texted", "never"), rule("campaign", "silent", str(world.campaigns[0].pk))]},
    ]
    question = read({"rules": everything}, Catalogue.load())
    with django_assert_num_queries(1):
        everybody_in(question, CLOCK).count()


def test_who_replied_is_found_by_the_index_of_replies(world: World) -> None:
    people = make_contacts(300)
    for index, contact in enumerate(people):
        world.send(contact, world.campaigns[0], "accepted", NOW, replied=index % 100 == 0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_send, contacts_contact")
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table this small is read whole
    question = read({"rules": [rule("campaign", "replied", str(world.campaigns[0].pk))]}, Catalogue.load())
    found = Contact.objects.filter(compile_question(question, CLOCK)).order_by()
    assert found.count() == 3
    assert "sends_with_a_reply" in found.explain()
