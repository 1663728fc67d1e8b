"""Deals won, as they may be read at any time: the exact label process, for wins too rare for an approximation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mqlab.analysis.live import LabelRow, label_row_of
from mqlab.analysis.result_rows import estimate_dict
from mqlab.analysis.study import Study
from mqlab.experiments.chance import DEFAULT_RATES
from mqlab.experiments.metrics import declared
from mqlab.experiments.protocol import Metric
from mqlab.stats.estimate import NotEstimable


@dataclass(frozen=True, slots=True)
class RareWins:
    """The wins of one pair's mature leads within the horizon, and the evidence in them against "no effect".

    `evidence` holds the e-value (20 is as strong as p = .05), its p-value, and treatment's rate over control's. In
    JSON an e-value beyond what a float can hold is null, its p-value then 0.
    """

    arm: str
    horizon_days: int
    control_wins: int
    treatment_wins: int
    evidence: LabelRow | NotEstimable

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what cannot be told is `{"not_estimable": reason}`."""
        counts: dict[str, Any] = {
            "arm": self.arm,
            "horizon_days": self.horizon_days,
            "control": {"x": self.control_wins},
            "treatment": {"x": self.treatment_wins},
        }
        if isinstance(self.evidence, NotEstimable):
            return {**counts, "not_estimable": self.evidence.reason, "detail": self.evidence.detail}
        return {
            **counts,
            "e_value": self.evidence.e_value if math.isfinite(self.evidence.e_value) else None,
            "p_value": self.evidence.p_value,
            "ratio": estimate_dict(self.evidence.ratio),
        }


ACCOUNTS = NotEstimable("accounts_randomised", "Wins of one account are not independent, which the process needs.")


def rare_wins(study: Study, arm: str) -> RareWins:
    """The label process of one challenger; its prior rests on what is usual, never on the data."""
    asked = next((metric for metric in declared(study.protocol) if metric.metric.startswith("won_per")), None)
    horizon = study.horizon(asked or Metric("won_per_lead"))
    cells = study.cells(arm, horizon)
    wins = {side: sum(cell.x["won"] for cell in cells if cell.arm == side) for side in (study.control, arm)}
    evidence: LabelRow | NotEstimable = ACCOUNTS
    if not study.due(arm, horizon):
        day = study.due_on(arm, asked or Metric("won_per_lead", horizon))
        evidence = NotEstimable("not_due", f"Deals won are due {day}." if day else "Too few leads are mature.")
    elif not study.by_account:
        evidence = label_row_of(
            wins[study.control],
            wins[arm],
            treatment_share=study.share(arm),
            expected_wins_at_end=study.maximum_leads * DEFAULT_RATES["won_per_lead"],
            alpha=study.alpha(arm),
        )
    return RareWins(arm, horizon, wins[study.control], wins[arm], evidence)
