"""The commands of the main job, and what bad input gets: one sentence, the right exit code, nothing half-stored."""

from __future__ import annotations

import json

import pytest

from service.sandbox import SandboxChain, wallet

pytestmark = pytest.mark.asyncio(loop_scope="session")

SEED = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
PRIVATE_KEY = "0x" + "4c0883a69102937d6231471b5dbb6204fe512961708279f1a3f5c1b1d0e2f3a4"
XPRV = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"

KEYS = {
    "accounts": {"id", "kind", "source", "label", "status", "permissions", "last_sync", "proved_until"},
    "balances": {"account", "asset", "symbol", "derived", "declared", "difference", "flags"},
    "transactions": {"id", "account", "occurred_at", "kind", "chain_ref", "legs", "matched_with", "flags"},
    "lots": {"id", "account", "asset", "symbol", "quantity", "basis", "acquired_at", "term", "price", "value", "unrealised", "flags"},
    "opportunities": {
        *("id", "account", "asset", "symbol", "lots", "quantity", "loss", "term", "saving", "costs", "net", "certainty"),
        *("price", "price_at", "blocked_by"),
    },
    "alerts": {"id", "state", "opportunity", "created_at", "message", "deliveries"},
    "coverage": {"account", "stream", "from", "to", "proof", "unreachable"},
}


async def test_from_a_key_and_an_address_to_a_delivered_alert(full):
    assert (await full.run("channel", "add", "--json", stdin=full.inbox.url)).code == 0
    synced = await full.run("sync", "--json")
    assert synced.code in (0, 1), synced.err
    assert {a["outcome"] for a in synced.json["sync"]["accounts"]} == {"synced"}
    for noun, command in (
        ("accounts", ["account", "list"]),
        ("balances", ["balances"]),
        ("transactions", ["transactions"]),
        ("lots", ["lots"]),
        ("opportunities", ["harvest"]),
        ("alerts", ["alerts", "list"]),
        ("coverage", ["coverage"]),
    ):
        answer = (await full.run(*command, "--json")).json
        assert answer[noun], noun
        for item in answer[noun]:
            assert set(item) >= KEYS[noun]
    balances = (await full.run("balances", "--json")).json["balances"]
    assert [b for b in balances if b["difference"] not in ("0", None) and "spam" not in b["flags"]] == []
    assert full.inbox.received
    alert = (await full.run("alerts", "list", "--json")).json["alerts"][0]
    explained = await full.run("alerts", "explain", alert["id"], "--json")
    assert explained.code == 0
    assert explained.json["explanation"]["reproduced"] is True


async def test_a_key_with_too_many_rights_is_refused_by_their_names(world):
    for name in ("binance", "kraken", "coinbase"):
        refused = await world.add_exchange(name, **world.exchanges.over_privileged[name])
        assert refused.code == 3
        assert refused.err.count("\n") == 1
        assert "remove" in refused.err.lower()
    assert (await world.run("account", "list", "--json")).json == {"accounts": []}


async def test_a_wrong_key_is_one_sentence(world):
    refused = await world.add_exchange("kraken", apiKey="nobody-knows-me", secret="c2VjcmV0")
    assert refused.code == 3
    assert "nobody-knows-me" not in refused.err + refused.out
    assert "c2VjcmV0" not in refused.err + refused.out
    assert (await world.run("account", "list", "--json")).json == {"accounts": []}


@pytest.mark.parametrize(
    ("words", "kind"),
    [([SEED], "seed phrase"), (SEED.split(), "seed phrase"), ([PRIVATE_KEY], "private key"), ([XPRV], "extended private key")],
    ids=["phrase", "phrase as words", "key", "xprv"],
)
async def test_a_wallets_secret_is_recognised_and_not_repeated(world, words, kind):
    refused = await world.run("account", "add", "evm", *words, "--rpc", world.chain.url)
    assert refused.code == 2
    assert kind in refused.err
    for word in words:
        assert word not in refused.err + refused.out or word == "about"
    assert all(SEED.encode() not in f.read_bytes() for f in world.folder.rglob("*") if f.is_file())
    labelled = await world.run("account", "add", "evm", wallet(), "--rpc", world.chain.url, "--label", " ".join(words))
    assert labelled.code == 2
    assert (await world.run("account", "list", "--json")).json == {"accounts": []}


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        (["account", "add", "evm", "0x52908400098527886E0F7030069857D2E4169Ee7", "--rpc", "RPC"], 2, "address"),
        (["account", "add", "evm", "0x1234", "--rpc", "RPC"], 2, "address"),
        (["account", "add", "evm", "WALLET", "--rpc", "http://127.0.0.1:9"], 2, "rpc"),
        (["account", "add", "evm", "WALLET", "--chain", "base", "--rpc", "RPC"], 3, "base"),
        (["account", "add", "evm", "WALLET", "--chain", "nowhere", "--rpc", "RPC"], 2, "chain"),
        (["account", "add", "evm", "WALLET", "--rpc", "not an address"], 2, "rpc"),
        (["account", "add", "exchange", "krakn", "--credentials-stdin"], 2, "exchange"),
        (["account", "set", "nobody", "--method", "fifo", "--from", "2026-01-01"], 2, "account"),
        (["profile", "set", "short_rate=24"], 2, "short_rate"),
        (["profile", "set", "time_zone=Mars/Olympus"], 2, "time_zone"),
        (["profile", "set", "time_zone=America"], 2, "time_zone"),
        (["gains", "--zone", "America"], 2, "zone"),
        (["frobnicate"], 2, "frobnicate"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
async def test_bad_input_names_the_field_in_one_sentence(world, arguments, code, field):
    told = [{"RPC": world.chain.url, "WALLET": wallet()}.get(word, word) for word in arguments]
    refused = await world.run(*told, stdin=json.dumps({"apiKey": "k", "secret": "s"}))
    assert refused.code == code, refused.err
    assert field in refused.err
    assert refused.err.count("\n") == 1, refused.err
    assert "Traceback" not in refused.err
    assert (await world.run("account", "list", "--json")).json == {"accounts": []}


@pytest.mark.parametrize(
    "words",
    [
        ["account", "show", SEED],
        ["sync", *SEED.split()],
        ["alerts", "ack", PRIVATE_KEY],
        ["prices", "import", SEED],
        ["account", "probe", XPRV],
    ],
    ids=lambda words: " ".join(words)[:20],
)
async def test_no_refusal_repeats_a_wallets_secret(world, words):
    refused = await world.run(*words)
    assert refused.code == 2
    assert "this looks like" in refused.err
    assert not any(secret in refused.err + refused.out for secret in (SEED, PRIVATE_KEY, XPRV, "abandon"))


@pytest.mark.parametrize("text", ["asset = 3", "[[asset]]", "not toml"])
async def test_a_bad_asset_table_is_one_sentence(world, text):
    (world.folder / "config/assets.toml").write_text(text)
    refused = await world.run("balances")
    assert refused.code == 2
    assert "assets.toml" in refused.err
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2026-01-01,BTC,12x", "line 3, price_usd"),
        ("2026-13-01,BTC,1", "line 3, date"),
        ("2026-01-01,NOCOIN,1", "line 3, asset"),
        ("2026-01-01,BTC", "line 3"),
        ("2026-01-01,BTC,-4", "line 3, price_usd"),
    ],
)
async def test_a_bad_price_line_is_named_and_nothing_is_stored(world, tmp_path, line, says):
    file = tmp_path / "prices.csv"
    file.write_text(f"date,asset,price_usd\n2026-01-01,BTC,90000\n{line}\n")
    refused = await world.run("prices", "import", str(file))
    assert refused.code == 2
    assert says in refused.err
    file.write_text("date,asset,price_usd\n2026-01-01,BTC,90000\n")
    assert (await world.run("prices", "import", str(file), "--json")).json == {"prices": {"new": 1, "known": 0}}


async def test_adding_the_same_wallet_twice_is_one_account(world):
    first = (await world.add_wallet()).json["account"]
    async with SandboxChain() as elsewhere:
        again = await world.run("account", "add", "evm", wallet().lower(), "--chain", "ethereum", "--rpc", elsewhere.url, "--json")
    assert again.json["account"]["id"] == first["id"]
    assert again.json["account"]["label"] == "OneKey"
    assert len((await world.run("account", "list", "--json")).json["accounts"]) == 1
