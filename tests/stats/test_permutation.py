"""The permutation test of money against every labelling counted, scipy, and its own laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom, permutation_test

from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.means import Moments
from mqlab.stats.permutation import Winnings, permutation_p, pooled_p

LAW = settings(max_examples=40)
AMOUNTS = st.lists(st.integers(1, 10_000_000), min_size=1, max_size=25)
SMALL = (
    pytest.param([Winnings([500, 900, 40], [2_000, 1_500, 3_000, 700], 40, 40)], id="equal arms"),
    pytest.param([Winnings([500, 900, 40, 310, 77], [2_000, 1_500], 90, 10)], id="90 v 10"),
    pytest.param([Winnings([5, 5, 5, 5], [5, 5, 5, 5, 5, 5, 5], 12, 9)], id="ties, most win"),
    pytest.param(
        [Winnings([500, 900], [2_000, 1_500, 40], 20, 40), Winnings([10], [60, 3_000, 80], 50, 10)], id="two phases"
    ),
    pytest.param([Winnings([], [0, 4], 20, 20), Winnings([7], [], 1, 3)], id="almost nobody"),
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def moments(amounts, units: int) -> Moments:
    return Moments(units, sum(amounts), sum(amount * amount for amount in amounts))


def every_labelling(phase: Winnings) -> list[tuple[float, float]]:
    """(probability, N_φ · difference of means) of every way to deal the winners to the arms."""
    amounts = [*phase.control, *phase.treatment]
    n_a, n_b = phase.control_units, phase.treatment_units
    found = []
    for taken in itertools.product((False, True), repeat=len(amounts)):
        count = sum(taken)
        ways = math.comb(len(amounts), count)
        weight = hypergeom.pmf(count, n_a + n_b, len(amounts), n_b) / ways
        won = sum(amount for amount, yes in zip(amounts, taken, strict=True) if yes)
        found.append((weight, (n_a + n_b) * (won / n_b - (sum(amounts) - won) / n_a)))
    return found


@pytest.mark.parametrize("phases", SMALL)
def test_it_is_the_share_of_labellings_that_lie_as_far(phases):
    """Every labelling enumerated with its probability: the drawn p agrees within four Monte Carlo errors."""
    seen = sum(
        phase.units * (sum(phase.treatment) / phase.treatment_units - sum(phase.control) / phase.control_units)
        for phase in phases
    )
    exact = 0.0
    for labelling in itertools.product(*(every_labelling(phase) for phase in phases)):
        gap = sum(value for _, value in labelling)
        if abs(gap) >= abs(seen) * (1 - 1e-9):
            exact += math.prod(weight for weight, _ in labelling)
    found = permutation_p(phases, rng=rng(), draws=99_999)

    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 99_999) + 2e-5)


def test_it_agrees_with_scipy():
    """
    scipy.stats.permutation_test((control, treatment), abs_difference, n_resamples=20_000, alternative="greater") over
    all 120 units, winners or not, within four Monte Carlo errors of both.
    """
    control, treatment = [900, 40, 60, 10_000], [5_000, 7_000, 30, 20, 8_000, 400, 12_000]
    units = [np.zeros(60), np.zeros(60)]
    units[0][:4], units[1][:7] = control, treatment

    def gap(a, b, axis=-1):
        return np.abs(np.mean(b, axis=axis) - np.mean(a, axis=axis))

    oracle = permutation_test(
        units, gap, n_resamples=20_000, alternative="greater", vectorized=True, batch=2_000, rng=rng(3)
    )
    found = permutation_p([Winnings(control, treatment, 60, 60)], rng=rng(2), draws=20_000)

    assert found == pytest.approx(oracle.pvalue, abs=4 * math.sqrt(2 * found * (1 - found) / 20_000))


def test_of_equal_amounts_it_is_fishers_test():
    """
    If every deal is worth the same the test is hypergeometric:
    scipy.stats.fisher_exact([[12, 488], [25, 475]]).pvalue, within Monte Carlo error.
    """
    found = permutation_p([Winnings([100] * 12, [100] * 25, 500, 500)], rng=rng(), draws=99_999)

    assert found == pytest.approx(fisher_exact([[12, 488], [25, 475]]).pvalue, abs=0.002)


@LAW
@given(AMOUNTS, AMOUNTS, st.integers(0, 60), st.integers(0, 60), st.randoms(use_true_random=False))
def test_neither_the_order_of_winners_nor_the_names_of_arms_matter(a, b, idle_a, idle_b, shuffle):
    """Shuffled winners and swapped arms give the same p to the last digit from the same seed."""
    units = (len(a) + idle_a, len(b) + idle_b)
    mixed_a, mixed_b = shuffle.sample(a, len(a)), shuffle.sample(b, len(b))
    found = [
        permutation_p([phase], rng=rng(5), draws=499)
        for phase in (Winnings(a, b, *units), Winnings(mixed_a, mixed_b, *units), Winnings(b, a, *units[::-1]))
    ]

    assert found[0] == found[1] == found[2]


@LAW
@given(AMOUNTS, AMOUNTS, st.sampled_from((2, 100, 1_024)))
def test_money_in_another_unit_has_the_same_p(a, b, scale):
    """Cents instead of euros change nothing, neither of the permutation nor of its normal approximation."""
    units = (len(a) + 20, len(b) + 30)
    big_a, big_b = [scale * amount for amount in a], [scale * amount for amount in b]

    assert permutation_p([Winnings(a, b, *units)], rng=rng(), draws=499) == permutation_p(
        [Winnings(big_a, big_b, *units)], rng=rng(), draws=499
    )
    assert pooled_p([(moments(a, units[0]), moments(b, units[1]))]) == pytest.approx(
        pooled_p([(moments(big_a, units[0]), moments(big_b, units[1]))]), rel=1e-9
    )


def test_a_phase_with_one_arm_changes_nothing():
    """Nobody can be shuffled in a phase that had one arm only; the other phase keeps its p."""
    phase = Winnings([500, 900, 40], [2_000, 1_500, 3_000], 40, 50)

    assert permutation_p([phase, Winnings([77, 5_000], [], 9, 0)], rng=rng()) == permutation_p([phase], rng=rng())


def test_labels_stay_within_their_phase():
    """Nine in ten leads go to B while deals are large, one in ten while they are small: no effect, and none found.

    The same winners thrown together give p < .001.
    """
    large = Winnings([9_000, 11_000], [10_000, 9_500, 10_500] * 6, 100, 900)
    small = Winnings([90, 110, 100] * 6, [100, 100], 900, 100)
    together = Winnings([*large.control, *small.control], [*large.treatment, *small.treatment], 1_000, 1_000)

    assert permutation_p([large, small], rng=rng()) > 0.9
    assert permutation_p([together], rng=rng()) < 0.001


def test_the_pooled_p_of_yes_and_no_is_the_score_test():
    """Of 0 and 1 the shuffled difference has the variance of the N − 1 score test: the same p, to rounding."""
    for x_a, n_a, x_b, n_b in ((12, 500, 21, 500), (7, 34, 1, 34), (3, 900, 9, 100)):
        oracle = binary.p_value(Counts(x_a, n_a), Counts(x_b, n_b))

        assert pooled_p([(Moments(n_a, x_a, x_a), Moments(n_b, x_b, x_b))]) == pytest.approx(oracle, rel=1e-12)


def test_the_pooled_variance_is_that_of_every_labelling():
    """Two phases: z² = gap² / Σ probability · value² over all labellings enumerated."""
    phases = [Winnings([500, 900], [2_000, 1_500, 40], 20, 40), Winnings([10], [60, 3_000, 80], 50, 10)]
    spread = sum(weight * value**2 for phase in phases for weight, value in every_labelling(phase))
    gap = sum(
        phase.units * (sum(phase.treatment) / phase.treatment_units - sum(phase.control) / phase.control_units)
        for phase in phases
    )
    pairs = [
        (moments(phase.control, phase.control_units), moments(phase.treatment, phase.treatment_units))
        for phase in phases
    ]

    assert pooled_p(pairs) == pytest.approx(math.erfc(abs(gap) / math.sqrt(2 * spread)), rel=1e-9)


def test_of_many_winners_both_p_agree():
    """3,000 lognormal deals in 90/10 arms: permutation and normal approximation differ by Monte Carlo error only."""
    deals = np.exp(rng(8).normal(8, 1.5, 3_000)).astype(int).tolist()
    a, b = deals[:2_670], deals[2_670:]
    drawn = permutation_p([Winnings(a, b, 90_000, 10_000)], rng=rng())
    normal = pooled_p([(moments(a, 90_000), moments(b, 10_000))])

    assert drawn == pytest.approx(normal, abs=0.02)


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        pytest.param([0] * 5, [0] * 9, id="all zero"),
        pytest.param([70] * 30, [70] * 40, id="everybody wins the same"),
    ],
)
def test_money_that_does_not_vary_tells_nothing(control, treatment):
    """Every labelling is as far from 0 as what was seen: p = 1, and there is no variance to divide by."""
    winnings = Winnings(control, treatment, 30, 40)
    pair = (moments(control, 30), moments(treatment, 40))

    assert permutation_p([winnings], rng=rng()) == 1.0
    assert pooled_p([pair]) == NotEstimable("no_variation", "Every unit has the same value.")


def test_huge_and_negative_amounts_are_amounts():
    """One deal of 10¹² units among small ones decides the sum: p is the chance that it falls to that arm or the other.

    A refund (a negative amount) is shuffled as any amount is: the two fall to different arms with chance 50/99.
    """
    huge = permutation_p([Winnings([100, 200], [10**14], 300, 100)], rng=rng(), draws=19_999)
    refund = permutation_p([Winnings([100], [-100], 50, 50)], rng=rng(), draws=19_999)

    assert huge == pytest.approx(0.25, abs=0.013)
    assert refund == pytest.approx(50 / 99, abs=0.015)


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_no_number_is_refused(amount):
    """NaN and infinity never reach a sum: sales feedback leaves them in quarantine, and here they are an error."""
    with pytest.raises(ValueError, match="finite"):
        Winnings([1, 2], [amount], 10, 10)


def test_impossible_and_empty_input():
    """More winners than units is a mistake; no winner, or no phase with both arms, is a reason."""
    with pytest.raises(ValueError, match="more winners than units"):
        Winnings([1, 2], [], 1, 10)

    assert permutation_p([Winnings([], [], 10, 10)], rng=rng()) == NotEstimable("no_outcomes", "Nobody has won yet.")
    for found in (permutation_p([], rng=rng()), permutation_p([Winnings([1], [], 3, 0)], rng=rng()), pooled_p([])):
        assert isinstance(found, NotEstimable) and found.reason == "no_units"
