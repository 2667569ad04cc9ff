"""Kraken's rules: a signed form with a nonce that rises, pages of fifty from the newest on, errors in the body of a 200.

Source: docs.kraken.com/api, account data, funding and market data, page by page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from service.sandbox import story
from service.sandbox.events import held
from service.sandbox.exchanges import kraken_rows, signatures
from service.sandbox.exchanges.prices import VOLUME, WEEK, candles, quote
from service.sandbox.exchanges.wire import EPOCH, Clock, Key, OnChain, Refused, Row, reply
from service.sandbox.listing import NAMES, PAIRS, Pair, fixed, plain

PAGE = 50
STATUS_PAGE = 500
RECENT = 25
"""Rows of a deposit or withdrawal status that is asked for without a cursor."""
CANDLES = 720
"""So many candles of a length exist at all, the newest."""
READ_RIGHTS = ("query-funds", "query-open-trades", "query-closed-trades", "query-ledger", "export-data")
WRITE_RIGHTS = ("modify-trades", "close-trades", "add-funds", "withdraw-funds")
POCKETS = ("DOT.S", "DOT28.S", "ETH2.S")
INTERVALS = {1, 5, 15, 30, 60, 240, 1440, 10080, 21600}

Fields = Mapping[str, str]


def refusal(word: str) -> Refused:
    return Refused(200, {"error": [word]})


def whole(fields: Fields, name: str, default: int) -> int:
    try:
        return int(fields.get(name) or default)
    except ValueError:
        raise refusal(f"EGeneral:Invalid arguments:{name}") from None


class Kraken:
    """Spot account and public prices."""

    def __init__(self, now: Clock, chain: OnChain, keys: tuple[Key, Key]) -> None:
        self._now = now
        self._keys = {key.name: key for key in keys}
        self._nonces: dict[str, int] = {}
        self._events = story.events("kraken")
        self._rows = kraken_rows.written(self._events, chain)
        self._private: dict[str, Callable[[Fields, Key], Any]] = {
            "BalanceEx": self._balance_ex,
            "Balance": lambda fields, key: {asset: row["balance"] for asset, row in self._balance_ex(fields, key).items()},
            "Ledgers": self._ledgers,
            "TradesHistory": self._trades_history,
            "DepositStatus": lambda fields, _: self._status(fields, self._rows.deposits, "deposits"),
            "WithdrawStatus": lambda fields, _: self._status(fields, self._rows.withdrawals, "withdrawals"),
            "GetApiKeyInfo": self._key_info,
        }

    def limited(self) -> object:
        return {"error": ["EAPI:Rate limit exceeded"]}

    def routes(self) -> list[web.RouteDef]:
        public: dict[str, Callable[[Fields], Any]] = {
            "Time": lambda _: {"unixtime": int(self._now().timestamp()), "rfc1123": f"{self._now():%a, %d %b %y %H:%M:%S +0000}"},
            "SystemStatus": lambda _: {"status": "online", "timestamp": f"{self._now():%Y-%m-%dT%H:%M:%SZ}"},
            "Assets": lambda _: _assets(),
            "AssetPairs": lambda fields: {pair.symbol: _pair(pair) for pair in self._asked(fields)},
            "Ticker": lambda fields: {pair.symbol: self._ticker(pair) for pair in self._asked(fields)},
            "OHLC": self._ohlc,
        }
        return [
            *(web.get(f"/0/public/{name}", _open(answer)) for name, answer in public.items()),
            web.post("/0/private/{method}", self._signed),
        ]

    async def _signed(self, request: web.Request) -> web.Response:
        body, key = await request.text(), self._keys.get(request.headers.get("API-Key", ""))
        if key is None:
            raise refusal("EAPI:Invalid key")
        fields = dict(parse_qsl(body, keep_blank_values=True))
        nonce = fields.pop("nonce", "")
        if not nonce.isdigit():
            raise refusal("EAPI:Invalid nonce")
        if not signatures.equal(signatures.kraken(key.secret, request.path, nonce, body), request.headers.get("API-Sign", "")):
            raise refusal("EAPI:Invalid signature")
        if int(nonce) <= self._nonces.get(key.name, 0):
            raise refusal("EAPI:Invalid nonce")
        self._nonces[key.name] = int(nonce)
        answer = self._private.get(request.match_info["method"])
        if answer is None:
            raise refusal("EGeneral:Unknown method")
        return reply({"error": [], "result": answer(fields, key)})

    # ---- the account

    def _key_info(self, _: Fields, key: Key) -> Any:
        return {
            "apiKeyName": "trader" if key.may_write else "reader",
            "apiKey": key.name,
            "nonce": str(self._nonces[key.name]),
            "nonceWindow": 0,
            "permissions": [*READ_RIGHTS, *(WRITE_RIGHTS if key.may_write else ())],
            "iban": "",
            "validUntil": "0",
            "queryFrom": "0",
            "queryTo": "0",
            "createdTime": str(int(story.NOW.timestamp()) - 30 * 86_400),
            "modifiedTime": str(int(story.NOW.timestamp()) - 30 * 86_400),
            "ipAllowlist": [],
            "lastUsed": str(int(self._now().timestamp())),
        }

    def _balance_ex(self, _: Fields, __: Key) -> dict[str, Any]:
        now = self._now()
        total = held(event for event in self._events if event.at <= now)
        return {
            kraken_rows.code(coin): {"balance": kraken_rows.text(coin, quantity), "hold_trade": kraken_rows.text(coin, Decimal(0))}
            for coin, quantity in total.items()
        }

    def _ledgers(self, fields: Fields, _: Key) -> Any:
        wanted, kinds = set(fields.get("asset", "all").split(",")), fields.get("type", "all")
        found = [
            (name, row)
            for at, name, row in self._rows.ledger
            if at <= self._now() and (wanted & {"all", "", row["asset"]}) and kinds in ("all", row["type"])
        ]
        page, count = self._page(fields, found)
        return {"ledger": page, **({} if fields.get("without_count") == "true" else {"count": count})}

    def _trades_history(self, fields: Fields, _: Key) -> Any:
        found = [(name, row) for at, name, row in self._rows.trades if at <= self._now()]
        page, count = self._page(fields, found)
        if fields.get("ledgers") != "true":
            page = {id_: {key: value for key, value in row.items() if key != "ledgers"} for id_, row in page.items()}
        return {"trades": page, "count": count}

    def _page(self, fields: Fields, rows: list[tuple[str, Row]]) -> tuple[dict[str, Row], int]:
        """Fifty rows from the offset on, newest first, and the count of all; after `start`, up to and with `end`."""
        start, end = self._moment(fields, "start", rows, Decimal(0)), self._moment(fields, "end", rows, Decimal("1e12"))
        found = [(id_, row) for id_, row in rows if start < Decimal(repr(row["time"])) <= end][::-1]
        offset = whole(fields, "ofs", 0)
        return dict(found[offset : offset + PAGE]), len(found)

    @staticmethod
    def _moment(fields: Fields, name: str, rows: list[tuple[str, Row]], default: Decimal) -> Decimal:
        """Seconds, or the id of a row."""
        value = fields.get(name) or ""
        named = next((row["time"] for id_, row in rows if id_ == value), None)
        if named is not None:
            return Decimal(repr(named))
        if value and not value.replace(".", "", 1).isdigit():
            raise refusal(f"EGeneral:Invalid arguments:{name}")
        return Decimal(value) if value else default

    def _status(self, fields: Fields, rows: list[tuple[Any, Row]], word: str) -> Any:
        """With a cursor all of it in pages, else the newest rows only."""
        start, end = self._moment(fields, "start", [], Decimal(0)), self._moment(fields, "end", [], Decimal("1e12"))
        found = [row for at, row in rows if at <= self._now() and start <= row["time"] <= end][::-1]
        found = [row for row in found if fields.get("asset", row["asset"]) == row["asset"]]
        cursor = fields.get("cursor", "false").lower()
        if cursor == "false":
            return found[:RECENT]
        first = 0 if cursor == "true" else whole({"cursor": cursor}, "cursor", 0)
        after = first + min(whole(fields, "limit", STATUS_PAGE), STATUS_PAGE)
        return {word: found[first:after], "next_cursor": str(after) if after < len(found) else None}

    # ---- public

    @staticmethod
    def _asked(fields: Fields) -> list[Pair]:
        listed = PAIRS["kraken"]
        short = {_altname(pair): pair for pair in listed.values()}
        names = fields["pair"].split(",") if fields.get("pair") else list(listed)
        found = [listed.get(name) or short.get(name) for name in names]
        if None in found:
            raise refusal("EQuery:Unknown asset pair")
        return [pair for pair in found if pair is not None]

    def _ticker(self, pair: Pair) -> Row:
        seen, volume = quote(pair, self._now()), fixed(VOLUME, 8)
        last = plain(seen.last)
        return {
            "a": [plain(seen.ask), "1", "1.000"],
            "b": [plain(seen.bid), "1", "1.000"],
            "c": [last, "0.10000000"],
            "v": [volume, volume],
            "p": [last, last],
            "t": [5000, 5000],
            "l": [plain(seen.low)] * 2,
            "h": [plain(seen.high)] * 2,
            "o": plain(seen.open),
        }

    def _ohlc(self, fields: Fields) -> Any:
        """Of any `since`, only the newest 720 candles exist; the last one is still growing."""
        (pair, *more), minutes, now = self._asked(fields), whole(fields, "interval", 1), self._now()
        if more or minutes not in INTERVALS:
            raise refusal("EGeneral:Invalid arguments")
        length = WEEK if minutes == 10080 else minutes * 60
        oldest = now - timedelta(seconds=length * CANDLES)
        since = EPOCH + timedelta(seconds=whole(fields, "since", 0) + 1)
        found = [
            [int(c.start.timestamp()), *map(plain, (c.open, c.high, c.low, c.close, c.close)), fixed(VOLUME, 8), 5000]
            for c in candles(pair, length, max(since, oldest), now, CANDLES + 1)
        ]
        last = found[-2][0] if len(found) > 1 else int(now.timestamp())
        return {pair.symbol: found, "last": last}


def _open(answer: Callable[[Fields], Any]) -> Callable[[web.Request], Any]:
    async def serve(request: web.Request) -> web.Response:
        return reply({"error": [], "result": answer(request.query)})

    return serve


def _short(coin: str) -> str:
    return "XBT" if coin == "BTC" else coin


def _altname(pair: Pair) -> str:
    return f"{_short(pair.base)}{_short(pair.quote)}"


def _assets() -> dict[str, Row]:
    return {
        kraken_rows.code(coin): {
            "aclass": "currency",
            "altname": _short(coin),
            "decimals": kraken_rows.PLACES.get(coin, 10),
            "display_decimals": 2 if coin == "USD" else 5,
            "status": "enabled",
        }
        for coin in (*NAMES, *POCKETS)
    }


def _pair(pair: Pair) -> Row:
    return {
        "altname": _altname(pair),
        "wsname": f"{_short(pair.base)}/{_short(pair.quote)}",
        "aclass_base": "currency",
        "base": kraken_rows.code(pair.base),
        "aclass_quote": "currency",
        "quote": kraken_rows.code(pair.quote),
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": -int(pair.price_step.as_tuple().exponent),
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4], [50000, 0.24]],
        "fees_maker": [[0, 0.25], [50000, 0.14]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.0001",
        "costmin": "0.5",
        "tick_size": plain(pair.price_step),
        "status": "online",
    }
