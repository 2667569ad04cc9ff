"""kill -9 in the middle of a sync, and a second process at the same account: the same rows as if nothing had happened."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from contextlib import closing

import pytest

from service.store.tables import OPERATIONAL
from tests.e2e.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


def rows(database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, without the columns that only say when and how the work was done."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for table in tables:
            skipped = OPERATIONAL.get(table, ())
            if skipped == "*" or table == "alembic_version" or table.startswith("sqlite_"):
                continue
            columns = [c[1] for c in connection.execute(f"PRAGMA table_info({table})") if c[1] not in skipped]
            if columns:
                listed = ", ".join(f'"{c}"' for c in columns)
                found[table] = sorted(tuple(map(repr, r)) for r in connection.execute(f'SELECT {listed} FROM "{table}"'))
        return found


async def killed_after(world: World, requests: int) -> None:
    """Starts a sync and kills it once the servers have seen this many requests of it."""
    before = world.requests()
    process = await world.start("sync", "--json")
    while world.requests() < before + requests and process.returncode is None:
        await asyncio.sleep(0)
    if process.returncode is None:
        os.kill(process.pid, signal.SIGKILL)
    await process.communicate()


async def test_killed_and_resumed_is_the_same_as_undisturbed(everything, tmp_path):
    calm = everything.copied(tmp_path / "calm")
    at_rest = calm.requests()
    assert (await calm.run("sync", "--json")).code in (0, 1)
    needed = calm.requests() - at_rest
    undisturbed = rows(calm.database)
    assert undisturbed["raw_record"]
    assert undisturbed["alert"]
    struck = everything.copied(tmp_path / "struck")
    for part in (0.3, 0.6, 0.9):
        await killed_after(struck, int(needed * part))
    final = await struck.run("sync", "--json")
    assert final.code in (0, 1), final.err
    resumed = rows(struck.database)
    assert set(resumed) == set(undisturbed)
    for table, expected in undisturbed.items():
        assert resumed[table] == expected, table


async def test_a_full_sync_again_changes_nothing(full):
    assert (await full.run("sync", "--json")).code in (0, 1)
    before = rows(full.database)
    again = await full.run("sync", "--full", "--json")
    assert again.json["sync"]["changed"] is False
    assert rows(full.database) == before


async def test_two_processes_at_one_account_take_turns(world):
    assert (await world.add_exchange("kraken")).code == 0
    first, second = await asyncio.gather(world.run("sync", "--json"), world.run("sync", "--json"))
    outcomes = sorted(a["outcome"] for ran in (first, second) for a in ran.json["sync"]["accounts"])
    assert outcomes in (["synced", "synced"], ["busy", "synced"]), first.err + second.err
    alone = rows(world.database)
    assert (await world.run("sync", "--json")).json["sync"]["changed"] is False
    assert rows(world.database) == alone
