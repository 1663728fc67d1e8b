"""Triggered and delayed together: what two definitions change within `h` days, while leads are still being followed.

A stratum is known of a lead only as far as it has been followed, so the share of discordant leads grows with follow-up
and (share) × (difference of incidences) comes out too small at early looks. Here both are taken age by age:

    π_u = M_u/N_u           the discordant share of all leads followed for u days, both arms pooled
    a_uk = w_uk/m_uk        conversions at age u per discordant lead of arm k followed for u days
    θ_k = Σ_{u≤h} π_u a_uk  discordant outcomes per assigned lead under definition k; the effect is θ_B − θ_A

A label may be known later than u, but not later than the follow-up: leads that convert before the definitions part are
alike in both arms and cancel. Once every lead has been followed for h days this is `triggered`, number by number.

Sources: `triggered` for the exclusion restriction and the diluted effect; weighting by follow-up as Lin, Shen, Ying &
Breslow 1996; influence functions by the delta method; intervals by effective counts (`effective`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mqlab.stats import effective
from mqlab.stats.dilution import Share, diluted
from mqlab.stats.effective import Effective, joined_units
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.incidence import NO_UNITS, Followed
from mqlab.stats.incidence_by_age import ByAge, Floats, FollowedPair, followed
from mqlab.stats.triggered import NO_DISCORDANT, NO_OUTCOMES, ONE_SIDED, by_score

HORIZON_BEYOND_DATA = NotEstimable(
    "horizon_beyond_data", "No lead on which the definitions disagree has been followed to the horizon yet."
)


@dataclass(frozen=True, slots=True)
class FollowedStrata:
    """Followed leads of one (control, challenger) pair of arms in one phase, by what is known now of their stratum."""

    both: FollowedPair
    control_first: FollowedPair
    arm_first: FollowedPair
    none: FollowedPair

    @property
    def discordant(self) -> FollowedPair:
        """`control_first` and `arm_first` together."""
        return self.control_first + self.arm_first

    @property
    def concordant(self) -> FollowedPair:
        """`both` and `none` together."""
        return self.both + self.none

    @property
    def assigned(self) -> FollowedPair:
        """Every assigned lead."""
        return self.discordant + self.concordant

    @property
    def units(self) -> int:
        """All leads of both arms."""
        return self.assigned.units


@dataclass(frozen=True, slots=True)
class _Phase:
    """One phase: discordant share at h, both arms' θ, rates, and covariance of their influences.

    `share_units` leads followed to the end would tell the share as well. `pooled` has the discordant rate of both arms
    and what each arm's follow-up is worth (`ByAge.effective_units`). `rates`, `covariance` and `shared`, the part of it
    that is not the discordant arms' own, have the discordant leads as one group first, then split by which definition
    fires first.
    """

    units: int
    share: float
    share_units: float
    theta: tuple[float, float]
    pooled: tuple[float, float, float]
    counts: tuple[Effective, Effective] | None
    rates: tuple[tuple[float, float], tuple[float, float]]
    covariance: tuple[Floats, Floats]
    shared: tuple[Floats, Floats]
    events: int


def _phase(strata: FollowedStrata) -> _Phase | NotEstimable:
    assigned, discordant = strata.assigned, strata.discordant
    if not assigned.control.units or not assigned.treatment.units:
        return NO_UNITS
    if not discordant.units:
        return _agreeing(strata) if assigned.pooled.mature else HORIZON_BEYOND_DATA
    if not discordant.control.units or not discordant.treatment.units:
        return ONE_SIDED
    if not followed(discordant):
        return HORIZON_BEYOND_DATA
    concordant = strata.concordant.pooled
    present = [pair for pair in (strata.control_first, strata.arm_first) if pair.units]
    whole = ByAge(concordant, [discordant])
    first = second = _covariance(whole, concordant, [discordant])
    rates = whole.rates
    if len(present) > 1 and all(followed(pair) for pair in present):
        apart = ByAge(concordant, present)
        rates, second = apart.rates, _covariance(apart, concordant, present)
    theta = whole.theta[0]
    counts = None
    if assigned.pooled.complete:
        control, treatment = (Effective(float(arm.events), float(arm.units)) for arm in discordant.arms)
        counts = control, treatment
    return _Phase(
        assigned.units,
        float(whole.share[0, -1]),
        whole.share_units(),
        (float(theta[0]), float(theta[1])),
        whole.effective_units(),
        counts,
        (whole.rates, rates),
        (first[0], second[0]),
        (first[1], second[1]),
        assigned.pooled.events,
    )


def _agreeing(strata: FollowedStrata) -> _Phase:
    concordant = strata.concordant.pooled
    ages = ByAge(concordant, [])
    found, _ = _covariance(ages, concordant, [])
    return _Phase(
        strata.units,
        0.0,
        float(strata.units),
        (0.0, 0.0),
        (0.0, 1.0, 1.0),
        None,
        (ages.rates, ages.rates),
        (found, found),
        (found, found),
        concordant.events,
    )


def _covariance(ages: ByAge, concordant: Followed, groups: Sequence[FollowedPair]) -> tuple[Floats, Floats]:
    """Of both rates, and the part of it that they share: without the discordant arms' own influences."""
    alike = ages.shared(concordant, None)
    found: Floats = (alike * concordant.leads) @ alike.T
    shared = found
    for group, pair in enumerate(groups):
        for side, arm in enumerate(pair.arms):
            one = ages.shared(arm, group)
            shared = shared + (one * arm.leads) @ one.T
            one[side] += ages.own(arm, group, side)
            found = found + (one * arm.leads) @ one.T
    return found, shared


@dataclass(frozen=True, slots=True, eq=False)
class Diluted:
    """The comparison of two definitions over one or more phases; made by `dilute`.

    `share` is π_h and of how many leads, `counts` the effective discordant leads and outcomes of both arms, `rates`
    (μ_A, μ_B).
    """

    share: Share
    counts: tuple[Effective, Effective]
    rates: tuple[float, float]
    standard_error: float
    _whole: tuple[float, float]
    _covariance: tuple[Floats, Floats]
    _shared: tuple[Floats, Floats]
    _events: int

    def difference(self, *, z: float) -> Estimate:
        """θ_B − θ_A: the score interval of the effective discordant counts, times π_h (`dilution`)."""
        within = sum(counts.rate * (1 - counts.rate) / counts.n for counts in self.counts)
        return diluted(effective.difference(*self.counts, z=z), within, self.share, z=z)

    @property
    def z_score(self) -> float:
        """The score z of the effective discordant counts; where there is no effect the share tells nothing of it."""
        return effective.z_score(*self.counts)

    @property
    def p_value(self) -> float:
        """The two-sided p of `z_score`; below α exactly when `difference` excludes 0."""
        return effective.p_value(*self.counts)

    def relative_lift(self, *, z: float) -> Estimate | NotEstimable:
        """μ_B / μ_A − 1, log-delta limits, cut at 0 where they and `difference` disagree, as `triggered`'s."""
        if not self._events:
            return NO_OUTCOMES
        control, treatment = self.counts
        rates, form = self.rates, 1
        if (rates[1] - rates[0]) * (treatment.rate - control.rate) <= 0:
            rates, form = self._whole, 0
        if not min(rates):
            return effective.relative_lift(control, treatment, z=z)
        if any(counts.x in (0, counts.n) for counts in (control, treatment)):
            inside, shared = effective.difference(control, treatment, z=z), _log_error(rates, self._shared[form])
            return by_score(rates, self.share.value, inside, shared**2, z=z)
        middle, half = math.log(rates[1] / rates[0]), z * _log_error(rates, self._covariance[form])
        low, high, score_z = math.expm1(middle - half), math.expm1(middle + half), self.z_score
        low = max(low, 0.0) if score_z > z else min(low, 0.0)
        high = min(high, 0.0) if score_z < -z else max(high, 0.0)
        return Estimate(math.expm1(middle), Interval(low, high))

    @property
    def log_lift_standard_error(self) -> float | NotEstimable:
        """√Var of log(μ_B / μ_A), the delta method's."""
        return _log_error(self.rates, self._covariance[1]) if min(self.rates) else NO_OUTCOMES


def _log_error(rates: tuple[float, float], covariance: Floats) -> float:
    weights = np.array([-1 / rates[0], 1 / rates[1]])
    return math.sqrt(max(0.0, float(weights @ covariance @ weights)))


def dilute(phases: Sequence[FollowedStrata]) -> Diluted | NotEstimable:
    """Everything about one pair of arms; phases count with their leads, w_φ = N_φ/N.

    A phase without one of the arms, or whose discordant leads are in one arm only or not yet followed to the horizon,
    is left out; one in which the definitions agree about everybody adds no effect. Nothing left: the reason why.
    """
    read = [_phase(strata) for strata in phases]
    kept = [phase for phase in read if isinstance(phase, _Phase)]
    if not any(phase.share for phase in kept):
        reasons = [phase for phase in read if isinstance(phase, NotEstimable) and phase is not NO_UNITS]
        return reasons[0] if reasons else NO_DISCORDANT if kept else NO_UNITS
    units = sum(phase.units for phase in kept)
    weights = [phase.units / units for phase in kept]
    share = sum(w * phase.share for w, phase in zip(weights, kept, strict=True))
    only = kept[0].counts if len(kept) == 1 else None
    counts = only or (_counts(kept, weights, share, 0), _counts(kept, weights, share, 1))
    whole, split = _summed([phase.covariance for phase in kept], weights)
    parts = [(w, phase.share, phase.share_units) for w, phase in zip(weights, kept, strict=True)]
    return Diluted(
        Share(share, parts[0][2] if len(parts) == 1 else joined_units(parts)),
        counts,
        _weighted(kept, weights, 1),
        math.sqrt(max(0.0, float(whole[0, 0] + whole[1, 1] - 2 * whole[0, 1]))),
        _weighted(kept, weights, 0),
        (whole, split),
        _summed([phase.shared for phase in kept], weights),
        sum(phase.events for phase in kept),
    )


def _summed(parts: Sequence[tuple[Floats, Floats]], weights: Sequence[float]) -> tuple[Floats, Floats]:
    """Covariances of phases, in both forms, as one."""
    pairs = list(zip(weights, parts, strict=True))
    first, second = (sum((w**2 * part[form] for w, part in pairs), np.zeros((2, 2))) for form in (0, 1))
    return first, second


def _weighted(phases: Sequence[_Phase], weights: Sequence[float], form: int) -> tuple[float, float]:
    control, treatment = (
        sum(w * phase.rates[form][side] for w, phase in zip(weights, phases, strict=True)) for side in (0, 1)
    )
    return control, treatment


def _counts(phases: Sequence[_Phase], weights: Sequence[float], share: float, side: int) -> Effective:
    """q = Σ w θ/π of the effective leads behind it, every phase with its share w π_φ/π of the discordant leads."""
    told = [(w, phase) for w, phase in zip(weights, phases, strict=True) if phase.share]
    rate = sum(w * phase.theta[side] for w, phase in told) / share
    if len(told) == 1:
        return Effective.of_rate(rate, told[0][1].pooled[1 + side])
    parts = [(w * phase.share / share, min(1.0, phase.pooled[0]), phase.pooled[1 + side]) for w, phase in told]
    return Effective.of_rate(rate, joined_units(parts))


def difference(phases: Sequence[FollowedStrata], *, z: float) -> Estimate | NotEstimable:
    """θ_B − θ_A, outcomes per assigned lead within the horizon, with its score interval (`Diluted.difference`).

    Example (30 discordant leads among 130; the last 10 of either arm were followed for 20 of 60 days):
        >>> def leads(won, lost, recent):
        ...     return Followed.of([60, 60, 20], [9, 0, 0], [won, lost, recent], horizon_days=60)
        >>> nobody = FollowedPair(leads(0, 0, 0), leads(0, 0, 0))
        >>> phase = FollowedStrata(nobody, nobody, FollowedPair(leads(1, 4, 10), leads(3, 2, 10)),
        ...                        FollowedPair(leads(1, 49, 0), leads(1, 49, 0)))
        >>> round(difference([phase], z=1.959964).value, 4)
        0.0308
    """
    found = dilute(phases)
    return found if isinstance(found, NotEstimable) else found.difference(z=z)


def relative_lift(phases: Sequence[FollowedStrata], *, z: float) -> Estimate | NotEstimable:
    """μ_B / μ_A − 1 (`Diluted.relative_lift`)."""
    found = dilute(phases)
    return found if isinstance(found, NotEstimable) else found.relative_lift(z=z)


def p_value(phases: Sequence[FollowedStrata]) -> float | NotEstimable:
    """The two-sided N − 1 score p of the effective discordant counts; below α exactly when `difference` excludes 0."""
    found = dilute(phases)
    return found if isinstance(found, NotEstimable) else found.p_value


def z_score(phases: Sequence[FollowedStrata]) -> float | NotEstimable:
    """The score z that goes with `p_value`, which a look compares with its boundary."""
    found = dilute(phases)
    return found if isinstance(found, NotEstimable) else found.z_score


def arm_rates(phases: Sequence[FollowedStrata]) -> tuple[float, float] | NotEstimable:
    """(μ_A, μ_B): outcomes per assigned lead within the horizon under each definition, concordant leads shared."""
    found = dilute(phases)
    return found if isinstance(found, NotEstimable) else found.rates


def standard_error(phases: Sequence[FollowedStrata]) -> float | NotEstimable:
    """√Σ of squared influences on θ_B − θ_A: the arms' variances, and that of the discordant share at each age."""
    found = dilute(phases)
    return found if isinstance(found, NotEstimable) else found.standard_error
