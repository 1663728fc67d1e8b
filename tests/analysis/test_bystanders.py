"""Leads outside the enrolment are counted and not judged, and the analysis says what it says of everybody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from mqlab.analysis import analyze as module
from mqlab.analysis.analyze import analyze
from mqlab.analysis.bystanders import Concerned, concerned
from mqlab.leads.tables import IDENTITY, Facts
from tests.analysis.test_analyze import ZONE
from tests.analysis.world import DAY, START, definitions, protocol, random_facts

EXISTING_CUSTOMERS = "\neligible: existing_customer == false\n"
OVERRIDES = {"L00001": "challenger", "L00003": "control"}
"""A lead of long ago, and one that came too late."""


@pytest.fixture(scope="module")
def world() -> Facts:
    """A funnel of which two thirds came before or after the enrolment, some merged across its limits.

    One lead of long ago, handed over then, is by another spelling of its id a lead of the enrolment.
    """
    facts = random_facts(5, 160, accounts=50)
    rows = facts.leads.to_pylist()
    for number, row in enumerate(rows):
        moved = (timedelta(0), -90 * DAY, timedelta(0), 60 * DAY, -90 * DAY)[number % 5]
        row["created_at"] += moved
        row["known_at"] = row["created_at"]
    rows[4]["lead_id"] = " L00000"
    merges = [(f"L{number:05d}", f"L{number + 5 - number % 3:05d}", number) for number in range(6, 60, 4)]
    merges.append(("anonymous", "L00011", 3))
    dated = [{"old_id": old, "new_id": new, "merged_at": START + day * DAY / 2} for old, new, day in merges]
    outcomes = facts.outcomes.to_pylist()
    outcomes += [
        {**outcomes[0], "lead_id": " L00000", "kind": "handed_off", "occurred_at": START - 60 * DAY},
        {**outcomes[0], "lead_id": "L00006", "kind": "handed_off", "occurred_at": START - 60 * DAY},
    ]
    return replace(
        facts,
        leads=pa.Table.from_pylist(rows, facts.leads.schema),
        outcomes=pa.Table.from_pylist(outcomes, facts.outcomes.schema),
        identity=pa.Table.from_pylist([{**row, "known_at": row["merged_at"]} for row in dated], IDENTITY),
        unmatched_outcomes=3,
        quarantined=2,
    )


def said(facts: Facts) -> str:
    """The whole analysis."""
    plan = protocol(extra="\neligible: source != 'paid'\n")
    return json.dumps(analyze(plan, definitions(), facts, timezone=ZONE, overrides=OVERRIDES).to_dict(), sort_keys=True)


@pytest.mark.parametrize(
    "many",
    [pytest.param(10_000, id="in Python"), pytest.param(1, id="in the engine", marks=pytest.mark.long)],
)
def test_the_analysis_is_that_of_everybody(world: Facts, many: int, monkeypatch: pytest.MonkeyPatch):
    """Merges into and out of the enrolment, overrides and prior hand-overs included."""
    monkeypatch.setattr(module, "MANY_LEADS", many)
    apart = said(world)

    monkeypatch.setattr(module, "concerned", lambda _protocol, _definitions, facts, _overrides: Concerned(facts, {}))

    assert said(world) == apart


def test_only_who_came_in_time_is_looked_at(world: Facts):
    """And who was merged or is named by an override, or has an id that is not its own unit."""
    found = concerned(protocol(), definitions(), world, OVERRIDES)

    left = {row["lead_id"] for row in world.leads.to_pylist()} - set(found.facts.leads["lead_id"].to_pylist())
    assert sum(found.out.values()) == len(left) > 60
    assert min(found.out.values()) > 10
    assert not left & {" L00000", "L00001", "L00003", "L00006", "L00011"}


@pytest.mark.parametrize(
    "more", [{"unit": "account"}, {"extra": EXISTING_CUSTOMERS}], ids=["accounts", "deals of accounts"]
)
def test_everybody_is_looked_at_where_colleagues_decide(world: Facts, more: dict[str, str]):
    """What became of one lead decides about another one of its account."""
    assert concerned(protocol(**more), definitions(), world, {}).facts is world
