"""Bayesian readings of an effect: never the verdict, only words for it.

`shrunk_lift` is the reading that reports show: a normal approximation of the log ratio with the prior N(0, τ²), for any
estimator that has limits. `probability_better` compares two Beta posteriors of plain counts, for readers who ask.

A flat prior is no protection against looking often: with it "P > .95 in any week" happens in one A/A experiment in
five (statistics.md section 10). The prior here says that most lifts are small; with τ = 0.10 it happens in 1 of 60.

Sources: Miller, "Formulas for Bayesian A/B testing" (the sum), Deng, Lu & Chen 2016 (continuous monitoring). scipy has
the distributions but not the comparison; where no parameter is whole,
its `betainc` and `betaincinv` are integrated here: `scipy.integrate.quad` misses narrow posteriors or warns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z

PRIOR_SD = 0.10
"""τ: the standard deviation of log ratios that is thought usual before an experiment."""

CREDIBLE_Z = critical_z(0.05)
_LONGEST_SUM = 2_000_000
_LARGEST_LOG = 700.0
_LEAST = 0.05
"""Below it a Beta variable is nearer to 0 than any floating-point number, too often to be integrated."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A relative lift after shrinkage: posterior median, central 95% limits, and P(lift > 0); 0.05 means five percent.

    For a metric of which less is better, `probability_better` is the probability that treatment has more of it.
    """

    lift: float
    low: float
    high: float
    probability_better: float


def shrunk_lift(log_ratio: float, variance: float, *, prior_sd: float = PRIOR_SD) -> Reading:
    """The posterior of a log ratio estimated with `variance`, prior N(0, `prior_sd`²): N(k·l, k·v), k = τ²/(τ² + v).

    `prior_sd` infinite is the flat prior. ValueError for a variance or a prior that is not positive.

    Example (an observed +20% with a standard error of about 10% is read as +9.5%):
        >>> reading = shrunk_lift(math.log(1.2), 0.01)
        >>> round(reading.lift, 4), round(reading.low, 4), round(reading.high, 4)
        (0.0954, -0.0463, 0.2583)
        >>> round(reading.probability_better, 4)
        0.9013
    """
    if not abs(log_ratio) <= _LARGEST_LOG:
        raise ValueError(f"a log ratio must be a number within ±{_LARGEST_LOG:.0f}, not {log_ratio}")
    if not 0 < variance < math.inf or not prior_sd > 0:
        raise ValueError(f"a variance and a prior's spread must be positive, not {variance} and {prior_sd}")
    kept = 1 / (1 + variance / prior_sd**2)
    middle, spread = kept * log_ratio, math.sqrt(kept * variance)
    return Reading(
        lift=math.expm1(middle),
        low=math.expm1(middle - CREDIBLE_Z * spread),
        high=math.expm1(min(_LARGEST_LOG, middle + CREDIBLE_Z * spread)),
        probability_better=math.erfc(-middle / spread / math.sqrt(2)) / 2,
    )


def reading_of(relative: Estimate | NotEstimable, z: float, *, prior_sd: float = PRIOR_SD) -> Reading | NotEstimable:
    """`shrunk_lift` of a relative lift whose limits were drawn at the critical value `z`.

    The variance is that of a normal log ratio with limits so far apart: ((ln(1 + high) − ln(1 + low)) / 2z)². An open
    side, or a limit or a lift of −100%, has no logarithm and is a reason; so are limits without any width.

    Example:
        >>> from mqlab.stats.estimate import Interval
        >>> round(reading_of(Estimate(0.2, Interval(-0.0136, 0.4598)), 1.96).lift, 4)
        0.0954
    """
    if isinstance(relative, NotEstimable):
        return relative
    if not z > 0:
        raise ValueError(f"the critical value of an interval must be positive, not {z}")
    value, low, high = relative.value, relative.interval.low, relative.interval.high
    if value is None or low is None or high is None:
        return UNBOUNDED
    if not all(map(math.isfinite, (value, low, high))):
        return UNBOUNDED
    if min(value, low) <= -1:
        return NO_LOGARITHM
    error = (math.log1p(high) - math.log1p(low)) / (2 * z)
    if error <= 0:
        return NO_WIDTH
    return shrunk_lift(math.log1p(value), error**2, prior_sd=prior_sd)


UNBOUNDED = NotEstimable("unbounded_lift", "The relative lift has no limit on one side, so it cannot be shrunk.")
NO_LOGARITHM = NotEstimable(
    "limit_at_minus_100", "The relative lift may be −100% or less, which has no logarithm to be shrunk."
)
NO_WIDTH = NotEstimable("no_variation", "The limits of the relative lift have no width.")


def probability_better(alpha_a: float, beta_a: float, alpha_b: float, beta_b: float) -> float:
    """P(B > A) for independent A ~ Beta(`alpha_a`, `beta_a`) and B ~ Beta(`alpha_b`, `beta_b`), all at least 0.05.

    With a uniform prior, x of n units give Beta(1 + x, 1 + n − x). Where a parameter is whole the answer is Miller's
    sum of as many positive terms (about ten digits); otherwise an integral, to eight digits.

    Example:
        >>> round(probability_better(5, 10, 8, 9), 10)
        0.7937557537
    """
    if not all(_LEAST <= parameter < math.inf for parameter in (alpha_a, beta_a, alpha_b, beta_b)):
        raise ValueError(f"the parameters of a Beta distribution must be finite and at least {_LEAST} here")
    # P(B > A) = 1 − P(A > B) = P(1 − A > 1 − B): any of the four may be the one that counts the terms
    views = (
        (alpha_b, beta_b, alpha_a, beta_a, False),
        (beta_a, alpha_a, beta_b, alpha_b, False),
        (alpha_a, beta_a, alpha_b, beta_b, True),
        (beta_b, alpha_b, beta_a, alpha_a, True),
    )
    whole = [view for view in views if float(view[0]).is_integer() and view[0] <= _LONGEST_SUM]
    if not whole:
        return _integral(alpha_a, beta_a, alpha_b, beta_b)
    terms, rest, other_alpha, other_beta, complement = min(whole)
    found = _sum(int(terms), rest, other_alpha, other_beta)
    return min(1.0, max(0.0, 1 - found if complement else found))


def _sum(alpha: int, beta: float, other_alpha: float, other_beta: float) -> float:
    """Σ_{i<α} B(a + i, b + β) / ((β + i) B(1 + i, β) B(a, b)): the chance that Beta(α, β) beats Beta(a, b)."""
    from scipy.special import betaln

    i = np.arange(alpha, dtype=np.float64)
    logs = (
        betaln(other_alpha + i, other_beta + beta)
        - np.log(beta + i)
        - betaln(1 + i, beta)
        - betaln(other_alpha, other_beta)
    )
    return float(np.exp(logs).sum())


def _integral(alpha_a: float, beta_a: float, alpha_b: float, beta_b: float) -> float:
    """∫ P(A < x) dP(B ≤ x) over B's own probability scale, its upper half seen from 1 so that no digit is lost."""
    return 0.5 + _lower_half(alpha_a, beta_a, alpha_b, beta_b) - _lower_half(beta_a, alpha_a, beta_b, alpha_b)


def _lower_half(alpha_a: float, beta_a: float, alpha_b: float, beta_b: float) -> float:
    """∫ P(A < Q_B(u)) du over u in (0, ½): Gauss–Legendre in s = −ln 2u, with knots where A lies on that scale."""
    from scipy.special import betainc, betaincinv

    where_a_lies = betainc(alpha_b, beta_b, betaincinv(alpha_a, beta_a, _KNOTS))
    inside = where_a_lies[(where_a_lies > 0.5 * math.exp(-_REACH)) & (where_a_lies < 0.5)]
    knots = np.unique(np.concatenate([np.arange(_REACH + 1.0), -np.log(2 * inside)]))
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(knots)[:, None] / 2
    u = 0.5 * np.exp(-(knots[:-1, None] + half * (1 + nodes)))
    return float((half * weights * u * betainc(alpha_a, beta_a, betaincinv(alpha_b, beta_b, u))).sum())


_KNOTS = np.array([10.0**-power for power in (12, 9, 6, 4, 3, 2)])
_KNOTS = np.concatenate([_KNOTS, np.linspace(0.05, 0.95, 19), 1 - _KNOTS])
_REACH = 40
