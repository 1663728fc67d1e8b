"""The funnel of a quarter, counted by hand, and what must hold whatever the leads did."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.analysis.quarter.cohort import PATH
from mqlab.analysis.quarter.funnel import Furthest, Step, TooEarly, funnel, furthest, reached
from mqlab.leads.instants import instant
from mqlab.stats import binary
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z
from tests.analysis.quarter.hand_made import AGES, END, cohort

TEN = [
    {},
    {},
    {"mql": 3},
    {"mql": 3, "sal": 5},
    {"mql": 70, "sal": 75, "sql": 80},
    {"mql": 1, "sql": 20},
    {"mql": 1, "sal": 2, "sql": 10, "opportunity": 100},
    {"mql": 1, "sal": 2, "sql": 10, "opportunity": 100, "won": 180},
    {"mql": 1, "sal": 2, "won": 181},
    {"sql": 30},
]
"""Ten leads: two did nothing, one stayed an MQL, one was accepted, one came too late for 60 days, one was an SQL that
sales never accepted, one got to an opportunity, one was won on the last day, one a day too late, one was never an MQL.
"""


def test_ten_leads_stage_by_stage():
    """Whoever reached a stage counts per lead; among MQLs each stage is a part of the one before."""
    found = funnel(cohort(TEN), cohort([]))

    counted = {row.stage: (row.this.everybody, row.this.reached, row.this.before) for row in found.rows
               if isinstance(row.this, Step)}  # fmt: skip

    assert counted == {
        "mql": (6, 6, 10),
        "sal": (6, 5, 6),
        "sql": (4, 3, 5),
        "opportunity": (2, 2, 4),
        "won": (1, 1, 2),
    }


def test_each_lead_stands_once_where_it_got_to():
    """The parts add up to the ten; a lead that became an SQL without being an MQL stands apart."""
    found = furthest(cohort(TEN))

    assert found.counts == {
        "unqualified": 3,
        "without_mql": 1,
        "mql": 1,
        "sal": 2,
        "sql": 3,
        "opportunity": 0,
        "won": 0,
    }


def test_a_quarter_without_leads_has_reasons_in_place_of_rates():
    """Nothing is 0% of nothing."""
    row = funnel(cohort([]), cohort(TEN)).row("sql")

    assert isinstance(row.this, Step)
    assert isinstance(row.this.rate, NotEstimable) and isinstance(row.this.conversion, NotEstimable)
    assert isinstance(row.change, NotEstimable)


@pytest.mark.parametrize(
    ("cut_off", "early"),
    [
        pytest.param(END, ["mql", "sal", "sql", "opportunity", "won"], id="at the quarter's end"),
        pytest.param(
            datetime(2026, 11, 29, 23, 59, 59, 999999, tzinfo=UTC), ["opportunity", "won"], id="60 days later"
        ),
        pytest.param(datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC), [*PATH], id="a moment before"),
        pytest.param(datetime(2027, 3, 30, tzinfo=UTC), [], id="180 days later"),
    ],
)
def test_while_a_lead_has_time_left_there_is_a_date_and_no_number(cut_off: datetime, early: list[str]):
    """A stage is due when the last instant of the quarter has been followed for all its days."""
    found = funnel(cohort(TEN, cut_off=cut_off), cohort(TEN, cut_off=cut_off))

    assert [row.stage for row in found.rows if isinstance(row.this, TooEarly)] == early
    assert isinstance(found.furthest, TooEarly) == ("sql" in early)


def test_the_date_counts_the_lateness_of_feedback_in():
    """60 days after the quarter, and two more until sales has reported them; nine of ten leads are old enough now."""
    rows = [*({"day": 0} for _ in range(9)), {"day": 91}]
    (row,) = [
        row for row in funnel(cohort(rows, cut_off=datetime(2026, 9, 30, tzinfo=UTC), lateness_days=2), cohort([])).rows
        if row.stage == "sql"
    ]  # fmt: skip

    assert isinstance(row.this, TooEarly)
    assert instant(row.this.due_us) == datetime(2026, 12, 1, 23, 59, 59, 999999, tzinfo=UTC)
    assert (row.this.followed, row.this.leads) == (9, 10)


def test_pql_stands_in_the_funnel_only_where_it_is_used():
    """Product-qualified leads have a row beside the MQLs where sales reports any in either quarter."""
    with_pql = [{"pql": 4}, {"pql": 90}, {"mql": 2}]

    assert "pql" not in [row.stage for row in funnel(cohort(TEN), cohort(TEN)).rows]
    assert [row.stage for row in funnel(cohort(TEN), cohort(with_pql)).rows][:2] == ["mql", "pql"]
    assert reached(cohort(with_pql), "pql").reached == 1


def test_the_change_is_this_quarter_s_rate_less_last_quarter_s():
    """30 of 100 after 20 of 100 is ten points more, not fewer, with the score interval of the two counts."""
    this = cohort([{"mql": 1}] * 30 + [{}] * 70)
    last = cohort([{"mql": 1}] * 20 + [{}] * 80)
    change = funnel(this, last).row("mql").change

    assert isinstance(change, Estimate)
    assert change.value == pytest.approx(0.1)
    assert change == binary.difference(binary.Counts(20, 100), binary.Counts(30, 100), z=critical_z(0.05))


lead = st.fixed_dictionaries({}, optional={name: st.integers(1, 400) for name in AGES})


@given(st.lists(lead, max_size=40))
def test_whatever_the_leads_did_the_parts_make_the_whole(rows: list[dict[str, int]]):
    """Stages nest, a part is never more than its whole, and each lead stands once among the furthest."""
    found = cohort(rows)
    steps = {stage: reached(found, stage) for stage in PATH}
    parts = furthest(found)

    assert sum(parts.counts.values()) == len(rows) == parts.leads
    for step in steps.values():
        assert 0 <= step.reached <= step.before <= len(rows)
        assert step.everybody <= len(rows)
    assert steps["mql"].reached >= steps["sal"].reached >= steps["sql"].reached
    assert steps["opportunity"].reached >= steps["won"].reached
    assert isinstance(parts, Furthest) and parts.counts["won"] + parts.counts["opportunity"] <= steps["sql"].reached
