"""Lint rules about points, gates and defaults."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mqlab.definitions.lint_rule import Finding, Subject, lint_rule
from mqlab.definitions.lint_sizes import is_company_size
from mqlab.definitions.model import BandsRule, EventRule, FieldDecl, MapRule, WeightRule, WhenRule, WordsRule
from mqlab.definitions.ranges import points_at, rule_span
from mqlab.definitions.satisfiable import can_be
from mqlab.definitions.sites import fields_read, rule_sites
from mqlab.definitions.tree import And, Compare, FieldRef, Missing, Node
from mqlab.definitions.wording import points, spoken_number


@lint_rule("warning")
def cap_without_max_count(subject: Subject) -> Iterator[Finding]:
    """The rule '{rule}' has a cap but no max_count: old events keep filling it up, so it saturates and hides
    how stale they are."""
    for site in rule_sites(subject.definition):
        if isinstance(site.rule, EventRule) and site.rule.cap is not None and site.rule.channel.max_count is None:
            hint = "State max_count: then only the latest events count."
            yield Finding(f"{site.path}.cap", {"rule": site.rule.id}, hint)


@lint_rule("warning")
def gate_on_unknown_unstated(subject: Subject) -> Iterator[Finding]:
    """The gate '{gate}' does not say what happens when its condition is not known."""
    for gate in subject.definition.gates:
        if subject.definition.places and f"gates.{gate.id}.on_unknown" not in subject.definition.places:
            hint = "State on_unknown: pass, fail or hold (without it: pass)."
            yield Finding(f"gates.{gate.id}", {"gate": gate.id}, hint)


@lint_rule("warning")
def gapped_bands(subject: Subject) -> Iterator[Finding]:
    """The bands of '{rule}' leave a gap from {low} to below {high}, where they give no points."""
    for site in rule_sites(subject.definition):
        if not isinstance(site.rule, BandsRule):
            continue
        ordered = sorted(site.rule.bands, key=lambda band: float("-inf") if band[0] is None else band[0])
        for (_, high, _), (low, _, _) in pairwise(ordered):
            if high is not None and low is not None and high < low:
                words = {"rule": site.rule.id, "low": spoken_number(high), "high": spoken_number(low)}
                yield Finding(f"{site.path}.bands", words, "Close it, or give it a band of 0 points.")


@lint_rule("warning")
def rule_never_fires(subject: Subject) -> Iterator[Finding]:
    """The rule '{rule}' can never give a point."""
    for site in rule_sites(subject.definition):
        span = subject.ranges.rules[site.path]
        if span.low == span.high == 0:
            yield Finding(
                site.path, {"rule": site.rule.id}, "Its condition contradicts itself, or all its points are 0."
            )


@lint_rule("warning")
def words_never_reached(subject: Subject) -> Iterator[Finding]:
    """In the rule '{rule}' the words of choice {number} are never reached: an earlier choice takes every text that
    has them."""
    for site in rule_sites(subject.definition):
        if not isinstance(site.rule, WordsRule):
            continue
        earlier: list[str] = []
        for number, (words, _) in enumerate(site.rule.choices, start=1):
            if all(any(seen in word for seen in earlier) for word in words):
                told = {"rule": site.rule.id, "number": str(number)}
                yield Finding(f"{site.path}.words.{number - 1}", told, "Put it before the choice that takes its words.")
            earlier += words


@lint_rule("warning")
def default_penalises_small_companies(subject: Subject) -> Iterator[Finding]:
    """{what}: the size of small companies is known least often, so this penalises them."""
    definition = subject.definition
    fields = {decl.name: decl for decl in definition.fields if is_company_size(decl.name)}
    known = subject.ranges.known
    for site in rule_sites(definition):
        match site.rule:
            case BandsRule() | MapRule() | WeightRule() as rule if rule.field in fields:
                decl = fields[rule.field]
                given, span = points_at(rule, None, decl), rule_span(rule, known)
                if _stated(decl) is not None and (given < 0 or given == span.low < span.high):
                    what = f"'{rule.field}' is taken as {_stated(decl)} when it is missing, which gives {points(given)}"
                    hint = "Leave it missing (0 points), or assume a usual size."
                    yield Finding(f"fields.{rule.field}.missing", {"what": what}, hint)
            case WhenRule(when=when, points=given, id=name) if given < 0 and _asks_missing(when.tree, fields):
                yield Finding(site.path, {"what": f"The rule '{name}' takes points off when the size is missing"})
            case _:
                continue
    for gate in definition.gates:
        read = set(fields_read(gate.when.tree)) & fields.keys()
        if not read:
            continue
        name = min(read)
        if _asks_missing(gate.when.tree, fields) or (gate.on_unknown == "fail" and _stated(fields[name]) is None):
            yield Finding(f"gates.{gate.id}", {"what": f"The gate '{gate.id}' keeps back a lead whose size is missing"})
        elif _is_about(gate.when.tree, name) and can_be(And((gate.when.tree, Missing(name))), True, known):
            taken = f"taken as {_stated(fields[name])} when it is missing"
            yield Finding(f"gates.{gate.id}", {"what": f"The gate '{gate.id}' keeps back a lead by '{name}', {taken}"})


def _stated(decl: FieldDecl) -> str | None:
    """The default of a field as it is told, None where there is none."""
    return spoken_number(decl.impute) if decl.impute is not None else decl.default_label


def _asks_missing(node: Node, fields: dict[str, FieldDecl]) -> bool:
    """Whether a condition is true just because a size is missing."""
    parts = node.args if isinstance(node, And) else (node,)
    return any(isinstance(part, Missing) and part.field in fields for part in parts)


def _is_about(node: Node, name: str) -> bool:
    """Whether a condition compares the field and nothing else."""
    parts = node.args if isinstance(node, And) else (node,)
    return all(
        isinstance(part, Compare)
        and any(isinstance(side, FieldRef) and side.name == name for side in (part.left, part.right))
        for part in parts
    )
