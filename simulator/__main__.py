"""`python -m simulator`: serve until Ctrl-C or SIGTERM. Exit code 2 with a sentence when it cannot start."""

import argparse
import asyncio
import errno
import secrets
import signal
import sys
from collections.abc import Sequence

from simulator.config import Config, Misconfigured
from simulator.scenarios import MEANINGS, Scenario
from simulator.server import Simulator


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = argparse.ArgumentParser(prog="python -m simulator", description="A local stand-in for Revmo.")
    add_options(options)
    return options


def add_options(options: argparse.ArgumentParser) -> None:
    """Declare every option; a command of another frame can share them."""
    options.add_argument("--host", default="127.0.0.1", help="An address of this machine.")
    options.add_argument("--port", type=int, default=8900, help="0: any free one.")
    options.add_argument("--api-key", default="simulator", help="The key that callers must show.")
    options.add_argument("--webhook-url", default="", help="Where the events go, on this machine.")
    options.add_argument("--webhook-secret", default="", help="whsec_ and base64; signs the events.")
    options.add_argument("--rate", type=float, default=0, help="Requests per second before 429; 0: no limit.")
    options.add_argument("--latency-ms", type=float, default=0, help="How long an answer takes.")
    options.add_argument("--delivery-delay", type=float, default=1.0, help="Seconds until a text is delivered.")
    options.add_argument("--slow-delay", type=float, default=8.0, help="Seconds that a slow answer takes.")
    options.add_argument(
        "--scenario",
        action="append",
        default=[],
        choices=[one.value for one in Scenario],
        help="Begin with it switched on; may be repeated. "
        + " ".join(f"{one}: {meaning}" for one, meaning in MEANINGS.items()),
    )
    options.add_argument("--event-delay", type=float, default=5.0, help="Seconds that a delayed event is late.")
    options.add_argument("--seed", type=int, default=None, help="The same seed, the same ids. Default: random.")


def config_of(given: argparse.Namespace) -> Config:
    """The configuration that the options say."""
    return Config(
        host=given.host,
        port=given.port,
        api_key=given.api_key,
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
        rate=given.rate,
        latency=given.latency_ms / 1000,
        delivery_delay=given.delivery_delay,
        slow_delay=given.slow_delay,
        scenarios=frozenset(Scenario(name) for name in given.scenario),
        event_delay=given.event_delay,
        seed=secrets.randbits(32) if given.seed is None else given.seed,
    )


def run(config: Config) -> int:
    """Serve until told to stop; the exit code. Says on standard error when it listens."""
    try:
        asyncio.run(_serve(Simulator(config)))
    except Misconfigured as problem:
        return _refuse(str(problem))
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            return _refuse(f"Port {config.port} is taken. Choose another with --port.")
        return _refuse(f"The simulator cannot listen on port {config.port}: {problem.strerror}. Try another --port.")
    return 0


async def _serve(simulator: Simulator) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def announce() -> None:
        sys.stderr.write(f"Simulator: {simulator.url}/ (handsets); nothing leaves this machine.\n")
        sys.stderr.flush()

    await simulator.serve(stop, announce)


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return run(config_of(parser().parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
