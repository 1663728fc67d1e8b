"""A history that lost rows, told by the rows of the deals themselves (airbyte#46576)."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mqlab.crm.counts import ImportCounts
from mqlab.leads.completeness import Gaps
from tests.crm.conftest import Desk, a_desk

DEAL = "Id,CreatedDate,Type,StageName,IsClosed,IsWon,CloseDate,Amount,CurrencyIsoCode,SystemModstamp\n"
HISTORY = "Id,OpportunityId,StageName,Amount,CloseDate,Probability,CreatedDate,CurrencyIsoCode,IsDeleted\n"
STAGES = {"Closed Won": "true,true", "Closed Lost": "true,false", "Proposal": "false,false"}
Step = tuple[int, int, str]
"""A deal by its number, a day of August, and the stage it had then."""


def rows(*steps: Step) -> str:
    """An export of deals."""
    return DEAL + "".join(
        f"{_id(deal)},2026-07-20T09:00:00Z,New,{stage},{STAGES[stage]},2026-08-31,900,EUR,2026-08-{day:02}T12:00:00Z\n"
        for deal, day, stage in steps
    )


def history(*steps: Step) -> str:
    """The history of deals."""
    return HISTORY + "".join(
        f"008{number:012}AAA,{_id(deal)},{stage},900,2026-08-31,50,2026-08-{day:02}T10:00:00Z,EUR,false\n"
        for number, (deal, day, stage) in enumerate(steps)
    )


def _id(deal: int) -> str:
    return f"006{deal:012}AAA"


def take(desk: Desk, text: str) -> ImportCounts:
    """Deals, or their history."""
    return desk.take("outcomes", text, preset="salesforce")


OPEN: Step = (1, 2, "Proposal")
WON: Step = (1, 9, "Closed Won")
AGAIN: Step = (1, 12, "Proposal")


@pytest.mark.parametrize(
    ("told", "own", "differing"),
    [
        pytest.param([OPEN, WON], [WON], 0, id="the same"),
        pytest.param([OPEN], [WON], 1, id="the row that won it is lost"),
        pytest.param([OPEN, WON], [WON, AGAIN], 1, id="the row that reopened it is lost"),
        pytest.param([OPEN, WON, AGAIN], [WON], 0, id="the history knows more than the row"),
        pytest.param([OPEN, WON, AGAIN, (1, 14, "Closed Won")], [WON, AGAIN, (1, 14, "Closed Won")], 0, id="won twice"),
        pytest.param([OPEN, (1, 9, "Closed Lost")], [WON], 1, id="lost there, won here"),
    ],
)
def test_the_last_stage_of_the_history_is_the_one_of_the_row(
    told: list[Step], own: list[Step], differing: int, empty_ledger: Path, tmp_path: Path
):
    """Whichever comes first, the import that brings the other one says how many deals differ, and which."""
    for number, turned in enumerate((False, True)):
        with a_desk(tmp_path / str(number), empty_ledger) as desk:
            files = [history(*told), *(rows(step) for step in own)]
            counts = [take(desk, text) for text in (files[::-1] if turned else files)]

            last = counts[-1]
            assert last.gaps == Gaps(1, differing, (f"salesforce {_id(1)}",) * differing)
            assert any("1 of 1, such as" in note for note in last.notes) == bool(differing)
            assert last.to_dict()["stages_differing"] == differing
            assert counts[0].gaps == Gaps()


def test_only_the_deals_of_the_file_are_looked_at(desk: Desk):
    """An import tells of its own deals; a deal without a history, or without a row, is not compared."""
    take(desk, history(OPEN, WON, (2, 3, "Proposal"), (3, 3, "Proposal")))
    first = take(desk, rows((2, 20, "Closed Won"), (4, 20, "Closed Won")))

    assert first.gaps == Gaps(1, 1, (f"salesforce {_id(2)}",))
    assert take(desk, rows((1, 20, "Closed Won"))).gaps == Gaps(1, 0)
    assert take(desk, history((2, 19, "Closed Won"))).gaps == Gaps(1, 0)


def test_a_row_without_a_version_is_not_held_against_its_history(desk: Desk):
    """Nothing says when such a row was so."""
    take(desk, history(OPEN))
    text = "\n".join(line.rpartition(",")[0] for line in rows(WON).splitlines()) + "\n"

    assert take(desk, text).gaps == Gaps()


def test_an_import_that_changed_nothing_does_not_change_what_earlier_rows_told(desk: Desk):
    """Read again, in a dry run or not, the same files say the same."""
    for text in (history(OPEN), rows(WON)):
        take(desk, text)
    again = [take(desk, text) for text in (history(OPEN), rows(WON), history(OPEN))]
    dry = desk.take("outcomes", rows(WON), preset="salesforce", dry_run=True)

    assert {one.gaps for one in (*again, dry)} == {Gaps(1, 1, (f"salesforce {_id(1)}",))}


def test_the_order_of_files_is_of_no_matter(empty_ledger: Path, tmp_path: Path):
    """The last of the imports says the same, in any order of them."""
    files = [history(OPEN, WON), history(AGAIN), rows(WON), rows((1, 20, "Closed Lost"))]
    said = set()
    for number, order in enumerate(itertools.permutations(files)):
        if number % 5 == 0:
            with a_desk(tmp_path / str(number), empty_ledger) as desk:
                said.add([take(desk, text) for text in order][-1].gaps)

    assert said == {Gaps(1, 1, (f"salesforce {_id(1)}",))}
