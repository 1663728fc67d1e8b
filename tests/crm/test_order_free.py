"""Any order, split or repetition of the same files ends in the same facts, and every row read is accounted for."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqlab.leads.identity import canonical_ids
from mqlab.leads.instants import iso, micros
from mqlab.leads.tables import Facts
from tests.crm.conftest import NOW, Desk, a_desk

START = datetime(2026, 7, 1, tzinfo=UTC)
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder in memory where there is one: these tests write often and little."""

HEADS = {
    "leads": "lead_id,created_at,known_at,email,employees",
    "events": "lead_id,event_id,name,occurred_at,known_at,path",
    "field-changes": "lead_id,field,value,changed_at,known_at",
    "identity": "old_id,new_id,merged_at,known_at",
    "outcomes": "lead_id,email,kind,occurred_at,known_at,row_id,modified_at,reason_code",
}
Row = tuple[str, str]
"""The kind of file a row belongs in, and its text."""

LEADS = st.sampled_from(["L1", "L2", "L3", "L4", "anonymous"])
EMAILS = st.sampled_from(["", "ada@x.com", "bob@x.com"])
DAYS = st.integers(0, 40)


def on(day: int) -> str:
    """An instant some days after the start."""
    return iso(START + timedelta(days=day))


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows of all five kinds, good and bad; what a row without a version says depends on its key alone."""
    made: list[Row] = []
    for _ in range(draw(st.integers(0, 6))):
        lead, created, known = draw(LEADS), 0, draw(DAYS)
        made.append(
            (
                "leads",
                f"{lead},{on(created)},{on(known)},{draw(EMAILS) if known % 2 else ''},{known}".replace(
                    "anonymous", "L9"
                ),
            )
        )
    for _ in range(draw(st.integers(0, 4))):
        event_id, path = draw(st.sampled_from(["", "E1"])), draw(st.integers(0, 2))
        made.append(("events", f"{draw(LEADS)},{event_id},page_view,{on(draw(DAYS))},{on(draw(DAYS))},/{path}"))
    for _ in range(draw(st.integers(0, 3))):
        made.append(
            ("field-changes", f"{draw(LEADS)},employees,{draw(st.integers(0, 2))},{on(draw(DAYS))},{on(draw(DAYS))}")
        )
    for _ in range(draw(st.integers(0, 3))):
        old, new = draw(LEADS), draw(LEADS)
        made.append(("identity", f"{old},{new},{on(draw(DAYS))},"))
    for _ in range(draw(st.integers(1, 8))):
        lead = draw(st.one_of(LEADS, st.sampled_from(["", "nobody"])))
        row_id, version = draw(st.sampled_from(["", "R1"])), draw(st.sampled_from(["", on(30), on(35)]))
        at = draw(st.integers(1, 3)) if version or not row_id else 1
        reason = draw(st.sampled_from(["FIT-01", "FIT-02"])) if version else "FIT-00"
        known = draw(st.sampled_from(["", on(at), on(draw(DAYS))]))
        made.append(("outcomes", f"{lead},{draw(EMAILS)},rejected,{on(at)},{known},{row_id},{version},{reason}"))
    made.extend((kind, "broken") for kind in draw(st.lists(st.sampled_from(sorted(HEADS)), max_size=2)))
    return made


FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=500)


@FEW
@given(made=rows(), data=st.data())
def test_any_order_split_or_repetition_gives_the_same_facts(empty_ledger: Path, made: list[Row], data: st.DataObject):
    """One import per kind, and the same rows shuffled over many files with repeats, read the same at every instant."""
    _compare(empty_ledger, made, data)


@pytest.mark.long
@MANY
@given(made=rows(), data=st.data())
def test_any_order_gives_the_same_facts_in_a_long_run(empty_ledger: Path, made: list[Row], data: st.DataObject):
    """The same law over many more files."""
    _compare(empty_ledger, made, data)


def _compare(empty_ledger: Path, made: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations([*made, *data.draw(st.lists(st.sampled_from(made), max_size=4))]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    pieces = [shuffled[low:high] for low, high in itertools.pairwise([0, *cuts, len(shuffled)])]

    at_once, piecemeal = _facts(empty_ledger, [made]), _facts(empty_ledger, pieces)

    assert at_once == piecemeal


def _facts(empty_ledger: Path, pieces: Sequence[Sequence[Row]]) -> list[Facts]:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
        for piece in pieces:
            _hand_in(desk, piece)
        seen = [desk.facts(START + timedelta(days=day, hours=1)) for day in (0, 2, 20, 33)] + [desk.facts()]
        return [replace(facts, position=0, quarantined=0) for facts in seen]


def _hand_in(desk: Desk, piece: Sequence[Row]) -> None:
    for kind in dict.fromkeys(kind for kind, _ in piece):
        lines = [text for own, text in piece if own == kind]
        counts = desk.take(kind, "\n".join([HEADS[kind], *lines]) + "\n")
        parts: dict[str, Any] = counts.to_dict()
        assert (
            len(lines)
            == counts.read
            == sum(parts[part] for part in ("new", "unchanged", "corrected", "unmatched", "quarantined"))
        )
        assert parts["new"] + parts["corrected"] == 0 or desk.ledger.position() > 0


@FEW
@given(made=rows())
def test_the_facts_of_one_lead_are_its_part_of_all_facts(empty_ledger: Path, made: list[Row]):
    """Reading a few leads is the same as reading everything and keeping theirs."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
        _hand_in(desk, made)
        everything = desk.facts()
        survivors = canonical_ids(
            (row["old_id"], row["new_id"], micros(row["merged_at"])) for row in everything.identity.to_pylist()
        )
        for lead in ("L1", "L2", "L9"):
            few = desk.facts(leads=[lead])

            same = {
                one
                for one in ("L1", "L2", "L3", "L4", "L9", "anonymous")
                if survivors.get(one, one) == survivors.get(lead, lead)
            }
            for name in ("leads", "events", "field_changes", "outcomes"):
                kept = [row for row in getattr(everything, name).to_pylist() if row["lead_id"] in same]
                assert getattr(few, name).to_pylist() == kept


def test_a_tie_of_addresses_is_never_guessed_in_any_order(empty_ledger: Path):
    """An address of two leads finds neither, in whatever order they come; their merge ends the doubt."""
    leads = [("leads", f"L{number},{on(0)},{on(0)},ada@x.com,1") for number in (1, 2)]
    outcome = ("outcomes", f",ada@x.com,sql,{on(3)},,,,")
    merge = ("identity", f"L2,L1,{on(5)},")
    for order in itertools.islice(itertools.permutations([*leads, outcome, merge]), 0, None, 3):
        with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
            for row in order:
                _hand_in(desk, [row])

            before, after = desk.facts(START + timedelta(days=4)), desk.facts(NOW)
            assert (before.outcomes.num_rows, before.unmatched_outcomes) == (0, 1)
            assert (
                after.outcomes["lead_id"].to_pylist(),
                after.unmatched_outcomes,
                after.quarantined,
            ) == (["L1"], 0, 0)
