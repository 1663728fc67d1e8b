"""One row per event: of several versions of an event key the one that stands by `as_of` (definitions.md 3.10).

Where a lead has no two events of one key there is nothing to choose, so those that may have are found first. Engines
order text as Python does: of UTF-8, the order of bytes is that of code points.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

SECOND_US = 1_000_000


def repeated_hashes(versions: ir.Table) -> ir.Table:
    """`lead`, the hashes of the leads that may have two events of one id, or of one name and second without an id.

    Hashes are short, so they are what is grouped; that two keys share one only costs a look at a lead more.
    """
    key = ibis.coalesce(versions.event_id, versions.name + _second(versions).cast("string"))
    keys = versions.select(lead=versions.lead_id.hash(), key=key.hash())
    groups = keys.group_by(["lead", "key"]).aggregate(events=keys.count())
    return groups.filter(groups.events > 1).select("lead").distinct()


def leads_of_hashes(versions: ir.Table, hashes: ir.Table) -> ir.Table:
    """`lead_id` of the leads with one of these hashes."""
    leads = versions.select("lead_id", lead=versions.lead_id.hash())
    return leads.semi_join(hashes, "lead").select("lead_id").distinct()


def standing(versions: ir.Table, *, as_of_us: int) -> ir.Table:
    """Of the versions of an event (`key` and the columns of `KnownFacts.versions`) the one that stands by `as_of_us`.

    It is known from the key's first arrival, never before it occurred.
    """
    known = versions.mutate(counts_us=ibis.greatest(versions.known_us, versions.occurred_us))
    known = known.filter(known.counts_us <= as_of_us)
    has_id = known.event_id.notnull()
    none = ibis.null("string")
    same_event = [
        known.key,
        has_id,
        ibis.ifelse(has_id, known.source, known.name),
        known.event_id,
        _second(known),
        ibis.ifelse(has_id, none, known.canonical),
    ]
    newest_first = [
        ibis.desc(ibis.ifelse(known.version.notnull(), 1, 0)),
        ibis.desc(known.version.fill_null(0)),
        ibis.desc(known.known_us),
        ibis.desc(known.occurred_us),
        *map(ibis.desc, (known.name, known.canonical, known.source)),
    ]
    ranked = known.mutate(
        place=ibis.row_number().over(group_by=same_event, order_by=newest_first),
        first_us=known.counts_us.min().over(group_by=same_event),
    )
    chosen = ranked.filter(ranked.place == 0)
    return chosen.mutate(known_us=ibis.greatest(chosen.first_us, chosen.occurred_us)).drop(
        "place", "first_us", "counts_us"
    )


def _second(versions: ir.Table) -> ir.IntegerValue:
    """The beginning of the second of an event without an id, before 1970 too; null where it has one."""
    at = versions.occurred_us
    into = ((at % SECOND_US) + SECOND_US) % SECOND_US
    return ibis.ifelse(versions.event_id.notnull(), ibis.null("int64"), (at - into).cast("int64"))
