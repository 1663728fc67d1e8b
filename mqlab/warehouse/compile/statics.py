"""What of a definition hangs on fields alone: worked out once for each state of the fields, not at every instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import assert_never

import ibis
from ibis.expr import types as ir

from mqlab.definitions.candidates import expressions
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Definition,
    EventRule,
    Group,
    MapRule,
    Rule,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.scores import hangs_on_fields
from mqlab.definitions.tree import (
    GradeLiteral,
    LabelLiteral,
    Node,
    NumberLiteral,
    TextLiteral,
    TruthLiteral,
)
from mqlab.definitions.walk import children, moving
from mqlab.warehouse.compile.columns import FieldLeaves
from mqlab.warehouse.compile.expression import compile_node, number, product

LITERALS = (NumberLiteral, TextLiteral, TruthLiteral, LabelLiteral, GradeLiteral)


@dataclass
class Statics:
    """The columns of one definition that hang on fields: by subtree, by group (score, position), and of the model."""

    prefix: str
    leaves: FieldLeaves
    columns: dict[str, ir.Value] = field(default_factory=dict)
    nodes: dict[Node, str] = field(default_factory=dict)
    groups: dict[tuple[str, int], str] = field(default_factory=dict)
    model: str | None = None


def statics_of(definition: Definition, leaves: FieldLeaves, prefix: str) -> Statics:
    """Everything static of a definition, over the table its leaves read."""
    found = Statics(prefix, leaves)
    for expression in expressions(definition):
        _collect(found, expression.tree)
    for score in definition.scores:
        for position, group in enumerate(score.groups):
            still = [rule for rule in group.rules if hangs_on_fields(rule)]
            if still:
                total = reduce(lambda one, other: one + other, [_points(rule, leaves) for rule in still])
                found.groups[score.name, position] = _column(found, total)
    if definition.model is not None:
        base = number(definition.model.intercept)
        for term in definition.model.terms:
            if not moving(term.feature.tree):
                base = base + weighed(compile_node(term.feature.tree, leaves), term.coefficient)
        found.model = _column(found, base)
    return found


def weighed(feature: ir.Value, coefficient: float) -> ir.Value:
    """What a term adds to the model: a truth is 1 or 0, unknown adds 0."""
    if feature.type().is_boolean():
        feature = feature.ifelse(number(1), number(0))
    return product(feature, number(coefficient)).fill_null(number(0))


def capped(points: ir.Value, cap: float | None) -> ir.Value:
    """A rule's points: unknown gives 0, and a cap bounds the magnitude."""
    known = points.fill_null(number(0))
    return known if cap is None else ibis.greatest(ibis.least(known, number(cap)), number(-cap))


def bounded(value: ir.Value, low: float | None, high: float | None) -> ir.Value:
    """`value` within bounds that may be open."""
    if high is not None:
        value = ibis.least(value, number(high))
    return value if low is None else ibis.greatest(value, number(low))


def _collect(found: Statics, node: Node) -> None:
    """The largest subtrees that do not move."""
    if isinstance(node, LITERALS):
        return
    if not moving(node):
        if node not in found.nodes:
            found.nodes[node] = _column(found, compile_node(node, found.leaves))
        return
    for child in children(node):
        _collect(found, child)


def _column(found: Statics, value: ir.Value) -> str:
    name = f"{found.prefix}{len(found.columns)}"
    found.columns[name] = value
    return name


def _points(rule: Rule, leaves: FieldLeaves) -> ir.Value:
    """The points of a rule that hangs on fields alone."""
    match rule:
        case BandsRule():
            return capped(_bands(rule, leaves.field(rule.field)), rule.cap)
        case MapRule():
            return capped(_map(rule, leaves.field(rule.field)), rule.cap)
        case WordsRule():
            return capped(_words(rule, leaves), rule.cap)
        case WeightRule(weight=weight):
            return capped(leaves.number(rule.field) * number(weight), None)
        case WhenRule(points=points):
            return capped(_when(compile_node(rule.when.tree, leaves), points), rule.cap)
        case EventRule() | AbsenceRule():
            raise TypeError(f"the rule '{rule.id}' moves with events")
        case _:
            assert_never(rule)


def _when(truth: ir.Value, points: float) -> ir.Value:
    return truth.ifelse(number(points), number(0))


def _bands(rule: BandsRule, value: ir.Value) -> ir.Value:
    cases = []
    for low, high, points in rule.bands:
        inside = value.notnull()
        if low is not None:
            inside = inside & (value >= number(low))
        if high is not None:
            inside = inside & (value < number(high))
        cases.append((inside, number(points)))
    return ibis.cases(*cases, else_=number(0))


def _map(rule: MapRule, value: ir.Value) -> ir.Value:
    cases = [(value == key, number(points)) for key, points in rule.points]
    return ibis.cases((value.isnull(), number(0)), *cases, else_=number(rule.default))


def _words(rule: WordsRule, leaves: FieldLeaves) -> ir.Value:
    text = leaves.spaced_field(rule.field)
    cases = [
        (reduce(lambda one, other: one | other, [text.contains(ibis.literal(word)) for word in words]), number(points))
        for words, points in rule.choices
    ]
    return ibis.cases(*cases, else_=number(0))


def all_still(group: Group) -> bool:
    """Whether nothing of a group moves with events."""
    return all(hangs_on_fields(rule) for rule in group.rules)
