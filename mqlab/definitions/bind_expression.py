"""Expressions from syntax to meaning: names resolved, types checked, text normalised."""

from __future__ import annotations

from typing import NoReturn

from mqlab.definitions.bind_calls import bind_call
from mqlab.definitions.bind_compare import compare, member
from mqlab.definitions.kinds import NOUN, Typed, declared
from mqlab.definitions.parse import parse
from mqlab.definitions.scope import Scope
from mqlab.definitions.syntax import (
    Binary,
    Call,
    Comparison,
    Junction,
    ListLiteral,
    Minus,
    Name,
    NotOf,
    Number,
    Source,
    Span,
    Syntax,
    Text,
    Truth,
)
from mqlab.definitions.tree import (
    And,
    Arithmetic,
    Expression,
    FieldRef,
    Negate,
    Node,
    Not,
    NumberLiteral,
    Or,
    Probability,
    PropRef,
    ScoreRef,
    TextLiteral,
    TruthLiteral,
)
from mqlab.errors import InputError, nearest
from mqlab.leads.text import normalise


class Binder:
    """Binds one expression in one scope; `spans` tells, by identity, which characters a node was made of."""

    def __init__(self, source: Source, scope: Scope, spans: dict[int, tuple[Node, Span]] | None = None) -> None:
        self.source = source
        self.scope = scope
        self.spans: dict[int, tuple[Node, Span]] = {} if spans is None else spans

    def inside(self, scope: Scope) -> Binder:
        """The binder of a part of the same expression that reads other names."""
        return Binder(self.source, scope, self.spans)

    def condition(self, syntax: Syntax) -> Node:
        """A node that is true, false or unknown."""
        typed = self.value(syntax)
        if typed.kind != "truth":
            self.refuse(
                syntax, f"{self.written(syntax)} is {NOUN[typed.kind]}, not a condition.", "Compare it with something."
            )
        return typed.node

    def number(self, syntax: Syntax) -> Node:
        """A node that is a number."""
        typed = self.value(syntax)
        match typed.kind:
            case "number":
                return typed.node
            case "enum":
                self.refuse(
                    syntax,
                    f"{self.written(syntax)} is an enum: there is no arithmetic with enums.",
                    "Use `weights`, or compare it.",
                )
            case "days":
                self.refuse(syntax, f"{self.written(syntax)} may only be compared with a whole number.", None)
            case kind:
                self.refuse(syntax, f"{self.written(syntax)} is {NOUN[kind]}; a number is needed here.", None)

    def value(self, syntax: Syntax) -> Typed:
        """The node with its type."""
        typed = self._value(syntax)
        self.spans.setdefault(id(typed.node), (typed.node, syntax.span))
        return typed

    def _value(self, syntax: Syntax) -> Typed:
        match syntax:
            case Name():
                return self._name(syntax)
            case Number(value=value):
                return Typed(NumberLiteral(value), "number")
            case Text(value=value):
                return Typed(TextLiteral(normalise(value)), "word")
            case Truth(value=value):
                return Typed(TruthLiteral(value), "truth")
            case ListLiteral():
                self.refuse(syntax, "A list can only stand after `in` or `not in`.", None)
            case Minus(arg=Number(value=value)):
                return Typed(NumberLiteral(-value if value else 0.0), "number")
            case Minus(arg=arg):
                return Typed(Negate(self.number(arg)), "number")
            case NotOf(arg=arg):
                return Typed(Not(self.condition(arg)), "truth")
            case Binary(op=op, left=left, right=right):
                return Typed(Arithmetic(op, self.number(left), self.number(right)), "number")
            case Junction(op=op, args=args):
                bound = tuple(self.condition(arg) for arg in args)
                return Typed(And(bound) if op == "and" else Or(bound), "truth")
            case Comparison():
                return self._comparison(syntax)
            case Call():
                return bind_call(self, syntax)

    def _name(self, syntax: Name) -> Typed:
        name, scope = syntax.name, self.scope
        if scope.reads == "event":
            if name in scope.props:
                return declared(PropRef(name, scope.props[name].kind), scope.props[name])
        elif name in scope.fields:
            return declared(FieldRef(name, scope.fields[name].kind), scope.fields[name])
        if scope.reads == "scores":
            if name in scope.scores:
                return Typed(ScoreRef(name), "number")
            if name == "probability" and scope.has_model:
                return Typed(Probability(), "number")
        self.unknown_name(syntax)

    def unknown_name(self, syntax: Name) -> NoReturn:
        """Says why a name cannot be read here, or which known name is near."""
        name, scope = syntax.name, self.scope
        if name == "probability":
            why = (
                "there is no `model`"
                if not scope.has_model and scope.reads == "scores"
                else "it can only be read where scores can"
            )
            raise self.error(syntax, f"`probability` cannot be read here: {why}.", code="UnknownName")
        why_not = scope.why_not(name)
        if why_not is not None:
            raise self.error(syntax, f"'{name}' cannot be read here: {why_not}.", code="NotReadableHere")
        what = {"event": "property", "fields": "field", "facts": "field", "scores": "field or score"}[scope.reads]
        code = "UnknownProperty" if scope.reads == "event" else "UnknownField"
        hint = nearest(name, scope.values()) or f"If '{name}' is text, put it in quotes: '{name}'."
        owner = f" of {scope.event}" if scope.event else ""
        raise self.error(syntax, f"Unknown {what} '{name}'{owner}.", hint, code=code)

    def _comparison(self, syntax: Comparison) -> Typed:
        parts: list[Node] = []
        left_syntax = syntax.operands[0]
        left: Typed | None = None
        for op, right_syntax in zip(syntax.ops, syntax.operands[1:], strict=True):
            left = left if left is not None else self.value(left_syntax)
            right: Typed | None = None
            match op:
                case "in" | "not in":
                    node = member(self, left, left_syntax, right_syntax)
                    parts.append(Not(node) if op == "not in" else node)
                case _:
                    right = self.value(right_syntax)
                    parts.append(compare(self, op, left, left_syntax, right, right_syntax))
            self.spans.setdefault(id(parts[-1]), (parts[-1], Span(left_syntax.span.start, right_syntax.span.end)))
            left_syntax, left = right_syntax, right
        return Typed(parts[0] if len(parts) == 1 else And(tuple(parts)), "truth")

    def written(self, syntax: Syntax) -> str:
        """The characters of a part, in back quotes."""
        return f"`{self.source.text[syntax.span.start : syntax.span.end].strip()}`"

    def refuse(self, syntax: Syntax, message: str, hint: str | None, *, code: str = "TypeMismatch") -> NoReturn:
        """Raises the InputError that points at `syntax`."""
        raise self.error(syntax, message, hint, code=code)

    def error(self, syntax: Syntax, message: str, hint: str | None = None, *, code: str = "TypeMismatch") -> InputError:
        """The InputError that points at `syntax`."""
        return InputError(message, code=code, place=self.source.at(syntax.span.start), hint=hint)


def bind_expression(source: Source, scope: Scope) -> tuple[Expression, Binder]:
    """A condition, bound; the binder knows where its nodes stand."""
    binder = Binder(source, scope)
    return Expression(source.text, binder.condition(parse(source))), binder


def bind_feature(source: Source, scope: Scope) -> tuple[Expression, Binder]:
    """A number or a condition, bound: what a model's term reads."""
    binder = Binder(source, scope)
    syntax = parse(source)
    if (typed := binder.value(syntax)).kind == "truth":
        return Expression(source.text, typed.node), binder
    return Expression(source.text, binder.number(syntax)), binder
