"""Coinbase's rules: a signed token for each request, pages by cursor (v3) and by last id (v2), a key that sees one portfolio.

Source: docs.cdp.coinbase.com, Advanced Trade REST API (v3) and track APIs (v2), page by page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from service.sandbox import story
from service.sandbox.events import held
from service.sandbox.exchanges import coinbase_rows, signatures
from service.sandbox.exchanges.prices import VOLUME, candles, quote
from service.sandbox.exchanges.wire import EPOCH, Clock, Key, OnChain, Refused, Row, id_of, iso, millis, reply
from service.sandbox.listing import NAMES, PAIRS, Pair, plain
from service.sandbox.market import price

ACCOUNTS, TRANSACTIONS, FILLS, CANDLES = 250, 100, 250, 350
"""Most rows of a page."""
SKEW = timedelta(seconds=30)
GRANULARITIES = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1800,
    "ONE_HOUR": 3600,
    "TWO_HOUR": 7200,
    "FOUR_HOUR": 14_400,
    "SIX_HOUR": 21_600,
    "ONE_DAY": 86_400,
}
FIAT = {"USD": "US Dollar", "EUR": "Euro", "GBP": "British Pound"}


def refusal(status: int, word: str, message: str) -> Refused:
    return Refused(status, {"error": word, "error_details": message, "message": message})


def whole(request: web.Request, name: str, default: int, most: int) -> int:
    """A number of the query, not above the most."""
    try:
        value = int(request.query.get(name) or default)
    except ValueError:
        raise refusal(400, "INVALID_ARGUMENT", f"{name} is not a number") from None
    return min(max(value, 0), most)


class Coinbase:
    """One portfolio's wallets and fills, and public prices."""

    def __init__(self, now: Clock, chain: OnChain, keys: tuple[Key, Key]) -> None:
        self._now = now
        self._keys = {key.name: key for key in keys}
        self._public = {key.name: signatures.coinbase_public(key.secret) for key in keys}
        self._events = story.events("coinbase")
        self._rows = coinbase_rows.written(self._events, chain)

    def limited(self) -> object:
        return {
            "error": "RATE_LIMIT_EXCEEDED",
            "message": "too many requests",
            "errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}],
        }

    def routes(self) -> list[web.RouteDef]:
        v3 = "/api/v3/brokerage"
        return [
            web.get("/v2/time", self._open(self._v2_time)),
            web.get("/v2/currencies", self._open(lambda _: {"data": [{"id": c, "name": n, "min_size": "0.01"} for c, n in FIAT.items()]})),
            web.get("/v2/currencies/crypto", self._open(lambda _: {"data": _crypto()})),
            web.get("/v2/exchange-rates", self._open(self._rates)),
            web.get(
                "/v2/user",
                self._signed(lambda _: {"data": {"id": id_of("coinbase user"), "resource": "user", "resource_path": "/v2/user"}}),
            ),
            web.get("/v2/accounts", self._signed(self._v2_accounts)),
            web.get("/v2/accounts/{id}/transactions", self._signed(self._transactions)),
            web.get(f"{v3}/time", self._open(self._v3_time)),
            web.get(f"{v3}/key_permissions", self._permissions),
            web.get(f"{v3}/transaction_summary", self._signed(self._summary)),
            web.get(f"{v3}/accounts", self._signed(self._accounts)),
            web.get(f"{v3}/orders/historical/fills", self._signed(self._fills)),
            *self._products(f"{v3}/market/products", self._open),
            *self._products(f"{v3}/products", self._signed),
        ]

    def _products(self, path: str, guarded: Callable[[Callable[[web.Request], Any]], Any]) -> list[web.RouteDef]:
        return [
            web.get(path, guarded(self._listed)),
            web.get(f"{path}/{{id}}", guarded(lambda request: self._product(self._pair(request)))),
            web.get(f"{path}/{{id}}/candles", guarded(self._candles)),
            web.get(f"{path}/{{id}}/ticker", guarded(self._ticker)),
        ]

    # ---- requests

    @staticmethod
    def _open(answer: Callable[[web.Request], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            return reply(answer(request))

        return serve

    def _signed(self, answer: Callable[[web.Request], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            self._verified(request)
            return reply(answer(request))

        return serve

    def _verified(self, request: web.Request) -> Key:
        """Raises 401 unless a known key signed a token for this method and path that holds now, for two minutes at most."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        claims = signatures.coinbase_claims(token, self._public)
        if claims is None:
            raise web.HTTPUnauthorized(text="Unauthorized\n")
        named = str(claims.get("uri", "")).replace("http://", "").replace("https://", "")  # a client on http leaves the scheme inside
        if named != f"{request.method} {request.host}{request.path}":
            raise web.HTTPUnauthorized(text="Unauthorized\n")
        begins, ends, now = claims.get("nbf"), claims.get("exp"), self._now().timestamp()
        if not isinstance(begins, int) or not isinstance(ends, int) or ends - begins > 120:
            raise web.HTTPUnauthorized(text="Unauthorized\n")
        if not begins - SKEW.total_seconds() <= now < ends:
            raise web.HTTPUnauthorized(text="Unauthorized\n")
        return self._keys[claims["sub"]]

    async def _permissions(self, request: web.Request) -> web.Response:
        write = self._verified(request).may_write
        portfolio = {"portfolio_uuid": id_of("coinbase portfolio"), "portfolio_type": "DEFAULT"}
        return reply({"can_view": True, "can_trade": write, "can_transfer": write, **portfolio})

    # ---- the account

    def _held(self) -> dict[str, Decimal]:
        now = self._now()
        return {**dict.fromkeys(NAMES, Decimal(0)), **held(event for event in self._events if event.at <= now)}

    def _accounts(self, request: web.Request) -> Any:
        limit, first = whole(request, "limit", 49, ACCOUNTS), whole(request, "cursor", 0, 10**6)
        found = [_account(coin, quantity) for coin, quantity in self._held().items()]
        page, after = found[first : first + limit], first + limit
        more = after < len(found)
        return {"accounts": page, "has_next": more, "cursor": str(after) if more else "", "size": len(page)}

    def _v2_accounts(self, request: web.Request) -> Any:
        return self._v2_page(request, [_v2_account(coin, quantity) for coin, quantity in self._held().items()], "/v2/accounts", ACCOUNTS)

    def _transactions(self, request: web.Request) -> Any:
        wallet = request.match_info["id"]
        if wallet not in map(coinbase_rows.wallet_id, NAMES):
            raise Refused(404, {"errors": [{"id": "not_found", "message": "Not found"}]})
        found = [row for at, row in self._rows.transactions.get(wallet, ()) if at <= self._now()]
        return self._v2_page(request, found, f"/v2/accounts/{wallet}/transactions", TRANSACTIONS)

    @staticmethod
    def _v2_page(request: web.Request, found: list[Row], path: str, most: int) -> Any:
        """Rows after an id, newest first unless asked otherwise."""
        limit, order = whole(request, "limit", 25, most), request.query.get("order", "desc")
        ordered = found if order == "asc" else found[::-1]
        after = request.query.get("starting_after")
        first = 0
        if after is not None:
            place = next((n for n, row in enumerate(ordered) if row["id"] == after), None)
            if place is None:
                raise Refused(400, {"errors": [{"id": "invalid_request", "message": "starting_after: not found"}]})
            first = place + 1
        data = ordered[first : first + limit]
        following = data[-1]["id"] if data and first + limit < len(ordered) else None
        pagination = {
            "ending_before": None,
            "starting_after": after,
            "previous_ending_before": None,
            "next_starting_after": following,
            "limit": limit,
            "order": order,
            "previous_uri": None,
            "next_uri": f"{path}?limit={limit}&order={order}&starting_after={following}" if following else None,
        }
        return {"pagination": pagination, "data": data}

    def _fills(self, request: web.Request) -> Any:
        """Newest first."""
        limit, first = whole(request, "limit", 100, FILLS), whole(request, "cursor", 0, 10**9)
        query = request.query
        begin, end = (_moment(query.get(f"{name}_sequence_timestamp")) for name in ("start", "end"))
        products = query.getall("product_ids", query.getall("product_id", []))
        found = [
            row
            for at, row in self._rows.fills[::-1]
            if at <= min(self._now(), end or self._now())
            and (begin is None or at >= begin)
            and (not products or row["product_id"] in products)
        ]
        after = first + limit
        return {"fills": found[first:after], "cursor": str(after) if after < len(found) else ""}

    def _summary(self, _: web.Request) -> Any:
        tier = {"pricing_tier": "Advanced 1", "usd_from": "0", "usd_to": "1000", "taker_fee_rate": "0.006", "maker_fee_rate": "0.004"}
        return {"total_volume": 0, "total_fees": 0, "fee_tier": tier, "margin_rate": None, "goods_and_services_tax": None}

    # ---- public

    def _v2_time(self, _: web.Request) -> Any:
        now = self._now()
        return {"data": {"iso": f"{now:%Y-%m-%dT%H:%M:%SZ}", "epoch": int(now.timestamp())}}

    def _v3_time(self, _: web.Request) -> Any:
        now = self._now()
        return {"iso": iso(now), "epochSeconds": str(int(now.timestamp())), "epochMillis": str(millis(now))}

    def _rates(self, request: web.Request) -> Any:
        """How much of each coin one unit of the asked one buys."""
        currency, day = request.query.get("currency", "USD"), self._now().date()
        if currency not in NAMES:
            raise Refused(400, {"errors": [{"id": "invalid_request", "message": "Invalid currency"}]})
        rates = {coin: plain((price(currency, day) / price(coin, day)).quantize(Decimal("1e-12"))) for coin in NAMES}
        return {"data": {"currency": currency, "rates": rates}}

    def _pair(self, request: web.Request) -> Pair:
        pair = PAIRS["coinbase"].get(request.match_info["id"])
        if pair is None:
            raise refusal(404, "NOT_FOUND", "product not found")
        return pair

    def _listed(self, request: web.Request) -> Any:
        wanted = request.query.getall("product_ids", [])
        spot = request.query.get("product_type", "SPOT") in ("SPOT", "UNKNOWN_PRODUCT_TYPE")
        found = [self._product(pair) for pair in PAIRS["coinbase"].values() if spot and (not wanted or pair.symbol in wanted)]
        return {"products": found, "num_products": len(found)}

    def _product(self, pair: Pair) -> Row:
        seen = quote(pair, self._now())
        flags = ("watched", "is_disabled", "new", "cancel_only", "limit_only", "post_only", "trading_disabled", "auction_mode", "view_only")
        return {
            "product_id": pair.symbol,
            "price": plain(seen.last),
            "price_percentage_change_24h": f"{(seen.last - seen.open) / seen.open * 100:.8f}",
            "volume_24h": plain(VOLUME),
            "volume_percentage_change_24h": "0",
            "base_increment": plain(pair.lot_step),
            "quote_increment": plain(pair.price_step),
            "quote_min_size": "1",
            "quote_max_size": "10000000",
            "base_min_size": plain(pair.lot_step),
            "base_max_size": "100000",
            "base_name": NAMES[pair.base],
            "quote_name": NAMES[pair.quote],
            **dict.fromkeys(flags, False),
            "status": "online",
            "product_type": "SPOT",
            "quote_currency_id": pair.quote,
            "base_currency_id": pair.base,
            "fcm_trading_session_details": None,
            "mid_market_price": "",
            "alias": "",
            "alias_to": [],
            "base_display_symbol": pair.base,
            "quote_display_symbol": pair.quote,
            "price_increment": plain(pair.price_step),
            "display_name": pair.symbol,
            "product_venue": "CBE",
            "approximate_quote_24h_volume": plain(VOLUME * seen.last),
        }

    def _ticker(self, request: web.Request) -> Any:
        pair, now = self._pair(request), self._now()
        seen = quote(pair, now)
        trade = {
            "trade_id": "1",
            "product_id": pair.symbol,
            "price": plain(seen.last),
            "size": "0.1",
            "time": iso(now),
            "side": "BUY",
            "bid": "",
            "ask": "",
        }
        return {"trades": [trade], "best_bid": plain(seen.bid), "best_ask": plain(seen.ask)}

    def _candles(self, request: web.Request) -> Any:
        """Newest first; a span of more than 350 is refused."""
        pair, length = self._pair(request), GRANULARITIES.get(request.query.get("granularity", ""))
        if length is None or not {"start", "end"} <= request.query.keys():
            raise refusal(400, "INVALID_ARGUMENT", "start, end and granularity are required")
        start, end = (EPOCH + timedelta(seconds=whole(request, name, 0, 10**11)) for name in ("start", "end"))
        if end - start > timedelta(seconds=length * CANDLES):
            raise refusal(400, "INVALID_ARGUMENT", "number of candles requested should be less than 350")
        found = candles(pair, length, start, min(end, self._now()), min(whole(request, "limit", CANDLES, CANDLES), CANDLES))
        return {
            "candles": [
                {
                    "start": str(int(c.start.timestamp())),
                    "low": plain(c.low),
                    "high": plain(c.high),
                    "open": plain(c.open),
                    "close": plain(c.close),
                    "volume": plain(VOLUME),
                }
                for c in reversed(found)
            ]
        }


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise refusal(400, "INVALID_ARGUMENT", "not a time stamp") from None


def _account(coin: str, quantity: Decimal) -> Row:
    return {
        "uuid": coinbase_rows.wallet_id(coin),
        "name": f"{coin} Wallet",
        "currency": coin,
        "available_balance": {"value": plain(quantity), "currency": coin},
        "default": True,
        "active": True,
        "created_at": "2022-12-01T10:00:00.000Z",
        "updated_at": "2022-12-01T10:00:00.000Z",
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if coin in FIAT else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": {"value": "0", "currency": coin},
        "retail_portfolio_id": id_of("coinbase portfolio"),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def _v2_account(coin: str, quantity: Decimal) -> Row:
    wallet, fiat = coinbase_rows.wallet_id(coin), coin in FIAT
    currency = {"code": coin, "name": NAMES[coin], "color": "#000000", "exponent": 2 if fiat else 8, "type": "fiat" if fiat else "crypto"}
    return {
        "id": wallet,
        "name": f"{coin} Wallet",
        "primary": True,
        "type": "fiat" if fiat else "wallet",
        "balance": {"amount": plain(quantity), "currency": coin},
        "created_at": "2022-12-01T10:00:00Z",
        "updated_at": "2022-12-01T10:00:00Z",
        "resource": "account",
        "resource_path": f"/v2/accounts/{wallet}",
        "currency": currency,
        "allow_deposits": True,
        "allow_withdrawals": True,
    }


def _crypto() -> list[Row]:
    return [
        {
            "asset_id": id_of("coinbase asset", coin),
            "code": coin,
            "name": name,
            "color": "#000000",
            "sort_index": 100 + number,
            "exponent": 8,
            "type": "crypto",
            "address_regex": "",
        }
        for number, (coin, name) in enumerate(NAMES.items())
        if coin not in FIAT
    ]
