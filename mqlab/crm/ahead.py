"""Outcomes that claim to be of a day to come: typed wrong, or planned. Only what may be planned is taken."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mqlab.crm.quarantine import Reason
from mqlab.crm.work import Work
from mqlab.leads.instants import DAY_US, instant, iso
from mqlab.leads.records import OutcomeKind

LEEWAY_US = DAY_US
"""How far ahead of the import an instant may lie: clocks differ, and so do the zones in which a day is written."""

PLANNED = frozenset({OutcomeKind.MEETING})
"""What may lie ahead: it counts from its day on."""

DUE = frozenset({OutcomeKind.TOUCHED})
"""What may lie ahead where it names a day only: the day on which a task is due, though it is done already."""


def refuse_ahead(
    work: Work,
    kinds: Sequence[str | None],
    at: Sequence[int | None],
    days: Collection[int],
    known: Sequence[int | None],
) -> None:
    """Sets aside rows that happened, or became known, more than `LEEWAY_US` after the import; a day from its start."""
    if work.context.now_us is None:
        return
    latest_us = work.context.now_us + LEEWAY_US
    for row in _later(at, latest_us):
        told_us = at[row] or 0
        planned = kinds[row] in PLANNED or (kinds[row] in DUE and row in days)
        if not planned and told_us > latest_us + (DAY_US if row in days else 0):
            _refuse(work, row, "at", told_us)
    for row in _later(known, latest_us):
        if known[row] != at[row]:
            _refuse(work, row, "known_at", known[row] or 0)


def _later(values: Sequence[int | None], latest_us: int) -> list[int]:
    """The rows with an instant after the latest that may be; in nearly every batch there is none."""
    if max(filter(None, values), default=latest_us) <= latest_us:
        return []
    return [row for row, us in enumerate(values) if us is not None and us > latest_us]


def _refuse(work: Work, row: int, key: str, us: int) -> None:
    read = iso(instant(work.context.now_us or 0))[:10]
    work.refuse(row, Reason.IN_THE_FUTURE, f"{work.name(key)}: {iso(instant(us))}, read on {read}")
