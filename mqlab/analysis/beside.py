"""What stands beside a row's numbers and never decides: limits valid at any time, a reading, a word of warning."""

from __future__ import annotations

from dataclasses import replace

from mqlab.analysis.comparison import Comparison, finite
from mqlab.analysis.live import always_valid_of
from mqlab.analysis.looks import Boundary
from mqlab.analysis.result_rows import AlwaysValid
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Metric
from mqlab.stats.bayes import Reading, reading_of
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z


def clash(absolute: Estimate | NotEstimable, p_value: float | NotEstimable, alpha: float) -> str:
    """A word where a p-value that is not the interval's own (money's permutation) says something else than it."""
    if isinstance(absolute, NotEstimable) or isinstance(p_value, NotEstimable):
        return ""
    if (p_value <= alpha) is not absolute.interval.contains(0.0):
        return ""
    return "p and interval disagree at this level: near the limit, read with care"


UNEVEN = NotEstimable("uneven_arms", "Money is read at any time only where each arm has 30% to 70% of the pair.")
PLAIN_Z = critical_z(0.05)
"""The critical value of the plain 95% limits that a reading is made of."""


def always_valid_row(
    study: Study, metric: Metric, arm: str, estimator: str, comparison: Comparison, boundary: Boundary
) -> AlwaysValid | NotEstimable:
    """Limits for whoever looks at any time; with a declared maximum the p-value is the smallest of all recorded looks.

    Money needs arms of like size: elsewhere the smaller arm's own variance is too unsure, too early.
    """
    if METRICS[metric.metric].unit == "money" and not study.even(arm):
        return UNEVEN
    found = always_valid_of(
        comparison,
        effective_leads=boundary.information[-1],
        maximum_leads=boundary.maximum,
        alpha=study.alpha(arm),
        events_per_arm=events_of(study, metric, arm, comparison),
    )
    if isinstance(found, NotEstimable):
        return found
    if study.protocol.looks.maximum_leads is None:
        return found
    key = (metric.metric, study.horizon(metric), arm, estimator)
    earlier = [look.p_always[key] for look in study.schedule.recorded.values() if key in look.p_always]
    return replace(found, p_value=min([found.p_value, *earlier]))


def events_of(study: Study, metric: Metric, arm: str, comparison: Comparison) -> tuple[float, float]:
    """Outcomes of control and treatment that a comparison rests on: those of a rate, the wins of an amount."""
    if comparison.events is not None:
        return comparison.events
    if METRICS[metric.metric].unit == "rate":
        return comparison.control.numerator or 0.0, comparison.treatment.numerator or 0.0
    number = study.money_number.get(metric)
    cells = () if number is None else study.money(arm, number)
    control, treatment = (float(sum(cell.wins for cell in cells if cell.arm == side)) for side in (study.control, arm))
    return control, treatment


def reading_row(comparison: Comparison) -> Reading | NotEstimable:
    """The Bayesian reading of a comparison's relative lift, made of its plain 95% limits."""
    return reading_of(finite(comparison.relative(PLAIN_Z)), PLAIN_Z)
