"""From declared metrics to rows: one per (metric, horizon, arm, segment, estimator), whatever can or cannot be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from mqlab.analysis import accounts, amounts, delays, rates
from mqlab.analysis.adjust import per_lead_adjusted
from mqlab.analysis.beside import always_valid_row, clash, reading_row
from mqlab.analysis.comparison import Comparison, a_number, finite, without
from mqlab.analysis.followed_leads import FollowedLeads
from mqlab.analysis.looks import Boundary
from mqlab.analysis.rates import DESCRIPTIVE, joined
from mqlab.analysis.result_rows import ArmValue, MetricRow
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import METRICS, declared, kind_of
from mqlab.experiments.protocol import Metric, MetricName
from mqlab.leads.instants import DAY_US
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse.sufficient import Cell, UnitRow

Role = Literal["primary", "then", "beside", "guardrail", "segment"]
Estimator = Literal["itt", "triggered"]


def metric_rows(study: Study, arm: str, deciding: Estimator) -> Iterator[MetricRow]:
    """Every declared metric of one challenger; `deciding` is the estimator of the row that decides."""
    protocol = study.protocol
    yield from _rows(study, protocol.primary, "primary", arm, deciding)
    before = protocol.primary.metric
    for metric in protocol.then:
        for row in _rows(study, metric, "then", arm, deciding):
            yield replace(row, note=joined(row.note, f"tested only after {before}"))
        before = metric.metric
    shown = {(metric.metric, study.horizon(metric)) for metric in (protocol.primary, *protocol.then)}
    for metric in (*((protocol.precision,) if protocol.precision else ()), *protocol.beside):
        if (metric.metric, study.horizon(metric)) not in shown:
            shown.add((metric.metric, study.horizon(metric)))
            yield from _rows(study, metric, "beside", arm, deciding)
    for metric in protocol.guardrails:
        yield from _rows(study, metric, "guardrail", arm, deciding)
    for metric in _always_asked(study):
        yield from _rows(study, metric, "beside", arm, deciding)


ASKED_FIRST: tuple[MetricName, ...] = ("sql_per_lead", "won_per_lead", "sql_per_mql", "won_per_mql", "mql_per_lead")


def _always_asked(study: Study) -> Iterator[Metric]:
    """What readers ask for first, where the protocol does not declare it: MQL→SQL, closed-won, and their volume."""
    known = {metric.metric for metric in declared(study.protocol)}
    return (Metric(name) for name in ASKED_FIRST if name not in known)


def estimators(study: Study, metric: Metric) -> tuple[Estimator, ...]:
    """Which estimators a metric has: the triggered one needs a mean over assigned leads, or a share of MQLs."""
    kind = kind_of(metric)
    if kind.denominator == "lead" or (kind.denominator == "mql" and not study.by_account):
        return ("itt", "triggered")
    return ("itt",)


def compare(study: Study, metric: Metric, arm: str, estimator: Estimator) -> Comparison:
    """The metric compared in the control and `arm`, all phases together."""
    kind, horizon = kind_of(metric), study.horizon(metric)
    if kind.name == "revenue_per_lead":
        return _revenue(study, metric, arm, estimator)
    if kind.name == "effort_per_win":
        return _effort(study, horizon, arm)
    if kind.name == "touched_within_sla":
        return _in_time(study, horizon, arm)
    stage = delays.stage_of(metric)
    if study.by_account:
        if stage is None or study.complete(arm, horizon):
            return _of_accounts(study, metric, arm, estimator, study.units(arm, horizon))
        rows = study.followed(arm, horizon, stage, by_unit=True)
        return delays.per_lead_accounts(rows, study.control, arm, horizon, triggered=estimator == "triggered")
    if stage is None:
        return _of_mqls(study, metric, arm, estimator, study.cells(arm, horizon))
    covariate = study.protocol.post_stratify
    if covariate is not None and estimator == "itt" and study.complete(arm, horizon):
        cells = rates.comparable(study.cells(arm, horizon, covariate), study.control, arm)
        return per_lead_adjusted(cells, study.control, arm, rates.numerator(metric.metric), by=covariate)
    return _of_leads(study, arm, estimator, horizon, study.followed(arm, horizon, stage))


def segment_comparison(
    study: Study, metric: Metric, arm: str, estimator: Estimator, segment: str, values: frozenset[str | None]
) -> Comparison:
    """A stage per assigned lead among the leads whose segment has one of `values`."""
    horizon, stage = study.horizon(metric), delays.stage_of(metric)
    if stage is None:
        raise ValueError(f"{metric.metric} is no share of assigned leads")
    if study.by_account:
        if study.complete(arm, horizon):
            units = tuple(row for row in study.units(arm, horizon, segment) if row.segment in values)
            return _of_accounts(study, metric, arm, estimator, units)
        inside = study.followed(arm, horizon, stage, segment=segment, by_unit=True).in_segment(values)
        return delays.per_lead_accounts(inside, study.control, arm, horizon, triggered=estimator == "triggered")
    rows = study.followed(arm, horizon, stage, segment=segment).in_segment(values)
    return _of_leads(study, arm, estimator, horizon, rows)


def row_of(
    study: Study,
    metric: Metric,
    role: Role,
    arm: str,
    estimator: Estimator,
    comparison: Comparison,
    *,
    primary: bool = False,
    segment: str | None = None,
) -> MetricRow:
    """A comparison as a row: repeated limits at this look, repeated p, the plain p at the planned end."""
    kind, horizon = METRICS[metric.metric], study.horizon(metric)
    alpha = study.protocol.alpha if role == "guardrail" else study.alpha(arm)
    due = study.due(arm, horizon)
    if not due:
        comparison = _not_due(study, metric, arm, comparison)
    boundary: Boundary = study.boundary(arm, horizon, metric)
    z = boundary.z(alpha)
    repeated, fixed = boundary.p_values(a_number(comparison.p_value))
    beside = due and role in ("primary", "then")
    absolute = finite(comparison.difference(z))
    return MetricRow(
        metric=metric.metric,
        role=role,
        primary=primary,
        estimator=estimator,
        horizon_days=horizon,
        arm=arm,
        segment=segment,
        control=comparison.control,
        treatment=comparison.treatment,
        absolute=absolute,
        relative=finite(comparison.relative(z)),
        p_value=repeated,
        p_fixed=fixed,
        method=comparison.method,
        look=boundary.look(alpha) if due else None,
        note=joined(
            comparison.note, _level(study, alpha) if role == "primary" else "", clash(absolute, repeated, alpha)
        ),
        margin=metric.margin.size if metric.margin and role in ("guardrail", "primary") else None,
        margin_in=metric.margin.kind if metric.margin and role in ("guardrail", "primary") else None,
        unit=kind.unit,
        currency=study.outcomes.currency if kind.unit == "money" else None,
        always_valid=always_valid_row(study, metric, arm, estimator, comparison, boundary) if beside else None,
        reading=reading_row(comparison) if beside else None,
    )


def _rows(study: Study, metric: Metric, role: Role, arm: str, deciding: Estimator) -> Iterator[MetricRow]:
    offered = estimators(study, metric)
    for estimator in offered:
        comparison = compare(study, metric, arm, estimator)
        primary = role == "primary" and estimator == (deciding if deciding in offered else offered[0])
        yield row_of(study, metric, role, arm, estimator, comparison, primary=primary)


def _level(study: Study, alpha: float) -> str:
    """What p has to be compared with where several challengers share the error."""
    return (
        ""
        if alpha == study.protocol.alpha
        else f"several challengers: limits at Dunnett's level, p against {alpha:.3f}"
    )


def _not_due(study: Study, metric: Metric, arm: str, comparison: Comparison) -> Comparison:
    """The same leads, and the reason why they cannot be read yet."""
    sides = (comparison.control, comparison.treatment)
    day = study.due_on(arm, metric)
    leads = {name: study.follow_up.leads_of[name] for name in (study.control, arm)}
    if not study.follow_up.leads:
        reason = NotEstimable("no_units", "Nobody is enrolled yet.")
    elif not any(leads.values()):
        reason = NotEstimable("no_units", f"Nobody is in the arms {study.control} and {arm}.")
    elif not all(leads.values()):
        empty = next(name for name, count in leads.items() if not count)
        reason = NotEstimable("no_units", f"Nobody is in the arm {empty}.")
    elif day is None:
        reason = NotEstimable(
            "too_few_mature_leads", f"{metric.metric} has too few leads followed for the whole horizon."
        )
    else:
        reason = NotEstimable("not_due", f"{metric.metric} is due {day}")
    a, b = (ArmValue(side.units, side.mature_units, reason) for side in sides)
    return without(reason, a, b, comparison.method, comparison.note)


def _of_leads(study: Study, arm: str, estimator: Estimator, horizon_days: int, rows: FollowedLeads) -> Comparison:
    method = delays.per_lead_triggered if estimator == "triggered" else delays.per_lead
    return method(rows, study.control, arm, horizon_days)


def _of_mqls(study: Study, metric: Metric, arm: str, estimator: Estimator, cells: Sequence[Cell]) -> Comparison:
    control = study.control
    compared = rates.comparable(cells, control, arm)
    stage = metric.metric.removesuffix("_per_mql")
    by_mql = rates.per_mql_efficient if estimator == "triggered" else rates.per_mql
    return by_mql(compared, control, arm, stage)


def _of_accounts(study: Study, metric: Metric, arm: str, estimator: Estimator, rows: Sequence[UnitRow]) -> Comparison:
    control, kind = study.control, kind_of(metric)
    compared = rates.comparable(rows, control, arm)
    if kind.denominator == "lead":
        stage = kind.name.removesuffix("_per_lead")
        return accounts.per_lead(
            compared,
            control,
            arm,
            (lambda row: row.mql) if stage == "mql" else (lambda row: row.x[stage]),
            triggered=estimator == "triggered",
        )
    stage = kind.name.removesuffix("_per_mql")
    return accounts.per_lead(
        compared, control, arm, lambda row: row.mql_x[stage], denominator=lambda row: row.mql, note=DESCRIPTIVE
    )


def _revenue(study: Study, metric: Metric, arm: str, estimator: Estimator) -> Comparison:
    number, minor, control = study.money_number[metric], study.outcomes.minor, study.control
    cells = rates.comparable(study.money(arm, number), control, arm)
    reason = study.outcomes.no_money
    if metric.currency is not None and metric.currency.upper() != study.outcomes.currency:
        detail = f"Another metric of this experiment is in {study.outcomes.currency}, and currencies are never mixed."
        reason = NotEstimable("mixed_currencies", detail)
    if reason is not None:
        return without(reason, *_empty_sides(cells, control, arm, reason))
    won, no_amount = study.deals_won
    if won and no_amount == won:
        reason = NotEstimable("no_amounts", "No deal that was won has an amount.")
        return without(reason, *_empty_sides(cells, control, arm, reason))
    if study.by_account:
        horizon = study.dataset.plan.money[number].horizon_days
        rows = rates.comparable(study.units(arm, horizon, None, number), control, arm)
        wins = min(sum(row.total > 0 for row in rows if row.arm == side) for side in (control, arm))
        if wins < amounts.FEW_WINS:
            return without(amounts.TOO_FEW_WINS, *_empty_sides(cells, control, arm, amounts.TOO_FEW_WINS))
        found = accounts.per_lead(
            rows, control, arm, lambda row: row.total, triggered=estimator == "triggered", minor=minor
        )
    else:
        method = amounts.revenue_triggered if estimator == "triggered" else amounts.revenue
        found = method(cells, study.winners(arm, number), control, arm, minor)
    if no_amount:
        found = replace(found, note=joined(found.note, f"{no_amount} of {won} deals won have no amount"))
    return found


def _effort(study: Study, horizon: int, arm: str) -> Comparison:
    control = study.control
    cells = rates.comparable(study.effort(arm, horizon), control, arm)
    if not study.touches:
        return without(NO_ACTIVITY, *_empty_sides(cells, control, arm, NO_ACTIVITY))
    if study.by_account:
        found = accounts.effort(rates.comparable(study.units(arm, horizon), control, arm), control, arm)
    else:
        found = amounts.effort(cells, control, arm)
    return replace(found, note=joined("touches and meetings per deal won", found.note))


def _in_time(study: Study, horizon: int, arm: str) -> Comparison:
    control = study.control
    cells = rates.comparable(study.cells(arm, horizon), control, arm)
    promised = [
        handoff.first_touch_us
        for each in study.protocol.arms
        if each.name in (control, arm) and (handoff := study.definitions[each.definition].handoff) is not None
    ]
    known = [us for us in promised if us is not None]
    responses, timed = study.responses
    reason = None
    if len(known) < 2:
        reason = NotEstimable("no_promised_time", "A definition's `handoff` does not say `first_touch`.")
    elif not responses:
        reason = NO_ACTIVITY
    elif not timed and min(known) < DAY_US:
        reason = NotEstimable(
            "dates_only", "Sales feedback has dates without a time of day, too coarse for the promise."
        )
    if reason is not None:
        return without(reason, *_empty_sides(cells, control, arm, reason), note=DESCRIPTIVE)
    if study.by_account:
        rows = rates.comparable(study.units(arm, horizon), control, arm)
        found = accounts.per_lead(
            rows, control, arm, lambda row: row.in_time, denominator=lambda row: row.handed, note=DESCRIPTIVE
        )
    else:
        found = rates.in_time(cells, control, arm)
    if not study.dataset.handover_stated:
        return replace(
            found, note=joined(found.note, "hand-over taken as the end of the batch in which the rule fired")
        )
    return found


NO_ACTIVITY = NotEstimable("no_activity_data", "No touches, meetings or answers of sales are known.")


def _empty_sides(
    cells: Sequence[rates.Sized], control: str, arm: str, reason: NotEstimable
) -> tuple[ArmValue, ArmValue]:
    """Both arms' leads, without a value."""

    def side(name: str) -> ArmValue:
        chosen = [cell for cell in cells if cell.arm == name]
        leads, mature = sum(cell.leads for cell in chosen), sum(cell.mature for cell in chosen)
        return ArmValue(leads, mature, reason)

    return side(control), side(arm)
