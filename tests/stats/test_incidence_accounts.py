"""Accounts whose leads are still being followed: `clusters` when all are mature, R's robust variance, laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.stats import clusters
from mqlab.stats.clusters import Accounts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.incidence import Followed, product_limit
from mqlab.stats.incidence_accounts import FollowedAccounts, compare, compare_triggered
from mqlab.stats.incidence_by_age import FollowedPair
from mqlab.stats.incidence_triggered import FollowedStrata, dilute
from mqlab.stats.means import Contrast

HORIZON = 20
LAW = settings(deadline=None, max_examples=50)
TIMES = [3, 5, 5, 5, 8, 8, 9, 12, 12, 14, 14, 14, 17, 20, 20, 20, 20, 20, 20, 20]
WON = [1, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
GROUPS = [1, 1, 2, 3, 3, 2, 1, 4, 4, 5, 5, 4, 2, 1, 3, 3, 5, 2, 1, 4]


def contrast(found: Contrast | NotEstimable) -> Contrast:
    assert isinstance(found, Contrast)
    return found


def numbers(found: Contrast | NotEstimable) -> tuple[float, ...]:
    one = contrast(found)
    return one.control, one.treatment, one.control_variance, one.treatment_variance, one.covariance, one.df


def staggered(account: list[int]) -> FollowedAccounts:
    return FollowedAccounts.of(TIMES, [t * w for t, w in zip(TIMES, WON, strict=True)], account, horizon_days=HORIZON)


Rows = list[tuple[int, int, int, int, bool]]


@st.composite
def rows(draw, *, mature: bool = False) -> Rows:
    """Entries of follow-up, conversion, account, leads, discordant; two accounts hold mature discordant leads."""
    ages = st.just(HORIZON) if mature else st.integers(0, HORIZON)
    entries = draw(
        st.lists(
            st.tuples(ages, st.integers(0, HORIZON), st.integers(3, 9), st.integers(0, 4), st.booleans()), max_size=15
        )
    )
    for account in (1, 2):
        entries.append((HORIZON, draw(st.sampled_from([0, 7])), account, draw(st.integers(1, 4)), True))
        entries.append((HORIZON, 0, account, 1, False))
    return entries


def accounts_of(entries: Rows) -> FollowedAccounts:
    follow_up, converted, account, leads, discordant = zip(*entries, strict=True)
    return FollowedAccounts.of(follow_up, converted, account, leads, discordant, horizon_days=HORIZON)


def plain(entries: Rows) -> Accounts:
    """The same as counts per account, for leads that are all mature."""
    cells: dict[int, list[float]] = {}
    for _, converted, account, leads, discordant in entries:
        if leads:
            cell = cells.setdefault(account, [0, 0, False])
            cell[0] += leads
            cell[1] += leads * (converted > 0)
            cell[2] = cell[2] or discordant
    return Accounts.of(*zip(*cells.values(), strict=True))


@LAW
@given(rows(mature=True), rows(mature=True))
def test_with_everybody_followed_it_is_the_comparison_of_clusters(a, b):
    """All mature: rates, CR2 variances and degrees of freedom are `clusters.compare`'s, to 1e-12."""
    assert numbers(compare(accounts_of(a), accounts_of(b))) == pytest.approx(
        numbers(clusters.compare(plain(a), plain(b))), rel=1e-12, abs=1e-14
    )


@LAW
@given(rows(mature=True), rows(mature=True))
def test_with_everybody_followed_it_is_the_triggered_comparison_of_clusters(a, b):
    """All mature: rates, variances, covariance and df are `clusters.compare_triggered`'s."""
    found = compare_triggered(accounts_of(a), accounts_of(b))

    assert numbers(found) == pytest.approx(numbers(clusters.compare_triggered(plain(a), plain(b))), rel=1e-9, abs=1e-12)


def test_clustered_variance_matches_r():
    """
    R 4.2.2, survival 3.5.3; g <- c(1,1,2,3,3,2,1,4,4,5,5,4,2,1,3,3,5,2,1,4).
    > f <- survfit(Surv(time, won) ~ 1, cluster = g, influence = TRUE)
    > print(f$influence.surv[, ncol(f$influence.surv)], digits = 15)
    -0.0451501248150887 -0.0221633459689349 0.0508534809541420 -0.0524396727071006 0.0688996625369823.

    Those are the accounts' sums Σ IF; leverages and the CR2 factor are written out.
    """
    sums = [-0.0451501248150887, -0.0221633459689349, 0.0508534809541420, -0.0524396727071006, 0.0688996625369823]
    ages = range(1, HORIZON + 1)
    followed = [sum(t >= u for t in TIMES) for u in ages]
    hazard = [
        sum(t == u and w for t, w in zip(TIMES, WON, strict=True)) / m for u, m in zip(ages, followed, strict=True)
    ]
    told = [sum(hazard[u] / followed[u] ** 2 for u in range(t)) for t in TIMES]
    leverage = [sum(v for v, g in zip(told, GROUPS, strict=True) if g == k) / sum(told) for k in range(1, 6)]
    found = contrast(compare(staggered(GROUPS), staggered(GROUPS)))

    assert found.control == pytest.approx(0.540264423076923, abs=1e-14)
    assert found.control_variance == pytest.approx(
        sum(s**2 / (1 - h) for s, h in zip(sums, leverage, strict=True)), rel=1e-12
    )
    assert 5 < found.df < 8


def test_leads_count_for_their_account_as_far_as_they_were_followed():
    """Two accounts of equal leads, one of them just arrived: the other one stands nearly alone, and df says so."""

    def arm(recent: int) -> FollowedAccounts:
        return FollowedAccounts.of(
            [20, 20, recent, recent, 20, 20], [3, 0, 0, 0, 9, 0], [1, 1, 2, 2, 3, 3], [5] * 6, horizon_days=HORIZON
        )

    assert contrast(compare(arm(20), arm(20))).df == pytest.approx(4.0)
    assert contrast(compare(arm(2), arm(2))).df == pytest.approx(2.0, abs=0.2)


@LAW
@given(rows(), rows())
def test_accounts_of_one_lead_each_have_greenwoods_variance(a, b):
    """With one lead per account the variance is Greenwood's but for the factor 1/(1 − h), which goes to 1."""
    singles = [[(c, t, 0, 1, True) for c, t, _, leads, _ in arm for _ in range(leads * 20)] for arm in (a, b)]
    control, treatment = (
        accounts_of([(c, t, number, n, d) for number, (c, t, _, n, d) in enumerate(arm)]) for arm in singles
    )
    found, greenwood = contrast(compare(control, treatment)), product_limit(control.followed)

    assert not isinstance(greenwood, NotEstimable)
    assert found.control == greenwood.rate
    assert greenwood.variance * (1 - 1e-9) <= found.control_variance <= greenwood.variance * 1.04


@LAW
@given(rows(), rows())
def test_swapping_the_arms_changes_their_places(a, b):
    """The other arm as control: rates and variances change places, df and covariance stay."""
    for function in (compare, compare_triggered):
        there, back = (contrast(function(accounts_of(x), accounts_of(y))) for x, y in ((a, b), (b, a)))

        assert (back.treatment, back.control, back.treatment_variance, back.control_variance) == pytest.approx(
            (there.control, there.treatment, there.control_variance, there.treatment_variance)
        )
        assert (back.df, back.covariance) == pytest.approx((there.df, there.covariance), abs=1e-14)


@LAW
@given(rows(), rows(), st.randoms(use_true_random=False))
def test_neither_order_nor_names_of_accounts_matter(a, b, random):
    """Shuffled entries and renumbered accounts say the same."""
    renamed = [(c, t, 1_000 - 7 * account, n, d) for c, t, account, n, d in a]
    random.shuffle(renamed)

    for function in (compare, compare_triggered):
        assert numbers(function(accounts_of(renamed), accounts_of(b))) == pytest.approx(
            numbers(function(accounts_of(a), accounts_of(b))), rel=1e-9, abs=1e-14
        )


def test_an_account_is_discordant_if_any_of_its_leads_is():
    """The rates are those of the lead-level estimator when whole accounts count as discordant."""
    a = accounts_of(
        [(20, 3, 1, 5, True), (20, 0, 1, 9, False), (12, 0, 2, 9, False), (20, 7, 3, 2, True), (20, 0, 3, 6, True)]
    )
    b = accounts_of(
        [(20, 9, 1, 8, True), (20, 0, 1, 9, False), (15, 4, 2, 3, False), (20, 2, 3, 3, False), (9, 0, 3, 6, True)]
    )

    def marked(arm: FollowedAccounts, discordant: bool) -> Followed:
        return arm.where(arm.discordant[arm.account] == discordant)

    nobody = FollowedPair(*[Followed.nobody(horizon_days=HORIZON)] * 2)
    lead_level = dilute(
        [
            FollowedStrata(
                nobody,
                FollowedPair(marked(a, True), marked(b, True)),
                nobody,
                FollowedPair(marked(a, False), marked(b, False)),
            )
        ]
    )
    found = contrast(compare_triggered(a, b))

    assert not isinstance(lead_level, NotEstimable)
    assert a.discordant.tolist() == [True, False, True]
    assert (found.control, found.treatment) == pytest.approx(lead_level.rates)


def test_without_conversions_there_is_a_difference_of_nothing():
    """Nobody converted: both rates 0, no spread, and a reason instead of a p-value."""
    arm = FollowedAccounts.of([20, 9, 20, 20], [0] * 4, [1, 1, 2, 3], horizon_days=HORIZON)

    for function in (compare, compare_triggered):
        found = contrast(function(arm, arm))
        p = found.p_value()

        assert (found.control, found.treatment, found.standard_error) == (0.0, 0.0, 0.0)
        assert isinstance(p, NotEstimable) and p.reason == "no_variation"
        assert isinstance(found.difference(z=2.0), Estimate) and math.isfinite(found.df)


NONE = FollowedAccounts.of([], [], [], horizon_days=HORIZON)
TWO = FollowedAccounts.of([20, 20], [3, 0], [1, 2], horizon_days=HORIZON)
ONE = FollowedAccounts.of([20, 20], [3, 0], [1, 1], horizon_days=HORIZON)
YOUNG = FollowedAccounts.of([19, 19], [3, 0], [1, 2], horizon_days=HORIZON)
ALIKE = FollowedAccounts.of([20, 20], [3, 0], [1, 2], discordant=[False, False], horizon_days=HORIZON)


@pytest.mark.parametrize(
    ("function", "control", "treatment", "reason"),
    [
        pytest.param(compare, NONE, TWO, "no_units", id="no account"),
        pytest.param(compare, TWO, ONE, "one_account", id="one account"),
        pytest.param(compare, YOUNG, TWO, "horizon_beyond_data", id="too early"),
        pytest.param(compare_triggered, ALIKE, ALIKE, "no_discordant_leads", id="definitions agree"),
        pytest.param(compare_triggered, NONE, NONE, "no_discordant_leads", id="nobody"),
        pytest.param(compare_triggered, TWO, ALIKE, "no_units", id="discordant in one arm"),
        pytest.param(compare_triggered, TWO, ONE, "one_account", id="one discordant account"),
        pytest.param(compare_triggered, TWO, YOUNG, "horizon_beyond_data", id="too early among discordant"),
    ],
)
def test_what_cannot_be_estimated_says_why(function, control, treatment, reason):
    """Too few accounts, no disagreement, or a horizon beyond the data are reasons."""
    found = function(control, treatment)

    assert isinstance(found, NotEstimable) and found.reason == reason


def test_every_entry_needs_an_account():
    """Unequal lengths are refused."""
    with pytest.raises(ValueError, match="one entry per group of leads"):
        FollowedAccounts.of([1, 2], [0, 0], [1], horizon_days=HORIZON)
    with pytest.raises(ValueError, match="one entry per group of leads"):
        FollowedAccounts.of([1, 2], [0, 0], [1, 1], discordant=[True], horizon_days=HORIZON)
