"""What leads do, and what a hand-over changes about it."""

from __future__ import annotations

import numpy as np

from mqlab.simulation.behaviour import EMAIL_CLICK, PAGE_VIEW, WEBINAR, as_it_happened, behave, without_handover
from mqlab.simulation.population import DAY_S, HOUR_S, NEVER
from tests.simulation.test_population import some_people

WHO = some_people(leads=3_000)
EVENTS = behave(np.random.default_rng(7), WHO)


def handed_over_after(days: float) -> np.ndarray:
    """Every second lead is handed over so many days after it arrived, the others never."""
    at = WHO.created_s + int(days * DAY_S)
    return np.where(np.arange(len(WHO)) % 2 == 0, at, NEVER)


def keys(events, mask) -> list[tuple[int, ...]]:
    """The masked events as comparable rows."""
    columns = (events.lead, events.occurred_s, events.known_s, events.name, events.path, events.form)
    return sorted(zip(*(column[mask].tolist() for column in columns), strict=True))


def test_about_six_events_a_lead():
    """A lead that nobody hands over does about five things, and one that is handed over one or two more."""
    undisturbed = len(without_handover(EVENTS)) / len(WHO)

    assert 4.5 < undisturbed < 7.0
    assert len(as_it_happened(EVENTS, WHO.created_s + HOUR_S)) / len(WHO) > undisturbed


def test_until_the_hand_over_behaviour_does_not_depend_on_it():
    """Everything that occurs before a lead is handed over occurs just so when it is handed over later or never."""
    at = handed_over_after(3.0)
    never = as_it_happened(EVENTS, np.full(len(WHO), NEVER))
    happened = as_it_happened(EVENTS, at)

    before = keys(happened, happened.occurred_s < at[happened.lead])

    assert before == keys(never, never.occurred_s < at[never.lead])
    assert len(before) > 5_000


def test_nurture_stops_at_the_hand_over():
    """No click on a nurture mailing occurs after a hand-over; without one such clicks go on."""
    at = handed_over_after(3.0)
    happened = as_it_happened(EVENTS, at)
    late = happened.occurred_s >= WHO.created_s[happened.lead] + 3 * DAY_S
    clicks = late & (happened.name == EMAIL_CLICK)

    assert np.all(at[happened.lead[clicks]] == NEVER)
    assert clicks.sum() > 100


def test_a_lead_that_talks_to_sales_comes_back_to_the_site():
    """After a hand-over there are more page views than without one."""
    at = handed_over_after(3.0)
    happened = as_it_happened(EVENTS, at)
    views = (happened.name == PAGE_VIEW) & (happened.occurred_s >= WHO.created_s[happened.lead] + 3 * DAY_S)
    handed_over = at[happened.lead] != NEVER

    assert (views & handed_over).sum() > 1.5 * (views & ~handed_over).sum()


def test_events_are_known_when_they_occur_or_later():
    """Nothing is known before it occurs; webinar lists come hours later, visits before arrival are known at arrival."""
    events = without_handover(EVENTS)
    lag = events.known_s - events.occurred_s
    earlier = events.occurred_s < WHO.created_s[events.lead]

    assert np.all(lag >= 0)
    assert np.all(lag[events.name == WEBINAR] >= 8 * HOUR_S)
    assert earlier.sum() > 50
    assert np.all(events.known_s[earlier] >= WHO.created_s[events.lead[earlier]])


def test_events_are_in_order_of_lead_and_time():
    """Events come sorted by lead, then by when they occurred."""
    order = np.lexsort((EVENTS.occurred_s, EVENTS.lead))

    assert np.array_equal(EVENTS.occurred_s[order], EVENTS.occurred_s)
    assert np.array_equal(EVENTS.lead[order], EVENTS.lead)


def test_scanners_click_within_seconds():
    """Every click the mailing system marks as a robot's came within five seconds, and so did some it did not mark."""
    clicks = EVENTS.take(EVENTS.name == EMAIL_CLICK)
    quick = clicks.seconds_since_delivery < 5

    assert np.all(quick[clicks.is_bot])
    assert np.any(quick & ~clicks.is_bot)
    assert not np.any(EVENTS.is_bot[EVENTS.name != EMAIL_CLICK])
