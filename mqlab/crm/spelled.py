"""A rule with its columns spelt out: what it names of its table becomes every spelling that files use for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mqlab.crm.columns import Column
from mqlab.crm.mapping import Mapping
from mqlab.crm.rules import Events, FieldChanges, Identity, Leads, Outcomes, Rule, Table
from mqlab.crm.where import Where, both, read_where
from mqlab.definitions.syntax import Source
from mqlab.errors import InputError, Place

NO_TABLE = Table(columns={})


@dataclass(frozen=True, slots=True)
class Spelled:
    """A rule with columns as files spell them: by key, those its condition reads, and further ones by their names."""

    rule: Rule
    columns: dict[str, Any]
    where: Where | None
    conditions: dict[str, Column]
    further: str | dict[str, Column] | None = None
    named: dict[str, Column] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the rule states, in a word."""
        return stated_by(self.rule)

    @property
    def split(self) -> str | None:
        """The key whose cell lists several values."""
        return next((key for key, one in self.columns.items() if isinstance(one, Column) and one.split), None)


def spelled(mapping: Mapping, rule: Rule) -> Spelled:
    """The rule in the spellings of the mapping's table."""
    table = NO_TABLE if rule.table is None else mapping.tables[rule.table]
    columns: dict[str, Any] = {
        key: _column(value, table) if isinstance(value, Column) else value for key, value in dict(rule).items()
    }
    restricted = None if rule.table is None else mapping.restrict.get(rule.table)
    stated = [text for text in (rule.where, table.where, restricted) if text is not None]
    where = both(*(_read(text, mapping) for text in stated))
    names = () if where is None else where.names
    conditions = {name: _column(Column(column=[name]), table) for name in names}
    further: str | dict[str, Column] | None = None
    if isinstance(rule, Leads | Events):
        fields = rule.fields if isinstance(rule, Leads) else rule.props
        further = {name: _column(one, table) for name, one in fields.items()} if isinstance(fields, dict) else fields
    named = {name: _column(one, table) for name, one in rule.named.items()} if isinstance(rule, Leads) else {}
    ignore = [spelling for name in getattr(rule, "ignore", ()) for spelling in _spellings(name, table)]
    return Spelled(rule, columns, where, conditions, further, named, tuple(ignore))


def stated_by(rule: Rule) -> str:
    """What a rule states, in a word: the kind of an outcome, else what it makes."""
    return (rule.kind.constant or "an outcome") if isinstance(rule, Outcomes) else _WORDS.get(type(rule), "")


def every(mapping: Mapping, kind: str) -> Sequence[Spelled]:
    """Every rule for a kind of file, spelt out; InputError where the mapping says nothing of that kind.

    Those that wait for the lab's own words, such as the ids of its stages, are left out.
    """
    rules = mapping.rules(kind)
    if not rules:
        raise InputError(
            f"the mapping '{mapping.id}' does not say how {kind} are spelt.", code="NoTable", place=Place(mapping.id)
        )
    return [found for rule in rules if (found := worded(mapping, rule)) is not None]


def tables(mapping: Mapping, kind: str) -> list[dict[str, Any]]:
    """The columns that a mapping declares of a kind of file, by rule; InputError where it declares nothing."""
    return [{**rule.columns, **rule.conditions} for rule in every(mapping, kind)]


def fields_told(mapping: Mapping, table: str | None) -> list[Column]:
    """The columns of a table that say which field a row is about, whatever else is read from it."""
    rules = (rule for rule in mapping.rules("field-changes") if rule.table == table)
    return [one.columns["field"] for rule in rules if (one := worded(mapping, rule)) and one.columns["field"]]


def columns_of(mapping: Mapping, rule: Rule) -> list[str]:
    """The names of the columns that the table of a rule has."""
    return [] if rule.table is None else list(mapping.tables[rule.table].columns)


def worded(mapping: Mapping, rule: Rule) -> Spelled | None:
    """The rule spelt out, None where a list of words that it reads is still empty."""
    try:
        return spelled(mapping, rule)
    except InputError as error:
        if error.problem.code == "EmptyList":
            return None
        raise


def _read(text: str, mapping: Mapping) -> Where:
    return _understood(text, mapping.id, tuple((name, tuple(words)) for name, words in mapping.lists.items()))


@lru_cache(maxsize=1_000)
def _understood(text: str, named: str, lists: tuple[tuple[str, tuple[str, ...]], ...]) -> Where:
    """A condition of the mapping with this id and these lists; many files come with the same ones."""
    return read_where(Source(text, Place(f"{named} mapping")), {name: list(words) for name, words in lists})


def _spellings(name: str, table: Table) -> list[str]:
    known = table.columns.get(name)
    return [name, *((known.column or ()) if known is not None else ())]


def _column(column: Column, table: Table) -> Column:
    """A column of a rule, with the table's spellings of the names it uses, and what the table says of the first."""
    if column.column is None or not any(name in table.columns for name in column.column):
        return column
    known = table.columns.get(column.column[0])
    if known is not None and known.constant is not None:
        return known
    names: list[str] = []
    said: dict[str, Any] = {}
    for name in column.column:
        known = table.columns.get(name)
        if known is None:
            names.append(name)
            continue
        names.extend(known.column or [])
        if not said:
            said = known.model_dump(exclude_defaults=True, exclude={"column"})
    own = column.model_dump(exclude_defaults=True, exclude={"column"})
    return Column.model_validate({**said, **own, "column": names})


_WORDS: dict[type[Rule], str] = {
    Leads: "lead", Events: "event", FieldChanges: "changed field", Identity: "merge",
}  # fmt: skip
