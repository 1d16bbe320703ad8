"""Public link shorteners, which US carriers filter because they hide where a link leads. Pure.

Sources, read in November 2026: Twilio, error 30963 ("public URL shortener detected in campaign"); upccell.zendesk.com
35150610082323, the list of "currently blocked URLs". A short domain of the business's own is fine.
"""

import re

_HOSTS = """
9qr.de alturl.com app.link bc.vc bit.do bit.ly bitly.com bitly.ws budurl.com buff.ly clicky.me cutt.ly goo.gl is.gd
lc.chat linki.la lnkd.in minm.xyz ow.ly rb.gy rebrand.ly s2r.co serveirc.com shorturl.at shrtco.de soo.gd t.co t.ly
tiny.cc tinyurl.com
"""
HOSTS = frozenset(_HOSTS.split())
_LINK = re.compile(
    r"(?<![@\w./-])(?:https?://)?(?:www\.)?((?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12})(?=[/?#])", re.IGNORECASE
)


def shorteners_in(text: str) -> list[str]:
    """The shorteners of the links in a text, in order, once each."""
    return list(dict.fromkeys(host for found in _LINK.finditer(text) if (host := found[1].lower()) in HOSTS))
