"""The looks of an experiment in the ledger: which were taken, what they said, and recording the one just taken.

An analysis of a running experiment is a look: it is recorded once, as it was said, and every later one is bounded by
it. What stands before the first declared date, where nothing can be decided, before the latest recorded look, in the
future, in a draft, or at a named ledger position, is reading early, again or rehearsing, and is not recorded; so one
`as_of` at one ledger position keeps its bytes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mqlab.analysis.looks import TakenLook
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.canonical import fingerprint
from mqlab.experiments.protocol import Protocol
from mqlab.store.records import Look

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def taken_before(
    lab: Lab, experiment: str, *, as_of: datetime, position: int, last_row: int | None = None
) -> list[TakenLook]:
    """The looks recorded before `as_of` by those who read the ledger up to `position`; up to a row of the register."""
    return [
        _taken(look)
        for look in lab.reading.looks.taken(experiment)
        if look.as_of < as_of and look.position <= position and (last_row is None or look.id <= last_row)
    ]


def record(lab: Lab, protocol: Protocol, result: AnalysisResult, *, now: datetime) -> bool:
    """Record this analysis where it is a look that was not taken yet; whether it was."""
    rows = result.to_dict()
    zone = ZoneInfo(protocol.timezone)
    earlier = lab.reading.looks.taken(protocol.id)
    if not can_be_read(result) or result.as_of > now or any(_covers(look, result.as_of, zone) for look in earlier):
        return False
    return lab.ledger.looks.take(
        protocol.id,
        as_of=result.as_of,
        read_position=result.ledger,
        protocol_fingerprint=fingerprint(protocol),
        result=rows,
        now=now,
    )


def can_be_read(result: AnalysisResult) -> bool:
    """Whether an analysis is a look: while too few leads are mature there is nothing to record."""
    read = any(row["look"] is not None for row in result.to_dict()["metrics"])
    return read and any(verdict.call != "not_due" for verdict in result.verdicts.values())


def _covers(look: Look, as_of: datetime, zone: ZoneInfo) -> bool:
    """Whether a recorded look is later, or of the same day: within 24 hours or on one date of the experiment."""
    same_date = look.as_of.astimezone(zone).date() == as_of.astimezone(zone).date()
    return look.as_of >= as_of or same_date or as_of - look.as_of < timedelta(days=1)


def _taken(look: Look) -> TakenLook:
    rows = [row for row in look.result["metrics"] if row["segment"] is None]
    read = [row for row in rows if row["look"] is not None and row["look"].get("effective_leads") is not None]
    valid = [row for row in rows if (row.get("always_valid") or {}).get("p_value") is not None]
    return TakenLook(
        as_of=look.as_of,
        effective_leads={
            (row["metric"], row["horizon_days"], row["arm"]): float(row["look"]["effective_leads"]) for row in read
        },
        deciding=dict(look.result.get("deciding", {})),
        p_always={
            (row["metric"], row["horizon_days"], row["arm"], row["estimator"]): float(row["always_valid"]["p_value"])
            for row in valid
        },
    )
