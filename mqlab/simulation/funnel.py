"""A synthetic quarter from leads to revenue, with a known truth, all of it from one seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from mqlab.analysis.judge import reads_account
from mqlab.definitions.prepare import prepare
from mqlab.errors import InputError
from mqlab.leads.records import History
from mqlab.leads.tables import Facts
from mqlab.simulation.behaviour import as_it_happened, behave, without_handover
from mqlab.simulation.facts import facts_of
from mqlab.simulation.feeds import Feed, write_feeds
from mqlab.simulation.histories import histories_of
from mqlab.simulation.judging import OUT, arms_of, hand_overs, values_on_arrival
from mqlab.simulation.noise import BAD_ROWS, Row, draw_duplicates, outcomes_of_strangers
from mqlab.simulation.plan import Plan
from mqlab.simulation.population import NEVER, Ints, Population, arrivals, people
from mqlab.simulation.rows import (
    Rows,
    event_rows,
    field_change_rows,
    identity_rows,
    lead_rows,
    no_outcomes,
    outcome_rows,
)
from mqlab.simulation.sales import draw_chances, play
from mqlab.simulation.truth import ExperimentTruth, true_values

Progress = Callable[[str, float], None]
"""Told what is being done, in words, and how much of the simulation is done, in [0, 1]."""

CADENCE_IN_FORCE_US = 3_600_000_000
STREAMS = ("population", "behaviour", "duplicates", "luck", "paperwork", "feeds", "truth")


@dataclass(frozen=True)
class Funnel:
    """What happened, as rows; `facts` and `write_feeds` are two forms of the same rows.

    `truth` has one entry per experiment. `arms` and `handed_over_s` describe the leads in order of arrival: the number
    of each one's arm per experiment (OUT: -1) and when it was handed over (seconds since 1970 UTC, NEVER).
    `by_arm` holds, for the assigned leads of an experiment, when each arm would hand them over.
    """

    plan: Plan
    seed: int
    population: Population
    arms: Mapping[str, Ints]
    handed_over_s: Ints
    rows: Rows
    strangers: tuple[Row, ...]
    truth: Mapping[str, ExperimentTruth]
    by_arm: Mapping[str, Mapping[str, Ints]]

    def facts(self, as_of: datetime | None = None) -> Facts:
        """What the business knew at `as_of` (by default the end of the last look), as a store would read it back."""
        return facts_of(
            self.rows,
            as_of or self.plan.as_of,
            unmatched=len(self.strangers),
            quarantined=sum(len(rows) for rows in BAD_ROWS.values()),
        )

    def write_feeds(self, folder: Path) -> Mapping[str, Feed]:
        """Write the CSV files that `mqlab ingest` takes, by kind; the same seed writes the same bytes."""
        return write_feeds(folder, self.rows, _stream(self.seed, "feeds"), self.strangers)


def simulate(plan: Plan, *, seed: int, progress: Progress | None = None) -> Funnel:
    """Let a quarter happen: leads arrive and act, every arm hands over its own, sales works them, the CRM records it.

    Everything is drawn from `seed`, a whole number from 0 on, lead ids and with them the arms included. Behaviour and
    luck are drawn before anybody decides, so changing a definition changes only what follows from it. InputError for a
    plan that cannot be simulated.
    """
    _check(plan, seed)
    tell = progress or (lambda _words, _share: None)
    tell("drawing leads", 0.0)
    draws = _stream(seed, "population")
    created = arrivals(draws, leads=plan.leads, first=plan.first_arrival, last=plan.last_arrival, zone=plan.timezone)
    who = people(draws, created)
    twice = draw_duplicates(_stream(seed, "duplicates"), who)
    events = behave(_stream(seed, "behaviour"), who)
    undisturbed = Rows(
        leads=lead_rows(who, twice),
        events=event_rows(who, without_handover(events), twice),
        field_changes=field_change_rows(who),
        identity=identity_rows(who, twice),
        outcomes=no_outcomes(),
    )
    histories = histories_of(undisturbed, who)
    arms, by_arm, handed_over = _decide(plan, histories, tell)

    tell("selling", 0.85)
    played = play(who, draw_chances(_stream(seed, "luck"), len(who)), handed_over)
    rows = replace(
        undisturbed,
        events=event_rows(who, as_it_happened(events, handed_over), twice),
        outcomes=outcome_rows(_stream(seed, "paperwork"), who, played, plan.currency),
    )
    tell("playing every lead under every arm", 0.9)
    truth = {
        protocol.id: true_values(
            protocol,
            who.take(np.flatnonzero(arms[protocol.id] != OUT)),
            by_arm[protocol.id],
            rng=_stream(seed, "truth", number),
            plays=plan.plays,
        )
        for number, protocol in enumerate(plan.protocols)
    }
    first, last = int(created[0]), int(created[-1])
    strangers = outcomes_of_strangers(_stream(seed, "paperwork", 1), first, last)
    tell("done", 1.0)
    return Funnel(plan, seed, who, arms, handed_over, rows, strangers, truth, by_arm)


def plan_truth(plan: Plan, *, leads: int, seed: int) -> Mapping[str, ExperimentTruth]:
    """The truth of the plan itself: that of a quarter with so many leads that who came no longer matters."""
    return simulate(replace(plan, leads=leads), seed=seed).truth


def _check(plan: Plan, seed: int) -> None:
    if seed < 0:
        raise InputError(f"A seed is a whole number from 0 on, not {seed}.", code="InvalidSeed")
    if plan.leads < 1 or plan.plays < 1:
        raise InputError("A simulation needs at least one lead and one play.", code="NothingToSimulate")
    for protocol in plan.protocols:
        if not protocol.looks.dates:
            raise InputError(f"The experiment '{protocol.id}' declares no look to simulate up to.", code="NoLook")
    for definition in plan.definitions.values():
        if reads_account(definition):
            raise InputError(
                f"'{definition.ref}' reads the other leads of an account; simulated leads act one by one.",
                code="AccountsNotSimulated",
            )


def _decide(
    plan: Plan, histories: list[History], tell: Progress
) -> tuple[dict[str, Ints], dict[str, dict[str, Ints]], Ints]:
    """Everyone's arm, every arm's hand-overs of its experiment's leads, and when each lead really is handed over."""
    as_of = plan.as_of
    leads = [history.lead for history in histories]
    known = values_on_arrival(histories, as_of)
    arms = {protocol.id: arms_of(protocol, plan.definitions, leads, known) for protocol in plan.protocols}
    times_in = sum((number != OUT).astype(np.int64) for number in arms.values())
    if np.any(times_in > 1):
        raise InputError(
            "A lead would be in two of the simulated experiments at once.",
            code="ExperimentsOverlap",
            hint="Give the experiments one layer and slices of it that do not overlap.",
        )
    elsewhere = np.flatnonzero(times_in == 0)
    jobs = len(elsewhere) + sum(
        int((arms[protocol.id] != OUT).sum()) * len(protocol.arms) for protocol in plan.protocols
    )
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if done % 500 == 0:
            tell("judging leads by every definition", 0.05 + 0.8 * done / jobs)

    ready = list(map(prepare, histories))
    handed_over = np.full(len(histories), NEVER, dtype=np.int64)
    by_arm: dict[str, dict[str, Ints]] = {}
    for protocol in plan.protocols:
        own = arms[protocol.id]
        inside = np.flatnonzero(own != OUT)
        by_arm[protocol.id] = {}
        for number, arm in enumerate(protocol.arms):
            at = hand_overs(
                plan.definitions[arm.definition],
                ready,
                inside,
                as_of=as_of,
                qualify_within_us=protocol.qualify_within_us,
                cadence_us=protocol.cadence_us,
                step=step,
            )
            by_arm[protocol.id][arm.name] = at
            mine = own[inside] == number
            handed_over[inside[mine]] = at[mine]
    handed_over[elsewhere] = hand_overs(
        plan.definitions[plan.in_force],
        ready,
        elsewhere,
        as_of=as_of,
        qualify_within_us=None,
        cadence_us=CADENCE_IN_FORCE_US,
        step=step,
    )
    return arms, by_arm, handed_over


def _stream(seed: int, name: str, number: int = 0) -> np.random.Generator:
    """An own stream of chance for one purpose, so that drawing more for one changes no other."""
    return np.random.default_rng(np.random.SeedSequence([seed, STREAMS.index(name), number]))
