"""Coverage and gain of the triggered estimator: bars S2 and S3, and its relative forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqlab.stats import score, triggered
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate
from mqlab.stats.precision import Precision, Qualified, QualifiedPair, efficient_precision
from mqlab.stats.strata import Pair, Strata
from mqlab.stats.tails import critical_z

pytestmark = pytest.mark.calibration
Z = critical_z(0.05)
D = 0.25 * 0.2 / 1.8  # swap with overlap J = .8 and 25% MQLs under both rules
SHARES = np.array([0.25 - D, D, D, 1 - 0.25 - D])  # both, control first, arm first, none
CONTROL = np.array([0.30, 0.15, 0.04, 0.01])
TREATMENT = np.array([0.30, 0.04, 0.25, 0.01])


def simulate(rng, runs, units, treatment) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Units and outcomes by run and stratum in each arm, units split in half."""
    n_a, n_b = (rng.multinomial(units // 2, SHARES, size=runs) for _ in range(2))
    return n_a, rng.binomial(n_a, CONTROL), n_b, rng.binomial(n_b, treatment)


@pytest.mark.parametrize("treatment", [CONTROL, TREATMENT], ids=["no effect", "swap"])
def test_coverage_and_gain_of_the_triggered_estimator(treatment):
    """S2: ITT and triggered intervals cover in .945–.955 of 20,000 runs; the swap's variance ratio is 11.8–13.2."""
    rng = np.random.default_rng(20_250_101)
    n_a, x_a, n_b, x_b = simulate(rng, 20_000, 8_000, treatment)
    truth = float(SHARES @ (treatment - CONTROL))
    m_a, m_b, y_a, y_b = (v[:, 1:3].sum(axis=1) for v in (n_a, n_b, x_a, x_b))
    share = (m_a + m_b) / 8_000
    plain = (x_b.sum(axis=1) - x_a.sum(axis=1)) / 4_000
    diluted = share * (y_b / m_b - y_a / m_a)
    covered_itt = np.abs(score.z_difference(x_a.sum(axis=1), 4_000, x_b.sum(axis=1), 4_000, truth)) <= Z
    covered = np.abs(score.z_difference(y_a, m_a, y_b, m_b, truth / share)) <= Z

    assert 0.945 <= covered_itt.mean() <= 0.955
    assert 0.945 <= covered.mean() <= 0.955
    assert diluted.mean() == pytest.approx(truth, abs=4 * diluted.std() / math.sqrt(20_000))
    if treatment is TREATMENT:
        assert 11.8 <= plain.var() / diluted.var() <= 13.2


def test_few_events_need_the_score_interval():
    """S3: with two events per arm among discordant leads MN×π_D covers ≥ .945 and Wald's dilution < .94."""
    rng = np.random.default_rng(20_250_102)
    runs, units, share = 20_000, 8_000, 0.026
    truth = share * (0.025 - 0.016)
    m_a, m_b = (rng.binomial(units // 2, share, runs) for _ in range(2))
    y_a, y_b = rng.binomial(m_a, 0.016), rng.binomial(m_b, 0.025)
    seen = (m_a + m_b) / units
    covered = np.abs(score.z_difference(y_a, m_a, y_b, m_b, truth / seen)) <= Z
    q_a, q_b = y_a / m_a, y_b / m_b
    variance = seen**2 * (q_a * (1 - q_a) / m_a + q_b * (1 - q_b) / m_b) + (q_b - q_a) ** 2 * seen * (1 - seen) / units
    wald = np.abs(seen * (q_b - q_a) - truth) <= Z * np.sqrt(variance)

    assert covered.mean() >= 0.945
    assert wald.mean() < 0.94


def test_coverage_of_relative_lift_and_precision():
    """The log-delta intervals of the relative lift and of the precision's change cover in .94–.96 of 6,000 runs."""
    rng = np.random.default_rng(1_200)
    n_a, x_a, n_b, x_b = (v.tolist() for v in simulate(rng, 6_000, 8_000, TREATMENT))
    lift = float(SHARES @ TREATMENT / (SHARES @ CONTROL)) - 1
    precision = float((SHARES[[0, 2]] @ TREATMENT[[0, 2]]) / (SHARES[[0, 1]] @ CONTROL[[0, 1]])) - 1
    hits, precise = 0, 0
    for na, xa, nb, xb in zip(n_a, x_a, n_b, x_b, strict=True):
        pairs = [Pair(Counts(xa[s], na[s]), Counts(xb[s], nb[s])) for s in range(4)]
        found = triggered.relative_lift(Strata(*pairs), z=Z)
        own = efficient_precision(
            pairs[0].pooled,
            QualifiedPair(Qualified(na[1], na[1], xa[1]), Qualified(nb[1], 0, 0)),
            QualifiedPair(Qualified(na[2], 0, 0), Qualified(nb[2], nb[2], xb[2])),
            8_000,
            z=Z,
        )
        assert isinstance(found, Estimate) and isinstance(own, Precision) and isinstance(own.relative, Estimate)
        hits += found.interval.contains(lift)
        precise += own.relative.interval.contains(precision)

    assert 0.94 <= hits / 6_000 <= 0.96
    assert 0.94 <= precise / 6_000 <= 0.96
