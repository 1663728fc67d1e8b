"""Who is who: canonical ids through a dated union of merges.

Merging is associative and order-free: the same merges in any order give the same canonical ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Edge = tuple[str, str, int]
"""A merge: old id, new id, when in microseconds."""


def canonical_ids(merges: Iterable[Edge]) -> Mapping[str, str]:
    """The survivor of every id that was merged, directly or through a chain; ids never merged are absent.

    The survivor is the id no merge turned into another. Where several are left, or none (a circle), it is the new id
    of the latest merge among them; between equals, the smallest id.

    Example:
        >>> dict(canonical_ids([("a", "b", 1), ("b", "c", 2)]))
        {'a': 'c', 'b': 'c'}
        >>> dict(canonical_ids([("a", "b", 1), ("b", "a", 2)]))
        {'b': 'a'}
    """
    edges = sorted({edge for edge in merges if edge[0] != edge[1]}, key=lambda edge: (edge[2], edge[0], edge[1]))
    parent: dict[str, str] = {}

    def root(member: str) -> str:
        top = member
        while parent.setdefault(top, top) != top:
            top = parent[top]
        while parent[member] != top:
            parent[member], member = top, parent[member]
        return top

    for old, new, _ in edges:
        parent[root(old)] = root(new)

    left = {old for old, _, _ in edges}
    latest: dict[str, int] = {}
    for _, new, at in edges:
        latest[new] = max(at, latest.get(new, at))
    survivors: dict[str, str] = {}
    for member in sorted(latest, key=lambda one: (one in left, -latest[one], one)):
        survivors.setdefault(root(member), member)
    return {member: survivors[root(member)] for member in sorted(parent) if survivors[root(member)] != member}


def joined_at(merges: Iterable[Edge]) -> Mapping[str, tuple[str, int]]:
    """Each merged id's survivor, and since when the two are one: the date of the merge that brought them together.

    Example:
        >>> joined_at([("a", "b", 1), ("b", "c", 5)])["a"]
        ('c', 5)
    """
    edges = sorted({edge for edge in merges if edge[0] != edge[1]}, key=lambda edge: (edge[2], edge[0], edge[1]))
    survivors = canonical_ids(edges)
    group: dict[str, list[str]] = {}
    home: dict[str, str] = {}
    joined: dict[str, tuple[str, int]] = {}
    for old, new, at in edges:
        for member in (old, new):
            if member not in home:
                home[member], group[member] = member, [member]
        small, large = sorted((home[old], home[new]), key=lambda one: len(group[one]))
        if small == large:
            continue
        survivor = survivors.get(old, old)
        for side, other in ((small, large), (large, small)):
            if home.get(survivor) == other:
                joined.update(dict.fromkeys(group[side], (survivor, at)))
        for member in group[small]:
            home[member] = large
        group[large] += group.pop(small)
    return joined
