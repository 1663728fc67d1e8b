"""The rows beside the metrics: strata, what moved between the definitions, the funnel, the break-even price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mqlab.analysis import rates
from mqlab.analysis.estimate_rows import Estimator, compare
from mqlab.analysis.result_rows import FunnelRow, MarginalRow, StratumRow
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import kind_of
from mqlab.experiments.protocol import Metric
from mqlab.stats import binary
from mqlab.stats.dilution import Share, diluted
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.strata import Pair, Strata

NO_STRATA = NotEstimable("no_units", "No lead has been followed long enough to say which definition fires first.")
FUNNEL = ("mql", "accepted", "sql", "opportunity", "won")


def counted_stage(study: Study) -> str:
    """What strata and marginal rows count: the primary metric's stage, deals won where it is no stage."""
    kind = kind_of(study.protocol.primary)
    return kind.name.removesuffix("_per_lead") if kind.denominator == "lead" and kind.unit == "rate" else "won"


def stratum_rows(study: Study, arm: str) -> tuple[StratumRow, ...]:
    """Mature leads and outcomes by stratum, all phases together."""
    strata = _strata(study, arm)
    return tuple(
        StratumRow(
            arm=arm,
            stratum=name,
            share=strata.share(getattr(strata, name)) if strata.units else None,
            control_units=getattr(strata, name).control.n,
            control_x=getattr(strata, name).control.x,
            treatment_units=getattr(strata, name).treatment.n,
            treatment_x=getattr(strata, name).treatment.x,
        )
        for name in rates.STRATA
    )


def marginal_rows(study: Study, arm: str) -> tuple[MarginalRow, ...]:
    """Leads that one definition hands over first, per 1,000 assigned, and what became of them in each arm.

    The interval of what is gained or forgone is the score interval of the stratum, at this look's boundary, diluted by
    the stratum's share; accounts have none.
    """
    strata = _strata(study, arm)
    primary = study.protocol.primary
    z = study.boundary(arm, study.horizon(primary), primary).z(study.alpha(arm))
    return (
        _marginal(study, arm, "control_first", strata, strata.control_first, z),
        _marginal(study, arm, "arm_first", strata, strata.arm_first, z),
    )


def _marginal(
    study: Study, arm: str, name: Literal["control_first", "arm_first"], strata: Strata, pair: Pair, z: float
) -> MarginalRow:
    if not strata.units:
        return MarginalRow(arm, name, NO_STRATA, NO_STRATA, NO_STRATA, NO_STRATA, stage=counted_stage(study))
    moved = 1000 * strata.share(pair)
    gained = binary.difference(pair.control, pair.treatment, z=z)
    interval = None
    if isinstance(gained, Estimate) and not study.by_account:
        limits = diluted(gained, pair.variance, Share(strata.share(pair), strata.units), z=z).interval
        low, high = limits.low, limits.high
        interval = Interval(None if low is None else 1000 * low, None if high is None else 1000 * high)
    return MarginalRow(
        arm=arm,
        stratum=name,
        leads_per_1000=moved,
        rate_control=pair.control.rate,
        rate_treatment=pair.treatment.rate,
        outcomes_per_1000=gained if isinstance(gained, NotEstimable) else moved * (gained.value or 0.0),
        interval=interval,
        stage=counted_stage(study),
        later_per_1000=moved * _later(study, arm, name),
        by_account=study.by_account,
    )


def _later(study: Study, arm: str, name: Literal["control_first", "arm_first"]) -> float:
    """The share of a discordant stratum that the other definition hands over later, seen in the other arm."""
    other = study.control if name == "arm_first" else arm
    cells = [
        cell
        for cell in study.cells(arm, study.horizon(study.protocol.primary))
        if (cell.arm, cell.stratum) == (other, name)
    ]
    mature = sum(cell.mature for cell in cells)
    return sum(cell.mql for cell in cells) / mature if mature else 0.0


def funnel_rows(study: Study) -> tuple[FunnelRow, ...]:
    """Mature leads of every arm at each stage, within the primary's horizon."""
    horizon = study.horizon(study.protocol.primary)
    rows = []
    for arm in (each.name for each in study.protocol.arms):
        pair = study.protocol.challengers[0].name if arm == study.control else arm
        chosen = [cell for cell in study.cells(pair, horizon) if cell.arm == arm]
        units = sum(cell.mature for cell in chosen)
        rows.append(FunnelRow(arm, "assigned", units, units))
        for stage in FUNNEL:
            count = sum(cell.mql if stage == "mql" else cell.x[stage] for cell in chosen)
            rows.append(FunnelRow(arm, stage, count, units))
    return tuple(rows)


def break_even(study: Study, arm: str, deciding: Estimator) -> Mapping[str, Any]:
    """The price of a hand-over at which arm and control earn the same: Δ revenue per lead / Δ hand-overs per lead.

    `reading` is `while_less` (the arm hands over more and earns more), `while_more` (less and less), `always` (it earns
    more with fewer hand-overs), `never` (less with more). `sentence` says it; where the experiment declares what a
    hand-over costs, `compared` says on which side of the price that is and `net_per_lead` what is left of the revenue,
    from `net_low` to `net_high`.
    `caution` says when revenue or volume could as well be equal. Without an answer: `not_estimable` and why.
    """
    metric = next(iter(study.money_number), None)
    if metric is None:
        return _unknown("no_revenue_metric", "The experiment declares no revenue_per_lead.")
    horizon = study.horizon(metric)
    if not study.due(arm, horizon):
        day = study.due_on(arm, metric)
        return _unknown("not_due", f"revenue_per_lead is due {day}" if day else "Too few leads are mature.")
    z = study.boundary(arm, horizon, metric).z(study.alpha(arm))
    revenue = compare(study, metric, arm, deciding).difference(z)
    volume = compare(study, Metric("mql_per_lead", horizon), arm, deciding).difference(z)
    if isinstance(revenue, NotEstimable):
        return _unknown(revenue.reason, revenue.detail)
    if isinstance(volume, NotEstimable):
        return _unknown(volume.reason, volume.detail)
    gain, more = revenue.value or 0.0, volume.value or 0.0
    cost = _declared_cost(study)
    found: dict[str, Any] = {
        "estimator": deciding,
        "horizon_days": horizon,
        "currency": study.outcomes.currency,
        "revenue_per_lead": gain,
        "revenue_low": revenue.interval.low,
        "revenue_high": revenue.interval.high,
        "handovers_per_lead": more,
        "declared_cost": cost,
        "net_per_lead": None if cost is None else gain - cost * more,
    }
    if cost is not None:
        found |= net_limits(cost, revenue.interval, volume.interval)
    return {**found, **price_words(arm, gain, more, cost, revenue, volume, study.outcomes.currency)}


def net_limits(cost: float, revenue: Interval, volume: Interval) -> dict[str, float | None]:
    """Limits of revenue less `cost` times hand-overs, per assigned lead, in currency units; None is unbounded.

    However the two go together, the standard deviation of their difference is no more than the sum of theirs, so the
    worst limits of both hold it at their level or better.

    Example:
        >>> net_limits(40.0, Interval(6.0, 138.0), Interval(0.005, 0.02))
        {'net_low': 5.2, 'net_high': 137.8}
    """
    low = None if revenue.low is None or volume.high is None else revenue.low - cost * volume.high
    high = None if revenue.high is None or volume.low is None else revenue.high - cost * volume.low
    return {"net_low": low, "net_high": high}


def price_words(
    arm: str, gain: float, more: float, cost: float | None, revenue: Estimate, volume: Estimate, currency: str
) -> Mapping[str, Any]:
    """`reading`, `price_per_handover` and the sentences of a break-even price.

    `gain` and `more` are the differences of revenue and of hand-overs per assigned lead, `revenue` and `volume` the
    same with their intervals, `cost` what a hand-over is declared to cost.

    Example:
        >>> sure, many = Estimate(72.0, Interval(9.0, 140.0)), Estimate(0.0135, Interval(0.005, 0.02))
        >>> price_words("intent", 72.0, 0.0135, 40.0, sure, many, "EUR")["sentence"]
        'worth it while a hand-over costs sales less than EUR 5,333'
    """
    if not more:
        return _unknown("same_volume", "Both definitions hand over the same number of leads.")
    price: float | None = gain / more
    if gain > 0 and more > 0:
        reading, said = "while_less", f"worth it while a hand-over costs sales less than {currency} {price:,.0f}"
    elif gain < 0 and more < 0:
        reading, said = "while_more", f"worth it while a hand-over costs sales more than {currency} {price:,.0f}"
    elif more < 0:
        reading, price = "always", None
        said = "worth it at any price of a hand-over: it earns as much or more with fewer hand-overs"
    else:
        reading, price = "never", None
        said = "worth it at no price of a hand-over: it earns as little or less with more hand-overs"
    found: dict[str, Any] = {"reading": reading, "price_per_handover": price, "sentence": said}
    if cost is not None:
        net = gain - cost * more
        side = "more" if net > 0 else "less"
        found["compared"] = (
            f"at the declared cost of {_amount(cost, currency)} a hand-over, {arm} earns "
            f"{_amount(abs(net), currency)} {side} per assigned lead, hand-overs paid"
        )
    open_ones = [
        name
        for name, estimate in (("revenue per lead", revenue), ("hand-overs per lead", volume))
        if estimate.interval.contains(0.0)
    ]
    if open_ones:
        found["caution"] = f"a rough guide: the interval of the difference in {' and in '.join(open_ones)} includes 0"
    return found


def _amount(value: float, currency: str) -> str:
    return f"{currency} {value:,.2f}".removesuffix(".00")


def _declared_cost(study: Study) -> float | None:
    costs = study.protocol.costs
    if costs is None or costs.mql is None or (costs.currency or study.outcomes.currency) != study.outcomes.currency:
        return None
    return float(costs.mql)


def _unknown(reason: str, detail: str) -> dict[str, Any]:
    return {"not_estimable": reason, "detail": detail}


def _strata(study: Study, arm: str) -> Strata:
    stage = counted_stage(study)
    cells = study.cells(arm, study.horizon(study.protocol.primary))
    compared = rates.comparable(cells, study.control, arm)
    return rates.strata_of(compared, study.control, arm, rates.numerator(f"{stage}_per_lead"))
