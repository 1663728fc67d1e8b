"""`report quarter`: gathers what the ledger, the experiments and the approvals say of a fiscal quarter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from mqlab.analysis.analyze import conclude_in
from mqlab.analysis.feedback.mqls import Rulebook
from mqlab.analysis.feedback.window import Window
from mqlab.analysis.histories import merges_of
from mqlab.analysis.judge_in_engine import Held, held_of_facts, judge_in, readings_for
from mqlab.analysis.quarter import early, kinds
from mqlab.analysis.quarter.calendar import Quarter, quarter
from mqlab.analysis.quarter.cohort import Cohort, Horizons
from mqlab.analysis.quarter.costs import Prices, spending
from mqlab.analysis.quarter.experiments import Ran, arms, belongs, said
from mqlab.analysis.quarter.funnel import funnel
from mqlab.analysis.quarter.governed import governed
from mqlab.analysis.quarter.performance import performances
from mqlab.analysis.quarter.proposals import proposals
from mqlab.analysis.quarter.read import cohorts
from mqlab.analysis.quarter.review import Review
from mqlab.analysis.quarter.sales import sales
from mqlab.analysis.quarter.thresholds import Revisit, between
from mqlab.errors import InputError, RefusedError
from mqlab.experiments import lifecycle
from mqlab.experiments.protocol import Protocol
from mqlab.lab import looks
from mqlab.lab.feedback import rulebook
from mqlab.lab.fx import Exchange, exchange
from mqlab.lab.ledger_facts import ledger_facts
from mqlab.lab.quarter_definitions import lineages
from mqlab.lab.quarter_drafts import drafts
from mqlab.lab.quarter_scores import near_thresholds
from mqlab.lab.registered import begun
from mqlab.lab.standing import Standing, standing
from mqlab.leads.instants import end_of_day, micros
from mqlab.leads.tables import Facts
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.readings import readings_of, united

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

READ = 2
"""So many due looks are read, of those that nobody took; the others are told to be taken."""

STALE = timedelta(days=14)
"""Sales feedback that is older than this is missed."""

BEGINNING = timedelta(days=3)
"""A lab whose first lead comes later than that into a quarter has not all of the quarter."""

MEMORY = "1GB"
"""What the engine may take; the facts stand beside it."""


@dataclass(frozen=True)
class _Asked:
    """What is asked about, and of what."""

    lab: Lab
    quarter: Quarter
    as_of: datetime
    facts: Facts
    book: Rulebook
    last_look: int
    progress: Progress

    @property
    def zone(self) -> ZoneInfo:
        return self.lab.settings.zone


def review(
    lab: Lab,
    name: str,
    *,
    as_of: datetime,
    position: int | None,
    horizons: Horizons,
    progress: Progress,
    of_facts: Callable[[Facts], dict[str, Any]] = lambda _facts: {},
    last_look: int | None = None,
) -> tuple[Review, dict[str, Any]]:
    """What was known at `as_of` of a quarter of the lab's fiscal calendar; no look is taken and nothing is written.

    Beside it stands what `of_facts` says of the facts, such as their hash. `last_look` is the row of the last look
    that a review which is made again knew of: looks do not move the ledger's position. InputError for a quarter that
    is none or lies ahead; RefusedError where the warehouse holds the lab's tables.
    """
    found = quarter(name, lab.settings.lab.fiscal_year_start)
    if found.window(lab.settings.zone).begin > as_of:
        raise InputError(
            f"{found.name} begins on {found.first}, after the instant asked about.",
            code="QuarterAhead",
            hint="Ask about an earlier quarter, or a later --as-of.",
        )
    facts = ledger_facts(lab, "the quarterly review", as_of=as_of, position=position, progress=progress)
    with ThreadPoolExecutor(max_workers=1) as beside:
        told = beside.submit(of_facts, facts)
        made = _reviewed(
            lab, facts, found, horizons, _last_look(lab, as_of) if last_look is None else last_look, progress
        )
    return made, told.result()


def _last_look(lab: Lab, as_of: datetime) -> int:
    """The row of the last look that was recorded of any experiment; 0 where there is none."""
    return max((look.id for name in begun(lab, as_of) for look in lab.reading.looks.taken(name)), default=0)


def _reviewed(lab: Lab, facts: Facts, found: Quarter, horizons: Horizons, last_look: int, progress: Progress) -> Review:
    """The review of a quarter from the facts of the lab."""
    as_of, zone = facts.as_of, lab.settings.zone
    window, last = found.window(zone), found.before.window(zone)
    book, notes = rulebook(lab, as_of, facts.position)
    asked = _Asked(lab, found, as_of, facts, book, last_look, progress)
    plans = [trial.protocol for trial in book.trials]
    readings = united(
        [readings_of(list(book.definitions.values())),
         *(readings_for(plan, book.definitions, book.null_tokens) for plan in plans)]
    )  # fmt: skip
    with open_engine("duckdb://", memory_limit=MEMORY) as engine:
        held = held_of_facts(engine, facts, readings, merges_of(facts))
        leads = governed(
            engine, held, facts, book, created_before_us=window.end_us,
            progress=lambda done, total: progress("judging leads", done, total),
        )  # fmt: skip
        (this, before), money = cohorts(
            engine, facts, leads, [window, last], horizons,
            currency=lab.settings.lab.currency.upper(), exchange=_exchange(lab), zone=zone,
        )  # fmt: skip
        ran = tuple(_experiments(asked, engine, held, this))
    told = funnel(this, before)
    near, silent = near_thresholds(lab, facts, book, leads, this)
    revisit = Revisit(between(ran), near, silent)
    performed = performances(this, before)
    refs = [one.definition for one in performed if one.definition is not None]
    refs += [ref for one in ran for ref in one.definitions.values()]
    made = Review(
        lab=lab.settings.lab.name,
        quarter=found,
        window=window,
        last=last,
        zone=zone,
        as_of=as_of,
        position=facts.position,
        horizons=horizons,
        lateness_us=this.lateness_us,
        funnel=told,
        experiments=ran,
        definitions=performed,
        lineage=lineages(lab, list(dict.fromkeys(refs)), as_of=as_of, position=facts.position),
        spending=spending(
            this, _prices(lab, plans, ran), currency=money.currency, minor=money.minor, no_money=money.no_money
        ),
        sources=kinds.by_source(this, before),
        kinds=kinds.by_kind(this, before),
        sales=sales(facts, leads, book.definitions, window, zone=zone, hours=lab.settings.business_hours.hours(zone)),
        thresholds=revisit,
        waiting=early.waiting(told, ran, zone),
        proposals=proposals(ran, revisit, drafts(lab, facts, progress)),
        notes=(*notes, *_stale(lab, facts), *_partial(facts, found, last, zone)),
        last_look=last_look,
    )
    return made


def _stale(lab: Lab, facts: Facts) -> tuple[str, ...]:
    """A word where sales feedback ends long before the instant asked about."""
    newest = pc.max(facts.outcomes["known_at"]).as_py()
    if newest is None or facts.as_of - newest < STALE:
        return ()
    day = newest.astimezone(lab.settings.zone).date().isoformat()
    return (f"The newest sales feedback in the ledger is of {day}: what happened since is missing from every number.",)


def _partial(facts: Facts, found: Quarter, last: Window, zone: ZoneInfo) -> tuple[str, ...]:
    """A word where the leads begin within the quarter that this one is compared with."""
    first = pc.min(facts.leads["created_at"]).as_py()
    if first is None or not last.begin + BEGINNING < first < last.end:
        return ()
    day = first.astimezone(zone).date().isoformat()
    return (
        f"The first lead in the ledger is of {day}, so {found.before.name} is not whole: "
        "changes against it say little.",
    )


def _exchange(lab: Lab) -> Exchange | None:
    table = lab.settings.fx.table
    return None if table is None else exchange(lab.folder / table, lab.settings.lab.currency)


def _experiments(asked: _Asked, engine: Engine, held: Held, this: Cohort) -> Iterator[Ran]:
    """Every experiment of the quarter; a look that is due and was not taken is read, and not recorded."""
    lab, window = asked.lab, this.window
    names = list(begun(lab, asked.as_of))
    unread = READ
    for number, name in enumerate(names):
        asked.progress("reading experiments", number, len(names))
        try:
            known = standing(lab, name)
        except InputError:
            continue  # neither its file nor what was registered can be read; `check` tells
        log = [step for step in known.log if step.at <= asked.as_of]
        state = lifecycle.state(known.plan, log, at=asked.as_of)
        leads = int((this.leads.experiment == name).sum())
        if belongs(state, known.plan.enrolment_start, window.begin, window.end, leads=leads):
            found = _ran(asked, engine if unread else None, held, known, state, leads)
            unread -= bool(found.verdicts) and not found.taken
            yield found
    asked.progress("reading experiments", len(names), len(names))


def _ran(asked: _Asked, engine: Engine | None, held: Held, known: Standing, state: lifecycle.State, leads: int) -> Ran:
    """One experiment; without an engine a due look is not read."""
    lab, plan = asked.lab, known.plan
    taken = [
        look for look in lab.reading.looks.taken(plan.id)
        if look.as_of <= asked.as_of and look.position <= asked.facts.position and look.id <= asked.last_look
    ]  # fmt: skip
    last = max(taken, key=lambda look: look.as_of, default=None)
    ends = {day: end_of_day(day, ZoneInfo(plan.timezone)) for day in plan.looks.dates}
    over = state.ended_at
    due = tuple(
        day for day, end in ends.items()
        if end <= asked.as_of and (over is None or end < over) and (last is None or last.as_of < end)
    )  # fmt: skip
    result: Mapping[str, Any] | None = None if last is None else last.result
    said_at = None if last is None else last.as_of
    problem = known.problem
    if due and over is None and problem is None and engine is None:
        result, said_at = None, None
    elif due and over is None and problem is None and engine is not None:
        try:
            result, said_at = _analysed(asked, engine, held, plan), asked.as_of
        except (InputError, RefusedError) as error:
            problem = str(error).splitlines()[0].strip()
    return Ran(
        experiment=plan.id,
        title=plan.title,
        owner=plan.owner,
        state=state,
        enrolment=(plan.enrolment_from, plan.enrolment_to),
        definitions=arms(plan),
        control=plan.control,
        leads=leads,
        verdicts=() if result is None else said(result),
        said_at=said_at,
        taken=not (due and over is None),
        looks_due=() if over is not None else due,
        next_look=None if over is not None else next((day for day, end in ends.items() if end > asked.as_of), None),
        ended=next((step for step in known.log if step.step in ("stop", "decide") and step.at <= asked.as_of), None),
        problem=problem,
        marginal=() if result is None else tuple(result["marginal"]),
    )


def _analysed(asked: _Asked, engine: Engine, held: Held, plan: Protocol) -> Mapping[str, Any]:
    """An analysis of the facts at hand, as JSON; it is no look and nothing is recorded."""
    lab, facts, book = asked.lab, asked.facts, asked.book
    trial = next((one for one in book.trials if one.protocol.id == plan.id), None)
    if trial is None:
        raise RefusedError("its file was changed or is gone.", code="NotAsked")
    judged = judge_in(
        engine, held, plan, book.definitions, as_of_us=micros(facts.as_of),
        internal_domains=book.internal_domains, null_tokens=book.null_tokens, overrides=trial.overrides,
    )  # fmt: skip
    return conclude_in(
        engine, plan, book.definitions, facts, judged, timezone=asked.zone, protocol_unchanged=True,
        currency=lab.settings.lab.currency, fx=_exchange(lab),
        looks_taken=looks.taken_before(
            lab, plan.id, as_of=asked.as_of, position=facts.position, last_row=asked.last_look
        ),
    ).to_dict()  # fmt: skip


def _prices(lab: Lab, plans: Sequence[Protocol], ran: Sequence[Ran]) -> Prices | None:
    """The price list of the experiment of the quarter that started last and has one."""
    started = {one.experiment: one.state.started_at for one in ran}
    stating = [plan for plan in plans if plan.id in started and plan.costs is not None]
    if not stating:
        return None
    chosen = max(stating, key=lambda plan: (str(started[plan.id]), plan.id))
    assert chosen.costs is not None
    others = tuple(plan.id for plan in stating if plan.costs != chosen.costs)
    return Prices(chosen.costs, chosen.id, (chosen.costs.currency or lab.settings.lab.currency).upper(), others)
