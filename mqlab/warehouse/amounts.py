"""What a deal was first won with, as Ibis expressions: the counterpart of `mqlab.leads.amounts.in_force`."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from mqlab.leads.amounts import SAME_SAVE_US


def with_amounts_in_force(rows: ir.Table) -> ir.Table:
    """The outcomes (`amount_parts`, `currency`), the first win of each deal with the amount that the deal had then.

    A deal is an opportunity of a lead. Every row of a win tells its amount of the win.
    """
    found = _found(_told(rows))
    same = (
        (rows.kind == "closed_won")
        & (rows.lead_id == found.deal_lead)
        & (rows.opportunity_id == found.deal)
        & (rows.occurred_us == found.first_us)
    )
    joined = rows.left_join(found, same)
    mine = joined.deal.notnull()
    return joined.select(
        *(name for name in rows.columns if name not in {"amount_parts", "currency"}),
        amount_parts=ibis.ifelse(mine, joined.deal_parts, joined.amount_parts),
        currency=ibis.ifelse(mine, joined.deal_code, joined.currency),
    )


def _told(rows: ir.Table) -> ir.Table:
    """The rows about the money of deals, each with when its deal was first won and the currency that its wins name."""
    won = rows.kind == "closed_won"
    told = rows.filter(rows.opportunity_id.notnull() & (won | (rows.kind == "amount_changed")))
    won = told.kind == "closed_won"
    us, text = ibis.null("int64"), ibis.null("string")
    told = told.select(
        "lead_id",
        "occurred_us",
        "known_us",
        "amount_parts",
        "currency",
        won=won,
        deal="opportunity_id",
        won_us=ibis.ifelse(won, told.occurred_us, us),
        seen_us=ibis.ifelse(won & ~told.backfill, told.occurred_us, us),
        won_code=ibis.ifelse(won, told.currency, text),
    )
    by_deal = [told.lead_id, told.deal]
    place = ibis.row_number().over(
        group_by=by_deal,
        order_by=[ibis.ifelse(told.won_code.isnull(), 1, 0), told.occurred_us, told.known_us, told.won_code],
    )
    return told.mutate(
        first_us=told.won_us.min().over(group_by=by_deal),
        seen_us=told.seen_us.min().over(group_by=by_deal),
        code_place=place,
    )


def _found(told: ir.Table) -> ir.Table:
    """The amount in force of each deal that has one: `deal_lead`, `deal`, `first_us`, `deal_parts`, `deal_code`."""
    codes = told.filter((told.code_place == 0) & told.won_code.notnull())
    codes = codes.select(code_lead="lead_id", code_deal="deal", code="won_code")
    said = told.filter(told.amount_parts.notnull() & told.first_us.notnull())
    in_time = said.occurred_us <= ibis.coalesce(said.seen_us, said.first_us) + SAME_SAVE_US
    rank = ibis.cases((said.won & in_time, 0), (in_time, 1), (said.won, 2), else_=3)
    said = said.mutate(rank=rank)
    said = said.filter(said.rank < 3)
    place = ibis.row_number().over(
        group_by=[said.lead_id, said.deal],
        order_by=[
            said.rank,
            ibis.ifelse(said.rank == 1, -said.occurred_us, said.occurred_us),
            ibis.ifelse(said.rank == 1, -said.known_us, said.known_us),
            said.amount_parts,
            said.currency.fill_null(""),
        ],
    )
    said = said.mutate(place=place)
    said = said.filter(said.place == 0)
    said = said.left_join(codes, (said.lead_id == codes.code_lead) & (said.deal == codes.code_deal))
    return said.select(
        "deal",
        "first_us",
        deal_lead="lead_id",
        deal_parts="amount_parts",
        deal_code=ibis.coalesce(said.currency, said.code),
    )
