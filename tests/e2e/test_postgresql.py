"""The same commands on PostgreSQL: the same balances, lots and transactions as on SQLite, and leases that hold between processes."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def answers(world: World) -> dict[str, object]:
    """What does not depend on when it was asked."""
    found = {}
    for noun in ("balances", "lots", "transactions"):
        found[noun] = sorted(map(str, (await world.run(noun, "--json")).json[noun]))
    return found


async def test_both_databases_give_the_same_answers(servers, tmp_path, new_databases):
    small = servers.copied(tmp_path / "small")
    large = servers.copied(tmp_path / "large")
    large.database.unlink()
    large.environment = {"THRESHER_DATABASE_URL": new_databases.make()}
    assert (await large.run("init")).code == 0
    for world in (small, large):
        assert (await world.add_exchange("kraken")).code == 0
        assert (await world.add_wallet()).code == 0
        assert (await world.run("sync", "--json")).code in (0, 1)
    assert not list((tmp_path / "large").rglob("*.db"))
    assert await answers(large) == await answers(small)
    first, second = await asyncio.gather(large.run("sync", "--json"), large.run("sync", "--json"))
    for ran in (first, second):
        assert {a["outcome"] for a in ran.json["sync"]["accounts"]} <= {"synced", "busy"}, ran.err
        assert ran.json["sync"]["changed"] is False
