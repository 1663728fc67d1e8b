"""The leads that sales was handed: by which definition, from when on, and by which path they qualified.

A lead is governed by its arm's definition while its experiment runs, else by what is in force. Where sales reports
hand-overs (`handed_off`), those count from the first one on; before, a lead is handed over when its definition fires,
in an experiment at the end of that batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.histories import Histories, histories
from mqlab.analysis.judge import assigned, reads_account
from mqlab.analysis.people import People
from mqlab.assignment.units import unit_of
from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.model import Definition
from mqlab.experiments.enrol import Assignment, carry_merges
from mqlab.experiments.protocol import Protocol
from mqlab.leads.identity import canonical_ids, standing_ids
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import Lead
from mqlab.leads.tables import Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS

BEFORE = -(10**18)
"""Before any lead, in microseconds since 1970."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """An experiment that governs leads until `ended_us`; None while it runs. `overrides` put units into arms."""

    protocol: Protocol
    ended_us: int | None
    overrides: Mapping[str, str]


@dataclass(frozen=True)
class Rulebook:
    """Which definition governs whom: experiments in the order they are asked, and what is in force from when on."""

    trials: tuple[Trial, ...]
    in_force: tuple[tuple[int, str], ...]
    definitions: Mapping[str, Definition]
    internal_domains: tuple[str, ...] = ()
    null_tokens: tuple[str, ...] = DEFAULT_NULL_TOKENS


@dataclass(frozen=True, slots=True)
class Mql:
    """A lead that qualified, or that sales says it was handed.

    `definition` is None where sales was handed a lead that no governing definition lets through. `start_us` and
    `within_us` are the window in which that definition judged it. `handed_us` is None where sales reports hand-overs
    and not this one. `assignment` is its place in the experiment `experiment`.
    """

    lead_id: str
    source: str | None
    definition: str | None
    path: str | None
    qualified_us: int | None
    handed_us: int | None
    start_us: int | None = None
    within_us: int | None = None
    experiment: str | None = None
    assignment: Assignment | None = None
    blinded: bool = False

    @property
    def since_us(self) -> int:
        """When it became an MQL: what sales says from then on is about the MQL."""
        known = [us for us in (self.qualified_us, self.handed_us) if us is not None]
        return min(known)


@dataclass(frozen=True)
class Mqls:
    """MQLs by lead id. `person` gives merged ids the id that stands for them; `known` are the histories.

    `stated_from_us`: since when sales reports hand-overs, None where it does not.
    """

    by_id: Mapping[str, Mql]
    person: Mapping[str, str]
    known: Histories
    stated_from_us: int | None
    decide: Callable[[Mql, datetime], Decision | None]
    """What the definition of an MQL says of it at an instant, explained; None where it has no definition."""

    def source(self, lead_id: str) -> str | None:
        """Where a lead came from; None where that is not known."""
        found = self.known.by_id.get(lead_id)
        return None if found is None else found.lead.source


def mqls(
    facts: Facts, book: Rulebook, *, begin_us: int, end_us: int, said_of: Collection[str], progress: Progress
) -> Mqls:
    """The MQLs of `facts` that matter to a window of time, its end excluded.

    They are all leads handed over in it, and those among `said_of`: the leads about whom sales said something then.
    """
    known = histories(facts)
    stated: dict[str, int] = {}
    person = _persons(known)
    rows = facts.outcomes.filter(pc.equal(facts.outcomes["kind"], "handed_off"))
    instants = rows["occurred_at"].cast(pa.int64()).to_pylist()
    for lead_id, at_us in zip(rows["lead_id"].to_pylist(), instants, strict=True):
        if at_us <= micros(facts.as_of):
            who = person.get(lead_id, lead_id)
            stated[who] = min(at_us, stated.get(who, at_us))
    stated_from = min(stated.values(), default=None)
    about = {person.get(lead_id, lead_id) for lead_id in said_of}
    about |= {lead_id for lead_id, at_us in stated.items() if begin_us <= at_us < end_us}
    governed = _Governed(facts, book, known)
    asked = [
        lead
        for lead in known.leads
        if lead.lead_id not in person
        and (
            lead.lead_id in about
            or ((stated_from is None or stated_from > begin_us) and micros(lead.created_at) < end_us)
        )
    ]
    found: dict[str, Mql] = {}
    for number, lead in enumerate(asked, 1):
        one = governed.judge(lead, stated.get(lead.lead_id), stated_from)
        if one is not None:
            found[lead.lead_id] = one
        if number % 500 == 0 or number == len(asked):
            progress(number, len(asked))
    return Mqls(found, person, known, stated_from, governed.decide)


@dataclass(frozen=True, slots=True)
class _Place:
    trial: Trial
    row: Assignment
    people: People


class _Governed:
    """Judges leads by the definitions that governed them, one after the other."""

    def __init__(self, facts: Facts, book: Rulebook, known: Histories) -> None:
        self._book, self._as_of = book, facts.as_of
        self._as_of_us = micros(facts.as_of)
        self._evaluators = {ref: Evaluator(one) for ref, one in book.definitions.items()}
        self._places: dict[str, _Place] = {}
        for trial in book.trials:
            plan = trial.protocol
            definitions = {arm.definition: book.definitions[arm.definition] for arm in plan.arms}
            single = assigned(
                plan, facts, definitions, known, book.internal_domains, book.null_tokens, dict(trial.overrides)
            )
            rows = carry_merges(single, known.merges)
            by_account = plan.unit == "account" and any(map(reads_account, definitions.values()))
            people = People(known, single, rows, by_account=by_account)
            for row in rows:
                if row.in_experiment and row.merged_into is None:
                    self._places.setdefault(row.lead_id, _Place(trial, row, people))
        everybody = [_everybody(lead, book) for lead in known.leads]
        by_account = any(reads_account(book.definitions[ref]) for _, ref in book.in_force)
        rows = carry_merges(everybody, known.merges)
        self._rows = {row.lead_id: row for row in rows}
        self._people = People(known, everybody, rows, by_account=by_account)

    def judge(self, lead: Lead, stated_us: int | None, stated_from: int | None) -> Mql | None:
        """The lead as an MQL; None where it is none."""
        place = self._places.get(lead.lead_id)
        found = None if place is None else self._in_trial(lead, place)
        if found is None:
            found = self._in_force(lead, BEFORE if place is None else place.trial.ended_us)
        if stated_us is None:
            if found is None or found.handed_us is None or found.handed_us > self._as_of_us:
                return None
            if stated_from is not None and found.handed_us >= stated_from:
                return _handed(found, None)
            return found
        if found is None:
            return Mql(lead.lead_id, lead.source, None, None, None, stated_us)
        return _handed(found, stated_us)

    def decide(self, mql: Mql, at: datetime) -> Decision | None:
        """What the definition of an MQL says of it at an instant; before a merge, of the id that qualified."""
        if mql.definition is None or mql.start_us is None:
            return None
        place = self._places.get(mql.lead_id)
        if mql.experiment is not None and place is not None:
            person = place.people.person(place.row)
        else:
            person = self._people.person(self._rows[mql.lead_id])
        decision = None
        for stretch in reversed(person.stretches):
            found = self._evaluators[mql.definition].decide(
                stretch.history,
                as_of=at,
                start=instant(max(stretch.start_us, mql.start_us) if mql.experiment else stretch.start_us),
                qualify_within_us=mql.within_us,
                account=person.colleagues,
            )
            decision = decision or found
            if found.qualified_at is not None and micros(found.qualified_at) == mql.qualified_us:
                return found
        return decision

    def _in_trial(self, lead: Lead, place: _Place) -> Mql | None:
        plan, row = place.trial.protocol, place.row
        ref = next(arm.definition for arm in plan.arms if arm.name == row.arm)
        person = place.people.person(row)
        crossed = person.first_crossing(self._evaluators[ref], self._as_of, plan.qualify_within_us)
        if crossed is None:
            return None
        at_us, path = crossed
        handed_us = (at_us // plan.cadence_us + 1) * plan.cadence_us
        ended = place.trial.ended_us
        if ended is not None and handed_us > ended:
            return None
        start_us = max(person.assigned_us, micros(lead.created_at))
        within_us = max(0, person.assigned_us + plan.qualify_within_us - start_us)
        return Mql(
            lead.lead_id, lead.source, ref, path, at_us, handed_us, start_us, within_us, plan.id, row,
            blinded=plan.handling == "blinded" and (ended is None or ended > self._as_of_us),
        )  # fmt: skip

    def _in_force(self, lead: Lead, after_us: int | None) -> Mql | None:
        """By what was in force at the time, from `after_us` on; None stands for never."""
        if after_us is None or not self._book.in_force:
            return None
        person = self._people.person(self._rows[lead.lead_id])
        within_us = max(1, self._as_of_us - person.assigned_us + 1)
        ends = [from_us for from_us, _ in self._book.in_force[1:]]
        best: Mql | None = None
        for (from_us, ref), until_us in zip(self._book.in_force, [*ends, self._as_of_us + 1], strict=True):
            if until_us <= max(from_us, after_us):
                continue
            crossed = person.first_crossing(self._evaluators[ref], self._as_of, within_us)
            if crossed is None:
                continue
            at_us = max(crossed[0], from_us, after_us)
            if at_us < until_us and (best is None or at_us < (best.handed_us or 0)):
                best = Mql(lead.lead_id, lead.source, ref, crossed[1], crossed[0], at_us, micros(lead.created_at))
        return best


def _handed(found: Mql, at_us: int | None) -> Mql:
    return replace(found, handed_us=at_us)


def _everybody(lead: Lead, book: Rulebook) -> Assignment:
    """A lead as if it were in an experiment on everybody that never ends; its unit is its account."""
    unit = unit_of(lead, "account", book.internal_domains, book.null_tokens)
    return Assignment(lead.lead_id, unit, 0, 0, True, None, None, "in", lead.created_at)


def _persons(known: Histories) -> dict[str, str]:
    """Who stands for every id that was merged."""
    survivors = canonical_ids((one.old_id, one.new_id, micros(one.merged_at)) for one in known.merges)
    created = {lead.lead_id: micros(lead.created_at) for lead in known.leads}
    return dict(standing_ids(survivors, created))
