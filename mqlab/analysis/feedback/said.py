"""What sales said of each lead, in the order it happened; what was taken from a later stage is not what it said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.leads.instants import micros
from mqlab.leads.records import OutcomeKind
from mqlab.leads.tables import Facts

ANSWERS = (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED)
RESPONSES = (OutcomeKind.TOUCHED, OutcomeKind.MEETING, *ANSWERS)
"""What shows that a person at sales took up the lead."""

LOSSES = (OutcomeKind.REJECTED, OutcomeKind.CLOSED_LOST)
"""What makes a lead a lost one."""

KINDS = (*RESPONSES, OutcomeKind.CLOSED_LOST, OutcomeKind.SURVEY)


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that sales reported. `reason` is a code, or the answer of a survey; `dated`: the day is all it says."""

    at_us: int
    kind: str
    reason: str | None
    owner: str | None
    dated: bool


Said = Mapping[str, tuple[Saying, ...]]
"""By lead id, in order."""


def said(facts: Facts) -> Said:
    """Everything of `KINDS` that happened by `as_of`, under the ids that its source named."""
    rows = facts.outcomes
    stated = pc.and_(
        pc.is_in(rows["kind"], value_set=pa.array([str(kind) for kind in KINDS])),
        pc.not_equal(pc.fill_null(rows["evidence"], "stated"), "inferred"),
    )
    rows = rows.filter(stated)
    columns = zip(
        rows["lead_id"].to_pylist(),
        rows["occurred_at"].cast(pa.int64()).to_pylist(),
        rows["kind"].to_pylist(),
        rows["reason_code"].to_pylist(),
        rows["owner"].to_pylist(),
        rows["resolution"].to_pylist(),
        strict=True,
    )
    latest = micros(facts.as_of)
    found: dict[str, list[Saying]] = {}
    for lead_id, at_us, kind, reason, owner, resolution in columns:
        if at_us <= latest:
            found.setdefault(lead_id, []).append(Saying(at_us, kind, reason, owner, resolution == "day"))
    return {lead_id: _sorted(one) for lead_id, one in found.items()}


def of_persons(found: Said, person: Mapping[str, str]) -> Said:
    """The same, under the id that stands for each merged one."""
    if not person:
        return found
    joined: dict[str, list[Saying]] = {}
    for lead_id, one in found.items():
        joined.setdefault(person.get(lead_id, lead_id), []).extend(one)
    return {lead_id: _sorted(one) for lead_id, one in joined.items()}


def first(sayings: Iterable[Saying], kinds: Iterable[str], begin_us: int, end_us: int | None = None) -> Saying | None:
    """The first of some kinds from an instant on and, where one is given, before another."""
    wanted = frozenset(kinds)
    for one in sayings:
        if one.kind in wanted and one.at_us >= begin_us and (end_us is None or one.at_us < end_us):
            return one
    return None


def owner_of(sayings: Iterable[Saying]) -> str | None:
    """Who first had the lead, as a hash; None where no report names anybody."""
    return next((one.owner for one in sayings if one.owner is not None), None)


def _sorted(sayings: Iterable[Saying]) -> tuple[Saying, ...]:
    return tuple(sorted(sayings, key=lambda one: (one.at_us, one.kind, one.reason or "", one.owner or "", one.dated)))
