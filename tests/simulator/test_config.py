"""It refuses to be anything but a simulator on this machine."""

import socket

import pytest

from simulator.config import Config, Misconfigured
from simulator.server import Simulator


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "", "::", "127.0.0.1.example.com"])
def test_it_serves_this_machine_only(host: str) -> None:
    with pytest.raises(Misconfigured, match="this machine only"):
        Simulator(Config(host=host))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "http://192.0.2.1/",
        "http://127.0.0.1@example.com/",
        "//127.0.0.1.nip.io/",
        "hook",
    ],
)
def test_it_calls_this_machine_only(url: str) -> None:
    with pytest.raises(Misconfigured, match="this machine only"):
        Simulator(Config(webhook_url=url))


@pytest.mark.parametrize("url", ["https://127.0.0.1/hook", "ftp://localhost/", "http://127.0.0.1:99999/"])
def test_it_calls_plain_http_only(url: str) -> None:
    with pytest.raises(Misconfigured, match="webhook address"):
        Simulator(Config(webhook_url=url))


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64", "c2VjcmV0", "whsec_abc"])
def test_it_wants_a_secret_that_signs(secret: str) -> None:
    with pytest.raises(Misconfigured, match="whsec_ followed by base64"):
        Simulator(Config(webhook_secret=secret))


@pytest.mark.parametrize(
    "wrong", [{"port": 70000}, {"port": -1}, {"rate": -1.0}, {"delivery_delay": -1.0}, {"api_key": " "}]
)
def test_it_refuses_values_that_cannot_work(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        Simulator(Config(**wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/webhooks/revmo/", "http://localhost/", "http://[::1]:80/x"])
def test_it_takes_addresses_of_this_machine(url: str) -> None:
    Simulator(Config(webhook_url=url))


def test_in_a_test_a_taken_port_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = Simulator(Config(port=taken.getsockname()[1]))
        with pytest.raises(OSError, match="in use"), simulator.running():
            pass
