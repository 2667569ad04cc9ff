"""Opening: first use, upgrade, many at once, wrong databases; and migrations that say the same as the models."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from connectors.contract import Cursor, Page, RawRecord
from service.app.ports import Refused
from service.settings import Settings, packaged
from service.store import SqlStore, open_store
from service.store.engine import Database, database_url
from service.store.schema import HEAD
from service.store.tables import Row
from tests.store.conftest import settings_in
from tests.store.samples import ACCOUNT, NOW, page, record
from tests.tools import ROOT

OPEN_IN_ANOTHER_PROCESS = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from tests.store.conftest import settings_in
from service.store import open_store

async def main():
    store = await open_store(settings_in(Path(sys.argv[1]), sys.argv[2]), lambda: datetime.now(UTC))
    print((await store.portfolio()).id)
    await store.close()

asyncio.run(main())
"""


def _to_first_revision(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(packaged("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")


async def python(program: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_first_use_makes_everything_and_the_next_finds_it(empty_settings: Settings) -> None:
    for _ in range(2):
        store = await open_store(empty_settings, lambda: NOW)
        await store.add_account(ACCOUNT, {})
        await store.close()
    assert stat.S_IMODE(empty_settings.data_dir.stat().st_mode) == 0o700
    if database_url(empty_settings).get_backend_name() == "sqlite":
        assert stat.S_IMODE((empty_settings.data_dir / "thresher.db").stat().st_mode) == 0o600


async def test_opening_a_database_that_is_ready_imports_no_alembic(settings: Settings, tmp_path: Path) -> None:
    program = OPEN_IN_ANOTHER_PROCESS + "\nprint([name for name in sys.modules if name.startswith('alembic')])"
    child = await python(program, str(tmp_path), settings.database_url)
    out, err = await child.communicate()
    assert out.decode().split() == ["main", "[]"], err.decode()


async def test_two_processes_may_open_a_new_database_at_once(empty_settings: Settings, tmp_path: Path) -> None:
    children = [await python(OPEN_IN_ANOTHER_PROCESS, str(tmp_path), empty_settings.database_url) for _ in range(2)]
    for child in children:
        out, err = await child.communicate()
        assert (child.returncode, out.decode().strip()) == (0, "main"), err.decode()


async def test_sqlite_is_in_wal_and_stays_so_after_a_backup_was_put_back(tmp_path: Path) -> None:
    mine = settings_in(tmp_path)
    await (await open_store(mine, lambda: NOW)).close()
    for mode in ("delete", "wal"):
        database = Database(database_url(mine))
        async with database.engine.connect() as connection:
            await connection.rollback()
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute(f"PRAGMA journal_mode = {mode}")
        await database.close()
        store = await open_store(mine, lambda: NOW)
        async with store.database.reading() as connection:
            assert (await connection.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
            assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
        await store.close()


async def test_an_older_database_keeps_what_sources_and_markets_said(empty_settings: Settings) -> None:
    """Made by the first version of the tables, with a record and a quote in it: both are there after the upgrade, and count as new."""
    database = Database(database_url(empty_settings))
    if database.is_sqlite:
        empty_settings.data_dir.mkdir()
    async with database.writing("test") as connection:
        await connection.run_sync(_to_first_revision)
        at = "'2024-01-02T03:04:05.000006Z'"
        account = f"'acc_1', 'main', 'file', 'files', 'csv', 'x', '', 'x', '{{}}', 'active', '', '', {at}, NULL, NULL"
        record = f"'acc_1', 'csv', 'k', 'h', 'main', 1, {'0' if database.is_sqlite else 'false'}, {at}, '{{}}', {at}"
        quote = f"'btc', 'USD', {at}, 'day', 'import', '5.10', {at}"
        for table, values in (("account", account), ("raw_record", record), ("quote", quote)):
            await connection.execute(text(f"INSERT INTO {table} VALUES ({values})".replace(":", "\\:")))
    await database.close()
    store = await open_store(empty_settings, lambda: NOW)
    changed = await store.changed("main", -1)
    assert [(r.account, r.key, r.payload) for r in changed.records] == [("acc_1", "k", "{}")]
    assert [q.price for q in await store.quotes(["btc"], "USD")] == [Decimal("5.1")]
    saved = await store.save_page("acc_1", "csv", Page((RawRecord("acc_1", "csv", "new", NOW, "{}"),), Cursor("c")), NOW)
    assert saved.new == 1
    assert [r.key for r in (await store.changed("main", changed.rev)).records] == ["new"]
    await store.close()


async def test_a_database_of_a_newer_version_is_refused(settings: Settings) -> None:
    store = await open_store(settings, lambda: NOW)
    async with store.database.writing("test") as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await store.close()
    with pytest.raises(Refused, match="newer thresher; update"):
        await open_store(settings, lambda: NOW)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:hunter2@h/d", "SQLite or PostgreSQL, not in mysql"),
        ("hunter2", "is not a URL"),
        ("sqlite://", "names no file"),
        ("postgresql://u:hunter2@127.0.0.1:1/d", "cannot be used"),
        ("postgres://u:hunter2@127.0.0.1:port/d", "is not a URL"),
    ],
)
async def test_a_wrong_url_gets_one_sentence_without_its_password(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        await open_store(settings_in(tmp_path, url), lambda: NOW)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    mine = settings_in(tmp_path)
    mine.data_dir.mkdir()
    (mine.data_dir / "thresher.db").write_text("these are not the bytes of a database, and there are more than a hundred of them " * 3)
    with pytest.raises(Refused, match="cannot be used: file is not a database"):
        await open_store(mine, lambda: NOW)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_any_form_of_a_postgresql_url_gets_our_driver(tmp_path: Path, scheme: str) -> None:
    assert database_url(settings_in(tmp_path, f"{scheme}://u:p@h:5/d")).render_as_string(False) == "postgresql+psycopg://u:p@h:5/d"


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(packaged("migrations"))).get_heads() == [HEAD]


async def test_migrations_make_what_the_models_say(store: SqlStore) -> None:
    def compared(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Row.metadata))

    async with store.database.reading() as connection:
        assert await connection.run_sync(compared) == []


def as_made(connection: Connection) -> dict[str, object]:
    """What the database itself says of its tables; alembic compares neither checks nor the names of keys."""
    found = inspect(connection)
    return {
        table: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)),
            sorted((str(check["name"]), check["sqltext"]) for check in found.get_check_constraints(table)),
            (found.get_pk_constraint(table)["name"], found.get_pk_constraint(table)["constrained_columns"]),
            sorted((key["name"], key["options"].get("ondelete"), key["constrained_columns"]) for key in found.get_foreign_keys(table)),
            sorted((str(index["name"]), index["column_names"], index["unique"]) for index in found.get_indexes(table)),
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }


async def test_migrated_tables_are_those_that_the_models_would_make(store: SqlStore) -> None:
    async with store.database.writing("test") as connection:
        migrated = await connection.run_sync(as_made)
        await connection.run_sync(Row.metadata.drop_all)
        await connection.run_sync(Row.metadata.create_all)
        assert await connection.run_sync(as_made) == migrated
    assert len(migrated) == len(Row.metadata.tables)


@pytest.mark.parametrize(
    "wrong",
    ["UPDATE account SET status = 'fine'", "UPDATE raw_record SET version = 0", "UPDATE raw_record SET account = 'nobody'"],
)
async def test_the_database_itself_refuses_what_cannot_be(store: SqlStore, wrong: str) -> None:
    await store.add_account(ACCOUNT, {})
    await store.save_page("acc_1", "trades", page(record("a")), NOW)
    with pytest.raises(Exception, match=r"(?i)constraint"):
        async with store.database.writing("test") as connection:
            await connection.execute(text(wrong))


async def test_a_migration_that_fails_leaves_no_table(empty_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class HalfWay(Exception):
        pass

    async def fails(*_args: object, **_more: object) -> None:
        raise HalfWay

    monkeypatch.setattr("service.store.schema.upsert", fails)  # the last step of the first use
    with pytest.raises(HalfWay):
        await open_store(empty_settings, lambda: NOW)
    monkeypatch.undo()
    database = Database(database_url(replace(empty_settings)))
    async with database.reading() as connection:
        assert await connection.run_sync(lambda c: inspect(c).get_table_names()) == []
    await database.close()
    await (await open_store(empty_settings, lambda: NOW)).close()
