"""Exports of a CRM in any order, in any pieces and more than once end in the same facts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.leads.tables import Facts
from tests.crm.conftest import a_desk
from tests.crm.exports import EXPORTS, Export
from tests.crm.test_order_free import FAST, FEW

Piece = tuple[Export, tuple[int, ...]]
"""Some rows of a file, by their number."""


def _whole(preset: str) -> list[Piece]:
    """Every file of a system; of those that say the same in two spellings, all."""
    return [(one, tuple(range(1, len(one.cells)))) for one in EXPORTS if one.preset == preset]


SYSTEMS = ["salesforce", "hubspot", "pipedrive", "marketo", "account_engagement"]


@pytest.mark.parametrize("preset", SYSTEMS)
@settings(FEW, max_examples=3)
@given(data=st.data())
def test_files_in_any_order_and_any_pieces_end_in_the_same_facts(preset: str, empty_ledger: Path, data: st.DataObject):
    """Rows cut into files at random, shuffled, some of them handed in twice: the same leads, merges and outcomes."""
    _compare(preset, empty_ledger, data)


@pytest.mark.long
@pytest.mark.parametrize("preset", SYSTEMS)
@settings(FEW, max_examples=100)
@given(data=st.data())
def test_files_in_any_order_end_in_the_same_facts_in_a_long_run(preset: str, empty_ledger: Path, data: st.DataObject):
    """The same law over many more orders."""
    _compare(preset, empty_ledger, data)


def _compare(preset: str, empty_ledger: Path, data: st.DataObject) -> None:
    whole = _whole(preset)
    pieces: list[Piece] = []
    for export, rows in whole:
        cut = data.draw(st.integers(0, len(rows)))
        pieces += [(export, part) for part in (rows[:cut], rows[cut:]) if part]
    again = data.draw(st.lists(st.sampled_from(pieces), max_size=3))

    assert _facts(empty_ledger, data.draw(st.permutations([*pieces, *again]))) == _facts(empty_ledger, whole)


def _facts(empty_ledger: Path, pieces: Sequence[Piece]) -> Facts:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
        for export, rows in pieces:
            cells = export.cells
            text = "".join(",".join(map(_quoted, cells[number])) + "\n" for number in (0, *rows))
            counts = desk.take(export.kind, text, preset=export.preset, table=export.table)
            parts = (counts.new, counts.unchanged, counts.corrected, counts.unmatched, counts.quarantined)
            assert (counts.read, counts.rows, counts.quarantined) == (sum(parts), len(rows), 0)
        return replace(desk.facts(), position=0)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell or "," in cell else cell
