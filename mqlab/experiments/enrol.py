"""Who is in an experiment and in which arm: a pure function of protocol, arrivals and what was known of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from mqlab.assignment.position import RING, bound
from mqlab.assignment.split import Placement, Slice, Split
from mqlab.assignment.units import lead_unit, unit_of
from mqlab.errors import InputError, nearest
from mqlab.experiments.arrival import ArrivalLike
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import iso
from mqlab.leads.records import Merge
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise

Why = Literal[
    "in", "coverage", "layer", "ineligible", "eligibility_unknown",
    "before_enrolment", "after_enrolment", "prior_handoff", "override",
]  # fmt: skip
LATEST = datetime.max.replace(tzinfo=UTC)
AnyArrival = TypeVar("AnyArrival", bound=ArrivalLike)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One lead's place in an experiment.

    `phase` is the phase its unit was judged in (of a lead whose unit was not judged: the one it arrived in), None
    outside the phases. `assigned_at` is the lead's own start, None when it is out. After a merge every id of the
    person carries the earliest assignment; the ids that ceased say so in `merged_into`.
    """

    lead_id: str
    unit: str
    position: int
    traffic_position: int
    in_experiment: bool
    arm: str | None
    phase: int | None
    why: Why
    assigned_at: datetime | None = None
    cross_arm_merge: bool = False
    merged_into: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `mqlab assign`; more keys stand at the end."""
        return {
            "lead_id": self.lead_id,
            "unit": self.unit,
            "position": self.position,
            "traffic_position": self.traffic_position,
            "in_experiment": self.in_experiment,
            "arm": self.arm,
            "phase": self.phase,
            "why": self.why,
            "assigned_at": iso(self.assigned_at) if self.assigned_at else None,
            "cross_arm_merge": self.cross_arm_merge,
            "merged_into": self.merged_into,
        }


def split_of(protocol: Protocol) -> Split:
    """The protocol's salts, cuts and slice."""
    layer = protocol.layer
    return Split.of(
        protocol.salt,
        [(arm.name, arm.weight) for arm in protocol.arms],
        Slice.of(layer.name, layer.low, layer.high) if layer else None,
    )


def enrol(
    protocol: Protocol,
    leads: Sequence[AnyArrival],
    *,
    eligible: Callable[[AnyArrival], bool | None] = lambda _: True,
    prior_handoff: Callable[[str], datetime | None] = lambda _: None,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    overrides: Mapping[str, str] | None = None,
    merges: Iterable[Merge] = (),
    earlier: Sequence[AnyArrival] = (),
) -> list[Assignment]:
    """One `Assignment` per lead, in the order of `leads`.

    `earlier` are leads known already, such as those of the ledger: they judge their units and get no row; a lead of
    the same id in `leads` stands for its earlier row.

    `eligible` tells whether the values known at the lead's start fit the protocol's `eligible` (None: unknown);
    `prior_handoff` the first instant a lead of the unit was handed to sales, if ever. `overrides` (unit → arm) win
    over everything and over the protocol's own. Reasons are tried in the order enrolment, prior_handoff, eligibility,
    layer, coverage. A unit is judged once, in the phase of its first lead that arrives inside the enrolment and is
    eligible. An override that names no arm raises InputError.
    """
    if earlier:
        again = {lead.lead_id for lead in leads}
        before = [lead for lead in earlier if lead.lead_id not in again]
        rows = enrol(
            protocol,
            [*before, *leads],
            eligible=eligible,
            prior_handoff=prior_handoff,
            internal_domains=internal_domains,
            null_tokens=null_tokens,
            overrides=overrides,
            merges=merges,
        )
        return rows[len(before) :]
    internal, missing = tuple(internal_domains), frozenset(null_tokens)
    forced = forced_arms(protocol, overrides or {})
    begin, end = protocol.enrolment_start, protocol.enrolment_end
    phases = _Phases.of(protocol)
    place = split_of(protocol).placer()
    by_unit: dict[str, tuple[Placement, int | None]] = {}
    out: list[Assignment | None] = [None] * len(leads)

    for index in _by_arrival(leads):
        lead = leads[index]
        created = lead.created_at
        unit = unit_of(lead, protocol.unit, internal, missing)
        phase, coverage = phases.at(created)
        arm = forced.get(unit)
        if arm is not None:
            spot = place(unit, RING)
            start = lead.assigned_at or created
            out[index] = Assignment(
                lead.lead_id, unit, spot.position, spot.traffic_position, True, arm, phase, "override", start
            )
            continue
        why: Why | None = _kept_out(created, begin, end)
        if why is None:
            handed = prior_handoff(unit) if not protocol.allow_prior_handoff else None
            why = "prior_handoff" if handed is not None and handed < begin else None
        if why is None:
            fits = eligible(lead)
            why = None if fits else ("eligibility_unknown" if fits is None else "ineligible")
        if why is not None:
            spot = place(unit, RING)
            inside = None if why in ("before_enrolment", "after_enrolment") else phase
            out[index] = Assignment(lead.lead_id, unit, spot.position, spot.traffic_position, False, None, inside, why)
            continue
        judged = by_unit.get(unit)
        if judged is None:
            judged = by_unit[unit] = (place(unit, coverage), phase)
        spot, phase = judged
        is_in = spot.why == "in"
        out[index] = Assignment(
            lead.lead_id,
            unit,
            spot.position,
            spot.traffic_position,
            is_in,
            spot.arm,
            phase,
            spot.why,
            (lead.assigned_at or created) if is_in else None,
        )
    return carry_merges([row for row in out if row is not None], merges)


def carry_merges(assignments: Sequence[Assignment], merges: Iterable[Merge]) -> list[Assignment]:
    """After CRM merges every id of a person keeps the earliest assignment any of them had.

    Two different arms among them mark the person `cross_arm_merge`. The id that lives on is the last merge's
    `new_id`; where the data has no lead of that id, the earliest assigned one stands for the person.
    """
    merged = sorted(merges, key=lambda merge: (merge.merged_at, merge.known_at, merge.old_id, merge.new_id))
    if not merged:
        return list(assignments)
    groups = _groups(merged)
    members: dict[str, list[int]] = {}
    for index, row in enumerate(assignments):
        survivor = groups.get(lead_unit(row.lead_id))
        if survivor is not None:
            members.setdefault(survivor, []).append(index)

    out = list(assignments)
    for survivor, indices in members.items():
        if len(indices) < 2:
            continue
        rows = [assignments[index] for index in indices]
        first = min(rows, key=lambda row: (not row.in_experiment, row.assigned_at or LATEST, row.lead_id))
        kept = survivor if any(lead_unit(row.lead_id) == survivor for row in rows) else first.lead_id
        crossed = len({row.arm for row in rows if row.in_experiment}) > 1
        for index in indices:
            lead_id = assignments[index].lead_id
            living = lead_unit(lead_id) == lead_unit(kept)
            base = first if first.in_experiment else assignments[index]
            out[index] = replace(base, lead_id=lead_id, cross_arm_merge=crossed, merged_into=None if living else kept)
    return out


def _groups(merges: Sequence[Merge]) -> dict[str, str]:
    """Every id named by a merge → the id that lives on; merges in the order of their dates."""
    survivor: dict[str, str] = {}
    people: dict[str, set[str]] = {}
    for merge in merges:
        old, new = lead_unit(merge.old_id), lead_unit(merge.new_id)
        together = people.get(old, {old}) | people.get(new, {new})
        for lead_id in together:
            people[lead_id] = together
            survivor[lead_id] = new
    return survivor


def _by_arrival(leads: Sequence[ArrivalLike]) -> list[int]:
    """Indices in the order of arrival, then of ids; leads without an instant last."""
    keys = []
    for lead in leads:
        created = lead.created_at
        if created is not None and created.tzinfo is None:
            message = f"The lead '{lead.lead_id}' was created at {created.isoformat()}, an instant without a time zone."
            raise InputError(message, code="NaiveInstant")
        keys.append((created or LATEST, lead.lead_id))
    return sorted(range(len(keys)), key=keys.__getitem__)


def _kept_out(
    created: datetime | None, begin: datetime, end: datetime
) -> Literal["before_enrolment", "after_enrolment"] | None:
    if created is None:
        return None
    if created < begin:
        return "before_enrolment"
    return "after_enrolment" if created > end else None


def forced_arms(protocol: Protocol, given: Mapping[str, str]) -> dict[str, str]:
    """Unit → arm of the protocol's own overrides and of those given, which win; an unknown arm raises InputError."""
    names = [arm.name for arm in protocol.arms]
    forced: dict[str, str] = {}
    for unit, arm in (*protocol.overrides, *given.items()):
        if arm not in names:
            raise InputError(
                f"The override of '{unit}' names the arm '{arm}', which '{protocol.id}' does not have.",
                code="UnknownArm",
                hint=nearest(arm, names) or f"Its arms are {', '.join(names)}.",
            )
        forced[lead_unit(unit)] = arm
        if protocol.unit == "account":
            forced[normalise(unit)] = arm
    return forced


@dataclass(frozen=True, slots=True)
class _Phases:
    """Which phase holds at an instant, with the integer cut of its coverage."""

    starts: tuple[datetime, ...]
    phases: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, protocol: Protocol) -> _Phases:
        ordered = sorted(protocol.phases, key=lambda phase: phase.start)
        return cls(
            starts=tuple(phase.start for phase in ordered),
            phases=tuple((phase.number, bound(phase.coverage)) for phase in ordered),
        )

    def at(self, created: datetime | None) -> tuple[int | None, int]:
        """(number of the phase, cut of its coverage); before the first phase nobody is covered."""
        if created is None:
            return self.phases[-1]
        index = bisect_right(self.starts, created) - 1
        return self.phases[index] if index >= 0 else (None, 0)
