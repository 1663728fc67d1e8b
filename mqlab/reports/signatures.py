"""Who approved, started and decided an experiment, as its ledger says; nobody signs by editing a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mqlab.analysis.results import AnalysisResult, Call
from mqlab.experiments.lifecycle import APPROVING_TEAMS, Approval, Step
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import iso
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Cell, Column, Pairs, Section, Table, Text
from mqlab.stats.estimate import Estimate, NotEstimable

FROM_THE_LEDGER = (
    "Names, roles and times come from the ledger; nobody signs by editing a file. The manifest's hash covers them, the "
    "data and the result; “mqlab report verify FILE” makes them again."
)


@dataclass(frozen=True, slots=True)
class ReadThen:
    """The row that decided about a challenger at a look, as it was recorded; `bound` is the boundary on |z|."""

    estimator: str
    information: float
    bound: float
    absolute: Estimate | NotEstimable
    relative: Estimate | NotEstimable


@dataclass(frozen=True, slots=True)
class TakenThen:
    """A look that the ledger recorded: where it stood, its call for each challenger, and the row that decided."""

    as_of: datetime
    calls: Mapping[str, Call]
    read: Mapping[str, ReadThen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the ledger knows of an experiment beside its data, as of the analysis and at its position.

    `approvals` are of the meaning that the definitions have now; `steps` are those somebody took. `last_rows` are the
    last rows of the registers that were read: what is written later, even about an instant before, is no part of it.
    `seal` is the hash of the report's manifest.
    """

    approvals: tuple[Approval, ...] = ()
    steps: tuple[Step, ...] = ()
    looks: tuple[TakenThen, ...] = ()
    last_rows: Mapping[str, int] = field(default_factory=dict)
    seal: str = ""

    def to_dict(self) -> dict[str, Any]:
        """What the manifest holds of it."""
        return {
            "approvals": [
                {"definition": one.definition, "meaning": one.fingerprint, "team": one.team, "by": one.by,
                 "at": iso(one.at)} for one in self.approvals
            ],
            "steps": [
                {"step": one.step, "by": one.by, "at": iso(one.at), "because": one.because,
                 "protocol": one.protocol_fingerprint, "details": dict(one.details)} for one in self.steps
            ],
            "looks": [{"as_of": iso(one.as_of), "calls": dict(one.calls)} for one in self.looks],
            "last_rows": dict(self.last_rows),
        }  # fmt: skip


def signatures(result: AnalysisResult, protocol: Protocol, record: OnRecord, zone: ZoneInfo) -> Section:
    """The decision, everybody who agreed to something with role and time, and the manifest's hash."""
    rows = [*_approved(protocol, record, zone), *(_stepped(step, zone) for step in record.steps)]
    columns = ("What", "Role", "Name", "When", "Meaning or reason")
    blocks: list[Block] = [
        Text(_decision(result, record, zone), "lead"),
        Table("signatures-table", "Who agreed to what, and when", tuple(Column(name) for name in columns), tuple(rows)),
    ]
    if record.seal:
        blocks.append(Pairs((("Manifest (SHA-256)", record.seal),)))
    return Section("signatures", "Decision and signatures", (*blocks, Text(FROM_THE_LEDGER, "note")))


def _decision(result: AnalysisResult, record: OnRecord, zone: ZoneInfo) -> str:
    """What was decided, by whom and why; or that nothing was yet, and what the rule says."""
    end = next((step for step in record.steps if step.step in ("decide", "stop")), None)
    if end is None:
        if not any(step.step == "start" for step in record.steps):
            return "Nothing is signed: the experiment has not been started."
        said = ", ".join(f"{arm}: {words.CALLS[one.call][0].lower()}" for arm, one in result.verdicts.items())
        return f"Nobody has decided yet. The declared rule says of {said}."
    day = fmt.day(end.at.astimezone(zone).date())
    because = f": {words.sentence(end.because)}" if end.because.strip() else "."
    if end.step == "stop":
        return f"{end.by} stopped the experiment on {day}, without a decision{because}"
    disagreement = end.details.get("disagreement")
    against = f" {disagreement}" if disagreement else ""
    return f"{end.by} decided on {day} to {_call(end)}{because}{against}"


def _call(step: Step) -> str:
    return f"{step.details.get('call', 'decide')} {step.details.get('arm') or ''}".rstrip()


def _approved(protocol: Protocol, record: OnRecord, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    """Each team's approvals of each definition, and a mark where a team has given none."""
    for ref in dict.fromkeys(arm.definition for arm in protocol.arms):
        mine = [one for one in record.approvals if one.definition == ref]
        for team in dict.fromkeys((*APPROVING_TEAMS, *(one.team for one in mine))):
            given = [one for one in mine if one.team == team]
            for one in given:
                when, meaning = fmt.instant(one.at, zone), one.fingerprint[:12]
                yield (Cell(f"Approval of {ref}"), Cell(team), Cell(one.by), Cell(when), Cell(meaning))
            if not given:
                none = Cell("none recorded", "status", "warn")
                yield (Cell(f"Approval of {ref}"), Cell(team), none, Cell("–"), Cell("–"))


_STEPS = {
    "start": "Start, with protocol and definitions locked",
    "ramp": "Coverage raised",
    "stop": "Stop",
    "decide": "Decision",
}


def _stepped(step: Step, zone: ZoneInfo) -> tuple[Cell, ...]:
    what = _STEPS.get(step.step, step.step)
    if step.step == "decide":
        what = f"{what}: {_call(step)}"
    if step.step == "ramp":
        what = f"{what} to {fmt.share(float(step.details['coverage']))}"
    why = words.sentence(step.because) if step.because.strip() else "–"
    if step.step == "start" and step.protocol_fingerprint:
        why = step.protocol_fingerprint[:12]
    return (Cell(what), Cell("–"), Cell(step.by), Cell(fmt.instant(step.at, zone)), Cell(why))
