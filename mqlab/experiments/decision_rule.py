"""The verdict: a pure function of repeated confidence limits and of what was declared (statistics.md section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from mqlab.experiments.metrics import METRICS, MetricKind
from mqlab.experiments.protocol import Margin, MetricName
from mqlab.stats.estimate import Interval, NotEstimable

Call = Literal["ship", "harm", "keep", "inconclusive", "blocked", "not_due"]


NOT_COMPUTED = NotEstimable("not_computed")


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric's repeated limits at the current look, as fractions (0.05 is 5%) or, absolute, in the metric's unit.

    `due_on` is set where the metric cannot be read yet: the date from which it can.
    """

    metric: MetricName
    relative: Interval | NotEstimable
    absolute: Interval | NotEstimable = NOT_COMPUTED
    due_on: date | None = None

    @property
    def kind(self) -> MetricKind:
        """What the metric is."""
        return METRICS[self.metric]


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What may not get worse by more than the margin."""

    reading: Reading
    margin: Margin


@dataclass(frozen=True, slots=True)
class Precision:
    """For `efficiency`: what has to get better, and the smallest gain that matters."""

    reading: Reading
    minimum_effect: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The call with its reasons, the one that decided first."""

    call: Call
    why: tuple[str, ...]


def verdict(
    *,
    aim: Literal["growth", "efficiency"],
    primary: Reading,
    minimum_effect: float,
    guardrails: Sequence[Guardrail] = (),
    margin: Margin | None = None,
    precision: Precision | None = None,
    blocks: Sequence[str] = (),
    first_look: date | None = None,
) -> Verdict:
    """What the rule concludes.

    `blocks`: checks that forbid any verdict, in words. `first_look`: set while the first declared look lies ahead.
    `margin` and `precision` belong to `efficiency`. Which side is worse comes from the metric's kind. A per-MQL
    guardrail may hold back `ship`, never cause `harm`; so does one that is not due or cannot be estimated.

    Example:
        >>> reading = Reading("sql_per_lead", Interval(0.012, 0.081))
        >>> verdict(aim="growth", primary=reading, minimum_effect=0.05).call
        'ship'
    """
    if blocks:
        return Verdict("blocked", tuple(blocks))
    if first_look is not None:
        return Verdict("not_due", (f"the first look is due {first_look}",))
    if primary.due_on is not None:
        return Verdict("not_due", (f"{primary.metric} is due {primary.due_on}",))
    main = _limits(primary, "relative")
    if isinstance(main, NotEstimable):
        return Verdict("inconclusive", (_no_number(primary, main),))
    rails = tuple(_judge(rail) for rail in guardrails)
    clear = [rail.words for rail in rails if rail.state == "clear"]
    broken = [rail.words for rail in rails if rail.state == "broken" and not rail.descriptive]
    pending = [rail.words for rail in rails if rail.state != "clear" and (rail.descriptive or rail.state != "broken")]
    only_waiting = all(rail.waiting for rail in rails if rail.state != "clear")
    if aim == "growth":
        return _growth(primary, main, minimum_effect, _Rails(clear, broken, pending, only_waiting))
    if margin is None or precision is None:
        raise ValueError("aim 'efficiency' needs a margin and a precision")
    return _efficiency(primary, main, margin, precision, _Rails(clear, broken, pending, only_waiting))


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits turned so that a gain is positive; None is unbounded."""

    low: float | None
    high: float | None

    def above(self, value: float) -> bool:
        return self.low is not None and self.low > value

    def below(self, value: float) -> bool:
        return self.high is not None and self.high < value


@dataclass(frozen=True, slots=True)
class _Judged:
    """A guardrail's state: clear (not worse than the margin), broken (worse), open (cannot be said)."""

    state: Literal["clear", "broken", "open"]
    descriptive: bool
    words: str
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class _Rails:
    """Guardrails in words: clear, broken (causal ones), pending (whatever else holds back `ship`)."""

    clear: Sequence[str]
    broken: Sequence[str]
    pending: Sequence[str]
    only_waiting: bool
    """Whether nothing but time holds back `ship`: then the call is inconclusive, not keep."""


def _growth(primary: Reading, main: _Limits, minimum_effect: float, rails: _Rails) -> Verdict:
    said = _interval_words(primary, "relative")
    if main.below(0):
        return Verdict("harm", (f"{said}: worse", *rails.broken))
    if rails.broken:
        return Verdict("harm", (*rails.broken, said))
    if main.above(0):
        if not rails.pending:
            return Verdict("ship", (f"{said}: better", *rails.clear))
        if rails.only_waiting or not main.below(minimum_effect):
            return Verdict("inconclusive", (*rails.pending, f"{said}: better, and ship waits for the guardrails"))
    if main.below(minimum_effect):
        return Verdict(
            "keep", (f"{said}: an effect of {_percent(minimum_effect)} or more is ruled out", *rails.pending)
        )
    return Verdict("inconclusive", (f"{said}: neither 0 nor {_percent(minimum_effect)} is ruled out", *rails.pending))


def _efficiency(
    primary: Reading,
    main: _Limits,
    margin: Margin,
    precision: Precision,
    rails: _Rails,
) -> Verdict:
    lift = main
    if margin.kind == "points":
        absolute = _limits(primary, "absolute")
        if isinstance(absolute, NotEstimable):
            return Verdict("inconclusive", (_no_number(primary, absolute),))
        main = absolute
    said = _interval_words(primary, "absolute" if margin.kind == "points" else "relative")
    if main.below(-margin.size):
        return Verdict("harm", (f"{said}: worse by more than the margin of {_margin_words(margin)}", *rails.broken))
    if rails.broken:
        return Verdict("harm", (*rails.broken, said))
    gain = precision.reading
    limits = NotEstimable("not_due") if gain.due_on is not None else _limits(gain, "relative")
    not_worse = main.above(-margin.size)
    if isinstance(limits, NotEstimable):
        unknown = _no_number(gain, limits)
        may_still_ship = not_worse and gain.due_on is not None
        if lift.below(0) and not may_still_ship:
            return Verdict("keep", (f"{said}: worse", unknown, *rails.pending))
        return Verdict("inconclusive", (unknown, said, *rails.pending))
    gained = _interval_words(gain, "relative")
    if not_worse and limits.above(0):
        if not rails.pending:
            not_worse_words = f"{said}: not worse than the margin of {_margin_words(margin)}"
            return Verdict("ship", (not_worse_words, f"{gained}: better", *rails.clear))
        if rails.only_waiting:
            return Verdict("inconclusive", (*rails.pending, f"{gained}: better, and ship waits for the guardrails"))
    if lift.below(0):
        return Verdict("keep", (f"{_interval_words(primary, 'relative')}: worse", gained, *rails.pending))
    if limits.below(precision.minimum_effect):
        ruled_out = (
            "any gain" if precision.minimum_effect == 0 else f"a gain of {_percent(precision.minimum_effect)} or more"
        )
        return Verdict("keep", (f"{gained}: {ruled_out} is ruled out", said, *rails.pending))
    reasons = []
    if not_worse and limits.above(0):
        reasons.append(f"{gained}: better, and ship waits for the guardrails")
    if not not_worse:
        reasons.append(f"{said}: a loss beyond the margin of {_margin_words(margin)} is not ruled out")
    if not limits.above(0):
        reasons.append(f"{gained}: not shown to be better")
    return Verdict("inconclusive", (*reasons, *rails.pending))


def _judge(rail: Guardrail) -> _Judged:
    reading, margin = rail.reading, rail.margin
    descriptive = reading.kind.descriptive
    if reading.due_on is not None:
        return _Judged("open", descriptive, f"{reading.metric} is due {reading.due_on}", waiting=True)
    scale: Literal["relative", "absolute"] = "absolute" if margin.kind == "points" else "relative"
    limits = _limits(reading, scale)
    if isinstance(limits, NotEstimable):
        return _Judged("open", descriptive, _no_number(reading, limits))
    said, allowed = _interval_words(reading, scale), _margin_words(margin)
    if limits.above(-margin.size):
        return _Judged("clear", descriptive, f"{said}: clear of the margin of {allowed}")
    if limits.below(-margin.size):
        note = " (it describes the leads picked, so it holds back ship and proves no harm)" if descriptive else ""
        return _Judged("broken", descriptive, f"{said}: worse by more than the margin of {allowed}{note}")
    return _Judged("open", descriptive, f"{said}: a loss beyond the margin of {allowed} is not ruled out")


def _limits(reading: Reading, scale: Literal["relative", "absolute"]) -> _Limits | NotEstimable:
    interval = reading.relative if scale == "relative" else reading.absolute
    if isinstance(interval, NotEstimable):
        return interval
    if reading.kind.better == "higher":
        return _Limits(interval.low, interval.high)
    return _Limits(
        low=None if interval.high is None else -interval.high,
        high=None if interval.low is None else -interval.low,
    )


def _no_number(reading: Reading, why: NotEstimable) -> str:
    if reading.due_on is not None:
        return f"{reading.metric} is due {reading.due_on}"
    return f"{reading.metric} cannot be estimated: {why.detail or why.reason}"


def _interval_words(reading: Reading, scale: Literal["relative", "absolute"]) -> str:
    interval = reading.relative if scale == "relative" else reading.absolute
    if isinstance(interval, NotEstimable):
        return _no_number(reading, interval)
    in_points = scale == "absolute" and reading.kind.unit == "rate"
    low = "…" if interval.low is None else _signed(interval.low, in_points, scale)
    high = "…" if interval.high is None else _signed(interval.high, in_points, scale)
    lower_is_better = ", lower is better" if reading.kind.better == "lower" else ""
    return f"{reading.metric} [{low}, {high}]{lower_is_better}"


def _signed(value: float, in_points: bool, scale: Literal["relative", "absolute"]) -> str:
    if scale == "absolute" and not in_points:
        return f"{value:+.2f}".replace("-", "−")
    return f"{value * 100:+.1f}{'pp' if in_points else '%'}".replace("-", "−")


def _margin_words(margin: Margin) -> str:
    return f"{margin.size * 100:g}pp" if margin.kind == "points" else _percent(margin.size)


def _percent(value: float) -> str:
    return f"{value * 100:g}%"
