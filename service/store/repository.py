"""The store as the use cases see it: one class, made of the rooms of this package, over SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from service.settings import Settings
from service.store.access import Access
from service.store.derived import DerivedState
from service.store.engine import Database, database_url
from service.store.outbox import Outbox
from service.store.pages import Pages
from service.store.read import Content
from service.store.schema import prepare
from service.store.truth import FIRST, Truth


class SqlStore(Truth, Pages, DerivedState, Outbox, Access, Content):
    """Implements service.app.ports.Store. Each method is one transaction."""

    async def close(self) -> None:
        await self.database.close()


async def open_store(settings: Settings, now: Callable[[], datetime]) -> SqlStore:
    """The store, its folder (0700) and tables made on first use and migrated where an older version made them.

    Any number of processes may do this at once. Raises Refused with one sentence when the database cannot be used.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(database_url(settings))
    try:
        await prepare(database, settings.data_dir, FIRST)
    except BaseException:
        await database.close()
        raise
    return SqlStore(database, now)
