"""The cohorts of two quarters, read from governed leads and from what sales reported about them."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.feedback.window import Window
from mqlab.analysis.maturity import clock
from mqlab.analysis.outcome_rows import Exchange, OutcomeMoney, OutcomeRows, outcome_rows, with_rates
from mqlab.analysis.quarter.cohort import NEVER, Cohort, Horizons, Int64s, Leads
from mqlab.analysis.quarter.governed import Governed
from mqlab.leads.instants import DAY_US, micros
from mqlab.leads.tables import Facts
from mqlab.warehouse.columns import money_column
from mqlab.warehouse.dataset import Money, Plan, build_in
from mqlab.warehouse.engines.engine import Engine

AGES = {"sal": "age_accepted", "sql": "age_sql", "opportunity": "age_opportunity", "won": "age_won"}


def cohorts(
    engine: Engine,
    facts: Facts,
    found: Governed,
    windows: Sequence[Window],
    horizons: Horizons,
    *,
    currency: str,
    exchange: Exchange | None,
    zone: ZoneInfo,
) -> tuple[tuple[Cohort, ...], OutcomeMoney]:
    """The leads created in each of the windows, and in which money their revenue is told.

    `currency` and `zone` are the lab's.
    """
    time = clock(facts.outcomes, facts.as_of)
    rows = outcome_rows(
        facts.outcomes, found.person, currency=currency, lab_currency=currency, exchange=exchange, zone=zone
    )
    columns, money = _columns(engine, facts, found, rows, Plan(
        time.as_of_us, time.cut_off_us, money=(Money(horizons.won_days, None),)
    ))  # fmt: skip
    lateness = time.lateness_us or 0
    made = []
    for window in windows:
        mine = (found.created_us >= window.begin_us) & (found.created_us < window.end_us)
        made.append(Cohort(window, columns.where(mine), time.cut_off_us, horizons, lateness))
    return tuple(made), OutcomeMoney(rows.currency, rows.minor, money.no_money)


def _columns(
    engine: Engine, facts: Facts, found: Governed, outcomes: OutcomeRows, plan: Plan
) -> tuple[Leads, OutcomeMoney]:
    leads = len(found.lead_id)
    ids = pa.array(found.lead_id, pa.string())
    nothing = pa.nulls(leads, pa.int64())
    judged = engine.load(
        "quarter_leads",
        pa.table(
            {
                "lead_id": ids,
                "unit": ids,
                "arm": pa.array(["cohort"] * leads, pa.string()),
                "phase": pa.array([1] * leads, pa.int64()),
                "assigned_us": pa.array(found.created_us, pa.int64()),
                "qualified_us": nothing,
                "handed_us": nothing,
                "sla_us": nothing,
            }
        ),
    )
    rows = engine.load("quarter_outcomes", outcomes.table)
    with build_in(engine, judged, rows, plan, name="quarter") as dataset:
        money = with_rates(outcomes, dataset)
        table = engine.fetched(dataset.leads.select("lead_id", *AGES.values(), money_column(0)))
    table = table.take(pc.index_in(ids, value_set=table["lead_id"].combine_chunks()))
    ages = {
        stage: np.asarray(pc.fill_null(table[column], NEVER).to_numpy(), dtype=np.int64)
        for stage, column in AGES.items()
    }
    trials = [trial.protocol.id for trial in found.trials]
    experiment = np.array([*trials, None], dtype=object)[found.trial]
    told = Leads(
        lead_id=found.lead_id,
        created_us=found.created_us,
        source=found.source,
        definition=found.governing,
        experiment=experiment,
        arm=found.arm,
        path=found.path,
        mql=_age(found.since_us, found.created_us, plan.cut_off_us),
        pql=_pql(facts, found, ids, plan.cut_off_us),
        revenue_minor=np.asarray(pc.fill_null(table[money_column(0)], 0).to_numpy(), dtype=np.int64),
        **ages,
    )
    return told, money


def _age(at_us: Int64s, created_us: Int64s, cut_off_us: int) -> Int64s:
    """Days from creation as every outcome is aged; what is not known to be complete has not happened yet."""
    reached = at_us <= cut_off_us
    return np.where(reached, np.maximum(np.where(reached, at_us, 0) - created_us, 0) // DAY_US + 1, NEVER)


def _pql(facts: Facts, found: Governed, ids: pa.Array, cut_off_us: int) -> Int64s:
    rows = facts.outcomes.select(["lead_id", "kind", "occurred_at"])
    rows = rows.filter(pc.equal(rows["kind"], "pql"))
    at: Int64s = np.full(len(ids), NEVER, dtype=np.int64)
    if rows.num_rows:
        who = pa.array([found.person.get(one, one) for one in rows["lead_id"].to_pylist()], pa.string())
        instants = rows["occurred_at"].cast(pa.int64()).to_pylist()
        for place, at_us in zip(pc.index_in(who, value_set=ids).to_pylist(), instants, strict=True):
            if place is not None and at_us >= found.created_us[place] and at_us <= micros(facts.as_of):
                at[place] = min(at[place], at_us)
    return _age(at, found.created_us, cut_off_us)
