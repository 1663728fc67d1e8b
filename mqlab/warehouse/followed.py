"""How long every lead was followed and when it converted: the sufficient statistic of delayed outcomes.

One GROUP BY by (phase, arm[, stratum][, segment][, unit], follow-up, age of conversion), follow-up and age in whole
days up to the horizon: at most a few rows per day of the horizon, whatever the number of leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.dataset import Dataset
from mqlab.warehouse.grouping import grouped, keys_of, leads_of


@dataclass(frozen=True, slots=True)
class FollowedRow:
    """`leads` leads followed for `follow_up` whole days (0 … horizon) that converted at age `converted`.

    Ages are days from 1; 0 stands for "not converted at an age within follow-up and horizon".
    """

    phase: int
    arm: str
    stratum: str | None
    segment: str | None
    unit: str | None
    follow_up: int
    converted: int
    leads: int


def followed(
    dataset: Dataset,
    stage: str,
    horizon_days: int,
    *,
    arms: Sequence[str],
    stratum_of: str | None = None,
    segment: str | None = None,
    by_unit: bool = False,
    cut_off_us: int | None = None,
) -> tuple[FollowedRow, ...]:
    """Leads of `arms` by follow-up and by the age at which they reached `stage` (`mql` or one of `STAGES`).

    An earlier `cut_off_us` follows the leads only up to it and knows nobody who came later: what an earlier look saw.
    """
    leads = leads_of(dataset, arms)
    follow_up: ir.IntegerValue = leads.follow_up
    if cut_off_us is not None:
        leads = leads.filter(leads.assigned_us <= cut_off_us)
        follow_up = ((ibis.literal(cut_off_us) - leads.assigned_us) // DAY_US).cast("int64")
    followed_days = ibis.greatest(ibis.least(follow_up, horizon_days), 0)
    age = leads.age_qualified if stage == "mql" else leads[f"age_{stage}"]
    keys = {
        **keys_of(leads, stratum_of=stratum_of, segment=segment),
        **({"unit": leads.unit} if by_unit else {}),
        "follow_up": followed_days,
        "converted": ibis.ifelse((age <= followed_days).fill_null(False), age, 0),
    }
    return tuple(
        FollowedRow(
            phase=row["phase"],
            arm=row["arm"],
            stratum=row.get("stratum"),
            segment=row.get("segment"),
            unit=row.get("unit"),
            follow_up=int(row["follow_up"]),
            converted=int(row["converted"]),
            leads=row["leads"],
        )
        for row in grouped(leads, keys, {"leads": leads.count()})
    )
