"""The same table of assigned leads, 10 million by default, analysed three ways: mqlab, tea-tasting, one raw GROUP BY.

The same ten metrics of two arms, each with an interval and a p-value: six stages per lead, three stages per MQL, and
revenue per lead. mqlab reads its sufficient statistics from the one-row-per-lead table and computes what an analysis
shows of them, plain and triggered; "delays" reads two of the stages by day of follow-up and age besides, as an analysis
does before everyone has been followed. tea-tasting pushes its own aggregates into the same DuckDB through Ibis. The raw
GROUP BY asks for the same sums by arm and stratum, without any statistics (goal: at most 3 times its time, and faster
than tea-tasting).

Run: python benchmarks/beside_tea_tasting.py [LEADS]
"""

from __future__ import annotations

import math
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tea_tasting as tt

from mqlab.analysis import amounts, delays, rates
from mqlab.analysis.comparison import Comparison
from mqlab.leads.instants import DAY_US
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z
from mqlab.warehouse.dataset import STAGES, Dataset, Money, Plan
from mqlab.warehouse.engines.duckdb import THREADS
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.followed import followed
from mqlab.warehouse.sufficient import cells, money

HORIZON = 60
PAIR = ("a", "b")
Z = critical_z(0.05)
REPEATS = 4
STAGE_DAYS = {"accepted": (0.25, 6), "rejected": (0.1, 6), "meeting": (0.2, 10), "sql": (0.10, 15), "won": (0.03, 30)}

MADE = f"""
CREATE TABLE leads AS
WITH drawn AS (
  SELECT i, hash(i) % 1000 AS place, random() AS likely, random() AS first, random() AS second
  FROM range({{count}}) numbers(i)
)
SELECT
  'L' || i AS lead_id, 'L' || i AS unit,
  CASE WHEN hash(i + 7) % 2 = 0 THEN 'a' ELSE 'b' END AS arm,
  1::BIGINT AS phase,
  (place * 90 // 1000)::BIGINT * {DAY_US} AS assigned_us,
  (180 - place * 90 // 1000)::BIGINT AS follow_up,
  CASE WHEN likely > 0.75 THEN 1 + (first * 20)::BIGINT END AS age_qualified,
  CASE WHEN likely <= 0.70 THEN 'none' WHEN likely > 0.80 THEN 'both'
       WHEN second < 0.5 THEN 'control_first' ELSE 'arm_first' END AS "stratum:b",
  {
    ", ".join(
        f"CASE WHEN random() < {share} * (0.4 + likely) THEN 1 + (-ln(random()) * {days})::BIGINT END AS age_{stage}"
        for stage, (share, days) in STAGE_DAYS.items()
    )
},
  NULL::BIGINT AS age_opportunity,
  NULL::BIGINT AS handed_us, NULL::BIGINT AS responded_us, NULL::BIGINT AS sla_us,
  0::BIGINT AS money_0
FROM drawn
"""
PRICED = "UPDATE leads SET money_0 = (exp(9 + random() * 2) * 100)::BIGINT WHERE age_won <= 60"
REACHED = {stage: f"follow_up >= {HORIZON} AND age_{stage} <= {HORIZON}" for stage in STAGES}
MQL = f"follow_up >= {HORIZON} AND age_qualified <= {HORIZON}"
RAW = f"""
SELECT phase, arm, "stratum:b", count(*), sum((follow_up >= {HORIZON})::INT), sum(({MQL})::INT),
  {", ".join(f"sum(({flag})::INT), sum(({flag} AND {MQL})::INT)" for flag in REACHED.values())},
  sum(money_0), sum(money_0::DECIMAL(38, 0) * money_0)
FROM leads GROUP BY ALL ORDER BY ALL
"""
PER_LEAD = ("mql", "accepted", "rejected", "meeting", "sql", "won")
PER_MQL = ("accepted", "sql", "won")


def seconds_of(*works: Callable[[], Any]) -> list[float]:
    """Of each the fastest of a few runs, taken in turns, so that a busy moment of the machine hits all of them."""
    fastest = [math.inf] * len(works)
    for _ in range(REPEATS):
        for number, work in enumerate(works):
            start = time.perf_counter()
            work()
            fastest[number] = min(fastest[number], time.perf_counter() - start)
    return fastest


def answers(comparison: Comparison) -> tuple[Estimate | NotEstimable, Estimate | NotEstimable, float | NotEstimable]:
    """Difference, relative lift and p-value."""
    return comparison.difference(Z), comparison.relative(Z), comparison.p_value


def analysed(dataset: Dataset) -> list[Any]:
    """The ten metrics, plain and triggered, from counts of the leads followed to the horizon."""
    control, arm = PAIR
    found = cells(dataset, HORIZON, arms=PAIR, stratum_of=arm)
    results = [
        answers(method(found, control, arm, rates.numerator(f"{stage}_per_lead")))
        for stage in PER_LEAD
        for method in (rates.per_lead, rates.per_lead_triggered)
    ]
    results += [
        answers(method(found, control, arm, stage))
        for stage in PER_MQL
        for method in (rates.per_mql, rates.per_mql_efficient)
    ]
    sums = money(dataset, 0, arms=PAIR, stratum_of=arm)
    return [*results, *(answers(m(sums, (), control, arm, 100)) for m in (amounts.revenue_triggered, amounts.revenue))]


def analysed_with_delays(dataset: Dataset) -> list[Any]:
    """The same, and SQL and won by follow-up and age of conversion."""
    control, arm = PAIR
    results = analysed(dataset)
    for stage in ("sql", "won"):
        rows = followed(dataset, stage, HORIZON, arms=PAIR, stratum_of=arm)
        results += [answers(m(rows, control, arm, HORIZON)) for m in (delays.per_lead, delays.per_lead_triggered)]
    return results


def tasted(table: Any) -> Any:
    """The ten metrics by tea-tasting: Welch's test and interval of means and of ratios of means."""
    per_lead = {name: tt.Mean(name, equal_var=False) for name in (*PER_LEAD, "revenue")}
    per_mql = {f"{stage}_per_mql": tt.RatioOfMeans(f"mql_{stage}", "mql", equal_var=False) for stage in PER_MQL}
    mature = table.filter(table.follow_up >= HORIZON)
    mql = (mature.age_qualified <= HORIZON).fill_null(False)
    reached = {stage: (mature[f"age_{stage}"] <= HORIZON).fill_null(False) for stage in STAGES}
    columns = mature.select(
        variant=(mature.arm == "b").cast("int64"),
        mql=mql.cast("int64"),
        revenue=mature.money_0 / 100,
        **{stage: reached[stage].cast("int64") for stage in PER_LEAD if stage != "mql"},
        **{f"mql_{stage}": (reached[stage] & mql).cast("int64") for stage in PER_MQL},
    )
    return tt.Experiment(per_lead | per_mql).analyze(columns)


def main(count: int) -> None:
    """Print seconds and ratios, and that the two packages agree."""
    warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
    with tempfile.TemporaryDirectory() as folder, open_engine("duckdb://", memory_limit="3GB") as engine:
        connection = engine.backend
        connection.con.execute(f"ATTACH '{Path(folder) / 'leads.duckdb'}' AS lake")
        connection.con.execute("USE lake")
        connection.con.execute("SELECT setseed(0.5)")
        connection.con.execute(MADE.format(count=count))
        connection.con.execute(PRICED)
        leads = connection.table("leads")
        plan = Plan(as_of_us=300 * DAY_US, cut_off_us=300 * DAY_US, money=(Money(HORIZON, None),))
        dataset = Dataset(engine, leads, leads, plan, handover_stated=False, arms=PAIR)
        raw, theirs, ours, delayed = seconds_of(
            lambda: connection.con.execute(RAW).fetchall(),
            lambda: tasted(leads),
            lambda: analysed(dataset),
            lambda: analysed_with_delays(dataset),
        )
        revenue, tasted_revenue = analysed(dataset)[-1][0], tasted(leads)["revenue"]
        if not isinstance(revenue, Estimate) or abs(revenue.value - tasted_revenue.effect_size) > 1e-6:
            raise SystemExit(f"the two do not agree: {revenue} and {tasted_revenue}")
    print(f"{count:,} leads, two arms, {THREADS} threads")
    print(f"  one raw GROUP BY      {raw:7.2f} s")
    print(f"  mqlab                 {ours:7.2f} s  {ours / raw:5.2f} x the GROUP BY (goal 3)")
    print(f"  mqlab, with delays    {delayed:7.2f} s  {delayed / raw:5.2f} x the GROUP BY")
    print(f"  tea-tasting           {theirs:7.2f} s  {theirs / raw:5.2f} x the GROUP BY, {theirs / ours:.2f} x mqlab")
    print(f"  peak memory           {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:7.2f} GiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
