"""What the lab's draft experiments would take, by their plans: the proposals for next quarter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mqlab.analysis.planning.assumed import Stated
from mqlab.analysis.planning.history import history
from mqlab.analysis.planning.inputs import plan_inputs
from mqlab.analysis.planning.plan import plan as plan_protocol
from mqlab.analysis.quarter.proposals import Proposal
from mqlab.errors import InputError, ProblemsFound, RefusedError
from mqlab.experiments.same_handling import same_handling
from mqlab.lab.experiments import declared, definitions_of, files, logs
from mqlab.leads.tables import Facts

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

MOST = 3
"""So many drafts are planned, by id; each replays its definitions on past leads."""


def drafts(lab: Lab, facts: Facts, progress: Progress) -> tuple[Proposal, ...]:
    """A proposal per draft; those beyond `MOST`, and those that cannot be planned, without numbers."""
    return tuple(_drafts(lab, facts, progress))


def _drafts(lab: Lab, facts: Facts, progress: Progress) -> Iterator[Proposal]:
    waiting = [name for name in files(lab) if name not in logs(lab)]
    for number, name in enumerate(waiting):
        progress("planning drafts", number, len(waiting))
        numbers: dict[str, Any] = {}
        try:
            numbers["title"] = declared(lab, name).title
            if number < MOST:
                numbers.update(_planned(lab, name, facts))
        except (InputError, RefusedError, ProblemsFound) as error:
            numbers["problem"] = str(error).splitlines()[0].strip()
        yield Proposal("start", name, numbers=numbers)
    if waiting:
        progress("planning drafts", len(waiting), len(waiting))


def _planned(lab: Lab, name: str, facts: Facts) -> dict[str, Any]:
    plan = declared(lab, name)
    definitions = definitions_of(lab, plan)
    past = history(
        plan, definitions, facts, internal_domains=lab.settings.lab.internal_domains,
        null_tokens=lab.settings.lab.null_tokens,
    )  # fmt: skip
    found = plan_protocol(plan, plan_inputs(plan, Stated(), past), triggered=same_handling(plan, definitions))
    return {"plan": found.to_dict(), "enrolment_from": str(plan.enrolment_from), "enrolment_to": str(plan.enrolment_to)}
