"""The next lawful minute of a person, and why it is that one."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import law
from campaigns.hours_wording import windows_in_words
from campaigns.models import Account, Agent, Campaign, RehearsedText
from campaigns.places import whereabouts
from campaigns.planning import Plan
from campaigns.rehearsal import rehearse
from campaigns.sending import housekeeping
from campaigns.timing import next_lawful_minute
from campaigns.windows import Rule, hours_of, next_window
from contacts.models import Contact
from tests.makers import launched, make_account, make_agent, make_campaign, make_contacts

WIDE_OPEN = (Rule(frozenset(range(1, 8)), time(0), time.max),)
TEXAS, FLORIDA, RHODE_ISLAND, ARIZONA, TORONTO, LONDON = (
    "+17135550123", "+13055550123", "+14015550123", "+16025550123", "+14165550123", "+442079460123",
)  # fmt: skip
TOLL_FREE = "+18005550123"


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def lawful(phone: str, day: str) -> tuple[str, str]:
    """The hours that the law alone leaves of a day, on the number's clock."""
    where = whereabouts(phone, "")
    zone = ZoneInfo(where.zones[0])
    begin = datetime.fromisoformat(f"{day} 00:00").replace(tzinfo=zone)
    window = next_window(begin, where.zones, (*WIDE_OPEN, *law.rules_at(where.places)))
    assert window is not None
    return f"{window.opens.astimezone(zone):%a %H:%M}", f"{window.closes.astimezone(zone):%a %H:%M}"


# 2026-11-27 is a Friday, 29 a Sunday.
@pytest.mark.parametrize(
    ("phone", "day", "hours"),
    [
        ("+12125550123", "2026-11-27", ("Fri 08:00", "Fri 21:00")),  # the federal rule alone
        (TEXAS, "2026-11-27", ("Fri 09:00", "Fri 21:00")),
        (TEXAS, "2026-11-29", ("Sun 12:00", "Sun 21:00")),
        (TEXAS, "2025-08-31", ("Sun 08:00", "Sun 21:00")),  # SB 140 came on the next day
        (FLORIDA, "2026-11-27", ("Fri 08:00", "Fri 20:00")),
        ("+14055550123", "2026-11-27", ("Fri 08:00", "Fri 20:00")),  # Oklahoma
        ("+14105550123", "2026-11-27", ("Fri 08:00", "Fri 20:00")),  # Maryland
        ("+16015550123", "2026-11-27", ("Fri 08:00", "Fri 20:00")),  # Mississippi
        ("+12015550123", "2026-11-27", ("Fri 08:00", "Fri 20:00")),  # New Jersey
        ("+12035550123", "2026-11-27", ("Fri 09:00", "Fri 20:00")),  # Connecticut
        (RHODE_ISLAND, "2026-11-27", ("Fri 09:00", "Fri 18:00")),
        (RHODE_ISLAND, "2026-11-29", ("Sun 10:00", "Sun 17:00")),
        (TORONTO, "2026-11-27", ("Fri 09:00", "Fri 21:30")),
        (TORONTO, "2026-11-29", ("Sun 10:00", "Sun 18:00")),
        (LONDON, "2026-11-27", ("Fri 08:00", "Fri 20:00")),
        ("+17875550123", "2026-11-27", ("Fri 08:00", "Fri 21:00")),  # Puerto Rico
        ("+16015550123", "2026-11-29", ("Mon 08:00", "Mon 20:00")),  # no Sunday in Mississippi
    ],
)
def test_the_law_of_the_place(phone: str, day: str, hours: tuple[str, str]) -> None:
    assert lawful(phone, day) == hours


def test_every_rule_names_its_source_and_a_place_that_a_number_can_have() -> None:
    for place, rules in law.all_rules().items():
        assert place in ("US", "CA", "GB") or place.startswith("US-")
        assert all(rule.source for rule in rules)


def test_a_number_without_a_place_may_be_in_every_state() -> None:
    places = whereabouts("+15005550123", "").places
    assert {"US-TX", "US-FL", "US-RI", "US", "CA"} <= set(places)
    rules = law.rules_at(places)
    assert hours_of(date(2026, 11, 27), rules) == (time(10), time(18))
    assert hours_of(date(2026, 11, 29), rules) is None


def test_the_persons_own_zone_narrows_the_clocks_and_keeps_the_law_of_the_area_code() -> None:
    assert len(whereabouts("+19075550123", "").zones) > 1
    where = whereabouts("+19075550123", "America/Anchorage")
    assert where.zones == ("America/Anchorage",)
    assert "US-FL" in whereabouts(FLORIDA, "America/Phoenix").places


@pytest.mark.django_db
def test_reasons_say_whose_clock_which_hours_and_when() -> None:
    now = local("2026-11-29 10:00", "America/Chicago")
    answer = next_lawful_minute(TEXAS, "", make_account(name="Acme"), now)
    assert answer.window is not None
    assert not answer.now
    assert answer.window.opens == local("2026-11-29 12:00", "America/Chicago")
    assert answer.reasons[0] == "The number is of Texas: Chicago time."
    assert answer.reasons[1] == "The business texts from 9 AM to 8 PM on Sundays."
    assert answer.reasons[2].startswith("Texas: from noon to 9 PM (Texas Business and Commerce Code")
    assert answer.reasons[-1] == "The next text may leave on Sunday at noon, until 8 PM Chicago time."


@pytest.mark.django_db
def test_where_it_may_leave_now_it_says_until_when() -> None:
    answer = next_lawful_minute(ARIZONA, "", make_account(), local("2026-11-27 10:00", "America/Phoenix"))
    assert answer.now
    assert answer.reasons[-1] == "A text may leave now, until 8 PM Phoenix time."


@pytest.mark.django_db
def test_a_number_without_any_common_hour_has_no_lawful_minute_and_says_what_to_do() -> None:
    answer = next_lawful_minute(TOLL_FREE, "", make_account())
    assert answer.window is None
    assert "Give the person their time zone" in answer.reasons[-1]
    assert next_lawful_minute(TOLL_FREE, "America/Denver", make_account()).window is not None


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_a_rehearsal_keeps_to_the_clock_on_the_days_of_both_changes(day: str) -> None:
    people = [Contact.objects.create(phone=phone, first_name="Ada") for phone in ("+12125550123", ARIZONA, FLORIDA)]
    campaign = make_campaign(people, any_hour=False)
    with time_machine.travel(datetime.fromisoformat(f"{day}T00:30:00-05:00"), tick=False):
        texts = {text.phone: text for text in rehearse(campaign).texts.all()}
    for phone, zone in (
        ("+12125550123", "America/New_York"),
        (FLORIDA, "America/New_York"),
        (ARIZONA, "America/Phoenix"),
    ):
        assert texts[phone].due_at == local(f"{day} 09:00", zone)
        assert texts[phone].window_ends_at == local(f"{day} 20:00", zone)


@pytest.mark.django_db
def test_a_time_on_each_persons_own_clock() -> None:
    people = [
        Contact.objects.create(phone=phone, first_name="Ada") for phone in ("+12125550123", ARIZONA, "+12135550123")
    ]
    begin = local("2030-06-03 10:30", "America/New_York")  # the account's own clock
    campaign = make_campaign(people, any_hour=False, scheduled_at=begin, each_own_clock=True)
    due = dict(rehearse(campaign).texts.values_list("phone", "due_at"))
    assert due["+12125550123"] == begin
    assert due[ARIZONA] == local("2030-06-03 10:30", "America/Phoenix")
    assert due["+12135550123"] == local("2030-06-03 10:30", "America/Los_Angeles")


@pytest.mark.django_db
def test_a_spread_is_even_and_the_same_every_time() -> None:
    begin = local("2030-06-03 10:00", "America/New_York")
    campaign = make_campaign(make_contacts(4), any_hour=False, scheduled_at=begin, spread_minutes=120)
    due = list(rehearse(campaign).texts.order_by("contact_id").values_list("due_at", flat=True))
    assert due == [begin + timedelta(minutes=minutes) for minutes in (0, 30, 60, 90)]
    assert due == list(rehearse(campaign).texts.order_by("contact_id").values_list("due_at", flat=True))


@pytest.mark.django_db
def test_whose_minute_comes_after_the_end_is_held_back() -> None:
    begin = local("2030-06-03 06:00", "America/New_York")
    campaign = make_campaign(
        make_contacts(1), any_hour=False, scheduled_at=begin, expires_at=local("2030-06-03 08:00", "America/New_York")
    )
    assert rehearse(campaign).texts.get().outcome == RehearsedText.Outcome.TOO_LATE


@pytest.mark.django_db
def test_who_has_no_lawful_hour_is_held_back_and_any_hour_lifts_it() -> None:
    campaign = make_campaign([Contact.objects.create(phone=TOLL_FREE, first_name="Ada")], any_hour=False)
    assert rehearse(campaign).texts.get().outcome == RehearsedText.Outcome.NO_HOUR
    Campaign.objects.update(any_hour=True)
    assert rehearse(Campaign.objects.get()).texts.get().outcome == RehearsedText.Outcome.WILL_SEND


@pytest.mark.django_db
def test_a_queued_text_that_lost_its_last_lawful_hour_expires_with_the_reason() -> None:
    campaign = launched(1, any_hour=False)
    campaign.agent.account.windows.all().delete()
    past = datetime.now(UTC) - timedelta(hours=1)
    campaign.sends.update(due_at=past, window_ends_at=past)
    housekeeping.move_to_next_window([campaign.sends.get().pk])
    send = campaign.sends.get()
    assert (send.state, send.reason[:17]) == ("expired", "No hour is lawful")


@pytest.mark.django_db
def test_a_campaign_on_own_clocks_begins_with_its_first_text() -> None:
    with time_machine.travel(local("2030-06-03 00:00", "America/New_York"), tick=False):
        agent = make_agent(make_account(time_zone="America/Los_Angeles"))
        at = local("2030-06-03 10:00", "America/Los_Angeles")
        campaign = launched(1, agent=agent, any_hour=False, scheduled_at=at, each_own_clock=True)
    assert campaign.status == Campaign.Status.SCHEDULED
    assert campaign.begins_at == local("2030-06-03 10:00", "America/New_York")


@pytest.mark.django_db
def test_windows_in_words() -> None:
    account = make_account()
    assert windows_in_words(account) == "9 AM to 8 PM"
    account.windows.filter(weekday=7).delete()
    account.windows.filter(weekday=6).update(opens=time(10, 30))
    assert windows_in_words(Account.objects.get()) == "Mon to Fri 9 AM to 8 PM, Sat 10:30 AM to 8 PM"
    account.windows.all().delete()
    assert "no hour" in windows_in_words(Account.objects.get())


numbers = st.sampled_from([TEXAS, FLORIDA, RHODE_ISLAND, ARIZONA, TORONTO, LONDON, "+19075550123", "+15005550123"])
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@pytest.fixture
def account() -> Account:
    return make_account()


@given(
    phone=numbers,
    now=moments,
    zone=st.sampled_from(["", "America/Denver", "Europe/Berlin"]),
    spread=st.integers(1, 10_080),
    place=st.integers(0, 9),
    own_clock=st.booleans(),
    scheduled=moments,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one account for all examples
@pytest.mark.django_db
def test_no_texts_due_time_is_ever_outside_its_window_or_the_law(
    account: Account,
    phone: str,
    now: datetime,
    zone: str,
    spread: int,
    place: int,
    own_clock: bool,
    scheduled: datetime,
) -> None:
    campaign = Campaign(
        agent=Agent(account=account), spread_minutes=spread, each_own_clock=own_clock, scheduled_at=scheduled
    )
    where = whereabouts(phone, zone)
    slot = Plan(campaign, now, 10).slot(where, place)
    if slot.due_at is None or slot.window_ends_at is None:
        assert slot.reason
        return
    assert now <= slot.due_at < slot.window_ends_at
    for clock in where.zones:
        for moment in (slot.due_at, slot.window_ends_at - timedelta(microseconds=1)):
            at = moment.astimezone(ZoneInfo(clock))
            allowed = hours_of(at.date(), law.rules_at(where.places))
            assert time(9) <= at.time() < time(20)
            assert allowed is not None
            assert allowed[0] <= at.time() < allowed[1]


@pytest.mark.django_db
def test_a_spread_counts_lawful_hours_alone_so_nobody_bunches_in_the_morning() -> None:
    begin = local("2030-06-03 19:00", "America/New_York")  # an hour before the window closes
    campaign = make_campaign(make_contacts(4), any_hour=False, scheduled_at=begin, spread_minutes=240)
    due = list(rehearse(campaign).texts.order_by("contact_id").values_list("due_at", flat=True))
    morning = local("2030-06-04 09:00", "America/New_York")
    assert due == [begin, morning, morning + timedelta(hours=1), morning + timedelta(hours=2)]
