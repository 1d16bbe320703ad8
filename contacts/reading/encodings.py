"""Which encoding a text file has. Nothing is read as accents that it does not have: doubt is said or refused."""

import codecs
import re
from pathlib import Path

from contacts.unreadable import UnreadableFile

CHUNK = 1 << 20
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# é, ü, ñ and their like in UTF-8. In Windows-1252 these two bytes are Ã and a sign, which no language writes.
ACCENT_IN_UTF8 = re.compile(rb"\xc3[\x80-\xbf]")
# Control characters that no text file has; a NUL may stray into one.
BINARY = re.compile(rb"[\x01-\x08\x0e-\x19\x1c-\x1f]")
NOT_UTF8 = "The file is not UTF-8; it was read as Windows-1252. Check the accents."


def detect(path: Path, start: bytes) -> tuple[str, str]:
    """The encoding and a note about it, which is empty where there is no doubt. Raises UnreadableFile."""
    for mark, name in BOMS:
        if start.startswith(mark):
            return name, ""
    if name := _utf16_without_mark(start):
        return name, ""
    if len(BINARY.findall(start)) > len(start) / 100:
        raise UnreadableFile("This is not a table. Save the contacts as CSV or as an Excel workbook (.xlsx).")
    if _decodes(path, "utf-8"):
        return "utf-8", ""
    if _has_accents_in_utf8(path):
        raise UnreadableFile(
            "One part of this file is UTF-8 and another is not, so names would be damaged. "
            "Save it again as CSV UTF-8, or say which encoding it has."
        )
    if _decodes(path, "cp1252"):
        return "cp1252", NOT_UTF8
    raise UnreadableFile("The file is neither UTF-8 nor Windows-1252. Save it again as CSV UTF-8.")


def check_known(name: str) -> None:
    """Raises UnreadableFile for an encoding of text that does not exist."""
    try:
        known = isinstance("".encode(name), bytes)
    except (LookupError, ValueError):  # rot13 and its like are no encodings of text
        known = False
    if not known:
        raise UnreadableFile(f"There is no encoding “{name[:40]}”. Try utf-8, utf-16 or cp1252.")


def _utf16_without_mark(start: bytes) -> str:
    """Every other byte of digits, separators and Latin letters is NUL; a NUL that strayed in stands alone."""
    half = len(start) // 2
    first, second = start[0::2].count(0), start[1::2].count(0)
    if second > half / 5 and second > 10 * first:
        return "utf-16-le"
    if first > half / 5 and first > 10 * second:
        return "utf-16-be"
    return ""


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _has_accents_in_utf8(path: Path) -> bool:
    last = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if ACCENT_IN_UTF8.search(last + chunk):
                return True
            last = chunk[-1:]
    return False
