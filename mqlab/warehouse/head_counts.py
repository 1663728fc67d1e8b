"""How many leads there are: by phase and arm, by day of follow-up, by value of a segment, by what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.columns import segment_column
from mqlab.warehouse.compiled import fetched
from mqlab.warehouse.dataset import Dataset
from mqlab.warehouse.grouping import grouped, leads_of

NAMES_AT_ONCE = 50
"""Names of events that are counted in one pass."""


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
    """Enrolled leads with at least one of `events` (`lead_id`, `name`), by the event's name and arm.

    One row per lead with a flag per name takes half the time and memory of the different pairs of lead and name.
    """
    names = sorted(filter(None, fetched(events.select("name").distinct())["name"].to_pylist()))
    leads = dataset.leads.select(of_lead="lead_id", arm="arm")
    found: dict[str, dict[str, int]] = {}
    for begin in range(0, len(names), NAMES_AT_ONCE):
        some = names[begin : begin + NAMES_AT_ONCE]
        flags = {f"n{place}": ibis.ifelse(events["name"] == name, 1, 0).max() for place, name in enumerate(some)}
        done = events.group_by("lead_id").aggregate(**flags)
        joined = done.join(leads, done.lead_id == leads.of_lead)
        for row in grouped(joined, {"arm": joined.arm}, {flag: joined[flag].sum() for flag in flags}):
            for place, name in enumerate(some):
                if row[f"n{place}"]:
                    found.setdefault(name, {})[row["arm"]] = row[f"n{place}"]
    return found
