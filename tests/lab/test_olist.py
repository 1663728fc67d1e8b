"""The Olist funnel, 8,000 real MQLs and 842 real wins, run as a lab."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from mqlab.analysis.result_rows import MetricRow
from mqlab.lab.analyze import Analysis
from mqlab.stats.estimate import Estimate
from tests.lab.olist_lab import Olist, olist_lab


@pytest.fixture(scope="module")
def run(olist: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Olist:
    """The lab with its data read."""
    return olist_lab(olist, tmp_path_factory.mktemp("olist"), root / "docs" / "olist")


@pytest.fixture(scope="module")
def analysis(run: Olist) -> Analysis:
    """Its one experiment at the last look."""
    return run.lab.analyze("pages-v-channels", as_of=run.as_of)


def row(analysis: Analysis, metric: str, estimator: str = "itt", segment: str | None = None) -> MetricRow:
    return next(
        row
        for row in analysis.result.metrics
        if row.metric == metric and row.estimator == estimator and row.segment == segment
    )


def late_enough(run: Olist) -> pd.DataFrame:
    """The deals with their lead, and whether they were won after the lead's start, computed without mqlab."""
    merged = run.deals.merge(run.leads, on="mql_id", how="left")
    zone = ZoneInfo("America/Sao_Paulo")
    won = pd.to_datetime(merged["won_date"]).dt.tz_localize(zone)
    start = pd.to_datetime(merged["first_contact_date"]).dt.tz_localize(zone, nonexistent="shift_forward")
    return merged.assign(counted=won >= start)


def test_every_row_is_a_fact(run: Olist):
    """Both tables are read whole: 8,000 leads and 842 wins, none quarantined, none without its lead."""
    assert (8000, 8000) == (run.counts["leads"]["read"], run.counts["leads"]["new"])
    assert (842, 842) == (run.counts["outcomes"]["read"], run.counts["outcomes"]["new"])


def test_a_second_reading_changes_nothing(run: Olist, olist: Path, root: Path):
    """The same file again is 842 unchanged rows."""
    from tests.lab.olist_lab import NOW

    again = run.lab.ingest("outcomes", run.lab.folder / "deals.csv", mapping=root / "docs/olist/deals.yaml", now=NOW)

    assert (842, 842) == (again.read, again.unchanged)


def test_every_win_is_counted_or_told(run: Olist, analysis: Analysis):
    """842 wins in the log are 841 counted and 1 before its lead, which is told."""
    won = row(analysis, "won_per_lead")

    counted = (won.control.numerator or 0) + (won.treatment.numerator or 0)

    assert int(late_enough(run)["counted"].sum()) == counted == 841
    assert analysis.result.excluded["outcome_before_assignment"] == 1


def test_wins_by_origin_are_those_of_pandas(run: Olist, analysis: Analysis):
    """Wins and leads of every origin equal a count made with pandas."""
    deals = late_enough(run)
    expected = {
        origin: (int((run.leads["origin"] == origin).sum()), int(group["counted"].sum()))
        for origin, group in deals.groupby("origin")
        if origin
    }

    found = {}
    for one in analysis.result.metrics:
        if one.role == "segment" and one.metric == "won_per_lead" and one.estimator == "itt" and one.segment:
            origin = one.segment.removeprefix("source=")
            wins = (one.control.numerator or 0) + (one.treatment.numerator or 0)
            found[origin] = (one.control.units + one.treatment.units, int(wins))

    assert {origin: found.get(origin) for origin in expected} == expected


def test_revenue_is_that_of_pandas(run: Olist, analysis: Analysis):
    """Realised revenue per assigned lead, each deal up to the cap, equals a mean made with pandas."""
    from mqlab.assignment.position import position

    deals = late_enough(run)
    capped = deals[deals["counted"]].assign(revenue=deals["revenue_delivered_brl"].clip(upper=20_000))
    by_lead = capped.groupby("mql_id")["revenue"].sum()
    in_control = run.leads["mql_id"].map(lambda lead: position(lead, "olist-split") < 2**31)
    revenue = run.leads["mql_id"].map(by_lead).fillna(0)

    found = row(analysis, "revenue_per_lead")

    assert found.control.value == pytest.approx(revenue[in_control].mean(), rel=1e-9)
    assert found.treatment.value == pytest.approx(revenue[~in_control].mean(), rel=1e-9)


def test_the_wins_are_inferred_upwards(analysis: Analysis):
    """A win implies an SQL, so the funnel never widens downwards."""
    stages = {stage.stage: stage.count for stage in analysis.result.funnel if stage.arm == "pages"}

    assert stages["assigned"] >= stages["sql"] >= stages["won"] > 0


def test_it_is_reported(run: Olist, analysis: Analysis):
    """The report of the real funnel is one file that says what the analysis says."""
    path = run.lab.write_report(analysis)

    assert "Do landing pages pick better leads than channels?" in path.read_text(encoding="utf-8")


def test_nobody_acted_so_nothing_is_found(analysis: Analysis):
    """These arms were never acted on: by all leads and by those that differ the interval covers no effect."""
    for estimator in ("itt", "triggered"):
        relative = row(analysis, "won_per_lead", estimator).relative

        assert isinstance(relative, Estimate)
        assert relative.interval.contains(0.0)
