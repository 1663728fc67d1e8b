"""Several phases as one comparison: Δ̂ = Σ w_φ Δ̂_φ with w_φ = N_φ/N, and the Cochran–Mantel–Haenszel test.

Coverage changes over time, and so may the leads: a phase is compared within itself (statistics.md section 4). Intervals
are Miettinen–Nurminen's, stratified: {δ: |z(δ)| ≤ z} for z(δ) = Σ v_φ (d_φ − δ) / √(Σ v_φ² V_φ(δ)), with the test's
own weights v_φ = n_Aφ n_Bφ / N_φ, so that an interval excludes "no effect" exactly when the test does. Where phases
of very unequal allocation disagree so much that Δ̂ lies outside, the estimate takes those weights, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mqlab.stats import binary, score, triggered
from mqlab.stats.dilution import Share, diluted
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.independence import cochran_mantel_haenszel
from mqlab.stats.means import Contrast
from mqlab.stats.strata import Pair, Strata

Floats = npt.NDArray[np.float64]

NO_PHASE = NotEstimable("no_units", "No phase has mature leads in both arms.")
_STEEP = 1e6


def difference(pairs: Sequence[Pair], *, z: float) -> Estimate | NotEstimable:
    """Treatment rate − control rate over phases; one phase is the plain Miettinen–Nurminen interval.

    Example:
        >>> from mqlab.stats.binary import Counts
        >>> one = Pair(Counts(12, 500), Counts(21, 500))
        >>> two = difference([one, one], z=1.959964)
        >>> round(two.value, 3), two.interval.low > difference([one], z=1.959964).interval.low
        (0.018, True)
    """
    filled = [pair for pair in pairs if pair.filled]
    if not filled:
        return NO_PHASE
    if len(filled) == 1:
        return binary.difference(filled[0].control, filled[0].treatment, z=z)
    cells = _Cells(filled)
    value = float(cells.size @ (cells.xb / cells.nb - cells.xa / cells.na)) / float(cells.size.sum())
    low = _root(lambda at: cells.z_difference(at) - z, -1.0, 1.0, zero=0.0)
    high = _root(lambda at: cells.z_difference(at) + z, -1.0, 1.0, zero=0.0)
    if not low <= value <= high:
        value = float(cells.weight @ (cells.xb / cells.nb - cells.xa / cells.na)) / float(cells.weight.sum())
    return Estimate(value, Interval(low, high))


def relative_lift(pairs: Sequence[Pair], *, z: float) -> Estimate | NotEstimable:
    """Treatment rate / control rate − 1 over phases, with the stratified score interval."""
    filled = [pair for pair in pairs if pair.filled]
    if not filled:
        return NO_PHASE
    if len(filled) == 1:
        return binary.relative_lift(filled[0].control, filled[0].treatment, z=z)
    cells = _Cells(filled)
    base, rate = float(cells.size @ (cells.xa / cells.na)), float(cells.size @ (cells.xb / cells.nb))
    low = _log_root(lambda at: cells.z_ratio(at) - z) if cells.xb.any() else 0.0
    high = _log_root(lambda at: cells.z_ratio(at) + z) if cells.xa.any() else math.inf
    value = rate / base if base else None
    if value is not None and not low <= value <= high:
        value = float(cells.weight @ (cells.xb / cells.nb)) / float(cells.weight @ (cells.xa / cells.na))
    return binary.minus_one(Estimate(value, Interval(low, None if math.isinf(high) else high)))


def p_value(pairs: Sequence[Pair]) -> float | NotEstimable:
    """The N − 1 score p of one phase, Cochran–Mantel–Haenszel's of several; 1 where nobody or everybody counts."""
    filled = [pair for pair in pairs if pair.filled]
    if not filled:
        return NO_PHASE
    if len(filled) == 1:
        return binary.p_value(filled[0].control, filled[0].treatment)
    found = cochran_mantel_haenszel(filled)
    return 1.0 if isinstance(found, NotEstimable) else found.p_value


def triggered_difference(phases: Sequence[Strata], *, z: float) -> Estimate | NotEstimable:
    """π_D (q_B − q_A) over phases: the stratified interval of the discordant leads, diluted to all assigned ones."""
    if len(phases) == 1:
        return triggered.difference(phases[0], z=z)
    if missing := _no_discordant(phases):
        return missing
    inside = difference([strata.discordant for strata in phases], z=z)
    if isinstance(inside, NotEstimable):
        return inside
    return diluted(inside, _within(phases), Share(_share(phases), sum(strata.units for strata in phases)), z=z)


def _share(phases: Sequence[Strata]) -> float:
    """The share of all leads that are discordant and compared."""
    units = sum(strata.units for strata in phases)
    return sum(strata.discordant.pooled.n for strata in phases if strata.discordant.filled) / units


def _within(phases: Sequence[Strata]) -> float:
    """The variance of the discordant leads' difference, each phase with its share of them."""
    pairs = [strata.discordant for strata in phases if strata.discordant.filled]
    units = sum(pair.pooled.n for pair in pairs)
    return sum((pair.pooled.n / units) ** 2 * pair.variance for pair in pairs)


def triggered_p_value(phases: Sequence[Strata]) -> float | NotEstimable:
    """The test of the discordant leads, over phases."""
    if len(phases) == 1:
        return triggered.p_value(phases[0])
    return _no_discordant(phases) or p_value([strata.discordant for strata in phases])


def triggered_rates(phases: Sequence[Strata]) -> tuple[float, float] | NotEstimable:
    """(μ_A, μ_B): outcomes per assigned lead under each definition, each phase with its share of the leads."""
    if not phases:
        return NO_PHASE
    if missing := _no_discordant(phases):
        return missing
    units = sum(strata.units for strata in phases)
    sums = [0.0, 0.0]
    for strata in phases:
        rates = triggered.arm_rates(strata)
        if isinstance(rates, NotEstimable):
            alike = strata.assigned.pooled
            rates = (alike.x / alike.n, alike.x / alike.n)
        for side in (0, 1):
            sums[side] += strata.units / units * rates[side]
    return sums[0], sums[1]


def triggered_lift(phases: Sequence[Strata], *, z: float) -> Estimate | NotEstimable:
    """μ_B / μ_A − 1 over phases: log-delta limits, cut at 0 where the test of the discordant leads says otherwise."""
    if len(phases) == 1:
        return triggered.relative_lift(phases[0], z=z)
    rates = triggered_rates(phases)
    if isinstance(rates, NotEstimable):
        return rates
    if not sum(strata.assigned.pooled.x for strata in phases):
        return triggered.NO_OUTCOMES
    inside = difference([strata.discordant for strata in phases], z=z)
    if not min(rates) or isinstance(inside, NotEstimable):
        return relative_lift([strata.discordant for strata in phases], z=z)
    apart = [strata.discordant for strata in phases]
    inside_arms = [
        (sum(counts.x for counts in side), sum(counts.n for counts in side))
        for side in ([pair.control for pair in apart], [pair.treatment for pair in apart])
    ]
    units = sum(strata.units for strata in phases)
    parts = [_log_variance(strata, rates, units) for strata in phases]
    if any(x in (0, n) for x, n in inside_arms):
        return triggered.by_score(rates, _share(phases), inside, sum(shared for shared, _ in parts), z=z)
    variance = sum(shared + own for shared, own in parts)
    middle, half = math.log(rates[1] / rates[0]), z * math.sqrt(variance)
    low, high = math.expm1(middle - half), math.expm1(middle + half)
    score_low, score_high = inside.interval.low or 0.0, inside.interval.high or 0.0
    low = max(low, 0.0) if score_low > 0 else min(low, 0.0)
    high = min(high, 0.0) if score_high < 0 else max(high, 0.0)
    return Estimate(math.expm1(middle), Interval(low, high))


def combined(parts: Sequence[tuple[float, Contrast]]) -> Contrast:
    """Contrasts of phases, each with its share of the units; degrees of freedom by Satterthwaite."""
    total = sum(weight for weight, _ in parts)
    shares = [(weight / total, contrast) for weight, contrast in parts]
    variances = [share**2 * contrast.standard_error**2 for share, contrast in shares]
    spread = sum(v**2 / c.df for v, (_, c) in zip(variances, shares, strict=True) if not math.isinf(c.df))
    return Contrast(
        sum(share * contrast.control for share, contrast in shares),
        sum(share * contrast.treatment for share, contrast in shares),
        sum(share**2 * contrast.control_variance for share, contrast in shares),
        sum(share**2 * contrast.treatment_variance for share, contrast in shares),
        sum(share**2 * contrast.covariance for share, contrast in shares),
        sum(variances) ** 2 / spread if spread else max(contrast.df for _, contrast in parts),
    )


def _no_discordant(phases: Sequence[Strata]) -> NotEstimable | None:
    pairs = [strata.discordant for strata in phases]
    if any(pair.filled for pair in pairs):
        return None
    return triggered.ONE_SIDED if any(pair.pooled.n for pair in pairs) else triggered.NO_DISCORDANT


def _log_variance(strata: Strata, rates: tuple[float, float], units: int) -> tuple[float, float]:
    """A phase's part of Var(log μ_B/μ_A), every (phase, stratum) a stratum of the whole.

    First what both definitions have in common, shares and concordant outcomes, then the discordant leads' own.
    """
    mu_a, mu_b = rates
    shared = own = 0.0
    gap = (1 / mu_b - 1 / mu_a) ** 2
    alike = [strata.both, strata.none]
    apart = [pair for pair in (strata.control_first, strata.arm_first) if pair.pooled.n]
    if not all(pair.filled for pair in apart):
        apart = [strata.discordant]
    if not apart or not apart[0].filled:
        alike, apart = [*alike, *apart], []
    for pair in alike:
        n, x = pair.pooled.n, pair.pooled.x
        if n:
            share, rate = n / units, x / n
            shared += gap * (share * rate**2 / units + share**2 * rate * (1 - rate) / n)
    for pair in apart:
        share = pair.pooled.n / units
        r_a, r_b = pair.control.x / pair.control.n, pair.treatment.x / pair.treatment.n
        shared += share * (r_b / mu_b - r_a / mu_a) ** 2 / units
        own += share**2 * r_b * (1 - r_b) / (pair.treatment.n * mu_b**2)
        own += share**2 * r_a * (1 - r_a) / (pair.control.n * mu_a**2)
    return shared, own


class _Cells:
    """Phases as arrays."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.xa, self.na, self.xb, self.nb = (
            np.array(column, dtype=np.float64)
            for column in zip(
                *((pair.control.x, pair.control.n, pair.treatment.x, pair.treatment.n) for pair in pairs), strict=True
            )
        )
        self.size: Floats = self.na + self.nb
        self.weight: Floats = self.na * self.nb / self.size
        self.correction: Floats = self.size / (self.size - 1)

    def z_difference(self, delta: float) -> float:
        """z(δ), falling in δ."""
        qa, qb = score.restricted_by_difference(self.xa, self.na, self.xb, self.nb, delta)
        variance = (qb * (1 - qb) / self.nb + qa * (1 - qa) / self.na) * self.correction
        return self._standardised(self.xb / self.nb - self.xa / self.na - delta, variance)

    def z_ratio(self, ratio: float) -> float:
        """z(φ), falling in φ."""
        qa, qb = score.restricted_by_ratio(self.xa, self.na, self.xb, self.nb, ratio)
        variance = (qb * (1 - qb) / self.nb + ratio**2 * qa * (1 - qa) / self.na) * self.correction
        return self._standardised(self.xb / self.nb - ratio * self.xa / self.na, variance)

    def _standardised(self, gaps: Floats, variance: Floats) -> float:
        gap, spread = float(self.weight @ gaps), math.sqrt(float(self.weight**2 @ np.maximum(variance, 0.0)))
        if gap == 0.0:
            return 0.0
        return gap / spread if spread else math.copysign(math.inf, gap)


def _root(falling: Callable[[float], float], low: float, high: float, *, zero: float) -> float:
    """Where a falling function crosses 0; never on the wrong side of `zero`."""
    from scipy.optimize import brentq

    def bounded(at: float) -> float:
        return max(-_STEEP, min(_STEEP, falling(at)))

    if bounded(zero) > 0:
        low = zero
    else:
        high = zero
    if bounded(low) <= 0:
        return low
    return high if bounded(high) > 0 else float(brentq(bounded, low, high, xtol=1e-14, rtol=1e-13))


def _log_root(falling: Callable[[float], float]) -> float:
    """Where a falling function of a ratio crosses 0, searched on the log scale."""
    return math.exp(_root(lambda at: falling(math.exp(at)), -40.0, 40.0, zero=0.0))
