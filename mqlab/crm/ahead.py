"""What claims to be of a day to come: typed wrong, or planned. Only outcomes that may be planned are taken.

A lead, an event, a changed field or a merge of a day to come would begin to count by itself, unseen, when it has come.

A version of a day to come would stand above every real correction until then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from mqlab.crm.quarantine import Reason
from mqlab.crm.work import Work
from mqlab.errors import InputError
from mqlab.leads.instants import DAY_US, instant, iso, micros
from mqlab.leads.records import OutcomeKind

LEEWAY_US = DAY_US
"""How far ahead of the import an instant may lie: clocks differ, and so do the zones in which a day is written."""

LEEWAY = timedelta(microseconds=LEEWAY_US)

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


def happened(work: Work, key: str, *, needed: bool = True) -> list[int | None]:
    """When each row happened, by the column of `key`; one of a day to come is set aside, and where `needed` one without
    an instant.
    """
    at, _ = work.instants(key, needed=needed)
    _refuse_later(work, key, at)
    return at


def modified_of(work: Work) -> list[int | None]:
    """When each row was changed last; one of a day to come is set aside."""
    modified, _ = work.instants("modified_at", needed=False)
    _refuse_later(work, "modified_at", modified)
    return modified


def known_of(work: Work, at: Sequence[int | None]) -> tuple[list[int | None], list[bool]]:
    """As `Work.known`, where that tells a fact's versions apart; a row known on a day to come is set aside."""
    known, backfill = work.known(at)
    _refuse_later(work, "known_at", [None if was else us for us, was in zip(known, backfill, strict=True)])
    return known, backfill


def refuse_snapshot_ahead(snapshot_at: datetime | None, *, now_us: int) -> None:
    """InputError for a snapshot of a day to come, more than `LEEWAY_US` after the import."""
    if snapshot_at is not None and micros(snapshot_at) > now_us + LEEWAY_US:
        told, read = (iso(at)[:10] for at in (snapshot_at, instant(now_us)))
        raise InputError(
            f"--snapshot-at lies ahead: {told}, and the file is read on {read}.",
            code="SnapshotAhead",
            hint="Give the day on which it was exported: rows of a day to come would outdo every correction.",
        )


def _refuse_later(work: Work, key: str, instants: Sequence[int | None]) -> None:
    """Sets aside rows whose instant, read from the column of `key`, lies more than `LEEWAY_US` after the import."""
    if work.context.now_us is None:
        return
    for row in _later(instants, work.context.now_us + LEEWAY_US):
        _refuse(work, row, key, instants[row] or 0)


def _later(values: Sequence[int | None], latest_us: int) -> list[int]:
    """The rows with an instant after the latest that may be; in nearly every batch there is none."""
    if max(filter(None, values), default=latest_us) <= latest_us:
        return []
    return [row for row, us in enumerate(values) if us is not None and us > latest_us]


def _refuse(work: Work, row: int, key: str, us: int) -> None:
    read = iso(instant(work.context.now_us or 0))[:10]
    work.refuse(row, Reason.IN_THE_FUTURE, f"{work.name(key)}: {iso(instant(us))}, read on {read}")
