"""What ages do to points: definitions.md 3.5."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.decay import factor, steps_of
from mqlab.definitions.model import Decay, HalfLife, Linear, Steps
from tests.definitions.leads import DAY_US

STEPPED = Steps(((7 * DAY_US, 0.5), (30 * DAY_US, 0.0)))


@pytest.mark.parametrize(
    ("decay", "age_us", "share"),
    [
        pytest.param(HalfLife(14 * DAY_US), 0, 1.0, id="fresh"),
        pytest.param(HalfLife(14 * DAY_US), 14 * DAY_US, 0.5, id="one half-life"),
        pytest.param(HalfLife(14 * DAY_US), DAY_US, 0.9516951530, id="a day of fourteen"),
        pytest.param(HalfLife(DAY_US), 64 * DAY_US - 1, 2.0**-64, id="just inside 64 half-lives"),
        pytest.param(HalfLife(DAY_US), 64 * DAY_US, 0.0, id="64 half-lives"),
        pytest.param(Linear(30 * DAY_US), 0, 1.0, id="linear, fresh"),
        pytest.param(Linear(30 * DAY_US), 2 * DAY_US, 28 / 30, id="linear, two days of thirty"),
        pytest.param(Linear(30 * DAY_US), 30 * DAY_US, 0.0, id="linear, at its end"),
        pytest.param(Linear(30 * DAY_US), 99 * DAY_US, 0.0, id="linear, beyond"),
        pytest.param(STEPPED, 7 * DAY_US - 1, 1.0, id="before the first step"),
        pytest.param(STEPPED, 7 * DAY_US, 0.5, id="on the first step"),
        pytest.param(STEPPED, 30 * DAY_US - 1, 0.5, id="before the last step"),
        pytest.param(STEPPED, 30 * DAY_US, 0.0, id="on the last step"),
    ],
)
def test_share(decay: Decay, age_us: int, share: float) -> None:
    """The share of the points an event of some age keeps, boundaries included."""
    assert factor(decay)(age_us) == pytest.approx(share, abs=1e-10)


@given(
    decay=st.one_of(
        st.builds(HalfLife, st.integers(1, 10**13)), st.builds(Linear, st.integers(1, 10**13)), st.just(STEPPED)
    ),
    ages=st.lists(st.integers(0, 10**15), min_size=2, max_size=2),
)
def test_points_never_rise(decay: Decay, ages: list[int]) -> None:
    """A share lies in [0, 1] and never rises with age."""
    younger, older = (factor(decay)(age) for age in sorted(ages))

    assert 1 >= younger >= older >= 0


def test_where_it_is_not_smooth() -> None:
    """Steps, and the ages from which nothing is left, are instants of their own."""
    assert steps_of(None) == ()
    assert steps_of(HalfLife(DAY_US)) == (64 * DAY_US,)
    assert steps_of(Linear(DAY_US)) == (DAY_US,)
    assert steps_of(STEPPED) == (7 * DAY_US, 30 * DAY_US)
