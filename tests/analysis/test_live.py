"""Readings that hold at any time: intervals, p-values and reasons agree with each other and with the planned looks."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mqlab.analysis.comparison import Comparison, of_contrast, without
from mqlab.analysis.live import TOO_FEW_OUTCOMES, LabelRow, always_valid_of, label_row_of
from mqlab.analysis.result_rows import AlwaysValid, ArmValue
from mqlab.stats import binary, means
from mqlab.stats.always_valid import multiplier, p_value
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable

PLAN = {"maximum_leads": 4_000, "alpha": 0.05}


def rates(control: Counts, treatment: Counts) -> Comparison:
    """Two proportions as the rows compare them."""
    return Comparison(
        ArmValue(control.n, control.n, control.x / control.n),
        ArmValue(treatment.n, treatment.n, treatment.x / treatment.n),
        lambda z: binary.difference(control, treatment, z=z),
        lambda z: binary.relative_lift(control, treatment, z=z),
        binary.p_value(control, treatment),
        "score",
    )


def live(control: Counts, treatment: Counts, **changes: float) -> AlwaysValid | NotEstimable:
    """The reading of two proportions, with information counted in their leads."""
    return always_valid_of(
        rates(control, treatment),
        effective_leads=control.n + treatment.n,
        events_per_arm=(control.x, treatment.x),
        **{**PLAN, **changes},
    )


def test_a_reading_is_the_score_interval_at_the_multiplier():
    """Half the planned leads: the critical value is 3.0787, and limits and p are those of the score test with it."""
    control, treatment = Counts(100, 1_000), Counts(151, 1_000)
    found = live(control, treatment)

    assert isinstance(found, AlwaysValid)
    assert multiplier(0.5, alpha=0.05) == pytest.approx(3.0787, abs=5e-5)
    assert found.absolute == binary.difference(control, treatment, z=multiplier(0.5, alpha=0.05))
    assert found.relative == binary.relative_lift(control, treatment, z=multiplier(0.5, alpha=0.05))
    z = binary.z_at_difference(control, treatment)
    assert not isinstance(z, NotEstimable)
    assert found.p_value == pytest.approx(p_value(z, 0.5), rel=1e-9)


@given(st.integers(10, 400), st.integers(10, 400), st.integers(500, 6_000), st.sampled_from([0.05, 0.01, 0.027]))
def test_interval_and_p_value_never_contradict(x_a, x_b, planned, alpha):
    """Difference and lift exclude no effect exactly when p is below α, whatever the share of information."""
    found = live(Counts(x_a, 1_000), Counts(x_b, 1_000), maximum_leads=planned, alpha=alpha)

    assert isinstance(found, AlwaysValid)
    assert isinstance(found.absolute, Estimate) and isinstance(found.relative, Estimate)
    assume(abs(found.p_value - alpha) > 1e-9)
    assert found.absolute.interval.contains(0) == found.relative.interval.contains(0) == (found.p_value > alpha)


def test_the_planned_end_may_be_passed():
    """Information beyond the planned end goes on counting: no declared end is needed."""
    early = live(Counts(300, 3_000), Counts(390, 3_000), maximum_leads=6_000)
    late = live(Counts(300, 3_000), Counts(390, 3_000), maximum_leads=1_000)

    assert isinstance(early, AlwaysValid) and isinstance(late, AlwaysValid)
    assert late.absolute == binary.difference(Counts(300, 3_000), Counts(390, 3_000), z=multiplier(6, alpha=0.05))
    assert late.p_value > early.p_value


def test_means_are_read_alike():
    """Money per lead has the same reading: Welch's difference and Fieller's ratio at the multiplier."""
    contrast = means.welch(means.Moments(900, 90_000, 54_000_000), means.Moments(900, 153_000, 99_000_000))
    assert not isinstance(contrast, NotEstimable)
    side = ArmValue(900, 900, 100.0)
    found = always_valid_of(
        of_contrast(contrast, side, side, "Welch"), effective_leads=1_800, events_per_arm=(120, 130), **PLAN
    )

    assert isinstance(found, AlwaysValid)
    assert found.absolute == contrast.difference(z=multiplier(0.45, alpha=0.05))
    assert found.relative == contrast.relative_lift(z=multiplier(0.45, alpha=0.05))
    assert isinstance(found.absolute, Estimate)
    assert found.absolute.interval.contains(0) == (found.p_value > 0.05)


@pytest.mark.parametrize(("x_a", "x_b"), [(9, 40), (40, 9), (0, 0)])
def test_few_outcomes_are_a_reason(x_a, x_b):
    """Fewer than ten outcomes in either arm: no reading, and the reason counts them."""
    found = live(Counts(x_a, 1_000), Counts(x_b, 1_000))

    assert isinstance(found, NotEstimable) and found.reason == TOO_FEW_OUTCOMES
    assert f"{x_a} and {x_b}" in found.detail
    assert isinstance(live(Counts(10, 1_000), Counts(10, 1_000)), AlwaysValid)


def test_what_cannot_be_compared_keeps_its_reason():
    """A comparison without a test, or no mature lead at all, is a reason and not a number."""
    reason = NotEstimable("no_mqls", "There are none.")
    side = ArmValue(0, 0, reason)
    nothing = without(reason, side, side)

    assert always_valid_of(nothing, effective_leads=10, events_per_arm=(50, 50), **PLAN) == reason
    found = always_valid_of(rates(Counts(20, 90), Counts(20, 90)), effective_leads=0, events_per_arm=(20, 20), **PLAN)
    assert isinstance(found, NotEstimable) and found.reason == "no_mature_leads"
    with pytest.raises(ValueError, match="must be positive"):
        live(Counts(20, 90), Counts(20, 90), maximum_leads=0)


def test_overwhelming_and_absent_differences():
    """A plain p too small for a float is a tiny p, not an error; equal rates have p = 1."""
    certain, equal = live(Counts(10, 50_000), Counts(40_000, 50_000)), live(Counts(70, 1_000), Counts(70, 1_000))

    assert isinstance(certain, AlwaysValid) and 0 <= certain.p_value < 1e-200
    assert isinstance(equal, AlwaysValid) and equal.p_value == 1.0


@pytest.mark.parametrize("wins", [(0, 0), (0, 4), (5, 0), (62, 95)])
def test_rare_wins_are_read_from_the_first_one(wins):
    """The label process needs no ten outcomes: evidence, p and limits are there, open where an arm has no win."""
    row = label_row_of(*wins, treatment_share=0.5, expected_wins_at_end=180, alpha=0.05)

    assert isinstance(row, LabelRow)
    assert row.p_value == pytest.approx(min(1.0, 1 / row.e_value))
    assert (row.ratio.interval.low == 0) == (wins[1] == 0)
    assert (row.ratio.interval.high is None) == (wins[0] == 0)
    assert row.ratio.interval.contains(1.0) == (row.p_value > 0.05)


def test_a_pair_with_one_arm_is_a_reason():
    """An arm of weight nought leaves nothing to compare."""
    for share in (0.0, 1.0):
        row = label_row_of(3, 0, treatment_share=share, expected_wins_at_end=180, alpha=0.05)
        assert isinstance(row, NotEstimable) and row.reason == "one_arm"
