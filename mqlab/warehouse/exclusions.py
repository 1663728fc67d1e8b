"""The standard exclusions of `eligible` as expressions: `mqlab.experiments.exclusions`, where the leads are."""

from __future__ import annotations

from collections.abc import Collection

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.experiments.exclusions import CLOSED, EXISTING_CUSTOMER, INTERNAL, OPEN_OPPORTUNITY, is_internal
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.units import with_units


def with_exclusions(
    engine: Engine,
    leads: ir.Table,
    deals: ir.Table | None,
    names: Collection[str],
    *,
    internal_domains: Collection[str],
    null_tokens: Collection[str],
    plain_ids: bool,
) -> ir.Table:
    """`lead_id` and a column for each of the `names`; `leads` has `lead_id`, `created_us` and what makes accounts.

    `deals` has `lead_id`, `deal`, `kind` and `told_us` (`mqlab.analysis.exclusions.deal_rows`), None: there are none.
    """
    rows = leads.select("lead_id", "created_us", "account_key", "email_domain")
    if INTERNAL in names:
        rows = _with_internal(engine, rows, internal_domains)
    if not set(names) & {EXISTING_CUSTOMER, OPEN_OPPORTUNITY}:
        return rows.drop("created_us", "account_key", "email_domain")
    found = with_units(
        engine, rows, "account", name="exclusions", internal_domains=internal_domains, null_tokens=null_tokens,
        plain_ids=plain_ids,
    )  # fmt: skip
    rows = engine.keep("exclusion_leads", found.leads.drop("account_key", "email_domain"))
    no, yes = ibis.literal(False), ibis.literal(True)
    if deals is None:
        return rows.mutate(**{EXISTING_CUSTOMER: no, OPEN_OPPORTUNITY: no}).drop("created_us", "unit")
    units = rows.select(deal_lead="lead_id", deal_unit="unit")
    of_units = deals.join(units, deals.lead_id == units.deal_lead).select("deal_unit", "deal", "kind", "told_us")
    of_units = engine.keep("exclusion_deals", of_units)
    won = of_units.filter(of_units.kind == "closed_won").group_by("deal_unit")
    won = won.aggregate(won_us=lambda table: table.told_us.min())
    rows = rows.left_join(won, rows.unit == won.deal_unit).drop("deal_unit")
    rows = rows.mutate(**{EXISTING_CUSTOMER: (rows.won_us < rows.created_us).fill_null(False)}).drop("won_us")
    spans = engine.keep("exclusion_spans", _open_spans(of_units))
    inside = (spans.begin_us < rows.created_us) & (spans.end_us.isnull() | (spans.end_us >= rows.created_us))
    busy = rows.join(spans, [rows.unit == spans.deal_unit, inside]).select(busy_lead="lead_id").distinct()
    busy = busy.mutate(busy=yes)
    rows = rows.left_join(busy, rows.lead_id == busy.busy_lead)
    return rows.mutate(**{OPEN_OPPORTUNITY: rows.busy.fill_null(False)}).drop("created_us", "unit", "busy_lead", "busy")


def _with_internal(engine: Engine, rows: ir.Table, internal_domains: Collection[str]) -> ir.Table:
    """The leads with whether they are our own people: each different domain is looked at once."""
    asked = rows.filter(rows.email_domain.notnull()).select("email_domain").distinct()
    texts = [text for text in engine.fetched(asked)["email_domain"].to_pylist() if is_internal(text, internal_domains)]
    ours = engine.load("exclusion_domains", pa.table({"our_domain": pa.array(texts, pa.string())}))
    rows = rows.left_join(ours, rows.email_domain == ours.our_domain)
    return rows.mutate(**{INTERNAL: rows.our_domain.notnull()}).drop("our_domain")


def _open_spans(deals: ir.Table) -> ir.Table:
    """From when until when each deal was open (`deal_unit`, `begin_us`, `end_us`; null: it still is)."""
    closed = deals.kind.isin(CLOSED)
    ends = deals.group_by("deal_unit", "deal").aggregate(
        made_us=deals.told_us.min(where=deals.kind == "opportunity"), closed_us=deals.told_us.min(where=closed)
    )
    made = ends.filter(ends.made_us.notnull() & (ends.closed_us.isnull() | (ends.closed_us > ends.made_us)))
    again = deals.filter(deals.kind == "reopened")
    begins = made.select("deal_unit", "deal", begin_us="made_us").union(
        again.select("deal_unit", "deal", begin_us="told_us")
    )
    closes = deals.filter(closed).select(end_unit="deal_unit", end_deal="deal", end_us="told_us")
    same = [
        begins.deal_unit == closes.end_unit,
        begins.deal == closes.end_deal,
        begins.begin_us < closes.end_us,
    ]
    spans = begins.left_join(closes, same)
    return spans.group_by("deal_unit", "deal", "begin_us").aggregate(end_us=spans.end_us.min()).drop("deal")
