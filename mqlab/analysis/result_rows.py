"""The rows of a result: one frozen class per table, whose `to_dict` is its part of the agreed JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mqlab.stats.bayes import Reading
from mqlab.stats.estimate import Estimate, Interval, NotEstimable, implied_z
from mqlab.warehouse.columns import Stratum


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


def number_dict(number: float | NotEstimable) -> float | dict[str, Any]:
    """The number, or `{"not_estimable": reason}`."""
    return {"not_estimable": number.reason} if isinstance(number, NotEstimable) else number


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
    """Where a look stands: information fraction in [0, 1], the boundary on |z|, and the leads the fraction counts.

    `effective_leads`: as many mature leads as would tell as much (delays and accounts make them fewer than the leads).
    """

    information: float
    bound: float
    effective_leads: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys."""
        return {"information": self.information, "bound": self.bound, "effective_leads": self.effective_leads}


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """Limits that hold at every instant at once (a confidence sequence), and the p-value that goes with them."""

    absolute: Estimate | NotEstimable
    relative: Estimate | NotEstimable
    p_value: float

    def to_dict(self) -> dict[str, Any]:
        """As the JSON of a row has it."""
        return {
            "absolute": estimate_dict(self.absolute),
            "relative": estimate_dict(self.relative),
            "p_value": self.p_value,
        }


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One row per (metric, horizon, arm, segment, estimator). `primary` marks the row that decides.

    `p_adjusted`: a segment's p-value, adjusted by Benjamini–Hochberg over all segment × metric cells shown.
    `always_valid` and `reading` stand beside the numbers that decide; None where the row is not due.
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
    always_valid: AlwaysValid | NotEstimable | None = None
    reading: Reading | NotEstimable | None = None

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
            "look": self.look.to_dict() | {"z": implied_z(self.absolute, self.look.bound)} if self.look else None,
            "note": self.note,
            "margin": self.margin,
            "margin_in": self.margin_in,
            "unit": self.unit,
            "currency": self.currency,
            "p_adjusted": self.p_adjusted,
            "always_valid": _or_reason(self.always_valid),
            "reading": _or_reason(self.reading),
        }


def _or_reason(found: AlwaysValid | Reading | NotEstimable | None) -> dict[str, Any] | None:
    match found:
        case None:
            return None
        case NotEstimable():
            return {"not_estimable": found.reason, "detail": found.detail}
        case AlwaysValid():
            return found.to_dict()
        case _:
            return asdict(found)


@dataclass(frozen=True, slots=True)
class MarginalRow:
    """What happened to one discordant stratum, per 1,000 assigned leads: leads moved, and their outcome rate by arm.

    `outcomes_per_1000` is what being in `arm` adds (`arm_first`: gained) or costs (`control_first`: forgone), with its
    `interval` where leads are randomised one by one. `stage` is what is counted. `later_per_1000` of the leads are
    handed over by the other definition, too, only later. `by_account`: the leads are all those of accounts in which
    the definition fires first.
    """

    arm: str
    stratum: Literal["control_first", "arm_first"]
    leads_per_1000: float | NotEstimable
    rate_control: float | NotEstimable
    rate_treatment: float | NotEstimable
    outcomes_per_1000: float | NotEstimable
    interval: Interval | None = None
    stage: str = "sql"
    later_per_1000: float = 0.0
    by_account: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        return {
            "arm": self.arm,
            "stratum": self.stratum,
            "stage": self.stage,
            "leads_per_1000": number_dict(self.leads_per_1000),
            "rate_control": number_dict(self.rate_control),
            "rate_treatment": number_dict(self.rate_treatment),
            "outcomes_per_1000": number_dict(self.outcomes_per_1000),
            "low": self.interval.low if self.interval else None,
            "high": self.interval.high if self.interval else None,
            "later_per_1000": self.later_per_1000,
            "by_account": self.by_account,
        }


@dataclass(frozen=True, slots=True)
class LeakRow:
    """SQLs without a hand-over: leads of a stratum that the arm governing them, `under`, did not hand over in time.

    `sqls` of these `leads` became SQLs all the same; `units` are all leads of `under` that the pair compares.
    """

    arm: str
    stratum: Stratum
    under: str
    leads: int
    sqls: int
    units: int

    @property
    def rate(self) -> float | NotEstimable:
        """SQLs per lead that was not handed over."""
        return self.sqls / self.leads if self.leads else NotEstimable("no_units", "There is no such lead.")

    @property
    def per_1000(self) -> float | NotEstimable:
        """SQLs without a hand-over per 1,000 assigned leads."""
        if not self.units:
            return NotEstimable("no_units", "The arm has no lead that has been followed long enough.")
        return 1000 * self.sqls / self.units

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        return {
            "arm": self.arm,
            "stratum": self.stratum,
            "under": self.under,
            "leads": self.leads,
            "sqls": self.sqls,
            "rate": number_dict(self.rate),
            "per_1000": number_dict(self.per_1000),
        }


@dataclass(frozen=True, slots=True)
class MixRow:
    """What sales answered about an arm's MQLs: how many were accepted, or rejected for a `reason`, or not answered.

    A lead rejected and accepted later counts in both; a rejection counts once, with its first reason (None: no reason
    was given).
    """

    arm: str
    answer: Literal["accepted", "rejected", "none"]
    reason: str | None
    mqls: int
    count: int
    share: float | NotEstimable

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        return {
            "arm": self.arm,
            "answer": self.answer,
            "reason": self.reason,
            "mqls": self.mqls,
            "count": self.count,
            "share": number_dict(self.share),
        }


def of_rejected(rows: Sequence[MixRow]) -> tuple[float | None, ...]:
    """For each row its share of its arm's rejections; None for other answers, and where nothing was rejected."""
    whole = Counter[str]()
    for row in rows:
        whole[row.arm] += row.count if row.answer == "rejected" else 0
    return tuple(row.count / whole[row.arm] if row.answer == "rejected" and whole[row.arm] else None for row in rows)


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """Counts of one arm at one stage (assigned, mql, accepted, sql, opportunity, won), of its mature units."""

    arm: str
    stage: str
    count: int
    units: int

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        rate = self.count / self.units if self.units else None
        return {"arm": self.arm, "stage": self.stage, "count": self.count, "units": self.units, "rate": rate}
