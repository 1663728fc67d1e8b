"""Means from sums and sums of squares: money per lead, its difference (Welch), its ratio (Fieller), its skewness, and
ratio metrics such as effort per win (delta method).

Sums are integers (money in minor units), so that every engine returns the same bytes; variances are exact in them.
Sources: Welch 1947 (R's `t.test`), Fieller 1954, Kohavi et al. 2014 (skewness rule), Deng, Knoblich & Lu 2018 (delta
method for ratio metrics). `scipy.stats.ttest_ind_from_stats` has Welch's p for two independent means, but not for means
that share leads, nor any ratio; it is an oracle of the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.tails import t_in_place_of, two_sided_p_t

TOO_FEW = NotEstimable("too_few_units", "An arm has fewer than two units.")
NO_SPREAD = NotEstimable("no_variation", "Every unit has the same value.")
NOTHING_TO_DIVIDE_BY = NotEstimable("no_outcomes", "An arm has nothing to divide by yet.")
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


def welch_of(control: npt.ArrayLike, treatment: npt.ArrayLike) -> Contrast | NotEstimable:
    """`welch` of the values themselves, for what is no whole number: log amounts.

    Example:
        >>> round(welch_of([0.7, -1.6, -0.2], [1.9, 0.8, 1.1, 0.1]).difference(z=1.959964).value, 4)
        1.3417
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (control, treatment))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("values must be finite numbers")
    if min(a.size, b.size) < 2:
        return TOO_FEW
    v_a, v_b = float(a.var(ddof=1)) / a.size, float(b.var(ddof=1)) / b.size
    return Contrast(float(a.mean()), float(b.mean()), v_a, v_b, 0.0, _welch_df(v_a, a.size, v_b, b.size))


def _welch_df(v_a: float, n_a: int, v_b: float, n_b: int) -> float:
    if not v_a + v_b:
        return float(n_a + n_b - 2)
    share_a, share_b = v_a / (v_a + v_b), v_b / (v_a + v_b)
    return 1 / (share_a**2 / (n_a - 1) + share_b**2 / (n_b - 1))


def skewness(amounts: Sequence[int], units: int) -> float | NotEstimable:
    """E(y − μ)³ / σ³ over `units`, of which those in `amounts` have that value and the others 0.

    More amounts than units is a ValueError.

    Example (one in four, as a Bernoulli variable: (1 − 2p) / √(p (1 − p))):
        >>> round(skewness([1], 4), 6) == round(0.5 / math.sqrt(0.1875), 6)
        True
    """
    if len(amounts) > units:
        raise ValueError("there are more amounts than units")
    if units < 2:
        return TOO_FEW
    y = np.array(amounts, dtype=np.float64)
    if not np.isfinite(y).all():
        raise ValueError("amounts must be finite numbers")
    idle = units - y.size
    mean = float(y.sum()) / units
    second = float(((y - mean) ** 2).sum()) + idle * mean**2
    third = float(((y - mean) ** 3).sum()) - idle * mean**3
    return third / units / (second / units) ** 1.5 if second else NO_SPREAD


def units_for_normal_limits(skew: float) -> int:
    """Units per arm from which the mean of a variable of this skewness has normal limits: 355·skew².

    Source: Kohavi, Deng, Longbotham & Xu 2014, rule 7.

    Example:
        >>> units_for_normal_limits(18.0)
        115020
    """
    if not math.isfinite(skew):
        raise ValueError(f"a skewness must be a finite number, not {skew}")
    return math.ceil(355 * skew**2)


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
        return NOTHING_TO_DIVIDE_BY
    (r_a, v_a), (r_b, v_b) = _ratio_of_sums(control), _ratio_of_sums(treatment)
    return Contrast(r_a, r_b, v_a, v_b, 0.0, math.inf)


def ratio_metric_in_phases(phases: Sequence[tuple[RatioSums, RatioSums]]) -> Contrast | NotEstimable:
    """`ratio_metric` of (control, treatment) in several phases: both means per unit are taken phase by phase.

    Each phase has the weight of its units in both arms, so that an allocation that changed between phases tells
    nothing; a phase with fewer than two units in an arm is left out.
    """
    filled = [pair for pair in phases if min(sums.n for sums in pair) > 1]
    if not filled:
        return TOO_FEW
    if len(filled) == 1:
        return ratio_metric(*filled[0])
    units = sum(a.n + b.n for a, b in filled)
    shares = [(a.n + b.n) / units for a, b in filled]
    means = [_ratio_of_means(list(zip(shares, side, strict=True))) for side in zip(*filled, strict=True)]
    if not all(means):
        return NOTHING_TO_DIVIDE_BY
    (r_a, v_a), (r_b, v_b) = (mean for mean in means if mean)
    return Contrast(r_a, r_b, v_a, v_b, 0.0, math.inf)


def _ratio_of_means(phases: Sequence[tuple[float, RatioSums]]) -> tuple[float, float] | None:
    """One arm's ratio and its variance; None where there is nothing to divide by."""
    w = sum(share * sums.w / sums.n for share, sums in phases)
    if not w:
        return None
    ratio = sum(share * sums.y / sums.n for share, sums in phases) / w
    variance = 0.0
    for share, sums in phases:
        squares = sums.yy - 2 * ratio * sums.yw + ratio**2 * sums.ww - (sums.y - ratio * sums.w) ** 2 / sums.n
        variance += share**2 * max(0.0, squares) / (sums.n * (sums.n - 1))
    return ratio, variance / w**2


def _ratio_of_sums(sums: RatioSums) -> tuple[float, float]:
    # R = y/w, so w²·Σ(y_i − R w_i)² is a whole number: no digits are lost to cancellation
    scaled = sums.w**2 * sums.yy - 2 * sums.y * sums.w * sums.yw + sums.y**2 * sums.ww
    return sums.y / sums.w, sums.n / (sums.n - 1) * (max(0, scaled) / sums.w**4)
