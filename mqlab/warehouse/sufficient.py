"""The sufficient statistics: each one GROUP BY over the data set, integers only, rows sorted by their key.

Everything later is a pure function of these rows. Only leads mature for the horizon are counted in a metric; `leads`
beside them says how many there are in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.columns import effort_column, money_column
from mqlab.warehouse.compiled import fetched
from mqlab.warehouse.dataset import STAGES, Dataset
from mqlab.warehouse.grouping import due, followed_by, grouped, in_order, keys_of, leads_of


@dataclass(frozen=True, slots=True)
class Cell:
    """Counts of one (phase, arm, stratum, segment) at one horizon.

    `mature` of the `leads` have been followed for the whole horizon; of these, `mql` qualified under their own arm
    within it, `x[stage]` reached a stage within it, and `mql_x[stage]` did both. `handed` were handed over within it
    with their promised time over, `in_time` of these were answered within it.
    """

    phase: int
    arm: str
    stratum: str | None
    segment: str | None
    leads: int
    mature: int
    mql: int
    x: Mapping[str, int]
    mql_x: Mapping[str, int]
    handed: int
    in_time: int


@dataclass(frozen=True, slots=True)
class MoneyCell:
    """Revenue of one (phase, arm, stratum) in minor units: Σy, Σy² over `mature` leads, `wins` leads with y > 0."""

    phase: int
    arm: str
    stratum: str | None
    leads: int
    mature: int
    total: int
    squares: int
    wins: int


@dataclass(frozen=True, slots=True)
class EffortCell:
    """Touches and wins of one (phase, arm): T in thousandths, W a lead's win (0 or 1), over `mature` leads."""

    phase: int
    arm: str
    leads: int
    mature: int
    t: int
    tt: int
    w: int
    tw: int


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One (arm, unit): its leads that are mature at the horizon and what they reached; for accounts."""

    phase: int
    arm: str
    unit: str
    stratum: str | None
    segment: str | None
    leads: int
    mature: int
    mql: int
    x: Mapping[str, int]
    mql_x: Mapping[str, int]
    handed: int
    in_time: int
    total: int
    t: int


@dataclass(frozen=True, slots=True)
class Winner:
    """A mature lead with revenue, in minor units."""

    phase: int
    arm: str
    stratum: str | None
    amount: int


def cells(
    dataset: Dataset,
    horizon_days: int,
    *,
    arms: Sequence[str],
    stratum_of: str | None = None,
    segment: str | None = None,
    cut_off_us: int | None = None,
) -> tuple[Cell, ...]:
    """Counts by (phase, arm[, stratum of the pair `stratum_of`][, segment]) at a horizon, for the leads of `arms`.

    An earlier `cut_off_us` counts only the leads that were mature then: what an earlier look saw.
    """
    leads = followed_by(leads_of(dataset, arms), horizon_days, cut_off_us)
    keys = keys_of(leads, stratum_of=stratum_of, segment=segment)
    handed, in_time = _handed(dataset, leads, horizon_days)
    parts = grouped(
        leads,
        {
            **keys,
            "is_mature": leads.follow_up >= horizon_days,
            "is_mql": (leads.age_qualified <= horizon_days).fill_null(False),
        },
        {
            "leads": leads.count(),
            **{stage: leads.count(where=leads[f"age_{stage}"] <= horizon_days) for stage in STAGES},
            "handed": leads.count(where=handed),
            "in_time": leads.count(where=in_time),
        },
    )
    by_key: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for part in parts:
        by_key.setdefault(tuple(part[name] for name in keys), []).append(part)
    return tuple(_cell(dict(zip(keys, key, strict=True)), found) for key, found in by_key.items())


def _cell(key: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> Cell:
    """One cell from its leads by (mature, MQL): as keys they cost the engine less than as conditions of every sum."""
    mature = [part for part in parts if part["is_mature"]]
    mqls = [part for part in mature if part["is_mql"]]
    return Cell(
        phase=key["phase"],
        arm=key["arm"],
        stratum=key.get("stratum"),
        segment=key.get("segment"),
        leads=sum(part["leads"] for part in parts),
        mature=sum(part["leads"] for part in mature),
        mql=sum(part["leads"] for part in mqls),
        x={stage: sum(part[stage] for part in mature) for stage in STAGES},
        mql_x={stage: sum(part[stage] for part in mqls) for stage in STAGES},
        handed=sum(part["handed"] for part in mature),
        in_time=sum(part["in_time"] for part in mature),
    )


def money(
    dataset: Dataset, number: int, *, arms: Sequence[str], stratum_of: str | None = None
) -> tuple[MoneyCell, ...]:
    """Σy, Σy² and wins of the `number`-th money measure of the plan."""
    leads = leads_of(dataset, arms)
    mature = leads.follow_up >= dataset.plan.money[number].horizon_days
    counts = grouped(
        leads, keys_of(leads, stratum_of=stratum_of), {"leads": leads.count(), "mature": leads.count(where=mature)}
    )
    # few leads have revenue: only they are squared
    paid = leads.filter(mature & (leads[money_column(number)] != 0))
    amount = paid[money_column(number)]
    wide = amount.cast("decimal(38, 0)")
    sums = {"total": amount.sum(), "squares": (wide * wide).sum().cast("string"), "wins": (amount > 0).sum()}
    keys = keys_of(paid, stratum_of=stratum_of)
    by_key = {tuple(row.pop(name) for name in keys): row for row in grouped(paid, keys, sums, exact=("squares",))}
    nothing = dict.fromkeys(sums, 0)
    return tuple(
        MoneyCell(**{"stratum": None, **row, **by_key.get(tuple(row[name] for name in keys), nothing)})
        for row in counts
    )


def effort(dataset: Dataset, horizon_days: int, *, arms: Sequence[str]) -> tuple[EffortCell, ...]:
    """ΣT, ΣT², ΣW, ΣTW by (phase, arm): touches and meetings against wins, within a horizon."""
    leads = leads_of(dataset, arms)
    mature = leads.follow_up >= horizon_days
    touches = leads[effort_column(horizon_days)]
    wide = touches.cast("decimal(38, 0)")
    won = (leads.age_won <= horizon_days).fill_null(False)
    measures = {
        "leads": leads.count(),
        "mature": mature.sum(),
        "t": touches.sum(where=mature),
        "tt": (wide * wide).sum(where=mature).cast("string"),
        "w": (mature & won).sum(),
        "tw": touches.sum(where=mature & won),
    }
    return tuple(EffortCell(**row) for row in grouped(leads, keys_of(leads), measures, exact=("tt",)))


def units(
    dataset: Dataset,
    horizon_days: int,
    *,
    arms: Sequence[str],
    stratum_of: str | None = None,
    segment: str | None = None,
    money_number: int | None = None,
    cut_off_us: int | None = None,
) -> tuple[UnitRow, ...]:
    """One row per (phase, arm, unit), with the money measure and the effort of that horizon where the plan has them.

    An earlier `cut_off_us` counts only the leads that were mature then.
    """
    leads = followed_by(leads_of(dataset, arms), horizon_days, cut_off_us)
    keys = {**keys_of(leads, stratum_of=stratum_of, segment=segment), "unit": leads.unit}
    mature = leads.follow_up >= horizon_days
    has_effort = horizon_days in dataset.plan.effort_horizons
    measures = {
        "leads": leads.count(),
        "total": _zero(leads) if money_number is None else leads[money_column(money_number)].sum(where=mature),
        "t": leads[effort_column(horizon_days)].sum(where=mature) if has_effort else _zero(leads),
        **_counts(dataset, leads, horizon_days),
    }
    return tuple(
        UnitRow(
            phase=row["phase"],
            arm=row["arm"],
            unit=row["unit"],
            stratum=row.get("stratum"),
            segment=row.get("segment"),
            leads=row["leads"],
            mature=row["mature"],
            mql=row["mql"],
            x={stage: row[f"x_{stage}"] for stage in STAGES},
            mql_x={stage: row[f"e_{stage}"] for stage in STAGES},
            handed=row["handed"],
            in_time=row["in_time"],
            total=row["total"],
            t=row["t"],
        )
        for row in grouped(leads, keys, measures)
    )


def winners(dataset: Dataset, number: int, *, arms: Sequence[str], stratum_of: str | None = None) -> tuple[Winner, ...]:
    """The amounts of mature leads with revenue, for the permutation test; sorted by key and amount."""
    leads = leads_of(dataset, arms)
    amount = leads[money_column(number)]
    chosen = leads.filter((leads.follow_up >= dataset.plan.money[number].horizon_days) & (amount != 0))
    columns = {**keys_of(chosen, stratum_of=stratum_of), "amount": chosen[money_column(number)]}
    table = chosen.select(**columns)
    rows = in_order(fetched(table), list(columns)).to_pylist()
    return tuple(Winner(**{"stratum": None, **row}) for row in rows)


def _counts(dataset: Dataset, leads: ir.Table, horizon_days: int) -> dict[str, ir.Value]:
    """The counts every row of a horizon has."""
    mature = leads.follow_up >= horizon_days
    mql = mature & (leads.age_qualified <= horizon_days).fill_null(False)
    reached = {stage: mature & (leads[f"age_{stage}"] <= horizon_days).fill_null(False) for stage in STAGES}
    handed, in_time = (mature & flag for flag in _handed(dataset, leads, horizon_days))
    return {
        "mature": mature.sum(),
        "mql": mql.sum(),
        **{f"x_{stage}": flag.sum() for stage, flag in reached.items()},
        **{f"e_{stage}": (flag & mql).sum() for stage, flag in reached.items()},
        "handed": handed.sum(),
        "in_time": in_time.sum(),
    }


def _handed(dataset: Dataset, leads: ir.Table, horizon_days: int) -> tuple[ir.BooleanValue, ir.BooleanValue]:
    """Whether a lead was handed over within the horizon, its promised time over, and whether it was answered in it."""
    handed_age = (leads.handed_us - leads.assigned_us) // DAY_US + 1
    handed = due(dataset, leads) & (handed_age <= horizon_days).fill_null(False)
    return handed, handed & (leads.responded_us - leads.handed_us <= leads.sla_us).fill_null(False)


def _zero(leads: ir.Table) -> ir.Value:
    return leads.count() * 0
