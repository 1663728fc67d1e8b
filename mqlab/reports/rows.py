"""A metric's row as cells and phrases: values, differences, lifts and p-values in the unit the metric has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.reports import format as fmt
from mqlab.reports.document import Cell, Kind, Number, Tone
from mqlab.stats.estimate import Estimate, NotEstimable

Side = Literal["control", "treatment"]


def shown(row: MetricRow) -> Callable[[float], str]:
    """How a value of the metric is written: of 1,000 leads, in money, in percent or as a number."""
    if row.unit == "money":
        return lambda value: fmt.money(value, row.currency or "EUR")
    if row.unit == "count":
        return fmt.number
    return fmt.per_thousand if row.metric.endswith("_per_lead") else fmt.rate


def shown_change(row: MetricRow) -> Callable[[float], str]:
    """How a difference of two values is written, with its sign."""
    if row.unit == "money":
        return lambda value: fmt.change_of_money(value, row.currency or "EUR")
    if row.unit == "count":
        return fmt.change_of_number
    return fmt.change_per_thousand if row.metric.endswith("_per_lead") else fmt.points


def kind(row: MetricRow) -> Kind:
    """How a value of the metric is read."""
    if row.unit == "money":
        return "money"
    if row.unit == "count":
        return "number"
    return "per_thousand" if row.metric.endswith("_per_lead") else "rate"


_CHANGES: dict[Kind, Kind] = {
    "money": "change_of_money",
    "number": "change_of_number",
    "per_thousand": "change_per_thousand",
    "rate": "points",
}


def ranged(found: Estimate, kind: Kind, currency: str | None = None) -> Number:
    """An estimate with its interval as a number."""
    return Number(found.value, kind, found.interval.low, found.interval.high, True, currency)


def missing(why: NotEstimable) -> Cell:
    """The reason in place of a number."""
    return Cell(fmt.reason(why), "missing", "quiet")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a result, each with its place in the analysis' JSON."""

    result: AnalysisResult

    def find(
        self,
        *,
        arm: str,
        metric: str | None = None,
        roles: Sequence[str] = (),
        estimator: str | None = None,
    ) -> tuple[MetricRow, ...]:
        """Rows of one arm without segment, in the order of the analysis."""
        return tuple(
            row
            for row in self.result.metrics
            if row.arm == arm
            and row.segment is None
            and (metric is None or row.metric == metric)
            and (not roles or row.role in roles)
            and (estimator is None or row.estimator == estimator)
        )

    def primary(self, arm: str) -> MetricRow | None:
        """The row that decides about an arm."""
        return next((row for row in self.result.metrics if row.primary and row.arm == arm), None)

    def source(self, row: MetricRow, *keys: str) -> str:
        """Where the number stands in the analysis' JSON, as a JSON pointer."""
        index = next(k for k, other in enumerate(self.result.metrics) if other is row)
        return "/".join(("", "metrics", str(index), *keys))

    def value(self, row: MetricRow, side: Side) -> Cell:
        """One arm's value."""
        value = (row.control if side == "control" else row.treatment).value
        if isinstance(value, NotEstimable):
            return missing(value)
        number = Number(value, kind(row), currency=_currency(row))
        return Cell(shown(row)(value), "number", source=self.source(row, side, "value"), number=number)

    def difference(self, row: MetricRow) -> Cell:
        """Treatment − control with its interval."""
        if isinstance(row.absolute, NotEstimable):
            return missing(row.absolute)
        number = ranged(row.absolute, _CHANGES[kind(row)], _currency(row))
        text = fmt.estimate(row.absolute, shown_change(row))
        return Cell(text, "number", source=self.source(row, "absolute"), number=number)

    def lift(self, row: MetricRow) -> Cell:
        """The relative change with its interval."""
        if isinstance(row.relative, NotEstimable):
            return missing(row.relative)
        text = fmt.estimate(row.relative, fmt.change)
        return Cell(text, "number", source=self.source(row, "relative"), number=ranged(row.relative, "change"))

    def p_value(self, row: MetricRow) -> Cell:
        """The repeated p-value."""
        if row.p_value is None:
            return Cell("–", "number", "quiet")
        if isinstance(row.p_value, NotEstimable):
            return missing(row.p_value)
        return p_cell(row.p_value, self.source(row, "p_value"))

    def p_adjusted(self, row: MetricRow) -> Cell:
        """A segment's p-value, adjusted for the number of segments."""
        if row.p_adjusted is None:
            return Cell("–", "number", "quiet")
        return p_cell(row.p_adjusted, self.source(row, "p_adjusted"))


def p_cell(value: float, source: str | None) -> Cell:
    """A p-value."""
    return Cell(fmt.p_value(value), "number", source=source, number=Number(value, "p"))


def _currency(row: MetricRow) -> str | None:
    return (row.currency or "EUR") if row.unit == "money" else None


def sign(found: Estimate | NotEstimable) -> int:
    """Where an estimate points: 1 up, −1 down, 0 nowhere or unknown."""
    if isinstance(found, NotEstimable) or found.value is None:
        return 0 if isinstance(found, NotEstimable) or found.interval.low in (None, -1.0) else 1
    return (found.value > 0) - (found.value < 0)


def shows(found: Estimate | NotEstimable) -> int:
    """Which side of 0 the whole interval lies on: 1 above, −1 below, 0 neither."""
    if isinstance(found, NotEstimable):
        return 0
    low, high = found.interval.low, found.interval.high
    return 1 if low is not None and low > 0 else -1 if high is not None and high < 0 else 0


def tone(direction: int, *, better: Literal["higher", "lower"]) -> Tone:
    """Good or bad news of a direction."""
    if not direction:
        return "plain"
    return "good" if (direction > 0) is (better == "higher") else "bad"
