"""The sample ratio as a daily alarm, and the exact test of small arms, against R and their own laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.stats.estimate import NotEstimable
from mqlab.stats.label_process import LabelProcess
from mqlab.stats.sample_ratio import RunningSampleRatio, SampleRatio, running_sample_ratio, sample_ratio

COUNTS = st.lists(st.integers(0, 3_000), min_size=2, max_size=5)


def test_two_arms_match_r():
    """
    > exp(lbeta(50 + 5120, 50 + 4880) - lbeta(50, 50) - 10000*log(.5))
    1.71944319963 (R 4.2.2), no alarm; χ² calls the same counts p = .016.
    """
    found = running_sample_ratio([5_120, 4_880], [1, 1])

    assert isinstance(found, RunningSampleRatio)
    assert found.e_value == pytest.approx(1.71944319963, rel=1e-9)
    assert found.p_value == pytest.approx(1 / 1.71944319963, rel=1e-9)
    assert not found.alarm


def test_three_arms_match_r():
    """
    > E <- function(n, w) exp(sum(lgamma(100*w + n) - lgamma(100*w)) - lgamma(100 + sum(n)) + lgamma(100) -
    +   sum(n*log(w)))
    > E(c(420, 330, 280), c(.4, .3, .3)); E(c(5600, 2300, 2100), c(.5, .25, .25))
    0.644077318608 and 1.02059141095e+31 (R 4.2.2): the second is an alarm.
    """
    fair, broken = (
        running_sample_ratio(*case) for case in (([420, 330, 280], [4, 3, 3]), ([5600, 2300, 2100], [2, 1, 1]))
    )

    assert isinstance(fair, RunningSampleRatio) and isinstance(broken, RunningSampleRatio)
    assert fair.e_value == pytest.approx(0.644077318608, rel=1e-9) and not fair.alarm
    assert broken.e_value == pytest.approx(1.02059141095e31, rel=1e-9) and broken.alarm


@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(1, 9), st.integers(1, 9))
def test_two_arms_are_a_label_process(control, treatment, weight_c, weight_t):
    """With two arms it is the Beta-binomial process with a prior of 100 units."""
    share = weight_t / (weight_c + weight_t)
    found = running_sample_ratio([control, treatment], [weight_c, weight_t])

    assert isinstance(found, RunningSampleRatio)
    expected = LabelProcess(control, treatment, share, 100.0).log_e_value
    assert found.log_e_value == pytest.approx(expected, rel=1e-7, abs=1e-7)


@given(COUNTS, st.data())
def test_the_alarm_is_a_martingale_under_the_declared_split(counts, data):
    """The next unit falls into each arm with its share of the weights: on average E stays exactly where it is."""
    weights = data.draw(st.lists(st.integers(1, 20), min_size=len(counts), max_size=len(counts)))
    now = running_sample_ratio(counts, weights)
    assert isinstance(now, RunningSampleRatio)
    steps = []
    for arm in range(len(counts)):
        then = running_sample_ratio([count + (k == arm) for k, count in enumerate(counts)], weights)
        assert isinstance(then, RunningSampleRatio)
        steps.append(weights[arm] / sum(weights) * math.exp(then.log_e_value - now.log_e_value))

    assert sum(steps) == pytest.approx(1, rel=1e-8)


@given(st.lists(st.floats(0.1, 9), min_size=2, max_size=5))
def test_nobody_yet_is_no_evidence(weights):
    """Before the first unit E and p are 1, and there is no alarm."""
    found = running_sample_ratio([0] * len(weights), weights)

    assert isinstance(found, RunningSampleRatio)
    assert found.e_value == pytest.approx(1) and found.p_value == pytest.approx(1) and not found.alarm


@given(COUNTS, st.data(), st.integers(2, 100))
def test_only_proportions_of_the_weights_count(counts, data, factor):
    """Weights need not sum to one: all of them times anything give the same alarm and the same test."""
    weights = data.draw(st.lists(st.integers(1, 20), min_size=len(counts), max_size=len(counts)))
    scaled = [factor * weight for weight in weights]

    assert running_sample_ratio(counts, weights) == running_sample_ratio(counts, scaled)
    assert sample_ratio(counts, weights) == sample_ratio(counts, scaled)


def test_alarm_edges():
    """A unit where none may be is certain; one arm alone is no split; a million units do not overflow."""
    certain, many = running_sample_ratio([10, 10, 1], [1, 1, 0]), running_sample_ratio([1_000_000, 0], [1, 1])

    assert certain == RunningSampleRatio(math.inf) and certain.alarm and certain.p_value == 0.0
    assert isinstance(many, RunningSampleRatio) and many.alarm and many.e_value == math.inf
    assert math.isfinite(many.log_e_value)
    assert isinstance(running_sample_ratio([9, 0], [1, 0]), NotEstimable)
    assert isinstance(running_sample_ratio([5, 5], [0, 0]), NotEstimable)


@pytest.mark.parametrize(
    ("counts", "weights", "message"),
    [
        pytest.param([1, 2], [1, 1, 1], "2 arms were counted and 3 weights", id="lengths"),
        pytest.param([1, -2], [1, 1], "counts cannot be negative", id="negative count"),
        pytest.param([1, 2], [1, -1], "weights cannot be negative", id="negative weight"),
        pytest.param([1, 2], [1, math.nan], "nan", id="a weight that is no number"),
    ],
)
def test_what_cannot_be_a_split_is_a_mistake(counts, weights, message):
    """The alarm and the test refuse the same inputs in the same words."""
    for judge in (running_sample_ratio, sample_ratio):
        with pytest.raises(ValueError, match=message):
            judge(counts, weights)


@pytest.mark.parametrize(
    ("counts", "weights", "p_value"),
    [
        pytest.param((3, 14, 4), (0.1, 0.45, 0.45), 0.0397797603192, id="three arms"),
        pytest.param((0, 7, 2, 1), (0.25, 0.25, 0.25, 0.25), 0.0151214599609, id="four arms"),
        pytest.param((9, 24, 22), (0.05, 0.475, 0.475), 0.00407746610525, id="one small arm"),
        pytest.param((1, 29), (0.1, 0.9), 0.359189898226, id="two arms, binom.test"),
    ],
)
def test_few_units_match_r_outcome_by_outcome(counts, weights, p_value):
    """
    > g <- expand.grid(rep(list(0:N), length(x) - 1)); g <- g[rowSums(g) <= N, ]; g <- cbind(g, N - rowSums(g))
    > d <- apply(g, 1, dmultinom, prob = w); sum(d[d <= dmultinom(x, prob = w)*(1 + 1e-7)])
    R 4.2.2 gives the p-values above; the last is binom.test(1, 30, .1)$p.value.
    """
    found = sample_ratio(counts, weights)

    assert isinstance(found, SampleRatio) and found.exact
    assert found.p_value == pytest.approx(p_value, rel=1e-9)


def test_the_published_mismatch():
    """
    > chisq.test(c(821588, 815482), p = c(.5, .5))$p.value
    1.82179287262e-06 (R 4.2.2); "1.8E-6" in Kohavi, Tang and Xu 2020. The alarm rings on the same counts.
    """
    found, running = (judge([821_588, 815_482], [1, 1]) for judge in (sample_ratio, running_sample_ratio))

    assert isinstance(found, SampleRatio) and not found.exact
    assert found.p_value == pytest.approx(1.82179287262e-6, rel=1e-9)
    assert isinstance(running, RunningSampleRatio) and running.alarm
