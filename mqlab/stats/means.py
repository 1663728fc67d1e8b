"""Means from sums and sums of squares: money per lead, its difference (Welch), its ratio (Fieller), its permutation p,
and ratio metrics such as effort per win (delta method).

Sums are integers (money in minor units), so that every engine returns the same bytes; variances are exact in them.
Sources: Welch 1947, Fieller 1954, Deng, Knoblich & Lu 2018 (delta method for ratio metrics).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.tails import t_in_place_of, two_sided_p_t

TOO_FEW = NotEstimable("too_few_units", "An arm has fewer than two units.")
NO_SPREAD = NotEstimable("no_variation", "Every unit has the same value.")
ZERO_CONTROL = NotEstimable("zero_control", "The control arm's value is zero, so there is no relative change.")


@dataclass(frozen=True, slots=True)
class Moments:
    """`n` units whose values sum to `total` and their squares to `squares` (integers are kept exact)."""

    n: int
    total: int
    squares: int

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Total per unit; 0 of no units."""
        return self.total / self.n if self.n else 0.0

    @property
    def variance(self) -> float:
        """The unbiased variance; 0 of fewer than two units."""
        return max(0, self.n * self.squares - self.total**2) / (self.n * (self.n - 1)) if self.n > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two estimated means with variances and covariance, and the degrees of freedom of their comparison."""

    control: float
    treatment: float
    control_variance: float
    treatment_variance: float
    covariance: float
    df: float

    @property
    def standard_error(self) -> float:
        """√Var(treatment − control)."""
        return math.sqrt(max(0.0, self.control_variance + self.treatment_variance - 2 * self.covariance))

    def difference(self, *, z: float) -> Estimate:
        """Treatment − control ± t·SE, t the quantile that stands for `z` at `df`."""
        gap, half = self.treatment - self.control, t_in_place_of(z, self.df) * self.standard_error
        return Estimate(gap, Interval(gap - half, gap + half))

    def ratio(self, *, z: float) -> Estimate | NotEstimable:
        """Treatment / control with Fieller's interval; both sides open where control is not clear of zero.

        Excludes 1 exactly when `difference` excludes 0, wherever it is bounded.
        """
        if not self.control:
            return ZERO_CONTROL
        t2 = t_in_place_of(z, self.df) ** 2
        value = self.treatment / self.control
        a = self.control**2 - t2 * self.control_variance
        if a <= 0:
            return Estimate(value, Interval(None, None))
        b = self.control * self.treatment - t2 * self.covariance
        c = self.treatment**2 - t2 * self.treatment_variance
        root = math.sqrt(max(0.0, b * b - a * c))
        return Estimate(value, Interval((b - root) / a, (b + root) / a))

    def relative_lift(self, *, z: float) -> Estimate | NotEstimable:
        """`ratio` − 1."""
        found = self.ratio(z=z)
        if isinstance(found, NotEstimable):
            return found
        low, high = found.interval.low, found.interval.high
        return Estimate(
            None if found.value is None else found.value - 1,
            Interval(None if low is None else low - 1, None if high is None else high - 1),
        )

    def p_value(self) -> float | NotEstimable:
        """Two-sided t p of equal means; it agrees with `difference`."""
        if not self.standard_error:
            return NO_SPREAD
        return two_sided_p_t((self.treatment - self.control) / self.standard_error, self.df)


def welch(control: Moments, treatment: Moments) -> Contrast | NotEstimable:
    """Two independent means: SE² = s_A²/n_A + s_B²/n_B with the Welch–Satterthwaite degrees of freedom.

    Example (R's `sleep`, in tenths of hours; `t.test` says df 17.776474, p .07939):
        >>> contrast = welch(Moments(10, 233, 9037), Moments(10, 75, 3443))
        >>> round(contrast.df, 6), round(contrast.p_value(), 5)
        (17.776474, 0.07939)
    """
    if control.n < 2 or treatment.n < 2:
        return TOO_FEW
    v_a, v_b = control.variance / control.n, treatment.variance / treatment.n
    return Contrast(control.mean, treatment.mean, v_a, v_b, 0.0, _welch_df(v_a, control.n, v_b, treatment.n))


def _welch_df(v_a: float, n_a: int, v_b: float, n_b: int) -> float:
    if not v_a + v_b:
        return float(n_a + n_b - 2)
    share_a, share_b = v_a / (v_a + v_b), v_b / (v_a + v_b)
    return 1 / (share_a**2 / (n_a - 1) + share_b**2 / (n_b - 1))


@dataclass(frozen=True, slots=True)
class MomentStrata:
    """Moments by first-divergence stratum: discordant by arm, concordant strata with both arms pooled."""

    discordant_control: Moments
    discordant_treatment: Moments
    concordant: tuple[Moments, ...]


def diluted(strata: MomentStrata) -> Contrast | NotEstimable:
    """Per-lead means under each definition, concordant leads shared: the triggered form of `welch`.

    μ_k = Σ_conc π_s ȳ_s + π_D ȳ_Dk. Variances include that of the shares; the covariance is what the concordant leads
    and the shares have in common, so the difference has Var = π_D²(s²_A/n_A + s²_B/n_B) + (ȳ_B − ȳ_A)² π_D(1−π_D)/N.
    """
    a, b = strata.discordant_control, strata.discordant_treatment
    if not a.n + b.n:
        return NotEstimable("no_discordant_leads", "The two definitions have not disagreed about any lead yet.")
    if a.n < 2 or b.n < 2:
        return TOO_FEW
    units = a.n + b.n + sum(stratum.n for stratum in strata.concordant)
    share = (a.n + b.n) / units
    alike = squares = inside = 0.0
    for stratum in strata.concordant:
        part = stratum.n / units
        alike += part * stratum.mean
        squares += part * stratum.mean**2
        inside += part**2 * stratum.variance / stratum.n if stratum.n else 0.0
    mu_a, mu_b = alike + share * a.mean, alike + share * b.mean
    v_a, v_b = a.variance / a.n, b.variance / b.n
    return Contrast(
        mu_a,
        mu_b,
        (squares + share * a.mean**2 - mu_a**2) / units + inside + share**2 * v_a,
        (squares + share * b.mean**2 - mu_b**2) / units + inside + share**2 * v_b,
        (squares + share * a.mean * b.mean - mu_a * mu_b) / units + inside,
        _welch_df(v_a, a.n, v_b, b.n),
    )


@dataclass(frozen=True, slots=True)
class RatioSums:
    """Sums over `n` independent units of a numerator y and a denominator w (effort per win: touches and wins)."""

    n: int
    y: int
    w: int
    yy: int
    ww: int
    yw: int


def ratio_metric(control: RatioSums, treatment: RatioSums) -> Contrast | NotEstimable:
    """Σy/Σw in both arms with delta-method variances n/(n−1)·(Σy² − 2RΣyw + R²Σw²)/(Σw)²."""
    if control.n < 2 or treatment.n < 2:
        return TOO_FEW
    if not control.w or not treatment.w:
        return NotEstimable("no_outcomes", "An arm has nothing to divide by yet.")
    (r_a, v_a), (r_b, v_b) = _ratio_of_sums(control), _ratio_of_sums(treatment)
    return Contrast(r_a, r_b, v_a, v_b, 0.0, math.inf)


def _ratio_of_sums(sums: RatioSums) -> tuple[float, float]:
    # R = y/w, so w²·Σ(y_i − R w_i)² is a whole number: no digits are lost to cancellation
    scaled = sums.w**2 * sums.yy - 2 * sums.y * sums.w * sums.yw + sums.y**2 * sums.ww
    return sums.y / sums.w, sums.n / (sums.n - 1) * (max(0, scaled) / sums.w**4)


def permutation_p(
    winners_control: Sequence[int],
    winners_treatment: Sequence[int],
    units_control: int,
    units_treatment: int,
    *,
    rng: np.random.Generator,
    draws: int = 9_999,
) -> float | NotEstimable:
    """Two-sided p of equal money per unit: arm labels are shuffled over all units, of which only winners matter.

    Each draw deals the winners to the arms as sampling without replacement would (an urn, winner by winner), exactly;
    the p-value is (1 + draws at least as far from the expected sum) / (1 + `draws`).
    """
    amounts = np.array([*winners_control, *winners_treatment], dtype=np.float64)
    units = units_control + units_treatment
    if len(winners_control) > units_control or len(winners_treatment) > units_treatment:
        raise ValueError("an arm has more winners than units")
    if not units_control or not units_treatment:
        return NotEstimable("no_units", "An arm has no units to count.")
    if not amounts.size:
        return NotEstimable("no_outcomes", "Nobody has won yet.")
    places = np.full(draws, float(units_treatment))
    sums = np.zeros(draws)
    for dealt, amount in enumerate(amounts):
        chosen = rng.random(draws) * (units - dealt) < places
        places -= chosen
        sums += amount * chosen
    expected = float(amounts.sum()) * units_treatment / units
    seen = abs(float(np.sum(winners_treatment)) - expected)
    further = np.abs(sums - expected) >= seen * (1 - 1e-12)
    return float((1 + np.count_nonzero(further)) / (1 + draws))
