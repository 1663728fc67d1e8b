"""Randomised accounts through the whole path, against the same mathematics on counts made with pandas."""

from __future__ import annotations

import pandas as pd
import pytest

from mqlab.analysis.analyze import conclude
from mqlab.analysis.judge import judge
from mqlab.analysis.result_rows import MetricRow
from mqlab.stats.clusters import Accounts, compare, compare_triggered
from mqlab.stats.estimate import Estimate, NotEstimable
from tests.analysis.test_analyze import ZONE
from tests.analysis.world import definitions, protocol, random_facts

DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def world() -> tuple[tuple[MetricRow, ...], pd.DataFrame]:
    """The rows of an analysis by account, and one row per lead with its SQL within 30 days."""
    known, declared = random_facts(12, 500, accounts=90), protocol(unit="account")
    judged = judge(declared, definitions(), known)
    found = conclude(declared, definitions(), known, judged, timezone=ZONE)
    leads = judged.table.to_pandas()
    leads["start"] = leads["assigned_at"].astype("datetime64[us, UTC]").astype("int64")
    log = known.outcomes.to_pandas()
    log = log[log["kind"] == "sql"].merge(leads[["lead_id", "start"]], on="lead_id")
    log["age"] = (log["occurred_at"].astype("datetime64[us, UTC]").astype("int64") - log["start"]) // DAY_US + 1
    deals = known.outcomes.to_pandas()
    deals = deals[deals["kind"].isin(["opportunity", "closed_won"])].merge(leads[["lead_id", "start"]], on="lead_id")
    owner = deals.sort_values(["start", "lead_id"]).drop_duplicates("opportunity_id").set_index("opportunity_id")
    deals = deals[deals["opportunity_id"].map(owner["lead_id"]) == deals["lead_id"]]
    deals["age"] = (deals["occurred_at"].astype("datetime64[us, UTC]").astype("int64") - deals["start"]) // DAY_US + 1
    reached = pd.concat([log, deals])
    reached = reached[(reached["age"] >= 1) & (reached["age"] <= 30)]
    leads["sql"] = leads["lead_id"].isin(reached["lead_id"])
    return found.metrics, leads


@pytest.mark.parametrize("estimator", ["itt", "triggered"])
def test_rows_are_the_clustered_estimate_of_the_accounts(
    world: tuple[tuple[MetricRow, ...], pd.DataFrame], estimator: str
) -> None:
    """Difference and CR2 interval equal those of leads and SQLs summed by account outside the engine."""
    rows, leads = world
    row = next(each for each in rows if each.role == "primary" and each.estimator == estimator)
    arms = []
    for arm in ("control", "challenger"):
        mine = (
            leads[leads["arm"] == arm]
            .groupby("unit")
            .agg(n=("lead_id", "size"), y=("sql", "sum"), stratum=("stratum:challenger", "first"))
        )
        arms.append(Accounts.of(mine["n"], mine["y"], mine["stratum"].isin(["control_first", "arm_first"])))
    contrast = (compare if estimator == "itt" else compare_triggered)(*arms)
    assert not isinstance(contrast, NotEstimable) and isinstance(row.absolute, Estimate)
    expected = contrast.difference(z=1.959963984540054)

    assert row.absolute.value == pytest.approx(expected.value, rel=1e-12)
    assert row.absolute.interval.low == pytest.approx(expected.interval.low, rel=1e-9)
    assert row.control.value == pytest.approx(contrast.control)
    assert row.p_value == pytest.approx(contrast.p_value())
