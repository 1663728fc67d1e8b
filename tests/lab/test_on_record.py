"""What a report tells from the ledger: as of the analysis, and for good once it is written."""

from __future__ import annotations

from datetime import timedelta

from mqlab.lab import Lab
from mqlab.lab.on_record import on_record
from tests.cli.small_lab import LOOK

NAME = "demo-requests"


def test_what_is_signed_later_is_no_part_of_a_report_made_again(fed: Lab):
    """An approval dated back shows in a new report, not in one made again from the rows that it read."""
    analysis = fed.analyze(NAME, as_of=LOOK)
    before = on_record(fed, analysis)
    fed.approve("points@1.1.0", team="sales", by="Fay", at=LOOK - timedelta(days=1))
    fed.approve("points@1.1.0", team="marketing", by="Lea", at=LOOK + timedelta(days=1))

    assert [step.step for step in before.steps] == ["start"]
    assert on_record(fed, analysis, before.last_rows) == before
    assert {one.by for one in on_record(fed, analysis).approvals} - {one.by for one in before.approvals} == {"Fay"}
