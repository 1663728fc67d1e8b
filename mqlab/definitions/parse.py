"""Expressions from text to syntax: a small part of Python's grammar, read with `ast` and never evaluated by Python.

A bounded text becomes a frozen tree whose nodes know the characters they were written with. Names and types are
bound later (`mqlab.definitions.bind_expression`).
"""

from __future__ import annotations

import ast
import math
import re
from typing import Literal, NoReturn

from mqlab.definitions.syntax import (
    Binary,
    BinaryOp,
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
    Span,
    Syntax,
    Text,
    Truth,
)
from mqlab.errors import InputError

MAX_LENGTH = 4_000
MAX_DEPTH = 40

TOKEN = re.compile(
    r"""(?P<space>[ ]+)
    |(?P<text>'[^'\\]*'|"[^"\\]*")
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<operator>==|!=|<=|>=|\*\*|//|:=|->|<<|>>|[-+*/%@&|^~<>=()\[\]{},.:;])""",
    re.VERBOSE,
)
INSTEAD = {
    "&&": "Write `and`.",
    "||": "Write `or`.",
    "<>": "Write `!=`.",
    "!": "Write `not` or `!=`.",
    "#": "Comments stand outside the quotes of an expression.",
    "\\": "Text is written without escapes.",
    "`": "Text stands in single quotes.",
    "=>": "Write `>=`.",
    "=<": "Write `<=`.",
    "≥": "Write `>=`.",
    "≤": "Write `<=`.",
    "≠": "Write `!=`.",
    **dict.fromkeys("‘’“”„", "Text stands in straight quotes: 'text'."),
}
WORDS = frozenset({"and", "or", "not", "in"})
FORBIDDEN: dict[type[ast.AST], str] = {
    ast.Lambda: "`lambda` is not allowed",
    ast.IfExp: "`if … else` is not allowed",
    ast.ListComp: "A comprehension is not allowed",
    ast.SetComp: "A comprehension is not allowed",
    ast.DictComp: "A comprehension is not allowed",
    ast.GeneratorExp: "A comprehension is not allowed",
    ast.Subscript: "Indexing with `[ ]` is not allowed",
    ast.Attribute: "Attribute access with `.` is not allowed; only `account.count(…)` is",
    ast.NamedExpr: "`:=` is not allowed",
    ast.Starred: "`*` before a value is not allowed",
    ast.Tuple: "A list is written with square brackets",
    ast.Set: "A list is written with square brackets",
    ast.Dict: "A mapping is not allowed",
    ast.JoinedStr: "f-strings are not allowed",
    ast.Await: "`await` is not allowed",
    ast.Yield: "`yield` is not allowed",
    ast.YieldFrom: "`yield` is not allowed",
}
ARITHMETIC: dict[type[ast.operator], BinaryOp] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
COMPARISON: dict[type[ast.cmpop], ComparisonOp] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}


def parse(source: Source) -> Syntax:
    """The syntax tree of an expression; an InputError points at what is not allowed.

    Example:
        >>> from mqlab.errors import Place
        >>> parse(Source("bant >= 60", Place())).ops
        ('>=',)
    """
    if len(source.text) > MAX_LENGTH:
        raise _error(source, 0, f"The expression is longer than {MAX_LENGTH} characters.", "TooLong")
    text = re.sub(r"[\t\n\r\f\v]", " ", source.text)
    if not text.strip():
        raise _error(source, 0, "The expression is empty.", "EmptyExpression")
    _check_tokens(source, text)
    start = len(text) - len(text.lstrip(" "))
    try:
        tree = ast.parse(text[start:], mode="eval")
    except SyntaxError as error:
        raise _syntax_error(source, text, start, error) from error
    except (MemoryError, RecursionError, ValueError) as error:
        raise _error(source, 0, "The expression is nested too deep.", "TooDeep") from error
    return _Reader(source, text, start).read(tree.body, 0)


def _check_tokens(source: Source, text: str) -> None:
    """Refuses characters and neighbours that Python would read in a way nobody means."""
    position = 0
    depth = 0
    before: tuple[str, str] = ("space", " ")
    while position < len(text):
        two = text[position : position + 2]
        found = TOKEN.match(text, position) if two not in INSTEAD else None
        if found is None:
            raise _unknown_character(source, text, position, two)
        kind, token = str(found.lastgroup), found.group()
        match before[0], kind:
            case ("number", "name" | "number") | ("name", "number"):
                message = f"`{before[1]}{token}` is neither a number nor a name."
                raise _error(source, position, message, "InvalidExpression")
            case "number", "operator" if token == ".":
                raise _error(source, position, f"`{before[1]}.` is no number.", "InvalidExpression")
            case "name", "text" if before[1] not in WORDS:
                raise _error(source, position, "A text may have no prefix.", "InvalidExpression")
            case "text", "text":
                hint = "Is a comma missing?"
                raise _error(source, position, "Two texts stand beside each other.", "InvalidExpression", hint)
        depth += (token in "([{") - (token in ")]}")
        if depth > MAX_DEPTH:
            raise _error(source, position, "The expression is nested too deep.", "TooDeep")
        if kind != "space" or before[0] != "text":
            before = (kind, token)
        position = found.end()


def _unknown_character(source: Source, text: str, position: int, two: str) -> InputError:
    if text[position] in "'\"":
        hint = INSTEAD["\\"] if "\\" in text[position:] else "A text begins and ends with the same quote."
        return _error(source, position, "This text has no end.", "InvalidExpression", hint)
    wrong = two if two in INSTEAD else text[position]
    return _error(source, position, f"`{wrong}` is not allowed here.", "NotAllowed", INSTEAD.get(wrong))


def _syntax_error(source: Source, text: str, start: int, error: SyntaxError) -> InputError:
    offset = min(error.offset - 1 + start, len(text)) if error.offset else len(text.rstrip())
    upper = re.search(r"\b(AND|OR|NOT|IN)\b", text)
    if upper:
        return _error(
            source,
            upper.start(),
            f"`{upper[0]}` is no word of the language.",
            "InvalidExpression",
            f"Write `{upper[0].lower()}`.",
        )
    if re.search(r"(?<![=<>!])=(?!=)", text):
        return _error(source, offset, "This is not an expression.", "InvalidExpression", "To compare, write `==`.")
    return _error(
        source, offset, "This is not an expression.", "InvalidExpression", "Check operators, brackets and quotes."
    )


def _error(source: Source, offset: int, message: str, code: str, hint: str | None = None) -> InputError:
    return InputError(message, code=code, place=source.at(offset), hint=hint)


class _Reader:
    """Python's nodes, checked one by one, as ours."""

    def __init__(self, source: Source, text: str, start: int) -> None:
        self.source = source
        self.text = text
        self.start = start
        self.bytes = text[start:].encode()

    def read(self, node: ast.expr, depth: int) -> Syntax:
        if depth > MAX_DEPTH:
            self._refuse(node, "The expression is nested too deep.", code="TooDeep")
        span = self._span(node)
        match node:
            case ast.Constant(value=value):
                return self._literal(node, value, span)
            case ast.Name(id=name):
                return self._name(node, name, span)
            case ast.List(elts=[]):
                self._refuse(node, "The list is empty: nothing is ever in it.", code="EmptyList")
            case ast.List(elts=items):
                return ListLiteral(tuple(self.read(item, depth + 1) for item in items), span)
            case ast.BoolOp(op=op, values=values):
                word: Literal["and", "or"] = "and" if isinstance(op, ast.And) else "or"
                return Junction(word, tuple(self.read(value, depth + 1) for value in values), span)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return NotOf(self.read(operand, depth + 1), span)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Minus(self.read(operand, depth + 1), span)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in ARITHMETIC:
                return Binary(ARITHMETIC[type(operator)], self.read(left, depth + 1), self.read(right, depth + 1), span)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._comparison(node, [left, *comparators], ops, span, depth)
            case ast.Call():
                return self._call(node, span, depth)
            case ast.BinOp(op=ast.Div()):
                self._refuse(node, "There is no division.", hint="Multiply instead, such as `* 0.5` for `/ 2`.")
            case ast.UnaryOp() | ast.BinOp():
                self._refuse(node, "Only `+`, `-` and `*` are allowed in arithmetic.")
            case _:
                self._refuse(node, f"{FORBIDDEN.get(type(node), 'This is not allowed')}.")

    def _literal(self, node: ast.expr, value: object, span: Span) -> Syntax:
        match value:
            case bool():
                return Truth(value, span)
            case int() | float():
                return self._number(node, value, span)
            case str():
                return Text(value, span)
            case None:
                self._refuse(node, "`None` is not a value.", hint="Write `missing(field)` or `not missing(field)`.")
            case _:
                self._refuse(node, "This literal is not allowed.")

    def _number(self, node: ast.expr, value: int | float, span: Span) -> Number:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self._refuse(node, "The number is too large.", code="InvalidExpression")
        return Number(number, isinstance(value, int), span)

    def _name(self, node: ast.expr, name: str, span: Span) -> Syntax:
        if name in {"true", "false"}:
            return Truth(name == "true", span)
        if name.lower() in {"null", "none"}:
            self._refuse(node, f"`{name}` is not a value.", hint="Write `missing(field)` or `not missing(field)`.")
        return Name(name, span)

    def _comparison(
        self, node: ast.Compare, operands: list[ast.expr], ops: list[ast.cmpop], span: Span, depth: int
    ) -> Syntax:
        words: list[ComparisonOp] = []
        for op in ops:
            if type(op) not in COMPARISON:
                self._refuse(node, "`is` is not allowed.", hint="Write `==`, or `missing(field)`.")
            words.append(COMPARISON[type(op)])
        return Comparison(tuple(self.read(operand, depth + 1) for operand in operands), tuple(words), span)

    def _call(self, node: ast.Call, span: Span, depth: int) -> Call:
        match node.func:
            case ast.Name(id=name):
                function = name
            case ast.Attribute(value=ast.Name(id="account"), attr="count"):
                function = "account.count"
            case _:
                self._refuse(
                    node, "Only functions of the language can be called; the only dotted one is `account.count(…)`."
                )
        keywords: list[tuple[str, Syntax]] = []
        for keyword in node.keywords:
            if keyword.arg is None:
                self._refuse(node, "`**` is not allowed in a call.")
            keywords.append((keyword.arg, self.read(keyword.value, depth + 1)))
        return Call(function, tuple(self.read(arg, depth + 1) for arg in node.args), tuple(keywords), span)

    def _span(self, node: ast.expr) -> Span:
        end = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return Span(self._offset(node.col_offset), self._offset(end))

    def _offset(self, byte: int) -> int:
        return self.start + len(self.bytes[:byte].decode(errors="ignore"))

    def _refuse(self, node: ast.expr, message: str, *, code: str = "NotAllowed", hint: str | None = None) -> NoReturn:
        raise _error(self.source, self._span(node).start, message, code, hint)
