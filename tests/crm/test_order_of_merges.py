"""Merges handed in as files, in any order and any pieces: at every instant the same people, as the dated union says."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mqlab.leads.identity import Edge, canonical_ids, standing_ids
from mqlab.leads.instants import iso, micros
from tests.crm.conftest import a_desk
from tests.crm.test_order_free import FAST, FEW, MANY

START = datetime(2026, 7, 1, tzinfo=UTC)
LEADS = {"L1": 0, "L2": 1, "L3": 2}
"""Leads, and the day each was created; every other id is anonymous."""
ANONYMOUS = ("X1", "X2", "X3")
DAYS = range(3, 7)

Order = random.Random | None
"""How the merges are shuffled and cut; None tells them backwards, in one file."""
IDS = st.sampled_from([*LEADS, *ANONYMOUS])
MERGES = st.lists(
    st.tuples(IDS, IDS, st.sampled_from(DAYS)).filter(lambda one: one[0] != one[1]), min_size=1, max_size=7
)
CHAIN: list[Edge] = [("X1", "X2", 5), ("X2", "X3", 4), ("X3", "L1", 6)]
CIRCLE: list[Edge] = [("L1", "L2", 3), ("L2", "X1", 4), ("X1", "L1", 5)]
THIRD: list[Edge] = [("L1", "X1", 4), ("L2", "X1", 4), ("X2", "X1", 5)]
ANONYMOUS_WINNER: list[Edge] = [("L2", "X1", 3), ("X2", "X1", 5), ("L3", "X2", 6)]


@FEW
@given(merges=MERGES, order=st.randoms(use_true_random=False))
@example(merges=[*CHAIN, *CIRCLE], order=None)
@example(merges=[*THIRD, *ANONYMOUS_WINNER], order=None)
def test_merges_in_any_files_make_the_same_people(empty_ledger: Path, merges: list[Edge], order: Order):
    """What an anonymous id did counts for whoever stands for it, at every instant, however the merges came."""
    _compare(empty_ledger, merges, order)


@pytest.mark.long
@MANY
@given(merges=MERGES, order=st.randoms(use_true_random=False))
def test_merges_in_any_files_make_the_same_people_in_a_long_run(empty_ledger: Path, merges: list[Edge], order: Order):
    """The same law over many more merges."""
    _compare(empty_ledger, merges, order)


def _compare(empty_ledger: Path, merges: list[Edge], order: Order) -> None:
    pieces: list[Sequence[Edge]] = [merges[::-1]]
    if order is not None:
        told = [*merges, *merges[:2]]
        order.shuffle(told)
        cuts = sorted(order.randrange(len(told) + 1) for _ in range(2))
        pieces = [told[low:high] for low, high in itertools.pairwise([0, *cuts, len(told)]) if low < high]
    expected = [_expected(merges, day) for day in DAYS]

    assert _seen(empty_ledger, pieces) == expected


def _expected(merges: list[Edge], day: int) -> dict[str, str]:
    """Whom each anonymous id's outcome belongs to on a day, by the union of what had been merged by then."""
    created = {lead: micros(START + timedelta(days=since)) for lead, since in LEADS.items()}
    standing = standing_ids(canonical_ids(one for one in merges if one[2] <= day), created)
    return {one: standing[one] for one in ANONYMOUS if standing.get(one) in LEADS}


def _seen(empty_ledger: Path, pieces: Sequence[Sequence[Edge]]) -> list[dict[str, str]]:
    """The same as the ledger has it."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
        said = "".join(f"{one},rejected,{_on(0)},{one},{one}\n" for one in ANONYMOUS)
        desk.take("outcomes", "lead_id,kind,occurred_at,reason_code,row_id\n" + said)
        for number, piece in enumerate(pieces):
            rows = "".join(f"{old},{new},{_on(day)}\n" for old, new, day in piece)
            desk.take("identity", "old_id,new_id,merged_at\n" + rows)
            if number == 0:
                leads = "".join(f"{lead},{_on(day)}\n" for lead, day in LEADS.items())
                desk.take("leads", "lead_id,created_at\n" + leads)
        tables = [desk.facts(START + timedelta(days=day, hours=1)).outcomes for day in DAYS]
        return [
            {row["reason_code"].upper(): row["lead_id"] for row in table.select(["reason_code", "lead_id"]).to_pylist()}
            for table in tables
        ]


def _on(day: int) -> str:
    return iso(START + timedelta(days=day))
