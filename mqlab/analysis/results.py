"""The result of an analysis: its checks, conditions and verdicts around the rows; `to_dict` is the agreed JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from mqlab.analysis.curves import Curve
from mqlab.analysis.result_rows import FunnelRow, LeakRow, MarginalRow, MetricRow, MixRow, StratumRow, of_rejected
from mqlab.analysis.sales_work import FlowRow, PromiseRow
from mqlab.leads.instants import iso

CheckName = Literal[
    "sample_ratio", "arm_by_stratum", "same_handling", "concordant_effect", "handling_parity", "owner_balance",
    "match_rate", "maturity", "lateness", "capacity", "cross_arm", "clusters", "protocol_unchanged",
]  # fmt: skip
CheckStatus = Literal["pass", "warn", "fail", "not_applicable"]
Call = Literal["ship", "harm", "keep", "inconclusive", "blocked", "not_due"]
ConditionName = Literal[
    "two_arms", "definition_changed", "outcome_before_assignment", "late_feedback", "dates_taken_from_later_stages",
    "missing_amounts", "currency_assumed", "uneven_events", "uneven_arms", "largest_account", "leads_not_worked",
    "concordant_effect",
    "undeclared_look", "empty_arm", "more_arms_than_leads", "nothing_heard_lately",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One validity check of the closed list."""

    check: CheckName
    status: CheckStatus
    detail: str
    p_value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        return {"check": self.check, "status": self.status, "detail": self.detail, "p_value": self.p_value}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of validity that does not hold: the fact, and what to do about it.

    `check` names the check whose detail tells the same fact; readers are told it once.
    """

    condition: ConditionName
    detail: str
    advice: str
    check: CheckName | None = None

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        return {"condition": self.condition, "detail": self.detail, "advice": self.advice, "check": self.check}


@dataclass(frozen=True, slots=True)
class VerdictResult:
    """What the decision rule concludes, with its reasons in words and numbers."""

    call: Call
    why: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        return {"call": self.call, "why": list(self.why)}


class Plain(Protocol):
    """What a part of the result is made of elsewhere, and printed here."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        ...


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Everything `mqlab analyze` says; reports draw it and compute nothing.

    `verdicts` has one entry per non-control arm; `verdict` is the first arm's (the agreed JSON's single one). By
    challenger: `deciding` is the estimator that decides, `split` the plain effect as triggered and concordant part
    (`effect_split`), `accounts` what accounts make of it (`account_rows`), `rare_wins` the deals won as they may be
    read at any time (`rare_wins`), `money` the deals behind its revenue (`money_rows`). `curves` are each arm's ways to
    SQL and won (`curves`), `promises` and `flow` what sales did with its leads (`sales_work`).
    """

    experiment: str
    title: str
    as_of: datetime
    ledger: int
    engine: str
    control: str
    checks: tuple[Check, ...]
    strata: tuple[StratumRow, ...]
    metrics: tuple[MetricRow, ...]
    verdicts: Mapping[str, VerdictResult]
    marginal: tuple[MarginalRow, ...] = ()
    funnel: tuple[FunnelRow, ...] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    break_even: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    leak: tuple[LeakRow, ...] = ()
    mix: tuple[MixRow, ...] = ()
    conditions: tuple[Condition, ...] = ()
    deciding: Mapping[str, str] = field(default_factory=dict)
    split: Mapping[str, Plain] = field(default_factory=dict)
    accounts: Mapping[str, Plain] = field(default_factory=dict)
    rare_wins: Mapping[str, Plain] = field(default_factory=dict)
    money: Mapping[str, Plain] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    promises: tuple[PromiseRow, ...] = ()
    flow: tuple[FlowRow, ...] = ()

    @property
    def verdict(self) -> VerdictResult:
        """The verdict on the first challenger."""
        return next(iter(self.verdicts.values()))

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `mqlab analyze --format json`."""
        return {
            "experiment": self.experiment,
            "as_of": iso(self.as_of),
            "ledger": self.ledger,
            "engine": self.engine,
            "checks": [check.to_dict() for check in self.checks],
            "strata": [row.to_dict() for row in self.strata],
            "metrics": [row.to_dict() for row in self.metrics],
            "verdict": self.verdict.to_dict(),
            "verdicts": {arm: verdict.to_dict() for arm, verdict in self.verdicts.items()},
            "excluded": dict(self.excluded),
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "break_even": {arm: dict(row) for arm, row in self.break_even.items()},
            "marginal": [row.to_dict() for row in self.marginal],
            "funnel": [row.to_dict() for row in self.funnel],
            "leak": [row.to_dict() for row in self.leak],
            "mix": [
                {**row.to_dict(), "of_rejected": share}
                for row, share in zip(self.mix, of_rejected(self.mix), strict=True)
            ],
            "conditions": [condition.to_dict() for condition in self.conditions],
            "deciding": dict(self.deciding),
            "split": {arm: found.to_dict() for arm, found in self.split.items()},
            "accounts": {arm: found.to_dict() for arm, found in self.accounts.items()},
            "rare_wins": {arm: found.to_dict() for arm, found in self.rare_wins.items()},
            "money": {arm: found.to_dict() for arm, found in self.money.items()},
            "curves": [found.to_dict() for found in self.curves],
            "promises": [row.to_dict() for row in self.promises],
            "flow": [row.to_dict() for row in self.flow],
        }
