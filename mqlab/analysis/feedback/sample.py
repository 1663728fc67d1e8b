"""Rejected leads to talk about: a sample that anybody can draw again, spread over definitions and reasons.

Chance is a hash of the lab, the window and the lead: no clock, no generator, and any order of the leads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

from mqlab.analysis.feedback.rejections import Rejected

SIZE = 20
"""As many as a meeting gets through."""

Item = TypeVar("Item")


def dispute_sample(rejected: Sequence[Rejected], *, seed: str, size: int = SIZE) -> tuple[Rejected, ...]:
    """Up to `size` of the rejected leads, in the order of their rejections.

    Definitions take turns, within one its reasons, within a reason its leads, so that rare ones are heard too. `seed`
    names what is sampled, such as the lab and the month.
    """
    turns = _in_turn(
        rejected,
        lambda one: one.mql.definition,
        lambda mine: _in_turn(
            mine,
            lambda one: one.reason,
            lambda leads: iter(sorted(leads, key=lambda one: _lot(seed, "lead", one.mql.lead_id))),
            seed,
        ),
        seed,
    )
    chosen = [one for one, _ in zip(turns, range(size), strict=False)]
    return tuple(sorted(chosen, key=lambda one: (one.at_us, one.mql.lead_id)))


def _in_turn(
    items: Sequence[Item], name: Callable[[Item], Hashable], order: Callable[[list[Item]], Iterator[Item]], seed: str
) -> Iterator[Item]:
    """One item of each group after the other, until none is left; within a group by `order`."""
    groups: dict[Hashable, list[Item]] = {}
    for item in items:
        groups.setdefault(name(item), []).append(item)
    waiting = [order(groups[key]) for key in sorted(groups, key=lambda key: _lot(seed, "group", repr(key)))]
    while waiting:
        left = []
        for one in waiting:
            for item in one:
                left.append(one)
                yield item
                break
        waiting = left


def _lot(seed: str, what: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{what}\0{name}".encode()).digest()
