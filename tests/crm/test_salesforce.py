"""Salesforce files as they come: reports and the API, conversions, merges, wins and what they are linked to."""

from __future__ import annotations

import csv
import io
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mqlab.crm.counts import ImportCounts
from mqlab.errors import InputError
from tests.crm.conftest import NOW, Desk, a_desk

LEADS = """Id,CreatedDate,Email,LeadSource,NumberOfEmployees,Status,IsConverted,ConvertedDate,ConvertedContactId,ConvertedOpportunityId,IsDeleted,MasterRecordId,SystemModstamp
00Q000000000001EAA,2026-07-01T08:00:00.000Z,ada@example.com,Web,120,Working,true,2026-07-20,003000000000001AAA,006000000000001AAA,false,,2026-07-20T09:00:00.000Z
00Q000000000002EAA,2026-07-02T08:00:00.000Z,bob@example.org,Event,,Open,false,,,,false,,2026-07-03T09:00:00.000Z
00Q000000000003EAA,2026-07-03T08:00:00.000Z,ada@example.net,Web,,Open,false,,,,true,00Q000000000001EAA,2026-07-21T09:00:00.000Z
"""  # noqa: E501
HISTORY = """Id,OpportunityId,StageName,Amount,CurrencyIsoCode,CreatedDate,IsDeleted
008000000000001AAA,006000000000001AAA,Proposal,10000,EUR,2026-08-01T09:00:00.000Z,false
008000000000002AAA,006000000000001AAA,Closed Won,12000,EUR,2026-08-28T09:00:00.000Z,false
008000000000003AAA,006000000000001AAA,Closed Won,13000,EUR,2026-09-05T09:00:00.000Z,false
"""
ROLES = """OpportunityId,ContactId,Role,IsPrimary,CreatedDate
006000000000001AAA,003000000000001AAA,Buyer,true,2026-07-20T09:00:00.000Z
"""


def sf(desk: Desk, kind: str, text: str | bytes, **options: object) -> ImportCounts:
    """Ingest a Salesforce file."""
    return desk.take(kind, text, preset="salesforce", **options)  # type: ignore[arg-type]


def test_a_lead_s_row_holds_what_it_was_made_of(desk: Desk):
    """Fields have the same names whatever the file's spelling; sales' own columns and names of people are left out."""
    counts = sf(desk, "leads", LEADS)

    lead = desk.facts().leads.to_pylist()[0]
    assert (counts.new, lead["lead_id"], lead["source"], lead["row_is"]) == (3, "00Q000000000001EAA", "web", "current")
    assert json.loads(lead["fields"]) == {"number_of_employees": "120"}
    assert any("Status" in note for note in counts.notes)


def test_a_conversion_is_dated_by_its_day(desk: Desk):
    """`ConvertedDate` has no time: the outcome is the end of the day in the lab's zone, and of resolution `day`."""
    sf(desk, "leads", LEADS)

    counts = sf(desk, "outcomes", LEADS)

    rows = desk.facts().outcomes.to_pylist()
    assert (counts.new, counts.blank, counts.rows) == (2, 2, 3)
    assert [(row["kind"], row["resolution"], row["opportunity_id"]) for row in rows] == [
        ("opportunity", "day", "006000000000001AAA"),
        ("sql", "day", None),
    ]
    assert {row["occurred_at"] for row in rows} == {datetime(2026, 7, 20, 21, 59, 59, 999999, tzinfo=UTC)}


def test_a_win_is_the_first_row_that_enters_a_won_stage(desk: Desk):
    """An edit after the win is told beside it and changes neither its day nor its amount, in any order of rows."""
    head, *rows = HISTORY.splitlines()
    sf(desk, "leads", LEADS)
    sf(desk, "identity", LEADS)
    for row in reversed(rows):
        sf(desk, "outcomes", f"{head}\n{row}\n")
    before = desk.facts()

    again = sf(desk, "outcomes", HISTORY)

    won = desk.facts().outcomes.to_pylist()
    assert [(row["kind"], row["lead_id"], row["amount"], row["occurred_at"]) for row in won] == [
        ("closed_won", "00Q000000000001EAA", Decimal("12000.0000"), datetime(2026, 8, 28, 9, tzinfo=UTC)),
        ("amount_changed", "00Q000000000001EAA", Decimal("13000.0000"), datetime(2026, 9, 5, 9, tzinfo=UTC)),
    ]
    assert (again.unchanged, again.new, desk.facts()) == (3, 0, before)


def test_a_later_export_that_adds_the_currency_changes_no_amount(desk: Desk):
    """The same amount, first without a code and then with one, is the win as it was: nothing is told beside it."""
    for kind, text in (("leads", LEADS), ("identity", LEADS)):
        sf(desk, kind, text)
    head, won = (
        "Id,CreatedDate,SystemModstamp,Type,IsClosed,IsWon,CloseDate,Amount",
        "New Business,true,true,2026-08-28,7000",
    )
    deal = "006000000000001AAA,2026-08-20T09:00:00Z"
    sf(desk, "outcomes", f"{head}\n{deal},2026-08-28T09:00:00Z,{won}\n")
    sf(desk, "outcomes", f"{head},CurrencyIsoCode\n{deal},2026-09-10T09:00:00Z,{won},EUR\n")

    found = [(row["kind"], row["amount"]) for row in desk.facts().outcomes.to_pylist()]

    assert found == [("opportunity", None), ("closed_won", Decimal("7000.0000"))]


@pytest.mark.parametrize("link", [pytest.param(LEADS, id="the conversion"), pytest.param(ROLES, id="a contact role")])
def test_an_opportunity_waits_for_its_lead_in_any_order_of_files(link: str, empty_ledger: Path, tmp_path: Path):
    """Leads, wins and what links them may come in any order; in the end the win is the lead's."""
    files = [("leads", LEADS), ("outcomes", HISTORY), ("identity", LEADS), ("identity", link)]
    ends = []
    for number, order in enumerate(itertools.permutations(files)):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            for kind, text in order:
                counts = sf(desk, kind, text)
                assert counts.read == sum(
                    (counts.new, counts.unchanged, counts.corrected, counts.unmatched, counts.quarantined)
                )
            facts = desk.facts()
            told = [(row["kind"], row["lead_id"]) for row in facts.outcomes.to_pylist()]
            kinds = ("closed_won", "amount_changed")
            assert (facts.unmatched_outcomes, told) == (0, [(kind, "00Q000000000001EAA") for kind in kinds])
            ends.append(replace(facts, position=0))
    assert all(one == ends[0] for one in ends)


def test_an_opportunity_of_two_leads_makes_them_nobody_else(desk: Desk):
    """Two contacts of one opportunity stay two leads, and it belongs to the one created first."""
    leads = LEADS.replace("false,,,,false,,2026-07-03", "true,2026-07-20,003000000000002AAA,,false,,2026-07-03")
    more = ROLES + "006000000000001AAA,003000000000002AAA,Buyer,false,2026-07-19T09:00:00.000Z\n"
    sf(desk, "leads", leads)
    sf(desk, "identity", leads)
    sf(desk, "identity", more)
    sf(desk, "outcomes", HISTORY)

    facts = desk.facts()

    assert set(facts.outcomes["lead_id"].to_pylist()) == {"00Q000000000001EAA"}
    assert all(not old.startswith("opportunity:") for old in facts.identity["old_id"].to_pylist())
    for lead in ("00Q000000000001EAA", "00Q000000000002EAA"):
        few = desk.facts(leads=[lead])
        kept = [row for row in facts.outcomes.to_pylist() if row["lead_id"] == lead]
        assert few.outcomes.to_pylist() == kept
        assert lead in few.leads["lead_id"].to_pylist()
    assert "00Q000000000001EAA" not in desk.facts(leads=["00Q000000000002EAA"]).leads["lead_id"].to_pylist()


def test_the_losers_of_a_merge_and_the_contact_are_the_lead(desk: Desk):
    """`MasterRecordId` and the converted contact are merges: a call with the contact is a touch of the lead."""
    sf(desk, "leads", LEADS)
    sf(desk, "identity", LEADS)
    task = "Id,WhoId,Status,IsClosed,CompletedDateTime,ActivityDate,OwnerId\n"
    sf(
        desk, "outcomes",
        task
        + "00T000000000001EAA,003000000000001AAA,Completed,true,2026-07-25T10:00:00Z,2026-07-25,005000000000001AAA\n"
        "00T000000000002EAA,00Q000000000003EAA,Erledigt,true,,2026-07-26,005000000000001AAA\n",
    )  # fmt: skip

    facts = desk.facts()

    assert {(row["old_id"], row["new_id"]) for row in facts.identity.to_pylist()} == {
        ("00Q000000000001EAA", "003000000000001AAA"),
        ("00Q000000000003EAA", "00Q000000000001EAA"),
    }
    touched = facts.outcomes.to_pylist()
    assert [(row["kind"], row["resolution"]) for row in touched] == [("touched", "instant"), ("touched", "day")]
    assert {len(row["owner"]) for row in touched} == {16}


@pytest.mark.parametrize(
    ("head", "mapping"),
    [
        pytest.param("Id,LeadId,Field,OldValue,NewValue,CreatedDate,Lead.Recycle_Reason__c", None, id="a query"),
        pytest.param("id,lead_id,field,old_value,new_value,created_date,recycle_reason_c", None, id="Fivetran, joined"),
        pytest.param("Id,Lead ID,Field / Event,Old Value,New Value,Edit Date,Recycle Reason", None, id="a report"),
        pytest.param(
            "Id,LeadId,Field,OldValue,NewValue,CreatedDate,Why_Not__c",
            "kind: crm-preset/v1\nid: salesforce\ntables: {lead_history: {columns: {recycle_reason: Why_Not__c}}}\n",
            id="the lab's own field",
        ),
    ],
)
def test_a_history_that_brings_the_reason_along_tells_it(desk: Desk, head: str, mapping: str | None):
    """A status history states the lead's reason of a rejection or return where the file has it, and only of these."""
    sf(desk, "leads", LEADS)
    rows = [
        f"017{at:012d}AAA,00Q000000000001EAA,Status,New,{status},2026-07-0{at}T09:00:00Z,HAND-01"
        for at, status in enumerate(("Working", "Unqualified", "Nurture"), 5)
    ]
    counts = sf(desk, "outcomes", "\n".join([head, *rows]) + "\n", mapping=mapping)

    assert (counts.new, counts.quarantined) == (3, 0)
    assert [(row["kind"], row["reason_code"]) for row in desk.facts().outcomes.to_pylist()] == [
        ("accepted", None), ("rejected", "hand-01"), ("recycled", "hand-01"),
    ]  # fmt: skip


def test_a_reason_that_changed_is_the_leads_later_version(desk: Desk):
    """Where the lead's own date of change comes along, the later reason stands; nothing goes to quarantine."""
    sf(desk, "leads", LEADS)
    head = "Id,LeadId,Field,OldValue,NewValue,CreatedDate,Lead.Recycle_Reason__c,Lead.SystemModstamp\n"
    row = "017000000000001AAA,00Q000000000001EAA,Status,New,Unqualified,2026-07-05T09:00:00Z,{},2026-07-{}T09:00:00Z\n"
    sf(desk, "outcomes", head + row.format("HAND-01", "06"))
    counts = sf(desk, "outcomes", head + row.format("FIT-01", "09"))

    assert (counts.corrected, counts.quarantined) == (1, 0)
    assert desk.facts().outcomes["reason_code"].to_pylist() == ["fit-01"]


REPORT = """"Lead ID","Created Date","Email","Lead Source","Converted","Converted Date","Last Modified"
"00Q000000000001","01.07.2026 10:00","ada@example.com","Web","1","20.07.2026","20.07.2026 11:00"
"00q000000000001","02.07.2026 10:00","bob@example.org","Web","0","","02.07.2026 11:00"


"Grand Totals (2 records)"
"Leads of July"
"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."
"Confidential Information - Do Not Distribute"
"Generated By:  Ada King  21.07.2026 12:00"
"Example GmbH"
"""
GERMAN_TIMES = """
kind: crm-preset/v1
id: salesforce
timezone: Europe/Berlin
formats: ["%d.%m.%Y %H:%M", "%d.%m.%Y"]
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_report_is_read_with_its_footer_and_short_ids(desk: Desk, encoding: str):
    """Labels, locale dates and 15-character ids that differ only in case; the footer is told and is no row."""
    content = REPORT.encode(encoding)

    counts = sf(desk, "leads", content, mapping=GERMAN_TIMES)

    leads = desk.facts().leads.to_pylist()
    assert (counts.read, counts.new, counts.footer, counts.quarantined) == (2, 2, 6, 0)
    assert [lead["lead_id"] for lead in leads] == ["00Q000000000001EAA", "00q000000000001AAA"]
    assert leads[0]["created_at"] == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert any("below the rows of the report, left out: 6" in note for note in counts.notes)


def test_a_report_needs_a_zone_for_its_times(desk: Desk):
    """Times without a zone are not guessed: each such row is set aside, saying that `timezone` is to be stated."""
    counts = sf(desk, "leads", "Lead ID,Created Date\n00Q000000000001,2026-07-01 10:00\n")

    assert (counts.quarantined, dict(counts.reasons)) == (1, {"no_timezone": 1})


IN_GERMAN = """
kind: crm-preset/v1
id: salesforce
statuses: {accepted: [In Bearbeitung], rejected: [Nicht qualifiziert]}
tables:
  lead_history:
    columns:
      lead_id: {column: Lead-ID, form: salesforce_id}
      field: {column: Feld/Ereignis, values: {Leadstatus: Status}}
      new_value: Neuer Wert
      created_date: {column: Datum der Bearbeitung, format: "%d.%m.%Y %H:%M"}
timezone: Europe/Berlin
"""


def test_labels_and_statuses_in_another_language_are_the_lab_s_mapping(desk: Desk):
    """A mapping names the columns and the words; the preset's own rules then read the file."""
    sf(desk, "leads", LEADS)

    counts = sf(
        desk, "outcomes",
        "Lead-ID;Feld/Ereignis;Alter Wert;Neuer Wert;Datum der Bearbeitung\n"
        "00Q000000000001;Leadstatus;Offen;In Bearbeitung;05.07.2026 10:00\n"
        "00Q000000000002;Leadstatus;Offen;Nicht qualifiziert;06.07.2026 10:00\n"
        "00Q000000000002;Telefon;1;2;06.07.2026 10:00\n",
        mapping=IN_GERMAN,
    )  # fmt: skip

    rows = desk.facts().outcomes.to_pylist()
    assert (counts.new, counts.blank) == (2, 1)
    assert [(row["lead_id"][-5:-3], row["kind"]) for row in rows] == [("01", "accepted"), ("02", "rejected")]
    assert rows[0]["occurred_at"] == datetime(2026, 7, 5, 8, tzinfo=UTC)


def test_only_new_business_counts_where_the_lab_says_so(desk: Desk):
    """`restrict` names the rows of a table that count; rows of another type, or of none, state nothing."""
    head = "Id,CreatedDate,Type,StageName,IsClosed,IsWon,Amount,CloseDate\n"
    rows = "".join(
        f"00600000000000{number}AAA,2026-07-20T09:00:00Z,{kind},Open,false,false,,2026-09-01\n"
        for number, kind in enumerate(["New Business", "Renewal", ""], start=1)
    )
    mapping = "kind: crm-preset/v1\nid: salesforce\nrestrict: {opportunity: \"type == 'New Business'\"}\n"

    counts = sf(desk, "outcomes", head + rows, mapping=mapping)

    assert (counts.read, counts.unmatched, counts.blank) == (1, 1, 2)


def test_a_file_of_another_table_is_refused(desk: Desk):
    """A file that is plainly another table than the ones read here is refused with what it is; `table` insists."""
    head = "Id,CreatedDate,StageName,IsClosed,IsWon,Amount,CloseDate,Probability,Type\n"
    with pytest.raises(InputError, match=r"the file is 'opportunity'.* of 'salesforce', from which no leads are read"):
        sf(desk, "leads", head)
    with pytest.raises(InputError, match=r"(?s)no table of 'salesforce' has columns like these.*'ConvertedDate'"):
        sf(desk, "outcomes", "a,b\n1,2\n")
    with pytest.raises(InputError, match=r"no table 'oportunity'. Did you mean 'opportunity'"):
        sf(desk, "outcomes", head, table="oportunity")

    assert sf(desk, "leads", head, table="lead").read == 0


SHAPES = {
    ("leads", "sf_lead_data"): (1, 1),
    ("outcomes", "sf_lead_data"): (1, 1),
    ("identity", "sf_lead_data"): (2, 1),
    ("outcomes", "sf_opportunity_data"): (0, 10),
    ("outcomes", "sf_opportunity_history_data"): (0, 10),
    ("identity", "sf_contact_data"): (0, 4),
    ("outcomes", "sf_task_data"): (10, 10),
    ("outcomes", "sf_event_data"): (10, 10),
}
"""What the shapes state: statements and rows. Every opportunity there is deleted, and no contact is merged."""


def test_the_shapes_of_a_real_connector_are_read_with_every_row_accounted_for(salesforce_shapes: Path, desk: Desk):
    """The tables as a connector lands them: booleans in two spellings, times without a zone, 382 columns."""
    for (kind, name), (states, rows) in SHAPES.items():
        path = salesforce_shapes / f"{name}.csv"
        counts = sf(desk, kind, path.read_bytes())

        assert (counts.read, counts.rows, counts.quarantined) == (states, rows, 0), name
        assert counts.blank == max(0, rows - states)
        assert counts.new + counts.unchanged + counts.corrected + counts.unmatched == counts.read

    alive = _with(salesforce_shapes / "sf_opportunity_data.csv", is_deleted="false")
    again = sf(desk, "outcomes", alive, now=NOW)
    assert (again.rows, again.blank, again.quarantined) == (10, 0, 0)
    assert again.read == again.unmatched == 2 * 10  # made, and closed or open


def test_each_needed_column_of_a_real_table_is_asked_for(salesforce_shapes: Path, desk: Desk):
    """Without one of them the file is refused with that name, whatever else its 36 columns hold."""
    path = salesforce_shapes / "sf_opportunity_data.csv"
    for column in ("is_won", "is_closed", "close_date", "created_date"):
        with pytest.raises(InputError, match=f"'{column}'"):
            sf(desk, "outcomes", _without(path, column))


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _with(path: Path, **values: str) -> str:
    return _written([{**row, **values} for row in _rows(path.read_text())])


def _without(path: Path, column: str) -> str:
    return _written([{name: value for name, value in row.items() if name != column} for row in _rows(path.read_text())])


def _written(rows: list[dict[str, str]]) -> str:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue()


def test_a_rep_in_a_quarantined_row_is_the_same_hash_as_in_a_fact(desk: Desk):
    """An owner's short id is masked as the long one that facts are hashed from, so a fixed row names the same rep."""
    head = "Id,WhoId,Status,CompletedDateTime,ActivityDate,OwnerId\n"
    sf(desk, "leads", LEADS)
    sf(
        desk, "outcomes",
        head + "00T000000000001EAA,00Q000000000001EAA,Completed,2026-07-25T10:00:00Z,2026-07-25,005000000000001AAA\n"
        "00T000000000002EAA,00Q000000000001EAA,Completed,sometime,2026-07-25,005000000000001\n",
    )  # fmt: skip

    raw = desk.ledger.quarantine.list()[0].raw

    assert raw["OwnerId"] == f"owner:{desk.facts().outcomes['owner'][0].as_py()}"
