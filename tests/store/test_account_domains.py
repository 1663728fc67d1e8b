"""Leads by their company's domain, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mqlab.crm.ingest import ingest
from mqlab.leads.links import Linking
from mqlab.store.account_domains import ByDomain, by_domain, leads_by_domain
from mqlab.store.engine import reading
from mqlab.store.ledger import Ledger
from tests.store.conftest import NOW

BY_DOMAIN = Linking(same_domain=True)
LEADS = (
    "lead_id,created_at,known_at,email\nL1,2026-07-01,2026-07-01T00:00:00Z,ada@acme.com\n"
    "L1,2026-07-01,2026-07-05T00:00:00Z,ada@mail.old.co.uk\nL2,2026-07-01,2026-07-02T00:00:00Z,bob@by-acme.com\n"
    "L3,2026-07-01,2026-07-03T00:00:00Z,cy@de.acme.com\nL4,2026-07-01,2026-07-03T00:00:00Z,dee@gmail.com\n"
)

LINKS = "kind: crm-preset/v1\nid: shop\nidentity: {opportunity: opportunity, new_id: new_id, at: at}\n"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger of a lab that matches by domains."""
    with Ledger.open(ledger_url, create=False, linking=BY_DOMAIN) as opened:
        yield opened


def take(ledger: Ledger, folder: Path, kind: str, content: str) -> dict[str, object]:
    """Ingest a text."""
    (folder / "file.csv").write_text(content)
    return ingest(ledger, kind, folder / "file.csv", timezone=ZoneInfo("UTC"), now=NOW).to_dict()


def test_who_ever_had_an_address_of_a_company(ledger: Ledger, tmp_path: Path):
    """In every version that was known by then, below the company's domain too, and in no domain that looks like it."""
    take(ledger, tmp_path, "leads", LEADS)
    asked = {"acme.com", "old.co.uk", "gmail.com", "mail.acme.com", "nobody.com"}

    with reading(ledger._engine) as connection:
        ever = leads_by_domain(connection, asked, BY_DOMAIN)
        early = leads_by_domain(connection, asked, BY_DOMAIN, as_of_us=1_782_993_600_000_000)
        off = leads_by_domain(connection, asked, Linking())
        ours = leads_by_domain(connection, asked, Linking(same_domain=True, internal_domains=("acme.com",)))

    assert ever == {"acme.com": {"L1", "L3"}, "old.co.uk": {"L1"}}
    assert (early, off, ours) == ({"acme.com": {"L1"}}, {}, {"old.co.uk": {"L1"}})


def test_what_waits_finds_its_lead_and_a_tie_ends_with_a_merge(ledger: Ledger, tmp_path: Path):
    """Of two outcomes that came before their leads one is found; the other is nobody's until two are one."""
    outcomes = "email,kind,occurred_at\nzed@acme.com,sql,2026-08-01T00:00:00Z\nzoe@old.co.uk,sql,2026-08-02T00:00:00Z\n"
    assert take(ledger, tmp_path, "outcomes", outcomes)["unmatched"] == 2

    assert take(ledger, tmp_path, "leads", LEADS)["found"] == 1
    assert take(ledger, tmp_path, "outcomes", outcomes)["reasons"] == {"ambiguous_domain": 1}
    before = ledger.facts(as_of=NOW)
    deal = "opportunity,new_id,at\nO1,L1,2026-07-10T00:00:00Z\nO1,L3,2026-07-10T00:00:00Z\n"
    (tmp_path / "links.yaml").write_text(LINKS)
    (tmp_path / "deal.csv").write_text(deal)
    ingest(
        ledger, "identity", tmp_path / "deal.csv", timezone=ZoneInfo("UTC"), now=NOW, mapping=tmp_path / "links.yaml"
    )
    with reading(ledger._engine) as connection:
        assert by_domain(connection, BY_DOMAIN) == ByDomain(1, tied=1), "a deal of two leads makes them nobody else"
    take(ledger, tmp_path, "identity", "old_id,new_id,merged_at\nL3,L1,2026-09-01T00:00:00Z\n")

    after = ledger.facts(as_of=NOW)
    assert (before.outcomes["lead_id"].to_pylist(), before.unmatched_outcomes) == (["L1"], 1)
    assert (after.outcomes["lead_id"].to_pylist(), after.unmatched_outcomes, after.quarantined) == (["L1", "L1"], 0, 0)
    assert (before.quarantined, ledger.unmatched.count()) == (1, 0)
    assert ledger.facts(as_of=NOW, position=before.position).outcomes == before.outcomes
    with reading(ledger._engine) as connection:
        assert by_domain(connection, BY_DOMAIN) == ByDomain(2, tied=0)
