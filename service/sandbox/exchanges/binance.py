"""Binance's rules: signed queries, a parameter that is not read is refused, and every endpoint has its own window and page.

Windows and page sizes follow developers.binance.com, spot API and wallet API, page by page; where a page is silent, what other readers of the API found.
Endpoints for things that never happened in the story answer in their empty shape.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from service.sandbox import story
from service.sandbox.events import held
from service.sandbox.exchanges import binance_rows as rows
from service.sandbox.exchanges import signatures
from service.sandbox.exchanges.prices import VOLUME, WEEK, candles, quote
from service.sandbox.exchanges.wire import EPOCH, Clock, Key, OnChain, Refused, Row, millis, number_of, reply
from service.sandbox.listing import NAMES, PAIRS, Pair, plain

DAY = 86_400_000
SIGNING = frozenset({"timestamp", "recvWindow", "signature"})
WRITES = (
    "enableWithdrawals",
    "enableInternalTransfer",
    "enableMargin",
    "enableFutures",
    "permitsUniversalTransfer",
    "enableVanillaOptions",
    "enablePortfolioMarginTrading",
    "enableFixApiTrade",
    "enableSpotAndMarginTrading",
)
INTERVALS = {
    **{f"{n}m": 60 * n for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": 3600 * n for n in (1, 2, 4, 6, 8, 12)},
    "1d": 86_400,
    "3d": 259_200,
    "1w": WEEK,
}
_C2C = {"code": "000000", "message": "success", "data": [], "total": 0, "success": True}
_REBATE = {"page": 1, "totalRecords": 0, "totalPageNum": 0, "data": []}
NOTHING: Mapping[str, Any] = {
    "/sapi/v1/margin/allPairs": [],
    "/sapi/v1/margin/allAssets": [],
    "/sapi/v1/margin/isolated/allPairs": [],
    "/sapi/v1/asset/transfer": {"total": 0, "rows": []},
    "/sapi/v1/simple-earn/flexible/position": {"rows": [], "total": 0},
    "/sapi/v1/simple-earn/locked/position": {"rows": [], "total": 0},
    "/sapi/v1/eth-staking/eth/history/stakingHistory": {"rows": [], "total": 0},
    "/sapi/v1/eth-staking/eth/history/redemptionHistory": {"rows": [], "total": 0},
    "/sapi/v1/eth-staking/eth/history/rewardsHistory": {"rows": [], "total": 0},
    "/sapi/v1/eth-staking/eth/history/wbethRewardsHistory": {"estRewardsInETH": "0", "rows": [], "total": 0},
    "/sapi/v1/sol-staking/sol/history/stakingHistory": {"rows": [], "total": 0},
    "/sapi/v1/sol-staking/sol/history/redemptionHistory": {"rows": [], "total": 0},
    "/sapi/v1/sol-staking/sol/history/bnsolRewardsHistory": {"estRewardsInSOL": "0", "rows": [], "total": 0},
    "/sapi/v1/sol-staking/sol/history/boostRewardsHistory": {"rows": [], "total": 0},
    "/sapi/v1/staking/stakingRecord": [],
    "/sapi/v1/c2c/orderMatch/listUserOrderHistory": _C2C,
    "/sapi/v1/pay/transactions": {"code": "000000", "message": "success", "data": [], "success": True},
    "/sapi/v1/mining/payment/list": {"code": 0, "msg": "", "data": {"accountProfits": [], "totalNum": 0, "pageSize": 20}},
    "/sapi/v1/rebate/taxQuery": {"status": "OK", "type": "GENERAL", "code": "000000000", "data": _REBATE},
}

Query = Mapping[str, str]
Answer = Callable[[Query], Any]


def refusal(code: int, message: str, status: int = 400) -> Refused:
    return Refused(status, {"code": code, "msg": message})


def whole(query: Query, name: str, default: int) -> int:
    """Raises Refused for a value that is no whole number."""
    try:
        return int(query.get(name, default))
    except ValueError:
        raise refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.") from None


def needed(query: Query, name: str) -> str:
    if not query.get(name):
        raise refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return query[name]


class Binance:
    """Spot account, wallet and earn endpoints, and public prices."""

    def __init__(self, now: Clock, chain: OnChain, keys: tuple[Key, Key]) -> None:
        self._now = now
        self._keys = {key.name: key for key in keys}
        self._events = events = story.events("binance")
        self._trades = rows.trades(events)
        self._deposits, self._withdrawals = rows.deposits(events, chain), rows.withdrawals(events, chain)
        self._orders = {kind: rows.fiat_orders(events, outgoing=kind == "1") for kind in "01"}
        self._payments: dict[str, rows.Timed] = {"0": rows.purchases(events), "1": []}
        self._converts, self._dust, self._dividends = rows.converts(events), rows.dust(events), rows.dividends(events)
        self._earn: dict[tuple[str, str], rows.Timed] = {}
        for kind in ("flexible", "locked"):
            self._earn[kind, "rewardsRecord"] = rows.earned(events, kind)
            self._earn[kind, "subscriptionRecord"] = rows.parked(events, kind, back=False)
            self._earn[kind, "redemptionRecord"] = rows.parked(events, kind, back=True)

    def limited(self) -> object:
        return {"code": -1003, "msg": "Too many requests; please use the websocket for live updates."}

    def routes(self) -> list[web.RouteDef]:
        public: dict[str, tuple[Answer, str]] = {
            "/api/v3/ping": (lambda _: {}, ""),
            "/api/v3/time": (lambda _: {"serverTime": millis(self._now())}, ""),
            "/api/v3/exchangeInfo": (self._exchange_info, "symbol symbols permissions showPermissionSets symbolStatus"),
            "/api/v3/ticker/24hr": (self._tickers, "symbol symbols type"),
            "/api/v3/ticker/price": (self._last_prices, "symbol symbols"),
            "/api/v3/klines": (self._klines, "symbol interval startTime endTime timeZone limit"),
            "/fapi/v1/exchangeInfo": (self._no_contracts, ""),
            "/dapi/v1/exchangeInfo": (self._no_contracts, ""),
        }
        span = "startTime endTime"
        signed: dict[str, tuple[Answer, str]] = {
            "/api/v3/account": (self._account, "omitZeroBalances"),
            "/api/v3/myTrades": (self._my_trades, f"symbol orderId {span} fromId limit"),
            "/sapi/v1/capital/config/getall": (self._coins, ""),
            "/sapi/v1/capital/deposit/hisrec": (self._deposit_history, f"includeSource coin status {span} offset limit txId"),
            "/sapi/v1/capital/withdraw/history": (self._withdraw_history, f"coin withdrawOrderId status offset limit idList {span}"),
            "/sapi/v1/fiat/orders": (lambda q: self._fiat(q, self._orders), "transactionType beginTime endTime page rows"),
            "/sapi/v1/fiat/payments": (lambda q: self._fiat(q, self._payments), "transactionType beginTime endTime page rows"),
            "/sapi/v1/convert/tradeFlow": (self._trade_flow, f"{span} limit"),
            "/sapi/v1/asset/dribblet": (self._dribblet, f"accountType {span}"),
            "/sapi/v1/asset/assetDividend": (self._asset_dividend, f"asset {span} limit"),
            **{
                f"/sapi/v1/simple-earn/{kind}/history/{what}": (self._earn_history(kind, what), f"{names} asset {span} current size")
                for (kind, what), names in ((key, "productId projectId purchaseId redeemId positionId type") for key in self._earn)
            },
            **{path: (_always(empty), "*") for path, empty in NOTHING.items()},
        }
        return [
            *(web.get(path, self._open(*how)) for path, how in public.items()),
            *(web.get(path, self._signed(*how)) for path, how in signed.items()),
            web.get("/sapi/v1/account/apiRestrictions", self._restrictions),
        ]

    # ---- requests

    def _open(self, answer: Answer, allowed: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        names = frozenset(allowed.split())

        async def serve(request: web.Request) -> web.Response:
            self._only(request.query, names)
            return reply(answer(request.query))

        return serve

    def _signed(self, answer: Answer, allowed: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        names = None if allowed == "*" else frozenset(allowed.split()) | SIGNING

        async def serve(request: web.Request) -> web.Response:
            self._verified(request)
            if names is not None:
                self._only(request.query, names)
            return reply(answer(request.query))

        return serve

    @staticmethod
    def _only(query: Query, names: frozenset[str]) -> None:
        if unread := [name for name in query if name not in names]:
            raise refusal(
                -1104, f"Not all sent parameters were read; read '{len(query) - len(unread)}' parameter(s) but was sent '{len(query)}'."
            )

    def _verified(self, request: web.Request) -> Key:
        """Raises Refused unless the key is known, the query is signed with it, and it was signed just now."""
        key = self._keys.get(request.headers.get("X-MBX-APIKEY", ""))
        if key is None:
            raise refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        signed, _, signature = request.raw_path.partition("?")[2].rpartition("&signature=")
        if not signature:
            raise refusal(-1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.")
        if not signatures.equal(signatures.binance(key.secret, signed), signature):
            raise refusal(-1022, "Signature for this request is not valid.")
        needed(request.query, "timestamp")
        window = whole(request.query, "recvWindow", 5000)
        if window > 60_000:
            raise refusal(-1131, "recvWindow must be less than 60000.")
        late = millis(self._now()) - whole(request.query, "timestamp", 0)
        if late < -1000:
            raise refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if late > window:
            raise refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
        return key

    async def _restrictions(self, request: web.Request) -> web.Response:
        key = self._verified(request)
        rights = {name: key.may_write and name in WRITES[:1] + WRITES[-1:] for name in WRITES}
        return reply({"ipRestrict": False, "createTime": millis(story.NOW - timedelta(days=30)), "enableReading": True, **rights})

    # ---- the account

    def _held(self) -> dict[str, Decimal]:
        now = self._now()
        return {coin: quantity for coin, quantity in held(e for e in self._events if e.at <= now).items() if ":" not in coin}

    def _account(self, query: Query) -> Any:
        balances = {**dict.fromkeys(NAMES, Decimal(0)), **self._held()}
        if query.get("omitZeroBalances") == "true":
            balances = {coin: quantity for coin, quantity in balances.items() if quantity}
        rates = {"maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00000000", "seller": "0.00000000"}
        return {
            "makerCommission": 10,
            "takerCommission": 10,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": rates,
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": millis(max((e.at for e in self._events if e.at <= self._now()), default=EPOCH)),
            "accountType": "SPOT",
            "balances": [{"asset": coin, "free": rows.eight(quantity), "locked": "0.00000000"} for coin, quantity in balances.items()],
            "permissions": ["SPOT"],
            "uid": number_of("binance account", digits=9),
        }

    def _my_trades(self, query: Query) -> Any:
        symbol = needed(query, "symbol")
        if symbol not in PAIRS["binance"]:
            raise refusal(-1121, "Invalid symbol.")
        limit = whole(query, "limit", 500)
        if not 1 <= limit <= 1000:
            raise refusal(-1130, "Data sent for parameter 'limit' is not valid.")
        start, end = whole(query, "startTime", 0), whole(query, "endTime", millis(self._now()))
        timed = "startTime" in query or "endTime" in query
        if timed and "fromId" in query:
            raise refusal(-1128, "Combination of optional parameters invalid.")
        if "startTime" in query and "endTime" in query and end - start > DAY:
            raise refusal(-1127, "More than 24 hours between startTime and endTime.")
        found = [row for at, row in self._trades.get(symbol, ()) if at <= self._now()]
        if "orderId" in query:
            found = [row for row in found if row["orderId"] == whole(query, "orderId", 0)]
        if "fromId" in query:
            return [row for row in found if row["id"] >= whole(query, "fromId", 0)][:limit]
        found = [row for row in found if start <= row["time"] <= end]
        return found[:limit] if "startTime" in query else found[-limit:]

    def _coins(self, _: Query) -> Any:
        balances = self._held()
        return [self._coin(coin, name, balances.get(coin, Decimal(0))) for coin, name in NAMES.items()]

    @staticmethod
    def _coin(coin: str, name: str, free: Decimal) -> Row:
        network = {
            "network": rows.NETWORKS.get(coin, "ETH"),
            "coin": coin,
            "withdrawIntegerMultiple": "0.00000001",
            "isDefault": True,
            "depositEnable": True,
            "withdrawEnable": True,
            "name": name,
            "withdrawFee": "0.001",
            "withdrawMin": "0.002",
            "withdrawMax": "100000",
            "minConfirm": 12,
            "unLockConfirm": 64,
        }
        return {
            "coin": coin,
            "depositAllEnable": True,
            "withdrawAllEnable": True,
            "name": name,
            "free": plain(free),
            **dict.fromkeys(("locked", "freeze", "withdrawing", "ipoing", "ipoable", "storage"), "0"),
            "isLegalMoney": coin == "USD",
            "trading": coin != "USD",
            "networkList": [] if coin == "USD" else [network],
        }

    # ---- windows

    def _between(self, query: Query, timed: rows.Timed, widest: int, *, usual: int = 0, begin: str = "startTime") -> list[Row]:
        """The rows of the asked span, oldest first. Raises Refused for a span that is too wide."""
        now = millis(self._now())
        end = whole(query, "endTime", now)
        start = whole(query, begin, end - (usual or widest))
        if start > end:
            raise refusal(-1128, "Combination of optional parameters invalid.")
        if end - start > widest:
            raise refusal(-4047, f"Time interval must be within 0-{widest // DAY} days")
        return [row for at, row in timed if start <= millis(at) <= end and at <= self._now()]

    def _by_offset(self, query: Query, timed: rows.Timed) -> list[Row]:
        found = self._between(query, timed, 90 * DAY)[::-1]
        for name in ("coin", "status", "txId"):
            found = [row for row in found if name not in query or str(row[name]) == query[name]]
        offset = whole(query, "offset", 0)
        return found[offset : offset + min(whole(query, "limit", 1000), 1000)]

    def _deposit_history(self, query: Query) -> Any:
        return self._by_offset(query, self._deposits)

    def _withdraw_history(self, query: Query) -> Any:
        return self._by_offset(query, self._withdrawals)

    def _fiat(self, query: Query, by_kind: Mapping[str, rows.Timed]) -> Any:
        """Without a begin the last 30 days; with one, as wide as you like."""
        kind = needed(query, "transactionType")
        if kind not in by_kind:
            raise refusal(-1130, "Data sent for parameter 'transactionType' is not valid.")
        found = self._between(query, by_kind[kind], 100 * 365 * DAY, usual=30 * DAY, begin="beginTime")[::-1]
        size, page = min(whole(query, "rows", 100), 500), whole(query, "page", 1)
        data = found[(page - 1) * size : page * size]
        return {"code": "000000", "message": "success", "data": data, "total": len(found), "success": True}

    def _trade_flow(self, query: Query) -> Any:
        start, end = needed(query, "startTime"), needed(query, "endTime")
        limit = whole(query, "limit", 100)
        if not 1 <= limit <= 1000:
            raise refusal(-1130, "Data sent for parameter 'limit' is not valid.")
        found = self._between(query, self._converts, 30 * DAY)[::-1]
        return {"list": found[:limit], "startTime": int(start), "endTime": int(end), "limit": limit, "moreData": len(found) > limit}

    def _dribblet(self, query: Query) -> Any:
        found = self._between(query, self._dust, 90 * DAY)[::-1]
        return {"total": len(found), "userAssetDribblets": found[:100]}

    def _asset_dividend(self, query: Query) -> Any:
        found = [r for r in self._between(query, self._dividends, 180 * DAY)[::-1] if query.get("asset", r["asset"]) == r["asset"]]
        return {"rows": found[: min(whole(query, "limit", 20), 500)], "total": len(found)}

    def _earn_history(self, kind: str, what: str) -> Answer:
        def serve(query: Query) -> Any:
            found = self._between(query, self._earn[kind, what], 30 * DAY)[::-1]
            if what == "rewardsRecord" and kind == "flexible" and query.get("type", "ALL") != "ALL":
                found = [row for row in found if row["type"] == query["type"]]
            found = [row for row in found if query.get("asset", row["asset"]) == row["asset"]]
            size, page = whole(query, "size", 10), whole(query, "current", 1)
            if not 1 <= size <= 100 or page < 1:
                raise refusal(-1130, "Data sent for parameter 'size' is not valid.")
            return {"rows": found[(page - 1) * size : page * size], "total": len(found)}

        return serve

    # ---- public

    def _no_contracts(self, _: Query) -> Any:
        return {"timezone": "UTC", "serverTime": millis(self._now()), "rateLimits": [], "exchangeFilters": [], "symbols": []}

    def _exchange_info(self, query: Query) -> Any:
        return {
            "timezone": "UTC",
            "serverTime": millis(self._now()),
            "rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}],
            "exchangeFilters": [],
            "symbols": [_symbol(pair) for pair in self._asked(query)],
        }

    @staticmethod
    def _asked(query: Query) -> list[Pair]:
        listed = PAIRS["binance"]
        try:
            names = [query["symbol"]] if "symbol" in query else json.loads(query["symbols"]) if "symbols" in query else list(listed)
            return [listed[name] for name in names]
        except ValueError:
            raise refusal(-1100, "Illegal characters found in parameter 'symbols'.") from None
        except (KeyError, TypeError):
            raise refusal(-1121, "Invalid symbol.") from None

    def _tickers(self, query: Query) -> Any:
        found = [self._ticker(pair) for pair in self._asked(query)]
        return found[0] if "symbol" in query else found

    def _ticker(self, pair: Pair) -> Row:
        now, seen = self._now(), quote(pair, self._now())
        change = seen.last - seen.open
        return {
            "symbol": pair.symbol,
            "priceChange": rows.eight(change),
            "priceChangePercent": f"{change / seen.open * 100:.3f}",
            "weightedAvgPrice": rows.eight(seen.last),
            "prevClosePrice": rows.eight(seen.open),
            "lastPrice": rows.eight(seen.last),
            "lastQty": rows.eight(pair.lot_step),
            "bidPrice": rows.eight(seen.bid),
            "bidQty": rows.eight(Decimal(1)),
            "askPrice": rows.eight(seen.ask),
            "askQty": rows.eight(Decimal(1)),
            "openPrice": rows.eight(seen.open),
            "highPrice": rows.eight(seen.high),
            "lowPrice": rows.eight(seen.low),
            "volume": rows.eight(VOLUME),
            "quoteVolume": rows.eight((VOLUME * seen.last).quantize(Decimal("1e-8"))),
            "openTime": millis(now) - DAY,
            "closeTime": millis(now),
            "firstId": 1,
            "lastId": 5000,
            "count": 5000,
        }

    def _last_prices(self, query: Query) -> Any:
        found = [{"symbol": p.symbol, "price": rows.eight(quote(p, self._now()).last)} for p in self._asked(query)]
        return found[0] if "symbol" in query else found

    def _klines(self, query: Query) -> Any:
        needed(query, "symbol")
        (pair,) = self._asked(query)
        length = INTERVALS.get(needed(query, "interval"))
        if length is None:
            raise refusal(-1120, "Invalid interval.")
        now, most = self._now(), min(whole(query, "limit", 500), 1000)
        last = min(now, EPOCH + timedelta(milliseconds=whole(query, "endTime", millis(now))))
        first = last - timedelta(seconds=length * most) + timedelta(milliseconds=1)
        if "startTime" in query:
            first = EPOCH + timedelta(milliseconds=whole(query, "startTime", 0))
        volume = rows.eight(VOLUME)
        return [
            [
                millis(c.start),
                *map(rows.eight, (c.open, c.high, c.low, c.close)),
                volume,
                millis(c.start) + length * 1000 - 1,
                rows.eight((VOLUME * c.close).quantize(Decimal("1e-8"))),
                5000,
                volume,
                volume,
                "0",
            ]
            for c in candles(pair, length, first, last, most)
        ]


def _always(body: Any) -> Answer:
    return lambda _: body


def _symbol(pair: Pair) -> Row:
    places = {f"{side}Precision": 8 for side in ("baseAsset", "quote", "quoteAsset", "baseCommission", "quoteCommission")}
    return {
        "symbol": pair.symbol,
        "status": "TRADING",
        "baseAsset": pair.base,
        "quoteAsset": pair.quote,
        **places,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": rows.eight(pair.price_step),
                "maxPrice": "1000000.00000000",
                "tickSize": rows.eight(pair.price_step),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": rows.eight(pair.lot_step),
                "maxQty": "9000000.00000000",
                "stepSize": rows.eight(pair.lot_step),
            },
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "maxNotional": "9000000.00000000"},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
    }
