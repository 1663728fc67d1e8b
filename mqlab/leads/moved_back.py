"""Stages that move back: a deal that is open although it was closed, a lead that is early although it was late.

Many systems only say where something stands now. That it is open, or early, again is news only after it was closed,
or late: such a statement is kept with a mark, and read as `reopened` or `recycled` where it says something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MARK = "?"
"""Stands behind the kind of an outcome that only counts where the stage moved back."""

BACK_FROM: Mapping[str, frozenset[str]] = {
    "reopened": frozenset({"closed_won", "closed_lost"}),
    "recycled": frozenset({"sql", "opportunity", "closed_won"}),
}
"""What moves back, and the outcomes it moves back from."""


@dataclass(frozen=True, slots=True)
class Said:
    """An outcome about something, such as a deal: when the system said so, its kind, and the number of its row."""

    about: tuple[str, ...]
    at_us: int
    kind: str
    row: int


def moved_back(said: Iterable[Said]) -> set[int]:
    """The rows of marked kinds that say something: the first after each outcome that it moves back from.

    Example:
        >>> deal = [Said(("o",), 1, "reopened?", 0), Said(("o",), 2, "closed_won", 1), Said(("o",), 3, "reopened?", 2)]
        >>> moved_back([*deal, Said(("o",), 4, "reopened?", 3)])
        {2}
    """
    late: dict[tuple[str, tuple[str, ...]], bool] = {}
    found: set[int] = set()
    for one in sorted(said, key=lambda one: (one.about, one.at_us, one.kind.endswith(MARK), one.kind, one.row)):
        kind = one.kind.removesuffix(MARK)
        for back, forward in BACK_FROM.items():
            if kind in forward:
                late[back, one.about] = True
        if kind in BACK_FROM:
            if one.kind != kind and late.get((kind, one.about)):
                found.add(one.row)
            late[kind, one.about] = False
    return found
