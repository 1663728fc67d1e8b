"""A definition made ready to judge leads: every expression a function, every number read from events a slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, assert_never
from zoneinfo import ZoneInfo

from mqlab.definitions.candidates import day_thresholds
from mqlab.definitions.decay import factor
from mqlab.definitions.event_filter import EventFilter
from mqlab.definitions.fields import reader
from mqlab.definitions.logic import Leaves, Reader, compile_node
from mqlab.definitions.model import Decay, Definition, FieldDecl, Gate, Matrix
from mqlab.definitions.monotone import signs
from mqlab.definitions.scores import compile_grade, compile_model, compile_score
from mqlab.definitions.slots import CountSlot, DaysSlot, Slot, SumSlot
from mqlab.definitions.state import State
from mqlab.definitions.tree import (
    AccountCount,
    Count,
    DaysSince,
    Expression,
    FieldRef,
    GradeRef,
    Missing,
    Node,
    Probability,
    PropRef,
    ScoreRef,
    Sum,
)
from mqlab.definitions.walk import moving, walk
from mqlab.leads.records import Scalar

GateOutcome = Literal["pass", "disqualify", "hold"]


class LeadLeaves(Leaves[State]):
    """Reads a lead's state: fields after their defaults, slots, scores, grades, the probability."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def leaf(self, node: Node) -> Reader[State]:
        """A field, or one of the numbers that move with time."""
        plan = self._plan
        match node:
            case FieldRef(name=name):
                return plan.field(name)
            case Missing(field=name):
                position = plan.position(name)
                return lambda state: state.fields[position] is None
            case ScoreRef(name=name):
                return plan.score(name)
            case GradeRef(score=name):
                return plan.grade(name)
            case Probability():
                return plan.probability()
            case Count(channel=channel):
                return plan.slot(CountSlot(channel))
            case AccountCount(channel=channel):
                return plan.slot(CountSlot(channel, account=True))
            case Sum(channel=channel, prop=prop):
                return plan.slot(SumSlot(channel, prop))
            case DaysSince(channel=channel):
                return plan.slot(DaysSlot(channel))
            case _:
                return super().leaf(node)

    def declared(self, ref: FieldRef | PropRef) -> Reader[State]:
        """The number an enum field's label stands for."""
        return self._plan.field_number(ref.name) if isinstance(ref, FieldRef) else super().declared(ref)


class Plan:
    """Everything about a definition that does not depend on a lead.

    `slots` gives each slot its position in a state; `decisive` lists the positions on which it hangs whether the
    definition holds, with the direction that helps; the first `decisive_fields` of `fields` are those that matter.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.zone = ZoneInfo(definition.timezone)
        self.fields: list[FieldDecl] = []
        self.readers: list[Callable[[Scalar], Scalar]] = []
        self.slots: dict[Slot, int] = {}
        self.reads_account = False
        self.statics: list[Callable[[State], Any]] = []
        self.leaves = LeadLeaves(self)
        self._declared = {"source": FieldDecl("source", "string"), **{field.name: field for field in definition.fields}}
        self._positions: dict[str, int] = {}
        self._scores: dict[str, Reader[State]] = {}
        self._grades: dict[str, Reader[State]] = {}
        self._probability: Reader[State] | None = None
        self._shares: dict[Decay, Callable[[int], float]] = {}
        self.filter = EventFilter(definition)
        self.gates = tuple((gate, self._gate(gate)) for gate in definition.gates)
        self.gates_hang_on_fields = not any(moving(gate.when.tree) for gate in definition.gates)
        self.blocked = self._blocked()
        self.path = self._path()
        self.decisive_fields = len(self.fields)
        self.decisive = [(self.slots[slot], sign) for slot, sign in signs(definition).items() if slot in self.slots]
        self.has_forever = any(gate.forever for gate in definition.gates)
        self.day_thresholds = day_thresholds(definition)

    def position(self, name: str) -> int:
        """Where a field stands in a state."""
        if name not in self._positions:
            decl = self._declared[name]
            self._positions[name] = len(self.fields)
            self.fields.append(decl)
            self.readers.append(reader(decl.kind, decl.labels, self.definition.null_tokens))
        return self._positions[name]

    def field(self, name: str) -> Reader[State]:
        """A field's value after its default."""
        position = self.position(name)
        decl = self.fields[position]
        default: Scalar = decl.default_label if decl.kind == "enum" else decl.impute
        if default is None:
            return lambda state: state.fields[position]
        return lambda state: default if (value := state.fields[position]) is None else value

    def field_number(self, name: str) -> Reader[State]:
        """The declared value of an enum field's label, 1 or 0 for a bool, the number itself for a number."""
        value = self.field(name)
        decl = self._declared[name]
        if decl.kind == "enum":
            numbers = {entry.label: entry.value for entry in decl.labels}
            return lambda state: numbers.get(value(state))
        if decl.kind == "bool":
            return lambda state: None if (truth := value(state)) is None else float(truth)
        return value

    def slot(self, slot: Slot) -> Reader[State]:
        """The value of a slot at a state's instant."""
        position = self.slots.setdefault(slot, len(self.slots))
        self.reads_account = self.reads_account or (isinstance(slot, CountSlot) and slot.account)

        def slot_value(state: State) -> Any:
            if state.at_us < state.until[position]:
                return state.values[position]
            return state.refresh(position)

        return slot_value

    def static(self, compute: Callable[[State], Any]) -> Reader[State]:
        """`compute`, done only when a field changes."""
        position = len(self.statics)
        self.statics.append(compute)
        return lambda state: state.statics[position]

    def score(self, name: str) -> Reader[State]:
        """A score by name, rounded to nine decimals."""
        if name not in self._scores:
            names = [score.name for score in self.definition.scores]
            position = names.index(name)
            self._scores[name] = compile_score(self.definition.scores[position], position, self)
        return self._scores[name]

    def grade(self, score: str) -> Reader[State]:
        """The rank of a score's grade, 0 the worst; None below all."""
        if score not in self._grades:
            grading = next(grading for grading in self.definition.grades if grading.score == score)
            self._grades[score] = compile_grade(grading, self.score(score))
        return self._grades[score]

    def probability(self) -> Reader[State]:
        """The model's probability."""
        if self._probability is None:
            if self.definition.model is None:
                raise TypeError(f"{self.definition.ref} has no model")
            self._probability = compile_model(self.definition.model, self)
        return self._probability

    def share(self, decay: Decay) -> Callable[[int], float]:
        """What share of its points an event keeps at an age in microseconds."""
        if decay not in self._shares:
            self._shares[decay] = factor(decay)
        return self._shares[decay]

    def condition(self, expression: Expression) -> Reader[State]:
        """A condition, worked out again only when what it reads may have changed."""
        compiled = compile_node(expression.tree, self.leaves)
        return compiled if moving(expression.tree) else self.static(compiled)

    def _gate(self, gate: Gate) -> Callable[[State], GateOutcome]:
        when = self.condition(gate.when)
        unknown: GateOutcome
        match gate.on_unknown:
            case "pass":
                unknown = "pass"
            case "fail":
                unknown = gate.then
            case "hold":
                unknown = "hold"
            case _:
                assert_never(gate.on_unknown)
        outcomes: dict[bool | None, GateOutcome] = {True: gate.then, False: "pass", None: unknown}
        return lambda state: outcomes[when(state)]

    def _blocked(self) -> Callable[[State], bool]:
        """Whether a gate keeps the lead back; a `forever` gate that fires is remembered in the state."""
        forever = [(index, gate.then, when) for index, (gate, when) in enumerate(self.gates) if gate.forever]
        passing = [(gate, when) for gate, when in self.gates if not gate.forever]
        still = [when for gate, when in passing if not moving(gate.when.tree)]
        moves = [when for gate, when in passing if moving(gate.when.tree)]
        still_blocked = self.static(lambda state: any(outcome(state) != "pass" for outcome in still))

        def blocked(state: State) -> bool:
            stopped = bool(still_blocked(state))
            for index, then, outcome in forever:
                now = outcome(state)
                if now == then:
                    state.fired.add(index)
                stopped = stopped or now != "pass" or index in state.fired
            for outcome in moves:
                stopped = stopped or outcome(state) != "pass"
            return stopped

        return blocked

    def gate_outcomes(self, state: State) -> list[GateOutcome]:
        """What each gate says at a state's instant, in the order of the file, `forever` ones that fired included."""
        return [
            gate.then if index in state.fired else outcome(state) for index, (gate, outcome) in enumerate(self.gates)
        ]

    def _path(self) -> Callable[[State], str | None]:
        """Round the gates: by which path the definition holds at a state's instant, None where it does not."""
        tracks = [(self.condition(track.when), f"fast_track:{track.id}") for track in self.definition.fast_track]
        qualifies = self._qualify()

        def path(state: State) -> str | None:
            for when, name in tracks:
                if when(state) is True:
                    return name
            return qualifies(state)

        return path if tracks else qualifies

    def _qualify(self) -> Callable[[State], str | None]:
        qualify = self.definition.qualify
        match qualify:
            case None:
                return lambda _state: None
            case Matrix():
                return self._matrix(qualify)
            case Expression(tree=tree):
                when = self.condition(qualify)
                name = "model" if any(isinstance(node, Probability) for node in walk(tree)) else "score"
                return lambda state: name if when(state) is True else None
            case _:
                assert_never(qualify)

    def _matrix(self, matrix: Matrix) -> Callable[[State], str | None]:
        row, column = self.grade(matrix.row_score), self.grade(matrix.column_score)
        labels = {grading.score: [label for label, _ in grading.bounds][::-1] for grading in self.definition.grades}
        rows, columns = labels[matrix.row_score], labels[matrix.column_score]
        paths = {
            (rows.index(row_label), columns.index(column_label)): f"matrix:{row_label}{column_label}"
            for row_label, column_label in matrix.cells
        }
        promising = {row_rank for row_rank, _ in paths}

        def cell(state: State) -> str | None:
            row_rank = row(state)
            return paths.get((row_rank, column(state))) if row_rank in promising else None

        return cell
