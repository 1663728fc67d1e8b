"""The result of an analysis: frozen rows whose `to_dict` is the agreed JSON of `mqlab analyze`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mqlab.leads.instants import iso
from mqlab.stats.estimate import Estimate, NotEstimable

CheckName = Literal[
    "sample_ratio", "arm_by_stratum", "same_handling", "concordant_effect", "handling_parity", "owner_balance",
    "match_rate", "maturity", "lateness", "capacity", "cross_arm", "clusters", "protocol_unchanged",
]  # fmt: skip
CheckStatus = Literal["pass", "warn", "fail", "not_applicable"]
Stratum = Literal["both", "control_first", "arm_first", "none"]
Call = Literal["ship", "harm", "keep", "inconclusive", "blocked", "not_due"]


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
class StratumRow:
    """Units and outcomes (of the primary metric) of one stratum, control beside one other arm."""

    arm: str
    stratum: Stratum
    share: float | None
    control_units: int
    control_x: int
    treatment_units: int
    treatment_x: int

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        return {
            "arm": self.arm,
            "stratum": self.stratum,
            "share": self.share,
            "control": {"units": self.control_units, "x": self.control_x},
            "treatment": {"units": self.treatment_units, "x": self.treatment_x},
        }


@dataclass(frozen=True, slots=True)
class ArmValue:
    """One arm's side of a metric: units in the denominator, the mature ones, and the value (rate or mean)."""

    units: int
    mature_units: int
    value: float | NotEstimable
    numerator: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        value = {"not_estimable": self.value.reason} if isinstance(self.value, NotEstimable) else self.value
        return {"units": self.units, "mature_units": self.mature_units, "value": value, "numerator": self.numerator}


def estimate_dict(estimate: Estimate | NotEstimable) -> dict[str, Any]:
    """`{"estimate", "low", "high"}`, with `"unbounded"` naming an open side; or `{"not_estimable": reason}`."""
    if isinstance(estimate, NotEstimable):
        return {"not_estimable": estimate.reason, "detail": estimate.detail}
    row: dict[str, Any] = {"estimate": estimate.value, "low": estimate.interval.low, "high": estimate.interval.high}
    open_sides = [side for side in ("low", "high") if row[side] is None]
    if open_sides:
        row["unbounded"] = "both" if len(open_sides) == 2 else open_sides[0]
    return row


@dataclass(frozen=True, slots=True)
class Look:
    """Where a look stands: information fraction in [0, 1] and the boundary on |z|."""

    information: float
    bound: float

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        return {"information": self.information, "bound": self.bound}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One row per (metric, horizon, arm, segment, estimator). `primary` marks the row that decides.

    `p_adjusted`: a segment's p-value, adjusted by Benjamini–Hochberg over all segments.
    """

    metric: str
    role: Literal["primary", "then", "beside", "guardrail", "segment"]
    primary: bool
    estimator: Literal["itt", "triggered"]
    horizon_days: int | None
    arm: str
    segment: str | None
    control: ArmValue
    treatment: ArmValue
    absolute: Estimate | NotEstimable
    relative: Estimate | NotEstimable
    p_value: float | NotEstimable | None
    p_fixed: float | None
    method: str
    look: Look | None = None
    note: str = ""
    margin: float | None = None
    margin_in: Literal["relative", "points"] | None = None
    unit: Literal["rate", "money", "count"] = "rate"
    currency: str | None = None
    p_adjusted: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        p_value = {"not_estimable": self.p_value.reason} if isinstance(self.p_value, NotEstimable) else self.p_value
        return {
            "metric": self.metric,
            "role": self.role,
            "primary": self.primary,
            "estimator": self.estimator,
            "horizon_days": self.horizon_days,
            "arm": self.arm,
            "segment": self.segment,
            "control": self.control.to_dict(),
            "treatment": self.treatment.to_dict(),
            "absolute": estimate_dict(self.absolute),
            "relative": estimate_dict(self.relative),
            "p_value": p_value,
            "p_fixed": self.p_fixed,
            "method": self.method,
            "look": self.look.to_dict() if self.look else None,
            "note": self.note,
            "margin": self.margin,
            "margin_in": self.margin_in,
            "unit": self.unit,
            "currency": self.currency,
            "p_adjusted": self.p_adjusted,
        }


@dataclass(frozen=True, slots=True)
class VerdictResult:
    """What the decision rule concludes, with its reasons in words and numbers."""

    call: Call
    why: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        return {"call": self.call, "why": list(self.why)}


@dataclass(frozen=True, slots=True)
class MarginalRow:
    """What happened to one discordant stratum, per 1,000 assigned leads: leads moved, and their outcome rate by arm."""

    arm: str
    stratum: Literal["control_first", "arm_first"]
    leads_per_1000: float
    rate_control: float | NotEstimable
    rate_treatment: float | NotEstimable
    outcomes_per_1000: float | NotEstimable


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """Counts of one arm at one stage (assigned, mql, accepted, sql, opportunity, won), of its mature units."""

    arm: str
    stage: str
    count: int
    units: int


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Everything `mqlab analyze` says; reports draw it and compute nothing.

    `verdicts` has one entry per non-control arm; `verdict` is the first arm's (the agreed JSON's single one).
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
        }
