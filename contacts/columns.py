"""What the columns of a sheet mean. Pure.

Headers are recognised in English, Spanish, French and German, whatever their case, accents and punctuation, as are
those that Google Contacts, Outlook, HubSpot, Mailchimp and Salesforce export.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from contacts.attributes import Kind
from contacts.phones import InvalidPhone, parse_phone

PHONE, NAME, REGION, IGNORE = "phone", "name", "region", "-"
CONSENT_SOURCE, CONSENT_AT, CONSENT_TEXT = "consent_source", "consent_at", "consent_text"
# The order in which staff want several columns tried; a plain `phone` comes before them.
PHONES = (PHONE, "phone_2", "phone_3", "phone_4", "phone_5")
_LABELS = {
    **dict(zip(PHONES, ("Phone", "Phone, 2nd try", "Phone, 3rd try", "Phone, 4th try", "Phone, 5th try"), strict=True)),
    "first_name": "First name",
    "last_name": "Last name",
    NAME: "Full name, to be split",
    "email": "E-mail",
    "company": "Company",
    "time_zone": "Time zone",
    REGION: "Country of the phone number",
    CONSENT_SOURCE: "Consent: where it comes from",
    CONSENT_AT: "Consent: date",
    CONSENT_TEXT: "Consent: wording",
    IGNORE: "Leave out",
}
FIELDS = tuple(target for target in _LABELS if target != IGNORE)
MAX_ATTRIBUTE_NAME = 60
MAX_COLUMN_NAME = 100
HEADER_WITHIN = 20  # rows from the top
# The columns of our own files: those of every export, by which one is known, and those before rejected rows.
OUR_EXPORT = frozenset({"Phone", "Consent source", "Consent date", "Consent wording"})
OUR_REJECTS = ("Row", "Why not")

_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    PHONE: ("e164", "msisdn", "contact number", "numero de contacto", "rufnummer", "sms", "whatsapp", "to", "number",
            "numero", "nummer"),
    "first_name": ("first name", "first", "fname", "given name", "forename", "nombre", "nombres", "primer nombre",
                   "nombre de pila", "prenom", "vorname"),
    "last_name": ("last name", "last", "lname", "surname", "family name", "apellido", "apellidos", "nom de famille",
                  "nom", "nachname", "familienname"),
    NAME: ("name", "full name", "contact", "contact name", "customer", "customer name", "patient", "patient name",
           "client", "client name", "display name", "nombre completo", "nombre y apellidos", "cliente", "nom complet",
           "nom et prenom", "vollstandiger name", "vor und nachname", "kunde", "kundenname"),
    "email": ("email", "email address", "mail", "email 1 value", "primary email", "work email", "correo",
              "correo electronico", "direccion de correo electronico", "courriel", "adresse email", "adresse mail",
              "adresse de messagerie", "email adresse", "mail adresse"),
    "company": ("company", "company name", "associated company", "company account", "organization", "organisation",
                "organization name", "organization 1 name", "business", "business name", "employer", "account name",
                "empresa", "nombre de la empresa", "empresa asociada", "compania", "organizacion", "societe",
                "entreprise", "nom de l entreprise", "entreprise associee", "firma", "firmenname", "unternehmen",
                "unternehmensname", "zugeordnetes unternehmen"),
    "time_zone": ("time zone", "tz", "zona horaria", "huso horario", "fuseau horaire", "zeitzone"),
    REGION: ("country", "country code", "country region", "region code", "home country region",
             "business country region", "mailing country", "address 1 country", "pais", "pais o region",
             "codigo de pais", "pays", "pays region", "code pays", "land", "land region", "landercode"),
    CONSENT_SOURCE: ("consent source",),
    CONSENT_AT: ("consent date", "consent given", "consent at", "date of consent", "opt in date", "opt in time",
                 "opted in at", "confirm time", "fecha de consentimiento", "fecha del consentimiento",
                 "date de consentement", "date du consentement", "einwilligungsdatum", "datum der einwilligung",
                 "einwilligung am"),
    CONSENT_TEXT: ("consent wording", "consent text", "opt in wording", "texto de consentimiento",
                   "texto del consentimiento", "texte de consentement", "texte du consentement", "einwilligungstext",
                   "wortlaut der einwilligung"),
}  # fmt: skip
# Of what another product exports, headers that few others have, and how many of them tell it.
_EXPORTS: Mapping[str, tuple[int, str]] = {
    "Google Contacts": (2, "phone 1 value|phone 1 type|phone 1 label|email 1 value|email 1 type|email 1 label|file as|"
                           "given name yomi|phonetic first name|group membership|organization 1 name"),
    "Outlook": (3, "email address|email 2 address|email display name|business phone|business phone 2|home phone|"
                   "home phone 2|mobile phone|car phone|company main phone|business street|home street|home fax|"
                   "business country region|home country region|categories|office location"),
    "Mailchimp": (2, "email address|tags|member rating|optin time|optin ip|confirm time|confirm ip|leid|euid|gmtoff|"
                     "dstoff|last changed"),
    "HubSpot": (2, "record id|record id contact|associated company|associated company ids|"
                   "lifecycle stage|marketing contact status|mobile phone number|original source|create date"),
    "Salesforce": (2, "account name|account id|account owner|contact id|contact owner alias|mailing street|"
                      "mailing city|mailing state province|mailing zip postal code|mailing country|lead owner|lead id|"
                      "lead source|company account"),
}  # fmt: skip
# What stands beside a value in such exports: home, work.
_BESIDE_A_VALUE = re.compile(r"(?:phone|email|address|website|organization|im) [0-9]+ (?:label|type)")
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
    "privat geschaftlich arbeit festnetz car company preferred best daytime evening formatted e164 particular oficina "
    "haupt firma weiteres weitere"
)
_PHONE_WORDS = frozenset(_OF_PHONES.split())
_OUR_HEADERS = OUR_EXPORT | {"First name", "Last name", "E-mail", "Company", "Time zone"}
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
    """The field that a header names, `-` for what only labels the column beside it, or nothing."""
    text = normal(header)
    if _BESIDE_A_VALUE.fullmatch(text):
        return IGNORE
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


def guess_mapping(
    columns: Sequence[str],
    sample: Iterable[Sequence[Any]],
    region: str,
    attributes: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Column name → target. Several may be phones; every other field is named once; the rest become attributes.

    `attributes` are those that exist: label or name as `normal` has it → target. In a file that we exported ourselves
    they go before the synonyms, so that everything comes back to where it was.
    """
    rows = list(sample)
    mapping = dict.fromkeys(_of_rejects(columns), IGNORE)
    ours = set(columns) >= OUR_EXPORT
    taken: set[str] = set()
    for index, column in enumerate(columns):
        if column in mapping:
            continue
        header = normal(_unrepeated(column))
        field = meaning(_unrepeated(column))
        known = attributes.get(normal(column), "")
        if known and known not in taken and (not field or (ours and column not in _OUR_HEADERS)):
            field = known
        elif field == PHONE and header in _DOUBTFUL and not _phones_in(rows, index, region):
            continue
        if field and (field in (PHONE, IGNORE) or field not in taken):
            mapping[column] = field
            taken.add(field)
    if PHONE not in taken:
        best = max(range(len(columns)), key=lambda index: _phones_in(rows, index, region), default=0)
        if columns and _phones_in(rows, best, region):
            mapping[columns[best]] = PHONE
    _settle_name(mapping, taken)
    return _with_attributes(columns, mapping)


def _of_rejects(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that we put before rejected rows; either alone is somebody else's."""
    return OUR_REJECTS if set(columns) >= set(OUR_REJECTS) else ()


def unrecognised(columns: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    """The columns that became attributes because their headers say nothing that we know."""
    return [column for column in columns if _became_attribute(mapping.get(column, IGNORE)) and not _names_field(column)]


def _became_attribute(target: str) -> bool:
    name, kind = split_target(target)
    return not kind and name not in _LABELS


def _names_field(column: str) -> bool:
    return bool(meaning(_unrepeated(column))) and normal(_unrepeated(column)) not in _DOUBTFUL


def known_source(columns: Sequence[str]) -> str:
    """The product that exports such columns, or nothing."""
    found = {normal(column) for column in columns}
    for product, (enough, theirs) in _EXPORTS.items():
        if len(found.intersection(theirs.split("|"))) >= enough:
            return product
    return ""


def header_key(columns: Sequence[str]) -> str:
    """By which these columns, in this order, are known again: SHA-256 in hexadecimal.

    Case, accents and punctuation do not count, nor do the columns that we put before rejected rows.
    """
    ours = _of_rejects(columns)
    names = [normal(column) or column for column in columns if column not in ours]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


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
    taken = {split_target(target)[0] for target in mapping.values()}
    for index, column in enumerate(columns):
        if column in mapping:
            complete[column] = mapping[column]
            continue
        base = attribute_name(column)
        if base == IGNORE:  # a header in another alphabet
            base = f"column_{letter(index).lower()}"
        target, repeat = base, 2
        while target in taken:
            target, repeat = f"{base[: MAX_ATTRIBUTE_NAME - 4]}_{repeat}", repeat + 1
        taken.add(target)
        complete[column] = target
    return complete


def phone_order(columns: Sequence[str], mapping: Mapping[str, str]) -> list[int]:
    """The phone columns in the order in which they are tried: as staff chose, those that say mobile first."""
    ranks = {index: PHONES.index(mapping[name]) for index, name in enumerate(columns) if mapping.get(name) in PHONES}
    return sorted(ranks, key=lambda at: (ranks[at], not (ranks[at] or _MOBILE.search(normal(columns[at]))), at))


def split_target(target: str) -> tuple[str, str]:
    """A target as its name and kind: `visit:date` is visit and date; a field, or plain text, has no kind."""
    name, colon, kind = target.rpartition(":")
    return (name, kind) if colon and kind in tuple(Kind) else (target, "")


def target_label(target: str) -> str:
    """The target in words for staff."""
    name, kind = split_target(target)
    return _LABELS.get(name) or f"{name.replace('_', ' ')} ({Kind(kind or Kind.TEXT).label})"


def choices_for_mapping() -> list[tuple[str, str]]:
    """The targets that are always there, each with its label."""
    return list(_LABELS.items())


def parse_map_option(option: str) -> tuple[str, str]:
    """`Column=field` → column and target; the column's name may hold an equals sign. Raises ValueError in words."""
    column, equals, wanted = option.rpartition("=")
    column, wanted = column.strip(), wanted.strip()
    if not equals or not column or not wanted:
        raise ValueError(f'A mapping takes a column and a field, for example "Cell=phone"; this is “{option}”.')
    field = normal(wanted).replace(" ", "_")
    if wanted == IGNORE:
        return column, IGNORE
    if field in FIELDS and ":" not in wanted:
        return column, field
    name, colon, kind = wanted.partition(":")
    if colon and kind.strip() not in tuple(Kind):
        raise ValueError(f"“{kind}” is no kind of value. There are: {', '.join(Kind)}. This is “{option}”.")
    if colon and normal(name).replace(" ", "_") in FIELDS:
        raise ValueError(f"“{name}” takes no kind, only a column of your own does; this is “{option}”.")
    if (attribute := attribute_name(name)) == IGNORE:
        raise ValueError(f"The name of a column of your own needs letters from a to z; this is “{option}”.")
    return column, f"{attribute}:{kind.strip()}" if colon else attribute


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
