"""What can go wrong with the database: each is told with what to do, and nothing is lost or half-written."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mqlab.crm.ingest import ingest
from mqlab.errors import InputError, UnreachableError
from mqlab.store import engine
from mqlab.store.ledger import Ledger
from tests.store.conftest import NOW

IMPORT = """
    import resource, sys
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo
    from mqlab.crm.ingest import ingest
    from mqlab.errors import MqlabError
    from mqlab.store.ledger import Ledger

    def take(url, file, limit=None):
        ledger = Ledger.open(url, create=False)
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        now = datetime(2026, 12, 1, tzinfo=UTC)
        return ingest(ledger, "leads", file, timezone=ZoneInfo("UTC"), now=now)
"""


def run(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run some lines in a process of their own."""
    code = textwrap.dedent(IMPORT) + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def many_leads(tmp_path: Path) -> Path:
    """A file of 45,000 leads."""
    path = tmp_path / "leads.csv"
    rows = (f"L{number},2026-07-01T00:00:00Z,company {number % 997}" for number in range(45_000))
    path.write_text("lead_id,created_at,company\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("not a url", "not a database URL", id="no URL"),
        pytest.param("sqlite://", "name a file", id="in memory"),
        pytest.param("mysql://x/y", "SQLite and PostgreSQL", id="another database"),
    ],
)
def test_a_url_that_cannot_be_used_is_bad_input(url: str, said: str):
    """The message says what a good URL looks like."""
    with pytest.raises(InputError, match=said):
        Ledger.open(url, create=True)


def test_a_missing_store_is_told(tmp_path: Path):
    """Without `create` a store that is not there is unreachable, and is not made."""
    with pytest.raises(UnreachableError, match=r"no store at.*mqlab init") as told:
        Ledger.open(f"sqlite:///{tmp_path}/nowhere/ledger.sqlite", create=False)

    assert (told.value.exit_code, (tmp_path / "nowhere").exists()) == (3, False)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    """A file where the store's folder should be is told."""
    (tmp_path / "file").touch()

    with pytest.raises(UnreachableError, match="cannot be reached"):
        Ledger.open(f"sqlite:///{tmp_path}/file/ledger.sqlite", create=True)
    with pytest.raises(UnreachableError, match="is a folder"):
        Ledger.open(f"sqlite:///{tmp_path}", create=True)


def test_a_file_that_is_no_database_is_told(tmp_path: Path):
    """Something else under the store's name is not overwritten."""
    (tmp_path / "ledger.sqlite").write_text("dear diary, " * 500)

    with pytest.raises(UnreachableError, match="is not a SQLite database"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite", create=True)

    assert (tmp_path / "ledger.sqlite").read_text().startswith("dear diary")


@pytest.mark.parametrize(
    "cache_kib",
    [pytest.param(engine.CACHE_KIB, id="written at the commit"), pytest.param(256, id="written as it goes on")],
)
def test_a_full_disk_is_told_and_leaves_nothing(url: str, many_leads: Path, cache_kib: int):
    """With no room for the file to grow the import ends with exit code 3; afterwards the ledger is as before."""
    Ledger.open(url, create=True).close()

    ended = run(
        """
        from mqlab.store import engine
        engine.CACHE_KIB = int(sys.argv[3])
        try:
            take(sys.argv[1], sys.argv[2], limit=2_000_000)
        except MqlabError as error:
            print(error)
            sys.exit(error.exit_code)
        """,
        url,
        str(many_leads),
        str(cache_kib),
    )

    assert (ended.returncode, ended.stderr) == (3, "")
    assert (
        "disk" in ended.stdout
        and "Nothing was half-written" in ended.stdout
        and "run the same command again" in ended.stdout
    )
    with Ledger.open(url, create=False) as ledger:
        assert (ledger.position(), ledger.facts(as_of=NOW).leads.num_rows, ledger.imports.list()) == (0, 0, ())


GOOD = "".join(f'L{number},2026-07-01T00:00:00Z,"a ""quoted"" note"\n' for number in range(12_000))


@pytest.mark.parametrize("cut", [2, 20, 60_000])
@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "a quoted cell"])
def test_a_file_that_was_cut_off_leaves_nothing(ledger: Ledger, tmp_path: Path, packed: bool, cut: int):
    """Thousands of rows before the cut are taken back with the message, and the whole file is read afterwards."""
    content = ("lead_id,created_at,note\n" + GOOD).encode()
    if packed:
        path = tmp_path / "leads.csv.gz"
        content = gzip.compress(content, 0)
        part = content[:-cut]
    else:
        path = tmp_path / "leads.csv"
        part = content[: content.rindex(b"a", 0, len(content) - cut)]
    path.write_bytes(part)

    with pytest.raises(InputError, match=r"cut off") as refused:
        ingest(ledger, "leads", path, timezone=ZoneInfo("UTC"), now=NOW)

    assert (refused.value.problem.code, ledger.position(), ledger.imports.list()) == ("Truncated", 0, ())
    path.write_bytes(content)
    assert ingest(ledger, "leads", path, timezone=ZoneInfo("UTC"), now=NOW).new == 12_000


def test_a_read_only_store_is_told_and_stays_as_it_is():
    """A user who may not write hears so with exit code 3."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "leads.csv").write_text("lead_id,created_at\nL1,2026-07-01\n")
        for part in ("mine", "theirs"):
            Ledger.open(f"sqlite:///{folder}/{part}.sqlite", create=True).close()
        before = (folder / "theirs.sqlite").read_bytes()
        (folder / "theirs.sqlite").chmod(0o444)
        folder.chmod(0o555)

        ended = run(
            """
            import os
            folder = sys.argv[1]
            if os.geteuid() == 0:
                take(f"sqlite:///{folder}/mine.sqlite", f"{folder}/leads.csv")
                os.seteuid(65534)
            try:
                take(f"sqlite:///{folder}/theirs.sqlite", f"{folder}/leads.csv")
            except MqlabError as error:
                print(error)
                sys.exit(error.exit_code)
            """,
            name,
        )

        folder.chmod(0o755)
        after = (folder / "theirs.sqlite").read_bytes()
    assert (ended.returncode, ended.stderr) == (3, "")
    assert "read-only" in ended.stdout or "cannot be opened" in ended.stdout
    assert after == before


def test_a_store_that_another_command_writes_is_busy(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A second writer waits, and when that takes too long is told to come back; readers are not kept waiting."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    with Ledger.open(url, create=True) as ledger:
        other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        assert ledger.position() == 0
        with pytest.raises(UnreachableError, match="busy: another command"):
            ledger.audit.record("test", "this", by="ada", now=NOW)
        other.close()


def test_an_error_inside_an_import_leaves_nothing(ledger: Ledger):
    """Whatever goes wrong in the block, nothing of it is written."""

    def half_an_import() -> None:
        with ledger.intake(now=NOW) as intake:
            intake.quarantine(_bad_row())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_an_import()

    assert (ledger.quarantine.list(), ledger.position()) == ((), 0)


def _bad_row() -> dict[str, list[object]]:
    row = {
        "kind": "leads",
        "system": "csv",
        "file": "x.csv",
        "line": 2,
        "reason": "ragged_row",
        "detail": "",
        "raw": "{}",
    }
    return {name: [value] for name, value in {**row, "digest": "d", "lead_ref": None, "email_hash": None}.items()}
