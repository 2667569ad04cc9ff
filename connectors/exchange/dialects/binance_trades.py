"""Binance trades: which symbols to ask for, and each of them to its end.

Whoever trades pays with something that they have. So: every coin that came in by another stream or is held → every pair that has it on either
side → the trades → the coins that these brought → again, until nothing new turns up. That finds each listed pair, also of coins bought and
sold to the last unit. It is many requests, so it is done at first and once a week; in between, the pairs traded before and those between two known
coins are asked, which does not prove that no other was traded: the coverage ends with the last full walk. Pairs taken off the list are tried by name with the old quote coins; "no such symbol" is remembered.

One symbol: `startTime` once, then `fromId` = last + 1, which no burst within a millisecond can slip through; a short page is its end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from connectors.clients.exchange import NotOffered, StrictExchange
from connectors.contract import Cursor, Page, SourceChanged
from connectors.exchange.streams import DAY, OVERLAP, Row, Rows, Tally, cursor, instant, listed, millis, record, stored

LAUNCH = millis(datetime(2017, 7, 1, tzinfo=UTC))
PAGE = 1000
SCAN_EVERY = 7 * DAY
SAVE_EVERY = 50
"""Symbols without a row between two pages that only save how far the walk has come."""
QUOTES = ("USDT", "BTC", "ETH", "BNB", "BUSD", "USDC", "FDUSD", "TUSD", "PAX", "USDS", "UST", "EUR", "GBP", "TRY")
"""Quote coins of pairs that may have been taken off the list."""
RETIRED_QUOTES = ("BUSD", "PAX", "USDS", "UST")

Pair = tuple[str, str]


class Trades:
    """The stream "trades" of one key."""

    def __init__(
        self, exchange: StrictExchange, account: str, now: Callable[[], datetime], named_since: Callable[[int], Awaitable[set[str]]]
    ) -> None:
        self._ex, self._account, self._now, self._named_since = exchange, account, now, named_since

    async def pages(self, since: Cursor | None) -> AsyncIterator[Page]:
        """Resumes an interrupted walk where it stood; ends with the proof. Cursor: read (symbol → ms), traded, assets, absent, scanned, walk."""
        state = _State(stored(since))
        tally = Tally(self._account, "trades")
        pairs = await self._pairs()
        if state.walk is None:
            start = millis(self._now())
            state.walk = {"end": start, "full": start - state.scanned >= SCAN_EVERY, "at": None}
        named = await self._named_since(max(0, state.assets_until - OVERLAP))
        state.assets |= named
        while wanted := state.wanted(pairs):
            for number, (symbol, pair) in enumerate(wanted.items(), 1):
                async for rows in self._symbol(symbol, state, tally):
                    state.assets.update(pair, (row["commissionAsset"] for row in rows))
                    state.traded.add(symbol)
                    yield Page(tuple(self._record(row, pair) for row in rows), state.cursor())
                if number % SAVE_EVERY == 0:
                    yield Page((), state.cursor())
        scan = state.finish()
        proof = (
            f"short page of each of {len(state.read)} symbols, to a fixed point of {len(state.assets)} coins, all pairs asked on {instant(scan):%Y-%m-%d}; "
            "since then only pairs traded before and pairs of two known coins"
        )
        yield Page((), state.cursor(), coverage=tally.proven(scan, proof))

    async def _pairs(self) -> dict[str, Pair]:
        """symbol → (base, quote) of every listed spot pair."""
        rows = listed(await self._ex.call("publicGetExchangeInfo"), "symbols")
        try:
            return {str(row["symbol"]): (str(row["baseAsset"]), str(row["quoteAsset"])) for row in rows}
        except KeyError as missing:
            raise SourceChanged(f"binance exchangeInfo: a symbol without {missing.args[0]}") from None

    async def _symbol(self, symbol: str, state: _State, tally: Tally) -> AsyncIterator[Rows]:
        params: dict[str, Any] = {"symbol": symbol, "limit": PAGE}
        at = (state.walk or {}).get("at")
        if at and at[0] == symbol:
            params["fromId"] = at[1]
        else:
            params["startTime"] = max(LAUNCH, state.read.get(symbol, 0) - OVERLAP)
        while True:
            try:
                rows = listed(await self._ex.call("privateGetMyTrades", params))
            except NotOffered:
                if state.probing(symbol):
                    state.absent.add(symbol)
                    return
                raise
            finally:
                tally.requests += 1
            tally.rows += len(rows)
            following = max((int(row["id"]) for row in rows), default=-1) + 1
            if len(rows) < PAGE:
                state.done(symbol)
                if rows:
                    yield rows
                return
            state.at(symbol, following)
            yield rows
            params = {"symbol": symbol, "limit": PAGE, "fromId": following}

    def _record(self, row: Row, pair: Pair) -> Any:
        return record(self._account, "trades", f"{row['symbol']}:{row['id']}", instant(row["time"]), row, base=pair[0], quote=pair[1])


class _State:
    """What the cursor says."""

    def __init__(self, words: dict[str, Any]) -> None:
        self.read: dict[str, int] = dict(words.get("read", {}))
        self.traded: set[str] = set(words.get("traded", ()))
        self.assets: set[str] = set(words.get("assets", ()))
        self.absent: set[str] = set(words.get("absent", ()))
        self.assets_until = int(words.get("assets_until", 0))
        self.scanned = int(words.get("scanned", 0))
        self.until = int(words.get("until", 0))
        self.walk: dict[str, Any] | None = words.get("walk")
        self._listed: frozenset[str] = frozenset()

    def wanted(self, pairs: dict[str, Pair]) -> dict[str, Pair]:
        """Symbols that this walk still has to ask for, with what they are made of."""
        walk = self.walk or {}
        begun = (walk.get("at") or [""])[0]  # goes on first where it was cut
        self._listed = frozenset(pairs)
        found: dict[str, Pair] = {}
        for symbol, (base, quote) in pairs.items():
            near = (base in self.assets) + (quote in self.assets)
            if symbol in self.traded or near == 2 or (near == 1 and (walk["full"] or symbol not in self.read)):
                found[symbol] = (base, quote)
        bases = {base for base, _ in pairs.values()}
        for base in self.assets:
            for quote in RETIRED_QUOTES if base in bases else QUOTES:
                symbol = base + quote
                if base != quote and symbol not in pairs and (walk["full"] or symbol in self.traded or symbol not in self.read):
                    found[symbol] = (base, quote)
        return {
            symbol: found[symbol]
            for symbol in sorted(found, key=lambda s: (s != begun, s))
            if symbol not in self.absent and self.read.get(symbol, -1) < walk["end"]
        }

    def probing(self, symbol: str) -> bool:
        """Whether the symbol is our own guess at a pair that is no longer listed."""
        return symbol not in self._listed

    def at(self, symbol: str, following: int) -> None:
        assert self.walk is not None
        self.walk["at"] = [symbol, following]

    def done(self, symbol: str) -> None:
        assert self.walk is not None
        self.walk["at"] = None
        self.read[symbol] = self.walk["end"]

    def finish(self) -> int:
        """Ends the walk; the time of the last full one, in milliseconds: as far as the stream is proven."""
        assert self.walk is not None
        self.until = self.assets_until = self.walk["end"]
        if self.walk["full"]:
            self.scanned = self.walk["end"]
        self.walk = None
        return self.scanned

    def cursor(self) -> Cursor:
        return cursor(
            {
                "read": self.read,
                "traded": sorted(self.traded),
                "assets": sorted(self.assets),
                "absent": sorted(self.absent),
                "assets_until": self.assets_until,
                "scanned": self.scanned,
                "until": self.until,
                "walk": self.walk,
            }
        )
