"""How likely a margin is cleared when nothing gets worse: normal approximations of statistics.md section 13.

Without rates of the lab's own, the stated defaults hold; every answer names what it assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import NormalDist
from types import MappingProxyType

from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Margin, Metric, Protocol

DEFAULT_RATES: Mapping[str, float] = MappingProxyType(
    {
        "mql_per_lead": 0.25, "accepted_per_lead": 0.15, "rejected_per_lead": 0.06, "meeting_per_lead": 0.10,
        "sql_per_lead": 0.08, "opportunity_per_lead": 0.05, "won_per_lead": 0.02,
        "accepted_per_mql": 0.60, "rejected_per_mql": 0.20, "meeting_per_mql": 0.40, "sql_per_mql": 0.28,
        "opportunity_per_mql": 0.18, "won_per_mql": 0.08, "touched_within_sla": 0.85,
    }
)  # fmt: skip
"""What is assumed of a lab without history, in [0, 1]."""

DEFAULT_DISCORDANT_SHARE = 0.10
"""Share of leads for which one definition fires before the other (statistics.md section 3.3)."""

DISCORDANT_RATE_RATIO = 1.5
"""The rate among discordant leads over the rate among all (statistics.md section 3.3, first row)."""

DEAL_CV = 1.5
"""Coefficient of variation of a capped deal amount."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the plan assumes: rates by metric (the lab's history where it is known), and how leads arrive.

    `discordant_share` None: the default. `leads_per_day` sizes a plan that declares no `maximum_leads`.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    discordant_share: float | None = None
    leads_per_day: float | None = None

    def rate(self, metric: str) -> float | None:
        """The rate of a metric, its default where the history says nothing, None for metrics that are no rates."""
        return self.rates.get(metric, DEFAULT_RATES.get(metric))


@dataclass(frozen=True, slots=True)
class Chance:
    """The probability, in [0, 1], that a margin is cleared when both arms are equal; the leads that give one half."""

    probability: float
    leads: int
    leads_for_half: int
    assumed: str


def planned_leads(protocol: Protocol, assumptions: Assumptions) -> int | None:
    """Leads the experiment will hold: the declared maximum, else arrivals × coverage; None where neither is known."""
    if protocol.looks.maximum_leads is not None:
        return protocol.looks.maximum_leads
    if assumptions.leads_per_day is None:
        return None
    ends = [*(phase.start for phase in protocol.phases[1:]), protocol.enrolment_end]
    covered = sum(
        ((end - phase.start) / timedelta(days=1)) * float(phase.coverage)
        for phase, end in zip(protocol.phases, ends, strict=True)
    )
    return int(covered * assumptions.leads_per_day)


def chance_to_clear(
    metric: Metric, margin: Margin, protocol: Protocol, assumptions: Assumptions, *, triggered: bool
) -> Chance | None:
    """The least chance over the challengers, None where the number of leads is not known.

    Relative margins of rates: z of p − (1−m)p against its own variance; points: z of the difference; money and effort:
    z of the relative difference of means. `triggered` divides the variance of per-lead metrics by what the triggered
    estimator saves.
    """
    leads = planned_leads(protocol, assumptions)
    if leads is None or leads < 1:
        return None
    weights = {arm.name: float(arm.weight) for arm in protocol.arms}
    total = sum(weights.values())
    smallest = min(weights[arm.name] for arm in protocol.challengers)
    control_share, arm_share = weights[protocol.control] / total, smallest / total
    kind = METRICS[metric.metric]
    said = []
    per_lead = 1.0
    if kind.denominator in ("mql", "handoff"):
        per_lead = assumptions.rate("mql_per_lead") or DEFAULT_RATES["mql_per_lead"]
        said.append(f"{_percent(per_lead)} of leads MQLs")
    signal, variance, words = _per_unit(metric, margin, assumptions)
    said.insert(0, words)
    if triggered and kind.denominator == "lead":
        share = DEFAULT_DISCORDANT_SHARE if assumptions.discordant_share is None else assumptions.discordant_share
        variance /= _saving(assumptions.rate(metric.metric) or DEFAULT_RATES["won_per_lead"], share)
        said.append(f"the definitions differing on {_percent(share)} of leads")
    z = signal / math.sqrt(variance * (1 / arm_share + 1 / control_share) / (leads * per_lead))
    critical = NormalDist().inv_cdf(1 - protocol.alpha / 2)
    return Chance(
        probability=NormalDist().cdf(z - critical),
        leads=leads,
        leads_for_half=math.ceil(leads * (critical / z) ** 2),
        assumed=", ".join([f"{leads:,} leads", *said]),
    )


def _per_unit(metric: Metric, margin: Margin, assumptions: Assumptions) -> tuple[float, float, str]:
    """(signal, variance of one unit averaged over the arms, words); z = signal / √(variance·(1/n_A + 1/n_B))."""
    won = assumptions.rate("won_per_lead") or DEFAULT_RATES["won_per_lead"]
    match metric.metric:
        case "revenue_per_lead":
            return margin.size, (1 + DEAL_CV**2) / won - 1, f"{_percent(won)} won"
        case "effort_per_win":
            return margin.size, 1 / won, f"{_percent(won)} won"
    rate = assumptions.rate(metric.metric)
    if rate is None or not 0 < rate < 1:
        rate = DEFAULT_RATES[metric.metric]
    words = f"{metric.metric} of {_percent(rate)}"
    if margin.kind == "points":
        return margin.size, rate * (1 - rate), words
    keep = 1 - margin.size if METRICS[metric.metric].better == "higher" else 1 + margin.size
    return margin.size * rate, rate * (1 - rate) * (1 + keep**2) / 2, words


def _saving(rate: float, share: float) -> float:
    """Var ITT / Var triggered ≈ p(1−p) / (π·q(1−q)) (statistics.md section 3.3), at least 1."""
    discordant = min(rate * DISCORDANT_RATE_RATIO, 0.5)
    return max(1.0, rate * (1 - rate) / (max(share, 1e-6) * discordant * (1 - discordant)))


def _percent(value: float) -> str:
    return f"{value * 100:.3g}%"
