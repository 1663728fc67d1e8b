"""What the checks count: units by arm and stratum, what sales did with leads, what became of outcome rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
from ibis.expr import types as ir

from mqlab.warehouse.columns import stratum_column
from mqlab.warehouse.dataset import Dataset
from mqlab.warehouse.grouping import due, grouped


@dataclass(frozen=True, slots=True)
class Census:
    """Leads of one (phase, arm) with the same strata, by challenger (None: the lead is not of that pair).

    `units` of randomisation; of the leads `handed` over with their promised time over, `told`: sales said anything.
    """

    phase: int
    arm: str
    strata: Mapping[str, str | None]
    units: int
    handed: int
    told: int


@dataclass(frozen=True, slots=True)
class Log:
    """Stated outcome rows of one kind and fate: counted, before_assignment, after_cut_off, other_lead, not_enrolled.

    `timed` of them have a time of day, `crossing` count opportunities of two arms.
    """

    kind: str
    fate: str
    rows: int
    timed: int
    crossing: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Mature MQLs of one (phase, arm) with the same answers of sales within a horizon.

    `rejected` for `reason`, the first rejection's (empty: none was given, or the lead was not rejected).
    """

    phase: int
    arm: str
    accepted: bool
    rejected: bool
    reason: str
    leads: int


def census(dataset: Dataset, challengers: Sequence[str]) -> tuple[Census, ...]:
    """Units by phase, arm and the strata of every pair: what randomisation made, and how it fared with sales."""
    leads = dataset.leads
    names = {f"stratum_{number}": arm for number, arm in enumerate(challengers)}
    keys: dict[str, ir.Value] = {"phase": leads.phase, "arm": leads.arm}
    keys.update({name: leads[stratum_column(arm)] for name, arm in names.items()})
    over = due(dataset, leads)
    told = leads.responded_us.notnull() | leads.age_sql.notnull()
    measures = {"units": leads.unit.nunique(), "handed": over.sum(), "told": (over & told).sum()}
    return tuple(
        Census(
            phase=row["phase"],
            arm=row["arm"],
            strata={arm: row[name] for name, arm in names.items()},
            units=row["units"],
            handed=row["handed"],
            told=row["told"],
        )
        for row in grouped(leads, keys, measures)
    )


def log(dataset: Dataset) -> tuple[Log, ...]:
    """What became of the stated outcome rows, by kind."""
    rows = dataset.outcomes
    rows = rows.filter(~rows.inferred.fill_null(False))
    measures = {
        "rows": rows.count(),
        "timed": (~rows.dated.fill_null(False)).sum(),
        "crossing": rows.crosses_arms.sum(),
    }
    return tuple(Log(**row) for row in grouped(rows, {"kind": rows.kind, "fate": rows.fate}, measures))


def deals_won(dataset: Dataset) -> tuple[int, int]:
    """Deals won that count, however many rows say so, and those of them of which none states an amount."""
    rows = dataset.outcomes
    rows = rows.filter((rows.fate == "counted") & (rows.kind == "closed_won") & ~rows.inferred.fill_null(False))
    deal = ibis.coalesce(rows.opportunity_id, ibis.literal("lead ").concat(rows.lead_id))
    deals = rows.group_by(deal=deal).aggregate(stated=rows.amount_minor.count())
    found = grouped(deals, {"stated": deals.stated > 0}, {"deals": deals.count()})
    return sum(row["deals"] for row in found), sum(row["deals"] for row in found if not row["stated"])


def answered(dataset: Dataset, horizon_days: int) -> tuple[Answered, ...]:
    """What sales answered about the MQLs of every arm, both the MQL and the answer within a horizon of assignment."""
    leads = dataset.leads
    mqls = leads.filter((leads.follow_up >= horizon_days) & (leads.age_qualified <= horizon_days).fill_null(False))
    first = first_rejections(dataset, horizon_days)
    table = mqls.left_join(first, mqls.lead_id == first.rejected_lead)
    keys = {
        "phase": table.phase,
        "arm": table.arm,
        "accepted": (table.age_accepted <= horizon_days).fill_null(False),
        "rejected": table.rejected_lead.notnull(),
        "reason": table.code.fill_null(""),
    }
    return tuple(Answered(**row) for row in grouped(table, keys, {"leads": table.count()}))


def first_rejections(dataset: Dataset, horizon_days: int) -> ir.Table:
    """`rejected_lead` and the reason `code` (empty: none was given) of each lead's first rejection within a horizon."""
    rows = dataset.outcomes
    rows = rows.filter((rows.fate == "counted") & (rows.kind == "rejected") & (rows.age <= horizon_days))
    rows = rows.mutate(code=rows.reason_code.fill_null(""))
    place = ibis.row_number().over(group_by=rows.lead_id, order_by=[rows.occurred_us, rows.known_us, rows.code])
    rows = rows.mutate(place=place)
    return rows.filter(rows.place == 0).select(rejected_lead="lead_id", code="code")


def inferred(dataset: Dataset, kind: str) -> tuple[int, int]:
    """Counted rows of a kind, and those of them taken from a later stage because sales did not state the kind."""
    rows = dataset.outcomes
    rows = rows.filter((rows.fate == "counted") & (rows.kind == kind))
    found = grouped(rows, {"inferred": rows.inferred.fill_null(False)}, {"rows": rows.count()})
    return sum(row["rows"] for row in found), sum(row["rows"] for row in found if row["inferred"])
