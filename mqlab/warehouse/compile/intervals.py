"""When an event counts: each event of a signal is one interval, or one per step of its decay (engine-notes section 1).

Instants are microseconds relative to the lead's origin. "Latest" is by when events occurred, so a window always drops
older events first and a displaced event never comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import ibis
from ibis.expr import types as ir

from mqlab.definitions.decay import HALF_LIVES_KEPT
from mqlab.definitions.event_filter import LARGEST_AMOUNT
from mqlab.definitions.model import HalfLife, Linear, Steps
from mqlab.warehouse.compile.columns import PropLeaves
from mqlab.warehouse.compile.expression import compile_node, number
from mqlab.warehouse.compile.signals import Absent, Counted, Latest, Source

WHOLE = 2.0**10
"""An amount is summed as a multiple of this part and billionths of the rest, both integers a double holds exactly."""
SPAN = 1000
"""So many half-lives of a decay may pass between a lead's origin and the last instant looked at."""
NEVER = ibis.null("int64")


@dataclass(frozen=True)
class Events:
    """The events of a view by key, relative to each lead's origin: key, name, occ, known, the properties, `day:<zone>`.

    `own` are each lead's, `account` those of everybody in the lead's account; `leads` has key, created and `final`, the
    last instant looked at.
    """

    own: ir.Table
    account: ir.Table | None
    leads: ir.Table


def chosen(events: Events, source: Source) -> ir.Table:
    """The events a source names: not ignored, and for which its condition is true."""
    table = events.account if source.account else events.own
    if table is None:
        raise TypeError("the account's events are needed")
    kept = table.filter(table.name.isin(source.names))
    if source.ignore is not None:
        ignored = compile_node(source.ignore, PropLeaves(kept, source.ignore_props))
        kept = kept.filter(~ignored.fill_null(False))
    if source.where is not None:
        where = compile_node(source.where, PropLeaves(kept, source.where_props))
        kept = kept.filter(where.fill_null(False))
    return kept


def intervals(events: Events, signal: Counted) -> ir.Table:
    """key, a, b (null: never ends), w, s: from when until when an event counts, and what it adds to the two sums."""
    table = _summed(chosen(events, signal.source), signal)
    table = _displaced(table, signal)
    ends = [table.displaced] if "displaced" in table.columns else []
    if signal.lasts_us is not None:
        ends.append(table.occ + signal.lasts_us)
    end: ir.Value = NEVER if not ends else ends[0] if len(ends) == 1 else _sooner(*ends)
    table = table.mutate(a=table.known, b=end)
    if isinstance(signal.decay, Steps):
        return _stepped(table, signal.decay)
    return table.select("key", "a", "b", "w", "s", "final")


def _summed(table: ir.Table, signal: Counted) -> ir.Table:
    """What an event adds to the signal's two sums."""
    if signal.amount is not None:
        amount = table[signal.amount]
        table = table.filter((amount.abs() <= number(LARGEST_AMOUNT)).fill_null(False))
        amount = table[signal.amount]
        amount = ibis.ifelse(amount.abs() <= number(LARGEST_AMOUNT), amount, number(0))  # an engine may look too early
        whole = (amount / number(WHOLE)).floor().cast("float64")
        rest = ((amount - whole * number(WHOLE)) * number(1e9) + number(0.5)).floor().cast("float64")
        return table.mutate(w=whole, s=rest)
    occurred = table.occ.cast("float64")
    match signal.decay:
        case HalfLife(half_life_us=half_life):
            # what lies outside is dropped later; PostgreSQL refuses powers that are too small
            exponent = ibis.greatest(
                ibis.least(occurred / number(half_life), number(SPAN)), number(-HALF_LIVES_KEPT - 1)
            )
            return table.mutate(w=number(2) ** exponent, s=number(0))
        case Linear():
            return table.mutate(w=number(1), s=occurred)
        case Steps() | None:
            return table.mutate(w=number(1), s=number(0))
        case _:
            assert_never(signal.decay)


def value(signal: Counted, n: ir.Value, s: ir.Value, t: ir.Value) -> ir.Value:
    """The signal's value at relative instant `t` from its two running sums."""
    if signal.amount is not None:
        return n * number(WHOLE) + s / number(1e9)
    at = t.cast("float64")
    match signal.decay:
        case HalfLife(half_life_us=half_life):
            return n * number(2) ** (-at / number(half_life))
        case Linear(length_us=length):
            return (n * (number(length) - at) + s) / number(length)
        case Steps() | None:
            return n
        case _:
            assert_never(signal.decay)


def needs_second_sum(signal: Counted) -> bool:
    """Whether the second sum is anything but zero."""
    return signal.amount is not None or isinstance(signal.decay, Linear)


def _displaced(table: ir.Table, signal: Counted) -> ir.Table:
    """With `displaced`: when later events, once known, push an event out; no such column where none can."""
    if signal.zone is None and signal.max_count is None:
        return table
    order = [table.occ, table.known]
    if signal.zone is None:
        later = ibis.window(group_by=table.key, order_by=order, rows=(1, None))
        return _with_smallest(table, "displaced", table.known, later, signal.max_count or 1)
    day = table[day_column(signal.zone)]
    same_day = ibis.window(group_by=[table.key, day], order_by=order, rows=(1, None))
    table = table.mutate(
        in_day=table.known.min().over(same_day),
        day_first=table.known.min().over(ibis.window(group_by=[table.key, day])),
    )
    if signal.max_count is None:
        return table.mutate(displaced=table.in_day)
    # a day is represented by its latest event; later days displace the whole day
    day = table[day_column(signal.zone)]
    latest = table.in_day.isnull()
    later_days = ibis.window(group_by=[table.key, latest], order_by=day, rows=(1, None))
    table = _with_smallest(table, "by_day", table.day_first, later_days, signal.max_count)
    day = table[day_column(signal.zone)]
    of_latest = ibis.ifelse(table.in_day.isnull(), table.by_day, NEVER)
    table = table.mutate(spread=of_latest.max().over(ibis.window(group_by=[table.key, day])))
    return table.mutate(displaced=_sooner(table.in_day, table.spread))


def _sooner(one: ir.Value, other: ir.Value) -> ir.Value:
    """The lesser of two ends, null where neither comes: a null alone makes LEAST null on some engines."""
    return ibis.least(ibis.coalesce(one, other), ibis.coalesce(other, one))


def _with_smallest(table: ir.Table, name: str, known: ir.Value, window: object, count: int) -> ir.Table:
    """The `count`-th smallest value in a window's rows as a new column, null where there are fewer."""
    if count == 1:
        return table.mutate(**{name: known.min().over(window)})
    table = table.mutate(following=known.collect().over(window))  # by itself: PostgreSQL sorts no window's own array
    values = table.following
    return table.mutate(**{name: ibis.ifelse(values.length() >= count, values.sort()[count - 1], NEVER)}).drop(
        "following"
    )


def _stepped(table: ir.Table, decay: Steps) -> ir.Table:
    """One interval per step of the decay that leaves anything."""
    steps = sorted(decay.steps)
    bounds = [None, *(boundary for boundary, _ in steps), None]
    parts = []
    for share, begins, ends in zip([1.0, *(share for _, share in steps)], bounds, bounds[1:], strict=False):
        if share == 0:
            continue
        start = table.a if begins is None else ibis.greatest(table.a, table.occ + begins)
        end = table.b if ends is None else _sooner(table.b, table.occ + ends)
        parts.append(table.select("key", "final", a=start, b=end, w=number(share), s=number(0)))
    if not parts:
        return table.filter(ibis.literal(False)).select("key", "a", "b", "w", "s", "final")
    return ibis.union(*parts).select("key", "a", "b", "w", "s", "final") if len(parts) > 1 else parts[0]


def absences(events: Events, signal: Absent) -> ir.Table:
    """key, a, b, final: the spans in which nothing had been heard for long enough."""
    heard = chosen(events, signal.source).select("key", "final", "occ", "known")
    leads = events.leads
    begun = leads.select("key", "final", occ=leads.created, known=BEGINNING)
    table = ibis.union(heard, begun)
    known_so_far = ibis.window(group_by=table.key, order_by=table.known, range=(None, 0))
    table = table.mutate(
        newest=table.occ.max().over(known_so_far),
        next_known=table.known.lead(1).over(ibis.window(group_by=table.key, order_by=table.known)),
    )
    start = ibis.greatest(table.known, table.newest + signal.of_us)
    return table.select("key", "final", a=start, b=table.next_known)


BEGINNING = ibis.literal(-(2**62)).cast("int64")
"""Before every relative instant."""


def arrivals(events: Events, signal: Latest) -> ir.Table:
    """key, final, occ, known of the events whose latest is looked at."""
    return chosen(events, signal.source).select("key", "final", "occ", "known")


def day_column(zone: str) -> str:
    """The column of local days in a zone."""
    return f"day:{zone}"
