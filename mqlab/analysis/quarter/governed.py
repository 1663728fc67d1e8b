"""Which definition governed every lead, and when it made the lead an MQL: for all leads at once, in an engine.

It says what `mqlab.analysis.feedback.mqls` says of one lead after the other: an experiment's arm governs its leads,
what is in force all others, and sales' own report of a hand-over counts from the first one on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.everyone import Everyone, everyone
from mqlab.analysis.feedback.mqls import BEFORE, Mql, Rulebook, Trial
from mqlab.analysis.judge_in_engine import Held, enrolled_persons, slices_of, values_at_creation
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.slices import Progress, crossings_in_slices

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Governed:
    """One entry per lead that no other one stands for, by id; instants in microseconds, `NEVER` where there is none.

    `governing` is the definition that governed the lead when it came, `definition` and `path` are what made it an MQL
    (None where sales was handed a lead that no definition let through), `by_trial` whether an experiment's arm did.
    `trial` is the place of its experiment in `trials`, −1 where none took it.
    """

    lead_id: npt.NDArray[np.object_]
    created_us: Int64s
    source: npt.NDArray[np.object_]
    governing: npt.NDArray[np.object_]
    definition: npt.NDArray[np.object_]
    path: npt.NDArray[np.object_]
    qualified_us: Int64s
    handed_us: Int64s
    by_trial: Mask
    trial: Int64s
    arm: npt.NDArray[np.object_]
    trials: tuple[Trial, ...]
    person: dict[str, str]
    stated_from_us: int | None

    @cached_property
    def since_us(self) -> Int64s:
        """When each became an MQL, `NEVER` for those that are none."""
        return np.minimum(self.qualified_us, self.handed_us)

    def mql(self, place: int) -> Mql:
        """A lead that is an MQL, as the feedback report takes it."""
        number = int(self.trial[place]) if self.by_trial[place] else -1
        return Mql(
            lead_id=self.lead_id[place],
            source=self.source[place],
            definition=self.definition[place],
            path=self.path[place],
            qualified_us=_or_none(self.qualified_us[place]),
            handed_us=_or_none(self.handed_us[place]),
            experiment=self.trials[number].protocol.id if number >= 0 else None,
        )


def _or_none(at_us: np.int64) -> int | None:
    return None if at_us == NEVER else int(at_us)


def governed(
    engine: Engine,
    held: Held,
    facts: Facts,
    book: Rulebook,
    *,
    created_before_us: int,
    progress: Progress | None = None,
) -> Governed:
    """The leads created before an instant, by what was known at `facts.as_of`; `held` are the facts in the engine."""
    as_of_us = micros(facts.as_of)
    refs = sorted(book.definitions)
    people = everyone(
        engine,
        held,
        [book.definitions[ref] for ref in refs],
        as_of_us=as_of_us,
        created_us=(None, created_before_us - 1),
        internal_domains=book.internal_domains,
        null_tokens=book.null_tokens,
    )
    leads = engine.fetched(people.leads.filter(people.leads.asked).select("lead_id", "created_us")).sort_by("lead_id")
    ids = leads["lead_id"].combine_chunks()
    at_us, paths = _crossings(engine, held, people, book, refs, ids, as_of_us, progress)
    places = _Places(len(ids))
    eligible = any(trial.protocol.eligible is not None for trial in book.trials)
    at_creation = values_at_creation(engine, held, as_of_us=as_of_us) if eligible else None
    for number, trial in enumerate(book.trials):
        rows = enrolled_persons(
            engine,
            held,
            trial.protocol,
            book.definitions,
            as_of_us=as_of_us,
            internal_domains=book.internal_domains,
            null_tokens=book.null_tokens,
            overrides=trial.overrides,
            at_creation=at_creation,
        ).rows
        rows = rows.filter(rows.in_experiment & rows.merged_into.isnull())
        places.take(number, engine.fetched(rows.select("lead_id", "arm", "start_us")), ids)
    created = np.asarray(leads["created_us"].to_numpy(), dtype=np.int64)
    made = _Made(len(ids))
    free = made.by_trials(book, places, refs, at_us, paths)
    made.by_what_is_in_force(book, free, refs, at_us, paths, as_of_us)
    stated, stated_from = _stated(facts, people, ids, as_of_us)
    made.as_sales_says(stated, stated_from, as_of_us)
    return Governed(
        lead_id=_objects(ids),
        created_us=created,
        source=_sources(facts, ids),
        governing=_governing(book, places, created),
        definition=made.definition,
        path=made.path,
        qualified_us=made.qualified_us,
        handed_us=made.handed_us,
        by_trial=made.by_trial,
        trial=places.trial,
        arm=places.arm,
        trials=book.trials,
        person=dict(people.person),
        stated_from_us=stated_from,
    )


def _crossings(
    engine: Engine,
    held: Held,
    people: Everyone,
    book: Rulebook,
    refs: Sequence[str],
    ids: pa.Array,
    as_of_us: int,
    progress: Progress | None,
) -> tuple[list[Int64s], list[npt.NDArray[np.object_]]]:
    """By definition: when it first fired for each lead, and by which path."""
    if not refs:
        return [], []
    crossed = crossings_in_slices(
        engine,
        people.starts,
        people.view,
        [book.definitions[ref] for ref in refs],
        as_of_us=as_of_us,
        slices=slices_of(engine, held.known, people.starts),
        progress=progress,
    )
    columns = [f"{what}_{number}" for number in range(len(refs)) for what in ("at", "path")]
    found = engine.fetched(crossed.select("key", *columns))
    place = pc.index_in(ids, value_set=found["key"].combine_chunks())
    found = found.take(place)
    at_us = [
        np.asarray(pc.fill_null(found[f"at_{number}"], NEVER).to_numpy(), dtype=np.int64) for number in range(len(refs))
    ]
    return at_us, [_objects(found[f"path_{number}"]) for number in range(len(refs))]


class _Places:
    """The experiment that took each lead: the first of the rulebook that did."""

    def __init__(self, leads: int) -> None:
        self.trial: Int64s = np.full(leads, -1, dtype=np.int64)
        self.start_us: Int64s = np.zeros(leads, dtype=np.int64)
        self.arm = np.full(leads, None, dtype=object)

    def take(self, number: int, rows: pa.Table, ids: pa.Array) -> None:
        """The rows of an experiment's enrolment, of those that are still free."""
        found = pc.index_in(rows["lead_id"].combine_chunks(), value_set=ids)
        known = np.flatnonzero(pc.is_valid(found).to_numpy(zero_copy_only=False))
        place = np.asarray(found.drop_null().to_numpy(), dtype=np.int64)
        free = self.trial[place] < 0
        place, known = place[free], known[free]
        self.trial[place] = number
        self.start_us[place] = np.asarray(rows["start_us"].to_numpy(), dtype=np.float64)[known].astype(np.int64)
        self.arm[place] = _objects(rows["arm"])[known]


class _Made:
    """What made each lead an MQL, filled in by those who may."""

    def __init__(self, leads: int) -> None:
        self.definition = np.full(leads, None, dtype=object)
        self.path = np.full(leads, None, dtype=object)
        self.qualified_us: Int64s = np.full(leads, NEVER, dtype=np.int64)
        self.handed_us: Int64s = np.full(leads, NEVER, dtype=np.int64)
        self.by_trial: Mask = np.zeros(leads, dtype=bool)

    def by_trials(
        self,
        book: Rulebook,
        places: _Places,
        refs: Sequence[str],
        at_us: Sequence[Int64s],
        paths: Sequence[npt.NDArray[np.object_]],
    ) -> Int64s:
        """By their arms; returns from when on what is in force may make each other lead one (`NEVER`: it may not)."""
        free: Int64s = np.where(places.trial < 0, BEFORE, NEVER).astype(np.int64)
        for number, trial in enumerate(book.trials):
            plan, ended = trial.protocol, trial.ended_us
            for arm in plan.arms:
                mine = (places.trial == number) & (places.arm == arm.name)
                at = at_us[refs.index(arm.definition)]
                within = mine & (at != NEVER) & (at < places.start_us + plan.qualify_within_us)
                handed = np.where(within, (np.where(within, at, 0) // plan.cadence_us + 1) * plan.cadence_us, NEVER)
                if ended is not None:
                    within &= handed <= ended
                    free[mine & ~within] = ended
                self._set(within, arm.definition, paths[refs.index(arm.definition)], at, handed)
                self.by_trial |= within
        return free

    def by_what_is_in_force(
        self,
        book: Rulebook,
        free: Int64s,
        refs: Sequence[str],
        at_us: Sequence[Int64s],
        paths: Sequence[npt.NDArray[np.object_]],
        as_of_us: int,
    ) -> None:
        """By what was in force at the time, of the leads that are free from an instant on."""
        best: Int64s = np.full(len(free), NEVER, dtype=np.int64)
        ends = [from_us for from_us, _ in book.in_force[1:]]
        for (from_us, ref), until_us in zip(book.in_force, [*ends, as_of_us + 1], strict=False):
            crossed = at_us[refs.index(ref)]
            at = np.maximum(np.maximum(crossed, from_us), free)
            made = (free != NEVER) & (crossed != NEVER) & (at < until_us) & (at < best)
            best[made] = at[made]
            self._set(made, ref, paths[refs.index(ref)], crossed, at)

    def as_sales_says(self, stated_us: Int64s, stated_from: int | None, as_of_us: int) -> None:
        """Hand-overs as sales reports them, from the first report on; before it, those that had happened by `as_of`."""
        told = stated_us != NEVER
        gone = ~told & (self.handed_us > as_of_us)
        self.by_trial &= ~gone
        self._set(gone, None, np.full(len(told), None, dtype=object), np.full(len(told), NEVER), stated_us)
        if stated_from is not None:
            silent = ~told & (self.handed_us != NEVER) & (self.handed_us >= stated_from)
            self.handed_us[silent] = NEVER
        self.handed_us[told] = stated_us[told]

    def _set(
        self, chosen: Mask, ref: str | None, path: npt.NDArray[np.object_], at_us: Int64s, handed_us: Int64s
    ) -> None:
        self.definition[chosen] = ref
        self.path[chosen] = path[chosen]
        self.qualified_us[chosen] = at_us[chosen]
        self.handed_us[chosen] = handed_us[chosen]


def _governing(book: Rulebook, places: _Places, created_us: Int64s) -> npt.NDArray[np.object_]:
    """The definition of the lead's arm, else what was in force when it came."""
    found = np.full(len(created_us), None, dtype=object)
    for from_us, ref in book.in_force:
        found[created_us >= from_us] = ref
    for number, trial in enumerate(book.trials):
        for arm in trial.protocol.arms:
            found[(places.trial == number) & (places.arm == arm.name)] = arm.definition
    return found


def _stated(facts: Facts, people: Everyone, ids: pa.Array, as_of_us: int) -> tuple[Int64s, int | None]:
    """When sales says it was first handed each lead, and since when it says so of any lead."""
    rows = facts.outcomes.select(["lead_id", "kind", "occurred_at"])
    rows = rows.filter(pc.equal(rows["kind"], "handed_off"))
    first: dict[str, int] = {}
    instants = rows["occurred_at"].cast(pa.int64()).to_pylist()
    for lead_id, at_us in zip(rows["lead_id"].to_pylist(), instants, strict=True):
        if at_us <= as_of_us:
            who = people.person.get(lead_id, lead_id)
            first[who] = min(at_us, first.get(who, at_us))
    found: Int64s = np.full(len(ids), NEVER, dtype=np.int64)
    told = pa.array(list(first), pa.string())
    place = pc.index_in(told, value_set=ids).to_numpy(zero_copy_only=False)
    known = ~np.isnan(place.astype(np.float64))
    found[place[known].astype(np.int64)] = np.array(list(first.values()), dtype=np.int64)[known]
    return found, min(first.values(), default=None)


def _sources(facts: Facts, ids: pa.Array) -> npt.NDArray[np.object_]:
    rows = facts.leads
    place = pc.index_in(ids, value_set=rows["lead_id"].combine_chunks())
    return _objects(rows["source"].combine_chunks().take(place))


def _objects(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.object_]:
    found = np.empty(len(column), dtype=object)
    found[:] = column.to_pylist()
    return found
