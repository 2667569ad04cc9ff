"""Tables that are there and up to date before anything reads them.

Opening costs one SELECT when the database is at HEAD, since importing alembic takes half a second. Otherwise the migrations run
in one transaction behind a lock, so that of several processes that open a new database at once one makes it and the rest find it.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from service.app.ports import Busy, Portfolio, Refused
from service.settings import packaged
from service.store.engine import Database, upsert
from service.store.leases import FileLeases
from service.store.rows import row_of
from service.store.tables import PortfolioRow, tables

HEAD = "0003"
"""The newest revision in migrations/versions; a test compares."""
WAIT_SECONDS = 120
"""For another process that migrates."""


async def prepare(database: Database, data_dir: Path, first: Portfolio) -> None:
    """Raises Refused when the database does not answer, is newer than this program, or stays locked."""
    try:
        if await _version(database) == HEAD:
            return
        async with _alone(database, data_dir):
            await _use_wal(database)
            (portfolios,) = tables(PortfolioRow)
            async with database.writing("schema") as connection:
                await connection.run_sync(_upgrade)
                await upsert(connection, portfolios, [row_of(first, portfolios)], keep=True)
    except Busy:
        raise Refused("database", "another process has been migrating the database for two minutes; try again when it is done") from None
    except (DBAPIError, OSError) as failed:
        place = database.url.render_as_string(hide_password=True)
        why = " ".join(str(failed.orig if isinstance(failed, DBAPIError) else failed).split())
        raise Refused("database", f"the database {place} cannot be used: {why}") from None


def _alone(database: Database, data_dir: Path) -> AbstractAsyncContextManager[None]:
    """Switching to WAL does not wait for other connections, so on SQLite a file lock stands before it."""
    return FileLeases(data_dir / "leases").hold("schema", WAIT_SECONDS) if database.is_sqlite else nullcontext()


async def _version(database: Database) -> str | None:
    """None for a database without tables."""
    if database.file is not None:
        if not database.file.exists():
            database.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return None
        async with database.reading() as connection:
            if (await connection.execute(text("PRAGMA journal_mode"))).scalar_one() != "wal":
                return None  # new, or put back from a backup
    try:
        async with database.reading() as connection:
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    except DBAPIError as failed:
        if isinstance(failed, OperationalError) and not database.is_sqlite:
            raise  # no connection
        if "alembic_version" not in str(failed.orig):
            raise
        return None


async def _use_wal(database: Database) -> None:
    if not database.is_sqlite:
        return
    if database.file is not None:
        database.file.touch(mode=0o600)
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        cursor = await raw.driver_connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[union-attr]  # aiosqlite's own connection: PRAGMA must stand outside of a transaction
        await cursor.close()


def _upgrade(connection: Connection) -> None:
    """To HEAD; nothing when another process was first. Raises Refused for a revision that we do not know."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(packaged("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as unknown:
        if "locate revision" not in str(unknown):
            raise
        raise Refused("database", "the database was made by a newer thresher; update the program") from None
