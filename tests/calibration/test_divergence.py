"""Bar S4: strata frozen at first divergence against strata read at the end of the window.

The process of statistics.md section 3.4. Handing a lead over changes what it does next: for 21 days it visits the site
three times as often, and nurture mails stop, so that later crossings of either definition depend on the arm. Both
definitions are judged every day on what really happened in the lead's own arm. What is tested is the function that
`mqlab analyze` takes its strata from, the estimators behind its rows, and its check `arm_by_stratum`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mqlab.analysis.checks import arm_by_stratum
from mqlab.analysis.comparison import Comparison
from mqlab.analysis.delays import per_lead, per_lead_triggered
from mqlab.analysis.rates import STRATA
from mqlab.analysis.results import Check
from mqlab.analysis.strata import NAMES, NEVER, first_divergence
from mqlab.leads.instants import DAY_US
from mqlab.stats.estimate import Estimate
from mqlab.warehouse.followed import FollowedRow
from tests.calibration.mature_rows import ARMS, HORIZON, PLANNED_END_Z, by_stratum

RUNS, LEADS, DAYS, SEED = 300, 6_000, 60, 11


@dataclass(frozen=True)
class Played:
    """What happened to every lead under its arm: when each definition fired, and whether it became an SQL."""

    control_us: npt.NDArray[np.int64]
    arm_us: npt.NDArray[np.int64]
    sql: npt.NDArray[np.bool_]


def play(rng: np.random.Generator, in_arm: npt.NDArray[np.bool_]) -> Played:
    """Sixty days of every lead.

    The control wants four visits in two weeks; the challenger three, and a click on a nurture mail ever. An SQL is the
    likelier the keener the lead, the more if sales has it, the more the earlier.
    """
    count = len(in_arm)
    keen = rng.gamma(1.2, 1.0, count)
    fired = {name: np.full(count, NEVER, dtype=np.int64) for name in ("control", "arm")}
    handed = np.full(count, NEVER, dtype=np.int64)
    visits = np.zeros((DAYS, count), dtype=np.int16)
    clicks = np.zeros(count, dtype=np.int16)
    recent = np.zeros(count, dtype=np.int64)
    for day in range(DAYS):
        with_sales = handed < day
        busy = with_sales & (day - handed <= 21)
        visits[day] = rng.poisson(0.06 * keen * np.where(busy, 3.0, 1.0))
        clicks += rng.poisson(np.where(with_sales, 0.0, 0.03)).astype(np.int16)
        recent += visits[day]
        if day >= 14:
            recent -= visits[day - 14]
        for name, holds in (("control", recent >= 4), ("arm", (recent >= 3) & (clicks > 0))):
            fired[name] = np.where(holds & (fired[name] == NEVER), day, fired[name])
        own = np.where(in_arm, fired["arm"], fired["control"])
        handed = np.where((handed == NEVER) & (own == day), day, handed)
    worked = np.where(handed == NEVER, 0.0, 0.22 - 0.001 * np.minimum(handed, DAYS))
    chance = np.clip(0.01 + 0.012 * keen + worked, 0.0, 1.0)
    to_us = {name: np.where(at == NEVER, NEVER, np.minimum(at, DAYS) * DAY_US) for name, at in fired.items()}
    return Played(to_us["control"], to_us["arm"], rng.random(count) < chance)


def rows_of(
    in_arm: npt.NDArray[np.bool_], code: npt.NDArray[np.int8], sql: npt.NDArray[np.bool_]
) -> tuple[FollowedRow, ...]:
    """The rows that the warehouse returns for such leads."""
    strata = [code == NAMES.index(name) for name in STRATA]
    sides = (~in_arm, in_arm)
    x, n = ([[int((mine & side & won).sum()) for mine in strata] for side in sides] for won in (sql, True))
    return by_stratum(x[0], n[0], x[1], n[1])


def at_end_of_window(played: Played) -> npt.NDArray[np.int8]:
    """The mistake: which definitions have fired by day 60, whoever fired first."""
    control, arm = played.control_us != NEVER, played.arm_us != NEVER
    return np.select([control & arm, control, arm], [1, 2, 3], default=0).astype(np.int8)


def difference(rows: tuple[FollowedRow, ...], compare: Callable[..., Comparison] = per_lead_triggered) -> Estimate:
    """The estimate of a row of `mqlab analyze`."""
    found = compare(rows, *ARMS, HORIZON).difference(PLANNED_END_Z)
    assert isinstance(found, Estimate)
    return found


def depends_on_arm(rows: tuple[FollowedRow, ...]) -> Check:
    """The check `arm_by_stratum` of an analysis that has counted these leads."""
    census = [SimpleNamespace(arm=row.arm, strata={"arm": row.stratum}, units=row.leads) for row in rows]
    study: Any = SimpleNamespace(control="control", census=census)
    return arm_by_stratum(study, "arm")


@dataclass(frozen=True)
class Tally:
    """One estimator over the runs."""

    estimates: list[float]
    covered: list[bool]
    checks: list[Check]

    def add(self, estimate: Estimate, truth: float) -> None:
        """One run."""
        assert estimate.value is not None
        self.estimates.append(estimate.value)
        self.covered.append(estimate.interval.contains(truth))

    @property
    def rejected(self) -> float:
        """The share of runs in which the independence of arm and stratum is rejected at .01."""
        return float(np.mean([check.p_value is not None and check.p_value < 0.01 for check in self.checks]))


@pytest.fixture(scope="module")
def runs() -> tuple[float, dict[str, Tally]]:
    """The truth, every lead played under both arms with the same random numbers, and the runs of three estimators."""
    gaps = []
    for seed in range(40):
        under = [play(np.random.default_rng([SEED, seed]), np.full(25_000, arm)) for arm in (False, True)]
        gaps.append(under[1].sql.mean() - under[0].sql.mean())
    truth = float(np.mean(gaps))
    tallies = {name: Tally([], [], []) for name in ("itt", "end of window", "first divergence")}
    for run in range(RUNS):
        rng = np.random.default_rng([SEED, 1_000_000 + run])
        in_arm = rng.random(LEADS) < 0.5
        played = play(rng, in_arm)
        frozen = first_divergence(played.control_us, played.arm_us, cadence_us=DAY_US, as_of_us=100 * DAY_US).code
        for name, code in (("first divergence", frozen), ("end of window", at_end_of_window(played))):
            rows = rows_of(in_arm, code, played.sql)
            tallies[name].add(difference(rows), truth)
            tallies[name].checks.append(depends_on_arm(rows))
            if name == "first divergence":
                tallies["itt"].add(difference(rows, per_lead), truth)
    return truth, tallies


@pytest.mark.calibration
def test_first_divergence_is_unbiased_and_covers(runs: tuple[float, dict[str, Tally]]) -> None:
    """The triggered interval covers the truth in at least 91 % of runs, and its bias is below 0.0011."""
    truth, tallies = runs
    found = tallies["first divergence"]

    assert np.mean(found.covered) >= 0.91
    assert abs(np.mean(found.estimates) - truth) < 0.0011


@pytest.mark.calibration
def test_first_divergence_is_independent_of_the_arm(runs: tuple[float, dict[str, Tally]]) -> None:
    """Arm × stratum is rejected at .01 in at most 3 % of runs."""
    _, tallies = runs

    assert tallies["first divergence"].rejected <= 0.03


@pytest.mark.calibration
def test_strata_at_the_end_of_the_window_are_flagged(runs: tuple[float, dict[str, Tally]]) -> None:
    """The wrong strata fail S4: read at the end of the window they block 95 % of runs, are biased and under-cover."""
    truth, tallies = runs
    wrong = tallies["end of window"]

    assert wrong.rejected >= 0.95
    assert np.mean([check.status == "fail" for check in wrong.checks]) >= 0.95
    assert abs(np.mean(wrong.estimates) - truth) > 0.0022
    assert np.mean(wrong.covered) < 0.85


@pytest.mark.calibration
def test_the_triggered_estimator_is_tighter_than_intention_to_treat(runs: tuple[float, dict[str, Tally]]) -> None:
    """First-divergence strata take variance away even where handing over changes behaviour."""
    _, tallies = runs

    assert np.var(tallies["itt"].estimates) > 1.2 * np.var(tallies["first divergence"].estimates)
