"""`mqlab backup` and `mqlab restore` as typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.lab import Lab
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK

BY = ("--by", "Ada King")


def analysis(lab: Path) -> str:
    """What the lab says."""
    done = mqlab("analyze", "demo-requests", "--as-of", "2026-06-30", "--format", "json", lab=lab)
    assert done.code == 0
    return done.out


def test_there_and_back(fed_folder: Path, tmp_path: Path):
    """A backup, later imports, the backup again: the lab says what it said, and the ledger as it was is kept."""
    before = analysis(fed_folder)
    done = mqlab("backup", tmp_path / "copy.sqlite", lab=fed_folder)
    (tmp_path / "more.csv").write_text("lead_id,kind,occurred_at\nL0001,sql,2026-01-09T00:00:00Z\n")
    assert mqlab("ingest", "outcomes", tmp_path / "more.csv", lab=fed_folder).code == 0

    refused = mqlab("restore", tmp_path / "copy.sqlite", *BY, lab=fed_folder)
    restored = mqlab("restore", tmp_path / "copy.sqlite", *BY, "--force", "--format", "json", lab=fed_folder)

    assert (done.code, "checked and whole" in done.out, done.err) == (0, True, "")
    assert (refused.code, refused.out) == (2, "") and "--force" in refused.err
    assert (restored.code, restored.json["ledger"], Path(restored.json["kept"]).is_file()) == (0, 3, True)
    assert analysis(fed_folder) == before
    opened = Lab.open(fed_folder)
    assert [(entry.by, entry.action) for entry in opened.ledger.audit.list("copy.sqlite")] == [("Ada King", "restore")]
    opened.let_go()


def test_a_backup_is_not_overwritten_unasked(fed_folder: Path, tmp_path: Path):
    """A file of that name stays, unless --force is said; the answer is JSON for scripts."""
    (tmp_path / "copy.sqlite").write_text("mine")

    assert mqlab("backup", tmp_path / "copy.sqlite", lab=fed_folder).code == 2
    assert (tmp_path / "copy.sqlite").read_text() == "mine"
    done = mqlab("backup", tmp_path / "copy.sqlite", "--force", "--format", "json", lab=fed_folder)
    assert (done.code, done.json["ledger"]) == (0, 3)


def test_what_cannot_be_done_is_told(draft_lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No store to copy is exit 3, a missing copy 2, and for a server the command of the server is named."""
    assert mqlab("backup", tmp_path / "copy.sqlite", lab=draft_lab).code == 3
    assert mqlab("restore", tmp_path / "copy.sqlite", *BY, lab=draft_lab).code == 2
    monkeypatch.setenv("MQLAB_STORE_URL", "postgresql://ada:secret@127.0.0.1:1/ledger")

    for verb, said in (("backup", "pg_dump"), ("restore", "pg_restore")):
        done = mqlab(verb, tmp_path / "copy.sqlite", *(BY if verb == "restore" else ()), lab=draft_lab)
        assert (done.code, said in done.err, "secret" in done.err) == (2, True, False)


def test_the_same_in_python(fed_folder: Path, tmp_path: Path):
    """A lab copies and restores its ledger, and goes on with it."""
    lab = Lab.open(fed_folder)
    copy = lab.backup(tmp_path / "copy.sqlite")

    restored, aside = lab.restore(tmp_path / "copy.sqlite", by="Ada", overwrite=True, now=LOOK)

    assert (copy.position, restored.position, aside is not None) == (3, 3, True)
    assert lab.doctor(now=LOOK).status in ("ok", "warning")
    lab.let_go()
