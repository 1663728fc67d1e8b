"""Which kinds of node and rule a definition is made of, by going through all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from mqlab.definitions import tree
from mqlab.definitions.candidates import expressions
from mqlab.definitions.model import Decay, Definition, EventRule, Matrix, Rule
from mqlab.definitions.tree import Channel, Compare, Member, Node, TextTest
from mqlab.definitions.walk import channels, walk


def wanted() -> frozenset[str]:
    """Everything that must occur: each node, each rule, each decay, and what a part may be told to do."""
    nodes = {kind.__name__ for kind in get_args(Node)}
    parts = {kind.__name__ for kind in (*get_args(Rule), *get_args(Decay))}
    tests = {f"TextTest {test}" for test in get_args(tree.TextTestKind)}
    signs = {f"Compare {op}" for op in get_args(tree.CompareOp)} | {
        f"Arithmetic {op}" for op in get_args(tree.ArithmeticOp)
    }
    options = {
        f"Member {kind}" for kind in ("NumberLiteral", "TextLiteral", "LabelLiteral", "GradeLiteral", "TruthLiteral")
    }
    gates = {f"Gate {then} {unknown}" for then in ("disqualify", "hold") for unknown in ("pass", "fail", "hold")}
    whole = {"forever", "fast track", "matrix", "model", "scale_to", "range", "group bounds", "cap", "default points"}
    channel = {"within", "distinct day", "max_count", "where", "decay and max_count", "decay and distinct day"}
    inputs = {"ignore_events", "enum default", "impute", "named list", "rounded", "several definitions"}
    return frozenset(nodes | parts | tests | signs | options | gates | whole | channel | inputs)


def found(definition: Definition) -> Iterator[str]:
    """Every kind that occurs in a definition; one that occurs twice comes twice."""
    yield from _whole(definition)
    for expression in expressions(definition):
        yield from _nodes(expression.tree)
    if definition.ignore_events is not None:
        yield from _nodes(definition.ignore_events.tree)
    for score in definition.scores:
        for group in score.groups:
            if group.minimum is not None or group.maximum is not None:
                yield "group bounds"
            for rule in group.rules:
                yield from _rule(rule)


def _whole(definition: Definition) -> Iterator[str]:
    for gate in definition.gates:
        yield f"Gate {gate.then} {gate.on_unknown}"
        if gate.forever:
            yield "forever"
    for field in definition.fields:
        if field.default_label is not None:
            yield "enum default"
        if field.impute is not None:
            yield "impute"
    flags = {
        "fast track": bool(definition.fast_track),
        "matrix": isinstance(definition.qualify, Matrix),
        "model": definition.model is not None,
        "scale_to": any(score.scale_to is not None for score in definition.scores),
        "range": any(score.low is not None or score.high is not None for score in definition.scores),
        "ignore_events": definition.ignore_events is not None,
    }
    yield from (name for name, given in flags.items() if given)


def _rule(rule: Rule) -> Iterator[str]:
    yield type(rule).__name__
    if getattr(rule, "cap", None) is not None:
        yield "cap"
    if getattr(rule, "default", 0):
        yield "default points"
    if isinstance(rule, EventRule):
        yield from _channel(rule.channel)
        if rule.decay is not None:
            yield type(rule.decay).__name__
            if rule.channel.max_count is not None:
                yield "decay and max_count"
            if rule.channel.distinct_day:
                yield "decay and distinct day"


def _channel(channel: Channel) -> Iterator[str]:
    flags = {
        "within": channel.within_us is not None,
        "distinct day": channel.distinct_day,
        "max_count": channel.max_count is not None,
        "where": channel.where is not None,
    }
    yield from (name for name, given in flags.items() if given)
    if channel.where is not None:
        yield from _nodes(channel.where)


def _nodes(root: Node) -> Iterator[str]:
    for node in walk(root):
        yield type(node).__name__
        match node:
            case Compare(op=op, rounded=rounded):
                yield f"Compare {op}"
                if rounded:
                    yield "rounded"
            case tree.Arithmetic(op=sign):
                yield f"Arithmetic {sign}"
            case TextTest(test=test):
                yield f"TextTest {test}"
            case Member(options=options, list_name=name):
                for option in options:
                    yield type(option).__name__
                    yield f"Member {type(option).__name__}"
                if name is not None:
                    yield "named list"
            case _:
                pass
    for channel in channels(root):
        yield from _channel(channel)
