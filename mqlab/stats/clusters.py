"""Accounts as randomisation units: rates per lead with CR2 variances and Bell–McCaffrey degrees of freedom.

Sources: Bell & McCaffrey 2002; Pustejovsky & Tipton 2018 (R's clubSandwich, which these closed forms equal);
Eldridge, Ashby & Kerry 2006 (design effect with unequal sizes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mqlab.stats.estimate import Interval, NotEstimable
from mqlab.stats.means import Contrast

ONE_ACCOUNT = NotEstimable("one_account", "All leads of an arm belong to one account.")


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """Accounts of one arm: leads and outcomes (or money) of each; `discordant`: the definitions disagree on it."""

    leads: NDArray[np.float64]
    totals: NDArray[np.float64]
    discordant: NDArray[np.bool_]

    @classmethod
    def of(cls, leads: ArrayLike, totals: ArrayLike, discordant: ArrayLike | None = None) -> Accounts:
        """From sequences of equal length; accounts without leads are left out."""
        n, y = np.asarray(leads, dtype=np.float64), np.asarray(totals, dtype=np.float64)
        marked = np.ones(n.shape, dtype=bool) if discordant is None else np.asarray(discordant, dtype=bool)
        if not n.shape == y.shape == marked.shape or n.ndim != 1:
            raise ValueError("leads, totals and discordant need one entry per account")
        if not (np.isfinite(n).all() and np.isfinite(y).all() and (n >= 0).all()):
            raise ValueError("leads and totals must be finite numbers, and leads not negative")
        kept = n > 0
        return cls(n[kept], y[kept], marked[kept])

    @property
    def largest_share(self) -> float:
        """The largest account's share of the arm's leads, in [0, 1]."""
        return float(self.leads.max() / self.leads.sum()) if self.leads.size else 0.0


@dataclass(frozen=True, slots=True)
class AccountRate:
    """An arm's rate per lead with its CR2 variance and Bell–McCaffrey degrees of freedom."""

    accounts: int
    leads: float
    rate: float
    variance: float
    df: float
    largest_share: float


def account_rate(accounts: Accounts) -> AccountRate | NotEstimable:
    """R = ΣY/Σn, V = Σ e²/(1−h)/N², ν = 1/[Σh² + (Σq)² − Σq²] with h = n/N, e = Y − Rn, q = h²/(1−h).

    Equal accounts give ν = K − 1. An account holding all leads leaves nothing to compare.

    Example:
        >>> found = account_rate(Accounts.of([5, 5, 5, 5], [1, 2, 0, 3]))
        >>> found.rate, round(found.df, 9)
        (0.3, 3.0)
    """
    n, y = accounts.leads, accounts.totals
    if not n.size:
        return NotEstimable("no_units", "An arm has no accounts to count.")
    total = float(n.sum())
    h = n / total
    if n.size < 2 or float(h.max()) >= 1.0:
        return ONE_ACCOUNT
    rate = float(y.sum()) / total
    variance = float(np.sum((y - rate * n) ** 2 / (1 - h))) / total**2
    q = h**2 / (1 - h)
    df = 1 / (float(np.sum(h**2)) + float(q.sum()) ** 2 - float(np.sum(q**2)))
    return AccountRate(int(n.size), total, rate, variance, df, float(h.max()))


def joint_df(a: AccountRate, b: AccountRate) -> float:
    """ν of a difference of two arms' rates: (1/N_A + 1/N_B)² / [(1/N_A)²/ν_A + (1/N_B)²/ν_B], N in leads."""
    va, vb = 1 / a.leads, 1 / b.leads
    return (va + vb) ** 2 / (va**2 / a.df + vb**2 / b.df)


def compare(control: Accounts, treatment: Accounts) -> Contrast | NotEstimable:
    """The two arms' rates per lead, V = V_A + V_B and ν of the difference; `Contrast` gives difference, Fieller, p."""
    a, b = account_rate(control), account_rate(treatment)
    if isinstance(a, NotEstimable):
        return a
    if isinstance(b, NotEstimable):
        return b
    return Contrast(a.rate, b.rate, a.variance, b.variance, 0.0, joint_df(a, b))


def compare_triggered(control: Accounts, treatment: Accounts) -> Contrast | NotEstimable:
    """`compare` inside discordant accounts, diluted by their share of leads; concordant accounts are shared.

    An account is discordant if the definitions disagree on any of its enrolled leads. Each account's influence has
    three parts: concordant outcomes, the discordant share, and its own residual with the CR2 factor 1/√(1−h).
    """
    inside_a, inside_b = _inside(control), _inside(treatment)
    if not inside_a.leads.size and not inside_b.leads.size:
        return NotEstimable("no_discordant_leads", "The two definitions have not disagreed about any account yet.")
    a, b = account_rate(inside_a), account_rate(inside_b)
    if isinstance(a, NotEstimable):
        return a
    if isinstance(b, NotEstimable):
        return b
    n = np.concatenate([control.leads, treatment.leads])
    y = np.concatenate([control.totals, treatment.totals])
    d = np.concatenate([control.discordant, treatment.discordant])
    in_treatment = np.repeat([False, True], [control.leads.size, treatment.leads.size])
    total = float(n.sum())
    alike = float(y[~d].sum()) / total
    share = (a.leads + b.leads) / total
    common = (np.where(d, 0.0, y) - alike * n) / total
    sharing = (np.where(d, n, 0.0) - share * n) / total
    influence_a = common + a.rate * sharing + share * _residuals(n, y, d & ~in_treatment, a)
    influence_b = common + b.rate * sharing + share * _residuals(n, y, d & in_treatment, b)
    return Contrast(
        alike + share * a.rate,
        alike + share * b.rate,
        float(influence_a @ influence_a),
        float(influence_b @ influence_b),
        float(influence_a @ influence_b),
        joint_df(a, b),
    )


def _inside(accounts: Accounts) -> Accounts:
    d = accounts.discordant
    return Accounts(accounts.leads[d], accounts.totals[d], d[d])


def _residuals(
    n: NDArray[np.float64], y: NDArray[np.float64], chosen: NDArray[np.bool_], arm: AccountRate
) -> NDArray[np.float64]:
    h = np.where(chosen, n / arm.leads, 0.0)
    scaled: NDArray[np.float64] = np.where(chosen, (y - arm.rate * n) / np.sqrt(1 - h), 0.0) / arm.leads
    return scaled


def per_account(control: Accounts, treatment: Accounts) -> Contrast | NotEstimable:
    """The robust twin: the mean of outcomes per account, compared by Welch; each account counts once."""
    a, b = control.totals, treatment.totals
    if a.size < 2 or b.size < 2:
        return ONE_ACCOUNT
    v_a, v_b = float(a.var(ddof=1)) / a.size, float(b.var(ddof=1)) / b.size
    spread = v_a + v_b
    df = spread**2 / (v_a**2 / (a.size - 1) + v_b**2 / (b.size - 1)) if spread else float(a.size + b.size - 2)
    return Contrast(float(a.mean()), float(b.mean()), v_a, v_b, 0.0, df)


def leave_one_out(control: Accounts, treatment: Accounts) -> Interval | NotEstimable:
    """The smallest and largest relative lift found when one account, any one, is left out; an open side is infinite."""
    if control.leads.size < 2 or treatment.leads.size < 2:
        return ONE_ACCOUNT
    rate_a, rate_b = (float(arm.totals.sum() / arm.leads.sum()) for arm in (control, treatment))
    without_a, without_b = (
        (arm.totals.sum() - arm.totals) / (arm.leads.sum() - arm.leads) for arm in (control, treatment)
    )
    if rate_a <= 0 or float(without_a.min()) <= 0:
        return NotEstimable("zero_control", "Without one account the control arm has no outcome.")
    lifts = np.concatenate([rate_b / without_a - 1, without_b / rate_a - 1])
    return Interval(float(lifts.min()), float(lifts.max()))


@dataclass(frozen=True, slots=True)
class Similarity:
    """How alike leads of one account are: intra-account correlation, and the design effect it causes."""

    icc: float
    design_effect: float


def similarity(arms: Sequence[Accounts], squares: Sequence[float] | None = None) -> Similarity | NotEstimable:
    """The ANOVA estimator of the intra-account correlation within arms, and DEFF = 1 + ((1 + cv²)·m̄ − 1)ρ.

    Yes/no outcomes need only totals; for other values give each arm's sum of squared lead values in `squares`.
    """
    between = within = size = 0.0
    df_between = df_within = 0
    for k, arm in enumerate(arms):
        n, y = arm.leads, arm.totals
        if n.size < 2:
            return ONE_ACCOUNT
        total = float(n.sum())
        sums = float(np.sum(y**2 / n))
        between += sums - float(y.sum()) ** 2 / total
        within += (float(y.sum()) if squares is None else squares[k]) - sums
        size += total - float(np.sum(n**2)) / total
        df_between += int(n.size) - 1
        df_within += int(total) - int(n.size)
    if df_within < 1:
        return NotEstimable("one_lead_accounts", "Every account has one lead.")
    mean_between, mean_within, usual = between / df_between, within / df_within, size / df_between
    if not mean_between + mean_within:
        return NotEstimable("no_variation", "Every lead has the same value.")
    icc = (mean_between - mean_within) / (mean_between + (usual - 1) * mean_within)
    leads = np.concatenate([arm.leads for arm in arms])
    mean, cv2 = float(leads.mean()), float(leads.var() / leads.mean() ** 2)
    return Similarity(icc, 1 + ((1 + cv2) * mean - 1) * icc)
