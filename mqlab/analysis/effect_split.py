"""The effect among all assigned leads as two parts: what the definitions disagree on, and the rest.

Post-stratified on {both, discordant, none} within every phase, intention-to-treat is exactly the triggered effect plus
the concordant part (statistics.md section 3.5). The second is noise, or an effect of being in the arm other than
through the classification: of reps who see it, of a crowded queue. If that would persist after a roll-out,
intention-to-treat is the right answer.

Each part is Σ w (r_B − r_A) over its cells with w = n / N. Intervals are those of the parts' own tests: stratified
Miettinen–Nurminen, which excludes 0 exactly when Cochran–Mantel–Haenszel rejects, and CR2 for accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from mqlab.analysis import accounts, phases, rates
from mqlab.analysis.accounts import Group, Measure
from mqlab.analysis.pictures import counted_stage
from mqlab.analysis.result_rows import estimate_dict
from mqlab.analysis.study import Study
from mqlab.stats import clusters as maths
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.means import Contrast
from mqlab.stats.strata import Pair
from mqlab.warehouse.sufficient import Cell, UnitRow

DISCORDANT, CONCORDANT = ("discordant",), ("both", "none")
CLASSES: Mapping[str | None, str] = {
    "both": "both", "control_first": "discordant", "arm_first": "discordant", "none": "none"
}  # fmt: skip
"""The class of each stratum."""
NO_CELL = NotEstimable("no_units", "No stratum has leads of both arms.")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the effect, per assigned lead of both arms; `share` of them, in [0, 1], are in its cells."""

    share: float
    difference: Estimate | NotEstimable
    p_value: float | NotEstimable

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what cannot be told is `{"not_estimable": reason}`."""
        p_value = {"not_estimable": self.p_value.reason} if isinstance(self.p_value, NotEstimable) else self.p_value
        return {"share": self.share, **estimate_dict(self.difference), "p_value": p_value}


@dataclass(frozen=True, slots=True)
class EffectSplit:
    """`assigned` = `triggered` + `concordant`, in outcomes of `stage` per lead; repeated limits at this look.

    `left_out`: mature leads in cells that only one arm has.
    """

    arm: str
    stage: str
    horizon_days: int
    assigned: Part
    triggered: Part
    concordant: Part
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "arm": self.arm,
            "stage": self.stage,
            "horizon_days": self.horizon_days,
            "assigned": self.assigned.to_dict(),
            "triggered": self.triggered.to_dict(),
            "concordant": self.concordant.to_dict(),
            "left_out": self.left_out,
        }


def effect_split(study: Study, arm: str) -> EffectSplit:
    """The split of one challenger, over its mature leads; of the primary's stage, deals won where it is no stage."""
    metric, stage = study.protocol.primary, counted_stage(study)
    horizon = study.horizon(metric)
    z = study.boundary(arm, horizon, metric).z(study.alpha(arm))
    if study.by_account:
        units = rates.comparable(study.units(arm, horizon), study.control, arm)
        reached: Measure = (lambda row: row.mql) if stage == "mql" else (lambda row: row.x[stage])
        parts, left_out = of_accounts(units, study.control, arm, reached, z=z)
    else:
        cells = rates.comparable(study.cells(arm, horizon), study.control, arm)
        parts, left_out = of_leads(cells, study.control, arm, rates.numerator(f"{stage}_per_lead"), z=z)
    boundary = study.boundary(arm, horizon, metric)
    whole, triggered, concordant = (replace(part, p_value=boundary.p_values(part.p_value)[0]) for part in parts)
    return EffectSplit(arm, stage, horizon, whole, triggered, concordant, left_out)


def of_leads(
    cells: Sequence[Cell], control: str, arm: str, count: rates.Numerator, *, z: float
) -> tuple[tuple[Part, Part, Part], int]:
    """(assigned, triggered, concordant) of randomised leads, and the leads that are in none of them."""

    def pair(group: Sequence[Cell]) -> Pair:
        return rates.strata_of(group, control, arm, count).assigned

    found = [(name, pair(group)) for name, group in _by_class(cells)]
    total = sum(each.pooled.n for _, each in found)
    filled = [(name, each) for name, each in found if each.filled]

    def part(names: Sequence[str]) -> Part:
        pairs = [each for name, each in filled if name in names]
        share = sum(each.pooled.n for each in pairs) / total if total else 0.0
        inside = phases.difference(pairs, z=z)
        if isinstance(inside, NotEstimable):
            return Part(share, NO_CELL, NO_CELL)
        value = sum(each.pooled.n / total * _gap(each) for each in pairs)
        return Part(share, _around(value, inside.interval, share), phases.p_value(pairs))

    return _three(part), total - sum(each.pooled.n for _, each in filled)


def of_accounts(
    rows: Sequence[UnitRow], control: str, arm: str, count: Measure, *, z: float
) -> tuple[tuple[Part, Part, Part], int]:
    """(assigned, triggered, concordant) of randomised accounts, and the leads that are in none of them."""
    groups = [(name, accounts.groups_of(group, control, arm, count)[0]) for name, group in _by_class(rows)]
    total = sum(_leads(group) for _, group in groups)
    filled: list[tuple[str, float, Contrast]] = []
    for name, group in groups:
        contrast = maths.compare(*group)
        if not isinstance(contrast, NotEstimable):
            filled.append((name, _leads(group), contrast))

    def part(names: Sequence[str]) -> Part:
        chosen = [(leads, contrast) for name, leads, contrast in filled if name in names]
        share = sum(leads for leads, _ in chosen) / total if total else 0.0
        if not chosen:
            return Part(share, NO_CELL, NO_CELL)
        contrast = phases.combined(chosen)
        inside = contrast.difference(z=z)
        return Part(share, _around(share * (inside.value or 0.0), inside.interval, share), contrast.p_value())

    return _three(part), int(total - sum(leads for _, leads, _ in filled))


AnyRow = TypeVar("AnyRow", Cell, UnitRow)


def _by_class(rows: Sequence[AnyRow]) -> list[tuple[str, tuple[AnyRow, ...]]]:
    """The rows of every (phase, class), with the class."""
    found: dict[tuple[int, str], list[AnyRow]] = {}
    for row in rows:
        found.setdefault((row.phase, CLASSES.get(row.stratum, "none")), []).append(row)
    return [(name, tuple(found[phase, name])) for phase, name in sorted(found)]


def _three(part: Callable[[Sequence[str]], Part]) -> tuple[Part, Part, Part]:
    return part((*DISCORDANT, *CONCORDANT)), part(DISCORDANT), part(CONCORDANT)


def _gap(pair: Pair) -> float:
    return pair.treatment.x / pair.treatment.n - pair.control.x / pair.control.n


def _leads(group: Group) -> float:
    return float(group[0].leads.sum() + group[1].leads.sum())


def _around(value: float, inside: Interval, share: float) -> Estimate:
    """The exact sum, and the interval inside the cells diluted; the limits never leave the sum outside."""
    low = None if inside.low is None else min(value, share * inside.low)
    high = None if inside.high is None else max(value, share * inside.high)
    return Estimate(value, Interval(low, high))
