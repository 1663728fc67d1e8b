"""Applies the proof of `mqlab.definitions.direction` to a definition, and names what could begin to hold by itself."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.definitions.bind_expression import Binder
from mqlab.definitions.direction import (
    CONSTANT,
    FALLING,
    RISING,
    Moving,
    culprit,
    matrix_holes,
    model_direction,
    score_direction,
)
from mqlab.definitions.draft import Draft, Step
from mqlab.definitions.model import Grading, LogisticModel, Matrix, Score
from mqlab.definitions.tree import Direction, Expression

MAY_FALL = frozenset({CONSTANT, FALLING})
MAY_RISE = frozenset({CONSTANT, RISING})


def moving_parts(scores: Sequence[Score], grades: Sequence[Grading], model: LogisticModel | None) -> Moving:
    """How the scores and the probability of a definition move in time."""
    return Moving(
        {score.name: score_direction(score) for score in scores},
        {grading.score: grading for grading in grades},
        model_direction(model) if model is not None else CONSTANT,
    )


class InTime:
    """Refuses what could begin to hold between two candidate instants."""

    def __init__(
        self, draft: Draft, scores: Sequence[Score], grades: Sequence[Grading], model: LogisticModel | None
    ) -> None:
        self.draft = draft
        self.moving = moving_parts(scores, grades, model)

    def condition(self, expression: Expression, binder: Binder, loc: Sequence[Step]) -> None:
        """A `qualify` or a fast track may only fall."""
        self._check(expression, binder, loc, MAY_FALL, "begin")

    def gate(self, expression: Expression, binder: Binder, loc: Sequence[Step]) -> None:
        """A gate keeps leads back, so it may only rise."""
        self._check(expression, binder, loc, MAY_RISE, "cease")

    def model(self) -> None:
        """A probability may only fall."""
        if self.moving.probability not in MAY_FALL:
            place = self.draft.place("model")
            self.draft.wrong("CouldRise", "The probability could rise between two events, by itself.", place)

    def matrix(self, matrix: Matrix) -> None:
        """A matrix must be upward closed along the axis of a score that decays."""
        for row, column in matrix_holes(matrix, self.moving):
            message = (
                f"The matrix leaves out {row}{column}, though a worse cell qualifies: "
                "a decaying score would fall into that one and begin to hold."
            )
            self.draft.wrong(
                "CouldRise", message, self.draft.key_place("qualify", "matrix", row), f"List {column} in row {row} too."
            )

    def _check(
        self, expression: Expression, binder: Binder, loc: Sequence[Step], allowed: frozenset[Direction], verb: str
    ) -> None:
        node = culprit(expression.tree, self.moving, allowed)
        if node is None:
            return
        found = binder.spans.get(id(node))
        start, end = (found[1].start, found[1].end) if found is not None else (0, len(expression.text))
        written = expression.text[start:end].strip()
        names = ", ".join(f"'{name}'" for name, moves in self.moving.scores.items() if moves is not CONSTANT)
        message = f"`{written}` could {verb} to hold between two events, while the points of {names} decay."
        hint = "A score that decays may only be used so that more is better, such as `>=`."
        self.draft.wrong("CouldRise", message, self.draft.source(*loc).at(start), hint)
