"""One process at a time for an account. A lease lies with the kernel or the database server, so it dies with its process.

On SQLite a lease is an flock on a file (a new file description each time, so two tasks of one process wait for each other
too); on PostgreSQL it is an advisory lock on a connection of its own. Files stay: removing one would let two holders in.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import text

from service.app.ports import Busy, Leases
from service.settings import Settings
from service.store.engine import Database, lock_number
from service.store.truth import Room

Sleep = Callable[[float], Awaitable[None]]

STEP_SECONDS = 0.1
"""Between two tries."""


async def _wait_for(take: Callable[[], Awaitable[bool]], account: str, wait_seconds: float, sleep: Sleep) -> None:
    """Tries until taken. Raises Busy when `wait_seconds` of waiting did not help."""
    waited = 0.0
    while not await take():
        if waited >= wait_seconds:
            raise Busy(account)
        step = min(STEP_SECONDS, wait_seconds - waited)
        await sleep(step)
        waited += step


class FileLeases:
    """flock on a file per account in `folder` (0700)."""

    def __init__(self, folder: Path, sleep: Sleep = asyncio.sleep) -> None:
        self._folder = folder
        self._sleep = sleep

    @asynccontextmanager
    async def hold(self, account: str, wait_seconds: float = 10) -> AsyncIterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._folder / f"{quote(account, safe='')}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

        async def take() -> bool:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        try:
            await _wait_for(take, account, wait_seconds, self._sleep)
            yield
        finally:
            os.close(handle)


class AdvisoryLeases:
    """pg_advisory_lock on a connection of its own, outside of the pool: many leases cannot use up the connections of work."""

    def __init__(self, database: Database, sleep: Sleep = asyncio.sleep) -> None:
        self._engine = database.own_engine().execution_options(isolation_level="AUTOCOMMIT")
        self._sleep = sleep

    @asynccontextmanager
    async def hold(self, account: str, wait_seconds: float = 10) -> AsyncIterator[None]:
        number = {"n": lock_number("lease", account)}
        async with self._engine.connect() as connection:

            async def take() -> bool:
                return bool((await connection.execute(text("SELECT pg_try_advisory_lock(:n)"), number)).scalar_one())

            await _wait_for(take, account, wait_seconds, self._sleep)
            yield  # closing the connection gives the lock back, whatever happened meanwhile


def leases_for(settings: Settings, store: Room, sleep: Sleep = asyncio.sleep) -> Leases:
    """By the kind of the store's database: every process that shares one must share its leases."""
    database = store.database
    return FileLeases(settings.data_dir / "leases", sleep) if database.is_sqlite else AdvisoryLeases(database, sleep)
