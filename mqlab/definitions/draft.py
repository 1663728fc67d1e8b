"""A definition while it is bound: what was read, where it stands, what was found wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from mqlab.definitions.document import DefinitionSpec
from mqlab.definitions.strict import node_at
from mqlab.definitions.syntax import Source
from mqlab.definitions.yaml import MapNode, ScalarNode
from mqlab.errors import InputError, Place, Problem

T = TypeVar("T")
Step = str | int | bool


@dataclass
class Draft:
    """The shape-checked file, its nodes for places, and the problems so far."""

    spec: DefinitionSpec
    root: MapNode
    null_tokens: Sequence[str]
    problems: list[Problem] = field(default_factory=list)

    def place(self, *loc: Step) -> Place:
        """Where the value at `loc` stands."""
        node, _, path = node_at(self.root, loc)
        return Place(node.place.file, node.place.line, node.place.column, path or None)

    def key_place(self, *loc: Step) -> Place:
        """Where the key at the end of `loc` stands."""
        node, key, path = node_at(self.root, loc)
        at = key.place if key is not None else node.place
        return Place(at.file, at.line, at.column, path or None)

    def source(self, *loc: Step) -> Source:
        """The expression at `loc`."""
        node, _, path = node_at(self.root, loc)
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            raise TypeError(f"no expression stands at {path}")
        return Source(node.value, Place(node.place.file, node.place.line, node.place.column, path), node)

    def wrong(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        """Notes a problem."""
        self.problems.append(Problem(code, message, place, hint=hint))

    def attempt(self, bind: Callable[[], T]) -> T | None:
        """What `bind` makes, or None with its problems noted, so that the rest is still looked at."""
        try:
            return bind()
        except InputError as error:
            self.problems.extend(error.problems)
            return None
