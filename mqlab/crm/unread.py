"""Names of a lab's mapping that nothing reads: a misspelled one would change nothing, and nobody would notice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mqlab.crm.columns import Column
from mqlab.crm.rules import Rule
from mqlab.definitions.strict import Loc, node_at
from mqlab.errors import Place, Problem, nearest

if TYPE_CHECKING:
    from mqlab.crm.mapping import Mapping

_NAME = re.compile(r"[^\W\d]\w*")
_LIST = re.compile(r"\bin\s+([^\W\d]\w*)")


def unread(preset: Mapping, own: Mapping, rules: Sequence[Rule], node: Any) -> Iterator[Problem]:
    """The tables, columns and lists of `own` that neither the preset has nor one of the `rules` reads, at their lines.

    A table of the lab's own may have further columns: they tell it from other tables. `rules` are those of `own` on
    top of the preset.
    """
    conditions = [rule.where for rule in rules if rule.where is not None]
    conditions += [table.where for one in (preset, own) for table in one.tables.values() if table.where is not None]
    conditions += [*preset.restrict.values(), *own.restrict.values()]
    lists = {*preset.lists, *(name for text in conditions for name in _LIST.findall(text))}
    for key, declared in (("statuses", own.statuses), ("stages", own.stages)):
        for name in declared.keys() - lists:
            yield _problem("UnknownList", f"no condition reads a list '{name}'.", node, (key, name), lists, "Lists")
    read = {*preset.tables, *(rule.table for rule in rules if rule.table is not None)}
    for name, table in own.tables.items():
        if name not in read:
            yield _problem("UnknownTable", f"no rule reads a table '{name}'.", node, ("tables", name), read, "Tables")
        elif name in preset.tables:
            columns = preset.tables[name].columns.keys()
            named = {*columns, *_named(own, name, rules)}
            for column in table.columns.keys() - named:
                message = f"no rule reads a column '{column}' of the table '{name}'."
                yield _problem("UnknownColumn", message, node, ("tables", name, "columns", column), named, "Columns")


def _named(own: Mapping, table: str, rules: Iterable[Rule]) -> Iterator[str]:
    """What the rules of a table, and the conditions on its rows, name."""
    of_it = [rule for rule in rules if rule.table == table]
    for text in (*(rule.where for rule in of_it), own.tables[table].where, own.restrict.get(table)):
        yield from _NAME.findall(text or "")
    for rule in of_it:
        for value in dict(rule).values():
            for column in value.values() if isinstance(value, dict) else (value,):
                yield from (column.column or ()) if isinstance(column, Column) else ()
        yield from getattr(rule, "ignore", ())


def _problem(code: str, message: str, node: Any, loc: Loc, known: Iterable[str], word: str) -> Problem:
    found, key, path = node_at(node, loc)
    at = found.place if key is None else key.place
    names = sorted(known)
    hint = nearest(str(loc[-1]), names) or f"{word}: {', '.join(names) or 'none'}."
    return Problem(code, message, Place(at.file, at.line, at.column, path or None), hint=hint)
