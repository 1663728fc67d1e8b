"""The declared segments: SQLs and deals won per lead inside each, exploratory.

Benjamini–Hochberg over everything shown, segment × metric × challenger; Cochran's Q says whether a lift varies at all.
Never a verdict (statistics.md section 11).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mqlab.analysis.comparison import without
from mqlab.analysis.estimate_rows import Estimator, estimators, row_of, segment_comparison
from mqlab.analysis.rates import joined
from mqlab.analysis.result_rows import ArmValue, MetricRow
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import declared, kind_of
from mqlab.experiments.protocol import Metric, MetricName
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.multiplicity import benjamini_hochberg
from mqlab.stats.tails import chi_square_p
from mqlab.warehouse.head_counts import by_value

MOST_VALUES = 12
"""Values shown of one segment, the frequent ones; the others are one row."""
MISSING, OTHERS = "(missing)", "(others)"
FALSE_DISCOVERIES = 0.10
"""Of the segments that stand out, at most this share does so by chance."""
STANDS_OUT = "stands out (false discovery rate 10%)"


def segment_rows(study: Study, arm: str, deciding: Estimator) -> tuple[MetricRow, ...]:
    """One row per metric, segment value and estimator, `segment` written as `name=value`; adjusted among themselves.

    With several challengers `adjusted` over all their rows has the last word.
    """
    return adjusted(tuple(_rows(study, arm)), {arm: deciding})


def adjusted(rows: Sequence[MetricRow], deciding: Mapping[str, Estimator]) -> tuple[MetricRow, ...]:
    """The rows with `p_adjusted` by Benjamini–Hochberg over all segment rows of the deciding estimators.

    Other rows stay as they are; who adjusts twice gets the same.
    """
    tested = [
        index
        for index, row in enumerate(rows)
        if row.role == "segment" and row.estimator == deciding.get(row.arm) and isinstance(row.p_value, float)
    ]
    found = list(rows)
    for index, q in zip(tested, benjamini_hochberg([_number(rows[index].p_value) for index in tested]), strict=True):
        note = rows[index].note.removesuffix(f"; {STANDS_OUT}")
        note = joined(note, STANDS_OUT) if q <= FALSE_DISCOVERIES else note
        found[index] = replace(rows[index], p_adjusted=q, note=note)
    return tuple(found)


HETEROGENEITY_P = 0.10
"""From which p on a lift is said to vary between the values of a segment; it is exploration all the same."""


def heterogeneity(rows: Sequence[MetricRow], segment: str, deciding: Estimator) -> str | None:
    """Cochran's Q over one segment's values, in words, metric by metric; None where fewer than two can be compared."""
    parts = []
    chosen = [
        row
        for row in rows
        if row.estimator == deciding and row.segment is not None and row.segment.startswith(f"{segment}=")
    ]
    for name, horizon in dict.fromkeys((row.metric, row.horizon_days) for row in chosen):
        gaps = [gap for row in chosen if (row.metric, row.horizon_days) == (name, horizon) for gap in _gap(row)]
        p_value = cochran_q(gaps)
        if not isinstance(p_value, NotEstimable):
            sign = "varies" if p_value <= HETEROGENEITY_P else "no sign that it varies"
            parts.append(f"{name} {sign} (p = {p_value:.2g}, {len(gaps)} values)")
    if not parts:
        return None
    return f"lift of {chosen[0].arm} by {segment}: {', '.join(parts)}; Cochran's Q, exploration"


def cochran_q(gaps: Sequence[tuple[float, float]]) -> float | NotEstimable:
    """The p-value of "all differences are one", from (difference, variance): Q = Σ (d − d̄)²/v, χ² with S − 1 df.

    Example:
        >>> round(cochran_q([(0.10, 0.0004), (0.04, 0.0004), (0.01, 0.0008)]), 4)
        0.0174
    """
    if len(gaps) < 2:
        return NotEstimable("one_segment", "Fewer than two values of the segment can be compared.")
    weights = [1 / variance for _, variance in gaps]
    mean = sum(w * gap for w, (gap, _) in zip(weights, gaps, strict=True)) / sum(weights)
    statistic = sum(w * (gap - mean) ** 2 for w, (gap, _) in zip(weights, gaps, strict=True))
    p_value = chi_square_p(statistic, len(gaps) - 1)
    return p_value if math.isfinite(p_value) else NotEstimable("no_variation", "The differences have no spread.")


def _gap(row: MetricRow) -> Iterator[tuple[float, float]]:
    """The row's difference with its variance, read from the interval; nothing where either is unknown."""
    if isinstance(row.absolute, NotEstimable) or row.absolute.value is None or row.look is None:
        return
    low, high = row.absolute.interval.low, row.absolute.interval.high
    if low is not None and high is not None and high > low and row.look.bound > 0:
        yield row.absolute.value, ((high - low) / 2 / row.look.bound) ** 2


def _metrics(study: Study) -> tuple[Metric, ...]:
    """The primary metric, and SQLs and deals won per lead as they are declared, or at their usual horizon."""
    asked, primary = declared(study.protocol), study.protocol.primary
    shown = {(primary.metric, study.horizon(primary)): primary}
    names: tuple[MetricName, ...] = ("sql_per_lead", "won_per_lead")
    for name in names:
        metric = next((each for each in asked if each.metric == name), Metric(name))
        shown.setdefault((name, study.horizon(metric)), metric)
    return tuple(shown.values())


def _rows(study: Study, arm: str) -> Iterator[MetricRow]:
    for metric in _metrics(study):
        kind = kind_of(metric)
        for segment in study.protocol.segments:
            for label, values in _values(study, arm, segment):
                for estimator in estimators(study, metric):
                    if kind.unit == "rate" and kind.denominator == "lead":
                        comparison = segment_comparison(study, metric, arm, estimator, segment, values)
                    else:
                        reason = NotEstimable("segments_need_a_rate", "Segments are shown for shares of leads only.")
                        comparison = without(reason, ArmValue(0, 0, reason), ArmValue(0, 0, reason))
                    comparison = replace(comparison, note=joined("exploration", comparison.note))
                    yield row_of(study, metric, "segment", arm, estimator, comparison, segment=f"{segment}={label}")


def _values(study: Study, arm: str, segment: str) -> list[tuple[str, frozenset[str | None]]]:
    """The rows of one segment: (label, the values it stands for), most leads first."""
    counted = by_value(study.dataset, segment, (study.control, arm))
    ordered = sorted(counted, key=lambda value: (-counted[value], value is None, value or ""))
    often, rest = ordered[:MOST_VALUES], ordered[MOST_VALUES:]
    found = [(MISSING if value is None else value, frozenset({value})) for value in often]
    return found + ([(OTHERS, frozenset(rest))] if rest else [])


def _number(p_value: float | NotEstimable | None) -> float:
    return p_value if isinstance(p_value, float) else 1.0
