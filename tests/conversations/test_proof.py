"""The queue of doubts, and the proof for a number as a page and a workbook."""

import io
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from campaigns.models import Mode, Send
from contacts.models import Suppression
from contacts.suppressing import rest
from conversations import proof
from tests.conversations.calls import apply, sent_text, status_call, text_call
from tests.makers import launched, make_contacts, number

pytestmark = pytest.mark.django_db

REVIEWS = "/contacts/suppression/reviews/"


def staff(*permissions: str) -> Client:
    user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


class TestReviews:
    @pytest.fixture(autouse=True)
    def _doubt(self) -> None:
        self.campaign = launched(1)
        rest([number(0)], evidence="STOP this <b>bill</b>", doubt="It contains “stop”.", said_at=timezone.now())
        self.row = Suppression.objects.get()
        self.decide = f"/contacts/suppression/{self.row.pk}/decide/"

    def test_it_shows_their_words_and_the_days_left(self) -> None:
        page = staff("view_suppression", "review_suppression").get(REVIEWS).content.decode()
        assert "STOP this &lt;b&gt;bill&lt;/b&gt;" in page
        assert re.search(r"\b(9|10) business days left", page)  # the reader's day may be a day ahead of the clock's
        assert "Yes, they mean stop" in page

    def test_one_click_sets_the_number_free_and_leaves_a_trace(self) -> None:
        client = staff("view_suppression", "review_suppression")
        client.post(self.decide, {"decision": "go", "reason": "They meant the bill."})
        self.row.refresh_from_db()
        assert (self.row.under_review, self.row.lift_reason) == (False, "They meant the bill.")
        assert str(self.row.lifted_by) == "staff0"
        assert not Suppression.objects.standing().exists()

    def test_one_click_makes_it_certain(self) -> None:
        staff("view_suppression", "review_suppression").post(self.decide, {"decision": "stop"})
        self.row.refresh_from_db()
        assert self.row.lifted_at is None
        assert self.row.decided_at is not None
        assert self.campaign.sends.get().state == "suppressed"

    def test_without_a_reason_nothing_is_set_free(self) -> None:
        staff("view_suppression", "review_suppression").post(self.decide, {"decision": "go", "reason": "  "})
        assert Suppression.objects.to_be_decided().exists()

    def test_it_takes_a_post_and_its_permission(self) -> None:
        client = staff("view_suppression", "review_suppression")
        assert client.get(self.decide).status_code == 405
        looker = staff("view_suppression", "lift_suppression")
        assert looker.post(self.decide, {"decision": "go", "reason": "x"}).status_code == 403
        assert "Yes, they mean stop" not in looker.get(REVIEWS).content.decode()
        assert staff().get(REVIEWS).status_code == 403
        assert Suppression.objects.to_be_decided().exists()

    def test_the_second_of_two_people_is_told(self) -> None:
        client = staff("view_suppression", "review_suppression")
        client.post(self.decide, {"decision": "stop"})
        page = client.post(self.decide, {"decision": "go", "reason": "x"}, follow=True).content.decode()
        assert "has decided about" in page
        assert Suppression.objects.standing().exists()

    def test_an_overdue_one_says_so(self) -> None:
        Suppression.objects.update(review_by=timezone.localdate() - timedelta(days=5))
        assert "Overdue since" in staff("view_suppression").get(REVIEWS).content.decode()


class TestProof:
    @pytest.fixture(autouse=True)
    def _story(self) -> None:
        contact = make_contacts(
            1,
            first_name="Jane",
            time_zone="America/Los_Angeles",
            consent_at=timezone.now() - timedelta(days=9),
            consent_source="web form",
            consent_text="=Yes, text me",
        )[0]
        self.send = sent_text(contact=contact, text="Hello Jane")
        apply(status_call(self.send, "delivered"))
        apply(text_call(self.send, "=HYPERLINK(1) stop by at 5?"))
        apply(text_call(self.send, "STOP"))

    def test_it_tells_the_story_in_order_with_their_local_time(self) -> None:
        found = proof.proof_of(self.send.to, Mode.SIMULATOR)
        said = [(line.who, line.text) for line in found.lines if not line.grave]
        assert said == [
            ("They", "Consent"),
            ("We (reply)", "Hello Jane"),
            ("They", "=HYPERLINK(1) stop by at 5?"),
            ("They", "STOP"),
        ]
        assert found.zone == "America/Los_Angeles"
        hello = found.lines[1]
        assert hello.outcome == "Sent, delivered"
        assert hello.local != f"{hello.at:%Y-%m-%d %H:%M:%S}"

    def test_it_says_how_fast_an_opt_out_was_kept_and_that_nothing_came_after(self) -> None:
        (kept,) = proof.proof_of(self.send.to, Mode.SIMULATOR).opt_outs
        assert kept.seconds is not None
        assert 0 <= kept.seconds < 60
        assert kept.after == 0
        Send.objects.filter(pk=self.send.pk).update(posted_at=timezone.now() + timedelta(seconds=1))
        (kept,) = proof.proof_of(self.send.to, Mode.SIMULATOR).opt_outs
        assert kept.after == 1

    def test_the_page_and_the_workbook_show_it(self) -> None:
        client = staff("view_suppression", "view_conversation")
        page = client.get(f"/proof/{self.send.to}/").content.decode()
        assert "web form" in page
        assert "No text began after it" in page
        answer = client.post(f"/proof/{self.send.to}/file/")
        rows = list(load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows())
        assert [cell.value for cell in rows[0]] == list(proof.COLUMNS)
        assert len(rows) == 1 + len(proof.proof_of(self.send.to, Mode.SIMULATOR).lines)
        assert all(cell.data_type != "f" for row in rows for cell in row)
        assert any(cell.value == "=HYPERLINK(1) stop by at 5?" for row in rows for cell in row)

    def test_it_is_for_those_who_may_see_both_and_files_are_asked_for_by_post(self) -> None:
        assert staff("view_suppression").get(f"/proof/{self.send.to}/").status_code == 403
        client = staff("view_suppression", "view_conversation")
        assert client.get(f"/proof/{self.send.to}/file/").status_code == 405
        assert client.get("/proof/nonsense/").status_code == 404
        assert Client().get(f"/proof/{self.send.to}/").status_code == 302

    def test_a_number_without_anything_says_so(self) -> None:
        page = staff("view_suppression", "view_conversation").get(f"/proof/{number(88)}/").content.decode()
        assert "No consent is on record" in page
        assert "Nothing has been said" in page
