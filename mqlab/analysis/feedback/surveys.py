"""What lost leads answered when they were asked why: by answer, definition and source.

An answer is an outcome `survey` whose reason is the answer. A lead is lost where sales rejected it or lost its deal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mqlab.analysis.feedback.rejections import plain, share
from mqlab.analysis.feedback.said import LOSSES, Said
from mqlab.leads.records import OutcomeKind
from mqlab.stats.estimate import NotEstimable

NOBODY_LOST = NotEstimable("no_lost_leads", "No lead was lost.")


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How many lost leads gave an answer; None: they answered and said nothing that was kept."""

    answer: str | None
    leads: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The lost leads of one definition or source that answered. A lead counts once for each of its answers."""

    name: str | None
    leads: int
    answers: tuple[AnswerCount, ...]

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON; shares are of the lost leads that answered."""
        return {"name": self.name, "answered": self.leads, "answers": answers_dict(self.answers, self.leads)}


@dataclass(frozen=True, slots=True)
class Surveys:
    """`lost` leads were lost in the window, and `lost_and_answered` of them have answered, whenever: an answer may
    stand before the loss it speaks of, as where a close date is the end of its day, or is entered late.

    `answered` are the lost leads, whenever lost, whose answers came in the window; `others` answered and are not lost.
    """

    lost: int
    lost_and_answered: int
    answered: int
    others: int
    answers: tuple[AnswerCount, ...]
    by_definition: tuple[Answered, ...]
    by_source: tuple[Answered, ...]

    @property
    def response(self) -> float | NotEstimable:
        """Lost leads that answered, of those lost in the window."""
        return share(self.lost_and_answered, self.lost, NOBODY_LOST)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "lost": self.lost,
            "lost_and_answered": self.lost_and_answered,
            "answered_per_lost": plain(self.response),
            "answered_in_the_window": self.answered,
            "answered_and_not_lost": self.others,
            "answers": answers_dict(self.answers, self.answered),
            "by_definition": [one.to_dict() for one in self.by_definition],
            "by_source": [one.to_dict() for one in self.by_source],
        }


def surveys(
    sayings: Said,
    begin_us: int,
    end_us: int,
    *,
    definition: Callable[[str], str | None],
    source: Callable[[str], str | None],
) -> Surveys:
    """The answers that came in a window; `definition` and `source` tell those of a lead."""
    lost = lost_and_answered = others = 0
    given: dict[str, set[str | None]] = {}
    for lead_id, one in sayings.items():
        loss = next((each for each in one if each.kind in LOSSES), None)
        answers = {each.reason for each in one if each.kind == OutcomeKind.SURVEY and begin_us <= each.at_us < end_us}
        if loss is not None and begin_us <= loss.at_us < end_us:
            lost += 1
            lost_and_answered += any(each.kind == OutcomeKind.SURVEY for each in one)
        if answers and loss is None:
            others += 1
        elif answers:
            given[lead_id] = answers
    return Surveys(
        lost=lost,
        lost_and_answered=lost_and_answered,
        answered=len(given),
        others=others,
        answers=_answers(given.values()),
        by_definition=_grouped(given, definition),
        by_source=_grouped(given, source),
    )


def _grouped(given: Mapping[str, set[str | None]], name: Callable[[str], str | None]) -> tuple[Answered, ...]:
    groups: dict[str | None, list[set[str | None]]] = {}
    for lead_id, answers in given.items():
        groups.setdefault(name(lead_id), []).append(answers)
    found = [Answered(called, len(mine), _answers(mine)) for called, mine in groups.items()]
    return tuple(sorted(found, key=lambda one: (one.name is None, -one.leads, one.name or "")))


def _answers(given: Iterable[set[str | None]]) -> tuple[AnswerCount, ...]:
    counted = Counter(answer for answers in given for answer in answers)
    order = sorted(counted, key=lambda answer: (answer is None, -counted[answer], answer or ""))
    return tuple(AnswerCount(answer, counted[answer]) for answer in order)


def answers_dict(answers: Iterable[AnswerCount], of: int) -> list[dict[str, Any]]:
    """Answers with their shares of `of` lost leads that answered."""
    return [{"answer": one.answer, "leads": one.leads, "share": one.leads / of} for one in answers]
