"""An engine that cannot be used says why, and what to do, in one message; the command then ends with 3."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from mqlab.errors import InputError, MissingExtraError, RefusedError, UnreachableError
from mqlab.warehouse.engines import spark_context
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.engines.urls import parse

BLOCKED = """
import sys
sys.modules[{module!r}] = None
from mqlab.errors import MissingExtraError
from mqlab.warehouse.engines.engine import open_engine
try:
    open_engine({url!r})
except MissingExtraError as error:
    print(error)
"""


def test_a_server_that_is_down_is_told() -> None:
    """Nothing listens on the port: the message has the address, the reason and what to check, not the password."""
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1.*refused.*Check that the server runs") as told:
        open_engine("postgresql://ann:secret@127.0.0.1:1/x")

    assert told.value.exit_code == 3
    assert "secret" not in str(told.value)


def test_a_wrong_password_is_told(postgres_url: str) -> None:
    """Where the server wants a password, a wrong one and none are told as such."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        rules = Path(connection.execute("SHOW hba_file").fetchone()[0])  # type: ignore[index]
        connection.execute("CREATE ROLE ann LOGIN PASSWORD 'right'")
        before = rules.read_text(encoding="utf-8")
        rules.write_text(f"local all ann scram-sha-256\n{before}", encoding="utf-8")
        connection.execute("SELECT pg_reload_conf()")
        try:
            ann = postgres_url.replace("postgres:@", "ann:wrong@")
            with pytest.raises(UnreachableError, match=r"password authentication failed.*Check the user and the pass"):
                open_engine(ann)
            with pytest.raises(UnreachableError, match=r"password.*Check the user and the password"):
                open_engine(ann.replace(":wrong", ""))
            with open_engine(ann.replace("wrong", "right")) as engine:
                connection.execute("CREATE TABLE hers_not (lead_id text)")
                with pytest.raises(UnreachableError, match=r"permission denied.*must be allowed to read"):
                    engine.fetched(engine.table("hers_not"))
        finally:
            rules.write_text(before, encoding="utf-8")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP TABLE IF EXISTS hers_not")
            connection.execute("DROP ROLE ann")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param("/postgres?", "/nowhere?", 'database "nowhere" does not exist.*Check the database', id="database"),
        pytest.param("//postgres:", "//nobody:", 'role "nobody" does not exist.*Check the user', id="user"),
    ],
)
def test_what_the_server_does_not_have_is_told(postgres_url: str, old: str, new: str, says: str) -> None:
    """An unknown database or user is told with what to correct."""
    with pytest.raises(UnreachableError, match=says):
        open_engine(postgres_url.replace(old, new))


def test_a_schema_that_is_not_there_is_told(postgres_url: str) -> None:
    """The message names the schemas that are."""
    with pytest.raises(InputError, match=r"no schema 'nowhere'.*public"):
        open_engine(f"{postgres_url}&schema=nowhere")


def test_a_database_that_is_not_unicode_is_told(postgres_url: str) -> None:
    """Hashes are of UTF-8 text, so another encoding is refused."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(UnreachableError, match=r"encoding is LATIN1.*UTF8"):
                open_engine(postgres_url.replace("/postgres?", "/latin?"))
        finally:
            connection.execute("DROP DATABASE latin")


def test_a_connection_that_breaks_is_told(postgres_url: str) -> None:
    """A server that goes away in the middle is one message, and closing afterwards is fine."""
    with open_engine(postgres_url) as engine:
        rows = engine.load("rows", pa.table({"a": [1]}))
        mine = engine.backend.con.info.backend_pid
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", (mine,))
        with pytest.raises(UnreachableError, match="run it again when the server is well"):
            engine.fetched(rows)


def test_text_that_postgres_cannot_store_is_told(postgres_url: str) -> None:
    """A NUL in a text is told as such; the table is not half there."""
    with open_engine(postgres_url) as engine:
        with pytest.raises(InputError, match="character NUL"):
            engine.load("texts", pa.table({"a": ["fine", "no\0t"]}))

        assert engine.fetched(engine.load("texts", pa.table({"a": ["fine"]}))).num_rows == 1


def test_a_question_that_fails_leaves_the_table_that_was(engine) -> None:  # type: ignore[no-untyped-def]
    """What cannot be computed replaces nothing, and the engine goes on."""
    rows = engine.load("rows", pa.table({"a": ["1", "x"]}))
    with pytest.raises(Exception, match=r"x|number|integer|INT|BIGINT"):
        engine.keep("rows", rows.select(a=rows.a.cast("int64")))

    assert sorted(engine.fetched(rows)["a"].to_pylist()) == ["1", "x"]


def test_too_little_memory_is_told() -> None:
    """DuckDB that can neither hold nor spill says which setting to raise."""
    with open_engine("duckdb://", memory_limit="20MB") as engine:
        engine.backend.con.execute("SET max_temp_directory_size = '1MB'")
        rows = engine.load("rows", pa.table({"a": range(1000)}))
        squared = rows.cross_join(rows.view()).select(a=rows.a)
        with pytest.raises(UnreachableError, match="memory_limit"):
            engine.keep("squared", squared.cross_join(rows.view()).select("a").order_by("a"))


@pytest.mark.parametrize(
    ("module", "url", "extra"),
    [
        pytest.param("psycopg", "postgresql://h/d", "postgres", id="psycopg"),
        pytest.param("pyspark", "spark://local[2]", "spark", id="PySpark"),
    ],
)
def test_a_missing_extra_is_told(module: str, url: str, extra: str) -> None:
    """Without the optional package the message is the line that installs it."""
    code = BLOCKED.format(module=module, url=url)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)

    assert f"pip install 'mqlab[{extra}]'" in done.stdout
    assert issubclass(MissingExtraError, UnreachableError)


def test_no_engine_is_imported_before_it_is_asked_for() -> None:
    """The engines' modules import neither psycopg nor PySpark."""
    code = (
        "import sys, mqlab.warehouse.engines.engine, mqlab.warehouse.engines.postgres, mqlab.warehouse.engines.spark\n"
        "print([name for name in ('psycopg', 'pyspark', 'py4j') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.strip() == "[]"


def test_spark_without_java_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Java, a JAVA_HOME that holds none, and a Java that is too old are each told with what to install."""
    url = parse("spark://local[2]")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"needs Java 17.*none was found.*openjdk-17"):
        spark_context.check_java(url)

    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"JAVA_HOME.*holds none"):
        spark_context.check_java(url)

    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n", encoding="utf-8")
    old.chmod(0o755)
    with pytest.raises(UnreachableError, match=r"needs Java 17.*11.0.2"):
        spark_context.check_java(url)


def test_a_master_that_is_down_is_told() -> None:
    """Nothing listens on the port: told at once, not after a minute of trying."""
    with pytest.raises(UnreachableError, match=r"nothing answers at 127.0.0.1, port 1.*Check that the Spark master"):
        spark_context.check_master(parse("spark://127.0.0.1:1"))


def test_one_process_works_with_one_spark(spark_url: str) -> None:
    """A second master in the same process is refused, not silently the first one."""
    with pytest.raises(RefusedError, match=r"already works with Spark at local\[2\]"):
        open_engine("spark://local[1]")


def test_engines_leave_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What DuckDB spills lies in a folder of its own, which goes with the engine, also where opening fails."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_engine("duckdb://") as engine:
        assert len(list(tmp_path.iterdir())) == 1
        engine.load("rows", pa.table({"a": [1]}))
    with pytest.raises(UnreachableError):
        open_engine("duckdb:///nowhere.duckdb", folder=tmp_path)

    assert not list(tmp_path.iterdir())
