"""What leads, MQLs, SQLs and wins of a quarter cost by source, and what came back."""

from __future__ import annotations

from dataclasses import replace

from mqlab.analysis.quarter.costs import Spending, Spent
from mqlab.analysis.quarter.funnel import TooEarly
from mqlab.analysis.quarter.review import Review
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Column, Section, Table, Text
from mqlab.reports.quarter_cells import Cells, count


def costs(review: Review) -> Section:
    """Cost per lead, MQL, SQL and win, by source, and return."""
    found, cells = review.spending, Cells(review.zone)
    blocks: list[Block] = [Text(_prices(found), "note" if found.prices else "warning")]
    if found.prices is not None and found.prices.others:
        blocks.append(
            Text(f"Other price lists are stated by {', '.join(found.prices.others)}, and were not used.", "warning")
        )
    if not found.rows:
        return Section("costs", "Costs and return", (*blocks, Text("No lead came, so nothing was spent.")))
    if found.prices is not None:
        blocks.append(_table(review, found, cells))
    blocks.append(_back(review, found, cells))
    return Section("costs", "Costs and return", tuple(blocks))


def _prices(found: Spending) -> str:
    if found.prices is None:
        return (
            "No experiment of the quarter states “costs”, so what leads cost is not known. Revenue stands alone below."
        )
    mql = found.prices.costs.mql
    per_mql = f" and {fmt.money(float(mql), found.prices.currency)} per MQL" if mql else ""
    return (
        f"Prices are the “costs” of {found.prices.experiment}: a price per lead by source{per_mql}. The spend on the "
        "quarter's leads is divided by what these same leads reached within the days of each stage, MQL or not."
    )


def _table(review: Review, found: Spending, cells: Cells) -> Table:
    currency = found.prices.currency if found.prices else found.currency
    rows = [(row, f"/costs/by_source/{k}", row.name or "not known") for k, row in enumerate(found.rows)]
    rows.append((found.together, "/costs/together", "all sources with a price"))
    return Table(
        "costs-by-source",
        f"What the leads of {review.quarter.name} cost",
        (
            Column("Source"),
            Column("Leads", True),
            Column("Spend", True),
            Column("Price of a lead", True),
            Column("Per MQL", True),
            Column("Per SQL", True),
            Column("Per win", True),
        ),
        tuple(
            (
                Cell(name),
                count(row.leads, f"{here}/leads"),
                cells.money(row.spend, currency, f"{here}/spend"),
                cells.money(row.per_lead, currency, f"{here}/per_lead"),
                _per(row, here, "mql", currency, cells),
                _per(row, here, "sql", currency, cells),
                _per(row, here, "win", currency, cells),
            )
            for row, here, name in rows
        ),
        _unpriced(found) + f"In brackets how many: MQLs and SQLs within {review.horizons.sql_days} days, wins within "
        f"{review.horizons.won_days} days.",
    )


def _unpriced(found: Spending) -> str:
    leads = found.together.unpriced
    return f"Not in the sums, from sources without a price: {fmt.counted(leads, 'lead')}. " if leads else ""


def _per(row: Spent, here: str, what: str, currency: str, cells: Cells) -> Cell:
    """An amount with how many it was divided by."""
    value = {"mql": row.per_mql, "sql": row.per_sql, "win": row.per_win}[what]
    found = cells.money(value, currency, f"{here}/per_{what}")
    if found.number is None:
        return found
    number = {"mql": row.mqls, "sql": row.sqls, "win": row.wins}[what]
    return replace(found, text=f"{found.text} ({fmt.count(number)})")


def _back(review: Review, found: Spending, cells: Cells) -> Table | Text:
    if isinstance(found.together.wins_early, TooEarly):
        due = fmt.day(cells.day(found.together.wins_early))
        return Text(
            f"Return: too early. The quarter's leads have until {due} to be won within "
            f"{fmt.days(review.horizons.won_days)}; of {fmt.count(found.together.wins_early.leads)} leads "
            f"{fmt.count(found.together.wins_early.followed)} have been followed that long."
        )
    rows = [(row, f"/costs/by_source/{k}", row.name or "not known") for k, row in enumerate(found.rows)]
    rows.append((found.together, "/costs/together", "all sources" + (" with a price" if found.prices else "")))
    priced = found.prices is not None
    return Table(
        "return-by-source",
        f"Revenue won within {fmt.days(review.horizons.won_days)} from the leads of {review.quarter.name}",
        (
            Column("Source"),
            Column("Leads", True),
            Column("Leads won", True),
            Column("Revenue", True),
            *((Column("Revenue per unit spent", True),) if priced else ()),
        ),
        tuple(
            (
                Cell(name),
                count(row.leads, f"{here}/leads"),
                count(row.wins, f"{here}/wins"),
                cells.money(row.revenue, found.currency, f"{here}/revenue"),
                *((cells.times(row.back, f"{here}/revenue_per_spend"),) if priced else ()),
            )
            for row, here, name in rows
        ),
        "Each opportunity counts once, with the amount it was first won with. No cost of sales is in it.",
    )
