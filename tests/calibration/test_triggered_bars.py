"""Coverage and gain of the triggered estimator: bars S2 and S3, and the size of relative lift and precision.

Every simulated experiment goes through the functions that the rows of `mqlab analyze` come from.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from mqlab.analysis import delays, rates
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.warehouse.sufficient import Cell
from tests.calibration.mature_rows import ARMS, HORIZON, PLANNED_END_Z, by_stratum

pytestmark = pytest.mark.calibration
Counted = NDArray[np.int64]
LEADS = 8_000
D = 0.25 * 0.2 / 1.8  # swap with overlap J = .8 and 25% MQLs under both rules
SHARES = np.array([0.25 - D, D, D, 1 - 0.25 - D])  # both, control first, arm first, none
CONTROL = np.array([0.30, 0.15, 0.04, 0.01])
TREATMENT = np.array([0.30, 0.04, 0.25, 0.01])


def simulate(
    rng: np.random.Generator, runs: int, shares=SHARES, control=CONTROL, treatment=TREATMENT
) -> tuple[Counted, Counted, Counted, Counted]:
    """Outcomes and leads by run and stratum, (x_a, n_a, x_b, n_b); half of the leads in either arm."""
    n_a, n_b = (rng.multinomial(LEADS // 2, shares, size=runs) for _ in range(2))
    return rng.binomial(n_a, control), n_a, rng.binomial(n_b, treatment), n_b


def runs_of(counted: tuple[Counted, Counted, Counted, Counted]):
    """The experiments one by one."""
    return zip(*(numbers.tolist() for numbers in counted), strict=True)


def read(found: Estimate | NotEstimable, truth: float) -> tuple[float, bool]:
    """The estimate, and whether its limits hold the truth."""
    assert isinstance(found, Estimate) and found.value is not None
    return found.value, found.interval.contains(truth)


@pytest.mark.parametrize("treatment", [CONTROL, TREATMENT], ids=["no effect", "swap"])
def test_coverage_and_gain_of_the_triggered_estimator(treatment):
    """S2: ITT and triggered intervals cover in .945–.955 of 20,000 runs; the swap's variance ratio is 11.8–13.2."""
    truth = float(SHARES @ (treatment - CONTROL))
    plain, triggered = [], []
    for run in runs_of(simulate(np.random.default_rng(20_250_101), 20_000, treatment=treatment)):
        rows = by_stratum(*run)
        plain.append(read(delays.per_lead(rows, *ARMS, HORIZON).difference(PLANNED_END_Z), truth))
        triggered.append(read(delays.per_lead_triggered(rows, *ARMS, HORIZON).difference(PLANNED_END_Z), truth))
    (itt, itt_covers), (diluted, covers) = np.transpose(plain), np.transpose(triggered)

    assert 0.945 <= itt_covers.mean() <= 0.955
    assert 0.945 <= covers.mean() <= 0.955
    assert diluted.mean() == pytest.approx(truth, abs=4 * diluted.std() / math.sqrt(20_000))
    if treatment is TREATMENT:
        assert 11.8 <= itt.var() / diluted.var() <= 13.2


def test_few_events_need_the_score_interval():
    """S3: with two events per arm among discordant leads MN×π_D covers ≥ .945 and Wald's dilution < .94."""
    share, few_a, few_b = 0.026, 0.016, 0.025
    truth = share * (few_b - few_a)
    counted = simulate(
        np.random.default_rng(20_250_102),
        20_000,
        shares=[0.0, share / 2, share / 2, 1 - share],
        control=[0.0, few_a, few_a, 0.01],
        treatment=[0.0, few_b, few_b, 0.01],
    )
    covers = [
        read(delays.per_lead_triggered(by_stratum(*run), *ARMS, HORIZON).difference(PLANNED_END_Z), truth)[1]
        for run in runs_of(counted)
    ]
    y_a, m_a, y_b, m_b = (numbers[:, 1:3].sum(axis=1) for numbers in counted)
    seen, q_a, q_b = (m_a + m_b) / LEADS, y_a / m_a, y_b / m_b
    variance = seen**2 * (q_a * (1 - q_a) / m_a + q_b * (1 - q_b) / m_b) + (q_b - q_a) ** 2 * seen * (1 - seen) / LEADS
    wald = np.abs(seen * (q_b - q_a) - truth) <= PLANNED_END_Z * np.sqrt(variance)

    assert np.mean(covers) >= 0.945
    assert wald.mean() < 0.94


def cells_of(x_a: list[int], n_a: list[int], x_b: list[int], n_b: list[int]) -> tuple[Cell, ...]:
    """The counts that shares of MQLs are made of, for rules that are scored once: both, or the own arm's, are MQLs."""
    own = {"control": ("both", "control_first"), "arm": ("both", "arm_first")}
    return tuple(
        Cell(1, arm, stratum, None, n, n, n * mql, {"sql": x}, {"sql": x * mql}, 0, 0)
        for arm, xs, ns in (("control", x_a, n_a), ("arm", x_b, n_b))
        for stratum, x, n in zip(rates.STRATA, xs, ns, strict=True)
        for mql in (stratum in own[arm],)
    )


def test_coverage_of_relative_lift_and_precision():
    """The log-delta intervals of the relative lift and of the precision's change cover in .94–.96 of 6,000 runs."""
    lift = float(SHARES @ TREATMENT / (SHARES @ CONTROL)) - 1
    precision = float((SHARES[[0, 2]] @ TREATMENT[[0, 2]]) / (SHARES[[0, 1]] @ CONTROL[[0, 1]])) - 1
    lifts, precisions = [], []
    for run in runs_of(simulate(np.random.default_rng(1_200), 6_000)):
        found = delays.per_lead_triggered(by_stratum(*run), *ARMS, HORIZON)
        lifts.append(read(found.relative(PLANNED_END_Z), lift)[1])
        cells = rates.comparable(cells_of(*run), *ARMS)
        own = rates.per_mql_efficient(cells, *ARMS, "sql")
        precisions.append(read(own.relative(PLANNED_END_Z), precision)[1])

    assert 0.94 <= np.mean(lifts) <= 0.96
    assert 0.94 <= np.mean(precisions) <= 0.96
