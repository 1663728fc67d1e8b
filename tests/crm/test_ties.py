"""Outcomes that were one lead's when they were read and are several's by now: told, and nothing of them lost."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mqlab.leads.links import Linking
from mqlab.leads.ties import NO_TIES, Ties, said_of
from tests.crm.conftest import NOW, Desk, a_desk

ADA = "lead_id,created_at,email\nL1,2026-07-01T00:00:00Z,ada@acme.example\n"
AGAIN = "lead_id,created_at,email\nL2,2026-07-02T00:00:00Z,ada@acme.example\n"
BOTH = ADA + AGAIN.splitlines()[1] + "\n"
TOLD = "email,kind,occurred_at\nada@acme.example,accepted,2026-07-05\nada@acme.example,sql,2026-08-01\n"
MERGE = "old_id,new_id,merged_at\nL2,L1,2026-09-01\n"
FILES = {"first": ("leads", ADA), "second": ("leads", AGAIN), "told": ("outcomes", TOLD), "both": ("leads", BOTH)}


def counted(desk: Desk) -> tuple[int, int, int]:
    """How many outcomes count, how many wait, and how many rows are open in quarantine."""
    facts = desk.facts()
    return facts.outcomes.num_rows, facts.unmatched_outcomes, facts.quarantined


def test_a_lead_that_comes_later_makes_a_tie_that_is_told(desk: Desk):
    """The import that makes it says so, once; earlier positions say what they said, and a merge ends it."""
    desk.take("leads", ADA)
    desk.take("outcomes", TOLD, name="told.csv")
    before = desk.ledger.position()
    assert (counted(desk), desk.ledger.ties()) == ((2, 0, 0), NO_TIES)

    made = desk.take("leads", AGAIN)
    told = Ties(2, ("told.csv",))

    assert said_of(told) in made.notes
    assert (counted(desk), desk.ledger.ties()) == ((0, 2, 0), told)
    assert desk.ledger.facts(as_of=NOW, position=before).outcomes.num_rows == 2
    assert not any("several leads" in note for note in desk.take("leads", AGAIN).notes)
    desk.take("identity", MERGE)
    assert (counted(desk), desk.ledger.ties()) == ((2, 0, 0), NO_TIES)


def test_the_file_handed_in_again_stands_in_quarantine(desk: Desk):
    """Then the tie is told by its rows, and a merge releases them as any other."""
    for kind, text in (FILES["first"], FILES["told"], FILES["second"]):
        desk.take(kind, text)

    again = desk.take("outcomes", TOLD)

    assert dict(again.reasons) == {"ambiguous_identity": 2}
    assert (counted(desk), desk.ledger.ties()) == ((0, 2, 2), NO_TIES)
    assert desk.take("identity", MERGE).found == 2
    assert (counted(desk), desk.ledger.ties()) == ((2, 0, 0), NO_TIES)


@pytest.mark.parametrize("order", [*itertools.permutations(["first", "second", "told"]), ("told", "both")])
def test_in_any_order_of_files_nothing_is_lost(order: tuple[str, ...], empty_ledger: Path, tmp_path: Path):
    """The tie is told, by quarantine or as one that came later: both outcomes; and after the merge both count."""
    with a_desk(tmp_path, empty_ledger) as desk:
        for name in order:
            desk.take(*FILES[name])
        quarantined = desk.facts().quarantined

        assert (counted(desk)[:2], quarantined + desk.ledger.ties().outcomes) == ((0, 2), 2)
        desk.take("identity", MERGE)
        assert (counted(desk), desk.ledger.ties()) == ((2, 0, 0), NO_TIES)


def test_a_deal_of_two_leads_makes_them_nobody_else(desk: Desk):
    """What links an opportunity to two leads is no merge of them: the tie stays."""
    for kind, text in (FILES["first"], FILES["told"], FILES["second"]):
        desk.take(kind, text)
    roles = "".join(f"006000000000001AAA,L{lead},Buyer,true,2026-07-20T09:00:00Z\n" for lead in (1, 2))
    desk.take("identity", "OpportunityId,ContactId,Role,IsPrimary,CreatedDate\n" + roles, preset="salesforce")

    assert (counted(desk), desk.ledger.ties()) == ((0, 2, 0), Ties(2, ("file.csv",)))


def test_who_is_named_by_an_id_is_in_no_tie(desk: Desk):
    """An id comes first; and an id that nobody knows, beside an address of two, is as good as none."""
    desk.take("leads", BOTH)
    desk.take("outcomes", "lead_id,email,kind,occurred_at\nL1,ada@acme.example,sql,2026-08-01\n")
    assert (counted(desk), desk.ledger.ties()) == ((1, 0, 0), NO_TIES)


def test_a_company_of_several_people_makes_a_tie_later(empty_ledger: Path, tmp_path: Path):
    """Where leads are found by the domain of their company, a colleague who comes later makes one."""
    with a_desk(tmp_path, empty_ledger, linking=Linking(same_domain=True)) as desk:
        desk.take("leads", "lead_id,created_at,email\nL1,2026-07-01T00:00:00Z,ada@acme.com\n")
        desk.take("outcomes", "email,kind,occurred_at\nzoe@acme.com,sql,2026-08-01\n", name="told.csv")
        assert (counted(desk), desk.ledger.ties()) == ((1, 0, 0), NO_TIES)

        made = desk.take("leads", "lead_id,created_at,email\nL2,2026-07-01T00:00:00Z,bob@acme.com\n")

        assert said_of(Ties(1, ("told.csv",))) in made.notes
        assert desk.ledger.ties() == Ties(1, ("told.csv",))
