"""Nodes of a file read as a pydantic class; every finding is a Problem with its line, column and path."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mqlab.definitions.yaml import ListNode, MapNode, Node, ScalarNode, plain
from mqlab.errors import Place, Problem, nearest

M = TypeVar("M", bound=BaseModel)
Loc = tuple[int | str, ...]
MOST_PROBLEMS = 100
"""How many problems of shape one file is told; nobody reads more at once."""
NEAREST = re.compile(r"Did you mean '(.*)'\?")
NAME_HINT = "Use letters, digits and underscores, and for ids also dashes."

WANTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}


def read_as(model: type[M], node: MapNode, *, nullable: Collection[str] = ()) -> tuple[M | None, tuple[Problem, ...]]:
    """The file as `model`, or None with everything that is wrong with its shape.

    `nullable`: keys that may stand without a value, which then means "not stated".
    """
    empty = tuple(_without_value(node, frozenset(nullable)))
    try:
        read = model.model_validate(plain(node))
    except ValidationError as error:
        found = _problems(model, error.errors(include_url=False)[:MOST_PROBLEMS], node)
        return None, in_file_order(_one_per_path([*found, *empty[:MOST_PROBLEMS]]))
    return (None, in_file_order(empty)) if empty else (read, ())


def in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by file, line and column."""
    return tuple(sorted(problems, key=lambda one: (one.place.file or "", one.place.line or 0, one.place.column or 0)))


def node_at(node: Node, loc: Sequence[int | str | bool]) -> tuple[Node, ScalarNode | None, str]:
    """The deepest node along `loc`, the key it stands under, its dotted path; steps that fit nowhere are skipped."""
    key: ScalarNode | None = None
    parts: list[str] = []
    for step in loc:
        match node:
            case MapNode():
                found = node.find(step)
                if found is not None:
                    key, node = found
                    parts.append(key_name(step))
            case ListNode(items=items) if isinstance(step, int) and not isinstance(step, bool) and step < len(items):
                node, key = items[step], None
                parts.append(item_name(node, step))
            case _:
                continue
    return node, key, ".".join(parts)


def item_name(node: Node, index: int) -> str:
    """How a list's item is called in a path: its id where it has one, else its index."""
    identity = node.get("id") if isinstance(node, MapNode) else None
    return str(identity.value) if isinstance(identity, ScalarNode) else str(index)


def key_name(key: object) -> str:
    """How a key is called in a path: as YAML writes it."""
    return str(key).lower() if isinstance(key, bool) else str(key)


def places(node: Node, path: str = "") -> dict[str, Place]:
    """The place of every key and item, by dotted path."""
    found: dict[str, Place] = {}
    match node:
        case MapNode(entries=entries):
            children = [(key_name(key.value), key.place, value) for key, value in entries]
        case ListNode(items=items):
            children = [(item_name(item, index), item.place, item) for index, item in enumerate(items)]
        case ScalarNode():
            children = []
    for name, place, child in children:
        inner = f"{path}.{name}" if path else name
        found[inner] = Place(place.file, place.line, place.column, inner)
        found.update(places(child, inner))
    return found


def _without_value(node: Node, nullable: frozenset[str], path: str = "") -> Iterable[Problem]:
    match node:
        case MapNode(entries=entries):
            for key, value in entries:
                inner = f"{path}.{key_name(key.value)}" if path else key_name(key.value)
                if isinstance(value, ScalarNode) and value.value is None and not _may_be_empty(key, path, nullable):
                    place = Place(key.place.file, key.place.line, key.place.column, inner)
                    hint = "Give it a value or remove the key."
                    yield Problem("NoValue", f"The key '{key.value}' has no value.", place, hint=hint)
                yield from _without_value(value, nullable, inner)
        case ListNode(items=items):
            for index, item in enumerate(items):
                yield from _without_value(item, nullable, f"{path}.{item_name(item, index)}")
        case ScalarNode():
            return


def _may_be_empty(key: ScalarNode, path: str, nullable: frozenset[str]) -> bool:
    return key.value in nullable or f"{path}.*" in nullable


def _one_per_path(problems: Sequence[Problem]) -> Iterable[Problem]:
    """Of several problems of one value, the one that says most: that it is empty beats that it is no number."""
    best: dict[str | None, Problem] = {}
    for problem in problems:
        known = best.get(problem.place.path)
        if known is None or (known.code == "TypeMismatch" and problem.code != "TypeMismatch"):
            best[problem.place.path] = problem
    return best.values()


def _problems(model: type[BaseModel], details: Sequence[ErrorDetails], root: MapNode) -> list[Problem]:
    """One problem per value. Of a value with several shapes, only what is wrong with the shape it comes closest to."""
    paths = [node_at(root, detail["loc"])[2] for detail in details]
    found: list[Problem] = []
    for index, (detail, path) in enumerate(zip(details, paths, strict=True)):
        if detail["type"] not in WANTED or detail["loc"][-1] == "[key]":
            found.append(_problem(model, detail, root))
            continue
        deeper = any(other != path and other.startswith(f"{path}.") for other in paths)
        same = [other["type"] for other, at in zip(details, paths, strict=True) if at == path]
        if deeper or any(kind not in WANTED for kind in same) or paths.index(path) != index:
            continue
        wanted = " or ".join(dict.fromkeys(WANTED[kind] for kind in same))
        found.append(_wrong_type(wanted, detail["loc"], root))
    return _without_misspelled(found)


def _without_misspelled(problems: Sequence[Problem]) -> list[Problem]:
    """A needed key that is there, misspelled, is one problem: the unknown key, whose hint names it."""
    meant = {
        f"{(problem.place.path or '').rpartition('.')[0]}.{near[1]}".strip(".")
        for problem in problems
        if problem.code == "UnknownKey" and (near := NEAREST.fullmatch(problem.hint or "")) is not None
    }
    return [problem for problem in problems if problem.code != "MissingKey" or problem.place.path not in meant]


def _problem(model: type[BaseModel], detail: ErrorDetails, root: MapNode) -> Problem:
    kind, loc = detail["type"], detail["loc"]
    node, key, path = node_at(root, loc)
    is_key = bool(loc) and loc[-1] == "[key]"
    at = key.place if key is not None and (is_key or kind == "extra_forbidden") else node.place
    place = Place(at.file, at.line, at.column, path or None)
    match kind:
        case _ if is_key:
            return _bad_key(key, kind, place)
        case "extra_forbidden":
            return _unknown_key(model, loc, place)
        case "missing" if isinstance(loc[-1], str):
            inner = Place(at.file, at.line, at.column, f"{path}.{loc[-1]}" if path else loc[-1])
            return Problem("MissingKey", f"The key '{loc[-1]}' is needed here.", inner)
        case "missing" | "too_long" if isinstance(node, ListNode):
            return Problem(
                "WrongLength",
                f"The list {_shown(plain(node))} has {len(node.items)} entries: too few or too many.",
                place,
            )
        case "needs_one_key":
            tags = detail["msg"].partition(": ")[2].split(", ")
            keys = [str(name.value) for name, _ in node.entries] if isinstance(node, MapNode) else []
            known = {key for shape in _shapes(model, loc) for key in shape.get("properties", {})}
            near = next((hint for name in keys if name not in known and (hint := nearest(name, tags))), None)
            return Problem("UnknownShape", _sentence(detail["msg"]), place, hint=near)
        case "literal_error":
            return _not_a_choice(detail, place)
        case "value_error":
            return Problem("InvalidValue", _sentence(str(detail.get("ctx", {}).get("error", detail["msg"]))), place)
        case "string_pattern_mismatch":
            return Problem("InvalidName", f"{_shown(detail['input'])} cannot be used here.", place, hint=NAME_HINT)
        case "too_short" | "string_too_short":
            return Problem("Empty", f"'{path}' may not be empty.", place)
        case _:
            what = detail["msg"].replace("Input should be", "it must be").replace("String should", "it must")
            return Problem("InvalidValue", _sentence(f"{_shown(detail['input'])} cannot stand here: {what}"), place)


def _bad_key(key: ScalarNode | None, kind: str, place: Place) -> Problem:
    written = key.written if key is not None else ""
    if key is not None and not isinstance(key.value, str):
        return Problem("TypeMismatch", f"The key {written} must be text.", place, hint=f'Quote it: "{written}".')
    if kind == "string_pattern_mismatch":
        return Problem("InvalidName", f"'{written}' cannot be a name.", place, hint=NAME_HINT)
    return Problem("InvalidName", f"The key '{written}' cannot stand here.", place)


def _unknown_key(model: type[BaseModel], loc: Loc, place: Place) -> Problem:
    name = str(loc[-1])
    known = {key for shape in _shapes(model, loc[:-1]) for key in shape.get("properties", {})}
    if name in known:
        return Problem("UnknownKey", f"The key '{name}' does not go with the others here.", place)
    hint = nearest(name, known) or (f"Known keys: {', '.join(sorted(known))}." if known else None)
    return Problem("UnknownKey", f"Unknown key '{name}'.", place, hint=hint)


def _not_a_choice(detail: ErrorDetails, place: Place) -> Problem:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    hint = nearest(str(detail["input"]), choices)
    return Problem(
        "InvalidValue", f"{_shown(detail['input'])} cannot stand here: it must be {expected}.", place, hint=hint
    )


def _wrong_type(wanted: str, loc: Loc, root: MapNode) -> Problem:
    node, _, path = node_at(root, loc)
    place = Place(node.place.file, node.place.line, node.place.column, path or None)
    hint = None
    match node:
        case ScalarNode(value=value, written=written):
            shown = f"the text {_shown(value)}" if isinstance(value, str) else _shortened(written)
            if "text" in wanted.split() and not isinstance(value, str):
                hint = f'Quote it: "{_shortened(written)}".'
        case ListNode():
            shown = "a list"
        case MapNode():
            shown = "keys with values"
    return Problem("TypeMismatch", f"'{path}' must be {wanted}, not {shown}.", place, hint=hint)


def _shapes(model: type[BaseModel], loc: Loc) -> list[dict[str, Any]]:
    """The JSON Schemas that may describe the value at `loc`."""
    schema = _json_schema(model)
    found = _expand([schema], schema)
    for step in loc:
        inner: list[dict[str, Any]] = []
        for shape in found:
            properties: dict[str, Any] = shape.get("properties", {})
            if isinstance(step, str) and step in properties:
                inner.append(properties[step])
            elif isinstance(step, str) and isinstance(shape.get("additionalProperties"), dict):
                inner.append(shape["additionalProperties"])
            elif isinstance(step, str):
                inner.extend(value for value in shape.get("patternProperties", {}).values())
            elif isinstance(shape.get("items"), dict):
                inner.append(shape["items"])
        found = _expand(inner, schema) or found
    return found


def _expand(shapes: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for shape in shapes:
        if "$ref" in shape:
            found.extend(_expand([schema["$defs"][shape["$ref"].rsplit("/", 1)[1]]], schema))
        elif "anyOf" in shape or "oneOf" in shape:
            found.extend(_expand(shape.get("anyOf", ()), schema))
            found.extend(_expand(shape.get("oneOf", ()), schema))
        else:
            found.append(dict(shape))
    return found


@cache
def _json_schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _shown(value: object) -> str:
    return _shortened(f"'{value}'" if isinstance(value, str) else str(value))


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
