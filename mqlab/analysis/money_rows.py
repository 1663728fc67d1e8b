"""Beside revenue per lead: wins, mean deals and revenue without the cap, by arm. It describes, and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mqlab.analysis.deals import Deals, deal_size, deals
from mqlab.analysis.rates import comparable
from mqlab.analysis.result_rows import estimate_dict, number_dict
from mqlab.analysis.study import Study
from mqlab.experiments.protocol import Metric
from mqlab.stats.estimate import Estimate, NotEstimable


@dataclass(frozen=True, slots=True)
class MoneyReport:
    """The deals behind one challenger's first revenue metric, in `currency` units.

    `deal_size`: the relative difference of deals among leads with revenue, which are other leads in either arm.
    """

    arm: str
    horizon_days: int
    currency: str
    cap: float | None
    control: Deals
    treatment: Deals
    deal_size: Estimate | NotEstimable

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what cannot be told is `{"not_estimable": reason}`."""
        return {
            "arm": self.arm,
            "horizon_days": self.horizon_days,
            "currency": self.currency,
            "cap": self.cap,
            "control": _side(self.control),
            "treatment": _side(self.treatment),
            "deal_size": estimate_dict(self.deal_size),
        }


def money_report(study: Study, arm: str) -> MoneyReport | None:
    """The deals of one challenger and the control; None where no revenue is declared or its amounts are no use."""
    metric = next(iter(study.money_number), None)
    if metric is None or study.outcomes.no_money is not None:
        return None
    number, minor = study.money_number[metric], study.outcomes.minor
    capped = comparable(study.money(arm, number), study.control, arm)
    whole = comparable(study.money(arm, study.uncapped_number(metric)), study.control, arm)
    phases = {cell.phase for cell in capped}
    winners = [winner for winner in study.winners(arm, number) if winner.phase in phases]
    z = study.boundary(arm, study.horizon(metric)).z(study.alpha(arm))
    return MoneyReport(
        arm,
        study.horizon(metric),
        study.outcomes.currency,
        _cap(metric),
        deals(capped, whole, study.control, minor),
        deals(capped, whole, arm, minor),
        deal_size(winners, study.control, arm, minor).relative(z),
    )


def _cap(metric: Metric) -> float | None:
    return None if metric.cap is None else float(metric.cap)


def _side(found: Deals) -> dict[str, Any]:
    return {
        "leads": found.leads,
        "wins": found.wins,
        "revenue": found.revenue,
        "mean_deal": number_dict(found.mean_deal),
        "uncapped": found.uncapped,
        "uncapped_per_lead": number_dict(found.uncapped_per_lead),
    }
