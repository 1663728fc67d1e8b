"""What people ask for first: which rows stand for it, and that each has its meaning beside it."""

from __future__ import annotations

from dataclasses import replace

from mqlab.reports.asked import asked, asked_table
from mqlab.stats.estimate import NotEstimable
from tests.reports.samples import ship


def test_the_lifts_per_lead_come_before_those_of_the_lists() -> None:
    """SQL and won per assigned lead, then MQL→SQL and the volume; each with its meaning and by what decides."""
    found = asked(ship(), "challenger")

    assert [(each.name, each.causal, each.row.estimator) for each in found] == [
        ("SQLs of 1,000 leads", True, "triggered"),
        ("Won of 1,000 leads", True, "triggered"),
        ("MQL→SQL", False, "triggered"),
        ("MQLs of 1,000 leads", False, "itt"),
    ]
    assert found[0].meaning == "More or fewer SQLs from the same leads: what changing the definition does."
    assert "no effect" in found[2].meaning


def test_no_guardrail_stands_for_a_metric_that_has_another_row() -> None:
    """A guardrail's row stands in only where no other tells the metric, a reason only where there is no number."""
    base = ship()
    only = tuple(row for row in base.metrics if row.metric != "won_per_lead" or row.role == "guardrail")
    none = NotEstimable("no_variation")
    gone = tuple(
        replace(row, relative=none) if (row.metric, row.estimator) == ("won_per_lead", "triggered") else row
        for row in base.metrics
    )

    assert [each.row.role for each in asked(base, "challenger")[1:2]] == ["then"]
    assert [each.row.role for each in asked(replace(base, metrics=only), "challenger")[1:2]] == ["guardrail"]
    assert [each.row.estimator for each in asked(replace(base, metrics=gone), "challenger")[1:2]] == ["itt"]


def test_a_primary_of_another_kind_leads() -> None:
    """An experiment that decides by revenue shows revenue first, and the usual questions after it."""
    rows = tuple(replace(row, primary=row.metric == "revenue_per_lead") for row in ship().metrics)
    found = asked(replace(ship(), metrics=rows), "challenger")

    assert (found[0].name, found[0].row.metric) == ("Revenue per lead", "revenue_per_lead")
    assert found[0].meaning == "What the experiment was declared to decide by."
    assert [each.row.metric for each in found[1:3]] == ["sql_per_lead", "won_per_lead"]


def test_without_rows_there_is_no_table() -> None:
    """Nothing known is no empty table."""
    assert asked_table(replace(ship(), metrics=()), "challenger") is None


def test_the_table_names_horizons_and_units() -> None:
    """Each line says of what and within how many days."""
    table = asked_table(ship(), "challenger")
    assert table is not None

    assert [row[0].text for row in table.rows] == [
        "SQLs per 1,000 assigned leads within 60 days",
        "Deals won per 1,000 assigned leads within 180 days",
        "MQL→SQL within 60 days",
        "MQLs per 1,000 assigned leads within 60 days",
    ]
