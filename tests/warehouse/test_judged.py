"""The judged leads of an engine are those of Python: rows, strata, crossings over merges, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqlab.analysis.analyze import lead_rows
from mqlab.analysis.judge import judge, qualified_column
from mqlab.definitions.load import load_text as load_definition
from mqlab.leads import tables
from mqlab.leads.tables import Facts
from mqlab.warehouse.columns import at_column
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.judged import JudgedLeads
from tests.analysis.world import DAY, START, THREE_ARMS, TWO_ARMS, definitions, facts, protocol, random_facts
from tests.warehouse.crossed import judged_in

COLLEAGUES = """
kind: mql-definition/v1
id: colleagues
version: 1.0.0
events: {form_submit: {}, page_view: {}}
qualify: "account.count(form_submit) >= 2"
handoff: {first_touch: 2h}
"""
RAMP = "[{from: 2026-07-01, coverage: 60%}, {from: 2026-07-09, coverage: 100%}]"
KNOWN = {**definitions(), "colleagues@1.0.0": load_definition(COLLEAGUES, file="test.yaml")}


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    """DuckDB in process, for every example."""
    with open_engine("duckdb://") as opened:
        yield opened


def plain(found: JudgedLeads, engine: Engine) -> list[dict[str, Any]]:
    """The rows of an engine, by id."""
    return sorted(engine.fetched(found.table).to_pylist(), key=lambda row: row["lead_id"])


def compared(
    engine: Engine,
    known: Facts,
    *,
    unit: str = "lead",
    arms: str = TWO_ARMS,
    colleagues: bool = False,
    overrides: dict[str, str] | None = None,
    sweep: bool = False,
) -> int:
    """Judge in both and compare everything; returns how many persons of several ids were analysed."""
    plan = protocol(unit=unit, arms=arms, phases=RAMP)
    if colleagues:
        challenger = replace(plan.arms[1], definition="colleagues@1.0.0")
        plan = replace(plan, arms=(plan.arms[0], challenger, *plan.arms[2:]))
    forced = overrides or {}
    expected = judge(plan, KNOWN, known, overrides=forced)
    found = judged_in(
        engine, plan, KNOWN, known, by_account=colleagues, overrides=forced, segments=expected, sweep=sweep
    )
    table = lead_rows(plan, KNOWN, expected).append_column("path", expected.table["path"])
    for arm in plan.arms:
        instants = expected.table[qualified_column(arm.name)].cast(pa.int64())
        table = table.append_column(at_column(arm.name), instants)
    rows = plain(found, engine)
    assert [{name: row[name] for name in table.column_names} for row in rows] == table.to_pylist()
    assert (found.leads, found.out, found.excluded) == (expected.leads, expected.out, expected.excluded)
    assert found.person == expected.person
    return len({kept["lead_id"] for kept in rows} & set(found.person.values()))


def merged(known: Facts, pairs: list[tuple[int, int, int]]) -> Facts:
    """The facts with merges of leads by number, at a day of the experiment."""
    ids = [*known.leads["lead_id"].to_pylist()[:40], "ghost"]
    rows = [
        {
            "old_id": ids[old % 41],
            "new_id": ids[new % 41],
            "merged_at": START + day * DAY,
            "known_at": START + day * DAY,
        }
        for old, new, day in pairs
    ]
    return replace(known, identity=pa.Table.from_pylist(rows, schema=tables.IDENTITY))


PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(-1, 30)), max_size=12)


@given(seed=st.integers(0, 4), pairs=PAIRS, kind=st.sampled_from(["lead", "three", "account", "colleagues"]))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_engine_judges_as_python_does(
    duckdb: Engine, seed: int, pairs: list[tuple[int, int, int]], kind: str
) -> None:
    """Arms, first crossings, paths, strata, hand-over and counts are equal, whoever was merged with whom."""
    unit = "account" if kind in ("account", "colleagues") else "lead"
    known = merged(random_facts(seed, 80, accounts=25 if unit == "account" else 0), pairs)

    compared(
        duckdb,
        known,
        unit=unit,
        arms=THREE_ARMS if kind == "three" else TWO_ARMS,
        colleagues=kind == "colleagues",
        overrides={"L00003": "control", "acc-4": "challenger"},
    )


CHAINS = [(0, 1, 3), (1, 2, 9), (5, 6, 4), (6, 5, 8), (9, 40, 5), (10, 40, 6), (12, 13, 7), (14, 13, 7)]
CHAINS += [(number, number + 1, 12) for number in range(16, 40, 2)]


@pytest.mark.parametrize("kind", [pytest.param("lead", id="leads"), pytest.param("account", id="accounts")])
def test_merged_persons_are_among_those_compared(duckdb: Engine, kind: str) -> None:
    """A chain, a circle, a fork and an unknown survivor: some of these persons are analysed and agree."""
    known = merged(random_facts(3, 90, accounts=30 if kind == "account" else 0), CHAINS)

    assert compared(duckdb, known, unit=kind, colleagues=kind == "account") >= 3


@pytest.mark.parametrize(
    ("unit", "colleagues"),
    [
        pytest.param("lead", False, id="leads"),
        pytest.param("account", False, id="accounts"),
        pytest.param("account", True, id="a definition reads the account"),
    ],
)
def test_the_sweep_and_the_merges_fit_together(duckdb: Engine, unit: str, colleagues: bool) -> None:
    """From facts to judged leads without Python's evaluator: histories, shares, windows and colleagues as meant."""
    known = merged(random_facts(2, 90, accounts=30 if unit == "account" else 0), CHAINS)

    assert compared(duckdb, known, unit=unit, colleagues=colleagues, sweep=True) >= 3


@pytest.mark.slow
def test_every_engine_judges_as_python_does(engine: Engine) -> None:
    """DuckDB, PostgreSQL and Spark give the same rows for accounts whose leads were merged."""
    known = merged(random_facts(3, 90, accounts=30), CHAINS)

    assert compared(engine, known, unit="account", colleagues=True) >= 3


def test_of_two_histories_that_qualify_at_once_the_ceased_one_names_the_path(duckdb: Engine) -> None:
    """Instants of a person's histories tie when a form counts in both; rows stay one per person."""
    people = [{"lead_id": f"L{index}", "created_at": START + index * timedelta(hours=1)} for index in range(30)]
    events = [{"lead_id": row["lead_id"], "name": "page_view", "occurred_at": START + 5 * DAY} for row in people] * 4
    events += [{"lead_id": row["lead_id"], "name": "form_submit", "occurred_at": START + 5 * DAY} for row in people] * 2
    pairs = [(number, number + 1, 9) for number in range(0, 30, 2)]

    assert compared(duckdb, merged(facts(people, events=events), pairs)) >= 2


def test_nobody_in_gives_nothing_out(duckdb: Engine) -> None:
    """Without leads there is no row and no reason."""
    assert compared(duckdb, facts([])) == 0
