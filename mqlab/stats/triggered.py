"""The triggered estimator: the effect among discordant leads, diluted to all assigned leads.

It rests on the exclusion restriction: leads of the strata `both` and `none` are handled alike in both arms.
Sources: Deng & Hu 2015 (diluted effect), Kohavi, Tang & Xu 2020 ch. 20 (triggering), Frangakis & Rubin 2002 (strata
known before treatment), delta method as in Deng, Knoblich & Lu 2018.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.dilution import Share, diluted, widened
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.strata import Pair, Strata

NO_DISCORDANT = NotEstimable("no_discordant_leads", "The two definitions have not disagreed about any lead yet.")
ONE_SIDED = NotEstimable("no_units", "All leads on which the definitions disagree are in one arm.")
NO_OUTCOMES = NotEstimable("no_outcomes", "Nobody has the outcome yet, so there is no relative change.")


def _missing(strata: Strata) -> NotEstimable | None:
    if not strata.discordant.pooled.n:
        return NO_DISCORDANT
    return None if strata.discordant.filled else ONE_SIDED


def _rate(counts: Counts) -> float:
    return counts.x / counts.n if counts.n else 0.0


def _spread(counts: Counts) -> float:
    rate = _rate(counts)
    return rate * (1 - rate)


def difference(strata: Strata, *, z: float) -> Estimate | NotEstimable:
    """π_D (q_B − q_A), per assigned lead, with the discordant leads' Miettinen–Nurminen interval times π_D.

    Where q_B − q_A is large, what is not known of π_D widens it (`dilution`); whether it excludes 0 stays the same.

    Example (statistics of 8,000 leads, 481 of them discordant):
        >>> strata = Strata(
        ...     both=Pair(Counts(264, 880), Counts(262, 884)), control_first=Pair(Counts(18, 120), Counts(6, 122)),
        ...     arm_first=Pair(Counts(5, 118), Counts(30, 121)), none=Pair(Counts(29, 2882), Counts(28, 2873)))
        >>> found = difference(strata, z=1.959964)
        >>> round(found.value, 9), round(found.interval.low, 8), round(found.interval.high, 8)
        (0.003097008, -0.00044218, 0.0066941)
    """
    if missing := _missing(strata):
        return missing
    inside = binary.difference(strata.discordant.control, strata.discordant.treatment, z=z)
    if isinstance(inside, NotEstimable):
        return inside
    d = strata.discordant
    return diluted(inside, d.variance, Share(strata.share(d), strata.units), z=z)


def standard_error(strata: Strata) -> float | NotEstimable:
    """√Var of `difference`: the discordant arms' binomial variances, and that of the discordant share itself."""
    if missing := _missing(strata):
        return missing
    d = strata.discordant
    share = strata.share(d)
    gap = _rate(d.treatment) - _rate(d.control)
    return math.sqrt(share**2 * d.variance + gap**2 * share * (1 - share) / strata.units)


def p_value(strata: Strata) -> float | NotEstimable:
    """The two-sided N − 1 score p of the discordant two-by-two; below α exactly when `difference` excludes 0."""
    return _missing(strata) or binary.p_value(strata.discordant.control, strata.discordant.treatment)


def z_score(strata: Strata) -> float | NotEstimable:
    """The score z of the discordant two-by-two, which a look compares with its boundary."""
    return _missing(strata) or binary.z_at_difference(strata.discordant.control, strata.discordant.treatment)


def arm_rates(strata: Strata) -> tuple[float, float] | NotEstimable:
    """(μ_A, μ_B): outcomes per assigned lead under each definition, concordant strata pooled over arms."""
    if missing := _missing(strata):
        return missing
    return _arm_rates(strata, _split(strata))


def _split(strata: Strata) -> tuple[Pair, ...]:
    """`control_first` and `arm_first`, or both as one where either has units in one arm only."""
    present = tuple(pair for pair in (strata.control_first, strata.arm_first) if pair.pooled.n)
    return present if all(pair.filled for pair in present) else (strata.discordant,)


def _concordant(strata: Strata) -> tuple[Pair, ...]:
    return tuple(pair for pair in (strata.both, strata.none) if pair.pooled.n)


def _arm_rates(strata: Strata, discordant: Sequence[Pair]) -> tuple[float, float]:
    alike = sum(strata.share(pair) * _rate(pair.pooled) for pair in _concordant(strata))
    return (
        alike + sum(strata.share(pair) * _rate(pair.control) for pair in discordant),
        alike + sum(strata.share(pair) * _rate(pair.treatment) for pair in discordant),
    )


def _log_variance(strata: Strata, discordant: Sequence[Pair], rates: tuple[float, float]) -> float:
    mu_a, mu_b = rates
    total = _shared_log_variance(strata, discordant, rates)
    for pair in discordant:
        total += strata.share(pair) ** 2 * (
            _spread(pair.treatment) / (pair.treatment.n * mu_b**2) + _spread(pair.control) / (pair.control.n * mu_a**2)
        )
    return total


def _shared_log_variance(strata: Strata, discordant: Sequence[Pair], rates: tuple[float, float]) -> float:
    """The part of the strata's shares and of the concordant outcomes, which both definitions have in common."""
    mu_a, mu_b = rates
    total = 0.0
    for pair in _concordant(strata):
        share, rate = strata.share(pair), _rate(pair.pooled)
        gap = (1 / mu_b - 1 / mu_a) ** 2
        total += share * rate**2 * gap / strata.units + share**2 * _spread(pair.pooled) / pair.pooled.n * gap
    for pair in discordant:
        share = strata.share(pair)
        gap = (_rate(pair.treatment) / mu_b - _rate(pair.control) / mu_a) ** 2
        total += share * gap / strata.units
    return total


def relative_lift(strata: Strata, *, z: float) -> Estimate | NotEstimable:
    """μ_B / μ_A − 1 with log-delta limits, cut at 0 on a side where they and `difference` disagree about the sign.

    The sign is `difference`'s to tell (its interval excludes 0 exactly when p < α); these limits tell the size.
    Where one definition brought no outcome at all, the discordant leads' score ratio stands in; where no discordant
    lead of an arm has the outcome, or every one, the delta method sees no variance there: `by_score` stands in.
    """
    if missing := _missing(strata):
        return missing
    d = strata.discordant
    if not strata.assigned.pooled.x:
        return NO_OUTCOMES
    gap = _rate(d.treatment) - _rate(d.control)
    discordant = _split(strata)
    rates = _arm_rates(strata, discordant)
    if (rates[1] - rates[0]) * gap <= 0:
        discordant = (d,)
        rates = _arm_rates(strata, discordant)
    if not min(rates):
        return binary.relative_lift(d.control, d.treatment, z=z)
    if any(counts.x in (0, counts.n) for counts in (d.control, d.treatment)):
        return by_score(
            rates,
            strata.share(d),
            binary.difference(d.control, d.treatment, z=z),
            _shared_log_variance(strata, discordant, rates),
            z=z,
        )
    middle, half = math.log(rates[1] / rates[0]), z * math.sqrt(_log_variance(strata, discordant, rates))
    inside = binary.z_at_difference(d.control, d.treatment)
    if isinstance(inside, NotEstimable):
        return inside
    low, high = math.expm1(middle - half), math.expm1(middle + half)
    low = max(low, 0.0) if inside > z else min(low, 0.0)
    high = min(high, 0.0) if inside < -z else max(high, 0.0)
    return Estimate(math.expm1(middle), Interval(low, high))


def by_score(
    rates: tuple[float, float], share: float, inside: Estimate | NotEstimable, shared: float, *, z: float
) -> Estimate | NotEstimable:
    """μ_B / μ_A − 1 where too few discordant leads have, or lack, the outcome to have a log's limits.

    The score limits of their difference `inside`, diluted by `share` and in units of μ_A, are widened by `shared`, the
    variance of log(μ_B/μ_A) that is not theirs; the sign is the difference's own. `rates` are (μ_A, μ_B), both above 0.
    """
    if isinstance(inside, NotEstimable):
        return inside
    if not min(rates) > 0:
        raise ValueError("a relative change with limits needs rates above 0")
    value = rates[1] / rates[0] - 1
    score_low, score_high = inside.interval.low or 0.0, inside.interval.high or 0.0
    low, high = share * score_low / rates[0], share * score_high / rates[0]
    limits = widened(value, Interval(min(low, value), max(high, value)), shared, z=z)
    low, high = limits.low or 0.0, limits.high or 0.0
    low = max(low, 0.0) if score_low > 0 else min(low, 0.0)
    high = min(high, 0.0) if score_high < 0 else max(high, 0.0)
    return Estimate(value, Interval(min(low, value), max(high, value)))


def log_lift_standard_error(strata: Strata) -> float | NotEstimable:
    """√Var of log(μ_B / μ_A), the delta method's."""
    rates = arm_rates(strata)
    if isinstance(rates, NotEstimable):
        return rates
    if not min(rates):
        return NO_OUTCOMES
    return math.sqrt(_log_variance(strata, _split(strata), rates))


def intention_to_treat(strata: Strata, *, z: float) -> Estimate | NotEstimable:
    """Plain difference of all assigned leads, on the same counts (Miettinen–Nurminen)."""
    return binary.difference(strata.assigned.control, strata.assigned.treatment, z=z)


def post_stratified(strata: Strata) -> float | NotEstimable:
    """Intention-to-treat post-stratified on {both, discordant, none}: exactly `difference` + `concordant_part`."""
    triggered, alike = difference(strata, z=1.0), concordant_part(strata, z=1.0)
    if isinstance(triggered, NotEstimable):
        return triggered
    if isinstance(alike, NotEstimable):
        return alike
    return (triggered.value or 0.0) + (alike.value or 0.0)


def concordant_part(strata: Strata, *, z: float) -> Estimate | NotEstimable:
    """Σ π_s (r_sB − r_sA) over `both` and `none`: noise, or an effect of the arm other than through classification.

    The interval is Wald's with each stratum's pooled variance; the test that goes with it is Cochran–Mantel–Haenszel
    (`independence.cochran_mantel_haenszel`).
    """
    present = _concordant(strata)
    if not all(pair.filled for pair in present):
        return NotEstimable("no_units", "Leads that both definitions treat alike are in one arm only.")
    value = sum(strata.share(pair) * (_rate(pair.treatment) - _rate(pair.control)) for pair in present)
    variance = sum(
        strata.share(pair) ** 2 * _spread(pair.pooled) * (1 / pair.control.n + 1 / pair.treatment.n) for pair in present
    )
    half = z * math.sqrt(variance)
    return Estimate(value, Interval(value - half, value + half))


def break_even(strata: Strata, *, z: float) -> float | NotEstimable:
    """κ*: the arm difference (a rate, positive) among leads of `both` that would overturn a significant result."""
    found = difference(strata, z=z)
    if isinstance(found, NotEstimable):
        return found
    share = strata.share(strata.both)
    if not share:
        return NotEstimable("no_concordant_mqls", "No lead is handed over by both definitions at once.")
    low, high = found.interval.low or 0.0, found.interval.high or 0.0
    if low <= 0 <= high:
        return NotEstimable("no_effect_shown", "The interval includes no effect, so nothing can be overturned.")
    return (low if low > 0 else -high) / share
