"""Cumulative incidence age by age with limits: how fast outcomes come, while many leads are still being followed.

At each age the complete product limit of `incidence`, phases weighed by their leads, and Wilson's interval of the
effective leads behind it (`effective`): a band for one age at a time, not for the whole curve at once. Where accounts
are randomised the variance is the sum over accounts of the squared sums of influences.

Sources: as `incidence`; Rothman 1978 (effective number of a life table's rate), Wilson 1927.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.effective import Effective
from mqlab.stats.estimate import Interval
from mqlab.stats.incidence import Followed, Incidence, influence, product_limit, standardised


@dataclass(frozen=True, slots=True)
class Step:
    """The share `rate`, in [0, 1], that converted by `age_days`, with its interval and the leads still at risk then."""

    age_days: int
    rate: float
    interval: Interval
    at_risk: int


def curve(
    phases: Sequence[tuple[float, Followed]],
    ages: Sequence[int],
    *,
    z: float,
    accounts: Sequence[NDArray[np.int64]] | None = None,
) -> tuple[Step, ...]:
    """The incidence of one arm at each of the ages, up to the first that some phase's follow-up cannot tell.

    Phases count with the weight beside them: their leads of all arms, so that arms are told on one mix of phases.
    `accounts` has an array for each phase, with the account of each of its entries. ValueError: no phase, no whole day.

    Example (of four leads two convert, on days 2 and 5, all followed):
        >>> leads = Followed.of([10, 10, 10, 10], [2, 5, 0, 0], horizon_days=10)
        >>> [(step.age_days, step.rate, step.at_risk) for step in curve([(4, leads)], [1, 2, 5], z=1.96)]
        [(1, 0.0, 4), (2, 0.25, 4), (5, 0.5, 3)]
    """
    if min(ages, default=1) < 1:
        raise ValueError(f"a curve begins at an age of one day, not {min(ages)}")
    steps: list[Step] = []
    for age in ages:
        told = [(weight, _until(phase, age)) for weight, phase in phases]
        parts = [(weight, product_limit(phase)) for weight, phase in told]
        known = [(weight, part) for weight, part in parts if isinstance(part, Incidence)]
        if len(known) < len(parts):
            break
        found = standardised(known)
        units = found.effective_units
        if accounts is not None:
            units = _effective_accounts(told, accounts, found)
        steps.append(Step(age, found.rate, wilson(Effective.of_rate(found.rate, units), z=z), found.at_risk))
    return tuple(steps)


def wilson(counts: Effective, *, z: float) -> Interval:
    """Wilson's score interval of a rate behind which effective leads stand; `binary.wilson` where they are whole.

    Example:
        >>> found = wilson(Effective(15.0, 148.0), z=1.959964)
        >>> round(found.low, 5), round(found.high, 5)
        (0.06239, 0.16049)
    """
    rate, n = counts.rate, counts.n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if rate == 0 else max(0.0, centre - half)
    return Interval(low, 1.0 if rate == 1 else min(1.0, centre + half))


def _until(leads: Followed, age: int) -> Followed:
    """The same entries, known up to an age only."""
    converted = np.where(leads.converted <= age, leads.converted, 0)
    return Followed(np.minimum(leads.follow_up, age), converted, leads.leads, age)


def _effective_accounts(
    phases: Sequence[tuple[float, Followed]], accounts: Sequence[NDArray[np.int64]], found: Incidence
) -> float:
    """Effective leads by the variance between accounts; one that shows none keeps the leads' own."""
    total = sum(weight for weight, _ in phases)
    weighed = [influence(phase) * phase.leads * weight / total for weight, phase in phases]
    sums = np.bincount(np.concatenate(accounts), weights=np.concatenate(weighed))
    several = np.unique(np.concatenate(accounts)).size
    variance = float((sums**2).sum()) * several / max(1, several - 1)
    return found.rate * (1 - found.rate) / variance if variance > 0 else found.effective_units
