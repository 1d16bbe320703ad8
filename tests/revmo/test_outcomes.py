"""The outcome table, line by line."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revmo.outcomes import MAX_RETRY_AFTER, Answer, Fault, Outcome, Verdict, judge, judge_fault, retry_after

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
HALTING = [401, 402, 403, 404, 300, 301, 302, 304, 305, 306, 307, 308, 310, 399]
FAILING = [400, 405, 406, *range(410, 423), 426, 428, 431, 451]
OTHER_4XX = [407, 423, 424, 427, 430, 499]
UNCERTAIN = [408, 409, 425, 303, 500, 501, 502, 503, 504, 507, 511, 520, 599]


def answered(status: int, value: object = None, **headers: str) -> Outcome:
    body = b"" if value is None else json.dumps(value).encode()
    return judge(Answer(status, {name.replace("_", "-"): text for name, text in headers.items()}, body), now=NOW)


class TestWithoutAnAnswer:
    @pytest.mark.parametrize("fault", [Fault.DNS, Fault.REFUSED, Fault.CONNECT_TIMEOUT])
    def test_what_proves_that_nothing_left_is_tried_again(self, fault: Fault) -> None:
        outcome = judge_fault(fault)

        assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, fault.value)
        assert not outcome.counts_toward_brake
        assert not outcome.slow_down
        assert outcome.detail.startswith("Not sent yet: ")

    def test_an_insecure_connection_halts_the_account(self) -> None:
        outcome = judge_fault(Fault.TLS)

        assert (outcome.verdict, outcome.reason) == (Verdict.HALT, "tls")
        assert "certificate" in outcome.detail
        assert "REVMO_API_URL" in outcome.detail

    @pytest.mark.parametrize(
        "fault",
        [
            Fault.READ_TIMEOUT,
            Fault.RESET,
            Fault.REMOTE_CLOSE,
            Fault.NOT_HTTP,
            Fault.DEADLINE,
            Fault.WORKER_DEATH,
        ],
    )
    def test_what_proves_nothing_is_unknown_and_counts_toward_the_brake(self, fault: Fault) -> None:
        outcome = judge_fault(fault)

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.UNKNOWN, fault.value, None)
        assert outcome.counts_toward_brake
        assert outcome.detail.startswith("We cannot tell whether this text was sent: ")

    def test_every_fault_has_its_line(self) -> None:
        assert {judge_fault(fault).reason for fault in Fault} == {fault.value for fault in Fault}


class TestRefusals:
    @pytest.mark.parametrize("status", HALTING)
    def test_what_would_refuse_every_text_halts_the_account(self, status: int) -> None:
        outcome = answered(status, {"error": "no"})

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.HALT, f"http_{status}", status)
        assert not outcome.counts_toward_brake
        assert outcome.detail.startswith("Nothing was sent. ")

    @pytest.mark.parametrize(
        ("status", "advice"),
        [
            (401, "REVMO_API_KEY"),
            (402, "payment"),
            (403, "whether SMS is enabled"),
            (404, "REVMO_API_URL"),
            (307, "do not follow"),
        ],
    )
    def test_a_halt_says_what_to_do(self, status: int, advice: str) -> None:
        assert advice in answered(status).detail

    @pytest.mark.parametrize("status", FAILING + OTHER_4XX)
    def test_other_4xx_fail_this_text_for_good(self, status: int) -> None:
        outcome = answered(status, {"error": "The number cannot receive texts."})

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.FAILED, f"http_{status}", status)
        assert outcome.detail == "Revmo refused this text: The number cannot receive texts."
        assert not outcome.counts_toward_brake

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 7}'])
    def test_a_failure_without_a_sentence_names_the_status(self, body: bytes) -> None:
        assert judge(Answer(422, {}, body)).detail == "Revmo refused this text (status 422)."

    @pytest.mark.parametrize("status", UNCERTAIN)
    def test_what_may_have_been_done_is_unknown(self, status: int) -> None:
        outcome = answered(status, {"error": "oops"}, retry_after="5")

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.UNKNOWN, f"http_{status}", status)
        assert outcome.counts_toward_brake
        assert outcome.retry_after is None
        assert outcome.evidence == '{"error": "oops"}'

    @pytest.mark.parametrize("status", [100, 101, 103, 199, 600, 999])
    def test_a_status_that_http_does_not_know_is_unknown(self, status: int) -> None:
        assert answered(status).verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize(
        ("status", "verdict"), [(401, Verdict.HALT), (400, Verdict.FAILED), (500, Verdict.UNKNOWN)]
    )
    @pytest.mark.parametrize("broken", [Fault.RESET, Fault.READ_TIMEOUT, Fault.DEADLINE])
    def test_the_status_decides_also_where_the_body_broke_off(
        self, status: int, verdict: Verdict, broken: Fault
    ) -> None:
        assert judge(Answer(status, {}, b'{"err', broken)).verdict is verdict


class TestOptedOut:
    @pytest.mark.parametrize(
        "value",
        [
            {"error": "The recipient has opted out."},
            {"code": 21610, "message": "Attempt to send to unsubscribed recipient"},
            {"error": {"code": "recipient_opted_out"}},
            {"code": "OPT_OUT"},
            {"message": "They replied STOP"},
        ],
    )
    def test_a_refusal_that_speaks_of_an_opt_out_says_so(self, value: object) -> None:
        outcome = answered(400, value)
        assert (outcome.verdict, outcome.opted_out) == (Verdict.FAILED, True)

    @pytest.mark.parametrize(
        "value",
        [
            {"error": "The number cannot receive texts."},
            {"error": "Add opt-out instructions to the text."},
            {"opted_out": False},
            {"code": 121610},
            ["opted out"],
        ],
    )
    def test_no_other_refusal_does(self, value: object) -> None:
        assert not answered(400, value).opted_out

    def test_it_counts_also_where_the_texts_fate_is_unknown_but_never_from_a_broken_server(self) -> None:
        assert answered(200, {"result": "Recipient opted out"}).opted_out
        assert not answered(500, {"error": "opted out"}).opted_out


class TestTooManyRequests:
    def test_it_is_queued_again_and_slows_the_account_down(self) -> None:
        outcome = answered(429, {"error": "slowly"}, retry_after="7")

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.RETRY, "http_429", 429)
        assert outcome.retry_after == 7
        assert outcome.slow_down
        assert not outcome.counts_toward_brake

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("7", 7.0),
            (" 7 ", 7.0),
            ("Mon, 02 Mar 2026 17:30:30 GMT", 30.0),
            ("Monday, 02-Mar-26 17:30:30 GMT", 30.0),
            ("Mon Mar  2 17:30:30 2026", 30.0),
            ("1000000000", MAX_RETRY_AFTER),
            ("9" * 400, MAX_RETRY_AFTER),
            ("Fri, 01 Jan 2100 00:00:00 GMT", MAX_RETRY_AFTER),
        ],
    )
    def test_it_takes_seconds_and_dates_up_to_a_limit(self, text: str, seconds: float) -> None:
        assert retry_after(text, NOW) == seconds

    @pytest.mark.parametrize(
        "text",
        ["", "0", "-1", "abc", "1.5", "1e3", "inf", "nan", "²", "٣", "Mon, 02 Mar 2026 17:29:30 GMT", "99 Foo 2026"],
    )
    def test_nonsense_and_the_past_leave_it_to_our_own_backoff(self, text: str) -> None:
        assert retry_after(text, NOW) is None

    @given(st.text(max_size=60))
    def test_no_header_trips_it(self, text: str) -> None:
        seconds = retry_after(text, NOW)
        assert seconds is None or 0 < seconds <= MAX_RETRY_AFTER


class TestSuccess:
    @pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
    @pytest.mark.parametrize(
        "value", [{}, {"result": "Ok"}, {"result": "OK"}, {"result": "ok", "calls_remaining": "4"}]
    )
    def test_an_object_that_does_not_say_otherwise_is_a_yes(self, status: int, value: object) -> None:
        outcome = answered(status, value)

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.ACCEPTED, "accepted", status)
        assert outcome.thread_id == ""
        assert not outcome.counts_toward_brake

    @pytest.mark.parametrize("name", ["thread_id", "threadId", "ThreadId", "external_id", "id"])
    def test_it_finds_the_thread_id_under_each_name(self, name: str) -> None:
        assert answered(200, {"result": "Ok", name: "th_1"}).thread_id == "th_1"
        assert answered(200, {"result": "Ok", name: 4711}).thread_id == "4711"

    def test_the_first_name_that_holds_an_id_counts(self) -> None:
        value = {"id": "e", "external_id": "d", "ThreadId": "c", "threadId": "b", "thread_id": None}
        assert answered(200, value).thread_id == "b"

    @pytest.mark.parametrize("found", [None, True, "", "  ", [], {}, 1.5, "x" * 201, "a\x00b", "a\ud800"])
    def test_what_is_no_id_is_left_out(self, found: object) -> None:
        outcome = answered(200, {"thread_id": found})
        assert (outcome.verdict, outcome.thread_id) == (Verdict.ACCEPTED, "")

    @pytest.mark.parametrize("result", ["Error", "", "Okay", "queued", None, True, 1, ["Ok"], {"a": 1}])
    def test_another_result_is_unknown_with_its_text_as_evidence(self, result: object) -> None:
        outcome = answered(200, {"result": result, "id": "th_1"})

        assert (outcome.verdict, outcome.reason, outcome.thread_id) == (Verdict.UNKNOWN, "other_result", "")
        assert outcome.counts_toward_brake
        assert json.dumps(result) in outcome.evidence

    @pytest.mark.parametrize("broken", [Fault.RESET, Fault.REMOTE_CLOSE])
    def test_a_body_cut_after_the_header_is_a_yes_without_a_thread_id(self, broken: Fault) -> None:
        outcome = judge(Answer(200, {}, b'{"thread_id": "th_1"}', broken))

        assert (outcome.verdict, outcome.reason, outcome.thread_id) == (Verdict.ACCEPTED, "accepted_cut", "")

    @pytest.mark.parametrize("broken", [Fault.READ_TIMEOUT, Fault.DEADLINE, Fault.NOT_HTTP])
    def test_a_body_that_does_not_come_in_time_is_unknown(self, broken: Fault) -> None:
        outcome = judge(Answer(200, {}, b'{"thread_id": "th_1"', broken))

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.UNKNOWN, broken.value, 200)
        assert outcome.counts_toward_brake

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>Welcome</html>",
            b"Ok",
            b"[]",
            b"null",
            b'"Ok"',
            b'{"result": "Ok"',
            b'{"result": "Ok"} {}',
            b"\xff\xfe\xfa",
            b"[" * 60_000,
            b'{"id": 1' + b"0" * 5000 + b"}",
        ],
    )
    def test_whatever_is_no_object_is_unknown(self, body: bytes) -> None:
        outcome = judge(Answer(200, {}, body))

        assert (outcome.verdict, outcome.reason, outcome.http_status) == (Verdict.UNKNOWN, "not_json", 200)
        assert outcome.counts_toward_brake

    def test_an_answer_far_too_long_is_unknown_even_if_it_begins_well(self) -> None:
        outcome = judge(Answer(200, {}, b'{"result": "Ok"}', oversized=True))

        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "too_long")
        assert outcome.counts_toward_brake


class TestWhatIsQuoted:
    @pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
    def test_it_never_shows_the_key_not_even_where_it_is_cut(self, status: int) -> None:
        key = "sk-" + "k" * 40
        # The cuts of a result at 100, of a sentence at 300 and of the evidence at 500 characters go through it.
        body = json.dumps({"result": "x" * 90 + key + "x" * 30, "error": "x" * 290 + key}).encode()
        assert body.rindex(key.encode()) < 500 < body.rindex(key.encode()) + len(key)

        outcome = judge(Answer(status, {}, body), secret=key)

        assert "sk-" not in outcome.evidence
        assert "sk-" not in outcome.detail
        assert "[API key]" in outcome.evidence

    def test_it_is_short(self) -> None:
        outcome = judge(Answer(500, {}, b"x" * 60_000))
        assert outcome.evidence == "x" * 500
        assert len(judge(Answer(400, {}, json.dumps({"error": "x" * 9000}).encode())).detail) < 400

    @given(
        st.integers(100, 999),
        st.binary(max_size=200)
        | st.dictionaries(st.sampled_from(["result", "error", "id"]), st.text()).map(
            lambda value: json.dumps(value).encode()
        ),
    )
    def test_whatever_is_said_can_be_stored(self, status: int, body: bytes) -> None:
        outcome = judge(Answer(status, {}, body))
        for text in (outcome.detail, outcome.evidence, outcome.thread_id):
            assert "\x00" not in text
            text.encode()
