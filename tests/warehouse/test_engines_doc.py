"""The page on engines is true: its tables can be used, its addresses are known, its errors exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mqlab.settings.model import Settings
from mqlab.warehouse.engines.duckdb import DuckDBEngine
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.engines.urls import ONLY_COMPILED, SCHEMES, parse
from mqlab.warehouse.view.tables import CANONICAL, LabTables, lab_tables
from tests.warehouse.test_golden_sql import DEFINITIONS, DIALECTS


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """The page."""
    return (root / "docs" / "engines.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """Its examples in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def used(tables: LabTables) -> dict[str, int]:
    """How many further columns each table was found to have."""
    return {table.name: len(table.further) for table in tables.present()}


EXPECTED = {"leads": 2, "field_changes": 0, "events": 2, "identity": 0, "outcomes": 0}


def test_its_tables_can_be_used_in_duckdb(page: str, tmp_path: Path) -> None:
    """The statements make a DuckDB file that mqlab reads as a lab, fields and properties among it."""
    import duckdb

    with duckdb.connect(str(tmp_path / "crm.duckdb")) as file:
        file.execute(blocks(page, "sql")[0])
    with open_engine("duckdb:///crm.duckdb", folder=tmp_path) as engine:
        assert isinstance(engine, DuckDBEngine)
        assert used(lab_tables(engine)) == EXPECTED


def test_its_tables_can_be_used_in_postgres(page: str, postgres_schema: str) -> None:
    """The same statements make the tables on a PostgreSQL server."""
    import psycopg

    address, _, schema = postgres_schema.rpartition("schema=")
    with psycopg.connect(address.rstrip("?&"), autocommit=True) as connection:
        connection.execute(f"SET search_path TO {schema}")
        connection.execute(blocks(page, "sql")[0])
    with open_engine(postgres_schema) as engine:
        assert used(lab_tables(engine)) == EXPECTED


def test_it_names_every_column(page: str) -> None:
    """The table of columns is that of the code; what may be absent is in italics."""
    for name, columns in CANONICAL.items():
        (row,) = re.findall(rf"^\| `{name}`.*$", page, re.MULTILINE)
        names = set(re.findall(r"`(\w+)`", row)) - {name}
        optional = set(re.findall(r"\*`(\w+)`\*", row))

        assert names == {column.name for column in columns}
        assert names - optional - {"value"} == {column.name for column in columns if column.required}


def test_its_addresses_are_known(page: str) -> None:
    """Every address on the page is one that mqlab takes, every scheme is there, and its settings can be read."""
    addresses = re.findall(r"""[`'"]([a-z]+://[^`'"]*)[`'"]""", page)
    for address in addresses:
        parse(address)
    for block in blocks(page, "toml"):
        Settings.model_validate(tomllib.loads(block))

    assert {parse(address).kind for address in addresses} == set(SCHEMES.values())


def test_its_errors_exist(page: str, root: Path) -> None:
    """Every code in the table is raised somewhere."""
    source = "".join(file.read_text(encoding="utf-8") for file in (root / "mqlab").rglob("*.py"))
    cells = re.findall(r"^\| (`[A-Z].*?) \|", page, re.MULTILINE)
    codes = [code for cell in cells for code in re.findall(r"`(\w+)`", cell)]

    assert len(codes) > 15
    assert [code for code in codes if f'"{code}"' not in source] == []


def test_it_names_what_is_only_compiled(page: str) -> None:
    """The engines and definitions of the golden files are those that the page speaks of."""
    assert set(DIALECTS) == ONLY_COMPILED
    assert all(name in page.lower() for name in DIALECTS)
    assert all(f"`{name.partition('@')[0]}`" in page for name in DEFINITIONS)
