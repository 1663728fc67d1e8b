"""One experiment analysed at one instant: protocol, definitions and facts in, `AnalysisResult` out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr import types as ir

from mqlab.analysis.bystanders import concerned
from mqlab.analysis.claims import Place, settled
from mqlab.analysis.conclusion import concluded
from mqlab.analysis.histories import merges_of
from mqlab.analysis.judge import Judged, Progress, judge
from mqlab.analysis.judge_in_engine import held_of_facts, judge_in, readings_for
from mqlab.analysis.looks import TakenLook
from mqlab.analysis.maturity import Clock, clock, feedback_since
from mqlab.analysis.outcome_rows import Exchange, outcome_rows
from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.study import Standing
from mqlab.definitions.model import Definition
from mqlab.experiments.metrics import declared, horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse.dataset import Money, Plan, build, build_in
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.judged import JudgedLeads

MANY_LEADS = 10_000
"""From so many leads on their definitions are compiled and run in DuckDB; fewer are judged sooner one by one. Leads
that came before or after the enrolment do not count."""


def analyze(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    *,
    timezone: ZoneInfo,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    overrides: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    protocol_unchanged: bool | None = None,
    currency: str = "EUR",
    fx: Exchange | None = None,
    looks_taken: Sequence[TakenLook] = (),
    memory_limit: str | None = None,
    progress: Progress | None = None,
) -> AnalysisResult:
    """Everything that can be said about `protocol` from `facts`, standing at `facts.as_of`.

    `definitions` holds every arm's by `id@version`; `timezone` and `currency` are the lab's. `overrides` give units
    their arm (they are left out). `protocol_unchanged`: whether protocol and definitions are those locked at the
    start, None before it. `fx(from, to, day)` is the lab's table of rates. `looks_taken` are the recorded earlier
    looks; the declared looks need not be among them. `memory_limit` bounds the engine, such as
    "4GB". `progress` is called with how much is judged and how much there is: leads, or slices of them.

    What cannot be said is a reason in its own row; nothing is NaN and nothing is left out. Same input, same bytes.
    """
    overrides = dict(overrides)
    known = concerned(protocol, definitions, facts, overrides)
    if known.facts.leads.num_rows >= MANY_LEADS:
        with open_engine("duckdb://", memory_limit=memory_limit) as engine:
            readings = readings_for(protocol, definitions, null_tokens)
            compiled = judge_in(
                engine,
                held_of_facts(engine, known.facts, readings, merges_of(facts)),
                protocol,
                definitions,
                as_of_us=micros(facts.as_of),
                internal_domains=internal_domains,
                null_tokens=null_tokens,
                overrides=overrides,
                progress=progress,
            )
            return conclude_in(
                engine,
                protocol,
                definitions,
                facts,
                known.counted(compiled),
                timezone=timezone,
                protocol_unchanged=protocol_unchanged,
                currency=currency,
                fx=fx,
                looks_taken=looks_taken,
            )
    judged = judge(
        protocol,
        definitions,
        known.facts,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        overrides=overrides,
        progress=progress,
    )
    return conclude(
        protocol,
        definitions,
        facts,
        known.counted(judged),
        timezone=timezone,
        protocol_unchanged=protocol_unchanged,
        currency=currency,
        fx=fx,
        looks_taken=looks_taken,
        memory_limit=memory_limit,
    )


def conclude(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    judged: Judged,
    *,
    timezone: ZoneInfo,
    protocol_unchanged: bool | None = None,
    currency: str = "EUR",
    fx: Exchange | None = None,
    looks_taken: Sequence[TakenLook] = (),
    memory_limit: str | None = None,
) -> AnalysisResult:
    """The second half of `analyze`: from judged leads and sales feedback to the result."""
    time = clock(facts.outcomes, facts.as_of, feedback_since(protocol))
    money = money_metrics(protocol)
    reported = reported_currency(protocol, currency)
    own = settled(facts, judged.person, partial(places, judged.table))
    rows = outcome_rows(
        own.outcomes,
        judged.person,
        currency=reported,
        lab_currency=currency.upper(),
        exchange=fx,
        zone=timezone,
        since=feedback_since(protocol),
        crossing=own.crossing,
    )
    plan = dataset_plan(protocol, time, rows.minor)
    with build(lead_rows(protocol, definitions, judged), rows.table, plan, memory_limit=memory_limit) as dataset:
        events = dataset.place.load("events_of_persons", _events_of_persons(facts, judged.person))
        return concluded(
            protocol,
            definitions,
            Standing(facts.as_of, facts.position, facts.unmatched_outcomes, facts.quarantined),
            judged,
            dataset,
            events,
            rows,
            time,
            money=money,
            timezone=timezone,
            protocol_unchanged=protocol_unchanged,
            looks_taken=looks_taken,
        )


def conclude_in(
    engine: Engine,
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    judged: JudgedLeads,
    *,
    timezone: ZoneInfo,
    protocol_unchanged: bool | None,
    currency: str,
    fx: Exchange | None,
    looks_taken: Sequence[TakenLook],
) -> AnalysisResult:
    """As `conclude`, from leads that an engine judged and facts of a ledger; the engine stays open."""
    time = clock(facts.outcomes, facts.as_of, feedback_since(protocol))
    own = settled(facts, judged.person, partial(_places_in, engine, judged.table))
    rows = outcome_rows(
        own.outcomes,
        judged.person,
        currency=reported_currency(protocol, currency),
        lab_currency=currency.upper(),
        exchange=fx,
        zone=timezone,
        since=feedback_since(protocol),
        crossing=own.crossing,
    )
    outcomes = engine.load("outcome_facts", rows.table)
    with build_in(engine, judged.table, outcomes, dataset_plan(protocol, time, rows.minor)) as dataset:
        return concluded(
            protocol,
            definitions,
            Standing(facts.as_of, facts.position, facts.unmatched_outcomes, facts.quarantined),
            judged,
            dataset,
            engine.load("events_of_persons", _events_of_persons(facts, judged.person)),
            rows,
            time,
            money=money_metrics(protocol),
            timezone=timezone,
            protocol_unchanged=protocol_unchanged,
            looks_taken=looks_taken,
        )


def places(table: pa.Table, leads: Collection[str]) -> Mapping[str, Place]:
    """Where those of `leads` that are analysed belong."""
    found = table.select(["lead_id", "arm", "assigned_at"])
    found = found.filter(pc.is_in(found["lead_id"], value_set=pa.array(sorted(leads), pa.string())))
    columns = (found["lead_id"], found["arm"], found["assigned_at"].cast(pa.int64()))
    return {lead: (arm, at) for lead, arm, at in zip(*(column.to_pylist() for column in columns), strict=True)}


def _places_in(engine: Engine, table: ir.Table, leads: Collection[str]) -> Mapping[str, Place]:
    """As `places`, of leads that an engine judged."""
    ids = engine.load("claimants", pa.table({"claimant": pa.array(sorted(leads), pa.string())}))
    found = engine.fetched(table.semi_join(ids, table.lead_id == ids.claimant).select("lead_id", "arm", "assigned_us"))
    engine.drop("claimants")
    return {row["lead_id"]: (row["arm"], row["assigned_us"]) for row in found.to_pylist()}


def dataset_plan(protocol: Protocol, time: Clock, minor: int) -> Plan:
    """What the data set must hold for a protocol; `minor` units make one of the reported currency."""
    money = money_metrics(protocol)
    return Plan(
        as_of_us=time.as_of_us,
        cut_off_us=time.cut_off_us,
        effort_horizons=tuple(
            sorted({horizon_days(m, protocol) for m in declared(protocol) if m.metric == "effort_per_win"})
        ),
        money=(
            *(
                Money(horizon_days(metric, protocol), None if metric.cap is None else int(metric.cap * minor))
                for metric in money
            ),
            *(Money(horizon_days(metric, protocol), None) for metric in money),
        ),
        since_us=micros(feedback_since(protocol)),
    )


def reported_currency(protocol: Protocol, currency: str) -> str:
    """The currency of the declared revenue metrics, else the lab's."""
    return (next((metric.currency for metric in money_metrics(protocol) if metric.currency), None) or currency).upper()


def _events_of_persons(facts: Facts, person: Mapping[str, str]) -> pa.Table:
    """Who did what, each once; merged ids as the id that stands for them."""
    pairs = facts.events.select(["lead_id", "name"]).group_by(["lead_id", "name"]).aggregate([])
    if not person:
        return pairs
    ids = [person.get(lead_id, lead_id) for lead_id in pairs["lead_id"].to_pylist()]
    return pairs.set_column(0, "lead_id", pa.array(ids, pa.string()))


def lead_rows(protocol: Protocol, definitions: Mapping[str, Definition], judged: Judged) -> pa.Table:
    """The judged leads as the warehouse takes them: integer microseconds, hand-over at the end of the own batch."""
    table = judged.table
    qualified = table["qualified_at"].cast(pa.int64())
    handed = [
        None if at is None else (at // protocol.cadence_us + 1) * protocol.cadence_us for at in qualified.to_pylist()
    ]
    promised = {
        arm.name: None if (handoff := definitions[arm.definition].handoff) is None else handoff.first_touch_us
        for arm in protocol.arms
    }
    columns = {
        "lead_id": table["lead_id"],
        "unit": table["unit"],
        "arm": table["arm"],
        "phase": table["phase"],
        "assigned_us": table["assigned_at"].cast(pa.int64()),
        "qualified_us": qualified,
        "handed_us": pa.array(handed, pa.int64()),
        "sla_us": pa.array([promised[arm] for arm in table["arm"].to_pylist()], pa.int64()),
    }
    extra = [name for name in table.column_names if name.startswith(("stratum:", "segment:"))]
    return pa.table({**columns, **{name: table[name] for name in extra}})


def money_metrics(protocol: Protocol) -> tuple[Metric, ...]:
    """The declared revenue metrics, each once."""
    return tuple(dict.fromkeys(metric for metric in declared(protocol) if metric.metric == "revenue_per_lead"))
