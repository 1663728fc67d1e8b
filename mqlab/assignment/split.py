"""A unit's place in an experiment: which slice of the layer, inside the coverage or not, which arm."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from mqlab.assignment.position import RING, bound, bounds, positioner, prefix, read_position

Why = Literal["in", "layer", "coverage"]


@dataclass(frozen=True, slots=True)
class Slice:
    """The share [low, high) of a layer that an experiment owns, as integer cuts of the ring."""

    layer: str
    low: int
    high: int

    @classmethod
    def of(cls, layer: str, low: Decimal, high: Decimal) -> Slice:
        """From the decimal shares of the experiment file."""
        return cls(layer=layer, low=bound(low), high=bound(high))

    @property
    def whole(self) -> bool:
        """Whether the slice is the whole layer."""
        return self.low == 0 and self.high == RING


class Placement(NamedTuple):
    """Where a unit stands: `position` on the split's ring, `traffic_position` on the coverage's."""

    position: int
    traffic_position: int
    arm: str | None
    why: Why


@dataclass(frozen=True)
class Split:
    """Three independent salts and their cuts: `{salt}-traffic`, `{salt}-split` and the layer's own name.

    Example:
        >>> split = Split.of("2026q3-intent", [("current", Decimal(1)), ("challenger", Decimal(1))])
        >>> split.place("acme.com", coverage=RING).arm
        'current'
    """

    salt: str
    arms: tuple[str, ...]
    cuts: tuple[int, ...]
    slice: Slice | None = None

    @classmethod
    def of(cls, salt: str, arms: Sequence[tuple[str, Decimal]], slice_: Slice | None = None) -> Split:
        """From arms with their decimal weights, in the order of the file: the last one is "else"."""
        return cls(
            salt=salt,
            arms=tuple(name for name, _ in arms),
            cuts=bounds([weight for _, weight in arms]),
            slice=slice_,
        )

    @property
    def traffic_salt(self) -> str:
        """Decides whether a unit is in at a coverage."""
        return f"{self.salt}-traffic"

    @property
    def split_salt(self) -> str:
        """Decides which arm a unit gets."""
        return f"{self.salt}-split"

    def place(self, unit: str, *, coverage: int) -> Placement:
        """The unit's place when the cut of the coverage is `coverage` (`bound(share)`): layer first, then coverage."""
        return self.placer()(unit, coverage)

    def placer(self) -> Callable[[str, int], Placement]:
        """`place`, prepared for many units: (unit, cut of the coverage) → Placement."""
        new_split, new_traffic, read = prefix(self.split_salt), prefix(self.traffic_salt), read_position
        arms, cuts = self.arms, self.cuts
        new: Callable[[type[Placement], tuple[object, ...]], Placement] = tuple.__new__  # skips the argument checks
        owned = None if self.slice is None or self.slice.whole else self.slice
        layer_position = positioner(owned.layer) if owned else None

        def place(unit: str, coverage: int) -> Placement:
            text = unit.encode()
            split, traffic = new_split(), new_traffic()
            split.update(text)
            traffic.update(text)
            (position,) = read(split.digest())
            (traffic_position,) = read(traffic.digest())
            if owned is not None and layer_position is not None and not owned.low <= layer_position(unit) < owned.high:
                return new(Placement, (position, traffic_position, None, "layer"))
            if traffic_position >= coverage:
                return new(Placement, (position, traffic_position, None, "coverage"))
            return new(Placement, (position, traffic_position, arms[bisect_right(cuts, position)], "in"))

        return place
