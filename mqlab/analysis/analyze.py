"""One experiment analysed at one instant: protocol, definitions and facts in, `AnalysisResult` out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from ibis.expr import types as ir

from mqlab.analysis.checks import Found, run_checks
from mqlab.analysis.conditions import conditions
from mqlab.analysis.effect_split import effect_split
from mqlab.analysis.estimate_rows import metric_rows
from mqlab.analysis.histories import merges_of
from mqlab.analysis.judge import Judged, Progress, judge
from mqlab.analysis.judge_in_engine import held_of_facts, judge_in, readings_for
from mqlab.analysis.looks import TakenLook, planned_leads, schedule
from mqlab.analysis.maturity import Clock, FollowUp, clock
from mqlab.analysis.mixes import leak_rows, mix_rows
from mqlab.analysis.money_rows import money_report
from mqlab.analysis.outcome_rows import Exchange, OutcomeMoney, outcome_rows
from mqlab.analysis.pictures import break_even, funnel_rows, marginal_rows, stratum_rows
from mqlab.analysis.rare_wins import rare_wins
from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.segment_rows import adjusted, heterogeneity, segment_rows
from mqlab.analysis.study import Standing, Study
from mqlab.analysis.verdict import verdict_of
from mqlab.definitions.model import Definition
from mqlab.experiments.metrics import declared, horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.leads.instants import DAY_US, iso, micros
from mqlab.leads.tables import Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse.dataset import Dataset, Money, Plan, build, build_in
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.head_counts import by_follow_up, enrolled
from mqlab.warehouse.judged import JudgedLeads

MANY_LEADS = 10_000
"""From so many leads on their definitions are compiled and run in DuckDB; fewer are judged sooner one by one."""


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
    if facts.leads.num_rows >= MANY_LEADS:
        with open_engine("duckdb://", memory_limit=memory_limit) as engine:
            readings = readings_for(protocol, definitions, null_tokens)
            compiled = judge_in(
                engine,
                held_of_facts(engine, facts, readings, merges_of(facts)),
                protocol,
                definitions,
                as_of_us=micros(facts.as_of),
                internal_domains=internal_domains,
                null_tokens=null_tokens,
                overrides=overrides,
                progress=progress,
            )
            return _conclude_in(
                engine,
                protocol,
                definitions,
                facts,
                compiled,
                timezone=timezone,
                protocol_unchanged=protocol_unchanged,
                currency=currency,
                fx=fx,
                looks_taken=looks_taken,
            )
    judged = judge(
        protocol,
        definitions,
        facts,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        overrides=overrides,
        progress=progress,
    )
    return conclude(
        protocol,
        definitions,
        facts,
        judged,
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
    time = clock(facts.outcomes, facts.as_of)
    money = money_metrics(protocol)
    reported = reported_currency(protocol, currency)
    rows = outcome_rows(facts.outcomes, judged.person, currency=reported, lab_currency=currency.upper(), exchange=fx)
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


def _conclude_in(
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
    """As `conclude`, from leads that an engine judged and facts of a ledger."""
    time = clock(facts.outcomes, facts.as_of)
    rows = outcome_rows(
        facts.outcomes,
        judged.person,
        currency=reported_currency(protocol, currency),
        lab_currency=currency.upper(),
        exchange=fx,
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


def concluded(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    standing: Standing,
    judged: Judged | JudgedLeads,
    dataset: Dataset,
    events: ir.Table,
    outcomes: OutcomeMoney,
    time: Clock,
    *,
    money: Sequence[Metric],
    timezone: ZoneInfo,
    protocol_unchanged: bool | None,
    looks_taken: Sequence[TakenLook],
) -> AnalysisResult:
    """From the one row per lead of a data set to the result; `events` (`lead_id`, `name`) are those of the persons."""
    counted = Counter[str]()
    for (_, arm), leads in enrolled(dataset).items():
        counted[arm] += leads
    follow_up = FollowUp.of(
        {arm.name: counted[arm.name] for arm in protocol.arms}, partial(by_follow_up, dataset), time
    )
    study = Study(
        protocol=protocol,
        definitions=definitions,
        judged=judged,
        dataset=dataset,
        events=events,
        outcomes=outcomes,
        money_number={metric: number for number, metric in enumerate(money)},
        clock=time,
        follow_up=follow_up,
        schedule=schedule(protocol, standing.as_of, looks_taken, timezone),
        maximum_leads=planned_leads(protocol, follow_up, standing.as_of),
        unmatched_outcomes=standing.unmatched_outcomes,
    )
    found = run_checks(study, protocol_unchanged=protocol_unchanged)
    return _result(study, standing, found)


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


def _result(study: Study, standing: Standing, found: Found) -> AnalysisResult:
    protocol = study.protocol
    rows: list[MetricRow] = []
    notes = _notes(study)
    challengers = [arm.name for arm in protocol.challengers]
    for arm in challengers:
        deciding = found.deciding[arm]
        rows.extend(metric_rows(study, arm, deciding))
        segments = segment_rows(study, arm, deciding)
        rows.extend(segments)
        for name in protocol.segments:
            if said := heterogeneity(segments, name, deciding):
                notes.append(said)
    rows = list(adjusted(rows, found.deciding))
    return AnalysisResult(
        experiment=protocol.id,
        title=protocol.title,
        as_of=standing.as_of,
        ledger=standing.position,
        engine=study.dataset.engine,
        control=protocol.control,
        checks=found.checks,
        strata=tuple(row for arm in challengers for row in stratum_rows(study, arm)),
        metrics=tuple(rows),
        verdicts={arm: verdict_of(study, rows, arm, found.deciding[arm], found.blocks[arm]) for arm in challengers},
        marginal=tuple(row for arm in challengers for row in marginal_rows(study, arm)),
        funnel=funnel_rows(study),
        excluded=_excluded(study),
        counts=_counts(study, standing),
        notes=tuple(notes),
        break_even={arm: break_even(study, arm, found.deciding[arm]) for arm in challengers},
        leak=tuple(row for arm in challengers for row in leak_rows(study, arm)),
        mix=mix_rows(study),
        conditions=conditions(study, found.checks),
        deciding=dict(found.deciding),
        split={arm: effect_split(study, arm) for arm in challengers},
        accounts=dict(found.accounts),
        rare_wins={arm: rare_wins(study, arm) for arm in challengers},
        money={arm: behind for arm in challengers if (behind := money_report(study, arm)) is not None},
    )


def _excluded(study: Study) -> dict[str, int]:
    """What is known and not counted."""
    return {
        **study.judged.excluded,
        "phase_lacking_arm": sum(_lacking(study).values()),
        "outcome_before_assignment": sum(row.rows for row in study.log if row.fate == "before_assignment"),
    }


def _lacking(study: Study) -> dict[int, int]:
    """Leads of the phases in which an arm has nobody, by phase."""
    counted = enrolled(study.dataset)
    arms = {arm.name for arm in study.protocol.arms if arm.weight > 0}
    found: dict[int, int] = {}
    for phase in sorted({phase for phase, _ in counted}):
        if any(not counted.get((phase, arm)) for arm in arms):
            found[phase] = sum(n for (other, _), n in counted.items() if other == phase)
    return found


def _counts(study: Study, standing: Standing) -> dict[str, Any]:
    """How many leads and outcome rows there are, and what became of them."""
    judged, protocol = study.judged, study.protocol
    outcomes: dict[str, dict[str, int]] = {}
    for row in study.log:
        outcomes.setdefault(row.kind, {})[row.fate] = row.rows
    return {
        "leads": judged.leads,
        "enrolled": study.follow_up.leads,
        "enrolled_by_arm": dict(study.follow_up.leads_of),
        "not_enrolled": dict(judged.out),
        "outcomes": {kind: {"in_log": sum(fates.values()), **fates} for kind, fates in outcomes.items()},
        "unmatched_outcomes": standing.unmatched_outcomes,
        "quarantined": standing.quarantined,
        "cut_off": iso(standing.as_of - timedelta(microseconds=study.clock.lateness_us or 0)),
        "lateness_days": None if study.clock.lateness_us is None else study.clock.lateness_us / DAY_US,
        "maximum_leads": study.maximum_leads,
        "looks": len(study.schedule.looks_us),
        "planned_end": study.schedule.final,
        "overrun": study.schedule.overrun,
        "alpha": {arm.name: study.alpha(arm.name) for arm in protocol.challengers},
        "currency": study.outcomes.currency,
    }


def _notes(study: Study) -> list[str]:
    """What a reader has to know beside the numbers."""
    notes = []
    for phase, leads in _lacking(study).items():
        notes.append(f"phase {phase} lacks an arm: its {leads:,} leads are left out")
    if study.schedule.missed:
        days = ", ".join(str(day) for day in study.schedule.missed)
        notes.append(f"nobody looked on {days}: a look that was missed has spent nothing")
    primary = study.protocol.primary
    horizon = study.horizon(primary)
    if any(not study.complete(each.name, horizon) for each in study.protocol.challengers):
        notes.append(
            f"strata, where the definitions part, the funnel and the split count leads followed for {horizon} days"
        )
    for arm in (each.name for each in study.protocol.challengers):
        if study.boundary(arm, study.horizon(primary), primary).decided_before:
            notes.append(f"{arm}: an earlier look spent all of alpha; what it said stands, this look only publishes")
    if study.clock.lateness_us is None:
        notes.append("lateness unknown: no outcome row has a real arrival time")
    if study.by_account:
        notes.append("accounts are randomised; strata and the funnel count their leads")
    if study.protocol.looks.maximum_leads is None:
        notes.append(f"no maximum of leads is declared; information is counted against {study.maximum_leads:,}")
    return notes
