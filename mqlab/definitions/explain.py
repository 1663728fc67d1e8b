"""A decision with everything that led to it (definitions.md 3.14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mqlab.definitions.channels import AbsenceSlot, CountSlot, DecayedSlot, Slot
from mqlab.definitions.decision import Decision, RuleOutcome
from mqlab.definitions.logic import Reader, compile_node, round9
from mqlab.definitions.model import AbsenceRule, Definition, EventRule, MapRule, Rule, WordsRule
from mqlab.definitions.plan import GateOutcome, Plan
from mqlab.definitions.prepare import EDGE_US, Prepared, prepare
from mqlab.definitions.scores import capped, raw_points
from mqlab.definitions.state import State
from mqlab.definitions.sweep import Sweep
from mqlab.definitions.verdict import verdict_of_gates
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import History


class Explainer:
    """A definition with every one of its parts compiled, those included on which no instant hangs."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        plan = self._plan = Plan(definition)
        self._fields = [(field.name, plan.position(field.name)) for field in definition.fields]
        self._rules = [
            (rule, raw_points(rule, plan)) for score in definition.scores for group in score.groups for rule in group.rules
        ]
        self._scores = [(score.name, plan.score(score.name)) for score in definition.scores]
        self._grades = [
            (grading.score, plan.grade(grading.score), [label for label, _ in grading.bounds][::-1])
            for grading in definition.grades
        ]
        model = definition.model
        self._probability = None if model is None else plan.probability()
        self._features = (
            []
            if model is None
            else [(term.feature.text, compile_node(term.feature.tree, plan.leaves)) for term in model.terms]
        )
        self._labels = [(label.label, plan.condition(label.when)) for label in definition.classify]
        nurture = definition.nurture
        self._track = None if nurture is None else (nurture.track, plan.condition(nurture.when))

    def decide(
        self,
        history: History | Prepared,
        *,
        as_of: datetime,
        start: datetime | None = None,
        qualify_within_us: int | None = None,
        account: Sequence[History | Prepared] = (),
    ) -> Decision:
        """The explained decision about one lead at `as_of`."""
        lead = prepare(history)
        as_of_us = micros(as_of)
        start_us = lead.start_us if start is None else micros(start)
        others = [prepare(other) for other in account] if self._plan.reads_account else ()
        sweep = Sweep(self._plan, lead, min(start_us, as_of_us), as_of_us, others)
        crossings: list[tuple[int, str]] = []
        holds_now = False
        if start_us <= as_of_us:
            crossings, holds_now = self._crossings(sweep, start_us, as_of_us, qualify_within_us)
        state = sweep.state
        gates = self._plan.gate_outcomes(state)
        if crossings:
            qualified_us, path = crossings[0]
            verdict, path_shown, qualified_at = "mql", path, instant(qualified_us)
"""

    """
