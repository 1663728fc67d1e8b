"""Who is enrolled, what every definition says about them, and the table this makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mqlab.analysis.histories import histories
from mqlab.analysis.judge import judge, qualified_column, reads_account
from mqlab.definitions.load import load_text as load_definition
from mqlab.leads.instants import DAY_US, micros
from mqlab.warehouse.columns import segment_column, stratum_column
from tests.analysis.world import DAY, HOUR, START, THREE_ARMS, definitions, facts, protocol, random_facts

CONTROL, ARM = qualified_column("control"), qualified_column("challenger")


def leads(count: int = 40, **more: object) -> list[dict[str, object]]:
    """Some leads of the first days of enrolment."""
    return [{"lead_id": f"L{index}", "created_at": START + index * HOUR, **more} for index in range(count)]


def test_there_is_one_row_for_each_enrolled_lead_and_a_reason_for_every_other() -> None:
    """Rows and reasons add up to the leads."""
    judged = judge(protocol(), definitions(), random_facts(3, 200))

    assert judged.table.num_rows + sum(judged.out.values()) == judged.leads == 200
    assert set(judged.out) == {"before_enrolment", "after_enrolment"}
    assert judged.table["lead_id"].to_pylist() == sorted(judged.table["lead_id"].to_pylist())


def test_every_definition_is_judged_on_every_lead_whichever_arm_acts() -> None:
    """Both definitions' instants stand in the row; the own one is that of the lead's arm."""
    events = [
        {
            "lead_id": lead["lead_id"],
            "name": name,
            "occurred_at": START + (5 if name == "form_submit" else 3) * DAY + index * HOUR,
        }
        for lead in leads()
        for name in ("form_submit", "page_view")
        for index in range(4 if name == "page_view" else 2)
    ]
    table = judge(protocol(), definitions(), facts(leads(), events=events)).table.to_pylist()

    assert {row[CONTROL] for row in table} == {START + 5 * DAY + HOUR}
    assert {row[ARM] for row in table} == {START + 3 * DAY + 3 * HOUR}
    assert all(row["qualified_at"] == row[CONTROL if row["arm"] == "control" else ARM] for row in table)
    assert {row[stratum_column("challenger")] for row in table} == {"arm_first"}
    assert {row["arm"] for row in table} == {"control", "challenger"}


def test_a_third_arm_has_no_stratum_in_the_pair() -> None:
    """Only leads of the two arms count in a pair: elsewhere another definition may have acted before."""
    judged = judge(protocol(arms=THREE_ARMS), definitions(), random_facts(3, 150))
    for challenger, other in (("challenger", "other"), ("other", "challenger")):
        for row in judged.table.to_pylist():
            assert (row[stratum_column(challenger)] is None) == (row["arm"] == other)


def test_overridden_leads_are_left_out_and_counted() -> None:
    """An override is for testing: the lead is enrolled and excluded."""
    judged = judge(protocol(), definitions(), facts(leads(10)), overrides={"L3": "challenger", "L4": "control"})

    assert judged.excluded["override"] == 2
    assert not {"L3", "L4"} & set(judged.table["lead_id"].to_pylist())


def test_a_person_who_was_in_two_arms_is_left_out() -> None:
    """Merged ids of one arm are one row; of two arms none, with a count."""
    arm_of = {
        row["lead_id"]: row["arm"] for row in judge(protocol(), definitions(), facts(leads(20))).table.to_pylist()
    }
    first = "L0"
    same = next(name for name in arm_of if name != first and arm_of[name] == arm_of[first])
    cross = next(name for name in arm_of if arm_of[name] != arm_of[first])

    def merged(old: str, new: str):
        merge = {"old_id": old, "new_id": new, "merged_at": START + 9 * DAY}
        return judge(protocol(), definitions(), facts(leads(20), merges=[merge]))

    assert (merged(first, same).table.num_rows, merged(first, same).excluded["cross_arm_merge"]) == (19, 0)
    assert merged(first, same).person == {first: same}
    assert (merged(first, cross).table.num_rows, merged(first, cross).excluded["cross_arm_merge"]) == (18, 1)
    (row,) = [row for row in merged(first, same).table.to_pylist() if row["lead_id"] == same]
    assert row["assigned_at"] == START


def test_segments_are_read_as_known_at_assignment() -> None:
    """A change that came later does not move a lead to another segment; text that means nothing is missing."""
    people = [
        {"lead_id": "a", "created_at": START, "fields": {"employees": 10}},
        {"lead_id": "b", "created_at": START, "fields": {"employees": "n/a"}},
    ]
    changes = [{"lead_id": "a", "field": "employees", "value": 500, "changed_at": START + DAY}]
    declared = replace(protocol(), segments=("employees", "source"))
    rows = judge(declared, definitions(), facts(people, changes=changes)).table.to_pylist()

    assert [row[segment_column("employees")] for row in rows] == ["10", None]
    assert [row[segment_column("source")] for row in rows] == ["organic", "organic"]


def test_an_account_has_one_stratum() -> None:
    """Under `unit: account` all leads of an account share arm and stratum."""
    judged = judge(protocol(unit="account"), definitions(), random_facts(4, 300, accounts=40))
    by_unit: dict[str, set[tuple[str, str]]] = {}
    for row in judged.table.to_pylist():
        by_unit.setdefault(row["unit"], set()).add((row["arm"], row[stratum_column("challenger")]))

    assert len(by_unit) > 30
    assert all(len(pairs) == 1 for pairs in by_unit.values())


def test_a_definition_may_read_the_whole_account() -> None:
    """`account.count` sees the events of colleagues, enrolled or not, once each."""
    text = """
kind: mql-definition/v1
id: forms
version: 1.0.0
fields: {employees: {type: number}}
events: {form_submit: {}, page_view: {}}
qualify: "account.count(form_submit) >= 2"
handoff: {first_touch: 4h}
"""
    definition = load_definition(text, file="test.yaml")
    people = [{"lead_id": f"L{index}", "created_at": START + index * HOUR, "account_key": "acme"} for index in range(2)]
    people.append({"lead_id": "early", "created_at": START - 90 * DAY, "account_key": "acme"})
    events = [{"lead_id": name, "name": "form_submit", "occurred_at": START + DAY} for name in ("L0", "early")]
    known = {**definitions(), "forms@1.0.0": definition}
    rows = judge(protocol(unit="account"), known, facts(people, events=events)).table.to_pylist()

    assert reads_account(definition)
    assert [row["lead_id"] for row in rows] == ["L0", "L1"]
    assert [row[CONTROL] for row in rows] == [START + DAY, START + DAY]


def test_a_handed_over_lead_keeps_its_account_out() -> None:
    """An account with a lead handed over before enrolment is `prior_handoff`; a lead of its own is not."""
    people = [
        {"lead_id": "before", "created_at": START - 20 * DAY, "account_key": "acme"},
        {"lead_id": "a", "created_at": START + DAY, "account_key": "acme"},
        {"lead_id": "b", "created_at": START + DAY, "account_key": "other"},
    ]
    known = facts(people, outcomes=[{"lead_id": "before", "kind": "handed_off", "occurred_at": START - 10 * DAY}])

    by_account = judge(protocol(unit="account"), definitions(), known)
    assert by_account.out == {"before_enrolment": 1, "prior_handoff": 1}
    assert judge(protocol(unit="lead"), definitions(), known).out == {"before_enrolment": 1}


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"seed {seed}") for seed in (1, 2)])
def test_strata_follow_from_the_instants_of_the_row(seed: int) -> None:
    """The stratum is what the two instants and the hourly batches say."""
    for row in judge(protocol(), definitions(), random_facts(seed, 200)).table.to_pylist():
        hours = [None if row[name] is None else micros(row[name]) // (DAY_US // 24) for name in (CONTROL, ARM)]
        control, arm = (np.inf if hour is None else hour for hour in hours)
        expected = (
            "none"
            if control == arm == np.inf
            else "both"
            if control == arm
            else "control_first"
            if control < arm
            else "arm_first"
        )
        assert row[stratum_column("challenger")] == expected


def test_progress_reaches_the_end() -> None:
    """The callback is told when the last lead is judged."""
    seen: list[tuple[int, int]] = []
    judge(protocol(), definitions(), facts(leads(7)), progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (7, 7)


def test_histories_can_be_shared_between_experiments() -> None:
    """Two experiments judged by the same histories are judged as each by its own."""
    known, other = random_facts(4, 120), replace(protocol(), salt="another")
    shared = histories(known)

    for plan in (protocol(), other):
        assert judge(plan, definitions(), known, known=shared).table == judge(plan, definitions(), known).table
