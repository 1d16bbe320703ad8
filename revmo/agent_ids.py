"""Agent ids, which Revmo's guide types as base64."""

import base64


def check_agent_id(text: str) -> str:
    """The id without blanks around it, if it is padded base64 of either alphabet. ValueError with a sentence."""
    trimmed = text.strip()
    url_safe = "-" in trimmed or "_" in trimmed
    try:
        decoded = base64.b64decode(trimmed, altchars="-_" if url_safe else None, validate=True)
    except ValueError:
        decoded = b""
    if not decoded or (url_safe and ("+" in trimmed or "/" in trimmed)):
        raise ValueError(
            "This is not an agent id. Copy it whole from the account page at Revmo: letters and digits, often with = "
            "at the end."
        )
    return trimmed
