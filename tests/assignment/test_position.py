"""Positions and bounds: vectors worked outside the project, exactness, uniformity, independence."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from mqlab.assignment.position import RING, bound, bounds, hex_bound, hex_bounds, position, positioner

# Worked outside the project with coreutils, each line by: printf '%s-%s' SALT UNIT | md5sum | cut -c1-8
VECTORS = [
    pytest.param("2026q3-intent-split", "acme.com", "7576a1ba", id="account"),
    pytest.param("2026q3-intent-traffic", "acme.com", "bf3b68fc", id="traffic salt"),
    pytest.param("inbound", "acme.com", "43b9334a", id="layer"),
    pytest.param("2026q3-intent-split", "00Q5g00000AbCdE", "1c18fae8", id="lead id"),
    pytest.param("2026q3-intent-split", "00q5g00000abcde", "7158c89e", id="another case is another lead"),
    pytest.param("2026q3-intent-split", "L-1", "29dd5542", id="short id"),
    pytest.param("exp", "müller.de", "bc9f6afb", id="not ascii"),
    pytest.param("exp", "42", "ac5c6bd8", id="number"),
    pytest.param("s", "", "f83a7a77", id="empty unit"),
]


@pytest.mark.parametrize(("salt", "unit", "expected"), VECTORS)
def test_position_is_the_md5_prefix(salt, unit, expected):
    """A position is the first eight hex digits that md5sum prints for salt, dash and unit."""
    assert position(unit, salt) == int(expected, 16)


@given(st.text(), st.text())
def test_prepared_positions_are_the_same(unit, salt):
    """Preparing a salt for many units changes no position."""
    try:
        unit.encode(), salt.encode()
    except UnicodeEncodeError:
        return
    assert positioner(salt)(unit) == position(unit, salt)


def test_positions_are_uniform():
    """Chi-square over 64 cells of 60,000 sequential ids finds no departure from uniformity (p > .001)."""
    cells = np.bincount([position(f"L{number}", "uniform-split") >> 26 for number in range(60_000)], minlength=64)

    assert chisquare(cells).pvalue > 0.001


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("2026q3-split", "2026q3-traffic", id="split and traffic"),
        pytest.param("2026q3-split", "inbound", id="split and layer"),
        pytest.param("2026q3-split", "2026q4-split", id="two experiments"),
        pytest.param("exp1-split", "exp11-split", id="salts that look alike"),
    ],
)
def test_salts_are_independent(one, other):
    """Chi-square of independence between two salts over the same 40,000 units finds nothing (p > .001)."""
    first, second = positioner(one), positioner(other)
    table = np.zeros((8, 8))
    for number in range(40_000):
        unit = f"company-{number}.com"
        table[first(unit) >> 29, second(unit) >> 29] += 1

    assert chi2_contingency(table).pvalue > 0.001


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        pytest.param(["1", "1"], (2147483648,), id="halves"),
        pytest.param(["1", "1", "1"], (1431655765, 2863311530), id="thirds round down"),
        pytest.param(["0.1", "0.1", "0.1"], (1431655765, 2863311530), id="decimal thirds, no binary rounding"),
        pytest.param(["1", "9"], (429496729,), id="one in ten"),
        pytest.param(["33.3", "66.7"], (1430224109,), id="uneven decimals"),
        pytest.param(["5"], (), id="one arm has everything"),
    ],
)
def test_bounds_are_exact(weights, expected):
    """A cut is the whole part of 2^32 times the share, worked by hand with exact decimals."""
    assert bounds([Decimal(weight) for weight in weights]) == expected


@given(st.lists(st.decimals(min_value="0.001", max_value="1000", places=3), min_size=1, max_size=6))
def test_bounds_follow_the_formula(weights):
    """Every cut equals floor(2^32 * sum / total) in rational arithmetic and cuts never fall."""
    total = sum(map(Fraction, weights))
    expected = [RING * sum(map(Fraction, weights[: index + 1])) // total for index in range(len(weights) - 1)]

    assert list(bounds(weights)) == expected
    assert list(bounds(weights)) == sorted(expected)


@pytest.mark.parametrize("weights", [[], ["0", "1"], ["-1", "2"], ["NaN", "1"], ["Infinity", "1"]])
def test_weights_that_are_not_positive_are_refused(weights):
    """Zero, negative, infinite and missing weights have no cuts."""
    with pytest.raises(ValueError, match="weights are positive numbers"):
        bounds([Decimal(weight) for weight in weights])


@given(st.integers(0, RING - 1), st.integers(0, RING - 1))
def test_hex_text_sorts_as_the_numbers_do(value, cut):
    """Comparing eight hex digits as text is comparing the numbers."""
    text = hex_bound(cut)

    assert text is not None
    assert (f"{value:08x}" < text) == (value < cut)


def test_a_whole_share_needs_no_comparison():
    """Everybody lies below the end of the ring, which eight digits cannot write."""
    assert hex_bound(bound(Decimal(1))) is None
    assert hex_bound(bound(Decimal(0))) == "00000000"


def test_hex_bounds_are_the_bounds():
    """The text form of the cuts is the cuts."""
    weights = [Decimal(1), Decimal(2), Decimal(4)]

    assert tuple(int(text, 16) for text in hex_bounds(weights)) == bounds(weights)


@pytest.mark.parametrize("share", ["-0.1", "1.1"])
def test_a_share_outside_zero_and_one_is_refused(share):
    """A share is between nothing and all."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        bound(Decimal(share))
