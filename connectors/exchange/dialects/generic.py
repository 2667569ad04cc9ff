"""Every exchange without a dialect of its own, by ccxt's unified methods.

What these return is one page or what ccxt makes of it, so nothing here is proven: each coverage says so, and the balance check is what shows
a hole. Pages go forward by time, the last instant read again, rows told apart by the exchange's own id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.clients.exchange import NotOffered
from connectors.contract import Asset, Coverage, Cursor, Gap, Page, RawRecord, SourceChanged
from connectors.exchange.dialects.base import Opened, Rights
from connectors.exchange.dialects.generic_rows import waits
from connectors.exchange.normalise import amount, asset
from connectors.exchange.streams import Row, Tally, begins_again, cursor, earliest, instant, millis, reached_to, record, stored

PAGES = 10_000
"""More pages than this of one stream is an exchange that does not move on; it ends in an error, not in silence."""


BEGIN = 1_293_840_000_000
"""2011-01-01 in milliseconds: no exchange that still trades is older."""


@dataclass(frozen=True, slots=True)
class Unified:
    """A unified method and the member of `has` that says whether it is there."""

    has: str
    method: str


METHODS = {
    "trades": Unified("fetchMyTrades", "fetch_my_trades"),
    "deposits": Unified("fetchDeposits", "fetch_deposits"),
    "withdrawals": Unified("fetchWithdrawals", "fetch_withdrawals"),
}


class Generic:
    """One key of any exchange."""

    def __init__(self, opened: Opened) -> None:
        self._ex, self._account, self._now = opened.exchange, opened.account, opened.now
        self._coins: set[str] = set()

    @property
    def streams(self) -> tuple[str, ...]:
        return ("deposits", "withdrawals", "trades")

    async def rights(self) -> Rights:
        """Asks for the balance, which a wrong key cannot read; what else the key may do cannot be told."""
        await self._ex.load_markets()
        await self._ex.unified("fetch_balance")
        return Rights(
            "unverified",
            (
                f"{self._ex.id} offers no way that we know to tell what this key may do: make sure that it can only read.",
                f"thresher reads {self._ex.id} by general methods, which cannot prove that a history is complete.",
            ),
        )

    async def balances(self) -> Mapping[Asset, Decimal]:
        """ccxt's `total` of each currency, under the exchange's raw code."""
        await self._ex.load_markets()
        answer = await self._ex.unified("fetch_balance")
        total = answer.get("total")
        if not isinstance(total, dict):
            raise SourceChanged(f"{self._ex.id} balance: no total")
        return {self._coin(code): amount(value) for code, value in total.items() if value is not None}

    def _raw(self, code: str) -> str:
        known = self._ex.ccxt.currencies.get(code) or {}
        return str(known.get("id") or code)

    def _coin(self, code: str) -> Asset:
        return asset(self._ex.id, self._raw(code))

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        """Pages of one stream, oldest first where the exchange follows `since`; the coverage is "unproven"."""
        unified = METHODS.get(stream)
        if unified is None:
            raise SourceChanged(f"{self._ex.id} has no stream called {stream!r}")
        tally, end = Tally(self._account, stream), millis(self._now())
        await self._ex.load_markets()
        if not self._ex.ccxt.has.get(unified.has):
            yield tally.absent(since, self._now(), f"{self._ex.id} offers no {stream} through the general methods")
            return
        words = stored(since)
        first = None if "until" not in words else max(0, begins_again(words, end))
        waiting: int | None = None
        try:
            try:
                async for rows in self._walk(unified.method, stream, None, first, tally):
                    waiting = earliest(waiting, (millis(one.occurred_at) for one in rows if waits(one)))
                    yield Page(rows, since or cursor({}))
            except NotOffered:
                if stream != "trades":
                    raise
                async for rows in self._by_symbol(unified.method, words, first, tally):  # it tells of trades pair by pair only
                    yield Page(rows, since or cursor({}))
        except NotOffered as absent:
            yield tally.absent(since, self._now(), str(absent))
            return
        why = f"{self._ex.id} was read by general methods, which cannot tell whether rows are missing"
        gap = Gap(None, None, why)
        covered = Coverage(self._account, stream, None, instant(end), f"unproven: {why}", tally.requests, tally.rows, (gap,))
        yield Page((), reached_to(end, waiting, coins=sorted(self._coins)), coverage=(covered,))

    async def _walk(
        self, method: str, stream: str, symbol: str | None, first: int | None, tally: Tally
    ) -> AsyncIterator[tuple[RawRecord, ...]]:
        """Forward by time until a request brings nothing new. A first read begins at BEGIN, since without a time most exchanges give the newest
        page only; some take no time so long ago or answer it with nothing, so it asks without one as well."""
        seen = set[str]()
        for begun in (BEGIN, None) if first is None else (first,):
            at = begun
            for _ in range(PAGES):
                try:
                    rows = await self._ex.unified(method, symbol, at)
                except NotOffered:
                    raise
                except SourceChanged:
                    if at != BEGIN:
                        raise
                    break
                finally:
                    tally.requests += 1
                if not isinstance(rows, list):
                    raise SourceChanged(f"{self._ex.id} {stream}: not a list of rows")
                fresh = [one for one in (self._record(stream, row) for row in rows) if one.key not in seen]
                if not fresh:
                    break
                seen.update(one.key for one in fresh)
                self._coins.update(code for row in rows for code in self._named(row))
                tally.rows += len(fresh)
                at = max(millis(one.occurred_at) for one in fresh)
                yield tuple(fresh)
            else:
                raise SourceChanged(f"{self._ex.id} {stream}: {PAGES} pages and no end")

    async def _by_symbol(
        self, method: str, words: Mapping[str, Any], first: int | None, tally: Tally
    ) -> AsyncIterator[tuple[RawRecord, ...]]:
        """Every spot pair with a coin that is held, came or left, and the coins that its trades bring, to a fixed point."""
        old = set(words.get("coins", ()))
        held = (await self._ex.unified("fetch_balance")).get("total")
        if not isinstance(held, dict):
            raise SourceChanged(f"{self._ex.id} balance: no total")
        self._coins |= old | {code for code, value in held.items() if value is not None and amount(value)}
        asked = set[str]()
        while wanted := sorted(self._pairs() - asked):
            for symbol in wanted:
                asked.add(symbol)
                begun = first if {*symbol.split("/")} & old else None  # a coin that is new here has a past to be read
                async for rows in self._walk(method, "trades", symbol, begun, tally):
                    yield rows

    def _pairs(self) -> set[str]:
        markets = self._ex.ccxt.markets
        return {name for name, m in markets.items() if m.get("spot") and (m["base"] in self._coins or m["quote"] in self._coins)}

    def _named(self, row: Row) -> set[str]:
        """ccxt's codes of the coins that a unified row names."""
        market = self._ex.ccxt.markets.get(row.get("symbol") or "") or {}
        found = {row.get("currency"), (row.get("fee") or {}).get("currency"), market.get("base"), market.get("quote")}
        return {code for code in found if isinstance(code, str)}

    def _record(self, stream: str, row: Row) -> RawRecord:
        """The unified row with its raw one in `info`, and the raw codes of its coins."""
        at = row.get("timestamp")
        if at is None:
            raise SourceChanged(f"{self._ex.id} {stream}: a row without a time")
        kept: dict[str, Any] = {name: value for name, value in row.items() if value is not None}
        codes = {self._code(row, name) for name in ("currency",)} | {self._code(row.get("fee") or {}, "currency")}
        market = self._ex.ccxt.markets.get(row.get("symbol") or "") or {}
        names = {code: self._raw(code) for code in codes if code}
        pair = {"base": market.get("baseId"), "quote": market.get("quoteId")} if market else {}
        key = str(row.get("id") or f"{row.get('txid') or ''}:{at}:{row.get('amount')}")
        symbol = f"{row['symbol']}:" if stream == "trades" and row.get("symbol") else ""
        return record(self._account, stream, f"{symbol}{key}", instant(at), kept, codes=names, **pair)

    @staticmethod
    def _code(row: Mapping[str, Any], name: str) -> str:
        value = row.get(name)
        return value if isinstance(value, str) else ""
