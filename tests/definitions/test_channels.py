"""Which events count: window, day, the latest `max_count`, absence, whole days (definitions.md 3.4 and 3.6)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.channels import Pool
from mqlab.definitions.evaluate import Evaluator, decide
from mqlab.definitions.events import EventLog
from mqlab.definitions.prepare import local_day
from mqlab.definitions.trackers import AbsenceTracker, CountTracker, DaysTracker
from mqlab.definitions.tree import Channel
from mqlab.leads.instants import DAY_US, instant, micros
from mqlab.leads.records import Event
from tests.definitions.leads import NOW, ago, definition, event, lead


def pool(*events: Event, zone: str = "UTC") -> Pool:
    """A pool of one lead's events."""
    return Pool(EventLog(events).known_by(2**62), lambda us: local_day(us, ZoneInfo(zone)))


def counted(channel: Channel, at: datetime, *events: Event, zone: str = "UTC") -> list[datetime]:
    """When the counted events occurred, the latest first."""
    return [instant(one.occurred_us) for one in pool(*events, zone=zone).counted(channel, micros(at))]


def test_window_is_open_at_its_old_end() -> None:
    """An event counts while t − W < occurred_at: at exactly W it has left."""
    channel = Channel("view", within_us=7 * DAY_US)

    assert counted(channel, NOW, event("view", ago(7, microseconds=-1))) == [ago(7, microseconds=-1)]
    assert counted(channel, NOW, event("view", ago(7))) == []


def test_an_event_counts_from_the_instant_it_is_known() -> None:
    """Known at t counts at t; it is measured from when it occurred."""
    late = event("view", ago(6), known=ago(1))
    channel = Channel("view", within_us=7 * DAY_US)

    assert counted(channel, ago(1, microseconds=1), late) == []
    assert counted(channel, ago(1), late) == [ago(6)]
    assert counted(channel, ago(-1), late) == []


def test_an_event_that_arrives_after_its_window_never_counts() -> None:
    """Known eight days late it is too old for a window of seven."""
    assert counted(Channel("view", within_us=7 * DAY_US), ago(1), event("view", ago(9), known=ago(1))) == []


def test_a_late_arrival_never_displaces_what_is_newer() -> None:
    """`max_count` keeps the latest by occurrence, whatever arrived last."""
    newest, newer, late = event("view", ago(2)), event("view", ago(3)), event("view", ago(8), known=ago(1))

    assert counted(Channel("view", max_count=2), NOW, newest, newer, late) == [ago(2), ago(3)]
    assert counted(Channel("view", max_count=2), ago(2, microseconds=1), newest, newer, late) == [ago(3)]


def test_distinct_day_keeps_the_latest_of_each_local_day() -> None:
    """The calendar is the definition's: 23:30 and 00:30 in New York are two days, though one day in UTC."""
    before, after = datetime(2026, 7, 11, 3, 30, tzinfo=UTC), datetime(2026, 7, 11, 4, 30, tzinfo=UTC)
    channel = Channel("view", distinct_day=True)
    events = (event("view", before), event("view", after))

    assert counted(channel, NOW, *events) == [after]
    assert counted(channel, NOW, *events, zone="America/New_York") == [after, before]


@pytest.mark.parametrize(
    ("first", "second", "days"),
    [
        pytest.param("2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", 1, id="short day of 23 hours"),
        pytest.param("2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", 2, id="midnight before it"),
        pytest.param("2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z", 1, id="long day of 25 hours"),
        pytest.param("2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z", 2, id="midnight after it"),
    ],
)
def test_days_on_which_clocks_change(first: str, second: str, days: int) -> None:
    """A local day has 23 or 25 hours when clocks change in New York, and is one day all the same."""
    events = [event("view", datetime.fromisoformat(at)) for at in (first, second)]
    late = datetime(2026, 12, 31, tzinfo=UTC)

    assert len(counted(Channel("view", distinct_day=True), late, *events, zone="America/New_York")) == days


def test_days_at_the_edges_of_the_calendar() -> None:
    """Where a zone would leave the calendar the day is that of UTC."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    assert local_day(micros(first), ZoneInfo("America/New_York")) == 1
    assert local_day(micros(last), ZoneInfo("Asia/Tokyo")) == last.toordinal()


def test_then_max_count_keeps_the_latest_days() -> None:
    """First one event a day, then the latest days: the order of operations."""
    events = [event("view", ago(days, hours=hours)) for days in (1, 2, 3) for hours in (0, 1)]

    assert counted(Channel("view", distinct_day=True, max_count=2), NOW, *events) == [ago(1), ago(2)]


def test_an_equal_instant_is_told_apart_by_known_at_then_id() -> None:
    """Of events of one instant the latest is the one known last."""
    one = Event("view", ago(3), ago(3), "b", props={"path": "b"})
    other = Event("view", ago(3), ago(2), "a", props={"path": "a"})
    third = Event("view", ago(3), ago(2), "c", props={"path": "c"})

    kept = pool(one, other, third).counted(Channel("view", max_count=2), micros(NOW))

    assert [known.props["path"] for known in kept] == ["c", "a"]


def test_a_value_says_until_when_it_stays() -> None:
    """A count changes with the next arrival or when the oldest counted event leaves its window."""
    tracker = CountTracker(
        Channel("view", within_us=7 * DAY_US), pool(event("view", ago(6)), event("view", ago(5), known=ago(2)))
    )

    assert tracker.read(micros(ago(3))) == (1, micros(ago(2)))
    assert tracker.read(micros(ago(2))) == (2, micros(ago(-1)))
    assert tracker.read(micros(ago(-1))) == (1, micros(ago(-2)))


def test_absence_begins_where_the_silence_is_old_enough() -> None:
    """From the latest known occurrence plus W until an event with a newer occurrence becomes known."""
    late = event("view", ago(8), known=ago(2))
    tracker = AbsenceTracker(10 * DAY_US, micros(ago(30)), pool(event("view", ago(15)), late))

    assert tracker.read(micros(ago(20)))[0] is True
    assert tracker.read(micros(ago(15))) == (False, micros(ago(5)))
    assert tracker.read(micros(ago(5))) == (True, micros(ago(2)))
    assert tracker.read(micros(ago(2))) == (False, micros(ago(-2)))
    assert tracker.read(micros(ago(-2)))[0] is True


def test_a_lead_is_not_absent_before_it_has_been_there() -> None:
    """Without events the absence begins W after creation; events before creation do not bring it forward."""
    old = pool(event("view", ago(90)))

    for events in (pool(), old):
        tracker = AbsenceTracker(10 * DAY_US, micros(ago(12)), events)
        assert tracker.read(micros(ago(3))) == (False, micros(ago(2)))
        assert tracker.read(micros(ago(2)))[0] is True


def test_whole_days() -> None:
    """Days since the latest event are rounded down, unknown without one, and turn on the very instant."""
    tracker = DaysTracker(Channel("view"), pool(event("view", ago(3))), (2, 3))

    assert tracker.read(micros(ago(4)))[0] is None
    assert tracker.read(micros(ago(1, microseconds=1))) == (1, micros(ago(1)))
    assert tracker.read(micros(ago(1))) == (2, micros(ago(0)))


def test_a_late_arrival_does_not_bring_days_back() -> None:
    """Days are counted from the latest occurrence that is known, not from the last arrival."""
    evaluator = Evaluator(definition('qualify: "days_since(view) >= 3"'))

    quiet = lead(event("view", ago(9)), event("view", ago(20), known=ago(7)), created=ago(9))
    busy = lead(event("view", ago(9)), event("view", ago(8), known=ago(7)), created=ago(9))

    assert evaluator.first_crossing(quiet, as_of=NOW).qualified_at_us == micros(ago(6))
    assert evaluator.first_crossing(busy, as_of=NOW).qualified_at_us == micros(ago(5))


def test_sum_skips_what_is_unknown() -> None:
    """A sum adds the numbers there are, 0 over none."""
    made = definition(
        """qualify: "sum(view, secs) == 30 and sum(view, secs, path == '/none') == 0"
"""
    )
    history = lead(event("view", ago(3), secs=10.0), event("view", ago(2), secs="20"), event("view", ago(1)))

    assert decide(made, history, as_of=NOW).verdict == "mql"


def test_account_counts_cover_all_leads_once() -> None:
    """`account.count` counts the lead's own events and its colleagues', a calendar day once for all of them."""
    evaluator = Evaluator(
        definition("qualify: \"account.count(view) >= 3 and account.count(view, distinct='day') >= 2\"")
    )
    me = lead(event("view", ago(5)))
    colleague = lead(event("view", ago(5)), event("view", ago(4), known=ago(2)))
    colleague = type(me)(type(me.lead)("lead-2", ago(40)), colleague.events)

    assert evaluator.first_crossing(me, as_of=NOW, account=[colleague]).qualified_at_us == micros(ago(2))
    assert evaluator.first_crossing(me, as_of=NOW, account=[colleague, me]).qualified_at_us == micros(ago(2))
    assert evaluator.first_crossing(me, as_of=ago(3), account=[colleague]).verdict == "not_mql"
    assert evaluator.first_crossing(me, as_of=NOW).verdict == "not_mql"


def test_cap_bounds_the_magnitude() -> None:
    """A cap bounds points in both directions, and what was before it is told."""
    made = definition(
        """scores: {s: {rules: [{id: up, event: view, points: 4, cap: 10},
                       {id: down, event: form, points: -4, cap: 6}]}}
qualify: "s >= 99"
"""
    )
    history = lead(*(event(name, ago(days)) for name in ("view", "form") for days in (1, 2, 3)))

    rules = {rule.id: rule for rule in decide(made, history, as_of=NOW).rules}

    assert [(rule.points, rule.raw, rule.capped, rule.counted) for rule in rules.values()] == [
        (10, 12, True, 3),
        (-6, -12, True, 3),
    ]
    assert rules["up"].newest_event_at == ago(1)


def test_points_equal_to_a_threshold_reach_it() -> None:
    """A fresh event of 25 points reaches a threshold of 25 at the instant it is known, though it decays at once."""
    evaluator = Evaluator(
        definition(
            """scores: {s: {rules: [{id: up, event: view, points: 25, decay: {half_life: 14d}}]}}
qualify: "s >= 25"
"""
        )
    )

    assert evaluator.first_crossing(lead(event("view", ago(2))), as_of=NOW).qualified_at_us == micros(ago(2))
    assert evaluator.first_crossing(lead(event("view", ago(2), known=ago(1))), as_of=NOW).verdict == "not_mql"


@given(
    events=st.lists(
        st.builds(
            lambda hours, late: event("view", ago(hours=hours), known=ago(hours=hours - late)),
            st.integers(0, 30),
            st.integers(0, 20),
        ),
        max_size=8,
    ),
    within=st.sampled_from((None, 3, 10)),
    most=st.sampled_from((None, 1, 3)),
    distinct=st.booleans(),
)
def test_a_count_is_the_number_of_events_counted(
    events: list[Event], within: int | None, most: int | None, distinct: bool
) -> None:
    """Counting arrivals and departures gives what listing the events gives, and stays as long as it says."""
    channel = Channel("view", None, within and within * DAY_US // 24, distinct, most)
    tracker = CountTracker(channel, pool(*events))
    said, until = None, micros(ago(hours=40))

    for hours in range(32, -32, -1):
        at = micros(ago(hours=hours))
        count, stays = tracker.read(at)
        assert count == len(tracker.counted(at))
        assert stays > at
        assert at >= until or count == said
        said, until = count, stays
