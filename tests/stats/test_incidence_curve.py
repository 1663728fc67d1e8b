"""Incidence age by age: the same as incidence at one age, and wider where accounts hang together."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.effective import Effective
from mqlab.stats.incidence import Followed
from mqlab.stats.incidence_curve import curve, wilson

Z = 1.959964


def leads(n: int = 400, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    follow_up = rng.integers(1, 61, n)
    age = 1 + rng.exponential(30, n).astype(np.int64)
    return follow_up, np.where((rng.random(n) < 0.5) & (age <= follow_up), age, 0)


def test_every_step_is_kaplan_and_meier():
    """The shares are one minus lifelines' survival at the same days."""
    follow_up, converted = leads()
    found = curve([(1.0, Followed.of(follow_up, converted, horizon_days=50))], range(1, 51), z=Z)
    fitted = KaplanMeierFitter().fit(np.where(converted > 0, converted, follow_up), converted > 0)

    assert [step.rate for step in found] == pytest.approx([1 - fitted.predict(day) for day in range(1, 51)])


def test_with_everybody_followed_the_limits_are_wilsons():
    """Whole counts at each age: 12 of 90 by day 5, 30 by day 9."""
    group = Followed.of([20] * 3, [5, 9, 0], [12, 18, 60], horizon_days=20)
    found = curve([(1.0, group)], [5, 9, 20], z=Z)

    for step, x in zip(found, (12, 30, 30), strict=True):
        expected = binary.wilson(Counts(x, 90), z=Z).interval
        assert (step.interval.low, step.interval.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("x", "n"), [(0, 40), (40, 40), (3, 41)])
def test_wilson_of_whole_numbers_is_the_usual_one(x: int, n: int):
    """None, all, or few of some leads."""
    expected = binary.wilson(Counts(x, n), z=Z).interval

    assert (wilson(Effective(x, n), z=Z).low, wilson(Effective(x, n), z=Z).high) == pytest.approx(
        (expected.low, expected.high)
    )


def test_phases_count_by_their_weight():
    """A fifth of one phase and half of the other, weighed three to one."""
    young = Followed.of([10, 10], [4, 0], [1, 4], horizon_days=10)
    old = Followed.of([10, 10], [4, 0], [2, 2], horizon_days=10)

    assert curve([(3.0, young), (1.0, old)], [10], z=Z)[0].rate == pytest.approx(0.75 * 0.2 + 0.25 * 0.5)


def test_the_curve_ends_where_follow_up_does():
    """Nobody is followed beyond day 30: days 31 to 50 cannot be told."""
    group = Followed.of([30, 20], [0, 10], [5, 5], horizon_days=50)

    assert [step.age_days for step in curve([(1.0, group)], [10, 30, 31, 50], z=Z)] == [10, 30]


def test_accounts_whose_leads_go_together_make_the_band_wider():
    """Ten leads of an account do the same: about ten times the variance; one lead an account: that of leads."""
    group = Followed.of([20] * 200, [5 if k < 60 else 0 for k in range(200)], horizon_days=20)

    def width(accounts: list[int] | None) -> float:
        codes = None if accounts is None else [np.array(accounts)]
        found = curve([(1.0, group)], [20], z=Z, accounts=codes)[0].interval
        return found.high - found.low

    assert width(list(range(200))) == pytest.approx(width(None), rel=0.01)
    assert width([k // 10 for k in range(200)]) / width(None) == pytest.approx(10**0.5, rel=0.1)
