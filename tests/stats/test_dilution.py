"""π·δ with limits: the page's π × MN where π tells next to nothing, Newcombe's MOVER-R where it does; their laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mqlab.analysis import phases
from mqlab.stats import binary, triggered
from mqlab.stats.binary import Counts
from mqlab.stats.dilution import NEGLIGIBLE, Share, diluted, widened
from mqlab.stats.estimate import Estimate, Interval
from mqlab.stats.strata import Pair, Strata

Z = 1.959963984540054


@st.composite
def counted(draw: st.DrawFn) -> Counts:
    """A few of a few hundred leads."""
    n = draw(st.integers(1, 400))
    return Counts(draw(st.integers(0, n)), n)


@st.composite
def experiments(draw: st.DrawFn) -> Strata:
    """Both arms in every stratum."""
    both, first, second, none = (Pair(draw(counted()), draw(counted())) for _ in range(4))
    return Strata(both, first, second, none)


def mover_r(ratio: tuple[float, float, float], low: tuple[float, float, float]) -> float:
    """The lower limit of θ₁/θ₂ > 0 as Newcombe 2016 and Donner & Zou 2012 write it: θ, lower limit, upper limit."""
    (a, low_a, _), (b, _, high_b) = ratio, low
    inside = (a * b) ** 2 - low_a * high_b * (2 * a - low_a) * (2 * b - high_b)
    return (a * b - math.sqrt(inside)) / (high_b * (2 * b - high_b))


def test_a_product_is_a_ratio_to_the_reciprocal():
    """Where δ's limits are positive, the lower limit is MOVER-R's of δ over 1/π, with Wilson's limit of π.

    20 of 100 leads differ: Wilson's 95% limits of .2 are [.1334, .2888] (R: prop.test(20, 100, correct = FALSE)).
    """
    found = diluted(Estimate(0.8, Interval(0.6, 0.95)), 0.008, Share(0.2, 100.0), z=Z)
    wilson = binary.wilson(Counts(20, 100), z=Z)
    assert isinstance(wilson, Estimate) and wilson.interval.low is not None
    assert wilson.interval.low == pytest.approx(0.1334, abs=5e-5)

    expected = mover_r((0.8, 0.6, 0.95), (5.0, 0.0, 1 / wilson.interval.low))
    assert found.interval.low == pytest.approx(expected, rel=1e-12)


@given(experiments(), st.sampled_from([0.5, 1.0, Z, 3.0]))
def test_the_limits_hold_the_estimate_and_exclude_none_where_the_score_test_does(strata: Strata, z: float):
    """Coherence: 0 lies outside the limits exactly where |z| of the discordant leads passes z.

    Those of the relative lift may end at 0 itself there, as the page cuts them.
    """
    score = triggered.z_score(strata)
    assume(isinstance(score, float) and abs(abs(score) - z) > 1e-6)
    absolute, relative = triggered.difference(strata, z=z), triggered.relative_lift(strata, z=z)
    assert isinstance(score, float) and isinstance(absolute, Estimate)

    assert ((absolute.interval.low or 0.0) > 0, (absolute.interval.high or 0.0) < 0) == (score > z, score < -z)
    for found in (absolute, relative):
        if isinstance(found, Estimate) and found.value is not None:
            low, high = found.interval.low, found.interval.high
            assert low is not None and low <= found.value + 1e-12
            assert high is None or found.value <= high + 1e-12
            assert low >= 0 if score > z else low <= 0
            assert high is None or (high <= 0 if score < -z else high >= 0)


@given(experiments())
def test_swapping_the_arms_turns_the_limits_round(strata: Strata):
    """Control for treatment: the difference and its limits change their sign and nothing else."""
    turned = Strata(
        *(Pair(p.treatment, p.control) for p in (strata.both, strata.arm_first, strata.control_first, strata.none))
    )
    found, other = triggered.difference(strata, z=Z), triggered.difference(turned, z=Z)
    assert isinstance(found, Estimate) and isinstance(other, Estimate)

    assert (found.interval.low, found.interval.high) == pytest.approx(
        (-(other.interval.high or 0.0), -(other.interval.low or 0.0)), abs=1e-12
    )


@given(experiments(), st.floats(0.2, 3.0), st.floats(1.01, 2.0))
def test_a_higher_level_has_wider_limits(strata: Strata, z: float, times: float):
    """Limits at a higher z hold those at a lower one."""
    narrow, wide = triggered.difference(strata, z=z), triggered.difference(strata, z=z * times)
    assert isinstance(narrow, Estimate) and isinstance(wide, Estimate)

    assert (wide.interval.low or 0.0) <= (narrow.interval.low or 0.0) + 1e-12
    assert (wide.interval.high or 0.0) >= (narrow.interval.high or 0.0) - 1e-12


@given(experiments())
def test_they_are_never_narrower_than_the_share_times_the_score_limits(strata: Strata):
    """Not to know π cannot make a difference better known; where that is next to nothing they are the very same."""
    found = triggered.difference(strata, z=Z)
    inside = binary.difference(strata.discordant.control, strata.discordant.treatment, z=Z)
    assert isinstance(found, Estimate) and isinstance(inside, Estimate) and inside.value is not None
    share = Share(strata.share(strata.discordant), strata.units)
    plain = share.value * (inside.interval.low or 0.0), share.value * (inside.interval.high or 0.0)
    known = inside.value**2 * share.relative_variance
    known /= (known + strata.discordant.variance) or 1.0

    if known <= NEGLIGIBLE:
        assert (found.interval.low, found.interval.high) == plain
    else:
        assert (found.interval.low or 0.0) <= plain[0] + 1e-12
        assert (found.interval.high or 0.0) >= min(1.0, plain[1]) - 1e-12


def test_volume_is_not_known_better_than_its_share():
    """150 of 3,000 leads are MQLs under the looser rule alone: Δ = .05, and its limits are near Wilson's of the share.

    δ is 1 by definition, so nothing but π is estimated; π × MN would end at the estimate itself.
    """
    both, none = Pair(Counts(750, 750), Counts(750, 750)), Pair(Counts(0, 675), Counts(0, 675))
    nested = Strata(both, Pair(Counts(0, 0), Counts(0, 0)), Pair(Counts(0, 75), Counts(75, 75)), none)
    found, lift = triggered.difference(nested, z=Z), triggered.relative_lift(nested, z=Z)
    wilson = binary.wilson(Counts(150, 3000), z=Z)
    assert isinstance(found, Estimate) and isinstance(wilson, Estimate) and isinstance(lift, Estimate)

    assert found.value == pytest.approx(0.05)
    assert found.interval.low == pytest.approx(wilson.interval.low, rel=0.05)
    assert found.interval.high == pytest.approx(wilson.interval.high, rel=0.05)
    half = Z * math.sqrt(1 / 150 + 1 / 1500)
    assert (math.log1p(lift.interval.high or 0.0) - math.log1p(0.1)) == pytest.approx(half * 0.1 / 1.1, rel=0.15)


def test_several_phases_that_are_alike_are_one():
    """The same experiment in two halves has the same estimate, and limits within 2% of their width."""
    half = Strata(
        Pair(Counts(150, 500), Counts(150, 500)), Pair(Counts(15, 100), Counts(2, 100)),
        Pair(Counts(0, 100), Counts(60, 100)), Pair(Counts(5, 800), Counts(5, 800)),
    )  # fmt: skip
    pairs = [(p + p) for p in (half.both, half.control_first, half.arm_first, half.none)]
    for one, two in (
        (triggered.difference(Strata(*pairs), z=Z), phases.triggered_difference([half, half], z=Z)),
        (triggered.relative_lift(Strata(*pairs), z=Z), phases.triggered_lift([half, half], z=Z)),
    ):
        assert isinstance(one, Estimate) and isinstance(two, Estimate)
        assert two.value == pytest.approx(one.value)
        width = (one.interval.high or 0.0) - (one.interval.low or 0.0)
        assert two.interval.low == pytest.approx(one.interval.low, abs=0.02 * width)
        assert two.interval.high == pytest.approx(one.interval.high, abs=0.02 * width)


def test_a_lift_s_limits_add_in_squares_on_the_log_scale():
    """Two sources of equal size widen by √2; a limit of −1 stays there."""
    value, step = 0.25, 0.1
    inside = Interval(math.expm1(math.log1p(value) - step), math.expm1(math.log1p(value) + step))
    found = widened(value, inside, (step / Z) ** 2, z=Z)

    assert math.log1p(found.high or 0.0) - math.log1p(value) == pytest.approx(math.sqrt(2) * step)
    assert math.log1p(value) - math.log1p(found.low or 0.0) == pytest.approx(math.sqrt(2) * step)
    assert widened(value, Interval(-1.0, None), 0.01, z=Z) == Interval(-1.0, None)
