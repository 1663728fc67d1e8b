"""Exports and webhook events of a CRM in any order, in any pieces and more than once end in the same facts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.leads.tables import Facts
from tests.crm.conftest import a_desk
from tests.crm.exports import EXPORTS, Export
from tests.crm.test_order_free import FAST, FEW
from tests.crm.webhooks import ABOUT, CHANGES, STAGES, Event, body, generic, history


@dataclass(frozen=True)
class Requests:
    """Events of webhooks that are read for one kind of fact; `preset` and `table` as of an export."""

    kind: str
    events: Sequence[Event]
    preset: str = "hubspot"
    table: str = "webhook"


Piece = tuple[Export | Requests, tuple[int, ...]]
"""Some rows of a file, by their number."""


def _whole(preset: str) -> list[Piece]:
    """Every file of a system; of those that say the same in two spellings, all."""
    return [(one, tuple(range(1, len(one.cells)))) for one in EXPORTS if one.preset == preset]


SYSTEMS = ["salesforce", "hubspot", "pipedrive", "marketo", "account_engagement"]


@pytest.mark.parametrize("preset", [one for one in SYSTEMS if one != "hubspot"])
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


def _with_webhooks() -> list[Piece]:
    """HubSpot's exports, and events that say the same as some of their rows and more."""
    events = (*CHANGES, *map(generic, CHANGES), *ABOUT, *({**one, "attemptNumber": 2} for one in CHANGES))
    kinds = ("outcomes", "identity", "field-changes")
    histories = [
        Export("hubspot", "outcomes", f"{what}_property_history", "the same", history(what), (), 0)
        for what in ("contact", "deal")
    ]
    said = [Requests(kind, events) for kind in kinds]
    return [
        *_whole("hubspot"),
        *((one, tuple(range(1, len(one.cells)))) for one in histories),
        *((one, tuple(range(len(events)))) for one in said),
    ]


@settings(FEW, max_examples=2)
@given(data=st.data())
def test_exports_and_webhooks_in_any_order_end_in_the_same_facts(empty_ledger: Path, data: st.DataObject):
    """Requests with some of the events, between pieces of HubSpot's exports, retried or not: the same facts."""
    _compare_pieces("webhooks", _with_webhooks(), empty_ledger, data)


@pytest.mark.long
@settings(FEW, max_examples=60)
@given(data=st.data())
def test_exports_and_webhooks_end_in_the_same_facts_in_a_long_run(empty_ledger: Path, data: st.DataObject):
    """The same law over many more orders."""
    _compare_pieces("webhooks", _with_webhooks(), empty_ledger, data)


def _compare(preset: str, empty_ledger: Path, data: st.DataObject) -> None:
    _compare_pieces(preset, _whole(preset), empty_ledger, data)


_AT_ONCE: dict[str, Facts] = {}
"""The facts after each file once, in the order in which they stand."""


def _compare_pieces(name: str, whole: Sequence[Piece], empty_ledger: Path, data: st.DataObject) -> None:
    pieces: list[Piece] = []
    for export, rows in whole:
        cut = data.draw(st.integers(0, len(rows)))
        own = data.draw(st.permutations(rows)) if isinstance(export, Requests) else rows
        pieces += [(export, tuple(part)) for part in (own[:cut], own[cut:]) if part]
    again = data.draw(st.lists(st.sampled_from(pieces), max_size=3))

    if name not in _AT_ONCE:
        _AT_ONCE[name] = _facts(empty_ledger, whole)
    assert _facts(empty_ledger, data.draw(st.permutations([*pieces, *again]))) == _AT_ONCE[name]


def _facts(empty_ledger: Path, pieces: Sequence[Piece]) -> Facts:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
        for export, rows in pieces:
            options = {"preset": export.preset, "table": export.table}
            if export.preset == "hubspot":
                options["mapping"] = STAGES
            if isinstance(export, Requests):
                options["name"] = "events.json"
                text = body(export.events[number] for number in rows)
            else:
                cells = export.cells
                text = "".join(",".join(map(_quoted, cells[number])) + "\n" for number in (0, *rows))
            counts = desk.take(export.kind, text, **options)
            parts = (counts.new, counts.unchanged, counts.corrected, counts.unmatched, counts.quarantined)
            assert (counts.read, counts.rows, counts.quarantined) == (sum(parts), len(rows), 0)
        return replace(desk.facts(), position=0)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell or "," in cell else cell
