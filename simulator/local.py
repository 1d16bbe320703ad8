"""Who may drive the simulator: pages that it served itself, and programs on this machine."""

import json
from typing import Any
from urllib.parse import urlsplit

from simulator.config import is_loopback
from simulator.http import Request, Response


def refusal(request: Request) -> Response | None:
    """Why this call is not obeyed, or None.

    A page of another site cannot send JSON here without a preflight that we do not answer, and one that has rebound
    its name to this address still calls us by that name.
    """
    if request.media_type != "application/json":
        return Response.error(415, "Send the body as application/json.")
    if not is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname):
        return Response.error(403, "Call this simulator by an address of this machine.")
    return None


def value_of(request: Request) -> dict[str, Any]:
    """The body's JSON object, or an empty one."""
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
