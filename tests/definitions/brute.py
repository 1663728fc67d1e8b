"""The meaning of a definition, written naively and apart from the evaluator: everything from scratch at every minute.

Nothing here is taken from the evaluator's own files; only the records, the tree and the reading of values by type.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mqlab.definitions import model as m
from mqlab.definitions import tree as n
from mqlab.leads.records import Event, History, Scalar
from mqlab.leads.text import normalise, spaced
from mqlab.leads.values import canonical_text, read

DAY = timedelta(days=1)


def us(microseconds: int) -> timedelta:
    """A duration."""
    return timedelta(microseconds=microseconds)


def nine(x: float | None) -> float | None:
    """Nine decimals, half up."""
    return None if x is None else math.floor(x * 1e9 + 0.5) / 1e9


class Seen:
    """One event as it is known."""

    def __init__(self, event: Event, known: datetime, tie: str) -> None:
        self.event, self.known, self.at, self.tie = event, known, event.occurred_at, tie


def texts(event: Event) -> dict[str, str]:
    """The properties as normalised text; absent, null and empty are the same."""
    found = {name: normalise(canonical_text(value)) for name, value in event.props.items() if value is not None}
    return {name: text for name, text in sorted(found.items()) if text != ""}


def standing(event: Event) -> tuple[Any, ...]:
    """What makes one version of an event greater than another, down to its canonical text: name, then properties."""
    number = -math.inf if event.version is None else event.version
    return number, event.known_at, event.occurred_at, event.name, json.dumps(texts(event), ensure_ascii=False)


def seen(history: History, as_of: datetime) -> list[Seen]:
    """One version per key of the events known by `as_of`."""
    versions: dict[Any, list[Event]] = {}
    for event in history.events:
        if max(event.occurred_at, event.known_at) > as_of:
            continue
        key = (
            ("id", event.source, event.event_id)
            if event.event_id
            else ("no id", event.name, event.occurred_at.replace(microsecond=0), tuple(texts(event).items()))
        )
        versions.setdefault(key, []).append(event)
    found = []
    for number, several in enumerate(versions.values()):
        arrived = min(max(one.occurred_at, one.known_at) for one in several)
        best = max(several, key=standing)
        found.append(Seen(best, max(arrived, best.occurred_at), f"{best.event_id}{number}"))
    return found


class Brute:
    """A definition and a lead; `path(t)` says by which path the definition holds at an instant."""

    def __init__(
        self, definition: m.Definition, history: History, as_of: datetime, others: Sequence[History] = ()
    ) -> None:
        self.d, self.h, self.as_of = definition, history, as_of
        self.mine = seen(history, as_of)
        self.account = self.mine + [one for other in others for one in seen(other, as_of)]
        self.decls = {"source": m.FieldDecl("source", "string")} | {field.name: field for field in definition.fields}
        self.fired: set[str] = set()

    def raw_field(self, name: str, t: datetime) -> Scalar:
        known = [
            change
            for change in self.h.field_changes
            if change.field == name and max(change.changed_at, change.known_at) <= t
        ]
        ever = [
            change
            for change in self.h.field_changes
            if change.field == name and max(change.changed_at, change.known_at) <= self.as_of
        ]
        if known:
            best = max(
                known,
                key=lambda one: (one.changed_at, one.known_at, one.value is not None, canonical_text(one.value)),
            )
            value = best.value
        elif ever and self.h.lead.row_is == "current":
            value = None
        else:
            value = self.h.lead.source if name == "source" else self.h.lead.fields.get(name)
        decl = self.decls[name]
        return read(value, decl.kind, self.d.null_tokens, [label.label for label in decl.labels])

    def field(self, name: str, t: datetime) -> Scalar:
        value = self.raw_field(name, t)
        decl = self.decls[name]
        if value is None and decl.kind == "enum":
            return decl.default_label
        return decl.impute if value is None else value

    def props_of(self, event: Event, name: str) -> Scalar:
        for decl in self.d.events:
            for prop in decl.props:
                if prop.name == name:
                    labels = [label.label for label in prop.labels]
                    return read(event.props.get(name), prop.kind, self.d.null_tokens, labels)
        return None

    def counted(self, channel: n.Channel, t: datetime, pool: list[Seen]) -> list[Seen]:
        """definitions.md 3.6, line by line."""
        here = [one for one in pool if one.known <= t]
        if self.d.ignore_events is not None:
            here = [one for one in here if self.value(self.d.ignore_events.tree, t, one.event) is not True]
        here = [one for one in here if one.event.name == channel.event]
        if channel.where is not None:
            here = [one for one in here if self.value(channel.where, t, one.event) is True]
        if channel.within_us is not None:
            here = [one for one in here if t - us(channel.within_us) < one.at]
        here.sort(key=lambda one: (one.at, one.known, one.tie), reverse=True)
        if channel.distinct_day:
            days: dict[Any, Seen] = {}
            for one in here:
                days.setdefault(one.at.astimezone(ZoneInfo(self.d.timezone)).date(), one)
            here = list(days.values())
        return here[: channel.max_count] if channel.max_count is not None else here

    def value(self, node: Any, t: datetime, event: Event | None = None) -> Any:
        """A node's value at t; None is unknown."""
        name = type(node).__name__
        if name in ("NumberLiteral", "TextLiteral", "TruthLiteral"):
            return node.value
        if name == "LabelLiteral":
            return node.label
        if name == "GradeLiteral":
            return node.rank
        if name == "FieldRef":
            return self.field(node.name, t)
        if name == "PropRef":
            return self.props_of(event, node.name)
        if name == "Missing":
            return self.raw_field(node.field, t) is None
        if name == "Count":
            return len(self.counted(node.channel, t, self.mine))
        if name == "AccountCount":
            return len(self.counted(node.channel, t, self.account))
        if name == "Sum":
            amounts = [self.props_of(one.event, node.prop) for one in self.counted(node.channel, t, self.mine)]
            return math.fsum(nine(amount) or 0.0 for amount in amounts if amount is not None and abs(amount) <= 9e15)
        if name == "DaysSince":
            events = self.counted(node.channel, t, self.mine)
            return (t - max(one.at for one in events)) // DAY if events else None
        if name == "ScoreRef":
            return self.score(node.name, t)
        if name == "GradeRef":
            labels = self.labels(node.score)
            grade = self.grade(node.score, t)
            return None if grade is None else len(labels) - 1 - labels.index(grade)
        if name == "Probability":
            return self.probability(t)
        if name == "And":
            truths = [self.value(arg, t, event) for arg in node.args]
            return False if False in truths else None if None in truths else True
        if name == "Or":
            truths = [self.value(arg, t, event) for arg in node.args]
            return True if True in truths else None if None in truths else False
        if name == "Not":
            truth = self.value(node.arg, t, event)
            return None if truth is None else not truth
        if name == "TextTest":
            text = self.value(node.subject, t, event)
            if text is None:
                return None
            return any(
                {
                    "has_word": lambda part: part in spaced(text),
                    "contains": lambda part: part in text,
                    "startswith": text.startswith,
                    "endswith": text.endswith,
                }[node.test](part)
                for part in node.texts
            )
        if name == "Member":
            item = self.value(node.item, t, event)
            return None if item is None else any(item == self.value(option, t, event) for option in node.options)
        if name == "Compare":
            return self.compare(node, t, event)
        return self.arithmetic(node, t, event)

    def arithmetic(self, node: Any, t: datetime, event: Event | None) -> float | None:
        name = type(node).__name__
        args = node.args if name in ("Least", "Greatest") else None
        if args is None:
            args = (node.left, node.right) if name == "Arithmetic" else (node.arg,)
        numbers = [self.value(arg, t, event) for arg in args]
        if None in numbers:
            return None
        if name == "Least":
            return min(numbers)
        if name == "Greatest":
            return max(numbers)
        if name == "Negate":
            return -numbers[0]
        if name == "Log1p":
            return math.log1p(numbers[0]) if numbers[0] > -1 else None
        if name == "Log10":
            return math.log10(numbers[0]) if numbers[0] > 0 else None
        return {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}[node.op](*numbers)

    def compare(self, node: n.Compare, t: datetime, event: Event | None) -> bool | None:
        sides = [self.value(side, t, event) for side in (node.left, node.right)]
        if None in sides:
            return None
        for index, side in enumerate((node.left, node.right)):
            if node.op in ("<", "<=", ">", ">=") and isinstance(side, n.FieldRef | n.PropRef) and side.kind == "enum":
                declared = [self.decls[side.name].labels] if side.name in self.decls else []
                declared += [prop.labels for decl in self.d.events for prop in decl.props if prop.name == side.name]
                sides[index] = next(one.value for labels in declared for one in labels if one.label == sides[index])
            elif node.op in ("<", "<=", ">", ">=") and isinstance(side, n.LabelLiteral):
                sides[index] = side.value
        if node.rounded:
            sides = [nine(side) for side in sides]
        left, right = sides
        return {
            "<": lambda: left < right, "<=": lambda: left <= right, ">": lambda: left > right,
            ">=": lambda: left >= right, "==": lambda: left == right, "!=": lambda: left != right,
        }[node.op]()  # fmt: skip

    def rule(self, rule: Any, t: datetime) -> float:
        name = type(rule).__name__
        points = 0.0
        if name == "EventRule":
            for one in self.counted(rule.channel, t, self.mine):
                points += rule.points * self.left(rule.decay, t - one.at)
        elif name == "AbsenceRule":
            heard = [self.h.lead.created_at]
            for event_name in rule.events:
                heard += [one.at for one in self.counted(n.Channel(event_name), t, self.mine)]
            points = rule.points if t >= max(heard) + us(rule.of_us) else 0.0
        elif name == "WhenRule":
            points = rule.points if self.value(rule.when.tree, t) is True else 0.0
        else:
            value = self.field(rule.field, t)
            if value is None:
                return 0.0
            if name == "BandsRule":
                for low, high, each in rule.bands:
                    if (low is None or value >= low) and (high is None or value < high):
                        points = each
            elif name == "MapRule":
                points = next((each for key, each in rule.points if key == value), rule.default)
            elif name == "WordsRule":
                points = next(
                    (each for words, each in rule.choices if any(word in spaced(value) for word in words)), 0.0
                )
            else:
                numbers = {label.label: label.value for label in self.decls[rule.field].labels}
                return rule.weight * (float(value) if isinstance(value, bool) else numbers[value])
        return points if rule.cap is None else max(-rule.cap, min(rule.cap, points))

    @staticmethod
    def left(decay: Any, age: timedelta) -> float:
        if decay is None:
            return 1.0
        if isinstance(decay, m.HalfLife):
            return 0.5 ** (age / us(decay.half_life_us)) if age < 64 * us(decay.half_life_us) else 0.0
        if isinstance(decay, m.Linear):
            return max(0.0, 1 - age / us(decay.length_us))
        share = 1.0
        for boundary, factor in decay.steps:
            if us(boundary) <= age:
                share = factor
        return share

    def score(self, name: str, t: datetime) -> float | None:
        score = next(score for score in self.d.scores if score.name == name)
        total = 0.0
        for group in score.groups:
            points = sum(self.rule(rule, t) for rule in group.rules)
            points = points if group.maximum is None else min(points, group.maximum)
            total += points if group.minimum is None else max(points, group.minimum)
        total *= score.factor
        total = total if score.high is None else min(total, score.high)
        return nine(total if score.low is None else max(total, score.low))

    def labels(self, score: str) -> list[str]:
        return [label for grading in self.d.grades if grading.score == score for label, _ in grading.bounds]

    def grade(self, score: str, t: datetime) -> str | None:
        value = self.score(score, t)
        for grading in self.d.grades:
            if grading.score == score:
                reached = [(bound, label) for label, bound in grading.bounds if value >= bound]
                return max(reached)[1] if reached else None
        return None

    def probability(self, t: datetime) -> float:
        z = self.d.model.intercept
        for term in self.d.model.terms:
            value = self.value(term.feature.tree, t)
            z += 0.0 if value is None else term.coefficient * value
        return 1 / (1 + math.exp(-z))

    def gates(self, t: datetime) -> dict[str, str]:
        """What each gate says; forever gates that fired once go on."""
        said = {}
        for gate in self.d.gates:
            truth = self.value(gate.when.tree, t)
            outcome = gate.then if truth is True else "pass"
            if truth is None:
                outcome = {"pass": "pass", "fail": gate.then, "hold": "hold"}[gate.on_unknown]
            if gate.forever and outcome == gate.then:
                self.fired.add(gate.id)
            said[gate.id] = gate.then if gate.id in self.fired else outcome
        return said

    def path(self, t: datetime) -> str | None:
        """The path by which the definition holds at t."""
        if set(self.gates(t).values()) - {"pass"}:
            return None
        for track in self.d.fast_track:
            if self.value(track.when.tree, t) is True:
                return f"fast_track:{track.id}"
        if self.d.qualify is None:
            return None
        if isinstance(self.d.qualify, m.Matrix):
            row, column = self.grade(self.d.qualify.row_score, t), self.grade(self.d.qualify.column_score, t)
            return f"matrix:{row}{column}" if (row, column) in self.d.qualify.cells else None
        if self.value(self.d.qualify.tree, t) is True:
            return "model" if "probability" in self.d.qualify.text else "score"
        return None


def minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every minute in [start, end]."""
    t = start
    while t <= end:
        yield t
        t += timedelta(minutes=1)


def first_on_grid(brute: Brute, grid: Sequence[datetime]) -> tuple[datetime, str] | None:
    """The first instant of the grid at which the definition holds, and the path."""
    for t in grid:
        path = brute.path(t)
        if path is not None:
            return t, path
    return None
