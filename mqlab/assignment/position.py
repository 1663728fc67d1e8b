"""Where a unit stands on the ring, and where the ring is cut: integers only, the same in Python and in SQL.

The position is the MD5 prefix that every SQL engine can compute. To check one outside the project:

    printf '2026q3-intent-split-acme.com' | md5sum | cut -c1-8
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

RING = 2**32
"""Positions are integers in [0, RING)."""

read_position = struct.Struct(">I12x").unpack
"""The first four bytes of an MD5 digest as a one-element tuple: the same number as its first 8 hex digits."""


def position(unit: str, salt: str) -> int:
    """Position of a unit on the ring, an integer in [0, 2**32): the first 8 hex digits of md5("{salt}-{unit}").

    Example:
        >>> f"{position('acme.com', '2026q3-intent-split'):08x}"
        '7576a1ba'
    """
    return int(hashlib.md5(f"{salt}-{unit}".encode(), usedforsecurity=False).hexdigest()[:8], 16)


def positioner(salt: str) -> Callable[[str], int]:
    """`position` of one salt, prepared for many units: the salt is hashed once and the state is copied.

    Example:
        >>> positioner("2026q3-intent-split")("acme.com") == position("acme.com", "2026q3-intent-split")
        True
    """
    copy_prefix = prefix(salt)
    read = read_position

    def position_of(unit: str) -> int:
        state = copy_prefix()
        state.update(unit.encode())
        return int(read(state.digest())[0])

    return position_of


def prefix(salt: str) -> Callable[[], hashlib._Hash]:
    """Makes fresh MD5 states that have already read `"{salt}-"`; `read_position(state.digest())[0]` is a position."""
    return hashlib.md5(f"{salt}-".encode(), usedforsecurity=False).copy


def bound(share: Decimal) -> int:
    """The cut ⌊2³²·share⌋ of a share in [0, 1]; a unit lies below it iff its position is smaller.

    Example:
        >>> bound(Decimal("0.1")), bound(Decimal(1)) == RING
        (429496729, True)
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, this one is {share}")
    return int(RING * Fraction(share))


def bounds(weights: Sequence[Decimal]) -> tuple[int, ...]:
    """The cuts ⌊2³²·Σw/W⌋ between arms, one fewer than there are arms: the last arm is "else".

    A unit belongs to the first arm whose cut is greater than its position. Exact for any decimal weights; a weight
    that is not positive raises ValueError.

    Example:
        >>> bounds([Decimal(1), Decimal(1)])
        (2147483648,)
        >>> bounds([Decimal("0.1"), Decimal("0.1"), Decimal("0.1")])
        (1431655765, 2863311530)
    """
    if not weights or not all(weight.is_finite() and weight > 0 for weight in weights):
        raise ValueError(f"weights are positive numbers, these are {', '.join(map(str, weights)) or 'none'}")
    total = sum(map(Fraction, weights), Fraction(0))
    reached = Fraction(0)
    cuts = []
    for weight in weights[:-1]:
        reached += Fraction(weight)
        cuts.append(int(RING * reached / total))
    return tuple(cuts)


def hex_bound(cut: int) -> str | None:
    """A cut as 8 lower-case hex digits, to compare with `left(md5(...), 8)` as text; None where every unit lies below.

    Example:
        >>> hex_bound(2**31), hex_bound(RING)
        ('80000000', None)
    """
    return None if cut >= RING else f"{cut:08x}"


def hex_bounds(weights: Sequence[Decimal]) -> tuple[str, ...]:
    """`bounds` as 8-digit hex text; text order is number order (in a byte-wise collation).

    Example:
        >>> hex_bounds([Decimal(1), Decimal(3)])
        ('40000000',)
    """
    return tuple(f"{cut:08x}" for cut in bounds(weights))
