"""What a dry run shows: where each value is read from, and the first rows as they would be kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mqlab.crm.money import TENTHOUSANDTHS
from mqlab.crm.rules import Outcomes
from mqlab.crm.statements import Statement
from mqlab.crm.work import Facts
from mqlab.leads.instants import instant, iso
from mqlab.leads.moved_back import MARK

FIRST = 5
"""How many rows are shown."""

_WHO = frozenset({"id", "lead", "email", "old_id", "new_id"})
"""Whom a row is about: shown first."""

_INTERNAL = frozenset({"key", "version", "content", "system", "email_hash", "row_is", "domain_path", "account_domain"})


@dataclass(frozen=True, slots=True)
class Rule:
    """How one rule reads the file: what it states, of which rows, and which column each value comes from.

    `columns`: key → the file's column, `= text` for a constant. `absent`: the keys for which the file has no column.
    """

    states: str
    where: str | None
    columns: dict[str, str]
    absent: tuple[str, ...]


@dataclass(slots=True)
class Preview:
    """The reading of a file, filled while it is read."""

    table: str | None = None
    rules: tuple[Rule, ...] = ()
    rows: list[dict[str, Any]] = field(default_factory=list)

    def reads(self, table: str | None, statements: Sequence[Statement]) -> None:
        """Notes how the file is read."""
        self.table, self.rules = table, tuple(_rule(one) for one in statements)

    def add(self, facts: Facts) -> None:
        """Notes the first rows; several statements of one row stand together."""
        room = FIRST - len({row["line"] for row in self.rows})
        shown = {row["line"] for row in self.rows}
        for place, line in enumerate(facts.columns["line"]):
            if line not in shown:
                if room <= 0:
                    continue
                room -= 1
                shown.add(line)
            self.rows.append({name: _readable(name, values[place]) for name, values in _visible(facts)})

    def to_dict(self) -> dict[str, Any]:
        """The JSON of `ingest --dry-run`: `table`, `mapping`, `first_rows`."""
        return {
            "table": self.table,
            "mapping": [
                {"states": one.states, "where": one.where, "columns": one.columns, "absent": list(one.absent)}
                for one in self.rules
            ],
            "first_rows": sorted(self.rows, key=lambda row: row["line"]),
        }


def _visible(facts: Facts) -> list[tuple[str, Sequence[Any]]]:
    names = ["line", *(name for name in facts.columns if name != "line" and name not in _INTERNAL)]
    return [(name, facts.columns[name]) for name in names]


def _rule(statement: Statement) -> Rule:
    columns: dict[str, str] = {}
    absent: list[str] = []
    spots = sorted(statement.layout.spots.items(), key=lambda one: one[0] not in _WHO)
    for key, spot in [*spots, *statement.layout.rest.items()]:
        if spot.declared.constant is not None:
            columns[key] = f"= {spot.declared.constant}"
        elif spot.name is not None:
            columns[key] = spot.name
        else:
            absent.append(key)
    columns.pop("kind" if columns.get("kind", "").startswith("= ") else "", None)
    where = statement.spelled.where
    rule = statement.spelled.rule
    states = statement.spelled.name + (MARK if isinstance(rule, Outcomes) and rule.moved_back else "")
    return Rule(states, None if where is None else where.text, columns, tuple(absent))


def _readable(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_at"):
        return iso(instant(value))
    if name == "amount":
        return str(Decimal(value) / TENTHOUSANDTHS)
    if name in {"fields", "props"}:
        return json.loads(value)
    return value
