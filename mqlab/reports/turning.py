"""What would change a verdict: how far its numbers are from another one, told from what the analysis holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Protocol
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.look_calendar import next_look
from mqlab.reports.rows import Rows, shows
from mqlab.stats.estimate import Estimate, NotEstimable, implied_z

_FAR = 20.0
"""Beyond so many times today's leads, "more leads" is no advice."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits turned so that a gain is positive; None is unbounded."""

    low: float | None
    high: float | None


def turning(result: AnalysisResult, protocol: Protocol, arm: str, zone: ZoneInfo) -> tuple[str, ...]:
    """Sentences on what would overturn the verdict on an arm; none where nothing can be said. `zone`: the lab's."""
    row, call = Rows(result).primary(arm), result.verdicts[arm].call
    if row is None:
        return ()
    told: list[str | None] = []
    if call not in ("blocked", "not_due"):
        told += [*_interval(row, protocol), _guardrail(result, row), _concordant(result, row), _price(result, arm)]
    if call == "inconclusive":
        told.append(_more_leads(row))
    if call in ("inconclusive", "not_due"):
        told.append(_next_look(result, protocol, zone))
    return tuple(words.sentence(text) for text in told if text)


def _interval(row: MetricRow, protocol: Protocol) -> Iterator[str]:
    """How far the deciding limits are from the values that decide."""
    found = _turned(row, row.relative)
    least, name = protocol.primary.minimum_effect or 0.0, words.metric(row.metric)
    if found is None or shows(row.absolute) != shows(row.relative):
        return
    if protocol.aim == "efficiency":
        yield from _margin(row, protocol)
        return
    low, high = found.low, found.high
    if low is not None and low > 0:
        yield f"{name}: the limit next to 0 is {_signed(row, low)}; at 0 no gain would be shown any more"
    elif high is not None and high < 0:
        yield f"{name}: the limit next to 0 is {_signed(row, high)}; at 0 no loss would be shown any more"
    elif low is not None:
        yield f"{name}: a gain is shown once the limit of {_signed(row, low)} is past {fmt.share(0.0)}"
    if high is None or high < 0 or (low is not None and low > 0 and high >= least):
        return
    if high < least:
        yield (
            f"{name}: the other limit, {_signed(row, high)}, rules out a gain of {_signed(row, least)}, the smallest "
            "worth a change; from there on it would not"
        )
    else:
        yield f"{name}: a gain worth a change is ruled out once {_signed(row, high)} is short of {_signed(row, least)}"


def _margin(row: MetricRow, protocol: Protocol) -> Iterator[str]:
    """A stricter rule may lose this much: where the limit of the primary stands."""
    margin = protocol.primary.margin
    if margin is None:
        return
    in_points = margin.kind == "points"
    limits = _turned(row, row.absolute if in_points else row.relative)
    if limits is None or limits.low is None:
        return
    shown = fmt.points if in_points else fmt.change
    side = 1.0 if METRICS[row.metric].better == "higher" else -1.0
    where = "within" if limits.low > -margin.size else "not within"
    yield (
        f"{words.metric(row.metric)}: the worse limit is {shown(side * limits.low)}, {where} the margin of "
        f"{shown(-side * margin.size)}"
    )


def _guardrail(result: AnalysisResult, main: MetricRow) -> str | None:
    """The guardrail whose limit is nearest to its margin, or farthest beyond it, in shares of the margin."""
    found = [(left, row, limit) for row, limit, left in _guardrails(result, main)]
    if not found:
        return None
    left, row, limit = min(found, key=lambda one: one[0])
    shown = fmt.points if row.margin_in == "points" else fmt.change
    higher = METRICS[row.metric].better == "higher"
    bad = -(row.margin or 0.0) if higher else row.margin or 0.0
    where = "within" if left > 0 else "not within"
    which = "the guardrail nearest to its margin is" if len(found) > 1 else "its guardrail is"
    return f"{which} {words.metric(row.metric)}: its worse limit is {shown(limit)}, {where} the margin of {shown(bad)}"


def _guardrails(result: AnalysisResult, main: MetricRow) -> Iterator[tuple[MetricRow, float, float]]:
    """(row, its limit on the worse side, what is left to the margin as a share of it) by the deciding estimator."""
    rows = Rows(result).find(arm=main.arm, roles=("guardrail",))
    for name in dict.fromkeys((row.metric, row.horizon_days) for row in rows):
        mine = [row for row in rows if (row.metric, row.horizon_days) == name]
        if METRICS[name[0]].descriptive:
            mine = [row for row in mine if not isinstance(row.absolute, NotEstimable)] or mine
        row = min(mine, key=lambda one: one.estimator != main.estimator)
        limits = _turned(row, row.absolute if row.margin_in == "points" else row.relative)
        if limits is None or limits.low is None or not row.margin:
            continue
        limit = limits.low if METRICS[row.metric].better == "higher" else -limits.low
        yield row, limit, (limits.low + row.margin) / row.margin


def _concordant(result: AnalysisResult, row: MetricRow) -> str | None:
    """κ*: the arm effect among leads both definitions hand over that would overturn a triggered result."""
    found = row.absolute
    both = next((one.share for one in result.strata if (one.arm, one.stratum) == (row.arm, "both")), None)
    if row.estimator != "triggered" or row.unit != "rate" or isinstance(found, NotEstimable) or not both:
        return None
    low, high = found.interval.low, found.interval.high
    limit = low if low is not None and low > 0 else high if high is not None and high < 0 else None
    if limit is None or not row.metric.endswith("_per_lead"):
        return None
    return (
        f"the comparison takes leads that both definitions hand over as equal in both arms: being in {row.arm} would "
        f"have to move their rate by {fmt.points(-limit / both)} to overturn it"
    )


def _price(result: AnalysisResult, arm: str) -> str | None:
    """The declared cost of a hand-over against the price at which money turns."""
    found = result.break_even.get(arm, {})
    price, cost, reading = found.get("price_per_handover"), found.get("declared_cost"), found.get("reading")
    if price is None or cost is None or reading not in ("while_less", "while_more"):
        return None
    currency = str(found.get("currency") or "EUR")
    side = "above" if cost > price else "below"
    return (
        f"money: the declared cost of a hand-over, {fmt.money(cost, currency)}, is {side} "
        f"{fmt.money(price, currency)}, where what {arm} earns and costs is even"
    )


def _more_leads(row: MetricRow) -> str | None:
    """How many leads would show the effect that was estimated, were it the true one."""
    if row.look is None or row.look.effective_leads is None:
        return None
    z = implied_z(row.absolute, row.look.bound)
    if z is None or not 0 < abs(z) < row.look.bound:
        return None
    times = (row.look.bound / abs(z)) ** 2
    if times > _FAR:
        return None
    told = fmt.times(math.ceil(10 * times) / 10)
    return (
        f"more leads: were the estimate to stay as it is, about {told} times as many leads as have been followed so "
        "far would carry it past today's boundary"
    )


def _next_look(result: AnalysisResult, protocol: Protocol, zone: ZoneInfo) -> str:
    """When it is read next, as declared."""
    day = next_look(result, protocol, zone)
    return "no look is planned any more" if day is None else f"the next look is planned on {fmt.day(day)}"


def _turned(row: MetricRow, found: Estimate | NotEstimable) -> _Limits | None:
    if isinstance(found, NotEstimable):
        return None
    low, high = found.interval.low, found.interval.high
    if METRICS[row.metric].better == "higher":
        return _Limits(low, high)
    return _Limits(None if high is None else -high, None if low is None else -low)


def _signed(row: MetricRow, turned: float) -> str:
    """A turned limit as the reader knows it."""
    return fmt.change(turned if METRICS[row.metric].better == "higher" else -turned)
