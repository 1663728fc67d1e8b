"""Rare wins at any time, exactly: is the arm of each converted lead drawn as the allocation says?

Of leads that convert, the share θ in treatment is ω·RR/(ω·RR + 1 − ω) when treatment gets the share ω of all leads, so
"no effect" is θ = ω. Against it stands a Beta(kω, k(1 − ω)) mixture; the likelihood ratio E is a martingale under no
effect, so P(E ever reaches 1/α) ≤ α in finite samples, with no normal approximation.
Source: Lindon & Malek 2022 (the multinomial process; Ville's inequality). No library holds it.

It holds for a constant allocation and independent leads, for conversions within the horizon, counted in the order in
which leads mature. Counting converters only costs the share p of the information, so it is for rates up to 5%.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mqlab.stats.estimate import Estimate, Interval

_WINS_PER_PRIOR_WIN = 8.2
_WEAKEST_PRIOR = 2.0


@dataclass(frozen=True, slots=True)
class LabelProcess:
    """`control_wins` and `treatment_wins` so far, the share of leads given to treatment, and the prior's weight.

    `treatment_share` in (0, 1), counts not negative, `prior_wins` positive; otherwise ValueError. `prior_wins` is how
    many wins the prior is worth: see `prior_wins_for`.
    """

    control_wins: int
    treatment_wins: int
    treatment_share: float
    prior_wins: float = _WEAKEST_PRIOR

    def __post_init__(self) -> None:
        if not 0.0 < self.treatment_share < 1.0:
            raise ValueError(f"treatment's share of the leads must lie in (0, 1), not {self.treatment_share}")
        if self.control_wins < 0 or self.treatment_wins < 0:
            raise ValueError(f"{self.control_wins} and {self.treatment_wins} wins cannot be")
        if not 0.0 < self.prior_wins < math.inf:
            raise ValueError(f"the prior must be worth a positive number of wins, not {self.prior_wins}")

    @property
    def log_e_value(self) -> float:
        """log E = log B(a + s_B, b + s_A)/B(a, b) − s_B·log ω − s_A·log(1 − ω); 0 before the first win."""
        a, b = self.treatment_wins, self.control_wins
        return self._log_mixture() - a * math.log(self.treatment_share) - b * math.log1p(-self.treatment_share)

    @property
    def e_value(self) -> float:
        """E, infinite where it is beyond any float; at 1/α or more "no effect" is rejected.

        Example:
            >>> round(LabelProcess(62, 95, 0.5, prior_wins=prior_wins_for(180)).e_value, 6)
            7.526606
        """
        return math.exp(self.log_e_value) if self.log_e_value < 700 else math.inf

    @property
    def p_value(self) -> float:
        """min(1, 1/E): valid whenever it is looked at."""
        return math.exp(-max(0.0, self.log_e_value))

    def share(self, *, alpha: float) -> Estimate:
        """θ, treatment's share of the wins, with its confidence sequence {θ: E(θ) < 1/`alpha`}, inside [0, 1].

        The value is None before the first win.
        """
        wins = self.control_wins + self.treatment_wins
        low, high = self._logits(alpha)
        return Estimate(self.treatment_wins / wins if wins else None, Interval(_expit(low), _expit(high)))

    def ratio(self, *, alpha: float) -> Estimate:
        """Treatment's rate over control's, θ/(1 − θ)·(1 − ω)/ω, with its confidence sequence.

        Without a win in treatment the low limit is 0; without one in control the ratio has neither value nor high
        limit ("at least …"). It excludes 1 exactly when E exceeds 1/`alpha`.

        Example:
            >>> interval = LabelProcess(62, 95, 0.5, prior_wins=prior_wins_for(180)).ratio(alpha=0.05).interval
            >>> round(interval.low, 6), round(interval.high, 6)
            (0.945957, 2.523997)
        """
        even = _logit(self.treatment_share)
        low, high = (limit - even for limit in self._logits(alpha))
        value = None
        if self.control_wins:
            value = self.treatment_wins / self.control_wins * (1 - self.treatment_share) / self.treatment_share
        return Estimate(value, Interval(math.exp(low), math.exp(high) if high < 700 else None))

    def _logits(self, alpha: float) -> tuple[float, float]:
        """The limits of logit θ, infinite on a side without wins. log E(θ) is convex in logit θ: one root a side."""
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha must lie in (0, 1), not {alpha}")
        level = self._log_mixture() + math.log(alpha)

        def excess(logit: float) -> float:
            return level + self.treatment_wins * _softplus(-logit) + self.control_wins * _softplus(logit)

        low = _crossing(excess, self._likeliest(), -1.0) if self.treatment_wins else -math.inf
        high = _crossing(excess, self._likeliest(), 1.0) if self.control_wins else math.inf
        return low, high

    def _likeliest(self) -> float:
        """A logit inside the interval: the likeliest θ, or one as far out as it need be where a side has no wins."""
        far = 40.0 + math.log1p(self.treatment_wins + self.control_wins)
        if not self.treatment_wins:
            return -far
        return math.log(self.treatment_wins / self.control_wins) if self.control_wins else far

    def _log_mixture(self) -> float:
        from scipy.special import betaln

        a, b = self.prior_wins * self.treatment_share, self.prior_wins * (1 - self.treatment_share)
        return float(betaln(a + self.treatment_wins, b + self.control_wins) - betaln(a, b))


def prior_wins_for(expected_wins_at_end: float) -> float:
    """k = max(2, m*/8.2): the prior's weight with the narrowest limits when the `expected_wins_at_end` are in.

    Example:
        >>> prior_wins_for(0), round(prior_wins_for(164), 1)
        (2.0, 20.0)
    """
    if not 0.0 <= expected_wins_at_end < math.inf:
        raise ValueError(f"expected wins cannot be {expected_wins_at_end}")
    return max(_WEAKEST_PRIOR, expected_wins_at_end / _WINS_PER_PRIOR_WIN)


def _crossing(excess: Callable[[float], float], inside: float, side: float) -> float:
    from scipy.optimize import brentq

    step = side
    while excess(inside + step) <= 0:
        step *= 2
    return float(brentq(excess, inside, inside + step, xtol=1e-13, rtol=1e-14))


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))


def _logit(share: float) -> float:
    return math.log(share) - math.log1p(-share)


def _expit(logit: float) -> float:
    return 0.0 if logit < -700 else 1 / (1 + math.exp(-logit))
