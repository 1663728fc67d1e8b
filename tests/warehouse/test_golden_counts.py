"""The rest of an analysis, compiled for engines that no test can run: tables read, strata, one row per lead, counts.

Golden files as in `tests.warehouse.test_golden_sql`, of a few questions; every other one must read in its dialect.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US, micros
from mqlab.warehouse.columns import at_column, segment_column
from mqlab.warehouse.dataset import LEAD_ROWS, OUTCOME_ROWS, Dataset, Money, Plan, build_in
from mqlab.warehouse.readings import Reading, Readings
from mqlab.warehouse.strata import with_strata
from mqlab.warehouse.view.from_tables import known_from_tables
from mqlab.warehouse.view.tables import as_lab_tables
from tests.warehouse.dialects import CompileOnly
from tests.warehouse.test_dataset_engines import STATISTICS
from tests.warehouse.test_golden_sql import DIALECTS, golden, reads

ARMS = ("control", "challenger")
AS_OF = micros(datetime(2026, 12, 1, tzinfo=UTC))
CADENCE = DAY_US // 24
PLAN = Plan(AS_OF, AS_OF - 3 * DAY_US, effort_horizons=(60,), money=(Money(60, 2_000_000), Money(30, None)))
COUNTS = ("cells", "money")
"""The counts whose SQL is kept in files."""
FIELDS = (Reading("industry", "string", null_tokens=("n/a",)), Reading("employees", "number"))
LEADS = {
    "lead_id": "string", "created_at": "timestamp('UTC')", "known_at": "timestamp('UTC')", "email_domain": "string",
    "industry": "string", "employees": "decimal(18, 4)",
}  # fmt: skip


class Asked(CompileOnly):
    """A dialect that notes the questions whose answers would leave the engine; nobody answers."""

    def __init__(self, dialect: str) -> None:
        super().__init__(dialect, {"n": [0], "arm": list(ARMS)})
        self.questions: list[str] = []

    def rows(self, sql: str, schema: pa.Schema) -> pa.Table:
        """Noted, not run."""
        self.questions.append(sql)
        return schema.empty_table()


def given(engine: CompileOnly, name: str, rows: pa.Schema, **further: str) -> ir.Table:
    """A table that is there."""
    columns = {column: str(kind) for column, kind in ibis.Schema.from_pyarrow(rows).items()}
    return engine.given(name, **columns, **further)


def strata(engine: CompileOnly, *, by_unit: bool) -> ir.Table:
    """Judged leads with their strata."""
    further = {**dict.fromkeys(map(at_column, ARMS), "int64"), segment_column("source"): "string"}
    judged = given(engine, "judged", LEAD_ROWS, **further)
    found = with_strata(
        judged, control="control", challengers=ARMS[1:], cadence_us=CADENCE, as_of_us=AS_OF, by_unit=by_unit
    )
    return engine.keep("strata", found)


def dataset(engine: CompileOnly) -> Dataset:
    """One row per lead, of accounts."""
    return build_in(engine, strata(engine, by_unit=True), given(engine, "facts", OUTCOME_ROWS), PLAN)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_golden_strata(dialect: str) -> None:
    """Which definition fires first, where leads are randomised one by one."""
    engine = CompileOnly(dialect, {})
    strata(engine, by_unit=False)

    golden("strata", engine.sql(), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_golden_counts(dialect: str) -> None:
    """Strata of accounts, outcomes, the row of every lead and every statistic are the dialect's SQL; some is kept."""
    engine = Asked(dialect)
    kept: list[str] = []
    with dataset(engine) as data:
        assert list(engine.asked) == ["strata", "dataset_outcomes", "dataset_leads"]
        for name, of in STATISTICS.items():
            engine.questions.clear()
            of(data)
            assert engine.questions
            for sql in engine.questions:
                reads(sql, dialect)
                if name in COUNTS:
                    kept.append(f"-- {name}\n{sql};\n")
    for sql in engine.asked.values():
        reads(sql, dialect)

    golden("counts", "".join(kept), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_golden_view(dialect: str) -> None:
    """The leads of a lab's own table as a definition reads them: instants, fields and what was known by then."""
    engine = CompileOnly(dialect, {})
    tables = as_lab_tables({"leads": engine.given("leads", **LEADS)}, dialect)
    known: Any = known_from_tables(tables, Readings(fields=FIELDS, props=()), engine, as_of_us=AS_OF)
    engine.keep("known_leads", known.leads)

    golden("view-leads", engine.sql(), dialect)
