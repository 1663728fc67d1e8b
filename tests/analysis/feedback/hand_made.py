"""MQLs and what sales said of them, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mqlab.analysis.feedback.mqls import Mql
from mqlab.analysis.feedback.said import Saying
from mqlab.leads.instants import micros

BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
END = datetime(2026, 8, 1, tzinfo=UTC)
BEGIN_US, END_US = micros(BEGIN), micros(END)
HOUR_US = 3_600_000_000


def day_us(day: float) -> int:
    """So many days into July 2026; negative ones lie in June."""
    return micros(BEGIN + timedelta(days=day))


def mql(
    lead_id: str,
    day: float,
    *,
    definition: str | None = "forms@1.0.0",
    source: str | None = "organic",
    handed_after_us: int = HOUR_US,
) -> Mql:
    """A lead that qualified on a day of July and was handed over an hour later."""
    return Mql(
        lead_id, source, definition, None if definition is None else "score", day_us(day),
        day_us(day) + handed_after_us, day_us(day), None,
    )  # fmt: skip


def say(kind: str, day: float, reason: str | None = None, *, owner: str | None = None, dated: bool = False) -> Saying:
    """Something sales reported on a day of July."""
    return Saying(day_us(day), kind, reason, owner, dated)
