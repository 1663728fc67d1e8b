"""Many leads judged in slices, one after the other, so that what an engine holds at once stays inside its memory.

A lead's slice hangs on an MD5 of its account, or of its id where it has none: colleagues are judged together, and
every engine cuts alike. What a slice says of a lead is what one pass over all leads says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import ibis
from ibis.expr import types as ir

from mqlab.definitions.model import Definition
from mqlab.warehouse import ring
from mqlab.warehouse.compile import crossings
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.view.stretches import START_COLUMNS
from mqlab.warehouse.view.view import View

Progress = Callable[[int, int], None]
"""Called with (slices done, slices in all)."""

BYTES_PER_LEAD, BYTES_PER_EVENT = 250, 170
"""What an analysis of two definitions was seen to hold at its peak, of leads with six events (docs/engines-cost.md)."""
STARTS, SLICE = "starts_in_slices", "slice"
DIVIDED = ("slice_leads", "slice_changes", "slice_events")
"""The table of the starts, the column of their slice, and the tables of the slices."""
SHARE = 1 / 3
"""The share of the engine's memory that a slice may fill; the lab's own tables and DuckDB's buffers need the rest.

More slices cost next to nothing, and a slice whose sorts fit into memory with room to spare is the fastest.
"""


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

    `starts` has the columns of `START_COLUMNS`; `view` makes the view of a kept table of them, and what that has
    besides goes along into the view's tables. Every fact is read once and laid into its slice, whatever their number;
    a slice reads only what is its own. Where one fails nothing is left behind, of the others neither.
    """
    tell = progress or (lambda _done, _total: None)
    tell(0, slices)
    names = ["crossings"] if slices == 1 else [f"crossings_{number}" for number in range(slices)]
    found: list[ir.Table] = []
    try:
        with views_in_slices(engine, starts, view, slices) as parts:
            for part, name in zip(parts, names, strict=True):
                found.append(crossings(part, definitions, engine, as_of_us=as_of_us, name=name))
                tell(len(found), slices)
        return found[0] if slices == 1 else engine.keep("crossings", ibis.union(*found))
    finally:
        if slices > 1:
            engine.drop(*names)


@contextmanager
def views_in_slices(
    engine: Engine, starts: ir.Table, view: Callable[[ir.Table], View], slices: int
) -> Iterator[list[View]]:
    """The view of every slice of `starts`, as `crossings_in_slices` takes them; there until the block ends."""
    own = starts.select(*START_COLUMNS)
    try:
        if slices == 1:
            yield [view(engine.keep(STARTS, own))]
            return
        whole = view(engine.keep(STARTS, own.mutate(**{SLICE: _slice(engine, own, slices)})))
        tables = [
            engine.divided(name, table, by=SLICE, parts=slices)
            for name, table in zip(DIVIDED, (whole.leads, whole.changes, whole.events), strict=True)
        ]
        engine.drop(STARTS)
        yield [View(whole.readings, *parts) for parts in zip(*tables, strict=True)]
    finally:
        engine.drop(STARTS, *DIVIDED)


def slices_for(*, leads: int, events: int, memory_bytes: int | None) -> int:
    """How many slices so many leads and events need; one where nobody says how much memory there is.

    Example:
        >>> slices_for(leads=500_000, events=3_000_000, memory_bytes=4 * 10**9)
        1
        >>> slices_for(leads=10_000_000, events=60_000_000, memory_bytes=4 * 10**9)
        10
    """
    if memory_bytes is None:
        return 1
    held = leads * BYTES_PER_LEAD + events * BYTES_PER_EVENT
    return max(1, -(-held // max(1, int(memory_bytes * SHARE))))


def _slice(engine: Engine, starts: ir.Table, slices: int) -> ir.IntegerValue:
    """The slice of a stretch, from 0."""
    found = engine.md5_prefix(ibis.coalesce(starts.account, starts.lead_id))
    return (ring.number(engine, found) % slices).cast("int64")
