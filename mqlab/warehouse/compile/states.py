"""What a lead's fields are over time: state 0 is the row, each later one begins when a change becomes known.

The change that holds is the one with the greatest (changed_at, known_at, text) of those known (definitions.md 3.2);
among the changes of a field it has a number in that order, and the greatest number known so far only ever grows.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis.expr import types as ir

from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.view.view import View


@dataclass(frozen=True)
class States:
    """`rows`: key, state, the readings' columns; `begins`: key, from_us of every state but 0, None without changes."""

    rows: ir.Table
    begins: ir.Table | None


def states(view: View, engine: Engine) -> States:
    """The states of every lead of a view."""
    fields = view.readings.fields
    columns = [f"f{index}" for index in range(len(fields))]
    columns += [f"f{index}s" for index, reading in enumerate(fields) if reading.spaced]
    names = sorted({reading.name for reading in fields})
    plain = view.leads.select("key", *columns, state=ibis.literal(0).cast("int64"))
    if not names:
        return States(plain, None)
    changes = view.changes.filter(view.changes.field.isin(names))
    if not engine.fetched(changes.select("key").limit(1)).num_rows:
        return States(plain, None)
    changes = engine.keep("changes_in_order", _in_order(changes, columns))
    changed = sorted(engine.fetched(changes.select("field").distinct())["field"].to_pylist())
    place = {name: f"c{index}" for index, name in enumerate(changed)}
    later = _later(changes, place)
    return States(_united(view, changes, later, columns, place), later.select("key", "from_us"))


def values_at_start(view: View, engine: Engine) -> ir.Table:
    """key and the readings' columns, of every lead of a view at its start: what was known of its fields by then."""
    found = states(view, engine)
    if found.begins is None:
        return found.rows.drop("state")
    starts = view.leads.select(start_key="key", start_us="start_us")
    begun = found.begins.join(starts, found.begins.key == starts.start_key)
    begun = begun.filter(begun.from_us <= begun.start_us)
    last = begun.group_by("key").aggregate(last=begun.count()).rename(last_key="key")
    rows = found.rows.left_join(last, found.rows.key == last.last_key)
    return rows.filter(rows.state == rows["last"].fill_null(0)).drop("state", "last", "last_key")


def _in_order(changes: ir.Table, columns: list[str]) -> ir.Table:
    """The changes with their number among those of their field, from 1."""
    order = ibis.window(
        group_by=[changes.key, changes.field],
        order_by=[changes.changed_us, changes.known_us, changes.has_value.ifelse(1, 0), changes.text],
    )
    return changes.select("key", "field", "from_us", *columns, number=(ibis.row_number().over(order) + 1).cast("int64"))


def _later(changes: ir.Table, place: dict[str, str]) -> ir.Table:
    """key, from_us, state, and for every changed field the number of the change that holds from then on."""
    known = ibis.window(group_by=changes.key, order_by=changes.from_us, range=(None, 0))
    none = ibis.null("int64")
    holding = {
        column: ibis.ifelse(changes.field == name, changes.number, none).max().over(known)
        for name, column in place.items()
    }
    table = changes.select("key", "from_us", **holding).distinct()
    state = ibis.row_number().over(ibis.window(group_by=table.key, order_by=table.from_us)) + 1
    return table.mutate(state=state.cast("int64"))


def _united(view: View, changes: ir.Table, later: ir.Table, columns: list[str], place: dict[str, str]) -> ir.Table:
    """State 0 and the later states, with the value of every field in each."""
    leads = view.leads
    has = changes.group_by("key").aggregate(
        **{f"has_{column}": (changes.field == name).ifelse(1, 0).max() for name, column in place.items()}
    )
    has = has.rename(changed_key="key")
    first = leads.left_join(has, leads.key == has.changed_key)
    row = {}
    for column in columns:
        field = _field_of(view, column)
        if field in place:  # a row that holds today's values says nothing about a field that has changes
            silent = first.row_is_current & (first[f"has_{place[field]}"].fill_null(0) > 0)
            row[column] = ibis.ifelse(silent, first[column].nullif(first[column]), first[column])
        else:
            row[column] = first[column]
    zero = first.select("key", state=ibis.literal(0).cast("int64"), **row)

    table = later
    for name, column in place.items():
        mine = [one for one in columns if _field_of(view, one) == name]
        winners = changes.filter(changes.field == name).select(
            **{f"k_{column}": changes.key, f"n_{column}": changes.number},
            **{f"{one}_new": changes[one] for one in mine},
        )
        table = table.left_join(
            winners, (table.key == winners[f"k_{column}"]) & (table[column] == winners[f"n_{column}"])
        ).drop(f"k_{column}", f"n_{column}")
    base = zero.drop("state").rename({"zero_key": "key"})
    table = table.join(base, table.key == base.zero_key)
    values = {}
    for one in columns:
        field = _field_of(view, one)
        if field in place:
            values[one] = ibis.ifelse(table[place[field]].isnull(), table[one], table[f"{one}_new"])
        else:
            values[one] = table[one]
    after = table.select("key", "state", **values)
    order = ["key", "state", *columns]
    return ibis.union(zero.select(order), after.select(order))


def _field_of(view: View, column: str) -> str:
    return view.readings.fields[int(column.removeprefix("f").removesuffix("s"))].name
