"""Layers, coverage and arms."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from mqlab.assignment.position import RING, bound, position
from mqlab.assignment.split import Slice, Split

HALVES = [("current", Decimal(1)), ("challenger", Decimal(1))]
UNITS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
SHARES = st.decimals(min_value=0, max_value=1, places=4)


@given(UNITS, SHARES)
def test_a_place_is_read_off_three_positions(unit, coverage):
    """The arm and the reason follow from the plain positions and the cuts."""
    place = Split.of("exp", HALVES, Slice.of("inbound", Decimal("0.25"), Decimal("0.75"))).place(
        unit, coverage=bound(coverage)
    )

    in_layer = RING // 4 <= position(unit, "inbound") < RING * 3 // 4
    covered = position(unit, "exp-traffic") < bound(coverage)
    arm = "current" if position(unit, "exp-split") < RING // 2 else "challenger"
    expected = ("in", arm) if in_layer and covered else ("coverage" if in_layer else "layer", None)
    assert (place.why, place.arm) == expected
    assert (place.position, place.traffic_position) == (position(unit, "exp-split"), position(unit, "exp-traffic"))


@given(UNITS, SHARES, SHARES)
def test_raising_coverage_moves_nobody(unit, one, other):
    """Who is in at a lower coverage is in, in the same arm, at a higher one."""
    split = Split.of("exp", HALVES)
    lower, higher = sorted([one, other])
    before, after = split.place(unit, coverage=bound(lower)), split.place(unit, coverage=bound(higher))

    assert before.why == "coverage" or before == after


def test_slices_of_a_layer_share_nobody():
    """Two experiments on neighbouring slices hold every unit exactly once."""
    left = Split.of("one", HALVES, Slice.of("inbound", Decimal(0), Decimal("0.5")))
    right = Split.of("two", HALVES, Slice.of("inbound", Decimal("0.5"), Decimal(1)))

    for number in range(2_000):
        inside = [split.place(f"u{number}", coverage=RING).why == "in" for split in (left, right)]
        assert inside.count(True) == 1


@pytest.mark.parametrize(
    "weights",
    [
        pytest.param([1, 1], id="halves"),
        pytest.param([1, 9], id="one in ten"),
        pytest.param([2, 3, 5], id="three arms"),
    ],
)
def test_arms_get_their_weights(weights):
    """Over 30,000 units arms hold their shares (chi-square p > .001)."""
    arms = [(f"arm{index}", Decimal(weight)) for index, weight in enumerate(weights)]
    place = Split.of("shares", arms).placer()
    counts = Counter(place(f"unit-{number}", RING).arm for number in range(30_000))

    expected = [30_000 * weight / sum(weights) for weight in weights]
    assert chisquare([counts[name] for name, _ in arms], expected).pvalue > 0.001


def test_the_last_arm_is_else():
    """The arm after the last cut takes whatever is left of the ring."""
    split = Split.of("exp", [("a", Decimal(1)), ("b", Decimal(1)), ("c", Decimal(1))])
    highest = max((f"u{number}" for number in range(5_000)), key=lambda unit: position(unit, "exp-split"))

    assert split.place(highest, coverage=RING).arm == "c"


def test_nobody_is_covered_by_nothing():
    """A coverage of 0% holds no unit."""
    place = Split.of("exp", HALVES).placer()

    assert {place(f"u{number}", 0).why for number in range(1_000)} == {"coverage"}
