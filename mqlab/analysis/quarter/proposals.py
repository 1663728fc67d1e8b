"""What to do next quarter: what the verdicts ask for, what is due, and what the drafts would take by their plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mqlab.analysis.quarter.experiments import Ran
from mqlab.analysis.quarter.thresholds import Revisit

What = Literal[
    "ship", "keep_control", "no_gain", "not_decided", "blocked", "take_look", "start", "raise_threshold",
    "lower_threshold",
]  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """One thing to do, about an experiment or a definition; `numbers` are what it rests on, as JSON.

    `start`: a draft, with its plan. `raise_threshold` and `lower_threshold`: try it in an experiment.
    """

    what: What
    about: str
    arm: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"what": self.what, "about": self.about, "arm": self.arm, "numbers": self.numbers}


CALLS: dict[str, What] = {
    "ship": "ship",
    "harm": "keep_control",
    "keep": "no_gain",
    "inconclusive": "not_decided",
    "blocked": "blocked",
}


def proposals(ran: Sequence[Ran], revisit: Revisit, drafts: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """Verdicts that wait for a decision, looks that are due, thresholds with evidence, and drafts with their plans."""
    found: list[Proposal] = []
    for one in ran:
        if one.decided:
            continue
        if one.looks_due:
            found.append(Proposal("take_look", one.experiment, numbers={"looks": [str(day) for day in one.looks_due]}))
        for said in one.verdicts if one.taken else ():
            if said.call not in CALLS or (said.call == "inconclusive" and one.next_look is None and one.looks_due):
                continue
            numbers = {
                "metric": said.metric,
                "horizon_days": said.horizon_days,
                "lift": None if said.lift is None else dict(said.lift),
                "next_look": None if one.next_look is None else str(one.next_look),
                "why": list(said.why),
            }
            found.append(Proposal(CALLS[said.call], one.experiment, said.arm, numbers))
    for near in revisit.near:
        if near.reading == "raise":
            found.append(Proposal("raise_threshold", near.threshold.definition, numbers=near.to_dict()))
        elif near.reading == "lower":
            found.append(Proposal("lower_threshold", near.threshold.definition, numbers=near.to_dict()))
    return (*found, *drafts)
