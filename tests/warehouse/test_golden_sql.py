"""What is compiled for engines that no test can run: golden files, which sqlglot reads in the engine's own dialect.

`make golden` writes them. They show that one set of expressions covers these dialects, not that the engines say the
same: that takes a server.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions as sge

from mqlab.definitions.model import Definition
from mqlab.definitions.registry import Registry
from mqlab.experiments.load import load_file
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import DAY_US, micros
from mqlab.warehouse.compile import crossings
from mqlab.warehouse.enrolment import COLUMNS, enrolled
from mqlab.warehouse.readings import readings_of
from mqlab.warehouse.view.view import View, value_types
from tests.warehouse.dialects import CompileOnly

GOLDEN = Path(__file__).parent / "golden"
DIALECTS = ("bigquery", "snowflake", "databricks", "trino")
KEPT = ("bigquery", "snowflake")
"""The dialects whose SQL is kept in files; of the others it is enough that there is some."""
DEFINITIONS = ("fit-x-engagement@1.4.0", "intent-fast-track@1.1.0", "bant-weighted@2.0.0", "logit-propensity@0.3.0")
FIRST, LAST = (micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (2026, 2027))
STRETCH = {"key": "string", "start_us": "int64", "until_us": "int64"}
LEADS = STRETCH | {
    "lead_id": "string", "account": "string", "whole": "boolean", "created_us": "int64", "row_is_current": "boolean",
}  # fmt: skip
CHANGES = STRETCH | {
    "field": "string", "changed_us": "int64", "known_us": "int64", "from_us": "int64", "has_value": "boolean",
    "text": "string",
}  # fmt: skip
EVENTS = STRETCH | {"name": "string", "occurred_us": "int64", "known_us": "int64"}


@pytest.fixture(scope="module")
def shipped(root: Path) -> Registry:
    """The definitions of the repository's lab."""
    return Registry.open(root / "definitions")


def sweep_sql(dialect: str, definition: Definition) -> str:
    """When a definition first holds for every lead, as a dialect's SQL."""
    readings = readings_of([definition])
    changed = [one.name for one in readings.fields[:2]]
    facts = {"span": [90 * DAY_US], "first": [FIRST], "last": [LAST], "field": changed, "key": changed}
    engine = CompileOnly(dialect, facts)
    fields, props = value_types("f", readings.fields), value_types("p", readings.props)
    view = View(
        readings=readings,
        leads=engine.given("view_leads", **LEADS, **{name: str(kind) for name, kind in fields.items()}),
        changes=engine.given("view_changes", **CHANGES, **{name: str(kind) for name, kind in fields.items()}),
        events=engine.given("view_events", **EVENTS, **{name: str(kind) for name, kind in props.items()}),
    )
    found = crossings(view, [definition], engine, as_of_us=LAST)
    assert found.columns == ("key", "at_0", "path_0")
    return engine.sql()


def assignment_sql(dialect: str, protocol: Protocol) -> str:
    """Who is in an experiment and in which arm, as a dialect's SQL."""
    arms: list[str] = [arm.name for arm in protocol.arms]
    engine = CompileOnly(dialect, {"account_key": ["a-17"], "email_domain": ["acme.example"], "arm": arms})
    leads = engine.given(
        "leads", lead_id="string", created_us="int64", account_key="string", email_domain="string", eligible="boolean"
    )
    handed = engine.given("handoffs", lead_id="string", occurred_us="int64")
    listed = engine.given(
        "assignments", experiment="string", unit="string", arm="string", phase="int64", assigned_us="int64"
    )
    rows, _ = enrolled(engine, protocol, leads, handoffs=handed, listed=listed, plain_ids=True)
    assert rows.columns == tuple(COLUMNS)
    engine.keep("enrolment", rows)
    return engine.sql()


def reads(sql: str, dialect: str) -> None:
    """The SQL reads as the dialect's own."""
    for statement in sqlglot.parse(sql, dialect=dialect):
        assert isinstance(statement, sge.Query)
        assert not list(statement.find_all(sge.Command))


def golden(name: str, sql: str, dialect: str) -> None:
    """The SQL reads as the dialect's own, and is that of the golden file, where there is one; or write that."""
    reads(sql, dialect)
    if dialect not in KEPT:
        return
    file = GOLDEN / f"{name}.{dialect}.sql"
    if os.environ.get("MQLAB_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(sql, encoding="utf-8")
    assert sql == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", DEFINITIONS)
def test_golden_sweep(name: str, dialect: str, shipped: Registry) -> None:
    """A shipped definition compiles to the SQL of its golden file."""
    golden(name, sweep_sql(dialect, shipped[name]), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_golden_assignment(dialect: str, root: Path, shipped: Registry) -> None:
    """The assignment of the lab's experiment, by account, in a slice, with a list from the door, likewise."""
    protocol = load_file(root / "experiments" / "2026q3-intent.yaml", definitions=shipped)

    golden("assignment", assignment_sql(dialect, protocol), dialect)
