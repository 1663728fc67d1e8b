"""Many leads judged in slices, one after the other, so that what an engine holds at once stays inside its memory.

A lead's slice hangs on an MD5 of its account, or of its id where it has none: colleagues are judged together, and
every engine cuts alike. What a slice says of a lead is what one pass over all leads says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis
from ibis.expr import types as ir

from mqlab.definitions.model import Definition
from mqlab.warehouse import ring
from mqlab.warehouse.compile import crossings
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.view.view import View

Progress = Callable[[int, int], None]
"""Called with (slices done, slices in all)."""

BYTES_PER_LEAD, BYTES_PER_EVENT = 250, 170
"""What an analysis of two definitions was seen to hold at its peak, of leads with six events (docs/engines-cost.md)."""
SHARE = 0.5
"""The share of the engine's memory that a slice may fill; the lab's own tables and DuckDB's buffers need the rest."""


def crossings_in_slices(
    engine: Engine,
    starts: ir.Table,
    view: Callable[[ir.Table], View],
    definitions: Sequence[Definition],
    *,
    as_of_us: int,
    slices: int,
    progress: Progress | None = None,
) -> ir.Table:
    """`mqlab.warehouse.compile.crossings` of every stretch of `starts`, kept in the engine as `crossings`.

    `starts` is a kept table with the columns of `START_COLUMNS`; `view` makes the view of it or of a part of it. Where
    a slice fails nothing is left behind, of the others neither.
    """
    tell = progress or (lambda _done, _total: None)
    tell(0, slices)
    if slices == 1:
        found = crossings(view(starts), definitions, engine, as_of_us=as_of_us)
        tell(1, 1)
        return found
    columns = starts.columns
    parts: list[ir.Table] = []
    try:
        numbered = engine.keep("starts_in_slices", starts.mutate(slice=_slice(engine, starts, slices)))
        for number in range(slices):
            part = engine.keep("slice_starts", numbered.filter(numbered["slice"] == number).select(*columns))
            name = f"crossings_{number}"
            parts.append(crossings(view(part), definitions, engine, as_of_us=as_of_us, name=name))
            tell(number + 1, slices)
        return engine.keep("crossings", ibis.union(*parts))
    finally:
        engine.drop("starts_in_slices", "slice_starts", *(f"crossings_{number}" for number in range(slices)))


def slices_for(*, leads: int, events: int, memory_bytes: int | None) -> int:
    """How many slices so many leads and events need; one where nobody says how much memory there is.

    Example:
        >>> slices_for(leads=500_000, events=3_000_000, memory_bytes=4 * 10**9)
        1
        >>> slices_for(leads=10_000_000, events=60_000_000, memory_bytes=4 * 10**9)
        7
    """
    if memory_bytes is None:
        return 1
    held = leads * BYTES_PER_LEAD + events * BYTES_PER_EVENT
    return max(1, -(-held // max(1, int(memory_bytes * SHARE))))


def _slice(engine: Engine, starts: ir.Table, slices: int) -> ir.IntegerValue:
    """The slice of a stretch, from 0."""
    found = engine.md5_prefix(ibis.coalesce(starts.account, starts.lead_id))
    return (ring.number(engine, found) % slices).cast("int64")
