"""`export`: tables that load back into a warehouse and say the same, and files for a CRM that keep the arm secret."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mqlab.errors import RefusedError, UnreachableError
from mqlab.lab import Lab
from mqlab.lab.export import ASSIGNMENTS, DECISIONS, UPSERT
from mqlab.leads.tables import OUTCOMES
from tests.analysis.lab_tables import write
from tests.cli.limits import run
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK

NAME = "demo-requests"
DAY = date(2026, 6, 30)


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_assignments_are_those_of_the_analysis(fed: Lab):
    """One row per unit in the experiment, in the arm that assigning every lead gives."""
    done = fed.export("assignments", fed.folder / "a.parquet", as_of=DAY)

    table = pq.read_table(fed.folder / "a.parquet")
    placed = {one.unit: (one.arm, one.phase) for one in fed.assign_everyone(NAME, as_of=DAY).assignments() if one.arm}
    found = {row["unit"]: (row["arm"], row["phase"]) for row in table.to_pylist()}
    assert table.schema.equals(ASSIGNMENTS)
    assert (found, done.rows, done.experiments) == (placed, len(placed), (NAME,))
    assert len(found) > 200


def test_decisions_are_those_of_the_analysis(fed: Lab):
    """Every lead has one row per arm; as many act and qualify in each arm as the analysis counts."""
    fed.export("decisions", fed.folder / "d.parquet", as_of=DAY)

    table = pq.read_table(fed.folder / "d.parquet")
    own = [row for row in table.to_pylist() if row["acts"]]
    analysis = fed.analyze(NAME, as_of=DAY).to_dict()
    mqls = next(row for row in analysis["metrics"] if row["metric"] == "mql_per_lead")
    counted = Counter(row["arm"] for row in own if row["verdict"] == "mql")
    assert table.schema.equals(DECISIONS)
    assert table.num_rows == 2 * len(own)
    assert counted["current"] / sum(row["arm"] == "current" for row in own) == pytest.approx(
        mqls["control"]["value"], rel=1e-9
    )
    assert all((row["qualified_at"] is None) == (row["verdict"] == "not_mql") for row in table.to_pylist())
    assert all(row["handed_at"] is None and row["path"] is None for row in table.to_pylist() if not row["acts"])


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_exported_tables_are_the_tables_of_a_warehouse(fed: Lab, form: str):
    """Leads and events beside the exported assignments and outcomes: a warehouse of those files says the same."""
    folder = fed.folder / "lake"
    folder.mkdir()
    facts = fed.reading.facts(as_of=LOOK)
    write(facts, folder)
    for name in ("assignments", "outcomes"):
        (folder / f"{name}.parquet").unlink(missing_ok=True)
        fed.export(name, folder / f"{name}.{form}", as_of=DAY)
    if form == "csv":
        fed.export("outcomes", folder / "outcomes.parquet", as_of=DAY)
        (folder / "outcomes.csv").unlink()
        for path in folder.glob("*.parquet"):
            _as_csv(path)
    before = mqlab("analyze", NAME, "--as-of", DAY, "--format", "json", lab=fed.folder).json
    toml = fed.folder / "mqlab.toml"
    toml.write_text(toml.read_text() + f'\n[warehouse]\nurl = "{form}:///lake"\n')

    after = mqlab("analyze", NAME, "--as-of", DAY, "--format", "json", lab=fed.folder)

    assert after.code == 0, after.err
    assert after.json["metrics"] == before["metrics"]


def _as_csv(path: Path) -> None:
    import pyarrow.compute as pc
    import pyarrow.csv as files

    table = pq.read_table(path)
    columns = {
        name: pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ") if pa.types.is_timestamp(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    files.write_csv(pa.table(columns), path.with_suffix(".csv"))
    path.unlink()


def test_outcomes_are_the_current_ones(fed: Lab):
    """What the ledger holds as current, with the id of each lead."""
    fed.export("outcomes", fed.folder / "o.parquet", as_of=DAY)

    table = pq.read_table(fed.folder / "o.parquet")
    assert table.schema.equals(OUTCOMES)
    assert table.to_pylist() == fed.reading.facts(as_of=LOOK).outcomes.to_pylist()


@pytest.mark.parametrize("what", ["assignments", "decisions", "outcomes"])
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_same_position_gives_the_same_bytes(fed: Lab, what: str, form: str):
    """After a later import, an export of the earlier position is the same file."""
    first = fed.export(what, fed.folder / f"first.{form}", as_of=DAY)
    (fed.folder / "more.csv").write_text(
        "lead_id,created_at,known_at,source\n"
        "L0001,2026-01-05T06:00:00Z,2026-05-01T00:00:00Z,organic\nX1,2026-02-01T00:00:00Z,,organic\n"
    )
    fed.ingest("leads", fed.folder / "more.csv", now=LOOK)
    (fed.folder / "more.csv").write_text("lead_id,kind,occurred_at\nL0001,sql,2026-02-01T00:00:00Z\n")
    fed.ingest("outcomes", fed.folder / "more.csv", now=LOOK)

    again = fed.export(what, fed.folder / f"again.{form}", as_of=first.as_of, ledger=first.ledger)
    now = fed.export(what, fed.folder / f"now.{form}", as_of=DAY)

    assert (fed.folder / f"first.{form}").read_bytes() == (fed.folder / f"again.{form}").read_bytes()
    assert now.rows == again.rows + {"assignments": 1, "decisions": 2, "outcomes": 1}[what]


@pytest.mark.parametrize("crm", sorted(UPSERT))
def test_sales_cannot_see_the_arm(fed: Lab, crm: str):
    """Where handling is blinded neither the arm nor the definition is in the file, and the answer says so."""
    done = fed.export("decisions", fed.folder / "up.csv", as_of=DAY, upsert=crm)

    content = (fed.folder / "up.csv").read_text()
    names = UPSERT[crm]
    assert list(rows(fed.folder / "up.csv")[0]) == [
        names[name] for name in ("lead_id", "experiment", "verdict", "qualified_at")
    ]
    assert not any(word in content for word in ("current", "challenger", "points@"))
    assert "blinded" in done.notes[0]


def test_an_open_experiment_tells_the_arm(fed: Lab):
    """Where handling is open the arm and its definition are in the file, one row per lead with its own decision."""
    open_handling = NAME.replace("demo", "open")
    text = (fed.folder / "experiments" / f"{NAME}.yaml").read_text()
    text = text.replace("handling: blinded", "handling: open").replace(NAME, open_handling)
    (fed.folder / "experiments" / f"{open_handling}.yaml").write_text(text)

    done = fed.export("decisions", fed.folder / "up.csv", as_of=DAY, upsert="csv", experiment=open_handling)

    found = rows(fed.folder / "up.csv")
    assert list(found[0]) == ["lead_id", "experiment", "arm", "definition", "verdict", "qualified_at"]
    assert {(row["arm"], row["definition"]) for row in found} == {
        ("current", "points@1.0.0"), ("challenger", "points@1.1.0"),
    }  # fmt: skip
    assert len({row["lead_id"] for row in found}) == len(found) == done.rows
    told = [row["qualified_at"] for row in found if row["qualified_at"]]
    assert told and all(len(one) == len("2026-01-07T22:00:00Z") and one.endswith("Z") for one in told)


def test_a_formula_is_text_and_told(fed: Lab):
    """A cell that a spreadsheet would run is written as it is, and the answer says to import it as text."""
    (fed.folder / "odd.csv").write_text(
        "lead_id,kind,occurred_at,reason_code\nL0001,rejected,2026-02-01,\"=1+cmd|'/c calc'!A0\"\n"
    )
    fed.ingest("outcomes", fed.folder / "odd.csv", now=LOOK)

    done = fed.export("outcomes", fed.folder / "o.csv", as_of=DAY)

    assert "formula: 1" in done.notes[0]
    assert "=1+cmd|'/c calc'!a0" in [row["reason_code"] for row in rows(fed.folder / "o.csv")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["assignment", "--to", "x.csv"], "Did you mean 'assignments'?", id="what"),
        pytest.param(["outcomes", "--to", "x.xlsx"], "neither .parquet nor .csv", id="ending"),
        pytest.param(["decisions", "--to", "x.csv", "--upsert", "salesfroce"], "salesforce", id="crm"),
        pytest.param(["outcomes", "--to", "x.csv", "--upsert", "csv"], "holds decisions", id="upsert of outcomes"),
        pytest.param(["decisions", "--to", "x.csv", "--experiment", "demo-request"], NAME, id="experiment"),
        pytest.param(["outcomes", "--to", "x.csv", "--ledger", "99"], "latest position is", id="ledger"),
        pytest.param(["outcomes", "--to", "x.csv", "--as-of", "soon"], "neither a date", id="as-of"),
        pytest.param(
            ["outcomes", "--to", "lkae/2026/x.csv"], "there is no folder lkae.", id="folders that are not there"
        ),
    ],
)
def test_what_cannot_be_exported_is_told(fed_once: Path, arguments: list[str], said: str):
    """Bad input is exit 2 with the nearest name, and no file."""
    done = mqlab("export", *arguments, lab=fed_once)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not Path(arguments[2]).exists()


def test_a_file_is_not_overwritten_unasked(fed: Lab):
    """A file that is there stays, unless --force is said."""
    file = fed.folder / "o.csv"
    file.write_text("mine")

    with pytest.raises(RefusedError, match="exists"):
        fed.export("outcomes", file, as_of=DAY)

    assert file.read_text() == "mine"
    assert fed.export("outcomes", file, as_of=DAY, overwrite=True).rows > 0


def test_a_full_disk_leaves_no_half_file(fed: Lab):
    """A file that does not fit has no name: exit 3."""
    fed.let_go()

    done = run(fed.folder, "export", "decisions", "--to", fed.folder / "d.csv", "--as-of", DAY, full_at=1000)

    assert done.returncode == UnreachableError.exit_code
    assert "Traceback" not in done.stderr
    assert not [path for path in fed.folder.iterdir() if "d.csv" in path.name]


def test_a_lab_without_a_started_experiment(draft: Lab):
    """Nothing was started, so the tables are there and empty."""
    done = draft.export("assignments", draft.folder / "a.parquet", as_of=DAY)

    assert (done.rows, pq.read_table(draft.folder / "a.parquet").schema.equals(ASSIGNMENTS)) == (0, True)


def test_the_command_says_how_to_get_the_same_bytes(fed: Lab):
    """The answer names the instant and the ledger position, and is JSON for scripts."""
    fed.let_go()
    done = mqlab("export", "outcomes", "--to", fed.folder / "o.csv", "--as-of", DAY, lab=fed.folder)
    data = mqlab(
        "export", "outcomes", "--to", fed.folder / "p.csv", "--as-of", DAY, "--format", "json", lab=fed.folder
    ).json

    assert (done.code, data["what"], data["ledger"]) == (0, "outcomes", 3)
    assert f"--as-of {data['as_of']} --ledger 3" in done.out
    assert json.dumps(data)


class TestAMergedLead:
    """Two ids that became one are one row of decisions, under the id that stands."""

    def test_one_row_per_person(self, fed: Lab):
        """The loser's id is in no decision; the units of both stay assigned."""
        (fed.folder / "merges.csv").write_text("old_id,new_id,merged_at\nL0002,L0001,2026-03-01T00:00:00Z\n")
        before = fed.export("decisions", fed.folder / "before.csv", as_of=DAY).rows
        fed.ingest("identity", fed.folder / "merges.csv", now=LOOK)

        fed.export("decisions", fed.folder / "after.csv", as_of=DAY)

        found = {row["lead_id"] for row in rows(fed.folder / "after.csv")}
        assert "L0002" not in found
        assert before - 2 * len(found) in (2, 4)  # in one arm they are one person; across arms both are left out
