"""What the evaluator and an engine say about an example, as rows that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.model import Definition
from mqlab.definitions.prepare import prepare
from mqlab.leads.instants import instant, micros
from mqlab.warehouse.compile import decisions
from mqlab.warehouse.engines.engine import Engine
from tests.warehouse.agreement.makes import Example
from tests.warehouse.agreement.view_of import view_of

TOLERANCE = {"duckdb": 1.001e-9, "postgres": 1.001e-9, "spark": 2.001e-9}
"""Two numbers rounded to nine decimals may round apart; Spark's powers and logarithms differ in the last bit."""


@dataclass(frozen=True)
class Answer:
    """What one definition says about one lead; scores are in the order of the definition, those of `as_of`."""

    verdict: str
    path: str | None
    qualified_at_us: int | None
    holds_now: bool
    scores: tuple[float | None, ...]
    probability: float | None

    def agrees(self, other: Answer, tolerance: float) -> bool:
        """Whether everything but the numbers is the same, and the numbers nearly."""
        mine, theirs = (*self.scores, self.probability), (*other.scores, other.probability)
        return (
            (self.verdict, self.path, self.qualified_at_us, self.holds_now)
            == (other.verdict, other.path, other.qualified_at_us, other.holds_now)
            and len(mine) == len(theirs)
            and all(near(one, two, tolerance) for one, two in zip(mine, theirs, strict=True))
        )


Answers = list[list[Answer]]
"""By definition, then by lead, in the order of the example."""
Ask = Callable[[Example], Answers]


def near(one: float | None, other: float | None, tolerance: float) -> bool:
    """Whether two numbers are the same but for rounding; a huge one has no nine decimals."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= max(tolerance, 1e-12 * abs(one))


def in_python(example: Example) -> Answers:
    """What the evaluator says."""
    ready = {judged.history.lead.lead_id: prepare(judged.history) for judged in example.leads}
    colleagues = [[ready[other.lead.lead_id] for other in example.colleagues(judged)] for judged in example.leads]
    found: Answers = []
    for definition in example.definitions:
        evaluator = Evaluator(definition)
        answers = []
        for judged, others in zip(example.leads, colleagues, strict=True):
            decision = evaluator.decide(
                ready[judged.history.lead.lead_id],
                as_of=example.as_of,
                start=instant(judged.start_us),
                qualify_within_us=None if judged.until_us is None else judged.until_us - judged.start_us,
                account=others,
            )
            answers.append(
                Answer(
                    decision.verdict,
                    decision.path,
                    None if decision.qualified_at is None else micros(decision.qualified_at),
                    decision.holds_now,
                    tuple(decision.scores.get(score.name) for score in definition.scores),
                    decision.probability,
                )
            )
        found.append(answers)
    return found


def in_engine(engine: Engine) -> Ask:
    """What the compiled definitions say in an engine, all of an example in one query."""

    def ask(example: Example) -> Answers:
        view = view_of(example, engine)
        expression = decisions(view, example.definitions, engine, as_of_us=example.as_of_us)
        rows = {row["key"]: row for row in engine.fetched(expression).to_pylist()}
        assert len(rows) == len(example.leads), "one row per lead"
        keys = [judged.history.lead.lead_id for judged in example.leads]
        return [
            [_answer(rows[key], number, definition) for key in keys]
            for number, definition in enumerate(example.definitions)
        ]

    return ask


def _answer(row: dict[str, object], number: int, definition: Definition) -> Answer:
    def value(name: str) -> object:
        return row[f"{name}_{number}"]

    scores: Sequence[float | None] = [row[f"score_{number}_{at}"] for at in range(len(definition.scores))]
    probability = row.get(f"probability_{number}") if definition.model is None else value("probability")
    return Answer(value("verdict"), value("path"), value("at"), value("holds"), tuple(scores), probability)
