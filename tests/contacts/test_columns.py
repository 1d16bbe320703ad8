"""What a header says, and what is done where it says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import columns
from contacts.columns import attribute_name, guess_mapping, meaning, name_columns, parse_map_option, phone_order

NOBODY: list[list[object]] = []


@pytest.mark.parametrize(
    ("field", "written"),
    [
        (
            "phone",
            "Phone|PHONE NUMBER|phone_number|PhoneNumber|phonenumber|Mobile Phone (work)|Cell #|Tel.|Mobile No.|"
            "Teléfono|Teléfono móvil|Número de celular|Téléphone portable|Numéro de téléphone|Handy-Nr.|"
            "Mobilnummer|Telefon geschäftlich|WhatsApp|E.164|Customer phone|homephone",
        ),
        ("first_name", "First name|FIRSTNAME|FirstName|fname|Given Name|Nombre|Prénom|Vorname|Contact first name"),
        ("last_name", "Last Name|surname|Apellidos|Nom de famille|Nom|Nachname"),
        ("name", "Name|Full name|Customer|Nombre completo|Nom complet|Vollständiger Name"),
        ("email", "E-mail|Email Address|e_mail|Correo electrónico|Adresse e-mail|E-Mail-Adresse"),
        ("company", "Company|Organisation|Empresa|Société|Firma"),
        ("time_zone", "Time zone|timezone|TimeZone|Zona horaria|Fuseau horaire|Zeitzone"),
        ("region", "Country|Country/Region|País|Pays|Land"),
        ("", "Fax|Home Fax|Pager|Phone 1 - Label|Phone type|Mobile country code|Phone opt-in|Notes|Assistant's Phone|"),
    ],
)
def test_it_knows_headers_in_four_languages(field: str, written: str) -> None:
    assert {header: meaning(header) for header in written.split("|")} == dict.fromkeys(written.split("|"), field)


@pytest.mark.parametrize(
    ("headers", "phones", "others"),
    [
        (  # Google Contacts
            "First Name,Middle Name,Last Name,Organization Name,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,"
            "Phone 1 - Value,Phone 2 - Label,Phone 2 - Value",
            ["Phone 1 - Value", "Phone 2 - Value"],
            {
                "First Name": "first_name",
                "Last Name": "last_name",
                "Organization Name": "company",
                "E-mail 1 - Value": "email",
                "Phone 1 - Label": "phone_1_label",
            },
        ),
        (  # Outlook
            "First Name,Last Name,Company,E-mail Address,Business Phone,Home Phone 2,Mobile Phone,Home Fax,Pager,"
            "Business Country/Region",
            ["Mobile Phone", "Business Phone", "Home Phone 2"],
            {"E-mail Address": "email", "Home Fax": "home_fax", "Business Country/Region": "region"},
        ),
        (  # HubSpot
            "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Time Zone,Associated Company",
            ["Mobile Phone Number", "Phone Number"],
            {"Record ID": "record_id", "Email": "email", "Time Zone": "time_zone", "Associated Company": "company"},
        ),
        (  # Mailchimp
            "Email Address,First Name,Last Name,Phone Number,SMS Phone Number,TAGS",
            ["SMS Phone Number", "Phone Number"],
            {"Email Address": "email", "TAGS": "tags"},
        ),
        (  # Salesforce
            "FirstName,LastName,Account Name,Phone,MobilePhone,HomePhone,Email,MailingCountry",
            ["MobilePhone", "Phone", "HomePhone"],
            {"FirstName": "first_name", "Account Name": "company", "MailingCountry": "region"},
        ),
    ],
)
def test_it_knows_what_other_products_export(headers: str, phones: list[str], others: dict[str, str]) -> None:
    names = headers.split(",")
    mapping = guess_mapping(names, NOBODY, "US")
    assert [names[index] for index in phone_order(names, mapping)] == phones
    assert {name: mapping[name] for name in others} == others


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
    targets = [target for target in mapping.values() if target != "phone"]
    assert len(set(targets)) == len(targets)
    assert columns.IGNORE not in targets
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


def test_a_mapping_is_given_as_column_and_field() -> None:
    assert parse_map_option("Cell=phone") == ("Cell", "phone")
    assert parse_map_option(" a=b = first_name ") == ("a=b", "first_name")
    for wrong in ("Cell", "=phone", "Cell=", ""):
        with pytest.raises(ValueError, match="A mapping takes a column and a field"):
            parse_map_option(wrong)
