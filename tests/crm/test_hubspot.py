"""HubSpot files as they come: labels, histories, epoch milliseconds, stage ids of a portal's own, lists of contacts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mqlab.crm.counts import ImportCounts
from mqlab.crm.fit import table_of
from mqlab.crm.mapping import Mapping, load_mapping, load_preset, overridden
from mqlab.errors import InputError
from tests.crm.conftest import Desk

CONTACTS = """hs_object_id,createdate,email,lifecyclestage,numemployees
101,2026-07-01T08:00:00.000Z,ada@example.com,lead,120
102,1782950400000,bob@example.org,lead,
"""
OWN = "kind: crm-preset/v1\nid: hubspot\n"


def hs(desk: Desk, kind: str, text: str, **options: object) -> ImportCounts:
    """Ingest a HubSpot file."""
    return desk.take(kind, text, preset="hubspot", **options)  # type: ignore[arg-type]


def lines(*rows: object) -> str:
    """JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_contacts_of_every_source_are_the_same_leads(desk: Desk):
    """The API's names, Fivetran's, labels, and Airbyte's nested properties say the same."""
    hs(desk, "leads", CONTACTS)
    again = [
        hs(
            desk, "leads",
            "id,property_createdate,property_email,property_lifecyclestage,property_numemployees,_fivetran_synced\n"
            "101,2026-07-01 08:00:00,ada@example.com,lead,120,2026-07-09 08:00:00\n",
        ),
        hs(
            desk, "leads", "Record ID,Create Date,Email,Lifecycle Stage,Number of Employees\n"
            "101,2026-07-01 10:00,ada@example.com,Lead,120\n", mapping=OWN + "timezone: Europe/Berlin\n",
        ),
        hs(
            desk, "leads",
            lines({
                "id": "101", "createdAt": "2026-07-01T08:00:00Z", "archived": False,
                "properties": {"createdate": "2026-07-01T08:00:00Z", "email": "ada@example.com", "numemployees": "120"},
            }),
            name="contacts.jsonl",
        ),
    ]  # fmt: skip

    ada, bob = desk.facts().leads.to_pylist()
    assert (ada["lead_id"], ada["email_domain"], json.loads(ada["fields"])) == (
        "101",
        "example.com",
        {"employees": "120"},
    )
    assert bob["created_at"] == datetime(2026, 7, 2, tzinfo=UTC)
    assert [one.unchanged + one.corrected for one in again] == [1, 1, 1]


def test_names_and_numbers_of_an_export_in_another_language_are_not_stored(desk: Desk):
    """Only what the mapping knows has to be named: a name is a name in any language, and the address is hashed."""
    counts = hs(
        desk, "leads",
        "Record ID,E-Mail,Create Date,Vorname,Nachname,Telefonnummer,Prénom,Branche\n"
        "201,heinz@kranz.example,2026-07-01T08:00:00Z,Heinz,Kranz,+49 171 1234567,Henri,Optik\n",
    )  # fmt: skip

    lead = desk.facts().leads.to_pylist()[0]
    assert (counts.new, lead["email_domain"], json.loads(lead["fields"])) == (1, "kranz.example", {"branche": "optik"})


def test_a_property_s_history_dates_every_stage(desk: Desk):
    """`propertiesWithHistory` of the API, with epoch milliseconds as text: each stage and status at its own instant."""
    hs(desk, "leads", CONTACTS)
    history = {
        "lifecyclestage": [
            {"value": "salesqualifiedlead", "timestamp": "1783000000000", "sourceType": "CRM_UI"},
            {"value": "lead", "timestamp": "1782900000000", "sourceType": "FORM"},
        ],
        "hs_lead_status": [{"value": "BAD_TIMING", "timestamp": "2026-07-09T08:00:00Z", "sourceType": "CRM_UI"}],
    }

    counts = hs(
        desk, "outcomes", lines({"id": "101", "propertiesWithHistory": history}, {"id": "102"}),
        name="contacts.jsonl", table="contact_property_history",
    )  # fmt: skip

    rows = desk.facts().outcomes.to_pylist()
    assert [(row["kind"], row["occurred_at"]) for row in rows] == [
        ("sql", datetime(2026, 7, 2, 13, 46, 40, tzinfo=UTC)),
        ("recycled", datetime(2026, 7, 9, 8, tzinfo=UTC)),
    ]
    assert (counts.rows, counts.blank, counts.read) == (2, 1, 3)


def test_histories_of_contacts_and_deals_look_the_same(desk: Desk):
    """Where a header fits two tables the file is refused, and `table` says which it is."""
    row = {"id": "101", "propertiesWithHistory": {"amount": [{"value": "7", "timestamp": "1783000000000"}]}}

    with pytest.raises(InputError, match=r"may be 'contact_property_history' or 'deal_property_history'.*--as-table"):
        hs(desk, "outcomes", lines(row), name="history.jsonl")


DEALS = """deal_id,deal_pipeline_id,deal_pipeline_stage_id,owner_id,property_dealname,property_dealtype,property_amount,property_closedate,property_createdate,_fivetran_synced
901,default,4711,9,Deal,newbusiness,5000,2026-08-01 08:00:00,2026-07-09 08:00:00,2026-08-02 08:00:00
902,default,closedwon,9,Deal,newbusiness,100,2026-08-01 08:00:00,2026-07-09 08:00:00,2026-08-02 08:00:00
903,default,4712,9,Deal,newbusiness,100,2026-08-03 08:00:00,2026-07-09 08:00:00,2026-08-02 08:00:00
"""  # noqa: E501
ASSOCIATED = "deal_id,contact_id,type_id\n901,102,3\n901,101,3\n902,101,3\n903,102,3\n"


def test_stage_ids_mean_what_the_portal_s_metadata_says(desk: Desk):
    """Without `hs_is_closed_won` a win is a stage that the lab lists; the text `closedwon` is an id like any other."""
    hs(desk, "leads", CONTACTS)
    with pytest.raises(InputError, match=r"(?s)'hs_is_closed_won'.*no words for 'won'"):
        hs(desk, "outcomes", DEALS)

    counts = hs(desk, "outcomes", DEALS, mapping=OWN + "stages: {won: ['4711'], lost: ['4712']}\n")
    found = hs(desk, "identity", ASSOCIATED)

    rows = {(row["kind"], row["opportunity_id"]): row for row in desk.facts().outcomes.to_pylist()}
    assert (counts.unmatched, found.found) == (6, 6)
    assert set(rows) == {
        ("opportunity", "901"), ("opportunity", "902"), ("opportunity", "903"), ("closed_won", "901"),
        ("closed_lost", "903"),
    }  # fmt: skip
    assert (rows["closed_won", "901"]["amount"], rows["closed_won", "901"]["lead_id"]) == (Decimal("5000.0000"), "101")


def test_truths_are_text_and_a_deal_s_contacts_a_list(desk: Desk):
    """`"true"` is true, amounts are text, and the contacts of an Airbyte deal link it; the oldest lead has it."""
    hs(desk, "leads", CONTACTS)
    deals = lines(
        {
            "id": "901", "createdAt": "2026-07-09T08:00:00Z", "updatedAt": "2026-08-01T08:00:00Z", "archived": False,
            "contacts": ["102", "101"],
            "properties": {
                "createdate": "2026-07-09T08:00:00Z", "closedate": "2026-08-01T08:00:00Z", "amount": "5000",
                "deal_currency_code": "EUR", "dealstage": "4711", "dealname": "Deal", "hs_is_closed": "true",
                "hs_is_closed_won": "true", "dealtype": "newbusiness",
            },
        }
    )  # fmt: skip

    hs(desk, "outcomes", deals, name="deals.jsonl")
    linked = hs(desk, "identity", deals, name="deals.jsonl")

    rows = desk.facts().outcomes.to_pylist()
    assert (linked.read, linked.found) == (2, 2)
    assert [(row["kind"], row["lead_id"], row["currency"]) for row in rows] == [
        ("opportunity", "101", None),
        ("closed_won", "101", "EUR"),
    ]


def test_merged_contacts_are_one_lead(desk: Desk):
    """`hs_merged_object_ids` lists with semicolons or is a single number; what the losers did is the survivor's."""
    hs(desk, "leads", CONTACTS)
    hs(desk, "identity", "id,property_createdate,property_hs_merged_object_ids,property_email\n"
       "101,2026-07-01T08:00:00Z,201;202,a@example.com\n102,2026-07-01T08:00:00Z,203,b@example.com\n")  # fmt: skip
    counts = hs(
        desk, "outcomes", "contact_id,name,value,timestamp\n202,lifecyclestage,customer,1783000000000\n"
        "203,lifecyclestage,customer,1783000000000\n",
    )  # fmt: skip

    assert (counts.new, desk.facts().outcomes["lead_id"].to_pylist()) == (2, ["101", "102"])


IN_GERMAN = """
kind: crm-preset/v1
id: hubspot
timezone: Europe/Berlin
formats: "%d.%m.%Y %H:%M"
tables:
  contact:
    columns:
      id: Datensatz-ID
      created: Erstellungsdatum
      sql_at: Datum des Wechsels zum Sales Qualified Lead
      customer_at: {column: Datum des Wechsels zum Kunden, optional: true}
"""


def test_labels_in_another_language_are_the_lab_s_mapping(desk: Desk):
    """The labels of a German export with German dates, named in the lab's mapping."""
    hs(desk, "leads", CONTACTS)

    counts = hs(
        desk, "outcomes",
        "Datensatz-ID;Erstellungsdatum;Datum des Wechsels zum Sales Qualified Lead\n"
        "101;01.07.2026 10:00;05.07.2026 10:30\n102;01.07.2026 10:00;\n",
        mapping=IN_GERMAN,
    )  # fmt: skip

    rows = desk.facts().outcomes.to_pylist()
    assert (counts.new, counts.blank) == (1, 1)
    assert [(row["kind"], row["occurred_at"]) for row in rows] == [("sql", datetime(2026, 7, 5, 8, 30, tzinfo=UTC))]


IN_GERMAN_DEALS = (
    IN_GERMAN
    + """  deal:
    columns:
      id: Datensatz-ID
      stage: Deal-Phase
      type: Deal-Typ
      created: Erstellungsdatum
      closed: Abschlussdatum
      is_closed: Ist abgeschlossen
      is_won: Ist gewonnen
      contacts: Kontakte
      modified: Geändert am
"""
)


def test_a_truth_in_another_language_is_no_falsehood(desk: Desk):
    """Deals won by `Ja` are set aside until the mapping says what it means, and none of them is passed over."""
    hs(desk, "leads", CONTACTS)
    deals = (
        "Datensatz-ID;Deal-Phase;Deal-Typ;Erstellungsdatum;Abschlussdatum;Ist abgeschlossen;Ist gewonnen;Kontakte;"
        "Geändert am\n"
        "900;zu;neu;09.07.2026 10:00;01.08.2026 10:00;Ja;Ja;101;01.08.2026 10:00\n"
        "901;zu;neu;09.07.2026 10:00;01.08.2026 10:00;Ja;Nein;102;01.08.2026 10:00\n"
    )
    stated = re.sub("(Ist .*)", r'{column: \1, values: {Ja: "true", Nein: "false"}}', IN_GERMAN_DEALS)
    hs(desk, "identity", deals, mapping=stated)

    before = hs(desk, "outcomes", deals, mapping=IN_GERMAN_DEALS)
    kept = desk.ledger.quarantine.list()
    after = hs(desk, "outcomes", deals, mapping=stated)

    assert (before.new, dict(before.reasons)) == (2, {"not_true_or_false": 6})
    assert sorted((row.line, row.detail) for row in kept) == [(2, "Ist gewonnen: 'Ja'"), (3, "Ist gewonnen: 'Nein'")]
    assert (after.new, after.unchanged, after.quarantined) == (2, 2, 0)
    told = {(row["lead_id"], row["kind"]) for row in desk.facts().outcomes.to_pylist()}
    assert {("101", "closed_won"), ("102", "closed_lost")} <= told


def test_a_meeting_with_two_contacts_is_a_meeting_of_both(desk: Desk):
    """One engagement makes a statement for each of its contacts; a note makes none."""
    hs(desk, "leads", CONTACTS)

    counts = hs(
        desk, "outcomes",
        lines(
            {"id": 5, "type": "MEETING", "timestamp": 1783000000000, "ownerId": 9,
             "associations": {"contactIds": [101, 102]}},
            {"id": 6, "type": "NOTE", "timestamp": 1783000000000, "associations": {"contactIds": [101]}},
        ),
        name="engagements.jsonl",
    )  # fmt: skip

    rows = desk.facts().outcomes.to_pylist()
    assert (counts.rows, counts.read, counts.blank) == (2, 2, 1)
    assert [(row["kind"], row["lead_id"]) for row in rows] == [("meeting", "101"), ("meeting", "102")]
    assert len({row["owner"] for row in rows}) == 1


def test_a_quarantined_deal_is_read_again_by_the_mapping_it_came_with(desk: Desk):
    """A row that is set aside can be read by the kept mapping, its table found by the same columns."""
    hs(desk, "leads", CONTACTS)
    row = "905,default,4711,9,Deal,newbusiness,much,2026-08-01 08:00:00,2026-07-09 08:00:00,2026-08-02 08:00:00\n"
    counts = hs(
        desk, "outcomes", DEALS.splitlines()[0] + "\n" + row, mapping=OWN + "stages: {won: ['4711'], lost: ['0']}\n"
    )
    kept = desk.ledger.quarantine.list()[0]

    mapping = Mapping.model_validate_json(
        overridden(
            load_preset("hubspot"), load_mapping(desk.folder / "mapping.yaml", load_preset("hubspot"))
        ).model_dump_json()
    )
    header = list(kept.raw)
    assert (counts.quarantined, counts.unmatched, kept.reason) == (1, 1, "not_a_number")
    assert table_of(mapping, "outcomes", header, file="row") == "deal"
