"""What the columns of a sheet mean. Pure.

Headers are recognised in English, Spanish, French and German, whatever their case, accents and punctuation, as are
those that Google Contacts, Outlook, HubSpot, Mailchimp and Salesforce export.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contacts.phones import InvalidPhone, parse_phone

PHONE, NAME, REGION, IGNORE = "phone", "name", "region", "-"
FIELDS = (PHONE, "first_name", "last_name", NAME, "email", "company", "time_zone", REGION)
MAX_ATTRIBUTE_NAME = 60
MAX_COLUMN_NAME = 100
HEADER_WITHIN = 20  # rows from the top

_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    PHONE: ("e164", "msisdn", "contact number", "numero de contacto", "rufnummer", "sms", "whatsapp", "to", "number",
            "numero", "nummer"),
    "first_name": ("first name", "first", "fname", "given name", "forename", "nombre", "nombres", "primer nombre",
                   "prenom", "vorname"),
    "last_name": ("last name", "last", "lname", "surname", "family name", "apellido", "apellidos", "nom de famille",
                  "nom", "nachname", "familienname"),
    NAME: ("name", "full name", "contact", "contact name", "customer", "customer name", "patient", "patient name",
           "client", "client name", "display name", "nombre completo", "nombre y apellidos", "cliente", "nom complet",
           "nom et prenom", "vollstandiger name", "kunde", "kundenname"),
    "email": ("email", "email address", "mail", "email 1 value", "primary email", "work email", "correo",
              "correo electronico", "courriel", "adresse email", "adresse mail", "email adresse", "mail adresse"),
    "company": ("company", "company name", "associated company", "organization", "organisation", "organization name",
                "organization 1 name", "business", "business name", "employer", "account name", "empresa", "societe",
                "entreprise", "firma", "unternehmen"),
    "time_zone": ("time zone", "tz", "zona horaria", "fuseau horaire", "zeitzone"),
    REGION: ("country", "country code", "country region", "region code", "home country region",
             "business country region", "mailing country", "pais", "pays", "land"),
}  # fmt: skip
# So general that the cells must be numbers one can text.
_DOUBTFUL = {"to", "number", "numero", "nummer"}
# A header that consists of such words, one of the first kind at least, names a phone column: “Mobile Phone (work) 2”.
_OF_PHONES = (
    "phone telephone tel mobile mobiltelefon cell cellphone cellular telefono tfno movil celular portable telefon "
    "telefonnummer handy handynummer mobil mobilnummer mobilfunk sms whatsapp"
)
_BESIDE_PHONES = (
    "number no nr num value primary main home work business other personal private text contact customer client "
    "patient account mailing your the my numero de del du principal casa trabajo fijo fixe domicile bureau travail "
    "privat geschaftlich arbeit festnetz car company preferred best daytime evening formatted e164"
)
_PHONE_WORDS = frozenset(_OF_PHONES.split())
_WORDS = _PHONE_WORDS | frozenset(_BESIDE_PHONES.split())
_MOBILE = re.compile(r"mob|cell|handy|portable|movil|celular|sms|text|whatsapp")
_POLITE = re.compile(r"\b(the|your|customer|contact|patient|client)\b ?")


def normal(header: str) -> str:
    """A header as the synonyms are written: lower case, no accents, words apart (FirstName is first name)."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(header))
    text = unicodedata.normalize("NFKD", text)
    text = "".join(character for character in text if not unicodedata.combining(character)).casefold()
    return re.sub(r"\be mail\b", "email", " ".join(re.findall(r"[^\W_]+", text)))


def _squeezed(text: str) -> str:
    return text.replace(" ", "")


_MEANING = {_squeezed(word): field for field, words in _SYNONYMS.items() for word in words}


def meaning(header: str) -> str:
    """The field that a header names, or nothing."""
    text = normal(header)
    if found := _MEANING.get(_squeezed(text)) or _MEANING.get(_squeezed(_POLITE.sub("", text))):
        return found
    words = [word for word in text.split() if not word.isdigit()]
    return PHONE if all(_beside_phone(word) for word in words) and any(_of_phone(word) for word in words) else ""


def _of_phone(word: str) -> bool:
    """A word for a phone, also written as one with another: homephone, phonenumber."""
    return word in _PHONE_WORDS or any(
        (first in _PHONE_WORDS and second in _WORDS) or (first in _WORDS and second in _PHONE_WORDS)
        for first, second in ((word[:index], word[index:]) for index in range(2, len(word) - 1))
    )


def _beside_phone(word: str) -> bool:
    return word in _WORDS or _of_phone(word)


def find_header(rows: Sequence[tuple[int, Sequence[Any]]]) -> int:
    """The number of the header's row among the first filled ones; 0 where the data begins at once.

    Of the rows at the top, the one with the most known headers, a phone's among them, wins. Without a phone's, it is
    the fullest row above the first that holds something like a number; titles have one cell.
    """
    top = rows[:HEADER_WITHIN]
    known = {number: _known(cells) for number, cells in top}
    with_phone = [number for number, cells in top if PHONE in known[number]]
    if with_phone:
        return max(with_phone, key=lambda number: len(known[number]))  # the first of equals
    above = []
    for number, cells in top:
        if any(_resembles_a_number(cell) for cell in cells):
            break
        above.append((number, cells))
    if len(above) == len(top) and not any(known.values()):
        return top[0][0]
    if not above:
        return 0
    return max(above, key=lambda row: (len(known[row[0]]), sum(not _blank(cell) for cell in row[1])))[0]


def _known(cells: Sequence[Any]) -> list[str]:
    short = [cell for cell in cells if isinstance(cell, str) and len(cell) <= MAX_COLUMN_NAME]
    return [field for cell in short if (field := meaning(cell))]


def _blank(cell: Any) -> bool:
    return cell is None or not str(cell).strip()


def _resembles_a_number(cell: Any) -> bool:
    """Whether a row with this cell is data; its country is not known here."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float):
        return cell >= 10**6
    if not isinstance(cell, str) or re.fullmatch(r"\d{4}-\d\d-\d\d.*", cell.strip()):
        return False
    digits = sum(character.isdigit() for character in cell)
    return 7 <= digits <= 20 and not re.search(r"[^\W\d_]", cell)


def name_columns(names: Sequence[Any], width: int) -> tuple[str, ...]:
    """A name for each of `width` columns: the header's, its letter where blank, told apart where repeated."""
    made: dict[str, None] = {}
    for index in range(width):
        base = "" if index >= len(names) or names[index] is None else " ".join(str(names[index]).split())
        base = base[:MAX_COLUMN_NAME].strip() or f"Column {letter(index)}"
        name, repeat = base, 2
        while name in made:
            name, repeat = f"{base} ({repeat})", repeat + 1
        made[name] = None
    return tuple(made)


def letter(index: int) -> str:
    """The letter of a column as a spreadsheet shows it; 0 is A."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def guess_mapping(columns: Sequence[str], sample: Iterable[Sequence[Any]], region: str) -> dict[str, str]:
    """Column name → field. Several may be phones; every other field is named once; the rest become attributes."""
    rows = list(sample)
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for index, column in enumerate(columns):
        field = meaning(_unrepeated(column))
        if field == PHONE and normal(_unrepeated(column)) in _DOUBTFUL and not _phones_in(rows, index, region):
            continue
        if field and (field == PHONE or field not in taken):
            mapping[column] = field
            taken.add(field)
    if PHONE not in taken:
        best = max(range(len(columns)), key=lambda index: _phones_in(rows, index, region), default=0)
        if columns and _phones_in(rows, best, region):
            mapping[columns[best]] = PHONE
    _settle_name(mapping, taken)
    return _with_attributes(columns, mapping)


def _unrepeated(column: str) -> str:
    return re.sub(r" \(\d+\)$", "", column)


def _settle_name(mapping: dict[str, str], taken: set[str]) -> None:
    """“Name” beside one part of it: beside a surname it is the first name, beside German Vorname the last name."""
    name = next((column for column, field in mapping.items() if field == NAME), "")
    if not name:
        return
    if "last_name" in taken and "first_name" not in taken:
        mapping[name] = "first_name"
    elif "first_name" in taken and "last_name" not in taken and any(normal(one) == "vorname" for one in mapping):
        mapping[name] = "last_name"
    elif "first_name" in taken:
        del mapping[name]


def _with_attributes(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Every column with its field, or an attribute of its own: two columns never write to the same one."""
    complete: dict[str, str] = {}
    for index, column in enumerate(columns):
        target = base = mapping.get(column) or attribute_name(column)
        if target == IGNORE:  # a header in another alphabet
            target = base = f"column_{letter(index).lower()}"
        repeat = 2
        while column not in mapping and target in complete.values():
            target, repeat = f"{base[: MAX_ATTRIBUTE_NAME - 4]}_{repeat}", repeat + 1
        complete[column] = target
    return complete


def phone_order(columns: Sequence[str], mapping: Mapping[str, str]) -> list[int]:
    """The phone columns in the order in which they are tried: those that say mobile first."""
    phones = [index for index, column in enumerate(columns) if mapping.get(column) == PHONE]
    return sorted(phones, key=lambda index: (not _MOBILE.search(normal(columns[index])), index))


def parse_map_option(option: str) -> tuple[str, str]:
    """`Column=field` → its two parts; the column's name may hold an equals sign. Raises ValueError in words."""
    column, equals, target = option.rpartition("=")
    if not equals or not column.strip() or not target.strip():
        raise ValueError(f'A mapping takes a column and a field, for example "Cell=phone"; this is “{option}”.')
    return column.strip(), target.strip()


def attribute_name(column: str) -> str:
    """A column as a merge tag can name it: ASCII letters, digits and underscores; `-` where nothing is left."""
    words = re.findall(r"[a-z0-9]+", normal(column))
    name = "_".join(words)[:MAX_ATTRIBUTE_NAME].strip("_")
    if not name:
        return IGNORE
    return f"column_{name}" if name[0].isdigit() or name in FIELDS else name


def _phones_in(rows: Sequence[Sequence[Any]], index: int, region: str) -> int:
    return sum(1 for cells in rows if index < len(cells) and _is_phone(cells[index], region))


def _is_phone(cell: Any, region: str) -> bool:
    try:
        parse_phone(cell, region)
    except InvalidPhone:
        return False
    return True
