"""What a rule of the CRM did and no person: who or what changed a record is read, and a lab can leave it out."""

from __future__ import annotations

import json

import pytest

from tests.crm.conftest import Desk

MACHINE, ADA = "005000000000009AAA", "005000000000001AAA"
STATUSES = "Id,LeadId,Field,OldValue,NewValue,CreatedById,CreatedDate\n" + "".join(
    f"01700000000000{number}AAA,00Q00000000000{number}EAA,Status,Open,Working,{who},2026-07-0{number}T10:00:00Z\n"
    for number, who in ((1, MACHINE), (2, ADA))
)
HISTORY = "contact_id,name,value,timestamp,source\n" + "".join(
    f"10{number},hs_lead_status,IN_PROGRESS,2026-07-0{number}T10:00:00Z,{source}\n"
    for number, source in ((1, "AUTOMATION_PLATFORM"), (2, "CRM_UI"))
)
EVENTS = json.dumps(
    [
        {"eventId": number, "portalId": 7, "occurredAt": 1785564113600, "subscriptionType": "contact.propertyChange",
         "objectId": 100 + number, "changeSource": source, "propertyName": "hs_lead_status",
         "propertyValue": "IN_PROGRESS"}
        for number, source in ((1, "AUTOMATION_PLATFORM"), (2, "CRM_UI"))
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "text", "name", "restrict"),
    [
        pytest.param("salesforce", STATUSES, "history.csv", f"lead_history: created_by_id != '{MACHINE}'", id="a user"),
        pytest.param("hubspot", HISTORY, "history.csv", "contact_property_history: source != 'AUTOMATION_PLATFORM'",
                     id="a source of the history"),
        pytest.param("hubspot", EVENTS, "events.json", "webhook: source != 'AUTOMATION_PLATFORM'", id="a webhook"),
    ],
)  # fmt: skip
def test_what_a_rule_of_the_crm_accepted_can_be_left_out(desk: Desk, preset: str, text: str, name: str, restrict: str):
    """An acceptance by a workflow is none by sales where the lab says so; its row is accounted for as blank."""
    everything = desk.take("outcomes", text, name=name, preset=preset, dry_run=True)
    own = f"kind: crm-preset/v1\nid: {preset}\nrestrict:\n  {restrict}\n"

    counts = desk.take("outcomes", text, name=name, preset=preset, mapping=own)

    assert (everything.read, counts.read, counts.blank) == (2, 1, 1)
    assert [row.line for row in desk.ledger.unmatched.list()] == [3 if name.endswith("csv") else 2]
