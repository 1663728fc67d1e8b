"""What the scores and signals of each definition have to do with SQLs and wins, over leads of every arm: description.

A lead is read at the first instant at which any arm's definition fired, before any arm had acted on it; where none
did, at its last activity in which it could have qualified. So neither score nor signal depends on the lead's arm. Up
to `MOST` leads are read, drawn by a hash of their unit, of those that were followed long enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.analyze import dataset_plan, lead_rows, places, reported_currency
from mqlab.analysis.claims import settled
from mqlab.analysis.curves import counted_within
from mqlab.analysis.explored import Explored, Read
from mqlab.analysis.histories import histories
from mqlab.analysis.judge import judge, qualified_column, reads_account
from mqlab.analysis.maturity import clock, feedback_since
from mqlab.analysis.movers import movers
from mqlab.analysis.outcome_rows import Exchange, outcome_rows
from mqlab.analysis.rejected_rules import RuleRejections, by_rule, made_by
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.model import Definition
from mqlab.definitions.prepare import Prepared, prepare
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import instant, micros
from mqlab.leads.tables import Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse.census import first_rejections
from mqlab.warehouse.compiled import fetched
from mqlab.warehouse.dataset import build

MOST = 3_000
"""So many judgements are explained in all: leads times definitions."""

READS_ACCOUNTS = NotEstimable("reads_accounts", "Its scores hang on other leads of the account.")
NOT_DUE = NotEstimable("too_early", "No lead has been followed for the whole horizon yet.")


@dataclass(frozen=True, slots=True)
class _Row:
    lead_id: str
    arm: str
    assigned_us: int
    fired_us: int | None
    qualified_us: int | None
    handed: bool
    rejected: str | None
    sql: bool
    won: bool | None


def explore(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    *,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    overrides: Mapping[str, str],
    currency: str,
    fx: Exchange | None,
    memory_limit: str | None = None,
) -> Explored:
    """Scores, near misses, signals and the frontier of every arm's definition; what cannot be told has its reason."""
    refs = tuple(dict.fromkeys(arm.definition for arm in protocol.arms))
    days = counted_within(protocol, "sql"), counted_within(protocol, "won")
    part = _drawn(facts, protocol, max(100, MOST // len(refs)))
    known_leads = histories(part)
    judged = judge(
        protocol,
        definitions,
        part,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        overrides=overrides,
        known=known_leads,
    )
    time = clock(facts.outcomes, facts.as_of, feedback_since(protocol))
    own = settled(part, judged.person, partial(places, judged.table))
    outcomes = outcome_rows(
        own.outcomes,
        judged.person,
        currency=reported_currency(protocol, currency),
        lab_currency=currency.upper(),
        exchange=fx,
        crossing=own.crossing,
        since=feedback_since(protocol),
    )
    plan = dataset_plan(protocol, time, outcomes.minor)
    with build(lead_rows(protocol, definitions, judged), outcomes.table, plan, memory_limit=memory_limit) as dataset:
        leads = dataset.leads
        said = first_rejections(dataset, days[0])
        answered = leads.left_join(said, leads.lead_id == said.rejected_lead)
        known = fetched(answered.select("lead_id", "follow_up", "age_sql", "age_won", "handed_us", "code"))
    rows = [row for row in _rows(protocol, judged.table, known, days) if row.lead_id not in judged.person.values()]
    told: dict[str, tuple[Read, ...]] = {}
    rejections: list[RuleRejections] = []
    silent: list[tuple[str, NotEstimable]] = []
    leads_read = {row.lead_id: prepare(known_leads.by_id[row.lead_id]) for row in rows}
    for ref in refs:
        if reads_account(definitions[ref]):
            silent.append((ref, READS_ACCOUNTS))
        elif not rows:
            silent.append((ref, NOT_DUE))
        else:
            told[ref] = tuple(_read(protocol, definitions[ref], rows, leads_read, facts))
            rejections += by_rule(ref, _answered(protocol, definitions[ref], rows, leads_read))
    arms = {ref: tuple(arm.name for arm in protocol.arms if arm.definition == ref) for ref in refs}
    found = Explored.of(definitions, arms, told, tuple(silent), days, protocol.alpha)
    moving = movers(protocol, definitions, judged.table, known_leads.by_id.__getitem__)
    return replace(
        found, movers=moving, rejections=tuple(rejections) if any(one.rejected for one in rejections) else ()
    )


def _rows(protocol: Protocol, judged: pa.Table, known: pa.Table, days: tuple[int, int]) -> Iterator[_Row]:
    """The leads followed for the horizon of SQLs, by id; `won` is None where deals have days left."""
    found = {row["lead_id"]: row for row in known.to_pylist()}
    arms = [arm.name for arm in protocol.arms]
    columns = [judged[qualified_column(arm)].cast(pa.int64()).to_pylist() for arm in arms]
    fired = [min((at for at in ats if at is not None), default=None) for ats in zip(*columns, strict=True)]
    assigned, own = (judged[column].cast(pa.int64()).to_pylist() for column in ("assigned_at", "qualified_at"))
    names, of = judged["lead_id"].to_pylist(), judged["arm"].to_pylist()
    for name, arm, at, first, qualified in zip(names, of, assigned, fired, own, strict=True):
        row = found.get(name)
        if row is None or row["follow_up"] < days[0]:
            continue
        sql, won = (row[f"age_{stage}"] for stage in ("sql", "won"))
        yield _Row(
            name,
            arm,
            at,
            first,
            qualified,
            row["handed_us"] is not None,
            row["code"],
            sql is not None and sql <= days[0],
            None if row["follow_up"] < days[1] else won is not None and won <= days[1],
        )


def _read(
    protocol: Protocol, definition: Definition, rows: Sequence[_Row], by_id: Mapping[str, Prepared], facts: Facts
) -> Iterator[Read]:
    evaluator = Evaluator(definition)
    now_us = micros(facts.as_of)
    own = {arm.name for arm in protocol.arms if arm.definition == definition.ref}
    for row in rows:
        lead = by_id[row.lead_id]
        at_us = row.fired_us
        if at_us is None:
            last = min(now_us, row.assigned_us + protocol.qualify_within_us - 1)
            seen = (max(micros(event.occurred_at), micros(event.known_at)) for event in lead.history.events)
            at_us = max((at for at in seen if at <= last), default=row.assigned_us)
        found = evaluator.read(lead, as_of=instant(max(at_us, row.assigned_us)), start=instant(row.assigned_us))
        yield Read(
            row.handed and row.arm in own and found.path == "score",
            found.path,
            row.sql,
            row.won,
            found.scores,
            found.rules,
        )


def _answered(
    protocol: Protocol, definition: Definition, rows: Sequence[_Row], by_id: Mapping[str, Prepared]
) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Of each lead that the definition's own arm handed over: what made it qualify, and why it was rejected."""
    evaluator = Evaluator(definition)
    own = {arm.name for arm in protocol.arms if arm.definition == definition.ref}
    for row in rows:
        if row.handed and row.arm in own and row.qualified_us is not None:
            at, start = instant(row.qualified_us), instant(row.assigned_us)
            decision = evaluator.decide(by_id[row.lead_id], as_of=at, start=start)
            if decision.path is not None:
                yield made_by(decision.path, decision), row.rejected


def _drawn(facts: Facts, protocol: Protocol, most: int) -> Facts:
    """The facts of leads that arrived within the enrolment, drawn by unit, with everything about their accounts.

    More are drawn than wanted, as some are not enrolled; the share that is out is that of coverage and layer.
    """
    created = facts.leads["created_at"].cast(pa.int64())
    inside = pc.and_(
        pc.greater_equal(created, micros(protocol.enrolment_start)),
        pc.less_equal(created, micros(protocol.enrolment_end)),
    )
    arrived = facts.leads.filter(inside)
    by_account = protocol.unit == "account"
    names = arrived["lead_id"].to_pylist()
    accounts = arrived["account_key"].to_pylist() if by_account else names
    keys = [account or name for name, account in zip(names, accounts, strict=True)]
    drawn: set[str] = set()
    wanted = int(most / max(0.05, _share_in(protocol)))
    counted: dict[str, int] = {}
    for key in keys:
        counted[key] = counted.get(key, 0) + 1
    taken = 0
    for key in sorted(counted, key=lambda one: _lot(protocol.salt, one)):
        if taken >= wanted:
            break
        drawn.add(key)
        taken += counted[key]
    everybody = facts.leads["lead_id"].to_pylist()
    of = facts.leads["account_key"].to_pylist() if by_account else everybody
    return only(facts, [name for name, key in zip(everybody, of, strict=True) if (key or name) in drawn])


def _share_in(protocol: Protocol) -> float:
    """About which share of the arrivals an experiment takes in: its last coverage, and its slice of the layer."""
    coverage = float(protocol.phases[-1].coverage) if protocol.phases else 1.0
    return coverage * (1.0 if protocol.layer is None else float(protocol.layer.high - protocol.layer.low))


def only(facts: Facts, leads: Collection[str]) -> Facts:
    """The facts of some leads, as if there were no merges."""
    ids = pa.array(sorted(leads), pa.string())
    chosen: dict[str, Any] = {
        name: getattr(facts, name).filter(pc.is_in(getattr(facts, name)["lead_id"], value_set=ids))
        for name in ("leads", "field_changes", "events", "outcomes")
    }
    return replace(facts, **chosen, identity=facts.identity.slice(0, 0))


def _lot(salt: str, unit: str) -> bytes:
    return hashlib.sha256(f"{salt}\0explore\0{unit}".encode()).digest()
