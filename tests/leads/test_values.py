"""Stored values read by their declared type."""

from __future__ import annotations

import pytest

from mqlab.leads.values import canonical_text, read


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("12", 12.0, id="digits"),
        pytest.param(" -3.5 ", -3.5, id="sign, fraction, spaces"),
        pytest.param(".5", None, id="no leading digit"),
        pytest.param("5.", None, id="no fraction digits"),
        pytest.param("1e3", None, id="exponent"),
        pytest.param("1,000", None, id="thousands"),
        pytest.param(float("nan"), None, id="NaN"),
        pytest.param(float("inf"), None, id="infinity"),
        pytest.param(True, None, id="a truth is no number"),
        pytest.param("n/a", None, id="null token"),
        pytest.param("٣", None, id="other scripts' digits"),
    ],
)
def test_a_number_is_read_by_its_text(value: object, expected: float | None):
    """Number text is sign, digits and fraction; everything else is missing."""
    assert expected == read(value, "number", ("n/a",))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Yes", True, id="yes"),
        pytest.param("0", False, id="0"),
        pytest.param(1.0, True, id="one"),
        pytest.param("maybe", None, id="neither"),
    ],
)
def test_a_truth_is_read_by_its_text(value: object, expected: bool | None):
    """true/false/yes/no/1/0, anything else is missing."""
    assert expected is read(value, "bool", ())


def test_an_enum_label_outside_the_list_is_missing():
    """A label that was not declared is missing, not an error."""
    assert read("HIGH", "enum", (), ("low", "high")) == "high"
    assert read("huge", "enum", (), ("low", "high")) is None


def test_numbers_are_written_shortest():
    """Identity and order of values use the shortest decimal text."""
    assert ("4", "0.1", "-2.5") == tuple(canonical_text(value) for value in (4.0, 0.1, -2.5))
