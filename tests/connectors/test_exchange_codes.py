"""Kraken's codes of balances that earn are the coins themselves, by the table as it ships and by the rule beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.contract import Asset
from service import settings

AT = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def table(tmp_path):
    return settings.asset_table(settings.load({"THRESHER_CONFIG_DIR": str(tmp_path), "THRESHER_DATA_DIR": str(tmp_path)}))


@pytest.mark.parametrize(
    ("code", "like"),
    [
        ("kraken:SUI.F", "kraken:SUI"),
        ("kraken:TAO.F", "kraken:TAO"),
        ("kraken:MINA.S", "kraken:MINA"),
        ("kraken:DOT28.S", "kraken:DOT"),
        ("kraken:DOT14.S", "kraken:DOT"),  # no row names this one
        ("kraken:XBT.P", "kraken:XXBT"),
        ("kraken:LUNA2.S", "kraken:LUNA2"),  # the digit is the coin's own
        ("kraken:C98.F", "kraken:C98"),
        ("kraken:EUR.M", "fiat:EUR"),
        ("kraken:USD.F", "fiat:USD"),
    ],
)
def test_a_balance_that_earns_is_the_coin(table, code, like):
    assert table.resolve(Asset(code), AT) == table.resolve(Asset(like), AT)


def test_an_unknown_coin_pools_with_its_own_balances_and_stays_unknown(table):
    found = {table.resolve(Asset(f"kraken:{code}"), AT) for code in ("NEWCOIN", "NEWCOIN.S", "NEWCOIN21.S", "NEWCOIN.F")}
    assert [(coin.id, coin.symbol, coin.known) for coin in found] == [("kraken:NEWCOIN", "NEWCOIN", False)]


@pytest.mark.parametrize("code", ["kraken:USD.HOLD", "kraken:BRK.C", "binance:SUI.F", "kraken:C98.X"])
def test_what_has_no_such_suffix_is_left_alone(table, code):
    assert table.resolve(Asset(code), AT).id == code
