"""Which coin a source's code was at a time, which coin an id is, and what is one of a kind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.contract import Asset
from service import settings
from service.domain.assets import AssetTable, Coin, Naming

BEFORE, AFTER = datetime(2022, 5, 1, tzinfo=UTC), datetime(2022, 6, 1, tzinfo=UTC)


@pytest.fixture
def table(tmp_path):
    """A fresh one of the packaged rows: it has answered nothing yet."""
    env = {"THRESHER_DATA_DIR": str(tmp_path / "data"), "THRESHER_CONFIG_DIR": str(tmp_path / "config")}
    return settings.asset_table(settings.load(env))


@pytest.mark.parametrize(
    ("asset", "before", "after"),
    [
        ("csv:BTC", "btc", "btc"),
        ("csv:LUNA", "lunc", "luna"),
        ("binance:LUNA", "lunc", "luna"),
        ("kraken:LUNA", "lunc", "lunc"),
        ("kraken:LUNA.S", "lunc", "lunc"),
        ("kraken:LUNA2", "kraken:LUNA2", "luna"),
        ("eip155:1/slip44:60", "eth", "eth"),
        ("csv:NOSUCH", "csv:NOSUCH", "csv:NOSUCH"),
    ],
)
@pytest.mark.parametrize("days", [(BEFORE, AFTER, BEFORE), (AFTER, BEFORE, AFTER)], ids=["old first", "new first"])
def test_a_code_means_the_coin_of_its_day_in_whatever_order_it_is_asked(asset, before, after, days, table):
    assert [table.resolve(Asset(asset), at).id for at in days] == [before if at == BEFORE else after for at in days]


def test_a_suffixed_balance_of_a_dated_code_is_the_coin_of_its_day():
    old, new = Coin("old", "OLD", "coin"), Coin("new", "NEW", "coin")
    told = AssetTable([Naming(Asset("kraken:ABC"), old, until=AFTER), Naming(Asset("kraken:ABC"), new, since=AFTER)], "test")
    assert [told.resolve(Asset("kraken:ABC.S"), at).id for at in (BEFORE, AFTER, BEFORE)] == ["old", "new", "old"]


def test_an_id_is_its_curated_coin_or_itself(table):
    assert table.coin("btc") == table.find("BTC")
    assert table.coin("luna").symbol == "LUNA"
    assert table.coin("fiat:EUR") == Coin("fiat:EUR", "EUR", "fiat")
    assert table.coin("csv:NOSUCH") == Coin("csv:NOSUCH", "NOSUCH", "coin", known=False)
    assert table.find("csv:NOSUCH") is None, "asking for a coin curates none"
    assert "csv:NOSUCH" not in {coin.id for coin in table.coins()}


def test_the_symbol_of_one_coin_is_not_the_id_of_another():
    told = AssetTable([Naming(Asset("*:XYZ"), Coin("xyz-token", "XYZ", "coin"))], "test")
    assert told.find("xyz").id == "xyz-token"
    assert told.coin("xyz") == Coin("xyz", "xyz", "coin", known=False)


@pytest.mark.parametrize("token", ["erc20:0xbc4c", "erc721:0xbc4c/42", "slip44:60000"])
def test_one_contract_on_two_chains_has_two_names(token, table):
    one, other = (table.coin(f"eip155:{chain}/{token}") for chain in (1, 137))
    assert (one.symbol, other.symbol) == (f"eip155:1/{token}", f"eip155:137/{token}")


@pytest.mark.parametrize("asset", ["eip155:1/erc721:0xbc4c/42", "eip155:1/erc1155:0x76be/7", "nft:ape-7", "nft:BTC"])
def test_a_collectible_is_a_coin_of_its_own(asset, table):
    found = table.resolve(Asset(asset), AFTER)
    assert (found.id, found.symbol, found.kind, found.known) == (asset, asset, "nft", False)
    assert table.coin(asset) == found
