"""Where things stand in a bound definition: every rule, expression and channel, with its path in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Definition,
    EventRule,
    MapRule,
    Rule,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.tree import AccountCount, Channel, Count, DaysSince, Expression, FieldRef, Missing, Node, Sum
from mqlab.definitions.walk import children

Role = Literal["ignore", "gate", "rule", "where", "term", "qualify", "fast_track", "nurture", "classify"]


@dataclass(frozen=True, slots=True)
class ExpressionSite:
    """An expression with its path in the file and what it is for."""

    path: str
    role: Role
    tree: Node


@dataclass(frozen=True, slots=True)
class RuleSite:
    """A rule with its path in the file, its score and its group (None where the score has no groups)."""

    path: str
    score: str
    group: str | None
    rule: Rule


def all_nodes(node: Node) -> Iterator[Node]:
    """`node` and everything inside it, outermost first, the conditions of channels included.

    Example:
        >>> from mqlab.definitions.tree import Not
        >>> [type(found).__name__ for found in all_nodes(Not(Missing("budget")))]
        ['Not', 'Missing']
    """
    yield node
    for child in children(node):
        yield from all_nodes(child)
    if isinstance(node, Count | Sum | DaysSince | AccountCount) and node.channel.where is not None:
        yield from all_nodes(node.channel.where)


def rule_sites(definition: Definition) -> Iterator[RuleSite]:
    """Every rule of every score, in the order of the file."""
    for score in definition.scores:
        for group in score.groups:
            for rule in group.rules:
                if isinstance(rule, WeightRule):
                    yield RuleSite(f"scores.{score.name}.weights.{rule.field}", score.name, group.name, rule)
                    continue
                inside = f"groups.{group.name}.rules" if group.name is not None else "rules"
                yield RuleSite(f"scores.{score.name}.{inside}.{rule.id}", score.name, group.name, rule)


def expression_sites(definition: Definition) -> Iterator[ExpressionSite]:
    """Every expression of the definition, a rule's `where` included."""
    if definition.ignore_events is not None:
        yield ExpressionSite("ignore_events", "ignore", definition.ignore_events.tree)
    for gate in definition.gates:
        yield ExpressionSite(f"gates.{gate.id}.when", "gate", gate.when.tree)
    for site in rule_sites(definition):
        match site.rule:
            case WhenRule(when=when):
                yield ExpressionSite(f"{site.path}.when", "rule", when.tree)
            case EventRule(channel=channel):
                if channel.where is not None:
                    yield ExpressionSite(f"{site.path}.where", "where", channel.where)
            case BandsRule() | MapRule() | WordsRule() | AbsenceRule() | WeightRule():
                continue
            case _:
                assert_never(site.rule)
    if definition.model is not None:
        for index, term in enumerate(definition.model.terms):
            yield ExpressionSite(f"model.terms.{index}.feature", "term", term.feature.tree)
    if isinstance(definition.qualify, Expression):
        yield ExpressionSite("qualify", "qualify", definition.qualify.tree)
    for track in definition.fast_track:
        yield ExpressionSite(f"fast_track.{track.id}.when", "fast_track", track.when.tree)
    if definition.nurture is not None:
        yield ExpressionSite("nurture.when", "nurture", definition.nurture.when.tree)
    for index, label in enumerate(definition.classify):
        yield ExpressionSite(f"classify.{index}.when", "classify", label.when.tree)


def all_channels(definition: Definition) -> Iterator[Channel]:
    """Every channel of events the definition looks at, in rules and in expressions."""
    for site in rule_sites(definition):
        if isinstance(site.rule, EventRule):
            yield site.rule.channel
    for expression in expression_sites(definition):
        for node in all_nodes(expression.tree):
            if isinstance(node, Count | Sum | DaysSince | AccountCount):
                yield node.channel


def fields_read(node: Node) -> Iterator[str]:
    """The names of the fields an expression reads."""
    for found in all_nodes(node):
        if isinstance(found, FieldRef):
            yield found.name
        elif isinstance(found, Missing):
            yield found.field
