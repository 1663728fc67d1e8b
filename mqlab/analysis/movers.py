"""Examples of leads on which two definitions part: what each of them said when the first one fired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from mqlab.analysis.judge import qualified_column, reads_account
from mqlab.analysis.strata import NEVER
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.model import Definition
from mqlab.definitions.tipping import tipping
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import instant
from mqlab.leads.records import History
from mqlab.warehouse.columns import stratum_column

EACH = 3
"""So many leads of each kind are shown."""

First = Literal["control_first", "arm_first"]
KINDS: tuple[First, ...] = ("arm_first", "control_first")


@dataclass(frozen=True, slots=True)
class Said:
    """What a definition says of a lead at one instant: its scores, the points of its rules, what it lacks most first.

    `fired_us` is when it fires, None where it does not within the days a lead has to qualify.
    """

    definition: str
    fired_us: int | None
    path: str | None
    scores: Mapping[str, float]
    points: Mapping[str, float]
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mover:
    """A lead that one of two definitions hands over first; both are read at `at_us`, the instant that one fired."""

    lead_id: str
    source: str | None
    arm: str
    first: First
    at_us: int
    control: Said
    challenger: Said


def movers(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    judged: pa.Table,
    history_of: Callable[[str], History],
    *,
    each: int = EACH,
) -> tuple[Mover, ...]:
    """Up to `each` leads by challenger and kind, drawn by a hash of their id; those of `judged` are there to draw from.

    Definitions that read other leads of an account are left out: what they say hangs on more than one history.
    """
    of_arm = {arm.name: arm.definition for arm in protocol.arms}
    found: list[Mover] = []
    for arm in protocol.challengers:
        pair = of_arm[protocol.control], of_arm[arm.name]
        if any(reads_account(definitions[ref]) for ref in pair):
            continue
        rows = list(_parted(judged, protocol.control, arm.name))
        readers = {ref: _Reader(definitions[ref]) for ref in pair}
        for kind in KINDS:
            mine = sorted((row for row in rows if row.first == kind), key=lambda row: _lot(protocol.salt, row.lead_id))
            for row in mine[:each]:
                history = history_of(row.lead_id)
                control, challenger = (
                    readers[ref].read(history, row.assigned_us, row.at_us, fired_us)
                    for ref, fired_us in zip(pair, (row.control_us, row.arm_us), strict=True)
                )
                found.append(Mover(row.lead_id, row.source, arm.name, kind, row.at_us, control, challenger))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Parted:
    lead_id: str
    source: str | None
    first: str
    assigned_us: int
    control_us: int | None
    arm_us: int | None

    @property
    def at_us(self) -> int:
        return min(at for at in (self.control_us, self.arm_us) if at is not None)


def _parted(judged: pa.Table, control: str, arm: str) -> Iterator[_Parted]:
    """The leads of discordant strata that part by themselves: an account's stratum holds for all of it."""
    names = ("lead_id", "source", stratum_column(arm))
    instants = ("assigned_at", qualified_column(control), qualified_column(arm))
    columns = [judged[name].to_pylist() for name in names]
    columns += [judged[name].cast(pa.int64()).to_pylist() for name in instants]
    for lead_id, source, first, assigned, control_us, arm_us in zip(*columns, strict=True):
        if first == _own(control_us, arm_us):
            yield _Parted(lead_id, source, first, assigned, control_us, arm_us)


def _own(control_us: int | None, arm_us: int | None) -> First | None:
    """Which definition fired first on a lead, None where neither did or both at once."""
    control, arm = (NEVER if at is None else at for at in (control_us, arm_us))
    return None if control == arm else "arm_first" if arm < control else "control_first"


class _Reader:
    """Reads one definition on many leads."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.evaluator = Evaluator(definition)

    def read(self, history: History, assigned_us: int, at_us: int, fired_us: int | None) -> Said:
        at = instant(at_us)
        decision = self.evaluator.decide(history, as_of=at, start=instant(assigned_us))
        return Said(
            self.definition.ref,
            fired_us,
            decision.path if decision.verdict == "mql" else None,
            dict(decision.scores),
            {rule.id: rule.points for rule in decision.rules if rule.points},
            () if decision.verdict == "mql" else tipping(self.definition, history, as_of=at),
        )


def _lot(salt: str, lead_id: str) -> bytes:
    return hashlib.sha256(f"{salt}\0movers\0{lead_id}".encode()).digest()
