"""The same commands on PostgreSQL: the same balances, lots and transactions as on SQLite, and leases that hold between processes."""

from __future__ import annotations

import asyncio

from tests.e2e.world import World


async def answers(world: World) -> dict[str, object]:
    """What does not depend on when it was asked."""
    found = {}
    for noun in ("balances", "lots", "transactions"):
        found[noun] = sorted(map(str, (await world.run(noun, "--json")).json[noun]))
    return found


async def test_both_databases_give_the_same_answers(tmp_path, new_databases):
    async with World(tmp_path / "small") as small, World(tmp_path / "large", {"THRESHER_DATABASE_URL": new_databases.make()}) as large:
        for world in (small, large):
            await world.add_everything()
            assert (await world.run("sync", "--json")).code in (0, 1)
        assert not list((tmp_path / "large").rglob("*.db"))
        assert await answers(large) == await answers(small)
        first, second = await asyncio.gather(large.run("sync", "--json"), large.run("sync", "--json"))
        for ran in (first, second):
            assert {a["outcome"] for a in ran.json["sync"]["accounts"]} <= {"synced", "busy"}, ran.err
            assert ran.json["sync"]["changed"] is False
