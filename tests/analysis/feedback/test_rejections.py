"""Rejections counted by hand, and parts that add up whatever sales said."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis.feedback.mqls import Mql
from mqlab.analysis.feedback.rejections import Group, ReasonCount, latest_answer, rejected_in, rejections
from mqlab.analysis.feedback.said import Said
from mqlab.stats.estimate import NotEstimable
from tests.analysis.feedback.hand_made import BEGIN_US, END_US, HOUR_US, day_us, mql, say

MQLS = {
    one.lead_id: one
    for one in (
        mql("a", 1),
        mql("b", 2),
        mql("c", 3, definition="visits@1.0.0", source="event"),
        mql("d", 4, definition="visits@1.0.0"),
        mql("e", -10),
        mql("f", 5, source=None),
    )
}
SAID: Said = {
    "a": (say("rejected", 2, "hand-01"),),
    "b": (say("rejected", 4, "fit-01"), say("accepted", 9)),
    "c": (say("rejected", 4), say("rejected", 5, "fit-01")),
    "d": (say("accepted", 5),),
    "e": (say("accepted", -8), say("rejected", 3, "hand-02")),
    "f": (say("rejected", 40, "fit-01"),),
    "x": (say("rejected", 3, "dup-01"),),
}
"""`b` was taken in the end, `c` has no reason at first, `e` is of June, `f` was rejected in August, `x` is no MQL."""


def counted(mqls: dict[str, Mql] = MQLS, said: Said = SAID) -> Any:
    """The rejections of July; every MQL was made by the rule of its definition and by one they share."""
    rejected, others = rejected_in(mqls, said, BEGIN_US, END_US)
    handed = [one for one in mqls.values() if one.handed_us is not None and BEGIN_US <= one.handed_us < END_US]
    return rejections(handed, rejected, others, said, lambda one: ("size", f"of {one.definition}"))


def test_sales_answered_each_lead_once() -> None:
    """Of the five handed over in July one was taken, one taken after a rejection, three rejected, by the latest."""
    found = counted()

    assert (found.handed, found.accepted, found.turned_down, found.undecided) == (5, 2, 3, 0)
    assert found.to_dict()["rejected"] == {"leads": 3, "share": 0.6}


def test_reasons_of_the_month_are_of_the_first_rejection_in_it() -> None:
    """Four MQLs were rejected in July, one without a reason, which is its own row; one lead was rejected as no MQL."""
    found = counted()

    assert (found.rejected, found.others) == (4, 1)
    assert found.reasons == (
        ReasonCount("fit-01", 1), ReasonCount("hand-01", 1), ReasonCount("hand-02", 1), ReasonCount(None, 1),
    )  # fmt: skip
    assert [one["share"] for one in found.to_dict()["reasons"]] == [0.25] * 4


def test_by_definition_and_source() -> None:
    """Handed over in July, rejected of those, and rejected in July, each group with its own reasons."""
    found = counted()

    assert found.by_definition == (
        Group("forms@1.0.0", 3, 2, 3,
              (ReasonCount("fit-01", 1), ReasonCount("hand-01", 1), ReasonCount("hand-02", 1)), accepted=1),
        Group("visits@1.0.0", 2, 1, 1, (ReasonCount(None, 1),), accepted=1),
    )  # fmt: skip
    assert [(one.name, one.handed, one.turned_down, one.rejected) for one in found.by_source] == [
        ("organic", 3, 1, 3), ("event", 1, 1, 1), (None, 1, 1, 0),
    ]  # fmt: skip


def test_by_rule_a_lead_counts_for_each_of_its_rules() -> None:
    """The shared rule has the numbers of its definition, and so has the definition's own."""
    found = counted()

    assert [(one.definition, one.name, one.handed, one.rejected) for one in found.by_rule] == [
        ("forms@1.0.0", "of forms@1.0.0", 3, 3), ("forms@1.0.0", "size", 3, 3),
        ("visits@1.0.0", "of visits@1.0.0", 2, 1), ("visits@1.0.0", "size", 2, 1),
    ]  # fmt: skip


def test_too_early_and_too_late_after_how_long() -> None:
    """`a` was rejected a day after it qualified, `e` thirteen; both of the three that their definition lost."""
    found = counted().timing

    assert [(one.definition, one.reason, one.leads, one.rejected) for one in found] == [
        ("forms@1.0.0", "hand-01", 1, 3), ("forms@1.0.0", "hand-02", 1, 3),
    ]  # fmt: skip
    assert [one.median_us for one in found] == [24 * HOUR_US, 13 * 24 * HOUR_US]
    assert found[0].to_dict()["hours_after_qualification"] == {"least": 24.0, "median": 24.0, "most": 24.0}


def test_a_rejection_before_the_lead_qualified_is_of_no_mql() -> None:
    """Sales turned the lead down on day 2, it qualified on day 6: that is no rejection of an MQL, and no answer."""
    late = {"a": mql("a", 6)}
    found = counted(late, {"a": (say("rejected", 2, "fit-01"),)})

    assert (found.handed, found.undecided, found.rejected, found.others) == (1, 1, 0, 1)


def test_a_lead_no_definition_lets_through_counts_where_sales_was_handed_it() -> None:
    """Handed over by hand, it is an MQL without a definition, and its group has no name."""
    by_hand = {"a": Mql("a", None, None, None, None, day_us(3))}
    found = counted(by_hand, {"a": (say("rejected", 4, "dup-01"),)})

    assert [(one.name, one.handed, one.rejected) for one in found.by_definition] == [(None, 1, 1)]


def test_nothing_has_no_share() -> None:
    """Without hand-overs a share is a reason, not a zero."""
    found = counted({}, {}).to_dict()

    assert found["accepted"] == {"leads": 0, "share": {"not_estimable": "no_mqls"}}
    assert Group("g", 0, 0, 0, ()).rate == NotEstimable("no_mqls", "No lead was handed over.")


SAYINGS = st.lists(
    st.builds(
        say,
        st.sampled_from(["accepted", "rejected", "touched", "survey"]),
        st.integers(-20, 50),
        st.sampled_from([None, "hand-01", "hand-02", "own words"]),
    ),
    max_size=5,
).map(lambda found: tuple(sorted(found, key=lambda one: (one.at_us, one.kind))))


@given(
    st.lists(
        st.tuples(st.integers(-30, 40), st.sampled_from(["forms@1.0.0", "visits@1.0.0", None]), SAYINGS), max_size=12
    )
)
@settings(max_examples=60, deadline=None)
def test_parts_add_up(world: list[Any]) -> None:
    """Answers sum to the handed over, reasons and groups to the rejected, whatever sales said of whom."""
    mqls = {f"L{n}": mql(f"L{n}", day, definition=ref) for n, (day, ref, _) in enumerate(world)}
    said = {f"L{n}": sayings for n, (_, _, sayings) in enumerate(world)}
    found = counted(mqls, said)
    any_rejection = [
        name
        for name, mine in said.items()
        if any(one.kind == "rejected" and BEGIN_US <= one.at_us < END_US for one in mine)
    ]

    assert found.handed == found.accepted + found.turned_down + found.undecided
    assert len(any_rejection) == found.rejected + found.others
    assert sum(one.leads for one in found.reasons) == found.rejected
    for groups in (found.by_definition, found.by_source):
        assert sum(one.handed for one in groups) == found.handed
        assert sum(one.turned_down for one in groups) == found.turned_down
        assert sum(one.rejected for one in groups) == found.rejected
        assert all(sum(each.leads for each in one.reasons) == one.rejected for one in groups)
    assert sum(one.leads for one in found.timing) == sum(
        each.leads for each in found.reasons if each.reason in ("hand-01", "hand-02")
    )
    assert {latest_answer(one, said[name]) for name, one in mqls.items()} <= {"accepted", "rejected", None}
