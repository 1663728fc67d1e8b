"""The candidate instants against brute force: nothing begins to hold between them, and the first one is found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from mqlab.definitions.candidates import day_thresholds
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.plan import Plan
from mqlab.definitions.prepare import prepare
from mqlab.definitions.sweep import Sweep
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import Event, History, Lead
from tests.definitions.brute import Brute, first_on_grid, minutes
from tests.definitions.made import HEAD, MAKERS, START, STEP, Maker, load

HOURS = timedelta(hours=1)
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))


def moments(as_of: datetime) -> list[datetime]:
    """Every instant of the coarse grid, on which all times of the made histories and all durations lie."""
    return [at for number in range(60) if (at := START + number * STEP) <= as_of]


@given(maker=MAKERS)
@settings(SLOW, max_examples=15)
def test_no_minute_qualifies_before_the_first_crossing(maker: Maker) -> None:
    """On a one-minute grid over a DST change the brute force finds the very instant that the evaluator finds."""
    definition = maker.definition()
    history = maker.history()
    others = maker.colleagues()
    as_of = START + 36 * HOURS

    crossing = Evaluator(definition).first_crossing(history, as_of=as_of, account=others)

    found = first_on_grid(Brute(definition, history, as_of, others), list(minutes(START, as_of)))
    actual = (crossing.qualified_at_us, crossing.path) if crossing.verdict == "mql" else None
    assert (None if found is None else (micros(found[0]), found[1])) == actual


def agree(maker: Maker) -> None:
    """Evaluator and brute force about one made definition and lead."""
    definition = maker.definition()
    history = maker.history()
    others = maker.colleagues()
    as_of = START + maker.one((45, 45, 20, 6)) * HOURS
    within = maker.one((None, None, 12 * HOURS, timedelta(hours=4, minutes=30)))
    grid = moments(as_of)
    brute = Brute(definition, history, as_of, others)

    crossing = Evaluator(definition).first_crossing(
        history, as_of=as_of, qualify_within_us=within and within // timedelta(microseconds=1), account=others
    )

    found = first_on_grid(brute, [at for at in grid if within is None or at < START + within])
    if found is not None:
        assert ("mql", micros(found[0]), found[1]) == (crossing.verdict, crossing.qualified_at_us, crossing.path)
        return
    brute.fired.clear()
    said: dict[str, str] = {}
    for at in grid:
        said = brute.gates(at)
    winner = next((kind for kind in ("disqualify", "hold") if kind in said.values()), None)
    expected = {"disqualify": "disqualified", "hold": "held", None: "not_mql"}[winner]
    path = None if winner is None else f"gate:{next(gate for gate, kind in said.items() if kind == winner)}"
    assert (expected, None, path) == (crossing.verdict, crossing.qualified_at_us, crossing.path)


@given(maker=MAKERS)
@settings(SLOW, max_examples=300)
def test_first_crossing_is_the_brute_force_s(maker: Maker) -> None:
    """On the coarse grid on which all times and durations lie, first crossing, verdict and path agree exactly."""
    agree(maker)


@pytest.mark.long
@given(maker=MAKERS)
@settings(SLOW, max_examples=10_000)
def test_first_crossing_is_the_brute_force_s_ten_thousand_times(maker: Maker) -> None:
    """The same for ten thousand definitions and leads."""
    agree(maker)


@pytest.mark.parametrize(
    ("other", "expected"),
    [pytest.param("elsewhere", (START, "score"), id="before view"), pytest.param("visit", None, id="after view")],
)
def test_versions_alike_but_for_their_names(other: str, expected: tuple[datetime, str] | None) -> None:
    """Of one key, number and time the greatest name is the event, for both, in whatever order they are listed."""
    definition = load(f'{HEAD}qualify: "count(view) >= 1"\n')
    versions = [Event(name, START - STEP, START - STEP, "e1", version=1) for name in ("view", other)]

    for events in (versions, versions[::-1]):
        history = History(Lead("me", START), tuple(events))
        crossing = Evaluator(definition).first_crossing(history, as_of=START)
        assert expected == first_on_grid(Brute(definition, history, START), [START])
        assert ("not_mql" if expected is None else "mql") == crossing.verdict


@given(maker=MAKERS)
@settings(SLOW, max_examples=80)
def test_times_to_the_microsecond(maker: Maker) -> None:
    """With times to the microsecond the brute force holds at the crossing, and at no earlier instant that is tried."""
    definition = maker.definition()
    history = maker.history(when=maker.fine)
    as_of = START + 45 * HOURS
    if any(gate.forever for gate in definition.gates):
        return

    crossing = Evaluator(definition).first_crossing(history, as_of=as_of)

    brute = Brute(definition, history, as_of)
    end = as_of
    if crossing.verdict == "mql" and crossing.qualified_at_us is not None:
        end = instant(crossing.qualified_at_us)
        assert crossing.path == brute.path(end)
        if end > START:
            assert brute.path(end - timedelta(microseconds=1)) is None
    for at in [maker.fine() for _ in range(20)]:
        if START <= at < end:
            assert brute.path(at) is None


@given(maker=MAKERS)
@settings(SLOW, max_examples=100)
def test_leaving_out_harmful_instants_changes_nothing(maker: Maker) -> None:
    """Among all candidates and among those that can help the definition first holds at the same instant."""
    definition = maker.definition()
    history = maker.history(when=maker.fine)
    as_of = micros(START + 60 * HOURS)
    found = []
    for helpful_only in (True, False):
        sweep = Sweep(Plan(definition), prepare(history), micros(START), as_of)
        at_start = sweep.holds()
        later = sweep.walk(sorted(sweep.instants(micros(START), as_of, helpful_only=helpful_only)))
        found.append(next(((at, path) for at, path in later if path), None) if at_start is None else at_start)

    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("days_since(view) >= 7", (7, 8), id="at least"),
        pytest.param("days_since(view) == 0", (1,), id="today"),
        pytest.param("3 < days_since(view) <= 5 or count(view) > 2", (3, 4, 5, 6), id="chain"),
        pytest.param("count(view) > 2", (), id="no days"),
    ],
)
def test_day_thresholds(text: str, expected: tuple[int, ...]) -> None:
    """Only the whole days that a comparison asks about, and the next, are instants of interest."""
    definition = load(f'{HEAD}qualify: "{text}"\n')

    assert expected == day_thresholds(definition)
