"""A person decides about unknowns and failures: beside the state, once, and nobody is texted by two people at once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Mode, Resolution, Send
from campaigns.sending import housekeeping, intents, queue, resolving
from campaigns.sending.resolving import CannotResolve
from contacts.models import Suppression
from contacts.suppressing import suppress
from tests.campaigns.test_admin_pages import signed_in
from tests.makers import launched, make_send, number, states

LONG_AGO = timedelta(minutes=16)


def ended(amount: int = 1, state: str = "unknown", ago: timedelta = LONG_AGO, **fields: Any) -> Campaign:
    """A finished campaign whose texts all ended so."""
    campaign = launched(amount)
    campaign.sends.update(state=state, reason="Nobody knows.", finished_at=timezone.now() - ago, attempts=1, **fields)
    housekeeping.finish(Mode.SIMULATOR)
    campaign.refresh_from_db()
    assert campaign.status == "finished"
    return campaign


def the_send(campaign: Campaign) -> Send:
    return campaign.sends.get(resend_number=0)


@pytest.mark.django_db
def test_assumed_sent_is_noted_beside_the_state_and_leaves_the_tray() -> None:
    send = the_send(ended())
    assert list(resolving.undecided("simulator")) == [send]
    resolving.assume_sent(send, by=None, reason="She wrote back.")
    send.refresh_from_db()
    assert (send.state, send.resolution.reason) == ("unknown", "She wrote back.")
    assert not resolving.undecided("simulator").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["unknown", "failed"])
def test_a_resend_is_a_new_row_of_the_same_text_and_the_campaign_goes_on(state: str) -> None:
    campaign = ended(state=state)
    send = the_send(campaign)
    resend = resolving.send_again(send, by=None, reason="She asked for it.")
    assert (resend.resend_number, resend.to, resend.text) == (1, send.to, send.text)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.finished_at) == ("running", None)
    assert states(campaign) == {state: 1, "queued": 1}
    claims = queue.claim(campaign.agent.account, Mode.SIMULATOR, 5, 60.0)
    going, _ = intents.commit_intents(campaign.agent.account, Mode.SIMULATOR, claims, 60.0)
    assert [one.id for one in going.posting] == [resend.pk]
    assert send.resolution.resend == resend


@pytest.mark.django_db
def test_a_resend_obeys_the_send_window() -> None:
    campaign = ended(window_ends_at=timezone.now() - timedelta(hours=1))
    resend = resolving.send_again(the_send(campaign), by=None, reason="She asked for it.")
    claims = queue.claim(campaign.agent.account, Mode.SIMULATOR, 5, 60.0)
    going, closed = intents.commit_intents(campaign.agent.account, Mode.SIMULATOR, claims, 60.0)
    assert (going.posting, closed) == ([], [resend.pk])


@pytest.mark.django_db
def test_a_resend_waits_a_quarter_of_an_hour() -> None:
    send = the_send(ended(ago=timedelta(minutes=5)))
    with pytest.raises(CannotResolve, match="in 10 minutes"):
        resolving.send_again(send, by=None, reason="Hurry.")
    assert not Resolution.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["accepted", "suppressed", "canceled"])
def test_nothing_else_is_sent_again(state: str) -> None:
    send = the_send(ended(state=state))
    with pytest.raises(CannotResolve, match="Only what failed or is unknown"):
        resolving.send_again(send, by=None, reason="Please.")


@pytest.mark.django_db
def test_a_failed_text_cannot_be_assumed_sent() -> None:
    with pytest.raises(CannotResolve, match="not unknown any more"):
        resolving.assume_sent(the_send(ended(state="failed")), by=None, reason="Surely.")


@pytest.mark.django_db
def test_a_decision_has_a_reason() -> None:
    send = the_send(ended())
    for decide in (resolving.assume_sent, resolving.send_again):
        with pytest.raises(CannotResolve, match="Write down why"):
            decide(send, by=None, reason="  ")


@pytest.mark.django_db
def test_who_opted_out_meanwhile_gets_nothing() -> None:
    send = the_send(ended())
    suppress([send.to], source=Suppression.Source.STAFF)
    with pytest.raises(CannotResolve, match="opted out"):
        resolving.send_again(send, by=None, reason="Please.")


@pytest.mark.django_db
def test_what_a_canceled_or_expired_campaign_owed_stays_unsent() -> None:
    campaign = ended()
    Campaign.objects.update(expires_at=timezone.now())
    with pytest.raises(CannotResolve, match="is over"):
        resolving.send_again(the_send(campaign), by=None, reason="Please.")
    Campaign.objects.update(status="canceled")
    with pytest.raises(CannotResolve, match="canceled"):
        resolving.send_again(the_send(campaign), by=None, reason="Please.")


@pytest.mark.django_db
def test_a_test_text_can_be_sent_again_too() -> None:
    send = make_send(state="unknown", reason="Why", finished_at=timezone.now() - LONG_AGO)
    assert resolving.send_again(send, by=None, reason="Again.").resend_number == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_sends() -> None:
    campaign = ended()
    send, barrier, said = the_send(campaign), threading.Barrier(2), []

    def decide() -> None:
        barrier.wait()
        try:
            resolving.send_again(send, by=None, reason="Mine.")
        except CannotResolve as problem:
            said.append(str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(campaign) == {"unknown": 1, "queued": 1}
    assert said == ["Somebody was first: sent again."]


@pytest.mark.django_db
def test_all_that_certainly_failed_is_retried_and_nothing_else() -> None:
    campaign = ended(5, state="failed")
    campaign.sends.filter(to=number(1)).update(finished_at=timezone.now())
    suppress([number(2)], source=Suppression.Source.STAFF)
    resolving.send_again(campaign.sends.get(to=number(3)), by=None, reason="She called.")
    assert resolving.retry_failed(campaign, by=None, reason="Revmo is back.") == 2
    assert set(campaign.sends.filter(state="queued").values_list("to", flat=True)) == {number(0), number(3), number(4)}
    with pytest.raises(CannotResolve, match="nothing to retry"):
        resolving.retry_failed(campaign, by=None, reason="Again.")


@pytest.mark.django_db
def test_a_text_that_fails_twice_gets_the_next_number() -> None:
    campaign = ended(state="failed")
    first = resolving.send_again(the_send(campaign), by=None, reason="One.")
    Send.objects.filter(pk=first.pk).update(
        state="failed", reason="Again", finished_at=timezone.now() - LONG_AGO, lease_until=None
    )
    assert resolving.retry_failed(campaign, by=None, reason="Two.") == 1
    assert campaign.sends.filter(state="queued").get().resend_number == 2


@pytest.mark.django_db
def test_the_tray_shows_why_and_the_text_s_page_decides() -> None:
    campaign = ended()
    send = the_send(campaign)
    client = signed_in("view_send", "view_unknown", "resolve_send", "resend_send")
    tray = client.get(reverse("admin:campaigns_unknown_changelist")).content.decode()
    assert "Nobody knows." in tray
    page = reverse("admin:campaigns_send_change", args=[send.pk])
    assert client.get(reverse("admin:campaigns_unknown_change", args=[send.pk])).headers["Location"] == page
    assert "Assume sent" in client.get(page).content.decode()
    client.post(reverse("admin:campaigns_send_assume", args=[send.pk]), {"reason": "She wrote back."})
    shown = client.get(page).content.decode()
    assert "She wrote back." in shown
    assert "Assume sent</button>" not in shown
    assert "No unknowns" in client.get(reverse("admin:campaigns_unknown_changelist")).content.decode()


@pytest.mark.django_db
def test_late_evidence_for_the_first_is_a_warning() -> None:
    campaign = ended()
    send = the_send(campaign)
    resend = resolving.send_again(send, by=User.objects.create_user("dana"), reason="No answer.")
    Send.objects.filter(pk=send.pk).update(state="accepted")
    client = signed_in("view_send")
    assert "may have it twice" in client.get(reverse("admin:campaigns_send_change", args=[send.pk])).content.decode()
    assert "had left" not in client.get(reverse("admin:campaigns_send_change", args=[resend.pk])).content.decode()
    assert (
        "turned out to have left"
        in client.get(reverse("admin:campaigns_send_change", args=[resend.pk])).content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "permission"), [("assume", "resolve_send"), ("again", "resend_send"), ("retry", "resend_send")]
)
def test_each_decision_needs_its_permission_and_a_post(page: str, permission: str) -> None:
    campaign = ended(state="failed" if page == "retry" else "unknown")
    key = campaign.pk if page == "retry" else the_send(campaign).pk
    address = reverse(f"admin:campaigns_send_{page}", args=[key])
    others = {"resolve_send", "resend_send", "view_send", "change_campaign"} - {permission}
    assert signed_in(*others).post(address, {"reason": "Please."}).status_code == 403
    holder = signed_in("view_send", "view_campaign", permission)
    assert holder.get(address).status_code == (200 if page == "retry" else 405)
    assert not Resolution.objects.exists()
    assert holder.post(address, {"reason": "Please."}).status_code == 302
    assert Resolution.objects.count() == 1
