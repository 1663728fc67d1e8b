"""The declared segments: the primary metric inside each, exploratory, with Benjamini–Hochberg over all of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mqlab.analysis.comparison import without
from mqlab.analysis.estimate_rows import Estimator, estimators, row_of, segment_comparison
from mqlab.analysis.results import ArmValue, MetricRow
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import kind_of
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.multiplicity import benjamini_hochberg
from mqlab.stats.tails import chi_square_p
from mqlab.warehouse.columns import segment_column

MOST_VALUES = 12
"""Values shown of one segment, the frequent ones; the others are one row."""
MISSING, OTHERS = "(missing)", "(others)"


def segment_rows(study: Study, arm: str, deciding: Estimator) -> tuple[MetricRow, ...]:
    """One row per segment value and estimator, `segment` written as `name=value`."""
    rows = list(_rows(study, arm))
    tested = [
        index
        for index, row in enumerate(rows)
        if row.estimator == deciding and isinstance(row.p_value, float) and row.p_value is not None
    ]
    adjusted = benjamini_hochberg([_number(rows[index].p_value) for index in tested])
    for index, q in zip(tested, adjusted, strict=True):
        rows[index] = replace(rows[index], p_adjusted=q)
    return tuple(rows)


def heterogeneity(rows: Sequence[MetricRow], segment: str, deciding: Estimator) -> str | None:
    """Cochran's Q over one segment's values, in words; None where fewer than two can be compared."""
    gaps: list[tuple[float, float]] = []
    for row in rows:
        if row.estimator != deciding or row.segment is None or not row.segment.startswith(f"{segment}="):
            continue
        if isinstance(row.absolute, NotEstimable) or row.absolute.value is None or row.look is None:
            continue
        low, high = row.absolute.interval.low, row.absolute.interval.high
        if low is None or high is None or high <= low:
            continue
        gaps.append((row.absolute.value, ((high - low) / 2 / row.look.bound) ** 2))
    if len(gaps) < 2:
        return None
    weights = [1 / variance for _, variance in gaps]
    mean = sum(w * gap for w, (gap, _) in zip(weights, gaps, strict=True)) / sum(weights)
    statistic = sum(w * (gap - mean) ** 2 for w, (gap, _) in zip(weights, gaps, strict=True))
    p_value = chi_square_p(statistic, len(gaps) - 1)
    if not math.isfinite(p_value):
        return None
    test = f"Cochran's Q, {len(gaps)} values; exploration"
    return f"{rows[0].arm}: the lift by {segment} varies with p = {p_value:.2g} ({test})"


def _rows(study: Study, arm: str) -> Iterator[MetricRow]:
    metric = study.protocol.primary
    kind = kind_of(metric)
    for segment in study.protocol.segments:
        for label, values in _values(study, arm, segment):
            for estimator in estimators(study, metric):
                if kind.unit == "rate" and kind.denominator == "lead":
                    comparison = segment_comparison(study, metric, arm, estimator, segment, values)
                else:
                    reason = NotEstimable("segments_need_a_rate", "Segments are shown for shares of leads only.")
                    comparison = without(reason, ArmValue(0, 0, reason), ArmValue(0, 0, reason))
                comparison = replace(comparison, note="exploration")
                yield row_of(study, metric, "segment", arm, estimator, comparison, segment=f"{segment}={label}")


def _values(study: Study, arm: str, segment: str) -> list[tuple[str, frozenset[str | None]]]:
    """The rows of one segment: (label, the values it stands for), most leads first."""
    table = study.judged.table
    pair = {study.control, arm}
    counted = Counter(
        value
        for value, side in zip(table[segment_column(segment)].to_pylist(), table["arm"].to_pylist(), strict=True)
        if side in pair
    )
    ordered = sorted(counted, key=lambda value: (-counted[value], value is None, value or ""))
    often, rest = ordered[:MOST_VALUES], ordered[MOST_VALUES:]
    found = [(MISSING if value is None else value, frozenset({value})) for value in often]
    return found + ([(OTHERS, frozenset(rest))] if rest else [])


def _number(p_value: float | NotEstimable | None) -> float:
    return p_value if isinstance(p_value, float) else 1.0
