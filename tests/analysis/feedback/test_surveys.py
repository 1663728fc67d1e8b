"""Survey answers of lost leads, counted by hand."""

from __future__ import annotations

from mqlab.analysis.feedback.said import Said
from mqlab.analysis.feedback.surveys import AnswerCount, Answered, surveys
from tests.analysis.feedback.hand_made import BEGIN_US, END_US, say

SAID: Said = {
    "a": (say("closed_lost", 2), say("survey", 5, "too expensive"), say("survey", 6, "no time")),
    "b": (say("rejected", 3), say("survey", 40, "too expensive")),
    "c": (say("rejected", -5), say("survey", 4, "too expensive"), say("survey", 4, "too expensive")),
    "d": (say("accepted", 2), say("survey", 7, "great")),
    "e": (say("closed_lost", 9),),
    "f": (say("rejected", -9), say("survey", 8)),
    "g": (say("closed_lost", 45),),
}
"""`b` answered in August, `g` was lost in it, `c` and `f` in June; `c` answered the same twice, `d` was not lost."""

DEFINITIONS = {"a": "forms@1.0.0", "c": "visits@1.0.0", "f": "visits@1.0.0"}


def test_answers_of_lost_leads() -> None:
    """Three lost leads answered in July, two of them that it was too expensive, one without words."""
    found = surveys(SAID, BEGIN_US, END_US, definition=DEFINITIONS.get, source=lambda _lead: "event")

    assert (found.lost, found.lost_and_answered, found.answered, found.others) == (3, 2, 3, 1)
    assert found.answers == (AnswerCount("too expensive", 2), AnswerCount("no time", 1), AnswerCount(None, 1))
    assert found.by_definition == (
        Answered("visits@1.0.0", 2, (AnswerCount("too expensive", 1), AnswerCount(None, 1))),
        Answered("forms@1.0.0", 1, (AnswerCount("no time", 1), AnswerCount("too expensive", 1))),
    )
    assert [one.leads for one in found.by_source] == [3]
    assert found.to_dict()["answered_per_lost"] == 2 / 3


def test_an_answer_may_come_before_the_loss_it_speaks_of() -> None:
    """A deal lost on the day of the answer is lost at the end of that day; the lead has answered all the same."""
    said: Said = {"a": (say("survey", 5, "too expensive"), say("closed_lost", 6))}
    early = surveys({"a": said["a"][:1]}, BEGIN_US, END_US, definition=DEFINITIONS.get, source=lambda _lead: None)
    found = surveys(said, BEGIN_US, END_US, definition=DEFINITIONS.get, source=lambda _lead: None)

    assert (early.lost, early.answered, early.others) == (0, 0, 1)
    assert (found.lost, found.lost_and_answered, found.answered, found.others) == (1, 1, 1, 0)


def test_nobody_lost() -> None:
    """Without a lost lead there is no share of answers."""
    found = surveys({}, BEGIN_US, END_US, definition=lambda _: None, source=lambda _: None)

    assert found.to_dict()["answered_per_lost"] == {"not_estimable": "no_lost_leads"}
    assert found.to_dict()["answers"] == []
