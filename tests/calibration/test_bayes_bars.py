"""What happens to readers who look at a probability every week: the calibration of statistics.md section 10.

5% of leads convert, 140 arrive per arm and week, 26 weeks. A band is ±3.3 Monte Carlo standard errors round a figure of
that section, with room for the process, which it does not state.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqlab.stats.bayes import Reading, probability_better, shrunk_lift

pytestmark = pytest.mark.calibration
RATE, PER_WEEK, WEEKS, SURE = 0.05, 140, 26, 0.95
LEADS = PER_WEEK * np.arange(1, WEEKS + 1)


def weekly(rng: np.random.Generator, rates: np.ndarray) -> np.ndarray:
    """Conversions so far at each of the weekly looks, one row per run."""
    return rng.binomial(PER_WEEK, np.broadcast_to(rates[:, None], (rates.size, WEEKS))).cumsum(axis=1)


def reading(x_a: int, x_b: int, n: int, prior_sd: float) -> Reading | None:
    """What a report would show of two counts; None while an arm has no conversion."""
    if not x_a or not x_b:
        return None
    return shrunk_lift(math.log(x_b / x_a), 1 / x_a + 1 / x_b - 2 / n, prior_sd=prior_sd)


def stopped(x_a: np.ndarray, x_b: np.ndarray, prior_sd: float) -> dict[int, Reading]:
    """By run: the reading at the first look with P > .95, for the runs that have one."""
    found = {}
    for run, (a, b) in enumerate(zip(x_a.tolist(), x_b.tolist(), strict=True)):
        readings = (reading(*counts, prior_sd) for counts in zip(a, b, LEADS.tolist(), strict=True))
        first = next((one for one in readings if one and one.probability_better > SURE), None)
        if first:
            found[run] = first
    return found


def test_sure_in_any_week_of_an_a_a_experiment():
    """P > .95 in any of 26 weeks, 6,000 A/A runs: .220 with flat Beta priors, .016 with the prior of the report."""
    rng = np.random.default_rng(1000)
    rates = np.full(6_000, RATE)
    x_a, x_b = weekly(rng, rates), weekly(rng, rates)
    flat = sum(
        any(
            probability_better(1 + a, 1 + n - a, 1 + b, 1 + n - b) > SURE
            for a, b, n in zip(ones, others, LEADS.tolist(), strict=True)
        )
        for ones, others in zip(x_a.tolist(), x_b.tolist(), strict=True)
    )

    assert 0.20 <= flat / 6_000 <= 0.245
    assert 0.010 <= len(stopped(x_a, x_b, 0.10)) / 6_000 <= 0.024


def test_stopping_when_sure_keeps_its_word_only_with_the_true_prior():
    """True log lifts N(0, .1²), 12,000 runs stopped at P > .95: the flat prior claims .966 and is right in .79 of them,
    the matching prior claims .958 and is right in .966; its lift is not overstated, the flat one's by far.
    """
    rng = np.random.default_rng(1001)
    log_lifts = rng.normal(0, 0.1, 12_000)
    rates = np.full(12_000, RATE)
    x_a, x_b = weekly(rng, rates), weekly(rng, rates * np.exp(log_lifts))
    claimed, right, said, true = {}, {}, {}, {}
    for name, prior_sd in (("flat", math.inf), ("matching", 0.1)):
        found = stopped(x_a, x_b, prior_sd)
        runs = np.array(list(found))
        claimed[name] = np.mean([one.probability_better for one in found.values()])
        right[name] = np.mean(log_lifts[runs] > 0)
        said[name] = np.mean([one.lift for one in found.values()])
        true[name] = np.mean(np.expm1(log_lifts[runs]))

    assert 0.955 <= claimed["flat"] <= 0.975 and 0.74 <= right["flat"] <= 0.83
    assert 0.952 <= claimed["matching"] <= 0.965 and 0.94 <= right["matching"] <= 0.985
    assert said["flat"] > 6 * true["flat"]
    assert said["matching"] == pytest.approx(true["matching"], rel=0.12)
