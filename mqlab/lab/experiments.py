"""The verbs on experiments: list, show, start, ramp, status, stop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.model import Definition
from mqlab.errors import InputError, ProblemsFound, RefusedError, nearest
from mqlab.experiments import lifecycle
from mqlab.experiments.canonical import percent
from mqlab.experiments.checks import check_file
from mqlab.experiments.in_force import InForce
from mqlab.experiments.lifecycle import Approval, Step
from mqlab.experiments.load import load_file
from mqlab.experiments.protocol import Protocol
from mqlab.lab.locking import locking
from mqlab.leads.instants import DAY_US, end_of_day, iso

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

LOCK_CODES = frozenset({"LockedDefinition", "DamagedLock"})
PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%")


def files(lab: Lab) -> dict[str, Path]:
    """The experiment files of the lab, by the id their names give."""
    folder = lab.folder / "experiments"
    return {path.stem: path for path in sorted(folder.glob("*.yaml")) if path.is_file()} if folder.is_dir() else {}


def declared(lab: Lab, experiment: str) -> Protocol:
    """The protocol as its file declares it; InputError with the nearest id where there is none."""
    known = files(lab)
    if experiment not in known:
        hint = nearest(experiment, known) or (f"There are {', '.join(known)}." if known else "experiments/ holds none.")
        raise InputError(f"there is no experiment '{experiment}'.", code="UnknownExperiment", hint=hint)
    path = known[experiment]
    found = path.stat()
    stamp = (found.st_mtime_ns, found.st_size)
    read = lab.protocols.get(path)
    if read is None or read[0] != stamp:
        protocol = load_file(
            path,
            definitions=lab.definitions,
            null_tokens=lab.settings.lab.null_tokens,
            timezone=lab.settings.lab.timezone,
        )
        read = lab.protocols[path] = (stamp, protocol)
    return read[1]


def steps(lab: Lab, experiment: str) -> tuple[Step, ...]:
    """The experiment's log."""
    return tuple(
        Step(
            row.experiment, row.step, row.at, row.by, row.because,  # type: ignore[arg-type]
            row.protocol_text, row.protocol_fingerprint, row.details,
        )
        for row in lab.reading.experiments.log(experiment)
    )  # fmt: skip


def protocol(lab: Lab, experiment: str) -> Protocol:
    """The protocol with what happened since: phases appended by `ramp`, closed by `stop` or `decide`."""
    return lifecycle.effective(declared(lab, experiment), steps(lab, experiment))


def definitions_of(lab: Lab, protocol: Protocol) -> dict[str, Definition]:
    """The definitions of the arms, by `id@version`."""
    return {arm.definition: lab.definitions[arm.definition] for arm in protocol.arms}


def meanings(lab: Lab, protocol: Protocol) -> dict[str, str]:
    """The arms' definitions and the fingerprints of their present meaning."""
    return {ref: fingerprint(definition).meaning for ref, definition in definitions_of(lab, protocol).items()}


def share(text: str, option: str) -> Decimal:
    """`50%` as an exact decimal in [0, 1]."""
    match = PERCENT.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{option} '{text}' is not a percentage.", code="BadShare", hint="Write it as 50%.")
    return Decimal(match[1]) / 100


def rows(lab: Lab, at: datetime) -> list[dict[str, Any]]:
    """One row per experiment; of a file that cannot be used, what is wrong with it."""
    found: list[dict[str, Any]] = []
    for experiment in files(lab):
        log = steps(lab, experiment)
        try:
            plan = lifecycle.effective(declared(lab, experiment), log)
        except InputError as error:
            unusable = {"title": None, "state": "unusable", "enrolment": None, "next_look": None}
            found.append({"experiment": experiment, **unusable, "problem": error.problem.message})
            continue
        found.append(
            {
                "experiment": plan.id,
                "title": plan.title,
                "state": lifecycle.state(plan, log, at=at).status,
                "enrolment": f"{plan.enrolment_from} to {plan.enrolment_to}",
                "next_look": _next_look(plan, at),
                "problem": None,
            }
        )
    return found


def show(lab: Lab, experiment: str, at: datetime) -> dict[str, Any]:
    """A protocol in words and its state."""
    plan = protocol(lab, experiment)
    state = lifecycle.state(plan, steps(lab, experiment), at=at)
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
    }


def status(lab: Lab, experiment: str | None, at: datetime) -> list[dict[str, Any]]:
    """State, present phase, looks taken and due, and the log, of one experiment or of all."""
    found = []
    for name in [experiment] if experiment else files(lab):
        plan = protocol(lab, name)
        log = steps(lab, name)
        present = [phase for phase in plan.phases if phase.start <= at]
        taken = lab.reading.looks.taken(name)
        state = lifecycle.state(plan, log, at=at).status
        due = [day for day in plan.looks.dates if state != "draft" and end_of_day(day, ZoneInfo(plan.timezone)) <= at]
        found.append(
            {
                "experiment": plan.id,
                "state": state,
                "coverage": percent(present[-1].coverage) if present else "0%",
                "looks_due": [str(day) for day in due],
                "looks_taken": [f"{iso(look.as_of)}: {look.result['verdict']['call']}" for look in taken],
                "next_look": _next_look(plan, at),
                "log": [
                    f"{iso(step.at)} {step.step} by {step.by}{f': {step.because}' if step.because else ''}"
                    for step in log
                ],
            }
        )
    return found


def start(lab: Lab, experiment: str, *, by: str, at: datetime) -> dict[str, Any]:
    """Start an experiment: check it, require approvals, lock its definitions and its protocol, write the audit row."""
    _named(by)
    plan = declared(lab, experiment)
    definitions = definitions_of(lab, plan)
    log = steps(lab, experiment)
    if lifecycle.state(plan, log, at=max([at, *(step.at for step in log)])).status == "draft":
        late = lateness_days(lab, at)
        problems = check_file(
            files(lab)[experiment],
            definitions=lab.definitions,
            null_tokens=lab.settings.lab.null_tokens,
            timezone=lab.settings.lab.timezone,
            lateness_days=late,
        )
        errors = [problem for problem in problems if problem.severity == "error"]
        broken = [problem for problem in lab.definitions.problems() if problem.code in LOCK_CODES]
        if errors or broken:
            raise ProblemsFound([*errors, *broken])
    step = lifecycle.start(
        plan,
        log,
        at=at,
        by=by,
        meanings=meanings(lab, plan),
        approvals=[
            Approval(row.definition, row.fingerprint, row.team, row.by, row.at) for row in lab.ledger.approvals.list()
        ],
        approvals_required=lab.settings.lab.approvals_required,
    )
    phases = [(one.number, one.start, str(one.coverage)) for one in plan.phases]
    with locking(lab, list(definitions), at=at, by=by):
        record(lab, step, log, now=at, phases=phases)
    close_due(lab, at)
    return _moved(lab, experiment, at)


def ramp(lab: Lab, experiment: str, *, coverage: str, start: datetime, by: str, at: datetime) -> dict[str, Any]:
    """Append a phase of higher coverage."""
    _named(by)
    plan = declared(lab, experiment)
    close_due(lab, at)
    log = steps(lab, experiment)
    lifecycle.refuse_edits(plan, log, meanings(lab, plan))
    wanted = share(coverage, "--coverage")
    step = lifecycle.ramp(plan, log, coverage=wanted, start_at=start, at=at, by=by)
    record(lab, step, log, now=at, phases=[(int(step.details["number"]), start, str(wanted))])
    return _moved(lab, experiment, at)


def stop(lab: Lab, experiment: str, *, by: str, because: str, at: datetime) -> dict[str, Any]:
    """End an experiment without a decision."""
    _named(by)
    plan = declared(lab, experiment)
    close_due(lab, at)
    log = steps(lab, experiment)
    record(lab, lifecycle.stop(plan, log, at=at, by=by, because=because), log, now=at)
    return _moved(lab, experiment, at)


def close_due(lab: Lab, at: datetime) -> None:
    """Write the audit row of every enrolment whose last day has passed; for verbs that write, as they pass by."""
    for experiment in files(lab):
        log = steps(lab, experiment)
        if not any(step.step == "start" for step in log):
            continue
        try:
            plan = declared(lab, experiment)
        except InputError:
            continue  # a started file that was broken since: `check` tells, and the row waits until it is mended
        closing = lifecycle.closing(plan, log, at=at)
        if closing is not None:
            record(lab, closing, log, now=at)


def lateness_days(lab: Lab, at: datetime) -> int:
    """How late sales reports in this lab, in whole days rounded up; 0 where it is not known."""
    from mqlab.analysis.maturity import clock

    found = clock(lab.reading.facts(as_of=at).outcomes, at).lateness_us
    return -(-(found or 0) // DAY_US)


def record(
    lab: Lab,
    step: Step,
    log: Sequence[Step],
    *,
    now: datetime,
    phases: Sequence[tuple[int, datetime, str]] = (),
    in_force: InForce | None = None,
) -> None:
    """Append a step to the experiment's log, with what follows from it; refused where another command was faster."""
    lab.ledger.experiments.record(
        step.experiment, step.step, at=step.at, by=step.by, now=now, because=step.because,
        protocol_text=step.protocol_text, protocol_fingerprint=step.protocol_fingerprint, details=step.details,
        phases=phases, after=len(log),
        in_force=None if in_force is None else (in_force.definition, in_force.from_at),
    )  # fmt: skip


def _moved(lab: Lab, experiment: str, at: datetime) -> dict[str, Any]:
    plan, log = protocol(lab, experiment), steps(lab, experiment)
    return {
        "experiment": experiment,
        "state": lifecycle.state(plan, log, at=at).status,
        "phases": [f"{phase.number}: {percent(phase.coverage)} from {iso(phase.start)}" for phase in plan.phases],
        "definitions": dict(meanings(lab, plan)),
    }


def _named(by: str) -> None:
    if not by.strip():
        raise RefusedError("the audit log needs a name.", code="NoName", hint='Say who does this: --by "Ada King".')


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
    cap = f", capped at {metric.cap:,g} {metric.currency}" if metric.cap is not None else ""
    return f"{metric.metric}{horizon}{cap}{effect}{extra}"
