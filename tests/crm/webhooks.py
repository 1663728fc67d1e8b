"""Events as HubSpot sends them to a webhook, and the rows of the exports that say the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Event = Mapping[str, Any]

START = datetime(2026, 7, 10, 8, tzinfo=UTC)
STAGES = "kind: crm-preset/v1\nid: hubspot\nstages: {won: ['4711'], lost: ['4712']}\n"
"""The ids of this portal's closed stages."""

CONTACTS = """hs_object_id,createdate,email,lifecyclestage,numemployees
101,2026-07-01T08:00:00.000Z,ada@example.com,lead,120
102,2026-07-02T08:00:00.000Z,bob@example.org,lead,
"""


def ms(days: float) -> int:
    """An instant some days after the start, as HubSpot writes it."""
    return int((START + timedelta(days=days)).timestamp() * 1000)


def event(kind: str, about: int, days: float, **more: Any) -> Event:
    """One event; its `eventId` is no key."""
    return {
        "eventId": 1, "subscriptionId": 12345, "portalId": 62515, "appId": 54321, "occurredAt": ms(days),
        "subscriptionType": kind, "attemptNumber": 0, "objectId": about, "changeSource": "CRM_UI", **more,
    }  # fmt: skip


def changed(what: str, about: int, days: float, name: str, value: str, **more: Any) -> Event:
    """A changed property of a `contact` or a `deal`."""
    return event(f"{what}.propertyChange", about, days, propertyName=name, propertyValue=value, **more)


def generic(one: Event) -> Event:
    """The same event as a generic subscription sends it."""
    what, _, did = one["subscriptionType"].partition(".")
    return {**one, "subscriptionType": f"object.{did}", "objectTypeId": {"contact": "0-1", "deal": "0-3"}[what]}


CHANGES: Sequence[Event] = (
    changed("contact", 101, 1, "hs_lead_status", "IN_PROGRESS"),
    changed("contact", 101, 2, "lifecyclestage", "salesqualifiedlead"),
    changed("contact", 101, 3, "lifecyclestage", "opportunity"),
    changed("contact", 102, 1, "hs_lead_status", "UNQUALIFIED"),
    changed("contact", 102, 4, "hs_lead_status", "BAD_TIMING"),
    changed("contact", 102, 5, "jobtitle", "CTO"),
    changed("deal", 901, 6, "amount", "5000"),
    changed("deal", 901, 7, "dealstage", "4711"),
    changed("deal", 901, 9, "dealstage", "17"),
    changed("deal", 901, 12, "dealstage", "4711"),
    changed("deal", 902, 8, "dealstage", "4712"),
)
"""What happened to two contacts and two deals."""

ABOUT: Sequence[Event] = (
    event("deal.creation", 901, 5, changeFlag="CREATED"),
    event("contact.creation", 103, 5, changeFlag="CREATED"),
    event("contact.deletion", 104, 6, changeFlag="DELETED"),
    event("contact.merge", 101, 9, primaryObjectId=101, mergedObjectIds=[201, 202], newObjectId=900),
    event("contact.merge", 102, 9, primaryObjectId=102, mergedObjectIds=[203], numberOfPropertiesMoved=3),
    event("deal.merge", 901, 9, primaryObjectId=901, mergedObjectIds=[909]),
    *(
        event("deal.associationChange", deal, 5, associationType="DEAL_TO_CONTACT", fromObjectId=deal,
              toObjectId=contact, associationRemoved=False, isPrimaryAssociation=False)
        for deal, contact in ((901, 101), (902, 102))
    ),
    event("contact.associationChange", 102, 6, associationType="CONTACT_TO_DEAL", fromObjectId=102, toObjectId=901,
          associationRemoved=True, isPrimaryAssociation=False),
)  # fmt: skip
"""The other events about them."""


def history(what: str) -> str:
    """The property history of the contacts, or deals, as Fivetran lands it."""
    rows = [one for one in CHANGES if one["subscriptionType"] == f"{what}.propertyChange"]
    lines = [f"{what}_id,name,value,timestamp,source"]
    names = ("objectId", "propertyName", "propertyValue", "occurredAt", "changeSource")
    return "\n".join([*lines, *(",".join(str(one[name]) for name in names) for one in rows)]) + "\n"


def body(events: Iterable[Event]) -> str:
    """Events as they are sent: one array."""
    return json.dumps(list(events))
