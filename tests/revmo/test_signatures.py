import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from revmo.signatures import NotAuthentic, check_token, fallback_event_id, parse_secrets, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"
BODY = b'{"type": "sms.agent", "data": {"name": "Jos\xc3\xa9"}}'
NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)


def signature(event_id: str, at: datetime, body: bytes = BODY, secret: str = SECRET) -> str:
    """By hand, from the specification: HMAC-SHA256 over id.timestamp.body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{event_id}.{int(at.timestamp())}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def signed(at: datetime = NOW, **changes: str) -> dict[str, str]:
    """Headers of an event that was signed at this time; changes come after the signing."""
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature("evt_1", at),
    }
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


class TestSignatures:
    def test_the_example_of_the_specification_holds(self) -> None:
        headers = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        with time_machine.travel(1614265330):
            found = verify(headers, b'{"test": 2432232314}', [SECRET])
        assert found == "msg_p5jXN8AQM9LWM0D4loKWxJek"

    def test_it_gives_the_id_of_the_event(self) -> None:
        assert verify(signed(), BODY, [SECRET]) == "evt_1"

    def test_names_of_headers_may_be_in_any_case(self) -> None:
        assert verify({name.title(): value for name, value in signed().items()}, BODY, [SECRET]) == "evt_1"

    def test_one_changed_byte_is_enough(self) -> None:
        for place in range(len(BODY)):
            changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
            with pytest.raises(NotAuthentic):
                verify(signed(), changed, [SECRET])

    def test_the_same_json_written_differently_is_another_body(self) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed(), BODY.replace(b": ", b":"), [SECRET])

    @pytest.mark.parametrize("changes", [{"webhook-id": "evt_2"}, {"webhook-timestamp": "1772472601"}])
    def test_id_and_time_are_signed_too(self, changes: dict[str, str]) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed() | changes, BODY, [SECRET])

    @pytest.mark.parametrize("seconds", [-299, 299])
    def test_five_minutes_either_way_are_allowed(self, seconds: int) -> None:
        assert verify(signed(NOW + timedelta(seconds=seconds)), BODY, [SECRET])

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_more_is_not(self, seconds: int) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed(NOW + timedelta(seconds=seconds)), BODY, [SECRET])

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_each_header_must_be_there_once(self, name: str) -> None:
        headers = signed()
        for spoiled in (
            {key: value for key, value in headers.items() if key != name},
            headers | {name: ""},
            headers | {name.title(): headers[name]},  # twice, as a server that keeps the case hands it on
            headers | {name: f"{headers[name]},{headers[name]}"},  # twice, as WSGI joins it
        ):
            with pytest.raises(NotAuthentic):
                verify(spoiled, BODY, [SECRET])

    @pytest.mark.parametrize(
        "junk",
        [
            "v1",
            "v1,",
            ",",
            "v1,a,b",
            "v1,!!!",
            "  ",
            "v1,YQ",
            "v1,é",
            "v2,YQ==",
            "v1a,YQ==",
            "\x00",
            "\ud800",
            "v1," * 999,
        ],
    )
    def test_junk_instead_of_a_signature(self, junk: str) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed(webhook_signature=junk), BODY, [SECRET])

    @pytest.mark.parametrize("junk", ["NaN", "inf", "-1", "soon", "1e400", "²", "9" * 400, "\x00"])
    def test_junk_instead_of_a_time(self, junk: str) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed(webhook_timestamp=junk), BODY, [SECRET])

    @pytest.mark.parametrize("event_id", ["evt\x00", "a\nb", "x" * 201, "\udcff"])
    def test_an_id_that_could_not_be_stored(self, event_id: str) -> None:
        with pytest.raises(NotAuthentic, match="malformed"):
            verify(signed() | {"webhook-id": event_id}, BODY, [SECRET])

    @pytest.mark.parametrize("body", [b"\xff\xfe", '{"body": "détiens STOP"}'.encode("latin-1")])
    def test_bytes_that_are_no_utf_8_count_as_others_do(self, body: bytes) -> None:
        """What is authentic is kept, and may be somebody's STOP."""
        right = signed(webhook_signature=f"v2,x {signature('evt_1', NOW, body)}")
        assert verify(right, body, [OTHER, SECRET]) == "evt_1"
        for headers, sent, secrets in (
            (right, body + b"x", [SECRET]),
            (right, body, [OTHER]),
            (right | {"webhook-id": "evt_2"}, body, [SECRET]),
            (right | {"webhook-timestamp": "NaN"}, body, [SECRET]),
            (right | {"webhook-signature": "é"}, body, [SECRET]),
            (signed(webhook_signature=signature("evt_1", NOW, body.decode("latin-1").encode())), body, [SECRET]),
        ):
            with pytest.raises(NotAuthentic):
                verify(headers, sent, secrets)
        for seconds, counts in ((299, True), (301, False), (-299, True), (-301, False)):
            at = NOW + timedelta(seconds=seconds)
            headers = signed(at, webhook_signature=signature("evt_1", at, body))
            if counts:
                assert verify(headers, body, [SECRET]) == "evt_1"
            else:
                with pytest.raises(NotAuthentic):
                    verify(headers, body, [SECRET])

    def test_a_signed_body_need_not_be_json(self) -> None:
        assert verify(signed(webhook_signature=signature("evt_1", NOW, b"hello")), b"hello", [SECRET])

    @given(
        st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x"]), st.text()),
        st.binary(max_size=50),
    )
    def test_nothing_but_not_authentic_is_raised(self, headers: dict[str, str], body: bytes) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed() | headers, b"-" + body, [SECRET])


class TestRotation:
    def test_both_secrets_count_while_they_overlap(self) -> None:
        old = signed()
        new = signed(webhook_signature=signature("evt_1", NOW, secret=OTHER))
        for headers in (old, new):
            assert verify(headers, BODY, [OTHER, SECRET]) == "evt_1"

    def test_the_old_one_is_refused_afterwards(self) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed(), BODY, [OTHER])

    def test_a_sender_may_sign_with_both(self) -> None:
        both = f"{signature('evt_1', NOW, secret=OTHER)} {signature('evt_1', NOW)}"
        assert verify(signed(webhook_signature=both), BODY, [SECRET])

    def test_versions_that_we_do_not_know_are_passed_over(self) -> None:
        several = f"v2,{'A' * 44} v1a,{'A' * 88} {signature('evt_1', NOW)}"
        assert verify(signed(webhook_signature=several), BODY, [SECRET])

    def test_without_a_secret_nobody_gets_in(self) -> None:
        with pytest.raises(NotAuthentic):
            verify(signed(), BODY, [])


class TestSetting:
    @pytest.mark.parametrize(
        ("text", "secrets"),
        [
            ("", ()),
            (" , ", ()),
            (SECRET, (SECRET,)),
            (f" {SECRET} ,{OTHER},", (SECRET, OTHER)),
            ("whsec_" + "QUJD" * 5 + "QUI", ("whsec_" + "QUJD" * 5 + "QUI",)),
        ],
    )
    def test_several_secrets_stand_between_commas(self, text: str, secrets: tuple[str, ...]) -> None:
        assert parse_secrets(text) == secrets

    @pytest.mark.parametrize(
        "text",
        [
            "whsec_",
            "whsec_not base64 at all!",
            "whsec_" + "_-_-" * 8,
            "whsec_QUJD",
            SECRET.removeprefix("whsec_"),
            f"{SECRET},oops",
            f"{SECRET} {OTHER}",
            "whsec_" + "é" * 24,
        ],
    )
    def test_a_malformed_one_is_said_so_without_repeating_it(self, text: str) -> None:
        with pytest.raises(ValueError, match="Check REVMO_WEBHOOK_SECRETS") as problem:
            parse_secrets(text)
        assert text.removeprefix("whsec_") not in str(problem.value) or text == "whsec_"

    def test_an_unpadded_secret_verifies(self) -> None:
        secret = "whsec_" + "QUJD" * 5 + "QUI"
        headers = signed(webhook_signature=signature("evt_1", NOW, secret=secret + "="))
        assert verify(headers, BODY, parse_secrets(secret))


class TestToken:
    def test_the_right_one_lets_in(self) -> None:
        check_token("t0ken-é", "t0ken-é")

    @pytest.mark.parametrize(
        ("given", "expected"), [("", ""), ("x", ""), ("", "x"), ("x", "X"), ("x", "xx"), ("\ud800", "x"), ("é", "e")]
    )
    def test_any_other_does_not(self, given: str, expected: str) -> None:
        with pytest.raises(NotAuthentic):
            check_token(given, expected)

    def test_the_same_bytes_are_the_same_event(self) -> None:
        assert fallback_event_id(b"a") == fallback_event_id(b"a") != fallback_event_id(b"b")
        assert len(fallback_event_id(BODY)) == len("sha256:") + 64
