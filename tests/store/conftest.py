"""One suite, two databases (tests/postgres.py).

Each test gets a database of its own, copied from one that was migrated once.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from service.settings import Settings
from service.store import SqlStore, open_store
from tests.postgres import NewDatabases
from tests.store.samples import NOW, settings_in


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that nobody has open."""
    fresh = settings_in(tmp_path_factory.mktemp("template"))
    asyncio.run(_migrated(fresh))
    return fresh.data_dir / "thresher.db"


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory, new_databases: NewDatabases) -> str:
    """Name of a migrated database that nobody is connected to."""
    fresh = settings_in(tmp_path_factory.mktemp("template"), new_databases.make())
    asyncio.run(_migrated(fresh))
    return str(make_url(fresh.database_url).database)


async def _migrated(fresh: Settings) -> None:
    await (await open_store(fresh, lambda: NOW)).close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a database that holds nothing yet."""
    if request.param == "sqlite":
        return settings_in(tmp_path)
    return settings_in(tmp_path, request.getfixturevalue("new_databases").make())


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a migrated database of this test's own."""
    if request.param == "postgresql":
        template = request.getfixturevalue("postgres_template")
        return settings_in(tmp_path, request.getfixturevalue("new_databases").make(template))
    mine = settings_in(tmp_path)
    mine.data_dir.mkdir(mode=0o700)
    shutil.copy(request.getfixturevalue("sqlite_template"), mine.data_dir / "thresher.db")
    return mine


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[SqlStore]:
    opened = await open_store(settings, lambda: NOW)
    yield opened
    await opened.close()


@pytest.fixture
async def other_store(settings: Settings) -> AsyncIterator[SqlStore]:
    """The same database through connections of its own, as another process has."""
    opened = await open_store(replace(settings), lambda: NOW)
    yield opened
    await opened.close()
