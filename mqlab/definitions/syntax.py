"""The syntax of expressions: what was written, with the characters it was written with, before any name is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mqlab.definitions.yaml import ScalarNode
from mqlab.errors import Place

BinaryOp = Literal["+", "-", "*"]
ComparisonOp = Literal["<", "<=", ">", ">=", "==", "!=", "in", "not in"]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of the expression's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `whole` where it was written as an integer."""

    value: float
    whole: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal, as written."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[…]`, never empty."""

    items: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`function(args, keyword=…)`; the function of `account.count(…)` is "account.count"."""

    function: str
    args: tuple[Syntax, ...]
    keywords: tuple[tuple[str, Syntax], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Minus:
    """`-arg`."""

    arg: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class NotOf:
    """`not arg`."""

    arg: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`."""

    op: BinaryOp
    left: Syntax
    right: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Junction:
    """`a and b and …` or `a or b or …`."""

    op: Literal["and", "or"]
    args: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first op second op third …`; `ops` is one shorter than `operands`."""

    operands: tuple[Syntax, ...]
    ops: tuple[ComparisonOp, ...]
    span: Span


Syntax = Name | Number | Text | Truth | ListLiteral | Call | Minus | NotOf | Binary | Junction | Comparison


@dataclass(frozen=True, slots=True)
class Source:
    """An expression's text and where it stands; `scalar` is the node it was read from, where there is one."""

    text: str
    place: Place
    scalar: ScalarNode | None = None

    def at(self, offset: int) -> Place:
        """The place of a character."""
        if self.scalar is not None:
            exact = self.scalar.place_of(offset)
            return Place(exact.file, exact.line, exact.column, self.place.path)
        column = None if self.place.column is None else self.place.column + offset
        return Place(self.place.file, self.place.line, column, self.place.path)
