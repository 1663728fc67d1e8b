"""What cannot be used in the tables of a lab is told with its table, its column, how many rows, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from mqlab.errors import InputError, ProblemsFound
from mqlab.leads.tables import INSTANT
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.readings import Reading, Readings
from mqlab.warehouse.view.input_checks import check_tables
from mqlab.warehouse.view.tables import LabTables, as_lab_tables, lab_tables

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATE = datetime(2300, 1, 1, tzinfo=UTC)
READINGS = Readings(
    fields=(Reading("staff", "number"), Reading("title", "string", null_tokens=("n/a",))),
    props=(Reading("path", "string"),),
)
TITLES = ["vp sales", "müdür", None]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """DuckDB in process."""
    with open_engine("duckdb://") as opened:
        yield opened


def lab(engine: Engine, **changes: Any) -> LabTables:
    """A lab of three leads with events and changes; `<table>__<column>` is replaced, None takes the column away."""
    tables = {
        "leads": {
            "lead_id": pa.array(["a", "b", "c"]), "created_at": pa.array([NOW] * 3, INSTANT),
            "source": pa.array(["ads", "web", None]), "title": pa.array(TITLES), "staff": pa.array([1.0, 2.5, None]),
        },
        "events": {
            "lead_id": pa.array(["a", "b", "b"]), "name": pa.array(["view"] * 3),
            "occurred_at": pa.array([NOW] * 3, INSTANT), "path": pa.array(["/p", None, "/q"]),
        },
        "field_changes": {
            "lead_id": pa.array(["a", "a", "c"]), "field": pa.array(["title", "owner", "Title"]),
            "value": pa.array(["head of it", "Ada", None]), "changed_at": pa.array([NOW] * 3, INSTANT),
        },
        "identity": {
            "old_id": pa.array(["x", "y", "z"]), "new_id": pa.array(["a"] * 3),
            "merged_at": pa.array([NOW] * 3, INSTANT),
        },
        "outcomes": {
            "lead_id": pa.array(["a", "b", "b"]), "kind": pa.array(["sql", "rejected", "closed_won"]),
            "occurred_at": pa.array([NOW] * 3, INSTANT), "amount": pa.array([None, 0.0, 1200.5]),
        },
    }  # fmt: skip
    for place, values in changes.items():
        table, column = place.split("__")
        if values is None:
            del tables[table][column]
        else:
            tables[table][column] = values if isinstance(values, pa.Array) else pa.array(values)
    loaded = {name: engine.load(f"lab_{name}", pa.table(columns)) for name, columns in tables.items()}
    return as_lab_tables(loaded, engine.name)


def problems(engine: Engine, **changes: Any) -> list[tuple[str, str | None, str, str | None]]:
    """(code, where, message, hint) of everything that is wrong."""
    with pytest.raises(ProblemsFound) as raised:
        check_tables(lab(engine, **changes), READINGS, engine)
    return [(one.code, one.place.path, one.message, one.hint) for one in raised.value.problems]


def test_a_lab_that_can_be_used_is_used(engine: Engine) -> None:
    """Text of fields that nobody reads may be as it likes."""
    check_tables(lab(engine), READINGS, engine)
    check_tables(lab(engine, leads__nickname=["Ada ", "B", "Ç"]), READINGS, engine)


@pytest.mark.parametrize(
    ("changes", "code", "place", "words"),
    [
        pytest.param(
            {"leads__created_at": None, "leads__created_ad": [1, 2, 3]}, "MissingColumn", "leads.created_at",
            "Did you mean 'created_ad'?", id="no such column",
        ),
        pytest.param({"events__name": None}, "MissingColumn", "events.name", "there is lead_id", id="no name"),
        pytest.param(
            {"field_changes__value": None}, "MissingColumn", "field_changes.value", "no column 'value'", id="no value"
        ),
        pytest.param({"identity__new_id": None}, "MissingColumn", "identity.new_id", "identity", id="no new id"),
        pytest.param(
            {"leads__created_at": pa.array([NOW.replace(tzinfo=None)] * 3, pa.timestamp("us"))}, "NaiveInstant",
            "leads.created_at", "TIMESTAMP WITH TIME ZONE", id="no time zone",
        ),
        pytest.param({"events__occurred_at": [1, 2, 3]}, "ColumnType", "events.occurred_at", "int64", id="number"),
        pytest.param({"leads__lead_id": [1.5, 2.5, 3.5]}, "ColumnType", "leads.lead_id", "float64", id="fraction"),
        pytest.param({"events__version": [1.5, 2.5, 3.5]}, "ColumnType", "events.version", "whole", id="version"),
        pytest.param({"leads__LEAD_ID": ["a"] * 3}, "DuplicateColumn", "leads.LEAD_ID", "case", id="twice"),
        pytest.param({"leads__created_at": pa.array([NOW, None, None], INSTANT)}, "MissingValue", "leads.created_at",
                     "2 rows without 'created_at', such as one of 'b'", id="no creation"),
        pytest.param({"leads__lead_id": ["a", "", "c"]}, "MissingValue", "leads.lead_id", "1 row", id="no id"),
        pytest.param({"leads__lead_id": ["a", "b", "b"]}, "DuplicateLead", "leads.lead_id", "'b'", id="lead twice"),
        pytest.param({"leads__lead_id": ["a", " b", "c"]}, "NotNormalised", "leads.lead_id", "should be 'b'", id="id"),
        pytest.param({"leads__lead_id": ["a", "ﬁ", "c"]}, "NotNormalised", "leads.lead_id", "'ﬁ'", id="id, not NFKC"),
        pytest.param({"leads__title": ["VP", "CEO", "it"]}, "NotNormalised", "leads.title", "2 diff", id="case"),
        pytest.param({"leads__title": ["Größe", "Ä", "ä"]}, "NotNormalised", "leads.title",
                     "2 different texts in 'title' of 'leads' are not normalised: 'Größe' should be 'grösse'",
                     id="beyond ASCII"),
        pytest.param({"leads__title": ["a\tb ", "b", "c"]}, "NotNormalised", "leads.title", "'title'", id="tab"),
        pytest.param({"leads__source": ["Ads", "b", "c"]}, "NotNormalised", "leads.source", "'source'", id="source"),
        pytest.param({"events__path": ["/P", "/p", None]}, "NotNormalised", "events.path", "'path'", id="property"),
        pytest.param({"events__lead_id": ["a", "b ", "b"]}, "NotNormalised", "events.lead_id", "spaces", id="of event"),
        pytest.param({"field_changes__value": ["VP", "Ada", None]}, "NotNormalised", "field_changes.value",
                     "a text in 'value'", id="changed value"),
        pytest.param({"leads__title": [1.0, 2.5, None]}, "FractionAsText", "leads.title", "1 row", id="fraction"),
        pytest.param({"leads__created_at": ["2026-07-01T00:00:00Z", "2026-07-01", "2026-02-30T00:00:00Z"]},
                     "BadInstant", "leads.created_at", "2 rows", id="text that is no instant"),
        pytest.param({"events__version": ["1", "two", "3"]}, "BadNumber", "events.version", "1 row", id="no version"),
        pytest.param({"leads__created_at": pa.array([NOW, LATE, NOW], INSTANT)}, "BadInstant", "leads.created_at",
                     "1 row where 'created_at' lies before 1900 or after 2199, such as one of 'b'", id="far away"),
        pytest.param({"leads__row_is": ["initial", "today", None]}, "BadValue", "leads.row_is", "1 row", id="row is"),
        pytest.param({"leads__title": [["vp"], [], None]}, "ColumnType", "leads.title", "array", id="a list"),
        pytest.param({"leads__title": ["a\xa0b", "b", None]}, "NotNormalised", "leads.title",
                     r"'a\xa0b' should be 'a b'", id="a space that looks like one"),
        pytest.param({"outcomes__kind": ["sql", "SQL", "kinda"]}, "UnknownKind", "outcomes.kind", "2 rows", id="kind"),
        pytest.param({"outcomes__amount": [float("nan"), float("inf"), -5.0]}, "BadNumber", "outcomes.amount",
                     "3 rows where 'amount' is negative, too large to be money, or no number", id="no money"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(
    engine: Engine, changes: dict[str, Any], code: str, place: str, words: str
) -> None:
    """One problem, with its place, and something to do about it."""
    found = problems(engine, **changes)

    assert [(code, place)] == [one[:2] for one in found]
    assert words in f"{found[0][2]} {found[0][3]}"
    assert found[0][3]


def test_everything_wrong_is_told_at_once(engine: Engine) -> None:
    """Problems of several tables come together."""
    found = problems(
        engine, leads__lead_id=["a", "b", "b"], leads__source=["ADS", "a", "b"], events__path=["A", "b", "c"]
    )

    assert {one[1] for one in found} == {"leads.lead_id", "leads.source", "events.path"}


def test_ids_may_be_numbers_and_columns_of_any_case(engine: Engine) -> None:
    """What only differs in its spelling is understood."""
    tables = lab(
        engine, leads__lead_id=None, leads__Lead_ID=[1, 2, 3], leads__TITLE=TITLES, leads__title=None,
        events__lead_id=[1, 2, 2], field_changes__lead_id=[1, 1, 3],
    )  # fmt: skip

    check_tables(tables, READINGS, engine)

    assert "title" in tables.leads.further
    assert {"lead_id": "string"} == {"lead_id": str(tables.leads.columns["lead_id"].type())}


def test_a_lab_has_leads(engine: Engine) -> None:
    """Other tables need not be there."""
    with pytest.raises(InputError, match="leads"):
        lab_tables(engine)

    engine.backend.con.execute("CREATE TABLE leads AS SELECT 'a' AS lead_id, now() AS created_at")
    found = lab_tables(engine)
    engine.backend.con.execute("DROP TABLE leads")

    assert [table.name for table in found.present()] == ["leads"]
