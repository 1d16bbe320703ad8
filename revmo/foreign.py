"""What others wrote: read without trust, so that nothing of it trips our code or the database."""

import json
from typing import Any

MAX_ID = 200


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in these bytes, or None: no JSON, nested too deep, a number too long, or no object."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def storable(text: str, limit: int) -> str:
    """The first `limit` characters that PostgreSQL can keep: it takes neither NUL nor half a surrogate pair."""
    return text[:limit].replace("\x00", "").encode("utf-8", "replace").decode()


def identifier(value: object) -> str:
    """An id given as text or whole number; nothing if it is none or too long, for half an id is another's id."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    text = str(value).strip()
    return text if len(text) <= MAX_ID and text.isprintable() else ""
