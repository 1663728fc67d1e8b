"""A plan as data, and as the agreed JSON of `mqlab experiments plan`: what cannot be said is null, with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar

from mqlab.stats.estimate import NotEstimable

T = TypeVar("T", float, date)


@dataclass(frozen=True, slots=True)
class ByEstimator(Generic[T]):
    """An answer with all leads (`itt`) and one with those on which the definitions differ (`triggered`)."""

    itt: T | NotEstimable
    triggered: T | NotEstimable

    def of(self, estimator: str) -> T | NotEstimable:
        """The answer of one estimator."""
        return self.itt if estimator == "itt" else self.triggered

    def to_dict(self, *, whole: bool = False) -> dict[str, Any]:
        """Both, null where there is none, and then `reason` says why; `whole` rounds leads up."""
        found: dict[str, Any] = {"itt": _plain(self.itt, whole), "triggered": _plain(self.triggered, whole)}
        why = {name: _reason(value) for name, value in (("itt", self.itt), ("triggered", self.triggered))}
        if any(why.values()):
            found["reason"] = {name: reason for name, reason in why.items() if reason}
        return found


def _plain(value: float | date | NotEstimable, whole: bool = False) -> float | int | str | None:
    if isinstance(value, NotEstimable):
        return None
    if isinstance(value, date):
        return value.isoformat()
    if not math.isfinite(value):
        return None
    return math.ceil(value - 1e-9) if whole else round(value, 6)


def _reason(value: float | date | NotEstimable) -> str | None:
    if isinstance(value, NotEstimable):
        return value.reason
    return "never" if isinstance(value, float) and not math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One guardrail: the leads it needs, and its chance to clear under the plan if nothing gets worse."""

    metric: str
    horizon_days: int
    margin: float
    kind: Literal["relative", "points"]
    units_needed: ByEstimator[float]
    power_at_plan: ByEstimator[float]
    due: date

    def of(self, decides: str) -> tuple[float | NotEstimable, float | NotEstimable]:
        """(leads, chance) by the estimator that decides, or by all leads where only they are compared."""
        units = self.units_needed.of(decides)
        if isinstance(units, NotEstimable) and units.reason == "descriptive":
            return self.units_needed.itt, self.power_at_plan.itt
        return units, self.power_at_plan.of(decides)

    def to_dict(self) -> dict[str, Any]:
        """The row of the JSON."""
        return {
            "metric": self.metric,
            "horizon_days": self.horizon_days,
            "margin": self.margin,
            "margin_kind": self.kind,
            "units_needed": self.units_needed.to_dict(whole=True),
            "power_at_plan": self.power_at_plan.to_dict(),
            "due": self.due.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be seen if the experiment ended on a date; `look`: it is a declared look."""

    date: date
    leads: float
    itt: float | NotEstimable
    triggered: float | NotEstimable
    look: bool


@dataclass(frozen=True)
class Plan:
    """Everything a plan says. Leads are of all arms; a size is relative; `kind` says whether it is a lift or a margin.

    `units_needed`, `last_look` and `expected_stop` are of an experiment that enrols until it has the leads it needs;
    `units_primary_alone` is what the primary takes with the whole `power`, whatever becomes of the other conditions;
    `power_at_plan`, `smallest_effect` and `curve` are of the enrolment and the looks as declared. `feasible`: the
    declared enrolment and looks hold the leads that the deciding estimator needs, whatever the guardrails need.
    """

    experiment: str
    title: str
    metric: str
    horizon_days: int
    aim: Literal["growth", "efficiency"]
    kind: Literal["lift", "margin"]
    size: float
    points: bool
    power: float
    power_each: float
    conditions: int
    decides: Literal["itt", "triggered"]
    units_needed: ByEstimator[float]
    units_primary_alone: ByEstimator[float]
    enrolled_by: ByEstimator[date]
    last_look: ByEstimator[date]
    expected_stop: ByEstimator[date]
    smallest_effect: ByEstimator[float]
    by: date
    discordant_share: Mapping[str, float]
    planned_leads: float
    declared_last: date | None
    enrolment_to: date
    power_at_plan: ByEstimator[float]
    feasible: bool
    guardrails: tuple[Guardrail, ...]
    curve: tuple[Seen, ...]
    per_arm: tuple[tuple[str, ByEstimator[float]], ...]
    assumptions: tuple[str, ...]

    @property
    def hard_guardrails(self) -> tuple[Guardrail, ...]:
        """Those that the plan gives less than the chance each condition is planned with, the hardest first."""
        known = [(rail, *rail.of(self.decides)) for rail in self.guardrails]
        short = [
            (-math.inf if isinstance(units, NotEstimable) else -units, rail)
            for rail, units, chance in known
            if isinstance(chance, NotEstimable) or chance < self.power_each
        ]
        return tuple(rail for _, rail in sorted(short, key=lambda found: found[0]))

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `mqlab experiments plan`."""
        shares = list(self.discordant_share.values())
        return {
            "experiment": self.experiment,
            "metric": self.metric,
            "horizon_days": self.horizon_days,
            "aim": self.aim,
            self.kind: round(self.size, 6),
            **({"margin_kind": "points" if self.points else "relative"} if self.kind == "margin" else {}),
            "power": self.power,
            "power_each": round(self.power_each, 6),
            "decides": self.decides,
            "units_needed": self.units_needed.to_dict(whole=True),
            "units_needed_primary_alone": self.units_primary_alone.to_dict(whole=True),
            "enrolled_by": self.enrolled_by.to_dict(),
            "last_look": self.last_look.to_dict(),
            "expected_stop": self.expected_stop.to_dict(),
            "smallest_effect": {**self.smallest_effect.to_dict(), "by": self.by.isoformat()},
            "discordant_share": round(min(shares), 6),
            "planned_leads": math.floor(self.planned_leads + 1e-9),
            "power_at_plan": self.power_at_plan.to_dict(),
            "feasible": self.feasible,
            "guardrails_feasible": not self.hard_guardrails,
            "guardrails": [rail.to_dict() for rail in self.guardrails],
            "curve": [
                {
                    "date": seen.date.isoformat(),
                    "leads": math.floor(seen.leads + 1e-9),
                    "smallest_effect_itt": _plain(seen.itt),
                    "smallest_effect_triggered": _plain(seen.triggered),
                    "look": seen.look,
                }
                for seen in self.curve
            ],
            "arms": [
                {
                    "arm": arm,
                    "units_needed": units.to_dict(whole=True),
                    "discordant_share": round(self.discordant_share[arm], 6),
                }
                for arm, units in self.per_arm
            ],
            "assumptions": list(self.assumptions),
        }
