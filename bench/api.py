"""A stand-in for Revmo that costs as little as it can: answers every call after a fixed time, and counts.

`python -m bench.api LATENCY_MS` prints its port. `GET /` tells how many calls were answered, `GET /seconds` how many
calls began in each clock second, `GET /numbers` when each number was last called (`time.time()`). The agent THROTTLED
always hears that it was too much; its calls count nowhere but under `GET /throttled`.
"""

import asyncio
import json
import sys
import time
from collections import Counter

ANSWER = b'{"result": "Ok", "thread_id": "t"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
THROTTLED = "dGhyb3R0bGVk"
TOO_MUCH = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}"
YES = HEAD + str(len(ANSWER)).encode() + b"\r\n\r\n" + ANSWER


class Counts:
    """What has come in so far."""

    answered = 0
    throttled = 0
    seconds: Counter[int] = Counter()
    numbers: dict[str, float] = {}


class Api(asyncio.Protocol):
    """One connection."""

    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            if len(rest) < length:
                return
            body, self.buffer = rest[:length], rest[length:]
            if head.startswith(b"GET"):
                self.tell(head.split(b" ")[1])
            else:
                self.begin(json.loads(body))

    def begin(self, call: dict[str, str]) -> None:
        """A call has begun."""
        if call["agentId"] == THROTTLED:
            Counts.throttled += 1
            self.transport.write(TOO_MUCH)  # type: ignore[attr-defined]
            return
        now = time.time()
        Counts.seconds[int(now)] += 1
        Counts.numbers[call["to"]] = now
        asyncio.get_running_loop().call_later(self.latency, self.answer)

    def answer(self) -> None:
        """Say yes."""
        Counts.answered += 1
        self.transport.write(YES)  # type: ignore[attr-defined]

    def tell(self, path: bytes) -> None:
        """Say what was counted."""
        asked = {b"/seconds": Counts.seconds, b"/numbers": Counts.numbers, b"/throttled": Counts.throttled}
        told = asked.get(path, Counts.answered)
        body = json.dumps(told).encode()
        self.transport.write(HEAD + str(len(body)).encode() + b"\r\n\r\n" + body)  # type: ignore[attr-defined]


async def main() -> None:
    """Serve until killed."""
    Api.latency = float(sys.argv[1]) / 1000
    server = await asyncio.get_running_loop().create_server(Api, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
