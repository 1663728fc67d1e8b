"""A store that cannot be written or read: exit 3, one message, and everything is as it was before."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mqlab.lab import Lab
from tests.cli.limits import run
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK, started_lab, write_feeds

NAME = "demo-requests"
FEED_ROWS = "lead_id,created_at\n" + "".join(f"X{n:06d},2026-01-10T00:00:00Z\n" for n in range(20_000))


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A started lab with leads and outcomes files beside it."""
    made = started_lab(tmp_path / "lab")
    made.ledger.close()
    write_feeds(tmp_path)
    return made.folder


@pytest.fixture
def read_only(lab: Path) -> Iterator[Path]:
    """The same, with a ledger and folders that nobody may write."""
    parts = [lab, *lab.rglob("*")]
    modes = {part: part.stat().st_mode for part in parts}
    for part in parts:
        part.chmod(0o555 if part.is_dir() else 0o444)
    yield lab
    for part, mode in modes.items():
        part.chmod(mode)


def state(lab: Path) -> tuple[object, ...]:
    """Everything a command could have changed: facts, steps, approvals, locks, and the lab's files."""
    opened = Lab.open(lab)
    ledger = opened.reading
    facts = ledger.facts(as_of=LOOK)
    files = {
        path: path.read_bytes() for path in sorted(lab.rglob("*")) if path.is_file() and ".mqlab" not in path.parts
    }
    found = (
        ledger.position(), facts.leads.num_rows, facts.outcomes.num_rows,
        [step.step for step in ledger.experiments.log()], len(ledger.approvals.list()), dict(ledger.locks.all()),
        [one.definition for one in ledger.in_force.list()], files,
    )  # fmt: skip
    ledger.close()
    return found


def told(done: subprocess.CompletedProcess[str]) -> None:
    """Exit 3 with a message and no traceback."""
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_an_import_on_a_full_disk_leaves_nothing(lab: Path):
    """A disk that fills in the middle of an import: exit 3, no row of the file; with room it works."""
    feed = lab.parent / "many.csv"
    feed.write_text(FEED_ROWS)
    before = state(lab)
    size = (lab / ".mqlab" / "ledger.sqlite").stat().st_size

    done = run(lab, "ingest", "leads", feed, full_at=size + 200_000)

    told(done)
    assert before == state(lab)
    assert mqlab("ingest", "leads", feed, "--format", "json", lab=lab).json["new"] == 20_000


def test_a_report_on_a_full_disk_leaves_the_old_one(lab: Path):
    """A report that finds no room leaves the earlier report whole, and no part of itself."""
    out = lab.parent / "report.html"
    out.write_text("the old report")

    done = run(lab, "report", "experiment", NAME, "--out", out, "--force", full_at=4096)

    told(done)
    assert out.read_text() == "the old report"
    assert [path.name for path in lab.parent.glob(".report*")] == []


def test_a_lock_on_a_full_disk_leaves_the_old_one(lab: Path):
    """A lock file that finds no room stays as it was, and so does the ledger."""
    for number in range(40):
        text = (
            (lab / "definitions" / "points@1.0.0.yaml").read_text().replace("version: 1.0.0", f"version: 2.0.{number}")
        )
        (lab / "definitions" / f"points@2.0.{number}.yaml").write_text(text)
    before = state(lab)

    done = run(lab, "definitions", "lock", full_at=2048)

    told(done)
    assert before == state(lab)


def test_a_start_on_a_full_disk_starts_nothing(tmp_path: Path):
    """An experiment is started with its locks and its log, or not at all."""
    from tests.cli.small_lab import START, write_lab

    opened = Lab.open(write_lab(tmp_path / "lab"))
    for ref in ("points@1.0.0", "points@1.1.0"):
        for team in ("marketing", "sales"):
            opened.approve(ref, team=team, by="Ada King", at=START)
    opened.ledger.close()
    before = state(opened.folder)

    done = run(opened.folder, "experiments", "start", NAME, "--by", "Ada", full_at=8192)

    told(done)
    assert before == state(opened.folder)
    assert mqlab("experiments", "start", NAME, "--by", "Ada", lab=opened.folder).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["ingest", "leads", "leads.csv"], id="ingest"),
        pytest.param(["definitions", "approve", "points", "--team", "sales", "--by", "Ada"], id="approve"),
        pytest.param(["definitions", "import", "points.csv", "--id", "old"], id="import"),
        pytest.param(["experiments", "stop", NAME, "--by", "Ada", "--because", "a test"], id="stop"),
        pytest.param(["report", "experiment", NAME, "--as-of", "2026-02-01"], id="report"),
        pytest.param(["init", "inner"], id="init"),
    ],
)
def test_what_may_not_be_written_is_told(read_only: Path, arguments: list[str]):
    """On a read-only lab every verb that writes ends with exit 3 and leaves the lab as it is."""
    (read_only.parent / "points.csv").write_text("field,operator,value,points,threshold\nemployees,>=,50,10,10\n")
    places = {
        "inner": read_only / "inner",
        "leads.csv": read_only.parent / "leads.csv",
        "points.csv": read_only.parent / "points.csv",
    }
    typed = [places.get(part, part) for part in arguments]
    told(run(None if arguments[0] == "init" else read_only, *typed))
    assert not (read_only / "inner").exists()


def test_a_read_only_lab_can_be_checked_and_read(read_only: Path):
    """`check`, `lint` and the lists work where nothing may be written."""
    for arguments in (
        ["check"],
        ["definitions", "describe", "points"],
        ["definitions", "diff", "points@1.0.0", "points"],
    ):
        done = run(read_only, *arguments)

        assert (done.returncode, done.stderr) == (0, ""), (arguments, done.stderr)


def test_reading_makes_no_ledger(draft_lab: Path):
    """Commands that only read leave a lab without a ledger as they found it."""
    lead = draft_lab.parent / "lead.json"
    lead.write_text('{"lead_id": "a", "created_at": "2026-01-10T00:00:00Z"}')
    (draft_lab.parent / "leads.csv").write_text("lead_id\nA1\n")
    before = {path: path.read_bytes() for path in draft_lab.rglob("*") if path.is_file()}

    for arguments in (
        ["check"], ["definitions", "list"], ["definitions", "show", "points"], ["definitions", "describe", "points"],
        ["definitions", "diff", "points@1.0.0", "points@1.1.0"], ["definitions", "lint", "points@1.1.0"],
        ["definitions", "score", "points", "--lead", lead, "--at", "2026-07-01"],
        ["experiments", "list"], ["experiments", "show", NAME], ["experiments", "status"],
        ["assign", NAME, draft_lab.parent / "leads.csv"], ["analyze", NAME], ["quarantine", "list"],
    ):  # fmt: skip
        done = mqlab(*arguments, lab=draft_lab)

        assert (done.code, done.err) == (0, ""), arguments

    assert before == {path: path.read_bytes() for path in draft_lab.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"this is no database, and it is long enough to have a header" * 20, "SQLite", id="another file"),
        pytest.param(None, "folder", id="a folder"),
    ],
)
def test_a_store_that_is_none_is_told(draft_lab: Path, content: bytes | None, said: str):
    """A ledger file that is something else ends with exit 3, and is not touched."""
    store = draft_lab / ".mqlab" / "ledger.sqlite"
    store.parent.mkdir()
    if content is None:
        store.mkdir()
    else:
        store.write_bytes(content)

    done = mqlab("analyze", NAME, lab=draft_lab)

    assert (done.code, done.out) == (3, "")
    assert said in done.err
    assert content is None or store.read_bytes() == content


def test_a_store_of_a_newer_program_is_left_alone(fed_folder: Path):
    """A ledger written by a later version is refused, and stays as it is."""
    store = fed_folder / ".mqlab" / "ledger.sqlite"
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    done = mqlab("analyze", NAME, lab=fed_folder)

    assert done.code == 2
    assert "newer" in done.err


def test_a_server_that_is_away_is_unreachable(draft_lab: Path, monkeypatch: pytest.MonkeyPatch):
    """A PostgreSQL that does not answer, or whose driver is not installed, ends with exit 3 and hides the password."""
    monkeypatch.setenv("MQLAB_STORE_URL", "postgresql://ada:secret@127.0.0.1:1/ledger")

    done = mqlab("analyze", NAME, lab=draft_lab)

    assert (done.code, done.out) == (3, "")
    assert "secret" not in done.err


def test_a_store_url_that_is_none_is_bad_input(draft_lab: Path, monkeypatch: pytest.MonkeyPatch):
    """A URL that no database understands ends with exit 2."""
    monkeypatch.setenv("MQLAB_STORE_URL", "ledger.sqlite")

    assert mqlab("analyze", NAME, lab=draft_lab).code == 2
