"""YAML 1.2 text, read strictly into frozen nodes that know where they stand.

A small part of YAML is enough for declared files, so the rest is refused with a clear message: anchors and aliases,
tags, several documents, duplicate keys, tabs for indentation. Plain scalars follow the core schema of YAML 1.2: `NO`
is text, `true` is a truth, `1.10` is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.reader import ReaderError

from mqlab.errors import InputError, Place

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_NODES = 50_000

NULL = re.compile(r"|~|null|Null|NULL")
TRUTH = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
OTHER_BASE = re.compile(r"0o[0-7]{1,15}|0x[0-9a-fA-F]{1,12}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
NOT_A_NUMBER = re.compile(r"\.(nan|NaN|NAN)")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^ \t\r\n#])", re.MULTILINE)

Plain = str | int | float | bool | None | list["Plain"] | dict["str | int | float | bool | None", "Plain"]


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar: its value by the core schema, and the characters it was written with (`written`, quotes included)."""

    value: str | int | float | bool | None
    written: str
    place: Place

    def place_of(self, offset: int) -> Place:
        """Where the character at `offset` of a text value stands in the file."""
        source = _source_offset(self.written, str(self.value), offset)
        before = self.written[:source]
        line, column = self.place.line or 1, self.place.column or 1
        lines = before.count("\n")
        column = column + len(before) if lines == 0 else len(before) - before.rfind("\n")
        return Place(self.place.file, line + lines, column, self.place.path)


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping, in the order of the file; keys are scalars and differ."""

    entries: tuple[tuple[ScalarNode, Node], ...]
    place: Place
    _positions: Mapping[tuple[bool, object], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positions = {_identity(key.value): position for position, (key, _) in enumerate(self.entries)}
        object.__setattr__(self, "_positions", positions)

    def find(self, key: object) -> tuple[ScalarNode, Node] | None:
        """The entry of `key`; True is not 1."""
        position = self._positions.get(_identity(key))
        return None if position is None else self.entries[position]

    def get(self, key: str) -> Node | None:
        """The value of `key`, None where the mapping has no such key."""
        entry = self.find(key)
        return None if entry is None else entry[1]

    def key(self, key: str) -> ScalarNode | None:
        """The key itself, for its place."""
        entry = self.find(key)
        return None if entry is None else entry[0]


Node = ScalarNode | ListNode | MapNode


def read_yaml_file(path: Path) -> MapNode:
    """The one mapping a YAML file holds; an unreadable, too large or wrongly encoded file is an InputError."""
    place = Place(file=str(path))
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror or error}.", code="UnreadableFile", place=place
        ) from error
    if len(raw) > MAX_BYTES:
        raise _too_large(place)
    return read_yaml(decode(raw, file=str(path)), file=str(path))


def decode(raw: bytes, *, file: str) -> str:
    """UTF-8 text, with or without a byte order mark; anything else is an InputError naming the line."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            "The file is not UTF-8 text.", code="BadEncoding", place=Place(file, line), hint="Save it as UTF-8."
        ) from error


def read_yaml(text: str, *, file: str) -> MapNode:
    """The one mapping that `text` holds, with the place of every node.

    Example:
        >>> read_yaml("country: NO", file="x.yaml").get("country").value
        'NO'
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    _refuse_unreadable(text, file)
    try:
        node = _Builder(text, file).document()
    except MarkedYAMLError as error:
        raise _syntax_error(error, file) from error
    except ReaderError as error:
        place = Place(file, text.count("\n", 0, error.position) + 1)
        raise InputError(
            "The file holds a character that text may not hold.", code="InvalidYaml", place=place
        ) from error
    except (YAMLError, ValueError, OverflowError) as error:
        message = "This is not YAML: a quoted text holds an escape that means no character."
        raise InputError(message, code="InvalidYaml", place=Place(file)) from error
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        raise InputError("The file is empty.", code="EmptyFile", place=Place(file, 1, 1))
    if not isinstance(node, MapNode):
        raise InputError(
            "The file must hold keys with values, such as `id: my-definition`.", code="NotAMapping", place=node.place
        )
    return node


def plain(node: Node) -> Plain:
    """The node as dicts, lists and scalars."""
    match node:
        case ScalarNode(value=value):
            return value
        case ListNode(items=items):
            return [plain(item) for item in items]
        case MapNode(entries=entries):
            return {key.value: plain(value) for key, value in entries}


def resolve(written: str) -> str | int | float | bool | None:
    """A plain scalar's value by the core schema of YAML 1.2; whole numbers beyond 15 digits become floats."""
    if NULL.fullmatch(written):
        return None
    if TRUTH.fullmatch(written):
        return written.lower() == "true"
    if INTEGER.fullmatch(written):
        return int(written)
    if OTHER_BASE.fullmatch(written):
        return int(written, 0)
    if FLOAT.fullmatch(written):
        return float(written)
    if INFINITE.fullmatch(written):
        return float("-inf") if written.startswith("-") else float("inf")
    if NOT_A_NUMBER.fullmatch(written):
        return float("nan")
    return written


class _Builder:
    """Nodes from the parser's events; containers are counted before they are entered, so nothing nests too deep."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.nodes = 0
        self.events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(text))

    def document(self) -> Node | None:
        result: Node | None = None
        documents = 0
        for event in self.events:
            match event:
                case StreamStartEvent() | StreamEndEvent() | DocumentEndEvent():
                    continue
                case DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise self._refused(event, "A file holds one document.", "Make a file of each.")
                    if event.version or event.tags:
                        raise self._refused(event, "`%` directives are not supported.", "Remove the line.")
                case _:
                    result = self._node(event, 0)
        return result

    def _node(self, event: Event, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self._refused(event, f"The file holds more than {MAX_NODES} values.", None, code="TooLarge")
        if depth > MAX_DEPTH:
            raise self._refused(event, f"The file nests deeper than {MAX_DEPTH} levels.", None, code="TooDeep")
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise self._refused(
                event, "Anchors (`&`) and aliases (`*`) are not supported.", "Write the value out, or quote the text."
            )
        if getattr(event, "ctag", None) is not None:
            raise self._refused(event, "Tags (`!`) are not supported.", "Quote the text if it starts with `!`.")
        match event:
            case ScalarEvent():
                return self._scalar(event)
            case SequenceStartEvent():
                items: list[Node] = []
                while not isinstance(inner := next(self.events), SequenceEndEvent):
                    items.append(self._node(inner, depth + 1))
                return ListNode(tuple(items), self._place(event))
            case MappingStartEvent():
                return self._mapping(event, depth)
            case _:
                raise self._refused(event, "This is not YAML.", None)

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        written = self.text[event.start_mark.index : event.end_mark.index]
        is_plain = event.style is None or event.style == ""
        value = resolve(event.value) if is_plain else event.value
        if UNSTORABLE.search(event.value):
            message = "The text holds a character that cannot be stored."
            raise self._refused(event, message, "Remove the escape.", code="InvalidYaml")
        return ScalarNode(value, written, self._place(event))

    def _mapping(self, event: Event, depth: int) -> MapNode:
        entries: list[tuple[ScalarNode, Node]] = []
        seen: dict[tuple[bool, object], ScalarNode] = {}
        while not isinstance(inner := next(self.events), MappingEndEvent):
            key = self._node(inner, depth + 1)
            if not isinstance(key, ScalarNode):
                raise InputError("A key must be a word or a text.", code="InvalidKey", place=key.place)
            identity = _identity(key.value)
            if identity in seen:
                first = seen[identity].place
                raise InputError(
                    f"The key '{key.value}' stands here twice; the first is in line {first.line}.",
                    code="DuplicateKey",
                    place=key.place,
                    hint="Remove one of them.",
                )
            seen[identity] = key
            entries.append((key, self._node(next(self.events), depth + 1)))
        return MapNode(tuple(entries), self._place(event))

    def _place(self, event: Event) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refused(self, event: Event, message: str, hint: str | None, code: str = "UnsupportedYaml") -> InputError:
        return InputError(message, code=code, place=self._place(event), hint=hint)


def _identity(key: object) -> tuple[bool, object]:
    """What makes two keys the same: 1 and 1.0 are, 1 and true are not, though Python thinks so."""
    return isinstance(key, bool), key


def _refuse_unreadable(text: str, file: str) -> None:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _too_large(Place(file))
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise InputError("The file holds a NUL byte: it is not text.", code="InvalidYaml", place=Place(file, line))
    tab = TAB_INDENT.search(text)
    if tab:
        line = text.count("\n", 0, tab.start()) + 1
        column = tab.group().index("\t") + 1
        raise InputError(
            "A tab stands where YAML wants spaces.",
            code="TabIndent",
            place=Place(file, line, column),
            hint="Indent with spaces.",
        )
    if not text.strip():
        raise InputError("The file is empty.", code="EmptyFile", place=Place(file, 1, 1))


def _too_large(place: Place) -> InputError:
    return InputError(f"The file is larger than {MAX_BYTES // 1_000_000} MB.", code="TooLarge", place=place)


def _syntax_error(error: MarkedYAMLError, file: str) -> InputError:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file)
    what = error.problem or error.context or "the text cannot be read"
    hint = "Indent with spaces, not tabs." if "'\\t'" in what else "Check indentation, colons, brackets and quotes."
    return InputError(f"This is not YAML: {what}.", code="InvalidYaml", place=place, hint=hint)


def _source_offset(written: str, value: str, offset: int) -> int:
    """The index in `written` of the character at `offset` of `value`: folding, quotes and escapes are stepped over."""
    position = 0
    for index, wanted in enumerate(value[: offset + 1]):
        found = position
        while found < len(written) and written[found] != wanted and not (wanted.isspace() and written[found].isspace()):
            found += 1
        if found == len(written):
            return position
        if index == offset:
            return found
        position = found + 1
    return position
