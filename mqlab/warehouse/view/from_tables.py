"""The tables of a lab in an engine, read as definitions read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import ibis
from ibis.expr import types as ir

from mqlab.errors import InputError, Place
from mqlab.leads.text import stored_name
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.readings import Reading, Readings
from mqlab.warehouse.view.known import CHANGE_COLUMNS, EVENT_COLUMNS, VERSION_COLUMNS, KnownFacts
from mqlab.warehouse.view.tables import LabTable, LabTables
from mqlab.warehouse.view.typed import missing, spaced, typed
from mqlab.warehouse.view.versions import leads_of_hashes, repeated_hashes
from mqlab.warehouse.view.view import value_columns, value_types

MOST_NAMES = 10_000
"""Different names of events or fields that a table may have."""


def known_from_tables(
    tables: LabTables, readings: Readings, engine: Engine, *, as_of_us: int, name: str = "known"
) -> KnownFacts:
    """What the tables said by `as_of_us`. A row without `known_at` was known when it happened.

    What is kept in the engine has a name that begins with `name`: the leads that may have several versions of one
    event, and tables without rows for those a lab does not have.
    """
    repeated = None
    if tables.events is None:
        columns = {**EVENT_COLUMNS, **VERSION_COLUMNS, **value_types("p", readings.props)}
        events = versions = _nothing(columns, engine, f"{name}_no_events")
    else:
        events, versions = _events(tables.events, readings.props, engine)
        repeated = _repeated(versions, engine, name)
    if tables.field_changes is None:
        changes = _nothing({**CHANGE_COLUMNS, **value_types("f", readings.fields)}, engine, f"{name}_no_changes")
    else:
        changes = _changes(tables.field_changes, readings.fields, engine, as_of_us)
    return KnownFacts(
        readings=readings,
        leads=_leads(tables.leads, readings.fields, as_of_us),
        changes=changes,
        events=events,
        versions=versions,
        repeated=repeated,
        identifying=() if tables.events is None else tuple(tables.events.further),
        absent=(
            *_absent("leads", readings.fields, {"source", "email_domain", *tables.leads.further}),
            *_absent("events", readings.props, () if tables.events is None else tables.events.further),
        ),
    )


def _repeated(versions: ir.Table, engine: Engine, name: str) -> ir.Table | None:
    """The leads that may have several versions of one event; of most tables nobody."""
    hashes = engine.keep(f"{name}_hashes", repeated_hashes(versions))
    several = engine.fetched(hashes.aggregate(leads=hashes.count()))["leads"][0].as_py()
    found = engine.keep(f"{name}_repeated", leads_of_hashes(versions, hashes)) if several else None
    engine.drop(f"{name}_hashes")
    return found


def known_us(table: LabTable, happened: str) -> ir.IntegerValue:
    """When the business knew a row, in microseconds: as it says, else when it happened."""
    return ibis.coalesce(table.columns["known_at"], table.columns[happened])


def row_values(leads: LabTable) -> Mapping[str, ir.Value]:
    """The columns of `leads` that are fields, by stored name; `source` and `email_domain` are fields like any other."""
    domain = ibis.coalesce(leads.columns["email_domain"], _domain_of(leads.columns["email"]))
    return {**leads.further, "source": leads.columns["source"], "email_domain": domain}


def _leads(table: LabTable, readings: tuple[Reading, ...], as_of_us: int) -> ir.Table:
    row = row_values(table)
    rows = table.table.select(
        **table.typed("lead_id", "source", "account_key"),
        email_domain=row["email_domain"],
        created_us=table.columns["created_at"],
        known_us=known_us(table, "created_at"),
        row_is_current=table.columns["row_is"].fill_null("initial") == "current",
        **_values("f", readings, row),
    )
    return rows.filter(ibis.greatest(rows.created_us, rows.known_us) <= as_of_us)


def _changes(table: LabTable, readings: tuple[Reading, ...], engine: Engine, as_of_us: int) -> ir.Table:
    value = table.columns["value"]
    rows = table.table.select(
        lead_id=table.columns["lead_id"],
        field=_stored(table, "field", engine, wanted={one.name for one in readings}),
        changed_us=table.columns["changed_at"],
        known_us=known_us(table, "changed_at"),
        has_value=value.notnull(),
        text=value.fill_null(""),
        value=value,
    )
    rows = rows.filter(rows.field.notnull() & (ibis.greatest(rows.changed_us, rows.known_us) <= as_of_us))
    values: dict[str, ir.Value] = {}
    for column, reading, is_spaced in value_columns("f", readings):
        read = typed(rows.value, reading)
        read = spaced(read) if is_spaced else read
        values[column] = ibis.ifelse(rows.field == reading.name, read, ibis.null(read.type()))
    return rows.select(*CHANGE_COLUMNS, **values)


def _events(table: LabTable, readings: tuple[Reading, ...], engine: Engine) -> tuple[ir.Table, ir.Table]:
    """Every version of every event; the second also with what tells versions apart."""
    columns = table.columns
    happened: dict[str, ir.Value] = {
        "lead_id": columns["lead_id"],
        "name": _stored(table, "name", engine),
        "occurred_us": columns["occurred_at"],
        "known_us": known_us(table, "occurred_at"),
    }
    versions = {
        "source": columns["source"].fill_null(""),
        "event_id": columns["event_id"].nullif(""),
        "version": columns["version"],
        **{f"v{place}": value for place, value in enumerate(table.further.values())},
    }
    values = _values("p", readings, table.further)
    return table.table.select(**happened, **values), table.table.select(**happened, **versions, **values)


def _values(prefix: str, readings: tuple[Reading, ...], row: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    """The columns of values read from the columns of a row."""
    found: dict[str, ir.Value] = {}
    for column, reading, is_spaced in value_columns(prefix, readings):
        value = typed(row[reading.name], reading) if reading.name in row else missing(reading)
        found[column] = spaced(value) if is_spaced else value
    return found


def _stored(table: LabTable, column: str, engine: Engine, *, wanted: Collection[str] | None = None) -> ir.StringValue:
    """A column of names as stored names; null for names that are not `wanted`."""
    name = table.columns[column]
    found = engine.fetched(table.table.select(name=name).distinct().limit(MOST_NAMES + 1))["name"].to_pylist()
    if len(found) > MOST_NAMES:
        raise InputError(
            f"'{column}' of '{table.name}' has more than {MOST_NAMES} different names.",
            code="TooManyNames",
            place=Place(path=f"{table.name}.{column}"),
            hint="It should say what kind of thing a row is about; put what differs from row to row into columns.",
        )
    spellings = {text: stored_name(text) for text in sorted(filter(None, found))}
    if wanted is not None:
        spellings = {text: stored for text, stored in spellings.items() if stored in wanted}
    changed = [(name == text, stored) for text, stored in spellings.items() if text != stored]
    if wanted is not None:
        name = ibis.ifelse(name.isin(list(spellings)), name, ibis.null("string")) if spellings else ibis.null("string")
    return ibis.cases(*changed, else_=name) if changed else name


def _domain_of(email: ir.StringValue) -> ir.StringValue:
    """What follows the last @ of an address, null where it is none."""
    address = email.lower().strip()
    domain = address.re_extract(r"^[^ ]+@([^ @]*\.[^ @]*)$", 1)
    return domain.nullif("")


def _nothing(columns: Mapping[str, Any], engine: Engine, name: str) -> ir.Table:
    """A table without rows."""
    return engine.load(name, ibis.schema(columns).to_pyarrow().empty_table())


def _absent(table: str, readings: tuple[Reading, ...], there: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{table}.{one.name}" for one in readings if one.name not in there))
