"""Texts that no spreadsheet program takes for a formula, and that come back as they were. Pure.

OWASP, "CSV Injection". import-export's own setting strips one equals sign and loses the text; here the text stays.
"""

import re

from contacts.attributes import FORMULA_STARTS

Cell = str | int | float

PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
# Significant digits that Excel keeps of a number.
DIGITS_KEPT = 15
# What XML 1.0 cannot hold, or would change (a carriage return), and what would be read as such an escape already.
# ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def harmless(text: str) -> str:
    """With an apostrophe in front where a program would take the text for a formula; our import takes it off again."""
    if text[:1] and text[0] in FORMULA_STARTS and not PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def storable_in_xml(text: str) -> str:
    """As a cell of a workbook holds it; every program that opens it undoes the escapes."""
    return _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def survives_as_number(value: float) -> bool:
    """Does a spreadsheet program keep every digit?"""
    return float(f"{value:.{DIGITS_KEPT}g}") == value
