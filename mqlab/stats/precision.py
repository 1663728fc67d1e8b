"""Efficient precision: outcome per MQL of each definition; leads of stratum `both` count for both definitions.

Precision is descriptive: the two definitions hand over different leads, so most of a precision lift is composition.
Source: delta method on post-stratified ratios (Deng, Knoblich & Lu 2018), the general form for rules that may fire
later; a rule scored once (m = n in its own stratum, m = 0 in the other) is the special case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, Interval, NotEstimable

NO_MQLS = NotEstimable("no_mqls", "A definition has handed over no lead yet.")
TOO_FEW = NotEstimable("too_few_units", "A stratum has fewer than two leads in an arm.")


@dataclass(frozen=True, slots=True)
class Qualified:
    """Of `n` leads of one stratum and arm, `m` became MQLs under their own arm and `e` of those had the outcome."""

    n: int
    m: int
    e: int

    def __post_init__(self) -> None:
        if not 0 <= self.e <= self.m <= self.n:
            raise ValueError(f"{self.e} outcomes of {self.m} MQLs of {self.n} leads cannot be")

    def __add__(self, other: Qualified) -> Qualified:
        return Qualified(self.n + other.n, self.m + other.m, self.e + other.e)


@dataclass(frozen=True, slots=True)
class QualifiedPair:
    """One discordant stratum in the control arm and in the treatment arm."""

    control: Qualified
    treatment: Qualified

    def __add__(self, other: QualifiedPair) -> QualifiedPair:
        return QualifiedPair(self.control + other.control, self.treatment + other.treatment)

    @property
    def units(self) -> int:
        """Leads of both arms."""
        return self.control.n + self.treatment.n


@dataclass(frozen=True, slots=True)
class Precision:
    """Precision and volume (MQLs per assigned lead) of both definitions, with the precision's change."""

    control: float
    treatment: float
    control_volume: float
    treatment_volume: float
    absolute: Estimate | NotEstimable
    relative: Estimate | NotEstimable
    log_standard_error: float | None


ENOUGH_OUTCOMES = 5
TOO_FEW_OUTCOMES = NotEstimable(
    "too_few_outcomes",
    f"Fewer than {ENOUGH_OUTCOMES} MQLs of a definition have the outcome, or lack it; all leads are compared instead.",
)
"""The difference of two precisions has a normal interval, which collapses at 0 and at 1 (statistics.md 3.3)."""


def efficient_precision(
    both: Counts, control_first: QualifiedPair, arm_first: QualifiedPair, units: int, *, z: float
) -> Precision | NotEstimable:
    """P_k = E_k / M_k with intervals for P_B − P_A (delta) and P_B / P_A − 1 (log-delta).

    `both` is stratum `both` of the two arms pooled (x: outcomes), `units` every assigned lead of the two arms.
    A discordant stratum too small in an arm is pooled with the other one.
    """
    if not units:
        return NotEstimable("no_units", "No lead is assigned yet.")
    pairs = [pair for pair in (control_first, arm_first) if pair.units]
    if any(min(pair.control.n, pair.treatment.n) < 2 for pair in pairs):
        pairs = [control_first + arm_first]
        if min(pairs[0].control.n, pairs[0].treatment.n) < 2:
            return TOO_FEW
    parts = _Parts(both, tuple(pairs), units)
    e_a, m_a = parts.expected("control")
    e_b, m_b = parts.expected("treatment")
    if not m_a or not m_b:
        return NO_MQLS
    p_a, p_b = e_a / m_a, e_b / m_b
    half = z * math.sqrt(max(0.0, parts.variance((1 / m_a, e_a / m_a**2), (1 / m_b, e_b / m_b**2))))
    relative: Estimate | NotEstimable = NotEstimable("no_outcomes", "The MQLs of a definition have no outcome yet.")
    log_error = None
    if parts.fewest_lacking() < ENOUGH_OUTCOMES:
        relative = TOO_FEW_OUTCOMES
    elif e_a and e_b:
        log_error = math.sqrt(max(0.0, parts.variance((1 / e_a, 1 / m_a), (1 / e_b, 1 / m_b))))
        middle = math.log(p_b / p_a)
        limits = Interval(math.expm1(middle - z * log_error), math.expm1(middle + z * log_error))
        relative = Estimate(math.expm1(middle), limits)
    absolute: Estimate | NotEstimable = TOO_FEW_OUTCOMES
    if parts.fewest_outcomes() >= ENOUGH_OUTCOMES:
        limits = Interval(max(-1.0, p_b - p_a - half), min(1.0, p_b - p_a + half))
        absolute = Estimate(p_b - p_a, limits)
    return Precision(p_a, p_b, m_a, m_b, absolute, relative, log_error)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The strata that matter; a scale (s, t) of an arm stands for the derivative s·dE − t·dM of its precision."""

    both: Counts
    pairs: tuple[QualifiedPair, ...]
    units: int

    def fewest_outcomes(self) -> int:
        """The smallest number, over both arms, of MQLs with the outcome or without it."""
        found = []
        for arm in ("control", "treatment"):
            cells: list[Qualified] = [getattr(pair, arm) for pair in self.pairs]
            outcomes = self.both.x + sum(cell.e for cell in cells)
            volume = self.both.n + sum(cell.m for cell in cells)
            found += [outcomes, volume - outcomes]
        return min(found)

    def fewest_lacking(self) -> int:
        """The smaller number, of the two arms, of MQLs without the outcome."""
        found = []
        for arm in ("control", "treatment"):
            cells: list[Qualified] = [getattr(pair, arm) for pair in self.pairs]
            volume = self.both.n + sum(cell.m for cell in cells)
            found.append(volume - self.both.x - sum(cell.e for cell in cells))
        return min(found)

    def expected(self, arm: str) -> tuple[float, float]:
        """(E, M): outcomes among MQLs, and MQLs, per assigned lead under the arm's definition."""
        outcomes, volume = self.both.x / self.units, self.both.n / self.units
        for pair in self.pairs:
            cell: Qualified = getattr(pair, arm)
            outcomes += pair.units / self.units * cell.e / cell.n
            volume += pair.units / self.units * cell.m / cell.n
        return outcomes, volume

    def variance(self, control: tuple[float, float], treatment: tuple[float, float]) -> float:
        """Variance of the difference of the two arms' scaled precisions: shares, pooled `both`, and each cell.

        Both scales in use are homogeneous (s·E = t·M), so the shares' terms have mean 0.
        """
        share_both = self.both.n / self.units
        rate = self.both.x / self.both.n if self.both.n else 0.0
        gap_e, gap_m = treatment[0] - control[0], treatment[1] - control[1]
        shares = share_both * (rate * gap_e - gap_m) ** 2
        inside = share_both**2 * rate * (1 - rate) / self.both.n * gap_e**2 if self.both.n else 0.0
        for pair in self.pairs:
            share = pair.units / self.units
            value_a, spread_a = _moments(pair.control, control)
            value_b, spread_b = _moments(pair.treatment, treatment)
            shares += share * (value_b - value_a) ** 2
            inside += share**2 * (spread_a / (pair.control.n - 1) + spread_b / (pair.treatment.n - 1))
        return shares / self.units + inside


def _moments(cell: Qualified, scale: tuple[float, float]) -> tuple[float, float]:
    """Mean and (divide-by-n) variance within a cell of s·outcome − t·MQL."""
    s, t = scale
    mean = (s * cell.e - t * cell.m) / cell.n
    return mean, (cell.e * (s - t) ** 2 + (cell.m - cell.e) * t**2) / cell.n - mean**2
