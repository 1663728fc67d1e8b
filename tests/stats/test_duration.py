"""Leads that arrive over time and convert late: arrivals, delay curves, and what they are worth on a day."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.stats.duration import (
    Arrivals,
    DelayCurve,
    effective_units,
    expected_day,
    lognormal_delays,
    mature_units,
    observed_delays,
    stated_delays,
)

STEADY = Arrivals((0.0,), (6_000 / 84,))
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=60).filter(lambda steps: sum(steps) > 0.1)


def curve(steps: list[float]) -> DelayCurve:
    """The delay curve with these daily gains."""
    shares = np.minimum(np.cumsum(steps) / sum(steps), 1.0)
    return DelayCurve((*map(float, shares[:-1]), 1.0))


def test_the_pages_information_fractions():
    """statistics.md section 7 in section 13: .481/.861/.978/1 on days 95/125/150/174 (6,000 leads in 84 days, h = 90).

    The page does not state its delay curve; a lognormal one with median 45 and σ = 1 is within .004 of all four.
    """
    slow = lognormal_delays(median_days=45, horizon_days=90, spread=1.0)

    found = [effective_units(STEADY, slow, day=day, maximum=6_000) / 6_000 for day in (95, 125, 150, 174)]

    assert found == pytest.approx([0.481, 0.861, 0.978, 1.0], abs=0.004)


def test_what_is_there_at_once_needs_no_waiting():
    """Outcomes of the first day make every lead count that is a day old, once one has had the whole horizon."""
    at_once = DelayCurve((1.0,) * 30)

    assert effective_units(STEADY, at_once, day=40, maximum=6_000) == pytest.approx(39 * 6_000 / 84)
    assert effective_units(STEADY, at_once, day=29, maximum=6_000) == 0.0


def test_what_comes_on_the_last_day_waits_for_it():
    """Outcomes that all come on the last day count the mature leads alone."""
    at_last = DelayCurve((*(0.0,) * 29, 1.0))

    assert effective_units(STEADY, at_last, day=50, maximum=6_000) == pytest.approx(20 * 6_000 / 84)
    assert mature_units(STEADY, 30, day=50) == pytest.approx(20 * 6_000 / 84)


@given(SHARES, st.integers(1, 200), st.integers(0, 60), st.integers(0, 20))
def test_information_only_grows(steps, day, later, lateness):
    """It never falls with time, lies between the mature leads and the enrolled ones, and shrinks with lateness."""
    delays = curve(steps)
    plan = {"maximum": 5_000.0, "lateness_days": float(lateness)}
    now = effective_units(STEADY, delays, day=day, **plan)

    mature = mature_units(STEADY, delays.horizon_days, day=day, **plan)
    assert mature - 1e-6 <= now <= float(STEADY.by(day)) + 1e-6 or now == 0.0 == mature
    assert effective_units(STEADY, delays, day=day + later, **plan) >= now - 1e-6
    assert now <= effective_units(STEADY, delays, day=day, maximum=5_000.0) + 1e-6
    assert effective_units(STEADY, delays, day=10_000, **plan) == pytest.approx(5_000.0)


@given(st.lists(st.tuples(st.floats(0.5, 30), st.floats(0, 50)), min_size=1, max_size=4), st.floats(0.1, 5_000))
def test_arrivals_and_their_day_are_inverse(pieces, units):
    """On the day of the n-th arrival n have arrived; where the arrivals end before, that day never comes."""
    starts = np.concatenate([[0.0], np.cumsum([length for length, _ in pieces])[:-1]])
    arrivals = Arrivals(tuple(map(float, starts)), tuple(rate for _, rate in pieces))
    day = arrivals.day_of(units)

    if math.isfinite(day):
        assert float(arrivals.by(day)) == pytest.approx(units, rel=1e-6, abs=1e-6)
    else:
        assert float(arrivals.by(1e9)) < units


def test_a_pause_is_waited_through():
    """The ramp 10 a day, nothing for ten days, 100 a day: the 150th lead comes half a day after the pause."""
    ramp = Arrivals((0.0, 10.0, 20.0), (10.0, 0.0, 100.0))

    assert ramp.day_of(100) == 10.0
    assert ramp.day_of(150) == 20.5
    assert ramp.by([5.0, 15.0, 21.0]).tolist() == [50.0, 100.0, 200.0]
    assert Arrivals((0.0,), (0.0,)).day_of(1) == math.inf


def test_delay_curves_from_a_median_from_data_and_from_points():
    """The three ways to state delays agree where they say the same thing."""
    assert lognormal_delays(median_days=10, horizon_days=400).median_days == 10
    assert observed_delays([0.5, 1, 3, 3], horizon_days=3).shares == (0.5, 0.5, 1.0)
    assert stated_delays([1, 3], [50, 100], horizon_days=3).shares == (0.5, 0.75, 1.0)
    assert stated_delays([10], [1.0], horizon_days=5).shares == pytest.approx((0.2, 0.4, 0.6, 0.8, 1.0))
    assert observed_delays([1, 2, 2, 4, 90], horizon_days=4).median_days == 2


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: DelayCurve(()), id="no day"),
        pytest.param(lambda: DelayCurve((0.5, 0.4, 1.0)), id="falling"),
        pytest.param(lambda: DelayCurve((0.5,)), id="not all"),
        pytest.param(lambda: lognormal_delays(median_days=0, horizon_days=30), id="no median"),
        pytest.param(lambda: observed_delays([40], horizon_days=30), id="all too late"),
        pytest.param(lambda: stated_delays([5, 3], [0.1, 0.2], horizon_days=30), id="days out of order"),
        pytest.param(lambda: stated_delays([5, 6], [0.2, 0.1], horizon_days=30), id="shares fall"),
        pytest.param(lambda: stated_delays([40, 50], [0.0, 1.0], horizon_days=30), id="nothing within"),
        pytest.param(lambda: Arrivals((0.0, 0.0), (1.0, 1.0)), id="starts repeat"),
        pytest.param(lambda: Arrivals((0.0,), (-1.0,)), id="leads leave"),
        pytest.param(lambda: Arrivals((), ()), id="no arrivals"),
    ],
)
def test_what_is_no_curve_and_no_arrivals(make):
    """Curves that fall or do not end at 1, delays that say nothing, and arrivals that run backwards are refused."""
    with pytest.raises(ValueError, match=r"delay|day|outcome|arrivals|rate|median"):
        make()


def test_the_expected_day_is_a_mean():
    """Half of the chance on day 10 and half on day 20 is day 15."""
    assert expected_day([0.5, 0.5], [10, 20]) == 15.0
