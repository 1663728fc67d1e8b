"""A definition file from text to meaning: YAML, `extends`, shape, names and types, the proof in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mqlab.definitions.bind import bind_definition
from mqlab.definitions.document import KIND, DefinitionSpec
from mqlab.definitions.extends import Parents, inline, replacing
from mqlab.definitions.model import Definition
from mqlab.definitions.strict import read_as
from mqlab.definitions.yaml import MapNode, Node, ScalarNode, read_yaml, read_yaml_file
from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest
from mqlab.leads.text import DEFAULT_NULL_TOKENS

NULLABLE = ("min", "max", "cap", "max_count", "within", "events.*")
"""Keys that may stand without a value, which means "not stated"; an event without one has no properties."""


def load_text(
    text: str,
    *,
    file: str,
    null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS,
    parents: Parents | None = None,
) -> Definition:
    """The definition that `text` declares; an InputError (often ProblemsFound) says all that is wrong with it.

    `parents` gives the file of a ref that the definition extends, already inlined (`Registry.inlined`).

    Example:
        >>> load_text("kind: mql-definition/v1\\nid: all\\nversion: 1.0.0\\nqualify: 'true'", file="all@1.0.0.yaml").ref
        'all@1.0.0'
    """
    return load_node(read_yaml(text, file=file), file=file, null_tokens=null_tokens, parents=parents)


def load_file(
    path: Path | str, *, null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS, parents: Parents | None = None
) -> Definition:
    """As `load_text`, from a file."""
    return load_node(read_yaml_file(Path(path)), file=str(path), null_tokens=null_tokens, parents=parents)


def load_node(
    node: MapNode, *, file: str, null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS, parents: Parents | None = None
) -> Definition:
    """As `load_text`, from the nodes of a file."""
    check_kind(node, KIND)
    whole = inline(node, parents)
    spec, problems = read_as(DefinitionSpec, whole, nullable=NULLABLE)
    if spec is None:
        items = replacing(node, parents)
        raise ProblemsFound(_of_replacing(problem, items) for problem in problems)
    return bind_definition(spec, whole, null_tokens=null_tokens, file=file)


def _of_replacing(problem: Problem, items: frozenset[Place]) -> Problem:
    """What an item lacks that took the place of its parent's is told with why it is needed."""
    if problem.hint or problem.code not in {"UnknownShape", "MissingKey"}:
        return problem
    if replace(problem.place, path=None) not in {replace(place, path=None) for place in items}:
        return problem
    return replace(problem, hint="An item replaces the parent's item whole: repeat here what it keeps.")


def check_kind(node: MapNode, kind: str) -> None:
    """Refuses a file that is of another kind; nothing else about it would make sense."""
    found = node.get("kind")
    if isinstance(found, ScalarNode) and found.value == kind:
        return
    hint = f"Begin the file with `kind: {kind}`."
    if found is None:
        near = next((key for key, _ in node.entries if nearest(str(key.value), ["kind"])), None)
        place: Node = near if near is not None else node
        raise InputError("The file does not say what it is.", code="MissingKey", place=_at(place), hint=hint)
    shown = found.written if isinstance(found, ScalarNode) else "this"
    raise InputError(f"The file is of another kind: {shown}.", code="WrongKind", place=_at(found), hint=hint)


def _at(node: Node) -> Place:
    return Place(node.place.file, node.place.line, node.place.column, "kind")
