"""Plans kept: simulated experiments of the planned size have the planned power, and stop when the plan expects it."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mqlab.analysis.planning.answers import Answers
from mqlab.analysis.planning.assumed import Stated
from mqlab.analysis.planning.history import History
from mqlab.analysis.planning.inputs import plan_inputs
from mqlab.stats import power, score
from mqlab.stats.duration import Arrivals, DelayCurve, effective_units, lognormal_delays
from mqlab.stats.stopping import group_sequential, inflation
from mqlab.stats.tails import critical_z
from tests.experiments.files import protocol

pytestmark = pytest.mark.calibration
Floats = NDArray[np.float64]
BATCH = 500


def by_day_and_age(
    rng: np.random.Generator, runs: int, days: int, per_day: int, rate: float, curve: DelayCurve
) -> Floats:
    """Conversions by day of arrival and age: shape (runs, days, ages). Whoever does not convert is not in it."""
    gains = np.diff(np.array([0.0, *curve.shares])) * rate
    return rng.multinomial(per_day, [*gains, 1 - gains.sum()], size=(runs, days))[:, :, :-1].astype(np.float64)


def incidence(conversions: Floats, per_day: int, day: int) -> tuple[Floats, Floats]:
    """(F(h), Greenwood's variance) of each run at the end of a day of enrolment."""
    arrived, ages = conversions.shape[1], conversions.shape[2]
    followed = np.clip(day - np.arange(1, arrived + 1), 0, ages)
    seen = np.arange(1, ages + 1)[None, :] <= followed[:, None]
    won = (conversions * seen).sum(axis=1)
    before = np.concatenate([np.zeros((*conversions.shape[:2], 1)), np.cumsum(conversions, axis=2)[:, :, :-1]], axis=2)
    at_risk = ((per_day - before) * seen).sum(axis=1)
    survival = np.prod(1 - won / at_risk, axis=1)
    return 1 - survival, survival**2 * (won / (at_risk * (at_risk - won))).sum(axis=1)


@pytest.mark.parametrize(
    ("median", "spread"),
    [
        pytest.param(45, 1.0, id="the page's fractions"),
        pytest.param(45, 0.8, id="usual"),
        pytest.param(15, 0.8, id="fast"),
    ],
)
def test_the_information_of_a_day_is_the_variances(median: float, spread: float):
    """IF(t) of section 13, 6,000 leads in 84 days, h = 90, F = .0484, 4,000 runs: the variances' ratio to ± .03."""
    curve = lognormal_delays(median_days=median, horizon_days=90, spread=spread)
    arrivals, looks = Arrivals((0.0,), (72.0,)), (95, 125, 150, 175)
    rng = np.random.default_rng(1_313)

    rates: dict[int, list[Floats]] = {day: [] for day in looks}
    for _ in range(8):
        conversions = by_day_and_age(rng, BATCH, 84, 72, 0.0484, curve)
        for day in looks:
            rates[day].append(incidence(conversions, 72, day)[0])

    variances = {day: float(np.concatenate(found).var()) for day, found in rates.items()}
    for day in looks:
        planned = effective_units(arrivals, curve, day=day, maximum=6_048) / 6_048
        assert planned == pytest.approx(variances[175] / variances[day], abs=0.03)


def test_a_plan_of_the_overlap_has_its_power_and_stops_on_time():
    """Section 3.3's first row with four looks: power .80 ± .01 by the score test, mean information at the stop ± .01.

    The same leads compared as a whole have power .11 (the page says .112 at 8,000 leads).
    """
    q_a, q_b, share = 0.095, 0.145, 0.0882353
    fixed = power.units_control(control_rate=q_a, treatment_rate=q_b, alpha=0.05, power=0.8)
    design = group_sequential([1, 2, 3, 4], alpha=0.05)
    per_look = math.ceil(fixed * inflation(design, alpha=0.05, power=0.8) / 4)
    rng, runs = np.random.default_rng(1_314), 40_000

    x_a, x_b = (np.cumsum(rng.binomial(per_look, q, (runs, 4)), axis=1) for q in (q_a, q_b))
    n = per_look * np.arange(1, 5)
    z = score.z_difference(x_a, n, x_b, n)
    crossed = z > np.array(design.bounds)
    first = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 3)

    expected = float(design.ends(design.drift(0.8)) @ np.array(design.times))
    assert float(crossed.any(axis=1).mean()) == pytest.approx(0.80, abs=0.01)
    assert float(np.array(design.times)[first].mean()) == pytest.approx(expected, abs=0.01)
    leads = 2 * 4 * per_look / share
    whole = power.power(control_rate=0.0772059, treatment_rate=0.0816176, control_units=leads / 2, alpha=0.05)
    assert whole < 0.2


def test_a_whole_plan_with_delays_and_looks_is_kept():
    """Leads by the day, lognormal delays, the declared looks: power .80 ± .025 and the expected stop ± 2 days.

    The plan is the command's own (`Answers.required`); the simulated analyst compares F(h) by Greenwood at each look,
    2,000 runs. Under no effect the same looks reject .05 ± .015.
    """
    asked = protocol(
        ("  guardrails:\n    - {metric: won_per_lead, horizon: 180d, margin: 10%}\n"
         "    - {metric: rejected_per_mql, horizon: 30d, margin: 3pp}\n", ""),
        ("unit: account", "unit: lead"),
        ("phases: [{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]", ""),
        ("2026-10-15, 2027-04-05", "2026-09-10, 2026-10-10, 2026-11-05, 2027-04-05"),
    )  # fmt: skip
    stated = Stated(rates={"sql_per_lead": 0.10}, lift=0.30, leads_per_day=40.0, discordant_share=0.5, delay=20.0)
    inputs = plan_inputs(asked, stated, History())
    answers = Answers(asked, inputs)
    required = answers.required("itt")
    curve = inputs.curves["sql_per_lead"]
    days = math.ceil(required.leads / 40)
    end = days + 60
    looks = [*(day for day in answers.calendar.looks if day < end), end]
    design = answers.calendar.design(curve, alpha=0.05, maximum=40.0 * days, days=looks, smallest_arm=0.5)
    assert design is not None and len(design.days) >= 3
    assert required.last_look == asked.enrolment_from + timedelta(days=end - 1)

    rng = np.random.default_rng(1_315)
    stops, rejected, false = [], [], []
    for _ in range(4):
        for lift, found in ((0.30, rejected), (0.0, false)):
            arms = [by_day_and_age(rng, BATCH, days, 20, rate, curve) for rate in (0.10, 0.10 * (1 + lift))]
            read = [[incidence(arm, 20, day) for arm in arms] for day in design.days]
            z = np.stack([(b[0] - a[0]) / np.sqrt(a[1] + b[1]) for a, b in read], axis=1)
            crossed = np.abs(z) > np.array(design.stopping.bounds)
            found.append(crossed.any(axis=1))
            if lift:
                stops.append(np.where(crossed.any(axis=1), crossed.argmax(axis=1), len(looks) - 1))
    mean_day = float(np.array(design.days)[np.concatenate(stops)].mean())

    assert float(np.concatenate(rejected).mean()) == pytest.approx(0.80, abs=0.025)
    assert float(np.concatenate(false).mean()) == pytest.approx(0.05, abs=0.015)
    assert abs((required.expected_stop - asked.enrolment_from).days + 1 - mean_day) <= 2


@pytest.mark.parametrize(("margin", "units"), [(0.10, 16_338), (0.05, 68_690)])
def test_guardrails_by_enumeration(margin: float, units: int):
    """Section 13: at 8% a guardrail of the planned size has power .800–.810 and size .0250–.0254 at its margin."""

    def clears(truth: float) -> float:
        counts, weights = [], []
        for rate in (0.08, truth):
            low, high = (int(stats.binom.ppf(tail, units, rate)) for tail in (1e-9, 1 - 1e-9))
            counts.append(np.arange(low, high + 1))
            weights.append(stats.binom.pmf(counts[-1], units, rate))
        z = score.z_ratio(counts[0][:, None], units, counts[1][None, :], units, 1 - margin)
        return float(np.sum(np.outer(*weights) * (z > critical_z(0.05))))

    assert 0.7995 <= clears(0.08) <= 0.8105
    assert 0.02495 <= clears(0.08 * (1 - margin)) <= 0.02545


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.9])
def test_all_conditions_together_have_the_power_asked_for(correlation: float):
    """One primary and two guardrails, each at 1 − .2/3: all three hold in at least .80, however they are correlated."""
    each = 1 - 0.2 / 3
    drift = critical_z(0.05) + stats.norm.ppf(each)
    covariance = np.full((3, 3), correlation) + (1 - correlation) * np.eye(3)
    z = np.random.default_rng(1_316).multivariate_normal([drift] * 3, covariance, size=100_000)

    assert float((z > critical_z(0.05)).all(axis=1).mean()) >= 0.80 - 0.004


def test_the_design_effect_restores_the_power_of_accounts():
    """Accounts of lognormal sizes (cv 1.2), ICC .05: with DEFF times the leads .80 ± .03, without it below .75."""
    control, treatment, icc, mean, cv = 0.10, 0.13, 0.05, 3.0, 1.2
    effect = 1 + ((1 + cv**2) * mean - 1) * icc
    fixed = power.units_control(control_rate=control, treatment_rate=treatment, alpha=0.05, power=0.8)
    rng, spread = np.random.default_rng(1_317), math.sqrt(math.log(1 + cv**2))
    pool = np.maximum(1, np.rint(rng.lognormal(math.log(mean) - spread**2 / 2, spread, 400_000)))
    effect_of_pool = 1 + ((1 + (pool.std() / pool.mean()) ** 2) * pool.mean() - 1) * icc

    def found(leads: float) -> float:
        accounts = math.ceil(leads / pool.mean())
        rates, variances = [], []
        for rate in (control, treatment):
            sizes = rng.choice(pool, (1_500, accounts))
            spread_of_rates = (1 - icc) / icc
            own = rng.beta(rate * spread_of_rates, (1 - rate) * spread_of_rates, sizes.shape)
            won = rng.binomial(sizes.astype(np.int64), own)
            total = sizes.sum(axis=1)
            mean_rate = won.sum(axis=1) / total
            residual = ((won - mean_rate[:, None] * sizes) ** 2).sum(axis=1)
            rates.append(mean_rate)
            variances.append(residual / total**2 * accounts / (accounts - 1))
        z = (rates[1] - rates[0]) / np.sqrt(variances[0] + variances[1])
        return float((z > critical_z(0.05)).mean())

    assert effect == pytest.approx(effect_of_pool, abs=0.1)
    assert found(fixed * effect_of_pool) == pytest.approx(0.80, abs=0.03)
    assert found(fixed) < 0.75
