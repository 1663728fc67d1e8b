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
        pytest.param("postgresql://h:port/d", "a port, which is a number", id="a port of letters"),
        pytest.param("postgresql://ann:p@w@h/d", "write %25 for %, %40 for @", id="an @ in a password"),
        pytest.param("postgresql://ann:50%@h/d", "write %25 for %, %40 for @", id="a % in a password"),
        pytest.param("postgresql://h/d?verify", "a port, which is a number", id="an option without a value"),
        pytest.param("postgresql://h/d?1=2", "options such as sslmode=require", id="an option that is none"),
    ],
)
def test_another_address_is_refused_with_what_there_is(text: str, says: str) -> None:
    """What cannot be read is refused with the reason or the nearest form, and every form."""
    with pytest.raises(InputError, match=says) as refused:
        parse(text)

    assert "postgresql://user@host/database" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:hush@h/d",
        "postgresq://ann:hush@h/d",
        "postgresql://ann:hu@sh@h/d",
        "postgresql://ann:/hush@h/d",
        "postgresql://ann:?hush@h/d",
        "postgresql://ann:12?3=hush@h/d",
        "postgresql://ann:hush%@h/d",
        "postgresql://ann::hush@h/d",
        "postgresql://ann:#hush@h/d",
        "postgresql://h/d?user=ann&password=hush",
        "postgresql://h/d?sslpassword=hush&sslmode=require",
        "host=h user=ann password='hush hush' dbname=d",
        "spark://h:7077?folder=s3a://b&spark.hadoop.fs.s3a.secret.key=hush",
        "spark://h:7077?foldr=s3a://b&spark.hadoop.fs.s3a.access.key=hush",
    ],
)
def test_no_message_shows_a_password(text: str) -> None:
    """Rightly written or not, in the host's part or as an option: what may be a password is blotted out."""
    try:
        shown = parse(text).shown
    except InputError as refused:
        shown = str(refused)

    assert "***" in shown
    assert "hush" not in shown
    assert "ann" in shown or "ann" not in text


def test_what_is_no_password_stays() -> None:
    """The address in a message is still the one that was written."""
    for text in ("postgresql://ann@h:5432/d?schema=s", "parquet:///a:b@c", "spark://h:7077?folder=s3a://bucket/lake"):
        assert parse(text).shown == text


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
