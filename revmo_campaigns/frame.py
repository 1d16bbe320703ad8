"""The admin's frame: rail, strip, colours. The settings read this, so nothing here may import a model."""

from django.templatetags.static import static
from django.urls import reverse_lazy

# A calm teal (Tailwind's), so that amber, red and green stay free for states.
TEAL = {
    "50": "oklch(98.4% .014 180.72)",
    "100": "oklch(95.3% .051 180.801)",
    "200": "oklch(91% .096 180.426)",
    "300": "oklch(85.5% .138 181.071)",
    "400": "oklch(77.7% .152 181.912)",
    "500": "oklch(60% .104 184.704)",
    "600": "oklch(51.1% .096 186.391)",
    "700": "oklch(43.7% .078 188.216)",
    "800": "oklch(38.6% .063 188.416)",
    "900": "oklch(33% .054 189.5)",
    "950": "oklch(27.7% .046 192.524)",
}

UNFOLD = {
    "SITE_TITLE": "Revmo Campaigns",
    "SITE_HEADER": "Revmo Campaigns",
    "SITE_SUBHEADER": "revmo_campaigns.strip.business_name",
    "SITE_URL": None,
    "SITE_ICON": lambda request: static("logo.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("logo.svg")}],
    "STYLES": [lambda request: static("pages.css")],
    "SCRIPTS": [lambda request: static("search.js"), lambda request: static("clock.js")],
    "COLORS": {"primary": TEAL},
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "revmo_campaigns.strip.strip",
    "DASHBOARD_CALLBACK": "revmo_campaigns.dashboard.dashboard",
    "COMMAND": {"search_callback": "revmo_campaigns.search.search"},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "revmo_campaigns.rail.navigation"},
    "ACCOUNT": {
        "navigation": [
            {"title": "My settings", "link": reverse_lazy("admin:conversations_staffsettings_changelist")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ],
    },
}
