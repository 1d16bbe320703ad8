"""What a reply says about texting: stop, perhaps stop, start again, help, or nothing of the kind. Pure.

Source of the words: 47 CFR 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe are enough by
themselves, and any other wording counts if a reasonable person would take it so), the keyword lists of US carriers and
gateways, and the same words in the languages that are spoken most in the United States and Canada.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

# Emoji spell words too: the letters of the blocks (negative circled, squared, flags) that NFKC leaves alone.
_LETTER_BLOCKS = (0x1F150, 0x1F170, 0x1F1E6)
_STOP_SIGN = "\N{OCTAGONAL SIGN}"


class Reading(StrEnum):
    """What a reply means for the number."""

    STOP = "stop"  # no more texts, beyond doubt
    DOUBT = "doubt"  # may mean that: texts rest until a person has looked
    LOOK = "look"  # an everyday word that may mean that: a person looks, texts go on
    START = "start"
    HELP = "help"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Said:
    """The reading of a reply and the word, folded, that showed it."""

    reading: Reading
    word: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What staff have added: words that stop texts as well, and built-in words that here only make a person look.

    Both folded. Those of the regulation cannot be taken away.
    """

    more: frozenset[str] = frozenset()
    fewer: frozenset[str] = frozenset()


def fold(text: str) -> str:
    """Letters and digits only, without case, accents, styles and invisible marks; single spaces between."""
    spelled = "".join(_plain_letter(character) for character in text.replace(_STOP_SIGN, " stop "))
    split = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", spelled).casefold())
    # Format marks (bidi, zero width) and accents stand inside words; whatever else is no letter parts them.
    kept = "".join(c for c in split if unicodedata.category(c) not in {"Cf", "Mn", "Me"})
    return " ".join(re.findall(r"[^\W_]+", kept.replace("'", "").replace("’", "")))


def _plain_letter(character: str) -> str:
    for start in _LETTER_BLOCKS:
        if start <= ord(character) < start + 26:
            return chr(ord("a") + ord(character) - start)
    return character


def _folded(*words: str) -> frozenset[str]:
    return frozenset(map(fold, words))


PER_SE = _folded("stop", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe")
# One of these as the whole text is an opt-out. Those of the second line of a language are never said of anything else,
# so inside a longer text they stop the number until a person has looked.
_EVERYDAY = {
    "en": ("end", "quit", "cancel", "remove"),
    "fr": ("fin", "td", "arreter"),
    "es": ("pare", "cancelar", "detener", "baja", "borrar", "salir", "parar", "basta"),
    "pt": ("sair", "cancelar", "remover", "parar"),
    "it": ("ferma", "basta", "annulla"),
    "nl": ("stoppen",),
    "vi": ("dừng", "ngừng", "hủy"),
    "zh": ("停止", "取消"),
}
_STRONG = {
    "en": ("stop", "stop all", "stopall", "unsubscribe", "revoke", "opt out", "optout", "remove me"),
    "fr": ("arrêt", "arrêtez", "désabonner", "désabonnement", "désinscrire"),
    "es": ("alto", "no más", "darme de baja", "cancelar suscripción"),
    "de": ("stopp", "abmelden", "abbestellen"),
    "it": ("disiscrivimi",),
    "nl": ("afmelden", "uitschrijven"),
    "vi": ("ngừng nhắn tin", "hủy đăng ký"),
    "tl": ("itigil", "tigil"),
    "ru": ("стоп", "отписаться"),
    "zh": ("退订", "退訂", "取消订阅", "取消訂閱", "不要再发", "不要再發"),
    "ko": ("중지", "수신거부", "수신 거부"),
    "ja": ("配信停止", "解除"),
    "ar": ("توقف", "إلغاء الاشتراك"),
}
# People's own words for it: alone, but for small words around them, they are an opt-out; inside more, a doubt.
_PHRASES = _folded(
    *(
        "stop texting",
        "stop messaging",
        "stop contacting",
        "stop sending",
        "stop sending texts",
        "stop sending messages",
    ),
    *("stop these texts", "stop all texts", "stop all messages", "stop bothering", "stop harassing"),
    *("do not text", "dont text", "do not message", "dont message", "do not contact", "dont contact"),
    *("do not send", "dont send", "no more texts", "no more messages", "no more text messages", "no texts"),
    *("take off list", "take off your list", "remove from list", "remove number", "delete number"),
    *("lose number", "lose my number", "leave alone", "wrong number", "wrong person", "not my number"),
    *("opt me out", "unsubscribe me", "remove me from", "take me off", "quit texting", "cease and desist"),
    *("no me escriban", "no me escriba", "no me mandes", "no me envíen", "deje de", "dejen de", "número equivocado"),
    *("ne m écrivez plus", "arrêtez de", "mauvais numéro", "faux numéro", "falsche nummer", "keine sms mehr"),
    *("número errado", "numero sbagliato", "verkeerd nummer", "发错了", "打错了"),
)
_SMALL = frozenset(
    fold(
        "please pls plz kindly hi hello hey sorry thanks thank you u ur your ok okay now me my mine this these that "
        "the is it its im i am a an any ever again just and to from of for have has got here lol "
        "sir maam ma am bitte por favor gracias s il vous plait merci prego"
    ).split()
)
_START = _folded("start", "unstop", "start texting", "opt in", "optin", "subscribe", "resubscribe", "reanudar")
_HELP = _folded("help", "info", "aide", "ayuda", "hilfe", "ajuda")

STRONG = _folded(*(word for words in _STRONG.values() for word in words))
EVERYDAY = _folded(*(word for words in _EVERYDAY.values() for word in words)) - STRONG
OPT_OUT_WORDS = STRONG | EVERYDAY
# "end" and the like inside a sentence say nothing at all.
_WORTH_A_LOOK = _folded("quit", "cancel", "remove", "cancelar", "baja")


def read(text: str, words: Words = Words()) -> Said:
    """What the reply says, in any case, with any punctuation and invisible marks."""
    whole = fold(text)
    once = " ".join(dict.fromkeys(whole.split()))  # STOP STOP STOP
    forms = (whole, whole.replace(" ", ""), once)
    less = words.fewer - PER_SE
    for form in forms:
        if form in words.more or (form in OPT_OUT_WORDS and form not in less):
            return Said(Reading.STOP, form)
    core, phrases = _core(once), _PHRASES | STRONG | words.more - less
    if core in phrases | _cores(phrases):
        return Said(Reading.STOP, core)
    if found := _first(whole, phrases) or _first(core, _cores(phrases)):
        return Said(Reading.DOUBT, found)
    if found := _first(whole, _WORTH_A_LOOK | less):
        return Said(Reading.LOOK, found)
    if whole in _START:
        return Said(Reading.START, whole)
    if whole in _HELP:
        return Said(Reading.HELP, whole)
    return Said(Reading.OTHER)


def words_of(more: Iterable[str], fewer: Iterable[str]) -> Words:
    """Words as staff write them, separated by commas or lines."""
    return Words(_listed(more), _listed(fewer))


def is_opt_out(text: str) -> bool:
    """Does `text` beyond doubt say that no more texts are wanted, with the built-in words?"""
    return read(text).reading is Reading.STOP


@cache
def _cores(phrases: frozenset[str]) -> frozenset[str]:
    """Each phrase without its small words, since people put others in; not where a single word would remain."""
    return frozenset(core for phrase in phrases if " " in (core := _core(phrase)))


def _core(text: str) -> str:
    return " ".join(word for word in text.split() if word not in _SMALL)


def _first(text: str, words: frozenset[str]) -> str:
    """The one of `words` that stands first in the text, whole; the longest of those, or nothing."""
    padded = f" {text} "
    found = [(padded.index(f" {word} "), -len(word), word) for word in words if f" {word} " in padded]
    return min(found)[2] if found else ""


def _listed(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for part in re.split(r"[,;\n]", text) if (word := fold(part)))
