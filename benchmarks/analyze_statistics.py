"""How long the statistics of one analysis take once the engine has answered: 3 arms, 10 metrics (goal: under 50 ms).

Everything behind the GROUP BYs is timed as `mqlab analyze` runs it: rates and differences, score intervals, triggered
estimator, precision, revenue, looks with repeated limits and p-values, Dunnett's level, verdicts; only the permutation
test is left out. Nothing is remembered from run to run but the rows of the engine. The reference is as many of
statsmodels' `confint_proportions_2indep` intervals (of the ratio, by score, the same statistic) as there are intervals.

Run: python benchmarks/analyze_statistics.py [LEADS]
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from statsmodels.stats.proportion import confint_proportions_2indep

from mqlab.analysis import amounts, analyze, conclusion
from mqlab.analysis.estimate_rows import metric_rows
from mqlab.analysis.judge import Judged, instants, qualified_column, stratum
from mqlab.analysis.looks import TakenLook
from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.strata import NEVER
from mqlab.analysis.study import Study
from mqlab.analysis.verdict import verdict_of
from mqlab.definitions.load import load_text as load_definition
from mqlab.experiments.load import load_text as load_protocol
from mqlab.leads import tables
from mqlab.leads.instants import DAY_US, instant, micros
from mqlab.leads.tables import Facts
from mqlab.stats import sequential
from mqlab.stats.estimate import Estimate
from mqlab.warehouse.columns import stratum_column

START = datetime(2026, 1, 1, tzinfo=UTC)
ENROLMENT_DAYS = 90
REPEATS = 7
GOAL_MS = 50

DEFINITION = """
kind: mql-definition/v1
id: {name}
version: 1.0.0
fields: {{kind: {{type: string}}}}
qualify: "kind == '{name}'"
"""
EXPERIMENT = """
kind: mql-experiment/v1
id: three-arms
title: Three arms, ten metrics
hypothesis: One of them brings more SQLs.
aim: growth
owner: growth
unit: lead
salt: three-arms
enrolment: {from: 2026-01-01, to: 2026-03-31, timezone: UTC}
phases: [{from: 2026-01-01, coverage: 100%}]
control: a
arms:
  a: {definition: a@1.0.0, weight: 1}
  b: {definition: b@1.0.0, weight: 1}
  c: {definition: c@1.0.0, weight: 1}
qualify_within: 30d
handling: blinded
cadence: 1h
metrics:
  primary: {metric: sql_per_lead, horizon: 60d, minimum_effect: 5%}
  then:
    - {metric: won_per_lead, horizon: 60d}
    - {metric: revenue_per_lead, horizon: 60d, cap: 60000, currency: EUR}
  beside: [mql_per_lead, accepted_per_lead, opportunity_per_lead, sql_per_mql, won_per_mql]
  guardrails:
    - {metric: accepted_per_mql, horizon: 60d, margin: 5pp}
    - {metric: meeting_per_lead, horizon: 60d, margin: 10%}
looks: {dates: DATES, spending: obrien_fleming, maximum_leads: 40000}
"""
LAST, FOUR = "[2026-06-30]", "[2026-03-15, 2026-04-15, 2026-05-15, 2026-06-30]"
STAGES = (
    ("handed_off", 0.35, 4.0),
    ("accepted", 0.25, 6.0),
    ("meeting", 0.20, 10.0),
    ("sql", 0.10, 15.0),
    ("opportunity", 0.06, 20.0),
    ("closed_won", 0.03, 30.0),
)


@dataclass(frozen=True)
class Prepared:
    """An analysis whose rows have been read from the engine."""

    study: Study
    deciding: dict[str, Any]
    blocks: dict[str, Any]

    def rows(self) -> list[MetricRow]:
        """Every metric of both challengers, and the two verdicts."""
        sequential._boundaries.cache_clear()
        sequential._level_of.cache_clear()
        sequential._bounds_at_usual_level.cache_clear()
        return self.rows_of_known_looks()

    def rows_of_known_looks(self) -> list[MetricRow]:
        """The same with the boundaries of the looks, and the repeated p-values, at hand."""
        for key, rows in self.study._followed.items():
            self.study._followed[key] = replace(rows)
        self.study._boundaries.clear()
        self.study._alphas.clear()
        found: list[MetricRow] = []
        for arm in self.study.protocol.challengers:
            found.extend(metric_rows(self.study, arm.name, self.deciding[arm.name]))
        for arm in self.study.protocol.challengers:
            verdict_of(self.study, found, arm.name, self.deciding[arm.name], self.blocks[arm.name])
        return found


def leads(count: int) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray, pa.Table]:
    """Arms, first crossings by definition, assignment instants, and what sales reported."""
    rng = np.random.default_rng(20_260_101)
    arm = np.array(["a", "b", "c"], dtype=object)[rng.integers(0, 3, count)]
    assigned = micros(START) + rng.integers(0, ENROLMENT_DAYS * DAY_US, count)
    likely = rng.random(count)
    fired = {
        f"{name}@1.0.0": np.where(
            likely + shift * (rng.random(count) < 0.3) > 0.75, assigned + rng.integers(1, 20 * DAY_US, count), NEVER
        )
        for name, shift in (("a", 0.10), ("b", 0.15), ("c", 0.05))
    }
    lead_id = np.array([f"L{number:07d}" for number in range(count)], dtype=object)
    columns: dict[str, list[Any]] = {name: [] for name in ("lead_id", "kind", "occurred_at", "amount")}
    for kind, share, days in STAGES:
        reached = rng.random(count) < share * (0.4 + likely)
        late = (rng.exponential(days, count) * DAY_US).astype(np.int64)
        columns["lead_id"] += lead_id[reached].tolist()
        columns["kind"] += [kind] * int(reached.sum())
        columns["occurred_at"] += (assigned + late)[reached].tolist()
        amount = rng.lognormal(9, 1, int(reached.sum())).round(2)
        columns["amount"] += [Decimal(str(each)) for each in amount] if kind == "closed_won" else [None] * len(amount)
    size = len(columns["kind"])
    given: dict[str, list[Any]] = {
        **columns,
        "occurred_at": [instant(at) for at in columns["occurred_at"]],
        "known_at": [instant(at) for at in columns["occurred_at"]],
        "opportunity_id": [f"{kind}-{name}" for kind, name in zip(columns["kind"], columns["lead_id"], strict=True)],
        "currency": [None if amount is None else "EUR" for amount in columns["amount"]],
        "resolution": ["instant"] * size,
        "backfill": [False] * size,
        "evidence": ["stated"] * size,
    }
    outcomes = pa.table(
        [pa.array(given.get(field.name, [None] * size), field.type) for field in tables.OUTCOMES], tables.OUTCOMES
    )
    return arm, {**fired, "assigned": assigned}, lead_id, outcomes


@contextmanager
def prepared(count: int, looks: str, as_of: datetime, taken: Sequence[TakenLook] = ()) -> Iterator[Prepared]:
    """The analysis at `as_of`, held at the point where all rows are there."""
    loaded = [load_definition(DEFINITION.format(name=name), file="benchmark.yaml") for name in ("a", "b", "c")]
    definitions = {definition.ref: definition for definition in loaded}
    protocol = load_protocol(
        EXPERIMENT.replace("DATES", looks), file="benchmark.yaml", definitions=definitions, timezone="UTC"
    )
    arm, fired, lead_id, outcomes = leads(count)
    assigned = fired.pop("assigned")
    here = assigned <= micros(as_of)
    arm, lead_id, assigned = arm[here], lead_id[here], assigned[here]
    fired = {ref: at[here] for ref, at in fired.items()}
    definition_of = {each.name: each.definition for each in protocol.arms}
    own = np.select([arm == name for name in definition_of], [fired[ref] for ref in definition_of.values()])
    columns = {
        "lead_id": pa.array(lead_id, pa.string()),
        "unit": pa.array(lead_id, pa.string()),
        "arm": pa.array(arm, pa.string()),
        "phase": pa.array(np.ones(len(arm), dtype=np.int64)),
        "assigned_at": instants(assigned),
        "source": pa.nulls(len(arm), pa.string()),
        "account_key": pa.nulls(len(arm), pa.string()),
        "path": pa.nulls(len(arm), pa.string()),
        "qualified_at": instants(own),
        **{qualified_column(name): instants(fired[ref]) for name, ref in definition_of.items()},
        **{
            stratum_column(each.name): stratum(protocol, as_of, each.name, arm, lead_id, fired)
            for each in protocol.challengers
        },
    }
    judged = Judged(pa.table(columns), {}, len(arm), {}, {"override": 0, "cross_arm_merge": 0})
    facts = Facts(
        as_of=as_of,
        position=1,
        leads=tables.LEADS.empty_table(),
        field_changes=tables.FIELD_CHANGES.empty_table(),
        events=tables.EVENTS.empty_table(),
        identity=tables.IDENTITY.empty_table(),
        outcomes=outcomes,
    )
    kept: list[Prepared] = []
    conclude_rows = conclusion._result

    def keep(study: Study, known: Facts, found: Any) -> Any:
        result = conclude_rows(study, known, found)
        kept.append(Prepared(study, dict(found.deciding), dict(found.blocks)))
        return result

    permuted = amounts.MANY_WINS
    amounts.MANY_WINS, conclusion._result = 0, keep
    try:
        analyze.conclude(protocol, definitions, facts, judged, timezone=ZoneInfo("UTC"), looks_taken=taken)
        yield kept[0]
    finally:
        amounts.MANY_WINS, conclusion._result = permuted, conclude_rows


def taken(count: int, as_of: datetime) -> TakenLook:
    """A look of the four as the ledger records it."""
    with prepared(count, FOUR, as_of) as ready:
        counted = {
            (row.metric, row.horizon_days, row.arm): row.look.effective_leads
            for row in ready.rows()
            if row.look is not None and row.look.effective_leads is not None
        }
    return TakenLook(as_of, counted)


def best_of(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of several runs, the collector kept out of the way."""
    times = []
    gc.disable()
    try:
        for _ in range(REPEATS):
            gc.collect()
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    finally:
        gc.enable()
    return min(times)


def reference(intervals: int) -> float:
    """Seconds statsmodels takes for as many score intervals of a ratio."""
    rng = np.random.default_rng(4)
    tables_ = [(int(rng.integers(700, 900)), int(rng.integers(800, 1_000))) for _ in range(intervals)]

    def work() -> None:
        for a, b in tables_:
            confint_proportions_2indep(b, 10_000, a, 10_000, compare="ratio", method="score")

    return best_of(work)


def main(count: int, profile: bool) -> None:
    """Print milliseconds and the ratio: at the planned end, after one look and after four, and in the middle."""
    first, middle, third, end = (
        datetime(2026, month, day, 23, 59, 59, 999_999, tzinfo=UTC)
        for month, day in ((3, 15), (4, 15), (5, 15), (6, 30))
    )
    for name, looks, as_of, recorded in (
        ("planned end, one look", LAST, end, ()),
        ("planned end, four looks, those before recorded", FOUR, end, (first, middle, third)),
        ("planned end, four looks, none before recorded", FOUR, end, ()),
        ("second look of four, outcomes delayed", FOUR, middle, ()),
    ):
        with prepared(count, looks, as_of, [taken(count, at) for at in recorded]) as ready:
            rows = ready.rows()
            if profile:
                profiler = cProfile.Profile()
                profiler.runcall(ready.rows)
                pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
            whole, known = best_of(ready.rows), best_of(ready.rows_of_known_looks)
            intervals = sum(isinstance(each, Estimate) for row in rows for each in (row.absolute, row.relative))
            base = reference(intervals)
            print(f"{name}: {len({row.metric for row in rows})} metrics, {len(rows)} rows, {intervals} intervals")
            print(f"  statistics                   {1000 * whole:8.1f} ms  (goal {GOAL_MS} ms)")
            print(f"  with known boundaries        {1000 * known:8.1f} ms")
            print(f"  as many statsmodels ratios   {1000 * base:8.1f} ms: {whole / base:.1f} and {known / base:.1f} x")


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    main(numbers[0] if numbers else 30_000, "--profile" in sys.argv)
