"""Which events there are: identity, versions, what is ignored (definitions.md 3.10 and section 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.evaluate import Evaluator, decide
from mqlab.definitions.events import EventLog, canonical_props
from mqlab.leads.instants import micros
from mqlab.leads.records import Event, Scalar
from tests.definitions.leads import NOW, ago, definition, event, lead

FIRST = Event("view", ago(5), ago(5), "e1", "web", {"path": "/p"}, version=1)


def known(*events: Event, as_of: datetime = NOW) -> list[tuple[Scalar, int, int]]:
    """Path, occurrence and known instant of each event."""
    found = EventLog(events).known_by(micros(as_of))
    return [(one.props.get("path"), one.occurred_us, one.known_us) for one in found]


def test_the_greatest_version_by_as_of_is_the_event_at_every_instant() -> None:
    """A correction replaces the event from the first arrival on, for whoever knows of it."""
    corrected = replace(FIRST, props={"path": "/q"}, known_at=ago(1), version=2)

    assert known(FIRST, corrected, as_of=ago(2)) == [("/p", micros(ago(5)), micros(ago(5)))]
    assert known(corrected, FIRST) == [("/q", micros(ago(5)), micros(ago(5)))]


def test_a_version_that_occurs_later_is_known_when_it_occurs() -> None:
    """The first arrival does not make an event known before it occurs."""
    moved = replace(FIRST, occurred_at=ago(3), known_at=ago(2), version=2)

    assert known(FIRST, moved) == [("/p", micros(ago(3)), micros(ago(3)))]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"known_at": ago(1)}, "/q", id="known later"),
        pytest.param({"known_at": ago(9)}, "/p", id="known earlier"),
        pytest.param({"props": {"path": "/a"}}, "/p", id="canonical text"),
    ],
)
def test_where_no_versions_are_numbered(changed: dict[str, object], expected: str) -> None:
    """The greatest (known_at, occurred_at, canonical text) is the event."""
    one = replace(FIRST, version=None)
    other = replace(one, **{"props": {"path": "/q"}, **changed})

    assert [path for path, _, _ in known(one, other)] == [expected]
    assert known(one, other) == known(other, one)


@pytest.mark.parametrize("number", [pytest.param(None, id="no number"), pytest.param(1, id="one number")])
@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        pytest.param("form", "/z", "/p", id="form is before view"),
        pytest.param("visit", "/a", "/a", id="visit is after view"),
        pytest.param("view", "/o", "/p", id="the properties, of one name"),
    ],
)
def test_versions_alike_in_number_and_times(number: int | None, name: str, path: str, expected: str) -> None:
    """The canonical text, name before properties, tells them apart, in whatever order they are listed."""
    one = replace(FIRST, version=number)
    other = replace(one, name=name, props={"path": path})

    assert [[expected], [expected]] == [[path for path, _, _ in known(*log)] for log in ((one, other), (other, one))]


def test_events_without_an_id() -> None:
    """Without an id name, second and properties make the key; absent and null properties are the same."""
    one = event("view", ago(5, microseconds=-3), path="/p")
    same = event("view", ago(5, microseconds=-9), path="/P ", ref=None)
    other_second = event("view", ago(5, seconds=1), path="/p")
    other_path = event("view", ago(5), path="/q")

    assert len(known(one, same, other_second, other_path)) == 3


@pytest.mark.parametrize(
    ("other", "count"),
    [
        pytest.param(replace(FIRST, source="app"), 2, id="another source"),
        pytest.param(replace(FIRST, event_id="e2"), 2, id="another id"),
        pytest.param(replace(FIRST, name="form"), 1, id="another name"),
    ],
)
def test_events_with_an_id(other: Event, count: int) -> None:
    """Source and id make the key, whatever else is said of the event."""
    assert len(known(FIRST, other)) == count


def test_canonical_properties() -> None:
    """Numbers are shortest decimals, text is normalised, nothing is left out."""
    assert canonical_props({"b": 4.0, "a": "Straße", "c": None, "d": ""}) == '{"a": "strasse", "b": "4"}'


@given(
    events=st.lists(
        st.builds(
            lambda name, hours, late, event_id, version: Event(
                name, ago(hours=hours), ago(hours=hours - late), event_id, props={"n": float(late)}, version=version
            ),
            st.sampled_from(("view", "form")),
            st.integers(0, 4),
            st.integers(0, 3),
            st.sampled_from((None, "a", "b")),
            st.sampled_from((None, 1, 2)),
        ),
        max_size=6,
    ),
    data=st.data(),
)
def test_the_order_in_which_events_are_listed_does_not_matter(events: list[Event], data: st.DataObject) -> None:
    """The events of an as_of are the same for every order of the file."""
    shuffled = data.draw(st.permutations(events))

    def facts(log: list[Event]) -> list[tuple[int, int, str, Scalar]]:
        found = EventLog(log).known_by(micros(ago(hours=1)))
        return sorted((one.occurred_us, one.known_us, one.name, one.props["n"]) for one in found)

    assert facts(events) == facts(shuffled)


IGNORING = """
ignore_events: "bot == true or secs < 10"
scores: {s: {rules: [{id: click, event: click, points: 5}, {id: view, event: view, points: 1},
                     {id: quiet, absence: [view], of: 3d, points: -7}]}}
qualify: "s >= 5"
"""


def test_ignored_events_are_ignored_everywhere() -> None:
    """Only where the condition is true an event is dropped, also from an absence; unknown keeps it."""
    history = lead(
        event("click", ago(4), bot=True),
        event("click", ago(4), bot=False),
        event("click", ago(4)),
        event("view", ago(5), secs=10.0),
        event("view", ago(1), secs=9.0),
    )

    decision = decide(definition(IGNORING), history, as_of=NOW)

    assert {rule.id: (rule.points, rule.counted) for rule in decision.rules} == {
        "click": (10.0, 2),
        "view": (1.0, 1),
        "quiet": (-7.0, None),
    }


def test_a_late_event_counts_from_its_arrival() -> None:
    """A decision is never earlier than the arrival; what would have been is told apart."""
    evaluator = Evaluator(definition('qualify: "count(view) >= 1"'))
    late = lead(event("view", ago(9), known=ago(2)))

    assert evaluator.first_crossing(late, as_of=ago(3)).verdict == "not_mql"
    assert evaluator.first_crossing(late, as_of=NOW).qualified_at_us == micros(ago(2))
    assert evaluator.would_have_qualified_at(late, as_of=NOW).qualified_at_us == micros(ago(9))
    assert evaluator.would_have_qualified_at(late, as_of=ago(3)).verdict == "not_mql"
