"""Pipedrive, Marketo and Account Engagement files as they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from tests.crm.conftest import Desk
from tests.crm.exports import ACCOUNT_ENGAGEMENT, MARKETO, PIPEDRIVE, Export


def _of(exports: Sequence[Export], kind: str, table: str) -> str:
    return next(one.text.strip() + "\n" for one in exports if (one.kind, one.table) == (kind, table))


def test_a_deal_won_again_keeps_its_first_win(desk: Desk):
    """`won_time` moves when a deal is reopened; the first win counts, in UTC, with its amount and currency."""
    desk.take("leads", _of(PIPEDRIVE, "leads", "person"), preset="pipedrive")

    desk.take("outcomes", _of(PIPEDRIVE, "outcomes", "deal"), preset="pipedrive")

    facts = desk.facts()
    won = [row for row in facts.outcomes.to_pylist() if row["kind"] == "closed_won"]
    assert [(row["lead_id"], row["occurred_at"], row["amount"], row["currency"]) for row in won] == [
        ("11", datetime(2026, 8, 1, 8, tzinfo=UTC), Decimal("1000.0000"), "EUR")
    ]
    assert [row["reason_code"] for row in facts.outcomes.to_pylist() if row["kind"] == "closed_lost"] == ["price"]
    assert facts.unmatched_outcomes == 1
    assert [(row["email_domain"], row["account_key"]) for row in facts.leads.to_pylist()] == [
        ("example.com", "5"),
        ("example.org", "6"),
    ]


def test_a_lead_of_the_inbox_is_its_person(desk: Desk):
    """An id from Pipedrive's inbox names the person it became."""
    desk.take("leads", _of(PIPEDRIVE, "leads", "person"), preset="pipedrive")
    desk.take("identity", _of(PIPEDRIVE, "identity", "lead"), preset="pipedrive")

    counts = desk.take(
        "outcomes", "lead_id,kind,occurred_at\nadf21080-0e10-11eb-879b-05d71fb426ec,accepted,2026-07-02T08:00:00Z\n"
    )

    assert (counts.new, desk.facts().outcomes["lead_id"].to_pylist()) == (1, ["11"])


def test_marketo_s_activities_become_events_changes_merges_and_statuses(desk: Desk):
    """One bulk export, read four times: what leads did, what changed, who was merged, what sales said."""
    desk.take("leads", _of(MARKETO, "leads", "lead"), preset="marketo")
    for kind in ("events", "field-changes", "outcomes", "identity"):
        desk.take(kind, _of(MARKETO, kind, "activity"), preset="marketo")

    facts = desk.facts()

    ada, empty = facts.leads.to_pylist()
    assert (empty["fields"], empty["source"], ada["source"]) == ("{}", None, "web")
    events = facts.events.to_pylist()
    assert [(row["name"], row["event_id"]) for row in events] == [("page_view", "G1"), ("form_submission", "G2")]
    assert json.loads(events[0]["props"])["webpage url"] == "/pricing"
    assert [(row["field"], row["value"]) for row in facts.field_changes.to_pylist()] == [
        ("industry", '"software"'),
        ("score", '"30"'),
    ]
    assert {row["old_id"] for row in facts.identity.to_pylist()} == {"1003", "1004"}
    assert [row["kind"] for row in facts.outcomes.to_pylist()] == ["accepted", "rejected"]


def test_the_types_of_marketo_s_events_are_the_lab_s_to_choose(desk: Desk):
    """A type that the preset does not take is taken where the lab lists it, under the name it gives."""
    mapping = "kind: crm-preset/v1\nid: marketo\nstatuses: {events: ['104']}\n" \
        "events: {name: {column: type, values: {'104': program_status}}}\n"  # fmt: skip

    desk.take("leads", _of(MARKETO, "leads", "lead"), preset="marketo")
    counts = desk.take("events", _of(MARKETO, "events", "activity"), preset="marketo", mapping=mapping)

    assert (counts.new, counts.blank) == (1, 3)
    assert desk.facts().events["name"].to_pylist() == ["program_status"]


def test_an_account_engagement_deal_finds_its_prospect_by_a_table_of_its_own(desk: Desk):
    """`opportunity_prospect` links without a date; a prospect is also the Salesforce lead it is synced with."""
    for kind, table in (
        ("leads", "prospect"),
        ("events", "visitor_activity"),
        ("outcomes", "opportunity"),
        ("identity", "prospect"),
        ("identity", "opportunity_prospect"),
    ):
        desk.take(kind, _of(ACCOUNT_ENGAGEMENT, kind, table), preset="account_engagement")

    facts = desk.facts()

    assert [(row["kind"], row["lead_id"]) for row in facts.outcomes.to_pylist()] == [
        ("opportunity", "41"),
        ("closed_won", "41"),
    ]
    assert facts.unmatched_outcomes == 2
    assert ("41", "00Q000000000001EAA") in {(row["old_id"], row["new_id"]) for row in facts.identity.to_pylist()}
    assert facts.events["name"].to_pylist() == ["form"]


def test_addresses_of_computers_are_not_stored(desk: Desk):
    """Marketo's activities tell the visitor's IP address in an object; a plain file may have a column of it."""
    marketo = """marketoGUID,leadId,activityDate,activityTypeId,attributes
G1,1001,2026-07-02T08:00:00Z,1,"{""Webpage URL"":""/pricing"",""Client IP Address"":""203.0.113.7""}"
"""
    plain = "lead_id,name,occurred_at,event_id,path,ip_address\n1001,page_view,2026-07-02T09:00:00Z,E1,/a,203.0.113.7\n"

    desk.take("events", marketo, preset="marketo")
    desk.take("events", plain)

    desk.ledger.close()
    stored = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.sqlite*"))
    assert b"/pricing" in stored
    assert b"203.0.113.7" not in stored
