"""A small memory of which facts an import has written, so that facts that are certainly new need no look-up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 1 << 26
"""8 MiB; with a million facts one new fact in some two hundred is looked up for nothing."""


class Freshness:
    """A Bloom filter over facts: what it has not seen is new, what it may have seen is looked up.

    It starts empty, so it may only be asked about facts of a table that was empty when it started.
    """

    def __init__(self) -> None:
        self._bits = np.zeros(BITS // 8, dtype=np.uint8)

    def may_hold(self, refs: Sequence[str], keys: Sequence[int]) -> list[int]:
        """The rows whose fact may have been added."""
        held = np.ones(len(refs), dtype=bool)
        for spot in self._spots(refs, keys):
            held &= (self._bits[spot >> 3] >> (spot & 7)) & 1 == 1
        return np.flatnonzero(held).tolist()

    def add(self, refs: Sequence[str], keys: Sequence[int]) -> None:
        """Remembers facts."""
        for spot in self._spots(refs, keys):
            np.bitwise_or.at(self._bits, spot >> 3, (1 << (spot & 7)).astype(np.uint8))

    @staticmethod
    def _spots(refs: Sequence[str], keys: Sequence[int]) -> list[NDArray[np.int64]]:
        """Three places of each fact, by a hash of this process alone."""
        whole = np.fromiter(map(hash, zip(refs, keys, strict=True)), dtype=np.int64, count=len(refs)).view(np.uint64)
        return [((whole >> np.uint64(shift)) % np.uint64(BITS)).astype(np.int64) for shift in (0, 19, 38)]
