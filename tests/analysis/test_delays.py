"""Stages per assigned lead while leads are still being followed, and as they were once all have been."""

from __future__ import annotations

import numpy as np
import pytest

from mqlab.analysis import delays, rates
from mqlab.experiments.protocol import Metric
from mqlab.stats import incidence
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.warehouse.followed import FollowedRow
from mqlab.warehouse.sufficient import Cell

H = 30


def rows_of(
    seed: int = 1, n: int = 900, *, follow_up: tuple[int, int] = (1, 60), phases: int = 1, accounts: int = 0
) -> list[FollowedRow]:
    """Made leads, one row each: rates of the arms differ only where the definitions part."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(n):
        arm = ("control", "arm")[index % 2]
        stratum = str(rng.choice(["both", "control_first", "arm_first", "none"], p=[0.3, 0.1, 0.1, 0.5]))
        rate = {"both": 0.3, "none": 0.03}.get(stratum, 0.35 if (arm, stratum) == ("arm", "arm_first") else 0.1)
        days = min(H, int(rng.integers(*follow_up)))
        age = 1 + int(rng.exponential(9)) if rng.random() < rate else 0
        found.append(
            FollowedRow(
                phase=1 + index * phases // n,
                arm=arm,
                stratum=stratum,
                segment=None,
                unit=f"account-{index % accounts}-{arm}" if accounts else None,
                follow_up=days,
                converted=age if 0 < age <= days else 0,
                leads=1,
            )
        )
    return found


def cells_of(rows: list[FollowedRow]) -> list[Cell]:
    """The leads as counts of those followed to the end."""
    return [
        Cell(row.phase, row.arm, row.stratum, None, row.leads, row.leads, 0, {"sql": bool(row.converted)}, {}, 0, 0)
        for row in rows
    ]


def numbers(estimate: Estimate | NotEstimable) -> tuple[float, float, float]:
    """Value and limits."""
    assert isinstance(estimate, Estimate)
    assert estimate.value is not None and estimate.interval.low is not None and estimate.interval.high is not None
    return estimate.value, estimate.interval.low, estimate.interval.high


@pytest.mark.parametrize("phases", [1, 2])
@pytest.mark.parametrize("triggered", [False, True])
def test_with_everybody_followed_it_is_the_plain_comparison(phases: int, triggered: bool) -> None:
    """All mature: the same numbers as from counts, whatever the phases and the estimator."""
    rows = rows_of(follow_up=(H, H + 1), phases=phases)
    plain = (rates.per_lead_triggered if triggered else rates.per_lead)(
        cells_of(rows), "control", "arm", lambda cell: cell.x["sql"]
    )
    found = (delays.per_lead_triggered if triggered else delays.per_lead)(rows, "control", "arm", H)

    assert numbers(found.difference(1.96)) == numbers(plain.difference(1.96))
    assert numbers(found.relative(1.96)) == numbers(plain.relative(1.96))
    assert (found.p_value, found.method) == (plain.p_value, plain.method)


def test_the_value_of_an_arm_is_its_product_limit() -> None:
    """While leads are being followed an arm's value is F(h), and the outcomes seen so far stand beside it."""
    rows = rows_of()
    found = delays.per_lead(rows, "control", "arm", H)
    mine = [row for row in rows if row.arm == "control"]
    leads = incidence.Followed.of([row.follow_up for row in mine], [row.converted for row in mine], horizon_days=H)
    expected = incidence.product_limit(leads)

    assert isinstance(expected, incidence.Incidence)
    assert found.control.value == pytest.approx(expected.rate, rel=1e-12)
    assert (found.control.units, found.control.mature_units) == (len(mine), leads.mature)
    assert found.control.numerator == leads.events
    assert "incidence" in found.method


def test_a_look_before_the_end_sees_more_than_its_mature_leads() -> None:
    """Leads that are not mature yet narrow the interval: that is what the incidence is for."""
    rows = rows_of(3, 4000, follow_up=(5, 40))
    all_leads = delays.per_lead(rows, "control", "arm", H)
    window = rates.per_lead(
        cells_of([row for row in rows if row.follow_up >= H]), "control", "arm", lambda cell: cell.x["sql"]
    )

    _, low, high = numbers(all_leads.difference(1.96))
    _, window_low, window_high = numbers(window.difference(1.96))
    assert high - low < 0.8 * (window_high - window_low)
    effective = delays.effective_leads(rows, "control", "arm", H)
    assert effective is not None
    assert sum(row.follow_up >= H for row in rows) < effective < len(rows)


def test_effective_leads_of_mature_leads_are_the_leads() -> None:
    """Information is counted in leads followed to the end."""
    rows = rows_of(follow_up=(H, H + 1))

    assert delays.effective_leads(rows, "control", "arm", H) == pytest.approx(len(rows), rel=1e-9)


def test_accounts_leave_fewer_effective_leads() -> None:
    """Leads of one account tell less than as many accounts."""
    rows = rows_of(5, 2000, accounts=20)
    heavy = [
        FollowedRow(
            row.phase, row.arm, row.stratum, None, row.unit, H, 1 if hash_of(row.unit) % 3 == 0 else 0, row.leads
        )
        for row in rows
    ]

    effective = delays.effective_leads(heavy, "control", "arm", H)

    assert effective is not None and effective < 0.2 * len(rows)


def hash_of(unit: str | None) -> int:
    """A number from an account's name."""
    return int((unit or "-0-").split("-")[1])


@pytest.mark.parametrize("triggered", [False, True])
def test_accounts_are_compared_while_they_are_followed(triggered: bool) -> None:
    """The clustered incidence has limits, and its method says so."""
    found = delays.per_lead_accounts(rows_of(7, 2000, accounts=60), "control", "arm", H, triggered=triggered)

    value, low, high = numbers(found.difference(1.96))
    assert low < value < high
    assert "accounts as clusters" in found.method


def test_a_phase_that_cannot_tell_the_horizon_yet_waits() -> None:
    """A late phase is left out, with a word, until enough of its leads have been followed."""
    early = rows_of(8, 400, follow_up=(H, H + 1))
    late = [FollowedRow(2, row.arm, row.stratum, None, None, 4, 0, 1) for row in rows_of(9, 200, follow_up=(H, H + 1))]
    found = delays.per_lead([*early, *late], "control", "arm", H)

    assert found.control.units == 200
    assert "phase 2 is not followed for 30 days yet and is left out, with 200 leads" in found.note
    assert numbers(found.difference(1.96)) == numbers(delays.per_lead(early, "control", "arm", H).difference(1.96))


def test_nobody_followed_to_the_end_is_a_reason() -> None:
    """A horizon beyond the data is not estimable, and neither is an empty arm."""
    young = [FollowedRow(1, arm, "none", None, None, 4, 0, 50) for arm in ("control", "arm")]
    alone = [FollowedRow(1, "control", "none", None, None, H, 0, 50)]

    for rows in (young, alone, []):
        for method in (delays.per_lead, delays.per_lead_triggered, delays.per_lead_accounts):
            assert isinstance(method(rows, "control", "arm", H).difference(1.96), NotEstimable)
        assert isinstance(delays.per_lead(rows, "control", "arm", H).p_value, NotEstimable)


def test_only_shares_of_assigned_leads_have_a_stage() -> None:
    """Money, effort and shares of MQLs are read from mature leads."""
    assert delays.stage_of(Metric("sql_per_lead")) == "sql"
    assert delays.stage_of(Metric("mql_per_lead")) == "mql"
    for name in ("revenue_per_lead", "sql_per_mql", "effort_per_win"):
        assert delays.stage_of(Metric(name)) is None
