"""Remembered SQL: the same question to another data set is answered from that data set."""

from __future__ import annotations

from dataclasses import replace

import ibis
import pyarrow as pa

from mqlab.analysis.analyze import lead_rows
from mqlab.analysis.judge import judge
from mqlab.analysis.maturity import clock
from mqlab.analysis.outcome_rows import outcome_rows
from mqlab.warehouse import sufficient
from mqlab.warehouse.compiled import fetched
from mqlab.warehouse.dataset import STAGES, Dataset, Money, Plan, build
from tests.analysis.world import definitions, protocol, random_facts

ARMS = ("control", "challenger")


def dataset(seed: int) -> Dataset:
    """The data set of a random funnel."""
    known = random_facts(seed, 120)
    judged = judge(protocol(), definitions(), known)
    time = clock(known.outcomes, known.as_of)
    rows = outcome_rows(known.outcomes, judged.person, currency="EUR", lab_currency="EUR", exchange=None)
    plan = Plan(time.as_of_us, time.cut_off_us, effort_horizons=(60,), money=(Money(60, 2_000_000),))
    return build(lead_rows(protocol(), definitions(), judged), rows.table, plan)


def test_the_same_question_to_two_data_sets_has_two_answers() -> None:
    """SQL that was compiled for one data set reads the rows of the one that is asked, also where both are open."""
    with dataset(1) as first, dataset(2) as second:
        alone = [sufficient.cells(each, 30, arms=ARMS, stratum_of="challenger") for each in (first, second)]
        again = [sufficient.cells(each, 30, arms=ARMS, stratum_of="challenger") for each in (first, second)]

    assert alone[0] != alone[1]
    assert again == alone


def test_what_is_fetched_is_what_ibis_fetches() -> None:
    """Rows and types are those of Ibis' own `to_pyarrow`, sums of DuckDB's wide integers included."""
    with dataset(1) as data:
        leads = data.leads
        asked = leads.group_by(leads.arm).aggregate(
            n=leads.count(), days=leads.follow_up.sum(), wide=leads.money_0.cast("decimal(38, 0)").sum().cast("string")
        )
        expression = asked.order_by("arm")

        assert fetched(expression) == expression.to_pyarrow()


def test_the_tables_have_the_columns_that_questions_expect() -> None:
    """Instants, ages, amounts and counts are 64-bit integers whatever the rows hold."""
    with dataset(1) as data:
        types = data.leads.schema()
        names = [*(f"age_{stage}" for stage in STAGES), "follow_up", "age_qualified", "responded_us", "touches"]

        assert {types[name] for name in (*names, "money_0", "effort_60", "outcomes")} == {ibis.dtype("int64")}
        assert data.outcomes.schema()["age"] == ibis.dtype("int64")
        assert data.outcomes.schema()["crosses_arms"] == ibis.dtype("boolean")


def test_another_plan_is_another_data_set() -> None:
    """A later cut-off is read anew, not from the SQL remembered for the earlier one."""
    known = random_facts(1, 120)
    judged = judge(protocol(), definitions(), known)
    time = clock(known.outcomes, known.as_of)
    rows: pa.Table = outcome_rows(
        known.outcomes, judged.person, currency="EUR", lab_currency="EUR", exchange=None
    ).table
    leads = lead_rows(protocol(), definitions(), judged)
    late = Plan(time.as_of_us, time.cut_off_us)
    early = replace(late, cut_off_us=time.cut_off_us - 80 * 86_400_000_000)

    with build(leads, rows, early) as first, build(leads, rows, late) as second:
        followed = [int(each.leads.follow_up.sum().to_pyarrow().as_py()) for each in (first, second)]

    assert followed[0] < followed[1]
