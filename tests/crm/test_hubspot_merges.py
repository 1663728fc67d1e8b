"""Everything by which HubSpot says that contacts, or deals, were merged."""

# ruff: noqa: E501  (a row of a file is as long as it is)

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mqlab.crm.counts import ImportCounts
from tests.crm.conftest import Desk, a_desk

LEADS = "id,createdate,email,associatedcompanyid\n" + "".join(
    f"{number},2026-07-0{number - 100}T08:00:00Z,p{number}@example.com,\n" for number in (101, 102, 103)
)
MERGED_AT = datetime(2026, 8, 1, 8, tzinfo=UTC)
MS = int(MERGED_AT.timestamp() * 1000)


def hs(desk: Desk, kind: str, text: str, **options: str) -> ImportCounts:
    """Ingest a HubSpot file."""
    return desk.take(
        kind, text, preset="hubspot", mapping="kind: crm-preset/v1\nid: hubspot\ntimezone: UTC\n", **options
    )  # type: ignore[arg-type]


def merges(desk: Desk) -> list[tuple[str, str, datetime]]:
    """What is known of who is who."""
    return [(row["old_id"], row["new_id"], row["merged_at"]) for row in desk.facts().identity.to_pylist()]


def webhook(*events: dict[str, object]) -> str:
    """Events of a webhook, a line each."""
    return "".join(json.dumps({"eventId": 1, "occurredAt": MS, **event}) + "\n" for event in events)


def test_a_merge_of_a_webhook_may_make_a_third_id(desk: Desk):
    """With `newObjectId` both contacts became a third one; where it is the primary's own, only the other one did."""
    hs(desk, "leads", LEADS)
    text = webhook(
        {"subscriptionType": "contact.merge", "primaryObjectId": 101, "mergedObjectIds": [102], "newObjectId": 900},
        {
            "subscriptionType": "contact.merge",
            "primaryObjectId": 103,
            "mergedObjectIds": [301, 302],
            "newObjectId": 103,
        },
        {"subscriptionType": "contact.merge", "primaryObjectId": 103, "mergedObjectIds": [303]},
        {"subscriptionType": "company.merge", "primaryObjectId": 5, "mergedObjectIds": [6], "newObjectId": 7},
    )

    counts = hs(desk, "identity", text, name="events.jsonl", table="webhook")

    assert (counts.read, counts.quarantined, counts.rows, counts.blank) == (5, 0, 4, 1)
    assert [(old, new) for old, new, _ in merges(desk)] == [
        ("101", "900"), ("102", "900"), ("301", "103"), ("302", "103"), ("303", "103"),
    ]  # fmt: skip
    assert {at for *_, at in merges(desk)} == {MERGED_AT}
    done = hs(
        desk,
        "outcomes",
        "contact_id,name,value,timestamp\n900,lifecyclestage,customer,1785571200000\n",
        table="contact_property_history",
    )
    assert (done.new, desk.facts().outcomes["lead_id"].to_pylist()) == (1, ["101"])


@pytest.mark.parametrize("turned", [False, True])
def test_the_merges_that_hubspot_dates_are_dated(turned: bool, desk: Desk):
    """`hs_calculated_merged_vids` has dates; an id that only `hs_merged_object_ids` lists holds since the survivor."""
    hs(desk, "leads", LEADS)
    parts = [
        "id,createdate,hs_merged_object_ids,jobtitle\n101,2026-07-01T08:00:00Z,201;202,cto\n",
        f"id,createdate,hs_calculated_merged_vids,jobtitle\n101,2026-07-01T08:00:00Z,201:{MS};203:{MS},cto\n",
        "id,createdate,hs_calculated_merged_vids,jobtitle\n101,2026-07-01T08:00:00Z,204,cto\n",
    ]
    for text in parts[::-1] if turned else parts:
        assert hs(desk, "identity", text).quarantined == 0

    created = datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert merges(desk) == [
        ("201", "101", MERGED_AT), ("202", "101", created), ("203", "101", MERGED_AT), ("204", "101", created),
    ]  # fmt: skip


DEALS = """hs_object_id,dealname,pipeline,dealstage,dealtype,amount,deal_currency_code,closedate,createdate,hs_is_closed,hs_is_closed_won,hs_lastmodifieddate
901,Deal,default,1,new,5000,EUR,2026-08-01T08:00:00Z,2026-07-09T08:00:00Z,true,true,2026-08-01T09:00:00Z
902,Deal,default,1,new,5000,EUR,2026-08-03T08:00:00Z,2026-07-10T08:00:00Z,true,true,2026-08-03T09:00:00Z
"""
CONTACTS = "deal_id,contact_id,type_id\n902,102,3\n901,101,3\n"
MERGED = "deal_id,merged_deal_id\n901,902\n"
BY_PROPERTY = DEALS.splitlines()[0] + ",contacts,hs_merged_object_ids\n" + DEALS.splitlines()[1] + ",101,902\n"


@pytest.mark.parametrize("said", [pytest.param(MERGED, id="a table"), pytest.param(BY_PROPERTY, id="a property")])
def test_merged_deals_are_one_deal_of_one_lead(said: str, empty_ledger: Path, tmp_path: Path):
    """A deal that was merged into another one is that one: one lead has it, and its win is stated by one id."""
    files = [("leads", LEADS), ("outcomes", DEALS), ("identity", CONTACTS), ("identity", said)]
    ends = []
    for number, order in enumerate((files, files[::-1])):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            for kind, text in order:
                options = {"table": "deal"} if text is BY_PROPERTY else {}
                hs(desk, kind, text, **options)
            rows = [row for row in desk.facts().outcomes.to_pylist() if row["kind"] == "closed_won"]
            few = desk.facts(leads=["101"]).outcomes
            assert {(row["lead_id"], row["opportunity_id"], row["amount"]) for row in rows} == {
                ("101", "901", Decimal(5000))
            }
            assert few == desk.facts().outcomes
            assert desk.facts().unmatched_outcomes == 0
            ends.append(desk.facts().outcomes)
    assert ends[0] == ends[1]
