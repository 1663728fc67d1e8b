"""An opportunity that is linked to several leads: whose it is, whom it touches, and what it brings in, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis import analyze as module
from mqlab.analysis.analyze import analyze, lead_rows
from mqlab.analysis.claims import Place, settled
from mqlab.analysis.judge import judge
from mqlab.analysis.maturity import clock
from mqlab.analysis.outcome_rows import outcome_rows
from mqlab.leads.links import LinkKind
from mqlab.leads.tables import CLAIMS, Facts
from mqlab.warehouse import census
from mqlab.warehouse.dataset import Money, Plan, build
from tests.analysis.test_analyze import ZONE
from tests.analysis.world import DAY, START, definitions, facts, protocol

LEADS = [{"lead_id": f"L{number}", "created_at": START + number * DAY} for number in range(6)]
EARLY = {"lead_id": "early", "created_at": START - 30 * DAY}


def linked(claims: Sequence[tuple[str, LinkKind, str]], *, owner: str = "L5") -> Facts:
    """Leads, one of them from before the enrolment, and a deal won by whom the ledger says, and who claims it."""
    won = {"lead_id": owner, "kind": "closed_won", "occurred_at": START + 20 * DAY, "opportunity_id": "o"}
    opened = {**won, "kind": "opportunity", "occurred_at": START + 15 * DAY}
    known = facts([EARLY, *LEADS], outcomes=[{**won, "amount": Decimal(70)}, opened])
    rows = [{"opportunity_id": name, "kind": int(kind), "lead_id": lead} for name, kind, lead in claims]
    return replace(known, claims=pa.Table.from_pylist(rows, schema=CLAIMS))


def whose(found: Facts, places: dict[str, Place]) -> tuple[set[str], int]:
    """The lead that the deal's rows stand at, and how many deals touch two arms."""
    own = settled(found, {}, lambda leads: {lead: places[lead] for lead in leads if lead in places})
    return set(own.outcomes["lead_id"].to_pylist()), own.crossing


PLACES = {"L1": ("a", 2), "L2": ("b", 1), "L3": ("a", 3)}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param([], ({"L5"}, 0), id="nobody else"),
        pytest.param([("L1", 3), ("L2", 3)], ({"L2"}, 1), id="the one assigned first, of two arms"),
        pytest.param([("L1", 3), ("L3", 3)], ({"L1"}, 0), id="two of one arm"),
        pytest.param([("L1", 1), ("L2", 3)], ({"L1"}, 1), id="the better link, though assigned later"),
        pytest.param([("early", 3), ("L3", 3)], ({"L3"}, 0), id="the one that is assigned at all"),
        pytest.param([("early", 1), ("L3", 3)], ({"L5"}, 0), id="a better link of one that is not"),
    ],
)
def test_an_opportunity_belongs_to_the_lead_assigned_first_of_those_with_the_best_link(
    claims: list[tuple[str, int]], expected: tuple[set[str], int]
):
    """The kind of link goes first, then who was assigned first; leads of two arms are told."""
    rows = [("o", LinkKind(kind), lead) for lead, kind in claims]
    if rows:
        rows.append(("o", LinkKind(min(kind for _, kind, _ in rows)), "L5"))

    assert whose(linked(rows), PLACES) == expected


def test_rows_that_name_another_arm_s_lead_are_counted_once():
    """Where rows name a lead of the other arm themselves, the data set counts the deal, and this does not."""
    found = linked([("o", LinkKind.ROLE, "L1"), ("o", LinkKind.ROLE, "L5")])
    other = {"lead_id": "L2", "kind": "reopened", "occurred_at": START + 25 * DAY, "opportunity_id": "o"}
    stated = facts([EARLY, *LEADS], outcomes=[other]).outcomes
    both = replace(found, outcomes=pa.concat_tables([found.outcomes, stated]))

    assert whose(found, PLACES | {"L5": ("b", 9)})[1] == 1
    assert whose(both, PLACES | {"L5": ("b", 9)})[1] == 0


CLAIMED = st.lists(
    st.tuples(st.just("o"), st.sampled_from(list(LinkKind)), st.sampled_from(["early", *(f"L{n}" for n in range(6))])),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(CLAIMED, st.randoms(use_true_random=False))
def test_revenue_is_counted_once_whatever_the_number_of_links(claims, random):
    """A deal brings its amount to one lead, or to none where its lead is in no arm, whatever links it to how many."""
    best = min((kind for _, kind, _ in claims), default=LinkKind.ROLE)
    found = linked([*claims, ("o", best, "L5")])
    judged = judge(protocol(), definitions(), found)
    own = settled(found, judged.person, lambda leads: module.places(judged.table, leads))
    rows = outcome_rows(own.outcomes, judged.person, currency="EUR", lab_currency="EUR", exchange=None)
    time = clock(found.outcomes, found.as_of)
    plan = Plan(time.as_of_us, time.cut_off_us, money=(Money(60, None),))
    with build(lead_rows(protocol(), definitions(), judged), rows.table, plan) as dataset:
        revenue = [row for row in dataset.leads.select("lead_id", "money_0").to_pyarrow().to_pylist() if row["money_0"]]
        fates = sum(row.rows for row in census.log(dataset))

    shuffled = [*claims, *claims[:2]]
    random.shuffle(shuffled)
    again = settled(linked([*shuffled, ("o", best, "L5")]), {}, lambda leads: module.places(judged.table, leads))
    first = min(lead for _, kind, lead in [*claims, ("o", best, "L5")] if kind == best and lead != "early")
    assert revenue == [{"lead_id": first, "money_0": 7_000}]
    assert fates == 2
    assert again.outcomes == own.outcomes


@pytest.mark.parametrize("many", [pytest.param(10_000, id="in Python"), pytest.param(0, id="in the engine")])
def test_an_analysis_says_how_many_opportunities_touch_two_arms(many: int, monkeypatch: pytest.MonkeyPatch):
    """The check `cross_arm` counts them, wherever the leads are judged."""
    monkeypatch.setattr(module, "MANY_LEADS", many)
    found = linked([("o", LinkKind.ROLE, row["lead_id"]) for row in LEADS])

    result = analyze(protocol(), definitions(), found, timezone=ZONE)
    alone = analyze(protocol(), definitions(), linked([]), timezone=ZONE)

    said = [next(check for check in one.checks if check.check == "cross_arm") for one in (result, alone)]
    assert [(one.status, one.detail) for one in said] == [
        ("warn", "1 opportunity touches two arms and counts for the lead assigned first"),
        ("pass", "no lead and no opportunity touches two arms"),
    ]
