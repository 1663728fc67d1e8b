"""Which lead an opportunity belongs to: by what links them, in a fixed order, and within the window."""

# ruff: noqa: E501  (a row of a file is as long as it is)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from mqlab.errors import InputError
from mqlab.leads.instants import DAY_US
from mqlab.leads.links import Linking
from mqlab.store.ledger import Ledger
from tests.crm.conftest import Desk, a_desk

HEAD = "Id,CreatedDate,IsConverted,ConvertedDate,ConvertedAccountId,ConvertedContactId,ConvertedOpportunityId,SystemModstamp\n"
DEAL, ACME = "006000000000001AAA", "001000000000001AAA"
DEALS = f"""Id,AccountId,CreatedDate,Type,StageName,IsClosed,IsWon,CloseDate,Amount,CurrencyIsoCode,SystemModstamp
{DEAL},{ACME},2026-03-01T10:00:00Z,New,Closed Won,true,true,2026-04-01,900,EUR,2026-04-01T10:00:00Z
"""
ADA, BOB = "00Q000000000001EAA", "00Q000000000002EAA"


def lead(number: int, created: str, *, deal: str = "", account: str = "") -> str:
    """A converted lead with a contact of its own."""
    return (
        f"00Q00000000000{number}EAA,{created}T09:00:00Z,true,2026-02-20,{account},00300000000000{number}AAA,{deal},"
        "2026-02-20T12:00:00Z\n"
    )


def roles(*rows: tuple[int, bool, str]) -> str:
    """Contact roles of the deal: the number of the contact, whether it is primary, and since when."""
    head = "OpportunityId,ContactId,Role,IsPrimary,CreatedDate\n"
    return head + "".join(
        f"{DEAL},00300000000000{number}AAA,Buyer,{str(primary).lower()},{at}T10:00:00Z\n"
        for number, primary, at in rows
    )


def files(leads: str, contact_roles: str = "") -> list[tuple[str, str]]:
    """The leads, who is who, the deal, and its roles."""
    found = [("leads", HEAD + leads), ("identity", HEAD + leads), ("outcomes", DEALS)]
    return [*found, ("identity", contact_roles)] if contact_roles else found


def hand_in(desk: Desk, handed: list[tuple[str, str]]) -> None:
    """Every file."""
    for kind, content in handed:
        desk.take(kind, content, preset="salesforce")


def owners(desk: Desk) -> set[str]:
    """Whose the deal's outcomes are."""
    return set(desk.facts().outcomes["lead_id"].to_pylist())


TWO = lead(1, "2026-01-01") + lead(2, "2026-02-01")


@pytest.mark.parametrize(
    ("handed", "whose"),
    [
        pytest.param(
            files(lead(1, "2026-01-01") + lead(2, "2026-02-01", deal=DEAL), roles((1, True, "2026-03-01"))),
            {BOB}, id="the converted one before an earlier one that is the primary contact",
        ),
        pytest.param(
            files(TWO, roles((1, False, "2026-03-01"), (2, True, "2026-03-01"))), {BOB},
            id="the primary contact before an earlier one",
        ),
        pytest.param(
            files(TWO, roles((1, False, "2026-03-01"), (2, False, "2026-03-01"))), {ADA},
            id="of two equal ones the one created first",
        ),
        pytest.param(
            files(lead(1, "2024-01-01") + lead(2, "2026-02-01"), roles((1, True, "2026-03-01"), (2, False, "2026-03-01"))),
            {BOB}, id="a role that came after the window of its lead is none",
        ),
        pytest.param(
            files(TWO, roles((1, True, "2025-12-30"), (2, False, "2026-03-01"))), {BOB},
            id="a role from before its lead came is none",
        ),
        pytest.param(files(lead(1, "2024-01-01"), roles((1, True, "2026-03-01"))), set(), id="nothing else: it waits"),
        pytest.param(
            files(lead(1, "2024-01-01", deal=DEAL)), {ADA}, id="a conversion has no window",
        ),
        pytest.param(
            [*files(lead(1, "2026-01-01", account=ACME)), ("identity", DEALS)], set(), id="an account is no link",
        ),
    ],
)  # fmt: skip
def test_what_links_a_deal_to_a_lead_comes_in_a_fixed_order(
    handed: list[tuple[str, str]], whose: set[str], empty_ledger: Path, tmp_path: Path
):
    """Converted, primary contact, contact, the same account: whatever the order of the files, the same lead."""
    ends = []
    for number, order in enumerate((handed, handed[::-1], [*handed[2:], *handed[:2]])):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            hand_in(desk, order)

            facts = desk.facts()
            of_deal = [row["lead_id"] for row in facts.outcomes.to_pylist() if row["kind"] == "closed_won"]
            assert (set(of_deal), bool(facts.unmatched_outcomes)) == (whose, not whose)
            assert bool(desk.ledger.unmatched.list()) == (not whose)
            for one in whose:
                few = desk.facts(leads=[one]).outcomes.to_pylist()
                assert few == [row for row in facts.outcomes.to_pylist() if row["lead_id"] == one]
            ends.append(replace(facts, position=0))
    assert all(one == ends[0] for one in ends)


def test_an_account_links_where_the_lab_says_so(desk: Desk):
    """The deal of an account belongs to the first of its leads that came in time; a contact role comes before it."""
    leads = lead(1, "2024-01-01", account=ACME) + lead(2, "2026-02-01", account=ACME) + lead(3, "2026-01-01")
    hand_in(desk, [*files(leads), ("identity", DEALS)])
    waiting = len(desk.ledger.unmatched.list())
    with Ledger.open(
        f"sqlite:///{desk.folder}/ledger.sqlite", create=False, linking=Linking(365 * DAY_US, same_account=True)
    ) as ledger:
        desk.ledger = ledger
        by_account = owners(desk)
        again = desk.take("outcomes", DEALS, preset="salesforce")
        few = desk.facts(leads=[BOB]).outcomes.num_rows, desk.facts(leads=[ADA]).outcomes.num_rows
        desk.take("identity", roles((3, False, "2026-03-01")), preset="salesforce")

        assert (waiting, by_account, few) == (2, {BOB}, (2, 0))
        assert (again.unmatched, again.unchanged, again.found) == (0, 2, 2)
        assert owners(desk) == {"00Q000000000003EAA"}


def test_a_link_from_before_kinds_were_kept_is_an_association(desk: Desk):
    """Links that an older version stored still count, behind those that say what they are."""
    hand_in(desk, files(TWO, roles((1, False, "2026-03-01"))))
    engine = create_engine(f"sqlite:///{desk.folder}/ledger.sqlite")
    with engine.begin() as connection:
        connection.execute(text("UPDATE identity_merges SET version = NULL WHERE lead_ref LIKE 'opportunity:%'"))
    engine.dispose()
    alone = owners(desk)

    hand_in(desk, [("identity", roles((2, False, "2026-03-02")))])

    assert (alone, owners(desk)) == ({ADA}, {BOB})


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param("{old_id: a, new_id: b, at: c, link: converted}", "said of an 'opportunity'", id="of a merge"),
        pytest.param("{opportunity: a, primary: d, new_id: b, at: c}", "'link: contact_role'", id="primary of what"),
        pytest.param("{opportunity: a, account: d, new_id: b, at: c}", "one of 'new_id'", id="two ends"),
        pytest.param("{opportunity: a, new_id: b, at: c, link: cousin}", "'converted'", id="another word"),
    ],
)
def test_a_rule_that_says_a_link_wrongly_is_refused(rule: str, message: str, desk: Desk):
    """A mapping's rule of identity is held against what links can say."""
    with pytest.raises(InputError, match=message):
        desk.take("identity", "a,b,c\n", mapping=f"kind: crm-preset/v1\nid: own\nidentity: {rule}\n")
