"""What definitions read in leads: near misses, bars, the frontier and signals, from leads made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.analysis.explore import explore
from mqlab.analysis.explored import Explored, Read
from mqlab.definitions.model import Definition, Group, Score, WhenRule
from mqlab.definitions.tree import And, Compare, Expression, NumberLiteral, ScoreRef
from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate
from tests.analysis.world import definitions, protocol, random_facts


def asked(name: str, bound: float) -> Compare:
    return Compare(">=", ScoreRef(name), NumberLiteral(bound))


TREE = And((asked("fit", 30), asked("engagement", 50)))
BOTH = Definition("both", "1.0.0", qualify=Expression("fit >= 30 and engagement >= 50", TREE))


def read(fit: float, engagement: float, *, sql: bool = False, path: str | None = None, rules: str = "") -> Read:
    return Read(path == "score", path, sql, sql, {"fit": fit, "engagement": engagement}, frozenset(rules.split()))


def told(rows: list[Read], definition: Definition = BOTH) -> Explored:
    return Explored.of(
        {definition.ref: definition}, {definition.ref: ("b",)}, {definition.ref: rows}, (), (60, 90), 0.05
    )


def test_a_near_miss_fails_by_one_score_only():
    """Of engagement: those that reach fit; those that come by a fast track or that a gate stops are not counted."""
    rows = [read(80, score, sql=score == 48) for score in range(0, 101, 4)]
    rows += [read(10, 48), read(80, 48, path="fast_track:demo"), read(80, 48, path="gate:student")]
    table = next(one for one in told(rows).scores if one.threshold.score == "engagement")

    assert (table.leads, table.of, table.near) == (26, 29, 10.0)
    assert table.missed == Counts(1, 3) and table.passed == Counts(0, 2)


def test_bars_begin_at_the_threshold_and_hold_every_lead():
    """One bar begins at the threshold, bars touch, and their leads sum to all."""
    table = told([read(80, 3.7 * k) for k in range(25)]).scores[1]

    assert 50.0 in [each.low for each in table.bins]
    assert [each.high for each in table.bins[:-1]] == [each.low for each in table.bins[1:]]
    assert sum(each.leads for each in table.bins) == 25


@pytest.mark.parametrize(
    ("scores", "low", "high"),
    [
        pytest.param(range(0, 101, 4), 0.0, 100.0, id="bars end at the score's own bounds"),
        pytest.param(range(0, 100, 2), 0.0, 100.0, id="nobody has the most points"),
    ],
)
def test_bars_end_where_the_score_does(scores: range, low: float, high: float):
    """A score from 0 to 100 has no bar beyond 100: the last one holds leads with 100 points too."""
    definition = replace(BOTH, scores=tuple(Score(name, (), None, 1.0, 0, 100) for name in ("fit", "engagement")))
    table = next(
        one for one in told([read(80, k) for k in scores], definition).scores if one.threshold.score == "engagement"
    )

    assert (table.bins[0].low, table.bins[-1].high, table.most) == (low, high, 100)
    assert sum(each.leads for each in table.bins) == len(scores)


def test_only_what_was_handed_over_has_a_precision():
    """Below the threshold nobody was handed over, above it the precision is SQLs per hand-over."""
    rows = [read(80, 20) for _ in range(40)] + [read(80, 70, path="score", sql=k < 8) for k in range(40)]
    below, above = told(rows).scores[1].frontier

    assert not isinstance(below.precision, Estimate)
    assert isinstance(above.precision, Estimate) and above.precision.value == pytest.approx(0.2)
    assert (below.volume, above.volume) == (80, 40)


def test_signals_are_compared_with_and_without_and_adjusted():
    """The difference is the score interval of both counts; p is Benjamini–Hochberg's over the rules."""
    rules = tuple(_rule(name) for name in ("pricing", "newsletter", "nothing"))
    definition = Definition("r", "1.0.0", scores=(Score("fit", (Group("g", rules),)),))
    rows = [read(1, 1, sql=k % 4 == 0, rules="pricing" if k < 60 else "newsletter") for k in range(100)]
    rows += [read(1, 1, sql=True, rules="pricing") for _ in range(20)]
    found = {one.rule: one for one in told(rows, definition).signals}
    pricing = found["pricing"]

    assert (pricing.with_, pricing.without) == (Counts(35, 80), Counts(10, 40))
    expected = binary.difference(Counts(10, 40), Counts(35, 80), z=1.959964)
    assert pricing.difference.interval.low == pytest.approx(expected.interval.low, rel=1e-4)
    assert pricing.p_adjusted == pytest.approx(binary.p_value(Counts(10, 40), Counts(35, 80)))
    assert not isinstance(found["nothing"].difference, Estimate)


def _rule(name: str) -> WhenRule:
    return WhenRule(name, Expression("true", Compare(">=", NumberLiteral(1), NumberLiteral(0))), 1.0)


def test_a_sample_is_drawn_by_lot_and_read_alike_each_time():
    """The same facts give the same reading; SQLs and leads are those of the arms, followed for the whole horizon."""
    found = [
        explore(protocol(), definitions(), random_facts(3, 250), overrides={}, currency="EUR", fx=None) for _ in "ab"
    ]

    assert found[0] == found[1]
    assert 0 < found[0].leads <= 250
    assert {one.definition for one in found[0].signals} <= set(definitions())


def test_rejections_are_those_of_the_leads_a_definition_handed_over():
    """By rule no more are rejected than handed over, reasons add up, and together they are sales' own answers."""
    found = explore(protocol(), definitions(), random_facts(5, 400), overrides={}, currency="EUR", fx=None)

    assert {one.definition for one in found.rejections} == {"forms@1.0.0", "visits@1.0.0"}
    assert {one.rule for one in found.rejections} == {"forms", "visits"}
    for one in found.rejections:
        assert 0 < one.rejected <= one.handed
        assert sum(leads for _, leads in one.reasons) == one.rejected
