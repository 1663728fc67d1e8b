"""Whether a condition can be true, or false, for any lead at all.

A condition is taken apart into the ways it can come true; a way is impossible when what it asks of one value is
contradictory (`employees < 10 and employees > 50`, a score above all it can reach). Values are taken as independent of
one another, so "it cannot" is certain and "it can" is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import assert_never

from mqlab.definitions.domains import (
    Choices,
    Numbers,
    equality,
    holds,
    membership,
    numbers,
    some_choice,
    some_number,
    spans_can_stand,
)
from mqlab.definitions.phrases import FLIPPED, LITERALS, OPPOSITE
from mqlab.definitions.spans import Known, span_of
from mqlab.definitions.tree import (
    AccountCount,
    And,
    Arithmetic,
    Compare,
    CompareOp,
    Count,
    DaysSince,
    FieldRef,
    GradeLiteral,
    GradeRef,
    Greatest,
    LabelLiteral,
    Least,
    Log1p,
    Log10,
    Member,
    Missing,
    Negate,
    Node,
    Not,
    NumberLiteral,
    Or,
    Probability,
    PropRef,
    ScoreRef,
    Sum,
    TextLiteral,
    TextTest,
    TruthLiteral,
)

MOST_WAYS = 512


@dataclass(frozen=True, slots=True)
class Demand:
    """What a way asks of the value of `subject`; an `absent` field is one that must be missing."""

    subject: Node
    domain: Numbers | Choices | None = None
    absent: bool = False


Way = tuple[Demand, ...]


class TooManyWays(Exception):
    """The condition can come true in more ways than are worth looking at."""


def can_be(node: Node, want: bool, known: Known) -> bool:
    """Whether the condition can have the truth `want` for some lead; never False when it can.

    Example:
        >>> small_and_large = And((
        ...     Compare("<", FieldRef("employees", "number"), NumberLiteral(10.0)),
        ...     Compare(">", FieldRef("employees", "number"), NumberLiteral(50.0)),
        ... ))
        >>> can_be(small_and_large, True, Known())
        False
    """
    try:
        return any(_possible(way, known) for way in _ways(node, want, known))
    except TooManyWays:
        return True


def always(node: Node, known: Known) -> bool:
    """Whether the condition is true for every lead: it can be neither false nor unknown."""
    return not can_be(node, False, known) and not can_be_unknown(node, known)


def can_be_unknown(node: Node, known: Known) -> bool:
    """Whether the value can be unknown; True where that is not ruled out."""
    match node:
        case NumberLiteral() | TextLiteral() | TruthLiteral() | LabelLiteral() | GradeLiteral():
            return False
        case ScoreRef() | Probability() | Count() | Sum() | AccountCount() | Missing():
            return False
        case FieldRef(name=name):
            decl = known.fields.get(name)
            return decl is None or (decl.impute is None and decl.default_label is None)
        case GradeRef(score=score):
            return score in known.below_grades or score not in known.grades
        case PropRef() | DaysSince():
            return True
        case Log1p(arg=arg):
            return can_be_unknown(arg, known) or span_of(arg, known).low <= -1
        case Log10(arg=arg):
            return can_be_unknown(arg, known) or span_of(arg, known).low <= 0
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return can_be_unknown(left, known) or can_be_unknown(right, known)
        case Member(item=arg) | Negate(arg=arg) | Not(arg=arg) | TextTest(subject=arg):
            return can_be_unknown(arg, known)
        case Least(args=args) | Greatest(args=args) | And(args=args) | Or(args=args):
            return any(can_be_unknown(arg, known) for arg in args)
        case _:
            assert_never(node)


def _ways(node: Node, want: bool, known: Known) -> list[Way]:
    """The ways in which the condition has the truth `want`; an empty list: none."""
    match node:
        case And(args=args) | Or(args=args):
            parts = [_ways(arg, want, known) for arg in args]
            if isinstance(node, And) is not want:
                return [way for part in parts for way in part]
            if math.prod(len(part) for part in parts) > MOST_WAYS:
                raise TooManyWays
            return [tuple(demand for way in ways for demand in way) for ways in product(*parts)]
        case Not(arg=arg):
            return _ways(arg, not want, known)
        case TruthLiteral(value=value):
            return [()] if value is want else []
        case Missing(field=name):
            return [(Demand(FieldRef(name, "string"), absent=want),)]
        case Compare():
            return _comparison(node if want else replace(node, op=OPPOSITE[node.op]), known)
        case Member(item=item, options=options):
            return [(Demand(item, membership(options, want)),)]
        case TextTest(subject=subject):
            return [(Demand(subject),)]
        case FieldRef() | PropRef():
            return [(Demand(node, Choices(frozenset({want}))),)]
        case (
            NumberLiteral()
            | TextLiteral()
            | LabelLiteral()
            | GradeLiteral()
            | GradeRef()
            | ScoreRef()
            | Probability()
            | Count()
            | Sum()
            | DaysSince()
            | AccountCount()
            | Arithmetic()
            | Negate()
            | Log1p()
            | Log10()
            | Least()
            | Greatest()
        ):
            return [()]
        case _:
            assert_never(node)


def _comparison(node: Compare, known: Known) -> list[Way]:
    left, op, right = node.left, node.op, node.right
    if isinstance(left, LITERALS) and not isinstance(right, LITERALS):
        left, op, right = right, FLIPPED[op], left
    match right:
        case NumberLiteral(value=value):
            return [(Demand(left, numbers(op, value)),)]
        case TextLiteral(value=value) | TruthLiteral(value=value):
            return [(Demand(left, equality(op, value)),)]
        case LabelLiteral() | GradeLiteral():
            return [(Demand(left, _ordered(op, right, left, known)),)]
        case _:
            if spans_can_stand(op, span_of(left, known), span_of(right, known)):
                return [(Demand(left), Demand(right))]
            return []


def _ordered(op: CompareOp, literal: LabelLiteral | GradeLiteral, subject: Node, known: Known) -> Choices:
    """The labels that stand in this order to a label or a grade."""
    if op in {"==", "!="}:
        return equality(op, literal.label)
    values: dict[str, float] = {}
    reference: float | None
    if isinstance(literal, GradeLiteral):
        values = dict(known.ranks.get(subject.score, {})) if isinstance(subject, GradeRef) else {}
        reference = float(literal.rank)
    else:
        decl = known.fields.get(subject.name) if isinstance(subject, FieldRef) else None
        values = {label.label: label.value for label in decl.labels if label.value is not None} if decl else {}
        reference = literal.value
    if not values or reference is None:
        return Choices()
    return Choices(frozenset(label for label, value in values.items() if holds(op, value, reference)))


def _possible(way: Way, known: Known) -> bool:
    """Whether no value is asked for the impossible."""
    missing = {name for demand in way if demand.absent and (name := _field_name(demand.subject)) is not None}
    by_subject: dict[Node, list[Numbers | Choices]] = {}
    for demand in way:
        name = _field_name(demand.subject)
        if name in missing and not demand.absent and name is not None and not _has_default(name, known):
            return False
        if demand.domain is not None:
            by_subject.setdefault(demand.subject, []).append(demand.domain)
    return all(
        _meets(subject, domains, known, absent=_field_name(subject) in missing)
        for subject, domains in by_subject.items()
    )


def _meets(subject: Node, domains: list[Numbers | Choices], known: Known, *, absent: bool) -> bool:
    numeric = [domain for domain in domains if isinstance(domain, Numbers)]
    choices = [domain for domain in domains if isinstance(domain, Choices)]
    if numeric and not some_number(
        [_own_numbers(subject, known, absent=absent), *numeric],
        whole=isinstance(subject, Count | AccountCount | DaysSince),
    ):
        return False
    return not choices or some_choice([_own_choices(subject, known, absent=absent), *choices])


def _own_numbers(subject: Node, known: Known, *, absent: bool) -> Numbers:
    if (
        absent
        and isinstance(subject, FieldRef)
        and (decl := known.fields.get(subject.name))
        and decl.impute is not None
    ):
        return Numbers(decl.impute, decl.impute)
    span = span_of(subject, known)
    return Numbers(span.low, span.high)


def _own_choices(subject: Node, known: Known, *, absent: bool) -> Choices:
    match subject:
        case FieldRef(name=name) if (decl := known.fields.get(name)) is not None and decl.labels:
            if absent and decl.default_label is not None:
                return Choices(frozenset({decl.default_label}))
            return Choices(frozenset(label.label for label in decl.labels))
        case GradeRef(score=score) if score in known.grades:
            return Choices(frozenset(known.grades[score]))
        case FieldRef(kind="bool") | PropRef(kind="bool"):
            return Choices(frozenset({True, False}))
        case _:
            return Choices()


def _field_name(subject: Node) -> str | None:
    return subject.name if isinstance(subject, FieldRef) else None


def _has_default(name: str, known: Known) -> bool:
    decl = known.fields.get(name)
    return decl is not None and (decl.impute is not None or decl.default_label is not None)
