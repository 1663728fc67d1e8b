"""Which of several versions of one fact is current: the greatest version, ties to the greater content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NO_VERSION = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Current:
    """`rows` are the positions of the current versions, `known_us` when each fact first became known."""

    rows: NDArray[np.int64]
    known_us: NDArray[np.int64]


def current(
    owner: pa.ChunkedArray,
    key: pa.ChunkedArray,
    version: pa.ChunkedArray,
    content: pa.ChunkedArray,
    known: pa.ChunkedArray,
    *,
    lesser: Sequence[NDArray[np.int64]] = (),
) -> Current:
    """One row per (owner, key). Where only the known instant differs, the earliest row stands.

    Between rows that are equal in all that, the one with the smallest of `lesser` stands, the first of them first.
    """
    codes = _integers(owner.combine_chunks().dictionary_encode().indices) if len(owner) else np.zeros(0, np.int64)
    keys, contents, known_us = _integers(key), _integers(content), _integers(known)
    versions = _integers(version.fill_null(int(NO_VERSION)))
    order = np.lexsort((*(-rank for rank in reversed(lesser)), -known_us, contents, versions, keys, codes))
    codes, keys = codes[order], keys[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (codes[1:] != codes[:-1]) | (keys[1:] != keys[:-1])
    starts = np.flatnonzero(first)
    if not len(starts):
        return Current(rows=np.zeros(0, np.int64), known_us=np.zeros(0, np.int64))
    ends = np.append(starts[1:], len(order)) - 1
    return Current(rows=order[ends], known_us=np.minimum.reduceat(known_us[order], starts))


def _integers(column: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    return np.asarray(
        column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False),
        dtype=np.int64,
    )
