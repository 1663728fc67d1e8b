"""Lint rules about what can be reached: by any lead there could be, and by simulated ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from mqlab.definitions.cohort import Judged
from mqlab.definitions.domains import holds
from mqlab.definitions.lint_rule import Finding, Subject, lint_rule
from mqlab.definitions.model import Matrix
from mqlab.definitions.phrases import FLIPPED, LITERALS, clause
from mqlab.definitions.satisfiable import always, can_be
from mqlab.definitions.sites import all_nodes, expression_sites
from mqlab.definitions.spans import Span
from mqlab.definitions.tree import (
    And,
    Compare,
    CompareOp,
    Expression,
    GradeLiteral,
    GradeRef,
    Node,
    NumberLiteral,
    Or,
    Probability,
    ScoreRef,
)
from mqlab.definitions.wording import plain_name, spoken_number

SITES_WITH_THRESHOLDS = frozenset({"qualify", "fast_track", "nurture", "classify"})


@lint_rule("error")
def threshold_out_of_reach(subject: Subject) -> Iterator[Finding]:
    """No lead can ever pass this: {told}."""
    known = subject.ranges.known
    for site in expression_sites(subject.definition):
        if site.role not in SITES_WITH_THRESHOLDS:
            continue
        for node in all_nodes(site.tree):
            if isinstance(node, Compare) and _is_threshold(node) and not can_be(node, True, known):
                yield Finding(site.path, {"told": clause(node)}, _reach_hint(node, subject))


@lint_rule("error")
def grade_out_of_reach(subject: Subject) -> Iterator[Finding]:
    """No lead can ever have the grade {grade} of '{score}': the score lies between {low} and {high}."""
    for grading in subject.definition.grades:
        span = subject.ranges.scores.get(grading.score)
        if span is None:
            continue
        for label, _ in grading.bounds:
            if label not in subject.ranges.grades[grading.score]:
                words = {"grade": label, "score": grading.score, **_ends(span)}
                yield Finding(f"grades.{grading.score}.{label}", words, "Move its bound into what the score can reach.")


@lint_rule("error")
def nobody_qualifies(subject: Subject) -> Iterator[Finding]:
    """No lead can ever be an MQL by this definition."""
    definition, known = subject.definition, subject.ranges.known
    if any(can_be(track.when.tree, True, known) for track in definition.fast_track):
        return
    qualify = definition.qualify
    match qualify:
        case None:
            yield Finding("qualify", hint="State `qualify`, or a fast track that can be true.")
        case Expression():
            if not can_be(qualify.tree, True, known):
                yield Finding("qualify", hint="What it asks for contradicts itself or is out of reach.")
        case Matrix():
            rows = subject.ranges.grades.get(qualify.row_score, frozenset())
            columns = subject.ranges.grades.get(qualify.column_score, frozenset())
            if not any(row in rows and column in columns for row, column in qualify.cells):
                yield Finding("qualify", hint="No listed pair of grades can be reached.")
        case _:
            assert_never(qualify)


@lint_rule("warning")
def everybody_qualifies(subject: Subject) -> Iterator[Finding]:
    """Every lead that no gate keeps back is an MQL at once: {path} is always true."""
    definition, known = subject.definition, subject.ranges.known
    sites = [("qualify", definition.qualify)] if isinstance(definition.qualify, Expression) else []
    sites += [(f"fast_track.{track.id}.when", track.when) for track in definition.fast_track]
    for path, expression in sites:
        if isinstance(expression, Expression) and always(expression.tree, known):
            yield Finding(path, {"path": path.split(".")[0]}, "Ask for something that not every lead has.")
    if isinstance(definition.qualify, Matrix) and _takes_every_pair(definition.qualify, subject):
        yield Finding("qualify", {"path": "qualify"}, "Leave out a pair of grades that is not good enough.")


@lint_rule("error")
def gate_stops_everybody(subject: Subject) -> Iterator[Finding]:
    """The gate '{gate}' is always true: it keeps every lead back."""
    for gate in subject.definition.gates:
        if always(gate.when.tree, subject.ranges.known):
            yield Finding(f"gates.{gate.id}.when", {"gate": gate.id}, "Correct its condition, or remove it.")


@lint_rule("warning")
def condition_never_true(subject: Subject) -> Iterator[Finding]:
    """This can never be true, for no lead: {told}."""
    for site in expression_sites(subject.definition):
        if site.role in {"gate", "fast_track", "nurture", "classify", "ignore", "term"}:
            impossible = not can_be(site.tree, True, subject.ranges.known)
            if impossible and not (site.role == "term" and not _is_condition(site.tree)):
                yield Finding(site.path, {"told": clause(site.tree)}, "Its parts contradict one another.")


@lint_rule("warning")
def threshold_every_simulated_lead_passes(subject: Subject) -> Iterator[Finding]:
    """Every simulated lead passes this, also those that do nothing at all: {told}."""
    for path, node in _thresholds(subject):
        if can_be(node, True, subject.ranges.known) and all(
            _passes(node, judged, subject) for judged in subject.cohort
        ):
            yield Finding(path, {"told": clause(node)}, "Raise it, or remove it if it is not meant to decide anything.")


@lint_rule("warning")
def threshold_no_simulated_lead_passes(subject: Subject) -> Iterator[Finding]:
    """No simulated lead passes this, not even those that do everything the definition asks for: {told}."""
    for path, node in _thresholds(subject):
        if can_be(node, True, subject.ranges.known) and not any(
            _passes(node, judged, subject) for judged in subject.cohort
        ):
            yield Finding(path, {"told": clause(node)}, "Lower it, or give more points.")


@lint_rule("warning")
def matrix_nobody_simulated_fits(subject: Subject) -> Iterator[Finding]:
    """No simulated lead has a pair of grades that qualifies, not even those that do everything it asks for."""
    qualify = subject.definition.qualify
    if not isinstance(qualify, Matrix) or not qualify.cells:
        return
    cells = set(qualify.cells)
    grades = [judged.decision.grades for judged in subject.cohort]
    if not any((found.get(qualify.row_score), found.get(qualify.column_score)) in cells for found in grades):
        yield Finding("qualify.matrix", hint="Lower the bounds of the grades, or give more points.")


def _takes_every_pair(matrix: Matrix, subject: Subject) -> bool:
    """Whether a matrix lists every pair of grades that leads can have, and no lead is without a grade."""
    known = subject.ranges.known
    if {matrix.row_score, matrix.column_score} & known.below_grades:
        return False
    pairs = {(row, column) for row in known.grades[matrix.row_score] for column in known.grades[matrix.column_score]}
    return pairs <= set(matrix.cells)


def _thresholds(subject: Subject) -> Iterator[tuple[str, Compare]]:
    """The comparisons of a score, a grade or the probability that decide who qualifies, each once."""
    for site in expression_sites(subject.definition):
        if site.role not in {"qualify", "fast_track"}:
            continue
        for node in dict.fromkeys(_conditions(site.tree)):
            if isinstance(node, Compare) and isinstance(_sides(node)[0], ScoreRef | GradeRef | Probability):
                yield site.path, node


def _conditions(node: Node) -> Iterator[Node]:
    """The conditions that `and` and `or` join; what stands under a `not` is left out."""
    if isinstance(node, And | Or):
        for arg in node.args:
            yield from _conditions(arg)
    else:
        yield node


def _passes(node: Compare, judged: Judged, subject: Subject) -> bool:
    """Whether a judged lead passes a threshold."""
    measured, op, bound = _sides(node)
    match measured, bound:
        case ScoreRef(name=name), NumberLiteral(value=value):
            score = judged.decision.scores.get(name)
            return score is not None and holds(op, score, value)
        case Probability(), NumberLiteral(value=value):
            probability = judged.decision.probability
            return probability is not None and holds(op, probability, value)
        case GradeRef(score=name), GradeLiteral(rank=rank):
            label = judged.decision.grades.get(name)
            return label is not None and holds(op, float(subject.ranges.known.ranks[name][label]), float(rank))
        case _:
            return True


def _is_threshold(node: Compare) -> bool:
    """Whether a comparison puts something that is computed beside a literal."""
    measured, _, bound = _sides(node)
    return isinstance(bound, NumberLiteral | GradeLiteral) and not isinstance(measured, LITERALS)


def _sides(node: Compare) -> tuple[Node, CompareOp, Node]:
    if isinstance(node.left, LITERALS) and not isinstance(node.right, LITERALS):
        return node.right, FLIPPED[node.op], node.left
    return node.left, node.op, node.right


def _reach_hint(node: Compare, subject: Subject) -> str | None:
    measured, _, _ = _sides(node)
    match measured:
        case ScoreRef(name=name):
            ends = _ends(subject.ranges.scores[name])
            return f"The score {plain_name(name)} lies between {ends['low']} and {ends['high']}."
        case Probability():
            ends = _ends(subject.ranges.known.probability)
            return f"The probability lies between {ends['low']} and {ends['high']}."
        case GradeRef(score=name):
            return f"Grades of {plain_name(name)} within reach: {', '.join(sorted(subject.ranges.grades[name]))}."
        case _:
            return None


def _ends(span: Span) -> dict[str, str]:
    return {"low": spoken_number(span.low), "high": spoken_number(span.high)}


def _is_condition(node: Node) -> bool:
    return isinstance(node, Compare | And | Or)
