"""How a table fits a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.reports.document import Cell, Column, Table
from mqlab.reports.fitted import LINE, LONGEST_WORD, widths

TEXTS = st.lists(st.integers(1, 40).map("x".__mul__), min_size=1, max_size=40).map(" ".join)


def table(*rows: tuple[str, ...]) -> Table:
    return Table("t", "T", tuple(Column("Head") for _ in rows[0]), tuple(tuple(map(Cell, row)) for row in rows))


def test_an_id_has_room_beside_long_texts():
    """Three columns of prose leave a lead's id the letters it needs on a page's line."""
    prose = "MQL later, on 16 Sept 2025 (fit 90, engagement 29.5); lacked: engagement is at least 30; " * 3

    found = widths(table(("LD-f9d61b502bc2", "newsletter", prose, prose, prose)))

    assert found[0] * LINE > len("LD-f9d61b502bc2") and found[1] * LINE > len("newsletter")


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_every_column_has_room_for_its_longest_word(texts: list[str]):
    """Wherever the longest words fit beside each other; the shares always add up to 1."""
    found = widths(table(tuple(texts)))
    longest = [min(max(map(len, (*text.split(), "Head"))), LONGEST_WORD) for text in texts]

    assert sum(found) == pytest.approx(1.0)
    if sum(longest) + 1.5 * len(texts) <= LINE:
        assert all(share * LINE >= word - 1e-6 for share, word in zip(found, longest, strict=True))
