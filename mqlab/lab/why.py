"""`why LEAD`: one lead's timeline, and how each definition of its experiment judges it."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.judge import reads_account
from mqlab.crm.inferred import with_inferred
from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.events import EventLog
from mqlab.definitions.tipping import tipping
from mqlab.definitions.wording import plural
from mqlab.errors import InputError, RefusedError, nearest
from mqlab.experiments.enrol import Assignment
from mqlab.experiments.protocol import Protocol
from mqlab.lab.assign import assign
from mqlab.lab.experiments import steps
from mqlab.lab.in_force import in_force
from mqlab.lab.known import Known
from mqlab.lab.registered import begun, governed, over, started
from mqlab.leads.instants import instant, iso, micros
from mqlab.leads.records import History
from mqlab.leads.tables import Facts
from mqlab.reports import format as fmt

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

WIDTH = 80
NEAREST_AMONG = 5000
_EVIDENCE = {"inferred": "implied by a later stage", "account_domain": "matched by the company's domain"}
VERDICTS = {"not_mql": "No MQL", "held": "Held back", "disqualified": "Disqualified", "mql": "MQL"}


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
    """A lead's timeline and its judgements.

    `started`: whether `experiment` had been started by `as_of`. `notes` name experiments that were over and could not
    be asked.
    """

    lead: str
    as_of: datetime
    experiment: str | None
    assignment: Assignment | None
    timeline: tuple[Moment, ...]
    judgements: tuple[Judgement, ...]
    zone: ZoneInfo
    asked_for: str
    started: bool = True
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "lead": self.lead,
            "asked_for": self.asked_for,
            "as_of": iso(self.as_of),
            "experiment": self.experiment,
            "experiment_started": self.started if self.experiment else None,
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
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """Lines for a terminal of 80 columns."""
        lines = _wrap(f"Lead {self.lead}, as of {fmt.instant(self.as_of, self.zone)}", "")
        if self.asked_for != self.lead:
            lines += _wrap(f"{self.asked_for} was merged into it.", "")
        placed = self.assignment
        if placed is not None:
            where = f"arm {placed.arm}" if placed.in_experiment else f"out ({placed.why})"
            planned = "" if self.started else "not started then, so no arm acts; as it is planned: "
            lines += _wrap(f"Experiment {self.experiment}: {planned}{where}", "")
        else:
            what = "what is in force judges it" if self.judgements else "no definition is in force"
            lines += _wrap(f"No started experiment takes it; {what}.", "")
        for note in self.notes:
            lines += _wrap(note, "")
        lines += ["", *self.what_happened()]
        return "\n".join([*lines, *([""] if self.judgements else []), *self.judged()])

    def what_happened(self) -> list[str]:
        """The timeline, for a terminal of 80 columns."""
        lines = ["What happened"]
        for moment in self.timeline:
            late = f" (known {fmt.instant(moment.known_at, self.zone)})" if moment.known_at else ""
            lines += _wrap(f"{moment.at.astimezone(self.zone):%Y-%m-%d %H:%M}  {moment.what}{late}", "  ", 20)
        return lines

    def judged(self) -> list[str]:
        """How each definition judges the lead, with an empty line between them."""
        lines: list[str] = []
        for one in self.judgements:
            lines += [*([""] if lines else []), *self._judgement(one)]
        return lines

    def _judgement(self, one: Judgement) -> list[str]:
        decision = one.decision
        role = "acts" if one.acts else "shadow"
        name = f"{one.arm}: " if one.arm else ""
        lines = _wrap(f"{name}{decision.definition} ({role})", "")
        if decision.qualified_at is not None:
            still = "it still holds" if decision.holds_now else "it no longer holds, and the first crossing stands"
            lines += _wrap(
                f"MQL since {fmt.instant(decision.qualified_at, self.zone)}, by {decision.path}; {still}.", "  "
            )
            again = [fmt.instant(at, self.zone) for at in decision.crossings if at != decision.qualified_at]
            if again:
                lines += _wrap(f"qualified again, after sales gave it back: {', '.join(again)}", "  ")
        else:
            by = f", by {decision.path}" if decision.path else ""
            lines += _wrap(f"{VERDICTS[decision.verdict]}{by}.", "  ")
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
            lines += _wrap(f"still needed: {line}", "  ")
        if decision.missing:
            lines += _wrap(f"not known: {', '.join(decision.missing)}", "  ")
        return lines

    @staticmethod
    def _grade(decision: Decision, name: str) -> str:
        return f" ({decision.grades[name] or 'no grade'})" if name in decision.grades else ""


def why(lab: Lab, lead: str, *, experiment: str | None, as_of: datetime) -> Why:
    """Judge one lead by the definitions of an experiment (default: the one it is in), or by what is in force.

    A lead that was merged into another is judged as that one.
    """
    plans, notes = _plans(lab, experiment, as_of)
    known = _known(lab, lead, plans, as_of)
    survivor = known.merged_into.get(lead, lead)
    history = known.whole.get(survivor) or known.histories.by_id[lead]
    name, placed = _placed(lab, history, plans, experiment, known, as_of)
    judgements, began = [], True
    if name is None:
        ref = in_force(lab, as_of)
        if ref is not None:
            judgements.append(_judge(lab, history, _Role(ref, None, True), known, as_of))
    else:
        plan = plans[name]
        began = started(steps(lab, name), as_of)
        for arm in plan.arms:
            mine = placed is not None and placed.in_experiment and placed.arm == arm.name
            start, within = _window(plan, placed, history)
            role = _Role(arm.definition, arm.name, mine and began, start, within)
            judgements.append(_judge(lab, history, role, known, as_of))
    return Why(
        lead=history.lead.lead_id,
        as_of=as_of,
        experiment=name,
        assignment=placed,
        timeline=timeline(history, known.facts),
        judgements=tuple(judgements),
        zone=lab.settings.zone,
        asked_for=lead,
        started=began,
        notes=notes,
    )


def _plans(lab: Lab, asked: str | None, at: datetime) -> tuple[dict[str, Protocol], tuple[str, ...]]:
    """The experiment asked for, else all that were started by then, as registered.

    One that runs and whose file was edited, or is gone, is raised: nothing true could be said. One that was over by
    then is left out with a note.
    """
    if asked is not None:
        return {asked: governed(lab, asked)}, ()
    plans, notes = {}, []
    for name, log in begun(lab, at).items():
        try:
            plans[name] = governed(lab, name)
        except (InputError, RefusedError):
            if not over(log, at):
                raise
            notes.append(f"Experiment {name}, over by then, was not asked: its file was changed or is gone.")
    return plans, tuple(notes)


def _known(lab: Lab, lead: str, plans: Mapping[str, Protocol], as_of: datetime) -> Known:
    """What is known of the lead, and of everybody where accounts matter; InputError where it is not known at all."""
    known = Known.read(lab, as_of=as_of, leads=[lead])
    if lead not in known.histories.by_id and known.merged_into.get(lead) not in known.histories.by_id:
        ids = lab.reading.facts(as_of=as_of).leads["lead_id"].to_pylist()
        raise InputError(
            f"the ledger knows no lead '{lead}' as of {iso(as_of)}.",
            code="UnknownLead",
            hint=nearest(lead, ids[:NEAREST_AMONG]) or f"It holds {plural(len(ids), 'lead')}.",
        )
    refs: set[str | None] = {arm.definition for plan in plans.values() for arm in plan.arms}
    refs.add(in_force(lab, as_of))
    accounts = any(plan.unit == "account" for plan in plans.values()) or any(
        ref is not None and reads_account(lab.definitions[ref]) for ref in refs
    )
    return Known.read(lab, as_of=as_of) if accounts else known


def _placed(
    lab: Lab,
    history: History,
    plans: Mapping[str, Protocol],
    asked: str | None,
    known: Known,
    as_of: datetime,
) -> tuple[str | None, Assignment | None]:
    """The experiment asked for, else the first one the lead is in, and its place there."""
    placed = {name: assign(lab, name, [history.lead], as_of=as_of, known=known)[0] for name in plans}
    inside = next((name for name, one in placed.items() if one.in_experiment), asked)
    return inside, placed[inside] if inside else None


def _window(plan: Protocol, placed: Assignment | None, history: History) -> tuple[datetime | None, int]:
    """From when on, and for how many microseconds, the lead may qualify; a merged one not before it came to be."""
    start = placed.assigned_at if placed else None
    created = history.lead.created_at
    if start is None or start >= created:
        return start, plan.qualify_within_us
    return created, max(0, micros(start) + plan.qualify_within_us - micros(created))


@dataclass(frozen=True, slots=True)
class _Role:
    """A definition asked about the lead: whose it is, whether it acts, and in which window."""

    definition: str
    arm: str | None
    acts: bool
    start: datetime | None = None
    within_us: int | None = None


def _judge(lab: Lab, history: History, role: _Role, known: Known, as_of: datetime) -> Judgement:
    definition = lab.definitions[role.definition]
    account = known.colleagues(history.lead) if reads_account(definition) else ()
    decision = Evaluator(definition).decide(
        history, as_of=as_of, start=role.start, qualify_within_us=role.within_us, account=account
    )
    lacking = () if decision.verdict == "mql" else tipping(definition, history, as_of=as_of, account=account)
    return Judgement(role.arm, role.acts, decision, lacking)


def timeline(history: History, facts: Facts) -> tuple[Moment, ...]:
    """What happened to a lead, in order: events, each once, changed fields, merges and what sales said."""
    record = history.lead
    person = {record.lead_id}
    moments = [Moment(record.created_at, f"arrived from {record.source or 'an unknown source'}")]
    for counted in EventLog(history.events).known_by(micros(facts.as_of)):
        event = history.events[counted.identity[2]]
        props = ", ".join(f"{key} {value}" for key, value in event.props.items() if value is not None)
        moments.append(
            Moment(
                event.occurred_at,
                event.name + (f": {props}" if props else ""),
                _late(event.occurred_at, instant(counted.known_us)),
            )
        )
    for change in history.field_changes:
        shown = "nothing" if change.value is None else change.value
        moments.append(
            Moment(change.changed_at, f"{change.field} became {shown}", _late(change.changed_at, change.known_at))
        )
    for row in facts.identity.to_pylist():
        if row["new_id"] == record.lead_id and row["merged_at"] <= facts.as_of:
            person.add(row["old_id"])
            late = _late(row["merged_at"], row["known_at"])
            moments.append(Moment(row["merged_at"], f"{row['old_id']} was merged into this lead", late))
    return tuple(sorted([*moments, *_said_by_sales(facts, person)], key=lambda moment: (moment.at, moment.what)))


def _said_by_sales(facts: Facts, person: Collection[str]) -> Iterator[Moment]:
    """The outcomes of one person, under whichever id, with the stages that sales skipped."""
    rows = facts.outcomes.filter(pc.is_in(facts.outcomes["lead_id"], value_set=pa.array(sorted(person), pa.string())))
    one = pa.array([min(person)] * rows.num_rows, pa.string())
    for row in with_inferred(rows.set_column(rows.column_names.index("lead_id"), "lead_id", one)).to_pylist():
        parts = (
            row["reason_code"],
            f"{row['amount'].normalize():f} {row['currency'] or ''}".strip() if row["amount"] is not None else None,
            _EVIDENCE.get(row["evidence"]),
        )
        detail = ", ".join(part for part in parts if part)
        what = f"sales: {row['kind'].replace('_', ' ')}" + (f" ({detail})" if detail else "")
        yield Moment(row["occurred_at"], what, _late(row["occurred_at"], row["known_at"]))


def _late(at: datetime, known_at: datetime) -> datetime | None:
    return known_at if (known_at - at).total_seconds() > 3600 else None


def _wrap(text: str, first: str, hang: int | None = None) -> list[str]:
    under = " " * (hang or len(first) + 2)
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=under, break_on_hyphens=False)
