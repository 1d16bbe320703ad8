"""The admin's frame: rail, strip, colours."""

UNFOLD = {"SITE_TITLE": "Revmo Campaigns", "SITE_HEADER": "Revmo Campaigns"}
