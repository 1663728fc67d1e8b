"""Comparisons and `in`: which types go together, and how text becomes a label or a grade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlab.definitions.kinds import NOUN, Typed, continuous
from mqlab.definitions.syntax import ListLiteral, Minus, Name, Number, Syntax
from mqlab.definitions.tree import (
    Compare,
    CompareOp,
    FieldRef,
    GradeLiteral,
    GradeRef,
    LabelLiteral,
    Member,
    Node,
    NumberLiteral,
    Or,
    TextLiteral,
    TruthLiteral,
)
from mqlab.errors import nearest
from mqlab.leads.text import is_null, normalise

if TYPE_CHECKING:
    from mqlab.definitions.bind_expression import Binder

LIST_WANTED = "After `in` stands a list: [a, b] or the name of one under `lists`."
Option = NumberLiteral | TextLiteral | LabelLiteral | GradeLiteral | TruthLiteral


def compare(binder: Binder, op: CompareOp, left: Typed, left_at: Syntax, right: Typed, right_at: Syntax) -> Node:
    """`left op right`, both sides of one type."""
    ordered = op not in ("==", "!=")
    match left.kind, right.kind:
        case "number", "number":
            return Compare(op, left.node, right.node, rounded=continuous(left.node) or continuous(right.node))
        case ("days", _) | (_, "days"):
            days, other = (left_at, right_at) if left.kind == "days" else (right_at, left_at)
            if not (isinstance(other, Number) and other.whole):
                binder.refuse(
                    other, f"{binder.written(days)} may only be compared with a whole number, such as 7.", None
                )
            return Compare(op, left.node, right.node)
        case ("text" | "word", "text" | "word"):
            if ordered:
                text_at = left_at if left.kind == "text" else right_at
                binder.refuse(
                    text_at, f"{binder.written(text_at)} is text, and text has no order.", "Use `==`, `!=` or `in`."
                )
            _refuse_null_token(binder, left, right, right_at)
            _refuse_null_token(binder, right, left, left_at)
            return Compare(op, left.node, right.node)
        case "truth", "truth":
            if ordered:
                binder.refuse(
                    left_at, f"{binder.written(left_at)} is true or false, which have no order.", "Use `==` or `!=`."
                )
            return Compare(op, left.node, right.node)
        case ("enum", "enum" | "word") | ("word", "enum"):
            return _compare_enums(binder, op, left, left_at, right, right_at, ordered)
        case "grade", "word":
            return Compare(op, left.node, grade_literal(binder, left, right.node, right_at))
        case "word", "grade":
            return Compare(op, grade_literal(binder, right, left.node, left_at), right.node)
        case "grade", "grade" if left.node == right.node:
            return Compare(op, left.node, right.node)
        case "grade", "grade":
            binder.refuse(right_at, "Grades of different scores cannot be compared.", None)
        case _:
            hints = {"enum": "Compare an enum with one of its labels, in quotes.", "grade": "Quote the grade: 'A'."}
            hint = hints.get(left.kind) or hints.get(right.kind)
            message = (
                f"{binder.written(left_at)} is {NOUN[left.kind]} and {binder.written(right_at)} is {NOUN[right.kind]}: "
                "they cannot be compared."
            )
            binder.refuse(right_at, message, hint)


def member(binder: Binder, item: Typed, item_at: Syntax, options_at: Syntax) -> Node:
    """`item in [options]`, or in a named list; numbers that must be rounded become comparisons."""
    list_name: str | None = None
    match options_at:
        case ListLiteral(items=items):
            options = tuple(_option(binder, item, item_at, at) for at in items)
        case Name(name=name) if name in binder.scope.lists:
            list_name = name
            options = tuple(
                _list_option(binder, item, item_at, entry, options_at) for entry in binder.scope.lists[name]
            )
        case Name(name=name):
            near = nearest(name, binder.scope.lists)
            binder.refuse(options_at, f"Unknown list '{name}'.", near or LIST_WANTED, code="UnknownList")
        case _:
            hint = "Use `contains(…)` or `has_word(…)` to look inside a text." if item.kind == "word" else None
            binder.refuse(options_at, LIST_WANTED, hint)
    if continuous(item.node):
        equal = tuple(Compare("==", item.node, option, rounded=True) for option in options)
        return equal[0] if len(equal) == 1 else Or(equal)
    return Member(item.node, options, list_name)


def grade_literal(binder: Binder, grade: Typed, word: Node, at: Syntax) -> GradeLiteral:
    """The grade a text names; the best grade has the greatest rank."""
    assert isinstance(word, TextLiteral) and grade.grading is not None
    labels = [label for label, _ in grade.grading.bounds]
    for position, label in enumerate(labels):
        if normalise(label) == word.value:
            return GradeLiteral(label, len(labels) - 1 - position)
    score = grade.node.score if isinstance(grade.node, GradeRef) else ""
    hint = nearest(word.value, labels) or f"Its grades are {', '.join(labels)}."
    binder.refuse(at, f"{binder.written(at)} is no grade of '{score}'.", hint, code="UnknownGrade")


def label_literal(binder: Binder, enum: Typed, word: str, at: Syntax) -> LabelLiteral:
    """The label of an enum that a text names."""
    for label in enum.labels:
        if label.label == word:
            return LabelLiteral(label.label, label.value)
    displays = [label.display for label in enum.labels]
    if is_null(word, binder.scope.null_tokens) and isinstance(enum.node, FieldRef):
        hint = f"It stands for a missing value: write `missing({enum.node.name})`."
    else:
        hint = nearest(word, displays) or f"Its labels are {', '.join(displays)}."
    binder.refuse(at, f"'{word}' is no label of the enum.", hint, code="UnknownLabel")


def _refuse_null_token(binder: Binder, subject: Typed, word: Typed, at: Syntax) -> None:
    """Nothing ever equals text that stands for a missing value."""
    if subject.kind != "text" or not isinstance(word.node, TextLiteral):
        return
    if is_null(word.node.value, binder.scope.null_tokens):
        hint = f"Write `missing({subject.node.name})`." if isinstance(subject.node, FieldRef) else None
        message = f"{binder.written(at)} stands for a missing value in this lab, so nothing ever equals it."
        binder.refuse(at, message, hint, code="NullTokenLiteral")


def _compare_enums(
    binder: Binder, op: CompareOp, left: Typed, left_at: Syntax, right: Typed, right_at: Syntax, ordered: bool
) -> Node:
    for side, at in ((left, left_at), (right, right_at)):
        if ordered and side.kind == "enum" and any(label.value is None for label in side.labels):
            hint = "Declare its labels with values: {low: 1, high: 2}."
            binder.refuse(at, f"{binder.written(at)} is an enum without values, which has no order.", hint)
    left_node, right_node = left.node, right.node
    if isinstance(left_node, TextLiteral):
        left_node = label_literal(binder, right, left_node.value, left_at)
    if isinstance(right_node, TextLiteral):
        right_node = label_literal(binder, left, right_node.value, right_at)
    return Compare(op, left_node, right_node)


def _option(binder: Binder, item: Typed, item_at: Syntax, at: Syntax) -> Option:
    if isinstance(at, Minus) and not isinstance(at.arg, Number):
        binder.refuse(at, "A list holds texts, numbers, true or false.", None)
    option = binder.value(at).node
    match item.kind, option:
        case "number", NumberLiteral():
            return option
        case "text" | "word", TextLiteral():
            return option
        case "truth", TruthLiteral():
            return option
        case "enum", TextLiteral(value=value):
            return label_literal(binder, item, value, at)
        case "grade", TextLiteral():
            return grade_literal(binder, item, option, at)
        case "days", _:
            binder.refuse(
                item_at,
                f"{binder.written(item_at)} may only be compared with a whole number.",
                "Use `<`, `>=` and the like.",
            )
        case _, NumberLiteral() | TextLiteral() | TruthLiteral():
            message = f"{binder.written(item_at)} is {NOUN[item.kind]}: {binder.written(at)} cannot be in its list."
            binder.refuse(at, message, "Quote labels." if item.kind == "enum" else None)
        case _:
            binder.refuse(at, "A list holds texts, numbers, true or false.", None)


def _list_option(binder: Binder, item: Typed, item_at: Syntax, entry: str, at: Syntax) -> Option:
    match item.kind:
        case "text" | "word":
            return TextLiteral(entry)
        case "enum":
            return label_literal(binder, item, entry, at)
        case "grade":
            return grade_literal(binder, item, TextLiteral(entry), at)
        case kind:
            binder.refuse(item_at, f"{binder.written(item_at)} is {NOUN[kind]}, but a named list holds text.", None)
