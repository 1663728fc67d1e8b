"""Sample ratio mismatch: do the arms hold the shares of units that the split promises?

Once, before a verdict: χ², or the exact multinomial test where an arm expects fewer than five units (Kohavi, Tang & Xu
2020 ch. 21). Every day, as an alarm: a Dirichlet–multinomial e-value that may be looked at as often as one likes
(Lindon & Malek 2022). scipy has the two-arm exact test and χ²; neither the multinomial one nor the sequential one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.estimate import NotEstimable
from mqlab.stats.tails import chi_square_p

ALARM_AT = 100.0
"""The e-value of a daily alarm: a fair split ever gets there with probability at most 1/100."""

_PRIOR_UNITS = 100.0
_FEW = 5
_MAXIMUM_OUTCOMES = 2_000_000
_SLACK = 1e-7


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The p-value of "the split is as declared", with expected units by arm; `exact` says which test it is."""

    p_value: float
    statistic: float
    df: int
    expected: tuple[float, ...]
    exact: bool


def sample_ratio(observed: Sequence[int], weights: Sequence[SupportsFloat]) -> SampleRatio | NotEstimable:
    """Test `observed` units (never leads of randomised accounts) by arm against the declared `weights`.

    Weights need not sum to one; an arm of weight 0 must be empty (otherwise p = 0).

    Example:
        >>> round(sample_ratio([5120, 4880], [1, 1]).p_value, 8)
        0.01639507
    """
    shares, units = _shares(observed, weights), sum(observed)
    if not units or not any(shares):
        return NotEstimable("no_units", "Nobody has been assigned yet.")
    expected = tuple(units * share for share in shares)
    open_arms = [k for k, share in enumerate(shares) if share > 0]
    if any(observed[k] for k in range(len(shares)) if k not in open_arms):
        return SampleRatio(0.0, math.inf, len(shares) - 1, expected, True)
    if len(open_arms) < 2:
        return NotEstimable("one_category", "There is only one arm to count.")
    counts, parts = [observed[k] for k in open_arms], [shares[k] for k in open_arms]
    statistic = sum((count - units * part) ** 2 / (units * part) for count, part in zip(counts, parts, strict=True))
    df = len(open_arms) - 1
    if min(units * part for part in parts) >= _FEW:
        return SampleRatio(chi_square_p(statistic, df), statistic, df, expected, False)
    return SampleRatio(_exact(counts, parts), statistic, df, expected, True)


@dataclass(frozen=True, slots=True)
class RunningSampleRatio:
    """The evidence so far against the declared split, as log E; valid at every look, however often one looks."""

    log_e_value: float

    @property
    def e_value(self) -> float:
        """E: 1 before the first unit, infinite where it is beyond any float."""
        return math.exp(self.log_e_value) if self.log_e_value < 700 else math.inf

    @property
    def p_value(self) -> float:
        """min(1, 1/E)."""
        return math.exp(-max(0.0, self.log_e_value))

    @property
    def alarm(self) -> bool:
        """Whether E has reached 100."""
        return self.log_e_value >= math.log(ALARM_AT)


def running_sample_ratio(
    observed: Sequence[int], weights: Sequence[SupportsFloat]
) -> RunningSampleRatio | NotEstimable:
    """The e-value of `observed` units by arm against the declared `weights`: a Dirichlet(100ω) mixture over ω.

    E = ∏_k Γ(100ω_k + n_k)/Γ(100ω_k) · Γ(100)/Γ(100 + N) / ∏_k ω_k^{n_k}; with two arms the Beta(100ω, 100(1 − ω)) one.
    Units come in order of assignment under constant weights: one value per phase. A unit in an arm of weight 0 makes E
    infinite.

    Example:
        >>> round(running_sample_ratio([5120, 4880], [1, 1]).e_value, 7)
        1.7194432
    """
    from scipy.special import gammaln

    shares, units = _shares(observed, weights), sum(observed)
    open_arms = [k for k, share in enumerate(shares) if share > 0]
    if open_arms and any(observed[k] for k in range(len(shares)) if k not in open_arms):
        return RunningSampleRatio(math.inf)
    if len(open_arms) < 2:
        return NotEstimable("one_category", "There is only one arm to count.")
    log_e = float(gammaln(_PRIOR_UNITS) - gammaln(_PRIOR_UNITS + units))
    for k in open_arms:
        prior = _PRIOR_UNITS * shares[k]
        log_e += float(gammaln(prior + observed[k]) - gammaln(prior)) - observed[k] * math.log(shares[k])
    return RunningSampleRatio(log_e)


def _shares(observed: Sequence[int], weights: Sequence[SupportsFloat]) -> list[float]:
    """The weights as shares of their sum, all 0 where there is none; counts and weights are checked."""
    if len(observed) != len(weights):
        raise ValueError(f"{len(observed)} arms were counted and {len(weights)} weights were given")
    if any(count < 0 for count in observed):
        raise ValueError(f"counts cannot be negative: {list(observed)}")
    exact = [Fraction(str(weight)) for weight in weights]
    if any(weight < 0 for weight in exact):
        raise ValueError(f"weights cannot be negative: {[str(weight) for weight in weights]}")
    whole = sum(exact)
    return [float(weight / whole) if whole else 0.0 for weight in exact]


def _exact(counts: list[int], parts: list[float]) -> float:
    """P(an outcome at most as likely as `counts`), by going through all outcomes where there are few enough."""
    units = sum(counts)
    if math.comb(units + len(counts) - 1, len(counts) - 1) <= _MAXIMUM_OUTCOMES:
        return _multinomial(counts, parts)
    return _arm_by_arm(counts, parts)


def _multinomial(counts: list[int], parts: list[float]) -> float:
    from scipy.special import gammaln

    def log_weight(count: NDArray[np.int64] | int, part: float) -> NDArray[np.float64]:
        return np.asarray(count * math.log(part) - gammaln(np.asarray(count) + 1.0), dtype=np.float64)

    units = sum(counts)
    left = np.array([units], dtype=np.int64)
    weight = np.array([float(gammaln(units + 1.0))])
    for part in parts[:-1]:
        owner = np.repeat(np.arange(left.size), left + 1)
        count = np.arange(owner.size) - np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        weight = weight[owner] + log_weight(count, part)
        left = left[owner] - count
    weight = weight + log_weight(left, parts[-1])
    seen = float(gammaln(units + 1.0)) + sum(float(log_weight(c, p)) for c, p in zip(counts, parts, strict=True))
    return min(1.0, float(np.exp(weight[weight <= seen + _SLACK]).sum()))


def _arm_by_arm(counts: list[int], parts: list[float]) -> float:
    """A Bonferroni bound for many small arms among large ones: each small arm exactly, the large ones by χ²."""
    units = sum(counts)
    small = [k for k, part in enumerate(parts) if units * part < _FEW]
    p_values = [_multinomial([counts[k], units - counts[k]], [parts[k], 1 - parts[k]]) for k in small]
    large = [k for k in range(len(parts)) if k not in small]
    if len(large) > 1:
        inside, mass = sum(counts[k] for k in large), sum(parts[k] for k in large)
        wanted = [inside * parts[k] / mass for k in large]
        statistic = sum((counts[k] - want) ** 2 / want for k, want in zip(large, wanted, strict=True))
        p_values.append(chi_square_p(statistic, len(large) - 1))
    return min(1.0, len(p_values) * min(p_values))
