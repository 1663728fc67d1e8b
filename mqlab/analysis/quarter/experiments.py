"""What the experiments of a quarter came to: those that ran in it, ended in it, or wait for a decision.

The verdict is that of the last recorded look: looks are declared beforehand, and a review takes none. Where a look was
due and nobody took it, `verdicts` say what it would show, and `taken` is false.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from mqlab.experiments.lifecycle import State, Step
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import iso


@dataclass(frozen=True, slots=True)
class Said:
    """What the decision rule said of one arm, with its reasons; `lift` is the primary's relative change, as JSON."""

    arm: str
    call: str
    why: tuple[str, ...]
    metric: str | None
    horizon_days: int | None
    lift: Mapping[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "arm": self.arm,
            "call": self.call,
            "why": list(self.why),
            "metric": self.metric,
            "horizon_days": self.horizon_days,
            "lift": None if self.lift is None else dict(self.lift),
        }


@dataclass(frozen=True)
class Ran:
    """One experiment. `leads` of the quarter were in it; `said_at` is the instant of the look that `verdicts` are of.

    `looks_due` are declared days that passed without a look, `next_look` the next one; `problem` says in words why
    there is no verdict. `marginal` are the rows of the result about the leads that only one arm hands over.
    """

    experiment: str
    title: str
    owner: str
    state: State
    enrolment: tuple[date, date]
    definitions: Mapping[str, str]
    control: str
    leads: int
    verdicts: tuple[Said, ...] = ()
    said_at: datetime | None = None
    taken: bool = True
    looks_due: tuple[date, ...] = ()
    next_look: date | None = None
    ended: Step | None = None
    problem: str | None = None
    marginal: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def decided(self) -> bool:
        """Whether it is over, by a decision or stopped."""
        return self.state.status in ("decided", "stopped")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "experiment": self.experiment,
            "title": self.title,
            "owner": self.owner,
            "state": self.state.status,
            "started_at": _iso(self.state.started_at),
            "ended_at": _iso(self.state.ended_at),
            "call": self.state.call,
            "by": None if self.ended is None else self.ended.by,
            "because": None if self.ended is None else self.ended.because,
            "enrolment": {"from": str(self.enrolment[0]), "to": str(self.enrolment[1])},
            "control": self.control,
            "arms": dict(self.definitions),
            "leads": self.leads,
            "verdicts": [said.to_dict() for said in self.verdicts],
            "said_at": _iso(self.said_at),
            "look_taken": self.taken if self.said_at is not None else None,
            "looks_due": [str(day) for day in self.looks_due],
            "next_look": None if self.next_look is None else str(self.next_look),
            "problem": self.problem,
        }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def belongs(state: State, enrols_from: datetime, begin: datetime, end: datetime, *, leads: int = 0) -> bool:
    """Whether an experiment is of a quarter: it had started and enrolled by its end, and was not over before it.

    One that was started later, and took `leads` of the quarter who had come by then, is of it, too.
    """
    if state.started_at is None or (not leads and max(state.started_at, enrols_from) >= end):
        return False
    return state.ended_at is None or state.ended_at >= begin


def said(result: Mapping[str, Any]) -> tuple[Said, ...]:
    """The verdicts of a result (the JSON of `mqlab analyze`), with the row that decides about each arm."""
    found = []
    for arm, verdict in result["verdicts"].items():
        rows: Sequence[Mapping[str, Any]] = [row for row in result["metrics"] if row["primary"] and row["arm"] == arm]
        row = rows[0] if rows else None
        found.append(
            Said(
                arm,
                verdict["call"],
                tuple(verdict["why"]),
                None if row is None else row["metric"],
                None if row is None else row["horizon_days"],
                None if row is None else row["relative"],
            )
        )
    return tuple(found)


def arms(plan: Protocol) -> dict[str, str]:
    """The arms and their definitions, in the order of the file."""
    return {arm.name: arm.definition for arm in plan.arms}
