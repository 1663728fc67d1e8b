"""Is the money per unit equal in two arms? A permutation test in which only the winners have to be dealt.

Arm labels are shuffled over all units of a phase, winners or not. A unit without money adds nothing, so dealing the
winners from an urn without replacement is the same test, exactly, at the cost of winners instead of units. Sources:
Fisher 1935, Pitman 1937; (1 + hits) / (1 + draws) is Phipson & Smyth 2010. `scipy.stats.permutation_test` shuffles
every unit and knows no phases: it is the oracle of the tests and the reference of `benchmarks/permutation.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mqlab.stats.estimate import NotEstimable
from mqlab.stats.means import NO_SPREAD, Moments
from mqlab.stats.tails import two_sided_p

Floats = npt.NDArray[np.float64]

NO_UNITS = NotEstimable("no_units", "An arm has no units to count.")
NO_WINNERS = NotEstimable("no_outcomes", "Nobody has won yet.")
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Winnings:
    """One phase: the amounts of either arm's winners, and its units, winners or not.

    More winners than units, or an amount that is no finite number, is a ValueError.
    """

    control: Sequence[int]
    treatment: Sequence[int]
    control_units: int
    treatment_units: int

    def __post_init__(self) -> None:
        if len(self.control) > self.control_units or len(self.treatment) > self.treatment_units:
            raise ValueError("an arm has more winners than units")
        if not all(math.isfinite(amount) for amount in (*self.control, *self.treatment)):
            raise ValueError("an amount must be a finite number")

    @property
    def units(self) -> int:
        """Units of both arms."""
        return self.control_units + self.treatment_units

    @property
    def amounts(self) -> Floats:
        """Every winner's amount, in ascending order: the order in which winners were found must not matter."""
        return np.sort(np.array([*self.control, *self.treatment], dtype=np.float64))

    def difference(self, treatment_total: Floats) -> Floats:
        """Treatment's mean − control's, times the phase's units, had treatment won `treatment_total`.

        It is 0 where treatment has its share of the money; phases add up in this unit, as Δ̂ = Σ N_φ Δ̂_φ / N does.
        """
        share = float(self.amounts.sum()) * self.treatment_units / self.units
        return (treatment_total - share) * (self.units**2 / (self.control_units * self.treatment_units))


def permutation_p(phases: Sequence[Winnings], *, rng: np.random.Generator, draws: int = 9_999) -> float | NotEstimable:
    """Two-sided p of equal money per unit, labels shuffled within each phase; a phase with one empty arm is left out.

    The statistic is the difference of means, phases weighted by their units; the p-value is (1 + draws at least as
    far from 0) / (1 + `draws`), never 0. The same `rng` state gives the same p in whatever order winners come.

    Example:
        >>> one_phase = Winnings([500, 900, 40], [2_000, 1_500, 3_000, 700, 80, 950], 40, 40)
        >>> round(permutation_p([one_phase], rng=np.random.default_rng(1)), 1)
        0.1
    """
    filled = [phase for phase in phases if phase.control_units and phase.treatment_units]
    if not filled:
        return NO_UNITS
    if not any(phase.amounts.size for phase in filled):
        return NO_WINNERS
    shuffled = sum((_shuffled(phase, rng, draws) for phase in filled), np.zeros(draws))
    seen = abs(sum(float(phase.difference(np.array(float(sum(phase.treatment))))) for phase in filled))
    hits = np.count_nonzero(np.abs(shuffled) >= seen * (1 - _TIE))
    return float((1 + hits) / (1 + draws))


def _shuffled(phase: Winnings, rng: np.random.Generator, draws: int) -> Floats:
    """`Winnings.difference` under `draws` random labellings.

    The smaller arm is dealt its winners, one winner at a time for all draws: each takes one of the places left.
    """
    amounts = phase.amounts
    small = min(phase.control_units, phase.treatment_units)
    places = np.full(draws, float(small))
    won, taken, chance = np.zeros(draws), np.empty(draws), np.empty(draws)
    for dealt, amount in enumerate(amounts):
        rng.random(out=chance)
        chance *= phase.units - dealt
        np.less(chance, places, out=taken)
        places -= taken
        taken *= amount
        won += taken
    return phase.difference(won if small == phase.treatment_units else amounts.sum() - won)


def pooled_p(phases: Sequence[tuple[Moments, Moments]]) -> float | NotEstimable:
    """The normal approximation of `permutation_p`, from (control, treatment) moments of each phase: no winner needed.

    A shuffled difference has the variance S² (1/n_A + 1/n_B), S² that of all units of the phase together. Of yes/no
    data it is the N − 1 score test.

    Example:
        >>> round(pooled_p([(Moments(500, 12, 12), Moments(500, 21, 21))]), 7)
        0.1112925
    """
    filled = [(a, b) for a, b in phases if a.n and b.n]
    if not filled:
        return NO_UNITS
    gap = sum((a.n + b.n) * (b.mean - a.mean) for a, b in filled)
    variance = sum((a.n + b.n) ** 2 * (a + b).variance * (1 / a.n + 1 / b.n) for a, b in filled)
    return two_sided_p(gap / math.sqrt(variance)) if variance else NO_SPREAD
