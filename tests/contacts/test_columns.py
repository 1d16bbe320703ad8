"""What a header says, and what is done where it says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import columns
from contacts.columns import (
    attribute_name,
    choices_for_mapping,
    guess_mapping,
    header_key,
    known_source,
    meaning,
    name_columns,
    parse_map_option,
    phone_order,
    split_target,
    target_label,
    unrecognised,
)

NOBODY: list[list[object]] = []


@pytest.mark.parametrize(
    ("field", "written"),
    [
        # English
        (
            "phone",
            "Phone|PHONE NUMBER|phone_number|PhoneNumber|phonenumber|Mobile Phone (work)|Cell #|Tel.|Mobile No.|"
            "WhatsApp|E.164|Customer phone|homephone|SMS Phone|Other Phone|Phone 2",
        ),
        ("first_name", "First name|FIRSTNAME|FirstName|fname|Given Name|Contact first name"),
        ("last_name", "Last Name|surname|Family name|LNAME"),
        ("name", "Name|Full name|Customer|Patient name|Contact"),
        ("email", "E-mail|Email Address|e_mail|EMAIL|Primary email"),
        ("company", "Company|Organisation|Company / Account|Account Name|Employer"),
        ("time_zone", "Time zone|timezone|TimeZone|TZ"),
        ("region", "Country|Country/Region|Country code|Mailing Country|Address 1 - Country"),
        ("consent_at", "Consent date|Consent given|OPTIN_TIME|CONFIRM_TIME|Opt-in date|Date of consent"),
        ("consent_text", "Consent wording|Consent text|Opt-in wording"),
        ("consent_source", "Consent source"),
        # Spanish
        ("phone", "Teléfono|Teléfono móvil|Número de celular|Número de teléfono móvil|Teléfono particular|Móvil"),
        ("first_name", "Nombre|Nombres|Primer nombre"),
        ("last_name", "Apellidos|Apellido"),
        ("name", "Nombre completo|Nombre y apellidos|Cliente"),
        ("email", "Correo electrónico|Correo|Dirección de correo electrónico"),
        ("company", "Empresa|Compañía|Organización|Nombre de la empresa"),
        ("time_zone", "Zona horaria"),
        ("region", "País|País o región"),
        ("consent_at", "Fecha de consentimiento"),
        ("consent_text", "Texto del consentimiento"),
        # French
        (
            "phone",
            "Téléphone portable|Numéro de téléphone|Tél. mobile|Téléphone (bureau)|Téléphone (domicile)",
        ),
        ("first_name", "Prénom"),
        ("last_name", "Nom de famille|Nom"),
        ("name", "Nom complet|Nom et prénom"),
        ("email", "Adresse e-mail|Courriel|Adresse de messagerie"),
        ("company", "Société|Entreprise|Nom de l'entreprise"),
        ("time_zone", "Fuseau horaire"),
        ("region", "Pays|Pays/Région"),
        ("consent_at", "Date de consentement|Date du consentement"),
        ("consent_text", "Texte du consentement"),
        # German
        (
            "phone",
            "Handy-Nr.|Mobilnummer|Telefon geschäftlich|Telefon (privat)|Mobiltelefon|Weiteres Telefon",
        ),
        ("first_name", "Vorname"),
        ("last_name", "Nachname|Familienname"),
        ("name", "Vollständiger Name|Vor- und Nachname|Kunde"),
        ("email", "E-Mail-Adresse|Mail-Adresse"),
        ("company", "Firma|Unternehmen|Firmenname"),
        ("time_zone", "Zeitzone"),
        ("region", "Land|Land/Region|Ländercode"),
        ("consent_at", "Einwilligungsdatum|Datum der Einwilligung|Einwilligung am"),
        ("consent_text", "Einwilligungstext|Wortlaut der Einwilligung"),
        # Only beside a value, and nothing at all
        ("-", "Phone 1 - Label|Phone 2 - Type|E-mail 1 - Label|Website 1 - Type|Organization 1 - Type"),
        (
            "",
            "Fax|Home Fax|Pager|Phone type|Mobile country code|Phone opt-in|Notes|Assistant's Phone|MMERGE7|Consent|"
            "TAGS|Telefon Assistent|Event 1 - Label|",
        ),
    ],
)
def test_it_knows_headers_in_four_languages(field: str, written: str) -> None:
    assert {header: meaning(header) for header in written.split("|")} == dict.fromkeys(written.split("|"), field)


@pytest.mark.parametrize(
    ("product", "headers", "phones", "others"),
    [
        (
            "Google Contacts",
            "First Name,Middle Name,Last Name,Phonetic First Name,Nickname,File As,Organization Name,"
            "Organization Title,Birthday,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value,"
            "Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,Address 1 - Label,Address 1 - Country",
            ["Phone 1 - Value", "Phone 2 - Value"],
            {
                "First Name": "first_name",
                "Last Name": "last_name",
                "Organization Name": "company",
                "E-mail 1 - Label": "-",
                "E-mail 1 - Value": "email",
                "E-mail 2 - Value": "email_2_value",
                "Phone 1 - Label": "-",
                "Phone 2 - Label": "-",
                "Address 1 - Country": "region",
            },
        ),
        (
            "Google Contacts",
            "Name,Given Name,Additional Name,Family Name,Yomi Name,Given Name Yomi,Group Membership,E-mail 1 - Type,"
            "E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Organization 1 - Type,Organization 1 - Name",
            ["Phone 1 - Value"],
            {
                "Name": "column_name",
                "Given Name": "first_name",
                "Family Name": "last_name",
                "E-mail 1 - Type": "-",
                "Phone 1 - Type": "-",
                "Organization 1 - Type": "-",
                "Organization 1 - Name": "company",
            },
        ),
        (
            "Outlook",
            "First Name,Last Name,Company,E-mail Address,E-mail 2 Address,Business Phone,Home Phone,Home Phone 2,"
            "Mobile Phone,Home Fax,Pager,Assistant's Phone,Business Country/Region",
            ["Mobile Phone", "Business Phone", "Home Phone", "Home Phone 2"],
            {"E-mail Address": "email", "Home Fax": "home_fax", "Business Country/Region": "region"},
        ),
        (
            "HubSpot",
            "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Time Zone,Associated Company",
            ["Mobile Phone Number", "Phone Number"],
            {"Record ID": "record_id", "Email": "email", "Time Zone": "time_zone", "Associated Company": "company"},
        ),
        (
            "Mailchimp",
            "Email Address,First Name,Last Name,Address,Phone Number,SMS Phone Number,MMERGE7,MEMBER_RATING,"
            "OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TIMEZONE,CC,LEID,EUID,NOTES,TAGS",
            ["SMS Phone Number", "Phone Number"],
            {
                "Email Address": "email",
                "MMERGE7": "mmerge7",
                "OPTIN_TIME": "consent_at",
                "CONFIRM_TIME": "confirm_time",
                "TIMEZONE": "time_zone",
                "TAGS": "tags",
            },
        ),
        (
            "Salesforce",
            "Salutation,First Name,Last Name,Account Name,Mailing Street,Mailing City,Mailing Country,Phone,Mobile,Fax,"
            "Email,Account Owner",
            ["Mobile", "Phone"],
            {"First Name": "first_name", "Account Name": "company", "Mailing Country": "region", "Fax": "fax"},
        ),
        (
            "Salesforce",
            "Lead Owner,First Name,Last Name,Title,Company / Account,Email,Lead Source,Phone,Mobile,Country",
            ["Mobile", "Phone"],
            {"Company / Account": "company", "Country": "region", "Email": "email"},
        ),
        (
            "Salesforce",
            "FirstName,LastName,Account Name,Phone,MobilePhone,HomePhone,Email,MailingCountry",
            ["MobilePhone", "Phone", "HomePhone"],
            {"FirstName": "first_name", "Account Name": "company", "MailingCountry": "region"},
        ),
        ("", "Phone,First name,E-mail,City", ["Phone"], {"City": "city"}),
    ],
)
def test_it_knows_what_other_products_export(
    product: str, headers: str, phones: list[str], others: dict[str, str]
) -> None:
    names = headers.split(",")
    mapping = guess_mapping(names, NOBODY, "US")
    assert known_source(names) == product
    assert [names[index] for index in phone_order(names, mapping)] == phones
    assert {name: mapping[name] for name in others} == others


OUR_EXPORT = (
    "Phone", "First name", "Last name", "E-mail", "Company", "Time zone", "Consent source", "Consent date",
    "Consent wording",
)  # fmt: skip


def test_our_own_export_comes_back_to_where_it_was() -> None:
    names = [*OUR_EXPORT, "Next visit", "Mobile", "Client"]
    attributes = {"next visit": "visit:date", "mobile": "has_mobile:yesno", "client": "client:text"}
    assert list(guess_mapping(names, NOBODY, "US", attributes).values()) == [
        "phone", "first_name", "last_name", "email", "company", "time_zone", "consent_source", "consent_at",
        "consent_text", "visit:date", "has_mobile:yesno", "client:text",
    ]  # fmt: skip


def test_in_the_file_of_somebody_else_a_field_goes_before_an_attribute_that_exists() -> None:
    attributes = {"next visit": "visit:date", "mobile": "has_mobile:yesno", "phone": "old_phone:text"}
    mapping = guess_mapping(["Next visit", "Mobile", "Visit"], NOBODY, "US", attributes)
    assert mapping == {"Next visit": "visit:date", "Mobile": "phone", "Visit": "visit_2"}


def test_an_attribute_that_exists_is_named_once() -> None:
    mapping = guess_mapping(["Visit", "VISIT!"], NOBODY, "US", {"visit": "visit:date"})
    assert mapping == {"Visit": "visit:date", "VISIT!": "visit_2"}


def test_the_two_columns_before_rejected_rows_are_left_out_where_both_are_there() -> None:
    names = ["Row", "Why not", "Phone", "Seat"]
    assert guess_mapping(names, NOBODY, "US") == {"Row": "-", "Why not": "-", "Phone": "phone", "Seat": "seat"}
    assert guess_mapping(["Row", "Phone"], NOBODY, "US") == {"Row": "row", "Phone": "phone"}
    assert header_key(names) == header_key(["Phone", "Seat"])
    assert header_key(["Row", "Phone"]) != header_key(["Phone"])


def test_a_header_is_known_again_whatever_its_case_and_punctuation() -> None:
    key = header_key(["Phone", "Teléfono 2", "E-mail"])
    assert key == header_key(["PHONE ", "telefono_2", "e mail"])
    assert len(key) == 64
    others = (
        ["Phone"],
        ["E-mail", "Phone", "Teléfono 2"],
        ["Phone", "Teléfono 2", "E-mail", "#"],
        ["Phone", "2E-mail"],
    )
    assert len({key, *map(header_key, others)}) == 1 + len(others)


def test_it_names_the_columns_that_it_does_not_know() -> None:
    names = ["Phone", "E-mail", "E-mail (2)", "Seat", "Visit", "Phone 1 - Label", "Number"]
    mapping = guess_mapping(names, NOBODY, "US", {"visit": "visit:date"})
    assert unrecognised(names, mapping) == ["Seat", "Number"]
    assert unrecognised(names, {**mapping, "Seat": "seat:text", "Number": "-"}) == []
    assert unrecognised(["Reach"], guess_mapping(["Reach"], [["+12025550101"]], "US")) == []


def test_staff_choose_the_order_of_phones_and_a_plain_one_goes_first() -> None:
    names = ["Home", "Work", "Cell", "Mobile", "Phone"]
    chosen = {"Home": "phone_2", "Work": "phone_3", "Cell": "phone_2", "Mobile": "phone", "Phone": "phone"}
    assert [names[index] for index in phone_order(names, chosen)] == ["Mobile", "Phone", "Home", "Cell", "Work"]
    assert phone_order(names, {"Home": "home_phone", "Work": "-"}) == []


def test_without_a_header_for_it_the_column_with_most_numbers_is_the_phone() -> None:
    sample = [["7", "+12025550101"], ["8", "202 555 0102"], ["+12025550103", "none"]]
    assert guess_mapping(["Id", "How to reach"], sample, "US") == {"Id": "id", "How to reach": "phone"}


def test_where_no_cell_is_a_number_no_column_is_the_phone() -> None:
    assert "phone" not in guess_mapping(["Id", "Note"], [["7", "x"]], "US").values()


@pytest.mark.parametrize("header", ["Number", "To", "Número"])
def test_a_header_that_may_mean_anything_is_a_phone_only_with_numbers_below(header: str) -> None:
    assert guess_mapping([header], [["+12025550101"]], "US")[header] == "phone"
    mapping = guess_mapping([header, "Reach"], [["4711", "+12025550101"]], "US")
    assert (mapping[header] == "phone", mapping["Reach"]) == (False, "phone")


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        (["Name"], ["name"]),
        (["Name", "Surname"], ["first_name", "last_name"]),
        (["Name", "Vorname"], ["last_name", "first_name"]),
        (["Name", "First name"], ["column_name", "first_name"]),
        (["Name", "First name", "Last name"], ["column_name", "first_name", "last_name"]),
    ],
)
def test_a_name_means_what_its_neighbours_leave(names: list[str], fields: list[str]) -> None:
    assert list(guess_mapping(names, NOBODY, "US").values()) == fields


def test_a_field_is_named_once_and_a_repetition_becomes_an_attribute() -> None:
    mapping = guess_mapping(["E-mail", "E-mail (2)", "Phone", "Phone (2)"], NOBODY, "US")
    assert list(mapping.values()) == ["email", "email_2", "phone", "phone"]


@given(st.lists(st.text(max_size=70), max_size=12))
def test_no_two_columns_write_to_the_same_place_and_none_is_lost(headers: list[str]) -> None:
    names = name_columns(headers, len(headers))
    assert len(set(names)) == len(headers)
    mapping = guess_mapping(names, NOBODY, "US")
    assert list(mapping) == list(names)
    left_out = [name for name, target in mapping.items() if target == columns.IGNORE]
    assert all(meaning(name) == columns.IGNORE for name in left_out)
    targets = [target for target in mapping.values() if target not in ("phone", columns.IGNORE)]
    assert len(set(targets)) == len(targets)
    assert all(len(target) <= columns.MAX_ATTRIBUTE_NAME for target in targets)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Next visit", "next_visit"),
        ("Größe (cm)", "grosse_cm"),
        ("2nd car", "column_2nd_car"),
        ("phone", "column_phone"),
        ("!?", "-"),
        ("x" * 100, "x" * 60),
    ],
)
def test_an_attribute_has_a_name_that_a_merge_tag_can_use(header: str, name: str) -> None:
    assert attribute_name(header) == name


def test_columns_without_a_usable_header_are_named_by_their_letter() -> None:
    assert name_columns(["Phone", None, " ", "Phone"], 5) == ("Phone", "Column B", "Column C", "Phone (2)", "Column E")
    assert guess_mapping(["Phone", "Имя"], NOBODY, "US")["Имя"] == "column_b"
    assert [columns.letter(index) for index in (0, 25, 26, 499)] == ["A", "Z", "AA", "SF"]


@pytest.mark.parametrize(
    ("option", "column", "target"),
    [
        ("Cell=phone", "Cell", "phone"),
        (" a=b = first_name ", "a=b", "first_name"),
        ("Rufname=First name", "Rufname", "first_name"),
        ("Home=phone_2", "Home", "phone_2"),
        ("Note=-", "Note", "-"),
        ("Visit=visit", "Visit", "visit"),
        ("Visit=visit:date", "Visit", "visit:date"),
        ("Visit=Next visit : date", "Visit", "next_visit:date"),
        ("Vuelta=Año:number", "Vuelta", "ano:number"),
        ("a:b=vip:yesno", "a:b", "vip:yesno"),
        ("Signed=consent_at", "Signed", "consent_at"),
    ],
)
def test_a_mapping_is_given_as_column_and_target(option: str, column: str, target: str) -> None:
    assert parse_map_option(option) == (column, target)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("Cell", "A mapping takes a column and a field"),
        ("=phone", "A mapping takes a column and a field"),
        ("Cell=", "A mapping takes a column and a field"),
        ("", "A mapping takes a column and a field"),
        ("Visit=visit:datum", "“datum” is no kind of value. There are: text, number, date, yesno."),
        ("Visit=visit:", "“” is no kind of value."),
        ("Cell=phone:text", "“phone” takes no kind"),
        ("Имя=имя", "needs letters from a to z"),
        ("Visit=:date", "needs letters from a to z"),
    ],
)
def test_a_mapping_that_says_nothing_is_refused_in_a_sentence(option: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"[.”]$") as refusal:
        parse_map_option(option)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("target", "parts", "label"),
    [
        ("phone", ("phone", ""), "Phone"),
        ("phone_3", ("phone_3", ""), "Phone, 3rd try"),
        ("consent_at", ("consent_at", ""), "Consent: date"),
        ("-", ("-", ""), "Leave out"),
        ("next_visit", ("next_visit", ""), "next visit (text)"),
        ("next_visit:date", ("next_visit", "date"), "next visit (date)"),
        ("vip:yesno", ("vip", "yesno"), "vip (yes or no)"),
        ("a:b", ("a:b", ""), "a:b (text)"),
    ],
)
def test_a_target_has_a_name_a_kind_and_words_for_staff(target: str, parts: tuple[str, str], label: str) -> None:
    assert split_target(target) == parts
    assert target_label(target) == label


def test_staff_choose_among_every_field_and_leaving_out() -> None:
    choices = dict(choices_for_mapping())
    assert list(choices) == [*columns.FIELDS, columns.IGNORE]
    assert len(set(choices.values())) == len(choices)
    assert all(target_label(target) == label for target, label in choices.items())


@given(st.text(max_size=30))
def test_no_attribute_is_named_like_a_field(header: str) -> None:
    assert attribute_name(header) not in columns.FIELDS
