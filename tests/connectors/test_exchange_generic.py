"""Exchanges without a dialect: read by ccxt's unified methods, and honest about what that proves."""

from __future__ import annotations

import json

import pytest

from connectors.exchange.connector import ExchangeConnector
from tests.connectors.exchange_server import DAY, pulled, served, trade


@pytest.fixture
async def s():
    async with served() as one:
        yield one


async def test_another_exchange_is_read_by_general_methods_and_says_what_that_means(s):
    connector = s.connector("binanceus", secrets=s.credentials["binance"])
    identity = await connector.probe()
    assert identity.permissions == "unverified"
    assert "can only read" in identity.says[0]
    balances = await connector.balances({})
    assert [(b.asset, str(b.quantity)) for b in balances.amounts] == [("binanceus:BTC", "1.33456789")]
    for stream in connector.streams:
        _, _, coverage, _ = await pulled(connector, stream)
        assert coverage.proof.startswith("unproven: ")
        assert coverage.unreachable


async def test_another_exchange_that_tells_trades_pair_by_pair_is_asked_for_each_pair_of_a_coin_it_names(s):
    rows = s.server.binance_trades["BTCUSDT"]
    s.server.binance_trades = {"BTCUSDT": rows[:700], "LTCUSDT": [trade(5, rows[0]["time"], "LTCUSDT", commissionAsset="LTC")]}
    connector = s.connector("binanceus", secrets=s.credentials["binance"])
    found, last, coverage, _ = await pulled(connector, "trades")
    assert set(found) == {f"BTC/USDT:{row['id']}" for row in rows[:700]} | {"LTC/USDT:5"}
    assert coverage.proof.startswith("unproven: ")
    assert {"BTC", "LTC", "USDT"} <= set(json.loads(last)["coins"])
    s.server.binance_trades["BTCUSDT"].append(trade(9999, int(s.at.timestamp() * 1000) - 1000))
    again, _, _, _ = await pulled(s.connector("binanceus", secrets=s.credentials["binance"]), "trades", last)
    assert "BTC/USDT:9999" in again
    sold = [one for one in ExchangeConnector.normalise("binanceus", found.values()) if one.keys == ("trades/LTC/USDT:5",)]
    assert [(leg.asset, str(leg.quantity)) for leg in sold[0].legs] == [
        ("binanceus:LTC", "0.01000000"),
        ("binanceus:USDT", "-300.00000000"),
        ("binanceus:LTC", "-0.00000100"),
    ]


async def test_a_transfer_that_waits_is_read_again_however_old_it_is(s):
    sent = {**s.server.deposits[0], "id": "slow", "status": 0, "insertTime": int(s.at.timestamp() * 1000) - 30 * DAY}
    s.server.deposits = [sent]
    connector = s.connector("binanceus", secrets=s.credentials["binance"])
    first, last, _, _ = await pulled(connector, "deposits")
    assert [one.final for one in ExchangeConnector.normalise("binanceus", first.values())] == [False]
    sent["status"] = 1
    again, last, _, _ = await pulled(connector, "deposits", last)
    assert [one.final for one in ExchangeConnector.normalise("binanceus", again.values())] == [True]
    assert "waiting" not in json.loads(last)
