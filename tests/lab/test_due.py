"""What asks for attention: looks, a split that is off, and feedback that no longer finds its leads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mqlab.lab import Lab
from mqlab.lab.due import Attention, attention
from mqlab.lab.progress import silent
from tests.cli.small_lab import started_lab, write_feeds

NAME = "demo-requests"
FIRST = datetime(2026, 4, 16, 3, tzinfo=UTC)
LAST = datetime(2026, 7, 1, 3, tzinfo=UTC)
END_OF_FIRST = datetime(2026, 4, 15, 21, 59, 59, 999_999, tzinfo=UTC)
"""The mornings after the two declared looks, when cron runs, and the end of the first in Berlin."""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Lab]:
    """A lab whose experiment was started, and to which no lead came."""
    lab = started_lab(tmp_path / "started")
    yield lab
    lab.reading.close()


def asked(lab: Lab, at: datetime, experiment: str | None = None) -> Attention:
    """What is due."""
    return attention(lab, experiment, at, progress=silent)


def told(lab: Lab, at: datetime) -> list[tuple[str | None, str]]:
    """Which experiment, and what."""
    return [(one.experiment, one.what) for one in asked(lab, at).due]


def test_a_look_is_due_from_its_day_until_it_is_taken(fed: Lab):
    """Nothing the evening before; the look the morning after; nothing once it was taken. Asking takes none."""
    evening = FIRST - timedelta(days=1)
    assert (asked(fed, evening).due, asked(fed, evening).experiments) == ((), (NAME,))

    (found,) = asked(fed, FIRST).due
    assert (found.experiment, found.what) == (NAME, "look")
    assert found.do.endswith(f"mqlab analyze {NAME} --as-of 2026-04-15")
    assert fed.reading.looks.taken(NAME) == ()

    fed.analyze(NAME, as_of=END_OF_FIRST)
    assert asked(fed, FIRST).due == ()


def test_a_look_before_one_that_was_taken_is_missed_and_not_due(fed: Lab):
    """With both open the last one is asked for, and the other named; taking it settles both."""
    (found,) = asked(fed, LAST).due
    assert "look of 2026-06-30 is due; 2026-04-15 passed without one" in found.detail

    fed.analyze(NAME, as_of=datetime(2026, 6, 30, 20, tzinfo=UTC))
    assert asked(fed, LAST).due == ()


def test_a_look_that_would_record_nothing_is_not_asked_for(started: Lab):
    """On its day nobody is enrolled, so that an analysis says `not_due`: cron would ask for it every day in vain."""
    assert asked(started, FIRST).due == ()
    assert asked(started, FIRST).experiments == (NAME,)


def test_nothing_is_due_in_a_lab_without_a_ledger(draft: Lab):
    """Nothing was started, nothing was read."""
    assert (asked(draft, LAST).due, asked(draft, LAST).experiments) == ((), ())


def test_nothing_is_due_of_what_was_stopped(fed: Lab):
    """The open looks of an experiment that has ended are nobody's business."""
    fed.stop(NAME, by="Ada King", because="The form was broken", at=LAST)
    assert asked(fed, LAST + timedelta(hours=1)).due == ()


def test_leads_that_an_arm_loses_ring_the_alarm(tmp_path: Path):
    """Of 240 leads, those of the challenger from the 40th on never arrive, as when its form breaks."""
    lab = started_lab(tmp_path / "lab")
    files = write_feeds(tmp_path)
    head, *leads = files["leads"].read_text().splitlines()
    assigned = lab.assign_file(NAME, _as_leads(tmp_path, head, leads), as_of=FIRST)
    lost = {one.lead_id for one in assigned[40:] if one.arm == "challenger"}
    assert len(lost) > 60
    kept = [line for line in leads if line.split(",")[0] not in lost]
    files["leads"].write_text("\n".join([head, *kept]) + "\n")
    lab.ingest("leads", files["leads"], now=FIRST)

    due = {one.what: one for one in asked(lab, FIRST - timedelta(days=1)).due}
    lab.reading.close()

    assert set(due) == {"sample_ratio"}
    assert "the split is off" in due["sample_ratio"].detail


def _as_leads(folder: Path, head: str, lines: list[str]) -> Path:
    path = folder / "all.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def outcomes(folder: Path, leads: list[str], *, day: int) -> Path:
    """One SQL of each lead."""
    path = folder / f"outcomes-{day}.csv"
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["lead_id", "kind", "occurred_at"])
        rows.writerows([lead, "meeting", f"2026-03-{day:02}T10:00:00Z"] for lead in leads)
    return path


def test_a_match_rate_that_fell_is_told_until_the_leads_are_there(fed: Lab, tmp_path: Path):
    """Three good imports, then one of which half finds no lead; when those leads come, nothing is due any more."""
    known = [f"L{number:04d}" for number in range(60)]
    lost = [f"X{number:04d}" for number in range(60)]
    at = datetime(2026, 4, 1, tzinfo=UTC)
    for day in (10, 11, 12):
        fed.ingest("outcomes", outcomes(tmp_path, known, day=day), now=at)
    assert told(fed, at) == []

    fed.ingest("outcomes", outcomes(tmp_path, [*known, *lost], day=13), now=at)
    (found,) = asked(fed, at).due
    assert (found.experiment, found.what) == (None, "match_rate")
    assert "of 'csv' fell from 100.0% to 50.0%" in found.detail

    leads = tmp_path / "late.csv"
    leads.write_text("lead_id,created_at\n" + "".join(f"{lead},2026-01-02T00:00:00Z\n" for lead in lost))
    fed.ingest("leads", leads, now=at)
    assert told(fed, at) == []


def test_what_cannot_be_looked_at_is_not_silent(fed: Lab):
    """A started experiment whose file was edited since: cron must not take it for fine."""
    path = fed.folder / "experiments" / f"{NAME}.yaml"
    path.write_text(path.read_text().replace("alpha: 0.05", "alpha: 0.10"))
    lab = Lab.open(fed.folder)

    try:
        (found,) = asked(lab, FIRST - timedelta(days=1)).due
    finally:
        lab.reading.close()
    assert (found.experiment, found.what) == (NAME, "unusable")
    assert "mqlab check" in found.do


def test_an_unknown_experiment_is_an_error(fed: Lab):
    """A name that is asked for must be there."""
    with pytest.raises(Exception, match="no experiment 'demo-request'"):
        asked(fed, FIRST, "demo-request")
