"""The limits of one pair of arms in plain floats are those of the arrays."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.stats import score, score_of_pair

Z = 1.959964


@st.composite
def two_arms(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """Outcomes and units of two arms, whole numbers or effective ones."""
    n_a, n_b = (draw(st.integers(2, 20_000)) for _ in range(2))
    x_a, x_b = draw(st.integers(0, n_a)), draw(st.integers(0, n_b))
    shrink = draw(st.sampled_from([1.0, 0.731]))
    return x_a * shrink, n_a * shrink, x_b * shrink, n_b * shrink


@given(two_arms(), st.sampled_from([0.5, 1.0, Z, 3.0, 8.0]))
def test_the_limits_are_those_of_the_arrays(arms: tuple[float, float, float, float], z: float) -> None:
    """Brent's root in floats and the bisection on arrays find the same limits."""
    for one, many in ((score_of_pair.difference_limits, score.difference_limits),):
        assert one(*arms, z) == pytest.approx([float(limit) for limit in many(*arms, z)], abs=1e-7)
    low, high = score_of_pair.ratio_limits(*arms, z)
    many_low, many_high = (float(limit) for limit in score.ratio_limits(*arms, z))
    assert low == pytest.approx(many_low, rel=1e-8, abs=1e-12)
    assert high == (math.inf if math.isinf(many_high) else pytest.approx(many_high, rel=1e-7))


@given(two_arms(), st.floats(-1, 1), st.floats(0.01, 50))
def test_the_statistics_are_those_of_the_arrays(
    arms: tuple[float, float, float, float], delta: float, ratio: float
) -> None:
    """z(δ) and z(φ) agree wherever both are finite."""
    for one, many, at in (
        (score_of_pair.z_difference, score.z_difference, delta),
        (score_of_pair.z_ratio, score.z_ratio, ratio),
    ):
        expected = float(many(*arms, at))
        if math.isfinite(expected) and abs(expected) < 1e4:
            assert one(*arms, at) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(two_arms(), st.floats(0.2, 6))
def test_no_effect_lies_outside_exactly_when_the_test_says_so(
    arms: tuple[float, float, float, float], z: float
) -> None:
    """Difference, ratio and test never contradict each other."""
    beyond = score_of_pair.z_difference(*arms)
    low, high = score_of_pair.difference_limits(*arms, z)
    ratio_low, ratio_high = score_of_pair.ratio_limits(*arms, z)

    assert (low > 0) == (beyond > z) == (ratio_low > 1)
    assert (high < 0) == (beyond < -z) == (ratio_high < 1)
