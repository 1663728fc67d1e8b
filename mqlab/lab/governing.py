"""Which definition governs a lead: a running experiment's arm, else what is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.errors import RefusedError
from mqlab.experiments.enrol import Assignment
from mqlab.experiments.protocol import Protocol
from mqlab.lab.assign import assign
from mqlab.lab.experiments import protocol
from mqlab.lab.in_force import in_force
from mqlab.lab.registered import begun, over
from mqlab.leads.records import Lead

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


@dataclass(frozen=True, slots=True)
class Governing:
    """`definition` acts for the lead; `protocol` and `assignment` are of the experiment, None where it is in force."""

    definition: str
    protocol: Protocol | None = None
    assignment: Assignment | None = None


def governing(lab: Lab, lead: Lead, *, at: datetime) -> Governing:
    """What governs a lead at an instant; RefusedError where nothing is in force and no experiment takes it.

    Where an experiment that runs then was edited since its start, or its file is gone, nothing can be said of any
    lead: RefusedError or InputError.
    """
    for name, log in begun(lab, at).items():
        if over(log, at):
            continue
        placed = assign(lab, name, [lead], as_of=at)[0]
        if placed.in_experiment:
            plan = protocol(lab, name)
            own = next(arm.definition for arm in plan.arms if arm.name == placed.arm)
            return Governing(own, plan, placed)
    ref = in_force(lab, at)
    if ref is None:
        raise RefusedError(
            f"no running experiment takes the lead '{lead.lead_id}', and no definition is in force.",
            code="NothingInForce",
            hint='Set in_force = "id@1.0.0" under [lab] in mqlab.toml.',
        )
    return Governing(ref)
