"""Tables of a lab that say little, or say it in their own way."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from mqlab.errors import InputError
from mqlab.leads.instants import micros
from mqlab.leads.tables import INSTANT
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.readings import Reading, Readings
from mqlab.warehouse.view import from_tables
from mqlab.warehouse.view.from_tables import known_from_tables
from mqlab.warehouse.view.input_checks import check_tables
from mqlab.warehouse.view.known import KnownFacts
from mqlab.warehouse.view.merged import merges_of
from mqlab.warehouse.view.stretches import view_of
from mqlab.warehouse.view.tables import as_lab_tables, lab_tables
from tests.warehouse.view.worlds import STARTS

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
NOW_US = micros(NOW)
READINGS = Readings(
    (Reading("email_domain", "string"), Reading("staff", "number"), Reading("title", "string")),
    (Reading("path", "string"),),
)


def known(engine: Engine, **tables: pa.Table) -> KnownFacts:
    """What tables say by `NOW`."""
    loaded = {name: engine.load(f"lab_{name}", table) for name, table in tables.items()}
    return known_from_tables(as_lab_tables(loaded, engine.name), READINGS, engine, as_of_us=NOW_US)


def leads(**columns: list[object]) -> pa.Table:
    """One lead who came at `NOW`."""
    return pa.table({"lead_id": ["a"], "created_at": pa.array([NOW], INSTANT), **columns})


def test_what_is_not_there_is_missing(engine: Engine) -> None:
    """A table of leads is enough; the fields that are read and have no column are told."""
    facts = known(engine, leads=leads())
    view = view_of(facts, engine.load("starts", STARTS.empty_table()), as_of_us=NOW_US)

    assert ("leads.staff", "leads.title", "events.path") == facts.absent
    assert engine.fetched(facts.leads).to_pylist() == [
        {"lead_id": "a", "source": None, "account_key": None, "email_domain": None, "created_us": NOW_US,
         "known_us": NOW_US, "row_is_current": False, "f0": None, "f1": None, "f2": None}
    ]  # fmt: skip
    assert [0, 0, 0] == [engine.fetched(table).num_rows for table in (view.leads, view.changes, view.events)]


def test_rows_without_a_known_at_were_known_when_they_happened(engine: Engine) -> None:
    """A column that is missing or has a gap is a backfill, and ids, sources and versions need not be there."""
    events = pa.table({"lead_id": ["a", "a"], "name": ["view"] * 2, "occurred_at": pa.array([NOW] * 2, INSTANT)})
    changes = pa.table(
        {"lead_id": ["a"], "field": ["title"], "value": ["vp"], "changed_at": pa.array([NOW], INSTANT),
         "known_at": pa.array([None], INSTANT)}
    )  # fmt: skip
    facts = known(engine, leads=leads(), events=events, field_changes=changes)
    starts = engine.load(
        "starts",
        pa.Table.from_pylist([{"key": "a", "lead_id": "a", "whole": False, "start_us": 0, "until_us": 9}], STARTS),
    )

    view = view_of(facts, starts, as_of_us=NOW_US)

    happened = {"occurred_us": NOW_US, "known_us": NOW_US, "start_us": 0, "until_us": 9}
    assert [{"key": "a", "name": "view", **happened, "p0": None}] == engine.fetched(view.events).to_pylist()
    assert [(NOW_US, NOW_US, True, "vp", "vp")] == [
        (row["known_us"], row["from_us"], row["has_value"], row["text"], row["f2"])
        for row in engine.fetched(view.changes).to_pylist()
    ]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param({"email": ["ada@Buyer.com"]}, "buyer.com", id="address"),
        pytest.param({"email": ["ada"]}, None, id="no address"),
        pytest.param({"email": ["ada@buyer.com"], "email_domain": ["seller.com"]}, "seller.com", id="both"),
        pytest.param({"email": ["ada@buyer.com"], "email_domain": [None]}, "buyer.com", id="gap"),
    ],
)
def test_a_domain_is_what_follows_the_at(columns: dict[str, list[object]], expected: str) -> None:
    """A table may have addresses or their domains."""
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}

    with open_engine("duckdb://") as engine:
        assert [expected] == engine.fetched(known(engine, leads=leads(**arrays)).leads)["f0"].to_pylist()


def test_names_are_folded_as_they_are_read() -> None:
    """The case of the names of events and fields does not count, nor that of columns."""
    with open_engine("duckdb://") as engine:
        events = pa.table(
            {"lead_id": ["a", "a"], "name": ["PageView", "Größe"], "occurred_at": pa.array([NOW] * 2, INSTANT),
             "Path": ["/p", "/q"]}
        )  # fmt: skip
        changes = pa.table(
            {"lead_id": ["a"] * 3, "field": ["TITLE", "Owner", None], "value": ["vp", "x", "y"],
             "changed_at": pa.array([NOW] * 3, INSTANT)}
        )  # fmt: skip
        facts = known(engine, leads=leads(Title=["it"]), events=events, field_changes=changes)

        assert {("pageview", "/p"), ("grösse", "/q")} == {
            (row["name"], row["p0"]) for row in engine.fetched(facts.events).to_pylist()
        }
        assert ["title"] == engine.fetched(facts.changes)["field"].to_pylist()
        assert ["it"] == engine.fetched(facts.leads)["f2"].to_pylist()


def test_too_many_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of names that holds something else is told."""
    monkeypatch.setattr(from_tables, "MOST_NAMES", 1)
    events = pa.table({"lead_id": ["a", "a"], "name": ["x", "y"], "occurred_at": pa.array([NOW] * 2, INSTANT)})

    with open_engine("duckdb://") as engine, pytest.raises(InputError, match="more than 1 different"):
        known(engine, leads=leads(), events=events)


def test_leads_of_later_are_not_known() -> None:
    """A lead that came, or became known, after `as_of` does not exist."""
    later = NOW.replace(hour=13)
    table = pa.table(
        {"lead_id": ["a", "b", "c"], "created_at": pa.array([NOW, later, NOW], INSTANT),
         "known_at": pa.array([None, None, later], INSTANT)}
    )  # fmt: skip

    with open_engine("duckdb://") as engine:
        assert ["a"] == engine.fetched(known(engine, leads=table).leads)["lead_id"].to_pylist()


def test_files_of_text_are_read(tmp_path: Path) -> None:
    """In CSV files every column is text: instants, numbers and truths are read by what they say."""
    (tmp_path / "leads.csv").write_text(
        "lead_id,created_at,staff,title\n1,2026-07-01T10:00:00+02:00,12.5,vp\n2,2026-07-01 08:00Z,many,\n"
    )
    (tmp_path / "events.csv").write_text(
        "lead_id,name,occurred_at,version,path\n1,view,2026-07-01T08:30:00.000001Z,2,/p\n1,view,1969-12-31T23:59:59Z,,\n"
    )
    with open_engine(f"csv:///{tmp_path}") as engine:
        tables = lab_tables(engine)
        check_tables(tables, READINGS, engine)
        facts = known_from_tables(tables, READINGS, engine, as_of_us=NOW_US)

        morning = micros(datetime(2026, 7, 1, 8, 0, tzinfo=UTC))
        assert [("1", morning, 12.5, "vp"), ("2", morning, None, None)] == [
            (row["lead_id"], row["created_us"], row["f1"], row["f2"])
            for row in engine.fetched(facts.leads.order_by("lead_id")).to_pylist()
        ]
        assert [(-1_000_000, None), (morning + 30 * 60_000_000 + 1, "/p")] == [
            (row["occurred_us"], row["p0"]) for row in engine.fetched(facts.events.order_by("occurred_us")).to_pylist()
        ]


def test_merges_come_in_the_order_of_their_dates(engine: Engine) -> None:
    """Those known by then, each once."""
    later = NOW.replace(hour=13)
    identity = pa.table(
        {"old_id": ["b", "a", "a", "x", "y"], "new_id": ["c", "b", "b", "c", "c"],
         "merged_at": pa.array([NOW, NOW, NOW, later, NOW], INSTANT),
         "known_at": pa.array([NOW, None, None, None, later], INSTANT)}
    )  # fmt: skip
    loaded = {"leads": engine.load("lab_leads", leads()), "identity": engine.load("lab_identity", identity)}
    table = as_lab_tables(loaded, engine.name).identity
    assert table is not None

    found = merges_of(table, engine, as_of_us=NOW_US)

    assert [("a", "b", NOW), ("b", "c", NOW)] == [(one.old_id, one.new_id, one.merged_at) for one in found]
