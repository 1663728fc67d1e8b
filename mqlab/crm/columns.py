"""Where a value comes from: a column by any of its names, or a constant; and how what stands there is read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Form = Literal["salesforce_id", "object_id", "address", "before_colon", "after_colon"]
"""What a value is made into: a Salesforce id of 18 characters, the id that an object is about, the first e-mail, what
stands before or after the first colon."""


class Declared(BaseModel):
    """Frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, serialize_by_alias=True)


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str | list) else value


Names = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_names)]


class Column(Declared):
    """Where a value comes from: the first of the named columns that the file has, or the same constant for every row.

    `format`: how its dates are written (strptime, or `epoch_s`, `epoch_ms`). `resolution`: `day` where only the date
    counts, whatever time stands beside it. `values`: what its words mean, `skip`: the words whose rows state nothing.
    `form`: what its values are made into. `split`: the cell lists several values, and each makes a statement.
    `optional`: the file may do without it.
    """

    column: Annotated[Names, Field(min_length=1)] | None = None
    constant: str | None = None
    format: Names = Field(default_factory=list)
    resolution: Literal["day"] | None = None
    values: dict[str, str] | None = None
    skip: Names = Field(default_factory=list)
    form: Form | None = None
    split: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        """Exactly one of `column` and `constant`."""
        if (self.column is None) == (self.constant is None):
            raise ValueError("write either 'column' or 'constant'")
        return self


From = Annotated[Column, BeforeValidator(_column)]
