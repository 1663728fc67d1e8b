"""Windows longer than a thousand half-lives of a decay, judged in stretches one after the other.

The sweep holds halving points as powers of two from the start of a window on, and a thousand of them are what a double
can hold. Whatever happened before counts in a window, too, so a window may begin anywhere: a lead's first crossing is
that of the earliest stretch in which it has one, and how it stands at the end is what the last stretch says.
"""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.definitions.model import Definition, EventRule, HalfLife
from mqlab.warehouse.compile.intervals import SPAN

MOST_STRETCHES = 200
"""Each is a pass over the facts; where more are needed the engine refuses the half-life."""


def cuts(
    definitions: Sequence[Definition], *, first_us: int, as_of_us: int, most: int = MOST_STRETCHES
) -> tuple[int, ...]:
    """Where to cut the time from `first_us` to `as_of_us` so that no stretch has too many half-lives; the least cuts.

    There are none where one stretch will do, nor where they would not help: a gate that lasts for ever has to see
    everything at once, and more than `most` stretches would take too long.

    Example:
        >>> cuts([], first_us=0, as_of_us=10**15)
        ()
    """
    longest_us = _longest_us(definitions)
    if longest_us is None or any(gate.forever for one in definitions for gate in one.gates):
        return ()
    found = tuple(range(as_of_us - longest_us, first_us, -longest_us))
    return found[::-1] if len(found) < most else ()


def _longest_us(definitions: Sequence[Definition]) -> int | None:
    """The longest stretch that a sweep of these definitions takes; None where nothing halves."""
    half_lives = [
        rule.decay.half_life_us
        for one in definitions
        for score in one.scores
        for group in score.groups
        for rule in group.rules
        if isinstance(rule, EventRule) and isinstance(rule.decay, HalfLife)
    ]
    return SPAN * min(half_lives) if half_lives else None
