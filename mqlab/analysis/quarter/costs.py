"""What a lead, an MQL, an SQL and a deal cost, by source, and what came back.

The price list is an experiment's `costs`: so much per lead by source, so much per MQL handed over. Spend is what the
quarter's leads cost by it, and is divided by what these same leads reached within the days of each stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mqlab.analysis.feedback.rejections import plain
from mqlab.analysis.quarter.cohort import Cohort, names
from mqlab.analysis.quarter.funnel import TooEarly, too_early
from mqlab.experiments.protocol import Costs
from mqlab.stats.estimate import NotEstimable

NO_PRICES = NotEstimable("no_costs", "No experiment of the quarter states what leads cost.")
NOTHING_SPENT = NotEstimable("nothing_spent", "Nothing was spent.")
NOBODY = NotEstimable("no_units", "No lead reached the stage.")

Money = float | NotEstimable | TooEarly


@dataclass(frozen=True, slots=True)
class Prices:
    """A price list and the experiment it is from; `others` are experiments of the quarter that state another one."""

    costs: Costs
    experiment: str
    currency: str
    others: tuple[str, ...] = ()

    def of(self, source: str | None) -> Decimal | None:
        """What a lead of a source costs; None where the list says nothing of it."""
        listed = dict(self.costs.lead)
        return listed.get(source or "", listed.get("default"))


@dataclass(frozen=True, slots=True)
class Spent:
    """The spend on the leads of one source, or on all of them, in currency units.

    `unpriced` leads have no price and are in no sum. `per` divides the spend by what the priced leads reached.
    """

    name: str | None
    leads: int
    unpriced: int
    mqls: int
    sqls: int
    wins: int
    lead_spend: Decimal
    mql_spend: Decimal | TooEarly
    revenue: Money
    early: TooEarly | None
    wins_early: TooEarly | None

    @property
    def spend(self) -> float | TooEarly:
        """On leads and MQLs together."""
        return self.mql_spend if isinstance(self.mql_spend, TooEarly) else float(self.lead_spend + self.mql_spend)

    @property
    def per_lead(self) -> Money:
        """Spend on leads alone, per priced lead."""
        priced = self.leads - self.unpriced
        return float(self.lead_spend) / priced if priced else NO_PRICES

    @property
    def per_mql(self) -> Money:
        """All spend per MQL."""
        return self._per(self.mqls, self.early)

    @property
    def per_sql(self) -> Money:
        """All spend per SQL."""
        return self._per(self.sqls, self.early)

    @property
    def per_win(self) -> Money:
        """All spend per lead won."""
        return self._per(self.wins, self.wins_early)

    @property
    def back(self) -> Money:
        """Revenue per unit of money spent; 1 is what was spent."""
        if isinstance(self.revenue, NotEstimable | TooEarly):
            return self.revenue
        if isinstance(self.spend, TooEarly):
            return self.spend
        return self.revenue / self.spend if self.spend else NOTHING_SPENT

    def _per(self, count: int, early: TooEarly | None) -> Money:
        if self.leads == self.unpriced:
            return NO_PRICES
        if early is not None:
            return early
        if isinstance(self.spend, TooEarly):
            return self.spend
        return self.spend / count if count else NOBODY

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "leads": self.leads,
            "unpriced_leads": self.unpriced,
            "mqls": money_dict(self.early or self.mqls),
            "sqls": money_dict(self.early or self.sqls),
            "wins": money_dict(self.wins_early or self.wins),
            "lead_spend": float(self.lead_spend),
            "spend": money_dict(self.spend),
            "per_lead": money_dict(self.per_lead),
            "per_mql": money_dict(self.per_mql),
            "per_sql": money_dict(self.per_sql),
            "per_win": money_dict(self.per_win),
            "revenue": money_dict(self.revenue),
            "revenue_per_spend": money_dict(self.back),
        }


def money_dict(value: Money | int) -> Any:
    """A number, or why there is none."""
    return value.to_dict() if isinstance(value, TooEarly) else plain(value)


@dataclass(frozen=True, slots=True)
class Spending:
    """Every source, and all of them together; without `prices` nobody said what anything costs."""

    prices: Prices | None
    currency: str
    rows: tuple[Spent, ...]
    together: Spent

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "currency": self.currency,
            "prices_of": None if self.prices is None else self.prices.experiment,
            "other_prices": [] if self.prices is None else list(self.prices.others),
            "by_source": [row.to_dict() for row in self.rows],
            "together": self.together.to_dict(),
        }


def spending(
    cohort: Cohort, prices: Prices | None, *, currency: str, minor: int, no_money: NotEstimable | None
) -> Spending:
    """Costs by source. Revenue is in `currency`, `minor` units to one; `no_money` says why there is none to tell."""
    if prices is not None and prices.currency != currency:
        no_money = no_money or NotEstimable("two_currencies", f"Costs are in {prices.currency}, revenue in {currency}.")
    sources = names(cohort.leads.source)
    rows = [_spent(name, cohort.of(cohort.leads.source == name), prices, minor, no_money) for name in sources]
    return Spending(prices, currency, tuple(rows), _together(rows, cohort, no_money))


def _spent(name: str | None, mine: Cohort, prices: Prices | None, minor: int, no_money: NotEstimable | None) -> Spent:
    price = None if prices is None else prices.of(name)
    per_mql = Decimal(0) if prices is None else prices.costs.mql or Decimal(0)
    early, wins_early = too_early(mine, "sql"), too_early(mine, "won")
    counted = price is not None
    mqls, sqls = (int(mine.leads.reached(stage, mine.horizons.sql_days).sum()) for stage in ("mql", "sql"))
    wins = int(mine.leads.reached("won", mine.horizons.won_days).sum())
    return Spent(
        name=name,
        leads=mine.count,
        unpriced=0 if counted else mine.count,
        mqls=mqls,
        sqls=sqls,
        wins=wins,
        lead_spend=mine.count * price if price is not None else Decimal(0),
        mql_spend=early or (mqls * per_mql if counted else Decimal(0)),
        revenue=wins_early or no_money or float(Decimal(int(mine.leads.revenue_minor.sum())) / minor),
        early=early,
        wins_early=wins_early,
    )


def _together(rows: Sequence[Spent], cohort: Cohort, no_money: NotEstimable | None) -> Spent:
    """Every priced source; where none is, all of them, for their revenue."""
    priced = [row for row in rows if row.leads > row.unpriced] or list(rows)
    early, wins_early = too_early(cohort, "sql"), too_early(cohort, "won")
    revenue = [row.revenue for row in priced]
    known = [value for value in revenue if isinstance(value, float)]
    spent = [row.mql_spend for row in priced if isinstance(row.mql_spend, Decimal)]
    return Spent(
        name=None,
        leads=sum(row.leads for row in rows),
        unpriced=sum(row.unpriced for row in rows),
        mqls=sum(row.mqls for row in priced),
        sqls=sum(row.sqls for row in priced),
        wins=sum(row.wins for row in priced),
        lead_spend=sum((row.lead_spend for row in priced), Decimal(0)),
        mql_spend=early or sum(spent, Decimal(0)),
        revenue=wins_early or no_money or sum(known),
        early=early,
        wins_early=wins_early,
    )
