"""Leads judged slice by slice: the same answers as in one pass, and nothing of a half-finished one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from ibis.expr import types as ir

from mqlab.analysis.histories import histories
from mqlab.analysis.judge_in_engine import enrolled_persons, held_of_facts
from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.errors import UnreachableError
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.warehouse import slices as sliced
from mqlab.warehouse.compile import crossings
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.persons import stretches
from mqlab.warehouse.readings import readings_of
from mqlab.warehouse.slices import crossings_in_slices, slices_for, views_in_slices
from mqlab.warehouse.view.from_facts import known_from_facts
from mqlab.warehouse.view.merged import shares
from mqlab.warehouse.view.stretches import START_COLUMNS
from mqlab.warehouse.view.stretches import view_of as of_known
from mqlab.warehouse.view.view import View
from tests.analysis.world import definitions, protocol, random_facts
from tests.warehouse.agreement.makes import Example, ExampleMaker
from tests.warehouse.agreement.view_of import view_of
from tests.warehouse.test_judged import merged
from tests.warehouse.view.worlds import AS_OF, READINGS, WORLDS, WorldMaker, facts_of, rows_of, starts_of

pytestmark = pytest.mark.engines

COLLEAGUES, EMPLOYEES = (
    load_text(text, file="test.yaml")
    for text in (
        """
kind: mql-definition/v1
id: colleagues
version: 1.0.0
events: {form_submit: {}, page_view: {}}
qualify: "account.count(form_submit) >= 3 and count(page_view) >= 1"
""",
        """
kind: mql-definition/v1
id: employees
version: 1.0.0
fields: {employees: {type: number}}
events: {form_submit: {}}
qualify: "employees >= 100 and count(form_submit) >= 1"
""",
    )
)
NUMBERS = (7,)
"""Seeds of examples whose definition counts over colleagues."""


def parted(example: Example, engine: Engine) -> tuple[ir.Table, Callable[[ir.Table], View]]:
    """The starts of an example, and the view of some of them, to which further columns of the starts go along."""
    whole = view_of(example, engine)

    def part(starts: ir.Table) -> View:
        along = starts.select("key", *(name for name in starts.columns if name not in START_COLUMNS))
        leads, changes, events = (table.join(along, "key") for table in (whole.leads, whole.changes, whole.events))
        return View(whole.readings, leads, changes, events)

    return engine.keep("starts", whole.leads.select(*START_COLUMNS)), part


def judged_stretches(
    engine: Engine, known: Facts, asked: Sequence[Definition], *, by_account: bool
) -> tuple[ir.Table, Callable[[ir.Table], View]]:
    """The stretches of an experiment, and the view of some of them."""
    plan = protocol(unit="account" if by_account else "lead")
    held = held_of_facts(engine, known, readings_of(asked), histories(known).merges)
    people = enrolled_persons(engine, held, plan, definitions(), as_of_us=micros(known.as_of))
    found = stretches(engine, people, qualify_within_us=plan.qualify_within_us, by_account=by_account)
    return found.starts, lambda part: of_known(held.known, part, as_of_us=micros(known.as_of), shares=found.shares)


def answers(engine: Engine, found: ir.Table) -> list[dict[str, Any]]:
    """Every row of the crossings, by key."""
    return sorted(engine.fetched(found).to_pylist(), key=lambda row: row["key"])


def temporary_tables(engine: Engine) -> set[str]:
    """What is kept in DuckDB."""
    found = engine.backend.con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE temporary"
        " UNION ALL SELECT view_name FROM duckdb_views() WHERE temporary"
    ).fetchall()
    return {name for (name,) in found}


@pytest.mark.parametrize("number", NUMBERS)
def test_slices_say_what_one_pass_says(number: int) -> None:
    """One and three slices give every lead the same instants and paths, colleagues counted."""
    example = ExampleMaker(number).example(definitions=1)
    at = {"as_of_us": example.as_of_us}
    with open_engine("duckdb://") as engine:
        starts, view = parted(example, engine)
        expected = answers(engine, crossings(view(starts), example.definitions, engine, **at))
        for slices in (1, 3):
            told: list[tuple[int, int]] = []
            found = crossings_in_slices(
                engine,
                starts,
                view,
                example.definitions,
                slices=slices,
                progress=lambda done, total, told=told: told.append((done, total)),  # type: ignore[misc]
                **at,
            )
            assert answers(engine, found) == expected
            assert told == [(done, slices) for done in range(slices + 1)]


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    """DuckDB in process."""
    with open_engine("duckdb://") as opened:
        yield opened


PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(-1, 30)), max_size=12)
FEW = settings(max_examples=3, deadline=None, phases=(Phase.reuse, Phase.generate))


@FEW
@given(seed=st.integers(0, 4), pairs=PAIRS, slices=st.integers(2, 6), by_account=st.booleans())
def test_any_number_of_slices_finds_the_crossings_of_one_pass(
    duckdb: Engine, seed: int, pairs: list[tuple[int, int, int]], slices: int, by_account: bool
) -> None:
    """Whoever was merged with whom, and whether or not a definition counts over the colleagues of an account."""
    known = merged(random_facts(seed, 60, accounts=15 if by_account else 0), pairs)
    asked = [COLLEAGUES, EMPLOYEES] if by_account else [EMPLOYEES]
    starts, view = judged_stretches(duckdb, known, asked, by_account=by_account)
    at = {"as_of_us": micros(known.as_of)}
    expected = answers(duckdb, crossings_in_slices(duckdb, starts, view, asked, slices=1, **at))

    found = answers(duckdb, crossings_in_slices(duckdb, starts, view, asked, slices=slices, **at))

    assert found == expected


@FEW
@given(world=WORLDS, slices=st.integers(2, 6))
def test_every_fact_of_a_stretch_lies_in_its_slice_once(duckdb: Engine, world: WorldMaker, slices: int) -> None:
    """The slices' views are together that of one pass: changes and events, versions, and what merges brought."""
    histories = world.histories(20)
    merges = world.merges([one.lead.lead_id for one in histories])
    facts = facts_of(histories, [(one.old_id, one.new_id, one.merged_at) for one in merges])
    known = known_from_facts(facts, READINGS, duckdb)
    ids = {one.lead.lead_id for one in histories}
    starts = duckdb.load("starts", starts_of(histories))
    came = duckdb.load("shares", shares(merges, ids.__contains__))

    def view(part: ir.Table) -> View:
        return of_known(known, part, as_of_us=micros(AS_OF), shares=came)

    whole = rows_of(view(starts), duckdb)
    with views_in_slices(duckdb, starts, view, slices) as views:
        parts = [rows_of(one, duckdb) for one in views]

    keys = [{row[0] for row in part["leads"]} for part in parts]
    assert sum(map(len, keys)) == len(ids)
    for part, own in zip(parts, keys, strict=True):
        for name, rows in part.items():
            assert list(map(repr, rows)) == [repr(row) for row in whole[name] if row[0] in own]


@pytest.mark.slow
def test_every_engine_can_judge_in_slices(engine: Engine) -> None:
    """A server judges in one pass unless it is told otherwise; then its slices agree, too."""
    known = merged(random_facts(2, 60, accounts=15), [(0, 1, 3), (1, 2, 9), (5, 6, 4), (9, 40, 5)])
    starts, view = judged_stretches(engine, known, [COLLEAGUES], by_account=True)
    at = {"as_of_us": micros(known.as_of)}
    expected = answers(engine, crossings_in_slices(engine, starts, view, [COLLEAGUES], slices=1, **at))

    found = answers(engine, crossings_in_slices(engine, starts, view, [COLLEAGUES], slices=3, **at))

    assert found == expected


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
