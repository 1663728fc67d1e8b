"""The strict YAML reader: what text becomes, where it stands, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mqlab.definitions.yaml import MAX_DEPTH, MapNode, ScalarNode, decode, plain, read_yaml, read_yaml_file
from mqlab.errors import InputError
from tests.definitions.texts import told_by


def scalar(text: str) -> ScalarNode:
    node = read_yaml(f"key: {text}\n", file="f.yaml").get("key")
    assert isinstance(node, ScalarNode)
    return node


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("NO", "NO", id="Norway stays text"),
        pytest.param("yes", "yes", id="yes is text in YAML 1.2"),
        pytest.param("on", "on", id="on is text in YAML 1.2"),
        pytest.param("true", True, id="true"),
        pytest.param("False", False, id="False"),
        pytest.param("null", None, id="null"),
        pytest.param("~", None, id="tilde"),
        pytest.param("", None, id="nothing"),
        pytest.param("none", "none", id="none is text"),
        pytest.param("12", 12, id="whole number"),
        pytest.param("-3.5", -3.5, id="fraction"),
        pytest.param("1e3", 1000.0, id="exponent"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("1.10", 1.1, id="two-part version is a number"),
        pytest.param("1.10.0", "1.10.0", id="three-part version is text"),
        pytest.param("1_000", "1_000", id="underscore is text"),
        pytest.param("12:30", "12:30", id="no sexagesimal numbers"),
        pytest.param("2026-03-31", "2026-03-31", id="no dates"),
        pytest.param("90d", "90d", id="duration is text"),
        pytest.param('"12"', "12", id="quoted number is text"),
        pytest.param("'null'", "null", id="quoted null is text"),
        pytest.param("9" * 400, float("inf"), id="endless number"),
    ],
)
def test_plain_scalars_follow_the_core_schema(written: str, value: object) -> None:
    """
    A plain scalar is what the core schema of YAML 1.2 says, so Norway is a country.
    """
    assert scalar(written).value == value and type(scalar(written).value) is type(value)


def test_nan_is_a_number() -> None:
    """
    `.nan` is read as a float, which the shape check then refuses.
    """
    value = scalar(".nan").value

    assert value != value


def test_nodes_know_line_and_column() -> None:
    """
    Keys and values know their line and column, counted from 1.
    """
    node = read_yaml("a: 1\nb:\n  - x\n  - {c: y}\n", file="f.yaml")

    assert (node.key("b").place.line, node.key("b").place.column) == (2, 1)
    item = node.get("b").items[1]
    assert (item.place.line, item.place.column) == (4, 5)
    assert (item.get("c").place.line, item.get("c").place.column) == (4, 9)


@pytest.mark.parametrize(
    ("text", "offset", "line", "column"),
    [
        pytest.param("k: abc def\n", 4, 1, 8, id="plain"),
        pytest.param("k: 'abc def'\n", 4, 1, 9, id="single quotes"),
        pytest.param("k: 'it''s def'\n", 5, 1, 11, id="doubled quote"),
        pytest.param('k: "abc def"\n', 4, 1, 9, id="double quotes"),
        pytest.param("k: |\n  abc\n  def\n", 4, 3, 3, id="literal block"),
        pytest.param("k: >-\n  abc\n  def\n", 4, 3, 3, id="folded block"),
        pytest.param("k: abc\n  def\n", 4, 2, 3, id="continued plain"),
        pytest.param('k: "abc\n   def"\n', 4, 2, 4, id="continued quotes"),
    ],
)
def test_characters_inside_a_text_are_found(text: str, offset: int, line: int, column: int) -> None:
    """
    A character of a text value is traced back to the file through quotes, escapes and folding.
    """
    node = read_yaml(text, file="f.yaml").get("k")

    place = node.place_of(offset)

    assert (place.line, place.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        pytest.param("", "EmptyFile", "empty", id="empty file"),
        pytest.param("\n# only a comment\n", "EmptyFile", "empty", id="only a comment"),
        pytest.param("null\n", "EmptyFile", "empty", id="null"),
        pytest.param("- a\n", "NotAMapping", "keys with values", id="list"),
        pytest.param("hello\n", "NotAMapping", "keys with values", id="text"),
        pytest.param("a: 1\nb: 2\na: 3\n", "DuplicateKey", "first is in line 1", id="duplicate key"),
        pytest.param("a: {b: 1, b: 2}\n", "DuplicateKey", "'b'", id="duplicate key inside"),
        pytest.param("a:\n\tb: 1\n", "TabIndent", "Indent with spaces", id="tab"),
        pytest.param("a:\n  \tb: 1\n", "TabIndent", "Indent with spaces", id="tab after spaces"),
        pytest.param("a: 1\x00\n", "InvalidYaml", "NUL", id="NUL byte"),
        pytest.param("a: \x07\n", "InvalidYaml", "character", id="bell"),
        pytest.param('a: "\\0"\n', "InvalidYaml", "cannot be stored", id="escaped NUL"),
        pytest.param('a: "\\ud800"\n', "InvalidYaml", "cannot be stored", id="half a surrogate pair"),
        pytest.param('a: "\\UFFFFFFFF"\n', "InvalidYaml", "escape", id="escape beyond Unicode"),
        pytest.param("a: 1\n---\nb: 2\n", "UnsupportedYaml", "one document", id="two documents"),
        pytest.param("%YAML 1.1\n---\na: yes\n", "UnsupportedYaml", "directives", id="directive"),
        pytest.param("a: &x 1\nb: *x\n", "UnsupportedYaml", "Anchors", id="anchor"),
        pytest.param("a: *x\n", "UnsupportedYaml", "aliases", id="alias without an anchor"),
        pytest.param("a: !!python/object/apply:os.system [ls]\n", "UnsupportedYaml", "Tags", id="python tag"),
        pytest.param("a: !secret x\n", "UnsupportedYaml", "Tags", id="own tag"),
        pytest.param("? [a, b]\n: 1\n", "InvalidKey", "key", id="list as a key"),
        pytest.param("a: b: c\n", "InvalidYaml", "not allowed here", id="two colons"),
        pytest.param("a: [1, 2\nb: 3\n", "InvalidYaml", "expected", id="open bracket"),
        pytest.param("a: 'x\n", "InvalidYaml", "Check indentation", id="open quote"),
        pytest.param("a: 1\n  b: 2\n", "InvalidYaml", "not allowed here", id="wrong indentation"),
        pytest.param("a: @x\n", "InvalidYaml", "'@'", id="at sign"),
        pytest.param("a: " + "[" * 100_000, "TooDeep", "deeper", id="brackets"),
        pytest.param("".join(f"{'  ' * depth}a:\n" for depth in range(500)), "TooDeep", "deeper", id="indentation"),
        pytest.param("[" * 10_000_000, "TooLarge", "larger", id="10 MB of brackets"),
        pytest.param("a: '" + "x" * 1_000_001 + "'", "TooLarge", "larger", id="1 MB of text"),
        pytest.param("a: '" + "ü" * 600_000 + "'", "TooLarge", "larger", id="1 MB of two-byte text"),
    ],
)
def test_what_is_no_declared_file_is_refused_with_its_reason(text: str, code: str, words: str) -> None:
    """
    Everything beyond the small part of YAML that is read gives a clear message with its place.
    """
    with pytest.raises(InputError) as caught:
        read_yaml(text, file="f.yaml")

    problem = caught.value.problem
    assert problem.code == code and words in str(problem) and problem.place.file == "f.yaml"


def test_a_file_of_very_many_values_is_refused_early() -> None:
    """
    A wide file is refused when the limit is reached, not when it has been read.
    """
    with pytest.raises(InputError, match="more than"):
        read_yaml("a: [" + "1," * 50_001 + "1]", file="f.yaml")


def test_a_billion_laughs_never_laugh() -> None:
    """
    The classic expansion bomb stops at its first anchor.
    """
    lines = ["a0: &a0 [lol, lol]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]

    with pytest.raises(InputError) as caught:
        read_yaml("\n".join(lines), file="f.yaml")

    assert (caught.value.problem.place.line, caught.value.problem.place.column) == (1, 5)


def test_nesting_up_to_the_limit_is_read() -> None:
    """
    The limit on depth leaves room for every file that means something.
    """
    text = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)

    assert isinstance(read_yaml(text, file="f.yaml"), MapNode)


def test_a_byte_order_mark_and_crlf_are_harmless() -> None:
    """
    A file saved on Windows reads the same.
    """
    assert plain(read_yaml("\ufeffa: 1\r\nb: x\r\n", file="f.yaml")) == {"a": 1, "b": "x"}


def test_wrong_encoding_names_the_line() -> None:
    """
    Latin-1 text is refused and the line is named.
    """
    with pytest.raises(InputError) as caught:
        decode("a: 1\nb: Müller\n".encode("latin-1"), file="f.yaml")

    assert caught.value.problem.code == "BadEncoding" and caught.value.problem.place.line == 2


def test_unreadable_and_huge_files_are_input_errors(tmp_path: Path) -> None:
    """
    A missing file, a folder and a huge file are told, not thrown.
    """
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"a" * 1_000_001)

    codes = []
    for path in (tmp_path / "nowhere.yaml", tmp_path, huge):
        with pytest.raises(InputError) as caught:
            read_yaml_file(path)
        codes.append(caught.value.problem.code)

    assert codes == ["UnreadableFile", "UnreadableFile", "TooLarge"]


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 \n\t:-[]{},&*!|>'\"%@#?~.\\u0\ufeff\r"), max_size=60))
@example("? \n: 1")
@example("a: |2\n")
@example("a: >9")
@example("%TAG")
@example('"\\x')
@example("{a: 1, ? b}")
def test_any_text_is_read_or_refused(text: str) -> None:
    """
    Whatever the text, the reader gives nodes or an InputError, never anything else.
    """
    found = told_by(lambda: plain(read_yaml(text, file="f.yaml")))

    assert all(problem.place.file == "f.yaml" for problem in found)
