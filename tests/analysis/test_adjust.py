"""Post-stratification by a covariate: R's answers, which cells are put together, and what it may not touch."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis import phases, rates
from mqlab.analysis.adjust import FEWEST_LEADS, MOST_LEVELS, per_lead_adjusted
from mqlab.analysis.comparison import Comparison
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.strata import Pair
from mqlab.warehouse.sufficient import Cell

Z = 1.959963984540054
A, B = "control", "challenger"
R_TABLE = {"organic": ((20, 400), (25, 380)), "paid": ((40, 250), (66, 300)), "event": ((45, 150), (40, 120))}
"""SQLs and leads of control and challenger by source."""

Table = dict[str, tuple[tuple[int, int], tuple[int, int]]]


def cell(phase: int, arm: str, segment: str | None, x: int, n: int, stratum: str = "none") -> Cell:
    """A cell with SQLs only."""
    stages = {"sql": x}
    return Cell(phase, arm, stratum, segment, n, n, 0, stages, {"sql": 0}, 0, 0)


def cells_of(table: Table, phase: int = 1) -> list[Cell]:
    """The cells of one phase."""
    return [
        cell(phase, arm, segment, *counts)
        for segment, sides in table.items()
        for arm, counts in zip((A, B), sides, strict=True)
    ]


def adjusted(cells: Sequence[Cell]) -> Comparison:
    """SQL per lead, post-stratified by source."""
    return per_lead_adjusted(cells, A, B, lambda each: each.x["sql"], by="source")


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def test_estimate_and_test_are_those_of_r() -> None:
    """The common effect is Lin's regression's, its test Mantel and Haenszel's.

    R 4.2.2, with n_a = 400, 250, 150 and x_a = 20, 40, 45; n_b = 380, 300, 120 and x_b = 25, 66, 40 in three sources:
    > mantelhaen.test(array(rbind(x_a, n_a - x_a, x_b, n_b - x_b), dim = c(2, 2, 3)), correct = FALSE)
    statistic 3.92552640207, p-value 0.0475582990696
    > coef(lm(y ~ arm * (s2 + s3), data = d))["arm"]      # Lin: s2, s3 are dummies of the sources less their means
    0.0339473684211
    > w <- table(d$s) / nrow(d); sum(w * x_a / n_a); sum(w * x_b / n_b)
    0.13  0.163947368421, the rates of control and challenger.
    """
    found = adjusted(cells_of(R_TABLE))

    assert found.p_value == pytest.approx(0.0475582990696, rel=1e-9)
    assert estimate(found.difference(Z)).value == pytest.approx(0.0339473684211, rel=1e-9)
    assert (found.control.value, found.treatment.value) == pytest.approx((0.13, 0.163947368421))
    assert (found.control.mature_units, found.control.numerator) == (800, 105)
    assert found.method == "Miettinen–Nurminen score post-stratified by source, Cochran–Mantel–Haenszel"
    assert "levels of source: event, organic, paid" in found.note


def test_the_interval_has_the_width_of_the_stratified_variance() -> None:
    """Half its width is z times √(Σ w_s² Var_s), 0.0170404407101 in R on the same data, within 2%."""
    interval = estimate(adjusted(cells_of(R_TABLE)).difference(Z)).interval

    assert (interval.high - interval.low) / 2 == pytest.approx(Z * 0.0170404407101, rel=0.02)  # type: ignore[operator]


def test_levels_are_compared_within_phases() -> None:
    """Two phases and two levels are four strata: φ × s."""
    tables: list[Table] = [
        {"ads": ((10, 100), (12, 100)), "event": ((30, 60), (25, 40))},
        {"ads": ((50, 400), (66, 410)), "event": ((40, 90), (44, 95))},
    ]
    pairs = [Pair(Counts(*sides[0]), Counts(*sides[1])) for table in tables for sides in (table["ads"], table["event"])]
    found = adjusted([each for phase, table in enumerate(tables, 1) for each in cells_of(table, phase)])

    assert found.difference(Z) == phases.difference(pairs, z=Z)
    assert found.relative(Z) == phases.relative_lift(pairs, z=Z)
    assert found.p_value == phases.p_value(pairs)
    assert "stratified by phase and source" in found.method


def test_strata_of_the_definitions_play_no_part() -> None:
    """The comparison is of all assigned leads: cells split by first-divergence stratum are added up."""
    split = [
        part
        for whole in cells_of(R_TABLE)
        for part in (
            cell(1, whole.arm, whole.segment, whole.x["sql"] // 2, whole.mature // 2, "both"),
            cell(1, whole.arm, whole.segment, whole.x["sql"] - whole.x["sql"] // 2, whole.mature - whole.mature // 2),
        )
    ]

    assert adjusted(split).difference(Z) == adjusted(cells_of(R_TABLE)).difference(Z)


def test_the_rarest_of_many_levels_are_one() -> None:
    """Of seven sources the four most frequent stand alone; missing is a source like any other."""
    cells = []
    for number, name in enumerate(["a", "b", None, "d", "e", "f", "g"]):
        for arm in (A, B):
            cells.append(cell(1, arm, name, 10 + number, 700 - 50 * number))
    found = adjusted(cells)

    assert "levels of source: (missing), (others), a, b, d" in found.note
    rest = [each for each in cells if each.segment in ("e", "f", "g")]
    pairs = [
        Pair(
            *(Counts(sum(c.x["sql"] for c in g if c.arm == s), sum(c.mature for c in g if c.arm == s)) for s in (A, B))
        )
        for g in ([c for c in cells if c.segment == name] for name in ("a", "b", None, "d"))
    ] + [
        Pair(
            *(
                Counts(sum(c.x["sql"] for c in rest if c.arm == s), sum(c.mature for c in rest if c.arm == s))
                for s in (A, B)
            )
        )
    ]
    assert found.p_value == pytest.approx(phases.p_value(pairs))


def test_a_level_with_too_few_leads_in_an_arm_is_put_with_the_next_smallest() -> None:
    """19 leads in one arm are too few, whatever the other arm has; the phase next to it keeps its levels."""
    thin: Table = {"ads": ((9, 300), (9, 19)), "event": ((30, 60), (25, 400)), "organic": ((20, 500), (20, 500))}
    full: Table = {"ads": ((9, 90), (9, 90)), "event": ((30, 60), (25, 40)), "organic": ((20, 500), (20, 500))}
    found = adjusted([*cells_of(thin), *cells_of(full, 2)])
    pairs = [
        Pair(Counts(39, 360), Counts(34, 419)),
        Pair(Counts(20, 500), Counts(20, 500)),
        *(Pair(Counts(*full[name][0]), Counts(*full[name][1])) for name in full),
    ]

    assert found.p_value == pytest.approx(phases.p_value(pairs))


@pytest.mark.parametrize(
    "table",
    [
        pytest.param({"ads": ((2, 19), (4, 30)), "event": ((2, 40), (4, 30))}, id="one level left"),
        pytest.param({"ads": ((2, 90), (4, 90))}, id="one level at all"),
    ],
)
def test_without_two_levels_the_plain_comparison_stands(table: Table) -> None:
    """What cannot be adjusted is the plain comparison, and says so."""
    cells = cells_of(table)
    found, plain = adjusted(cells), rates.per_lead(cells, A, B, lambda each: each.x["sql"])

    assert "too few leads to post-stratify by source" in found.note
    assert (found.difference(Z), found.p_value, found.method) == (plain.difference(Z), plain.p_value, plain.method)


def test_nobody_to_compare_has_its_reason() -> None:
    """No cells, or one arm only: a reason, never a number."""
    assert isinstance(adjusted([]).difference(Z), NotEstimable)
    alone = adjusted([cell(1, A, "ads", 3, 90), cell(1, A, "event", 3, 90)])
    assert isinstance(alone.difference(Z), NotEstimable) and isinstance(alone.p_value, NotEstimable)


@st.composite
def worlds(draw: st.DrawFn) -> list[Cell]:
    """Up to two phases, up to eight levels, arms of any size."""
    cells = []
    for phase in range(1, draw(st.integers(1, 2)) + 1):
        for level in range(draw(st.integers(1, 8))):
            for arm in (A, B):
                n = draw(st.integers(0, 120))
                cells.append(cell(phase, arm, f"level-{level}", draw(st.integers(0, n)), n))
    return cells


@settings(deadline=None, max_examples=100)
@given(worlds(), st.randoms())
def test_order_and_names_do_not_matter_and_interval_and_test_agree(cells: list[Cell], random: object) -> None:
    """Shuffled cells give the same answer; 0 lies outside exactly when p < .05; every lead is counted."""
    shuffled = list(cells)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found = adjusted(cells)

    assert adjusted(shuffled).difference(Z) == found.difference(Z)
    assert found.control.mature_units == sum(each.mature for each in cells if each.arm == A)
    difference = found.difference(Z)
    if isinstance(difference, Estimate) and isinstance(found.p_value, float) and abs(found.p_value - 0.05) > 1e-9:
        assert difference.interval.contains(0.0) is (found.p_value >= 0.05)


@settings(deadline=None, max_examples=100)
@given(worlds())
def test_no_more_than_five_levels_none_with_fewer_than_twenty_leads_in_an_arm(cells: list[Cell]) -> None:
    """What is said of levels holds for each phase, unless a phase is one level."""
    from mqlab.analysis.adjust import _label, _places

    places = _places(cells)
    for phase in {each.phase for each in cells}:
        levels = {level for (other, _), (_, level) in places.items() if other == phase}
        assert len(levels) <= MOST_LEVELS
        for level in levels if len(levels) > 1 else ():
            for arm in (A, B):
                chosen = [e for e in cells if e.arm == arm and places[e.phase, _label(e)] == (phase, level)]
                assert sum(each.mature for each in chosen) >= FEWEST_LEADS
