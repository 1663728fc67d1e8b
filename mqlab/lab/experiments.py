"""Experiments, their files and their logs, and the verbs that move them: start, ramp, stop."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.model import Definition
from mqlab.definitions.strict import places
from mqlab.definitions.yaml import read_yaml_file
from mqlab.errors import InputError, Place, ProblemsFound, RefusedError, nearest
from mqlab.experiments import lifecycle
from mqlab.experiments.canonical import percent
from mqlab.experiments.checks import check_file
from mqlab.experiments.in_force import InForce
from mqlab.experiments.lifecycle import Approval, Step
from mqlab.experiments.load import load_file
from mqlab.experiments.protocol import Protocol
from mqlab.lab.locking import locking
from mqlab.leads.instants import DAY_US, iso

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.store.records import ExperimentStep

LOCK_CODES = frozenset({"LockedDefinition", "DamagedLock"})
PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%")


def files(lab: Lab) -> dict[str, Path]:
    """The experiment files of the lab, by the id their names give."""
    folder = lab.folder / "experiments"
    return {path.stem: path for path in sorted(folder.glob("*.yaml")) if path.is_file()} if folder.is_dir() else {}


def declared(lab: Lab, experiment: str) -> Protocol:
    """The protocol as its file declares it; InputError with the nearest id where there is none, or its file is gone."""
    known = files(lab)
    if experiment not in known:
        log = steps(lab, experiment)
        if log:
            raise gone(lab, experiment, log)
        hint = nearest(experiment, known) or (f"There are {', '.join(known)}." if known else "experiments/ holds none.")
        raise InputError(f"there is no experiment '{experiment}'.", code="UnknownExperiment", hint=hint)
    path = known[experiment]
    plan = read(lab, path)
    if plan.id != experiment:
        message = f"The file is called '{path.name}' and holds the experiment '{plan.id}'."
        hint = f"Call it '{plan.id}.yaml'."
        place = places(read_yaml_file(path)).get("id", Place(str(path), path="id"))
        raise InputError(message, code="WrongFileName", place=place, hint=hint)
    return plan


def gone(lab: Lab, experiment: str, log: Sequence[Step]) -> InputError:
    """What is said of an experiment that was started and whose file is not in the lab any more."""
    began = next((step.at for step in log if step.step == "start"), log[0].at)
    return InputError(
        f"the experiment '{experiment}' was started on {iso(began)[:10]}, and its file is gone.",
        code="ProtocolGone",
        place=Place(str(lab.folder / "experiments" / f"{experiment}.yaml")),
        hint=f"Take it back from version control; a renamed file is called '{experiment}.yaml' again.",
    )


def read(lab: Lab, path: Path) -> Protocol:
    """The protocol that a file declares, read again only after the file changed."""
    found = path.stat()
    stamp = (found.st_mtime_ns, found.st_size)
    known = lab.protocols.get(path)
    if known is None or known[0] != stamp:
        protocol = load_file(
            path,
            definitions=lab.definitions,
            null_tokens=lab.settings.lab.null_tokens,
            timezone=lab.settings.lab.timezone,
        )
        known = lab.protocols[path] = (stamp, protocol)
    return known[1]


def steps(lab: Lab, experiment: str) -> tuple[Step, ...]:
    """The experiment's log."""
    return tuple(_step(row) for row in lab.reading.experiments.log(experiment))


def logs(lab: Lab) -> dict[str, tuple[Step, ...]]:
    """The log of every experiment that was ever started, by its id; its file may be gone."""
    found: dict[str, list[Step]] = {}
    for row in lab.reading.experiments.log():
        found.setdefault(row.experiment, []).append(_step(row))
    return {name: tuple(log) for name, log in sorted(found.items()) if any(step.step == "start" for step in log)}


def _step(row: ExperimentStep) -> Step:
    return Step(
        row.experiment, row.step, row.at, row.by, row.because,  # type: ignore[arg-type]
        row.protocol_text, row.protocol_fingerprint, row.details,
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


def start(lab: Lab, experiment: str, *, by: str, at: datetime) -> dict[str, Any]:
    """Start an experiment: check it, require approvals, lock its definitions and its protocol, write the audit row.

    `late_start` says what the start came too late for; it is kept in the log, and every analysis tells it.
    """
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
    return {**_moved(lab, experiment, at), "late_start": list(step.details.get("late", ()))}


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
    for experiment, log in logs(lab).items():
        try:
            plan = declared(lab, experiment)
        except InputError:
            continue  # a started file that was broken since: `check` tells, and the row waits until it is mended
        if lifecycle.changes_since_start(plan, log):
            continue  # its last day may be another one than was registered: likewise
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
