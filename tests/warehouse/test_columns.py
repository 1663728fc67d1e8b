"""Columns named after arms and segments are as different in every engine as the names are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.analysis.analyze import analyze
from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.definitions.load import load_text as load_definition
from mqlab.definitions.model import Definition
from mqlab.experiments.load import load_text as load_protocol
from mqlab.experiments.protocol import Protocol
from mqlab.leads.tables import Facts
from mqlab.warehouse.columns import at_column, segment_column, stratum_column
from mqlab.warehouse.engines.engine import open_engine
from tests.analysis.lab_tables import write
from tests.analysis.test_analyze_in_engine import ZONE, fill_postgres, said, world
from tests.analysis.world import ANY_VISIT, CHALLENGER, CONTROL, EXPERIMENT

LONG = "arm-with-a-name-of-many-words-that-says-what-the-definition-is-meant-for"
ARMS = (f"{LONG}-control", f"{LONG}-visits", f"{LONG}-visitors")
FIELD = "field_with_a_name_of_many_words_that_says_what_the_value_is_to_be_used_f"
SEGMENTS = (f"{FIELD}or_plan", f"{FIELD}or_Plans")
POSTGRES_BYTES = 63


@given(names=st.lists(st.text("aAbB_-ßé\u0130", min_size=1, max_size=90), unique=True))
def test_different_names_have_different_columns(names: list[str]) -> None:
    """Short enough for PostgreSQL, in which 63 bytes count, and different where case does not count."""
    for column_of in (at_column, stratum_column, segment_column):
        columns = [column_of(name) for name in names]
        assert len({column.lower() for column in columns}) == len(names)
        assert all(len(column.encode()) <= POSTGRES_BYTES for column in columns)
        assert all(column.isascii() for column in columns)


def test_usual_names_stand_in_their_columns_as_they_are() -> None:
    """What people read in SQL is what they wrote."""
    assert (at_column("control"), stratum_column("intent_2"), segment_column("job-title")) == (
        "at:control", "stratum:intent_2", "segment:job-title",
    )  # fmt: skip


def with_long_names() -> tuple[Protocol, dict[str, Definition], Facts]:
    """Three arms of 80 characters that begin alike; segments likewise."""
    fields = "".join(f"  {name}: {{type: string}}\n" for name in SEGMENTS)
    texts = [text.replace("fields: {employees: {type: number}}", f"fields:\n  employees: {{type: number}}\n{fields}")
             for text in (CONTROL, CHALLENGER)] + [ANY_VISIT]  # fmt: skip
    known = {one.ref: one for one in (load_definition(text, file="test.yaml") for text in texts)}
    arms = "\n".join(
        f"  {arm}: {{definition: {ref}, weight: 1}}" for arm, ref in zip(ARMS, known, strict=True)
    )  # fmt: skip
    text = EXPERIMENT.format(
        unit="lead", handling="blinded", phases="[{from: 2026-07-01, coverage: 100%}]", looks="[2026-11-30]",
        maximum=2000, arms=arms,
    )  # fmt: skip
    text = text.replace("control: control", f"control: {ARMS[0]}").replace("[source]", f"[{', '.join(SEGMENTS)}]")
    plan = load_protocol(text, file="test.yaml", definitions=known, timezone="UTC")
    return plan, known, with_values(world(7))


def with_values(facts: Facts) -> Facts:
    """Leads whose two long fields differ, told by changes of the day they came: a column's name may not be so long."""
    leads = facts.leads.to_pylist()
    changes = [
        {
            "lead_id": row["lead_id"], "field": name, "value": json.dumps(f"{place}-{index % (2 + place)}"),
            "changed_at": row["created_at"], "known_at": row["created_at"],
        }
        for index, row in enumerate(leads)
        for place, name in enumerate(SEGMENTS)
    ]  # fmt: skip
    rows = [{name: row.get(name) for name in facts.field_changes.schema.names} for row in changes]
    return replace(facts, field_changes=pa.Table.from_pylist(rows, schema=facts.field_changes.schema))


@pytest.mark.parametrize("where", ["duckdb", "postgres"])
def test_long_names_that_begin_alike_are_kept_apart(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """An experiment of them, split by such segments, says what the ledger says."""
    plan, known, facts = with_long_names()
    expected = analyze(plan, known, facts, timezone=ZONE)
    if where == "postgres":
        url = request.getfixturevalue("postgres_schema")
        fill_postgres(url, facts)
    else:
        write(facts, tmp_path)
        url = f"parquet:///{tmp_path}"
    with open_engine(url) as engine:
        found = analyze_in(engine, plan, known, as_of=facts.as_of, position=facts.position, timezone=ZONE)

    of_both = {(arm, f"{name}={place}-{value}") for arm in ARMS[1:] for place, name in enumerate(SEGMENTS)
               for value in range(2 + place)}  # fmt: skip
    assert {(row.arm, row.segment) for row in expected.metrics} >= of_both
    unfilled = tuple(note for note in found.notes if "has no column" in note)
    assert len(unfilled) == len(SEGMENTS)
    assert said(replace(found, notes=found.notes[len(unfilled) :])) == said(expected)
