"""Looks at a running experiment are recorded as they were said, once, and later ones are bounded by them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mqlab.lab import Lab
from mqlab.leads.instants import iso
from tests.cli.small_lab import LOOK

NAME = "demo-requests"
FIRST = datetime(2026, 4, 16, 9, tzinfo=UTC)
BETWEEN = datetime(2026, 5, 20, 9, tzinfo=UTC)
LAST = datetime(2026, 7, 2, tzinfo=UTC)


def recorded(lab: Lab) -> list[datetime]:
    """The instants of the looks in the ledger."""
    return [look.as_of for look in lab.reading.looks.taken(NAME)]


def test_an_analysis_is_recorded_once_as_it_was_said(fed: Lab):
    """The very JSON is kept; the same analysis again, another one of that day, or an earlier one adds nothing."""
    said = fed.analyze(NAME, as_of=FIRST).to_dict()
    again = fed.analyze(NAME, as_of=FIRST).to_dict()
    fed.analyze(NAME, as_of=FIRST + timedelta(hours=2))
    fed.analyze(NAME, as_of=FIRST - timedelta(days=3))

    assert said == again
    assert recorded(fed) == [FIRST]
    assert fed.reading.looks.taken(NAME)[0].result == said


def test_what_is_recorded_bounds_what_comes_later_and_nothing_before(fed: Lab):
    """An added look counts among the looks of the planned end, which says so; the first look stays as it was."""
    without = fed.analyze(NAME, as_of=LAST, ledger=fed.ledger.position()).result
    first = fed.analyze(NAME, as_of=FIRST).to_dict()
    fed.analyze(NAME, as_of=BETWEEN)
    later = fed.analyze(NAME, as_of=LAST).result

    assert recorded(fed) == [FIRST, BETWEEN, LAST]
    assert "undeclared_look" in [condition.condition for condition in later.conditions]
    assert (without.counts["looks"], later.counts["looks"]) == (2, 3)
    assert fed.analyze(NAME, as_of=FIRST).to_dict() == first


def test_the_information_of_a_recorded_look_stays_what_it_was(fed: Lab):
    """A correction that arrives later changes what is known now, not what a past look had counted."""
    fed.analyze(NAME, as_of=FIRST)
    look = fed.reading.looks.taken(NAME)[0]
    counted = {
        row["metric"]: row["look"]["effective_leads"] for row in look.result["metrics"] if row["look"] is not None
    }
    leads = fed.folder / "feeds" / "late-leads.csv"
    leads.parent.mkdir(exist_ok=True)
    leads.write_text("lead_id,created_at,source,known_at\nlate-1,2026-02-01T10:00:00Z,web,2026-04-01T10:00:00Z\n")
    fed.ingest("leads", leads, now=LOOK + timedelta(days=1))

    found = fed.analyze(NAME, as_of=LAST)

    assert counted["sql_per_lead"] > 0
    assert [look.as_of for look in fed.reading.looks.taken(NAME)] == [FIRST, LAST]
    assert found.result.counts["looks"] == 2


def test_a_draft_is_not_looked_at(draft: Lab):
    """Nothing is recorded of what was not started."""
    draft.analyze(NAME, as_of=LOOK)

    assert recorded(draft) == []


def test_rehearsals_and_named_positions_are_no_looks(fed: Lab):
    """Nothing is recorded of the future, of a ledger position read again, or of a day before the first declared one."""
    future = Lab.open(fed.folder, clock=lambda: FIRST)
    future.analyze(NAME, as_of=BETWEEN)
    fed.analyze(NAME, as_of=FIRST, ledger=fed.ledger.position())
    fed.analyze(NAME, as_of=datetime(2026, 1, 20, tzinfo=UTC))
    early = fed.analyze(NAME, as_of=datetime(2026, 4, 10, tzinfo=UTC))

    assert early.result.verdict.call == "not_due"
    assert recorded(fed) == []
    future.reading.close()


def test_status_lists_the_looks(fed: Lab):
    """`experiments status` tells every look with its call."""
    found = fed.analyze(NAME, as_of=FIRST)

    (status,) = fed.status(NAME, LOOK)
    assert status["looks_taken"] == [f"{iso(FIRST)}: {found.result.verdict.call}"]


def test_a_look_that_cannot_be_recorded_is_shown_all_the_same(fed: Lab, tmp_path: Path):
    """A ledger that may only be read gives the analysis, and says that later looks will not know of it."""
    from mqlab.errors import UnreachableError
    from mqlab.store.experiments import Looks

    def refuse(*_: object, **__: object) -> bool:
        raise UnreachableError("the ledger may only be read.")

    take, Looks.take = Looks.take, refuse  # type: ignore[method-assign]
    try:
        found = fed.analyze(NAME, as_of=FIRST)
    finally:
        Looks.take = take  # type: ignore[method-assign]

    assert "may only be read" in found.unrecorded
    assert recorded(fed) == []
