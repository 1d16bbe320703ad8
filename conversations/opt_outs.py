"""Which replies mean "no more texts". Pure.

Source of the words: 47 CFR 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe are enough
by themselves), the keyword lists of US carriers and gateways, and the words of Canada's two languages and of
Spanish, Portuguese, German, Italian and Dutch.
"""

import re
import unicodedata

# Folded: lower case, no accents, single spaces. One of these as the whole text is an opt-out.
_WORDS = {
    "en": (
        "stop",
        "stop all",
        "stopall",
        "stop texting",
        "stop texting me",
        "unsubscribe",
        "unsubscribe me",
        "cancel",
        "end",
        "quit",
        "revoke",
        "opt out",
        "optout",
        "remove",
        "remove me",
    ),
    "fr": ("arret", "arreter", "arretez", "fin", "desabonner", "desabonnement", "desinscrire", "td"),
    "es": ("alto", "parar", "pare", "cancelar", "detener", "no mas", "baja", "borrar", "salir"),
    "pt": ("parar", "sair", "cancelar", "remover"),
    "de": ("stopp", "abmelden", "abbestellen"),
    "it": ("ferma", "basta", "annulla", "disiscrivimi"),
    "nl": ("stoppen", "afmelden", "uitschrijven"),
}
OPT_OUT_WORDS = frozenset(word for words in _WORDS.values() for word in words)
# Inside a longer text these are worth a look by a person. Not all of the above: "end" is an everyday word.
_SUSPICIOUS = frozenset(
    {
        "stop",
        "stopall",
        "stopp",
        "unsubscribe",
        "revoke",
        "optout",
        "opt out",
        "quit",
        "cancel",
        "remove",
        "arret",
        "arretez",
        "desabonner",
        "alto",
        "no mas",
        "cancelar",
        "abmelden",
        "afmelden",
    }
)
# Emoji spell words too: the letters of the blocks (negative circled, squared, flags) that NFKC leaves alone.
_LETTER_BLOCKS = (0x1F150, 0x1F170, 0x1F1E6)
_STOP_SIGN = "\N{OCTAGONAL SIGN}"


def is_opt_out(text: str) -> bool:
    """Is the whole of `text` an opt-out word, in any case, with any punctuation and invisible marks?"""
    words = _fold(text)
    once = " ".join(dict.fromkeys(words.split()))  # STOP STOP STOP
    return not OPT_OUT_WORDS.isdisjoint({words, words.replace(" ", ""), once})


def opt_out_word_in(text: str) -> str:
    """The first opt-out word inside a longer text, folded, or nothing. A person judges what it means."""
    words = f" {_fold(text)} "
    found = [(words.index(f" {word} "), word) for word in _SUSPICIOUS if f" {word} " in words]
    return min(found)[1] if found else ""


def _fold(text: str) -> str:
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
