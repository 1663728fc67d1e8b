"""Promises kept and missed: hand-made waits, working hours, bare dates, and fates that add up."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis.feedback.business_hours import BusinessHours, business_hours
from mqlab.analysis.feedback.promises import FATES, Kept, Promises, promises
from mqlab.analysis.feedback.said import Said
from mqlab.definitions.model import Definition, Handoff
from mqlab.leads.instants import end_of_day, micros
from mqlab.stats.estimate import NotEstimable
from tests.analysis.feedback.hand_made import HOUR_US, Saying, day_us, mql, say

BERLIN = ZoneInfo("Europe/Berlin")
DEFINITIONS = {
    "forms@1.0.0": Definition("forms", "1.0.0", handoff=Handoff(24 * HOUR_US, 72 * HOUR_US)),
    "visits@1.0.0": Definition("visits", "1.0.0", handoff=Handoff(24 * HOUR_US, None)),
    "free@1.0.0": Definition("free", "1.0.0"),
}
AT = 30.0
"""The instant the analyst stands at, in days of July."""


def kept(mqls: Any, said: Said, *, at: float = AT, hours: BusinessHours | None = None) -> Promises:
    """The promises about some MQLs."""
    return promises(mqls, said, DEFINITIONS, as_of_us=day_us(at), zone=BERLIN, hours=hours)


def fates(found: Kept) -> dict[str, int]:
    """The fates that there are."""
    return {fate: count for fate, count in found.fates.items() if count}


def test_first_touch_and_decision_from_the_hand_over() -> None:
    """Handed over an hour after each qualified: 23 hours are in time, 25 are not, whoever has time left is open.

    A decision counts as a touch. Nothing is promised by `free`, and no decision by `visits`.
    """
    mqls = [mql("a", 1), mql("b", 2), mql("c", 3), mql("d", 29.9), mql("e", 5, definition="free@1.0.0"),
            mql("f", 6, definition="visits@1.0.0")]  # fmt: skip
    said = {
        "a": (say("touched", 2), say("accepted", 3)),
        "b": (say("touched", 3 + 2 / 24), say("rejected", 5.5)),
        "c": (say("rejected", 3.5, owner="o1"),),
        "e": (say("touched", 5.5),),
    }
    found = kept(mqls, said)
    touch, decision = found.together

    assert fates(touch) == {"kept": 2, "missed": 2, "open": 1, "no_promise": 1}
    assert fates(decision) == {"kept": 2, "missed": 1, "open": 1, "no_promise": 2}
    assert (touch.leads, touch.due, touch.share) == (6, 4, 0.5)
    assert [us / HOUR_US for us in touch.waited_us] == [11, 11, 23, 25]
    assert touch.median_us == 11 * HOUR_US
    assert [(one.name, one.due) for one in found.by_owner] == [("o1", 1), (None, 3), ("o1", 1), (None, 2)]
    assert [(one.what, one.name, one.due) for one in found.by_definition[:3]] == [
        ("first_touch", "forms@1.0.0", 3), ("first_touch", "free@1.0.0", 0), ("first_touch", "visits@1.0.0", 1),
    ]  # fmt: skip


def test_what_sales_did_before_the_hand_over_is_no_response() -> None:
    """A touch on day 1 does not answer a hand-over on day 2."""
    found = kept([mql("a", 2)], {"a": (say("touched", 1),)})

    assert fates(found.together[0]) == {"missed": 1}
    assert found.together[0].median_us is None


@pytest.mark.parametrize(
    ("after_us", "expected"),
    [
        pytest.param(0, "kept", id="at the hand-over"),
        pytest.param(24 * HOUR_US, "kept", id="at the last instant"),
        pytest.param(24 * HOUR_US + 1, "missed", id="a microsecond later"),
    ],
)
def test_the_edges_of_a_promise(after_us: int, expected: str) -> None:
    """A day's time is a day and no longer, and a touch at the instant of the hand-over answers it."""
    lead = mql("a", 1)
    found = kept([lead], {"a": (Saying((lead.handed_us or 0) + after_us, "touched", None, None, False),)})

    assert fates(found.together[0]) == {expected: 1}


def test_without_a_response_a_promise_is_open_up_to_its_end() -> None:
    """At 24 hours and not a microsecond less it is still open, after that it is missed."""
    lead, touched = mql("a", 1), {"z": (say("touched", 2),)}
    end = (lead.handed_us or 0) + 24 * HOUR_US
    found = [promises([lead], touched, DEFINITIONS, as_of_us=end + late, zone=BERLIN).together[0] for late in (0, 1)]

    assert [fates(one) for one in found] == [{"open": 1}, {"missed": 1}]


def test_working_hours_leave_out_the_weekend() -> None:
    """Handed over on Friday 3 July at 16:00 and touched on Monday at 10:00 in Berlin: 66 hours, 2 of them worked."""
    friday = micros(datetime(2026, 7, 3, 14, tzinfo=UTC))
    monday = micros(datetime(2026, 7, 6, 8, tzinfo=UTC))
    lead = mql("a", 2.5, handed_after_us=friday - day_us(2.5))
    said = {"a": (Saying(monday, "touched", None, None, False),)}
    worked = kept([lead], said, hours=business_hours(BERLIN, "DE", begin=time(9), end=time(17)))

    assert fates(kept([lead], said).together[0]) == {"missed": 1}
    assert fates(worked.together[0]) == {"kept": 1}
    assert worked.together[0].waited_us == (2 * HOUR_US,)
    assert "09:00 to 17:00" in worked.clock


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(3, "kept", id="the day of the hand-over: at its end still in time"),
        pytest.param(4, "unclear", id="the day after: in time in the morning, late at night"),
        pytest.param(5, "missed", id="two days after: late from its beginning on"),
    ],
)
def test_a_bare_date_tells_what_it_can(day: int, expected: str) -> None:
    """Handed over on 3 July at 14:00 in Berlin with a day's time: a response of which only the day is known."""
    handed = micros(datetime(2026, 7, 3, 12, tzinfo=UTC))
    lead = mql("a", 1, handed_after_us=handed - day_us(1))
    end = micros(end_of_day(datetime(2026, 7, day, tzinfo=UTC).date(), BERLIN))
    found = kept([lead], {"a": (Saying(end, "touched", None, None, True),)})

    assert fates(found.together[0]) == {expected: 1}
    assert found.together[0].waited_us == ()


def test_a_lab_without_such_feedback_has_a_reason_and_no_zero() -> None:
    """Where sales reports no touches, nothing is missed; where it reports touches only, decisions have a reason."""
    silent, touched = kept([mql("a", 1)], {}), kept([mql("a", 1)], {"a": (say("touched", 2),)})

    assert [one.share for one in silent.together] == [
        NotEstimable("no_activity_data", "No touches, meetings or answers of sales are known."),
        NotEstimable("no_answers", "Sales feedback holds neither acceptances nor rejections."),
    ]
    assert touched.together[0].share == 1
    assert touched.to_dict()["together"][1]["kept_per_due"] == {"not_estimable": "no_answers"}
    assert [one.leads for one in kept([], {}).together] == [0, 0]


@given(
    st.lists(
        st.tuples(
            st.floats(0, 29),
            st.sampled_from(list(DEFINITIONS)),
            st.none() | st.floats(0, 30),
            st.booleans(),
            st.sampled_from([None, "o1", "o2"]),
        ),
        max_size=10,
    )
)
@settings(max_examples=50, deadline=None)
def test_fates_add_up_and_working_hours_are_kinder(world: list[Any]) -> None:
    """Groups sum to the whole; what is kept on the wall clock is kept in working hours too."""
    mqls = [mql(f"L{n}", day, definition=ref) for n, (day, ref, *_) in enumerate(world)]
    said = {
        f"L{n}": (say("accepted", touched, owner=owner, dated=dated),)
        for n, (_, _, touched, dated, owner) in enumerate(world)
        if touched is not None
    }
    wall, worked = kept(mqls, said), kept(mqls, said, hours=business_hours(BERLIN, "DE"))

    for found in (wall, worked):
        for number, whole in enumerate(found.together):
            assert whole.leads == len(mqls)
            for groups in (found.by_definition, found.by_owner):
                mine = [one for one in groups if one.what == whole.what]
                assert {fate: sum(one.fates[fate] for one in mine) for fate in FATES} == dict(whole.fates)
                assert sum(len(one.waited_us) for one in mine) == len(found.together[number].waited_us)
    assert all(b.fates["kept"] >= a.fates["kept"] for a, b in zip(wall.together, worked.together, strict=True))
    assert all(b.fates["missed"] <= a.fates["missed"] for a, b in zip(wall.together, worked.together, strict=True))
