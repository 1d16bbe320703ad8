"""`python -m simulator`: serve until Ctrl-C or SIGTERM. Exit code 2 with a sentence when it cannot start."""

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import Sequence

from simulator.config import Config, Misconfigured
from simulator.server import Simulator


def parser() -> argparse.ArgumentParser:
    """The options; `manage.py simulator` shares them."""
    options = argparse.ArgumentParser(prog="simulator", description="A local stand-in for Revmo.")
    add_options(options)
    return options


def add_options(options: argparse.ArgumentParser) -> None:
    """Declare every option."""
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8900)
    options.add_argument("--api-key", default="simulator")
    options.add_argument("--webhook-url", default="", help="Where the events go, on this machine.")
    options.add_argument("--webhook-secret", default="", help="whsec_ and base64; signs the events.")
    options.add_argument("--rate", type=float, default=0, help="Requests per second before 429; 0: no limit.")
    options.add_argument("--latency-ms", type=float, default=0, help="How long an answer takes.")
    options.add_argument("--delivery-delay", type=float, default=1.0, help="Seconds until a text is delivered.")
    options.add_argument("--slow-delay", type=float, default=8.0, help="Seconds that a slow answer takes.")
    options.add_argument("--seed", type=int, default=None, help="The same seed, the same thread ids. Default: random.")


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
        seed=secrets.randbits(32) if given.seed is None else given.seed,
    )


def run(config: Config) -> int:
    """Serve until told to stop; the exit code."""

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        sys.stderr.write(f"Simulator: http://{config.host}:{config.port}/ (handsets); nothing leaves this machine.\n")
        await simulator.serve(stop)

    try:
        simulator = Simulator(config)
        asyncio.run(serve())
    except Misconfigured as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    except OSError:
        sys.stderr.write(f"Port {config.port} is taken. Choose another: --port 8901\n")
        return 2
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return run(config_of(parser().parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
