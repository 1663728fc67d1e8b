"""Verbs without a file, for every lead of the ledger or where the tables lie; and a file beside such tables."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mqlab.lab import Lab
from mqlab.leads.instants import iso
from tests.analysis.lab_tables import write
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK, write_lab
from tests.lab.test_warehouse import changed, renamed, warehouse

pytestmark = pytest.mark.engines

NAME = "demo-requests"
SCORE = ("definitions", "score", "points@1.1.0", "--at", "2026-03-20")
BACKTEST = ("backtest", "points@1.1.0", "--as-of", "2026-06-30", "--won-within", "60")
HANDED = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def both(fed: Lab) -> Path:
    """A fed lab with the same facts as Parquet files in `data/`, a merge and an early hand-over among them."""
    merged = iso(LOOK - timedelta(days=120))
    (fed.folder / "merges.csv").write_text(f"old_id,new_id,merged_at,known_at\nL0003,L0004,{merged},{merged}\n")
    (fed.folder / "early.csv").write_text(
        f"lead_id,kind,occurred_at,known_at\nL0007,handed_off,{iso(HANDED)},{iso(HANDED)}\n"
    )
    fed.ingest("identity", fed.folder / "merges.csv", now=LOOK)
    fed.ingest("outcomes", fed.folder / "early.csv", now=LOOK)
    facts = fed.reading.facts(as_of=LOOK)
    (fed.folder / "data").mkdir()
    write(facts, fed.folder / "data")
    return fed.folder


def in_ledger_and_folder(lab: Path, *arguments: str) -> tuple[object, object]:
    """The JSON of a command by the ledger and by the folder of tables."""
    found = []
    for url in ("duckdb://", "parquet:///data"):
        warehouse(lab, url)
        done = mqlab(*arguments, "--format", "json", lab=lab)
        assert (done.code, done.err) == (0, "")
        found.append(done.json)
    return found[0], found[1]


def test_score_without_a_file_judges_every_lead_as_a_file_does(both: Path) -> None:
    """240 leads, two of them one person: what a lead file says of each that was not merged, sorted by id."""
    by_ledger, in_place = in_ledger_and_folder(both, *SCORE)

    assert by_ledger == in_place
    assert isinstance(by_ledger, list)
    ids = [row["lead"] for row in by_ledger]
    assert ids == sorted(ids)
    assert (len(ids), "L0003" in ids) == (239, False)
    file = both / "leads.json"
    facts = Lab.open(both).reading.facts(as_of=LOOK)
    events: dict[str, list[dict[str, object]]] = {}
    for row in facts.events.to_pylist():
        events.setdefault(row["lead_id"], []).append(
            {"name": row["name"], "event_id": row["event_id"], "source": row["source"],
             "props": json.loads(row["props"]), "occurred_at": iso(row["occurred_at"]),
             "known_at": iso(row["known_at"])}
        )  # fmt: skip
    leads = [
        {"lead_id": row["lead_id"], "created_at": iso(row["created_at"]), "source": row["source"],
         "fields": json.loads(row["fields"]), "events": events.get(row["lead_id"], [])}
        for row in facts.leads.to_pylist() if row["lead_id"] not in ("L0003", "L0004")
    ]  # fmt: skip
    file.write_text(json.dumps(leads))
    one_by_one = {row["lead"]: row for row in mqlab(*SCORE, "--lead", file, "--format", "json", lab=both).json}
    keys = ("lead", "definition", "as_of", "verdict", "holds_now", "path", "qualified_at", "scores")
    told = [{key: row[key] for key in keys} for row in by_ledger if row["lead"] in one_by_one]
    assert told == [{key: one_by_one[row["lead"]][key] for key in keys} for row in told]
    assert len(told) == 238


def test_the_table_of_scores_counts_verdicts_and_paths(both: Path) -> None:
    """For people: leads by verdict and path, and how a score spreads, at 80 columns."""
    done = mqlab(*SCORE, lab=both)

    assert done.code == 0
    assert all(len(line) <= 80 for line in done.lines)
    assert "239 leads judged by points@1.1.0" in done.lines[0]
    assert "fast_track:demo-request" in done.out


def test_assign_without_a_file_places_every_lead_as_a_file_does(both: Path) -> None:
    """The same objects, whether the leads come from the ledger, from tables in place, or from a file beside either."""
    by_ledger, in_place = in_ledger_and_folder(both, "assign", NAME)
    rows = pq.read_table(both / "data" / "leads.parquet").sort_by("lead_id")
    file = both / "all.csv"
    with file.open("w", newline="") as out:
        written = csv.writer(out)
        written.writerow(["lead_id", "created_at", "source"])
        for row in rows.to_pylist():
            written.writerow([row["lead_id"], iso(row["created_at"]), row["source"]])

    from_file, beside_tables = in_ledger_and_folder(both, "assign", NAME, str(file))

    assert by_ledger == in_place == from_file == beside_tables
    assert isinstance(in_place, list)
    whys = {row["lead_id"]: row["why"] for row in in_place}
    assert whys["L0007"] == "prior_handoff"
    assert [row["merged_into"] for row in in_place if row["lead_id"] == "L0003"] == ["L0004"]


def test_a_file_beside_tables_may_hold_anything_a_file_may(both: Path) -> None:
    """Leads without an instant, outside the enrolment, not eligible, of an unknown source, twice: as by the ledger."""
    file = both / "some.csv"
    file.write_text(
        "lead_id,created_at,source\nZ9,2026-01-10,organic\nA1,2025-01-10,organic\nB2,,organic\nL0007,2026-01-20,paid\n"
        "C3,2026-06-10,organic\nD4,2026-01-10,partner\nE5,2026-01-10,\nZ9,2026-01-11,partner\n"
    )

    by_ledger, in_place = in_ledger_and_folder_with_notes(both, str(file))

    assert in_place == by_ledger
    assert [row["why"] for row in in_place] == [
        "in", "before_enrolment", "in", "prior_handoff", "after_enrolment", "ineligible", "eligibility_unknown",
        "ineligible",
    ]  # fmt: skip


def in_ledger_and_folder_with_notes(lab: Path, file: str) -> list[list[dict[str, object]]]:
    """As `in_ledger_and_folder`, for a file about which there is something to note."""
    found = []
    for url in ("duckdb://", "parquet:///data"):
        warehouse(lab, url)
        done = mqlab("assign", NAME, file, "--format", "json", lab=lab)
        assert (done.code, "more than once" in done.err) == (0, True)
        found.append(done.json)
    return found


def test_backtest_compares_with_what_is_in_force(both: Path) -> None:
    """The same by the ledger and in place; cells add up to the leads, and it says that it only describes."""
    by_ledger, in_place = in_ledger_and_folder(both, *BACKTEST)

    assert in_place == by_ledger
    assert isinstance(in_place, dict)
    assert (in_place["definition"], in_place["against"]) == ("points@1.1.0", "points@1.0.0")
    assert sum(cell["leads"] for cell in in_place["cells"]) == in_place["everyone"]["leads"] == 239
    assert sum(path["leads"] for path in in_place["this"]["paths"]) == in_place["this"]["mqls"]
    assert in_place["note"].endswith("not a causal effect")
    done = mqlab(*BACKTEST, lab=both)
    assert (done.code, done.err) == (0, "")
    assert all(len(line) <= 80 for line in done.lines)
    assert "not a causal effect" in " ".join(done.out.split())


def test_backtest_of_what_is_in_force_says_so(both: Path) -> None:
    """Nothing stands beside the definition in force unless it is named."""
    done = mqlab("backtest", "points@1.0.0", "--as-of", "2026-06-30", lab=both)

    assert done.code == 0
    assert "itself in force" in done.err
    assert "Where they part" not in done.out


def test_columns_that_are_read_and_nobody_has_are_noted(both: Path) -> None:
    """Scores and places are told as ever, with one note beside them; a backtest has it among its notes.

    Where leads belong depends on `eligible` alone, so only what that reads is named.
    """
    changed(both, "leads", renamed("employees", "staff"))
    changed(both, "events", renamed("path", "page"))
    field = "the table 'leads' has no column 'employees', which is read: only what 'field_changes' tells of it counts"
    prop = "the table 'events' has no column 'path', which is read: no event has it"
    larger = (both / "experiments" / f"{NAME}.yaml").read_text().replace(NAME, "larger")
    (both / "experiments" / "larger.yaml").write_text(larger.replace("source != 'partner'", "employees >= 50"))
    warehouse(both, "parquet:///data")

    for more in ((), ("--format", "json")):
        scored = mqlab(*SCORE, *more, lab=both)
        assert (scored.code, " ".join(scored.err.split())) == (0, f"{field} {prop}")
        placed = mqlab("assign", "larger", *more, lab=both)
        assert (placed.code, " ".join(placed.err.split())) == (0, field)
        unread = mqlab("assign", NAME, *more, lab=both)
        assert (unread.code, unread.err) == (0, "")
        tested = mqlab(*BACKTEST, *more, lab=both)
        assert (tested.code, tested.err) == (0, "")
        if more:
            assert tested.json["notes"] == [field, prop]
        else:
            assert all(" ".join(tested.out.split()).count(note[1:]) == 1 for note in (field, prop))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param(["--against", "points@1.1.0"], "cannot be compared with itself", id="itself"),
        pytest.param(["--from", "2026-03-01", "--to", "2026-01-01"], "ends before it begins", id="window"),
        pytest.param(["--qualify-within", "soon"], "no length of time", id="duration"),
        pytest.param(["--against", "nothing@1.0.0"], "nothing@1.0.0", id="unknown"),
    ],
)
def test_a_wrong_backtest_is_bad_input(both: Path, more: list[str], said: str) -> None:
    """One message and exit 2."""
    done = mqlab(*BACKTEST, *more, lab=both)

    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())


def test_a_lab_without_leads_has_nothing_to_count(tmp_path: Path) -> None:
    """No ledger yet: an empty list, an empty table, a backtest of nobody; none is an error."""
    lab = write_lab(tmp_path / "lab")

    assert mqlab(*SCORE, "--format", "json", lab=lab).json == []
    assert mqlab("assign", NAME, "--format", "json", lab=lab).json == []
    assert mqlab(*SCORE, lab=lab).code == 0
    assert mqlab(*BACKTEST, lab=lab).code == 0
