"""Survey answers and reasons in sales' own words: by the canonical columns, and by a mapping."""

from __future__ import annotations

from tests.crm.conftest import Desk

LEADS = "lead_id,created_at,email\nL1,2026-07-01T00:00:00Z,ada@acme.example\n"
MAPPING = """
kind: crm-preset/v1
id: exit-survey
timezone: Europe/Berlin
personal: [Name]
outcomes:
  - kind: survey
    email: {column: Email}
    at: {column: Submitted at, format: "%d.%m.%Y %H:%M"}
    row_id: Response ID
    reason: {column: Why did you decide against us?, values: {It costs too much: QUAL-01}}
"""
FILE = """Response ID,Submitted at,Name,Email,Why did you decide against us?
r1,20.07.2026 12:00,Ada King,Ada@Acme.example,It costs too much
r2,21.07.2026 12:00,Ada King,ada@acme.example,We build it ourselves
"""


def test_a_survey_by_the_canonical_columns(desk: Desk) -> None:
    """Kind `survey` with the answer in `reason_code` is an outcome of the lead."""
    desk.take("leads", LEADS)
    counts = desk.take(
        "outcomes", "lead_id,kind,occurred_at,reason_code\nL1,survey,2026-07-20T10:00:00Z,Too expensive\n"
    )

    assert (counts.new, counts.quarantined) == (1, 0)
    assert desk.facts().outcomes.select(["kind", "reason_code"]).to_pylist() == [
        {"kind": "survey", "reason_code": "too expensive"}
    ]


def test_a_survey_by_a_mapping_finds_its_lead_by_the_address(desk: Desk) -> None:
    """The columns of a survey tool: the answer as a code where the mapping gives one, else in its own words."""
    desk.take("leads", LEADS)
    counts = desk.take("outcomes", FILE, mapping=MAPPING)
    again = desk.take("outcomes", FILE, mapping=MAPPING)
    rows = desk.facts().outcomes.to_pylist()

    assert (counts.new, counts.unmatched, counts.quarantined, again.unchanged) == (2, 0, 0, 2)
    assert [(row["lead_id"], row["kind"], row["reason_code"]) for row in rows] == [
        ("L1", "survey", "qual-01"), ("L1", "survey", "we build it ourselves"),
    ]  # fmt: skip
    assert rows[0]["occurred_at"].isoformat() == "2026-07-20T10:00:00+00:00"
    assert not [row for row in rows if "ada" in str(row).lower()]


def test_reasons_of_sales_become_codes(desk: Desk) -> None:
    """A rejection's reason is mapped word by word; a word without a code stays as it is."""
    mapping = """
kind: crm-preset/v1
id: csv
outcomes:
  - kind: rejected
    lead: lead_id
    at: rejected_at
    reason: {column: Why, values: {Zu früh: HAND-01, Zu klein: FIT-01}}
"""
    desk.take("leads", LEADS + "L2,2026-07-01T00:00:00Z,b@b.example\n")
    desk.take(
        "outcomes",
        "lead_id,rejected_at,Why\nL1,2026-07-02T00:00:00Z,zu Früh\nL2,2026-07-02T00:00:00Z,anders\n",
        mapping=mapping,
    )

    assert desk.facts().outcomes["reason_code"].to_pylist() == ["hand-01", "anders"]
