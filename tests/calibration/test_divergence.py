"""Bar S4: strata frozen at first divergence against strata read at the end of the window.

The process of statistics.md section 3.4. Handing a lead over changes what it does next: for 21 days it visits the site
three times as often, and nurture mails stop, so that later crossings of either definition depend on the arm. Both
definitions are judged every day on what really happened in the lead's own arm. What is tested is the function that
`mqlab analyze` takes its strata from, and the estimator behind its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from mqlab.analysis.rates import per_lead, per_lead_triggered
from mqlab.analysis.strata import NAMES, NEVER, first_divergence
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.independence import chi_square
from mqlab.warehouse.dataset import STAGES
from mqlab.warehouse.sufficient import Cell

RUNS, LEADS, DAYS, SEED = 300, 6_000, 60, 11
DAY_US = 86_400_000_000
Z = 1.959964


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


def cells_of(in_arm: npt.NDArray[np.bool_], code: npt.NDArray[np.int8], sql: npt.NDArray[np.bool_]) -> tuple[Cell, ...]:
    """The counts that the warehouse returns for such leads."""
    found = []
    for arm, side in (("control", ~in_arm), ("arm", in_arm)):
        for number, stratum in enumerate(NAMES):
            mine = side & (code == number)
            n, x = int(mine.sum()), int((mine & sql).sum())
            reached = dict.fromkeys(STAGES, 0) | {"sql": x}
            found.append(Cell(1, arm, stratum, None, n, n, 0, reached, reached, 0, 0))
    return tuple(found)


def at_end_of_window(played: Played) -> npt.NDArray[np.int8]:
    """The mistake: which definitions have fired by day 60, whoever fired first."""
    control, arm = played.control_us != NEVER, played.arm_us != NEVER
    return np.select([control & arm, control, arm], [1, 2, 3], default=0).astype(np.int8)


def difference(cells: tuple[Cell, ...], *, triggered: bool = True) -> Estimate:
    """The estimate of a row of `mqlab analyze`."""
    compare = per_lead_triggered if triggered else per_lead
    found = compare(cells, "control", "arm", lambda cell: cell.x["sql"]).difference(Z)
    assert not isinstance(found, NotEstimable)
    return found


def depends_on_arm(cells: tuple[Cell, ...]) -> float:
    """The p-value of the check `arm_by_stratum`."""
    table = [[cell.mature for cell in cells if cell.arm == arm] for arm in ("control", "arm")]
    found = chi_square(table)
    assert not isinstance(found, NotEstimable)
    return found.p_value


@dataclass(frozen=True)
class Tally:
    """One estimator over the runs."""

    estimates: list[float]
    covered: list[bool]
    p_values: list[float]

    def add(self, estimate: Estimate, truth: float, p_value: float) -> None:
        """One run."""
        assert estimate.value is not None
        self.estimates.append(estimate.value)
        self.covered.append(estimate.interval.contains(truth))
        self.p_values.append(p_value)


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
            cells = cells_of(in_arm, code, played.sql)
            tallies[name].add(difference(cells), truth, depends_on_arm(cells))
            if name == "first divergence":
                tallies["itt"].add(difference(cells, triggered=False), truth, 1.0)
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

    assert np.mean(np.array(tallies["first divergence"].p_values) < 0.01) <= 0.03


@pytest.mark.calibration
def test_strata_at_the_end_of_the_window_are_flagged(runs: tuple[float, dict[str, Tally]]) -> None:
    """Strata read at the end of the window depend on the arm: flagged in 95 % of runs, biased, under-covering."""
    truth, tallies = runs
    wrong = tallies["end of window"]

    assert np.mean(np.array(wrong.p_values) < 0.01) >= 0.95
    assert abs(np.mean(wrong.estimates) - truth) > 0.0022
    assert np.mean(wrong.covered) < 0.85


@pytest.mark.calibration
def test_the_triggered_estimator_is_tighter_than_intention_to_treat(runs: tuple[float, dict[str, Tally]]) -> None:
    """First-divergence strata take variance away even where handing over changes behaviour."""
    _, tallies = runs

    assert np.var(tallies["itt"].estimates) > 1.2 * np.var(tallies["first divergence"].estimates)
