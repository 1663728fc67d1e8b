"""When the counts speak for another threshold, and when they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from mqlab.analysis.quarter.experiments import Ran, belongs, said
from mqlab.analysis.quarter.proposals import proposals
from mqlab.analysis.quarter.thresholds import Near, Revisit, Threshold, between, near, thresholds
from mqlab.definitions.model import Definition
from mqlab.experiments.lifecycle import State
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import NotEstimable
from tests.analysis.quarter.hand_made import BEGIN, END, LATER

BAR = Threshold("a@1.0.0", "fit", 50.0)


def counts(just: tuple[int, int], well: tuple[int, int], below: tuple[int, int]) -> Near:
    """SQLs and leads of the three groups."""
    return Near(BAR, 60.0, Counts(*just), Counts(*well), Counts(*below), 0, 0, 60)


@pytest.mark.parametrize(
    ("just", "well", "below", "reading"),
    [
        pytest.param((150, 500), (450, 1500), (20, 2000), "lower", id="just above as good as well above"),
        pytest.param((200, 500), (450, 1500), (20, 2000), "lower", id="just above better"),
        pytest.param((6, 500), (450, 1500), (20, 2000), "raise", id="just above no better than nobody's"),
        pytest.param((75, 500), (450, 1500), (20, 2000), "ordered", id="in between"),
        pytest.param((2, 10), (6, 20), (0, 30), "unclear", id="too few to tell"),
        pytest.param((0, 0), (6, 20), (0, 30), "unclear", id="nobody just above"),
    ],
)
def test_what_the_counts_speak_for(just: tuple[int, int], well: tuple[int, int], below: tuple[int, int], reading: str):
    """Only a clear picture is read; few leads say nothing, whichever way they lean."""
    assert counts(just, well, below).reading == reading


def test_the_fourth_with_the_lowest_scores_is_just_above():
    """Of 400 MQLs with scores 50 to 449 the hundred lowest; every second of all became an SQL."""
    found = near(BAR, np.arange(50.0, 450.0), np.arange(400) % 2 == 0, Counts(1, 50), mqls=900, within_days=60)

    assert isinstance(found, Near)
    assert (found.near, found.far, found.upto) == (Counts(50, 100), Counts(150, 300), 149.0)


@pytest.mark.parametrize("scores", [pytest.param([50.0] * 199, id="few"), pytest.param([50.0] * 400, id="all alike")])
def test_too_few_or_too_like_scores_say_nothing(scores: list[float]):
    """A reason stands in place of counts."""
    found = near(BAR, np.array(scores), np.zeros(len(scores), bool), Counts(0, 9), mqls=1, within_days=60)

    assert isinstance(found, NotEstimable)


def test_definitions_without_a_score_have_no_threshold():
    """One that nobody qualifies by asks for no score."""
    assert thresholds(Definition("mini", "1.0.0")) == ()


def ran(**more: object) -> Ran:
    """An experiment that runs."""
    one = Ran(
        "x", "Does it?", "growth", State("running", BEGIN), (date(2026, 7, 1), date(2026, 9, 30)),
        {"old": "a@1.0.0", "new": "b@1.0.0"}, "old", 100,
    )  # fmt: skip
    return replace(one, **more)  # type: ignore[arg-type]


def test_what_handing_over_brought_has_the_sign_of_handing_over():
    """Being in `new` costs 20 SQLs where `old` hands over first: handing those over adds 20."""
    row = {"arm": "new", "stratum": "control_first", "stage": "sql", "leads_per_1000": 160.0,
           "outcomes_per_1000": -20.0, "low": -25.0, "high": -15.0}  # fmt: skip
    (found,) = between([ran(marginal=(row,))])

    assert (found.hands_over, found.other) == ("a@1.0.0", "b@1.0.0")
    assert (found.outcomes_per_1000, found.low, found.high) == (20.0, 15.0, 25.0)


def test_rows_without_an_interval_are_no_evidence():
    """What cannot be estimated is left out."""
    row = {"arm": "new", "stratum": "arm_first", "stage": "sql", "leads_per_1000": 160.0,
           "outcomes_per_1000": {"not_estimable": "no_units"}, "low": None, "high": None}  # fmt: skip

    assert between([ran(marginal=(row,))]) == ()


RESULT = {
    "verdicts": {"new": {"call": "ship", "why": ["sql_per_lead: better"]}},
    "metrics": [
        {"primary": True, "arm": "new", "metric": "sql_per_lead", "horizon_days": 60,
         "relative": {"estimate": 0.1, "low": 0.05, "high": 0.15}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "told"),
    [
        pytest.param({}, [("ship", "x")], id="a verdict that waits"),
        pytest.param({"state": State("decided", BEGIN, END, "ship", "new")}, [], id="decided"),
        pytest.param({"taken": False, "looks_due": (date(2026, 9, 1),)}, [("take_look", "x")], id="a look that is due"),
    ],
)
def test_what_is_proposed(more: dict[str, object], told: list[tuple[str, str]]):
    """A verdict asks for its decision once, from a look that was taken."""
    found = proposals([ran(verdicts=said(RESULT), said_at=END, **more)], Revisit((), (), ()), [])

    assert [(one.what, one.about) for one in found] == told


def test_counts_that_speak_for_another_bar_are_proposed():
    """Lower where nothing is lost towards the bar; what is as it should be is no proposal."""
    rows = (counts((150, 500), (450, 1500), (20, 2000)), counts((75, 500), (450, 1500), (20, 2000)))

    assert [one.what for one in proposals([], Revisit((), rows, ()), [])] == ["lower_threshold"]


@pytest.mark.parametrize(
    ("state", "whether"),
    [
        pytest.param(State("draft"), False, id="draft"),
        pytest.param(State("running", BEGIN), True, id="runs"),
        pytest.param(State("running", END), False, id="started after it"),
        pytest.param(State("decided", BEGIN, LATER), True, id="ended later"),
        pytest.param(State("stopped", BEGIN.replace(year=2025), BEGIN), True, id="ended as it began"),
        pytest.param(State("stopped", BEGIN.replace(year=2024), BEGIN.replace(year=2025)), False, id="over before it"),
    ],
)
def test_which_experiments_are_of_a_quarter(state: State, whether: bool):
    """Those that had started, and enrolled, by its end and were not over before its beginning."""
    assert belongs(state, BEGIN.replace(year=2024), BEGIN, END) is whether
    assert not belongs(state, END, BEGIN, END)
