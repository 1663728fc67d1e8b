"""Everyone a ledger knows as a planner sees them: when they came, and when they first had each outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mqlab.leads.identity import canonical_ids, standing_ids
from mqlab.leads.instants import DAY_US
from mqlab.leads.tables import Facts

Int64s = npt.NDArray[np.int64]

ENOUGH_LEADS, ENOUGH_OUTCOMES = 200, 10
"""Fewer leads that are old enough, or fewer of them with the outcome, and the default is assumed instead."""


@dataclass(frozen=True, slots=True)
class PastRate:
    """The share of `leads` old enough that had the outcome within the horizon, and the ages at which it came."""

    value: float
    leads: int
    ages: tuple[int, ...]


@dataclass(frozen=True)
class PastLeads:
    """Everyone in the ledger, merged ids as one: start, and by outcome kind the first instant (absent: none)."""

    people: Mapping[str, int]
    starts: Int64s
    first: Mapping[str, Mapping[str, int]]
    person: Mapping[str, str]
    cut_off_us: int


def past_leads(facts: Facts, cut_off_us: int) -> PastLeads:
    """Everyone in `facts`; outcomes after `cut_off_us`, or before their lead came, do not count."""
    created = dict(
        zip(facts.leads["lead_id"].to_pylist(), microseconds(facts.leads["created_at"]).tolist(), strict=True)
    )
    merges = zip(
        facts.identity["old_id"].to_pylist(),
        facts.identity["new_id"].to_pylist(),
        microseconds(facts.identity["merged_at"]).tolist(),
        strict=True,
    )
    person = standing_ids(canonical_ids(merges), created)
    people: dict[str, int] = {}
    for lead, at in created.items():
        who = person.get(lead, lead)
        people[who] = min(at, people.get(who, at))
    first: dict[str, dict[str, int]] = {}
    outcomes = zip(
        facts.outcomes["lead_id"].to_pylist(),
        facts.outcomes["kind"].to_pylist(),
        microseconds(facts.outcomes["occurred_at"]).tolist(),
        strict=True,
    )
    for lead, kind, at in outcomes:
        who = person.get(lead, lead)
        if who in people and people[who] <= at <= cut_off_us:
            of_kind = first.setdefault(kind, {})
            of_kind[who] = min(at, of_kind.get(who, at))
    began = np.fromiter(people.values(), dtype=np.int64, count=len(people))
    return PastLeads(people, began, first, person, cut_off_us)


def microseconds(column: pa.ChunkedArray) -> Int64s:
    """A column of instants as microseconds since 1970 UTC."""
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def past_rate(
    known: PastLeads, first: Mapping[str, int], horizon: int, among: Mapping[str, int] | None
) -> PastRate | None:
    """The rate of an outcome whose `first` instants are given, over leads old enough (of `among`, where it is given).

    None where there are too few of either.
    """
    latest = known.cut_off_us - horizon * DAY_US
    mature = [who for who, start in known.people.items() if start <= latest and (among is None or who in among)]
    ages = sorted((first[who] - known.people[who]) // DAY_US + 1 for who in mature if who in first)
    ages = [age for age in ages if age <= horizon]
    if len(mature) < ENOUGH_LEADS or not ENOUGH_OUTCOMES <= len(ages) < len(mature):
        return None
    return PastRate(len(ages) / len(mature), len(mature), tuple(ages))
