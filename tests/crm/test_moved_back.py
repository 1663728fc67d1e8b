"""Deals that are open again and leads that move back, told by histories and by later exports."""

# ruff: noqa: E501  (a row of a file is as long as it is)

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mqlab.errors import InputError
from tests.crm.conftest import NOW, Desk, a_desk

SALESFORCE = "Id,CreatedDate,Type,StageName,IsClosed,IsWon,CloseDate,Amount,CurrencyIsoCode,SystemModstamp\n"
HUBSPOT = "hs_object_id,dealname,pipeline,dealstage,dealtype,amount,deal_currency_code,closedate,createdate,hs_is_closed,hs_is_closed_won,hs_lastmodifieddate\n"
PIPEDRIVE = "id,title,person_id,stage_id,status,value,currency,add_time,update_time,won_time,first_won_time,lost_time\n"
LINK = "kind: crm-preset/v1\nid: {}\nidentity: {{opportunity: deal, new_id: lead, at: at}}\n"
LEADS = "lead_id,created_at\nL1,2026-07-01T00:00:00Z\n"


def sf(day: int, *, won: bool, amount: int = 900, close: str = "2026-08-10", lost: bool = False) -> str:
    """An export of one Salesforce deal on a day of August."""
    stage = "Closed Won" if won else "Closed Lost" if lost else "Proposal"
    closed = str(won or lost).lower()
    return SALESFORCE + (
        f"006000000000001AAA,2026-07-20T09:00:00Z,New,{stage},{closed},{str(won).lower()},{close},{amount},EUR,"
        f"2026-08-{day:02}T12:00:00Z\n"
    )


def hs(day: int, *, won: bool, amount: int = 900) -> str:
    """An export of one HubSpot deal on a day of August."""
    text = str(won).lower()
    return HUBSPOT + (
        f"901,Deal,default,{'1' if won else '2'},new,{amount},EUR,2026-08-10T08:00:00Z,2026-07-20T08:00:00Z,{text},"
        f"{text},2026-08-{day:02}T12:00:00Z\n"
    )


def pd(day: int, status: str, *, amount: int = 900, won: str = "2026-08-10 08:00:00", lost: str = "") -> str:
    """An export of one Pipedrive deal on a day of August."""
    return PIPEDRIVE + (
        f"31,Deal,L1,4,{status},{amount},EUR,2026-07-20 08:00:00,2026-08-{day:02} 12:00:00,{won},{won},{lost}\n"
    )


def linked(desk: Desk, preset: str, deal: str) -> None:
    """The lead, and its link to the deal."""
    desk.take("leads", LEADS)
    mapping = LINK.format(preset)
    desk.take("identity", f"deal,lead,at\n{deal},L1,2026-07-20T00:00:00Z\n", mapping=mapping)


def told(desk: Desk) -> list[tuple[str, int, Decimal | None]]:
    """What is known of the deal: kind, day of the month, amount."""
    return [
        (row["kind"], row["occurred_at"].day, row["amount"])
        for row in desk.facts().outcomes.to_pylist()
        if row["kind"] in {"closed_won", "closed_lost", "reopened"}
    ]


WON = ("closed_won", 10, Decimal(900))
AGAIN = ("reopened", 15, None)


@pytest.mark.parametrize(
    ("preset", "deal", "exports", "expected"),
    [
        pytest.param(
            "salesforce", "006000000000001AAA",
            [sf(5, won=False), sf(11, won=True), sf(15, won=False), sf(18, won=False), sf(20, won=True, amount=7)],
            [WON, AGAIN], id="a Salesforce deal is won, open again, and won again for less",
        ),
        pytest.param(
            "salesforce", "006000000000001AAA", [sf(14, won=False), sf(20, won=True)], [WON],
            id="a close date set back to before an export in which the deal was open",
        ),
        pytest.param(
            "salesforce", "006000000000001AAA",
            [sf(11, won=False, lost=True), sf(15, won=False), sf(20, won=True, close="2026-08-19")],
            [("closed_lost", 10, Decimal(900)), AGAIN, ("closed_won", 19, Decimal(900))],
            id="a lost deal is open again and won",
        ),
        pytest.param(
            "hubspot", "901", [hs(5, won=False), hs(11, won=True), hs(15, won=False, amount=5)], [WON, AGAIN],
            id="a HubSpot deal",
        ),
        pytest.param(
            "pipedrive", "31", [pd(5, "open", won=""), pd(11, "won"), pd(15, "open", amount=5)], [WON, AGAIN],
            id="a Pipedrive deal",
        ),
        pytest.param("pipedrive", "31", [pd(15, "open")], [WON, AGAIN], id="one Pipedrive export tells both"),
    ],
)  # fmt: skip
def test_a_later_export_in_which_a_deal_is_open_again_reopens_it(
    preset: str,
    deal: str,
    exports: list[str],
    expected: list[tuple[str, int, Decimal]],
    empty_ledger: Path,
    tmp_path: Path,
):
    """In any order of exports: the win stays, with the amount it first had, and the deal is `reopened` beside it."""
    ends = []
    for number, order in enumerate((exports, exports[::-1], [*exports[1:], *exports[:1]])):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            linked(desk, preset, deal)
            for text in order:
                counts = desk.take("outcomes", text, preset=preset)
                assert counts.quarantined == 0
            assert told(desk) == expected
            ends.append(replace(desk.facts(), position=0))
    assert all(one == ends[0] for one in ends)


def test_the_stages_a_hubspot_deal_went_through_tell_its_win_and_its_return(desk: Desk):
    """Of a history of stages the first won one is the win; the first open one after it reopens the deal."""
    linked(desk, "hubspot", "901")
    head = "deal_id,name,value,timestamp,source\n"
    stages = [("2", 5), ("4711", 10), ("2", 15), ("3", 16), ("4712", 18), ("3", 20)]
    mapping = "kind: crm-preset/v1\nid: hubspot\nstages: {won: ['4711'], lost: ['4712']}\n"
    rows = [f"901,dealstage,{stage},2026-08-{day:02}T08:00:00Z,CRM_UI\n" for stage, day in stages]
    for row in reversed(rows):
        desk.take(
            "outcomes", head + row, preset="hubspot", mapping=mapping, table="deal_property_history", name="history.csv"
        )

    assert told(desk) == [("closed_won", 10, None), AGAIN, ("closed_lost", 18, None), ("reopened", 20, None)]


def test_a_contact_whose_lifecycle_moves_back_is_recycled(desk: Desk):
    """A lead that is a plain lead again after its SQL is recycled; one that never was an SQL is not."""
    desk.take("leads", LEADS + "L2,2026-07-01T00:00:00Z\n", mapping="kind: crm-preset/v1\nid: hubspot\n")
    head = "contact_id,name,value,timestamp,source\n"
    rows = [("L1", "lead", 1), ("L1", "salesqualifiedlead", 2), ("L1", "lead", 5), ("L2", "lead", 3)]
    text = head + "".join(f"{who},lifecyclestage,{stage},2026-08-0{day}T08:00:00Z,UI\n" for who, stage, day in rows)
    desk.take("outcomes", text, preset="hubspot", table="contact_property_history")

    found = [(row["lead_id"], row["kind"], row["occurred_at"].day) for row in desk.facts().outcomes.to_pylist()]

    assert found == [("L1", "sql", 2), ("L1", "recycled", 5)]
    assert desk.facts().unmatched_outcomes == 0


def test_what_is_not_known_yet_moves_nothing_back(desk: Desk):
    """As of the day before, the deal is won and not yet open again."""
    linked(desk, "salesforce", "006000000000001AAA")
    for text in (sf(11, won=True), sf(15, won=False)):
        desk.take("outcomes", text, preset="salesforce")

    before = desk.facts(as_of=datetime.fromisoformat("2026-08-14T00:00:00Z")).outcomes

    assert before["kind"].to_pylist() == ["opportunity", "closed_won"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param("kind: closed_won, moved_back: true", "recycled", id="a win does not move back"),
        pytest.param("kind: reopened, first: true, frozen: true", "contradict", id="first and frozen"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(rule: str, message: str, desk: Desk):
    """What a mapping says of an outcome must make sense."""
    text = f"kind: crm-preset/v1\nid: own\noutcomes: [{{{rule}, opportunity: a, at: b}}]\n"
    with pytest.raises(InputError, match=message):
        desk.take("outcomes", "a,b\n", mapping=text)


def amounts(desk: Desk, as_of: datetime = NOW) -> list[tuple[str, int, Decimal | None, str | None]]:
    """What is known of the deal's money: kind, day of the month, amount, currency."""
    return [
        (row["kind"], row["occurred_at"].day, row["amount"], row["currency"])
        for row in desk.facts(as_of).outcomes.to_pylist()
        if row["kind"] in {"closed_won", "amount_changed"}
    ]


@pytest.mark.parametrize(
    ("preset", "deal", "exports"),
    [
        pytest.param(
            "salesforce", "006000000000001AAA",
            [sf(11, won=True), sf(13, won=True), sf(15, won=True, amount=950), sf(18, won=False, amount=7),
             sf(20, won=True, amount=900)],
            id="Salesforce",
        ),
        pytest.param(
            "hubspot", "901",
            [hs(11, won=True), hs(15, won=True, amount=950), hs(16, won=True, amount=950), hs(20, won=True)],
            id="HubSpot",
        ),
        pytest.param(
            "pipedrive", "31",
            [pd(11, "won"), pd(15, "won", amount=950), pd(17, "won", amount=950), pd(20, "won")], id="Pipedrive",
        ),
    ],
)  # fmt: skip
def test_another_amount_in_a_later_export_is_told_beside_the_frozen_win(
    preset: str, deal: str, exports: list[str], empty_ledger: Path, tmp_path: Path
):
    """In any order of exports: revenue stays what it was at the first won, each later change is `amount_changed`."""
    ends = []
    for number, order in enumerate((exports, exports[::-1], [*exports[2:], *exports[:2], *exports[:1]])):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            linked(desk, preset, deal)
            for text in order:
                assert desk.take("outcomes", text, preset=preset).quarantined == 0
            assert amounts(desk) == [
                ("closed_won", 10, Decimal(900), "EUR"), ("amount_changed", 15, Decimal(950), "EUR"),
                ("amount_changed", 20, Decimal(900), "EUR"),
            ]  # fmt: skip
            assert amounts(desk, datetime.fromisoformat("2026-08-17T00:00:00Z"))[1:] == [
                ("amount_changed", 15, Decimal(950), "EUR")
            ]
            assert desk.facts(leads=["L1"]).outcomes == desk.facts().outcomes
            ends.append(replace(desk.facts(), position=0))
    assert all(one == ends[0] for one in ends)


def test_an_amount_that_the_history_tells_is_not_told_twice(desk: Desk):
    """Of a history of amounts, the rows of wins and a later export each change is told once, where it was first told."""
    linked(desk, "salesforce", "006000000000001AAA")
    field = (
        "Id,OpportunityId,Field,DataType,OldValue,NewValue,CreatedDate\n"
        "00H000000000003EAA,006000000000001AAA,Amount,Currency,900,950,2026-08-14T10:00:00.000Z\n"
    )
    history = (
        "Id,OpportunityId,StageName,Amount,CloseDate,Probability,CreatedDate,CurrencyIsoCode,IsDeleted\n"
        "008000000000001AAA,006000000000001AAA,Closed Won,900,2026-08-10,100,2026-08-10T09:00:00Z,EUR,false\n"
        "008000000000002AAA,006000000000001AAA,Closed Won,950,2026-08-10,100,2026-08-14T11:00:00Z,EUR,false\n"
        "008000000000003AAA,006000000000001AAA,Closed Won,970,2026-08-10,100,2026-08-16T11:00:00Z,EUR,false\n"
    )
    for text in (sf(18, won=True, amount=970), history, field):
        desk.take("outcomes", text, preset="salesforce")

    told = [one for one in amounts(desk) if one[0] == "amount_changed"]
    assert told == [("amount_changed", 14, Decimal(950), None), ("amount_changed", 16, Decimal(970), "EUR")]
