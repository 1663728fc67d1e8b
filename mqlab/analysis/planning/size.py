"""How many leads of a pair of arms one condition of a ship needs, in a fixed design of independent leads.

A condition is a lift to be found, a margin to be kept, or a precision to be raised. `itt` compares all leads;
`triggered` those on which the definitions differ, diluted to all (statistics.md sections 3 and 13).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from mqlab.analysis.planning.inputs import PlanInputs
from mqlab.analysis.planning.overlap import typical_discordant_rate
from mqlab.experiments.chance import DEAL_CV
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.stats import power as stats
from mqlab.stats.estimate import NotEstimable

Estimator = Literal["itt", "triggered"]
ESTIMATORS: tuple[Estimator, Estimator] = ("itt", "triggered")

DESCRIPTIVE = NotEstimable("descriptive", "it is counted over each arm's own MQLs, so all leads are compared")
IMPOSSIBLE = NotEstimable("impossible", "the definitions differ on too few leads for that")


@dataclass(frozen=True, slots=True)
class Pair:
    """A challenger and the control: its level, its size over the control's, and where the two definitions differ.

    `pair_share`: the two arms' share of all enrolled leads. `discordant_share` is π_D, `discordant_rate` the control's
    rate of the primary there.
    """

    arm: str
    alpha: float
    allocation: float
    pair_share: float
    discordant_share: float
    discordant_rate: float


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to be shown of a metric.

    `size`: the lift to be found (kind `lift`, `precision`), or the margin to be kept (`margin`, relative; `points`).
    `truth`: the relative change under which a margin is kept.
    """

    metric: Metric
    kind: Literal["lift", "margin", "points", "precision"]
    size: float
    truth: float = 0.0

    def sized(self, size: float) -> Condition:
        """The same condition with another lift or margin."""
        return replace(self, size=size)


def conditions(protocol: Protocol, inputs: PlanInputs) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """(what decides, the guardrails): all of them have to hold for a ship."""
    rails = tuple(_margin(metric) for metric in protocol.guardrails if metric.margin is not None)
    if protocol.aim == "growth":
        return (Condition(protocol.primary, "lift", inputs.lift.value),), rails
    deciding = [_margin(protocol.primary, inputs.lift.value)] if protocol.primary.margin is not None else []
    if protocol.precision is not None and inputs.precision_lift is not None:
        deciding.append(Condition(protocol.precision, "precision", inputs.precision_lift.value))
    return tuple(deciding), rails


def _margin(metric: Metric, truth: float = 0.0) -> Condition:
    assert metric.margin is not None
    return Condition(metric, "margin" if metric.margin.kind == "relative" else "points", metric.margin.size, truth)


def needed(
    condition: Condition, pair: Pair, inputs: PlanInputs, estimator: Estimator, *, power: float
) -> float | NotEstimable:
    """Leads of both arms of the pair; infinite where no number of them is enough, a reason where it cannot be asked."""
    try:
        if condition.kind == "precision":
            return _precision(condition, pair, inputs, estimator, power)
        if METRICS[condition.metric.metric].unit != "rate":
            return _amount(condition, pair, inputs, estimator, power)
        return _rate(condition, pair, inputs, estimator, power)
    except ValueError:
        return IMPOSSIBLE


def _rate(
    condition: Condition, pair: Pair, inputs: PlanInputs, estimator: Estimator, power: float
) -> float | NotEstimable:
    name = condition.metric.metric
    kind = METRICS[name]
    rate, lower = inputs.rate(name), kind.better == "lower"
    sign = -1 if lower else 1
    change = sign * (condition.size if condition.kind == "lift" else condition.truth)
    sizes = {"alpha": pair.alpha, "power": power, "allocation": pair.allocation}
    if estimator == "triggered" and kind.denominator == "lead":
        share = pair.discordant_share
        first = pair.discordant_rate if condition.kind == "lift" else _discordant(condition, pair, inputs)
        before, after = stats.discordant_rates(rate=rate, lift=change, discordant_share=share, control_rate=first)
        if condition.kind == "lift":
            units = stats.units_control(control_rate=before, treatment_rate=after, **sizes)
        else:
            points = condition.size * (rate if condition.kind == "margin" else 1.0) / share
            units = stats.units_control_points(
                control_rate=before, treatment_rate=after, margin_points=points, lower_is_better=lower, **sizes
            )
        return stats.units_triggered(units * (1 + pair.allocation), discordant_share=share)
    if estimator == "triggered":
        return DESCRIPTIVE
    after = rate * (1 + change)
    if condition.kind == "lift":
        units = stats.units_control(control_rate=rate, treatment_rate=after, **sizes)
    elif condition.kind == "margin":
        units = stats.units_control_non_inferiority(
            control_rate=rate, treatment_rate=after, margin=condition.size, lower_is_better=lower, **sizes
        )
    else:
        units = stats.units_control_points(
            control_rate=rate, treatment_rate=after, margin_points=condition.size, lower_is_better=lower, **sizes
        )
    per_lead = 1.0 if kind.denominator == "lead" else inputs.rate("mql_per_lead")
    return units * (1 + pair.allocation) / per_lead


def _discordant(condition: Condition, pair: Pair, inputs: PlanInputs) -> float:
    """q_A of the condition's own metric: known for the primary, typical for the others."""
    typical = typical_discordant_rate(inputs.rate(condition.metric.metric), pair.discordant_share)
    return pair.discordant_rate if condition.metric.metric == inputs.primary else typical


def _amount(
    condition: Condition, pair: Pair, inputs: PlanInputs, estimator: Estimator, power: float
) -> float | NotEstimable:
    """Money per lead and effort per win: relative change of means, with the variance that wins and deal sizes give."""
    won = inputs.rate("won_per_lead")
    effort = condition.metric.metric == "effort_per_win"
    if estimator == "triggered" and effort:
        return DESCRIPTIVE
    if effort:
        variance = 1 / won
    elif estimator == "itt":
        variance = (1 + DEAL_CV**2) / won - 1
    else:
        first = typical_discordant_rate(won, pair.discordant_share)
        variance = pair.discordant_share * (first * (1 + DEAL_CV**2) - first**2) / won**2
    effect = condition.size + (0.0 if condition.kind == "lift" else condition.truth)
    units = stats.units_control_relative(
        effect=effect, relative_variance=variance, alpha=pair.alpha, power=power, allocation=pair.allocation
    )
    return units * (1 + pair.allocation)


def _precision(
    condition: Condition, pair: Pair, inputs: PlanInputs, estimator: Estimator, power: float
) -> float | NotEstimable:
    """A stricter rule, which drops the leads on which the definitions differ and adds none."""
    if condition.metric.metric == "effort_per_win":
        return _amount(replace(condition, kind="lift"), pair, inputs, estimator, power)
    before, volume = inputs.rate(condition.metric.metric), inputs.rate("mql_per_lead")
    after = before * (1 - condition.size if METRICS[condition.metric.metric].better == "lower" else 1 + condition.size)
    control_share = 1 / (1 + pair.allocation)
    if estimator == "triggered":
        return stats.units_precision_triggered(
            control_precision=before, control_volume=volume, treatment_precision=after,
            discordant_share=pair.discordant_share, alpha=pair.alpha, power=power, control_share=control_share,
        )  # fmt: skip
    return stats.units_precision(
        control_precision=before, control_volume=volume, treatment_precision=after,
        treatment_volume=volume - pair.discordant_share, alpha=pair.alpha, power=power, control_share=control_share,
    )  # fmt: skip


def smallest(
    condition: Condition, pair: Pair, inputs: PlanInputs, estimator: Estimator, *, power: float, leads: float
) -> float | None:
    """The smallest lift that `leads` of the pair find, or the smallest margin they keep; None where none is."""
    from scipy.optimize import brentq

    def excess(log_size: float) -> float:
        found = needed(condition.sized(math.exp(log_size)), pair, inputs, estimator, power=power)
        return math.log(max(found, 1e-9)) - math.log(leads) if not isinstance(found, NotEstimable) else -math.inf

    if leads <= 0:
        return None
    low, high = math.log(1e-6), math.log(_largest(condition, pair, inputs, estimator))
    top = needed(condition.sized(math.exp(high)), pair, inputs, estimator, power=power)
    if isinstance(top, NotEstimable) or top > leads:
        return None
    if excess(low) <= 0:
        return math.exp(low)
    return math.exp(float(brentq(excess, low, high, xtol=1e-9)))


def _largest(condition: Condition, pair: Pair, inputs: PlanInputs, estimator: Estimator) -> float:
    """The largest size that can be: no rate beyond 100%, none of a loss beyond all there is."""
    name = condition.metric.metric
    kind = METRICS[name]
    if condition.kind == "precision":
        rate = inputs.rate(name) if kind.unit == "rate" else 0.5
        most = (1 - rate) / rate if kind.better == "higher" else 1.0
        left = inputs.rate("mql_per_lead") - pair.discordant_share if kind.unit == "rate" else 0.0
        if estimator == "triggered" and left > 0:
            dropped = pair.discordant_share / left
            most = min(most, dropped if kind.better == "higher" else dropped * (1 - rate) / rate)
        return 0.999 * most
    if kind.unit != "rate":
        return 100.0
    rate, lower = inputs.rate(name), kind.better == "lower"
    if condition.kind == "points":
        return 0.999 * (1 - rate if lower else rate)
    if condition.kind == "margin":
        return 0.999 * ((1 - rate) / rate if lower else 1.0)
    if estimator == "triggered":
        room = pair.discordant_rate if lower else 1 - pair.discordant_rate
        return 0.999 * room * pair.discordant_share / rate
    return 0.999 * (1.0 if lower else (1 - rate) / rate)
