"""What type an expression has while it is bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mqlab.definitions.model import EnumLabel, FieldDecl, Grading, PropDecl
from mqlab.definitions.tree import (
    Arithmetic,
    Greatest,
    Least,
    Log1p,
    Log10,
    Negate,
    Node,
    Probability,
    Sum,
)

Kind = Literal["number", "text", "truth", "enum", "grade", "days", "word"]
"""`word` is a text literal: text, an enum's label or a grade, by what stands beside it. `days` is `days_since(…)`."""

NOUN: dict[Kind, str] = {
    "number": "a number",
    "text": "text",
    "truth": "true or false",
    "enum": "an enum",
    "grade": "a grade",
    "days": "a number of days",
    "word": "text",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A bound node with its type; `labels` of an enum, `grading` of a grade."""

    node: Node
    kind: Kind
    labels: tuple[EnumLabel, ...] = ()
    grading: Grading | None = None


def declared(node: Node, decl: FieldDecl | PropDecl) -> Typed:
    """A reference to a field or property, typed as it was declared."""
    match decl.kind:
        case "number":
            return Typed(node, "number")
        case "string":
            return Typed(node, "text")
        case "bool":
            return Typed(node, "truth")
        case "enum":
            return Typed(node, "enum", labels=decl.labels)


def continuous(node: Node) -> bool:
    """Whether a number must be rounded to nine decimals before it is compared."""
    match node:
        case Probability() | Sum() | Arithmetic() | Log1p() | Log10():
            return True
        case Negate(arg=arg):
            return continuous(arg)
        case Least(args=args) | Greatest(args=args):
            return any(continuous(arg) for arg in args)
        case _:
            return False
