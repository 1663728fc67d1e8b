"""What the rows of one file can say: each rule of its table with where its values stand, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mqlab.crm import transform
from mqlab.crm.batches import Batch
from mqlab.crm.forms import formed, listed
from mqlab.crm.header import SHOWN, Layout, hints_once, lay_out, of_table, without_use
from mqlab.crm.mapping import Mapping
from mqlab.crm.quarantine import BadRow, Finding, Reason
from mqlab.crm.rules import Identity, Leads, Outcomes
from mqlab.crm.spelled import Spelled, columns_of, spelled, stated_by
from mqlab.crm.where import Unreadable
from mqlab.crm.work import Context, Facts
from mqlab.errors import InputError, Place, Problem, ProblemsFound
from mqlab.leads.text import normalise

NEEDED = {
    "leads": ("id", "created_at"),
    "events": ("lead", "name", "at"),
    "field-changes": ("lead", "field", "value", "at"),
    "identity": ("at",),
    "outcomes": ("kind", "at"),
}
"""The keys a mapping must name a column for, by kind of file."""

TAKEN = frozenset({"source"})
"""What every definition reads under this name already."""

INSTEAD = {"lead": "email"}
"""Of outcomes: a file need not name leads by their ids where it has their addresses."""

_WORD = re.compile(r"\bin (\w+)")
"""A list that a condition names."""

Mask = Callable[[Sequence[Sequence[Any]]], list[bool | Unreadable]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One rule in one file: where its values stand, which rows it means, how they become facts."""

    spelled: Spelled
    layout: Layout
    conditions: Layout
    mask: Mask | None
    transform: Callable[[Batch, Layout], Facts]
    stages: frozenset[str] = frozenset()
    """The lists of stages or statuses that a row must be in to be meant."""

    def read(self, batch: Batch) -> Facts:
        """What the batch states by this rule; `rows` are indices into the batch."""
        rows: Sequence[int] = range(len(batch))
        doubtful: list[BadRow] = []
        if self.mask is not None:
            spots = self.conditions.spots.values()
            meant = self.mask([formed(spot.values(batch), spot.declared) for spot in spots])
            rows = [row for row, one in enumerate(meant) if one is True]
            doubtful = [self._doubtful(batch, row, one) for row, one in enumerate(meant) if isinstance(one, Unreadable)]
        own = batch if len(rows) == len(batch) else batch.some(rows)
        if self.spelled.split is not None:
            own, rows = self._split(own, rows)
        facts = self.transform(own, self.layout)
        if own is batch:
            return facts
        return replace(facts, rows=[rows[row] for row in facts.rows], bad=[*facts.bad, *doubtful])

    def _doubtful(self, batch: Batch, row: int, cell: Unreadable) -> BadRow:
        """A row of which nobody can say whether the rule means it."""
        reason = Reason.NOT_TRUE_OR_FALSE if cell.kind == "bool" else Reason.NOT_A_NUMBER
        column = self.conditions[cell.name].name or cell.name
        return BadRow(batch.lines[row], batch.raw(row), Finding(reason, f"{column}: '{cell.value[:40]}'"))

    def _split(self, batch: Batch, rows: Sequence[int]) -> tuple[Batch, Sequence[int]]:
        """A row for each of the values that a cell lists."""
        name = self.layout[self.spelled.split or ""].name
        if name is None:
            return batch.some([]), []
        places: list[int] = []
        parts: list[str] = []
        for place, value in enumerate(batch.columns[name]):
            found = listed(value)
            places.extend([place] * len(found))
            parts.extend(found)
        return batch.some(places, {name: parts}), [rows[place] for place in places]


def statements(
    mapping: Mapping, kind: str, table: str | None, header: Sequence[str], context: Context, *, file: str
) -> list[Statement]:
    """The rules for a file with this header, of this table; ProblemsFound names every column that is missing.

    A spare rule is read where another one that states the same misses a column; what moves back is read where it can.
    """
    rules = [rule for rule in mapping.rules(kind) if rule.table == table]
    if not rules:
        raise InputError(
            f"the mapping '{mapping.id}' does not say how {kind} are spelt.", code="NoTable", place=Place(mapping.id)
        )
    several = sum(not rule.spare for rule in rules) > 1
    sparse = table is not None and mapping.tables[table].sparse
    made: dict[str, _Made] = {}
    for rule in rules:
        own = made.setdefault(stated_by(rule), _Made())
        try:
            statement = _statement(mapping, kind, spelled(mapping, rule), header, context, file=file, several=several)
        except InputError as error:
            if isinstance(rule, Outcomes) and rule.moved_back:
                continue
            problems = [of_table(problem, table) for problem in error.problems]
            (own.spare_problems if rule.spare else own.problems).extend(problems)
        else:
            (own.spare if rule.spare else own.found).append(statement)
    wrong: dict[str, Problem] = {}
    for own in made.values():
        for problem in own.wrong:
            if not sparse or problem.code != "EmptyList":
                wrong.setdefault(without_use(problem), problem)
    if wrong:
        raise ProblemsFound(hints_once(wrong.values()))
    found = [one for own in made.values() for one in own.chosen]
    said = [one for one in found if _says_anything(one, kind)]
    if not said and not sparse and not _may_come(mapping, header):
        raise ProblemsFound([_nothing_said(found, kind, header, file)])
    return said


@dataclass(slots=True)
class _Made:
    """The rules that state the same: those that can be read, the spare ones, and what is wrong with the others."""

    found: list[Statement] = field(default_factory=list)
    spare: list[Statement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    spare_problems: list[Problem] = field(default_factory=list)

    @property
    def chosen(self) -> list[Statement]:
        """The rules to read."""
        return self.found if not self.problems and self.found else [*self.found, *self.spare]

    @property
    def wrong(self) -> list[Problem]:
        """What is wrong where nothing stands in for it; a list without words only counts where nothing else is read."""
        if self.spare or (self.found and all(one.code == "EmptyList" for one in self.problems)):
            return []
        return [*self.problems, *self.spare_problems] if self.problems or not self.found else []


def _may_come(mapping: Mapping, header: Sequence[str]) -> bool:
    """Whether further columns may show in later rows, in objects that are unpacked."""
    unpacked = {normalise(name) for name in mapping.unpack}
    return any(normalise(name) in unpacked for name in header)


def _statement(
    mapping: Mapping, kind: str, rule: Spelled, header: Sequence[str], context: Context, *, file: str, several: bool
) -> Statement:
    ignore = [*rule.ignore, *(mapping.private if kind in {"leads", "events"} else ())]
    problems: list[Problem] = []
    layouts: list[Layout] = []
    for columns, options in (
        (
            rule.columns,
            {
                "needed": NEEDED[kind], "rest": rule.further, "named": rule.named, "ignore": ignore,
                "taken": TAKEN if isinstance(rule.rule, Leads) else (),
                "instead": INSTEAD if isinstance(rule.rule, Outcomes) else {},
            },
        ),
        (rule.conditions, {"needed": (), "known": columns_of(mapping, rule.rule)}),
    ):  # fmt: skip
        try:
            layouts.append(lay_out(columns, header, file=file, **options))
        except ProblemsFound as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemsFound(problems)
    mask = None if rule.where is None else rule.where.compiled(context.door.null_tokens)
    told = _transform(kind, rule, context, several=several)
    return Statement(rule, layouts[0], layouts[1], mask, told, _stages(mapping, rule))


def _stages(mapping: Mapping, rule: Spelled) -> frozenset[str]:
    if rule.where is None or (isinstance(rule.rule, Outcomes) and rule.rule.moved_back):
        return frozenset()
    return frozenset(set(_WORD.findall(rule.rule.where or "")) & mapping.lists.keys())


def _transform(kind: str, rule: Spelled, context: Context, *, several: bool) -> Callable[[Batch, Layout], Facts]:
    if isinstance(rule.rule, Outcomes):
        own = rule.rule
        manner = transform.Manner(several and own.where is None, own.first, own.frozen, own.moved_back)
        return lambda batch, layout: transform.outcomes(batch, layout, context, manner)
    if isinstance(rule.rule, Identity):
        said = rule.rule
        return lambda batch, layout: transform.identity(
            batch, layout, context, link=said.link, undated=said.undated, unless_same=said.unless_same
        )
    read = _READ[kind]
    return lambda batch, layout: read(batch, layout, context)


def _says_anything(statement: Statement, kind: str) -> bool:
    """Whether the file has the columns without which the rule states nothing at all."""
    layout = statement.layout
    match kind:
        case "outcomes":
            return not layout["at"].absent and not all(layout[key].absent for key in ("lead", "email", "opportunity"))
        case "identity":
            return transform.leads_somewhere(layout)
        case _:
            return True


def _nothing_said(found: Sequence[Statement], kind: str, header: Sequence[str], file: str) -> Problem:
    keys = ("at", "lead", "email", "opportunity") if kind == "outcomes" else ("old_id", "opportunity", "new_id")
    names = dict.fromkeys(
        (one.layout[key].declared.column or [key])[0] for one in found for key in keys if one.layout[key].absent
    )
    asked = ", ".join(f"'{name}'" for name in names)
    return Problem(
        "MissingColumn",
        f"the file has none of the columns from which {kind} are read: {asked}.",
        Place(file, 1),
        hint=f"The file has: {', '.join(repr(name) for name in header[:SHOWN] if name)}.",
    )


_READ: dict[str, Callable[[Batch, Layout, Context], Facts]] = {
    "leads": transform.leads,
    "events": transform.events,
    "field-changes": transform.field_changes,
}
