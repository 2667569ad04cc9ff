"""The person's four years: never overdrawn, both sides of a transfer agree, trades at the price of their day."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from service.sandbox import NOW, story, transfers
from service.sandbox.events import Book, Fill, Moved
from service.sandbox.listing import PAIRS
from service.sandbox.market import FIRST, LAST, candle, price, rate


@pytest.mark.parametrize("name", story.EXCHANGES)
def test_no_account_is_ever_overdrawn_and_nothing_happens_after_now(name):
    events = story.events(name)
    total = defaultdict(Decimal)
    for event in events:
        for coin, change in event.changes():
            total[coin] += change
        assert min(total.values()) >= 0, event
    assert [e.at for e in events] == sorted(e.at for e in events)
    assert events[0].at.date() >= FIRST
    assert events[-1].at < NOW
    assert (NOW - events[0].at).days > 4 * 360


def test_a_book_refuses_an_overdraft_and_an_event_out_of_order():
    book = Book("kraken", "USD", Decimal("0.0026"), 4, 4, "quote", 10)
    book.cash(NOW, "100")
    with pytest.raises(ValueError, match="not enough"):
        book.send(NOW, "label", "ETH", "1")
    with pytest.raises(ValueError, match="too late"):
        book.cash(NOW - timedelta(days=1), "100")


def test_both_sides_of_a_transfer_agree():
    sides = {e.label: e for name in story.EXCHANGES for e in story.events(name) if isinstance(e, Moved)}
    told = {label: (e.coin, str(e.quantity), str(e.fee)) for label, e in sides.items() if label != "kraken-btc-1"}
    assert told == {
        "kraken-eth-1": ("ETH", "-4", "0.0035"),
        "binance-eth-1": ("ETH", "-6.5", "0.0015"),
        "coinbase-usdc-1": ("USDC", "-9000", "0"),
        "binance-link-1": ("LINK", "-400", "0.5"),
        "wallet-binance-1": ("ETH", "2", "0"),
        "wallet-coinbase-1": ("USDC", "2000", "0"),
    }
    assert set(told) <= set(transfers())


def test_trades_happen_at_the_price_of_their_day():
    for name in story.EXCHANGES:
        for fill in (e for e in story.events(name) if isinstance(e, Fill)):
            step = PAIRS[name][fill.symbol].price_step
            _, high, low, _ = candle(fill.base, fill.quote, step, datetime.combine(fill.at.date(), datetime.min.time(), UTC), 86_400)
            assert low <= fill.price <= high
            assert abs(fill.price / rate(fill.base, fill.quote, fill.at.date(), step) - 1) < Decimal("0.002")


def test_the_price_path_is_the_same_everywhere():
    assert price("BTC", LAST) == Decimal("71936.480611856")
    assert price("ETH", datetime(2025, 9, 15, tzinfo=UTC).date()) == Decimal("4430.902587249")
    assert price("BTC", LAST + timedelta(days=400)) == price("BTC", LAST)
    assert price("BTC", FIRST - timedelta(days=400)) == price("BTC", FIRST)
    assert all(abs(price(coin, FIRST + timedelta(days=n)) - 1) < Decimal("0.001") for coin in ("USDT", "USDC") for n in range(1480))


def test_several_purchases_stand_at_a_clear_loss():
    today = story.prices(LAST)
    for coin in ("ETH", "SOL", "LINK", "ADA"):
        bought = [e for name in story.EXCHANGES for e in story.events(name) if isinstance(e, Fill) and e.buys and e.base == coin]
        dear = [e for e in bought if e.quote in ("USD", "USDT") and e.price > today[coin] * Decimal("1.5")]
        assert len(dear) >= 5, coin
    bitcoin = [e.price > today["BTC"] for e in story.events("binance") if isinstance(e, Fill) and e.buys and e.base == "BTC"]
    assert True in bitcoin
    assert False in bitcoin
