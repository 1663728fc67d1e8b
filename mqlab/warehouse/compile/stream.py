"""The delta stream: what changes for each lead and when, summed up over one ordering (engine-notes section 1)."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.compile.expression import number
from mqlab.warehouse.compile.intervals import Events, absences, arrivals, intervals, needs_second_sum
from mqlab.warehouse.compile.signals import Absent, Counted, Latest, Signal
from mqlab.warehouse.compile.steps import Steps

PROBE, STATE = -1, -2
"""Channels of rows that only ask, and of rows at which a state of the fields begins."""


def swept(
    events: Events, signals: Sequence[Signal], begins: ir.Table | None, steps: Steps, *, at_the_end: bool
) -> ir.Table:
    """key, t, and at each t what holds from then on: `n<i>`, `s<i>` sums, `m<i>` the latest occurrence, `state`.

    t is relative to the lead's origin, from 0 to the last instant looked at; `at_the_end` asks at that one, too.
    """
    second = any(
        (isinstance(signal, Counted) and needs_second_sum(signal)) or isinstance(signal, Latest) for signal in signals
    )
    parts = [_rows(events.leads, t=0)]
    if at_the_end:
        parts.append(_rows(events.leads, t=events.leads.final))
    if begins is not None:
        leads = events.leads.select(lead_key="key", origin="origin", final="final")
        joined = begins.join(leads, begins.key == leads.lead_key)
        at = joined.from_us - joined.origin
        inside = joined.mutate(at=at).filter(at <= joined.final)
        parts.append(_rows(inside, channel=STATE, t=ibis.greatest(inside["at"], 0), w=number(1)))
    for index, signal in enumerate(signals):
        parts += _of_signal(events, index, signal, steps)
    columns = ["key", "ch", "t", "w", "s"] if second else ["key", "ch", "t", "w"]
    stream = ibis.union(*(part.select(columns) for part in parts)) if len(parts) > 1 else parts[0].select(columns)
    stream = steps.step("sweep_stream", stream)
    so_far = ibis.window(group_by=stream.key, order_by=stream.t, range=(None, 0))
    sums: dict[str, ir.Value] = {}
    if begins is not None:
        sums["state"] = ibis.ifelse(stream.ch == STATE, 1, 0).sum().over(so_far).cast("int64")
    for index, signal in enumerate(signals):
        mine = stream.ch == index
        if isinstance(signal, Latest):
            sums[f"m{index}"] = ibis.ifelse(mine, stream.s, ibis.null("float64")).max().over(so_far)
            continue
        sums[f"n{index}"] = ibis.ifelse(mine, stream.w, number(0)).sum().over(so_far)
        if isinstance(signal, Counted) and needs_second_sum(signal):
            sums[f"s{index}"] = ibis.ifelse(mine, stream.s, number(0)).sum().over(so_far)
    return steps.step("sweep_sums", stream.select("key", "t", **sums))


def _of_signal(events: Events, index: int, signal: Signal, steps: Steps) -> list[ir.Table]:
    match signal:
        case Counted():
            return _starts_and_ends(intervals(events, signal), index, steps)
        case Absent():
            spans = absences(events, signal)
            return _starts_and_ends(spans.mutate(w=number(1), s=number(0)), index, steps)
        case Latest():
            return _latest(arrivals(events, signal), index, signal.thresholds, steps)


def _starts_and_ends(spans: ir.Table, index: int, steps: Steps) -> list[ir.Table]:
    """Two rows for each interval that matters: what it adds at its beginning it takes away at its end."""
    empty = (spans.b.notnull() & ((spans.b <= spans.a) | (spans.b <= 0))).fill_null(False)
    spans = steps.step(f"sweep_spans_{index}", spans.filter((spans.a <= spans.final) & ~empty))
    ending = spans.filter(spans.b <= spans.final)
    return [
        _rows(spans, channel=index, t=ibis.greatest(spans.a, 0), w=spans.w, s=spans.s),
        _rows(ending, channel=index, t=ending.b, w=-ending.w, s=-ending.s),
    ]


def _latest(heard: ir.Table, index: int, thresholds: Sequence[int], steps: Steps) -> list[ir.Table]:
    """The occurrences when they become known, and a question at every age somebody asks about."""
    heard = steps.step(f"sweep_heard_{index}", heard)
    parts = [_rows(heard, channel=index, t=ibis.greatest(heard.known, 0), s=heard.occ.cast("float64"))]
    for days in thresholds:
        at = heard.occ + days * DAY_US
        asked = heard.mutate(at=at)
        asked = asked.filter((asked["at"] > asked.known) & (asked["at"] > 0) & (asked["at"] <= asked.final))
        parts.append(_rows(asked, t=asked["at"]))
    return parts


def _rows(
    table: ir.Table,
    *,
    t: ir.Value | int,
    channel: int = PROBE,
    w: ir.Value | None = None,
    s: ir.Value | None = None,
) -> ir.Table:
    """Rows of the stream; every part has the same types, or engines refuse to unite them."""
    at = ibis.literal(t) if isinstance(t, int) else t
    return table.select(
        "key",
        ch=ibis.literal(channel).cast("int16"),
        t=at.cast("int64"),
        w=number(0) if w is None else w.cast("float64"),
        s=number(0) if s is None else s.cast("float64"),
    )
