"""What the rows of a file say: rules from columns to leads, events, changed fields, merges and outcomes.

A rule may name the table it reads (`from`) and the rows of it that it means (`where`); its columns are then the
table's own names, or further columns of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from mqlab.crm.columns import Column, Declared, From, Names
from mqlab.errors import nearest
from mqlab.leads.records import OutcomeKind


def _constant(value: Any) -> Any:
    return {"constant": value} if isinstance(value, str) else value


def _several(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


class Table(Declared):
    """One of a system's tables: its columns by mqlab's names, each with every spelling that files use.

    `where`: which of its rows count at all.
    """

    title: str = ""
    columns: dict[str, From]
    where: str | None = None


class Rule(Declared):
    """What every rule has: the table whose files it reads, and which of their rows it means.

    `spare`: it is only read where the other rules that state the same cannot be, for want of a column.
    """

    table: str | None = Field(default=None, alias="from")
    where: str | None = None
    spare: bool = False


class Leads(Rule):
    """The leads table. `fields`: `rest` takes every column not named, else the columns listed here.

    `named`: fields under names of their own, beside the rest, where the file has them.
    """

    id: From | None = None
    created_at: From | None = None
    source: From | None = None
    email: From | None = None
    account_key: From | None = None
    known_at: From | None = None
    modified_at: From | None = None
    fields: Literal["rest"] | dict[str, From] | None = None
    named: dict[str, From] = Field(default_factory=dict)
    fields_json: From | None = None
    ignore: Names = Field(default_factory=list)
    row_is: Literal["initial", "current"] | None = None


class Events(Rule):
    """The events table. `props`: as `fields` of leads."""

    id: From | None = None
    lead: From | None = None
    name: From | None = None
    at: From | None = None
    known_at: From | None = None
    modified_at: From | None = None
    source: From | None = None
    props: Literal["rest"] | dict[str, From] | None = None
    props_json: From | None = None
    ignore: Names = Field(default_factory=list)


class FieldChanges(Rule):
    """The table of changed field values."""

    lead: From | None = None
    field: From | None = None
    value: From | None = None
    at: From | None = None
    known_at: From | None = None


class Identity(Rule):
    """The table of merges. An `opportunity` in place of `old_id` says which lead it belongs to."""

    old_id: From | None = None
    opportunity: From | None = None
    new_id: From | None = None
    at: From | None = None
    known_at: From | None = None


class Outcomes(Rule):
    """One kind of statement that a row of an outcomes file can make; `kind` is a constant or a column.

    `first`: of all rows of the table that state it about one opportunity (or lead), the earliest is meant.
    """

    kind: Annotated[Column, BeforeValidator(_constant)]
    at: From
    first: bool = False
    lead: From | None = None
    email: From | None = None
    known_at: From | None = None
    modified_at: From | None = None
    row_id: From | None = None
    opportunity: From | None = None
    amount: From | None = None
    currency: From | None = None
    quantity: From | None = None
    reason: From | None = None
    owner: From | None = None

    @field_validator("kind")
    @classmethod
    def known_kinds(cls, value: Column) -> Column:
        """Only the kinds of the closed list."""
        for word in [value.constant, *(value.values or {}).values()]:
            if word is not None and word not in set(OutcomeKind):
                hint = nearest(word, list(OutcomeKind)) or f"Kinds: {', '.join(OutcomeKind)}."
                raise ValueError(f"'{word}' is not a kind of outcome. {hint}")
        return value

    @model_validator(mode="after")
    def about_somebody(self) -> Self:
        """A lead's id, an e-mail or an opportunity is needed."""
        if self.lead is None and self.email is None and self.opportunity is None:
            raise ValueError("an outcome needs 'lead' or 'email' to find its lead, or the 'opportunity' it belongs to")
        return self


Several = BeforeValidator(_several)
"""One rule may stand alone, without a list around it."""
