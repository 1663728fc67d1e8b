"""Which look an analysis is, which leads are mature at it, and what it may conclude."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mqlab.analysis.looks import Boundary, Schedule, TakenLook, planned_leads, schedule
from mqlab.analysis.maturity import Clock, FollowUp, due_on
from mqlab.leads.instants import DAY_US, end_of_day, instant, micros
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.tails import critical_z
from tests.analysis.world import START, protocol

UTC_ZONE = ZoneInfo("UTC")
LOOKS = "[2026-09-15, 2026-10-15, 2026-11-30]"


def end(day: str) -> datetime:
    """The end of a day in UTC."""
    return end_of_day(date.fromisoformat(day), UTC_ZONE)


@pytest.mark.parametrize(
    ("as_of", "looks", "final", "declared", "first"),
    [
        pytest.param(end("2026-09-14"), 1, False, False, date(2026, 9, 15), id="before the first"),
        pytest.param(end("2026-09-15"), 1, False, True, None, id="the first"),
        pytest.param(datetime(2026, 9, 15, 23, 59, tzinfo=UTC), 1, False, True, None, id="the first, to the minute"),
        pytest.param(end("2026-09-15") + timedelta(hours=9), 1, False, True, None, id="the morning after the first"),
        pytest.param(end("2026-09-20"), 2, False, False, None, id="between two"),
        pytest.param(end("2026-10-15"), 2, False, True, None, id="the second"),
        pytest.param(end("2026-11-30"), 3, True, True, None, id="the last"),
        pytest.param(end("2027-02-01"), 3, True, True, None, id="after the last"),
    ],
)
def test_an_analysis_stands_among_the_declared_looks(
    as_of: datetime, looks: int, final: bool, declared: bool, first: date | None
) -> None:
    """A date is reached at the end of its day; an analysis between two dates is one look more."""
    found = schedule(protocol(looks=LOOKS), as_of, (), UTC_ZONE)

    assert (len(found.looks_us), found.final, found.declared, found.first) == (looks, final, declared, first)
    assert found.looks_us[-1] == micros(as_of)


def looked(*days: str) -> list[TakenLook]:
    """Looks recorded at the ends of some days."""
    return [TakenLook(end(day)) for day in days]


def days_of(found: Schedule) -> list[str]:
    """The looks of a schedule as dates."""
    return [instant(at).date().isoformat() for at in found.looks_us]


def test_looks_that_were_taken_without_being_declared_count() -> None:
    """An undeclared analysis of the past is a look; one on a declared date, or repeated, is not one more."""
    taken = [*looked("2026-09-15", "2026-10-01", "2026-10-01"), TakenLook(end("2026-09-15") + timedelta(hours=1))]
    found = schedule(protocol(looks=LOOKS), end("2026-10-15"), taken, UTC_ZONE)

    assert days_of(found) == ["2026-09-15", "2026-10-01", "2026-10-15"]
    assert (found.undeclared, found.missed) == (1, ())


def test_until_the_first_record_a_declared_date_counts_as_taken() -> None:
    """Nobody can tell who looked before the ledger recorded looks, and to assume it costs little."""
    found = schedule(protocol(looks=LOOKS), end("2026-11-30"), looked("2026-10-15"), UTC_ZONE)

    assert days_of(found) == ["2026-09-15", "2026-10-15", "2026-11-30"]
    assert found.missed == ()


def test_a_declared_date_without_a_record_after_the_first_was_missed_and_spent_nothing() -> None:
    """A missed look leaves its share of alpha to those that come."""
    found = schedule(protocol(looks=LOOKS), end("2026-11-30"), looked("2026-09-15"), UTC_ZONE)

    assert days_of(found) == ["2026-09-15", "2026-11-30"]
    assert found.missed == (date(2026, 10, 15),)


def test_records_out_of_order_and_of_later_instants_are_no_matter() -> None:
    """The order of the records says nothing, and nobody knows at an instant what was seen after it."""
    late = looked("2026-10-01", "2026-09-15", "2026-11-30")

    assert schedule(protocol(looks=LOOKS), end("2026-10-15"), late, UTC_ZONE) == schedule(
        protocol(looks=LOOKS), end("2026-10-15"), looked("2026-09-15", "2026-10-01"), UTC_ZONE
    )


def test_reading_again_after_the_last_look_is_an_overrun() -> None:
    """What comes after the planned end is read as the last look, and said to be later."""
    found = schedule(protocol(looks=LOOKS), end("2027-02-01"), looked("2026-11-30", "2026-12-24"), UTC_ZONE)

    assert days_of(found) == ["2026-09-15", "2026-10-15", "2027-02-01"]
    assert found.final and found.overrun


def test_the_end_of_the_labs_day_is_a_look_even_where_the_experiment_is_further_west() -> None:
    """A date as `--as-of` means the end of the lab's day, which may come before the experiment's."""
    found = schedule(
        protocol(looks=LOOKS), end_of_day(date(2026, 9, 15), ZoneInfo("Asia/Tokyo")), (), ZoneInfo("Asia/Tokyo")
    )

    assert found.first is None and found.declared


def follow_up(*days: float, arms: int = 2, lateness_us: int | None = None) -> FollowUp:
    """Leads assigned on the given days, in turn to each arm."""
    names = [f"arm{index}" for index in range(arms)]
    starts = np.array([micros(START) + int(day * DAY_US) for day in days], dtype=np.int64)
    labels = [names[index % arms] for index in range(len(days))]

    def followed(at_us: int) -> dict[str, Counter[int]]:
        found: dict[str, Counter[int]] = defaultdict(Counter)
        for label, start in zip(labels, starts.tolist(), strict=True):
            found[label][(at_us - start) // DAY_US] += 1
        return found

    leads_of = {name: labels.count(name) for name in names}
    return FollowUp.of(leads_of, followed, Clock(micros(START) + 400 * DAY_US, lateness_us, 0))


def test_a_lead_is_mature_after_whole_days() -> None:
    """Mature for h days from exactly h × 86 400 s after assignment on, less the lateness."""
    leads = follow_up(0, 0)
    at = micros(START) + 30 * DAY_US

    assert leads.mature(30, at) == {"arm0": 1, "arm1": 1}
    assert leads.mature(30, at - 1) == {"arm0": 0, "arm1": 0}
    assert follow_up(0, 0, lateness_us=DAY_US).mature(30, at) == {"arm0": 0, "arm1": 0}
    assert follow_up(0, 0, lateness_us=DAY_US).mature(30, at + DAY_US) == {"arm0": 1, "arm1": 1}


def test_a_metric_is_due_with_a_tenth_of_the_leads_and_thirty_an_arm() -> None:
    """Neither a handful of leads nor a small share makes a metric readable, unless they are all there are."""
    arms = ("arm0", "arm1")
    at = micros(START) + 50 * DAY_US
    enough = follow_up(*[0.0] * 60, *[40.0] * 500)
    few = follow_up(*[0.0] * 58, *[40.0] * 200)
    thin = follow_up(*[0.0] * 60, *[40.0] * 600)
    complete = follow_up(*[0.0] * 6)

    assert [each.due(30, at, arms) for each in (enough, few, thin, complete)] == [True, False, False, True]
    assert not follow_up().due(30, at, arms)
    assert not follow_up(0.0).due(30, at, arms)


def test_the_first_look_that_makes_a_metric_due_is_named() -> None:
    """What is not due says on which declared date it will be."""
    leads = follow_up(*[5.0] * 80)
    days = (date(2026, 7, 20), date(2026, 8, 20), date(2026, 9, 20))

    assert due_on(leads, 30, ("arm0", "arm1"), days, UTC_ZONE, START) == date(2026, 8, 20)
    assert due_on(leads, 300, ("arm0", "arm1"), days, UTC_ZONE, START) is None


def test_one_look_is_the_plain_test() -> None:
    """A single look at the planned end has the usual critical value, and both p-values are the plain one."""
    boundary = Boundary((500.0,), 500.0, True)

    assert boundary.z(0.05) == pytest.approx(1.959964, abs=1e-6)
    assert boundary.p_values(0.031) == (0.031, 0.031)
    assert boundary.fraction == 1.0


def test_repeated_and_fixed_answers_agree_with_the_boundary() -> None:
    """The repeated p is below alpha exactly where |z| is beyond the boundary; the plain p waits for the planned end."""
    early, last = Boundary((500.0, 900.0), 2000.0, False), Boundary((500.0, 900.0, 1800.0), 2000.0, True)
    for boundary in (early, last):
        for p_value in (1e-6, 0.001, 0.004, 0.02, 0.2, 1.0):
            repeated, fixed = boundary.p_values(p_value)
            z = critical_z(p_value) if p_value < 1 else 0.0
            assert isinstance(repeated, float)
            assert (repeated < 0.05) == (z > boundary.z(0.05))
            assert repeated >= p_value - 1e-9
            assert fixed == (p_value if boundary.final else None)
    assert early.p_values(NotEstimable("no_units")) == (NotEstimable("no_units"), None)


def test_information_is_counted_against_the_declared_maximum_or_a_projection() -> None:
    """Without a maximum the leads so far are projected to the end of enrolment, and exact once it is over."""
    leads = follow_up(*[0.0] * 100)
    declared, open_ended = (
        protocol(maximum=2000),
        replace(protocol(), looks=replace(protocol().looks, maximum_leads=None)),
    )
    middle = datetime(2026, 7, 16, tzinfo=UTC)

    assert planned_leads(declared, leads, middle) == 2000
    assert planned_leads(open_ended, leads, middle) == 200
    assert planned_leads(open_ended, leads, end("2026-08-01")) == 100
    assert planned_leads(open_ended, follow_up(), end("2026-08-01")) == 1
