"""The database behind the store: its URL, its connections, its two kinds of transaction.

`reading()` sees one consistent state. `writing(subject)` never loses an update: on SQLite it starts with BEGIN IMMEDIATE (the
default BEGIN lets two tasks read the same row and the later one overwrite the earlier, without an error); on PostgreSQL it
takes a transaction-wide advisory lock on the subject (an account, a portfolio).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Executable, Table, event, make_url, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from service.app.ports import Refused
from service.settings import Settings

T = TypeVar("T")

CHUNK = 5_000
"""Rows of one INSERT call, and values of one IN: SQLite takes 32,766 parameters, PostgreSQL 65,535."""
PARAMETERS = 30_000
"""Of one SQLite statement; it takes 32,766."""
CACHE_KIB = 128 * 1024
"""The most that a SQLite connection keeps in memory: a long history is written without a page going out twice."""
BUSY_SECONDS = 60
"""How long a SQLite writer of another process is waited for; a page's transaction takes milliseconds."""


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def lock_number(what: str, subject: str) -> int:
    """The 64-bit number under which PostgreSQL locks `subject`; `what` keeps leases and writers apart."""
    return int.from_bytes(sha256(f"thresher {what} {subject}".encode()).digest()[:8], "big", signed=True)


def database_url(settings: Settings) -> URL:
    """The URL with our driver: sqlite+aiosqlite or postgresql+psycopg. Raises Refused for anything else; never echoes it."""
    if not settings.database_url:
        return URL.create("sqlite+aiosqlite", database=str(settings.data_dir / "thresher.db"))
    try:
        url = make_url(settings.database_url)
    except (ArgumentError, ValueError):
        raise Refused("database", "THRESHER_DATABASE_URL is not a URL; write postgresql://user:password@host/name") from None
    family = url.drivername.partition("+")[0]
    if family in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if family == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise Refused("database", "THRESHER_DATABASE_URL names no file; write sqlite:////folder/thresher.db")
        return url.set(drivername="sqlite+aiosqlite")
    raise Refused("database", f"thresher keeps its data in SQLite or PostgreSQL, not in {family}; change THRESHER_DATABASE_URL")


class Database:
    """Connections to one database. Made by open_store. Their errors do not list the values of a statement."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_async_engine(url, hide_parameters=True)
        self._writer = asyncio.Lock()

    @property
    def file(self) -> Path | None:
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        async with self.engine.connect() as connection:
            await connection.execution_options(**level)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def writing(self, *subjects: str) -> AsyncIterator[AsyncConnection]:
        """One transaction: all of it or, when the block raises, nothing. Several subjects are locked in one order."""
        if self.is_sqlite:
            async with self._writer, self.engine.connect() as connection:  # our own tasks queue here and not in SQLite's sleep
                await connection.execution_options(writes=True)
                async with connection.begin():
                    yield connection
            return
        async with self.engine.connect() as connection, connection.begin():
            for number in sorted(lock_number("write", subject) for subject in set(subjects)):
                await connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})
            yield connection

    def own_engine(self) -> AsyncEngine:
        """An engine without a pool on the same database, for connections that are held long (leases)."""
        return create_async_engine(self.url, poolclass=NullPool, hide_parameters=True)

    async def close(self) -> None:
        await self.engine.dispose()


def _sqlite_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin by itself: _begin does
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        # WAL with NORMAL survives kill -9 too; FULL also keeps a holder's word through a power cut, for one fsync a commit.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


async def insert_ready(connection: AsyncConnection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """New rows, each a tuple in the order of the table's columns with values as the column types store them: amounts and times as text
    (types.iso, money.plain), JSON as canonical text. Ten times as fast as `insert_rows`. Raises IntegrityError for one that exists.
    """
    if not rows:
        return
    columns = ", ".join(f'"{column.name}"' for column in table.c)
    if connection.dialect.name == "sqlite":
        marks = f"({', '.join('?' * len(table.c))})"
        for chunk in chunks(rows, PARAMETERS // len(table.c)):  # one statement for all: Python waits for SQLite once, not once a row
            insert = f'INSERT INTO "{table.name}" ({columns}) VALUES {", ".join([marks] * len(chunk))}'  # noqa: S608  # our own names
            await connection.exec_driver_sql(insert, tuple(chain.from_iterable(chunk)))
        return
    raw = await connection.get_raw_connection()
    psycopg: Any = raw.driver_connection  # SQLAlchemy has no COPY
    async with psycopg.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            await copy.write_row(row)


async def run_ready(connection: AsyncConnection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """The statement once a row; nothing for no row."""
    for chunk in chunks(rows):
        await connection.execute(statement, list(chunk))


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """New rows by Core in chunks. Raises IntegrityError for one that exists."""
    for chunk in chunks(rows):
        await connection.execute(table.insert(), list(chunk))


async def upsert(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]], *, keep: bool = False) -> None:
    """Inserts; a row whose primary key exists is overwritten, or left as it is with `keep`."""
    insert: Any = sqlite.insert(table)
    if connection.dialect.name != "sqlite":
        from sqlalchemy.dialects import postgresql  # takes a moment to import, and few have one

        insert = postgresql.insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: insert.excluded[column.name] for column in table.c if column.name not in keys}
    statement = insert.on_conflict_do_nothing() if keep else insert.on_conflict_do_update(index_elements=keys, set_=rest)
    for chunk in chunks(rows):
        await connection.execute(statement, list(chunk))
