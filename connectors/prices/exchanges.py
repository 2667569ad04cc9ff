"""Prices from an exchange's public data, through ccxt: what a coin costs now, and what it cost on a day.

- A coin's own pair with the currency goes first. For USD a pair with USDT or USDC serves where there is none: multiplied by that stable coin's
  own USD price where the exchange quotes it, else at its peg; the quote's source then names the pair ("binance SOL/USDT"), so that a holder
  sees what stands behind the figure.
- Current: the last trade if it lies between bid and ask, else the middle of the two (the last trade of a thin market may be old).
- Historic: the middle of a span's open and close, hourly for the last 29 days (the exchange with the shortest memory keeps 720 candles),
  daily before. A span that has not ended is left out: quotes are kept for good, and its price would still move.
- A pair that does not exist is left out; an exchange that cannot answer within `longest_seconds` is RetryLater. Loading its market list goes
  on behind that, so that a slow exchange is ready at the next call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from connectors.clients.exchange import NotOffered, strict_exchange
from connectors.contract import AccessDenied, PricedAsset, Quote, RetryLater, Source, SourceChanged

LONGEST_SECONDS = 4.5
"""For one answer, so that an unreachable exchange costs a sync less than 5 s."""
PEGGED = ("USDT", "USDC")
RECENT = timedelta(days=29)
SHORTEST_PAGE = 300
"""Candles that every exchange of ours gives in one answer (Coinbase's limit)."""
MOST_PAGES = 40
"""Requests for one span of the past."""

EPOCH = datetime.fromtimestamp(0, UTC)
Span = Literal["hour", "day"]
_LENGTH: dict[Span, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_FRAME: dict[Span, str] = {"hour": "1h", "day": "1d"}


class ExchangePrices:
    """A PriceSource over one exchange: Source.name is its ccxt id, settings["base_url"] an address of one's own. No key is used."""

    def __init__(self, source: Source, longest_seconds: float = LONGEST_SECONDS) -> None:
        self.name = source.name
        self._now, self._longest_seconds = source.now, longest_seconds
        self._exchange = strict_exchange(
            source.name,
            now=source.now,
            shared=source.shared,
            rate_scale=source.rate_scale,
            base_url=source.settings.get("base_url") or None,
        )
        self._loading: asyncio.Task[Mapping[str, Any]] | None = None

    def __repr__(self) -> str:
        return f"ExchangePrices({self.name!r})"

    async def quotes(self, assets: Sequence[PricedAsset], currency: str) -> list[Quote]:
        """One request for all pairs where the exchange has such a call. Raises RetryLater."""
        async with self._bounded():
            markets = await self._markets()
            chosen = {asset: pair for asset in assets if (pair := _pair(markets, asset.symbol, currency, open_only=True))}
            wanted = set(chosen.values()) | {own for pair in chosen.values() if (own := _stable(markets, pair, currency))}
            tickers = await self._tickers(sorted(wanted))
        now, found = self._now(), []
        for asset, pair in chosen.items():
            price, source = _ticker_price(tickers.get(pair)), self.name
            if not pair.endswith(f"/{currency}"):
                own = _stable(markets, pair, currency)
                rate = _ticker_price(tickers.get(own)) if own else None
                price, source = (price * rate if price and rate else price), f"{self.name} {pair}"
            if price:
                found.append(Quote(asset.id, currency, price, _instant(tickers[pair].get("timestamp"), now), source))
        return found

    async def history(self, asset: PricedAsset, currency: str, since: datetime, until: datetime) -> list[Quote]:
        """Ended spans that touch [since, until], oldest first; days before 29 days ago, hours after. Raises RetryLater."""
        async with self._bounded():
            markets = await self._markets()
            pair = _pair(markets, asset.symbol, currency, open_only=False)
            if pair is None:
                return []
            frames = self._exchange.ccxt.timeframes or {}
            border = _floor(self._now() - RECENT, "day") if "1h" in frames else self._now()
            found = await self._candles(pair, "day", since, min(until, border - timedelta(microseconds=1))) if "1d" in frames else {}
            hours = await self._candles(pair, "hour", max(since, border), until)
        source = self.name if pair.endswith(f"/{currency}") else f"{self.name} {pair}"
        days = [Quote(asset.id, currency, price, at, source, "day") for at, price in sorted(found.items())]
        return days + [Quote(asset.id, currency, price, at, source, "hour") for at, price in sorted(hours.items())]

    async def aclose(self) -> None:
        """Closing twice does nothing."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
            self._loading = None
        await self._exchange.aclose()

    # ---- asking

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Whatever a public endpoint does, no price is no reason to stop: every failure is RetryLater."""
        try:
            async with asyncio.timeout(self._longest_seconds):
                yield
        except TimeoutError:
            raise RetryLater(f"{self.name} gave no prices within {self._longest_seconds:g} seconds") from None
        except (AccessDenied, SourceChanged) as wrong:
            raise RetryLater(f"{self.name} gives no prices: {wrong}") from None

    async def _markets(self) -> Mapping[str, Any]:
        if self._loading is None or (self._loading.done() and (self._loading.cancelled() or self._loading.exception())):
            self._loading = asyncio.create_task(self._exchange.load_markets())
        return await asyncio.shield(self._loading)

    async def _tickers(self, pairs: list[str]) -> Mapping[str, Any]:
        if not pairs:
            return {}
        if self._exchange.ccxt.has.get("fetchTickers"):
            answer = await self._exchange.unified("fetch_tickers", pairs)
        else:
            answer = {pair: await self._exchange.unified("fetch_ticker", pair) for pair in pairs}
        if not isinstance(answer, dict):
            raise SourceChanged("tickers are no table")
        return answer

    async def _candles(self, pair: str, span: Span, since: datetime, until: datetime) -> dict[datetime, Decimal]:
        """Start of each ended span that touches [since, until] → its price. A span without trades is passed over."""
        length, at, ended = _LENGTH[span], _floor(since, span), self._now() - _LENGTH[span]
        last = min(until, ended)
        found: dict[datetime, Decimal] = {}
        for _ in range(MOST_PAGES):
            if at > last:
                break
            limit = (last - at) // length + 1
            try:
                rows = await self._exchange.unified("fetch_ohlcv", pair, _FRAME[span], _milliseconds(at), limit)
            except NotOffered:
                break
            if not isinstance(rows, list):
                raise SourceChanged("candles are no list")
            page = {start: price for row in rows if (start := _time(row[0])) >= at and (price := _middle(row[1], row[4]))}
            found.update((start, price) for start, price in page.items() if start <= last)
            at = (max(page) if page else at + (SHORTEST_PAGE - 1) * length) + length
        return found


# ------------------------------------------------------------------ choosing and reading, pure


def _pair(markets: Mapping[str, Any], symbol: str, currency: str, *, open_only: bool) -> str | None:
    """The spot pair that prices a coin, its own currency first."""
    quotes = (currency, *PEGGED) if currency == "USD" and symbol not in PEGGED else (currency,)
    for quote in quotes:
        market = markets.get(f"{symbol}/{quote}")
        if market and market.get("spot") and (market.get("active") is not False or not open_only):
            return f"{symbol}/{quote}"
    return None


def _stable(markets: Mapping[str, Any], pair: str, currency: str) -> str | None:
    """The pair that prices the stable coin of `pair`; None where none is needed or listed."""
    quote = pair.rpartition("/")[2]
    return None if quote == currency else _pair(markets, quote, currency, open_only=True)


def _number(value: object) -> Decimal | None:
    """A positive decimal from text or a whole number; a float is refused, since its digits are not the source's."""
    if isinstance(value, float) or value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None


def _middle(low: object, high: object) -> Decimal | None:
    first, second = _number(low), _number(high)
    return (first + second) / 2 if first and second else None


def _ticker_price(ticker: Mapping[str, Any] | None) -> Decimal | None:
    if not ticker:
        return None
    last, bid, ask = (_number(ticker.get(key)) for key in ("last", "bid", "ask"))
    if bid and ask and bid <= ask and not (last and bid <= last <= ask):
        return (bid + ask) / 2
    return last


def _instant(milliseconds: object, latest: datetime) -> datetime:
    """An exchange's time stamp; `latest` where it gives none or one that lies ahead."""
    if milliseconds is None:
        return latest
    return min(_time(milliseconds), latest)


def _time(milliseconds: object) -> datetime:
    return EPOCH + timedelta(milliseconds=int(str(milliseconds)))


def _milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def _floor(at: datetime, span: Span) -> datetime:
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return at if span == "hour" else at.replace(hour=0)
