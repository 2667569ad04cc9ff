"""Prices through the real ccxt client from a loopback server that speaks Kraken's public API."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from connectors.contract import InvalidInput, PricedAsset, PriceSource, RetryLater, Shared, Source
from connectors.prices.exchanges import ExchangePrices

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
BTC, ETH, SOL, USDT = (PricedAsset(word.lower(), word) for word in ("BTC", "ETH", "SOL", "USDT"))
PAIRS = {"XXBTZUSD": ("XXBT", "ZUSD"), "SOLUSDT": ("SOL", "USDT"), "USDTZUSD": ("USDT", "ZUSD"), "ADAUSDC": ("ADA", "USDC")}


def pair(id: str, base: str, quote: str) -> dict:
    words = {"XXBT": "XBT", "ZUSD": "USD"}
    return {
        "altname": id.replace("ZUSD", "USD"),
        "wsname": f"{words.get(base, base)}/{words.get(quote, quote)}",
        "base": base,
        "quote": quote,
        "pair_decimals": 5,
        "cost_decimals": 5,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.25]],
        "fees_maker": [[0, 0.15]],
        "ordermin": "0.0001",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
    }


class Kraken:
    """The public side of Kraken: a list of pairs, tickers, and candles whose open is their number and whose close is two above."""

    def __init__(self):
        self.asked: list[tuple[str, dict]] = []
        self.tickers = {
            "XXBTZUSD": ("64000.1", "64000.3", "64000.2"),
            "SOLUSDT": ("150.10", "150.30", "99"),
            "USDTZUSD": ("0.9990", "0.9990", "0.9990"),
            "ADAUSDC": ("0.5", "0.5", "0.5"),
        }
        self.answer: dict | str | None = None
        self.silent = asyncio.Event()
        self.hold = False

    async def serve(self, request: web.Request) -> web.Response:
        what = request.path.rpartition("/")[2]
        self.asked.append((what, dict(request.query)))
        if self.hold:
            await self.silent.wait()
        if isinstance(self.answer, str):
            return web.Response(text=self.answer, content_type="text/html")
        if self.answer is not None:
            return web.json_response(self.answer)
        return web.json_response({"error": [], "result": getattr(self, what)(request.query)})

    def Assets(self, _):  # noqa: N802 - Kraken's own word
        names = {"XXBT": "XBT", "ZUSD": "USD"}
        return {
            a: {"altname": names.get(a, a), "decimals": 10, "display_decimals": 5} for a in ("XXBT", "ZUSD", "SOL", "USDT", "ADA", "USDC")
        }

    def AssetPairs(self, _):  # noqa: N802
        return {name: pair(name, *sides) for name, sides in PAIRS.items()}

    def Ticker(self, query):  # noqa: N802
        found = {}
        for name in query["pair"].split(","):
            bid, ask, last = self.tickers[name]
            found[name] = {"a": [ask, "1", "1"], "b": [bid, "1", "1"], "c": [last, "1"], "v": ["1", "1"], "p": ["1", "1"], "t": [1, 1]}
            found[name] |= {"l": ["1", "1"], "h": ["1", "1"], "o": "1"}
        return found

    def OHLC(self, query):  # noqa: N802
        step, since = int(query["interval"]) * 60, int(query["since"])
        newest = int(NOW.timestamp()) // step
        first = max(since // step + 1, newest - 719)
        rows = [[n * step, f"{n}.00000000000000000001", "1", "1", f"{n + 2}.0", "1", "1", 1] for n in range(first, newest + 1)]
        return {query["pair"]: rows, "last": newest * step}


@pytest.fixture
async def kraken():
    server = Kraken()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    server.silent.set()
    await runner.cleanup()


def source(url: str, name: str = "kraken") -> Source:
    return Source(name=name, accounts=(), now=lambda: NOW, settings={"base_url": url}, shared=Shared(), rate_scale=0)


@pytest.fixture
async def prices(kraken):
    told = source(kraken.url)
    made = ExchangePrices(told)
    yield made
    await made.aclose()
    await told.shared.aclose()


async def test_current_prices_are_exact_and_name_what_stands_behind_them(kraken, prices):
    made: PriceSource = prices
    found = {q.asset: q for q in await made.quotes([BTC, ETH, SOL, USDT, PricedAsset("ada", "ADA")], "USD")}
    assert found.keys() == {"btc", "sol", "usdt", "ada"}  # no pair for ETH: left out
    assert (found["btc"].price, found["btc"].source, found["btc"].at) == (Decimal("64000.2"), "kraken", NOW)
    # the last trade lies outside of the book: the middle, at USDT's own price
    assert (found["sol"].price, found["sol"].source) == (Decimal("150.20") * Decimal("0.9990"), "kraken SOL/USDT")
    # no price of USDC here: at its peg
    assert (found["ada"].price, found["ada"].source) == (Decimal("0.5"), "kraken ADA/USDC")
    assert [what for what, _ in kraken.asked].count("Ticker") == 1


async def test_a_pair_with_a_stable_coin_serves_for_dollars_only(prices):
    assert await prices.quotes([SOL], "EUR") == []


async def test_the_market_list_is_read_once(kraken, prices):
    await prices.quotes([BTC], "USD")
    await prices.quotes([BTC], "USD")
    assert [what for what, _ in kraken.asked].count("AssetPairs") == 1


async def test_history_is_daily_before_and_hourly_since_29_days_ago_and_only_of_ended_spans(prices):
    since = NOW - timedelta(days=100)
    found = await prices.history(BTC, "USD", since, NOW)
    border = datetime(2026, 2, 9, tzinfo=UTC)
    days, hours = [q for q in found if q.span == "day"], [q for q in found if q.span == "hour"]
    assert [q.at for q in days] == [datetime(2025, 11, 30, tzinfo=UTC) + timedelta(days=n) for n in range(71)]
    assert days[-1].at + timedelta(days=1) == border == hours[0].at
    assert hours[-1].at == datetime(2026, 3, 10, 11, tzinfo=UTC)  # the hour from 12:00 has not ended
    assert len(hours) == 29 * 24 + 12
    number = int(hours[0].at.timestamp()) // 3600
    with_twenty_places = (Decimal(f"{number}.00000000000000000001") + number + 2) / 2
    assert hours[0].price == with_twenty_places
    assert {q.source for q in found} == {"kraken"}


async def test_what_an_exchange_no_longer_knows_is_left_out(prices):
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert await prices.history(BTC, "USD", long_ago, long_ago + timedelta(days=300)) == []
    assert await prices.history(ETH, "USD", long_ago, NOW) == []


async def test_history_through_a_stable_coin_says_so(prices):
    found = await prices.history(SOL, "USD", NOW - timedelta(hours=3), NOW)
    assert {q.source for q in found} == {"kraken SOL/USDT"}
    assert [q.at.hour for q in found] == [9, 10, 11]


@pytest.mark.parametrize(
    "answer",
    [{"error": ["EService:Unavailable"]}, {"error": ["EGeneral:Permission denied"]}, "<html>maintenance</html>"],
)
async def test_a_failure_is_retry_later_and_never_no_price(kraken, prices, answer):
    await prices.quotes([BTC], "USD")
    kraken.answer = answer
    with pytest.raises(RetryLater):
        await prices.history(BTC, "USD", NOW - timedelta(days=1), NOW)


async def test_a_market_list_that_failed_is_asked_for_again(kraken, prices):
    kraken.answer = {"error": ["EService:Busy"]}
    with pytest.raises(RetryLater):
        await prices.quotes([BTC], "USD")
    kraken.answer = None
    assert len(await prices.quotes([BTC], "USD")) == 1


async def test_a_silent_exchange_costs_its_own_bounded_time_and_is_ready_once_it_answers(kraken):
    told = source(kraken.url)
    slow = ExchangePrices(told, longest_seconds=0.2)
    kraken.hold = True
    begun = asyncio.get_running_loop().time()
    with pytest.raises(RetryLater, match=r"0\.2 seconds"):
        await slow.quotes([BTC], "USD")
    assert asyncio.get_running_loop().time() - begun < 2
    kraken.hold = False
    kraken.silent.set()
    await slow._loading
    assert len(await slow.quotes([BTC], "USD")) == 1
    await slow.aclose()
    await slow.aclose()
    await told.shared.aclose()


async def test_a_closed_port_is_retry_later():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = source(f"http://127.0.0.1:{port}")
    closed = ExchangePrices(told)
    with pytest.raises(RetryLater):
        await closed.quotes([BTC], "USD")
    await closed.aclose()
    await told.shared.aclose()


def test_an_unknown_exchange_is_invalid_input():
    with pytest.raises(InvalidInput):
        ExchangePrices(source("", "krakken"))
