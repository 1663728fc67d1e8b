"""Laws that hold for any data (last line of the statistics page's section 17), beside those in each module's own tests.

Swapping the arms, the order and the names of phases, arms, accounts and leads, phases split in equal parts, larger
boundaries, money in another unit.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis import phases
from mqlab.stats import clusters, triggered
from mqlab.stats.binary import Counts
from mqlab.stats.clusters import Accounts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.incidence import Followed, Incidence, product_limit
from mqlab.stats.independence import ChiSquare, CommonEffect, chi_square, cochran_mantel_haenszel
from mqlab.stats.means import Contrast, Moments, MomentStrata, diluted, welch
from mqlab.stats.multiplicity import benjamini_hochberg, dunnett_alpha, holm
from mqlab.stats.precision import Precision, Qualified, QualifiedPair, efficient_precision
from mqlab.stats.sample_ratio import SampleRatio, running_sample_ratio, sample_ratio
from mqlab.stats.sequential import boundaries
from mqlab.stats.strata import Pair, Strata
from mqlab.stats.tails import critical_z

Z = critical_z(0.05)
LAW = settings(deadline=None, max_examples=60)
DAYS = st.integers(0, 60)
AMOUNTS = st.lists(st.integers(0, 10_000_000), min_size=2, max_size=30)


@st.composite
def counts(draw: st.DrawFn, least: int = 1) -> Counts:
    """Some of a few hundred units."""
    n = draw(st.integers(least, 300))
    return Counts(draw(st.integers(0, n)), n)


def pair(least: int = 1) -> st.SearchStrategy[Pair]:
    """Both arms of a phase or stratum."""
    return st.builds(Pair, counts(least), counts(least))


def strata() -> st.SearchStrategy[Strata]:
    """One phase by first-divergence stratum."""
    return st.builds(Strata, pair(), pair(), pair(), pair())


@st.composite
def qualified(draw: st.DrawFn) -> Qualified:
    """A stratum's leads of one arm, its MQLs and their outcomes."""
    n = draw(st.integers(2, 200))
    m = draw(st.integers(0, n))
    return Qualified(n, m, draw(st.integers(0, m)))


def moments(values: list[int]) -> Moments:
    """n, Σy and Σy²."""
    return Moments(len(values), sum(values), sum(value * value for value in values))


def contrast(found: Contrast | NotEstimable) -> Contrast:
    """A comparison that could be made."""
    assert isinstance(found, Contrast)
    return found


def told(found: Estimate | NotEstimable) -> tuple[float, ...]:
    """(value, low, high), infinite where open, or nothing."""
    if isinstance(found, NotEstimable):
        return ()
    numbers = (found.value, found.interval.low, found.interval.high)
    return tuple(math.inf if number is None else number for number in numbers)


# swapping the arms -----------------------------------------------------------------------------------------------


@LAW
@given(AMOUNTS, AMOUNTS)
def test_swapping_the_arms_inverts_fiellers_ratio(a, b):
    """Money of B over A has the reciprocal limits of A over B, wherever both are bounded; the difference negates."""
    there, back = contrast(welch(moments(a), moments(b))), contrast(welch(moments(b), moments(a)))
    value, low, high = told(there.difference(z=Z))
    ratio, turned = told(there.ratio(z=Z)), told(back.ratio(z=Z))

    assert (-value, -high, -low) == pytest.approx(told(back.difference(z=Z)), rel=1e-9, abs=1e-6)
    if ratio and turned and math.inf not in (*ratio, *turned) and min(*ratio, *turned) > 1e-9:
        assert (1 / ratio[0], 1 / ratio[2], 1 / ratio[1]) == pytest.approx(turned, rel=1e-6)


@LAW
@given(counts(0), st.tuples(*[qualified()] * 4), st.integers(0, 2_000))
def test_swapping_the_arms_inverts_precision(both, cells, rest):
    """The other definition as control: precisions change places, differences negate, relative changes invert."""
    a_a, a_b, b_a, b_b = cells
    units = both.n + sum(cell.n for cell in cells) + rest
    there = efficient_precision(both, QualifiedPair(a_a, a_b), QualifiedPair(b_a, b_b), units, z=Z)
    back = efficient_precision(both, QualifiedPair(b_b, b_a), QualifiedPair(a_b, a_a), units, z=Z)

    assert type(there) is type(back)
    if isinstance(there, Precision) and isinstance(back, Precision):
        assert (there.control, there.treatment) == pytest.approx((back.treatment, back.control), rel=1e-12)
        for number, turned in zip(told(there.absolute), told(back.absolute)[:1], strict=False):
            assert number == pytest.approx(-turned, abs=1e-12)
        for low, high in zip(told(there.relative)[1:], told(back.relative)[:0:-1], strict=True):
            if min(1 + low, 1 + high) > 1e-12:
                assert 1 + low == pytest.approx(1 / (1 + high), rel=1e-9)


@LAW
@given(st.lists(pair(), min_size=1, max_size=4))
def test_swapping_the_arms_turns_the_sign_over_phases(tables):
    """CMH's z changes sign, its χ² stays; the stratified ratio inverts."""
    mirrored = [Pair(table.treatment, table.control) for table in tables]
    there, back = cochran_mantel_haenszel(tables), cochran_mantel_haenszel(mirrored)
    lift, turned = told(phases.relative_lift(tables, z=Z)), told(phases.relative_lift(mirrored, z=Z))

    assert type(there) is type(back)
    if isinstance(there, CommonEffect) and isinstance(back, CommonEffect):
        assert there.statistic == pytest.approx(back.statistic, rel=1e-9, abs=1e-12)
        if there.statistic > 1e-9:
            assert there.z == pytest.approx(-back.z, rel=1e-9)
    for low, high in ((lift[1], turned[2]), (turned[1], lift[2])):
        if math.isinf(high):
            assert low == pytest.approx(-1.0, abs=1e-12)
        elif high > -1 + 1e-9:
            assert 1 + low == pytest.approx(1 / (1 + high), rel=1e-6)


# order and names -------------------------------------------------------------------------------------------------


@LAW
@given(st.lists(pair(0), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_phases_have_no_order_and_empty_ones_no_weight(tables, shuffler):
    """In another order, with an empty phase and a phase without control among them: the same numbers."""
    empty, lonely = Pair(Counts(0, 0), Counts(0, 0)), Pair(Counts(0, 0), Counts(2, 7))
    other = [*tables, empty, lonely]
    shuffler.shuffle(other)

    for function in (phases.difference, phases.relative_lift):
        assert told(function(other, z=Z)) == pytest.approx(told(function(tables, z=Z)), rel=1e-8, abs=1e-10)
    here, there = phases.p_value(tables), phases.p_value(other)
    assert there == (here if isinstance(here, NotEstimable) else pytest.approx(here, rel=1e-9))


@LAW
@given(st.lists(strata(), min_size=2, max_size=4))
def test_phases_of_strata_have_no_order(each):
    """The triggered estimator over phases is the same backwards."""
    for function in (phases.triggered_difference, phases.triggered_lift):
        assert told(function(each[::-1], z=Z)) == pytest.approx(told(function(each, z=Z)), rel=1e-8, abs=1e-10)
    assert phases.triggered_p_value(each[::-1]) == pytest.approx(phases.triggered_p_value(each), rel=1e-9)


@LAW
@given(pair(4), st.integers(2, 4))
def test_a_phase_split_in_equal_parts_keeps_its_estimate(table, parts):
    """The same phase told k times over, each with a k-th of its counts: same difference and lift; z² loses only
    (N − 1)'s k-fold.
    """
    whole = Pair(*(Counts(parts * arm.x, parts * arm.n) for arm in (table.control, table.treatment)))
    split, joined = phases.difference([table] * parts, z=Z), phases.difference([whole], z=Z)
    effect, single = cochran_mantel_haenszel([table] * parts), cochran_mantel_haenszel([whole])
    n = table.pooled.n

    assert told(split)[0] == pytest.approx(told(joined)[0], abs=1e-12)
    if isinstance(effect, CommonEffect) and isinstance(single, CommonEffect):
        factor = (1 - 1 / n) / (1 - 1 / (parts * n))
        assert effect.statistic == pytest.approx(single.statistic * factor, rel=1e-9, abs=1e-12)
        if effect.odds_ratio is not None and single.odds_ratio is not None:
            assert effect.odds_ratio == pytest.approx(single.odds_ratio, rel=1e-9)


@LAW
@given(st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=2, max_size=4), st.data())
def test_a_table_of_counts_has_no_order(table, data):
    """Rows and columns in any order, and empty ones between them, give the same χ²."""
    rows = data.draw(st.permutations(range(len(table))))
    columns = data.draw(st.permutations(range(3)))
    other = [[table[row][column] for column in columns] + [0] for row in rows] + [[0, 0, 0, 0]]
    here, there = chi_square(table), chi_square(other)

    assert type(here) is type(there)
    if isinstance(here, ChiSquare) and isinstance(there, ChiSquare):
        assert (there.statistic, there.df) == pytest.approx((here.statistic, here.df), rel=1e-9, abs=1e-9)


@LAW
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 9)), min_size=2, max_size=4), st.integers(1, 50))
def test_the_split_has_no_order_and_weights_no_unit(arms, scale):
    """Arms in another order, weights in another unit: same p and same e-value."""
    observed, weights = zip(*arms, strict=True)
    here = sample_ratio(observed, weights)
    there = sample_ratio(observed[::-1], [scale * weight for weight in weights[::-1]])
    running = running_sample_ratio(observed, weights)
    turned = running_sample_ratio(observed[::-1], [scale * weight for weight in weights[::-1]])

    assert type(here) is type(there)
    if isinstance(here, SampleRatio) and isinstance(there, SampleRatio):
        assert there.p_value == pytest.approx(here.p_value, rel=1e-6, abs=1e-300)
    assert not isinstance(running, NotEstimable) and not isinstance(turned, NotEstimable)
    assert turned.log_e_value == pytest.approx(running.log_e_value, rel=1e-9, abs=1e-6)


@LAW
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.data())
def test_adjusted_p_values_follow_their_tests(p_values, data):
    """Tests named in another order have the same adjusted p-values, each its own; none is smaller than its plain p."""
    order = data.draw(st.permutations(range(len(p_values))))
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p_values)
        assert adjust([p_values[k] for k in order]) == pytest.approx([adjusted[k] for k in order], abs=1e-15)
        assert all(after >= before for before, after in zip(p_values, adjusted, strict=True))


@LAW
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=2, max_size=8), st.data())
def test_accounts_have_no_order(rows, data):
    """Accounts in any order, and accounts without a lead among them, tell the same."""
    rows = [(n, min(n, y)) for n, y in rows]
    other = [*data.draw(st.permutations(rows)), (0, 0)]
    fixed = Accounts.of([12, 3, 7, 1], [4, 0, 3, 1])
    here, there = (clusters.compare(Accounts.of(*zip(*each, strict=True)), fixed) for each in (rows, other))

    assert type(here) is type(there)
    if isinstance(here, Contrast) and isinstance(there, Contrast):
        assert (there.control, there.standard_error, there.df) == pytest.approx(
            (here.control, here.standard_error, here.df), rel=1e-9
        )


@LAW
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 5)), min_size=1, max_size=12), st.data()
)
def test_followed_leads_have_no_order(rows, data):
    """Leads one by one or counted together, in any order, give the same incidence and variance."""
    one_by_one = [(c, t, 1) for c, t, n in data.draw(st.permutations(rows)) for _ in range(n)]
    here, there = (product_limit(Followed.of(*zip(*each, strict=True), horizon_days=40)) for each in (rows, one_by_one))

    assert type(here) is type(there)
    if isinstance(here, Incidence) and isinstance(there, Incidence):
        assert (there.rate, there.variance) == pytest.approx((here.rate, here.variance), rel=1e-12, abs=1e-15)


# looks, money, levels --------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 20), st.sampled_from([0.2, 0.05, 0.01, 0.02696]))
def test_boundaries_fall_from_look_to_look(looks, alpha):
    """Equally spaced looks ask for less and less, and the last for more than the fixed test."""
    bounds = boundaries(range(1, looks + 1), maximum=looks, alpha=alpha)

    assert all(after <= before for before, after in pairwise(bounds))
    assert bounds[-1] > critical_z(alpha)


@LAW
@given(AMOUNTS, AMOUNTS, AMOUNTS, st.integers(2, 1_000))
def test_money_in_another_unit_scales_the_diluted_limits(a, b, alike, scale):
    """Cents instead of euros, concordant leads and all: limits scale, relative limits and p stay."""
    one, other = (
        contrast(diluted(MomentStrata(moments(in_a), moments(in_b), (moments(shared),))))
        for in_a, in_b, shared in ((a, b, alike), ([[scale * v for v in each] for each in (a, b, alike)]))
    )

    assert told(other.difference(z=Z)) == pytest.approx(
        tuple(scale * each for each in told(one.difference(z=Z))), rel=1e-9, abs=1e-3
    )
    here, there = one.p_value(), other.p_value()
    assert there == (here if isinstance(here, NotEstimable) else pytest.approx(here, rel=1e-6))


@LAW
@given(strata())
def test_plain_splits_into_triggered_and_concordant(s):
    """Δ_ITT post-stratified = Δ_triggered + Δ_concordant, by its definition Σ π_s (r_sB − r_sA)."""
    whole = sum(
        s.share(each) * (each.treatment.x / each.treatment.n - each.control.x / each.control.n)
        for each in (s.both, s.none, s.discordant)
    )
    inside, alike = triggered.difference(s, z=Z), triggered.concordant_part(s, z=Z)

    assert isinstance(inside, Estimate) and isinstance(alike, Estimate)
    assert (inside.value or 0.0) + (alike.value or 0.0) == pytest.approx(whole, abs=1e-12)


@LAW
@given(st.lists(st.integers(1, 5_000), min_size=2, max_size=5), st.integers(1, 5_000))
def test_dunnetts_level_lies_between_bonferroni_and_none(challengers, control):
    """More challengers ask for more, less than α/k, whatever the allocation; and the order of arms is no matter."""
    level = dunnett_alpha(0.05, control_units=control, challenger_units=challengers)

    assert 0.05 / len(challengers) < level < 0.05
    assert level == pytest.approx(dunnett_alpha(0.05, control_units=control, challenger_units=challengers[::-1]))
    fewer = dunnett_alpha(0.05, control_units=control, challenger_units=challengers[:-1])
    assert fewer > level or math.isclose(fewer, level, rel_tol=1e-6)


def test_nobody_converted_anywhere_never_raises():
    """x = 0 in every cell: a difference of 0 with limits on both sides, no lift, a p of 1 or a reason."""
    nobody = [Pair(Counts(0, n), Counts(0, n)) for n in (1, 40, 900)]
    cells = Strata(*(Pair(Counts(0, 90), Counts(0, 80)) for _ in range(4)))
    followed = product_limit(Followed.of(np.arange(1, 60), np.zeros(59, dtype=int), horizon_days=40))

    assert told(phases.difference(nobody, z=Z))[0] == 0.0
    assert told(phases.relative_lift(nobody, z=Z)) == (math.inf, -1.0, math.inf)
    assert phases.p_value(nobody) == 1.0
    assert told(triggered.difference(cells, z=Z))[0] == 0.0
    assert isinstance(triggered.relative_lift(cells, z=Z), NotEstimable)
    assert isinstance(followed, Incidence) and followed.rate == 0.0
