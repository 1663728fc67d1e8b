"""The version of a store: made from empty, brought up to date, and refused when it is newer than this code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from mqlab.errors import RefusedError, UnreachableError
from mqlab.store.engine import reading, shown, write_ahead, writing

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0005"
"""The revision this code reads and writes; a test holds it equal to the newest migration."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every revision this code knows, oldest first."""


def current(engine: Engine) -> str | None:
    """The store's revision, None when it is empty."""
    with reading(engine) as connection:
        return _revision(connection)


def ensure(engine: Engine, *, create: bool) -> None:
    """Brings a store to this code's revision; an empty one is filled only where `create`.

    Raises RefusedError for a store made by newer code, UnreachableError for a database that is not a store.
    """
    revision = current(engine)
    if revision == HEAD:
        return
    if revision is not None and revision not in REVISIONS:
        raise RefusedError(
            f"this store is newer than this program: its revision is {revision}, the newest known here is {HEAD}.",
            code="StoreIsNewer",
            hint="Update mqlab, then run the same command again. Nothing was changed.",
        )
    if revision is None and not create:
        raise UnreachableError(
            f"{shown(engine.url)} holds no ledger.",
            code="StoreMissing",
            hint="Make it with: mqlab init, or correct [store] url.",
        )
    if engine.dialect.name == "sqlite":
        write_ahead(engine)
    migrate(engine, HEAD)


def migrate(engine: Engine, revision: str) -> None:
    """Moves the store up or down to `revision` (`base` empties it), in one transaction."""
    from alembic import command

    with writing(engine) as connection:
        here = _revision(connection)
        config = _config(connection)
        target = -1 if revision == "base" else REVISIONS.index(revision)
        step = command.downgrade if here is not None and REVISIONS.index(here) > target else command.upgrade
        step(config, revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
