"""The views of the current state: each fact once, as the ledger itself reads it; they come and go with a migration."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import inspect, text

from mqlab.crm.ingest import ingest
from mqlab.store import schema
from mqlab.store.decisions import NewAssignment
from mqlab.store.engine import reading
from mqlab.store.ledger import Ledger
from tests.store.conftest import NOW

VIEWS = {"current_leads", "current_outcomes", "current_assignments"}
FILES = {
    "leads": (
        "lead_id,created_at,source,modified_at\nL1,2026-07-01T00:00:00Z,organic,2026-07-03T00:00:00Z\nL1,2026-07-01T00:00:00Z,paid,2026-07-04T00:00:00Z\n"
        "L1,2026-07-01T00:00:00Z,old,2026-07-02T00:00:00Z\nL2,2026-07-01T00:00:00Z,organic,\n"
    ),
    "outcomes": (
        "lead_id,kind,occurred_at,opportunity_id,amount,currency,modified_at,row_id\n"
        "L1,closed_won,2026-08-01T00:00:00Z,O1,100,EUR,2026-08-02T00:00:00Z,r1\nL1,closed_won,2026-08-01T00:00:00Z,O1,250,EUR,2026-08-03T00:00:00Z,r1\n"
        "L2,sql,2026-08-02T00:00:00Z,,,,,\n"
    ),
}


@pytest.fixture
def filled(ledger: Ledger, tmp_path: Path) -> Ledger:
    """Leads and outcomes in several versions, and a unit that was put into two arms."""
    for kind, content in FILES.items():
        (tmp_path / "file.csv").write_text(content)
        ingest(ledger, kind, tmp_path / "file.csv", timezone=ZoneInfo("UTC"), now=NOW)
    for arm in ("control", "challenger"):
        ledger.assignments.append([NewAssignment("trap", "L1", arm, NOW, "override", override=True)], now=NOW)
    return ledger


def rows(ledger: Ledger, query: str) -> list[tuple[object, ...]]:
    """What a query says."""
    with reading(ledger._engine) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_each_fact_stands_once_in_its_current_version(filled: Ledger):
    """Views and the ledger's own reading name the same sources, amounts and arms."""
    facts = filled.facts(as_of=NOW)

    leads = rows(filled, "SELECT lead_ref, source FROM current_leads ORDER BY lead_ref")
    outcomes = rows(filled, "SELECT lead_ref, kind, amount FROM current_outcomes ORDER BY lead_ref")
    arms = rows(filled, "SELECT experiment, unit, arm FROM current_assignments")

    assert leads == [(row["lead_id"], row["source"]) for row in facts.leads.to_pylist()]
    assert [row[:2] for row in outcomes] == [(row["lead_id"], row["kind"]) for row in facts.outcomes.to_pylist()]
    amounts = [row["amount"] for row in facts.outcomes.to_pylist()]
    assert [row[2] for row in outcomes] == [None if one is None else int(one * 10_000) for one in amounts]
    assert arms == [("trap", "L1", "challenger")]
    assert len(rows(filled, "SELECT id FROM outcomes")) > len(outcomes)


def test_what_was_taken_back_is_in_no_view(filled: Ledger):
    """A withdrawn version leaves the one before it, or nothing."""
    ref, key, content = rows(filled, "SELECT lead_ref, \"key\", content FROM outcomes WHERE kind = 'sql'")[0]
    with filled.intake(now=NOW) as intake:
        intake.settle(1, "discarded", by="ada", because="a test row")
        intake.withdraw("outcomes", [(str(ref), int(str(key)), int(str(content)))], row_id=1)
        intake.done("quarantine")

    assert rows(filled, "SELECT kind FROM current_outcomes") == [("closed_won",)]
    assert filled.facts(as_of=NOW).outcomes["kind"].to_pylist() == ["closed_won"]


def test_views_go_and_come_with_data_in_the_tables(filled: Ledger):
    """One revision down there are none, up again they say what they said; personal columns are in none."""
    engine = filled._engine
    before = [rows(filled, f"SELECT * FROM {view} ORDER BY id") for view in sorted(VIEWS)]
    with reading(engine) as connection:
        assert set(inspect(connection).get_view_names()) == VIEWS
        columns = {column["name"] for view in VIEWS for column in inspect(connection).get_columns(view)}
    assert "email_hash" not in columns

    schema.migrate(engine, "0002")
    with reading(engine) as connection:
        assert inspect(connection).get_view_names() == []
    schema.migrate(engine, schema.HEAD)

    assert [rows(filled, f"SELECT * FROM {view} ORDER BY id") for view in sorted(VIEWS)] == before
