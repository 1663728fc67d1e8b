"""How many leads there are: by phase and arm, by day of follow-up, by value of a segment, by what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.columns import segment_column
from mqlab.warehouse.dataset import Dataset
from mqlab.warehouse.grouping import grouped, leads_of


def enrolled(dataset: Dataset) -> Mapping[tuple[int, str], int]:
    """Leads by (phase, arm)."""
    leads = dataset.leads
    rows = grouped(leads, {"phase": leads.phase, "arm": leads.arm}, {"leads": leads.count()})
    return {(row["phase"], row["arm"]): row["leads"] for row in rows}


def by_follow_up(dataset: Dataset, at_us: int) -> Mapping[str, Mapping[int, int]]:
    """Leads of every arm by the whole days for which they had been followed at an instant; below 0: not assigned yet.

    Days of 86 400 s, rounded down.
    """
    leads = dataset.leads
    days = ((at_us - leads.assigned_us) // DAY_US).cast("int64")
    found: dict[str, dict[int, int]] = {}
    for row in grouped(leads, {"arm": leads.arm, "days": days}, {"leads": leads.count()}):
        found.setdefault(row["arm"], {})[row["days"]] = row["leads"]
    return found


def by_value(dataset: Dataset, segment: str, arms: Sequence[str]) -> Mapping[str | None, int]:
    """Leads of some arms by their value of a segment."""
    leads = leads_of(dataset, arms)
    rows = grouped(leads, {"value": leads[segment_column(segment)]}, {"leads": leads.count()})
    return {row["value"]: row["leads"] for row in rows}


def arrivals_by_day(dataset: Dataset, *, by_unit: bool) -> Mapping[tuple[int, str], int]:
    """Leads, or units by their first lead, by (day of assignment since 1970-01-01 UTC, arm)."""
    arriving: ir.Table = dataset.leads
    if by_unit:
        arriving = arriving.group_by("unit", "arm").aggregate(assigned_us=arriving.assigned_us.min())
    keys = {"day": (arriving.assigned_us // DAY_US).cast("int64"), "arm": arriving.arm}
    return {(row["day"], row["arm"]): row["arrived"] for row in grouped(arriving, keys, {"arrived": arriving.count()})}


def with_event(dataset: Dataset, events: ir.Table) -> Mapping[str, Mapping[str, int]]:
    """Enrolled leads with at least one of `events` (`lead_id`, `name`), by the event's name and arm."""
    leads = dataset.leads.select(of_lead="lead_id", arm="arm")
    done = events.select("lead_id", "name").distinct()
    joined = done.join(leads, done.lead_id == leads.of_lead)
    found: dict[str, dict[str, int]] = {}
    for row in grouped(joined, {"name": joined["name"], "arm": joined.arm}, {"leads": joined.count()}):
        found.setdefault(row["name"], {})[row["arm"]] = row["leads"]
    return found
