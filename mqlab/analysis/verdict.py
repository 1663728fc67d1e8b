"""From rows to the decision rule: what the verdict on one challenger reads."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.analysis.estimate_rows import Estimator
from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import VerdictResult
from mqlab.analysis.study import Study
from mqlab.experiments import decision_rule as rule
from mqlab.experiments.metrics import kind_of
from mqlab.experiments.protocol import Metric
from mqlab.stats.estimate import Estimate, Interval, NotEstimable


def verdict_of(
    study: Study, rows: Sequence[MetricRow], arm: str, deciding: Estimator, blocks: Sequence[str]
) -> VerdictResult:
    """The verdict on `arm` from the repeated limits of its rows; all that it reads uses the deciding estimator."""
    protocol = study.protocol
    mine = [row for row in rows if row.arm == arm and row.segment is None]
    primary = next(row for row in mine if row.primary)
    precision = None
    if protocol.precision is not None:
        row = _row(study, mine, protocol.precision, ("beside", "then", "primary"), deciding)
        precision = rule.Precision(_reading(study, row, protocol.precision), protocol.precision.minimum_effect or 0.0)
    found = rule.verdict(
        aim=protocol.aim,
        primary=_reading(study, primary, protocol.primary),
        minimum_effect=protocol.primary.minimum_effect or 0.0,
        guardrails=[
            rule.Guardrail(_reading(study, _row(study, mine, metric, ("guardrail",), deciding), metric), metric.margin)
            for metric in protocol.guardrails
            if metric.margin is not None
        ],
        margin=protocol.primary.margin,
        precision=precision,
        blocks=blocks,
        first_look=study.schedule.first,
    )
    return VerdictResult(found.call, found.why)


def _row(
    study: Study, rows: Sequence[MetricRow], metric: Metric, roles: Sequence[str], deciding: Estimator
) -> MetricRow:
    """The row of a metric by the deciding estimator, or by the only one it has.

    A descriptive metric that the deciding estimator cannot bound, such as a share of 0, is read from all leads.
    """
    horizon = study.horizon(metric)
    chosen = [row for row in rows if row.metric == metric.metric and row.horizon_days == horizon and row.role in roles]
    if kind_of(metric).descriptive:
        chosen = [row for row in chosen if _bounded(row)] or chosen
    return min(chosen, key=lambda row: (row.estimator != deciding, roles.index(row.role)))


def _bounded(row: MetricRow) -> bool:
    return not isinstance(row.absolute, NotEstimable) or row.absolute.reason == "not_due"


def _reading(study: Study, row: MetricRow, metric: Metric) -> rule.Reading:
    due = None
    if isinstance(row.absolute, NotEstimable) and row.absolute.reason == "not_due":
        due = study.due_on(row.arm, metric)
    return rule.Reading(metric.metric, _relative(row), _interval(row.absolute), due)


def _relative(row: MetricRow) -> Interval | NotEstimable:
    """The relative limits, with the sign of the absolute ones: those tell whether there is an effect at all."""
    relative, absolute = _interval(row.relative), _interval(row.absolute)
    if isinstance(relative, NotEstimable) or isinstance(absolute, NotEstimable):
        return relative
    low, high = relative.low, relative.high
    if absolute.low is not None and absolute.low > 0 and low is not None:
        low = max(low, _BARELY)
    if absolute.high is not None and absolute.high < 0 and high is not None:
        high = min(high, -_BARELY)
    return Interval(low, high)


def _interval(estimate: Estimate | NotEstimable) -> Interval | NotEstimable:
    return estimate if isinstance(estimate, NotEstimable) else estimate.interval


_BARELY = 1e-12
"""A limit that is not 0 and prints as 0."""
