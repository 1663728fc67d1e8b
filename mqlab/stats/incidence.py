"""Delayed outcomes: the share of leads with the outcome within `h` days, while many have been followed for less.

The complete product-limit estimate: potential follow-up is known of every lead (the data's cut-off minus its
assignment), so a lost or rejected lead stays among those at risk, and only the calendar takes leads away. Once every
lead has been followed for h days it is the plain share x / n, to the last bit.

Sources: Kaplan & Meier 1958; Greenwood 1926 (variance); Aalen & Johansen 1978 and Fine & Gray 1999 ("censoring
complete" data); effective counts as in `effective`. R's `survival::survfit` and lifelines compute the same rate and
standard error and are held against it in the tests; here two cumulative sums do, and influence by group of leads,
comparison of arms at common ages and whole-number counts when all are mature need the tables by age themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mqlab.stats import effective
from mqlab.stats.effective import Effective
from mqlab.stats.estimate import Estimate, NotEstimable

NO_UNITS = NotEstimable("no_units", "An arm has no units to count.")
HORIZON_BEYOND_DATA = NotEstimable("horizon_beyond_data", "No lead has been followed to the horizon yet.")


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Leads of one arm by how long they could be followed and at what age they converted; made by `Followed.of`.

    One entry stands for `leads` alike. `follow_up` is in whole days, at most `horizon_days`; `converted` is the age
    u ≥ 1 of the conversion in days, 0 where none was seen at an age up to `follow_up`.
    """

    follow_up: NDArray[np.int64]
    converted: NDArray[np.int64]
    leads: NDArray[np.int64]
    horizon_days: int

    @classmethod
    def of(
        cls, follow_up: ArrayLike, converted: ArrayLike, leads: ArrayLike | None = None, *, horizon_days: int
    ) -> Followed:
        """From sequences of equal length, one lead an entry unless `leads` says how many.

        Follow-up below 0 (assigned after the cut-off) counts as 0. A conversion at an age that has not been reached,
        or beyond the horizon, is none. ValueError: unequal lengths, a negative count or age, a horizon below 1.

        Example:
            >>> Followed.of([90, 20, -1], [12, 30, 0], horizon_days=60).converted.tolist()
            [12, 0, 0]
        """
        c, t = np.asarray(follow_up, dtype=np.int64), np.asarray(converted, dtype=np.int64)
        n = np.ones(c.shape, dtype=np.int64) if leads is None else np.asarray(leads, dtype=np.int64)
        if horizon_days < 1:
            raise ValueError(f"a horizon has at least one day, not {horizon_days}")
        if c.ndim != 1 or not c.shape == t.shape == n.shape:
            raise ValueError("follow_up, converted and leads need one entry per group of leads")
        if (n < 0).any() or (t < 0).any():
            raise ValueError("counts of leads and ages of conversion cannot be negative")
        c = np.minimum(np.maximum(c, 0), horizon_days)
        t = np.where(t <= c, t, 0)
        kept = np.flatnonzero(n)
        return cls(c[kept], t[kept], n[kept], int(horizon_days))

    @classmethod
    def nobody(cls, *, horizon_days: int) -> Followed:
        """No leads at all."""
        return cls.of([], [], horizon_days=horizon_days)

    @property
    def units(self) -> int:
        """All leads."""
        return int(self.leads.sum())

    @property
    def mature(self) -> int:
        """Leads followed for the whole horizon."""
        return int(self.leads[self.follow_up >= self.horizon_days].sum())

    @property
    def complete(self) -> bool:
        """Whether every lead has been followed for the whole horizon."""
        return bool((self.follow_up >= self.horizon_days).all())

    @property
    def events(self) -> int:
        """Leads seen to convert."""
        return int(self.leads[self.converted > 0].sum())

    def __add__(self, other: Followed) -> Followed:
        if self.horizon_days != other.horizon_days:
            raise ValueError(f"horizons of {self.horizon_days} and {other.horizon_days} days do not add")
        return Followed(
            np.concatenate([self.follow_up, other.follow_up]),
            np.concatenate([self.converted, other.converted]),
            np.concatenate([self.leads, other.leads]),
            self.horizon_days,
        )

    def followed_to(self) -> NDArray[np.float64]:
        """Leads followed for at least u days, for u = 1 … horizon; the converted stay in."""
        return _at_least(self.follow_up, self.leads, self.horizon_days)

    def at_risk(self) -> NDArray[np.float64]:
        """r_u: leads followed for at least u days and not converted before, for u = 1 … horizon."""
        return _at_least(self._ends(), self.leads, self.horizon_days)

    def conversions(self) -> NDArray[np.float64]:
        """w_u: leads that converted at age u, for u = 1 … horizon."""
        return _counted(self.converted, self.leads, self.horizon_days)[1:]

    def _ends(self) -> NDArray[np.int64]:
        return np.where(self.converted > 0, self.converted, self.follow_up)


def _at_least(ages: NDArray[np.int64], leads: NDArray[np.int64], horizon_days: int) -> NDArray[np.float64]:
    exits = _counted(ages, leads, horizon_days)
    remaining: NDArray[np.float64] = np.cumsum(exits[::-1])[::-1][1:]
    return remaining


def _counted(ages: NDArray[np.int64], leads: NDArray[np.int64], horizon_days: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(ages, weights=leads, minlength=horizon_days + 1), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Ages:
    """One phase of one arm, by age u = 1 … horizon: leads followed to u, at risk at u, converted at u."""

    followed_to: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    conversions: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Incidence:
    """The share `rate` = F(h) with its `variance`, and how many leads stand behind it.

    `effective_units` is F(1 − F)/variance: the number of leads, all followed to the horizon, that would tell as much.
    `at_risk` leads remain unconverted just before age h. `phases` are what the comparison of two arms looks into,
    each with its weight.
    """

    rate: float
    variance: float
    effective_units: float
    units: int
    mature: int
    at_risk: int
    events: int
    phases: tuple[tuple[float, Ages], ...] = field(compare=False, repr=False)

    @property
    def standard_error(self) -> float:
        """√variance."""
        return math.sqrt(self.variance)


def product_limit(followed: Followed) -> Incidence | NotEstimable:
    """F(h) = 1 − Π(1 − w_u/r_u) with Greenwood's variance (1 − F)² Σ w_u/(r_u(r_u − w_u)).

    With nobody at risk at the horizon, and not everybody converted before, F(h) cannot be known yet. Without any
    conversion (or with nothing else) both F(1 − F) and the variance vanish; the effective number of leads is then its
    limit for a conversion equally likely at every age, the harmonic mean of the numbers followed.

    Example (R's `survival::aml`, arm Maintained, at 23 weeks: S = .6136, SE .1526):
        >>> weeks, relapsed = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
        >>> found = product_limit(Followed.of(weeks, [w * r for w, r in zip(weeks, relapsed)], horizon_days=23))
        >>> round(1 - found.rate, 10), round(found.standard_error, 10)
        (0.6136363636, 0.152632331)
    """
    units, mature, events = followed.units, followed.mature, followed.events
    if not units:
        return NO_UNITS
    ages = Ages(followed.followed_to(), followed.at_risk(), followed.conversions())
    left, phases = int(ages.at_risk[-1]), ((1.0, ages),)
    if mature == units:
        variance = events * (units - events) / units**3
        return Incidence(events / units, variance, float(units), units, mature, left, events, phases)
    survival = _survival(ages.at_risk, ages.conversions)
    if survival and not left:
        return HORIZON_BEYOND_DATA
    variance = survival**2 * float(_greenwood(ages.at_risk, ages.conversions).sum())
    informative = survival * (1 - survival) / variance if variance else _harmonic(ages.followed_to)
    return Incidence(1 - survival, variance, informative, units, mature, left, events, phases)


def _survival(at_risk: NDArray[np.float64], won: NDArray[np.float64]) -> float:
    return float(np.prod(1 - np.divide(won, at_risk, out=np.zeros_like(won), where=at_risk > 0)))


def _harmonic(leads: NDArray[np.float64], weight: NDArray[np.float64] | None = None) -> float:
    """The harmonic mean of the numbers of leads over the ages somebody reached."""
    reached = leads > 0
    parts = np.ones(leads.size) if weight is None else weight
    return float(parts[reached].sum() / np.sum(parts[reached] / leads[reached]))


def _greenwood(at_risk: NDArray[np.float64], won: NDArray[np.float64]) -> NDArray[np.float64]:
    """w/(r(r − w)) by age; 0 where nobody converted, and where nobody is left (there F = 1)."""
    left = at_risk * (at_risk - won)
    steps: NDArray[np.float64] = np.divide(won, left, out=np.zeros_like(won), where=left > 0)
    return steps


def influence(followed: Followed) -> NDArray[np.float64]:
    """By entry, what one of its leads adds to F(h): (1 − F)[1{converted at t}/(r_t − w_t) − Σ w_u/(r_u(r_u − w_u))].

    The sum runs over the ages the lead was at risk. Over all leads the influences sum to 0 and their squares to
    Greenwood's variance, exactly; sums within accounts give the clustered variance.
    """
    at_risk, won = followed.at_risk(), followed.conversions()
    survival = _survival(at_risk, won)
    if not survival:
        return np.zeros(followed.leads.size)
    spent = np.concatenate([[0.0], np.cumsum(_greenwood(at_risk, won))])
    left = np.concatenate([[1.0], at_risk - won])
    jump = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)
    found: NDArray[np.float64] = survival * (
        np.where(followed.converted > 0, jump[followed.converted], 0.0) - spent[followed._ends()]
    )
    return found


def standardised(parts: Sequence[tuple[float, Incidence]]) -> Incidence:
    """One arm's incidence over phases: Σ w F and Σ w² Var for weights proportional to those given.

    The weights are the phases' numbers of leads, both arms together, so that two arms are compared on the same mix of
    phases. A phase in which nobody (or everybody) converted has no variance of its own to show; it takes the whole
    rate's, spread over its effective leads. ValueError: no phase, a negative weight, or none positive.
    """
    if len(parts) == 1 and parts[0][0] > 0:
        return parts[0][1]
    total = sum(weight for weight, _ in parts)
    if not total > 0 or any(weight < 0 for weight, _ in parts):
        raise ValueError("phases need weights that are not negative, and one that is positive")
    shares = [(weight / total, part) for weight, part in parts]
    rate = min(1.0, sum(share * part.rate for share, part in shares))
    informative = effective.joined_units([(share, part.rate, part.effective_units) for share, part in shares])
    return Incidence(
        rate,
        rate * (1 - rate) / informative,
        informative,
        sum(part.units for _, part in parts),
        sum(part.mature for _, part in parts),
        sum(part.at_risk for _, part in parts),
        sum(part.events for _, part in parts),
        tuple((share * weight, ages) for share, part in shares for weight, ages in part.phases),
    )


def counts(control: Incidence, treatment: Incidence) -> tuple[Effective, Effective]:
    """The effective counts with which two arms are compared: the very counts where all of one phase are mature.

    Each arm's leads are valued at the ages of both arms' conversions: Σ g_u / Σ (g_u/m_u), with m_u leads followed to
    age u and g_u = 1/S_u − 1/S_{u−1} the steps of both arms' joint product limit S. ValueError: different phases.
    """
    if len(control.phases) != len(treatment.phases):
        raise ValueError("two arms are compared over the same phases")
    parts: tuple[list[tuple[float, float, float]], ...] = ([], [])
    for (weight, a), (_, b) in zip(control.phases, treatment.phases, strict=True):
        at_risk, won = a.at_risk + b.at_risk, a.conversions + b.conversions
        survival = _survival(at_risk, won)
        steps = None
        if 0 < survival < 1:
            left = np.cumprod(1 - np.divide(won, at_risk, out=np.zeros_like(won), where=at_risk > 0))
            steps = 1 / left - 1 / np.concatenate([[1.0], left[:-1]])
        for side, ages in enumerate((a, b)):
            parts[side].append((weight, 1 - survival, _harmonic(ages.followed_to, steps)))
    return _counts(control, parts[0]), _counts(treatment, parts[1])


def _counts(arm: Incidence, parts: Sequence[tuple[float, float, float]]) -> Effective:
    if len(parts) == 1 and arm.mature == arm.units:
        return Effective(float(arm.events), float(arm.units))
    return Effective.of_rate(arm.rate, parts[0][2] if len(parts) == 1 else effective.joined_units(parts))


def difference(control: Incidence, treatment: Incidence, *, z: float) -> Estimate:
    """F_B(h) − F_A(h) with the score interval of the effective counts.

    With many conversions it is F_B − F_A ± z·√(V_A + V_B) to within a few percent of its width; with few it keeps the
    coverage that those limits lose, and with everybody followed it is Miettinen–Nurminen's own interval.
    """
    return effective.difference(*counts(control, treatment), z=z)


def relative_lift(control: Incidence, treatment: Incidence, *, z: float) -> Estimate:
    """F_B(h)/F_A(h) − 1 with the score interval; it excludes 0 exactly when `difference` does."""
    return effective.relative_lift(*counts(control, treatment), z=z)


def z_score(control: Incidence, treatment: Incidence) -> float:
    """The N − 1 score z of equal incidence, which a look compares with its boundary."""
    return effective.z_score(*counts(control, treatment))


def p_value(control: Incidence, treatment: Incidence) -> float:
    """The two-sided p that goes with `z_score`; below α exactly when `difference` excludes 0."""
    return effective.p_value(*counts(control, treatment))
