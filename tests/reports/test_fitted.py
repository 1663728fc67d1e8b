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


def test_a_name_with_hyphens_leaves_room_for_the_text_beside_it():
    """A long name breaks at its hyphens, so that a column of prose is not one word wide."""
    prose = "no MQL in time (points 45); lacked: points is at least 50; now 45"
    long = "very-loose-with-a-long-name-of-its-own, 14 Jan 2026"

    found = widths(table(("L00194", "organic", long, prose, f"MQL by its score, {long}", long)))

    assert found[3] * LINE > 12


def test_a_long_name_above_numbers_leaves_room_for_what_names_the_rows():
    """The head of a numeric column breaks at hyphens as well: its numbers are short."""
    heads = ("Metric", "control", "very-loose-with-a-long-name-of-its-own", "Difference", "Relative change", "p")
    columns = tuple(Column(head, k > 0) for k, head in enumerate(heads))
    cells = ("SQLs within 30 days, per 1,000 assigned leads", "82.9", "86.1", "+3.1 (−45.0 to +51.3)",
             "+3.8% (−43.7% to +91.7%)", "0.88")  # fmt: skip
    found = widths(Table("t", "T", columns, (tuple(map(Cell, cells)),)))

    assert found[2] < found[3] and found[0] * LINE > 24
