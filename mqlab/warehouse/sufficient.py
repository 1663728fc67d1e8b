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
from mqlab.warehouse.columns import effort_column, money_column, segment_column, stratum_column
from mqlab.warehouse.dataset import STAGES, Dataset


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


@dataclass(frozen=True, slots=True)
class ParityRow:
    """A lead both rules hand over: the arm, the wait for the first response (None: none yet), and what followed."""

    arm: str
    wait_us: int | None
    touches: int
    accepted: bool
    owner: str | None


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
    leads = _leads_of(dataset, arms)
    if cut_off_us is not None:
        leads = leads.filter(leads.assigned_us + horizon_days * DAY_US <= cut_off_us)
    keys = _keys(leads, stratum_of=stratum_of, segment=segment)
    rows = _grouped(leads, keys, {"leads": leads.count(), **_counts(dataset, leads, horizon_days)})
    return tuple(
        Cell(
            phase=row["phase"],
            arm=row["arm"],
            stratum=row.get("stratum"),
            segment=row.get("segment"),
            leads=row["leads"],
            mature=row["mature"],
            mql=row["mql"],
            x={stage: row[f"x_{stage}"] for stage in STAGES},
            mql_x={stage: row[f"e_{stage}"] for stage in STAGES},
            handed=row["handed"],
            in_time=row["in_time"],
        )
        for row in rows
    )


def money(
    dataset: Dataset, number: int, *, arms: Sequence[str], stratum_of: str | None = None
) -> tuple[MoneyCell, ...]:
    """Σy, Σy² and wins of the `number`-th money measure of the plan."""
    leads = _leads_of(dataset, arms)
    mature = leads.follow_up >= dataset.plan.money[number].horizon_days
    amount = leads[money_column(number)]
    wide = amount.cast("decimal(38, 0)")
    measures = {
        "leads": leads.count(),
        "mature": mature.sum(),
        "total": amount.sum(where=mature),
        "squares": (wide * wide).sum(where=mature).cast("string"),
        "wins": (mature & (amount > 0)).sum(),
    }
    rows = _grouped(leads, _keys(leads, stratum_of=stratum_of), measures, exact=("squares",))
    return tuple(MoneyCell(**{"stratum": None, **row}) for row in rows)


def effort(dataset: Dataset, horizon_days: int, *, arms: Sequence[str]) -> tuple[EffortCell, ...]:
    """ΣT, ΣT², ΣW, ΣTW by (phase, arm): touches and meetings against wins, within a horizon."""
    leads = _leads_of(dataset, arms)
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
    return tuple(EffortCell(**row) for row in _grouped(leads, _keys(leads), measures, exact=("tt",)))


def units(
    dataset: Dataset,
    horizon_days: int,
    *,
    arms: Sequence[str],
    stratum_of: str | None = None,
    segment: str | None = None,
    money_number: int | None = None,
) -> tuple[UnitRow, ...]:
    """One row per (phase, arm, unit), with the money measure and the effort of that horizon where the plan has them."""
    leads = _leads_of(dataset, arms)
    keys = {**_keys(leads, stratum_of=stratum_of, segment=segment), "unit": leads.unit}
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
        for row in _grouped(leads, keys, measures)
    )


def winners(dataset: Dataset, number: int, *, arms: Sequence[str], stratum_of: str | None = None) -> tuple[Winner, ...]:
    """The amounts of mature leads with revenue, for the permutation test; sorted by key and amount."""
    leads = _leads_of(dataset, arms)
    amount = leads[money_column(number)]
    chosen = leads.filter((leads.follow_up >= dataset.plan.money[number].horizon_days) & (amount > 0))
    columns = {**_keys(chosen, stratum_of=stratum_of), "amount": chosen[money_column(number)]}
    table = chosen.select(**columns)
    rows = table.order_by(list(columns)).to_pyarrow().to_pylist()
    return tuple(Winner(**{"stratum": None, **row}) for row in rows)


def sample(dataset: Dataset) -> Mapping[tuple[int, str], int]:
    """Units by (phase, arm): what randomisation made."""
    leads = dataset.leads
    keys = {"phase": leads.phase, "arm": leads.arm}
    return {(row["phase"], row["arm"]): row["units"] for row in _grouped(leads, keys, {"units": leads.unit.nunique()})}


def sample_by_stratum(dataset: Dataset, arm: str, control: str) -> Mapping[tuple[str, str], int]:
    """Units by (arm, stratum) of the pair (`arm`, `control`)."""
    leads = _leads_of(dataset, (control, arm))
    keys = {"arm": leads.arm, "stratum": leads[stratum_column(arm)]}
    rows = _grouped(leads, keys, {"units": leads.unit.nunique()})
    return {(row["arm"], row["stratum"]): row["units"] for row in rows}


def unit_leads(dataset: Dataset) -> tuple[tuple[str, str, int], ...]:
    """(arm, unit, leads), one row per unit."""
    leads = dataset.leads
    rows = _grouped(leads, {"arm": leads.arm, "unit": leads.unit}, {"leads": leads.count()})
    return tuple((row["arm"], row["unit"], row["leads"]) for row in rows)


def parity(dataset: Dataset, arm: str, control: str) -> tuple[ParityRow, ...]:
    """The handed-over leads of the stratum `both` with the promised time over, where handling must be the same."""
    leads = _leads_of(dataset, (control, arm))
    chosen = leads.filter((leads[stratum_column(arm)] == "both") & _due(dataset, leads))
    table = chosen.select(
        "lead_id",
        "arm",
        "owner",
        wait_us=chosen.responded_us - chosen.handed_us,
        touches=chosen.touches.fill_null(0),
        accepted=chosen.age_accepted.notnull(),
    )
    rows = table.order_by("lead_id").to_pyarrow().to_pylist()
    return tuple(ParityRow(row["arm"], row["wait_us"], row["touches"], row["accepted"], row["owner"]) for row in rows)


def fates(dataset: Dataset) -> Mapping[tuple[str, str], int]:
    """Stated outcome rows by (kind, fate): counted, before_assignment, after_cut_off, other_lead, not_enrolled."""
    rows = dataset.outcomes
    rows = rows.filter(~rows.inferred.fill_null(False))
    found = _grouped(rows, {"kind": rows.kind, "fate": rows.fate}, {"rows": rows.count()})
    return {(row["kind"], row["fate"]): row["rows"] for row in found}


def deals(dataset: Dataset) -> Mapping[str, int]:
    """`cross_arm`: opportunities that touch two arms; `no_amount`: counted won rows without an amount."""
    rows = dataset.outcomes
    table = rows.aggregate(
        cross_arm=rows.opportunity_id.nunique(where=rows.deal_arms > 1),
        won=((rows.kind == "closed_won") & (rows.fate == "counted")).sum(),
        no_amount=((rows.kind == "closed_won") & (rows.fate == "counted") & rows.amount_minor.isnull()).sum(),
    )
    row = table.to_pyarrow().to_pylist()[0]
    return {name: int(value or 0) for name, value in row.items()}


def activity(dataset: Dataset) -> Mapping[str, int]:
    """Counted rows of sales activity: `touches` (touched, meeting), `responses` (also accepted, rejected), `timed`."""
    rows = dataset.outcomes
    counted = (rows.fate == "counted") & ~rows.inferred.fill_null(False)
    touch = counted & rows.kind.isin(("touched", "meeting"))
    response = counted & rows.kind.isin(("touched", "meeting", "accepted", "rejected"))
    table = rows.aggregate(
        touches=touch.sum(), responses=response.sum(), timed=(response & ~rows.dated.fill_null(False)).sum()
    )
    row = table.to_pyarrow().to_pylist()[0]
    return {name: int(value or 0) for name, value in row.items()}


def feedback(dataset: Dataset) -> Mapping[str, tuple[int, int]]:
    """By arm: leads handed over with their promised time over, and those of them that sales said anything about."""
    leads = dataset.leads
    due = _due(dataset, leads)
    told = leads.responded_us.notnull() | leads.age_sql.notnull()
    rows = _grouped(leads, {"arm": leads.arm}, {"handed": due.sum(), "told": (due & told).sum()})
    return {row["arm"]: (row["handed"], row["told"]) for row in rows}


def _leads_of(dataset: Dataset, arms: Sequence[str]) -> ir.Table:
    return dataset.leads.filter(dataset.leads.arm.isin(list(arms)))


def _keys(leads: ir.Table, *, stratum_of: str | None = None, segment: str | None = None) -> dict[str, ir.Value]:
    keys: dict[str, ir.Value] = {"phase": leads.phase, "arm": leads.arm}
    if stratum_of is not None:
        keys["stratum"] = leads[stratum_column(stratum_of)]
    if segment is not None:
        keys["segment"] = leads[segment_column(segment)]
    return keys


def _counts(dataset: Dataset, leads: ir.Table, horizon_days: int) -> dict[str, ir.Value]:
    """The counts every row of a horizon has."""
    mature = leads.follow_up >= horizon_days
    mql = mature & (leads.age_qualified <= horizon_days).fill_null(False)
    reached = {stage: mature & (leads[f"age_{stage}"] <= horizon_days).fill_null(False) for stage in STAGES}
    handed_age = (leads.handed_us - leads.assigned_us) // DAY_US + 1
    handed = mature & _due(dataset, leads) & (handed_age <= horizon_days).fill_null(False)
    in_time = handed & (leads.responded_us - leads.handed_us <= leads.sla_us).fill_null(False)
    return {
        "mature": mature.sum(),
        "mql": mql.sum(),
        **{f"x_{stage}": flag.sum() for stage, flag in reached.items()},
        **{f"e_{stage}": (flag & mql).sum() for stage, flag in reached.items()},
        "handed": handed.sum(),
        "in_time": in_time.sum(),
    }


def _due(dataset: Dataset, leads: ir.Table) -> ir.BooleanValue:
    """Whether a lead was handed over and the promised time to the first touch is over by the cut-off."""
    promised = leads.sla_us.fill_null(0)
    return (leads.handed_us + promised <= dataset.plan.cut_off_us).fill_null(False)


def _zero(leads: ir.Table) -> ir.Value:
    return leads.count() * 0


def _grouped(
    table: ir.Table, keys: Mapping[str, ir.Value], measures: Mapping[str, ir.Value], *, exact: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Rows of a GROUP BY, sorted by key, measures as Python integers; `exact` ones come as text of wide decimals."""
    names = list(keys)
    found = table.group_by(**keys).aggregate(**measures).order_by(names).to_pyarrow().to_pylist()
    for row in found:
        for name in measures:
            row[name] = int(row[name].split(".")[0]) if name in exact and row[name] is not None else int(row[name] or 0)
    return list(found)
