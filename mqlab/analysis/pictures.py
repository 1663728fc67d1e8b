"""The rows beside the metrics: strata, what moved between the definitions, the funnel, the break-even price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mqlab.analysis import rates
from mqlab.analysis.estimate_rows import Estimator, compare
from mqlab.analysis.results import FunnelRow, MarginalRow, StratumRow
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import kind_of
from mqlab.experiments.protocol import Metric
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.strata import Strata

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
    """Leads that one definition hands over first, per 1,000 assigned, and what became of them in each arm."""
    strata = _strata(study, arm)
    rows = []
    for name, pair in (("control_first", strata.control_first), ("arm_first", strata.arm_first)):
        control, treatment = _rate(pair.control), _rate(pair.treatment)
        moved = 1000 * strata.share(pair)
        gained: float | NotEstimable
        if isinstance(control, NotEstimable):
            gained = control
        elif isinstance(treatment, NotEstimable):
            gained = treatment
        else:
            gained = moved * (treatment - control)
        rows.append(
            MarginalRow(
                arm=arm,
                stratum="control_first" if name == "control_first" else "arm_first",
                leads_per_1000=moved,
                rate_control=control,
                rate_treatment=treatment,
                outcomes_per_1000=gained,
            )
        )
    return tuple(rows)


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
    more with fewer hand-overs), `never` (less with more). Without an answer: `not_estimable` and why.
    """
    metric = next((each for each in _money_metrics(study)), None)
    if metric is None:
        return _unknown("no_revenue_metric", "The experiment declares no revenue_per_lead.")
    currency = study.outcomes.currency
    horizon = study.horizon(metric)
    if not study.due(arm, horizon):
        day = study.due_on(arm, metric)
        return _unknown("not_due", f"revenue_per_lead is due {day}" if day else "Too few leads are mature.")
    revenue = compare(study, metric, arm, deciding).difference(1.0)
    volume = compare(study, Metric("mql_per_lead", horizon), arm, deciding).difference(1.0)
    for estimate in (revenue, volume):
        if isinstance(estimate, NotEstimable):
            return _unknown(estimate.reason, estimate.detail)
    if isinstance(revenue, NotEstimable) or isinstance(volume, NotEstimable):
        raise AssertionError("both estimates exist here")
    gain, more = revenue.value or 0.0, volume.value or 0.0
    found: dict[str, Any] = {
        "estimator": deciding,
        "horizon_days": horizon,
        "currency": currency,
        "revenue_per_lead": gain,
        "handovers_per_lead": more,
        "declared_cost": _declared_cost(study),
    }
    if not more:
        return {**found, **_unknown("same_volume", "Both definitions hand over the same number of leads.")}
    price = gain / more
    if gain > 0 and more > 0:
        words = f"worth it while a hand-over costs sales less than {currency} {price:,.0f}"
        return {**found, "reading": "while_less", "price_per_handover": price, "sentence": words}
    if gain < 0 and more < 0:
        words = f"worth it while a hand-over costs sales more than {currency} {price:,.0f}"
        return {**found, "reading": "while_more", "price_per_handover": price, "sentence": words}
    if more < 0:
        words = "worth it at any price of a hand-over: it earns as much or more with fewer hand-overs"
        return {**found, "reading": "always", "price_per_handover": None, "sentence": words}
    words = "worth it at no price of a hand-over: it earns as little or less with more hand-overs"
    return {**found, "reading": "never", "price_per_handover": None, "sentence": words}


def _money_metrics(study: Study) -> list[Metric]:
    return [metric for metric in study.money_number if metric.metric == "revenue_per_lead"]


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


def _rate(counts: Counts) -> float | NotEstimable:
    return counts.rate
