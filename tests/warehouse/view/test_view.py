"""The view of an engine holds what the records say, from the facts of a ledger and from tables of a lab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mqlab.analysis.people import unions
from mqlab.leads.instants import micros
from mqlab.leads.records import History
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.view.from_facts import known_from_facts
from mqlab.warehouse.view.from_tables import known_from_tables
from mqlab.warehouse.view.known import KnownFacts
from mqlab.warehouse.view.merged import shares
from mqlab.warehouse.view.stretches import view_of
from mqlab.warehouse.view.view import View
from tests.warehouse.view.worlds import (
    AS_OF,
    READINGS,
    WORLDS,
    Row,
    WorldMaker,
    as_text,
    facts_of,
    records_of,
    rows_of,
    starts_of,
    tables_of,
)

AS_OF_US = micros(AS_OF)
MADE = settings(max_examples=5, phases=(Phase.reuse, Phase.generate))
"""Worlds are as small as they should be; looking for smaller ones takes minutes."""


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    """DuckDB in process."""
    with open_engine("duckdb://") as opened:
        yield opened


def known_of(source: str, histories: list[History], engine: Engine) -> KnownFacts:
    """The facts of histories, from a ledger or from tables."""
    if source == "facts":
        return known_from_facts(facts_of(histories), READINGS, engine)
    return known_from_tables(tables_of(histories, engine), READINGS, engine, as_of_us=AS_OF_US)


def of_each(histories: list[History]) -> dict[str, History]:
    """Histories by id."""
    return {one.lead.lead_id: one for one in histories}


def different(view: View, engine: Engine, histories: Mapping[str, History]) -> dict[str, tuple[list[Row], list[Row]]]:
    """The first rows of each table that only the view has, and that only the records have."""
    found, expected = rows_of(view, engine), records_of(histories)
    rest = {}
    for name, rows in found.items():
        seen, said = list(map(repr, rows)), list(map(repr, expected[name]))
        if seen != said:
            rest[name] = (
                [row for row in rows if repr(row) not in said][:3],
                [row for row in expected[name] if repr(row) not in seen][:3],
            )
    return rest


@MADE
@given(world=WORLDS)
@pytest.mark.parametrize("source", ["facts", "tables"])
def test_a_view_is_what_the_records_say(duckdb: Engine, source: str, world: WorldMaker) -> None:
    """Versions, late arrivals, null tokens and text of every alphabet are read as Python reads them.

    From tables the engine's own expressions read columns of text.
    """
    histories = world.histories(30) if source == "facts" else as_text(world.histories(30))
    known = known_of(source, histories, duckdb)

    view = view_of(known, duckdb.load("starts", starts_of(histories)), as_of_us=AS_OF_US)

    assert different(view, duckdb, of_each(histories)) == {}


@MADE
@given(world=WORLDS)
@pytest.mark.parametrize("source", ["facts", "tables"])
def test_a_merged_lead_has_the_facts_of_both(duckdb: Engine, source: str, world: WorldMaker) -> None:
    """From the merge on the survivor has a loser's facts, through chains and circles, and versions of one event."""
    histories = world.histories(8) if source == "facts" else as_text(world.histories(8))
    merges = world.merges([one.lead.lead_id for one in histories] + ["nobody"])
    records = of_each(histories)
    whole = unions(records, merges)
    facts = facts_of(histories, [(one.old_id, one.new_id, one.merged_at) for one in merges])
    known = known_from_facts(facts, READINGS, duckdb) if source == "facts" else known_of(source, histories, duckdb)
    rows = [{**row, "key": f"whole:{row['key']}"} for row in starts_of(histories).to_pylist()]
    starts = pa.concat_tables([starts_of(histories), pa.Table.from_pylist(rows, schema=starts_of(histories).schema)])
    added = [{**row, "key": f"whole:{row['key']}"} for row in shares(merges, records.__contains__).to_pylist()]

    view = view_of(
        known,
        duckdb.load("starts", starts),
        as_of_us=AS_OF_US,
        shares=duckdb.load("shares", pa.Table.from_pylist(added, schema=shares((), bool).schema)),
    )

    expected = {**records, **{f"whole:{lead_id}": whole.get(lead_id, one) for lead_id, one in records.items()}}
    assert different(view, duckdb, expected) == {}


@settings(MADE, max_examples=1, suppress_health_check=list(HealthCheck))
@given(world=WORLDS)
@pytest.mark.parametrize("source", ["facts", "tables"])
def test_every_engine_has_the_same_view(engine: Engine, source: str, world: WorldMaker) -> None:
    """PostgreSQL and Spark read what DuckDB reads."""
    histories = world.histories(50) if source == "facts" else as_text(world.histories(50))

    view = view_of(known_of(source, histories, engine), engine.load("starts", starts_of(histories)), as_of_us=AS_OF_US)

    assert different(view, engine, of_each(histories)) == {}
