"""The connector of docs/connectors.md, installed as a stranger's package, added and synced by the command."""

from __future__ import annotations

import json

import pytest

from tests.connectors.third_party.build import environment, install

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = [
    {
        "id": "1",
        "time": "2026-01-02T00:00:00Z",
        "kind": "deposit",
        "asset": "ETH",
        "amount": "2.000000000000000001",
        "balance": "2.000000000000000001",
    },
    {"id": "2", "time": "2026-02-02T00:00:00Z", "kind": "withdrawal", "asset": "ETH", "amount": "-0.5", "balance": "1.500000000000000001"},
]


async def test_it_is_found_added_and_synced(world, tmp_path):
    file = tmp_path / "ledger.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    path = environment(install(tmp_path / "package"))["PYTHONPATH"]
    world.environment = {"PYTHONPATH": path}
    added = await world.run("account", "add", "other", "lines", "--set", f"path={file}", "--json")
    assert added.code == 0, added.err
    synced = await world.run("sync", "--json")
    assert synced.json["sync"]["accounts"][0]["outcome"] == "synced", synced.err
    (balance,) = (await world.run("balances", "--json")).json["balances"]
    assert (balance["derived"], balance["declared"], balance["difference"]) == ("1.500000000000000001", "1.500000000000000001", "0")
    refused = await world.run("account", "add", "other", "lines", "--set", "colour=red")
    assert refused.code == 2
    assert "colour" in refused.err
