"""One form for every way of writing the same condition, so that only a change of meaning is a difference.

Order in `and`, `or`, `+`, `*`, `in [...]`; `60 <= bant` and `bant >= 60`; `not (a or b)`; `x == 'a'` and `x in ['a']`;
`count(...) > 0` and `count(...) >= 1`: each pair has one form. What is derived (a label's value, a grade's rank, how a
number is rounded) is left out: it is compared where it is declared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from mqlab.definitions.phrases import FLIPPED, LITERALS, OPPOSITE
from mqlab.definitions.tree import (
    AccountCount,
    And,
    Arithmetic,
    Channel,
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
from mqlab.leads.text import normalise

Form = tuple[Any, ...]
"""A nested tuple of words and numbers; equal forms mean the same."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How names are read while comparing: scores under their old name, changed lists by name and not by content."""

    scores: Mapping[str, str] = field(default_factory=dict)
    changed_lists: frozenset[str] = frozenset()

    def score(self, name: str) -> str:
        """The name the score had before a rename."""
        return self.scores.get(name, name)


def form(node: Node, naming: Naming) -> Form:
    """The form of an expression.

    Example:
        >>> a, b = Missing("need"), Missing("budget")
        >>> form(Not(Or((a, b))), Naming()) == form(And((Not(b), Not(a))), Naming())
        True
    """
    match node:
        case NumberLiteral(value=value):
            return ("number", float(value))
        case TextLiteral(value=text):
            return ("text", text)
        case TruthLiteral(value=truth):
            return ("truth", truth)
        case LabelLiteral(label=label):
            return ("label", label)
        case GradeLiteral(label=label):
            return ("grade", normalise(label))
        case FieldRef(kind="bool") | PropRef(kind="bool"):
            return ("in", _item(node, naming), (("truth", True),))
        case FieldRef() | PropRef():
            return _item(node, naming)
        case ScoreRef(name=name):
            return ("score", naming.score(name))
        case GradeRef(score=score):
            return ("grade of", naming.score(score))
        case Probability():
            return ("probability",)
        case Count(channel=channel):
            return ("count", channel_form(channel, naming))
        case Sum(channel=channel, prop=prop):
            return ("sum", prop, channel_form(channel, naming))
        case DaysSince(channel=channel):
            return ("days since", channel_form(channel, naming))
        case AccountCount(channel=channel):
            return ("account count", channel_form(channel, naming))
        case Arithmetic(op=op, left=left, right=right):
            if op == "-":
                return ("-", form(left, naming), form(right, naming))
            return (op, *_sorted(form(arg, naming) for arg in _terms(node)))
        case Negate(arg=arg):
            return ("minus", form(arg, naming))
        case Log1p(arg=arg):
            return ("log1p", form(arg, naming))
        case Log10(arg=arg):
            return ("log10", form(arg, naming))
        case Least(args=args):
            return ("min", *_distinct(form(arg, naming) for arg in args))
        case Greatest(args=args):
            return ("max", *_distinct(form(arg, naming) for arg in args))
        case Compare():
            return _comparison(node, naming)
        case Member(item=item):
            return ("in", _item(item, naming), _options(node, naming))
        case Missing(field=name):
            return ("missing", name)
        case TextTest(test=test, subject=subject, texts=texts):
            return (test, form(subject, naming), tuple(sorted(set(texts))))
        case And(args=args) | Or(args=args):
            return _joined("and" if isinstance(node, And) else "or", [form(arg, naming) for arg in args])
        case Not(arg=arg):
            return _denied(arg, naming)
        case _:
            assert_never(node)


def channel_form(channel: Channel, naming: Naming) -> Form:
    """The form of which events are looked at."""
    return (
        channel.event,
        where_form(channel.where, naming),
        channel.within_us,
        channel.distinct_day,
        channel.max_count,
    )


def where_form(where: Node | None, naming: Naming) -> Form:
    """The form of a condition that may be left out; `true` is as good as none."""
    found = ("truth", True) if where is None else form(where, naming)
    return () if found == ("truth", True) else found


def _joined(word: str, forms: Iterable[Form]) -> Form:
    """`and` or `or` of forms: flat, without doubles, memberships of one item in one."""
    flat: list[Form] = []
    for found in forms:
        flat += found[1:] if found[0] == word else [found]
    merged = _merge(flat, "in" if word == "or" else "not in")
    merged = _merge(merged, *(("has_word", "contains", "startswith", "endswith") if word == "or" else ()))
    unique = _distinct(merged)
    return unique[0] if len(unique) == 1 else (word, *unique)


def _merge(forms: list[Form], *kinds: str) -> list[Form]:
    """Forms of these kinds on one item become one with all their options; lists compared by name stay apart."""
    options: dict[tuple[str, Form], set[Any]] = {}
    rest: list[Form] = []
    for found in forms:
        by_name = found[0] in {"in", "not in"} and found[2][:1] == ("list",)
        if found[0] in kinds and not by_name:
            options.setdefault((found[0], found[1]), set()).update(found[2])
        else:
            rest.append(found)
    return [*rest, *((kind, item, _sorted(values)) for (kind, item), values in options.items())]


def _denied(arg: Node, naming: Naming) -> Form:
    """`not arg`, with the `not` pushed inwards; unknown stays unknown all the way."""
    match arg:
        case Not(arg=inner):
            return form(inner, naming)
        case And(args=args):
            return _joined("or", [_denied(inner, naming) for inner in args])
        case Or(args=args):
            return _joined("and", [_denied(inner, naming) for inner in args])
        case Compare():
            return _comparison(replace(arg, op=OPPOSITE[arg.op]), naming)
        case Member(item=item):
            return ("not in", _item(item, naming), _options(arg, naming))
        case TruthLiteral(value=value):
            return ("truth", not value)
        case FieldRef(kind="bool") | PropRef(kind="bool"):
            return ("in", _item(arg, naming), (("truth", False),))
        case _:
            return ("not", form(arg, naming))


def _comparison(node: Compare, naming: Naming) -> Form:
    left, op, right = node.left, node.op, node.right
    if isinstance(left, LITERALS) and not isinstance(right, LITERALS):
        left, op, right = right, FLIPPED[op], left
    if isinstance(right, TruthLiteral) and op == "!=":
        op, right = "==", TruthLiteral(not right.value)
    if isinstance(right, LITERALS):
        if op in {"==", "!="}:
            return ("in" if op == "==" else "not in", _item(left, naming), (form(right, naming),))
        if isinstance(right, NumberLiteral) and isinstance(left, Count | AccountCount | DaysSince):
            op, right = _whole(op, right.value)
        return (op, form(left, naming), form(right, naming))
    if op in {">", ">="}:
        left, op, right = right, FLIPPED[op], left
    sides = [_item(left, naming), _item(right, naming)]
    return (op, *(sides if op in {"<", "<="} else _sorted(sides)))


def _item(node: Node, naming: Naming) -> Form:
    """The form of a value that is compared; a truth is itself here, not "it is true"."""
    match node:
        case FieldRef(name=name):
            return ("field", name)
        case PropRef(name=name):
            return ("prop", name)
        case _:
            return form(node, naming)


def _whole(op: CompareOp, value: float) -> tuple[CompareOp, NumberLiteral]:
    """A bound on a whole number, as `>=` or `<=` of a whole number."""
    if op in {">", ">="}:
        return ">=", NumberLiteral(float(math.floor(value) + 1 if op == ">" else math.ceil(value)))
    return "<=", NumberLiteral(float(math.ceil(value) - 1 if op == "<" else math.floor(value)))


def _options(node: Member, naming: Naming) -> Form:
    if node.list_name is not None and node.list_name in naming.changed_lists:
        return ("list", node.list_name)
    return _distinct(form(option, naming) for option in node.options)


def _terms(node: Arithmetic) -> Iterable[Node]:
    """The terms of a sum or the factors of a product, flat."""
    for arg in (node.left, node.right):
        if isinstance(arg, Arithmetic) and arg.op == node.op:
            yield from _terms(arg)
        else:
            yield arg


def _distinct(forms: Iterable[Form]) -> Form:
    return _sorted(set(forms))


def _sorted(forms: Iterable[Any]) -> Form:
    return tuple(sorted(forms, key=repr))
