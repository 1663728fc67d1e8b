"""Assignment in an engine is assignment in Python: arms, phases, reasons, starts, positions, merges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from mqlab.assignment.position import hex_bound
from mqlab.errors import InputError
from mqlab.experiments.protocol import Phase
from mqlab.leads.instants import micros
from mqlab.warehouse import ring
from mqlab.warehouse.engines.engine import Engine, open_engine
from tests.warehouse.arrivals import GRID, START, World, as_rows, everything, fetched_rows, worlds

UNITS = [pytest.param("lead", id="leads"), pytest.param("account", id="accounts")]
ANY = list(HealthCheck)


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    """DuckDB in process, for every example."""
    with open_engine("duckdb://") as opened:
        yield opened


def agree(engine: Engine, world: World) -> None:
    """Every column of every lead, merged ids included, is what `enrol` says."""
    assert fetched_rows(engine, world.assigned_in(engine)) == as_rows(world.assigned_in_python(merged=True))


@given(world=worlds())
@settings(max_examples=30, suppress_health_check=ANY)
def test_an_engine_assigns_as_python_does(duckdb: Engine, world: World) -> None:
    """Layers, ramps, ties, overrides, hand-overs, merges, and ids that only Unicode joins."""
    agree(duckdb, world)


@pytest.mark.long
@given(world=worlds())
@settings(max_examples=1000, suppress_health_check=ANY)
def test_an_engine_assigns_as_python_does_at_length(duckdb: Engine, world: World) -> None:
    """The same, a thousand times."""
    agree(duckdb, world)


@pytest.mark.slow
def test_every_engine_assigns_as_python_does(engine: Engine) -> None:
    """DuckDB, PostgreSQL and Spark place the same leads and accounts alike; every reason occurs."""
    for unit in ("account",) if engine.name == "spark" else ("lead", "account"):
        world = everything(unit)
        expected = as_rows(world.assigned_in_python(merged=True))

        assert fetched_rows(engine, world.assigned_in(engine)) == expected
        assert len({row.why for row in world.assigned_in_python(merged=False)}) == 9
        assert any(row["cross_arm_merge"] for row in expected) and any(row["merged_into"] for row in expected)


def test_a_cut_is_compared_by_bytes_on_a_server_with_a_language() -> None:
    """PostgreSQL's default collation may sort `aa` behind `z`, so the SQL for it never uses `<` on the digits."""

    class Server:
        name = "postgres"

    digits = ibis.table({"digits": "string"}, name="t").digits
    assert "text_pattern_lt" in ibis.to_sql(ring.below(Server(), digits, 2**31), dialect="postgres").lower()


@pytest.mark.parametrize(
    "cut", [pytest.param(cut, id=f"cut {cut:08x}") for cut in (0, 1, 0xAA000000, 2**31, 2**32 - 1, 2**32)]
)
def test_a_cut_parts_the_ring_where_its_number_does(duckdb: Engine, cut: int) -> None:
    """A position lies below a cut exactly when its number is smaller, at the cut itself too."""
    numbers = sorted({number for at in (0, cut, 2**32 - 1) for number in (at - 1, at, at + 1) if 0 <= number < 2**32})
    table = duckdb.load("cuts", pa.table({"digits": [hex_bound(number) for number in numbers]}))
    rows = duckdb.fetched(
        table.select(below=ring.below(duckdb, table.digits, cut), number=ring.number(duckdb, table.digits))
    )

    assert dict(zip(rows["number"].to_pylist(), rows["below"].to_pylist(), strict=True)) == {
        number: number < cut for number in numbers
    }


@pytest.mark.parametrize("unit", UNITS)
def test_listed_assignments_win_over_the_hash(duckdb: Engine, unit: str) -> None:
    """The earliest row of a unit gives arm and phase; eligibility and overrides stay what they are."""
    world = replace(everything(unit), merges=())
    plain = {row["lead_id"]: row for row in as_rows(world.assigned_in_python(merged=False))}
    placed = sorted({row["unit"] for row in plain.values() if row["why"] in ("in", "coverage", "layer")})
    start = micros(START)
    listed = [
        {"experiment": "q3", "unit": placed[0], "arm": "arm's 2", "phase": 7, "assigned_us": start + 5},
        {"experiment": "q3", "unit": placed[0], "arm": "arm's 0", "phase": 8, "assigned_us": start + 9},
        {"experiment": "other", "unit": placed[0], "arm": "arm's 1", "phase": 1, "assigned_us": start},
        {"experiment": "q3", "unit": placed[1], "arm": "arm's 1", "phase": None, "assigned_us": None},
        {"experiment": "q3", "unit": placed[2], "arm": None, "phase": 3, "assigned_us": start},
    ]
    said = {placed[0]: ("arm's 2", 7, start + 5), placed[1]: ("arm's 1", None, None), placed[2]: (None, 3, None)}

    for row in fetched_rows(duckdb, world.assigned_in(duckdb, listed=listed)):
        before = plain[row["lead_id"]]
        if before["why"] not in ("in", "coverage", "layer") or before["unit"] not in said:
            assert row == before
            continue
        arm, phase, at_us = said[before["unit"]]
        assert (row["arm"], row["phase"]) == (arm, phase or before["phase"])
        assert (row["why"], row["in_experiment"]) == (("in", True) if arm else ("coverage", False))
        created = next(micros(lead.created_at) for lead in world.leads if lead.lead_id == row["lead_id"])
        assert row["start_us"] == (None if arm is None else at_us if at_us and unit == "lead" else created)


def test_a_listed_arm_that_the_experiment_lacks_is_refused(duckdb: Engine) -> None:
    """A misspelt arm of the table is told with the nearest."""
    row = {"experiment": "q3", "unit": "L1", "arm": "arms 0", "phase": 1, "assigned_us": 0}
    with pytest.raises(InputError, match=r"'assignments' puts units of 'q3' into the arm 'arms 0'"):
        everything("lead").assigned_in(duckdb, listed=[row])


def test_before_the_first_phase_nobody_is_covered(duckdb: Engine) -> None:
    """Leads between the start of enrolment and a later first phase stay out, in no phase."""
    world = everything("lead")
    late = replace(world, protocol=replace(world.protocol, phases=(Phase(1, GRID[4], Decimal(1)),)))

    agree(duckdb, late)
    assert {("coverage", None)} <= {
        (row["why"], row["phase"]) for row in fetched_rows(duckdb, late.assigned_in(duckdb))
    }
