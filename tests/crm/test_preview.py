"""What a dry run shows, and what is told of a mapping's mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.cli.ingest_preview import reading
from mqlab.crm.mapping import load_mapping, load_preset
from mqlab.errors import ProblemsFound
from tests.crm.conftest import Desk

DEALS = """Id,CreatedDate,Type,StageName,IsClosed,IsWon,Amount,CloseDate
006000000000001AAA,2026-07-20T09:00:00Z,New,Closed Won,true,true,100.5,2026-08-30
006000000000002AAA,2026-07-21T09:00:00Z,New,Open,false,false,,2026-09-30
"""


def test_a_dry_run_shows_the_columns_the_first_rows_and_the_match_rate(desk: Desk):
    """Each statement with the column of each value and what the file does not have; rows as they would be kept."""
    desk.take("leads", "lead_id,created_at\nL1,2026-07-01T08:00:00Z\n")
    desk.take(
        "identity",
        "OpportunityId,ContactId,CreatedDate\n006000000000001AAA,L1,2026-07-20T09:00:00Z\n",
        preset="salesforce",
    )

    counts = desk.take("outcomes", DEALS, preset="salesforce", dry_run=True)

    told = counts.to_dict()
    assert (told["table"], told["match_rate"], told["rows"]) == ("opportunity", 2 / 3, 2)
    mapping = told["mapping"]
    assert isinstance(mapping, list) and mapping[1]["states"] == "closed_won"
    assert mapping[1]["columns"]["at"] == "CloseDate"
    assert "currency" in mapping[1]["absent"]
    text = "\n".join(reading(counts, Path("deals.csv")))
    assert "deals.csv is read as the table 'opportunity'." in text
    assert "closed_won, opportunity:salesforce:006000000000001AAA, occurred 2026-08-30" in text
    assert "amount 100.5" in text
    assert reading(desk.take("outcomes", DEALS, preset="salesforce"), Path("deals.csv")) == []


def test_a_dry_run_shows_at_most_five_rows_and_no_address(desk: Desk):
    """The first rows suffice to see how a file is read; e-mails are hashes there too."""
    rows = "".join(f"L{number},2026-07-01,ada{number}@example.com\n" for number in range(9))

    counts = desk.take("leads", "lead_id,created_at,email\n" + rows, dry_run=True)

    assert [row["line"] for row in counts.preview.rows] == [2, 3, 4, 5, 6] if counts.preview else False
    assert "ada" not in str(counts.to_dict())


HEAD = "kind: crm-preset/v1\nid: mine\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "outcomes:\n  - {kind: sql, from: leed, lead: id, at: created_date}\n",
            r"mapping.yaml:4.*no table 'leed'.*Did you mean 'lead'",
            id="an unknown table",
        ),
        pytest.param(
            "identity:\n  from: lead\n  where: id in wonn\n  old_id: a\n  new_id: b\n  at: c\n",
            r"mapping.yaml:5:\d+.*Unknown list 'wonn'.*Did you mean 'won'",
            id="an unknown list",
        ),
        pytest.param("restrict: {opportunity: type ==}\n", r"mapping.yaml:3", id="a broken condition"),
        pytest.param("restrict: {deals: a == 'b'}\n", r"mapping.yaml:3.*no table 'deals'", id="a table to restrict"),
        pytest.param("tables:\n  lead:\n    colums: {}\n", r"mapping.yaml:5.*'colums'.*'columns'", id="a misspelt key"),
        pytest.param("leads: {id: {column: a, form: uuid}}\n", r"mapping.yaml:3.*salesforce_id", id="an unknown form"),
    ],
)
def test_a_mistake_in_a_rule_is_told_at_its_line(desk: Desk, text: str, said: str):
    """Tables, lists and conditions are checked when the mapping is read, not when a row first meets them."""
    with pytest.raises(ProblemsFound, match="(?s)" + said):
        load_mapping(desk.write(HEAD + text, "mapping.yaml"), load_preset("salesforce"))


def test_rules_name_tables_or_do_not(desk: Desk):
    """Rules that name tables beside some that do not would leave open which of them a file is read by."""
    mapping = HEAD + (
        "outcomes:\n  - {kind: sql, lead: id, at: b}\n  - {kind: accepted, from: lead, lead: id, at: created_date}\n"
    )

    with pytest.raises(ProblemsFound, match="Name the table in each"):
        desk.take("outcomes", "id,b\n", preset="salesforce", mapping=mapping)


def test_stages_that_fit_nothing_in_the_file_are_told(desk: Desk):
    """Where no row has a stage of the lists, the lists are named; one row that has one is enough for silence."""
    head = "Id,OpportunityId,StageName,Amount,CreatedDate\n"
    german = head + "008000000000001AAA,006000000000001AAA,Gewonnen,10,2026-08-01T09:00:00.000Z\n"
    lost = german + "008000000000002AAA,006000000000001AAA,Closed Lost,10,2026-08-02T09:00:00.000Z\n"

    told, silent = (desk.take("outcomes", text, preset="salesforce", dry_run=True).notes for text in (german, lost))

    note = "No row has a stage that is listed as lost (Closed Lost) or won (Closed Won)."
    assert [one for one in told if one.startswith(note)] == [note + " List your own under `stages` in a mapping."]
    assert not [one for one in silent if "stage" in one]


def test_statuses_that_fit_nothing_in_the_file_are_told(desk: Desk):
    """A history of leads in another language says nothing; the lists that it was held against are named."""
    head = "Id,LeadId,Field,OldValue,NewValue,CreatedDate\n"
    row = "01700000000000{}AAA,00Q000000000001AAA,Status,Neu,Bearbeitet,2026-08-01T09:00:00.000Z\n"

    counts = desk.take("outcomes", head + row.format(1) + row.format(2), preset="salesforce", dry_run=True)

    assert counts.blank == 2
    assert any("No row has a status that is listed as " in one and "under `statuses`" in one for one in counts.notes)
