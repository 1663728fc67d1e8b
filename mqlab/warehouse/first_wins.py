"""Which row of a won deal tells its money: the first that states an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis.expr import types as ir

from mqlab.warehouse.compiled import fetched

if TYPE_CHECKING:
    from mqlab.warehouse.dataset import Dataset


def first_wins(counted: ir.Table) -> ir.Table:
    """One row of each won deal among the outcomes that count, with the age `won_age` at which it was first won.

    An amount that lacks a rate is stated all the same: another one's is not the deal's.
    """
    won = counted.filter(counted.kind == "closed_won")
    won = won.mutate(
        deal=won.opportunity_id.fill_null(""),
        silent=ibis.ifelse(won.amount_minor.isnull() & won.unpriced.isnull(), 1, 0),
        unknown=ibis.ifelse(won.amount_minor.isnull(), 1, 0),
    )
    deal = [won.lead_id, won.deal]
    order = [won.silent, won.occurred_us, won.known_us, won.unknown, won.amount_minor]
    place = ibis.row_number().over(group_by=deal, order_by=order)
    won = won.mutate(place=place, won_age=won.age.min().over(group_by=deal))
    return won.filter(won.place == 0).drop("place", "silent", "unknown")


def lacking_rates(dataset: Dataset) -> tuple[str, ...]:
    """The rates that the deals lack whose money counts, in order."""
    rows = dataset.outcomes
    won = first_wins(rows.filter(rows.fate == "counted"))
    lacking = won.filter(won.amount_minor.isnull() & won.unpriced.notnull())
    return tuple(sorted(fetched(lacking.select("unpriced").distinct())["unpriced"].to_pylist()))
