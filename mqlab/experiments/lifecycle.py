"""An experiment's life, `draft → running → enrolment closed → decided | stopped`, as pure functions over its log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from mqlab.errors import RefusedError
from mqlab.experiments.canonical import WORDING, canonical, canonical_text, fingerprint, percent
from mqlab.experiments.late_start import lateness
from mqlab.experiments.protocol import Phase, Protocol
from mqlab.experiments.protocol_diff import ProtocolChange, protocol_diff
from mqlab.leads.instants import iso

StepKind = Literal["start", "ramp", "enrolment_closed", "stop", "decide"]
Status = Literal["draft", "running", "enrolment closed", "decided", "stopped"]
APPROVING_TEAMS = ("marketing", "sales")


@dataclass(frozen=True, slots=True)
class Step:
    """One row of an experiment's log; `start` keeps the protocol's text and fingerprint. `details` is plain JSON."""

    experiment: str
    step: StepKind
    at: datetime
    by: str
    because: str = ""
    protocol_text: str | None = None
    protocol_fingerprint: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Approval:
    """A team approved one meaning of a definition; another meaning is not approved by it."""

    definition: str
    fingerprint: str
    team: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """Where an experiment stands. `ended_at`, `call` and `arm` are of `decide` or `stop`."""

    status: Status
    started_at: datetime | None = None
    ended_at: datetime | None = None
    call: Literal["ship", "keep"] | None = None
    arm: str | None = None


def state(protocol: Protocol, steps: Sequence[Step], *, at: datetime) -> State:
    """The experiment's state at an instant; steps after `at` have not happened yet."""
    past = _past(protocol, steps, at)
    start = next((step for step in past if step.step == "start"), None)
    if start is None:
        return State("draft")
    end = next((step for step in past if step.step in ("stop", "decide")), None)
    if end is not None and end.step == "decide":
        return State("decided", start.at, end.at, end.details.get("call"), end.details.get("arm"))
    if end is not None:
        return State("stopped", start.at, end.at)
    return State("running" if at <= protocol.enrolment_end else "enrolment closed", start.at)


def start(
    protocol: Protocol,
    steps: Sequence[Step],
    *,
    at: datetime,
    by: str,
    meanings: Mapping[str, str],
    approvals: Iterable[Approval] = (),
    approvals_required: bool = True,
    locked: Mapping[str, str] | None = None,
    because: str = "",
) -> Step:
    """The step that starts the experiment and locks its protocol and the meaning of its definitions.

    `meanings` and `locked` are the present and the locked meaning fingerprints by `id@version`; None for `locked`
    leaves the lock file out. A start after the enrolment began, or after a look, is allowed and noted in the step's
    details. RefusedError where the experiment has started before, a locked definition was edited or is not locked, or
    an approval of marketing or sales is missing.
    """
    now = state(protocol, steps, at=_latest(steps, at))
    if now.status != "draft":
        raise RefusedError(
            f"The experiment '{protocol.id}' has already been started, on {_day(now.started_at)}; "
            f"{standing('it', now.status)}.",
            code="AlreadyStarted",
        )
    refs = tuple(dict.fromkeys(arm.definition for arm in protocol.arms))
    if locked is not None:
        _refuse_unlocked(refs, meanings, locked)
    if approvals_required:
        _refuse_unapproved(refs, meanings, tuple(approvals), at)
    return Step(
        experiment=protocol.id,
        step="start",
        at=at,
        by=by,
        because=because,
        protocol_text=canonical_text(protocol),
        protocol_fingerprint=fingerprint(protocol),
        details={
            "definitions": {ref: meanings[ref] for ref in refs},
            **({"late_start": True, "late": list(late)} if (late := lateness(protocol, at)) else {}),
        },
    )


def standing(subject: str, status: Status) -> str:
    """Where an experiment stands, as words that follow one another.

    Example:
        >>> standing("q3", "running"), standing("q3", "enrolment closed")
        ('q3 is running', 'the enrolment of q3 is closed')
    """
    if status == "enrolment closed":
        return "its enrolment is closed" if subject == "it" else f"the enrolment of {subject} is closed"
    return f"{subject} is {'a draft' if status == 'draft' else status}"


def ramp(
    protocol: Protocol,
    steps: Sequence[Step],
    *,
    coverage: Decimal,
    start_at: datetime,
    at: datetime,
    by: str,
    because: str = "",
) -> Step:
    """The step that raises the coverage from `start_at` on.

    RefusedError where the experiment does not run, the instant is past, not after the last phase or after the
    enrolment, or the coverage would not rise: units that are in keep their arm, so it can only grow.
    """
    _refuse_unless(protocol, steps, at, ("running",), "be ramped")
    present = effective(protocol, steps)
    last = present.phases[-1]
    if start_at < at:
        raise RefusedError(
            f"A phase cannot start in the past: {iso(start_at)} is before {iso(at)}.",
            code="RampInThePast",
            hint="Leads that arrived since then were judged at the old coverage.",
        )
    if start_at <= last.start:
        raise RefusedError(
            f"Phase {last.number} starts at {iso(last.start)}; the next one must start later.", code="PhasesOutOfOrder"
        )
    if start_at > present.enrolment_end:
        raise RefusedError(
            f"Enrolment ends on {protocol.enrolment_to}; a phase from {iso(start_at)} on would hold nobody.",
            code="RampTooLate",
        )
    if not 0 < coverage <= 1:
        raise RefusedError(
            f"A coverage lies above 0% and is at most 100%, not {percent(coverage)}.", code="BadCoverage"
        )
    if coverage <= last.coverage:
        what = "is already" if coverage == last.coverage else "is higher:"
        raise RefusedError(
            f"The coverage can only be raised; it {what} {percent(last.coverage)}.",
            code="CoverageLowered",
            hint="To take no more leads in, use `mqlab experiments stop`.",
        )
    details = {"number": last.number + 1, "from": iso(start_at), "coverage": str(coverage)}
    return Step(protocol.id, "ramp", at, by, because, details=details)


def stop(protocol: Protocol, steps: Sequence[Step], *, at: datetime, by: str, because: str) -> Step:
    """The step that ends the experiment without a decision; needs a reason."""
    _refuse_unless(protocol, steps, at, ("running", "enrolment closed"), "be stopped")
    if not because.strip():
        raise RefusedError("Stopping an experiment needs a reason.", code="ReasonNeeded", hint="Add --because TEXT.")
    return Step(protocol.id, "stop", at, by, because)


def closing(protocol: Protocol, steps: Sequence[Step], *, at: datetime) -> Step | None:
    """The audit row due once enrolment has ended by its date, None while it is not due or where it was written."""
    written = any(step.step == "enrolment_closed" for step in steps if step.experiment == protocol.id)
    if written or state(protocol, steps, at=at).status != "enrolment closed":
        return None
    return Step(
        protocol.id, "enrolment_closed", protocol.enrolment_end, "mqlab", "the last day of enrolment has passed"
    )


def ramped_phases(protocol: Protocol, steps: Sequence[Step]) -> tuple[Phase, ...]:
    """The phases that `ramp` appended, in order."""
    return tuple(
        Phase(
            int(step.details["number"]), datetime.fromisoformat(step.details["from"]), Decimal(step.details["coverage"])
        )
        for step in steps
        if step.experiment == protocol.id and step.step == "ramp"
    )


def effective(protocol: Protocol, steps: Sequence[Step]) -> Protocol:
    """The protocol with the phases appended by `ramp`, and closed where it was stopped or decided: what to enrol by."""
    phases = list(protocol.phases)
    known = {(phase.start, phase.coverage) for phase in phases}
    phases.extend(phase for phase in ramped_phases(protocol, steps) if (phase.start, phase.coverage) not in known)
    phases.sort(key=lambda phase: phase.start)
    ends = [step.at for step in steps if step.experiment == protocol.id and step.step in ("stop", "decide")]
    return replace(
        protocol,
        phases=tuple(replace(phase, number=number) for number, phase in enumerate(phases, 1)),
        closed_at=min(ends) - timedelta(microseconds=1) if ends else protocol.closed_at,
    )


def changes_since_start(protocol: Protocol, steps: Sequence[Step]) -> tuple[ProtocolChange, ...] | None:
    """What the file says that it did not say at start, None before the start; wording and ramped phases apart."""
    begun = next((step for step in steps if step.experiment == protocol.id and step.step == "start"), None)
    if begun is None or begun.protocol_text is None:
        return None
    ramped = ramped_phases(protocol, steps)
    if fingerprint(protocol, ramped) == begun.protocol_fingerprint:
        return ()
    later = {(phase.start, phase.coverage) for phase in ramped}
    phases = tuple(phase for phase in protocol.phases if (phase.start, phase.coverage) not in later)
    found = protocol_diff(json.loads(begun.protocol_text), canonical(replace(protocol, phases=phases)))
    return tuple(change for change in found if change.path not in WORDING)


def edits(protocol: Protocol, steps: Sequence[Step], meanings: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What a started protocol's file, and what its definitions mean, says otherwise than at start, in words."""
    lines = [change.words for change in changes_since_start(protocol, steps) or ()]
    begun = next((step for step in steps if step.experiment == protocol.id and step.step == "start"), None)
    if begun is not None and meanings is not None:
        locked: Mapping[str, str] = begun.details.get("definitions", {})
        lines.extend(
            f"the meaning of the definition '{ref}' changed"
            for ref, meaning in locked.items()
            if meanings.get(ref, meaning) != meaning
        )
    return tuple(lines)


def refuse_edits(protocol: Protocol, steps: Sequence[Step], meanings: Mapping[str, str] | None = None) -> None:
    """RefusedError with the changes in words where a started protocol, or what its definitions mean, was edited."""
    lines = edits(protocol, steps, meanings)
    if lines:
        listed = "\n".join(f"  - {line}" for line in lines)
        raise RefusedError(
            f"The experiment '{protocol.id}' was registered, and its file was changed since it started:\n{listed}\n",
            code="ProtocolChanged",
            hint="Undo the change: a new question is a new experiment; `mqlab experiments ramp` raises the coverage.",
        )


def _refuse_unlocked(refs: Sequence[str], meanings: Mapping[str, str], locked: Mapping[str, str]) -> None:
    missing = [ref for ref in refs if ref not in locked]
    if missing:
        raise RefusedError(
            f"Not locked yet: {', '.join(missing)}.",
            code="NotLocked",
            hint=f"Run: mqlab definitions lock {' '.join(missing)}",
        )
    edited = [ref for ref in refs if locked[ref] != meanings[ref]]
    if edited:
        raise RefusedError(
            f"Edited since it was locked: {', '.join(edited)}.",
            code="LockedDefinitionEdited",
            hint="Undo the edit, or give it a new version.",
        )


def _refuse_unapproved(
    refs: Sequence[str], meanings: Mapping[str, str], approvals: Sequence[Approval], at: datetime
) -> None:
    lacking = []
    for ref in refs:
        given = [one for one in approvals if one.definition == ref and one.at <= at]
        for team in APPROVING_TEAMS:
            teams = [one for one in given if one.team == team]
            if any(one.fingerprint == meanings[ref] for one in teams):
                continue
            void = max(teams, key=lambda one: one.at, default=None)
            note = f" (the approval by {void.by} of {_day(void.at)} was for another meaning)" if void else ""
            lacking.append(f"{ref}: {team}{note}")
    if lacking:
        first = lacking[0].partition(":")[0]
        listed = "\n".join(f"  - {line}" for line in lacking)
        raise RefusedError(
            f"These approvals are missing:\n{listed}\n",
            code="ApprovalMissing",
            hint=f"Run: mqlab definitions approve {first} --team TEAM --by NAME, or set approvals_required = false.",
        )


def _refuse_unless(
    protocol: Protocol, steps: Sequence[Step], at: datetime, allowed: Sequence[Status], what: str
) -> None:
    now = state(protocol, steps, at=_latest(steps, at))
    if now.status in allowed:
        return
    hint = f"Run: mqlab experiments start {protocol.id}" if now.status == "draft" else None
    said = standing("it", now.status).removeprefix("it ")
    if now.status == "enrolment closed":
        said = f"takes no more leads in since {protocol.enrolment_to}"
    refused = f"; it cannot {what}"
    if what == f"be {now.status}":
        said, refused = f"{said} already", f", since {_day(now.ended_at)}"
    raise RefusedError(f"The experiment '{protocol.id}' {said}{refused}.", code="WrongState", hint=hint)


def _past(protocol: Protocol, steps: Sequence[Step], at: datetime) -> list[Step]:
    return [step for step in steps if step.experiment == protocol.id and step.at <= at]


def _latest(steps: Sequence[Step], at: datetime) -> datetime:
    """Nothing is done twice because two clocks differ: a step of the log counts even where it is ahead of `at`."""
    return max([at, *(step.at for step in steps)])


def _day(at: datetime | None) -> str:
    return iso(at)[:10] if at else ""
