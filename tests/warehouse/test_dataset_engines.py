"""The data set is the same on every engine, to the last count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mqlab.analysis.analyze import lead_rows
from mqlab.analysis.judge import judge
from mqlab.analysis.maturity import clock
from mqlab.analysis.outcome_rows import outcome_rows
from mqlab.warehouse import census, head_counts, sufficient
from mqlab.warehouse.dataset import Dataset, Money, Plan, build, build_in
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.followed import followed
from mqlab.warehouse.shared_leads import shared_leads
from tests.analysis.world import definitions, protocol, random_facts
from tests.engines import MEMORY, engine_url

ARMS = ("control", "challenger")
PAIR = {"arms": ARMS, "stratum_of": "challenger"}
LEADS = 400

STATISTICS: dict[str, Callable[[Dataset], Any]] = {
    "cells": lambda data: sufficient.cells(data, 30, **PAIR),
    "cells of a segment": lambda data: sufficient.cells(data, 60, arms=ARMS, segment="source"),
    "cells of an earlier look": lambda data: sufficient.cells(
        data, 30, arms=ARMS, cut_off_us=data.plan.cut_off_us - 40 * 86_400_000_000
    ),
    "money": lambda data: sufficient.money(data, 0, **PAIR),
    "money without a cap": lambda data: sufficient.money(data, 1, arms=ARMS),
    "effort": lambda data: sufficient.effort(data, 60, arms=ARMS),
    "units": lambda data: sufficient.units(data, 60, **PAIR, money_number=0),
    "units of a segment": lambda data: sufficient.units(data, 30, arms=("challenger",), segment="source"),
    "winners": lambda data: sufficient.winners(data, 0, **PAIR),
    "census": lambda data: census.census(data, ["challenger"]),
    "log": census.log,
    "answered": lambda data: census.answered(data, 60),
    "inferred": lambda data: census.inferred(data, "sql"),
    "followed": lambda data: followed(data, "sql", 60, **PAIR, segment="source"),
    "followed by unit": lambda data: followed(data, "mql", 30, arms=ARMS, by_unit=True),
    "followed until then": lambda data: followed(
        data, "won", 60, arms=ARMS, cut_off_us=data.plan.cut_off_us - 30 * 86_400_000_000
    ),
    "shared": lambda data: shared_leads(data, "challenger", "control"),
    "enrolled": head_counts.enrolled,
    "by follow-up": lambda data: head_counts.by_follow_up(data, data.plan.cut_off_us - 90 * 86_400_000_000),
    "by value": lambda data: head_counts.by_value(data, "source", ARMS),
    "arrivals": lambda data: head_counts.arrivals_by_day(data, by_unit=True),
}


def inputs(seed: int) -> tuple[pa.Table, pa.Table, Plan]:
    """The judged leads and the outcomes of a random funnel."""
    known = random_facts(seed, LEADS)
    judged = judge(protocol(), definitions(), known)
    time = clock(known.outcomes, known.as_of)
    rows = outcome_rows(known.outcomes, judged.person, currency="EUR", lab_currency="EUR", exchange=None)
    plan = Plan(time.as_of_us, time.cut_off_us, effort_horizons=(60,), money=(Money(60, 2_000_000), Money(30, None)))
    return lead_rows(protocol(), definitions(), judged), _told_twice(rows.table), plan


def _told_twice(rows: pa.Table) -> pa.Table:
    """Every win once more a day later; of every second one only then with its amount."""
    won = rows.filter(pc.equal(rows["kind"], "closed_won"))
    later = won.set_column(2, "occurred_us", pc.add(won["occurred_us"], 86_400_000_000))
    place = rows.column_names.index("amount_minor")
    silent = pa.array([number % 2 == 0 for number in range(rows.num_rows)])
    first = rows.set_column(place, "amount_minor", pc.if_else(silent, None, rows["amount_minor"]))
    return pa.concat_tables([first, later]).combine_chunks()


@pytest.fixture(scope="module")
def funnel() -> tuple[pa.Table, pa.Table, Plan]:
    """A random funnel."""
    return inputs(5)


@pytest.fixture(scope="module")
def expected(funnel: tuple[pa.Table, pa.Table, Plan]) -> Iterator[Dataset]:
    """The data set of Arrow tables in DuckDB."""
    leads, outcomes, plan = funnel
    with build(leads, outcomes, plan) as data:
        yield data


@pytest.mark.parametrize("name", ["duckdb", "postgres", "spark"])
def test_every_statistic_is_the_same_in_every_engine(
    funnel: tuple[pa.Table, pa.Table, Plan], expected: Dataset, name: str, request: pytest.FixtureRequest
) -> None:
    """The rows of the leads and of the outcomes, and what every GROUP BY returns, in order, are equal."""
    leads, outcomes, plan = funnel
    with open_engine(engine_url(name, request), memory_limit=MEMORY) as engine:
        judged, facts = engine.load("people", leads), engine.load("log", outcomes)
        with build_in(engine, judged, facts, plan, name="mine") as data:
            assert data.engine == name
            assert data.arms == expected.arms
            assert data.handover_stated == expected.handover_stated
            for mine, theirs in ((data.leads, expected.leads), (data.outcomes, expected.outcomes)):
                assert mine.schema() == theirs.schema()
                order = list(mine.columns)
                found = engine.fetched(mine.order_by(order))
                assert found.to_pylist() == theirs.order_by(order).to_pyarrow().to_pylist()
            for statistic, of in STATISTICS.items():
                found = of(data)
                assert found, statistic
                assert found == of(expected), statistic
        with pytest.raises(Exception, match="mine_leads"):
            engine.fetched(data.leads)
        assert engine.fetched(judged).num_rows == leads.num_rows
