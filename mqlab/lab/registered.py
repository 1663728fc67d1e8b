"""A started experiment is governed by what was registered: its file and its definitions are held against the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.experiments import lifecycle
from mqlab.experiments.lifecycle import Step
from mqlab.experiments.load import load_text
from mqlab.experiments.protocol import Protocol
from mqlab.lab.experiments import declared, logs, meanings, steps

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def governed(lab: Lab, experiment: str) -> Protocol:
    """The protocol that assigns leads: the file's with what happened since, and of a started one as registered.

    Raises RefusedError with the changes in words where the file, or what its definitions mean, was edited since the
    start; InputError where the file is gone or cannot be used.
    """
    plan, log = declared(lab, experiment), steps(lab, experiment)
    if started(log):
        lifecycle.refuse_edits(plan, log, meanings(lab, plan))
    return lifecycle.effective(plan, log)


def registered(lab: Lab, log: Sequence[Step]) -> Protocol | None:
    """The protocol as the ledger kept it at the start, with what happened since; None where it was not started.

    InputError where it cannot be read any more, such as after one of its definitions was deleted.
    """
    begun = next((step for step in log if step.step == "start"), None)
    if begun is None or begun.protocol_text is None:
        return None
    plan = load_text(
        begun.protocol_text,
        file=f"experiments/{begun.experiment}.yaml",
        definitions=lab.definitions,
        null_tokens=lab.settings.lab.null_tokens,
        timezone=lab.settings.lab.timezone,
    )
    return lifecycle.effective(plan, log)


def begun(lab: Lab, at: datetime) -> dict[str, tuple[Step, ...]]:
    """The logs of the experiments that were started by then, whether or not their files are still there."""
    return {name: log for name, log in logs(lab).items() if started(log, at)}


def started(log: Sequence[Step], at: datetime | None = None) -> bool:
    """Whether a log holds a start (by `at`)."""
    return any(step.step == "start" and (at is None or step.at <= at) for step in log)


def over(log: Sequence[Step], at: datetime) -> bool:
    """Whether the experiment was stopped or decided by then."""
    return any(step.step in ("stop", "decide") and step.at <= at for step in log)
