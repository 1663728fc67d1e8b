"""What becomes of good rows: new, unchanged, corrected, unmatched, and what the ledger then says."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mqlab.errors import InputError
from tests.crm.conftest import NOW, Desk

LEADS = """lead_id,created_at,source,email,account_key,known_at,Job Title,employees
L1,2026-07-01T08:00:00Z,Paid Search,Ada@Example.com,ACME,2026-07-01T08:00:05Z,VP  Sales,420
L2,2026-07-02T08:00:00Z,organic,,,2026-07-02T08:00:05Z,n/a,
"""


def test_a_lead_is_stored_normalised_and_without_its_address(desk: Desk):
    """Text is normalised, null tokens are missing, of an e-mail only hash and domain stay, ids keep their case."""
    counts = desk.take("leads", LEADS)

    first, second = desk.facts().leads.to_pylist()
    assert (counts.read, counts.new) == (2, 2)
    assert (
        first["lead_id"],
        first["source"],
        first["email_domain"],
        first["account_key"],
    ) == ("L1", "paid search", "example.com", "acme")
    assert json.loads(first["fields"]) == {"job_title": "vp  sales", "employees": "420"}
    assert second["fields"] == "{}"
    assert b"ada@example" not in (desk.folder / "ledger.sqlite").read_bytes().lower()


def test_the_same_file_twice_changes_nothing(desk: Desk):
    """A repeated file counts as unchanged and makes no ledger position."""
    desk.take("leads", LEADS)
    before = desk.ledger.position()

    again = desk.take("leads", LEADS)

    assert (0, 2, before) == (again.new, again.unchanged, desk.ledger.position())


@pytest.mark.parametrize(
    ("form", "name"),
    [
        pytest.param("gzip", "leads.csv.gz", id="gzipped CSV"),
        pytest.param("jsonl", "leads.jsonl", id="JSON lines"),
        pytest.param("jsonl.gz", "leads.jsonl.gz", id="gzipped JSON lines"),
        pytest.param("parquet", "leads.parquet", id="Parquet"),
        pytest.param("utf-16", "leads.csv", id="UTF-16 with its mark"),
        pytest.param("jsonl utf-16", "leads.jsonl", id="JSON lines in UTF-16 with its mark"),
        pytest.param("json utf-16", "leads.json", id="JSON in UTF-16 with its mark"),
        pytest.param("tabs", "leads.tsv", id="tabs"),
        pytest.param("semicolons", "leads.csv", id="semicolons"),
        pytest.param("bom crlf", "leads.csv", id="byte order mark and CRLF"),
    ],
)
def test_every_form_of_a_file_says_the_same(desk: Desk, form: str, name: str):
    """The same leads as CSV, JSON lines or Parquet, packed or not, are the same facts."""
    desk.take("leads", LEADS, name="plain.csv")
    rows = [
        dict(zip(LEADS.splitlines()[0].split(","), line.split(","), strict=True)) for line in LEADS.splitlines()[1:]
    ]
    content = {
        "gzip": lambda: gzip.compress(LEADS.encode()),
        "jsonl": lambda: "".join(json.dumps(row) + "\n" for row in rows),
        "jsonl.gz": lambda: gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()),
        "parquet": lambda: _parquet(rows),
        "utf-16": lambda: LEADS.encode("utf-16"),
        "jsonl utf-16": lambda: "".join(json.dumps(row) + "\n" for row in rows).encode("utf-16"),
        "json utf-16": lambda: b"\xfe\xff" + json.dumps(rows).encode("utf-16-be"),
        "tabs": lambda: LEADS.replace(",", "\t"),
        "semicolons": lambda: LEADS.replace(",", ";"),
        "bom crlf": lambda: b"\xef\xbb\xbf" + LEADS.replace("\n", "\r\n").encode(),
    }[form]()

    counts = desk.take("leads", content, name=name)

    assert (counts.read, counts.unchanged) == (2, 2)


def test_typed_parquet_columns_keep_their_types(desk: Desk):
    """Numbers, booleans, instants and dates of Parquet arrive as what they are; NaN is missing."""
    table = pa.table(
        {
            "lead_id": [7, 8],
            "created_at": pa.array(
                [datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC)], pa.timestamp("ns", tz="UTC")
            ),
            "employees": [420.0, float("nan")],
            "is_partner": [True, None],
            "founded": [date(1999, 5, 1), None],
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)

    desk.take("leads", sink.getvalue(), name="leads.parquet")

    first, second = desk.facts().leads.to_pylist()
    assert (
        first["lead_id"],
        json.loads(first["fields"]),
    ) == ("7", {"employees": 420, "is_partner": True, "founded": "1999-05-01"})
    assert second["fields"] == "{}"


def test_events_carry_their_properties_and_every_version(desk: Desk):
    """Further columns become properties; a row that says something else about the same event is another version."""
    desk.take("leads", LEADS)
    desk.take(
        "events",
        "event_id,lead_id,name,occurred_at,known_at,source,path\nE1,L1,Page_View,2026-07-03T08:00:00Z,2026-07-03T08:01:00Z,web,/Pricing\n",
    )
    again = desk.take(
        "events",
        "event_id,lead_id,name,occurred_at,known_at,source,path\nE1,L1,page_view,2026-07-03T08:00:00Z,2026-07-03T09:00:00Z,web,/demo\n",
    )

    rows = desk.facts().events.to_pylist()
    assert (again.corrected, again.new) == (1, 0)
    assert [(row["name"], row["props"]) for row in rows] == [
        ("page_view", '{"path":"/pricing"}'),
        ("page_view", '{"path":"/demo"}'),
    ]


def test_events_without_ids_are_told_apart_by_second_and_properties(desk: Desk):
    """The same name, second and properties are one event; other properties are another."""
    desk.take("leads", LEADS)
    head = "lead_id,name,occurred_at,path\n"

    counts = desk.take(
        "events",
        head + "".join(f"L1,page_view,2026-07-03T08:00:00.100Z,{path}\n" for path in ("/a", "/a", "/b")),
    )

    assert (counts.new, counts.unchanged) == (2, 1)


def test_a_field_may_become_missing(desk: Desk):
    """A changed value keeps its JSON form, and nothing is null."""
    desk.take("leads", LEADS)
    desk.take(
        "field-changes",
        "lead_id,field,value,changed_at,known_at\nL1,employees,500,2026-07-05T00:00:00Z,2026-07-06T00:00:00Z\n"
        "L1,Industry,N/A,2026-07-07T00:00:00Z,\n",
    )

    rows = desk.facts().field_changes.to_pylist()
    assert [(row["field"], row["value"]) for row in rows] == [("employees", '"500"'), ("industry", "null")]


def test_money_is_exact_and_the_rep_a_hash(desk: Desk):
    """An amount keeps its cents, the currency is an ISO code, the owner is not readable."""
    desk.take("leads", LEADS)
    desk.take(
        "outcomes",
        "lead_id,kind,occurred_at,opportunity_id,amount,currency,quantity,owner\n"
        "L1,Closed_Won,2026-08-01T10:00:00Z,O1,31415.92,eur,2,Grace Hopper\n",
    )

    row = desk.facts().outcomes.to_pylist()[0]
    assert (Decimal("31415.9200"), "EUR", 2.0) == (row["amount"], row["currency"], row["quantity"])
    assert row["owner"] not in {None, "grace hopper"} and len(row["owner"]) == 16


def test_a_date_starts_a_lead_and_ends_an_outcome(desk: Desk):
    """A date-only `created_at` is the start of its day in the lab's zone, a date-only outcome the end of its day."""
    desk.take("leads", "lead_id,created_at\nL1,2026-07-01\n")
    desk.take("outcomes", "lead_id,kind,occurred_at\nL1,sql,2026-07-10\n")

    facts = desk.facts()
    outcome = facts.outcomes.to_pylist()[0]
    assert datetime(2026, 6, 30, 22, tzinfo=UTC) == facts.leads["created_at"][0].as_py()
    assert datetime(2026, 7, 10, 21, 59, 59, 999999, tzinfo=UTC) == outcome["occurred_at"]
    assert ("day", True, outcome["occurred_at"]) == (outcome["resolution"], outcome["backfill"], outcome["known_at"])


def test_rows_without_known_at_are_backfill_and_said_so(desk: Desk):
    """Without `known_at` a row counts as known when it happened, is marked, counted and noted."""
    desk.take("leads", LEADS)

    counts = desk.take(
        "outcomes",
        "lead_id,kind,occurred_at,known_at\nL1,sql,2026-07-10T00:00:00Z,\nL2,sql,2026-07-10T00:00:00Z,2026-07-12T00:00:00Z\n",
    )

    assert (counts.backfilled, desk.facts().outcomes["backfill"].to_pylist()) == (1, [True, False])
    assert any("became known: 1." in note for note in counts.notes)


def test_outcomes_wait_for_their_lead(desk: Desk):
    """An outcome of an unknown lead waits, is counted as unmatched each time, and counts as soon as the lead comes."""
    outcomes = "lead_id,kind,occurred_at\nL1,sql,2026-07-10T00:00:00Z\n"

    first, second = desk.take("outcomes", outcomes), desk.take("outcomes", outcomes)
    before = desk.facts()
    came = desk.take("leads", LEADS)
    after = desk.facts()

    assert (first.unmatched, second.unmatched, second.new) == (1, 1, 0)
    assert (before.outcomes.num_rows, before.unmatched_outcomes) == (0, 1)
    assert (after.outcomes.num_rows, after.unmatched_outcomes, came.found) == (1, 0, 1)
    assert desk.ledger.unmatched.count() == 0


def test_an_outcome_before_its_lead_stays_in_the_log(desk: Desk):
    """Whether an outcome earlier than its lead counts is for the analysis to say; the log keeps it."""
    desk.take("leads", LEADS)
    desk.take("outcomes", "lead_id,kind,occurred_at\nL1,sql,2026-06-01T00:00:00Z\n")

    assert desk.facts().outcomes.num_rows == 1


def test_the_greatest_version_is_current_whatever_comes_first(desk: Desk):
    """A correction wins by its version, also when the older row arrives later."""
    desk.take("leads", LEADS)
    head = "lead_id,kind,occurred_at,row_id,reason_code,modified_at\n"
    desk.take("outcomes", head + "L1,rejected,2026-07-10T00:00:00Z,R1,FIT-02,2026-07-20T00:00:00Z\n")

    late = desk.take("outcomes", head + "L1,rejected,2026-07-10T00:00:00Z,R1,FIT-01,2026-07-12T00:00:00Z\n")

    assert (late.corrected, late.unchanged) == (0, 1)
    assert desk.facts().outcomes["reason_code"].to_pylist() == ["fit-02"]


def test_a_row_without_a_version_corrects_none_that_has_one(desk: Desk):
    """It is kept, changes nothing and is told; the versioned row, when it comes later, is the correction."""
    desk.take("leads", LEADS)
    head = "lead_id,kind,occurred_at,row_id,reason_code,modified_at\n"
    versioned = "L1,rejected,2026-07-10T00:00:00Z,{},FIT-02,2026-07-20T00:00:00Z\n"
    bare = "L1,rejected,2026-07-10T00:00:00Z,{},FIT-01,\n"
    desk.take("outcomes", head + versioned.format("R1") + bare.format("R2"))

    after = desk.take("outcomes", head + bare.format("R1"))
    before = desk.take("outcomes", head + versioned.format("R2"))

    assert (after.unchanged, after.corrected, after.read) == (1, 0, 1)
    assert any("without a version where the ledger has one of the same fact: 1." in note for note in after.notes)
    assert (before.unchanged, before.corrected) == (0, 1)
    assert desk.facts().outcomes["reason_code"].to_pylist() == ["fit-02", "fit-02"]


def test_a_snapshot_is_the_version_of_rows_without_one(desk: Desk):
    """Two exports that disagree are two versions when each says when it was taken."""
    desk.take("leads", LEADS)
    head = "lead_id,kind,occurred_at,row_id,reason_code\n"
    row = "L1,rejected,2026-07-10T00:00:00Z,R1,{}\n"
    desk.take("outcomes", head + row.format("FIT-02"), snapshot_at=NOW - timedelta(days=2))
    desk.take("outcomes", head + row.format("FIT-01"), snapshot_at=NOW - timedelta(days=9))

    same = desk.take("outcomes", head + row.format("FIT-02"), snapshot_at=NOW - timedelta(days=1))

    assert (same.unchanged, same.corrected) == (1, 0)
    assert desk.facts().outcomes["reason_code"].to_pylist() == ["fit-02"]


def test_a_conflict_without_versions_is_not_guessed(desk: Desk):
    """Of two rows that disagree without a version the later-imported one is quarantined."""
    desk.take("leads", LEADS)
    head = "lead_id,kind,occurred_at,row_id,reason_code\n"
    desk.take("outcomes", head + "L1,rejected,2026-07-10T00:00:00Z,R1,FIT-02\n")

    counts = desk.take("outcomes", head + "L1,rejected,2026-07-10T00:00:00Z,R1,FIT-01\n")

    assert (counts.quarantined, desk.reasons()) == (1, ["conflict_without_version"])
    assert desk.facts().outcomes["reason_code"].to_pylist() == ["fit-02"]


def test_as_of_hides_what_was_known_later(desk: Desk):
    """Facts, corrections and merges with a later `known_at` do not exist for an earlier analyst."""
    desk.take("leads", LEADS)
    head = "lead_id,kind,occurred_at,known_at,row_id,reason_code,modified_at\n"
    desk.take(
        "outcomes", head + "L1,rejected,2026-07-10T00:00:00Z,2026-07-11T00:00:00Z,R1,FIT-02,2026-07-11T00:00:00Z\n"
    )
    desk.take(
        "outcomes", head + "L1,rejected,2026-07-10T00:00:00Z,2026-07-20T00:00:00Z,R1,FIT-01,2026-07-20T00:00:00Z\n"
    )

    seen = [
        desk.facts(datetime(2026, 7, day, 12, tzinfo=UTC)).outcomes["reason_code"].to_pylist() for day in (10, 11, 21)
    ]

    assert seen == [[], ["fit-02"], ["fit-01"]]


def test_an_earlier_position_says_what_it_said_then(desk: Desk):
    """The same instant and ledger position give the same tables after any later import."""
    desk.take(
        "outcomes",
        "lead_id,kind,occurred_at,row_id,reason_code,modified_at\nL1,rejected,2026-07-10T00:00:00Z,R1,FIT-02,2026-07-11T00:00:00Z\n",
    )
    desk.take("leads", LEADS)
    then, position = desk.facts(), desk.ledger.position()

    desk.take(
        "outcomes",
        "lead_id,kind,occurred_at,row_id,reason_code,modified_at\nL1,rejected,2026-07-10T00:00:00Z,R1,FIT-01,2026-07-12T00:00:00Z\nL2,sql,2026-07-12,,,\nbroken\n",
    )
    desk.take("identity", "old_id,new_id,merged_at\nL2,L1,2026-07-13T00:00:00Z\n")

    assert then == desk.facts(position=position)
    assert then != desk.facts()


def test_a_dry_run_writes_nothing_and_counts_the_same(desk: Desk):
    """`--dry-run` tells what would happen."""
    planned = desk.take("leads", LEADS + "L3,never,,,,,,\n", dry_run=True)

    assert (desk.facts().leads.num_rows, desk.ledger.position(), list(desk.ledger.imports.list())) == (0, 0, [])
    done = desk.take("leads", LEADS + "L3,never,,,,,,\n")
    shown = {name: value for name, value in planned.to_dict().items() if name not in {"table", "mapping", "first_rows"}}
    assert {**shown, "dry_run": False} == done.to_dict()


def test_personal_columns_are_left_out(desk: Desk):
    """Names and telephone numbers are not stored, an address in another column is masked, and the output says so."""
    counts = desk.take(
        "leads",
        "lead_id,created_at,First Name,phone,comment\nL1,2026-07-01,Ada,123,write to ada@example.com please\n",
    )

    fields = json.loads(desk.facts().leads["fields"][0].as_py())
    assert (
        {"comment"} == set(fields)
        and "ada@" not in fields["comment"]
        and fields["comment"].startswith("write to sha256:")
    )
    assert any("First Name, phone" in note for note in counts.notes)


def test_a_lead_of_several_rows_is_its_latest(desk: Desk):
    """A lead exported again with a later `known_at` has the later values, known from its first arrival."""
    head = "lead_id,created_at,known_at,employees\n"
    desk.take("leads", head + "L1,2026-07-01T00:00:00Z,2026-07-09T00:00:00Z,50\n")
    desk.take("leads", head + "L1,2026-07-01T00:00:00Z,2026-07-01T00:00:00Z,40\n")

    lead = desk.facts().leads.to_pylist()[0]
    assert ('{"employees":"50"}', datetime(2026, 7, 1, tzinfo=UTC)) == (lead["fields"], lead["known_at"])
    assert desk.facts(datetime(2026, 7, 5, tzinfo=UTC)).leads["fields"][0].as_py() == '{"employees":"40"}'


def test_facts_of_few_leads_come_with_those_they_merged_with(desk: Desk):
    """Reading one lead reads its merged ids too, and nobody else."""
    desk.take("leads", LEADS + "L3,2026-07-02T08:00:00Z,,,,,,\n")
    desk.take("identity", "old_id,new_id,merged_at\nL2,L1,2026-07-13T00:00:00Z\n")
    desk.take(
        "outcomes",
        "lead_id,kind,occurred_at,email\n,sql,2026-07-12T00:00:00Z,ada@example.com\nL3,sql,2026-07-12T00:00:00Z,\n",
    )

    facts = desk.facts(leads=["L2"])

    assert (
        facts.leads["lead_id"].to_pylist(),
        facts.outcomes["lead_id"].to_pylist(),
        facts.identity.num_rows,
    ) == (["L1", "L2"], ["L1"], 1)


def test_what_an_anonymous_visitor_did_becomes_the_leads_on_the_merge(desk: Desk):
    """Events and outcomes of an id that is no lead itself count for the lead it was merged into, from the merge on."""
    desk.take("leads", LEADS)
    desk.take(
        "events",
        "event_id,lead_id,name,occurred_at\nE1,cookie,page_view,2026-06-20T00:00:00Z\nE2,nobody,page_view,2026-06-20T00:00:00Z\n",
    )
    desk.take("outcomes", "lead_id,kind,occurred_at\ncookie,touched,2026-06-21T00:00:00Z\n")
    desk.take(
        "identity", "old_id,new_id,merged_at\ncookie,tablet,2026-07-02T00:00:00Z\ntablet,L1,2026-07-05T00:00:00Z\n"
    )

    before, after = desk.facts(datetime(2026, 7, 4, tzinfo=UTC)), desk.facts()
    assert (before.events.num_rows, before.unmatched_outcomes) == (0, 1)
    assert [(row["lead_id"], row["known_at"]) for row in after.events.to_pylist()] == [
        ("L1", datetime(2026, 7, 5, tzinfo=UTC))
    ]
    assert (after.outcomes["lead_id"].to_pylist(), desk.ledger.unmatched.count()) == (["L1"], 1)


def test_an_outcome_told_under_both_ids_of_a_merge_is_one(desk: Desk):
    """After a merge the same outcome under either id is one fact, and its greatest version is current."""
    desk.take("leads", LEADS)
    head = "lead_id,kind,occurred_at,row_id,reason_code,modified_at\n"
    desk.take(
        "outcomes",
        head + "L2,rejected,2026-07-10,R1,FIT-01,2026-07-11\nL1,rejected,2026-07-10,R1,FIT-02,2026-07-12\n",
    )
    desk.take("identity", "old_id,new_id,merged_at\nL2,L1,2026-07-20T00:00:00Z\n")

    before, after = desk.facts(datetime(2026, 7, 19, tzinfo=UTC)), desk.facts()
    assert (before.outcomes.num_rows, after.outcomes["reason_code"].to_pylist()) == (2, ["fit-02"])


def test_a_leads_own_id_comes_before_an_address(desk: Desk):
    """A row that names one lead and the address of another is about the lead it names, however it is read."""
    desk.take("leads", LEADS)
    desk.take("outcomes", "lead_id,email,kind,occurred_at\nL2,ada@example.com,sql,2026-07-12\n")

    assert [desk.facts(leads=[lead]).outcomes.num_rows for lead in ("L1", "L2")] == [0, 1]
    assert desk.facts().outcomes["lead_id"].to_pylist() == ["L2"]


def test_an_import_is_recorded(desk: Desk):
    """Every file read leaves a row: what it was, its digest, and what became of its rows."""
    desk.take("leads", LEADS, name="export.csv")

    row = desk.ledger.imports.list()[0]
    assert (row.kind, row.system, row.file, row.read, row.new) == ("leads", "csv", "export.csv", 2, 2)
    assert len(row.sha256) == 64


def test_progress_is_reported(desk: Desk):
    """A caller hears how far the reading has come."""
    heard: list[tuple[str, int, int]] = []

    desk.take("leads", LEADS, progress=lambda what, done, total: heard.append((what, done, total)))

    assert [("file.csv", len(LEADS), len(LEADS))] == heard


def test_an_unknown_kind_is_refused(desk: Desk):
    """A kind that does not exist is told with the nearest one."""
    with pytest.raises(InputError, match="Did you mean 'outcomes'"):
        desk.take("outcome", LEADS)


def test_a_mapping_zone_reads_times_without_one(desk: Desk):
    """Times without a zone are read in the mapping's zone, before and after daylight saving changes."""
    mapping = "kind: crm-preset/v1\nid: local\ntimezone: America/New_York\n"

    desk.take("leads", "lead_id,created_at\nL1,2026-07-01 08:00:00\nL2,2026-01-01 08:00\n", mapping=mapping)

    zone = ZoneInfo("America/New_York")
    assert [datetime(2026, 7, 1, 8, tzinfo=zone), datetime(2026, 1, 1, 8, tzinfo=zone)] == desk.facts().leads[
        "created_at"
    ].to_pylist()


def _parquet(rows: list[dict[str, str]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def test_facts_of_a_master_that_never_comes_are_those_of_the_lead_merged_into_it(desk: Desk):
    """Where a merge's new id is no lead, the union's lead created first stands for it, from their merge on."""
    files = [
        ("outcomes", "lead_id,kind,occurred_at\nMASTER,sql,2026-07-20T00:00:00Z\n", "MASTER"),
        ("events", "lead_id,name,occurred_at\nMASTER,demo,2026-07-06T00:00:00Z\nX,visit,2026-07-02T00:00:00Z\n", "X"),
        ("field-changes", "lead_id,field,value,changed_at\nMASTER,employees,9,2026-07-12T00:00:00Z\n", "MASTER"),
        ("leads", "lead_id,created_at\nB,2026-07-01T00:00:00Z\nA,2026-07-03T00:00:00Z\n", ""),
    ]
    waiting = [desk.take(kind, text).unmatched for kind, text, _ in files]

    merges = desk.take(
        "identity",
        "old_id,new_id,merged_at\nX,B,2026-07-04T00:00:00Z\nB,MASTER,2026-07-10T00:00:00Z\n"
        "A,MASTER,2026-07-11T00:00:00Z\n",
    )
    again = desk.take("outcomes", "lead_id,kind,occurred_at\nMASTER,opportunity,2026-07-21T00:00:00Z\n")

    facts, few = desk.facts(), desk.facts(leads=["MASTER"])
    assert (waiting, merges.found, again.unmatched, facts.unmatched_outcomes) == ([1, 2, 1, 0], 4, 0, 0)
    assert facts.outcomes.select(["lead_id", "kind"]).to_pylist() == [
        {"lead_id": "B", "kind": "sql"},
        {"lead_id": "B", "kind": "opportunity"},
    ]
    assert {(row["lead_id"], row["name"], row["known_at"].day) for row in facts.events.to_pylist()} == {
        ("B", "visit", 4),
        ("B", "demo", 10),
    }
    assert facts.field_changes["lead_id"].to_pylist() == ["B"]
    assert (few.outcomes, few.events, few.field_changes) == (facts.outcomes, facts.events, facts.field_changes)


def test_leads_merged_into_a_master_that_never_comes_share_their_address(desk: Desk):
    """Once both leads of an address are one person, an outcome with the address is theirs, at the desk and as facts."""
    desk.take(
        "leads",
        "lead_id,created_at,email\nA,2026-07-02T00:00:00Z,ada@x.com\nB,2026-07-01T00:00:00Z,ada@x.com\n",
    )
    desk.take("identity", "old_id,new_id,merged_at\nA,MASTER,2026-07-10T00:00:00Z\nB,MASTER,2026-07-10T00:00:00Z\n")

    counts = desk.take("outcomes", "email,lead_id,kind,occurred_at\nada@x.com,,sql,2026-07-20T00:00:00Z\n")

    facts = desk.facts()
    assert (counts.new, facts.unmatched_outcomes, facts.outcomes["lead_id"].to_pylist()) == (1, 0, ["B"])


def test_a_master_that_comes_later_takes_its_facts_back(desk: Desk):
    """With its lead row come at last, the facts of a merge's new id are its own again."""
    desk.take("leads", "lead_id,created_at\nA,2026-07-01T00:00:00Z\n")
    desk.take("identity", "old_id,new_id,merged_at\nA,MASTER,2026-07-10T00:00:00Z\n")
    counts = desk.take("outcomes", "lead_id,kind,occurred_at\nMASTER,sql,2026-07-20T00:00:00Z\n")
    before = desk.facts().outcomes["lead_id"].to_pylist()

    desk.take("leads", "lead_id,created_at\nMASTER,2026-07-02T00:00:00Z\n")

    assert (counts.unmatched, before, desk.facts().outcomes["lead_id"].to_pylist()) == (0, ["A"], ["MASTER"])
