"""The handsets page and what it asks for: look at phones, answer as the customer or as staff, switch the agent."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from simulator.http import Request, Response
from simulator.local import refusal, value_of
from simulator.outcomes import TABLE
from simulator.world import Phone, Text, World

PAGE = Path(__file__).with_name("handsets.html")
PREFIX = "/_handsets/"
NEWEST = 100  # phones that the list shows at once
MAX_REPLY = 1600  # characters
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Handsets:
    """Answers the page and its calls."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._page = PAGE.read_bytes()

    def page(self) -> Response:
        """The page itself, self-contained."""
        return Response(body=self._page, content_type="text/html; charset=utf-8", headers=PAGE_HEADERS)

    def look(self, target: str) -> Response:
        """`/_handsets?search=` lists phones, `/_handsets/<number>` shows one."""
        parts = urlsplit(target)
        if parts.path == PREFIX.rstrip("/"):
            return Response.of(self._list(parse_qs(parts.query).get("search", [""])[0]))
        phone = self._world.phone(unquote(parts.path.removeprefix(PREFIX)))
        if phone is None:
            return _no_phone()
        return Response.of(_summary(phone) | _details(phone))

    def act(self, request: Request) -> Response:
        """`/_handsets/<number>/` and `reply` or `staff` with `body`, or `agent` with `on`; all in JSON."""
        if no := refusal(request):
            return no
        number, _, verb = urlsplit(request.target).path.removeprefix(PREFIX).partition("/")
        phone = self._world.phone(unquote(number))
        if phone is None:
            return _no_phone()
        return self._do(phone, verb, value_of(request))

    def _do(self, phone: Phone, verb: str, value: dict[str, Any]) -> Response:
        if verb in ("reply", "staff"):
            body = value.get("body")
            if not isinstance(body, str) or not body.strip() or len(body) > MAX_REPLY:
                return Response.error(400, f"A text has 1 to {MAX_REPLY} characters in body.")
            (self._world.reply if verb == "reply" else self._world.staff_text)(phone, body.strip())
        elif verb == "agent":
            on = value.get("on")
            if not isinstance(on, bool):
                return Response.error(400, "Say true or false in on.")
            self._world.switch_agent(phone, on)
        else:
            return Response.error(404, "There is nothing here.")
        return Response.of({"result": "Ok"})

    def _list(self, search: str) -> dict[str, Any]:
        count, phones = self._world.newest(search, NEWEST)
        special = [{"digits": one.digits, "meaning": one.meaning} for one in TABLE.values()]
        return {"count": count, "phones": [_summary(phone) for phone in phones], "special": special}


def _no_phone() -> Response:
    return Response.error(404, "No phone with this number has received a text.")


def _summary(phone: Phone) -> dict[str, Any]:
    last = phone.texts[-1]
    return {
        "number": phone.number,
        "last": _text(last) | {"body": last.body[:100]},
        "blocked": phone.blocked,
        "agent_on": phone.agent_thread.agent_on,
        "serial": phone.serial,
    }


def _details(phone: Phone) -> dict[str, Any]:
    thread = phone.thread
    return {
        "thread_id": thread.id,
        "trigger": thread.call.trigger,
        "metadata": thread.call.metadata,
        "texts": [_text(text) for text in phone.texts],
    }


def _text(text: Text) -> dict[str, Any]:
    at = text.at.isoformat(timespec="milliseconds")
    return {"author": text.author.value, "body": text.body, "at": at, "delivery": text.delivery.value}
