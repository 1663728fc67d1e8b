"""The one-row-per-lead table against an independent recomputation in pandas, and its rules one by one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from mqlab.analysis.analyze import lead_rows
from mqlab.analysis.judge import judge
from mqlab.analysis.maturity import clock
from mqlab.analysis.outcome_rows import outcome_rows
from mqlab.warehouse import census, sufficient
from mqlab.warehouse.dataset import Money, Plan, build
from tests.analysis.world import DAY, START, definitions, facts, protocol, random_facts

DAY_US = 86_400_000_000
IMPLIED = {
    "sql": ["sql", "opportunity", "closed_won"],
    "opportunity": ["opportunity", "closed_won"],
    "won": ["closed_won"],
}
CAP = 2_000_000


@pytest.fixture(scope="module", params=[pytest.param(2, id="seed 2")])
def funnel(request: pytest.FixtureRequest):
    """A random funnel as the warehouse holds it, beside its facts."""
    known = random_facts(request.param, 350)
    judged = judge(protocol(), definitions(), known)
    time = clock(known.outcomes, known.as_of)
    rows = outcome_rows(known.outcomes, judged.person, currency="EUR", lab_currency="EUR", exchange=None)
    plan = Plan(time.as_of_us, time.cut_off_us, effort_horizons=(60,), money=(Money(60, CAP), Money(30, None)))
    leads = lead_rows(protocol(), definitions(), judged)
    with build(leads, rows.table, plan) as dataset:
        yield known, leads, plan, dataset


def recomputed(known: Any, leads: pa.Table, plan: Plan) -> pd.DataFrame:
    """What the table must hold, computed lead by lead from the raw facts."""
    log = known.outcomes.to_pandas()
    log["at"] = log["occurred_at"].astype("datetime64[us, UTC]").astype("int64")
    start = dict(zip(leads["lead_id"].to_pylist(), leads["assigned_us"].to_pylist(), strict=True))
    log = log[log["lead_id"].isin(start)]
    log = log.assign(start=log["lead_id"].map(start))
    owner = (
        log[log["opportunity_id"].notna()]
        .sort_values(["start", "lead_id"])
        .drop_duplicates("opportunity_id")
        .set_index("opportunity_id")["lead_id"]
    )
    foreign = log["opportunity_id"].notna() & (log["opportunity_id"].map(owner) != log["lead_id"])
    log = log[~foreign & (log["at"] >= log["start"]) & (log["at"] <= plan.cut_off_us)]
    log = log.assign(age=(log["at"] - log["start"]) // DAY_US + 1)
    rows = []
    groups = dict(list(log.groupby("lead_id")))
    for lead_id in leads["lead_id"].to_pylist():
        mine = groups.get(lead_id, log[:0])
        row: dict[str, Any] = {"lead_id": lead_id, "follow_up": (plan.cut_off_us - start[lead_id]) // DAY_US}
        for stage in ("accepted", "rejected", "meeting", "sql", "opportunity", "won"):
            row[f"age_{stage}"] = mine.loc[mine["kind"].isin(IMPLIED.get(stage, [stage])), "age"].min()
        won = mine[mine["kind"] == "closed_won"].sort_values("at").drop_duplicates("opportunity_id")
        minor = (won["amount"].astype(float) * 100).round().astype("int64")
        row["money_0"] = int(minor[won["age"] <= 60].clip(upper=CAP).sum())
        row["money_1"] = int(minor[won["age"] <= 30].sum())
        touch = mine[mine["kind"].isin(["touched", "meeting"]) & (mine["age"] <= 60)]
        row["effort_60"] = int(touch["quantity"].fillna(1.0).sum() * 1000)
        rows.append(row)
    return pd.DataFrame(rows)


def test_every_lead_is_what_pandas_says_it_is(funnel) -> None:
    """Ages, follow-up, capped money and effort of every lead equal an independent recomputation."""
    known, leads, plan, dataset = funnel
    expected = recomputed(known, leads, plan).sort_values("lead_id").reset_index(drop=True)
    found = dataset.leads.order_by("lead_id").to_pyarrow().to_pandas()[list(expected.columns)]

    assert len(found) > 250
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_the_counts_are_those_of_the_leads(funnel) -> None:
    """Each GROUP BY equals the same counts made with pandas from the table, stratum by stratum."""
    _, _, _, dataset = funnel
    table = dataset.leads.to_pyarrow().to_pandas()
    for horizon in (30, 60):
        mature = table[table["follow_up"] >= horizon]
        for cell in sufficient.cells(dataset, horizon, arms=("control", "challenger"), stratum_of="challenger"):
            mine = mature[(mature["arm"] == cell.arm) & (mature["stratum:challenger"] == cell.stratum)]
            mql = mine["age_qualified"] <= horizon

            assert cell.mature == len(mine)
            assert cell.mql == int(mql.sum())
            assert cell.x["won"] == int((mine["age_won"] <= horizon).sum())
            assert cell.mql_x["sql"] == int((mql & (mine["age_sql"] <= horizon)).sum())
    money = {
        (c.arm, c.stratum): c
        for c in sufficient.money(dataset, 0, arms=("control", "challenger"), stratum_of="challenger")
    }
    mature = table[table["follow_up"] >= 60]
    for (arm, stratum), group in mature.groupby(["arm", "stratum:challenger"]):
        amounts = [int(value) for value in group["money_0"]]
        assert money[arm, stratum].total == sum(amounts)
        assert money[arm, stratum].squares == sum(value**2 for value in amounts)
        assert money[arm, stratum].wins == sum(value > 0 for value in amounts)


def test_every_outcome_row_has_one_fate(funnel) -> None:
    """The fates of the outcome rows add up to the log."""
    known, leads, _, dataset = funnel
    fates = census.log(dataset)
    enrolled = set(leads["lead_id"].to_pylist())

    assert sum(row.rows for row in fates) == known.outcomes.num_rows
    outside = sum(lead_id not in enrolled for lead_id in known.outcomes["lead_id"].to_pylist())
    assert sum(row.rows for row in fates if row.fate == "not_enrolled") == outside


def test_units_are_counted_once(funnel) -> None:
    """The census adds up to the leads, whatever their strata."""
    _, leads, _, dataset = funnel

    assert sum(row.units for row in census.census(dataset, ["challenger"])) == leads.num_rows


def one_lead(*outcomes: dict[str, Any], money: tuple[Money, ...] = (Money(60, None),), **lead: Any) -> dict[str, Any]:
    """The row of a single lead assigned at the start, after the given outcomes."""
    known = facts(
        [{"lead_id": "a", "created_at": START, **lead}], outcomes=[{"lead_id": "a", **row} for row in outcomes]
    )
    judged = judge(protocol(), definitions(), known)
    time = clock(known.outcomes, known.as_of)
    rows = outcome_rows(known.outcomes, {}, currency="EUR", lab_currency="EUR", exchange=None)
    plan = Plan(time.as_of_us, time.cut_off_us, effort_horizons=(30,), money=money)
    with build(lead_rows(protocol(), definitions(), judged), rows.table, plan) as dataset:
        return dataset.leads.to_pyarrow().to_pylist()[0]


def test_a_skipped_stage_is_implied_at_the_instant_of_the_later_one() -> None:
    """A deal won implies opportunity and SQL at its own instant, and the first time counts."""
    row = one_lead(
        {"kind": "closed_won", "occurred_at": START + 9 * DAY, "amount": Decimal("5")},
        {"kind": "opportunity", "occurred_at": START + 4 * DAY},
        {"kind": "opportunity", "occurred_at": START + 6 * DAY},
    )

    assert (row["age_sql"], row["age_opportunity"], row["age_won"]) == (5, 5, 10)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        pytest.param(0, 1, id="at assignment"),
        pytest.param(86_399.999999, 1, id="last microsecond of the first day"),
        pytest.param(86_400, 2, id="first microsecond of the second day"),
        pytest.param(30 * 86_400 - 0.000001, 30, id="just within 30 days"),
        pytest.param(30 * 86_400, 31, id="just outside 30 days"),
    ],
)
def test_ages_count_days_of_86400_seconds_from_assignment(seconds: float, age: int) -> None:
    """Age is ⌊(occurred − assigned) / 86 400 s⌋ + 1."""
    assert one_lead({"kind": "sql", "occurred_at": START + timedelta(seconds=seconds)})["age_sql"] == age


def test_money_is_counted_once_per_opportunity_and_frozen_at_the_first_won() -> None:
    """A second won row of the same opportunity changes nothing; another opportunity adds; each deal is capped."""
    row = one_lead(
        {"kind": "closed_won", "occurred_at": START + 2 * DAY, "opportunity_id": "o", "amount": Decimal("100.005")},
        {"kind": "closed_won", "occurred_at": START + 3 * DAY, "opportunity_id": "o", "amount": Decimal("900")},
        {"kind": "closed_won", "occurred_at": START + 4 * DAY, "opportunity_id": "p", "amount": Decimal("500")},
        money=(Money(60, None), Money(60, 20_000), Money(3, None)),
    )

    assert (row["money_0"], row["money_1"], row["money_2"]) == (10_001 + 50_000, 10_001 + 20_000, 10_001)


def test_the_amount_is_that_of_the_first_won_row_that_states_one() -> None:
    """A win told without an amount has its own date and the amount of the first row that states one."""
    row = one_lead(
        {"kind": "closed_won", "occurred_at": START + 2 * DAY, "opportunity_id": "o"},
        {"kind": "closed_won", "occurred_at": START + 5 * DAY, "opportunity_id": "o", "amount": Decimal("70")},
        {"kind": "closed_won", "occurred_at": START + 8 * DAY, "opportunity_id": "o", "amount": Decimal("900")},
        {"kind": "closed_won", "occurred_at": START + 9 * DAY, "opportunity_id": "p"},
        money=(Money(60, None), Money(3, None), Money(2, None)),
    )

    assert (row["money_0"], row["money_1"], row["money_2"]) == (7_000, 7_000, 0)


def test_an_outcome_before_assignment_implies_nothing() -> None:
    """What was known before the lead is kept in the log and leaves no trace in the table."""
    row = one_lead({"kind": "closed_won", "occurred_at": START - DAY, "amount": Decimal("5")})

    assert (row["age_sql"], row["age_won"], row["money_0"], row["outcomes"]) == (None, None, 0, 0)


def test_an_opportunity_belongs_to_the_lead_assigned_first() -> None:
    """Of two leads that name one opportunity only the earlier has its deal, and the two arms are told."""
    leads = [{"lead_id": f"L{index}", "created_at": START + index * DAY} for index in range(8)]
    outcomes = [
        {
            "lead_id": row["lead_id"],
            "kind": "closed_won",
            "occurred_at": START + 20 * DAY,
            "opportunity_id": "o",
            "amount": Decimal(1),
        }
        for row in leads
    ]
    known = facts(leads, outcomes=outcomes)
    judged = judge(protocol(), definitions(), known)
    rows = outcome_rows(known.outcomes, {}, currency="EUR", lab_currency="EUR", exchange=None)
    time = clock(known.outcomes, known.as_of)
    with build(
        lead_rows(protocol(), definitions(), judged), rows.table, Plan(time.as_of_us, time.cut_off_us)
    ) as dataset:
        won = dataset.leads.filter(dataset.leads.age_won.notnull()).lead_id.to_pyarrow().to_pylist()
        crossing = sum(row.crossing for row in census.log(dataset))

    assert won == ["L0"]
    assert crossing == 1


def test_nothing_in_gives_nothing_out() -> None:
    """Without leads and outcomes every statistic is empty, and nothing fails."""
    known = facts([])
    judged = judge(protocol(), definitions(), known)
    rows = outcome_rows(known.outcomes, {}, currency="EUR", lab_currency="EUR", exchange=None)
    time = clock(known.outcomes, known.as_of)
    plan = Plan(time.as_of_us, time.cut_off_us, effort_horizons=(30,), money=(Money(30, None),))
    with build(lead_rows(protocol(), definitions(), judged), rows.table, plan) as dataset:
        assert sufficient.cells(dataset, 30, arms=("control", "challenger"), stratum_of="challenger") == ()
        assert sufficient.money(dataset, 0, arms=("control",)) == ()
        assert census.log(dataset) == census.census(dataset, ["challenger"]) == ()


def test_sums_of_squares_are_exact_beyond_doubles() -> None:
    """Σy² of large amounts is exact to the last digit, where a double would round."""
    leads = [{"lead_id": f"L{index}", "created_at": START} for index in range(40)]
    amounts = [Decimal(10_000_000_000 + index) / 100 for index in range(40)]
    outcomes = [
        {"lead_id": f"L{index}", "kind": "closed_won", "occurred_at": START + DAY, "amount": amount}
        for index, amount in enumerate(amounts)
    ]
    known = facts(leads, outcomes=outcomes)
    judged = judge(protocol(), definitions(), known)
    rows = outcome_rows(known.outcomes, {}, currency="EUR", lab_currency="EUR", exchange=None)
    time = clock(known.outcomes, known.as_of)
    plan = Plan(time.as_of_us, time.cut_off_us, money=(Money(30, None),))
    with build(lead_rows(protocol(), definitions(), judged), rows.table, plan) as dataset:
        cells = sufficient.money(dataset, 0, arms=("control", "challenger"))

    assert sum(cell.squares for cell in cells) == sum((10_000_000_000 + index) ** 2 for index in range(40))


def test_the_lateness_is_the_99th_percentile_of_rows_whose_arrival_was_seen() -> None:
    """Backfilled and inferred rows do not count; 1 % of very late rows do not move the cut-off."""
    rows = [
        {
            "lead_id": "a",
            "kind": "sql",
            "occurred_at": START,
            "known_at": START + (index < 99) * DAY + (index >= 99) * 50 * DAY,
        }
        for index in range(100)
    ]
    unseen = [
        {"lead_id": "a", "kind": "sql", "occurred_at": START, "known_at": START + 90 * DAY, "backfill": True}
    ] * 50
    known = facts([], outcomes=rows + unseen)

    assert clock(known.outcomes, known.as_of).lateness_us == DAY_US
    assert clock(facts([], outcomes=unseen).outcomes, known.as_of).lateness_us is None
