"""HubSpot's webhooks, kept as files: every event is accounted for, and says what the export of the same says."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from mqlab.analysis.outcome_rows import outcome_rows
from mqlab.crm.counts import ImportCounts
from mqlab.errors import InputError
from tests.crm.conftest import Desk, a_desk
from tests.crm.webhooks import ABOUT, CHANGES, CONTACTS, STAGES, Event, body, changed, event, generic, history

LINKS = "deal_id,contact_id,type_id\n901,101,3\n902,102,3\n"
KINDS = ("outcomes", "identity", "field-changes")


def hook(desk: Desk, kind: str, events: list[Event], **options: object) -> ImportCounts:
    """Ingest events as the body of one request."""
    return desk.take(kind, body(events), name="events.json", preset="hubspot", mapping=STAGES, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("spelt", [pytest.param(dict, id="by object"), pytest.param(generic, id="generic")])
def test_events_say_what_the_property_history_says(spelt: type[dict[str, object]], empty_ledger: Path, tmp_path: Path):
    """Changes of contacts and deals by webhook are the same facts, seen at the same instants, as by their export."""
    ends: list[list[pa.Table]] = []
    for way in ("export", "webhook"):
        with a_desk(tmp_path / way, empty_ledger) as desk:
            desk.take("leads", CONTACTS, preset="hubspot")
            desk.take("identity", LINKS, preset="hubspot")
            for kind in ("outcomes", "field-changes"):
                if way == "webhook":
                    assert hook(desk, kind, [spelt(one) for one in CHANGES]).quarantined == 0
                    continue
                for what in ("contact", "deal") if kind == "outcomes" else ("contact",):
                    table = f"{what}_property_history"
                    desk.take(kind, history(what), preset="hubspot", mapping=STAGES, table=table)
            ends.append([desk.facts().outcomes, desk.facts().field_changes])

    assert ends[0] == ends[1]
    told = [(row["lead_id"], row["kind"], row["opportunity_id"]) for row in ends[1][0].to_pylist()]
    assert told == [
        ("101", "accepted", None), ("101", "sql", None), ("101", "opportunity", None),
        ("101", "amount_changed", "901"), ("101", "closed_won", "901"), ("101", "reopened", "901"),
        ("102", "rejected", None), ("102", "recycled", None), ("102", "closed_lost", "902"),
    ]  # fmt: skip


def test_events_of_other_objects_state_nothing(desk: Desk):
    """A company's property and a custom object's merge are no contact's and no deal's, whatever they are called."""
    one = generic(changed("contact", 101, 1, "lifecyclestage", "customer"))
    other = [{**one, "objectTypeId": "0-2"}, changed("company", 101, 1, "lifecyclestage", "customer")]
    merge = event("object.merge", 1, 2, primaryObjectId=101, mergedObjectIds=[102], objectTypeId="2-33")

    counts = [hook(desk, kind, [*other, merge]) for kind in KINDS]

    assert [(one.read, one.rows, one.blank) for one in counts] == [(0, 3, 3)] * 3


def test_a_retried_event_is_unchanged(desk: Desk):
    """Another `attemptNumber` and another `eventId` make no other event; the same body again changes nothing."""
    desk.take("leads", CONTACTS, preset="hubspot")
    desk.take("identity", LINKS, preset="hubspot")
    first = hook(desk, "outcomes", list(CHANGES[::2]))

    again = [{**one, "attemptNumber": 3, "eventId": 99} for one in CHANGES]
    retried = hook(desk, "outcomes", [*again, *again])

    facts = desk.facts().outcomes
    assert first.read == first.new == 6
    assert (retried.read, retried.new, retried.unchanged) == (20, 3, 17)
    assert hook(desk, "outcomes", list(CHANGES)).new == 0
    assert desk.facts().outcomes == facts


def test_a_retry_changes_nothing_at_all(desk: Desk):
    """Where every event is known already the ledger does not move."""
    desk.take("leads", CONTACTS, preset="hubspot")
    for kind in KINDS:
        hook(desk, kind, [*CHANGES, *ABOUT])
    before = desk.facts()

    counts = [hook(desk, kind, [{**one, "attemptNumber": 1} for one in (*ABOUT, *CHANGES)]) for kind in KINDS]

    assert [(one.read, one.new, one.corrected) for one in counts] == [(11, 0, 0), (8, 0, 0), (6, 0, 0)]
    assert desk.facts().outcomes == before.outcomes


def test_creations_merges_and_associations(desk: Desk):
    """A created deal is an opportunity; contacts and deals merge; a deal belongs to its contact while associated."""
    desk.take("leads", CONTACTS, preset="hubspot")

    outcomes, identity = (hook(desk, kind, list(ABOUT)) for kind in ("outcomes", "identity"))

    merged = [(row["old_id"], row["new_id"]) for row in desk.facts().identity.to_pylist()]
    rows = desk.facts().outcomes.to_pylist()
    assert (outcomes.read, outcomes.rows, outcomes.blank) == (1, 9, 8)
    assert (identity.read, identity.rows, identity.blank, identity.found) == (8, 9, 3, 1)
    assert merged == [("101", "900"), ("201", "900"), ("202", "900"), ("203", "102")]
    assert [(row["kind"], row["lead_id"], row["occurred_at"]) for row in rows] == [
        ("opportunity", "101", datetime(2026, 7, 15, 8, tzinfo=UTC))
    ]


def test_a_later_export_of_the_deal_corrects_its_creation(desk: Desk):
    """The event and the deal's own row are one fact, of which the row says more; in either order."""
    desk.take("leads", CONTACTS, preset="hubspot")
    deal = (
        "hs_object_id,dealname,pipeline,dealstage,dealtype,amount,closedate,createdate,hs_is_closed,hs_is_closed_won,"
        "hubspot_owner_id,hs_lastmodifieddate,contacts\n"
        "901,Deal,default,17,new,5000,2026-09-01T08:00:00Z,2026-07-15T08:00:00Z,false,false,9,2026-07-20T08:00:00Z,101\n"
    )
    desk.take("identity", deal, preset="hubspot", mapping=STAGES)
    hook(desk, "outcomes", list(ABOUT))
    counts = desk.take("outcomes", deal, preset="hubspot", mapping=STAGES)
    again = hook(desk, "outcomes", list(ABOUT))

    (row,) = desk.facts().outcomes.to_pylist()
    assert (counts.corrected, again.unchanged, row["owner"] is not None) == (1, 1, True)


def test_an_amount_by_webhook_is_money(desk: Desk):
    """`propertyValue` is text; an amount that is none is set aside with its event."""
    desk.take("leads", CONTACTS, preset="hubspot")
    desk.take("identity", LINKS, preset="hubspot")

    counts = hook(
        desk, "outcomes", [changed("deal", 901, 1, "amount", "12.50"), changed("deal", 901, 2, "amount", "much")]
    )

    (kept,) = desk.ledger.quarantine.list()
    assert (counts.new, dict(counts.reasons), kept.line) == (1, {"not_a_number": 1}, 2)
    assert kept.raw["propertyValue"] == "much"
    assert desk.facts().outcomes["amount"].to_pylist() == [Decimal("12.50")]


DEAL = (
    "hs_object_id,dealname,pipeline,dealstage,dealtype,amount,deal_currency_code,closedate,createdate,hs_is_closed,"
    "hs_is_closed_won,hs_lastmodifieddate\n"
    "901,Deal,default,4711,new,9000,USD,2026-08-01T08:00:00Z,2026-07-11T08:00:00Z,true,true,2026-08-05T08:00:00Z\n"
)
"""How deal 901 stands in August: with an amount and a close date from after its win."""


def test_revenue_is_the_amount_in_force_when_the_deal_was_first_won(empty_ledger: Path, tmp_path: Path):
    """Not what the deal says later, by event or by its own row, which lends its currency; in any order of imports."""
    events = [
        changed("deal", 901, 2, "amount", "5000"), changed("deal", 901, 7, "dealstage", "4711"),
        changed("deal", 901, 7, "amount", "6000"), changed("deal", 901, 9, "amount", "9000"),
    ]  # fmt: skip
    parts = [events[:1], events[1:3], events[3:], DEAL]
    ends = []
    for number, order in enumerate((parts, parts[::-1], [*parts[2:], *parts[:2]])):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            desk.take("leads", CONTACTS, preset="hubspot")
            desk.take("identity", LINKS, preset="hubspot")
            for part in order:
                if isinstance(part, str):
                    desk.take("outcomes", part, preset="hubspot", mapping=STAGES)
                else:
                    hook(desk, "outcomes", part)
            rows = desk.facts().outcomes
            wins = [row for row in rows.to_pylist() if row["kind"] == "closed_won"]
            assert [(row["occurred_at"].day, row["amount"], row["currency"]) for row in wins] == [
                (17, Decimal(6000), "USD"), (1, Decimal(9000), "USD"),
            ]  # fmt: skip
            assert desk.facts(leads=["101"]).outcomes == rows
            assert 5_700_00 in in_euros(rows, {date(2026, 7, 17): Decimal("0.95"), date(2026, 8, 1): Decimal(2)})
            ends.append(rows)
    assert all(one == ends[0] for one in ends)


def in_euros(outcomes: pa.Table, rates: dict[date, Decimal]) -> list[int | None]:
    """The amounts of wins in cents, at the rates of days."""
    table = outcome_rows(
        outcomes, {}, currency="EUR", lab_currency="EUR", exchange=lambda _, __, day: rates.get(day)
    ).table
    return table["amount_minor"].to_pylist()  # type: ignore[no-any-return]


def test_a_win_known_by_events_alone_has_the_amount_stated_before_it(desk: Desk):
    """An amount that only comes after the win is not that of the win."""
    desk.take("leads", CONTACTS, preset="hubspot")
    desk.take("identity", LINKS, preset="hubspot")
    hook(desk, "outcomes", [
        changed("deal", 901, 2, "amount", "5000"), changed("deal", 901, 7, "dealstage", "4711"),
        changed("deal", 902, 7, "dealstage", "4711"), changed("deal", 902, 9, "amount", "70"),
    ])  # fmt: skip

    rows = desk.facts().outcomes.to_pylist()

    wins = {row["opportunity_id"]: row["amount"] for row in rows if row["kind"] == "closed_won"}
    assert wins == {"901": Decimal(5000), "902": None}


def associated(contact: int, days: float, *, removed: bool = False) -> Event:
    """Deal 901 is associated with a contact, or no longer."""
    return event(
        "deal.associationChange", 901, days, associationType="DEAL_TO_CONTACT", fromObjectId=901, toObjectId=contact,
        associationRemoved=removed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "owner", "claimed"),
    [
        pytest.param([(101, 1, False), (101, 2, True), (102, 3, False)], "102", [], id="another contact"),
        pytest.param([(101, 1, False), (101, 8, True), (102, 9, False)], "101", ["101", "102"], id="after the win"),
    ],
)
def test_an_association_that_was_removed_before_the_win_is_none(
    changes: list[tuple[int, int, bool]], owner: str, claimed: list[str], empty_ledger: Path, tmp_path: Path
):
    """The deal is that of the contact it had when it was won, nobody else claims it; in any order of events."""
    events = [associated(contact, day, removed=removed) for contact, day, removed in changes]
    for number, order in enumerate((events, events[::-1])):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            desk.take("leads", CONTACTS, preset="hubspot")
            hook(desk, "outcomes", [changed("deal", 901, 7, "dealstage", "4711")])
            for one in order:
                assert hook(desk, "identity", [one]).quarantined == 0
            facts = desk.facts()
            assert facts.outcomes["lead_id"].to_pylist() == [owner]
            assert sorted(facts.claims["lead_id"].to_pylist()) == claimed
            assert desk.facts(leads=[owner]).outcomes == facts.outcomes


def test_a_removal_is_not_known_before_it_happened(desk: Desk):
    """As of the day before, the deal belongs to the contact that it was associated with then."""
    desk.take("leads", CONTACTS, preset="hubspot")
    hook(desk, "outcomes", [event("deal.creation", 901, 0)])
    hook(desk, "identity", [associated(101, 1), associated(101, 5, removed=True), associated(102, 6)])

    owners = [desk.facts(datetime(2026, 7, day, tzinfo=UTC)).outcomes["lead_id"].to_pylist() for day in (12, 18)]

    assert owners == [["101"], ["102"]]


def test_without_the_portal_s_stages_the_other_events_are_read(desk: Desk):
    """Stages that nobody listed cannot be read; that is said, and what contacts did counts."""
    desk.take("leads", CONTACTS, preset="hubspot")

    counts = desk.take("outcomes", body(CHANGES), name="events.json", preset="hubspot")

    assert (counts.read, counts.new, counts.unmatched) == (6, 5, 1)
    assert any("No stage is listed as lost or won" in note for note in counts.notes)


EVENTS = [json.dumps(one) for one in CHANGES]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("x.json", json.dumps(list(CHANGES), indent=2), id="an array over many lines"),
        pytest.param("x.json", f"{body(CHANGES[:3])}\n{body(CHANGES[3:])}", id="an array for each request"),
        pytest.param("x.json", "\ufeff " + "\n".join(EVENTS), id="an object a line"),
        pytest.param("x.json", f"[{body(CHANGES[:2])},[], {EVENTS[2]}]{body(CHANGES[3:])}", id="arrays in an array"),
        pytest.param("x.jsonl", "\n".join(EVENTS) + "\n", id="JSON lines"),
        pytest.param("x.jsonl", f"{EVENTS[0]}\n[]\n\n{body(CHANGES[1:5])}\n{body(CHANGES[5:])}", id="an array a line"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_however_the_events_are_kept_each_is_a_row(name: str, content: str, packed: bool, desk: Desk):
    """An array, several, or an event a line, also gzipped: eleven events are eleven rows."""
    raw = content.encode()

    counts = desk.take(
        "outcomes", gzip.compress(raw) if packed else raw, name=name + ".gz" * packed, preset="hubspot", mapping=STAGES
    )

    assert (counts.rows, counts.read, counts.blank, counts.quarantined) == (11, 10, 1, 0)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        pytest.param(body(CHANGES)[:-1], "Truncated", "cut off", id="no closing bracket"),
        pytest.param(body(CHANGES)[:-9], "Truncated", "cut off", id="in the middle of a text"),
        pytest.param('[{"subscriptionType": "x"', "Truncated", "cut off", id="in the middle of an object"),
        pytest.param('[{"a": 1}, {a: 1}]', "NotJson", "after 1 row.*property name.*jsonl", id="no JSON"),
        pytest.param('[{"a": 1} {"a": 1}]', "NotJson", "a comma is missing before '{'", id="no comma"),
        pytest.param("a,b\n1,2\n", "NotJson", "after 0 rows", id="a CSV file"),
        pytest.param("[]", "EmptyFile", "empty", id="no event"),
        pytest.param("[1, 2]", "NoRows", "no row of the file is a JSON object", id="numbers"),
        pytest.param('[{"a": "' + "x" * 17_000_000, "NotJson", "longer than 16,777,216", id="endless text"),
        pytest.param("[{" + "[" * 3_000, "NotJson", "property name", id="nested, and wrong"),
        pytest.param('{"a": ' + "[" * 100_000, "NotJson", "nested too deeply", id="nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(content: str, code: str, said: str, desk: Desk):
    """A file that cannot be read to its end is not read at all, and says how far it was understood."""
    with pytest.raises(InputError, match="(?s)" + said) as refused:
        desk.take("outcomes", content, name="x.json", preset="hubspot", mapping=STAGES)

    assert (refused.value.problem.code, desk.ledger.position()) == (code, 0)


def test_events_that_cannot_be_rows_are_set_aside(desk: Desk):
    """A key twice, a number too long for one, a NUL, no object: kept with their place, the others are read."""
    desk.take("leads", CONTACTS, preset="hubspot")
    bad = ['{"a": 1, "a": 2}', "7", '{"a": "\\u0000"}', '{"objectId": ' + "9" * 5_000 + "}"]
    content = "[" + ",\n".join([EVENTS[0], *bad, EVENTS[1]]) + "]"

    counts = desk.take("outcomes", content, name="x.json", preset="hubspot", mapping=STAGES)

    kept = sorted(desk.ledger.quarantine.list(), key=lambda row: row.line)
    assert (counts.rows, counts.read, counts.new) == (6, 6, 2)
    assert [(row.line, row.reason) for row in kept] == [
        (2, "bad_json"), (3, "bad_json"), (4, "nul_byte"), (5, "bad_json"),
    ]  # fmt: skip


def test_a_long_file_of_events_is_read_piece_by_piece(desk: Desk):
    """Objects that lie across the pieces in which the file is read are read whole."""
    many = [{**one, "eventId": number, "note": "ä" * 40} for number in range(40) for one in CHANGES * 4]
    desk.take("leads", CONTACTS, preset="hubspot")

    counts = desk.take(
        "outcomes", json.dumps(many, ensure_ascii=False), name="x.json", preset="hubspot", mapping=STAGES
    )

    assert (counts.rows, counts.read, counts.blank) == (1760, 1600, 160)
