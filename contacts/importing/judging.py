"""What a row would do to the contacts, as SQL: one wording for the preview, for the import and for single rows.

`r` is the row, `i` the import, `c` the contact with that number or nothing. `changes` is an object of field to
[before, after]; attributes stand in it as `attributes.name`, and null means that there was, or will be, no value.
"""

from contacts.models import ContactImport, ImportRow

TEXT_FIELDS = ("first_name", "last_name", "email", "company", "time_zone")
ALREADY_A_CONTACT = "Already a contact; this import only adds new people."
_NOTHING = "'{}'::jsonb"


def _text_change(field: str) -> str:
    return f"""CASE WHEN r.fields ? '{field}' AND r.fields ->> '{field}' <> c.{field}
             AND (i.existing = 'update' OR c.{field} = '')
        THEN jsonb_build_object('{field}', jsonb_build_array(c.{field}, r.fields ->> '{field}'))
        ELSE {_NOTHING} END"""


# The first test is cheap, and true for nearly every row of a file that is imported again.
_ATTRIBUTE_CHANGES = f"""CASE WHEN c.attributes @> COALESCE(r.fields -> 'attributes', {_NOTHING}) THEN {_NOTHING}
        ELSE (SELECT COALESCE(jsonb_object_agg('attributes.' || a.key,
                                               jsonb_build_array(c.attributes -> a.key, a.value)), {_NOTHING})
              FROM jsonb_each(r.fields -> 'attributes') AS a
              WHERE c.attributes -> a.key IS DISTINCT FROM NULLIF(a.value, 'null')
                AND (i.existing = 'update' OR NOT c.attributes ? a.key)) END"""

# A consent on record is evidence: only a later one takes its place.
_CONSENT_CHANGE = f"""CASE WHEN n.source <> ''
             AND (c.consent_source = '' OR (i.existing = 'update' AND n.given_at > c.consent_at))
        THEN jsonb_build_object(
            'consent_source', jsonb_build_array(c.consent_source, n.source),
            'consent_at', jsonb_build_array(c.consent_at, n.given_at),
            'consent_text', jsonb_build_array(c.consent_text, n.wording))
        ELSE {_NOTHING} END"""

# The consent that the row states, or else the one that was stated for the whole file. A row with a date or a wording
# alone says only that it came with the file, so what staff said of the file is the better source.
CONSENT = """CROSS JOIN LATERAL (
    SELECT COALESCE(NULLIF(r.fields ->> 'consent_source', 'import'), NULLIF(i.consent_source, ''),
                    r.fields ->> 'consent_source', '') AS source,
           COALESCE((r.fields ->> 'consent_at')::timestamptz, i.consent_at) AS given_at,
           COALESCE(r.fields ->> 'consent_text', i.consent_text) AS wording) AS n"""

_CHANGES = "\n || ".join([*map(_text_change, TEXT_FIELDS), _ATTRIBUTE_CHANGES, _CONSENT_CHANGE])

# A batch looks up some thousand numbers in tables of any size. As joins the planner, which knows little of rows that
# were written a moment ago, would read the whole of those tables for each batch; LIMIT has it look up each number.
CONTACTS = f"""LEFT JOIN LATERAL (SELECT * FROM contacts_contact WHERE phone = r.phone LIMIT 1) AS c ON true
    {CONSENT}
    CROSS JOIN LATERAL (
        SELECT CASE WHEN c.id IS NULL OR i.existing = 'skip' THEN {_NOTHING} ELSE {_CHANGES} END AS changes
        OFFSET 0) AS d  -- computed once a row, not wherever it is named
    CROSS JOIN LATERAL (
        SELECT CASE WHEN c.id IS NULL THEN 'created' WHEN i.existing = 'skip' THEN 'skipped'
                    WHEN d.changes = {_NOTHING} THEN 'unchanged' ELSE 'updated' END AS fate,
               -- Only two first names tell two people apart: a missing one, or another spelling of case, does not.
               COALESCE(c.first_name <> '' AND r.fields ->> 'first_name' <> ''
                        AND lower(c.first_name) <> lower(r.fields ->> 'first_name'), false) AS shared,
               c.id AS contact_id, d.changes AS changes) AS j"""

OPT_OUTS = f"""CROSS JOIN LATERAL (
        SELECT CASE WHEN s.id IS NULL THEN 'created' ELSE 'unchanged' END AS fate,
               false AS shared, NULL::bigint AS contact_id, {_NOTHING} AS changes) AS j"""

SUPPRESSION = """LEFT JOIN LATERAL (
    SELECT id FROM contacts_suppression WHERE phone = r.phone AND lifted_at IS NULL LIMIT 1) AS s ON true"""

TAKEN = ", ".join(f"'{fate}'" for fate in ImportRow.TAKEN)


def verdict(record: ContactImport) -> str:
    """The joins that judge each row `r` of this import as `j`: fate, contact_id, changes, shared."""
    return f"{SUPPRESSION}\n{OPT_OUTS if record.is_opt_outs else CONTACTS}"


def write_changes(source: str) -> str:
    """Give contacts what `source` (columns contact_id, changes) says; whoever runs it holds their locks."""
    return _WRITE_CHANGES.replace("SOURCE", source)


_WRITE_CHANGES = f"""
UPDATE contacts_contact AS c SET
    {", ".join(f"{field} = COALESCE(w.changes -> '{field}' ->> 1, c.{field})" for field in TEXT_FIELDS)},
    attributes = (c.attributes || (
            SELECT COALESCE(jsonb_object_agg(substr(a.key, 12), a.value -> 1), {_NOTHING})
            FROM jsonb_each(w.changes) AS a WHERE a.key LIKE 'attributes.%%' AND a.value -> 1 <> 'null'))
        - ARRAY(SELECT substr(a.key, 12)
                FROM jsonb_each(w.changes) AS a WHERE a.key LIKE 'attributes.%%' AND a.value -> 1 = 'null'),
    consent_source = COALESCE(w.changes -> 'consent_source' ->> 1, c.consent_source),
    consent_at = CASE WHEN w.changes ? 'consent_at'
                      THEN (w.changes -> 'consent_at' ->> 1)::timestamptz ELSE c.consent_at END,
    consent_text = COALESCE(w.changes -> 'consent_text' ->> 1, c.consent_text),
    updated_at = now()
FROM SOURCE AS w WHERE c.id = w.contact_id
"""
