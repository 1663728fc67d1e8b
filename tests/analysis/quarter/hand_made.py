"""Leads of a quarter, made by hand: each with the days after which it reached its stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mqlab.analysis.feedback.window import Window
from mqlab.analysis.quarter.cohort import NEVER, Cohort, Horizons, Leads
from mqlab.leads.instants import DAY_US, micros

BEGIN, END = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
LATER = datetime(2027, 6, 1, tzinfo=UTC)
"""When everything of the quarter is due."""

TEXTS = ("source", "definition", "experiment", "arm", "path")
AGES = ("mql", "pql", "sal", "sql", "opportunity", "won")


def leads(rows: Iterable[Mapping[str, Any]]) -> Leads:
    """One lead per row: what is left out is unknown or was not reached; `day` is the day of the quarter it came on."""
    listed = list(rows)
    columns: dict[str, Any] = {
        name: np.array([row.get(name) for row in listed] + [None], dtype=object)[:-1] for name in TEXTS
    }
    columns |= {name: np.array([row.get(name, NEVER) for row in listed], dtype=np.int64) for name in AGES}
    return Leads(
        lead_id=np.array([f"L{number}" for number in range(len(listed))], dtype=object),
        created_us=np.array([micros(BEGIN) + row.get("day", 0) * DAY_US for row in listed], dtype=np.int64),
        revenue_minor=np.array([row.get("revenue_minor", 0) for row in listed], dtype=np.int64),
        **columns,
    )


def cohort(
    rows: Iterable[Mapping[str, Any]],
    *,
    cut_off: datetime = LATER,
    horizons: Horizons | None = None,
    lateness_days: int = 0,
) -> Cohort:
    """The leads of the third quarter of 2026, with feedback complete up to `cut_off`."""
    window = Window("2026Q3", BEGIN, END)
    return Cohort(window, leads(rows), micros(cut_off), horizons or Horizons(), lateness_days * DAY_US)
