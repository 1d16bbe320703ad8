"""What the columns of a sheet mean. Pure.

Headers are recognised in English, Spanish, French and German, whatever their case, accents and punctuation.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contacts.phones import InvalidPhone, parse_phone

PHONE, NAME, REGION, IGNORE = "phone", "name", "region", "-"
FIELDS = (PHONE, "first_name", "last_name", NAME, "email", "company", "time_zone", REGION)
MAX_ATTRIBUTE_NAME = 60

_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    PHONE: (
        "phone", "phone number", "phonenumber", "phone no", "mobile",
        "mobile phone", "mobile number", "mobile no", "cell",
        "cell phone", "cellphone", "cell number", "telephone", "telephone number",
        "tel", "tel no", "number", "contact number",
        "sms", "text number", "whatsapp", "msisdn", "phone 1 value",
        "phone 2 value", "primary phone", "home phone", "work phone",
        "business phone", "phone mobile", "e164", "to", "telefono",
        "telefono movil", "numero de telefono", "movil", "celular",
        "numero de celular", "telephone portable", "numero de telephone", "portable", "mobile telephone", "numero",
        "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "mobiltelefon", "rufnummer",
    ),
    "first_name": (
        "first name", "firstname", "first", "fname", "given name", "forename",
        "nombre", "nombres", "primer nombre", "prenom",
        "vorname",
    ),
    "last_name": (
        "last name", "lastname", "last", "lname", "surname", "family name",
        "apellido", "apellidos", "nom de famille", "nom",
        "nachname", "familienname",
    ),
    NAME: (
        "name", "full name", "fullname", "contact", "contact name",
        "customer", "customer name", "patient", "patient name",
        "client", "client name", "nombre completo", "nombre y apellidos", "cliente", "nom complet", "nom et prenom",
        "vollstandiger name", "kunde", "kundenname",
    ),
    "email": (
        "email", "e mail", "email address", "e mail address", "mail",
        "e mail 1 value", "correo", "correo electronico", "courriel",
        "adresse e mail", "adresse email", "e mail adresse", "emailadresse",
    ),
    "company": (
        "company", "company name", "organization", "organisation",
        "organization name", "organization 1 name", "business",
        "employer", "account name", "empresa", "societe", "entreprise", "firma", "unternehmen",
    ),
    "time_zone": ("time zone", "timezone", "tz", "zona horaria", "fuseau horaire", "zeitzone"),
    REGION: ("country", "country code", "region code", "pais", "pays", "land"),
}  # fmt: skip
_MEANING = {word: field for field, words in _SYNONYMS.items() for word in words}
_MOBILE = re.compile(r"mob|cell|handy|portable|movil|celular|sms|text|whatsapp")


def normal(header: str) -> str:
    """A header as the synonyms are written: lower case, no accents, words apart."""
    text = unicodedata.normalize("NFKD", str(header))
    text = "".join(character for character in text if not unicodedata.combining(character)).lower()
    return " ".join(re.findall(r"[a-z0-9]+", text))


def meaning(header: str) -> str:
    """The field that a header names, or nothing."""
    text = normal(header)
    return _MEANING.get(text) or _MEANING.get(
        re.sub(r"\b(the|your|customer|contact|patient|client)\b ?", "", text).strip(), ""
    )


def find_header(rows: Sequence[tuple[int, Sequence[Any]]]) -> int:
    """The number of the header's row among the first filled ones; 0 where the data begins at once.

    The first row that names a phone column wins. Without one the first row is the header, unless it holds a number that
    could be texted, for then it is a person.
    """
    for number, cells in rows[:20]:
        if any(isinstance(cell, str) and meaning(cell) == PHONE for cell in cells):
            return number
    number, cells = rows[0]
    return 0 if any(_is_phone(cell) for cell in cells) else number


def name_columns(names: Sequence[Any], width: int) -> list[str]:
    """A name for each of `width` columns: the header's, its letter where blank, told apart where repeated."""
    made: list[str] = []
    for index in range(max(width, len(names))):
        base = str(names[index]).strip() if index < len(names) and names[index] is not None else ""
        base = base or f"Column {letter(index)}"
        name, repeat = base, 2
        while name in made:
            name, repeat = f"{base} ({repeat})", repeat + 1
        made.append(name)
    return made


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
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        field = meaning(re.sub(r" \(\d+\)$", "", column))
        if field and (field == PHONE or field not in taken):
            mapping[column] = field
            taken.add(field)
    if PHONE not in taken:
        rows = list(sample)
        best = max(range(len(columns)), key=lambda index: _phones_in(rows, index, region), default=0)
        if columns and _phones_in(rows, best, region):
            mapping[columns[best]] = PHONE
    if NAME in taken and "first_name" in taken:
        mapping = {column: field for column, field in mapping.items() if field != NAME}
    return {column: mapping.get(column) or attribute_name(column) for column in columns}


def phone_order(columns: Sequence[str], mapping: Mapping[str, str]) -> list[int]:
    """The phone columns in the order in which they are tried: those that say mobile first."""
    phones = [index for index, column in enumerate(columns) if mapping.get(column) == PHONE]
    return sorted(phones, key=lambda index: (not _MOBILE.search(normal(columns[index])), index))


def attribute_name(column: str) -> str:
    """A column as a merge tag can name it: letters, digits and underscores; `-` where nothing is left."""
    name = normal(column).replace(" ", "_")[:MAX_ATTRIBUTE_NAME].strip("_")
    if not name:
        return IGNORE
    return f"column_{name}" if name[0].isdigit() or name in FIELDS else name


def _phones_in(rows: Sequence[Sequence[Any]], index: int, region: str) -> int:
    return sum(1 for cells in rows if index < len(cells) and _is_phone(cells[index], region))


def _is_phone(cell: Any, region: str = "US") -> bool:
    try:
        parse_phone(cell, region)
    except InvalidPhone:
        return False
    return True
