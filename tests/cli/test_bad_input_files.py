"""Feeds as they come from spreadsheets and CRMs: read as meant, kept with a reason, or refused whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mqlab.lab import Lab
from tests.cli.runner import Done, mqlab
from tests.cli.small_lab import LOOK

HEAD = "lead_id,created_at,source,email,employees"
ROWS = ["A1,2026-02-01T10:00:00Z,organic,a@acme.example,40", "A2,2026-02-02T10:00:00Z,referral,b@acme.example,400"]
PARTS = ("new", "unchanged", "corrected", "unmatched", "quarantined")


def ingest(lab: Path, kind: str, content: str | bytes, name: str = "feed.csv", *more: object) -> Done:
    """Write a file and read it into the lab."""
    path = lab.parent / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return mqlab("ingest", kind, path, "--format", "json", *more, lab=lab)


def leads(lab: Path) -> dict[str, str]:
    """The ledger's leads with their fields as stored."""
    table = Lab.open(lab).reading.facts(as_of=LOOK).leads
    return dict(zip(table["lead_id"].to_pylist(), table["fields"].to_pylist(), strict=True))


def text(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *(rows or ROWS)]) + "\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(text(), "feed.csv", id="plain"),
        pytest.param("\ufeff" + text(), "feed.csv", id="byte order mark"),
        pytest.param(text().replace("\n", "\r\n"), "feed.csv", id="CRLF"),
        pytest.param(text().replace(",", ";"), "feed.csv", id="semicolons"),
        pytest.param(gzip.compress(text().encode()), "feed.csv.gz", id="gzip"),
    ],
)
def test_the_same_rows_in_other_clothes(draft_lab: Path, content: str | bytes, name: str):
    """A byte order mark, CRLF, semicolons or gzip change nothing about what is read."""
    done = ingest(draft_lab, "leads", content, name)

    assert (done.code, done.json["read"], done.json["new"]) == (0, 2, 2)
    assert {"A1", "A2"} == set(leads(draft_lab))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(text(head="lead,created_at,source,email,employees"), "'lead_id'", id="missing column"),
        pytest.param(text(head="lead_id,created_at,created_at,email,employees"), "twice", id="duplicate column"),
        pytest.param("", "empty", id="empty file"),
        pytest.param("\x00" * 64, "NUL", id="only NUL bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(draft_lab: Path, content: str, said: str):
    """A missing or doubled column, or no rows at all: exit 2, the file named, and no row of it is in the ledger."""
    done = ingest(draft_lab, "leads", content)

    assert (done.code, done.out) == (2, "")
    assert "feed.csv" in done.err
    assert said in done.err
    assert leads(draft_lab) == {}


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        pytest.param("A3,2026-02-03T10:00:00Z,organic", True, id="too few cells"),
        pytest.param("A3,2026-02-03T10:00:00Z,organic,c@x.example,4,5,6", True, id="too many cells"),
        pytest.param("A3,2026-02-03T10:00:00Z,org\x00anic,c@x.example,4", True, id="NUL byte"),
        pytest.param("A3,03/02/2026,organic,c@x.example,4", True, id="date in another format"),
        pytest.param("A3,2026-02-03T10:00:00,organic,c@x.example,4", True, id="no time zone"),
        pytest.param("A3,2026-02-30,organic,c@x.example,4", True, id="no such day"),
        pytest.param(",2026-02-03T10:00:00Z,organic,c@x.example,4", True, id="no id"),
        pytest.param("A3,9999-12-31,organic,c@x.example,4", True, id="the year 9999"),
    ],
)
def test_a_bad_row_is_kept_whole_with_its_line_and_reason(draft_lab: Path, row: str, kept: bool):
    """One row that cannot be used goes to quarantine; the others are read, and the counts add up."""
    done = ingest(draft_lab, "leads", text(*ROWS, row))
    quarantined = mqlab("quarantine", "list", "--format", "json", lab=draft_lab).json

    assert done.code == 0
    assert done.json["read"] == sum(done.json[part] for part in PARTS) == 3
    assert (done.json["new"], done.json["quarantined"]) == (2, 1)
    assert [(one["line"], bool(one["reason"]), bool(one["detail"])) for one in quarantined] == [(4, True, True)]
    assert {"A1", "A2"} == set(leads(draft_lab))


def test_latin_1_is_told_with_the_line(draft_lab: Path):
    """Bytes that are no UTF-8 are never guessed: the file is refused or its row kept, and the line is named."""
    content = text(*ROWS, "A3,2026-02-03T10:00:00Z,g\xf6ogle,c@x.example,4").encode("latin-1")

    done = ingest(draft_lab, "leads", content)

    if done.code == 0:
        rows = mqlab("quarantine", "list", "--format", "json", lab=draft_lab).json
        assert [row["line"] for row in rows] == [4]
        assert {"A1", "A2"} == set(leads(draft_lab))
    else:
        assert done.code == 2
        assert "UTF-8" in done.err
        assert leads(draft_lab) == {}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("A1,closed_won,2026-03-01T00:00:00Z,-5,EUR", id="negative amount"),
        pytest.param("A1,closed_won,2026-03-01T00:00:00Z,1e400,EUR", id="infinite amount"),
        pytest.param("A1,closed_won,2026-03-01T00:00:00Z,NaN,EUR", id="amount is no number"),
        pytest.param("A1,closed_won,2026-03-01T00:00:00Z,5,EURO", id="no such currency"),
        pytest.param("A1,wonn,2026-03-01T00:00:00Z,5,EUR", id="unknown kind"),
        pytest.param("A1,closed_won,2026-03-01 00:00,5,EUR", id="no time zone"),
    ],
)
def test_a_bad_outcome_is_kept_and_counts_nowhere(draft_lab: Path, row: str):
    """An amount or a kind that means nothing goes to quarantine, not to revenue."""
    ingest(draft_lab, "leads", text())

    done = ingest(draft_lab, "outcomes", text(row, head="lead_id,kind,occurred_at,amount,currency"), "won.csv")

    assert (done.code, done.json["quarantined"], done.json["read"]) == (0, 1, 1)
    assert Lab.open(draft_lab).reading.facts(as_of=LOOK).outcomes.num_rows == 0
    assert mqlab("quarantine", "show", 1, lab=draft_lab).code == 0


def test_a_quarantined_number_that_is_not_finite_prints_as_json(draft_lab: Path):
    """What a JSONL file called 1e400 is shown as text: JSON has no such number."""
    row = '{"lead_id": "A1", "created_at": 1e400}\n'
    ingest(draft_lab, "leads", row, "feed.jsonl")

    done = mqlab("quarantine", "list", "--format", "json", lab=draft_lab)

    assert done.code == 0
    assert len(done.json) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["leads", "nowhere.csv"], "nowhere.csv", id="missing file"),
        pytest.param(["leads", "."], "folder", id="a folder"),
        pytest.param(["leads", "mqlab.toml"], "mqlab.toml", id="another kind of file"),
        pytest.param(["leads", "feed.csv", "--preset", "salesfource"], "salesfource", id="unknown preset"),
        pytest.param(["leads", "feed.csv", "--mapping", "nowhere.yaml"], "nowhere.yaml", id="missing mapping"),
        pytest.param(["leads", "feed.csv", "--snapshot-at", "yesterday"], "yesterday", id="snapshot"),
        pytest.param(["lead", "feed.csv"], "lead", id="unknown kind"),
    ],
)
def test_a_wrong_call_names_what_is_wrong(
    draft_lab: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
):
    """Files, presets and instants that are not there end with exit 2 and their name."""
    monkeypatch.chdir(draft_lab)
    (draft_lab / "feed.csv").write_text(text())

    done = mqlab("ingest", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_dry_run_writes_nothing(draft_lab: Path):
    """`--dry-run` counts as the real run would, and the ledger holds no row afterwards."""
    dry = ingest(draft_lab, "leads", text(), "feed.csv", "--dry-run")

    assert (dry.code, dry.json["new"]) == (0, 2)
    assert leads(draft_lab) == {}
    real = ingest(draft_lab, "leads", text())
    assert [dry.json[part] for part in PARTS] == [real.json[part] for part in PARTS]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "no lead", id="empty"),
        pytest.param("{", "not JSON", id="half an object"),
        pytest.param("[" * 100_000, "nested", id="endless brackets"),
        pytest.param('{"lead_id": "a"}', "created_at", id="no created_at"),
        pytest.param('{"lead_id": "a", "created_at": "2026-01-01T09:00:00"}', "time zone", id="no time zone"),
        pytest.param('{"lead_id": "a", "created_at": "2026-01-01T00:00:00Z", "feild": {}}', "feild", id="unknown key"),
        pytest.param(b"\xff\xfe", "UTF-8", id="not UTF-8"),
        pytest.param(
            '{"lead_id": "a", "created_at": "2026-01-01T00:00:00Z", "fields": {"employees": 1e400}}',
            "finite", id="infinite value",
        ),
        pytest.param('{"lead_id": "\\ud800", "created_at": "2026-01-01T00:00:00Z"}', "character", id="surrogate"),
    ],
)  # fmt: skip
def test_a_bad_lead_file_is_told(draft_lab: Path, content: str | bytes, said: str):
    """`score` reads a lead file as a whole or says which line is wrong."""
    path = draft_lab / "lead.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    done = mqlab("definitions", "score", "points", "--lead", path, "--at", "2026-07-01", lab=draft_lab)

    assert (done.code, done.out) == (2, "")
    assert str(path) in done.err
    assert said in done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("id\nA1\n", None, id="id is another name"),
        pytest.param("person\nA1\n", "'lead_id'", id="missing column"),
        pytest.param("lead_id,created_at\nA1,2026-01-10T00:00:00\n", ":2", id="no time zone"),
        pytest.param("lead_id,created_at\n,2026-01-10\n", ":2", id="no id"),
        pytest.param("", "empty", id="empty file"),
    ],
)
def test_assign_answers_every_row_or_none(draft_lab: Path, content: str, said: str | None):
    """A file of leads is assigned as a whole: a row that cannot be read is told with its line."""
    path = draft_lab / "leads.csv"
    path.write_text(content)

    done = mqlab("assign", "demo-requests", path, "--format", "json", lab=draft_lab)

    if said is None:
        assert (done.code, [row["lead_id"] for row in done.json]) == (0, ["A1"])
    else:
        assert (done.code, done.out) == (2, "")
        assert said in done.err
