"""The schema: from empty up and down again, one head, what the models say; newer stores are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

import mqlab.store
from mqlab.crm.ingest import ingest
from mqlab.errors import RefusedError, UnreachableError
from mqlab.leads.links import Linking
from mqlab.store import schema
from mqlab.store.engine import make_engine, parse_url, reading, writing
from mqlab.store.ledger import Ledger
from mqlab.store.models import Base, LeadRow
from tests.store.conftest import NOW
from tests.store.server import own_database

LATER = {"domain_path", "account_domain"}
"""Columns that came after the first revision."""

OUTCOMES = "lead_id,kind,occurred_at\nL1,sql,2026-08-01T10:00:00Z\nL1,won,2026-08-01T10:00:00Z\n"


def test_the_migrations_have_one_head_which_this_code_knows():
    """The newest migration is the one revision this code reads and writes."""
    config = Config()
    config.set_main_option("script_location", str(Path(mqlab.store.__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)

    assert script.get_heads() == [schema.HEAD]
    assert tuple(reversed([step.revision for step in script.walk_revisions()])) == schema.REVISIONS


def test_the_migrations_make_what_the_models_say(url: str):
    """After all migrations nothing is left for Alembic to change."""
    Ledger.open(url, create=True).close()
    engine = make_engine(parse_url(url), create=False)

    with reading(engine) as connection:
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata) == []
        )


def test_down_and_up_again(url: str):
    """Down to nothing drops every table; up again makes a working ledger."""
    with Ledger.open(url, create=True) as ledger:
        ledger.audit.record("test", "this", by="ada", now=NOW)
    engine = make_engine(parse_url(url), create=False)

    schema.migrate(engine, "base")
    with reading(engine) as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    schema.migrate(engine, schema.HEAD)

    with Ledger.open(url, create=False) as ledger:
        assert (ledger.revision, ledger.audit.list()) == (schema.HEAD, ())


@pytest.fixture(params=["sqlite", "postgres"])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty place for a ledger on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.sqlite"
        return
    with own_database(request.getfixturevalue("postgres_url")) as url:
        yield url


def contents(url: str) -> dict[str, list[object]]:
    """Every row of every table of the first revision, in the columns that it had."""
    engine = make_engine(parse_url(url), create=False)
    with reading(engine) as connection:
        found = {
            name: sorted(
                map(str, connection.execute(select(*(one for one in table.columns if one.name not in LATER))).all())
            )
            for name, table in Base.metadata.tables.items()
            if name not in {"mappings", "withdrawn", "forgotten"}
        }
    engine.dispose()
    return found


def test_a_store_of_the_first_revision_keeps_its_data(either_url: str, tmp_path: Path):
    """Down to the first revision and up again, on both databases, with facts, imports and bad rows in it."""
    for name, content in {"leads": "lead_id,created_at\nL1,2026-07-01\nL2,never\n", "outcomes": OUTCOMES}.items():
        (tmp_path / f"{name}.csv").write_text(content)
        with Ledger.open(either_url, create=True) as ledger:
            ingest(ledger, name, tmp_path / f"{name}.csv", timezone=ZoneInfo("UTC"), now=NOW)
    before = contents(either_url)
    assert [len(before[name]) for name in ("leads", "outcomes", "imports", "quarantine")] == [1, 1, 2, 2]
    engine = make_engine(parse_url(either_url), create=False)

    schema.migrate(engine, "0001")
    with reading(engine) as connection:
        assert {"mappings", "withdrawn", "forgotten"}.isdisjoint(inspect(connection).get_table_names())
    assert (schema.current(engine), contents(either_url)) == ("0001", before)
    engine.dispose()

    with Ledger.open(either_url, create=False) as ledger:
        assert (ledger.revision, ledger.facts(as_of=NOW).outcomes.num_rows) == (schema.HEAD, 1)
        found, mapping = ledger.imports.read_with(1)
        assert (found.file, mapping) == ("leads.csv", None)
        ingest(ledger, "leads", tmp_path / "leads.csv", timezone=ZoneInfo("UTC"), now=NOW)
        assert json.loads(str(ledger.imports.read_with(3)[1]))["id"] == "csv"
    assert {name: len(rows) for name, rows in contents(either_url).items() if name != "imports"} == {
        name: len(rows) for name, rows in before.items() if name != "imports"
    }


def test_domains_go_and_come_with_data_in_the_tables(either_url: str, tmp_path: Path):
    """A store of the third revision finds leads by their companies' domains once it is up, on both databases."""
    files = {
        "leads": "lead_id,created_at,email\nL1,2026-07-01,ada@mail.acme.com\nL2,2026-07-01,bob@gmail.com\n"
        "L3,2026-07-01,\nL4,2026-07-01,eve@xn--mller-kva.de\n",
        "outcomes": "email,kind,occurred_at\ncy@acme.com,sql,2026-08-01T10:00:00Z\n"
        "dan@shop.müller.de,sql,2026-08-01T10:00:00Z\n",
    }
    linking = Linking(same_domain=True)
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(content)
        with Ledger.open(either_url, create=True, linking=linking) as ledger:
            ingest(ledger, name, tmp_path / f"{name}.csv", timezone=ZoneInfo("UTC"), now=NOW)
            paths = [LeadRow.lead_ref, LeadRow.domain_path]
            with reading(ledger._engine) as connection:
                before = sorted(map(tuple, connection.execute(select(*paths).order_by(LeadRow.lead_ref))))
            told = ledger.facts(as_of=NOW).outcomes
    assert before == [("L1", "com.acme.mail"), ("L2", "com.gmail"), ("L3", None), ("L4", "de.müller")]
    assert told["lead_id"].to_pylist() == ["L1", "L4"]
    engine = make_engine(parse_url(either_url), create=False)

    schema.migrate(engine, "0003")
    with reading(engine) as connection:
        columns = {one["name"] for name in ("leads", "outcomes") for one in inspect(connection).get_columns(name)}
    assert columns.isdisjoint(LATER)
    engine.dispose()

    with Ledger.open(either_url, create=False, linking=linking) as ledger:
        with reading(ledger._engine) as connection:
            assert sorted(map(tuple, connection.execute(select(*paths).order_by(LeadRow.lead_ref)))) == before
        assert ledger.facts(as_of=NOW).unmatched_outcomes == 2

        counts = ingest(ledger, "outcomes", tmp_path / "outcomes.csv", timezone=ZoneInfo("UTC"), now=NOW)

        assert (counts.unchanged, counts.new) == (2, 0)
        assert ledger.facts(as_of=NOW).outcomes == told


def test_a_store_made_by_newer_code_is_refused(url: str):
    """A revision this code does not know is told, and nothing is changed."""
    Ledger.open(url, create=True).close()
    with writing(make_engine(parse_url(url), create=False)) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(RefusedError, match=r"newer than this program: its revision is 9999.*Update mqlab"):
        Ledger.open(url, create=True)


def test_a_database_that_is_no_ledger_is_told(tmp_path: Path):
    """An empty file is not taken for a ledger unless one is to be made."""
    (tmp_path / "empty.sqlite").touch()

    with pytest.raises(UnreachableError, match="holds no ledger"):
        Ledger.open(f"sqlite:///{tmp_path}/empty.sqlite", create=False)


def test_a_ledger_opens_from_any_folder(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Migrations are found beside the code, not in the current folder."""
    monkeypatch.chdir(tmp_path)

    with Ledger.open(url, create=True) as ledger:
        assert ledger.revision == schema.HEAD
