"""Expressions from text to syntax: what is allowed, and what everything else is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.definitions.parse import MAX_DEPTH, MAX_LENGTH, parse
from mqlab.definitions.syntax import (
    Call,
    Comparison,
    Junction,
    ListLiteral,
    Minus,
    Name,
    NotOf,
    Number,
    Source,
    Text,
    Truth,
)
from mqlab.errors import InputError, Place, Problem
from tests.definitions.texts import told_by

PLACE = Place("f.yaml", 7, 11, "qualify")


def read(text: str):
    return parse(Source(text, PLACE))


def refused(text: str) -> Problem:
    with pytest.raises(InputError) as caught:
        read(text)
    return caught.value.problem


def test_a_comparison_chain_keeps_its_operands() -> None:
    """
    A chain is one comparison with one operator fewer than operands.
    """
    tree = read("50 <= employees < 200")

    assert isinstance(tree, Comparison)
    assert tree.ops == ("<=", "<") and [type(one) for one in tree.operands] == [Number, Name, Number]


def test_nodes_know_their_characters() -> None:
    """
    Every node knows the characters it was written with, non-ASCII text before it included.
    """
    text = "  city == 'Köln' and not (a > 5)"
    tree = read(text)

    assert isinstance(tree, Junction)
    spans = [text[arg.span.start : arg.span.end] for arg in tree.args]
    assert spans == ["city == 'Köln'", "not (a > 5)"]


def test_the_whole_language_is_read() -> None:
    """
    Literals, lists, calls with keywords, `account.count` and signs are all there.
    """
    tree = read("account.count(view, p in ['a', 'b'], within='7d') >= -1 or true or not false")

    assert isinstance(tree, Junction) and tree.op == "or"
    first, second, third = tree.args
    assert isinstance(first, Comparison) and isinstance(first.operands[1], Minus)
    call = first.operands[0]
    assert isinstance(call, Call) and call.function == "account.count" and call.keywords[0][0] == "within"
    assert isinstance(call.args[1], Comparison) and isinstance(call.args[1].operands[1], ListLiteral)
    assert isinstance(second, Truth) and isinstance(third, NotOf)


def test_line_breaks_and_tabs_are_spaces() -> None:
    """
    An expression may be broken over lines wherever a space may stand.
    """
    assert read("a > 1\nand\tb > 2") == read("a > 1 and b > 2")


def test_quotes_of_either_kind_are_the_same_text() -> None:
    """
    Single and double quotes mean the same.
    """
    assert isinstance(read('"a"'), Text) and read('"a"') == read("'a'")


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        pytest.param("", "EmptyExpression", 0, "empty", id="nothing"),
        pytest.param(" \n ", "EmptyExpression", 0, "empty", id="white space"),
        pytest.param("a.b > 1", "NotAllowed", 0, "Attribute access", id="attribute"),
        pytest.param("a.lower() == 'x'", "NotAllowed", 0, "account.count", id="method"),
        pytest.param("x > 1 and a.__class__", "NotAllowed", 10, "Attribute access", id="dunder"),
        pytest.param("account.sum(a) > 1", "NotAllowed", 0, "account.count", id="other account function"),
        pytest.param("a[0] > 1", "NotAllowed", 0, "Indexing", id="indexing"),
        pytest.param("a[1:2] > 1", "NotAllowed", 0, "Indexing", id="slicing"),
        pytest.param("lambda: 1", "NotAllowed", 0, "lambda", id="lambda"),
        pytest.param("(lambda x: x)(1)", "NotAllowed", 0, "functions of the language", id="called lambda"),
        pytest.param("[x for x in a]", "NotAllowed", 0, "comprehension", id="list comprehension"),
        pytest.param("min(x for x in a)", "NotAllowed", 3, "comprehension", id="generator"),
        pytest.param("{x for x in a}", "NotAllowed", 0, "comprehension", id="set comprehension"),
        pytest.param("{x: 1 for x in a}", "NotAllowed", 0, "comprehension", id="dict comprehension"),
        pytest.param("a if b else c", "NotAllowed", 0, "if … else", id="conditional"),
        pytest.param("(a := 1) > 0", "NotAllowed", 1, ":=", id="walrus"),
        pytest.param("f'{a}' == b", "InvalidExpression", 1, "prefix", id="f-string"),
        pytest.param("b'x' == b", "InvalidExpression", 1, "prefix", id="bytes"),
        pytest.param("r'x' == b", "InvalidExpression", 1, "prefix", id="raw text"),
        pytest.param("a in ('x', 'y')", "NotAllowed", 5, "square brackets", id="tuple"),
        pytest.param("a in {'x'}", "NotAllowed", 5, "square brackets", id="set"),
        pytest.param("{'a': 1}", "NotAllowed", 0, "mapping", id="dict"),
        pytest.param("a in []", "EmptyList", 5, "empty", id="empty list"),
        pytest.param("a / 2 > 1", "NotAllowed", 0, "division", id="division"),
        pytest.param("a // 2 > 1", "NotAllowed", 0, "`+`, `-` and `*`", id="floor division"),
        pytest.param("a % 2 > 1", "NotAllowed", 0, "`+`, `-` and `*`", id="modulo"),
        pytest.param("a ** 2 > 1", "NotAllowed", 0, "`+`, `-` and `*`", id="power"),
        pytest.param("a @ b", "NotAllowed", 0, "`+`, `-` and `*`", id="matrix product"),
        pytest.param("a | b", "NotAllowed", 0, "`+`, `-` and `*`", id="bit or"),
        pytest.param("~a", "NotAllowed", 0, "`+`, `-` and `*`", id="bit not"),
        pytest.param("+a > 1", "NotAllowed", 0, "`+`, `-` and `*`", id="plus sign"),
        pytest.param("a == None", "NotAllowed", 5, "missing(field)", id="None"),
        pytest.param("a == null", "NotAllowed", 5, "missing(field)", id="null"),
        pytest.param("a is b", "NotAllowed", 0, "missing(field)", id="is"),
        pytest.param("a is not None", "NotAllowed", 0, "missing(field)", id="is not"),
        pytest.param("a > ...", "NotAllowed", 4, "literal", id="ellipsis"),
        pytest.param("f(*a)", "NotAllowed", 2, "`*`", id="star"),
        pytest.param("f(**a)", "NotAllowed", 0, "`**`", id="double star"),
        pytest.param("await a", "NotAllowed", 0, "await", id="await"),
        pytest.param("(yield)", "NotAllowed", 1, "yield", id="yield"),
        pytest.param("a = 5", "InvalidExpression", 2, "write `==`", id="single equals"),
        pytest.param("a > 5 && b", "NotAllowed", 6, "`and`", id="double ampersand"),
        pytest.param("a > 5 || b", "NotAllowed", 6, "`or`", id="double bar"),
        pytest.param("!a", "NotAllowed", 0, "`not`", id="exclamation mark"),
        pytest.param("a <> 5", "NotAllowed", 2, "`!=`", id="angle brackets"),
        pytest.param("a => 5", "NotAllowed", 2, "`>=`", id="reversed sign"),
        pytest.param("a ≥ 5", "NotAllowed", 2, "`>=`", id="mathematical sign"),
        pytest.param("a == ‘x’", "NotAllowed", 5, "straight quotes", id="typographic quotes"),
        pytest.param("a > 5 AND b", "InvalidExpression", 6, "`and`", id="capital AND"),
        pytest.param("a > 5 # why", "NotAllowed", 6, "Comments", id="comment"),
        pytest.param("a == 'x", "InvalidExpression", 5, "same quote", id="open quote"),
        pytest.param(r"a == 'x\n'", "InvalidExpression", 5, "without escapes", id="escape"),
        pytest.param("a in ['x' 'y']", "InvalidExpression", 10, "comma", id="forgotten comma"),
        pytest.param("1_000 > a", "InvalidExpression", 1, "neither", id="underscore"),
        pytest.param("1.and a", "InvalidExpression", 1, "no number", id="number with a bare point"),
        pytest.param("5or a", "InvalidExpression", 1, "neither", id="number beside a word"),
        pytest.param("'x'   'y' == a", "InvalidExpression", 6, "comma", id="texts with spaces between"),
        pytest.param("1j > a", "InvalidExpression", 1, "neither", id="complex"),
        pytest.param("0x1f > a", "InvalidExpression", 1, "neither", id="hexadecimal"),
        pytest.param("1e400 > a", "InvalidExpression", 0, "too large", id="endless number"),
        pytest.param("9" * 400 + " > a", "InvalidExpression", 0, "too large", id="endless whole number"),
        pytest.param("a > 5 and", "InvalidExpression", 9, "not an expression", id="unfinished"),
        pytest.param("a > (5", "InvalidExpression", 4, "not an expression", id="open bracket"),
        pytest.param("a b", "InvalidExpression", 2, "not an expression", id="two names"),
        pytest.param("import os", "InvalidExpression", 0, "not an expression", id="statement"),
        pytest.param("a > 5; b", "InvalidExpression", 5, "not an expression", id="semicolon"),
        pytest.param("größe > 5", "NotAllowed", 2, "`ö`", id="letter that names never hold"),
        pytest.param("a > 5\x00", "NotAllowed", 5, "not allowed", id="NUL"),
        pytest.param("(" * 100 + "a" + ")" * 100, "TooDeep", 40, "too deep", id="brackets"),
        pytest.param("not " * 500 + "a", "TooDeep", 164, "too deep", id="nots"),
        pytest.param("-" * 3_000 + "a > 1", "TooDeep", None, "too deep", id="minus signs"),
        pytest.param("a+" * 1_500 + "a > 1", "TooDeep", None, "too deep", id="long sum"),
        pytest.param("a" * 4_001, "TooLong", 0, "longer", id="long name"),
    ],
)
def test_what_is_not_in_the_language_is_refused_where_it_stands(
    text: str, code: str, column: int | None, words: str
) -> None:
    """
    Each construct outside the language is named, at its own column, with what to write instead.
    """
    problem = refused(text)

    assert problem.code == code and words in f"{problem.message} {problem.hint or ''}"
    assert (problem.place.file, problem.place.line, problem.place.path) == ("f.yaml", 7, "qualify")
    if column is not None:
        assert problem.place.column == 11 + column


def test_wide_expressions_are_fine() -> None:
    """
    The limits are about depth: a junction of many short comparisons is read.
    """
    text = " or ".join(f"a == {number}" for number in range(300))

    assert len(text) < MAX_LENGTH and len(read(text).args) == 300


def test_brackets_up_to_the_limit_are_fine() -> None:
    """
    Brackets up to the limit on depth are read.
    """
    assert read("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == read(" " * MAX_DEPTH + "a" + " " * MAX_DEPTH)


WORDS_AND_SIGNS = (
    "a b 1 2.5 'x' \" ' ( ) [ ] , . + - * / < > == != >= in not and or is lambda : := { } count( account.count( # \\ "
    "None true if else for await yield ** // @ % & | ^ ~ = ! $ ? ` f'' ... 1e9 é 𝔞 ﬁ"
)
PIECES = st.sampled_from([*WORDS_AND_SIGNS.split(" "), "\n", "\t", "\x00", "\ud800"])


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, max_size=14), st.sampled_from(["", " "]))
def test_any_text_is_read_or_refused(pieces: list[str], glue: str) -> None:
    """
    Whatever the text, the parser gives syntax or an InputError with a place inside the text, never anything else.
    """
    text = glue.join(pieces)
    found = told_by(lambda: read(text))

    assert all(11 <= (problem.place.column or 0) <= 11 + len(text) for problem in found)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_unicode_text_is_read_or_refused(text: str) -> None:
    """
    No character of Unicode upsets the parser.
    """
    assert all(problem.message for problem in told_by(lambda: read(text)))
