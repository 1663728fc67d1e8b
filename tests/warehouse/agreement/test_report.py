"""The agreement test itself: a wrong engine is found out, and the report is small enough to read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.leads.records import History
from tests.warehouse.agreement.answers import Answers, in_python
from tests.warehouse.agreement.makes import Example, ExampleMaker
from tests.warehouse.agreement.report import check


def known_at_once(history: History) -> History:
    """A history whose late events were known when they occurred."""
    return replace(history, events=tuple(replace(event, known_at=event.occurred_at) for event in history.events))


def hasty(example: Example) -> Answers:
    """An engine that counts events before they are known."""
    leads = tuple(replace(judged, history=known_at_once(judged.history)) for judged in example.leads)
    return in_python(replace(example, leads=leads))


def test_a_wrong_engine_is_told_with_one_lead_and_few_facts() -> None:
    """The smallest case has one definition, one lead and hardly any event; both answers are there."""
    with pytest.raises(AssertionError) as told:
        check(ExampleMaker(0).example(), hasty, 1e-9)

    lines = str(told.value).splitlines()
    assert lines[0].startswith("ExampleMaker(")
    assert sum(line.startswith("  evaluator, ") for line in lines) == 1
    assert sum(line.startswith("  engine, ") for line in lines) == 1
    assert 1 <= sum(" known " in line for line in lines) <= 3


def test_the_same_seed_makes_the_same_example() -> None:
    """An example is made again from its name alone."""
    one, other = (ExampleMaker(17).example() for _ in range(2))

    assert (one.texts, one.as_of) == (other.texts, other.as_of)
    assert repr(one.leads) == repr(other.leads)
