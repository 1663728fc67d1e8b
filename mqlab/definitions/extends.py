"""`extends`: a definition that is written as changes to another one, inlined before anything else is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mqlab.definitions.yaml import ListNode, MapNode, Node, ScalarNode
from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest
from mqlab.leads.text import normalise

Parents = Callable[[str], MapNode]
"""The file of a ref, its own `extends` already inlined; an InputError where there is none."""

NOT_INHERITED = frozenset({"id", "version", "title", "owner", "changelog", "extends", "kind"})
ITEMS = frozenset({"gates", "rules", "fast_track"})
MAPPINGS = frozenset({"fields", "events", "lists", "scores", "groups"})
ENTRIES_MERGE = frozenset({"scores", "groups"})
"""Mappings whose entries are merged in turn; the entries of the others are replaced whole."""


def inline(child: MapNode, parents: Parents | None) -> MapNode:
    """The file with everything it inherits, or the file itself where it extends nothing.

    Every node keeps its place in the file it comes from. Removing what is not there, an unknown parent and a file
    that extends itself are InputErrors.
    """
    ref = child.get("extends")
    problems: list[Problem] = []
    if ref is None:
        _refuse_remove(child, problems)
        _stop_at(problems)
        return child
    if not isinstance(ref, ScalarNode) or not isinstance(ref.value, str):
        raise InputError(
            "`extends` names one definition, such as base@1.0.0.", code="TypeMismatch", place=_at(ref, "extends")
        )
    if parents is None:
        raise InputError(
            f"'{ref.value}' cannot be found: this file was read alone.", code="UnknownParent", place=_at(ref, "extends")
        )
    try:
        parent = parents(ref.value)
    except InputError as error:
        raise _from_parent(error, ref) from error
    inherited = MapNode(tuple(entry for entry in parent.entries if entry[0].value not in NOT_INHERITED), parent.place)
    merged = _merge(inherited, child, problems)
    _stop_at(problems)
    return merged


def _merge(parent: MapNode, child: MapNode, problems: list[Problem], path: str = "") -> MapNode:
    """`child` over `parent`, key by key; the order is the parent's, then what is new."""
    own = {key.value: (key, value) for key, value in child.entries}
    entries: list[tuple[ScalarNode, Node]] = []
    for key, value in parent.entries:
        if key.value not in own:
            entries.append((key, value))
            continue
        new_key, new = own.pop(key.value)
        entries.append((new_key, _merged(str(key.value), value, new, problems, f"{path}.{key.value}".strip("."))))
    for key, value in own.values():
        _refuse_remove(value, problems, f"{path}.{key.value}".strip("."))
        entries.append((key, value))
    return MapNode(tuple(entries), child.place)


def _merged(key: str, parent: Node, child: Node, problems: list[Problem], path: str) -> Node:
    match parent, child:
        case ListNode(), ListNode() if key in ITEMS:
            return _merge_items(parent, child, problems, path)
        case MapNode(), MapNode() if key in MAPPINGS:
            return _merge_entries(parent, child, problems, path, deep=key in ENTRIES_MERGE)
        case _:
            _refuse_remove(child, problems, path)
            return child


def _merge_entries(parent: MapNode, child: MapNode, problems: list[Problem], path: str, *, deep: bool) -> MapNode:
    own = {key.value: (key, value) for key, value in child.entries}
    entries: list[tuple[ScalarNode, Node]] = []
    for key, value in parent.entries:
        if key.value not in own:
            entries.append((key, value))
            continue
        new_key, new = own.pop(key.value)
        if deep and isinstance(value, MapNode) and isinstance(new, MapNode):
            new = _merge(value, new, problems, f"{path}.{key.value}")
        else:
            _refuse_remove(new, problems, f"{path}.{key.value}")
        entries.append((new_key, new))
    for key, value in own.values():
        _refuse_remove(value, problems, f"{path}.{key.value}")
        entries.append((key, value))
    return MapNode(tuple(entries), child.place)


def _merge_items(parent: ListNode, child: ListNode, problems: list[Problem], path: str) -> ListNode:
    items: dict[object, Node] = {_identity(item, index): item for index, item in enumerate(parent.items)}
    known = [str(key) for key in items if isinstance(key, str)]
    seen: set[object] = set()
    for index, item in enumerate(child.items):
        identity = _identity(item, ("own", index))
        inner = f"{path}.{identity}" if isinstance(identity, str) else f"{path}.{index}"
        if identity in seen:
            message = f"The id '{identity}' stands here twice."
            problems.append(Problem("DuplicateId", message, _at(item, inner)))
            continue
        seen.add(identity)
        if not _removes(item):
            items[identity] = item
            continue
        if isinstance(item, MapNode) and len(item.entries) > 2:
            problems.append(Problem("InvalidRemove", "`remove: true` stands alone with an id.", _at(item, inner)))
        if items.pop(identity, None) is None:
            hint = nearest(str(identity), known) or f"The parent has {', '.join(known) or 'none'}."
            problems.append(
                Problem("InvalidRemove", f"There is no '{identity}' to remove.", _at(item, inner), hint=hint)
            )
    return ListNode(tuple(items.values()), child.place)


def replacing(child: MapNode, parents: Parents | None) -> frozenset[Place]:
    """Where the items of a file stand that take the place of one its parent has; none where it extends nothing."""
    ref = child.get("extends")
    if parents is None or not isinstance(ref, ScalarNode) or not isinstance(ref.value, str):
        return frozenset()
    return frozenset(_replacing(parents(ref.value), child))


def _replacing(parent: Node, child: Node) -> Iterator[Place]:
    match parent, child:
        case MapNode(), MapNode():
            for key, value in child.entries:
                inherited = parent.find(key.value)
                if inherited is not None and (key.value in ITEMS) == isinstance(value, ListNode):
                    yield from _replacing(inherited[1], value)
        case ListNode(), ListNode():
            known = {_identity(item, None) for item in parent.items} - {None}
            yield from (item.place for item in child.items if _identity(item, None) in known)


def _identity(item: Node, otherwise: object) -> object:
    identity = item.get("id") if isinstance(item, MapNode) else None
    if isinstance(identity, ScalarNode) and isinstance(identity.value, str):
        return normalise(identity.value)
    return otherwise


def _removes(item: Node) -> bool:
    remove = item.get("remove") if isinstance(item, MapNode) else None
    return isinstance(remove, ScalarNode) and remove.value is True


def _refuse_remove(node: Node, problems: list[Problem], path: str = "") -> None:
    """`remove: true` means something only in a list whose parent has items."""
    match node:
        case ListNode(items=items):
            for index, item in enumerate(items):
                inner = f"{path}.{_identity(item, index)}".strip(".")
                if _removes(item):
                    problems.append(Problem("InvalidRemove", "There is nothing to remove here.", _at(item, inner)))
                _refuse_remove(item, problems, inner)
        case MapNode(entries=entries):
            for key, value in entries:
                _refuse_remove(value, problems, f"{path}.{key.value}".strip("."))
        case ScalarNode():
            return


def _at(node: Node, path: str) -> Place:
    return Place(node.place.file, node.place.line, node.place.column, path)


def _from_parent(error: InputError, ref: ScalarNode) -> InputError:
    if error.problem.code in ("UnknownDefinition", "ExtendsItself"):
        return InputError(
            error.problem.message, code=error.problem.code, place=_at(ref, "extends"), hint=error.problem.hint
        )
    parent = Problem("BadParent", f"This extends '{ref.value}', which cannot be used.", _at(ref, "extends"))
    return ProblemsFound((parent, *error.problems))


def _stop_at(problems: list[Problem]) -> None:
    if problems:
        raise ProblemsFound(problems)
