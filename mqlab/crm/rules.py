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
from mqlab.leads.moved_back import BACK_FROM
from mqlab.leads.records import OutcomeKind


def _constant(value: Any) -> Any:
    return {"constant": value} if isinstance(value, str) else value


def _several(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


class Table(Declared):
    """One of a system's tables: its columns by mqlab's names, each with every spelling that files use.

    `where`: which of its rows count at all. `sparse`: its rows only have the columns they need, so a file from which
    nothing is read, for want of a column or of words in a list, is not refused. `stages`: whether its rows tell the
    stage that an opportunity has now, or those it went through; the one is held against the other.
    """

    title: str = ""
    columns: dict[str, From]
    where: str | None = None
    sparse: bool = False
    stages: Literal["current", "history"] | None = None


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


LinkWord = Literal["converted", "contact_role", "associated", "removed"]


class Identity(Rule):
    """The table of merges. An `opportunity` in place of `old_id` says which lead it belongs to, `link` by what.

    `primary`: whether a contact role is the primary one. An `account` in place of `old_id` says which leads are of it;
    one in place of `new_id` links the opportunity to all of them, where the lab says so. `link: removed`: the two are
    linked no longer. With `into` the opportunity was merged into another one. `undated`: `at` only stands in for a
    date, and gives way to one that another row has. `unless_same`: a row in which both ids are the same states nothing.
    """

    old_id: From | None = None
    opportunity: From | None = None
    account: From | None = None
    link: LinkWord = "associated"
    primary: From | None = None
    into: From | None = None
    new_id: From | None = None
    at: From | None = None
    known_at: From | None = None
    undated: bool = False
    unless_same: bool = False

    @model_validator(mode="after")
    def of_an_opportunity(self) -> Self:
        """What links is an opportunity's; an account stands on one side only."""
        if self.opportunity is None and (self.link != "associated" or self.primary is not None):
            raise ValueError("'link' and 'primary' are said of an 'opportunity'")
        if self.primary is not None and self.link != "contact_role":
            raise ValueError("'primary' is said of 'link: contact_role'")
        ends = [one for one in (self.account, self.new_id, self.into) if one is not None]
        if self.opportunity is not None and len(ends) > 1:
            raise ValueError("an 'opportunity' leads to one of 'new_id', 'account' and 'into'")
        if self.opportunity is None and self.into is not None:
            raise ValueError("what goes 'into' another is an 'opportunity'")
        return self


class Outcomes(Rule):
    """One kind of statement that a row of an outcomes file can make; `kind` is a constant or a column.

    `first`: of all rows of the table that state it about one opportunity (or lead), the earliest is meant.
    `frozen`: of several versions of one row the first stands, for what it says of a deal is what was so then.
    `moved_back`: it is only said where the stage had been later before, such as an open deal that was closed.
    """

    kind: Annotated[Column, BeforeValidator(_constant)]
    at: From
    first: bool = False
    frozen: bool = False
    moved_back: bool = False
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
    def back_from_something(self) -> Self:
        """Only what is known to move back does; and a row is frozen or the first, not both."""
        if self.moved_back and self.kind.constant not in BACK_FROM:
            raise ValueError(f"'moved_back' is said of the kinds {' and '.join(BACK_FROM)}")
        if self.frozen and self.first:
            raise ValueError("'first' and 'frozen' contradict each other")
        return self

    @model_validator(mode="after")
    def about_somebody(self) -> Self:
        """A lead's id, an e-mail or an opportunity is needed."""
        if self.lead is None and self.email is None and self.opportunity is None:
            raise ValueError("an outcome needs 'lead' or 'email' to find its lead, or the 'opportunity' it belongs to")
        return self


Several = BeforeValidator(_several)
"""One rule may stand alone, without a list around it."""
