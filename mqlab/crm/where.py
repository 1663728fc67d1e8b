"""`where`: which rows of a table a rule means, in the language of definitions, read on the columns of a file.

A column compared with a text is read as text, with a number as a number, with `true` or `false` as a truth; nothing
in a cell is unknown, and only a row for which the condition is true is meant. Whether a row is meant whose cell holds
something else than what it is compared with, such as `Ja`, nobody can say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard

from mqlab.crm.door import flat
from mqlab.definitions.logic import Leaves, Reader, compile_node
from mqlab.definitions.parse import parse
from mqlab.definitions.syntax import (
    Call,
    Comparison,
    ComparisonOp,
    Junction,
    ListLiteral,
    Minus,
    Name,
    NotOf,
    Number,
    Source,
    Syntax,
    Text,
    Truth,
)
from mqlab.definitions.tree import (
    And,
    Compare,
    Member,
    Missing,
    Node,
    Not,
    NumberLiteral,
    Or,
    PropRef,
    TextLiteral,
    TextTest,
    TextTestKind,
    TruthLiteral,
)
from mqlab.definitions.walk import walk
from mqlab.errors import InputError, nearest
from mqlab.leads.text import is_null, normalise, spaced
from mqlab.leads.values import ValueType, canonical_text, read

TESTS: dict[str, TextTestKind] = {
    "contains": "contains", "has_word": "has_word", "startswith": "startswith", "endswith": "endswith",
}  # fmt: skip
KEPT = 200_000

Row = Sequence[Any]
Constant = NumberLiteral | TextLiteral | TruthLiteral


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The cell that leaves a condition unknown: its column, the type it should have, and what it says instead."""

    name: str
    kind: ValueType
    value: str


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on rows; `names` are the columns it reads, in the order in which it wants their values."""

    text: str
    tree: Node
    names: tuple[str, ...]

    def compiled(self, null_tokens: Collection[str]) -> Callable[[Sequence[Sequence[Any]]], list[bool | Unreadable]]:
        """The condition as a function of the columns of some rows: for which of them it is true.

        Where a cell that cannot be read leaves it unknown, that cell.
        """
        cells_of = _Cells(self.names, null_tokens)
        condition = compile_node(self.tree, cells_of)
        typed = [node for node in walk(self.tree) if isinstance(node, PropRef)]
        seen: dict[Any, bool | Unreadable] = {}

        def answer(row: Row) -> bool | Unreadable:
            found = condition(row)
            if found is not None:
                return found is True
            return next((cell for node in typed if (cell := cells_of.unreadable(node, row)) is not None), False)

        def mask(columns: Sequence[Sequence[Any]]) -> list[bool | Unreadable]:
            if len(seen) > KEPT:
                seen.clear()
            result = []
            for cells in zip(*columns, strict=True):
                row = [flat(cell) for cell in cells]
                key = tuple(cell if isinstance(cell, str) else (type(cell), cell) for cell in row)
                if key not in seen:
                    seen[key] = answer(row)
                result.append(seen[key])
            return result

        return mask


def read_where(source: Source, lists: Mapping[str, Sequence[str]]) -> Where:
    """The condition that a text states; an InputError points at what is not allowed.

    `lists` are the named lists of words that may stand after `in`.

    Example:
        >>> from mqlab.errors import Place
        >>> where = read_where(Source("field == 'Status' and new_value in won", Place()), {"won": ["Sold"]})
        >>> where.names, where.compiled(())([["Status", "Status"], ["sold", "open"]])
        (('field', 'new_value'), [True, False])
    """
    binder = _Binder(source, lists)
    tree = binder.condition(parse(source))
    return Where(source.text, tree, tuple(binder.names))


def both(*conditions: Where | None) -> Where | None:
    """All of several conditions; None where there is none."""
    stated = [one for one in conditions if one is not None]
    if len(stated) < 2:
        return stated[0] if stated else None
    names = tuple(dict.fromkeys(name for one in stated for name in one.names))
    return Where(" and ".join(f"({one.text})" for one in stated), And(tuple(one.tree for one in stated)), names)


class _Cells(Leaves[Row]):
    """Reads the cells of a row by the place of their column."""

    def __init__(self, names: Sequence[str], null_tokens: Collection[str]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._tokens = null_tokens

    def leaf(self, node: Node) -> Reader[Row]:
        tokens = self._tokens
        match node:
            case PropRef(name=name, kind=kind):
                place = self._places[name]
                return lambda row: read(row[place], kind, tokens)
            case Missing(field=name):
                place = self._places[name]
                return lambda row: (
                    row[place] is None or (isinstance(row[place], str) and is_null(normalise(row[place]), tokens))
                )
            case _:
                return super().leaf(node)

    def unreadable(self, node: PropRef, row: Row) -> Unreadable | None:
        """The cell of a column, where it holds something that is not of the type it is read as."""
        cell = row[self._places[node.name]]
        said = canonical_text(cell)
        if is_null(normalise(said), self._tokens) or read(cell, node.kind, self._tokens) is not None:
            return None
        return Unreadable(node.name, node.kind, said)


class _Binder:
    """Gives each name its type by what it is compared with."""

    def __init__(self, source: Source, lists: Mapping[str, Sequence[str]]) -> None:
        self.names: dict[str, None] = {}
        self._source = source
        self._lists = lists

    def condition(self, node: Syntax) -> Node:
        match node:
            case Junction(op=op, args=args):
                parts = tuple(self.condition(arg) for arg in args)
                return And(parts) if op == "and" else Or(parts)
            case NotOf(arg=arg):
                return Not(self.condition(arg))
            case Name():
                return Compare("==", self._column(node, "bool"), TruthLiteral(True))
            case Truth(value=value):
                return TruthLiteral(value)
            case Call(function="missing", args=(Name(name=name),), keywords=()):
                self.names.setdefault(name)
                return Missing(name)
            case Call(function=function, args=(Name() as column, *texts), keywords=()) if function in TESTS and texts:
                return self._text_test(TESTS[function], column, texts)
            case Comparison(operands=operands, ops=ops):
                pairs = [
                    self._compared(op, left, right)
                    for op, left, right in zip(ops, operands, operands[1:], strict=False)
                ]
                return pairs[0] if len(pairs) == 1 else And(tuple(pairs))
            case _:
                self._refuse(node, "This is neither true nor false.", "Compare a column with a value.")

    def _compared(self, op: ComparisonOp, left: Syntax, right: Syntax) -> Node:
        if op == "in":
            return self._member(left, right)
        if op == "not in":
            return Not(self._member(left, right))
        constant = self._constant(right) or self._constant(left)
        kind: ValueType = "string" if constant is None else _kind(constant)
        if kind != "number" and op not in ("==", "!="):
            self._refuse(left, "Only numbers have an order here.", "Use `==`, `!=` or `in`.")
        sides = [self._constant(side) or self._column(side, kind) for side in (left, right)]
        if constant is not None and not any(isinstance(side, PropRef) for side in sides):
            self._refuse(left, "This compares two constants.", "Compare a column with a value.")
        return Compare(op, sides[0], sides[1])

    def _member(self, item: Syntax, options: Syntax) -> Node:
        match options:
            case ListLiteral(items=items):
                found = [self._constant(one) for one in items]
                if not _all_there(found) or len({type(one) for one in found}) != 1:
                    self._refuse(options, "The list must hold texts, or numbers, and nothing else.", None)
                return Member(self._column(item, _kind(found[0])), tuple(found))
            case Name(name=name) if name in self._lists:
                words = tuple(TextLiteral(normalise(word)) for word in self._lists[name])
                if not words:
                    hint = f"Write them under `stages` or `statuses`: {name}: [...]."
                    self._refuse(options, f"The mapping names no words for '{name}'.", hint, "EmptyList")
                return Member(self._column(item, "string"), words, name)
            case Name(name=name):
                hint = nearest(name, self._lists) or "Write a list [a, b], or name one under `stages` or `statuses`."
                self._refuse(options, f"Unknown list '{name}'.", hint, "UnknownList")
            case _:
                self._refuse(options, "After `in` stands a list.", "Write [a, b], or the name of one.")

    def _text_test(self, test: TextTestKind, column: Name, texts: Sequence[Syntax]) -> Node:
        words = [normalise(text.value) for text in texts if isinstance(text, Text)]
        if len(words) != len(texts):
            self._refuse(column, "Texts in quotes are looked for.", None)
        if test == "has_word":
            words = [spaced(word) for word in words]
        subject = self._column(column, "string")
        return TextTest(test, subject, tuple(words))

    def _column(self, node: Syntax, kind: ValueType) -> PropRef:
        if not isinstance(node, Name):
            self._refuse(node, "Here stands the name of a column.", None)
        self.names.setdefault(node.name)
        return PropRef(node.name, kind)

    @staticmethod
    def _constant(node: Syntax) -> Constant | None:
        match node:
            case Text(value=value):
                return TextLiteral(normalise(value))
            case Number(value=value):
                return NumberLiteral(value)
            case Minus(arg=Number(value=value)):
                return NumberLiteral(-value)
            case Truth(value=value):
                return TruthLiteral(value)
            case _:
                return None

    def _refuse(self, node: Syntax, message: str, hint: str | None, code: str = "InvalidExpression") -> NoReturn:
        raise InputError(message, code=code, place=self._source.at(node.span.start), hint=hint)


def _kind(constant: Constant) -> ValueType:
    match constant:
        case TextLiteral():
            return "string"
        case NumberLiteral():
            return "number"
        case TruthLiteral():
            return "bool"


def _all_there(found: list[Constant | None]) -> TypeGuard[list[Constant]]:
    return None not in found
