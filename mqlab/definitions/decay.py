"""What an event is worth as it ages: the share, in [0, 1], of its points (definitions.md 3.5)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import assert_never

from mqlab.definitions.model import Decay, HalfLife, Linear, Steps

HALF_LIVES_KEPT = 64


def factor(decay: Decay) -> Callable[[int], float]:
    """The function from an age in microseconds (0 or more) to the share of the points that is left.

    Example:
        >>> share = factor(HalfLife(half_life_us=1_000))
        >>> share(0), share(1_000), share(64_000)
        (1.0, 0.5, 0.0)
    """
    match decay:
        case HalfLife(half_life_us=half_life):
            beyond = HALF_LIVES_KEPT * half_life
            return lambda age: 2.0 ** (-age / half_life) if age < beyond else 0.0
        case Linear(length_us=length):
            return lambda age: 1.0 - age / length if age < length else 0.0
        case Steps(steps=steps):
            boundaries = [boundary for boundary, _ in sorted(steps)]
            shares = [1.0, *(share for _, share in sorted(steps))]
            return lambda age: shares[bisect_right(boundaries, age)]
        case _:
            assert_never(decay)


def steps_of(decay: Decay | None) -> tuple[int, ...]:
    """The ages, in microseconds, at which the share does not move smoothly: boundaries, and where nothing is left."""
    match decay:
        case None:
            return ()
        case HalfLife(half_life_us=half_life):
            return (HALF_LIVES_KEPT * half_life,)
        case Linear(length_us=length):
            return (length,)
        case Steps(steps=steps):
            return tuple(sorted(boundary for boundary, _ in steps))
        case _:
            assert_never(decay)
