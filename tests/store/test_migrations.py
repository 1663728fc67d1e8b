"""The schema: from empty up and down again, one head, what the models say; newer stores are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import mqlab.store
from mqlab.errors import RefusedError, UnreachableError
from mqlab.store import schema
from mqlab.store.engine import make_engine, parse_url, reading, writing
from mqlab.store.ledger import Ledger
from mqlab.store.models import Base
from tests.store.conftest import NOW


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
