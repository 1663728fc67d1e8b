"""Which exchange rates revenue needs: those of the days on which deals that count were first won, and no other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mqlab.analysis.analyze import analyze
from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.analysis.results import AnalysisResult
from mqlab.leads.tables import Facts
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse.engines.engine import open_engine
from tests.analysis.lab_tables import write
from tests.analysis.test_analyze import ZONE, by_letter, ids, row
from tests.analysis.test_analyze_in_engine import said
from tests.analysis.world import DAY, START, facts, protocol

FIRST, AGAIN, EARLY = START + 9 * DAY, START + 19 * DAY, START - 5 * DAY


@pytest.fixture(scope="module")
def deals() -> Facts:
    """Deals won twice, the second time for more, and one of a lead from before the enrolment."""
    leads: list[dict[str, Any]] = [{"lead_id": "early", "created_at": EARLY, "fields": {"kind": "both"}}]
    outcomes = [won("early", EARLY + DAY, 70)]
    for arm in ("control", "challenger"):
        names = ids(arm)
        for number in range(40):
            name = next(names)
            leads.append({"lead_id": name, "created_at": START, "fields": {"kind": "both"}})
            if number % 2:
                outcomes += [won(name, FIRST, 1000), won(name, AGAIN, 3000)]
    return facts(leads, outcomes=outcomes)


def won(name: str, at: Any, amount: int) -> dict[str, Any]:
    """A win in dollars."""
    return {
        "lead_id": name, "kind": "closed_won", "occurred_at": at, "opportunity_id": name, "amount": Decimal(amount),
        "currency": "USD",
    }  # fmt: skip


def analysed(deals: Facts, folder: Path, *days: date) -> AnalysisResult:
    """What the ledger says where the table has a rate of these days only, and the tables of an engine, too."""

    def rates(_one: str, _other: str, day: date) -> Decimal | None:
        return Decimal("0.5") if day in days else None

    write(deals, folder)
    found = analyze(protocol(), by_letter(), deals, timezone=ZONE, fx=rates)
    with open_engine(f"parquet:///{folder}") as engine:
        there = analyze_in(
            engine, protocol(), by_letter(), as_of=deals.as_of, position=deals.position, timezone=ZONE, fx=rates
        )
    assert said(there) == said(found)
    return found


def test_only_the_first_wins_day_needs_a_rate(deals: Facts, tmp_path: Path) -> None:
    """A later row of a won deal, and a deal that is in no arm, may lack theirs."""
    found = row(analysed(deals, tmp_path, FIRST.date()), "revenue_per_lead", "itt")

    assert (found.control.value, found.treatment.value) == (250.0, 250.0)


def test_a_later_days_rate_does_not_stand_in(deals: Facts, tmp_path: Path) -> None:
    """Without the rate of the first win there is no revenue, though a later row could be converted."""
    found = row(analysed(deals, tmp_path, AGAIN.date()), "revenue_per_lead", "itt")

    assert isinstance(found.absolute, NotEstimable)
    assert (found.absolute.reason, found.absolute.detail) == (
        "missing_exchange_rate", "The table of rates has no USD to EUR on 2026-07-10.",
    )  # fmt: skip
