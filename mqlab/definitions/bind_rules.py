"""Rules: what gives points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mqlab.definitions.bind_declarations import declared_field
from mqlab.definitions.bind_expression import bind_expression
from mqlab.definitions.document import (
    AbsenceSpec,
    AnyRuleSpec,
    BandsSpec,
    DecaySpec,
    EventRuleSpec,
    HalfLifeSpec,
    LinearSpec,
    MapSpec,
    StepsSpec,
    WhenSpec,
    WordsSpec,
)
from mqlab.definitions.draft import Draft, Step
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Decay,
    EventRule,
    FieldDecl,
    HalfLife,
    Linear,
    MapRule,
    Rule,
    Steps,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.scope import Scope
from mqlab.definitions.tree import Channel, Expression
from mqlab.errors import Place, nearest
from mqlab.leads.text import normalise, spaced
from mqlab.leads.values import ValueType


class RuleBinder:
    """Binds the rules of one definition; their ids are unique in it."""

    def __init__(self, draft: Draft, scope: Scope) -> None:
        self.draft = draft
        self.scope = scope
        self.fields: Mapping[str, FieldDecl] = scope.fields
        self.ids: dict[str, tuple[Place, bool]] = {}
        """Where each id was first claimed, and whether by a weight."""

    def rule(self, spec: AnyRuleSpec, loc: Sequence[Step]) -> Rule | None:
        """The rule at `loc`, None where it could not be bound."""
        self._claim(spec.id, self.draft.place(*loc, "id"), of_weight=False)
        match spec:
            case BandsSpec():
                return self._bands(spec, loc)
            case MapSpec():
                return self._map(spec, loc)
            case WordsSpec():
                return self._words(spec, loc)
            case EventRuleSpec():
                return self._event(spec, loc)
            case AbsenceSpec():
                events = [
                    self._known_event(event, (*loc, "absence", index)) for index, event in enumerate(spec.absence)
                ]
                if len(set(spec.absence)) < len(spec.absence):
                    self.draft.wrong("DuplicateName", "An event is listed twice.", self.draft.place(*loc, "absence"))
                return (
                    AbsenceRule(spec.id, tuple(spec.absence), spec.of, spec.points, spec.cap) if all(events) else None
                )
            case WhenSpec():
                when = self._expression(self.scope.of_facts(), (*loc, "when"))
                return WhenRule(spec.id, when, spec.points, spec.cap) if when is not None else None

    def weight(self, score: str, field: str, weight: float) -> WeightRule | None:
        """The weight of an enum with values or of a bool; its id is the field's name."""
        place = self.draft.key_place("scores", score, "weights", field)
        self._claim(field, place, of_weight=True)
        decl = declared_field(self.draft, self.fields, field, place)
        if decl is None:
            return None
        if decl.kind not in ("enum", "bool"):
            message = f"'{field}' is {_noun(decl.kind)}: weights are for enums with values and for bools."
            self.draft.wrong("TypeMismatch", message, place, "Use a rule with `bands` or `map`.")
            return None
        if any(label.value is None for label in decl.labels):
            message = f"The labels of '{field}' have no values to weigh."
            self.draft.wrong("TypeMismatch", message, place, "Declare its labels with values: {low: 1, high: 2}.")
            return None
        return WeightRule(field, field, weight)

    def _claim(self, identity: str, place: Place, *, of_weight: bool) -> None:
        first, by_weight = self.ids.setdefault(normalise(identity), (place, of_weight))
        if first is place:
            return
        line, hint = first.line, "Rule ids are unique in a definition."
        if of_weight and by_weight:
            message = f"'{identity}' is weighed twice, the first time in line {line}: a weight's id is its field."
            hint = f"{hint} Weigh it in one score, and give it a rule with `map` in the other."
        elif of_weight or by_weight:
            message = f"The id '{identity}' stands here twice: a weight's id is its field; the first is in line {line}."
        else:
            message = f"The rule id '{identity}' stands here twice; the first is in line {line}."
        self.draft.wrong("DuplicateId", message, place, hint)

    def _field(self, name: str, loc: Sequence[Step], kinds: tuple[ValueType, ...], what: str) -> FieldDecl | None:
        place = self.draft.place(*loc, "field")
        decl = declared_field(self.draft, self.fields, name, place)
        if decl is not None and decl.kind not in kinds:
            hint = {
                "number": "Use `bands`.",
                "enum": "Use `map`.",
                "bool": "Use `map`.",
                "string": "Use `map` or `words`.",
            }[decl.kind]
            self.draft.wrong("TypeMismatch", f"'{name}' is {_noun(decl.kind)}: {what}.", place, hint)
            return None
        return decl

    def _bands(self, spec: BandsSpec, loc: Sequence[Step]) -> BandsRule | None:
        decl = self._field(spec.field, loc, ("number",), "bands are for numbers")
        placed: list[tuple[float, float]] = []
        for index, (low, high, _) in enumerate(spec.bands):
            start = -float("inf") if low is None else low
            end = float("inf") if high is None else high
            place = self.draft.place(*loc, "bands", index)
            if start >= end:
                self.draft.wrong(
                    "ReversedBand",
                    f"The band [{_end(low)}, {_end(high)}) holds nothing: the first number must be less.",
                    place,
                )
                continue
            for other_start, other_end in placed:
                if start < other_end and other_start < end:
                    other = f"[{_end(other_start)}, {_end(other_end)})"
                    self.draft.wrong(
                        "OverlappingBands", f"The band [{_end(low)}, {_end(high)}) overlaps {other}.", place
                    )
                    break
            placed.append((start, end))
        return BandsRule(spec.id, spec.field, tuple(spec.bands), spec.cap) if decl is not None else None

    def _map(self, spec: MapSpec, loc: Sequence[Step]) -> MapRule | None:
        decl = self._field(spec.field, loc, ("string", "enum", "bool"), "`map` is for text, enums and bools")
        if decl is None:
            return None
        points: dict[str | bool, float] = {}
        labels = {label.label for label in decl.labels}
        for key, value in spec.map.items():
            place = self.draft.key_place(*loc, "map", key)
            if isinstance(key, bool) != (decl.kind == "bool"):
                hint = "Its keys are true and false." if decl.kind == "bool" else f'Quote it: "{str(key).lower()}".'
                self.draft.wrong(
                    "TypeMismatch", f"'{spec.field}' is {_noun(decl.kind)}, and the key {key} is not.", place, hint
                )
                continue
            known = normalise(key) if isinstance(key, str) else key
            if decl.kind == "enum" and known not in labels:
                displays = [label.display for label in decl.labels]
                hint = nearest(str(key), displays) or f"Its labels are {', '.join(displays)}."
                self.draft.wrong("UnknownLabel", f"'{key}' is no label of '{spec.field}'.", place, hint)
            if known in points:
                self.draft.wrong("DuplicateKey", f"The key '{key}' stands here twice, once normalised.", place)
            points[known] = value
        return MapRule(spec.id, spec.field, tuple(points.items()), spec.default, spec.cap)

    def _words(self, spec: WordsSpec, loc: Sequence[Step]) -> WordsRule | None:
        decl = self._field(spec.field, loc, ("string",), "words are looked for in text")
        choices: list[tuple[tuple[str, ...], float]] = []
        for index, (words, points) in enumerate(spec.words):
            stored = tuple(spaced(normalise(word)) for word in words)
            for position, word in enumerate(stored):
                if not word.strip():
                    place = self.draft.place(*loc, "words", index, 0, position)
                    self.draft.wrong("InvalidValue", f"'{words[position]}' has no letter or digit to look for.", place)
            choices.append((stored, points))
        return WordsRule(spec.id, spec.field, tuple(choices), spec.cap) if decl is not None else None

    def _event(self, spec: EventRuleSpec, loc: Sequence[Step]) -> EventRule | None:
        if not self._known_event(spec.event, (*loc, "event")):
            return None
        where = self._expression(self.scope.of_event(spec.event), (*loc, "where")) if spec.where is not None else None
        decay = self._decay(spec.decay, (*loc, "decay")) if spec.decay is not None else None
        if decay is not None and spec.points < 0:
            message = f"Points that decay must be 0 or more, not {spec.points:g}: they would rise by themselves."
            self.draft.wrong(
                "DecayOfNegative", message, self.draft.place(*loc, "points"), "Use `within` for points that end."
            )
        channel = Channel(
            spec.event, where.tree if where is not None else None, spec.within, spec.distinct == "day", spec.max_count
        )
        return EventRule(spec.id, channel, spec.points, decay, spec.cap)

    def _decay(self, spec: DecaySpec, loc: Sequence[Step]) -> Decay:
        match spec:
            case HalfLifeSpec(half_life=length):
                return HalfLife(length)
            case LinearSpec(linear=length):
                return Linear(length)
            case StepsSpec(steps=steps):
                return self._steps(steps, (*loc, "steps"))

    def _steps(self, steps: Sequence[tuple[int, float]], loc: Sequence[Step]) -> Steps:
        last_boundary, last_factor = -1, 1.0
        for index, (boundary, factor) in enumerate(steps):
            place = self.draft.place(*loc, index)
            if boundary <= last_boundary:
                self.draft.wrong("InvalidSteps", "Each step must begin later than the one before.", place)
            if not 0 <= factor <= 1:
                self.draft.wrong(
                    "InvalidSteps", f"The factor of a step lies in [0, 1], and {factor:g} does not.", place
                )
            elif factor > last_factor:
                self.draft.wrong(
                    "InvalidSteps", f"The factors of the steps may not rise ({last_factor:g}, then {factor:g}).", place
                )
            last_boundary, last_factor = boundary, factor
        return Steps(tuple(steps))

    def _known_event(self, event: str, loc: Sequence[Step]) -> bool:
        if event in self.scope.events:
            return True
        hint = nearest(event, self.scope.events) or "Declare it under `events`."
        self.draft.wrong("UnknownEvent", f"Unknown event '{event}'.", self.draft.place(*loc), hint)
        return False

    def _expression(self, scope: Scope, loc: Sequence[Step]) -> Expression | None:
        return self.draft.attempt(lambda: bind_expression(self.draft.source(*loc), scope)[0])


def _noun(kind: ValueType) -> str:
    return {"number": "a number", "string": "text", "bool": "true or false", "enum": "an enum"}[kind]


def _end(value: float | None) -> str:
    return "null" if value is None or value in (float("inf"), -float("inf")) else f"{value:g}"
