"""The feeds through the front door: what a store reads back is what the simulation says is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mqlab.crm.counts import ImportCounts
from mqlab.crm.ingest import ingest
from mqlab.leads.tables import Facts
from mqlab.simulation.demo_plan import demo_plan
from mqlab.simulation.feeds import Feed
from mqlab.simulation.funnel import Funnel, simulate
from mqlab.store.ledger import Ledger

PLAN = replace(demo_plan(leads=900), plays=1)
TABLES = ("leads", "field_changes", "events", "identity", "outcomes")


@pytest.fixture(scope="module")
def funnel() -> Funnel:
    """A small quarter."""
    return simulate(PLAN, seed=4)


@pytest.fixture(scope="module")
def imported(funnel: Funnel, tmp_path_factory: pytest.TempPathFactory):
    """The quarter's feeds, what importing each of them said, and the facts read back at the last look."""
    folder: Path = tmp_path_factory.mktemp("quarter")
    feeds = funnel.write_feeds(folder / "feeds")
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}", create=True) as ledger:
        counts = {
            kind: ingest(ledger, kind, feed.path, timezone=PLAN.timezone, now=PLAN.as_of + timedelta(hours=12))
            for kind, feed in feeds.items()
        }
        return feeds, counts, ledger.facts(as_of=PLAN.as_of)


def rows(table: pa.Table) -> list[dict[str, object]]:
    """A table's rows in an order of their own."""
    return sorted(table.to_pylist(), key=repr)


def test_every_row_of_every_feed_is_accounted_for(imported):
    """Repeated rows are unchanged, bad rows are quarantined, outcomes of strangers wait; everything else is taken."""
    feeds: dict[str, Feed] = imported[0]
    counts: dict[str, ImportCounts] = imported[1]

    for kind, feed in feeds.items():
        taken = counts[kind]
        assert taken.quarantined == feed.bad
        assert taken.unmatched == feed.strangers
        assert taken.unchanged == feed.repeats
        assert taken.new + taken.corrected == feed.rows - feed.repeats - feed.bad - feed.strangers


def test_the_store_reads_back_what_the_funnel_says(funnel: Funnel, imported):
    """Ingested and read back, the feeds give the same facts, row by row, as the funnel hands out without a store."""
    stored: Facts = imported[2]
    direct = funnel.facts()

    for name in TABLES:
        assert rows(getattr(stored, name)) == rows(getattr(direct, name))
    assert (stored.unmatched_outcomes, stored.quarantined) == (direct.unmatched_outcomes, direct.quarantined)
