"""The lines below a report: told from rows that are broken, and never taken for rows."""

from __future__ import annotations

import pytest

from tests.crm.conftest import Desk

MAPPING = "kind: crm-preset/v1\nid: report\nfooter: [Grand Totals, Copyright (c)]\n"
HEAD = "lead_id,created_at,size\nL1,2026-07-01,4\nL2,2026-07-01,4\n"


@pytest.mark.parametrize(
    ("below", "footer", "quarantined"),
    [
        pytest.param("", 0, 0, id="none"),
        pytest.param("Grand Totals (2 records)\n", 1, 0, id="a mark"),
        pytest.param("\nMy report\nCopyright (c) 2026\nExample GmbH\n", 3, 0, id="text after a blank line"),
        pytest.param("\nMy report\nExample GmbH\n", 0, 2, id="text without a mark is broken rows"),
        pytest.param("L3\n", 0, 1, id="a short row"),
        pytest.param("\nGrand Totals\nL3,2026-07-01,4\n", 0, 1, id="a row below it: it was none"),
        pytest.param("Grand Totals,,8\n", 1, 0, id="a line of sums"),
    ],
)
def test_what_stands_below_the_rows_is_accounted_for(desk: Desk, below: str, footer: int, quarantined: int):
    """A footer is counted as such only where one of its marks is there; anything else is set aside as a broken row."""
    counts = desk.take("leads", HEAD + below, mapping=MAPPING)

    assert (counts.footer, counts.quarantined, counts.new) == (footer, quarantined, 3 if "L3,2026" in below else 2)


def test_a_footer_is_found_far_below(desk: Desk):
    """Also where the rows before it come in several batches."""
    rows = "".join(f"A{number},2026-07-01,1\n" for number in range(5_000))

    counts = desk.take("leads", HEAD + rows[:-1] + "\n\nMy report\nCopyright (c)\n", mapping=MAPPING)

    assert (counts.footer, counts.new, counts.quarantined) == (2, 5_002, 0)
