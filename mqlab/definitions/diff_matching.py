"""Which thing of one version is which thing of the next: tried by one key after the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Matching(Generic[T]):
    """Pairs in the order of the later version, what is gone, and what is new."""

    pairs: tuple[tuple[T, T], ...]
    removed: tuple[T, ...]
    added: tuple[T, ...]


def match_up(before: Sequence[T], after: Sequence[T], *keys: Callable[[T], Hashable]) -> Matching[T]:
    """Pair what agrees on the first key; of what is left, what agrees on the second; and so on.

    Example:
        >>> found = match_up(["a1", "b2"], ["c1", "b3"], lambda x: x, lambda x: x[1], lambda x: x[0])
        >>> found.pairs
        (('a1', 'c1'), ('b2', 'b3'))
    """
    partner: dict[int, int] = {}
    free = list(range(len(before)))
    for key in keys:
        waiting: dict[Hashable, list[int]] = {}
        for index in free:
            waiting.setdefault(key(before[index]), []).append(index)
        for position, item in enumerate(after):
            if position not in partner and waiting.get(key(item)):
                partner[position] = waiting[key(item)].pop(0)
        taken = set(partner.values())
        free = [index for index in free if index not in taken]
    return Matching(
        pairs=tuple((before[partner[position]], item) for position, item in enumerate(after) if position in partner),
        removed=tuple(before[index] for index in free),
        added=tuple(item for position, item in enumerate(after) if position not in partner),
    )


def both(read: Callable[[T], R], before: T, after: T) -> tuple[R, R]:
    """The same reading of both versions."""
    return read(before), read(after)


def present(read: Callable[[T], R], before: T | None, after: T | None) -> tuple[R | None, R | None]:
    """The same reading of both versions, None for a part that a version does not have."""
    return None if before is None else read(before), None if after is None else read(after)


def in_same_order(pairs: Sequence[tuple[T, T]], before: Sequence[T]) -> bool:
    """Whether the pairs, in the order of the later version, stand in the order of the earlier one."""
    positions = [next(index for index, item in enumerate(before) if item is old) for old, _ in pairs]
    return positions == sorted(positions)
