"""Several phases as one comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis import phases
from mqlab.stats import binary, triggered
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.means import Contrast
from mqlab.stats.strata import Pair, Strata

Z = 1.959964


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """A 2 × 2 table of a phase."""
    n_a, n_b = draw(st.integers(1, 400)), draw(st.integers(1, 400))
    return Pair(Counts(draw(st.integers(0, n_a)), n_a), Counts(draw(st.integers(0, n_b)), n_b))


@settings(deadline=None, max_examples=150)
@given(st.lists(pairs(), min_size=1, max_size=4))
def test_interval_ratio_and_test_never_contradict_each_other(tables: list[Pair]) -> None:
    """0 is outside the difference, and outside the lift, exactly when the test over phases rejects."""
    p_value = phases.p_value(tables)
    gap, lift = phases.difference(tables, z=Z), phases.relative_lift(tables, z=Z)
    assert not isinstance(p_value, NotEstimable) and not isinstance(gap, NotEstimable)
    assert not isinstance(lift, NotEstimable)
    if math.isclose(p_value, 0.05, rel_tol=1e-6):
        return

    assert (not gap.interval.contains(0)) == (p_value < 0.05)
    assert (not lift.interval.contains(0)) == (p_value < 0.05)


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_one_phase_is_the_plain_comparison(table: Pair) -> None:
    """A single phase gives Miettinen–Nurminen's interval and the N − 1 test, and an empty phase changes nothing."""
    empty = Pair(Counts(0, 0), Counts(3, 9))

    assert phases.difference([table, empty], z=Z) == binary.difference(table.control, table.treatment, z=Z)
    assert phases.p_value([empty, table]) == binary.p_value(table.control, table.treatment)


@settings(deadline=None, max_examples=60)
@given(st.lists(pairs(), min_size=2, max_size=3))
def test_swapping_the_arms_negates_the_difference(tables: list[Pair]) -> None:
    """The stratified interval treats both arms alike."""
    found = phases.difference(tables, z=Z)
    mirrored = phases.difference([Pair(table.treatment, table.control) for table in tables], z=Z)
    assert not isinstance(found, NotEstimable) and not isinstance(mirrored, NotEstimable)

    assert mirrored.value == pytest.approx(-(found.value or 0.0), abs=1e-12)
    assert mirrored.interval.low == pytest.approx(-(found.interval.high or 0.0), abs=1e-9)


def test_a_phase_is_weighted_by_its_leads() -> None:
    """Δ̂ = Σ w_φ Δ̂_φ with w_φ = N_φ / N, whatever the phases' own rates."""
    early, late = Pair(Counts(10, 100), Counts(20, 100)), Pair(Counts(200, 400), Counts(180, 400))
    found = phases.difference([early, late], z=Z)

    assert not isinstance(found, NotEstimable)
    assert found.value == pytest.approx(0.2 * 0.10 + 0.8 * -0.05)


def test_a_ramp_with_drifting_leads_fools_only_the_unstratified_comparison() -> None:
    """An A/A whose allocation went 10 % to 50 % while leads got better lifts only the pooled one."""
    early, late = Pair(Counts(90, 1800), Counts(10, 200)), Pair(Counts(70, 1000), Counts(70, 1000))
    pooled = early + late
    unstratified = binary.p_value(pooled.control, pooled.treatment)

    assert phases.p_value([early, late]) == pytest.approx(1.0)
    assert isinstance(unstratified, float) and unstratified < 0.5


def strata(rng: np.random.Generator, size: int) -> Strata:
    """Random strata of a phase."""
    shares = {"both": 0.2, "control_first": 0.1, "arm_first": 0.15, "none": 0.55}

    def pair(share: float) -> Pair:
        n = [int(rng.binomial(size, share)) + 3 for _ in range(2)]
        return Pair(*(Counts(int(rng.binomial(each, 0.2)), each) for each in n))

    return Strata(**{name: pair(share) for name, share in shares.items()})


def test_equal_phases_give_what_one_of_twice_the_size_gives() -> None:
    """Splitting a phase into two with the same counts moves estimate and interval of the triggered estimator little."""
    half = strata(np.random.default_rng(4), 500)
    whole = Strata(
        **{name: getattr(half, name) + getattr(half, name) for name in ("both", "control_first", "arm_first", "none")}
    )
    split, joined = phases.triggered_difference([half, half], z=Z), triggered.difference(whole, z=Z)
    lift, joined_lift = phases.triggered_lift([half, half], z=Z), triggered.relative_lift(whole, z=Z)

    for two, one in ((split, joined), (lift, joined_lift)):
        assert not isinstance(two, NotEstimable) and not isinstance(one, NotEstimable)
        assert two.value == pytest.approx(one.value)
        assert two.interval.low == pytest.approx(one.interval.low, rel=2e-2, abs=1e-4)
        assert two.interval.high == pytest.approx(one.interval.high, rel=2e-2, abs=1e-4)


def test_triggered_sign_is_read_from_the_discordant_leads() -> None:
    """No limit of the relative lift lies on another side of 0 than that of the difference."""
    rng = np.random.default_rng(8)
    for _ in range(200):
        two = [strata(rng, 60), strata(rng, 90)]
        gap, lift = phases.triggered_difference(two, z=Z), phases.triggered_lift(two, z=Z)
        assert not isinstance(gap, NotEstimable) and not isinstance(lift, NotEstimable)
        for ours, theirs in ((gap.interval.low, lift.interval.low), (gap.interval.high, lift.interval.high)):
            assert (ours or 0.0) * (theirs or 0.0) >= 0


def test_contrasts_of_phases_add_with_their_shares() -> None:
    """Means, variances and covariances of phases combine with squared weights."""
    one, two = Contrast(1.0, 2.0, 0.1, 0.2, 0.01, 10.0), Contrast(3.0, 3.0, 0.4, 0.4, 0.0, math.inf)
    found = phases.combined([(30.0, one), (10.0, two)])

    assert (found.control, found.treatment) == pytest.approx((1.5, 2.25))
    assert found.control_variance == pytest.approx(0.5625 * 0.1 + 0.0625 * 0.4)
    assert found.covariance == pytest.approx(0.5625 * 0.01)
    assert found.df > 10


def test_nothing_in_common_has_a_reason() -> None:
    """Phases that each lack an arm cannot be compared."""
    alone = Pair(Counts(1, 4), Counts(0, 0))

    assert phases.difference([alone], z=Z) == phases.NO_PHASE
    assert phases.p_value([]) == phases.NO_PHASE
    assert phases.triggered_rates([]) == phases.NO_PHASE
