"""Where experiments stand: list, show, status. What was started is shown as registered, whatever its file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from mqlab.errors import InputError
from mqlab.experiments import lifecycle
from mqlab.experiments.canonical import percent
from mqlab.experiments.lifecycle import Step
from mqlab.experiments.protocol import Protocol
from mqlab.lab.experiments import declared, files, logs, meanings, steps
from mqlab.lab.registered import registered, started
from mqlab.leads.instants import end_of_day, iso

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

FileState = Literal["fine", "changed", "missing", "unusable"]


@dataclass(frozen=True, slots=True)
class Standing:
    """An experiment and its log; `problem` says in words what is wrong with its file, None where it is fine."""

    plan: Protocol
    log: tuple[Step, ...]
    file: FileState = "fine"
    problem: str | None = None


def standing(lab: Lab, experiment: str) -> Standing:
    """How one experiment stands; InputError where it is unknown, or neither its file nor the ledger can be used."""
    log = steps(lab, experiment)
    try:
        plan = declared(lab, experiment)
    except InputError as error:
        kept = _kept(lab, log)
        if kept is None:
            raise
        gone = error.problem.code == "ProtocolGone"
        problem = f"{error.problem.message} {error.problem.hint}" if gone else error.problem.message
        return Standing(kept, log, "missing" if gone else "unusable", problem)
    edits = lifecycle.edits(plan, log, meanings(lab, plan)) if started(log) else ()
    if edits:
        problem = f"it was changed since the start: {'; '.join(edits)}."
        return Standing(_kept(lab, log) or lifecycle.effective(plan, log), log, "changed", problem)
    return Standing(lifecycle.effective(plan, log), log)


def _kept(lab: Lab, log: tuple[Step, ...]) -> Protocol | None:
    """The registered protocol, None where there is none or its definitions cannot be used any more."""
    try:
        return registered(lab, log)
    except InputError:
        return None  # `check` tells which definition is missing


def names(lab: Lab) -> tuple[str, ...]:
    """Every experiment that has a file, or was started."""
    return tuple(sorted({*files(lab), *logs(lab)}))


def rows(lab: Lab, at: datetime) -> list[dict[str, Any]]:
    """One row per experiment; of a file that cannot be used, what is wrong with it."""
    found: list[dict[str, Any]] = []
    for experiment in names(lab):
        try:
            known = standing(lab, experiment)
        except InputError as error:
            found.append(_unusable(experiment, error, "title", "enrolment", "next_look"))
            continue
        plan = known.plan
        found.append(
            {
                "experiment": plan.id,
                "title": plan.title,
                "state": lifecycle.state(plan, known.log, at=at).status,
                "enrolment": f"{plan.enrolment_from} to {plan.enrolment_to}",
                "next_look": _next_look(plan, at),
                "file": known.file,
                "problem": known.problem,
            }
        )
    return found


def show(lab: Lab, experiment: str, at: datetime) -> dict[str, Any]:
    """A protocol in words and its state."""
    known = standing(lab, experiment)
    plan = known.plan
    state = lifecycle.state(plan, known.log, at=at)
    return {
        "experiment": plan.id,
        "title": plan.title,
        "hypothesis": plan.hypothesis,
        "state": state.status,
        "aim": plan.aim,
        "unit": plan.unit,
        "enrolment": f"{plan.enrolment_from} to {plan.enrolment_to} ({plan.timezone})",
        "phases": [f"{phase.number}: {percent(phase.coverage)} from {iso(phase.start)}" for phase in plan.phases],
        "arms": [
            f"{arm.name}: {arm.definition}, weight {float(arm.weight):g}" + " (control)" * (arm.name == plan.control)
            for arm in plan.arms
        ],
        "handling": plan.handling,
        "primary": _metric(plan.primary),
        "then": [_metric(metric) for metric in plan.then],
        "guardrails": [_metric(metric) for metric in plan.guardrails],
        "looks": [str(day) for day in plan.looks.dates],
        "started_at": iso(state.started_at) if state.started_at else None,
        "ended_at": iso(state.ended_at) if state.ended_at else None,
        "file": known.file,
        "problem": known.problem,
    }


def status(lab: Lab, experiment: str | None, at: datetime) -> list[dict[str, Any]]:
    """State, present phase, looks taken and due, and the log, of one experiment or of all."""
    found = []
    for name in [experiment] if experiment else names(lab):
        try:
            known = standing(lab, name)
        except InputError as error:
            if experiment:
                raise
            found.append(_unusable(name, error, "coverage", "looks_due", "looks_taken", "next_look", "log"))
            continue
        plan, log = known.plan, known.log
        present = [phase for phase in plan.phases if phase.start <= at]
        taken = lab.reading.looks.taken(name)
        state = lifecycle.state(plan, log, at=at).status
        ends = {day: end_of_day(day, ZoneInfo(plan.timezone)) for day in plan.looks.dates}
        seen = [look.as_of for look in taken]
        due = [
            day
            for day, end in ends.items()
            if state != "draft" and end <= at and not any(abs(look - end) <= timedelta(days=1) for look in seen)
        ]
        found.append(
            {
                "experiment": plan.id,
                "state": state,
                "coverage": percent(present[-1].coverage) if present else "0%",
                "looks_due": [str(day) for day in due],
                "looks_taken": [f"{iso(look.as_of)}: {look.result['verdict']['call']}" for look in taken],
                "next_look": _next_look(plan, at),
                "log": [_told(step) for step in log],
                "file": known.file,
                "problem": known.problem,
            }
        )
    return found


def _told(step: Step) -> str:
    """A step of the log as a line; a start says what it came too late for."""
    because = f": {step.because}" if step.because else ""
    late = f" ({' '.join(step.details['late'])})" if step.details.get("late") else ""
    return f"{iso(step.at)} {step.step} by {step.by}{because}{late}"


def _unusable(experiment: str, error: InputError, *unknown: str) -> dict[str, Any]:
    blank = dict.fromkeys(unknown)
    return {
        "experiment": experiment, "state": "unusable", **blank, "file": "unusable", "problem": error.problem.message
    }  # fmt: skip


def _next_look(plan: Protocol, at: datetime) -> str | None:
    zone = ZoneInfo(plan.timezone)
    return next((str(day) for day in plan.looks.dates if end_of_day(day, zone) > at), None)


def _metric(metric: Any) -> str:
    said: Mapping[str, Any] = {key: value for key, value in asdict(metric).items() if value is not None}
    horizon = f" within {metric.horizon_days}d" if metric.horizon_days else ""
    margin = metric.margin
    extra = f", margin {margin.size:.0%}" if margin and margin.kind == "relative" else ""
    if margin and margin.kind == "points":
        extra = f", margin {margin.size * 100:g}pp"
    effect = f", minimum effect {said['minimum_effect']:.0%}" if "minimum_effect" in said else ""
    cap = ""
    if metric.cap is not None:
        amount = f"{metric.cap:,.2f}".removesuffix(".00")
        cap = f", capped at {amount} {metric.currency or ''}".rstrip()
    return f"{metric.metric}{horizon}{cap}{effect}{extra}"
