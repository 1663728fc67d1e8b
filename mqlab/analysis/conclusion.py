"""The result of an experiment, from the one row per lead of its data set: checks, rows, verdicts, notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from ibis.expr import types as ir

from mqlab.analysis.checks import Found, run_checks
from mqlab.analysis.conditions import conditions
from mqlab.analysis.curves import curves
from mqlab.analysis.effect_split import effect_split
from mqlab.analysis.estimate_rows import metric_rows
from mqlab.analysis.judge import Judged
from mqlab.analysis.looks import TakenLook, planned_leads, schedule
from mqlab.analysis.maturity import Clock, FollowUp
from mqlab.analysis.mixes import leak_rows, mix_rows
from mqlab.analysis.money_rows import money_report
from mqlab.analysis.outcome_rows import OutcomeMoney, with_rates
from mqlab.analysis.pictures import break_even, funnel_rows, marginal_rows, stratum_rows
from mqlab.analysis.rare_wins import rare_wins
from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.sales_work import flow_rows, promise_rows
from mqlab.analysis.segment_rows import adjusted, heterogeneity, segment_rows
from mqlab.analysis.study import Standing, Study
from mqlab.analysis.verdict import verdict_of
from mqlab.definitions.model import Definition
from mqlab.definitions.wording import plural
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.leads.instants import DAY_US, iso
from mqlab.warehouse.dataset import Dataset
from mqlab.warehouse.head_counts import by_follow_up, enrolled
from mqlab.warehouse.judged import JudgedLeads


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
        outcomes=with_rates(outcomes, dataset),
        money_number={metric: number for number, metric in enumerate(money)},
        clock=time,
        follow_up=follow_up,
        schedule=schedule(protocol, standing.as_of, looks_taken, timezone),
        maximum_leads=planned_leads(protocol, follow_up, standing.as_of),
        unmatched_outcomes=standing.unmatched_outcomes,
    )
    found = run_checks(study, protocol_unchanged=protocol_unchanged)
    return _result(study, standing, found)


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
        curves=curves(study),
        promises=promise_rows(study),
        flow=flow_rows(study),
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
        notes.append(f"phase {phase} lacks an arm and is left out, with {plural(leads, 'lead')}")
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
