"""What would have tipped a lead: the conditions that kept a definition from holding at one instant, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from mqlab.definitions.logic import compile_node
from mqlab.definitions.model import Definition, Matrix
from mqlab.definitions.phrases import clause, noun
from mqlab.definitions.plan import Plan
from mqlab.definitions.prepare import prepare
from mqlab.definitions.state import State
from mqlab.definitions.sweep import Sweep
from mqlab.definitions.tree import And, Compare, GradeLiteral, LabelLiteral, Node, NumberLiteral, Or
from mqlab.leads.instants import micros
from mqlab.leads.records import History

Reads = Callable[[State], Any]


def tipping(
    definition: Definition, history: History, *, as_of: datetime, account: Sequence[History] = ()
) -> tuple[str, ...]:
    """Sentences that say what was missing at `as_of`; empty where the definition holds then.

    Gates come first, since nothing else helps while one closes; then what `qualify` lacked, then each fast track.
    """
    return _Tipping(definition).of(history, as_of, account)


class _Tipping:
    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.plan = Plan(definition)
        self._read: dict[Node, Reads] = {}
        qualify = definition.qualify
        if qualify is not None and not isinstance(qualify, Matrix):
            self._prepare(qualify.tree)
        for track in definition.fast_track:
            self._prepare(track.when.tree)
        if isinstance(qualify, Matrix):
            self._grades = {name: self.plan.grade(name) for name in (qualify.row_score, qualify.column_score)}

    def _prepare(self, node: Node) -> None:
        """Compile a condition and its parts before any lead is read: compiling may add what a state must hold."""
        self._read[node] = compile_node(node, self.plan.leaves)
        match node:
            case And(args=args) | Or(args=args):
                for arg in args:
                    self._prepare(arg)
            case Compare(left=left, right=right):
                self._read[left] = compile_node(left, self.plan.leaves)
                self._read[right] = compile_node(right, self.plan.leaves)
            case _:
                return

    def of(self, history: History, as_of: datetime, account: Sequence[History]) -> tuple[str, ...]:
        lead = prepare(history)
        at = micros(as_of)
        others = [prepare(other) for other in account] if self.plan.reads_account else ()
        sweep = Sweep(self.plan, lead, min(lead.start_us, at), at, others)
        if [path for _, path in sweep.walk([at])] != [None]:
            return ()
        state = sweep.state
        outcomes = self.plan.gate_outcomes(state)
        found = [
            f"the gate '{gate.id}' keeps the lead back"
            for (gate, _), outcome in zip(self.plan.gates, outcomes, strict=True)
            if outcome != "pass"
        ]
        qualify = self.definition.qualify
        if isinstance(qualify, Matrix):
            found.append(self._matrix(qualify, state))
        elif qualify is not None:
            found += self._lacking(qualify.tree, state)
        found += [
            f"or at once by '{track.id}': {'; '.join(self._lacking(track.when.tree, state))}"
            for track in self.definition.fast_track
        ]
        return tuple(found)

    def _lacking(self, node: Node, state: State) -> list[str]:
        """What must come true for `node` to be true; empty where it is."""
        if self._read[node](state) is True:
            return []
        match node:
            case And(args=args):
                return [line for arg in args for line in self._lacking(arg, state)]
            case Or(args=args):
                return [" or ".join("; ".join(self._lacking(arg, state)) for arg in args)]
            case Compare(left=left, right=NumberLiteral() | GradeLiteral() | LabelLiteral()):
                return [f"{clause(node)}; now {self._value(left, state)}"]
            case _:
                now = " (unknown now)" if self._read[node](state) is None else ""
                return [f"{clause(node)}{now}"]

    def _value(self, node: Node, state: State) -> str:
        value = self._read[node](state)
        if value is None:
            return "unknown"
        for grading in self.definition.grades:
            if noun(node) == f"the grade of {grading.score}" and isinstance(value, int):
                return grading.bounds[::-1][value][0]
        return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)

    def _matrix(self, matrix: Matrix, state: State) -> str:
        labels = {grading.score: [label for label, _ in grading.bounds][::-1] for grading in self.definition.grades}
        has = []
        for name, rank in self._grades.items():
            reached = rank(state)
            score = self.plan.score(name)(state)
            grade = "no grade" if reached is None else labels[name][reached]
            has.append(f"{name} is {score:g} ({grade})" if score is not None else f"{name} is unknown")
        cells = ", ".join(f"{row}{column}" for row, column in matrix.cells)
        return f"one of the cells {cells}; now {' and '.join(has)}"
