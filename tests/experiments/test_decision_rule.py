"""The verdict: every cell of its table, with reasons in words and numbers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.experiments.decision_rule import Guardrail, Precision, Reading, verdict
from mqlab.experiments.protocol import Margin
from mqlab.stats.estimate import Interval, NotEstimable

TEN = Margin(0.10, "relative")
FIVE = Margin(0.05, "relative")
THREE_POINTS = Margin(0.03, "points")


def sql(low, high):
    return Reading("sql_per_lead", Interval(low, high))


def won(low, high, margin=TEN):
    return Guardrail(Reading("won_per_lead", Interval(low, high)), margin)


def rejected(low, high):
    """A guardrail in points whose rise is worse."""
    return Guardrail(Reading("rejected_per_mql", Interval(None, None), Interval(low, high)), THREE_POINTS)


def growth(primary, *guardrails, **known):
    return verdict(aim="growth", primary=primary, minimum_effect=0.05, guardrails=guardrails, **known)


def efficiency(primary, gain, *guardrails, margin=FIVE, minimum_effect=0.0, **known):
    return verdict(
        aim="efficiency",
        primary=primary,
        minimum_effect=0.05,
        margin=margin,
        precision=Precision(gain, minimum_effect),
        guardrails=guardrails,
        **known,
    )


def precision(low, high):
    return Reading("sql_per_mql", Interval(low, high))


WON_LATER = Guardrail(Reading("won_per_lead", NotEstimable("not_due"), due_on=date(2027, 4, 5)), TEN)
NO_ACTIVITY = Guardrail(
    Reading("touched_within_sla", NotEstimable("no_activity_data"), NotEstimable("no_activity_data")), THREE_POINTS
)
GROWTH = [
    pytest.param(sql(0.01, 0.08), [], "ship", ["sql_per_lead [+1.0%, +8.0%]: better"], id="ship without guardrails"),
    pytest.param(
        sql(0.01, 0.08), [won(-0.09, 0.2)], "ship", ["clear of the margin of 10%"], id="ship, guardrail clear"
    ),
    pytest.param(sql(0.01, None), [won(-0.09, None)], "ship", ["[+1.0%, …]"], id="ship, unbounded above"),
    pytest.param(
        sql(0.01, 0.08),
        [won(-0.11, 0.2)],
        "inconclusive",
        ["beyond the margin of 10% is not ruled out", "ship waits"],
        id="guardrail not clear",
    ),
    pytest.param(
        sql(0.01, 0.08), [won(-0.10, 0.2)], "inconclusive", ["not ruled out"], id="guardrail exactly at its margin"
    ),
    pytest.param(sql(0.01, 0.08), [won(None, 0.2)], "inconclusive", ["[…, +20.0%]"], id="guardrail unbounded below"),
    pytest.param(
        sql(0.01, 0.08),
        [WON_LATER],
        "inconclusive",
        ["won_per_lead is due 2027-04-05"],
        id="guardrail not due blocks ship",
    ),
    pytest.param(
        sql(0.01, 0.08),
        [NO_ACTIVITY],
        "inconclusive",
        ["touched_within_sla cannot be estimated: no_activity_data"],
        id="guardrail without data blocks ship",
    ),
    pytest.param(sql(-0.08, -0.01), [], "harm", ["sql_per_lead [−8.0%, −1.0%]: worse"], id="harm by the primary"),
    pytest.param(sql(-0.08, -0.01), [WON_LATER], "harm", ["worse"], id="not due does not block harm"),
    pytest.param(
        sql(0.01, 0.08),
        [won(-0.3, -0.12)],
        "harm",
        ["won_per_lead [−30.0%, −12.0%]: worse by more than the margin of 10%"],
        id="harm by a guardrail",
    ),
    pytest.param(
        sql(0.01, 0.08), [won(-0.3, -0.10)], "inconclusive", ["not ruled out"], id="upper limit exactly at the margin"
    ),
    pytest.param(sql(-0.02, 0.04), [], "keep", ["an effect of 5% or more is ruled out"], id="keep"),
    pytest.param(sql(-0.02, 0.04), [WON_LATER], "keep", ["is due"], id="not due does not block keep"),
    pytest.param(
        sql(-0.02, 0.05), [], "inconclusive", ["neither 0 nor 5% is ruled out"], id="upper limit at the minimum effect"
    ),
    pytest.param(sql(-0.02, 0.09), [], "inconclusive", ["neither 0 nor 5% is ruled out"], id="inconclusive"),
    pytest.param(sql(0.0, 0.09), [], "inconclusive", [], id="lower limit exactly zero"),
    pytest.param(sql(0.01, 0.04), [], "ship", ["better"], id="better, though less than the minimum effect"),
    pytest.param(sql(0.01, 0.04), [WON_LATER], "inconclusive", ["is due"], id="small gain, guardrail not due"),
    pytest.param(
        sql(0.01, 0.04),
        [won(-0.2, 0.1)],
        "keep",
        ["5% or more is ruled out", "not ruled out"],
        id="small gain, guardrail not clear",
    ),
    pytest.param(
        sql(0.01, 0.08),
        [rejected(-0.05, 0.02)],
        "ship",
        ["rejected_per_mql [−5.0pp, +2.0pp], lower is better: clear"],
        id="points, lower is better",
    ),
    pytest.param(
        sql(0.01, 0.08),
        [rejected(-0.05, 0.04)],
        "inconclusive",
        ["margin of 3pp is not ruled out"],
        id="points not clear",
    ),
    pytest.param(sql(0.01, 0.08), [rejected(0.04, 0.09)], "inconclusive", ["proves no harm"], id="per MQL blocks ship"),
    pytest.param(sql(-0.02, 0.04), [rejected(0.04, 0.09)], "keep", ["proves no harm"], id="per MQL causes no harm"),
    pytest.param(
        Reading("sql_per_lead", NotEstimable("no_units", "nobody was enrolled")),
        [],
        "inconclusive",
        ["nobody was enrolled"],
        id="no estimate",
    ),
    pytest.param(
        Reading("sql_per_lead", NotEstimable("not_due"), due_on=date(2026, 10, 1)),
        [won(-0.3, -0.2)],
        "not_due",
        ["sql_per_lead is due 2026-10-01"],
        id="primary not due",
    ),
]


@pytest.mark.parametrize(("primary", "guardrails", "call", "words"), GROWTH)
def test_growth(primary, guardrails, call, words):
    """Growth ships what is better and clear of its guardrails, and says why with numbers."""
    found = growth(primary, *guardrails)

    assert found.call == call
    for piece in words:
        assert piece in " | ".join(found.why)


EFFICIENCY = [
    pytest.param(
        sql(-0.04, 0.02),
        precision(0.05, 0.2),
        [],
        "ship",
        ["not worse than the margin of 5%", "sql_per_mql [+5.0%, +20.0%]: better"],
        id="ship",
    ),
    pytest.param(
        sql(-0.05, 0.02),
        precision(0.05, 0.2),
        [],
        "inconclusive",
        ["beyond the margin of 5% is not ruled out"],
        id="lower limit at the margin",
    ),
    pytest.param(
        sql(-0.04, 0.02), precision(-0.01, 0.2), [], "inconclusive", ["not shown to be better"], id="no gain shown"
    ),
    pytest.param(
        sql(-0.04, 0.02),
        precision(0.05, 0.2),
        [won(-0.2, 0.1)],
        "inconclusive",
        ["ship waits"],
        id="guardrail not clear",
    ),
    pytest.param(
        sql(-0.04, 0.02),
        precision(0.05, 0.2),
        [WON_LATER],
        "inconclusive",
        ["is due 2027-04-05"],
        id="guardrail not due",
    ),
    pytest.param(
        sql(-0.12, -0.06), precision(0.05, 0.2), [], "harm", ["worse by more than the margin of 5%"], id="harm"
    ),
    pytest.param(sql(-0.12, -0.06), precision(0.05, 0.2), [WON_LATER], "harm", [], id="harm, guardrail not due"),
    pytest.param(
        sql(-0.04, 0.02), precision(0.05, 0.2), [won(-0.3, -0.15)], "harm", ["won_per_lead"], id="harm by a guardrail"
    ),
    pytest.param(
        sql(-0.08, -0.01),
        precision(0.05, 0.2),
        [],
        "keep",
        ["sql_per_lead [−8.0%, −1.0%]: worse"],
        id="fewer, within the margin",
    ),
    pytest.param(
        sql(-0.04, 0.02), precision(-0.2, -0.01), [], "keep", ["any gain is ruled out"], id="precision not better"
    ),
    pytest.param(
        sql(-0.04, -0.01),
        precision(0.05, 0.2),
        [won(-0.2, 0.1)],
        "keep",
        ["worse"],
        id="a little fewer, guardrail not clear",
    ),
    pytest.param(
        sql(-0.04, -0.01),
        precision(0.05, 0.2),
        [WON_LATER],
        "inconclusive",
        ["is due"],
        id="a little fewer, guardrail not due",
    ),
    pytest.param(sql(-0.04, -0.01), precision(0.05, 0.2), [], "ship", [], id="a little fewer and much cleaner ships"),
    pytest.param(
        sql(-0.08, -0.01),
        Reading("sql_per_mql", NotEstimable("no_mqls", "no MQL yet")),
        [],
        "keep",
        ["no MQL yet"],
        id="keep without precision",
    ),
    pytest.param(
        sql(-0.04, 0.02),
        Reading("sql_per_mql", NotEstimable("no_mqls", "no MQL yet")),
        [],
        "inconclusive",
        ["no MQL yet"],
        id="no precision",
    ),
    pytest.param(
        sql(-0.04, 0.02),
        Reading("sql_per_mql", Interval(0.1, 0.2), due_on=date(2027, 1, 1)),
        [],
        "inconclusive",
        ["sql_per_mql is due 2027-01-01"],
        id="precision not due",
    ),
    pytest.param(
        sql(-0.04, 0.02),
        Reading("effort_per_win", Interval(-0.3, -0.1)),
        [],
        "ship",
        ["effort_per_win [−30.0%, −10.0%], lower is better: better"],
        id="less effort is better",
    ),
    pytest.param(
        sql(-0.04, 0.02),
        Reading("effort_per_win", Interval(0.1, 0.3)),
        [],
        "keep",
        ["ruled out"],
        id="more effort is worse",
    ),
]


@pytest.mark.parametrize(("primary", "gain", "guardrails", "call", "words"), EFFICIENCY)
def test_efficiency(primary, gain, guardrails, call, words):
    """Efficiency ships what costs no more than the margin and is shown to be more precise."""
    found = efficiency(primary, gain, *guardrails)

    assert found.call == call
    for piece in words:
        assert piece in " | ".join(found.why)


def test_efficiency_keeps_where_the_wanted_gain_is_ruled_out():
    """A precision gain that cannot reach the declared minimum is not worth the change."""
    found = efficiency(sql(-0.04, 0.02), precision(-0.02, 0.015), minimum_effect=0.02)

    assert found.call == "keep"
    assert "a gain of 2% or more is ruled out" in found.why[0]


def test_a_margin_in_points_reads_absolute_limits():
    """A primary margin of 3pp compares differences, not ratios."""
    primary = Reading("sql_per_lead", Interval(-0.3, 0.2), Interval(-0.02, 0.01))

    assert efficiency(primary, precision(0.05, 0.2), margin=THREE_POINTS).call == "ship"


@pytest.mark.parametrize(
    "primary",
    [
        pytest.param(sql(0.01, 0.08), id="would ship"),
        pytest.param(sql(-0.08, -0.01), id="would harm"),
        pytest.param(Reading("sql_per_lead", NotEstimable("not_due"), due_on=date(2026, 10, 1)), id="not due"),
    ],
)
def test_blocked_overrides_everything(primary):
    """A failed check stops any verdict, before the first look too."""
    found = growth(primary, blocks=["sample ratio: p = 0.00001"], first_look=date(2026, 10, 15))

    assert (found.call, found.why) == ("blocked", ("sample ratio: p = 0.00001",))


def test_before_the_first_look_nothing_is_due():
    """A verdict waits for the first declared look, whatever the data says."""
    found = growth(sql(0.01, 0.08), first_look=date(2026, 10, 15))

    assert (found.call, found.why) == ("not_due", ("the first look is due 2026-10-15",))


def test_efficiency_needs_its_margin():
    """Leaving out the margin or the precision is a programming error, not a verdict."""
    with pytest.raises(ValueError, match="needs a margin and a precision"):
        verdict(aim="efficiency", primary=sql(0.01, 0.08), minimum_effect=0.05)


LIMIT = st.floats(-0.5, 0.5)
INTERVALS = st.tuples(LIMIT, LIMIT).map(sorted).map(lambda ends: Interval(*ends))


@given(INTERVALS, st.lists(INTERVALS, max_size=3), st.booleans())
def test_the_calls_follow_the_table(main, rails, descriptive):
    """Growth: each call holds exactly when the table's condition does, harm first, whatever the limits."""
    name = "won_per_mql" if descriptive else "won_per_lead"
    guardrails = [Guardrail(Reading(name, limits), TEN) for limits in rails]

    clear = all(limits.low > -0.1 for limits in rails)
    broken = not descriptive and any(limits.high < -0.1 for limits in rails)
    expected = (
        "harm"
        if main.high < 0 or broken
        else "ship"
        if main.low > 0 and clear
        else "keep"
        if main.high < 0.05
        else "inconclusive"
    )
    assert growth(Reading("sql_per_lead", main), *guardrails).call == expected
