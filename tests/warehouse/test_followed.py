"""How long leads were followed and when they converted, against the one-row-per-lead table."""

from __future__ import annotations

from collections import Counter

import pytest

from mqlab.analysis.analyze import lead_rows
from mqlab.analysis.judge import judge
from mqlab.analysis.maturity import clock
from mqlab.analysis.outcome_rows import outcome_rows
from mqlab.leads.instants import DAY_US
from mqlab.warehouse.dataset import Plan, build
from mqlab.warehouse.followed import followed
from tests.analysis.world import definitions, protocol, random_facts

ARMS = ("control", "challenger")
DAYS_SHORT = 112
"""How long before the end of the data the world is looked at: its leads have been followed for 11 to 40 days."""


@pytest.fixture(scope="module")
def dataset():
    """A random funnel as the warehouse holds it, looked at before everybody is mature."""
    known = random_facts(5, 400)
    judged = judge(protocol(), definitions(), known)
    time = clock(known.outcomes, known.as_of)
    rows = outcome_rows(known.outcomes, judged.person, currency="EUR", lab_currency="EUR", exchange=None)
    cut_off_us = time.cut_off_us - DAYS_SHORT * DAY_US
    with build(lead_rows(protocol(), definitions(), judged), rows.table, Plan(time.as_of_us, cut_off_us)) as built:
        yield built


@pytest.mark.parametrize("stage", ["sql", "won", "mql"])
def test_every_lead_is_counted_once_with_its_own_follow_up(dataset, stage: str) -> None:
    """Follow-up is whole days up to the horizon; a conversion counts from age 1 up to what was followed."""
    leads = dataset.leads.to_pyarrow().to_pandas()
    age = leads["age_qualified" if stage == "mql" else f"age_{stage}"]
    expected: Counter[tuple[str, int, int]] = Counter()
    for arm, days, at in zip(leads["arm"], leads["follow_up"], age, strict=True):
        capped = max(0, min(int(days), 30))
        expected[arm, capped, int(at) if at == at and at is not None and 1 <= at <= capped else 0] += 1

    found: Counter[tuple[str, int, int]] = Counter()
    for row in followed(dataset, stage, 30, arms=ARMS):
        found[row.arm, row.follow_up, row.converted] += row.leads

    assert found == expected
    assert any(0 < days < 30 for _, days, _ in found)


def test_an_earlier_cut_off_knows_no_later_lead_and_no_later_conversion(dataset) -> None:
    """What an earlier look saw is what the same leads' ages say of that day."""
    cut_off_us = dataset.plan.cut_off_us - 12 * DAY_US
    leads = dataset.leads.to_pyarrow().to_pandas()
    leads = leads[leads["assigned_us"] <= cut_off_us]
    days = (cut_off_us - leads["assigned_us"]) // DAY_US

    rows = followed(dataset, "sql", 30, arms=ARMS, cut_off_us=cut_off_us)

    assert sum(row.leads for row in rows) == len(leads)
    assert sum(row.leads for row in rows if row.converted) == int((leads["age_sql"] <= days.clip(upper=30)).sum())


def test_accounts_strata_and_segments_split_the_same_leads(dataset) -> None:
    """Every further key only divides the rows."""
    plain = sum(row.leads for row in followed(dataset, "sql", 30, arms=ARMS))
    split = followed(dataset, "sql", 30, arms=ARMS, stratum_of="challenger", segment="source", by_unit=True)

    assert sum(row.leads for row in split) == plain
    assert all(row.unit and row.stratum for row in split)
