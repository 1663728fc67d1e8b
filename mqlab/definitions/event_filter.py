"""Which events a channel looks at: `ignore_events`, the name, `where` (definitions.md 3.6, up to the window)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mqlab.definitions.events import KnownEvent
from mqlab.definitions.fields import reader
from mqlab.definitions.logic import Leaves, Reader, compile_node, round9
from mqlab.definitions.model import Definition, PropDecl
from mqlab.definitions.tree import FieldRef, Node, PropRef
from mqlab.definitions.walk import walk
from mqlab.leads.records import Scalar
from mqlab.leads.text import stored_name

Props = Mapping[str, Scalar]
LARGEST_AMOUNT = 9e15
"""Beyond it a double does not hold every whole number; such a number cannot be summed and counts as unknown."""


class PropLeaves(Leaves[Props]):
    """Reads an event's properties by their declared types; absent is unknown."""

    def __init__(self, definition: Definition, event: str | None = None) -> None:
        self._tokens = definition.null_tokens
        declared = sorted(definition.events, key=lambda decl: decl.name == event)
        self._props: dict[str, PropDecl] = {prop.name: prop for decl in declared for prop in decl.props}

    def leaf(self, node: Node) -> Reader[Props]:
        """A property by its declared type."""
        return self.prop(node.name, node) if isinstance(node, PropRef) else super().leaf(node)

    def prop(self, name: str, ref: PropRef | None = None) -> Reader[Props]:
        """A property by its name; one that is not declared is a number, or what `ref` says."""
        decl = self._props.get(name, PropDecl(name, "number" if ref is None else ref.kind))
        read = reader(decl.kind, decl.labels, self._tokens)
        key = stored_name(name)
        return lambda props: read(props.get(key))

    def declared(self, ref: FieldRef | PropRef) -> Reader[Props]:
        """The number an enum property's label stands for."""
        decl = self._props.get(ref.name)
        if not isinstance(ref, PropRef) or decl is None:
            return super().declared(ref)
        label = self.leaf(ref)
        numbers = {entry.label: entry.value for entry in decl.labels}
        return lambda props: numbers.get(label(props))


class PropCondition:
    """A condition on an event's properties, with its answer for events that have none of those it reads."""

    __slots__ = ("_condition", "_reads", "_without")

    def __init__(self, tree: Node, leaves: PropLeaves) -> None:
        self._condition = compile_node(tree, leaves)
        self._reads = frozenset(stored_name(node.name) for node in walk(tree) if isinstance(node, PropRef))
        self._without = self._condition({}) is True

    def keep(self, events: Iterable[KnownEvent], *, where: bool) -> list[KnownEvent]:
        """The events for which "the condition is true" is `where`."""
        condition, reads, without = self._condition, self._reads, self._without
        return [
            event
            for event in events
            if (without if reads.isdisjoint(event.props) else condition(event.props) is True) is where
        ]


class EventFilter:
    """A definition's filters, compiled once; `events` applies them to one lead's events."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        ignore = definition.ignore_events
        self._ignore = None if ignore is None else PropCondition(ignore.tree, PropLeaves(definition))
        self._where: dict[tuple[str, Node], PropCondition] = {}
        self._amounts: dict[tuple[str, str], Callable[[KnownEvent], float | None]] = {}

    def events(self, by_name: Mapping[str, list[KnownEvent]], name: str, where: Node | None) -> list[KnownEvent]:
        """The events of a name that are not ignored and for which `where` is true, in order."""
        found = by_name.get(stored_name(name))
        if not found:
            return []
        if self._ignore is not None:
            found = self._ignore.keep(found, where=False)
        if where is None or not found:
            return found
        condition = self._where.get((name, where))
        if condition is None:
            condition = self._where[name, where] = PropCondition(where, PropLeaves(self._definition, name))
        return condition.keep(found, where=True)

    def amount(self, event: str, prop: str) -> Callable[[KnownEvent], float | None]:
        """How the number under a property is read from an event."""
        if (event, prop) not in self._amounts:
            read = PropLeaves(self._definition, event).prop(prop)
            self._amounts[event, prop] = lambda known: _summable(read(known.props))
        return self._amounts[event, prop]


def _summable(amount: Scalar) -> float | None:
    """An amount that `sum` adds up: at nine decimals, so that sums are exact and the same in every engine."""
    if isinstance(amount, bool) or not isinstance(amount, float | int):
        return None
    return round9(amount) if abs(amount) <= LARGEST_AMOUNT else None
