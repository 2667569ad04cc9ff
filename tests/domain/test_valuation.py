"""When sources agree on a price, and when there is no opinion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connectors.contract import Asset, Quote
from service.domain.assets import Coin
from service.domain.methods import Lot
from service.domain.valuation import agree, value

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ETH, USDC = Coin("eth", "ETH", "coin"), Coin("usdc", "USDC", "coin", peg="USD")


def quote(price, minutes_ago, source, coin="eth"):
    return Quote(coin, "USD", Decimal(price), NOW - timedelta(minutes=minutes_ago), source)


def agreed(*quotes, coin=ETH):
    price, issues = agree(quotes, coin, NOW, max_age=timedelta(minutes=15), import_max_age=timedelta(hours=36), max_spread=Decimal("0.02"))
    return price, [i.kind.value for i in issues]


def test_the_median_of_the_newest_of_each_source_with_the_oldest_time():
    price, issues = agreed(quote("2000", 1, "kraken"), quote("1", 9, "kraken"), quote("2010", 5, "binance"), quote("2020", 2, "coinbase"))
    assert (price.price, price.low, price.high, price.at) == (2010, 2000, 2020, NOW - timedelta(minutes=5))
    assert price.sources == ("binance", "coinbase", "kraken")
    assert not issues


def test_one_source_alone_is_taken_and_named():
    price, issues = agreed(quote("2000", 1, "kraken"), quote("1000", 16, "binance"))
    assert (price.price, price.sources, issues) == (2000, ("kraken",), [])


def test_a_fresh_imported_price_counts_on_its_own():
    price, issues = agreed(quote("1500", 60 * 36, "import"), quote("2000", 1, "kraken"))
    assert (price.price, price.sources, issues) == (1500, ("import",), [])
    price, _ = agreed(quote("1500", 60 * 36 + 1, "import"), quote("2000", 1, "kraken"))
    assert price.price == 2000


def test_no_opinion_where_sources_differ_or_are_old_or_silent():
    assert agreed(quote("2000", 1, "kraken"), quote("2041", 1, "binance")) == (None, ["price_disagreement"])
    assert agreed(quote("2000", 1, "kraken"), quote("2040", 1, "binance"))[1] == []
    assert agreed(quote("2000", 16, "kraken")) == (None, ["stale_price"])
    assert agreed() == (None, ["missing_price"])
    assert agreed(quote("2000", -2, "kraken")) == (None, ["missing_price"])


def test_a_pegged_coin_falls_back_to_its_peg():
    price, issues = agreed(coin=USDC)
    assert (price.price, price.sources, issues) == (1, ("peg:USD",), [])
    assert agreed(quote("0.97", 1, "kraken", "usdc"), coin=USDC)[0].price == Decimal("0.97")


def test_unknown_price_or_basis_gives_no_opinion():
    price, _ = agreed(quote("2000", 1, "kraken"))
    day = datetime(2025, 3, 1, 12, tzinfo=UTC)
    known = Lot("a", "kraken", "eth", Asset("t:ETH"), "ETH", Decimal("1.5"), Decimal(4000), day, 1)
    unknown = Lot("b", "kraken", "eth", Asset("t:ETH"), "ETH", Decimal(1), None, day, 2, ("missing_basis",))
    other = Lot("c", "kraken", "btc", Asset("t:BTC"), "BTC", Decimal(1), Decimal(1), day, 3)
    seen = value([known, unknown, other], {"eth": price}, NOW, "UTC")
    assert [(p.value, p.unrealised) for p in seen] == [(3000, -1000), (2000, None), (None, None)]
    assert (seen[0].term, seen[0].long_from) == ("short", "2026-03-02")
