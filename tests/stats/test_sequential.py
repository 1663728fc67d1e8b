"""Boundaries against rpact, mvtnorm and scipy, and the repeated p-value against the boundaries."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from mqlab.stats.sequential import (
    NO_STOP,
    boundaries,
    deciding_look,
    information_fractions,
    obrien_fleming,
    pocock,
    repeated_p_value,
)
from mqlab.stats.tails import critical_z, two_sided_p, two_sided_p_t

RPACT = {
    2: (2.962588043, 1.968595646),
    3: (3.710302873, 2.511427484, 1.993047483),
    4: (4.332633646, 2.963131599, 2.359044276, 2.014090143),
    5: (4.876884949, 3.357011922, 2.680280067, 2.289816774, 2.031032063),
    10: (
        *(6.9913517071, 4.8768851981, 3.9296823069, 3.3670790717, 2.9893298224),
        *(2.7148089530, 2.5040773973, 2.3358292058, 2.1975033805, 2.0811756626),
    ),
}


@pytest.mark.parametrize("looks", RPACT)
def test_obrien_fleming_boundaries_match_rpact(looks):
    """
    rpact 3.3.4 at equal looks.
    > getDesignGroupSequential(kMax = 5, alpha = .025, sided = 1, typeOfDesign = "asOF")$criticalValues
    4.876884949 3.357011922 2.680280067 2.289816774 2.031032063, and so for K = 2, 3, 4, 10.
    """
    found = boundaries(range(1, looks + 1), maximum=looks, alpha=0.05)

    assert found == pytest.approx(RPACT[looks], abs=5e-7)


@pytest.mark.parametrize(
    ("spending", "bounds"),
    [
        pytest.param(obrien_fleming, (5.154639311, 4.334018551, 2.438127436, 1.999944963), id="asOF"),
        pytest.param(pocock, (2.470981521, 2.617890589, 2.240475588, 2.306294598), id="asP"),
    ],
)
def test_uneven_looks_match_rpact(spending, bounds):
    """
    > getDesignGroupSequential(kMax = 4, alpha = .025, sided = 1, informationRates = c(.18, .25, .7, 1),
    +   typeOfDesign = "asOF")$criticalValues
    5.154639311 4.334018551 2.438127436 1.999944963, and with "asP"
    2.470981521 2.617890589 2.240475588 2.306294598 (rpact 3.3.4).
    """
    found = boundaries([0.18, 0.25, 0.7, 1], maximum=1, alpha=0.05, spending=spending)

    assert found == pytest.approx(bounds, abs=2e-7)


def test_a_last_look_short_of_the_maximum_matches_rpact():
    """
    Looks at 1,000 and, the last, at 2,400 of 4,000 planned leads.
    > f <- function(t) 2 - 2*pnorm(qnorm(1 - .025/2)/sqrt(t))
    > getDesignGroupSequential(kMax = 2, alpha = .025, sided = 1, informationRates = c(1000/2400, 1),
    +   typeOfDesign = "asUser", userAlphaSpending = c(f(.25), .025))$criticalValues
    4.332633646 1.959977157 (rpact 3.3.4).
    """
    found = boundaries([1_000, 2_400], maximum=4_000, alpha=0.05, last=True)

    assert found == pytest.approx((4.332633646, 1.959977157), abs=2e-7)


def test_the_recursion_spends_what_mvtnorm_says():
    """
    The chance of a first crossing at each of three looks, by mvtnorm 1.1.3 from the bounds alone.
    > b <- c(3.7103029, 2.5114275, 1.9930475); S <- outer(1:3, 1:3, function(i, j) sqrt(pmin(i, j)/pmax(i, j)))
    > p <- function(k) pmvnorm(c(rep(-Inf, k-1), b[k]), c(b[seq_len(k-1)], Inf), sigma = S[1:k, 1:k],
    +   algorithm = Miwa(4096))
    > c(1 - pnorm(b[1]), p(2), p(3))
    0.0001035057072 0.0059448830999 0.0189516099059 (R 4.2.2).
    """
    of_mvtnorm = (0.0001035057072, 0.0059448830999, 0.0189516099059)
    spent = np.diff([obrien_fleming(look / 3, 0.05) for look in range(4)])

    assert boundaries([1, 2, 3], maximum=3, alpha=0.05) == pytest.approx((3.7103029, 2.5114275, 1.9930475), abs=1e-7)
    assert spent == pytest.approx(of_mvtnorm, rel=1e-6)


def first_crossing_at_the_second_look(bounds, times):
    """P(Z₁ < b₁, Z₂ ≥ b₂) by scipy's adaptive quadrature, with breakpoints where the second step is felt."""
    (b_1, b_2), (t_1, t_2) = bounds, times
    top, spread = b_1 * math.sqrt(t_1), math.sqrt(t_2 - t_1)
    edges = [-9 * math.sqrt(t_1), *(top - k * spread for k in (40, 20, 10, 5, 2, 1)), top]

    def density(b):
        return norm.pdf(b, scale=math.sqrt(t_1)) * norm.sf((b_2 * math.sqrt(t_2) - b) / spread)

    return sum(quad(density, *panel, epsabs=1e-16, epsrel=1e-12, limit=400)[0] for panel in pairwise(sorted(edges)))


@pytest.mark.parametrize("gain", [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 9])
def test_the_second_boundary_is_exact_however_close_the_looks(gain):
    """A second look a hundred-thousandth or ten times later spends what it should, by scipy's adaptive quadrature."""
    times = (0.5 / (1 + gain), 0.5)
    bounds = boundaries(times, maximum=1, alpha=0.05)
    spent = obrien_fleming(times[1], 0.05) - obrien_fleming(times[0], 0.05)

    assert first_crossing_at_the_second_look(bounds, times) == pytest.approx(spent, rel=1e-8)


def test_looks_missed_or_added_keep_the_total_error():
    """Four uneven looks, simulated as a walk with independent increments: two-sided crossings stay at 5%."""
    information = [700, 900, 2_500, 4_000]
    bounds = boundaries(information, maximum=4_000, alpha=0.05)
    steps = np.random.default_rng(20).normal(size=(200_000, 4)) * np.sqrt(np.diff([0, *information]))
    z = np.cumsum(steps, axis=1) / np.sqrt(information)

    assert np.mean(np.any(np.abs(z) > bounds, axis=1)) == pytest.approx(0.05, abs=0.0016)


def test_the_last_look_spends_everything_whatever_its_information():
    """The declared last look at 60% of the planned information still leaves 5% in all."""
    information = [1_000, 2_400]
    bounds = boundaries(information, maximum=4_000, alpha=0.05, last=True)
    steps = np.random.default_rng(21).normal(size=(200_000, 2)) * np.sqrt(np.diff([0, *information]))
    z = np.cumsum(steps, axis=1) / np.sqrt(information)

    assert bounds[1] < boundaries(information, maximum=4_000, alpha=0.05)[1]
    assert np.mean(np.any(np.abs(z) > bounds, axis=1)) == pytest.approx(0.05, abs=0.0016)


def test_a_single_last_look_is_the_fixed_test():
    """One look that spends everything has the usual critical value and the usual p."""
    assert boundaries([17], maximum=9_000, alpha=0.05, last=True) == pytest.approx((critical_z(0.05),), abs=1e-9)
    assert repeated_p_value(2.5, [17], maximum=9_000, last=True) == pytest.approx(two_sided_p(2.5))


def test_looks_without_information_cannot_cross():
    """Nothing mature: no boundary can be crossed, nothing is spent; the same data again keep their boundary."""
    found = boundaries([0, 0, 1, 1, 2], maximum=4, alpha=0.05)

    assert found[:2] == (NO_STOP, NO_STOP)
    assert found[2] == found[3] == pytest.approx(RPACT[4][0], abs=2e-7)
    assert found[4] == pytest.approx(RPACT[4][1], abs=2e-7)


def test_more_error_on_the_same_data_lowers_the_boundary():
    """If the last look adds no lead it spends the rest on the data seen: 5% in all, by the normal tail."""
    first, last = boundaries([3, 3], maximum=4, alpha=0.05, last=True)

    assert last < first
    assert two_sided_p(last) == pytest.approx(0.05, abs=1e-9)


def test_information_fractions_rise_and_stop_at_one():
    """A falling or overrun information neither falls back nor passes 1; a plan without a maximum is a mistake."""
    assert information_fractions([500, 400, 900], maximum=800) == (0.625, 0.625, 1.0)
    assert information_fractions([], maximum=800, last=True) == ()
    for maximum in (0, -5, math.nan, math.inf):
        with pytest.raises(ValueError, match="must be positive"):
            information_fractions([1], maximum=maximum)


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_information_that_is_no_number_is_a_mistake(amount):
    """NaN or infinite information at a look is refused, never taken for no information."""
    with pytest.raises(ValueError, match="must be a finite number"):
        boundaries([100, amount], maximum=800, alpha=0.05)
    with pytest.raises(ValueError, match="must be a finite number"):
        repeated_p_value(2.0, [amount], maximum=800)


def test_information_that_falls_is_information_that_stands_still():
    """Looks out of order, or a recount that lost leads, keep the boundary until there is more than before."""
    falling = boundaries([1, 2, 1.5, 0, 3], maximum=4, alpha=0.05)
    plain = boundaries([1, 2, 3], maximum=4, alpha=0.05)

    assert falling == (*plain[:2], plain[1], plain[1], plain[2])


def test_an_overrun_spends_everything_and_keeps_its_boundary():
    """The look that passes the maximum is the last by information; looks after it, the last one too, publish by it."""
    found = boundaries([2, 4.8, 5, 6], maximum=4, alpha=0.05)
    decided = boundaries([2, 4.8], maximum=4, alpha=0.05, last=True)

    assert found[:2] == pytest.approx(decided, abs=1e-12)
    assert found[1:] == (found[1],) * 3
    assert boundaries([2, 4.8, 5, 6], maximum=4, alpha=0.05, last=True) == found
    assert repeated_p_value(decided[1], [2, 4.8, 5, 6], maximum=4) == pytest.approx(0.05, rel=1e-6)
    assert deciding_look([2, 4.8, 5, 6], maximum=4) == 1
    assert deciding_look([2, 3.9], maximum=4) is None


def test_deciding_again_after_an_overrun_would_cost_error():
    """Up to the look that spent everything 5% cross; four more looks with its boundary would make that 8.6%."""
    information = np.array([0.25, 0.5, 0.75, 1, 1.1, 1.2, 1.3, 1.4])
    bounds = boundaries(information, maximum=1, alpha=0.05)
    steps = np.random.default_rng(7).normal(size=(200_000, 8)) * np.sqrt(np.diff(information, prepend=0))
    crossed = np.abs(np.cumsum(steps, axis=1)) > bounds * np.sqrt(information)

    assert crossed[:, :4].any(axis=1).mean() == pytest.approx(0.05, abs=0.0016)
    assert crossed.any(axis=1).mean() == pytest.approx(0.086, abs=0.003)


def test_a_missed_look_is_a_look_not_taken():
    """Without the second of four looks the others spend what their information says, 5% in all."""
    plain, missed = (boundaries(looks, maximum=4, alpha=0.05) for looks in ([1, 2, 3, 4], [1, 3, 4]))

    assert missed[0] == plain[0]
    assert missed[1] < plain[2]


def test_without_any_information_nothing_can_be_said():
    """A look before anything is mature has p = 1, even when it is the declared last one."""
    assert boundaries([0, 0], maximum=4, alpha=0.05, last=True) == (NO_STOP, NO_STOP)
    assert repeated_p_value(3.0, [0], maximum=4, last=True) == 1.0
    assert boundaries([], maximum=4, alpha=0.05) == ()
    with pytest.raises(ValueError, match="at least one look"):
        repeated_p_value(3.0, [], maximum=4)


def test_the_repeated_p_value_has_a_floor():
    """Beyond 1e-12 the repeated p-value says 1e-12, at one look as at many; just inside it is what it is."""
    for looks in ([4], [1, 4]):
        assert repeated_p_value(40.0, looks, maximum=4, last=True) == 1e-12
    assert 1e-12 < repeated_p_value(7.0, [1, 4], maximum=4, last=True) < 1e-11


LOOKS = st.lists(st.integers(50, 3_000), min_size=1, max_size=4).map(lambda steps: list(np.cumsum(steps)))


@settings(deadline=None, max_examples=25)
@given(LOOKS, st.booleans(), st.sampled_from([0.2, 0.05, 0.01]))
def test_the_repeated_p_value_inverts_the_boundary(information, last, alpha):
    """Standing exactly on the α boundary the repeated p is α; further out it is smaller."""
    maximum = 1.25 * information[-1]
    bound = boundaries(information, maximum=maximum, alpha=alpha, last=last)[-1]
    if bound >= 7:
        return
    plan = {"maximum": maximum, "last": last}

    assert repeated_p_value(-bound, information, **plan) == pytest.approx(alpha, rel=2e-3)
    assert repeated_p_value(bound + 0.3, information, **plan) < alpha
    assert repeated_p_value(0.0, information, **plan) > 0.9


@pytest.mark.parametrize("leads", [12_000, 1_000_000])
@pytest.mark.parametrize("added", [1, 4, 40])
def test_an_analysis_a_few_leads_later_hardly_matters(leads, added):
    """An extra look one, four or forty leads after another moves the last boundary by less than .001."""
    plain = boundaries([leads, 2 * leads], maximum=2 * leads, alpha=0.05)[-1]
    more = [leads, leads + added, 2 * leads]
    last = boundaries(more, maximum=2 * leads, alpha=0.05)[-1]

    assert 0 <= last - plain < 0.001
    assert repeated_p_value(last, more, maximum=2 * leads) == pytest.approx(0.05, abs=1e-5)


ALIKE_STEPS = st.lists(st.floats(0.5, 1), min_size=1, max_size=12).map(lambda steps: list(np.cumsum(steps)))


@settings(max_examples=25)
@given(ALIKE_STEPS, st.floats(1, 2), st.sampled_from([0.2, 0.05, 0.001]))
def test_boundaries_fall_look_by_look(information, planned, alpha):
    """O'Brien–Fleming asks less of every later look, and more than the fixed test of each, at steps of like size."""
    bounds = boundaries(information, maximum=planned * information[-1], alpha=alpha)

    assert list(bounds) == sorted(bounds, reverse=True)
    assert min(bounds) > critical_z(alpha) - 1e-9


@settings(max_examples=25)
@given(LOOKS, st.floats(1, 1.5), st.lists(st.floats(-20, -0.2), min_size=2, max_size=6, unique=True))
def test_boundaries_fall_as_alpha_grows(information, planned, log_alphas):
    """A larger α never has a higher boundary, so the repeated p-value is well defined."""
    plan = {"maximum": planned * information[-1]}
    bounds = [boundaries(information, alpha=math.exp(log_alpha), **plan)[-1] for log_alpha in sorted(log_alphas)]

    assert list(bounds) == sorted(bounds, reverse=True)


@settings(max_examples=25)
@given(LOOKS, st.floats(0.01, 100))
def test_information_has_no_unit(information, unit):
    """Leads, thousands of leads or 1/SE²: the boundaries do not depend on the unit."""
    plain = boundaries(information, maximum=1.2 * information[-1], alpha=0.05)
    other = boundaries([unit * amount for amount in information], maximum=1.2 * unit * information[-1], alpha=0.05)

    assert other == pytest.approx(plain, abs=1e-7)


def test_tails_at_their_ends():
    """α outside (0, 1) is a mistake; infinite df is the normal."""
    with pytest.raises(ValueError, match="alpha must lie"):
        critical_z(0.0)
    with pytest.raises(ValueError, match="alpha must lie"):
        boundaries([1], maximum=1, alpha=1.0)
    assert two_sided_p_t(1.7, float("inf")) == two_sided_p(1.7)
