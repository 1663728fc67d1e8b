"""What is told where accounts are randomised, on accounts made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mqlab.analysis import accounts
from mqlab.analysis.account_rows import AccountsReport, accounts_report, says
from mqlab.analysis.clusters_check import clusters
from mqlab.analysis.results import Check
from mqlab.analysis.study import Study
from mqlab.experiments.protocol import Margin, Metric, Protocol
from mqlab.stats import clusters as maths
from mqlab.stats.clusters import Accounts
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.means import Contrast
from mqlab.warehouse.sufficient import UnitRow
from tests.analysis.world import protocol

Z = 1.959963984540054
A, B = "control", "challenger"
LEADS_A, SQLS_A = (12, 3, 7, 1, 5, 9), (4, 0, 3, 1, 1, 2)
LEADS_B, SQLS_B = (2, 15, 4, 6, 8, 1, 3), (1, 3, 2, 1, 4, 0, 1)


def unit(arm: str, name: str, leads: int, sqls: int, stratum: str = "none", phase: int = 1, **more: int) -> UnitRow:
    """An account whose leads are all mature."""
    known = {"mature": leads, "total": 0, "t": 0, "won": 0, **more}
    x = {"sql": sqls, "won": known["won"]}
    return UnitRow(
        phase, arm, name, stratum, None, leads, known["mature"], 0, x, {}, 0, 0, known["total"], known["t"]
    )  # fmt: skip


def rows_of(arm: str, leads: Sequence[int], sqls: Sequence[int], phase: int = 1) -> list[UnitRow]:
    """Accounts of an arm."""
    return [
        unit(arm, f"{arm}-{phase}-{k}", n, x, phase=phase) for k, (n, x) in enumerate(zip(leads, sqls, strict=True))
    ]


SMALL = [*rows_of(A, LEADS_A, SQLS_A), *rows_of(B, LEADS_B, SQLS_B)]


@dataclass
class FakeStudy:
    """A study whose accounts are given."""

    rows: Sequence[UnitRow]
    protocol: Protocol = field(default_factory=lambda: protocol(unit="account"))
    money_number: dict[Metric, int] = field(default_factory=dict)
    everybody_mature: bool = True
    by_account: bool = True
    control: str = A
    outcomes: Any = field(default_factory=lambda: SimpleNamespace(minor=100))

    def horizon(self, metric: Metric) -> int:
        return metric.horizon_days or 30

    def units(self, arm: str, horizon: int, segment: str | None, number: int | None) -> tuple[UnitRow, ...]:
        return tuple(self.rows)

    def complete(self, arm: str, horizon: int) -> bool:
        return self.everybody_mature

    def boundary(self, arm: str, horizon: int, metric: Metric) -> Any:
        return SimpleNamespace(z=lambda alpha: Z)

    def alpha(self, arm: str) -> float:
        return 0.05


def report(rows: Sequence[UnitRow], deciding: Any = "itt", **more: Any) -> AccountsReport:
    """The report of a fake study."""
    found = accounts_report(cast(Study, FakeStudy(rows, **more)), B, deciding)
    assert found is not None
    return found


def checked(rows: Sequence[UnitRow], deciding: Any = "itt") -> Check:
    """The check of a fake study."""
    return clusters(B, report(rows, deciding), by_account=True)


def test_degrees_of_freedom_and_the_twin_are_those_of_r() -> None:
    """Seven and six accounts of unequal size, compared per lead and per account.

    R 4.2.2, clubSandwich 0.5.8; one row per lead, y 0/1, g the account:
    > coef_test(lm(y ~ arm, d), vcov = "CR2", cluster = d$g, test = "Satterthwaite")   # arm: d.f. 6.93398703772282
    > t.test(c(1,3,2,1,4,0,1), c(4,0,3,1,1,2))
    means 1.71428571429 and 1.83333333333, df 10.4362136544, p-value 0.883928800981,
    95 percent confidence interval -1.88209743378 1.64400219568.
    """
    found = report(SMALL)
    twin = found.per_account
    assert isinstance(twin, Estimate)

    assert found.df == pytest.approx(6.93398703772282)
    assert (found.accounts, found.leads) == ((6, 7), (37, 39))
    assert found.largest_share == pytest.approx((12 / 37, 15 / 39))
    assert twin.value == pytest.approx(1.71428571429 - 1.83333333333)
    assert (twin.interval.low, twin.interval.high) == pytest.approx((-1.88209743378, 1.64400219568))
    assert found.per_account_p == pytest.approx(0.883928800981)


def test_likeness_and_range_are_those_of_the_mathematics() -> None:
    """ICC, design effect and leave-one-out come from the functions that R and hand calculations check."""
    a, b = Accounts.of(LEADS_A, SQLS_A), Accounts.of(LEADS_B, SQLS_B)
    alike, alone = maths.similarity([a, b]), maths.leave_one_out(a, b)
    assert isinstance(alike, maths.Similarity) and isinstance(alone, Interval)
    found = report(SMALL)

    assert (found.icc, found.design_effect) == pytest.approx((alike.icc, alike.design_effect))
    assert isinstance(found.leave_one_out, Interval)
    assert (found.leave_one_out.low, found.leave_one_out.high) == pytest.approx((alone.low, alone.high))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(15, 90), st.booleans())
def test_the_range_is_that_of_leaving_out_every_account(seed: int, size: int, triggered: bool) -> None:
    """Of many accounts only the most moving are left out, and no other would widen the range."""
    rng = np.random.default_rng(seed)
    rows = []
    for arm in (A, B):
        for number in range(size):
            n = int(1 + rng.zipf(1.8) % 60)
            stratum = str(rng.choice(["arm_first", "none", "both"], p=[0.4, 0.4, 0.2]))
            rows.append(unit(arm, f"{arm}-{number}", n, int(rng.binomial(n, 0.3)), stratum))
    found = report(rows, "triggered" if triggered else "itt")
    lifts = []
    for row in rows:
        left = accounts.contrast_of(
            [other for other in rows if other is not row], A, B, lambda each: each.x["sql"], triggered=triggered
        )
        assume(isinstance(left, Contrast))
        lifts.append(left.treatment / left.control - 1)
    assert isinstance(found.leave_one_out, Interval)

    assert found.leave_one_out.low == pytest.approx(min(lifts), abs=2e-3)
    assert found.leave_one_out.high == pytest.approx(max(lifts), abs=2e-3)


def test_the_check_names_the_account_that_turns_the_reading() -> None:
    """One account carries the gain: a warning with its name, though the lift keeps its sign without any account."""
    rng = np.random.default_rng(65)
    rows = [unit(A, f"a{k}", 10, int(rng.binomial(10, 0.2))) for k in range(30)]
    rows += [unit(B, f"b{k}", 10, int(rng.binomial(10, 0.3))) for k in range(30)]
    check = checked(rows)
    found = report(rows)
    assert isinstance(found.leave_one_out, Interval) and found.leave_one_out.low is not None

    assert (found.reading, found.turned_by) == ("better", ("b4",))
    assert report([row for row in rows if row.unit != "b4"]).reading == "open"
    assert found.leave_one_out.low > 0
    assert check.status == "warn"
    assert "without account b4 the primary metric would no longer show a gain" in check.detail


def test_the_triggered_estimator_is_told_by_its_own_accounts() -> None:
    """Where it decides, the degrees of freedom are those of the discordant accounts, and too few of them block."""
    rows = [unit(arm, f"{arm}-{k}", 10, 2 + k % 2) for arm in (A, B) for k in range(30)]
    rows += [unit(arm, f"{arm}-d{k}", 10, 3 + k % 2, "arm_first") for arm in (A, B) for k in range(3)]
    found = report(rows, "triggered")

    assert found.estimator == "triggered"
    assert found.df == pytest.approx(4.0)
    assert checked(rows, "triggered").status == "fail"
    assert checked(rows).status != "fail"
    assert report(rows[:60], "triggered").estimator == "itt"


def test_leads_still_followed_count_in_the_degrees_of_freedom() -> None:
    """A delayed row reads every lead as far as it was followed, so the accounts that wait count as well."""
    rows = [unit(arm, f"{arm}-{k}", 10, 1, mature=10 if k < 4 else 1) for arm in (A, B) for k in range(20)]

    assert report(rows, everybody_mature=False).df == pytest.approx(38.0)
    assert float(cast(float, report(rows).df)) < 20


def test_phases_are_compared_within_themselves() -> None:
    """Two phases of the same accounts: the twin weighs them by accounts, the names stay those of the accounts."""
    rows = [
        *SMALL,
        *rows_of(A, LEADS_A, SQLS_A, 2),
        *rows_of(B, LEADS_B, SQLS_B, 2),
    ]
    found, one = report(rows), report(SMALL)
    assert isinstance(found.per_account, Estimate) and isinstance(one.per_account, Estimate)

    assert found.per_account.value == pytest.approx(one.per_account.value)
    assert found.accounts == (12, 14)
    assert float(cast(float, found.df)) > float(cast(float, one.df))


def test_money_is_in_currency_units() -> None:
    """Revenue per account in minor units is told in major ones; how alike leads are is not told of money."""
    base = protocol(unit="account")
    revenue = next(metric for metric in base.then if metric.metric == "revenue_per_lead")
    rows = [unit(arm, f"{arm}-{k}", 4, 0, total=10_000 * (k + (arm == B))) for arm in (A, B) for k in range(8)]
    found = report(rows, protocol=replace(base, primary=revenue), money_number={revenue: 0})

    assert isinstance(found.per_account, Estimate)
    assert found.per_account.value == pytest.approx(100.0)
    assert isinstance(found.icc, NotEstimable) and found.icc.reason == "needs_lead_values"


def test_what_cannot_be_told_is_a_reason() -> None:
    """One account holds an arm: no df, no range, no twin; JSON without a NaN. Randomised leads have no report."""
    found = report([unit(A, "only", 40, 3), *rows_of(B, LEADS_B, SQLS_B)])
    text = json.dumps(found.to_dict())

    assert isinstance(found.df, NotEstimable) and found.df.reason == "one_account"
    assert found.to_dict()["df"] == {"not_estimable": "one_account"}
    assert found.to_dict()["leave_one_out"] == {"not_estimable": "one_account"}
    assert found.to_dict()["per_account"]["p_value"] == {"not_estimable": "one_account"}
    assert "NaN" not in text and "Infinity" not in text
    assert accounts_report(cast(Study, FakeStudy(SMALL, by_account=False)), B, "itt") is None
    assert accounts_report(cast(Study, FakeStudy([unit(A, "x", 4, 0, mature=0), SMALL[-1]])), B, "itt") is None
    assert checked([unit(A, "only", 40, 3), *SMALL[6:]]).status == "fail"


def contrast(low: float, high: float, base: float = 0.10) -> Contrast:
    """A comparison whose relative limits are close to these."""
    middle, half = (low + high) / 2, (high - low) / 2
    return Contrast(base, base * (1 + middle), 0.0, (base * half / Z) ** 2, 0.0, float("inf"))


@pytest.mark.parametrize(
    ("aim", "limits", "expected"),
    [
        pytest.param("growth", (0.01, 0.10), "better", id="a gain"),
        pytest.param("growth", (-0.10, -0.01), "worse", id="a loss"),
        pytest.param("growth", (-0.03, 0.03), "no_gain", id="the minimum effect of 5% is ruled out"),
        pytest.param("growth", (-0.03, 0.08), "open", id="nothing yet"),
        pytest.param("efficiency", (-0.04, 0.02), "better", id="within the margin of 5%"),
        pytest.param("efficiency", (-0.12, -0.06), "worse", id="beyond the margin"),
        pytest.param("efficiency", (-0.08, -0.01), "no_gain", id="worse, perhaps within the margin"),
        pytest.param("efficiency", (-0.08, 0.03), "open", id="efficiency open"),
    ],
)
def test_what_the_primary_says(aim: Any, limits: tuple[float, float], expected: str) -> None:
    """The reading follows the rule of the verdict, guardrails and precision apart."""
    base = protocol(unit="account")
    margin = Margin(0.05, "relative") if aim == "efficiency" else None
    declared = replace(base, aim=aim, primary=replace(base.primary, minimum_effect=0.05, margin=margin))

    assert says(declared, contrast(*limits), Z) == expected


def test_a_metric_that_is_better_lower_is_turned_round() -> None:
    """Fewer rejections are a gain."""
    base = protocol(unit="account")
    declared = replace(base, primary=Metric("rejected_per_lead", 30, 0.05))

    assert says(declared, contrast(-0.2, -0.1), Z) == "better"
    assert says(declared, contrast(0.1, 0.2), Z) == "worse"


def test_effort_per_win_has_the_variance_and_degrees_of_freedom_of_r() -> None:
    """Touches per deal won: CR1 over accounts, Satterthwaite's degrees of freedom with wins as sizes.

    R 4.2.2, clubSandwich 0.5.8; W wins and T touches by account, one row per win with y = T / W, g the account:
    > x <- function(W, T, g0) data.frame(g = g0 + rep(seq_along(W), W), y = rep(T/W, W))
    > a <- x(c(2,1,1,3,1,2), c(9,4,2,10,6,5), 0); b <- x(c(1,2,2,1,4), c(3,9,4,1,11), 10)
    > vcovCR(lm(y ~ 1, a), cluster = a$g, type = "CR1") 0.2064, of b 0.218; means 3.6 and 2.8
    > coef_test(lm(y ~ arm, d), vcov = "CR2", cluster = d$g, test = "Satterthwaite") gives d.f. 6.87793783169 for arm.
    """
    wins, touches = ((2, 1, 1, 3, 1, 2), (1, 2, 2, 1, 4)), ((9, 4, 2, 10, 6, 5), (3, 9, 4, 1, 11))
    rows = [
        unit(arm, f"{arm}-{k}", 5, 0, won=w, t=1000 * t)
        for arm, ws, ts in zip((A, B), wins, touches, strict=True)
        for k, (w, t) in enumerate(zip(ws, ts, strict=True))
    ]
    found = accounts.effort(rows, A, B)
    difference = found.difference(Z)
    assert isinstance(difference, Estimate) and difference.interval.high is not None
    expected = Contrast(3.6, 2.8, 0.2064, 0.218, 0.0, 6.87793783169)

    assert (found.control.value, found.treatment.value) == pytest.approx((3.6, 2.8))
    assert difference.interval.high == pytest.approx(expected.difference(z=Z).interval.high)
    assert found.p_value == pytest.approx(expected.p_value())


def test_all_wins_of_one_account_leave_no_effort_to_compare() -> None:
    """An arm whose only winner is one account has a reason, not an interval of no width."""
    rows = [unit(arm, f"{arm}-{k}", 5, 0, won=int(k == 0 or arm == A), t=1000) for arm in (A, B) for k in range(5)]
    found = accounts.effort(rows, A, B).difference(Z)

    assert isinstance(found, NotEstimable) and found.reason == "one_account"


def test_the_sums_only_form_is_cr1() -> None:
    """V = K/(K−1)·(ΣY² − 2RΣYn + R²Σn²)/N² from sums alone is R's CR1.

    R 4.2.2, clubSandwich 0.5.8, one row per lead of accounts of (12, 3, 7, 1, 5, 9) leads with (4, 0, 3, 1, 1, 2) SQLs:
    > vcovCR(lm(y ~ 1, a), cluster = a$g, type = "CR1") gives 0.00264182212734.
    """
    from mqlab.stats.means import RatioSums, ratio_metric

    n, y = np.array(LEADS_A), np.array(SQLS_A)
    sums = RatioSums(6, int(y.sum()), int(n.sum()), int(y @ y), int(n @ n), int(y @ n))
    found = ratio_metric(sums, sums)

    assert isinstance(found, Contrast)
    assert found.control_variance == pytest.approx(0.00264182212734)
