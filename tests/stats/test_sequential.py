"""Boundaries against rpact and gsDesign, and the repeated p-value against the boundaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.stats.sequential import (
    NO_STOP,
    boundaries,
    information_fractions,
    obrien_fleming,
    pocock,
    repeated_p_value,
)
from mqlab.stats.tails import critical_z, two_sided_p, two_sided_p_t

RPACT = {
    2: (2.9625880, 1.9685956),
    3: (3.7103029, 2.5114275, 1.9930475),
    4: (4.3326336, 2.9631316, 2.3590443, 2.0140901),
    5: (4.8768849, 3.3570119, 2.6802801, 2.2898168, 2.0310321),
}


@pytest.mark.parametrize("looks", RPACT)
def test_obrien_fleming_boundaries_match_rpact(looks):
    """rpact getDesignGroupSequential(kMax = K, alpha = .025, typeOfDesign = "asOF") and gsDesign give these bounds."""
    found = boundaries(range(1, looks + 1), maximum=looks, alpha=0.05)

    assert found == pytest.approx(RPACT[looks], abs=2e-7)


def test_spending_matches_rpact():
    """Cumulative one-sided error of five equal looks: 5.3887e−7, 3.9415e−4, 3.80806e−3, 1.221179e−2, .025."""
    spent = [obrien_fleming(look / 5, 0.05) for look in range(6)]

    assert spent == pytest.approx([0.0, 5.3887e-7, 3.9415e-4, 3.80806e-3, 1.221179e-2, 0.025], rel=2e-5)


def test_pocock_boundaries_match_rpact():
    """The same recursion with Pocock-like spending: 2.4380, 2.4268, 2.4102, 2.3966, 2.3860."""
    found = boundaries(range(1, 6), maximum=5, alpha=0.05, spending=pocock)

    assert found == pytest.approx((2.4379767, 2.4268139, 2.4101941, 2.3966493, 2.3859997), abs=2e-7)


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
    assert two_sided_p(last) == pytest.approx(0.05, abs=1e-5)


def test_information_fractions_rise_and_stop_at_one():
    """A falling or overrun information neither falls back nor passes 1; a plan without a maximum is a mistake."""
    assert information_fractions([500, 400, 900], maximum=800) == (0.625, 0.625, 1.0)
    assert information_fractions([], maximum=800, last=True) == ()
    with pytest.raises(ValueError, match="must be positive"):
        information_fractions([1], maximum=0)


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


@pytest.mark.parametrize("added", [1, 4, 40])
def test_an_analysis_a_few_leads_later_hardly_matters(added):
    """An extra look one, four or forty leads after another moves the last boundary by less than .001."""
    plain = boundaries([12_000, 24_000], maximum=24_000, alpha=0.05)[-1]
    more = [12_000, 12_000 + added, 24_000]
    last = boundaries(more, maximum=24_000, alpha=0.05)[-1]

    assert 0 <= last - plain < 0.001
    assert repeated_p_value(last, more, maximum=24_000) == pytest.approx(0.05, abs=1e-5)


def test_boundaries_fall_look_by_look():
    """O'Brien–Fleming asks less and less of later looks, and more than the fixed test of every one."""
    bounds = boundaries(np.linspace(1, 26, 26), maximum=26, alpha=0.05)

    assert list(bounds) == sorted(bounds, reverse=True)
    assert min(bounds) > critical_z(0.05)


def test_tails_at_their_ends():
    """α outside (0, 1) is a mistake; infinite df is the normal."""
    with pytest.raises(ValueError, match="alpha must lie"):
        critical_z(0.0)
    assert two_sided_p_t(1.7, float("inf")) == two_sided_p(1.7)
