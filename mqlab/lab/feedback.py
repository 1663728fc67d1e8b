"""`report feedback`: what sales said of the leads it was handed in a month, and rejected leads to talk about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.feedback.feedback import Feedback, disputed_dict, feedback
from mqlab.analysis.feedback.mqls import BEFORE, Mqls, Rulebook, Trial
from mqlab.analysis.feedback.rejections import Rejected
from mqlab.analysis.feedback.window import month as month_of
from mqlab.analysis.people import unions
from mqlab.definitions.model import Definition
from mqlab.errors import InputError, RefusedError
from mqlab.lab.data_hash import data_hash
from mqlab.lab.ledger_facts import ledger_facts
from mqlab.lab.registered import begun, governed, over
from mqlab.lab.why import Judgement, Why, timeline
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import History
from mqlab.leads.tables import Facts
from mqlab.reports import format as fmt

if TYPE_CHECKING:
    from mqlab.experiments.lifecycle import Step
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

MOMENTS = 12
"""So many moments before the rejection are shown beside the arrival; JSON has all of the timeline."""


@dataclass(frozen=True)
class Explained:
    """A rejected lead of the sample with what `why` says of it; `hidden`: what tells its arm is left out."""

    rejected: Rejected
    why: Why
    hidden: bool

    def to_dict(self) -> dict[str, Any]:
        """The lead as JSON, with its timeline and, unless that is hidden, its decision."""
        told = self.why.to_dict()
        return {
            **disputed_dict(self.rejected, hidden=self.hidden),
            "timeline": told["timeline"],
            "judgements": told["judgements"],
        }


@dataclass(frozen=True)
class FeedbackReport:
    """A result that prints in a terminal and converts to plain data; `notes` say what could not be asked.

    `definitions` are those that govern, by name; `data` is the hash of the facts, {} where nobody asked for it.
    """

    result: Feedback
    sample: tuple[Explained, ...]
    zone: ZoneInfo
    notes: tuple[str, ...] = ()
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    show_arms: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON of `mqlab report feedback`."""
        return {
            **self.result.to_dict(),
            "sample": [one.to_dict() for one in self.sample],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        from mqlab.reports.feedback import render

        explained = {one.rejected.mql.lead_id: _lines(one) for one in self.sample}
        return render(self.result, explained, self.zone, self.notes).rstrip("\n")


def report_feedback(
    lab: Lab,
    month: str,
    *,
    as_of: datetime,
    position: int | None,
    show_arms: bool,
    progress: Progress,
    hashed: bool = False,
) -> FeedbackReport:
    """What was known at `as_of` of a month of the lab's calendar.

    Of leads in a blinded experiment that runs the sample tells what happened, and not by which definition they came,
    unless `show_arms`; `hashed`: with the hash of the facts. InputError for a month that is none or lies ahead;
    RefusedError where the warehouse holds the lab's outcomes.
    """
    zone = lab.settings.zone
    window = month_of(month, zone)
    if window.begin > as_of:
        hint = "Ask about an earlier month, or a later --as-of."
        raise InputError(f"the month {month} begins after the instant asked about.", code="MonthAhead", hint=hint)
    facts = ledger_facts(lab, "the feedback report", as_of=as_of, position=position, progress=progress)
    book, notes = rulebook(lab, as_of, facts.position)
    result, found = feedback(
        facts,
        book,
        window,
        seed=lab.settings.lab.name,
        zone=zone,
        hours=lab.settings.business_hours.hours(zone),
        progress=lambda done, total: progress("judging leads", done, total),
    )
    return FeedbackReport(
        result,
        _explained(facts, result.sample, found, zone, show_arms=show_arms),
        zone,
        notes,
        book.definitions,
        data_hash(facts) if hashed else {},
        show_arms,
    )


def rulebook(lab: Lab, as_of: datetime, position: int) -> tuple[Rulebook, tuple[str, ...]]:
    """Which definition governed whom by then; notes name experiments that were over and could not be asked."""
    trials, notes = [], []
    for name, log in begun(lab, as_of).items():
        try:
            plan = governed(lab, name)
        except (InputError, RefusedError):
            if not over(log, as_of):
                raise
            notes.append(f"Experiment {name}, over by then, was not asked: its file was changed or is gone.")
            continue
        table = lab.reading.assignments.overrides(name, position=position)
        overrides = dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True))
        trials.append(Trial(plan, _ended_us(log, as_of), overrides))
    rows = [(micros(row.from_at), row.definition) for row in lab.reading.in_force.list() if row.from_at <= as_of]
    first = lab.settings.lab.in_force
    in_force = [*([(BEFORE, first)] if first is not None else []), *sorted(rows, key=lambda row: row[0])]
    refs = {ref for _, ref in in_force} | {arm.definition for one in trials for arm in one.protocol.arms}
    book = Rulebook(
        trials=tuple(trials),
        in_force=tuple(in_force),
        definitions={ref: lab.definitions[ref] for ref in sorted(refs)},
        internal_domains=tuple(lab.settings.lab.internal_domains),
        null_tokens=tuple(lab.settings.lab.null_tokens),
    )
    return book, tuple(notes)


def _ended_us(log: Sequence[Step], as_of: datetime) -> int | None:
    ends = [micros(step.at) for step in log if step.step in ("stop", "decide") and step.at <= as_of]
    return min(ends, default=None)


def _explained(
    facts: Facts, sample: Sequence[Rejected], found: Mqls, zone: ZoneInfo, *, show_arms: bool
) -> tuple[Explained, ...]:
    """Each sampled lead as `why` tells it, with the definition that acted."""
    if not sample:
        return ()
    members: dict[str, set[str]] = {one.mql.lead_id: {one.mql.lead_id} for one in sample}
    for old, new in found.person.items():
        if new in members:
            members[new].add(old)
    facts = _only(facts, set().union(*members.values()))
    whole = unions({name: found.known.by_id[name] for names in members.values() for name in names
                    if name in found.known.by_id}, found.known.merges)  # fmt: skip
    return tuple(_explain(facts, one, found, whole, zone, show_arms=show_arms) for one in sample)


def _explain(
    facts: Facts, one: Rejected, found: Mqls, whole: Mapping[str, History], zone: ZoneInfo, *, show_arms: bool
) -> Explained:
    mql = one.mql
    hidden = mql.blinded and not show_arms
    judged_at = facts.as_of if mql.qualified_us is None else instant(mql.qualified_us)
    decision = None if hidden else found.decide(mql, judged_at)
    arm = None if mql.assignment is None else mql.assignment.arm
    history = whole.get(mql.lead_id) or found.known.by_id[mql.lead_id]
    why = Why(
        lead=mql.lead_id,
        as_of=judged_at,
        experiment=None if hidden else mql.experiment,
        assignment=None if hidden else mql.assignment,
        timeline=timeline(history, facts),
        judgements=() if decision is None else (Judgement(arm, True, decision, ()),),
        zone=zone,
        asked_for=mql.lead_id,
    )
    return Explained(one, why, hidden)


def _lines(one: Explained) -> list[str]:
    """What `why` says of a lead up to its rejection and as it qualified, or why it says no more."""
    moments = [moment for moment in one.why.timeline if micros(moment.at) <= one.rejected.at_us]
    afterwards = len(one.why.timeline) - len(moments)
    early, late = moments[:1], moments[1:]
    between = max(0, len(late) - MOMENTS)
    told = replace(one.why, timeline=tuple(early)).what_happened()
    told += [f"  … {between} more"] if between else []
    told += replace(one.why, timeline=tuple(late[between:])).what_happened()[1:]
    told += [f"  … {afterwards} more after the rejection"] if afterwards else []
    if one.hidden:
        return [*told, "Its definition is kept from sales until its experiment is decided."]
    if not one.why.judgements:
        return [*told, "No definition lets it through; sales was handed it all the same."]
    return [*told, f"As it qualified, {fmt.instant(one.why.as_of, one.why.zone)}", *one.why.judged()]


def _only(facts: Facts, leads: set[str]) -> Facts:
    """The merges and outcomes of some leads alone."""
    ids = pa.array(sorted(leads), pa.string())
    return replace(
        facts,
        identity=facts.identity.filter(pc.is_in(facts.identity["old_id"], value_set=ids)),
        outcomes=facts.outcomes.filter(pc.is_in(facts.outcomes["lead_id"], value_set=ids)),
    )
