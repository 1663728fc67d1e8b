"""Looks against their boundaries: what was recorded and this look, with every number in a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.reports.look_chart import boundaries
from mqlab.reports.signatures import OnRecord
from mqlab.stats.estimate import Estimate, Interval, NotEstimable, implied_z
from tests.reports.samples import BERLIN, record, ship


def test_recorded_looks_stand_beside_this_one():
    """Each look has its information, boundary, z and interval; only this one's stand in the analysis."""
    (chart,) = boundaries(ship(), record(), BERLIN)
    rows = [[cell.text for cell in row] for row in chart.numbers.rows]

    assert [row[:1] + row[2:5] + row[6:] for row in rows] == [
        ["1 Oct 2026", "40.0%", "3.20", "+1.28", "no decision yet"],
        ["5 Apr 2027", "81.0%", "2.21", "+2.70", "ship"],
    ]
    assert [row[3].source is not None for row in chart.numbers.rows] == [False, True]
    assert "z +2.70, beyond the boundary of 2.21" in chart.alternative


def test_looks_without_a_record_are_said():
    """Where the boundary counts a look that nobody recorded, the table says that its number is missing."""
    result = replace(ship(), counts={**ship().counts, "looks": 2})
    (chart,) = boundaries(result, OnRecord(), BERLIN)

    assert "The boundary counts 2 looks; what 1 of them said is not recorded." in chart.numbers.note


def test_nothing_is_drawn_before_the_first_look():
    """A primary that cannot be read yet has no boundary and no picture."""
    early = replace(ship(), metrics=tuple(replace(row, look=None) for row in ship().metrics))

    assert list(boundaries(early, OnRecord(), BERLIN)) == []


@pytest.mark.parametrize(
    ("value", "low", "high", "beyond"),
    [
        pytest.param(0.01, 0.001, 0.03, True, id="a gain is shown"),
        pytest.param(0.01, -0.001, 0.03, False, id="a gain is not shown"),
        pytest.param(-0.01, -0.03, -0.001, True, id="a loss is shown"),
        pytest.param(-0.01, -0.03, 0.002, False, id="a loss is not shown"),
    ],
)
def test_z_is_beyond_the_boundary_where_the_interval_excludes_0(value: float, low: float, high: float, beyond: bool):
    """The implied statistic and the repeated interval say the same."""
    z = implied_z(Estimate(value, Interval(low, high)), 2.2)

    assert z is not None
    assert (abs(z) > 2.2, z > 0) == (beyond, value > 0)


def test_without_an_interval_there_is_no_z():
    """What is not estimable, or has no limit on the side of 0, has no statistic."""
    assert implied_z(NotEstimable("not_due"), 2.0) is None
    assert implied_z(Estimate(0.1, Interval(None, 0.2)), 2.0) is None
