"""Registers about definitions and people: locks, approvals, keys of the service, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select, update

from mqlab.errors import RefusedError
from mqlab.store.engine import writing
from mqlab.store.models import ApiKeyRow, ApprovalRow, AuditRow, LockRow
from mqlab.store.records import ApiKey, Approval, AuditEntry, LockedDefinition
from mqlab.store.register import Register


class Locks(Register[LockedDefinition]):
    """The locked fingerprints of definitions."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, LockRow, LockedDefinition)

    def lock(
        self, definition: str, *, meaning: str, reporting: str, null_tokens: Sequence[str], by: str, now: datetime
    ) -> None:
        """Locks a definition; again with the same fingerprints changes nothing, with others is refused."""
        with writing(self._engine) as connection:
            found = connection.execute(
                select(LockRow.meaning, LockRow.reporting).where(LockRow.definition == definition)
            ).first()
            if found is not None and tuple(found) != (meaning, reporting):
                raise RefusedError(
                    f"definition '{definition}' is locked and its meaning has changed since.",
                    code="DefinitionLocked",
                    hint="Give the changed definition a new version.",
                )
            if found is None:
                self._add(
                    now=now, connection=connection, definition=definition, meaning=meaning, reporting=reporting,
                    null_tokens=list(null_tokens), by=by,
                )  # fmt: skip

    def all(self) -> Mapping[str, LockedDefinition]:
        """Every lock by definition."""
        return {lock.definition: lock for lock in self._list()}


class Approvals(Register[Approval]):
    """Who approved which meaning of which definition."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, ApprovalRow, Approval)

    def approve(
        self, definition: str, *, fingerprint: str, team: str, by: str, at: datetime, now: datetime, because: str = ""
    ) -> None:
        """Records an approval, bound to the fingerprint of the definition's meaning."""
        self._add(now=now, definition=definition, fingerprint=fingerprint, team=team, by=by, at=at, because=because)

    def of(self, definition: str, fingerprint: str | None = None) -> tuple[Approval, ...]:
        """A definition's approvals, oldest first; with `fingerprint` those of this meaning, which stand."""
        same = [] if fingerprint is None else [ApprovalRow.fingerprint == fingerprint]
        return self._list(ApprovalRow.definition == definition, *same)

    def list(self) -> tuple[Approval, ...]:
        """Every approval, oldest first."""
        return self._list()


class ApiKeys(Register[ApiKey]):
    """Keys of the service, by the SHA-256 of their secret."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, ApiKeyRow, ApiKey)

    def create(self, name: str, *, hash: str, scopes: Sequence[str], by: str, now: datetime) -> None:
        """Adds a key; a name is used once."""
        with writing(self._engine) as connection:
            if connection.scalar(select(ApiKeyRow.id).where(ApiKeyRow.name == name)) is not None:
                raise RefusedError(
                    f"there is a key named '{name}' already.", code="KeyExists", hint="Choose another name."
                )
            self._add(now=now, connection=connection, name=name, hash=hash, scopes=list(scopes), by=by, revoked_at=None)

    def revoke(self, name: str, *, now: datetime) -> bool:
        """Ends a key; False when no such key is alive."""
        with writing(self._engine) as connection:
            ended = connection.execute(
                update(ApiKeyRow).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None)).values(revoked_at=now)
            )
            return ended.rowcount > 0

    def list(self) -> tuple[ApiKey, ...]:
        """Every key, ended ones too."""
        return self._list()


class Audit(Register[AuditEntry]):
    """Who did what to what, when and why."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, AuditRow, AuditEntry)

    def record(
        self, action: str, subject: str, *, by: str, now: datetime, details: Mapping[str, Any] | None = None
    ) -> None:
        """Appends an entry."""
        self._add(now=now, by=by, action=action, subject=subject, details=details or {})

    def list(self, subject: str | None = None) -> tuple[AuditEntry, ...]:
        """Every entry, oldest first, of one subject or of all."""
        return self._list(*([] if subject is None else [AuditRow.subject == subject]))
