"""Definitions, sources, kinds and costs of a quarter: parts of one cohort, counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.analysis.quarter.cohort import NEVER
from mqlab.analysis.quarter.costs import Prices, Spending, spending
from mqlab.analysis.quarter.funnel import Step, TooEarly
from mqlab.analysis.quarter.kinds import by_kind, by_source
from mqlab.analysis.quarter.performance import performances
from mqlab.experiments.protocol import Costs
from mqlab.stats.estimate import NotEstimable
from tests.analysis.quarter.hand_made import cohort

ROWS = [
    {"source": "event", "definition": "a@1.0.0", "experiment": "x", "path": "score", "mql": 1, "sal": 2, "sql": 9,
     "won": 50, "revenue_minor": 90_000},
    {"source": "event", "definition": "b@1.0.0", "experiment": "x", "path": "fast_track:demo", "mql": 1},
    {"source": "organic", "definition": "a@1.0.0", "path": "score", "mql": 2, "sql": 40},
    {"source": "organic", "definition": "a@1.0.0"},
    {"source": None, "definition": None, "mql": 5},
]  # fmt: skip
PRICES = Prices(Costs((("event", Decimal(60)), ("organic", Decimal(10))), Decimal(40)), "x", "EUR")


def spent(
    prices: Prices | None = PRICES, *, cut_off: datetime | None = None, no_money: NotEstimable | None = None
) -> Spending:
    """The costs of the five leads."""
    found = cohort(ROWS) if cut_off is None else cohort(ROWS, cut_off=cut_off)
    return spending(found, prices, currency="EUR", minor=100, no_money=no_money)


def test_a_lead_counts_for_the_version_that_governed_it():
    """Of three leads of `a` one was in the experiment, two were MQLs, two SQLs; one lead had no definition."""
    found = {one.definition: one for one in performances(cohort(ROWS), cohort(ROWS[:1]))}
    one = found["a@1.0.0"]
    sql = one.steps["sql"]

    assert list(found) == ["a@1.0.0", "b@1.0.0", None]
    assert (one.leads, one.last_leads, dict(one.experiments), one.in_force_leads) == (3, 1, {"x": 1}, 2)
    assert isinstance(sql, Step) and (sql.everybody, sql.leads) == (2, 3)


def test_sources_and_kinds_are_parts():
    """Every lead has one source, every MQL one path; who was handed over by hand has none."""
    this = cohort(ROWS)
    sources, kinds = by_source(this, this), by_kind(this, this)

    assert [(one.name, one.leads) for one in sources] == [("event", 2), ("organic", 2), (None, 1)]
    assert [(one.name, one.leads) for one in kinds] == [("score", 2), ("fast_track:demo", 1), (None, 1)]


def test_what_leads_cost_by_hand():
    """Two event leads at 60 and two MQLs at 40 are 200; one SQL and one win of 900: 4.5 for each unit spent."""
    found = {row.name: row for row in spent().rows}
    event, organic, unknown = found["event"], found["organic"], found[None]

    assert (event.spend, event.per_lead, event.per_mql, event.per_sql, event.per_win) == (200, 60, 100, 200, 200)
    assert (event.revenue, event.back) == (900, 4.5)
    assert (organic.spend, organic.per_sql) == (60, 60)
    assert isinstance(organic.per_win, NotEstimable) and organic.back == 0
    assert unknown.unpriced == 1 and isinstance(unknown.per_mql, NotEstimable)


def test_all_sources_together_are_those_with_a_price():
    """The lead of no known source, its MQL included, is in no sum, and is told."""
    found = spent().together

    assert (found.leads, found.unpriced, found.mqls, found.sqls, found.wins) == (5, 1, 3, 2, 1)
    assert (found.spend, found.per_lead, found.per_sql, found.back) == (260, 35, 130, pytest.approx(900 / 260))


def test_without_prices_revenue_stands_alone():
    """What nobody priced costs nothing that could be told, and is not free."""
    found = spent(None)

    assert all(isinstance(row.per_lead, NotEstimable) and isinstance(row.per_sql, NotEstimable) for row in found.rows)
    assert found.together.revenue == 900
    assert found.together.leads == found.together.unpriced == 5


def test_too_early_has_a_date_in_place_of_an_amount():
    """When SQLs are due and wins are not, a cost per SQL stands and a cost per win does not."""
    found = spent(cut_off=datetime(2027, 1, 1, tzinfo=UTC)).together

    assert found.per_sql == 130
    assert (
        isinstance(found.per_win, TooEarly) and isinstance(found.back, TooEarly) and isinstance(found.revenue, TooEarly)
    )


def test_two_currencies_are_not_divided_by_each_other():
    """Costs in dollars and revenue in euros make no return."""
    prices = Prices(PRICES.costs, "x", "USD")

    assert isinstance(spent(prices).together.back, NotEstimable)


row = st.fixed_dictionaries(
    {"source": st.sampled_from(["event", "organic", "mail", None]), "definition": st.sampled_from(["a@1.0.0", None])},
    optional={
        "mql": st.integers(1, 90), "sql": st.integers(1, 90), "won": st.integers(1, 300),
        "path": st.sampled_from(["score", None]),
    },
)  # fmt: skip


@given(st.lists(row, max_size=30))
def test_parts_add_up_to_the_whole(rows: list[dict[str, object]]):
    """Leads by source and by definition are the cohort, MQLs by kind its MQLs, spends and wins by source their sums."""
    this = cohort(rows)
    mqls = sum(one.get("mql", NEVER) <= 60 for one in rows)  # type: ignore[operator]
    costs = spending(this, PRICES, currency="EUR", minor=100, no_money=None)

    assert sum(one.leads for one in by_source(this, this)) == this.count == len(rows)
    assert sum(one.leads for one in performances(this, this)) == len(rows)
    assert sum(one.leads for one in by_kind(this, this)) == mqls
    assert costs.together.spend == sum(one.spend for one in costs.rows if isinstance(one.spend, float))
    assert costs.together.leads == len(rows)
