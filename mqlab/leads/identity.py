"""Who is who: canonical ids through a dated union of merges.

Merging is associative and order-free: the same merges in any order give the same canonical ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

LINK = "opportunity:"
"""How a fact names its lead where only an opportunity is given: this, the system, and the opportunity's id.

A merge of such a name links the opportunity to a lead; it makes nobody one with anybody.
"""

UNDATED = 0
"""The version of a merge whose date only stands in for one; it gives way to a date that another row has."""

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
    edges = _people(merges)
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


def _people(merges: Iterable[Edge]) -> list[Edge]:
    """The merges of people, by date; what links an opportunity is none."""
    people = {edge for edge in merges if edge[0] != edge[1] and not edge[0].startswith(LINK)}
    return sorted(people, key=lambda edge: (edge[2], edge[0], edge[1]))


def standing_ids(survivors: Mapping[str, str], created: Mapping[str, int]) -> Mapping[str, str]:
    """Who stands for each id of a union: the survivor, or, where it is no lead, the lead created first, then by id.

    `survivors` are the canonical ids, `created` every lead's instant of creation in microseconds. Whoever stands for
    itself is absent; in a union without any lead the survivor stands.

    Example:
        >>> standing_ids({"a": "master", "b": "master"}, {"a": 2, "b": 1})
        {'a': 'b', 'master': 'b'}
    """
    unions: dict[str, list[str]] = {}
    for member, survivor in survivors.items():
        unions.setdefault(survivor, [survivor]).append(member)
    standing: dict[str, str] = {}
    for survivor, members in unions.items():
        leads = [member for member in members if member in created]
        first = min(leads, key=lambda lead: (created[lead], lead), default=survivor)
        stands = survivor if survivor in created else first
        standing.update((member, stands) for member in sorted(members) if member != stands)
    return standing


def joined_at(merges: Iterable[Edge], standing: Mapping[str, str] | None = None) -> Mapping[str, tuple[str, int]]:
    """Each merged id's survivor, and since when the two are one: the date of the merge that brought them together.

    `standing` are the `standing_ids` to be taken in place of the survivors.

    Example:
        >>> joined_at([("a", "b", 1), ("b", "c", 5)])["a"]
        ('c', 5)
    """
    edges = _people(merges)
    survivors = canonical_ids(edges) if standing is None else standing
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
