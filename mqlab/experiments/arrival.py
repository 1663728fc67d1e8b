"""A lead as it arrives at the door, perhaps without an instant: what `assign` reads from flat rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mqlab.leads.records import Scalar


class ArrivalLike(Protocol):
    """What enrolment reads of a lead; `Lead` and `Arrival` are such."""

    @property
    def lead_id(self) -> str: ...

    @property
    def account_key(self) -> str | None: ...

    @property
    def email_domain(self) -> str | None: ...

    @property
    def created_at(self) -> datetime | None: ...

    @property
    def assigned_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A flat row of the `leads` table; without `created_at` no enrolment dates are applied and the last phase holds."""

    lead_id: str
    created_at: datetime | None = None
    source: str | None = None
    account_key: str | None = None
    email_domain: str | None = None
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    assigned_at: datetime | None = None
