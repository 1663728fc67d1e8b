"""Lengths of time: what they mean and how they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.durations import LONGEST_US, duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        pytest.param("1s", 1_000_000, id="second"),
        pytest.param("2m", 120_000_000, id="m is minutes"),
        pytest.param("4h", 14_400_000_000, id="hours"),
        pytest.param("1.5d", 129_600_000_000, id="fraction"),
        pytest.param("2 w", 1_209_600_000_000, id="space before the unit"),
        pytest.param("0d", 0, id="nothing"),
        pytest.param("0.000001s", 1, id="one microsecond"),
    ],
)
def test_a_length_of_time_is_a_number_and_a_unit(text: str, microseconds: int) -> None:
    """
    Days are 86 400 s, whatever the clocks do.
    """
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize(
    "text", ["", "90", "d", "90D", "-1d", "1e3d", "1d12h", "1M", "90 days", "1,5d", "٣d", "99999999d", "0.0000001s"]
)
def test_anything_else_is_refused(text: str) -> None:
    """
    Without a unit, with another unit, negative, too long or too fine, a text is no length of time.
    """
    with pytest.raises(ValueError, match=r"length of time|100 years|microsecond"):
        parse_duration(text)


@given(st.integers(0, LONGEST_US))
def test_what_is_written_is_read_back(microseconds: int) -> None:
    """
    Writing a length of time and reading it back gives the same microseconds.
    """
    assert parse_duration(duration_text(microseconds)) == microseconds
