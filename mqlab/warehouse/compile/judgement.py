"""One definition over the sweep: scores, grades, model, gates, and by which path it holds at each row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import assert_never

import ibis
from ibis.expr import types as ir

from mqlab.definitions.model import (
    AbsenceRule,
    Definition,
    EventRule,
    Gate,
    Grading,
    Group,
    LogisticModel,
    Matrix,
    Rule,
    Score,
    WeightRule,
    WhenRule,
)
from mqlab.definitions.scores import hangs_on_fields
from mqlab.definitions.slots import AbsenceSlot, CountSlot, DecayedSlot, Slot
from mqlab.definitions.tree import (
    Expression,
    GradeRef,
    Node,
    Probability,
    ScoreRef,
)
from mqlab.definitions.walk import moving, walk
from mqlab.leads.instants import DAY_US
from mqlab.warehouse.compile.expression import Leaves, compile_node, nine_decimals, number
from mqlab.warehouse.compile.intervals import value as signal_value
from mqlab.warehouse.compile.signals import Absent, Counted, Latest, Signal, signal_of, slot_of
from mqlab.warehouse.compile.statics import Statics, bounded, capped, weighed
from mqlab.warehouse.readings import Readings


class Judgement:
    """One definition's columns over the swept rows; `number` tells its columns from other definitions'.

    Each step adds columns to the table and gives it back, so that a score is worked out once however often it is read.
    """

    def __init__(
        self, definition: Definition, place: int, statics: Statics, signals: Mapping[Signal, int], readings: Readings
    ) -> None:
        self.definition = definition
        self.place = place
        self._statics = statics
        self._signals = signals
        self._readings = readings
        self.paths = _paths(definition)

    def column(self, what: str) -> str:
        """The name of a column of this definition."""
        return f"{what}:{self.place}"

    def scores(self, table: ir.Table) -> dict[str, ir.Value]:
        """Every score, rounded to nine decimals, and the probability."""
        leaves = _SweptLeaves(self, table)
        columns = {self.column(f"score:{score.name}"): self._score(score, leaves) for score in self.definition.scores}
        if self.definition.model is not None:
            columns[self.column("probability")] = self._probability(self.definition.model, leaves)
        return columns

    def grades(self, table: ir.Table) -> dict[str, ir.Value]:
        """The rank of every grade."""
        return {
            self.column(f"grade:{grading.score}"): _grade(grading, table[self.column(f"score:{grading.score}")])
            for grading in self.definition.grades
        }

    def gates(self, table: ir.Table) -> dict[str, ir.Value]:
        """What each gate says: `fired:<i>` where it has its own way, `stops:<i>` where it keeps the lead back."""
        leaves = _SweptLeaves(self, table)
        columns: dict[str, ir.Value] = {}
        for index, gate in enumerate(self.definition.gates):
            when = compile_node(gate.when.tree, leaves)
            columns[self.column(f"fired:{index}")] = when.fill_null(_fires_when_unknown(gate))
            columns[self.column(f"stops:{index}")] = when.fill_null(gate.on_unknown != "pass")
        return columns

    def lasting(self, table: ir.Table) -> dict[str, ir.Value]:
        """The same of gates that last for ever once they fired."""
        columns: dict[str, ir.Value] = {}
        for index, gate in enumerate(self.definition.gates):
            if gate.forever:
                so_far = ibis.window(group_by=table.key, order_by=table.t, range=(None, 0))
                ever = table[self.column(f"fired:{index}")].ifelse(1, 0).max().over(so_far) > 0
                columns[self.column(f"fired:{index}")] = ever
                columns[self.column(f"stops:{index}")] = ever | table[self.column(f"stops:{index}")]
        return columns

    def paths_taken(self, table: ir.Table) -> dict[str, ir.Value]:
        """`path`: the number of the path by which the definition holds, null where it does not."""
        leaves = _SweptLeaves(self, table)
        cases: list[tuple[ir.Value, ir.Value]] = []
        nothing = ibis.null("int64")
        stops = [table[self.column(f"stops:{index}")] for index in range(len(self.definition.gates))]
        if stops:
            cases.append((reduce(lambda one, other: one | other, stops), nothing))
        for index, track in enumerate(self.definition.fast_track):
            cases.append((compile_node(track.when.tree, leaves), _code(index)))
        cases += self._qualify(table, leaves, len(self.definition.fast_track))
        return {self.column("path"): ibis.cases(*cases, else_=nothing) if cases else nothing}

    def verdict(self, table: ir.Table) -> ir.Value:
        """What the gates make of a lead that does not qualify: number of the gate, −1 where none stops it."""
        cases = []
        for kind in ("disqualify", "hold"):
            for index, gate in enumerate(self.definition.gates):
                fired, stops = table[self.column(f"fired:{index}")], table[self.column(f"stops:{index}")]
                if gate.then == kind:
                    cases.append((fired, _code(2 * index + (kind == "hold"))))
                elif kind == "hold" and gate.on_unknown == "hold":
                    cases.append((stops & ~fired, _code(2 * index + 1)))
        return ibis.cases(*cases, else_=_code(-1)) if cases else _code(-1)

    def _qualify(self, table: ir.Table, leaves: Leaves, first: int) -> list[tuple[ir.Value, ir.Value]]:
        qualify = self.definition.qualify
        match qualify:
            case None:
                return []
            case Expression(tree=tree):
                return [(compile_node(tree, leaves), _code(first))]
            case Matrix():
                row = table[self.column(f"grade:{qualify.row_score}")]
                column = table[self.column(f"grade:{qualify.column_score}")]
                labels = {
                    grading.score: [label for label, _ in grading.bounds][::-1] for grading in self.definition.grades
                }
                rows, columns = labels[qualify.row_score], labels[qualify.column_score]
                return [
                    (
                        (row == number(rows.index(row_label))) & (column == number(columns.index(column_label))),
                        _code(first + position),
                    )
                    for position, (row_label, column_label) in enumerate(qualify.cells)
                ]
            case _:
                assert_never(qualify)

    def _score(self, score: Score, leaves: _SweptLeaves) -> ir.Value:
        groups = [self._group(score, position, group, leaves) for position, group in enumerate(score.groups)]
        total = reduce(lambda one, other: one + other, groups, number(0)) * number(score.factor)
        return nine_decimals(bounded(total, score.low, score.high))

    def _group(self, score: Score, position: int, group: Group, leaves: _SweptLeaves) -> ir.Value:
        still = self._statics.groups.get((score.name, position))
        parts = [] if still is None else [leaves.table[still]]
        parts += [_points(rule, leaves) for rule in group.rules if not hangs_on_fields(rule)]
        total = reduce(lambda one, other: one + other, parts, number(0))
        return bounded(total, group.minimum, group.maximum)

    def _probability(self, model: LogisticModel, leaves: _SweptLeaves) -> ir.Value:
        z: ir.Value = leaves.table[self._statics.model]
        for term in model.terms:
            if moving(term.feature.tree):
                z = z + weighed(compile_node(term.feature.tree, leaves), term.coefficient)
        # beyond it the probability is 0 or 1 to nine decimals, and some engines refuse so small a power
        z = ibis.greatest(ibis.least(z, number(700)), number(-700))
        return number(1) / (number(1) + (-z).exp())

    def static(self, node: Node) -> str | None:
        """The column of a subtree that hangs on fields alone."""
        return self._statics.nodes.get(node)

    def slot(self, slot: Slot, table: ir.Table) -> ir.Value:
        """The value of a slot at each row."""
        signal = signal_of(self.definition, slot, self._readings)
        index = self._signals[signal]
        match signal:
            case Counted():
                second = table[f"s{index}"] if f"s{index}" in table.columns else number(0)
                return signal_value(signal, table[f"n{index}"], second, table.t)
            case Absent():
                return table[f"n{index}"] > number(0)
            case Latest():
                since = table.t - table[f"m{index}"].cast("int64")
                return (since // DAY_US).cast("float64")
            case _:
                assert_never(signal)


class _SweptLeaves(Leaves):
    """Reads the swept rows: static subtrees, slots, scores, grades, the probability."""

    def __init__(self, judgement: Judgement, table: ir.Table) -> None:
        self.table = table
        self._judgement = judgement

    def known(self, node: Node) -> ir.Value | None:
        """A subtree that hangs on fields alone."""
        column = self._judgement.static(node)
        return None if column is None else self.table[column]

    def leaf(self, node: Node) -> ir.Value:
        """A number that moves with time."""
        column = self._judgement.column
        match node:
            case ScoreRef(name=name):
                return self.table[column(f"score:{name}")]
            case GradeRef(score=name):
                return self.table[column(f"grade:{name}")]
            case Probability():
                return self.table[column("probability")]
            case _:
                slot = slot_of(node)
                return super().leaf(node) if slot is None else self.slot(slot)

    def slot(self, slot: Slot) -> ir.Value:
        """The value of a slot."""
        return self._judgement.slot(slot, self.table)


def _points(rule: Rule, leaves: _SweptLeaves) -> ir.Value:
    """The points of a rule that moves with events."""
    match rule:
        case EventRule(points=each):
            slot = CountSlot(rule.channel) if rule.decay is None else DecayedSlot(rule.channel, rule.decay)
            return capped(leaves.slot(slot) * number(each), rule.cap)
        case AbsenceRule(points=each):
            return capped(leaves.slot(AbsenceSlot(rule.events, rule.of_us)).ifelse(number(each), number(0)), rule.cap)
        case WhenRule(points=each):
            return capped(compile_node(rule.when.tree, leaves).ifelse(number(each), number(0)), rule.cap)
        case _:
            name = rule.field if isinstance(rule, WeightRule) else rule.id
            raise TypeError(f"the rule '{name}' hangs on fields alone")


def _grade(grading: Grading, score: ir.Value) -> ir.Value:
    """The rank of the grade reached, 0 the worst; null below all grades."""
    best = len(grading.bounds) - 1
    cases = [(score >= number(bound), number(best - index)) for index, (_, bound) in enumerate(grading.bounds)]
    return ibis.cases(*cases, else_=ibis.null("float64"))


def _paths(definition: Definition) -> tuple[str, ...]:
    """The paths by which a definition may hold, in the order of their numbers."""
    paths = [f"fast_track:{track.id}" for track in definition.fast_track]
    match definition.qualify:
        case Matrix(cells=cells):
            paths += [f"matrix:{row}{column}" for row, column in cells]
        case Expression(tree=tree):
            paths.append("model" if any(isinstance(node, Probability) for node in walk(tree)) else "score")
        case None:
            pass
        case _:
            assert_never(definition.qualify)
    return tuple(paths)


def _fires_when_unknown(gate: Gate) -> bool:
    return gate.on_unknown == "fail" or (gate.on_unknown == "hold" and gate.then == "hold")


def _code(value: int) -> ir.Value:
    return ibis.literal(value).cast("int64")
