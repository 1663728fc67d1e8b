"""Incidence of delayed outcomes: worked answers, R's survival package, the plain binomial when all are mature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.stats import binary, incidence
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.incidence import Followed, Incidence, influence, product_limit, standardised
from mqlab.stats.tails import critical_z

Z = critical_z(0.05)
LAW = settings(deadline=None, max_examples=40)
HORIZON = 12
TIMES = [3, 5, 5, 5, 8, 8, 9, 12, 12, 14, 14, 14, 17, 20, 20, 20, 20, 20, 20, 20]
W = (2, 3, 1, 2, 1)
WON = [1, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]


def known(found: Incidence | NotEstimable) -> Incidence:
    assert isinstance(found, Incidence)
    return found


def staggered(horizon: int) -> Followed:
    return Followed.of(TIMES, [t * w for t, w in zip(TIMES, WON, strict=True)], horizon_days=horizon)


@st.composite
def leads(draw, *, mature: bool = False, followed: bool = True) -> Followed:
    """A few groups of leads; `followed`: at least one unconverted lead has been followed to the horizon."""
    shapes = st.tuples(
        st.just(HORIZON) if mature else st.integers(-1, HORIZON + 3), st.integers(0, HORIZON + 3), st.integers(0, 40)
    )
    entries = draw(st.lists(shapes, min_size=1, max_size=12))
    if followed:
        entries.append((HORIZON, 0, draw(st.integers(1, 40))))
    return Followed.of(*zip(*entries, strict=True), horizon_days=HORIZON)


def test_the_worked_example():
    """r = 100, 90, 80, 60, 40 and w = 2, 3, 1, 2, 1 give F = .1182991042, SE = .0390464 (statistics, G4)."""
    groups = [(1, 0, 8), (2, 0, 7), (3, 0, 19), (4, 0, 18), (5, 0, 39), *((5, u, w) for u, w in enumerate(W, 1))]
    followed = Followed.of(*zip(*groups, strict=True), horizon_days=5)
    found = known(product_limit(followed))

    assert followed.at_risk().tolist() == [100, 90, 80, 60, 40]
    assert followed.conversions().tolist() == [2, 3, 1, 2, 1]
    assert found.rate == pytest.approx(0.1182991042, abs=5e-11)
    assert found.standard_error == pytest.approx(0.0390464, abs=5e-8)


def test_maintained_leukaemia_patients():
    """
    R 4.2.2, survival 3.5.3.
    > s <- summary(survfit(Surv(time, status) ~ 1, data = aml[aml$x == "Maintained", ]), times = 23)
    > print(c(s$surv, s$std.err), digits = 16)
    0.6136363636363635 0.1526323310273120.
    """
    weeks, relapsed = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
    found = known(
        product_limit(Followed.of(weeks, [t * d for t, d in zip(weeks, relapsed, strict=True)], horizon_days=23))
    )

    assert 1 - found.rate == pytest.approx(0.6136363636363635, abs=1e-15)
    assert found.standard_error == pytest.approx(0.1526323310273120, abs=1e-15)


@pytest.mark.parametrize(
    ("horizon", "rate", "error"),
    [
        (5, 0.150000000000000, 0.0798435971133565),
        (10, 0.203125000000000, 0.0908234626469807),
        (14, 0.387019230769231, 0.1164132937405900),
        (20, 0.540264423076923, 0.1281778618825043),
    ],
)
def test_ties_and_staggered_follow_up_match_r(horizon, rate, error):
    """
    R 4.2.2, survival 3.5.3; time and won as TIMES and WON above.
    > s <- summary(survfit(Surv(time, won) ~ 1), times = c(5, 10, 14, 20))
    > print(cbind(1 - s$surv, s$std.err), digits = 15)
    0.150000000000000 0.0798435971133565; 0.203125000000000 0.0908234626469807;
    0.387019230769231 0.1164132937405900; 0.540264423076923 0.1281778618825043.
    """
    found = known(product_limit(staggered(horizon)))

    assert (found.rate, found.standard_error) == pytest.approx((rate, error), abs=1e-14)


def test_influence_matches_r():
    """
    R 4.2.2, survival 3.5.3; g <- c(1,1,2,3,3,2,1,4,4,5,5,4,2,1,3,3,5,2,1,4).
    > f <- survfit(Surv(time, won) ~ 1, cluster = g, influence = TRUE)
    > print(f$influence.surv[, ncol(f$influence.surv)], digits = 15)   # of S = 1 - F, by cluster, at 20
    -0.0451501248150887 -0.0221633459689349 0.0508534809541420 -0.0524396727071006 0.0688996625369823
    > summary(f, times = c(10, 20))$std.err
    0.0731262102597497 0.1123071991096205.
    """
    groups = np.array([1, 1, 2, 3, 3, 2, 1, 4, 4, 5, 5, 4, 2, 1, 3, 3, 5, 2, 1, 4])
    at_10, at_20 = (np.bincount(groups, weights=influence(staggered(h)))[1:] for h in (10, 20))

    assert -at_20 == pytest.approx(
        [-0.0451501248150887, -0.0221633459689349, 0.0508534809541420, -0.0524396727071006, 0.0688996625369823],
        abs=1e-14,
    )
    assert [math.sqrt(sums @ sums) for sums in (at_10, at_20)] == pytest.approx(
        [0.0731262102597497, 0.1123071991096205], abs=1e-14
    )


@LAW
@given(leads())
def test_influences_sum_to_nothing_and_their_squares_to_greenwood(followed):
    """Σ IF = 0 and Σ IF² is Greenwood's variance, to 1e-14."""
    one = influence(followed)

    assert followed.leads @ one == pytest.approx(0.0, abs=1e-13)
    assert followed.leads @ one**2 == pytest.approx(known(product_limit(followed)).variance, abs=1e-14)


@LAW
@given(leads(mature=True))
def test_with_everybody_followed_it_is_the_plain_share(followed):
    """All mature: F = x / n, Var = F(1 − F)/n and n effective leads, exactly; influence (y − F)/n."""
    found, x, n = known(product_limit(followed)), followed.events, followed.units
    one = influence(followed)

    assert followed.complete and followed.mature == n
    assert (found.rate, found.effective_units) == (x / n, n)
    assert found.variance == x * (n - x) / n**3
    assert one == pytest.approx(((followed.converted > 0) - x / n) / n, abs=1e-13)


@LAW
@given(leads(mature=True), leads(mature=True), st.sampled_from([0.3, 0.05, 0.001]))
def test_with_everybody_followed_the_comparison_is_the_plain_one(a, b, alpha):
    """All mature: difference, lift and p are those of the counts, to the last bit."""
    z, control, treatment = critical_z(alpha), Counts(a.events, a.units), Counts(b.events, b.units)
    f_a, f_b = known(product_limit(a)), known(product_limit(b))

    assert incidence.difference(f_a, f_b, z=z) == binary.difference(control, treatment, z=z)
    assert incidence.relative_lift(f_a, f_b, z=z) == binary.relative_lift(control, treatment, z=z)
    assert incidence.p_value(f_a, f_b) == binary.p_value(control, treatment)
    assert incidence.z_score(f_a, f_b) == binary.z_at_difference(control, treatment)


@LAW
@given(leads(), leads(), st.sampled_from([0.5, 0.05, 0.001]))
def test_difference_lift_and_p_never_contradict_each_other(a, b, alpha):
    """0 is outside the difference's interval ⇔ outside the lift's ⇔ p < α, and the estimates lie inside."""
    f_a, f_b, z = known(product_limit(a)), known(product_limit(b)), critical_z(alpha)
    gap, lift = incidence.difference(f_a, f_b, z=z), incidence.relative_lift(f_a, f_b, z=z)
    p = incidence.p_value(f_a, f_b)

    assert gap.interval.contains(0.0) is lift.interval.contains(0.0) is (p >= alpha)
    assert gap.value == pytest.approx(f_b.rate - f_a.rate, abs=1e-12)
    assert gap.interval.low - 1e-12 <= gap.value <= gap.interval.high + 1e-12
    if lift.value is not None:
        assert lift.value == pytest.approx(f_b.rate / f_a.rate - 1)


@LAW
@given(leads(), leads())
def test_swapping_the_arms_negates_the_difference_and_inverts_the_ratio(a, b):
    """The other arm as control: the difference changes sign, limits change places, ratios are inverted, p stays."""
    f_a, f_b = known(product_limit(a)), known(product_limit(b))
    there, back = incidence.difference(f_a, f_b, z=Z), incidence.difference(f_b, f_a, z=Z)
    up, down = incidence.relative_lift(f_a, f_b, z=Z), incidence.relative_lift(f_b, f_a, z=Z)

    assert (-back.value, -back.interval.high, -back.interval.low) == pytest.approx(
        (there.value, there.interval.low, there.interval.high), abs=1e-12
    )
    assert incidence.p_value(f_a, f_b) == pytest.approx(incidence.p_value(f_b, f_a), rel=1e-12)
    if up.value is not None and down.value is not None:
        assert (1 + up.value) * (1 + down.value) == pytest.approx(1)
        assert (1 + up.interval.low) * (1 + down.interval.high) == pytest.approx(1)


@LAW
@given(leads(), st.randoms(use_true_random=False))
def test_neither_order_nor_grouping_of_the_rows_matters(followed, random):
    """Shuffled entries, and one entry per lead instead of counts, give the same incidence."""
    singles = [
        (c, t)
        for c, t, n in zip(followed.follow_up, followed.converted, followed.leads, strict=True)
        for _ in range(int(n))
    ]
    random.shuffle(singles)
    again = Followed.of(*zip(*singles, strict=True), horizon_days=HORIZON)

    assert product_limit(again) == product_limit(followed)


@LAW
@given(leads())
def test_effective_leads_are_at_least_the_unconverted_at_the_horizon_and_at_most_all(followed):
    """r_h ≤ F(1 − F)/Var ≤ n: whoever was followed for a part of the horizon tells a part of a lead."""
    found = known(product_limit(followed))

    assert found.at_risk - 1e-9 <= found.effective_units <= found.units + 1e-9
    assert found.standard_error == math.sqrt(found.variance)


def test_without_conversions_effective_leads_are_their_limit():
    """100 leads followed to the end and 100 for half of it: the harmonic mean of 200 and 100, and p = 1."""
    nobody = known(product_limit(Followed.of([60, 30], [0, 0], [100, 100], horizon_days=60)))
    gap = incidence.difference(nobody, nobody, z=Z)

    assert (nobody.rate, nobody.variance) == (0.0, 0.0)
    assert nobody.effective_units == pytest.approx(60 / (30 / 200 + 30 / 100))
    assert incidence.p_value(nobody, nobody) == 1.0
    assert gap.value == 0.0 and gap.interval.low < 0 < gap.interval.high


def test_one_conversion_counts_as_one_among_those_who_were_at_risk():
    """A single conversion at age 40, when 100 of 200 leads were still followed: one of 100 effective leads."""
    found = known(product_limit(Followed.of([60, 30, 60], [0, 0, 40], [99, 100, 1], horizon_days=60)))
    one, _ = incidence.counts(found, known(product_limit(Followed.of([60], [0], [300], horizon_days=60))))

    assert found.effective_units == pytest.approx(100.0)
    assert (one.x, one.n) == pytest.approx((1.0, 100.0))


def test_leads_are_valued_at_the_ages_where_both_arms_converted():
    """Early conversions here and late ones there: both arms' effective leads are weighed by all of them alike."""
    early = known(product_limit(Followed.of([60, 30, 60], [0, 0, 2], [98, 100, 2], horizon_days=60)))
    late = known(product_limit(Followed.of([60, 30, 60], [0, 0, 40], [98, 100, 2], horizon_days=60)))
    a, b = incidence.counts(early, late)

    assert early.effective_units == pytest.approx(200) and late.effective_units == pytest.approx(100)
    first = 1 / (1 - 2 / 400) - 1
    second = 1 / ((1 - 2 / 400) * (1 - 2 / 198)) - 1 / (1 - 2 / 400)
    assert a.n == b.n == pytest.approx((first + second) / (first / 200 + second / 100))
    assert (a.rate, b.rate) == pytest.approx((0.01, 0.02))


def test_arms_are_compared_over_the_same_phases():
    """Two phases here and one there is an error, not a comparison."""
    one = known(product_limit(Followed.of([60], [0], [300], horizon_days=60)))
    with pytest.raises(ValueError, match="same phases"):
        incidence.difference(one, standardised([(1, one), (1, one)]), z=Z)


def test_many_conversions_agree_with_the_normal_test():
    """With hundreds of conversions z is F_B − F_A over its Greenwood standard error, within 3%; so are the limits."""
    rng = np.random.default_rng(7)
    arms = []
    for rate in (0.20, 0.23):
        age = np.where(rng.random(4_000) < rate, rng.integers(1, 61, 4_000), 0)
        arms.append(known(product_limit(Followed.of(rng.integers(20, 90, 4_000), age, horizon_days=60))))
    a, b = arms
    wald, error = b.rate - a.rate, math.hypot(a.standard_error, b.standard_error)
    found = incidence.difference(a, b, z=Z)

    assert incidence.z_score(a, b) == pytest.approx(wald / error, rel=0.03)
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (wald - Z * error, wald + Z * error), abs=0.03 * error
    )


def test_when_everybody_converts_the_incidence_is_one():
    """F = 1 with nobody at risk any more: no variance, and an interval that still has a width."""
    all_won = known(product_limit(Followed.of([60, 60, 10], [5, 30, 0], [20, 20, 3], horizon_days=60)))
    half = known(product_limit(Followed.of([60, 60], [5, 0], [20, 20], horizon_days=60)))
    found = incidence.difference(half, all_won, z=Z)

    assert (all_won.rate, all_won.variance, all_won.at_risk) == (1.0, 0.0, 0)
    assert 1 <= all_won.effective_units <= 43
    assert found.interval.low < found.value == 0.5 < found.interval.high
    assert not influence(Followed.of([60, 60, 10], [5, 30, 0], [20, 20, 3], horizon_days=60)).any()


@pytest.mark.parametrize(
    ("followed", "reason"),
    [
        pytest.param(Followed.nobody(horizon_days=60), "no_units", id="nobody"),
        pytest.param(Followed.of([5], [2], [0], horizon_days=60), "no_units", id="groups of nobody"),
        pytest.param(Followed.of([59, 59], [0, 8], horizon_days=60), "horizon_beyond_data", id="a day too early"),
        pytest.param(Followed.of([-3, -1], [0, 0], horizon_days=60), "horizon_beyond_data", id="after the cut-off"),
        pytest.param(
            Followed.of([60, 40], [50, 0], horizon_days=45) + Followed.of([30], [0], horizon_days=45),
            None,
            id="followed beyond the horizon",
        ),
        pytest.param(
            Followed.of([60, 40], [20, 0], horizon_days=60), "horizon_beyond_data", id="only converters followed"
        ),
    ],
)
def test_a_horizon_beyond_the_data_is_a_reason(followed, reason):
    """Where nobody unconverted has been followed to the horizon the incidence there is not known."""
    found = product_limit(followed)

    assert (found.reason if isinstance(found, NotEstimable) else None) == reason


def test_what_cannot_have_been_seen_does_not_count():
    """Conversions beyond follow-up or horizon count as none; follow-up is cut to 0 … horizon; empty groups go."""
    followed = Followed.of([90, 20, 20, -4, 60], [61, 21, 20, 1, 3], [1, 2, 3, 4, 0], horizon_days=60)

    assert followed.follow_up.tolist() == [60, 20, 20, 0]
    assert followed.converted.tolist() == [0, 0, 20, 0]
    assert (followed.units, followed.mature, followed.events, followed.complete) == (10, 1, 3, False)


@pytest.mark.parametrize(
    ("arguments", "horizon"),
    [
        pytest.param(([1, 2], [0]), 60, id="unequal lengths"),
        pytest.param(([1], [0], [1, 2]), 60, id="unequal counts"),
        pytest.param(([1], [0], [-1]), 60, id="negative count"),
        pytest.param(([1], [-1]), 60, id="negative age"),
        pytest.param(([1], [0]), 0, id="no horizon"),
        pytest.param(([[1]], [[0]]), 60, id="a table"),
    ],
)
def test_impossible_input_is_refused(arguments, horizon):
    """Rows that do not fit together, negative counts and ages, and a horizon below a day are errors."""
    with pytest.raises(ValueError, match=r"need|negative|at least one day"):
        Followed.of(*arguments, horizon_days=horizon)


def test_horizons_do_not_mix():
    """Leads counted to different horizons cannot be put together."""
    with pytest.raises(ValueError, match="30 and 60"):
        Followed.nobody(horizon_days=30) + Followed.nobody(horizon_days=60)


@LAW
@given(leads(), st.floats(0.1, 5))
def test_one_phase_is_itself_and_a_phase_split_in_halves_stays_whole(followed, weight):
    """Standardising one phase changes nothing, and two equal halves of a phase give back the whole."""
    whole = known(product_limit(followed + followed))
    half = known(product_limit(followed))
    joined = standardised([(weight, half), (weight, half)])

    assert standardised([(weight, half)]) == half
    assert (joined.rate, joined.effective_units) == pytest.approx((whole.rate, whole.effective_units))
    assert joined.variance == pytest.approx(whole.variance, abs=1e-15)
    assert (joined.units, joined.events) == (whole.units, whole.events)


def test_phases_count_with_their_weights():
    """Σ w F and Σ w² V: a share of .3 at 10% and of .7 at 20%."""
    first = known(product_limit(Followed.of([60, 60], [5, 0], [10, 90], horizon_days=60)))
    second = known(product_limit(Followed.of([60, 60], [5, 0], [40, 160], horizon_days=60)))
    found = standardised([(30, first), (70, second)])

    assert found.rate == pytest.approx(0.3 * 0.1 + 0.7 * 0.2)
    assert found.variance == pytest.approx(0.09 * 0.1 * 0.9 / 100 + 0.49 * 0.2 * 0.8 / 200)
    assert found.effective_units == pytest.approx(found.rate * (1 - found.rate) / found.variance)
    assert (found.units, found.mature, found.events) == (300, 300, 50)


def test_a_small_phase_without_conversions_is_not_certain():
    """Ten leads without a conversion that stand for half the weight widen the variance, they do not halve it."""
    large = known(product_limit(Followed.of([60, 60], [5, 0], [100, 900], horizon_days=60)))
    small = known(product_limit(Followed.of([60], [0], [10], horizon_days=60)))
    found = standardised([(1, large), (1, small)])

    assert found.rate == pytest.approx(0.05)
    assert found.effective_units < 40


def test_phases_that_all_lack_conversions_still_stand():
    """No conversion in any phase: rate 0 with effective leads, not an error."""
    none = known(product_limit(Followed.of([60], [0], [50], horizon_days=60)))
    found = standardised([(2, none), (2, none)])

    assert (found.rate, found.variance) == (0.0, 0.0)
    assert found.effective_units == pytest.approx(100)


@pytest.mark.parametrize("weights", [[], [0.0], [-1.0, 2.0]], ids=["no phase", "no weight", "a negative weight"])
def test_weights_that_weigh_nothing_are_refused(weights):
    """Phases need weights that are not negative and not all zero."""
    one = known(product_limit(Followed.of([60], [0], [50], horizon_days=60)))
    with pytest.raises(ValueError, match="weights"):
        standardised([(weight, one) for weight in weights])


def test_effective_counts_must_be_possible():
    """More outcomes than leads, or less than one lead, are refused."""
    from mqlab.stats.effective import Effective

    for x, n in ((2.0, 1.5), (-0.1, 4.0), (0.2, 0.5)):
        with pytest.raises(ValueError, match="cannot be"):
            Effective(x, n)
    assert isinstance(incidence.difference(*[known(product_limit(staggered(20)))] * 2, z=Z), Estimate)
