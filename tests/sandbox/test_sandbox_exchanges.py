"""The sandbox's exchanges, asked by the real ccxt clients over loopback: what they tell, and what they refuse."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import aiohttp
import ccxt as ccxt_errors
import pytest
from aiohttp import web

from service.sandbox import NOW, SandboxExchanges, places, story, transfers, wallet
from service.sandbox.events import held
from service.sandbox.exchanges.wire import millis
from service.sandbox.listing import PAIRS
from service.sandbox.market import LAST, price
from tests.sandbox.real_client import BEGIN, DAY, END, amounts, client, spans

# ------------------------------------------------------------------ rows add up to the declared balances


async def test_binance_rows_add_up_to_its_balances(sandbox):
    total = defaultdict(Decimal)

    def add(coin, quantity, sign=1):
        total[coin] += sign * Decimal(quantity)

    async with client(sandbox, "binance") as exchange:
        fills = 0
        for symbol, pair in PAIRS["binance"].items():
            page = await exchange.privateGetMyTrades({"symbol": symbol, "limit": 100, "fromId": 0})
            seen = list(page)
            while len(page) == 100:
                page = await exchange.privateGetMyTrades({"symbol": symbol, "limit": 100, "fromId": int(page[-1]["id"]) + 1})
                seen += page
            assert len({row["id"] for row in seen}) == len(seen)
            fills += len(seen)
            for row in seen:
                sign = 1 if row["isBuyer"] else -1
                add(pair.base, row["qty"], sign)
                add(pair.quote, row["quoteQty"], -sign)
                add(row["commissionAsset"], row["commission"], -1)
        assert fills > 350
        for start, end in spans(90):
            span = {"startTime": start, "endTime": end}
            for row in await exchange.sapiGetCapitalDepositHisrec(span):
                add(row["coin"], row["amount"])
            for row in await exchange.sapiGetCapitalWithdrawHistory(span):
                add(row["coin"], row["amount"], -1)
                add(row["coin"], row["transactionFee"], -1)
            for row in (await exchange.sapiGetAssetAssetDividend({**span, "limit": 500}))["rows"]:
                add(row["asset"], row["amount"])
            for row in (await exchange.sapiGetAssetDribblet(span))["userAssetDribblets"]:
                for part in row["userAssetDribbletDetails"]:
                    add(part["fromAsset"], part["amount"], -1)
                    add(part["targetAsset"], part["transferedAmount"])
        await _binance_monthly(exchange, add)
        whole = {"transactionType": 0, "beginTime": BEGIN, "endTime": END, "rows": 500}
        for row in (await exchange.sapiGetFiatOrders(whole))["data"]:
            add(row["fiatCurrency"], row["amount"])
        for row in (await exchange.sapiGetFiatPayments(whole))["data"]:
            add(row["fiatCurrency"], row["sourceAmount"], -1)
            add(row["cryptoCurrency"], row["obtainAmount"])
        balance = await exchange.fetch_balance()
        declared = {coin: Decimal(quantity) for coin, quantity in balance["total"].items()}
    assert amounts(total) == amounts(declared)
    assert declared["BTC"] > 0


async def _binance_monthly(exchange, add):
    for start, end in spans(30):
        span = {"startTime": start, "endTime": end}
        for row in (await exchange.sapiGetConvertTradeFlow({**span, "limit": 1000}))["list"]:
            add(row["fromAsset"], row["fromAmount"], -1)
            add(row["toAsset"], row["toAmount"])
        for kind in ("Flexible", "Locked"):
            for what, sign in (("Rewards", 1), ("Subscription", -1), ("Redemption", 1)):
                answer = await getattr(exchange, f"sapiGetSimpleEarn{kind}History{what}Record")({**span, "size": 100})
                assert answer["total"] == len(answer["rows"])
                for row in answer["rows"]:
                    add(row["asset"], row.get("rewards") or row["amount"], sign)


async def test_kraken_rows_add_up_to_its_balances(sandbox):
    async with client(sandbox, "kraken") as exchange:
        rows, count = {}, 1
        while len(rows) < count:
            result = (await exchange.privatePostLedgers({"ofs": len(rows), "end": END // 1000}))["result"]
            count = int(result["count"])
            assert len(result["ledger"]) == min(50, count - len(rows))
            rows |= result["ledger"]
        total, latest = defaultdict(Decimal), {}
        for row in reversed(rows.values()):
            total[row["asset"]] += Decimal(row["amount"]) - Decimal(row["fee"])
            latest[row["asset"]] = Decimal(row["balance"])
            assert isinstance(row["time"], float)
        assert dict(total) == latest
        answer = (await exchange.privatePostBalanceEx())["result"]
        assert {asset: Decimal(row["balance"]) for asset, row in answer.items()} == dict(total)
        assert 300 <= count <= 500
        assert {"XXBT", "ZUSD", "DOT.S", "DOT28.S", "ETH2.S"} <= {row["asset"] for row in rows.values()}
        entries = await exchange.fetch_ledger("ETH")
        assert entries
        assert entries[-1]["currency"] == "ETH"


async def test_coinbase_rows_add_up_to_its_balances(sandbox):
    async with client(sandbox, "coinbase") as exchange:
        accounts, cursor = [], ""
        while True:
            answer = await exchange.v3PrivateGetBrokerageAccounts({"limit": 3, **({"cursor": cursor} if cursor else {})})
            accounts += answer["accounts"]
            cursor = answer["cursor"]
            if not answer["has_next"]:
                break
        assert len({row["uuid"] for row in accounts}) == len(accounts) == 10
        sums = {row["currency"]: Decimal(0) for row in accounts}
        types, orders = set(), set()
        for row in accounts:
            request = {"account_id": row["uuid"], "limit": 40, "order": "asc"}
            times = []
            while True:
                page = await exchange.v2PrivateGetAccountsAccountIdTransactions(request)
                for one in page["data"]:
                    assert one["amount"]["currency"] == row["currency"]
                    sums[row["currency"]] += Decimal(one["amount"]["amount"])
                    types.add(one["type"])
                    times.append(one["created_at"])
                    if one["type"] == "advanced_trade_fill":
                        orders.add(one["advanced_trade_fill"]["order_id"])
                following = page["pagination"]["next_starting_after"]
                if following is None:
                    break
                request["starting_after"] = following
            assert times == sorted(times)
        declared = {row["currency"]: Decimal(row["available_balance"]["value"]) + Decimal(row["hold"]["value"]) for row in accounts}
        assert sums == declared
        assert types == {"advanced_trade_fill", "buy", "trade", "send", "interest", "staking_reward", "fiat_deposit", "fiat_withdrawal"}
        assert {row["order_id"] for row in await _fills(exchange)} == orders
        balance = await exchange.fetch_balance({"v3": True})
        assert amounts({c: Decimal(q) for c, q in balance["total"].items()}) == amounts(declared)


async def _fills(exchange):
    fills, cursor = [], ""
    while True:
        answer = await exchange.v3PrivateGetBrokerageOrdersHistoricalFills({"limit": 60, **({"cursor": cursor} if cursor else {})})
        assert len(answer["fills"]) <= 60
        fills += answer["fills"]
        cursor = answer["cursor"]
        if not cursor:
            assert len({row["entry_id"] for row in fills}) == len(fills)
            return fills


async def test_fills_give_the_same_legs_as_coinbase_transactions(sandbox):
    async with client(sandbox, "coinbase") as exchange:
        legs = defaultdict(Decimal)
        for row in await _fills(exchange):
            base, quote = row["product_id"].split("-")
            sign = 1 if row["side"] == "BUY" else -1
            legs[base] += sign * Decimal(row["size"])
            legs[quote] -= sign * Decimal(row["size"]) * Decimal(row["price"]) + Decimal(row["commission"])
        booked = defaultdict(Decimal)
        for coin in ("BTC", "ETH", "SOL", "ADA", "USD"):
            page = {"pagination": {"next_starting_after": None}}
            request = {
                "account_id": next(a["uuid"] for a in (await exchange.v3PrivateGetBrokerageAccounts())["accounts"] if a["currency"] == coin)
            }
            while page is not None:
                page = await exchange.v2PrivateGetAccountsAccountIdTransactions({**request, "limit": 100})
                for row in page["data"]:
                    if row["type"] == "advanced_trade_fill":
                        booked[coin] += Decimal(row["amount"]["amount"])
                request["starting_after"] = page["pagination"]["next_starting_after"]
                page = page if request["starting_after"] else None
    assert booked == legs


# ------------------------------------------------------------------ transfers, as each side names them


async def test_transfers_carry_the_hashes_of_the_chain(sandbox):
    hashes = transfers()
    async with client(sandbox, "binance") as exchange:
        out = {w["info"]["txId"]: w for start, _ in spans(90) for w in await exchange.fetch_withdrawals(None, start, None)}
        into = {d["txid"]: d for start, _ in spans(90) for d in await exchange.fetch_deposits(None, start, None)}
    sent = out[hashes["binance-link-1"]]
    assert (sent["currency"], sent["amount"], sent["fee"]["cost"], sent["address"]) == ("LINK", "400", "0.5", wallet())
    assert sent["datetime"] == "2024-09-10T11:00:00.000Z"
    assert out[hashes["binance-eth-1"]]["amount"] == "6.5"
    came = into[hashes["wallet-binance-1"]]
    assert (came["amount"], came["currency"], came["address"]) == ("2", "ETH", places()["binance-deposit"])
    assert came["datetime"] == "2025-02-11T19:50:00.000Z"

    async with client(sandbox, "kraken") as exchange:
        result = (await exchange.privatePostWithdrawStatus({"cursor": "true", "limit": 2}))["result"]
        rest = (await exchange.privatePostWithdrawStatus({"cursor": result["next_cursor"], "limit": 2}))["result"]
        rows = {row["txid"]: row for row in result["withdrawals"] + rest["withdrawals"]}
        assert rest["next_cursor"] is None
        assert len(await exchange.fetch_deposits("USD")) == 25
    assert rows[hashes["kraken-eth-1"]]["amount"] == "4.0000000000"
    assert rows[hashes["kraken-eth-1"]]["fee"] == "0.0035000000"
    (bitcoin,) = (row for row in rows.values() if row["asset"] == "XXBT")
    assert into[bitcoin["txid"]]["amount"] == "0.35"

    async with client(sandbox, "coinbase") as exchange:
        accounts = (await exchange.v3PrivateGetBrokerageAccounts())["accounts"]
        usdc = next(row["uuid"] for row in accounts if row["currency"] == "USDC")
        page = await exchange.v2PrivateGetAccountsAccountIdTransactions({"account_id": usdc, "limit": 100})
    sends = {"0x" + row["network"]["hash"]: row["amount"]["amount"] for row in page["data"] if row["type"] == "send"}
    assert sends == {hashes["coinbase-usdc-1"]: "-9000", hashes["wallet-coinbase-1"]: "2000"}


# ------------------------------------------------------------------ windows, pages, parameters


async def refused(sandbox, call, params, code):
    async with client(sandbox, "binance") as exchange:
        with pytest.raises(ccxt_errors.BaseError, match=f'"code":{code}'):
            await getattr(exchange, call)(params)


@pytest.mark.parametrize(
    ("call", "params", "code"),
    [
        ("privateGetMyTrades", {"symbol": "BTCUSDT", "startTime": END - DAY - 1, "endTime": END}, -1127),
        ("privateGetMyTrades", {"symbol": "BTCUSDT", "startTime": END, "fromId": 1}, -1128),
        ("privateGetMyTrades", {"symbol": "BTCUSDT", "limit": 1001}, -1130),
        ("privateGetMyTrades", {"symbol": "LUNAUSDT"}, -1121),
        ("privateGetMyTrades", {}, -1102),
        ("privateGetMyTrades", {"symbol": "BTCUSDT", "offset": 5}, -1104),
        ("privateGetMyTrades", {"symbol": "BTCUSDT", "fromId": "x"}, -1100),
        ("sapiGetCapitalDepositHisrec", {"startTime": END - 91 * DAY, "endTime": END}, -4047),
        ("sapiGetCapitalWithdrawHistory", {"startTime": END - 91 * DAY, "endTime": END}, -4047),
        ("sapiGetCapitalDepositHisrec", {"fiat": "true"}, -1104),
        ("sapiGetConvertTradeFlow", {"startTime": END - 31 * DAY, "endTime": END}, -4047),
        ("sapiGetConvertTradeFlow", {"startTime": END}, -1102),
        ("sapiGetAssetDribblet", {"startTime": END - 91 * DAY, "endTime": END}, -4047),
        ("sapiGetSimpleEarnFlexibleHistoryRewardsRecord", {"size": 101}, -1130),
        ("sapiGetSimpleEarnLockedHistoryRewardsRecord", {"startTime": END - 31 * DAY, "endTime": END}, -4047),
        ("sapiGetFiatOrders", {}, -1102),
        ("publicGetTickerPrice", {"symbol": "NOPE"}, -1121),
        ("publicGetKlines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
    ],
)
async def test_binance_refuses_what_it_does_not_offer(sandbox, call, params, code):
    await refused(sandbox, call, params, code)


async def test_binance_pages_and_numbers_are_as_on_the_wire(sandbox):
    async with client(sandbox, "binance") as exchange:
        rows = await exchange.privateGetMyTrades({"symbol": "BTCUSDT"})
        assert {type(row[name]) for row in rows for name in ("id", "time", "orderId")} == {int}
        assert {type(row[name]) for row in rows for name in ("price", "qty", "quoteQty", "commission")} == {str}
        newest = await exchange.privateGetMyTrades({"symbol": "BTCUSDT", "limit": 5})
        assert newest == rows[-5:]
        oldest = await exchange.privateGetMyTrades({"symbol": "BTCUSDT", "startTime": BEGIN, "limit": 5})
        assert oldest == rows[:5]
        day = await exchange.privateGetMyTrades({"symbol": "BTCUSDT", "startTime": rows[0]["time"], "endTime": rows[0]["time"] + DAY})
        assert day == [row for row in rows if row["time"] <= rows[0]["time"] + DAY]
        assert len({row["time"] for row in rows}) < len(rows)  # some fills share a millisecond
        both = {"startTime": millis(datetime(2025, 8, 1, tzinfo=UTC)), "endTime": millis(datetime(2025, 10, 1, tzinfo=UTC))}
        first = await exchange.sapiGetCapitalDepositHisrec({**both, "limit": 1})
        assert len(first) == 1
        assert await exchange.sapiGetCapitalDepositHisrec({**both, "limit": 1, "offset": 1}) == []
        page = {"transactionType": 0, "beginTime": BEGIN, "rows": 20, "page": 3}
        answer = await exchange.sapiGetFiatPayments(page)
        assert (answer["total"], len(answer["data"])) == (54, 14)
        assert (await exchange.sapiGetFiatPayments({"transactionType": 0}))["total"] == 0  # the last 30 days only
        assert await exchange.sapiGetMarginAllPairs() == []
        trades = await exchange.fetch_my_trades("BTC/USDT")
        assert (trades[-1]["symbol"], trades[-1]["fee"]["currency"]) == ("BTC/USDT", "BNB")


async def test_kraken_pages_by_fifty_and_filters(sandbox):
    async with client(sandbox, "kraken") as exchange:
        trades = await exchange.fetch_my_trades()
        assert len(trades) == 50
        assert {t["symbol"] for t in trades} <= {"BTC/USD", "ETH/USD", "SOL/USD", "DOT/USD"}
        result = (await exchange.privatePostLedgers({"asset": "XXBT", "type": "withdrawal"}))["result"]
        assert result["count"] == 1
        ((name, row),) = result["ledger"].items()
        assert (row["amount"], row["fee"]) == ("-0.3500000000", "0.0000200000")
        assert (await exchange.privatePostLedgers({"end": name}))["result"]["count"] < (await exchange.privatePostLedgers())["result"][
            "count"
        ]
        after = (await exchange.privatePostLedgers({"start": row["time"]}))["result"]["ledger"]
        assert name not in after
        with pytest.raises(ccxt_errors.ExchangeError, match="Unknown method"):
            await exchange.privatePostOpenOrders()


async def test_coinbase_says_what_follows_and_refuses_a_foreign_wallet(sandbox):
    async with client(sandbox, "coinbase") as exchange:
        with pytest.raises(ccxt_errors.BaseError):
            await exchange.v2PrivateGetAccountsAccountIdTransactions({"account_id": "not-a-wallet"})
        accounts = await exchange.v2PrivateGetAccounts({"limit": 4})
        assert len(accounts["data"]) == 4
        assert accounts["pagination"]["next_uri"]
        end = "2024-01-01T00:00:00.000Z"
        fills = (await exchange.v3PrivateGetBrokerageOrdersHistoricalFills({"end_sequence_timestamp": end}))["fills"]
        assert fills
        assert max(row["trade_time"] for row in fills) < end
        request = {"granularity": "ONE_DAY", "start": str(BEGIN // 1000), "end": str(BEGIN // 1000 + 351 * 86_400)}
        with pytest.raises(ccxt_errors.BaseError, match="350"):
            await exchange.v3PublicGetBrokerageMarketProductsProductIdCandles({"product_id": "BTC-USD", **request})


async def test_what_lies_after_the_clock_has_not_happened_yet():
    early = datetime(2023, 6, 1, tzinfo=UTC)
    async with SandboxExchanges(now=lambda: early) as sandbox:
        async with client(sandbox, "binance", at=early) as exchange:
            balance = await exchange.fetch_balance()
            trades = await exchange.privateGetMyTrades({"symbol": "BTCUSDT"})
        async with client(sandbox, "kraken", at=early) as exchange:
            ledger = (await exchange.privatePostLedgers())["result"]
        async with client(sandbox, "coinbase", at=early) as exchange:
            fills = await _fills(exchange)
    assert trades
    assert max(row["time"] for row in trades) <= millis(early)
    expected = held(e for e in story.events("binance") if e.at <= early)
    assert Decimal(balance["total"]["BTC"]) == expected["BTC"]
    assert max(row["time"] for row in ledger["ledger"].values()) <= early.timestamp()
    assert max(row["trade_time"] for row in fills) < "2023-06-01"


# ------------------------------------------------------------------ markets and prices


async def test_markets_and_prices_agree_on_all_three(sandbox):
    last, ohlcv = {}, {}
    since = millis(datetime(2026, 1, 1, tzinfo=UTC))
    for name, symbol in (("binance", "BTC/USDT"), ("kraken", "BTC/USD"), ("coinbase", "BTC/USD")):
        async with client(sandbox, name) as exchange:
            markets = await exchange.load_markets()
            assert symbol in markets
            assert len(markets) == len(PAIRS[name])
            tickers = await exchange.fetch_tickers([symbol])
            last[name] = Decimal(tickers[symbol]["last"])
            assert Decimal((await exchange.fetch_ticker(symbol))["last"]) == last[name]
            ohlcv[name] = await exchange.fetch_ohlcv(symbol, "1d", since, 100)
            assert ohlcv[name][0][0] == since
            assert len(ohlcv[name]) >= 100
    assert last["coinbase"] == Decimal("71936.48")
    assert last["kraken"] == Decimal("71936.5")
    assert abs(last["binance"] * price("USDT", LAST) - last["coinbase"]) < Decimal("0.02")
    for one, other in zip(ohlcv["kraken"][:100], ohlcv["coinbase"][:100], strict=True):
        assert one[0] == other[0]
        assert abs(Decimal(one[4]) - Decimal(other[4])) <= Decimal("0.06")
        assert Decimal(other[3]) <= Decimal(other[4]) <= Decimal(other[2])


async def test_prices_need_no_key(sandbox):
    for name, symbol in (("binance", "ETH/USDT"), ("kraken", "ETH/USD"), ("coinbase", "ETH/USD")):
        async with client(sandbox, name, {}) as exchange:
            tickers = await exchange.fetch_tickers()
            assert symbol in tickers
            assert len(tickers) == len(PAIRS[name])
            hours = await exchange.fetch_ohlcv(symbol, "1h", millis(NOW) - 5 * 3_600_000)
            assert len(hours) >= 5
            assert Decimal(hours[-1][4]) == Decimal(tickers[symbol]["last"])


async def test_candles_have_the_horizon_of_each_exchange(sandbox):
    async with client(sandbox, "kraken") as exchange:
        rows = await exchange.fetch_ohlcv("BTC/USD", "1d", BEGIN)
        assert len(rows) == 720
        assert rows[-1][0] == millis(NOW) - 12 * 3_600_000
    async with client(sandbox, "binance") as exchange:
        assert len(await exchange.fetch_ohlcv("BTC/USDT", "1d", BEGIN, 1000)) == 1000
        weeks = await exchange.fetch_ohlcv("BTC/USDT", "1w", millis(datetime(2026, 1, 1, tzinfo=UTC)), 2)
        assert [datetime.fromtimestamp(row[0] / 1000, UTC).weekday() for row in weeks] == [0, 0]
        early = await exchange.fetch_ohlcv("BTC/USDT", "1d", BEGIN - 30 * DAY, 3)
        assert early[0][0] == BEGIN


# ------------------------------------------------------------------ a server that misbehaves


async def test_requests_are_logged_and_faults_come_first(sandbox):
    def broken(request):
        return web.Response(text="<html>busy</html>", status=503) if request.path == "/api/v3/account" else None

    async with client(sandbox, "binance") as exchange:
        await exchange.publicGetTime()
        sandbox.faults.append(broken)
        with pytest.raises(ccxt_errors.ExchangeNotAvailable):
            await exchange.privateGetAccount()
        sandbox.faults.clear()
        await exchange.privateGetAccount()
        sandbox.latency = 0.05
        started = time.monotonic()
        await asyncio.gather(*(exchange.publicGetTime() for _ in range(5)))
        assert 0.05 <= time.monotonic() - started < 1
    assert sandbox.requests == [("GET", "/api/v3/time"), *[("GET", "/api/v3/account")] * 2, *[("GET", "/api/v3/time")] * 5]


async def test_too_many_requests_are_told_to_wait():
    async with SandboxExchanges(now=lambda: NOW, per_minute=3) as sandbox, aiohttp.ClientSession() as session:
        for name, path in (("binance", "/api/v3/time"), ("kraken", "/0/public/Time"), ("coinbase", "/v2/time")):
            for expected in (200, 200, 200, 429):
                async with session.get(sandbox.base[name] + path) as answer:
                    assert answer.status == expected
                    assert (int(answer.headers.get("Retry-After", 0)) > 0) is (expected == 429)


async def test_keys_are_the_same_in_every_run(sandbox):
    async with SandboxExchanges(now=lambda: NOW) as another:
        assert another.credentials == sandbox.credentials
        assert another.over_privileged == sandbox.over_privileged
        assert another.base != sandbox.base
