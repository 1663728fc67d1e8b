"""`why LEAD`: one lead's timeline, and how each definition of its experiment judges it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mqlab.analysis.histories import histories
from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.tipping import tipping
from mqlab.errors import InputError, nearest
from mqlab.experiments.enrol import Assignment
from mqlab.lab.assign import assign
from mqlab.lab.experiments import files, protocol
from mqlab.lab.governing import in_force
from mqlab.leads.instants import iso
from mqlab.leads.records import History
from mqlab.leads.tables import Facts
from mqlab.reports import format as fmt

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

WIDTH = 80


@dataclass(frozen=True, slots=True)
class Moment:
    """Something in a lead's life: when it happened, what, and when we knew where that was later."""

    at: datetime
    what: str
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One definition on one lead; `acts` where it is the one that hands the lead over."""

    arm: str | None
    acts: bool
    decision: Decision
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """A lead's timeline and its judgements."""

    lead: str
    as_of: datetime
    experiment: str | None
    assignment: Assignment | None
    timeline: tuple[Moment, ...]
    judgements: tuple[Judgement, ...]
    zone: Any

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "lead": self.lead,
            "as_of": iso(self.as_of),
            "experiment": self.experiment,
            "assignment": self.assignment.to_dict() if self.assignment else None,
            "timeline": [
                {
                    "at": iso(moment.at),
                    "what": moment.what,
                    "known_at": iso(moment.known_at) if moment.known_at else None,
                }
                for moment in self.timeline
            ],
            "judgements": [
                {"arm": one.arm, "acts": one.acts, "lacking": list(one.lacking), **one.decision.to_dict()}
                for one in self.judgements
            ],
        }

    def to_text(self) -> str:
        """Lines for a terminal of 80 columns."""
        lines = [f"Lead {self.lead}, as of {fmt.instant(self.as_of, self.zone)}"]
        placed = self.assignment
        if placed is not None:
            where = f"arm {placed.arm}" if placed.in_experiment else f"out ({placed.why})"
            lines.append(f"Experiment {self.experiment}: {where}")
        lines += ["", "What happened"]
        for moment in self.timeline:
            late = f" (known {fmt.instant(moment.known_at, self.zone)})" if moment.known_at else ""
            lines += _wrap(f"{moment.at.astimezone(self.zone):%Y-%m-%d %H:%M}  {moment.what}{late}", "  ", 20)
        for one in self.judgements:
            lines += ["", *self._judgement(one)]
        return "\n".join(lines)

    def _judgement(self, one: Judgement) -> list[str]:
        decision = one.decision
        role = "acts" if one.acts else "shadow"
        name = f"{one.arm}: " if one.arm else ""
        lines = [f"{name}{decision.definition} ({role})"]
        if decision.qualified_at is not None:
            still = "it still holds" if decision.holds_now else "it no longer holds, and the first crossing stands"
            lines += _wrap(
                f"MQL since {fmt.instant(decision.qualified_at, self.zone)}, by {decision.path}; {still}.", "  "
            )
        else:
            by = f", by {decision.path}" if decision.path else ""
            lines += _wrap(f"{decision.verdict.replace('_', ' ')}{by}.", "  ")
        graded = [f"{name} {value:g}{self._grade(decision, name)}" for name, value in decision.scores.items()]
        if decision.probability is not None:
            graded.append(f"probability {decision.probability:.4f}")
        if graded:
            lines += _wrap(f"Scores now: {', '.join(graded)}", "  ")
        for rule in decision.rules:
            if rule.points:
                counted = f" from {rule.counted} event{'' if rule.counted == 1 else 's'}" if rule.counted else ""
                lines += _wrap(f"{rule.points:+g}  {rule.id}{counted}{' (capped)' if rule.capped else ''}", "    ")
        for line in one.lacking:
            lines += _wrap(f"to tip it: {line}", "  ")
        if decision.missing:
            lines += _wrap(f"not known: {', '.join(decision.missing)}", "  ")
        return lines

    @staticmethod
    def _grade(decision: Decision, name: str) -> str:
        return f" ({decision.grades[name] or 'no grade'})" if name in decision.grades else ""


def why(lab: Lab, lead: str, *, experiment: str | None, as_of: datetime) -> Why:
    """Judge one lead by the definitions of an experiment (default: the one it is in), or by what is in force."""
    facts = lab.ledger.facts(as_of=as_of, leads=[lead])
    known = histories(facts)
    if lead not in known.by_id:
        ids = lab.ledger.facts(as_of=as_of).leads["lead_id"].to_pylist()
        raise InputError(
            f"the ledger knows no lead '{lead}' as of {iso(as_of)}.",
            code="UnknownLead",
            hint=nearest(lead, ids[:5000]) or f"It holds {len(ids)} leads.",
        )
    history = known.by_id[lead]
    name, placed = _placed(lab, history, experiment, as_of)
    judgements = []
    if name is None:
        ref = in_force(lab, as_of)
        if ref is not None:
            judgements.append(_judge(lab, history, ref, None, True, None, None, as_of))
    else:
        plan = protocol(lab, name)
        for arm in plan.arms:
            acts = placed is not None and placed.in_experiment and placed.arm == arm.name
            start = placed.assigned_at if placed else None
            judgements.append(
                _judge(lab, history, arm.definition, arm.name, acts, start, plan.qualify_within_us, as_of)
            )
    return Why(lead, as_of, name, placed, _timeline(history, facts, lead), tuple(judgements), lab.settings.zone)


def _placed(
    lab: Lab, history: History, experiment: str | None, as_of: datetime
) -> tuple[str | None, Assignment | None]:
    names = [experiment] if experiment else list(files(lab))
    placed = {name: assign(lab, name, [history.lead], as_of=as_of)[0] for name in names}
    inside = next((name for name, one in placed.items() if one.in_experiment), experiment)
    return inside, placed[inside] if inside else None


def _judge(
    lab: Lab,
    history: History,
    ref: str,
    arm: str | None,
    acts: bool,
    start: datetime | None,
    within_us: int | None,
    as_of: datetime,
) -> Judgement:
    definition = lab.definitions[ref]
    decision = Evaluator(definition).decide(history, as_of=as_of, start=start, qualify_within_us=within_us)
    lacking = () if decision.verdict == "mql" else tipping(definition, history, as_of=as_of)
    return Judgement(arm, acts, decision, lacking)


def _timeline(history: History, facts: Facts, lead: str) -> tuple[Moment, ...]:
    record = history.lead
    moments = [Moment(record.created_at, f"arrived from {record.source or 'an unknown source'}")]
    for event in history.events:
        props = ", ".join(f"{key} {value}" for key, value in event.props.items() if value is not None)
        moments.append(
            Moment(
                event.occurred_at,
                event.name + (f": {props}" if props else ""),
                _late(event.occurred_at, event.known_at),
            )
        )
    for change in history.field_changes:
        shown = "nothing" if change.value is None else change.value
        moments.append(
            Moment(change.changed_at, f"{change.field} became {shown}", _late(change.changed_at, change.known_at))
        )
    for row in facts.outcomes.to_pylist():
        if row["lead_id"] == lead:
            detail = ", ".join(
                str(part)
                for part in (
                    row["reason_code"],
                    f"{row['amount']:f} {row['currency']}" if row["amount"] is not None else None,
                )
                if part
            )
            what = f"sales: {row['kind'].replace('_', ' ')}" + (f" ({detail})" if detail else "")
            moments.append(Moment(row["occurred_at"], what, _late(row["occurred_at"], row["known_at"])))
    return tuple(sorted(moments, key=lambda moment: (moment.at, moment.what)))


def _late(at: datetime, known_at: datetime) -> datetime | None:
    return known_at if (known_at - at).total_seconds() > 3600 else None


def _wrap(text: str, first: str, hang: int | None = None) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * (hang or len(first) + 2))
