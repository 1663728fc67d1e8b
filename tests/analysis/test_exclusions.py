"""The standard exclusions of `eligible`: customers, open opportunities and our own people, on every engine alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.analysis.judge import judge
from mqlab.analysis.judge_in_engine import held_of_facts, held_of_tables, judge_in, readings_for
from mqlab.experiments.exclusions import DealRow, PastDeals
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.view.tables import lab_tables
from tests.analysis.lab_tables import write
from tests.analysis.world import DAY, START, definitions, facts, protocol
from tests.engines import MEMORY, engine_url

EVERYTHING = 'eligible: "not existing_customer and not open_opportunity and not internal"\n'
OURS = ("mine.example",)


def deal(lead: str, kind: str, days: float, own: str | None = "o", late: float = 0) -> dict[str, Any]:
    """An outcome of a deal, so many days after the start, known later."""
    at = START + days * DAY
    return {"lead_id": lead, "kind": kind, "occurred_at": at, "known_at": at + late * DAY, "opportunity_id": own}


def one(*outcomes: dict[str, Any], **lead: Any) -> Facts:
    """A lead that comes on the tenth day, and what was known of an older lead of its account."""
    old = {"lead_id": "old", "created_at": START - 40 * DAY, "account_key": "acme"}
    new = {"lead_id": "new", "created_at": START + 10 * DAY, "account_key": "acme", **lead}
    return facts([old, new], outcomes=outcomes)


def refused(found: Facts, name: str) -> bool:
    """Whether the lead `new` is ineligible by one name; the old one came before the enrolment."""
    plan = protocol(extra=f'eligible: "not {name}"\n')
    judged = judge(plan, definitions(), found, internal_domains=OURS)
    assert judged.out.get("eligibility_unknown", 0) == 0
    return judged.out.get("ineligible", 0) == 1


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(one(deal("old", "closed_won", 9)), True, id="the account won before"),
        pytest.param(one(deal("new", "closed_won", 9)), True, id="the lead itself won before"),
        pytest.param(one(deal("old", "closed_won", 9, late=2)), False, id="known too late"),
        pytest.param(one(deal("old", "closed_won", 10)), False, id="at the very instant"),
        pytest.param(one(deal("old", "closed_won", 11)), False, id="won later"),
        pytest.param(one(deal("old", "closed_lost", 9)), False, id="lost"),
        pytest.param(one(deal("old", "closed_won", 9), account_key="other"), False, id="another account"),
        pytest.param(
            one(deal("old", "closed_won", 9), account_key=None, email_domain="gmail.com"), False, id="no account"
        ),
    ],
)
def test_an_existing_customer_is_an_account_that_had_won_a_deal(found: Facts, expected: bool):
    """A win of the lead or of its account, known before the lead came."""
    assert refused(found, "existing_customer") == expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([deal("old", "opportunity", 1)], True, id="open"),
        pytest.param([deal("old", "opportunity", 10)], False, id="made with the lead"),
        pytest.param([deal("old", "opportunity", 1), deal("old", "closed_lost", 5)], False, id="lost before"),
        pytest.param([deal("old", "opportunity", 1), deal("old", "closed_won", 15)], True, id="won after"),
        pytest.param(
            [deal("old", "opportunity", 1), deal("old", "closed_lost", 5), deal("old", "reopened", 7)], True,
            id="open again",
        ),
        pytest.param(
            [
                deal("old", "opportunity", 1), deal("old", "closed_lost", 5), deal("old", "reopened", 7),
                deal("old", "closed_won", 8),
            ],
            False, id="closed again",
        ),
        pytest.param(
            [deal("old", "opportunity", 1), deal("old", "closed_won", 5), deal("old", "opportunity", 6)], False,
            id="made once more on paper",
        ),
        pytest.param([deal("old", "closed_won", 3), deal("old", "opportunity", 4)], False, id="made after it was won"),
        pytest.param(
            [deal("old", "opportunity", 1, "p"), deal("old", "opportunity", 1), deal("old", "closed_won", 5)], True,
            id="another one is open",
        ),
        pytest.param(
            [deal("old", "opportunity", 1, None), deal("old", "closed_won", 5, None)], False, id="without ids"
        ),
    ],
)  # fmt: skip
def test_an_open_opportunity_is_open_just_before_the_lead_comes(outcomes: list[dict[str, Any]], expected: bool):
    """Made or reopened before, and not closed since."""
    assert refused(one(*outcomes), "open_opportunity") == expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        pytest.param("mine.example", True, id="ours"),
        pytest.param("mail.mine.example", True, id="below ours"),
        pytest.param("notmine.example", False, id="another"),
        pytest.param("gmail.com", False, id="free mail"),
        pytest.param(None, False, id="no address"),
    ],
)
def test_our_own_people_are_internal(domain: str | None, expected: bool):
    """By the domain of their address, which is kept where the address is not."""
    assert refused(one(email_domain=domain), "internal") == expected


def test_a_field_of_that_name_stays_the_definition_s_own():
    """Where a definition declares the name, `eligible` reads the field and not the exclusion."""
    own = definitions()
    plan = protocol(extra='eligible: "missing(employees) or not internal"\n')
    found = one(deal("old", "closed_won", 9), email_domain="mine.example", fields={"employees": 5.0})

    assert judge(plan, own, found, internal_domains=OURS).out["ineligible"] == 1
    assert judge(plan, own, one(email_domain="mine.example"), internal_domains=OURS).out.get("ineligible", 0) == 0


def crowd(seed: int, size: int = 150) -> Facts:
    """Leads of a few accounts, and deals that are made, closed and reopened all the time."""
    rng = np.random.default_rng(seed)
    leads = [
        {
            "lead_id": f"L{number:03}",
            "created_at": START + float(rng.integers(0, 25)) * DAY,
            "account_key": str(rng.choice(["a", "b", "c", "d", "gmail.com"])) if rng.random() < 0.5 else None,
            "email_domain": str(rng.choice(["mine.example", "x.mine.example", "d.com", "gmail.com", "e.com"])),
        }
        for number in range(size)
    ]
    kinds = ["opportunity", "closed_won", "closed_lost", "reopened", "sql"]
    outcomes = [
        deal(
            f"L{int(rng.integers(0, size)):03}", str(rng.choice(kinds)), float(rng.integers(-5, 25)),
            str(rng.choice(["o", "p", "q"])) if rng.random() < 0.8 else None, float(rng.integers(0, 3)),
        )
        for _ in range(40)
    ]  # fmt: skip
    return facts(leads, outcomes=outcomes)


@pytest.mark.parametrize("name", ["duckdb", "postgres", "spark"])
def test_every_engine_excludes_the_same_leads(name: str, request: pytest.FixtureRequest):
    """Who is in, and why the others are out, is what Python says, whichever exclusions are asked for."""
    with open_engine(engine_url(name, request), memory_limit=MEMORY) as engine:
        for seed, extra in enumerate(
            [
                EVERYTHING,
                'eligible: "existing_customer or open_opportunity"\n',
                'eligible: "not internal and not missing(open_opportunity)"\n',
            ]
        ):
            found, plan = crowd(seed), protocol(extra=extra)
            expected = judge(plan, definitions(), found, internal_domains=OURS)

            held = held_of_facts(engine, found, readings_for(plan, definitions()), ())
            judged = judge_in(engine, held, plan, definitions(), as_of_us=micros(found.as_of), internal_domains=OURS)

            ids = engine.fetched(judged.table.select("lead_id"))["lead_id"].to_pylist()
            assert sorted(ids) == expected.table["lead_id"].to_pylist()
            assert dict(judged.out) == dict(expected.out)
            assert expected.out["ineligible"] > 0
            assert ids


@pytest.mark.parametrize("seed", [0, 1])
def test_a_lab_s_own_tables_exclude_the_same_leads(seed: int, tmp_path: Path):
    """A folder of Parquet files says what the ledger says."""
    found, plan = crowd(seed), protocol(extra=EVERYTHING)
    write(found, tmp_path)
    expected = judge(plan, definitions(), found, internal_domains=OURS)
    with open_engine(f"parquet:///{tmp_path}", memory_limit=MEMORY) as engine:
        readings, as_of_us = readings_for(plan, definitions()), micros(found.as_of)
        held = held_of_tables(engine, lab_tables(engine), readings, as_of_us=as_of_us)
        judged = judge_in(engine, held, plan, definitions(), as_of_us=as_of_us, internal_domains=OURS)

        assert dict(judged.out) == dict(expected.out)
        assert not [column for column in held.known.absent if "internal" in column]


ROWS = st.lists(
    st.builds(
        DealRow, st.just("u"), st.sampled_from(["o", "p"]),
        st.sampled_from(["opportunity", "closed_won", "closed_lost", "reopened"]), st.integers(0, 9),
    ),
    max_size=8,
)  # fmt: skip


@given(ROWS, st.integers(0, 11))
def test_a_deal_is_open_as_a_walk_through_its_history_says(rows: list[DealRow], at_us: int):
    """Against an independent walk: made opens once, a close closes, reopened opens; closes go first at one instant."""
    is_open = False
    for name in ("o", "p"):
        state, heard = False, False
        history = sorted(
            (row for row in rows if row.deal == name and row.told_us < at_us),
            key=lambda row: (row.told_us, not row.kind.startswith("closed")),
        )
        for row in history:
            state = state or not heard if row.kind == "opportunity" else row.kind == "reopened"
            heard = heard or row.kind in {"opportunity", "closed_won", "closed_lost"}
        is_open = is_open or state

    assert PastDeals(rows).open("u", at_us) == is_open
