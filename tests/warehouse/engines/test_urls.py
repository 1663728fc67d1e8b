"""The addresses of engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.errors import InputError
from mqlab.warehouse.engines.urls import FORMS, parse


@pytest.mark.parametrize(
    ("text", "kind", "path", "target"),
    [
        pytest.param("duckdb", "duckdb", None, "", id="the bare word"),
        pytest.param("duckdb://", "duckdb", None, "", id="in process"),
        pytest.param("duckdb:///:memory:", "duckdb", None, "", id="in memory, in so many words"),
        pytest.param("duckdb:///lake.duckdb", "duckdb", "lake.duckdb", "", id="a file of the lab"),
        pytest.param("duckdb:////srv/lake.duckdb", "duckdb", "/srv/lake.duckdb", "", id="a file anywhere"),
        pytest.param("parquet:///lake", "parquet", "lake", "", id="Parquet"),
        pytest.param("csv:////srv/lake", "csv", "/srv/lake", "", id="CSV"),
        pytest.param("postgres://h/d", "postgres", None, "postgresql://h/d", id="the short word"),
        pytest.param(
            "postgresql+psycopg://u:p@h:5433/d?schema=s&sslmode=require",
            "postgres",
            None,
            "postgresql://u:p@h:5433/d?sslmode=require",
            id="as the store writes it, our option apart",
        ),
        pytest.param("spark://h:7077?folder=/data", "spark", "/data", "spark://h:7077", id="a cluster"),
        pytest.param("spark://local[*]", "spark", None, "local[*]", id="this machine"),
    ],
)
def test_an_address_is_taken_apart(text: str, kind: str, path: str | None, target: str) -> None:
    """Each form gives its kind, its path and what to connect to."""
    url = parse(text)

    assert (url.kind, url.path, url.target) == (kind, path, target)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_messages_offer_is_read(form: str) -> None:
    """The examples in the message about an unknown address are addresses."""
    assert parse(form).text == form


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("duckbd://", "Did you mean 'duckdb'", id="misspelt"),
        pytest.param("bigquery://project", "Known forms: duckdb://", id="not run by us"),
        pytest.param("", "Known forms", id="nothing"),
        pytest.param("parquet://lake", "after three slashes", id="two slashes"),
        pytest.param("parquet:///", "after three slashes", id="no folder"),
        pytest.param("duckdb:///x?threads=4", "nothing after a question mark", id="an option DuckDB has not"),
        pytest.param("spark://host", "host:port", id="no port"),
        pytest.param("spark://local[2]?foldr=/data", "'foldr' is not an option", id="a misspelt option"),
        pytest.param("postgresql://h:port/d", "Port could not be cast", id="a port of letters"),
    ],
)
def test_another_address_is_refused_with_what_there_is(text: str, says: str) -> None:
    """What cannot be read is refused with the reason or the nearest form, and every form."""
    with pytest.raises(InputError, match=says) as refused:
        parse(text)

    assert "postgresql://user@host/database" in str(refused.value)


def test_no_message_shows_a_password() -> None:
    """An address in a message has its password blotted out."""
    assert parse("postgresql://ann:secret@h/d").shown == "postgresql://ann:***@h/d"
    with pytest.raises(InputError) as refused:
        parse("postgresq://ann:secret@h/d")
    assert "secret" not in str(refused.value)


def test_settings_of_spark_pass_through() -> None:
    """What begins with `spark.` is configuration, and nothing else is."""
    assert parse("spark://h:7077?folder=lake&spark.cores.max=4").options == {"spark.cores.max": "4"}


def test_relative_paths_start_from_the_lab() -> None:
    """Three slashes are relative to the lab, four are absolute, and a distributed store keeps its address."""
    lab = Path("/srv/lab")

    assert parse("parquet:///lake").resolved(lab) == "/srv/lab/lake"
    assert parse("parquet:////data/lake").resolved(lab) == "/data/lake"
    assert parse("spark://h:1?folder=lake").resolved(lab) == "/srv/lab/lake"
    assert parse("spark://h:1?folder=s3a://bucket/lake").resolved(lab) == "s3a://bucket/lake"
