"""Whose facts are asked for: the stretches on which definitions are judged, and what each of them knows."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from mqlab.warehouse.view.canonical import canonical_text
from mqlab.warehouse.view.known import KnownFacts
from mqlab.warehouse.view.versions import standing
from mqlab.warehouse.view.view import View, value_types

ALWAYS_US = -(2**62)
"""Before every instant."""

START_COLUMNS = {
    "key": "string", "lead_id": "string", "account": "string", "whole": "boolean", "start_us": "int64",
    "until_us": "int64",
}  # fmt: skip
"""The columns of a table of starts: one row per stretch, see `View.leads`."""

SHARE_COLUMNS = {"key": "string", "lead_id": "string", "from_us": "int64"}
"""The columns of a table of shares: the stretch `key` also has the facts of `lead_id`, known from `from_us` on."""


def view_of(known: KnownFacts, starts: ir.Table, *, as_of_us: int, shares: ir.Table | None = None) -> View:
    """The view of the leads that start somewhere: of others there is nothing.

    `starts` has the columns of `START_COLUMNS`, a key once; it is read several times, so let it be a kept table. A
    stretch has the facts of its `lead_id`, and of what `shares` (a small table of `SHARE_COLUMNS`) adds, known from
    then at the earliest. `as_of_us` is that of `known` or earlier. Further columns of `starts` go along: every table
    of the view has them, too.
    """
    along = _along(starts)
    starts = starts.select(*along, **{name: starts[name].cast(kind) for name, kind in START_COLUMNS.items()})
    shares = None if shares is None else shares.select(**{n: shares[n].cast(k) for n, k in SHARE_COLUMNS.items()})
    return View(
        readings=known.readings,
        leads=_leads(known, starts),
        changes=_changes(known, starts, shares, as_of_us),
        events=_events(known, starts, shares, as_of_us),
    )


def _leads(known: KnownFacts, starts: ir.Table) -> ir.Table:
    rows = known.leads.rename(fact_lead="lead_id")
    joined = starts.inner_join(rows, starts.lead_id == rows.fact_lead)
    values = value_types("f", known.readings.fields)
    return joined.select(*START_COLUMNS, "created_us", "row_is_current", *values, *_along(starts))


def _along(starts: ir.Table) -> tuple[str, ...]:
    """The columns that starts have besides their own."""
    return tuple(name for name in starts.columns if name not in START_COLUMNS)


def _links(starts: ir.Table, shares: ir.Table | None) -> ir.Table:
    """Which lead's facts (`fact_lead`) a stretch has, known from when at the earliest."""
    columns = ("key", "start_us", "until_us", *_along(starts))
    own = starts.select(*columns, fact_lead=starts.lead_id, since_us=ibis.literal(ALWAYS_US, "int64"))
    if shares is None:
        return own
    windows = starts.select(*columns)
    added = shares.rename(share_key="key")
    joined = windows.inner_join(added, windows.key == added.share_key)
    return own.union(joined.select(*columns, fact_lead=joined.lead_id, since_us=joined.from_us))


def _changes(known: KnownFacts, starts: ir.Table, shares: ir.Table | None, as_of_us: int) -> ir.Table:
    links = _links(starts, shares)
    joined = links.inner_join(known.changes, links.fact_lead == known.changes.lead_id)
    rows = joined.mutate(known_us=ibis.greatest(joined.known_us, joined.since_us))
    rows = rows.mutate(from_us=ibis.greatest(rows.changed_us, rows.known_us))
    return rows.filter(rows.from_us <= as_of_us).select(
        "key", "field", "changed_us", "known_us", "from_us", "has_value", "text", "start_us", "until_us",
        *value_types("f", known.readings.fields), *_along(starts),
    )  # fmt: skip


def _events(known: KnownFacts, starts: ir.Table, shares: ir.Table | None, as_of_us: int) -> ir.Table:
    several = _several(known, starts, shares)
    plain = starts if several is None else starts.anti_join(several, "key")
    values = tuple(value_types("p", known.readings.props))
    links = _links(plain, None)
    joined = links.inner_join(known.events, links.fact_lead == known.events.lead_id)
    rows = joined.mutate(known_us=ibis.greatest(joined.known_us, joined.occurred_us))
    columns = ("key", "name", "occurred_us", "known_us", "start_us", "until_us", *values, *_along(starts))
    events = rows.filter(rows.known_us <= as_of_us).select(*columns)
    if several is None:
        return events
    links = _links(starts.semi_join(several, "key"), shares)
    versions = links.inner_join(known.versions, links.fact_lead == known.versions.lead_id)
    versions = versions.mutate(known_us=ibis.greatest(versions.known_us, versions.since_us))
    if known.identifying is not None:
        props = {name: versions[f"v{place}"] for place, name in enumerate(known.identifying)}
        versions = versions.mutate(canonical=canonical_text(props))
    return events.union(standing(versions, as_of_us=as_of_us).select(*columns))


def _several(known: KnownFacts, starts: ir.Table, shares: ir.Table | None) -> ir.Table | None:
    """The keys of the stretches in which one event may have several versions; None where there are none."""
    parts = []
    if known.repeated is not None:
        parts.append(starts.semi_join(known.repeated, "lead_id").select("key"))
    if shares is not None:
        parts.append(shares.select("key"))
    return ibis.union(*parts, distinct=True) if len(parts) > 1 else next(iter(parts), None)
