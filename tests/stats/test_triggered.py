"""The triggered estimator against its worked example, plain formulas and its own laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.stats import binary, triggered
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.precision import Precision, Qualified, QualifiedPair, efficient_precision
from mqlab.stats.strata import Pair, Strata
from mqlab.stats.tails import critical_z, two_sided_p

Z = critical_z(0.05)
LAW = settings(deadline=None, max_examples=60)
WORKED = Strata(
    both=Pair(Counts(264, 880), Counts(262, 884)),
    control_first=Pair(Counts(18, 120), Counts(6, 122)),
    arm_first=Pair(Counts(5, 118), Counts(30, 121)),
    none=Pair(Counts(29, 2882), Counts(28, 2873)),
)


def counts(least: int = 0, most: int = 300) -> st.SearchStrategy[Counts]:
    return st.integers(least, most).flatmap(lambda n: st.integers(0, n).map(lambda x: Counts(x, n)))


def pairs(least: int = 0, most: int = 300) -> st.SearchStrategy[Pair]:
    return st.builds(Pair, counts(least, most), counts(least, most))


def strata(least: int = 0) -> st.SearchStrategy[Strata]:
    return st.builds(Strata, pairs(least), pairs(least), pairs(least), pairs(least))


def swapped(s: Strata) -> Strata:
    turn = [Pair(p.treatment, p.control) for p in (s.both, s.arm_first, s.control_first, s.none)]
    return Strata(*turn)


def test_the_worked_example():
    """8,000 leads, 481 of them discordant: share, rates, difference, SE and both intervals (statistics, G3)."""
    d = WORKED.discordant
    found = triggered.difference(WORKED, z=Z)
    plain = triggered.intention_to_treat(WORKED, z=Z)

    assert WORKED.share(d) == 0.060125
    assert (d.control.rate, d.treatment.rate) == pytest.approx((0.0966387, 0.1481481), abs=5e-8)
    assert isinstance(found, Estimate) and isinstance(plain, Estimate)
    assert found.value == pytest.approx(0.003097008, abs=5e-10)
    assert triggered.standard_error(WORKED) == pytest.approx(0.001795043, abs=5e-10)
    inside = binary.difference(d.control, d.treatment, z=Z)
    assert isinstance(inside, Estimate)
    assert (inside.interval.low, inside.interval.high) == pytest.approx((-0.0073544, 0.1113365), abs=5e-8)
    assert (found.interval.low, found.interval.high) == pytest.approx((-0.00044218, 0.00669410), abs=5e-9)
    assert (plain.value, plain.interval.low, plain.interval.high) == pytest.approx(
        (0.0025, -0.0094272, 0.0144361), abs=5e-8
    )


def test_the_worked_example_in_the_words_of_the_report():
    """78.7 and 81.8 SQLs per 1,000 leads, lift +3.9% [−0.5%, +8.6%]; precision +4.2% [−0.1%, +8.8%]."""
    rates = triggered.arm_rates(WORKED)
    lift = triggered.relative_lift(WORKED, z=Z)
    precision = efficient_precision(
        WORKED.both.pooled,
        QualifiedPair(Qualified(120, 120, 18), Qualified(122, 0, 0)),
        QualifiedPair(Qualified(118, 0, 0), Qualified(121, 121, 30)),
        8_000,
        z=Z,
    )

    assert not isinstance(rates, NotEstimable) and isinstance(lift, Estimate) and isinstance(precision, Precision)
    assert [round(1_000 * rate, 1) for rate in rates] == [78.7, 81.8]
    assert [round(v, 3) for v in (lift.value, lift.interval.low, lift.interval.high)] == [0.039, -0.005, 0.086]
    assert (round(precision.control, 3), round(precision.treatment, 3)) == (0.280, 0.292)
    assert (round(precision.control_volume, 3), round(precision.treatment_volume, 3)) == (0.251, 0.250)
    relative = precision.relative
    assert isinstance(relative, Estimate)
    assert [round(v, 3) for v in (relative.value, relative.interval.low, relative.interval.high)] == [
        0.042,
        -0.001,
        0.088,
    ]


def test_precision_of_rules_scored_once_equals_their_own_formula():
    """The general variance contains the simpler one for rules scored once (with n − 1 in place of n)."""
    n_a, x_a, n_b, x_b, n_both, x_both, units = 120, 18, 121, 30, 1_764, 526, 8_000
    pi_a, pi_b, pi_both = (120 + 122) / units, (118 + 121) / units, n_both / units
    r_a, r_b, r = x_a / n_a, x_b / n_b, x_both / n_both
    e_a, e_b, m_a, m_b = pi_both * r + pi_a * r_a, pi_both * r + pi_b * r_b, pi_both + pi_a, pi_both + pi_b
    g_0 = r * (1 / e_b - 1 / e_a) - (1 / m_b - 1 / m_a)
    g_a, g_b = -r_a / e_a + 1 / m_a, r_b / e_b - 1 / m_b
    variance = (
        (pi_both * g_0**2 + pi_a * g_a**2 + pi_b * g_b**2) / units
        + pi_both**2 / n_both * r * (1 - r) * (1 / e_b - 1 / e_a) ** 2
        + pi_a**2 * r_a * (1 - r_a) / ((n_a - 1) * e_a**2)
        + pi_b**2 * r_b * (1 - r_b) / ((n_b - 1) * e_b**2)
    )
    found = efficient_precision(
        Counts(x_both, n_both),
        QualifiedPair(Qualified(n_a, n_a, x_a), Qualified(122, 0, 0)),
        QualifiedPair(Qualified(118, 0, 0), Qualified(n_b, n_b, x_b)),
        units,
        z=Z,
    )

    assert isinstance(found, Precision)
    assert found.log_standard_error == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_precision_with_a_rule_that_fires_later_matches_a_bootstrap():
    """The general form's standard errors equal those of 4,000 multinomial resamples within 4% (fixed seed)."""
    both, first, second = Counts(300, 1_000), (400, 250, 60), (380, 90, 12)
    third, fourth = (350, 80, 20), (390, 300, 90)
    cells = [(1_000 - 300, 300)]
    cells += [(n - m, m - e, e) for n, m, e in (first, second, third, fourth)]
    flat = np.array([value for cell in cells for value in cell] + [6_000])
    units = int(flat.sum())
    draws = np.random.default_rng(31).multinomial(units, flat / units, size=4_000)
    found = _precision(flat, both)
    bootstrapped = [_precision(draw, Counts(int(draw[1]), int(draw[0] + draw[1]))) for draw in draws]

    logs = [math.log(p.treatment / p.control) for p in bootstrapped]
    gaps = [p.treatment - p.control for p in bootstrapped]
    assert found.log_standard_error == pytest.approx(np.std(logs), rel=0.04)
    assert (found.absolute.interval.high - found.absolute.value) / Z == pytest.approx(np.std(gaps), rel=0.04)


def _precision(flat: np.ndarray, both: Counts) -> Precision:
    cells = [Qualified(int(sum(c)), int(c[1] + c[2]), int(c[2])) for c in np.asarray(flat[2:14]).reshape(4, 3)]
    found = efficient_precision(
        both, QualifiedPair(cells[0], cells[1]), QualifiedPair(cells[2], cells[3]), int(flat.sum()), z=Z
    )
    assert isinstance(found, Precision)
    return found


def test_the_lift_standard_error_matches_a_bootstrap():
    """The log-delta standard error of the relative lift equals that of 4,000 multinomial resamples within 4%."""
    cells = [WORKED.both, WORKED.control_first, WORKED.arm_first, WORKED.none]
    flat = np.array([v for p in cells for c in (p.control, p.treatment) for v in (c.x, c.n - c.x)])
    draws = np.random.default_rng(7).multinomial(flat.sum(), flat / flat.sum(), size=4_000)
    logs = []
    for draw in draws:
        arms = [Counts(int(x), int(x + rest)) for x, rest in draw.reshape(8, 2)]
        rates = triggered.arm_rates(Strata(*(Pair(arms[k], arms[k + 1]) for k in (0, 2, 4, 6))))
        assert not isinstance(rates, NotEstimable)
        logs.append(math.log(rates[1] / rates[0]))

    assert triggered.log_lift_standard_error(WORKED) == pytest.approx(np.std(logs), rel=0.04)


@LAW
@given(strata(least=1))
def test_intention_to_treat_is_the_triggered_part_plus_the_concordant_part(s):
    """Post-stratified on {both, discordant, none}, ITT splits exactly into the two parts."""
    whole = sum(
        s.share(p) * (p.treatment.x / p.treatment.n - p.control.x / p.control.n) for p in (s.both, s.discordant, s.none)
    )

    assert triggered.post_stratified(s) == pytest.approx(whole, abs=1e-12)


@LAW
@given(strata(least=1), st.sampled_from([0.2, 0.05, 0.001]))
def test_swapping_the_arms_negates_the_triggered_difference(s, alpha):
    """The other arm as control: the difference and its limits change sign, μ changes places, the lift inverts."""
    z = critical_z(alpha)
    there, back = triggered.difference(s, z=z), triggered.difference(swapped(s), z=z)

    assert isinstance(there, Estimate) and isinstance(back, Estimate)
    assert (-back.value, -back.interval.high, -back.interval.low) == pytest.approx(
        (there.value, there.interval.low, there.interval.high), abs=1e-12
    )
    rates, turned = triggered.arm_rates(s), triggered.arm_rates(swapped(s))
    assert not isinstance(rates, NotEstimable) and not isinstance(turned, NotEstimable)
    assert rates == pytest.approx(turned[::-1], rel=1e-12)


@LAW
@given(strata(), st.sampled_from([0.2, 0.05, 0.001]))
def test_the_triggered_parts_agree_about_the_sign(s, alpha):
    """0 is outside the difference's interval exactly when p < α; the lift's limits never claim another sign."""
    z = critical_z(alpha)
    found, p, lift = triggered.difference(s, z=z), triggered.p_value(s), triggered.relative_lift(s, z=z)
    if isinstance(found, NotEstimable):
        assert isinstance(p, NotEstimable) and isinstance(lift, NotEstimable)
        return

    assert isinstance(p, float)
    assert (p < alpha) is not found.interval.contains(0.0)
    if isinstance(lift, Estimate):
        low = -math.inf if lift.interval.low is None else lift.interval.low
        high = math.inf if lift.interval.high is None else lift.interval.high
        assert low >= 0 if found.interval.low > 0 else low <= 0
        assert high <= 0 if found.interval.high < 0 else high >= 0
        if lift.value is not None:
            assert low - 1e-12 <= lift.value <= high + 1e-12


def test_break_even_says_how_strong_a_violation_would_have_to_be():
    """κ* is the limit nearest zero over the share of leads both hand over; without a result there is none."""
    strong = Strata(WORKED.both, WORKED.control_first, Pair(Counts(5, 118), Counts(60, 121)), WORKED.none)
    found, low = triggered.break_even(strong, z=Z), triggered.difference(strong, z=Z)

    assert isinstance(low, Estimate)
    assert found == pytest.approx(low.interval.low / strong.share(strong.both))
    assert triggered.break_even(swapped(strong), z=Z) == pytest.approx(found)
    none = triggered.break_even(WORKED, z=Z)
    assert isinstance(none, NotEstimable) and none.reason == "no_effect_shown"


@pytest.mark.parametrize(
    ("s", "reason"),
    [
        pytest.param(
            Strata(WORKED.both, Pair(Counts(0, 0), Counts(0, 0)), Pair(Counts(0, 0), Counts(0, 0)), WORKED.none),
            "no_discordant_leads",
            id="definitions agree on everybody",
        ),
        pytest.param(
            Strata(WORKED.both, Pair(Counts(1, 9), Counts(0, 0)), Pair(Counts(0, 0), Counts(0, 0)), WORKED.none),
            "no_units",
            id="all discordant leads in one arm",
        ),
    ],
)
def test_without_discordant_leads_nothing_is_estimable(s, reason):
    """Definitions that never disagree, or only inside one arm, give a reason and no number."""
    for function in (triggered.difference, triggered.relative_lift):
        found = function(s, z=Z)
        assert isinstance(found, NotEstimable) and found.reason == reason
    for error in (triggered.standard_error(s), triggered.p_value(s), triggered.z_score(s)):
        assert isinstance(error, NotEstimable)


def test_outcomes_of_one_arm_only_leave_the_lift_open():
    """If every outcome fell into the treatment's discordant leads the lift has a lower limit and no upper one."""
    empty = Counts(0, 200)
    s = Strata(Pair(empty, empty), Pair(empty, empty), Pair(empty, Counts(9, 200)), Pair(empty, empty))
    lift = triggered.relative_lift(s, z=Z)

    assert isinstance(lift, Estimate) and lift.value is None and lift.interval.high is None
    assert lift.interval.low is not None and lift.interval.low > 0


def test_an_interval_at_a_look_uses_its_boundary():
    """A repeated interval excludes zero exactly when |z| is beyond the boundary it was given."""
    z = triggered.z_score(WORKED)

    assert isinstance(z, float) and two_sided_p(z) == pytest.approx(triggered.p_value(WORKED))
    for bound, inside in ((z - 1e-6, False), (z + 1e-6, True)):
        found = triggered.difference(WORKED, z=bound)
        assert isinstance(found, Estimate) and found.interval.contains(0.0) is inside


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        pytest.param(QualifiedPair(Qualified(1, 1, 0), Qualified(5, 0, 0)), "too_few_units", id="one lead"),
        pytest.param(QualifiedPair(Qualified(0, 0, 0), Qualified(0, 0, 0)), "no_mqls", id="nobody qualified"),
    ],
)
def test_precision_says_why_it_has_no_number(pair, reason):
    """Too few leads, or no MQL at all, is a reason."""
    nobody = QualifiedPair(Qualified(0, 0, 0), Qualified(0, 0, 0))
    found = efficient_precision(Counts(0, 0), pair, nobody, 100, z=Z)

    assert isinstance(found, NotEstimable) and found.reason == reason


def test_a_share_of_nothing_or_of_everything_has_no_normal_interval():
    """Where no MQL, or every MQL, has the outcome, the difference of precisions is not estimable instead of exact."""
    cell = Qualified(40, 30, 0)
    nobody = QualifiedPair(cell, cell)
    everybody = QualifiedPair(Qualified(40, 30, 30), Qualified(40, 30, 30))

    for both, pair in ((Counts(0, 50), nobody), (Counts(50, 50), everybody)):
        found = efficient_precision(both, pair, pair, 400, z=Z)

        assert isinstance(found, Precision)
        assert isinstance(found.absolute, NotEstimable)
        assert found.absolute.reason == "too_few_outcomes"


def test_a_lift_without_a_discordant_outcome_in_an_arm_still_has_limits() -> None:
    """Nobody among the discordant leads of an arm converted: the score limits stand in for a log without variance."""
    both, none = Pair(Counts(60, 300), Counts(58, 300)), Pair(Counts(9, 900), Counts(9, 900))
    quiet = Strata(both, Pair(Counts(0, 40), Counts(0, 41)), Pair(Counts(0, 40), Counts(0, 39)), none)
    one_sided = Strata(both, Pair(Counts(0, 40), Counts(3, 41)), Pair(Counts(0, 40), Counts(6, 39)), none)

    for strata, found in ((each, triggered.relative_lift(each, z=1.959964)) for each in (quiet, one_sided)):
        assert isinstance(found, Estimate) and found.interval.low is not None and found.interval.high is not None
        gap = triggered.difference(strata, z=1.959964)
        assert isinstance(gap, Estimate) and gap.interval.low is not None and gap.interval.high is not None
        assert found.interval.low < found.interval.high
        assert (found.interval.low > 0) == (gap.interval.low > 0)
    assert triggered.relative_lift(quiet, z=1.959964).value == 0.0  # type: ignore[union-attr]
