"""Copies of a SQLite store: whole while others write, checked before they have a name, and put back safely."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import pytest

from mqlab.errors import InputError, RefusedError, UnreachableError
from mqlab.store import backup
from mqlab.store.backup import back_up, restore
from mqlab.store.ledger import Ledger
from tests.cli.limits import run
from tests.store.conftest import NOW

LEADS_EACH = 400
WRITER = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo
    from mqlab.crm.ingest import ingest
    from mqlab.store.ledger import Ledger

    folder, url, leads = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with Ledger.open(url, create=False) as ledger:
        for number in range(1000):
            file = folder / "feed.csv"
            rows = "".join(f"L{number}-{lead},2026-07-01T00:00:00Z,acme\\n" for lead in range(leads))
            file.write_text("lead_id,created_at,company\\n" + rows)
            ingest(ledger, "leads", file, timezone=ZoneInfo("UTC"), now=datetime(2026, 12, 1, tzinfo=UTC))
            print(number, flush=True)
"""


def counted(path: Path) -> tuple[int, int, int]:
    """Imports, leads and the ledger position in a file."""
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM imports), (SELECT count(*) FROM leads), "
            "(SELECT coalesce(max(position), 0) FROM commits)"
        ).fetchone()
    return row[0], row[1], row[2]


def test_a_copy_is_whole_while_another_process_writes(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Copies taken during imports hold whole imports only: never a part of one, never less than was there before.

    They are taken in small steps, so that imports are written between the steps of a copy, and hold none of those.
    """
    Ledger.open(url, create=True).close()
    monkeypatch.setattr(backup, "STEP_PAGES", 8)
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path), url, str(LEADS_EACH)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        copies, meanwhile = [], []
        for number in range(3):
            committed = int(writer.stdout.readline()) + 1
            copy = back_up(
                url, tmp_path / f"copy{number}.sqlite", overwrite=False, progress=lambda *_: time.sleep(0.02)
            )
            copies.append((committed, copy, counted(copy.path)))
            meanwhile.append(counted(tmp_path / "ledger.sqlite")[0] - copies[-1][2][0])
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()

    for committed, copy, (imports, leads, position) in copies:
        assert imports >= committed
        assert (leads, position) == (imports * LEADS_EACH, imports)
        assert (copy.position, copy.size_bytes) == (position, copy.path.stat().st_size)
    assert sum(meanwhile) > 0
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_there_and_back(url: str, tmp_path: Path):
    """A copy put in the place of the store is the store; what was there is kept beside."""
    with Ledger.open(url, create=True) as ledger:
        ledger.audit.record("first", "x", by="ada", now=NOW)
        back_up(url, tmp_path / "copy.sqlite", overwrite=False)
        ledger.audit.record("second", "x", by="ada", now=NOW)
    aside = tmp_path / "ledger.sqlite.before"

    restore(url, tmp_path / "copy.sqlite", overwrite=True, aside=aside)

    with Ledger.open(url, create=False) as ledger:
        assert [entry.action for entry in ledger.audit.list()] == ["first"]
    with Ledger.open(f"sqlite:///{aside}", create=False) as before:
        assert [entry.action for entry in before.audit.list()] == ["first", "second"]


def test_a_store_that_is_gone_is_restored(url: str, tmp_path: Path):
    """Where no store is, nothing is overwritten and nothing kept beside."""
    Ledger.open(url, create=True).close()
    back_up(url, tmp_path / "copy.sqlite", overwrite=False)
    for path in tmp_path.glob("ledger.sqlite*"):
        path.unlink()

    restore(url, tmp_path / "copy.sqlite", overwrite=False, aside=tmp_path / "aside")

    assert not (tmp_path / "aside").exists()
    Ledger.open(url, create=False).close()


def test_a_damaged_store_is_restored(url: str, tmp_path: Path):
    """The damaged file is kept beside as it is."""
    Ledger.open(url, create=True).close()
    back_up(url, tmp_path / "copy.sqlite", overwrite=False)
    (tmp_path / "ledger.sqlite").write_bytes(b"dear diary, " * 999)

    restore(url, tmp_path / "copy.sqlite", overwrite=True, aside=tmp_path / "aside")

    assert (tmp_path / "aside").read_bytes().startswith(b"dear diary")
    Ledger.open(url, create=False).close()


def test_nothing_is_overwritten_unasked(url: str, tmp_path: Path):
    """A file that is there, the store itself, and a store that is there are refused without --force."""
    Ledger.open(url, create=True).close()
    store, copy = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite"
    back_up(url, copy, overwrite=False)
    before = store.read_bytes(), copy.read_bytes()

    for refused in (
        lambda: back_up(url, copy, overwrite=False),
        lambda: back_up(url, store, overwrite=True),
        lambda: back_up(url, tmp_path, overwrite=True),
        lambda: restore(url, copy, overwrite=False, aside=tmp_path / "aside"),
        lambda: restore(url, store, overwrite=True, aside=tmp_path / "aside"),
    ):
        with pytest.raises(RefusedError):
            refused()

    assert (store.read_bytes(), copy.read_bytes()) == before
    assert back_up(url, copy, overwrite=True).path == copy


def broken(copy: Path, kind: str) -> None:
    """Make a copy unusable in one of several ways."""
    if kind == "newer":
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.commit()
    elif kind == "cut off":
        copy.write_bytes(copy.read_bytes()[:20_000])
    elif kind == "damaged":
        content = bytearray(copy.read_bytes())
        content[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
        copy.write_bytes(content)
    elif kind == "text":
        copy.write_text("dear diary, " * 500)
    elif kind == "empty":
        copy.write_bytes(b"")
    elif kind == "another database":
        copy.unlink()
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("CREATE TABLE t (x)")


@pytest.mark.parametrize("kind", ["newer", "cut off", "damaged", "text", "empty", "another database"])
def test_a_copy_that_cannot_be_used_is_refused(url: str, tmp_path: Path, kind: str):
    """The store stays as it is, and nothing is kept beside it."""
    with Ledger.open(url, create=True) as ledger:
        ledger.audit.record("first", "x", by="ada", now=NOW)
    copy = back_up(url, tmp_path / "copy.sqlite", overwrite=False).path
    broken(copy, kind)

    with pytest.raises(RefusedError, match="newer" if kind == "newer" else "damaged|no ledger|no SQLite"):
        restore(url, copy, overwrite=True, aside=tmp_path / "aside")

    assert not (tmp_path / "aside").exists()
    with Ledger.open(url, create=False) as ledger:
        assert len(ledger.audit.list()) == 1


def test_a_store_in_use_is_not_replaced(url: str, tmp_path: Path):
    """While another program has the store open it is refused."""
    Ledger.open(url, create=True).close()
    back_up(url, tmp_path / "copy.sqlite", overwrite=False)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM audit_log").fetchone()

        with pytest.raises(RefusedError, match="in use"):
            restore(url, tmp_path / "copy.sqlite", overwrite=True, aside=tmp_path / "aside")


def test_what_is_not_there_is_told(url: str, tmp_path: Path):
    """No store to copy, and no copy to restore."""
    with pytest.raises(UnreachableError, match="no store"):
        back_up(url, tmp_path / "copy.sqlite", overwrite=False)
    with pytest.raises(InputError, match="no such file"):
        restore(url, tmp_path / "copy.sqlite", overwrite=False, aside=tmp_path / "aside")


@pytest.mark.parametrize(
    ("verb", "said"), [("backup", "pg_dump --format=custom --file="), ("restore", "pg_restore --clean")]
)
def test_a_server_has_its_own_way(tmp_path: Path, verb: str, said: str):
    """For PostgreSQL the exact command is named, without the password."""
    url, file = "postgresql://ada:secret@db.example/ledger", tmp_path / "x"
    asked = {
        "backup": lambda: back_up(url, file, overwrite=False),
        "restore": lambda: restore(url, file, overwrite=False, aside=tmp_path / "aside"),
    }
    with pytest.raises(RefusedError) as told:
        asked[verb]()

    assert said in str(told.value) and "postgresql://ada@db.example/ledger" in str(told.value)
    assert "secret" not in str(told.value)


def test_a_full_disk_leaves_no_half_copy(tmp_path: Path):
    """A copy that does not fit has no name and leaves nothing behind: exit 3."""
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "mqlab.toml").write_text("[lab]\nname = 'x'\n")
    Ledger.open(f"sqlite:///{lab}/.mqlab/ledger.sqlite", create=True).close()

    done = run(lab, "backup", tmp_path / "copy.sqlite", full_at=50_000)

    assert (done.returncode, done.stdout) == (3, "")
    assert "could not be copied" in done.stderr and "Traceback" not in done.stderr
    assert not [path for path in tmp_path.iterdir() if "copy" in path.name]
