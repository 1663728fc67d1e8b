"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from mqlab.leads.instants import instant, micros

Big = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit integer; on SQLite the type that a row id needs."""

Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by its bytes, so that an index finds what begins alike."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as integer microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Microseconds; a naive datetime raises ValueError."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The aware datetime again."""
        return None if value is None else instant(value)
