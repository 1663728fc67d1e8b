"""A lab as an engine holds it: its own tables in place, or the facts of its ledger loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ibis.expr import types as ir

from mqlab.analysis.histories import merges_of
from mqlab.analysis.judge_in_engine import Held, held_of_facts, held_of_tables
from mqlab.analysis.maturity import Clock, clock
from mqlab.analysis.outcome_rows import outcome_rows
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.outcomes import outcomes_in
from mqlab.warehouse.readings import Readings
from mqlab.warehouse.view.tables import LabTables, lab_tables


@dataclass(frozen=True)
class LabInEngine:
    """What was known of a lab at `as_of`, read for some definitions; either `facts` or `tables` is where it is from."""

    engine: Engine
    as_of: datetime
    held: Held
    facts: Facts | None = None
    tables: LabTables | None = None

    @classmethod
    def of_facts(cls, engine: Engine, facts: Facts, readings: Readings) -> LabInEngine:
        """The facts of a ledger, loaded."""
        return cls(engine, facts.as_of, held_of_facts(engine, facts, readings, merges_of(facts)), facts=facts)

    @classmethod
    def of_tables(cls, engine: Engine, readings: Readings, *, as_of: datetime) -> LabInEngine:
        """The tables that the engine holds, checked."""
        tables = lab_tables(engine)
        held = held_of_tables(engine, tables, readings, as_of_us=micros(as_of))
        return cls(engine, as_of, held, tables=tables)

    def outcomes(self, person: Mapping[str, str]) -> tuple[ir.Table, Clock]:
        """What sales reported (`OUTCOME_ROWS`, without amounts), and how late it came.

        `person` gives merged ids the id that stands for them.
        """
        if self.facts is not None:
            bare = self.facts.outcomes
            found = outcome_rows(bare, person, currency="XXX", lab_currency="XXX", exchange=None)
            return self.engine.load("outcome_facts", found.table), clock(bare, self.as_of)
        outcomes = outcomes_in(
            self.engine,
            None if self.tables is None else self.tables.outcomes,
            self.held.known.leads,
            person=person,
            price=lambda _parts, _code, _at_us: (None, None),
            as_of_us=micros(self.as_of),
            zone=ZoneInfo("UTC"),
        )
        return outcomes.rows, Clock(micros(self.as_of), outcomes.lateness_us, outcomes.timed, outcomes.newest_us)
