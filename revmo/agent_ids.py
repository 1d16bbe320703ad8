"""Agent ids, which Revmo's guide types as base64."""

import base64
import binascii


def check_agent_id(text: str) -> str:
    """The id as it stands, if it is base64 (either alphabet). ValueError with a sentence otherwise."""
    trimmed = text.strip()
    try:
        if not trimmed or not base64.b64decode(trimmed.replace("-", "+").replace("_", "/"), validate=True):
            raise ValueError
    except (ValueError, binascii.Error):
        raise ValueError(
            "This is not an agent id. Copy it whole from the account page at Revmo: letters, digits, = at the end."
        ) from None
    return trimmed
