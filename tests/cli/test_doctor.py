"""`mqlab doctor` in labs that are well and labs that are broken: a message for each thing, never the end of it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from mqlab.lab import Lab
from mqlab.store import schema
from mqlab.store.engine import make_engine, parse_url
from tests.cli.limits import run
from tests.cli.runner import Done, mqlab
from tests.cli.small_lab import LOOK
from tests.store.server import own_database

CHECKS = [
    "program", "settings", "definitions", "store", "migrations", "damage", "writing", "contents", "unmatched",
    "quarantine", "ties", "histories", "clock", "disk", "warehouse",
]  # fmt: skip


def found(done: Done) -> dict[str, tuple[str, str, str]]:
    """Each check's status, detail and next step."""
    return {row["check"]: (row["status"], row["detail"], row["next"]) for row in done.json["checks"]}


def examined(lab: Path, *more: str) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The exit code and the checks."""
    done = mqlab("doctor", "--format", "json", *more, lab=lab)
    assert done.err == ""
    return done.code, found(done)


def store_of(lab: Path) -> Path:
    """The ledger's file."""
    return lab / ".mqlab" / "ledger.sqlite"


def test_a_lab_that_is_well(fed_folder: Path):
    """Every check is there and none failed; what the ledger holds is counted, and exit is 0."""
    code, checks = examined(fed_folder, "--deep")

    assert (code, list(checks)) == (0, CHECKS)
    assert {status for status, _, _ in checks.values()} <= {"ok", "warning"}
    assert "240 leads" in checks["contents"][1] and "imports: 3" in checks["contents"][1]
    assert schema.HEAD in checks["migrations"][1]
    assert "Europe/Berlin" in checks["clock"][1]


def test_what_waits_is_counted_with_the_way_on(fed_folder: Path):
    """Facts without a lead and open rows are notes that name the next command."""
    (fed_folder / "more.csv").write_text("lead_id,kind,occurred_at\nX,sql,2026-02-01\nL0001,won,2026-02-01\n")
    mqlab("ingest", "outcomes", fed_folder / "more.csv", lab=fed_folder)

    code, checks = examined(fed_folder)

    assert code == 0
    assert checks["unmatched"][:2] == ("warning", "Facts that wait for their lead: 1.")
    assert checks["quarantine"] == ("warning", "Open rows: 1 unknown_kind.", "See why with: mqlab quarantine list")


def test_outcomes_that_a_later_lead_left_to_nobody_are_told(fed_folder: Path):
    """Where two leads share an address by now, the doctor and the list of the quarantine say so, and what to do."""
    lab = fed_folder
    files = {
        "one.csv": ("leads", "lead_id,created_at,email\nN1,2026-02-01,ada@tied.example\n"),
        "told.csv": ("outcomes", "email,kind,occurred_at\nada@tied.example,sql,2026-03-01\n"),
        "two.csv": ("leads", "lead_id,created_at,email\nN2,2026-02-02,Ada@Tied.example\n"),
    }
    for name, (kind, text) in files.items():
        (lab / name).write_text(text)
        done = mqlab("ingest", kind, lab / name, lab=lab)
        assert done.code == 0
    sentence = "Outcomes whose address has come to belong to several leads, so that they count for none: 1 (told.csv)."
    assert sentence in " ".join(done.out.split())

    _, checks = examined(lab)
    listed = mqlab("quarantine", "list", lab=lab)
    of_leads = mqlab("quarantine", "list", "--kind", "leads", lab=lab)

    assert checks["ties"][:2] == ("warning", sentence)
    assert checks["ties"][2].startswith("Import the merge of those leads, or hand that file in again")
    assert sentence in " ".join(listed.err.split()) and listed.out == "Nothing is quarantined.\n"
    assert of_leads.err == ""
    again = mqlab("ingest", "outcomes", lab / "told.csv", "--format", "json", lab=lab).json
    assert again["reasons"] == {"ambiguous_identity": 1}
    assert mqlab("quarantine", "list", lab=lab).err == ""
    fixed = mqlab("quarantine", "show", 1, "--row", lab=lab).json
    (lab / "row.json").write_text(json.dumps({**fixed, "lead_id": "N2"}))
    assert mqlab("quarantine", "fix", 1, "--with", lab / "row.json", "--by", "Ada", lab=lab).code == 0
    assert examined(lab)[1]["ties"][0] == "ok"


def test_it_writes_nothing(draft_lab: Path):
    """A lab without a ledger still has none afterwards, and the doctor says how one is made."""
    before = sorted(draft_lab.rglob("*"))

    code, checks = examined(draft_lab)

    assert (code, sorted(draft_lab.rglob("*"))) == (0, before)
    status, detail, step = checks["store"]
    assert (status, detail[:25]) == ("warning", "There is no ledger yet: n") and "mqlab ingest leads" in step


def test_it_fits_into_a_terminal(fed_folder: Path):
    """No line is wider than 80 columns but for a path, and what to do comes last."""
    done = mqlab("doctor", lab=fed_folder)

    assert [line for line in done.lines if len(line) > 80 and "/" not in line] == []
    assert "- store: ok." in done.out
    assert "- definitions: See them with: mqlab check" in done.lines


def test_settings_that_cannot_be_read(draft_lab: Path):
    """A broken mqlab.toml is told with its line; what does not need it is still looked at. Exit 1."""
    (draft_lab / "mqlab.toml").write_text("[lab]\nname = \n")

    code, checks = examined(draft_lab)

    assert (code, checks["settings"][0]) == (1, "failed")
    assert "mqlab.toml:2" in checks["settings"][1] and "TOML" in checks["settings"][1]
    assert checks["settings"][2]
    assert checks["store"][0] == "skipped" and checks["disk"][0] in ("ok", "warning")


def test_an_unknown_setting(draft_lab: Path):
    """A misspelt key is told with the nearest one."""
    (draft_lab / "mqlab.toml").write_text("[lab]\ntimezon = 'UTC'\n")

    code, checks = examined(draft_lab)

    assert (code, checks["settings"][0]) == (1, "failed")
    assert "timezone" in checks["settings"][2]


def test_no_lab_at_all(tmp_path: Path):
    """A folder without mqlab.toml fails one check, with the way to make a lab."""
    code, checks = examined(tmp_path)

    assert code == 1 and "mqlab init" in checks["settings"][2]


def test_a_chosen_store_that_is_missing(draft_lab: Path, monkeypatch: pytest.MonkeyPatch):
    """Where somebody said where the store lies, its absence is a failure: exit 3."""
    monkeypatch.setenv("MQLAB_STORE_URL", f"sqlite:///{draft_lab}/elsewhere.sqlite")

    code, checks = examined(draft_lab)

    assert (code, checks["store"][0]) == (3, "failed")
    assert "there is no store" in checks["store"][1] and "MQLAB_STORE_URL" in checks["settings"][1]


def test_a_newer_store(fed_folder: Path):
    """A store of a later program is told and left alone; the rest is looked at."""
    with sqlite3.connect(store_of(fed_folder)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    code, checks = examined(fed_folder)

    assert (code, checks["migrations"]) == (
        1,
        ("failed", "The store is of a newer program: revision 9999.", "Update mqlab."),
    )
    assert checks["warehouse"][0] == "ok"


def test_an_older_store_is_not_touched(fed_folder: Path):
    """A store of an earlier program is a note that speaks of a backup, and stays at its revision."""
    engine = make_engine(parse_url(f"sqlite:///{store_of(fed_folder)}"), create=False)
    schema.migrate(engine, "0001")

    code, checks = examined(fed_folder)

    assert code == 0
    assert checks["migrations"][0] == "warning" and "mqlab backup" in checks["migrations"][2]
    assert checks["contents"][0] == "ok"
    assert schema.current(engine) == "0001"


def test_a_store_nobody_may_write(fed_folder: Path):
    """A read-only store is told with what to give."""
    parts = [store_of(fed_folder), store_of(fed_folder).parent]
    for part in parts:
        part.chmod(0o555 if part.is_dir() else 0o444)
    try:
        done = run(fed_folder, "doctor", "--format", "json")
    finally:
        for part in parts:
            part.chmod(0o755 if part.is_dir() else 0o644)

    checks = json.loads(done.stdout)["checks"]
    failed = [check for check in checks if check["status"] == "failed"]
    assert (done.returncode, done.stderr) == (3, "")
    assert failed and "right to write" in failed[0]["next"]


def test_a_damaged_store(fed_folder: Path):
    """Pages that hold nonsense are found, and the way back is a backup: exit 3."""
    store = store_of(fed_folder)
    content = bytearray(store.read_bytes())
    content[4096 * 20 : 4096 * 30] = os.urandom(4096 * 10)
    store.write_bytes(content)

    code, checks = examined(fed_folder, "--deep")

    told = " ".join(" ".join(check) for check in checks.values() if check[0] == "failed")
    assert code == 3
    assert "restore" in told.casefold() or "backup" in told


def test_a_store_that_is_something_else(draft_lab: Path):
    """Another file under the store's name is told."""
    store_of(draft_lab).parent.mkdir()
    store_of(draft_lab).write_text("dear diary, " * 500)

    code, checks = examined(draft_lab)

    assert (code, checks["store"][0]) == (3, "failed")
    assert "not a SQLite database" in checks["store"][1]


def test_a_server_that_is_away(draft_lab: Path, monkeypatch: pytest.MonkeyPatch):
    """An unreachable PostgreSQL, as store and as warehouse, is told for each, without its password."""
    monkeypatch.setenv("MQLAB_STORE_URL", "postgresql://ada:secret@127.0.0.1:1/ledger")
    monkeypatch.setenv("MQLAB_WAREHOUSE_URL", "postgresql://ada:secret@127.0.0.1:1/lake")

    done = mqlab("doctor", "--format", "json", lab=draft_lab)

    checks = found(done)
    assert (done.code, checks["store"][0], checks["warehouse"][0]) == (3, "failed", "failed")
    assert "secret" not in done.out + done.err
    assert checks["clock"][0] == "ok"


def test_a_store_on_a_server(draft_lab: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch):
    """A ledger on PostgreSQL is looked at like one in a file."""
    (draft_lab / "leads.csv").write_text("lead_id,created_at\nL1,2026-02-01\n")
    with own_database(postgres_url) as url:
        monkeypatch.setenv("MQLAB_STORE_URL", url)
        lab = Lab.open(draft_lab)
        lab.ingest("leads", draft_lab / "leads.csv", now=LOOK)
        lab.let_go()

        code, checks = examined(draft_lab)

    assert (code, checks["damage"][0], checks["writing"][0]) == (0, "skipped", "ok")
    assert "1 leads" in checks["contents"][1]


def test_somebody_is_writing(fed_folder: Path):
    """While another command writes, the doctor says so and does not wait."""
    connection = sqlite3.connect(store_of(fed_folder), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        code, checks = examined(fed_folder)
    finally:
        connection.close()

    assert (code, checks["writing"][0]) == (0, "warning")


def test_a_warehouse_without_leads(draft_lab: Path):
    """A folder of Parquet files that holds no table of a lab is a failed check."""
    toml = draft_lab / "mqlab.toml"
    toml.write_text(toml.read_text() + '[warehouse]\nurl = "parquet:///lake"\n')
    (draft_lab / "lake").mkdir()

    code, checks = examined(draft_lab)

    assert checks["warehouse"][0] == "failed" and "leads" in checks["warehouse"][1]
    assert code in (1, 3)


def test_a_process_of_its_own_ends_in_order(fed_folder: Path):
    """As a command in a shell: JSON on stdout and nothing on stderr."""
    done: subprocess.CompletedProcess[str] = run(fed_folder, "doctor", "--format", "json")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["status"] in ("ok", "warning")
