"""Leads judged slice by slice: the same answers as in one pass, and nothing of a half-finished one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ibis.expr import types as ir

from mqlab.errors import UnreachableError
from mqlab.warehouse import slices as sliced
from mqlab.warehouse.compile import crossings
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.slices import crossings_in_slices, slices_for
from mqlab.warehouse.view.stretches import START_COLUMNS
from mqlab.warehouse.view.view import View
from tests.warehouse.agreement.makes import Example, ExampleMaker
from tests.warehouse.agreement.view_of import view_of

NUMBERS = (7,)
"""Seeds of examples whose definition counts over colleagues."""


def parted(example: Example, engine: Engine) -> tuple[ir.Table, Callable[[ir.Table], View]]:
    """The starts of an example, and the view of some of them."""
    whole = view_of(example, engine)

    def part(starts: ir.Table) -> View:
        leads, changes, events = (
            table.semi_join(starts, "key") for table in (whole.leads, whole.changes, whole.events)
        )
        return View(whole.readings, leads, changes, events)

    return engine.keep("starts", whole.leads.select(*START_COLUMNS)), part


def answers(engine: Engine, found: ir.Table) -> list[dict[str, Any]]:
    """Every row of the crossings, by key."""
    return sorted(engine.fetched(found).to_pylist(), key=lambda row: row["key"])


def temporary_tables(engine: Engine) -> set[str]:
    """What is kept in DuckDB."""
    found = engine.backend.con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    return {name for (name,) in found}


@pytest.mark.parametrize("number", NUMBERS)
def test_slices_say_what_one_pass_says(number: int) -> None:
    """One, two and seven slices give every lead the same instants and paths, colleagues counted."""
    example = ExampleMaker(number).example(definitions=1)
    given = {"as_of_us": example.as_of_us}
    with open_engine("duckdb://") as engine:
        starts, view = parted(example, engine)
        expected = answers(engine, crossings(view(starts), example.definitions, engine, **given))
        for slices in (1, 2, 7):
            told: list[tuple[int, int]] = []
            found = crossings_in_slices(
                engine,
                starts,
                view,
                example.definitions,
                slices=slices,
                progress=lambda done, total, told=told: told.append((done, total)),  # type: ignore[misc]
                **given,
            )
            assert answers(engine, found) == expected
            assert told == [(done, slices) for done in range(slices + 1)]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_examples_count_over_colleagues(number: int) -> None:
    """The definitions read the account, or slices could cut accounts unseen."""
    assert "account." in ExampleMaker(number).example(definitions=1).texts[0]


def test_a_slice_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of three slices runs out of memory: the first one's rows go, too."""
    example, judged = ExampleMaker(5).example(definitions=1), []

    def failing(*args: Any, **named: Any) -> ir.Table:
        if judged:
            raise UnreachableError("no more memory", code="EngineFailed")
        judged.append(1)
        return crossings(*args, **named)

    monkeypatch.setattr(sliced, "crossings", failing)
    with open_engine("duckdb://") as engine:
        starts, view = parted(example, engine)
        before = temporary_tables(engine)
        with pytest.raises(UnreachableError):
            crossings_in_slices(engine, starts, view, example.definitions, as_of_us=example.as_of_us, slices=3)

        assert judged
        assert temporary_tables(engine) - before <= {"changes_in_order"}


def test_more_rows_or_less_memory_make_more_slices() -> None:
    """The number of slices follows what has to be held; a server minds its own memory."""
    few = slices_for(leads=2_000_000, events=12_000_000, memory_bytes=4 * 10**9)

    assert slices_for(leads=8_000_000, events=48_000_000, memory_bytes=4 * 10**9) >= 3 * few
    assert slices_for(leads=2_000_000, events=12_000_000, memory_bytes=10**9) >= 3 * few
    assert slices_for(leads=10_000, events=100_000, memory_bytes=10**9) == 1
    assert slices_for(leads=10**8, events=10**9, memory_bytes=None) == 1


def test_duckdb_says_how_much_memory_it_may_take() -> None:
    """The limit that was set, to the precision DuckDB writes it with; without one it is some of the machine's."""
    with open_engine("duckdb://", memory_limit="2GB") as engine:
        assert engine.memory_bytes() == pytest.approx(2e9, rel=0.05)
    with open_engine("duckdb://") as engine:
        assert (engine.memory_bytes() or 0) > 10**8
