"""How hard the examples are: who qualifies, when nothing arrives, and at a threshold exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mqlab.definitions.candidates import expressions
from mqlab.definitions.fields import known_from
from mqlab.definitions.kinds import continuous
from mqlab.definitions.logic import compile_node, quantise
from mqlab.definitions.model import Definition
from mqlab.definitions.plan import Plan
from mqlab.definitions.prepare import prepare
from mqlab.definitions.state import State
from mqlab.definitions.sweep import Sweep
from mqlab.definitions.tree import Compare, Probability, ScoreRef, Sum
from mqlab.definitions.walk import walk
from mqlab.leads.instants import micros
from tests.warehouse.agreement import kinds
from tests.warehouse.agreement.answers import Answers
from tests.warehouse.agreement.makes import Example, Judged

Side = Callable[[State], Any]
CONTINUOUS = ScoreRef | Probability | Sum


@dataclass
class Tally:
    """Counts over pairs of a definition and a lead, and the kinds that occurred."""

    examples: int = 0
    pairs: int = 0
    qualify: int = 0
    at_rest: int = 0
    tied: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.examples + other.examples,
            self.pairs + other.pairs,
            self.qualify + other.qualify,
            self.at_rest + other.at_rest,
            self.tied + other.tied,
            self.verdicts + other.verdicts,
            self.kinds | other.kinds,
        )

    def add(self, example: Example, answers: Answers) -> None:
        """Count one example by the evaluator's answers."""
        self.examples += 1
        if len(example.definitions) > 1:
            self.kinds.add("several definitions")
        ready = [prepare(judged.history) for judged in example.leads]
        for definition, said in zip(example.definitions, answers, strict=True):
            self.kinds.update(kinds.found(definition))
            thresholds = _Thresholds(definition)
            for judged, lead, answer in zip(example.leads, ready, said, strict=True):
                self.pairs += 1
                self.verdicts[answer.verdict] += 1
                at = answer.qualified_at_us
                if at is not None:
                    self.qualify += 1
                    self.at_rest += at not in _arrivals(example, judged)
                others = [prepare(other) for other in example.colleagues(judged)]
                self.tied += thresholds.tied(lead, judged, example.as_of_us, at, others)

    def __str__(self) -> str:
        return (
            f"{self.examples} examples, {self.pairs} pairs of definition and lead ({dict(self.verdicts)}): "
            f"{self.qualify / self.pairs:.1%} qualify, of them {self.at_rest / max(self.qualify, 1):.1%} when neither "
            f"event nor change arrives nor the stretch begins; {self.tied / self.pairs:.1%} tie a threshold"
        )


def _arrivals(example: Example, judged: Judged) -> set[int]:
    """The instants at which the lead begins, or something about it or its colleagues becomes known."""
    found = {judged.start_us}
    for history in (judged.history, *example.colleagues(judged)):
        found |= {max(micros(event.known_at), micros(event.occurred_at)) for event in history.events}
        found |= {known_from(change) for change in history.field_changes}
    return found


class _Thresholds:
    """Where a definition's scores, sums and probability meet a bound in a comparison, or the bound of a grade."""

    def __init__(self, definition: Definition) -> None:
        plan = self._plan = Plan(definition)
        self._sides: list[tuple[Side, Side, bool]] = []
        for expression in expressions(definition):
            for node in walk(expression.tree):
                if isinstance(node, Compare) and any(isinstance(part, CONTINUOUS) for part in walk(node)):
                    left, right = compile_node(node.left, plan.leaves), compile_node(node.right, plan.leaves)
                    self._sides.append((left, right, continuous(node.left) or continuous(node.right)))
        self._bounds = [
            (plan.score(grading.score), {bound for _, bound in grading.bounds}) for grading in definition.grades
        ]

    def tied(self, lead: Any, judged: Judged, as_of_us: int, at: int | None, others: list[Any]) -> bool:
        """Whether some number equals its bound where the lead qualifies, else at `as_of`."""
        sweep = Sweep(self._plan, lead, min(judged.start_us, as_of_us), as_of_us, others)
        sweep.state.move(as_of_us if at is None else at)
        state = sweep.state
        if any(score(state) in bounds for score, bounds in self._bounds):
            return True
        return any(_equal(left(state), right(state), rounded) for left, right, rounded in self._sides)


def _equal(left: Any, right: Any, rounded: bool) -> bool:
    if not all(isinstance(side, float | int) and not isinstance(side, bool) for side in (left, right)):
        return False
    return bool(quantise(left) == quantise(right) if rounded else left == right)
