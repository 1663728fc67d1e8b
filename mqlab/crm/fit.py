"""Which of a system's tables a file is: by its header, and never by a guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mqlab.crm.columns import Column
from mqlab.crm.header import column_in, hints_once, missing_column, of_table, without_use
from mqlab.crm.mapping import Mapping
from mqlab.crm.rules import Outcomes, Rule
from mqlab.crm.spelled import Spelled, columns_of, worded
from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest

OWN_NAMES = (
    "Is the export in another language? Name its columns in a mapping of your own (--mapping); docs/crm.md has one."
)
MOST_TOLD = 3
"""How many tables a file that fits none is compared with."""


def table_of(mapping: Mapping, kind: str, header: Sequence[str], *, file: str) -> str | None:
    """The table whose columns most of the header are; None where the rules name no table.

    Raises ProblemsFound where no table fits, with what each one misses, where two fit equally well, and where the
    file is a table from which nothing of this kind is read.
    """
    for_kind = list(dict.fromkeys(rule.table for rule in mapping.rules(kind)))
    tables = [name for name in for_kind if name is not None]
    if not tables:
        return None
    if None in for_kind or len(mapping.tables) == 1:
        if len(for_kind) == 1:
            return tables[0]
        raise ProblemsFound([_mixed(kind, file)])
    scores = {name: _matched(mapping, name, header) for name in mapping.tables}
    best = max(scores.values())
    likely = [name for name, score in scores.items() if score == best]
    whole = [name for name in likely if name in tables and not _misses(mapping, kind, name, header, file)]
    possible = whole or [name for name in likely if name in tables]
    if best == 0 or not possible:
        raise ProblemsFound(hints_once(_unfit(mapping, kind, tables, likely if best else (), header, file)))
    if len(possible) == 1:
        return possible[0]
    names = " or ".join(f"'{name}'" for name in possible)
    unsure = Problem("AmbiguousTable", f"the file may be {names}.", Place(file, 1), hint="Say which with --as-table.")
    missed = (one for name in possible for one in _misses(mapping, kind, name, header, file))
    raise ProblemsFound(hints_once([unsure, *missed]))


def pinned(mapping: Mapping, table: str) -> Mapping:
    """The mapping with nothing but the rules of one table; InputError for a table it does not have."""
    if table not in mapping.tables:
        hint = nearest(table, mapping.tables) or f"Tables: {', '.join(mapping.tables) or 'none'}."
        raise InputError(f"'{mapping.id}' has no table '{table}'.", code="UnknownTable", hint=hint)
    kept: dict[str, Any] = mapping.model_dump(exclude_unset=True)
    kept["tables"] = {table: kept["tables"][table]}
    kept["restrict"] = {name: text for name, text in mapping.restrict.items() if name == table}
    for key in ("leads", "events", "field_changes", "identity", "outcomes"):
        if kept.get(key) is None:
            continue
        rules = kept[key] if isinstance(kept[key], list) else [kept[key]]
        of_it = [rule for rule in rules if rule.get("from") == table]
        kept[key] = None if not of_it else of_it if key != "leads" else of_it[0]
    return Mapping.model_validate(kept)


def _matched(mapping: Mapping, name: str, header: Sequence[str]) -> int:
    return sum(column_in(column, header) is not None for column in mapping.tables[name].columns.values())


def _misses(mapping: Mapping, kind: str, name: str, header: Sequence[str], file: str) -> list[Problem]:
    """The columns that the rules of a table need and the header does not have."""
    problems: dict[str, Problem] = {}
    for rule in mapping.rules(kind):
        found = None if rule.table != name or not _is_needed(rule) else worded(mapping, rule)
        known = columns_of(mapping, rule) if found is not None else ()
        for problem in () if found is None else _missing(found, header, file, known):
            problems.setdefault(without_use(problem), of_table(problem, name))
    return list(problems.values())


def _is_needed(rule: Rule) -> bool:
    return not rule.spare and not (isinstance(rule, Outcomes) and rule.moved_back)


def _missing(rule: Spelled, header: Sequence[str], file: str, known: Sequence[str]) -> list[Problem]:
    return [
        missing_column(key, column, header, Place(file, 1), known if key in rule.conditions else ())
        for key, column in [*rule.columns.items(), *rule.conditions.items()]
        if isinstance(column, Column)
        and column.column is not None
        and not column.optional
        and column_in(column, header) is None
    ]


def _unfit(
    mapping: Mapping, kind: str, tables: Sequence[str], likely: Sequence[str], header: Sequence[str], file: str
) -> list[Problem]:
    place = Place(file, 1)
    if likely:
        names = " or ".join(f"'{name}'" for name in likely)
        message = f"by its columns the file is {names} of '{mapping.id}', from which no {kind} are read."
        hint = f"Read as {kind}: {', '.join(tables)}. If the file is one of them, say so with --as-table."
        return [Problem("WrongTable", message, place, hint=hint)]
    problems = [Problem("NoTable", f"no table of '{mapping.id}' has columns like these.", place, hint=OWN_NAMES)]
    for name in sorted(tables, key=lambda one: len(_misses(mapping, kind, one, header, file)))[:MOST_TOLD]:
        problems.extend(_misses(mapping, kind, name, header, file))
    return problems


def _mixed(kind: str, file: str) -> Problem:
    return Problem(
        "MixedRules",
        f"some rules of {kind} name a table with `from` and some do not.",
        Place(file),
        hint="Name the table in each.",
    )
