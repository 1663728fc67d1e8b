"""Account-randomised comparisons against R's clubSandwich, matrices written from the textbook, and resampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.stats.clusters import (
    AccountRate,
    Accounts,
    Similarity,
    account_rate,
    compare,
    compare_triggered,
    leave_one_out,
    per_account,
    similarity,
)
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.means import Contrast
from mqlab.stats.tails import critical_z

Z = critical_z(0.05)
LAW = settings(deadline=None, max_examples=60)
A = Accounts.of([12, 3, 7, 1, 5, 9], [4, 0, 3, 1, 1, 2])
B = Accounts.of([2, 15, 4, 6, 8, 1, 3], [1, 3, 2, 1, 4, 0, 1])


def contrast(found: Contrast | NotEstimable) -> Contrast:
    assert isinstance(found, Contrast)
    return found


def test_rates_and_difference_match_clubsandwich():
    """
    R 4.2.2, clubSandwich 0.5.8; one row per lead, y 0/1, g the account, arm 0/1, accounts as A and B above.
    > f <- lm(y ~ arm, data = d)
    > coef_test(f, vcov = "CR2", cluster = d$g, test = "Satterthwaite")
    (Intercept) 0.297297297297297, SE 0.0510538751020621, df 3.48210773183977;
    arm 0.0103950103950102, SE 0.0922632789333895, df 6.93398703772282, p 0.913487034238826.
    > coef_test(lm(y ~ 1, data = d[d$arm == 1, ]), vcov = "CR2", cluster = …)
    0.307692307692, SE² 0.0059060144766, df 3.45537811056.
    > conf_int(f, vcov = "CR2", cluster = d$g) gives for arm -0.208, 0.229.
    """
    a, b, found = account_rate(A), account_rate(B), contrast(compare(A, B))
    interval = found.difference(z=Z).interval

    assert isinstance(a, AccountRate) and isinstance(b, AccountRate)
    assert (a.rate, math.sqrt(a.variance), a.df) == pytest.approx(
        (0.297297297297297, 0.0510538751020621, 3.48210773183977)
    )
    assert (b.rate, b.variance, b.df) == pytest.approx((0.307692307692, 0.0059060144766, 3.45537811056))
    assert found.treatment - found.control == pytest.approx(0.0103950103950102)
    assert (found.standard_error, found.df) == pytest.approx((0.0922632789333895, 6.93398703772282))
    assert found.p_value() == pytest.approx(0.913487034238826)
    assert (interval.low, interval.high) == pytest.approx((-0.208, 0.229), abs=5e-4)


def textbook_cr2(accounts: Accounts) -> tuple[float, float]:
    """CR2 variance and Satterthwaite df of a mean, from matrices: A_j = (I − H_jj)^(−1/2), working model I."""
    n = accounts.leads.astype(int)
    total = int(n.sum())
    owner = np.repeat(np.arange(n.size), n)
    y = np.concatenate([[1.0] * int(t) + [0.0] * int(k - t) for k, t in zip(n, accounts.totals, strict=True)])
    x = np.ones((total, 1))
    bread = np.linalg.inv(x.T @ x)
    residual_maker = np.eye(total) - x @ bread @ x.T
    residual = residual_maker @ y
    variance, rows = 0.0, []
    for j in range(n.size):
        chosen = owner == j
        values, vectors = np.linalg.eigh(residual_maker[np.ix_(chosen, chosen)])
        root = vectors @ np.diag(np.where(values > 1e-12, values, np.inf) ** -0.5) @ vectors.T
        weight = (bread @ x[chosen].T @ root).ravel()
        variance += float(weight @ residual[chosen]) ** 2
        rows.append(residual_maker[chosen].T @ weight)
    gram = np.array(rows) @ np.array(rows).T
    return variance, float(np.trace(gram) ** 2 / np.sum(gram**2))


@LAW
@given(st.lists(st.integers(1, 9), min_size=2, max_size=8), st.data())
def test_the_closed_form_is_the_textbook_matrix_form(sizes, data):
    """Σ e²/(1−h)/N² and ν are the CR2 variance and Bell–McCaffrey df computed with matrices."""
    accounts = Accounts.of(sizes, [data.draw(st.integers(0, size)) for size in sizes])
    found = account_rate(accounts)
    variance, df = textbook_cr2(accounts)

    assert isinstance(found, AccountRate)
    assert found.variance == pytest.approx(variance, rel=1e-8, abs=1e-14)
    assert found.df == pytest.approx(df, rel=1e-8)


@pytest.mark.parametrize("accounts", [2, 5, 40])
def test_equal_accounts_have_one_degree_less_than_accounts(accounts):
    """K accounts of the same size give ν = K − 1, and the variance of their means over K."""
    totals = np.arange(accounts) % 4
    found = account_rate(Accounts.of([6] * accounts, totals))

    assert isinstance(found, AccountRate)
    assert found.df == pytest.approx(accounts - 1)
    assert found.variance == pytest.approx((totals / 6).var(ddof=1) / accounts)


def test_swapping_the_arms_negates_the_difference():
    """The other arm as control: same standard error and df, opposite difference."""
    there, back = contrast(compare(A, B)), contrast(compare(B, A))

    assert (there.treatment - there.control, there.standard_error, there.df) == pytest.approx(
        (back.control - back.treatment, back.standard_error, back.df)
    )


def test_the_triggered_form_without_concordant_accounts_is_the_plain_one():
    """If the definitions disagree on every account nothing is diluted."""
    plain, inside = contrast(compare(A, B)), contrast(compare_triggered(A, B))

    assert (inside.control, inside.treatment, inside.df) == pytest.approx((plain.control, plain.treatment, plain.df))
    assert inside.difference(z=Z).interval.low == pytest.approx(plain.difference(z=Z).interval.low)


def many(rng: np.random.Generator, accounts: int) -> Accounts:
    sizes = 1 + rng.poisson(4, accounts)
    return Accounts.of(sizes, rng.binomial(sizes, rng.beta(2, 6, accounts)), rng.random(accounts) < 0.35)


def test_the_triggered_form_matches_a_bootstrap_of_accounts():
    """Variances, covariance and difference's SE equal those of 2,000 resamples of accounts within 8%."""
    rng = np.random.default_rng(12)
    control, treatment = many(rng, 400), many(rng, 400)

    def resampled(arm: Accounts) -> Accounts:
        rows = rng.integers(0, arm.leads.size, arm.leads.size)
        return Accounts.of(arm.leads[rows], arm.totals[rows], arm.discordant[rows])

    found = contrast(compare_triggered(control, treatment))
    draws = [contrast(compare_triggered(resampled(control), resampled(treatment))) for _ in range(2_000)]
    rates = np.array([[d.control, d.treatment] for d in draws])
    spread = np.cov(rates.T)

    assert [found.control_variance, found.treatment_variance] == pytest.approx(list(np.diag(spread)), rel=0.08)
    assert found.covariance == pytest.approx(spread[0, 1], rel=0.12)
    assert found.standard_error == pytest.approx(np.std(rates[:, 1] - rates[:, 0]), rel=0.08)


def test_the_triggered_difference_is_the_discordant_one_times_its_share():
    """Δ = (share of leads in discordant accounts) · (R_DB − R_DA)."""
    rng = np.random.default_rng(3)
    control, treatment = many(rng, 60), many(rng, 70)
    found = contrast(compare_triggered(control, treatment))
    d = [arm.discordant for arm in (control, treatment)]
    share = (control.leads[d[0]].sum() + treatment.leads[d[1]].sum()) / (control.leads.sum() + treatment.leads.sum())
    rates = [arm.totals[m].sum() / arm.leads[m].sum() for arm, m in zip((control, treatment), d, strict=True)]

    assert found.treatment - found.control == pytest.approx(share * (rates[1] - rates[0]))


def test_per_account_is_welch_on_account_totals():
    """The robust twin counts each account once."""
    found = contrast(per_account(A, B))

    assert (found.control, found.treatment) == pytest.approx((11 / 6, 12 / 7))
    assert found.control_variance == pytest.approx(np.var([4, 0, 3, 1, 1, 2], ddof=1) / 6)


def test_leave_one_out_names_the_extremes():
    """The range of the lift is what recomputing without each account gives."""
    lifts = []
    for k in range(6):
        keep = np.arange(6) != k
        lifts.append((12 / 39) / (A.totals[keep].sum() / A.leads[keep].sum()) - 1)
    for k in range(7):
        keep = np.arange(7) != k
        lifts.append((B.totals[keep].sum() / B.leads[keep].sum()) / (11 / 37) - 1)
    found = leave_one_out(A, B)

    assert isinstance(found, Interval)
    assert (found.low, found.high) == pytest.approx((min(lifts), max(lifts)))


def test_similarity_recovers_a_known_correlation():
    """Beta-binomial accounts with correlation 1/(1 + 2 + 8) give it back, and DEFF with their unequal sizes."""
    rng = np.random.default_rng(6)
    sizes = 1 + rng.poisson(6, 6_000)
    found = similarity([Accounts.of(sizes, rng.binomial(sizes, rng.beta(2, 8, 6_000)))])

    assert isinstance(found, Similarity)
    assert found.icc == pytest.approx(1 / 11, abs=0.012)
    mean_size = (sizes**2).sum() / sizes.sum()
    assert found.design_effect == pytest.approx(1 + (mean_size - 1) * found.icc, rel=1e-9)


def test_similarity_matches_an_analysis_of_variance_by_hand():
    """Two accounts of two leads, (1, 1) and (0, 1): MSB = .25, MSW = .25, so the correlation is 0."""
    found = similarity([Accounts.of([2, 2], [2, 1])])

    assert isinstance(found, Similarity) and found.icc == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("accounts", "reason"),
    [
        pytest.param(Accounts.of([], []), "no_units", id="none"),
        pytest.param(Accounts.of([40], [3]), "one_account", id="one account has h = 1"),
        pytest.param(Accounts.of([40, 0], [3, 0]), "one_account", id="the other account has no leads"),
    ],
)
def test_one_account_is_no_experiment(accounts, reason):
    """An arm of no account or of one has no estimate and says why."""
    found = compare(accounts, B)

    assert isinstance(found, NotEstimable) and found.reason == reason


def test_nothing_discordant_or_nothing_to_compare():
    """No discordant account, one-lead accounts, no variation, no control outcome: each a reason."""
    alike = Accounts.of(A.leads, A.totals, np.zeros(6, dtype=bool))
    found = [
        compare_triggered(alike, Accounts.of(B.leads, B.totals, np.zeros(7, dtype=bool))),
        similarity([Accounts.of([1, 1, 1], [0, 1, 0])]),
        similarity([Accounts.of([2, 2], [0, 0])]),
        leave_one_out(Accounts.of([3, 3], [0, 2]), B),
    ]

    reasons = [f.reason for f in found if isinstance(f, NotEstimable)]
    assert reasons == ["no_discordant_leads", "one_lead_accounts", "no_variation", "zero_control"]
    with pytest.raises(ValueError, match="one entry per account"):
        Accounts.of([1, 2], [1])


def test_fieller_and_t_interval_agree_about_accounts():
    """The relative lift excludes 0 exactly when the difference does."""
    rng = np.random.default_rng(9)
    for _ in range(40):
        found = contrast(compare_triggered(many(rng, 40), many(rng, 40)))
        lift = found.relative_lift(z=Z)
        if isinstance(lift, Estimate) and lift.interval.low is not None:
            assert found.difference(z=Z).interval.contains(0.0) is lift.interval.contains(0.0)
