"""Intention-to-treat is exactly the triggered effect plus the concordant part."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis.effect_split import EffectSplit, Part, of_accounts, of_leads
from mqlab.stats import triggered
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.independence import cochran_mantel_haenszel
from mqlab.stats.strata import Pair, Strata
from mqlab.warehouse.sufficient import Cell, UnitRow

Z = 1.959963984540054
A, B = "control", "challenger"
STRATA = ("both", "control_first", "arm_first", "none")
G3 = {
    "both": ((264, 880), (262, 884)),
    "control_first": ((18, 120), (6, 122)),
    "arm_first": ((5, 118), (30, 121)),
    "none": ((29, 2882), (28, 2873)),
}


def cell(phase: int, arm: str, stratum: str, x: int, n: int) -> Cell:
    """A cell with SQLs only."""
    return Cell(phase, arm, stratum, None, n, n, 0, {"sql": x}, {}, 0, 0)


def unit(phase: int, arm: str, name: str, stratum: str, x: int, n: int) -> UnitRow:
    """An account with SQLs only."""
    return UnitRow(phase, arm, name, stratum, None, n, n, 0, {"sql": x}, {}, 0, 0, 0, 0)


def split(cells: Sequence[Cell]) -> tuple[tuple[Part, Part, Part], int]:
    """The split of SQLs."""
    return of_leads(cells, A, B, lambda each: each.x["sql"], z=Z)


def value(part: Part) -> float:
    """The part's size; 0 where there is nothing in it."""
    if isinstance(part.difference, NotEstimable):
        return 0.0
    assert part.difference.value is not None
    return part.difference.value


def test_the_worked_example_of_the_specification() -> None:
    """G3 of statistics.md: .003097008 by what the definitions disagree on; the rest is the post-stratified ITT less it.

    By hand: π_both (262/884 − 264/880) + π_none (28/2873 − 29/2882) with π_both = 1764/8000 and π_none = 5755/8000.
    """
    cells = [cell(1, arm, s, *counts) for s in STRATA for arm, counts in zip((A, B), G3[s], strict=True)]
    (assigned, inside, rest), left_out = split(cells)
    strata = Strata(**{s: Pair(Counts(*G3[s][0]), Counts(*G3[s][1])) for s in STRATA})
    by_hand = 1764 / 8000 * (262 / 884 - 264 / 880) + 5755 / 8000 * (28 / 2873 - 29 / 2882)

    assert value(inside) == pytest.approx(0.003097008, abs=5e-10)
    assert value(rest) == pytest.approx(by_hand)
    assert value(assigned) == pytest.approx(triggered.post_stratified(strata))
    assert (inside.share, rest.share, left_out) == (pytest.approx(0.060125), pytest.approx(1 - 0.060125), 0)
    assert isinstance(inside.difference, Estimate)
    assert inside.difference.interval.low == pytest.approx(-0.00044218, abs=5e-9)
    assert inside.difference.interval.high == pytest.approx(0.0066941, abs=5e-8)


@st.composite
def counted(draw: st.DrawFn) -> list[Cell]:
    """Cells of up to three phases; some may be empty, in one arm or in both."""
    cells = []
    for phase in range(1, draw(st.integers(1, 3)) + 1):
        for stratum in STRATA:
            for arm in (A, B):
                n = draw(st.integers(0, 200))
                cells.append(cell(phase, arm, stratum, draw(st.integers(0, n)), n))
    return cells


@settings(deadline=None, max_examples=60)
@given(counted())
def test_the_parts_add_up_to_the_whole(cells: list[Cell]) -> None:
    """Assigned = triggered + concordant to rounding, whatever the counts; so do the shares and the leads."""
    (assigned, inside, rest), left_out = split(cells)

    assert value(assigned) == pytest.approx(value(inside) + value(rest), abs=1e-12)
    assert assigned.share == pytest.approx(inside.share + rest.share)
    total = sum(each.mature for each in cells)
    assert round(assigned.share * total) == total - left_out


@settings(deadline=None, max_examples=40)
@given(counted())
def test_swapping_the_arms_negates_every_part(cells: list[Cell]) -> None:
    """Which arm is the control decides the sign and nothing else."""
    mirrored = [cell(c.phase, A if c.arm == B else B, str(c.stratum), c.x["sql"], c.mature) for c in cells]
    for there, back in zip(split(cells)[0], split(mirrored)[0], strict=True):
        assert value(there) == pytest.approx(-value(back), abs=1e-12)
        if isinstance(there.difference, Estimate) and isinstance(back.difference, Estimate):
            assert there.difference.interval.low == pytest.approx(-(back.difference.interval.high or 0.0), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(counted())
def test_the_concordant_interval_and_the_falsification_test_agree(cells: list[Cell]) -> None:
    """Its interval excludes 0 exactly when Cochran–Mantel–Haenszel over `both` and `none` rejects.

    But for cells so unlike in size that the sum itself lies outside the test's interval: then the limit is the sum.
    """
    rest = split(cells)[0][2]
    pairs = []
    for phase in sorted({each.phase for each in cells}):
        for stratum in ("both", "none"):
            a, b = (
                Counts(sum(c.x["sql"] for c in found), sum(c.mature for c in found))
                for found in (
                    [c for c in cells if (c.phase, c.arm, c.stratum) == (phase, arm, stratum)] for arm in (A, B)
                )
            )
            pairs.append(Pair(a, b))
    test = cochran_mantel_haenszel(pairs)

    if isinstance(test, NotEstimable) or isinstance(rest.difference, NotEstimable):
        return
    assert rest.p_value == pytest.approx(test.p_value)
    if abs(test.p_value - 0.05) > 1e-6 and value(rest) not in (
        rest.difference.interval.low, rest.difference.interval.high
    ):  # fmt: skip
        assert rest.difference.interval.contains(0.0) is (test.p_value > 0.05)


@st.composite
def accounts(draw: st.DrawFn) -> list[UnitRow]:
    """Accounts of up to two phases, each with one stratum."""
    rows = []
    for number in range(draw(st.integers(2, 24))):
        n = draw(st.integers(1, 9))
        phase, arm, stratum = (
            draw(st.integers(1, 2)), draw(st.sampled_from([A, B])), draw(st.sampled_from(STRATA))
        )  # fmt: skip
        rows.append(unit(phase, arm, f"acc-{number}", stratum, draw(st.integers(0, n)), n))
    return rows


@settings(deadline=None, max_examples=60)
@given(accounts())
def test_the_parts_of_accounts_add_up_too(rows: list[UnitRow]) -> None:
    """With accounts as clusters the same identity holds, over the cells that both arms have accounts enough in."""
    (assigned, inside, rest), left_out = of_accounts(rows, A, B, lambda row: row.x["sql"], z=Z)

    assert value(assigned) == pytest.approx(value(inside) + value(rest), abs=1e-12)
    total = sum(row.mature for row in rows)
    assert round(assigned.share * total) == total - left_out


def test_what_cannot_be_told_is_a_reason() -> None:
    """No leads at all, and no discordant ones: reasons in their places, and plain JSON."""
    (nothing, _, _), left_out = split([])
    (_, inside, rest), _ = split([cell(1, A, "none", 3, 50), cell(1, B, "none", 4, 50)])
    found = EffectSplit("challenger", "sql", 30, rest, inside, rest, 0).to_dict()

    assert isinstance(nothing.difference, NotEstimable) and left_out == 0
    assert found["triggered"]["not_estimable"] == "no_units"
    assert found["triggered"]["p_value"] == {"not_estimable": "no_units"}
    assert found["concordant"]["estimate"] == pytest.approx(0.02)
    assert "NaN" not in json.dumps(found)
