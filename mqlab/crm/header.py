"""A mapping held against a file's header: which column is which, what is missing, and what is left over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from mqlab.crm.batches import Batch
from mqlab.crm.columns import Column
from mqlab.errors import Place, Problem, ProblemsFound, nearest
from mqlab.leads.text import normalise

_NOT_A_NAME = re.compile(r"\W+")


_FILE_HAS = "The file has: "
SHOWN = 20
"""How many columns of a file are named where none is like the one that is missing."""


NOTHING_INSTEAD: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Spot:
    """A value of every row: a column of the file, or a constant; None where an optional column is absent."""

    key: str
    name: str | None
    declared: Column

    def values(self, batch: Batch) -> Sequence[Any]:
        """The values of a batch; nothing for a column that this batch does not have."""
        if self.declared.constant is not None:
            return (self.declared.constant,) * len(batch)
        if self.name is None:
            return (None,) * len(batch)
        return batch.columns.get(self.name) or (None,) * len(batch)

    @property
    def absent(self) -> bool:
        """Whether there is nothing to read."""
        return self.name is None and self.declared.constant is None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each value of a table stands in a file. `rest` are the further columns: stored name → column."""

    spots: Mapping[str, Spot]
    rest: Mapping[str, Spot] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Spot:
        return self.spots.get(key) or Spot(key, None, Column(column=[key], optional=True))


def lay_out(
    table: Mapping[str, Any],
    header: Sequence[str],
    *,
    file: str,
    needed: Collection[str],
    rest: str | Mapping[str, Column] | None = None,
    named: Mapping[str, Column] | None = None,
    ignore: Collection[str] = (),
    taken: Collection[str] = (),
    instead: Mapping[str, str] = NOTHING_INSTEAD,
    known: Collection[str] = (),
) -> Layout:
    """The layout of a table in a file with this header.

    `table` holds the declared columns; `needed` are the keys that must be declared. `rest`: "rest" for every column
    not used otherwise, or the declared ones; none may be called as those `taken`. `named` are further ones by their
    names, where the file has them. `instead`: keys whose column may be missing where that of another key is there.
    Raises ProblemsFound naming every missing column and the nearest there, or of the names that are `known`.
    """
    problems: list[Problem] = []
    spots: dict[str, Spot] = {}
    place = Place(file, 1)
    declared = _declared(table)
    for key, column in declared.items():
        name = column_in(column, header)
        other = declared.get(instead.get(key, ""))
        spared = column.optional or (other is not None and column_in(other, header) is not None)
        if name is None and column.column is not None and not spared:
            problems.append(missing_column(key, column, header, place, known))
        spots[key] = Spot(key, name, column)
    for key in needed:
        if key not in spots:
            problems.append(Problem("UnmappedColumn", f"the mapping names no column for '{key}'.", place))
    used = {spot.name for spot in spots.values()}
    left_out = tuple(
        name for name in header if name and name not in used and _slug(name) in {_slug(one) for one in ignore}
    )
    further: dict[str, Spot] = {}
    for slug, column in (named or {}).items():
        name = column_in(column, header)
        if name is not None and name not in used:
            further[_slug(slug)] = Spot(slug, name, column)
            used.add(name)
    if rest == "rest":
        for name in header:
            if not name or name in used or name in left_out:
                continue
            slug = _slug(name)
            if slug in taken:
                message = f"the column '{name}' would become '{slug}', which is read from another column."
                problems.append(Problem("DuplicateColumn", message, place, hint="Put it under `ignore`, or rename it."))
            elif slug in further:
                message = f"the columns '{further[slug].name}' and '{name}' would both become '{slug}'."
                problems.append(Problem("DuplicateColumn", message, place, hint="Rename one of them."))
            further[slug] = Spot(slug, name, Column(column=[name]))
    elif rest is not None and not isinstance(rest, str):
        for slug, column in rest.items():
            name = column_in(column, header)
            if name is None and column.column is not None and not column.optional:
                problems.append(missing_column(slug, column, header, place))
            further[_slug(slug)] = Spot(slug, name, column)
    if problems:
        raise ProblemsFound(problems)
    return Layout(spots, dict(sorted(further.items())), left_out)


def wanted_names(*tables: Mapping[str, Any]) -> set[str]:
    """Every column name that the tables look for."""
    return {name for table in tables for column in _declared(table).values() for name in column.column or ()}


def _declared(table: Mapping[str, Any]) -> dict[str, Column]:
    return {key: value for key, value in table.items() if isinstance(value, Column)}


def column_in(column: Column, header: Sequence[str]) -> str | None:
    """The file's spelling of the first name it has: exactly, else regardless of case and space around it."""
    for name in column.column or ():
        if name in header:
            return name
    folded = _folded(tuple(header))
    return next((folded[normalise(name)] for name in column.column or () if normalise(name) in folded), None)


@lru_cache(maxsize=32)
def _folded(header: tuple[str, ...]) -> dict[str, str]:
    return {normalise(name): name for name in reversed(header)}


def missing_column(
    key: str, column: Column, header: Sequence[str], place: Place, known_names: Collection[str] = ()
) -> Problem:
    """What is said of a column that is not there: its names, what it is for, and the nearest one that is known."""
    names = column.column or []
    among = (header, () if known_names and key in known_names else known_names)
    near = next((hint for one in among for name in names if (hint := nearest(name, one)) is not None), None)
    shown = [f"'{name}'" for name in header if name]
    known = ", ".join(shown[:SHOWN]) + (f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else "")
    asked = " or ".join(f"'{name}'" for name in names)
    return Problem(
        "MissingColumn",
        f"the column {asked} is missing; it is needed for '{key}'.",
        place,
        hint=near or (f"{_FILE_HAS}{known}." if known else "The file names no column."),
    )


def of_table(problem: Problem, table: str | None) -> Problem:
    """A missing column, told with the table it is missing from."""
    if table is None or problem.code != "MissingColumn":
        return problem
    return replace(problem, message=f"{problem.message.removesuffix('.')} of the table '{table}'.")


def hints_once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, with the columns that a file has told once."""
    told: set[str] = set()
    once: list[Problem] = []
    for problem in problems:
        hint = problem.hint or ""
        once.append(replace(problem, hint=None) if hint in told else problem)
        if hint.startswith(_FILE_HAS):
            told.add(hint)
    return once


def without_use(problem: Problem) -> str:
    """What is missing, whatever it is needed for, so that it is told once."""
    return problem.message.partition("; it is needed")[0]


def _slug(name: str) -> str:
    """A column's name as definitions write it: lower case, with underscores."""
    return _NOT_A_NAME.sub("_", normalise(name)).strip("_")
