"""Score bands, isotonic curves, the frontier and the split in halves, against R, brute force and their own laws."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.stats import binary
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z
from mqlab.stats.thresholds import (
    NEVER_HANDED_OVER,
    Curve,
    Scores,
    SplitHalf,
    Worth,
    bands,
    choose_threshold,
    curve,
    frontier,
    split_half,
    value_per_lead,
)

Z = critical_z(0.05)
LEADS = st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.booleans()), min_size=1, max_size=60)


def scores(leads) -> Scores:
    return Scores.of(*zip(*leads, strict=True))


def counted(rows: dict[float, tuple[int, int, int]]) -> Scores:
    """From {score: (leads, handed over, SQLs)}."""
    leads, handed, sqls = (np.array(column) for column in zip(*rows.values(), strict=True))
    return Scores(np.array(list(rows), dtype=float), leads, handed, sqls)


def fitted(leads: Scores) -> Curve:
    found = curve(leads)
    assert isinstance(found, Curve)
    return found


def interval(found: Estimate | NotEstimable) -> tuple[float | None, float | None]:
    assert isinstance(found, Estimate)
    return found.interval.low, found.interval.high


def test_a_band_has_wilsons_interval():
    """15 of 148: [.0623864, .1604872] (statistics.md, G11; scipy.stats.binomtest(15, 148).proportion_ci says the same
    with method="wilson"), and whatever `mqlab.stats.binary.wilson` says.
    """
    (band,) = bands(counted({70.0: (160, 148, 15)}), z=Z)

    assert interval(band.rate) == pytest.approx((0.0623864, 0.1604872), abs=5e-8)
    for sqls in (0, 1, 74, 147, 148):
        (band,) = bands(counted({70.0: (160, 148, sqls)}), z=Z)
        assert interval(band.rate) == pytest.approx(interval(binary.wilson(binary.Counts(sqls, 148), z=Z)), abs=1e-15)


@given(LEADS, st.integers(1, 30), st.integers(1, 8), st.one_of(st.none(), st.integers(-1, 13)))
def test_bands_hold_every_lead_once(leads, least, most, in_force):
    """Bands follow each other, sum to all leads, are large enough or alone, and never span the threshold in force."""
    found = bands(scores(leads), z=Z, least=least, most=most, in_force=in_force)
    sides = 1 if in_force is None else 2

    assert sum(band.leads for band in found) == len(leads)
    assert sum(band.handed for band in found) == sum(yes for _, yes, _ in leads)
    assert sum(band.sqls for band in found) == sum(yes and sql for _, yes, sql in leads)
    assert all(one.high < other.low for one, other in pairwise(found))
    assert len(found) <= most + sides - 1
    assert sum(band.leads < least for band in found) <= sides
    if in_force is not None:
        assert not any(band.low < in_force <= band.high for band in found)


def test_a_band_that_was_never_handed_over_says_so():
    """Below the threshold in force nobody was handed over: a reason, neither a rate of 0 nor a merged band."""
    rows = {float(score): (40, 0 if score < 60 else 40, 0 if score < 60 else 10) for score in range(0, 100, 10)}
    found = bands(counted(rows), z=Z, in_force=60)

    assert [(band.low, band.high, band.leads) for band in found] == [(0, 20, 120), (30, 50, 120), (60, 90, 160)]
    assert [isinstance(band.rate, NotEstimable) for band in found] == [True, True, False]
    assert found[0].rate == NEVER_HANDED_OVER


def test_the_curve_matches_r():
    """
    > isoreg(c(.1,.3,.2,.25,.5,.4,.6))$yf
    The answer is 0.10 0.25 0.25 0.25 0.45 0.45 0.60.
    """
    rates = (0.1, 0.3, 0.2, 0.25, 0.5, 0.4, 0.6)
    found = fitted(counted({float(place): (100, 100, round(100 * rate)) for place, rate in enumerate(rates)}))

    assert found.rate == pytest.approx([0.1, 0.25, 0.25, 0.25, 0.45, 0.45, 0.6])


@given(LEADS.filter(lambda leads: any(yes for _, yes, _ in leads)))
def test_the_curve_is_weighted_least_squares(leads):
    """It never falls, keeps the number of SQLs, and equals the max–min of weighted means, computed directly."""
    table = scores(leads)
    found = fitted(table)
    chosen = table.handed > 0
    w, x = table.handed[chosen].astype(float), table.sqls[chosen].astype(float)
    k = len(w)
    oracle = [
        max(min(x[i : j + 1].sum() / w[i : j + 1].sum() for j in range(at, k)) for i in range(at + 1))
        for at in range(k)
    ]

    assert found.rate == pytest.approx(oracle)
    assert (np.diff(found.rate) >= -1e-12).all()
    assert float(found.rate @ w) == pytest.approx(float(x.sum()))


@given(LEADS.filter(lambda leads: any(yes for _, yes, _ in leads)), st.floats(0.03, 0.97), st.floats(0, 0.3))
def test_the_choice_has_the_largest_value_in_its_own_sample(leads, cost, leak):
    """No other threshold, nor none at all, is worth more on the leads it was read from: that is its optimism."""
    table, worth = scores(leads), Worth(1.0, cost, leak)
    chosen = choose_threshold(fitted(table), worth)
    values = [value_per_lead(table, at, worth, z=Z).value for at in (*table.score, math.inf)]
    own = 0.0 if isinstance(chosen, NotEstimable) else value_per_lead(table, chosen, worth, z=Z).value

    assert own == pytest.approx(max(values), abs=1e-12)


def test_a_leak_and_a_cost_raise_the_threshold():
    """An SQL worth 1,000: at a cost of 150 from score 60; where 10% become SQL anyway from 80; never at 500."""
    steps = Curve(np.array([40.0, 60.0, 80.0]), np.array([0.05, 0.2, 0.4]))

    assert choose_threshold(steps, Worth(1_000, 150)) == 60
    assert choose_threshold(steps, Worth(1_000, 150, leak=0.1)) == 80
    assert choose_threshold(steps, Worth(1_000, 0)) == 40
    found = choose_threshold(steps, Worth(1_000, 500))
    assert isinstance(found, NotEstimable) and found.reason == "never_worth_it"


def test_the_value_of_a_threshold_is_a_mean_with_its_error():
    """Per handed-over lead (sql − leak) · value − cost from the threshold on, 0 below: numpy's mean and error."""
    rng = np.random.default_rng(1)
    score, handed = rng.integers(0, 100, 800), rng.random(800) < 0.9
    sql = rng.random(800) < score / 300
    each = np.where(score >= 60, (sql - 0.02) * 500 - 60, 0)[handed]
    half = Z * each.std() / math.sqrt(handed.sum())
    found = value_per_lead(Scores.of(score, handed, sql), 60, Worth(500, 60, 0.02), z=Z)

    assert found.value == pytest.approx(each.mean())
    assert interval(found) == pytest.approx((each.mean() - half, each.mean() + half))


def test_the_frontier_of_leads_that_were_all_handed_over():
    """Volume and SQLs from each threshold on, precision with Wilson's limits at α divided by the thresholds."""
    table = bands(counted({10.0: (100, 100, 5), 20.0: (100, 100, 15), 30.0: (100, 100, 40)}), z=Z)
    found = frontier(table, alpha=0.05)
    z = critical_z(0.05 / 3)

    assert [(point.threshold, point.volume, point.sqls.value) for point in found] == [
        (10, 300, pytest.approx(60)),
        (20, 200, pytest.approx(55)),
        (30, 100, pytest.approx(40)),
    ]
    for point, sqls in zip(found, (60, 55, 40), strict=True):
        wilson = interval(binary.wilson(binary.Counts(sqls, point.volume), z=z))
        assert interval(point.precision) == pytest.approx(wilson)
        assert interval(point.sqls) == pytest.approx((wilson[0] * point.volume, wilson[1] * point.volume))


def test_the_frontier_ends_where_nobody_was_handed_over():
    """Below a band without hand-overs only the volume is known; the thresholds above share α among themselves."""
    table = bands(counted({10.0: (100, 100, 5), 20.0: (100, 0, 0), 30.0: (100, 100, 40)}), z=Z)
    low, middle, high = frontier(table, alpha=0.05)

    assert (low.volume, middle.volume, high.volume) == (300, 200, 100)
    assert low.precision == middle.precision == middle.sqls == NEVER_HANDED_OVER
    assert interval(high.precision) == pytest.approx(interval(binary.wilson(binary.Counts(40, 100), z=Z)))


def test_explored_leads_stand_for_their_band():
    """5% explored below the threshold: a band's rate counts for all its leads, with limits as wide as 50 leads give."""
    table = bands(counted({50.0: (1_000, 50, 5), 70.0: (1_000, 1_000, 300)}), z=Z, in_force=70)
    below, above = frontier(table, alpha=0.05)
    plain = (critical_z(0.025)) * math.sqrt(0.25 * 0.1 * 0.9 / 50 + 0.25 * 0.3 * 0.7 / 1_000)

    assert (below.volume, below.sqls.value, below.precision.value) == (2_000, pytest.approx(400), pytest.approx(0.2))
    low, high = interval(below.precision)
    assert (high - low) / 2 == pytest.approx(plain, rel=0.2)
    assert above.precision.value == pytest.approx(0.3)


def halves(seed: int, n: int = 2_000):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 100, n)
    return score, np.ones(n, dtype=bool), rng.random(n) < 0.05 + 0.2 * score / 100, rng.random(n) < 0.5


def test_the_threshold_is_chosen_on_one_half_and_reported_on_the_other():
    """Threshold and in-sample value from the first half alone, held-out value from the second alone."""
    score, handed, sql, mask = halves(2)
    worth = Worth(1.0, 0.15)
    one, other = (Scores.of(score[half], handed[half], sql[half]) for half in (mask, ~mask))
    threshold = choose_threshold(fitted(one), worth)
    found = split_half(score, handed, sql, mask, worth, z=Z)

    assert isinstance(found, SplitHalf) and found.threshold == threshold
    assert found.in_sample == value_per_lead(one, threshold, worth, z=Z).value
    assert found.held_out == value_per_lead(other, threshold, worth, z=Z)
    assert found.optimism == pytest.approx(found.in_sample / found.held_out.value - 1)


def test_the_order_of_leads_does_not_matter():
    """Leads in any order give the same proposal."""
    columns = halves(3)
    order = np.random.default_rng(4).permutation(len(columns[0]))

    assert split_half(*columns, Worth(1.0, 0.15), z=Z) == split_half(
        *(column[order] for column in columns), Worth(1.0, 0.15), z=Z
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"mask": np.ones(2_000, dtype=bool)}, "no_units", id="one half is empty"),
        pytest.param({"handed": np.zeros(2_000, dtype=bool)}, "never_handed_over", id="nobody handed over"),
        pytest.param({"sql": np.zeros(2_000, dtype=bool)}, "never_worth_it", id="no SQL"),
    ],
)
def test_no_proposal_has_a_reason(change, reason):
    """An empty half, no hand-over, no SQL: a reason, no threshold."""
    score, handed, sql, mask = halves(5)
    given_ = {"handed": handed, "sql": sql, "mask": mask} | change
    found = split_half(score, given_["handed"], given_["sql"], given_["mask"], Worth(1.0, 0.15), z=Z)

    assert isinstance(found, NotEstimable) and found.reason == reason


def test_a_threshold_that_brings_nothing_on_the_other_half_has_no_optimism():
    """All SQLs lie in the choosing half: the held-out value is a loss, and a ratio to it would mean nothing."""
    score, handed, _, mask = halves(6)
    found = split_half(score, handed, mask & (score > 50), mask, Worth(1.0, 0.15), z=Z)

    assert isinstance(found, SplitHalf) and found.held_out.value < 0
    assert isinstance(found.optimism, NotEstimable) and found.optimism.reason == "no_held_out_value"


def test_nobody_at_all_is_a_reason():
    """No lead: no band, no curve, no value, no frontier."""
    nobody = Scores.of([], [], [])

    assert bands(nobody, z=Z) == () and frontier((), alpha=0.05) == ()
    assert curve(nobody) == value_per_lead(nobody, 50, Worth(1, 0), z=Z) == NEVER_HANDED_OVER


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: Scores.of([1.0, math.nan], [1, 1], [0, 0]), id="no number"),
        pytest.param(lambda: counted({2.0: (5, 5, 1), 1.0: (5, 5, 1)}), id="scores fall"),
        pytest.param(lambda: counted({1.0: (5, 6, 1)}), id="more hand-overs than leads"),
        pytest.param(lambda: counted({1.0: (5, 4, 5)}), id="more SQLs than hand-overs"),
        pytest.param(lambda: Worth(0, 1), id="worthless"),
        pytest.param(lambda: Worth(1, math.nan), id="cost is no number"),
        pytest.param(lambda: Worth(1, 1, 1.0), id="everybody leaks"),
        pytest.param(lambda: split_half([1], [1, 1], [0, 1], [True, False], Worth(1, 0), z=Z), id="lengths differ"),
    ],
)
def test_impossible_input_is_refused(wrong):
    """What cannot be is a mistake of the caller, not a table."""
    with pytest.raises(ValueError, match="must"):
        wrong()
