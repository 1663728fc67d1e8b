"""Sales feedback that lies in an engine, as the data set takes it: persons, integer microseconds, minor units.

The counterpart of `mqlab.analysis.outcome_rows`, which reads a ledger. Of several rows with one `row_id` the one with
the greatest (`modified_at`, `known_at`) known by `as_of` is the outcome. A row without `known_at` is a backfill: it was
known when it happened, and tells nothing about lateness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.experiments.exclusions import DEAL_KINDS
from mqlab.leads.instants import DAY_US
from mqlab.warehouse.amounts import with_amounts_in_force
from mqlab.warehouse.compile.expression import number
from mqlab.warehouse.dataset import OUTCOME_ROWS
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.grouping import in_order
from mqlab.warehouse.local_day import local_day
from mqlab.warehouse.view.tables import LabTable

PARTS = 10_000
"""Amounts are read in ten-thousandths of a currency unit, as the ledger keeps them."""

LARGEST_QUANTITY = 1e9

Price = Callable[[int, str | None, int], tuple[int | None, str | None]]
"""(amount in ten-thousandths, currency code or None, the day's start in microseconds) → minor units, None: unknown, and
the rate that is lacking, where one is.

The day is that of the lab's zone, written as if it were one of UTC.
"""


@dataclass(frozen=True)
class Outcomes:
    """`rows` follows `OUTCOME_ROWS`; `lateness` is the delay of arrival that 99 of 100 timed rows keep, of `timed`.

    `newest_us` is when the last of all rows was known.
    """

    rows: ir.Table
    lateness_us: int | None
    timed: int
    unmatched: int
    newest_us: int | None = None


def outcomes_in(
    engine: Engine,
    table: LabTable | None,
    leads: ir.Table,
    *,
    person: Mapping[str, str],
    price: Price,
    as_of_us: int,
    zone: ZoneInfo,
    since_us: int | None = None,
) -> Outcomes:
    """The outcomes known by `as_of_us` of the leads in `leads` (`lead_id`), kept in the engine.

    `person` gives merged ids the id that stands for them; `zone` is the lab's, in which a deal has its day. What is
    told of all rows is told of those that occurred from `since_us` on, and only their amounts are converted.
    """
    if table is None:
        return Outcomes(engine.load("outcome_facts", OUTCOME_ROWS.empty_table()), None, 0, 0)
    known = engine.keep("outcomes_known", _current(_known(table, as_of_us)))
    mine = known.semi_join(leads, "lead_id")
    mine = engine.keep("outcomes_matched", mine)
    whole, (matched, newest) = _count(engine, _since(known, since_us))[0], _count(engine, _since(mine, since_us))
    lateness, timed = _lateness(engine, _since(mine, since_us))
    if person:
        names = pa.table({"merged": list(person), "person": list(person.values())})
        merged = engine.load("outcome_persons", names)
        mine = mine.left_join(merged, mine.lead_id == merged.merged)
        mine = mine.mutate(lead_id=mine.person.fill_null(mine.lead_id)).drop("merged", "person")
    mine = engine.keep("outcomes_in_force", with_amounts_in_force(mine))
    rows = _with_amounts(engine, mine, price, zone, since_us)
    return Outcomes(
        engine.keep("outcome_facts", rows.select(*OUTCOME_ROWS.names)), lateness, timed, whole - matched, newest
    )


def _since(rows: ir.Table, since_us: int | None) -> ir.Table:
    return rows if since_us is None else rows.filter(rows.occurred_us >= since_us)


def _count(engine: Engine, rows: ir.Table) -> tuple[int, int | None]:
    """How many rows there are, and when the last of them was known."""
    found = engine.fetched(rows.aggregate(rows=rows.count(), newest=rows.known_us.max())).to_pylist()[0]
    return int(found["rows"]), None if found["newest"] is None else int(found["newest"])


def handed_over(table: LabTable | None, as_of_us: int) -> ir.Table | None:
    """`lead_id`, `occurred_us` of the known hand-overs to sales, None where there are no outcomes."""
    if table is None:
        return None
    rows = _current(_known(table, as_of_us))
    return rows.filter(rows.kind == "handed_off").select("lead_id", "occurred_us")


def deals_told(table: LabTable | None, as_of_us: int) -> ir.Table | None:
    """`lead_id`, `deal`, `kind`, `told_us` of the known outcomes of deals, None where there are no outcomes."""
    if table is None:
        return None
    rows = _current(_known(table, as_of_us))
    rows = rows.filter(rows.kind.isin(DEAL_KINDS))
    return rows.select(
        "lead_id",
        "kind",
        deal=ibis.coalesce(rows.opportunity_id, ibis.literal("lead ").concat(rows.lead_id)),
        told_us=ibis.greatest(rows.occurred_us, rows.known_us),
    )


def _known(table: LabTable, as_of_us: int) -> ir.Table:
    columns = table.columns
    occurred = columns["occurred_at"]
    known = ibis.coalesce(columns["known_at"], occurred)
    amount, quantity = columns["amount"], columns["quantity"]
    parts = (amount.abs() * number(PARTS) + number(0.5)).floor().cast("int64")
    sane = (quantity >= number(0)) & (quantity <= number(LARGEST_QUANTITY))
    thousandths = (ibis.ifelse(sane, quantity, number(LARGEST_QUANTITY)) * number(1000) + number(0.5)).floor()
    rows = table.table.select(
        lead_id=columns["lead_id"],
        kind=columns["kind"],
        occurred_us=occurred,
        known_us=known,
        backfill=columns["known_at"].isnull() | _said(table, "backfill", "true"),
        inferred=_said(table, "evidence", "inferred"),
        dated=_said(table, "resolution", "day"),
        opportunity_id=columns["opportunity_id"],
        amount_parts=ibis.ifelse(amount < number(0), -parts, parts),
        currency=columns["currency"].upper(),
        thousandths=ibis.ifelse(
            quantity.isnull() | quantity.isnan() | (quantity < number(0)), 1000, thousandths.cast("int64")
        ),
        owner=columns["owner"],
        reason_code=columns["reason_code"],
        row_id=columns["row_id"],
        modified_us=columns["modified_at"],
    )
    return rows.filter(ibis.greatest(rows.known_us, rows.occurred_us) <= as_of_us)


def _said(table: LabTable, column: str, value: str) -> ir.BooleanValue:
    """Whether a further column, such as a ledger's export has, says so; where there is none it does not."""
    if column not in table.further:
        return ibis.literal(False)
    found = table.further[column]
    said = found if found.type().is_boolean() else found.cast("string").lower() == value
    return said.fill_null(False)


def _current(rows: ir.Table) -> ir.Table:
    """Of each row id the current version; a row without an id stands for itself."""
    last = ibis.row_number().over(
        group_by=[rows.row_id],
        order_by=[rows.modified_us.fill_null(rows.known_us).desc(), rows.known_us.desc(), rows.occurred_us.desc()],
    )
    rows = rows.mutate(place=last)
    return rows.filter(rows.row_id.isnull() | (rows.place == 0)).drop("place", "row_id", "modified_us")


def _lateness(engine: Engine, rows: ir.Table) -> tuple[int | None, int]:
    """The 99th percentile of the delay between occurrence and arrival, and how many rows tell it."""
    timed = rows.filter(~rows.backfill & ~rows.inferred)
    counted = engine.fetched(timed.aggregate(rows=timed.count()))["rows"][0].as_py()
    if not counted:
        return None, 0
    delays = timed.select(delay=ibis.greatest(timed.known_us - timed.occurred_us, 0))
    ranked = delays.mutate(place=ibis.row_number().over(order_by=delays.delay))
    found = engine.fetched(ranked.filter(ranked.place == -(-counted * 99 // 100) - 1).select("delay"))
    return int(found["delay"][0].as_py()), counted


def _with_amounts(engine: Engine, rows: ir.Table, price: Price, zone: ZoneInfo, since_us: int | None) -> ir.Table:
    """Amounts of won deals in minor units: each different (amount, currency, day) is converted once, in Python."""
    won = _since(rows, since_us)
    won = won.filter((won.kind == "closed_won") & won.amount_parts.notnull())
    (span,) = engine.fetched(won.aggregate(low=won.occurred_us.min(), high=won.occurred_us.max())).to_pylist()
    low_us, high_us = span["low"] or 0, span["high"] or 0
    day = local_day(won.occurred_us, zone, low_us=low_us, high_us=high_us)
    asked = won.select(parts=won.amount_parts, code=won.currency.fill_null(""), day=day).distinct()
    found = in_order(engine.fetched(asked), ["parts", "code", "day"]).to_pylist()
    priced = [price(row["parts"], row["code"] or None, row["day"] * DAY_US) for row in found]
    prices = engine.load(
        "outcome_prices",
        pa.table(
            {
                "price_parts": pa.array([row["parts"] for row in found], pa.int64()),
                "price_code": pa.array([row["code"] for row in found], pa.string()),
                "price_day": pa.array([row["day"] for row in found], pa.int64()),
                "amount_minor": pa.array([minor for minor, _ in priced], pa.int64()),
                "unpriced": pa.array([lacking for _, lacking in priced], pa.string()),
            }
        ),
    )
    at = local_day(rows.occurred_us, zone, low_us=low_us, high_us=high_us)
    rows = rows.mutate(at_day=at, at_code=rows.currency.fill_null(""))
    same = (
        (rows.kind == "closed_won")
        & (rows.amount_parts == prices.price_parts)
        & (rows.at_code == prices.price_code)
        & (rows.at_day == prices.price_day)
    )
    return rows.left_join(prices, same)
