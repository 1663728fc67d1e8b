"""Examples of leads that move, as the report tells them."""

from __future__ import annotations

from mqlab.reports.movers import examples
from tests.reports.samples import BERLIN, explored, ship


def rows(arm: str = "challenger") -> list[list[str]]:
    return [[cell.text for cell in row] for table in examples(explored(), ship(), arm, BERLIN) for row in table.rows]


def test_a_lead_that_moves_says_why():
    """Who was first and when, both scores, what the other lacked, and the points that differ."""
    ((lead, _, first, before, after, apart),) = rows()

    assert (lead, first) == ("L-1", "challenger, 3 Aug 2026")
    assert before == "no MQL in time (fit 35); lacked: fit is at least 40"
    assert after == "MQL by its score (fit 47.5)"
    assert apart.startswith("industry +20 and 0, ")


def test_nothing_is_shown_where_there_is_nothing():
    """An arm without examples has no table, nor has a report without anything read."""
    assert rows("another") == []
    assert list(examples(None, ship(), "challenger", BERLIN)) == []
