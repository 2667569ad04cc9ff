"""Candles and tickers of the exchanges, all from the one price path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from service.sandbox.exchanges.wire import EPOCH
from service.sandbox.listing import Pair
from service.sandbox.market import FIRST, candle, rate

LISTED = datetime.combine(FIRST, time(), UTC)
"""There is no candle before it."""
VOLUME = Decimal("1250.5")
"""Of every candle and day: no part of the story depends on it."""
WEEK = 7 * 86_400
_MONDAY = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Candle:
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """The last day up to now."""

    last: Decimal
    bid: Decimal
    ask: Decimal
    open: Decimal
    high: Decimal
    low: Decimal


def frame(at: datetime, length: int) -> datetime:
    """The start of the candle of so many seconds that holds the moment; weeks begin on Monday."""
    shift = _MONDAY if length == WEEK else timedelta()
    width = timedelta(seconds=length)
    return at - (at - EPOCH - shift) % width


def candles(pair: Pair, length: int, first: datetime, last: datetime, most: int) -> list[Candle]:
    """At most so many, oldest first, of those that start between the two moments."""
    width = timedelta(seconds=length)
    start = frame(max(first, LISTED), length)
    if start < first:
        start += width
    found: list[Candle] = []
    while start <= last and len(found) < most:
        found.append(Candle(start, *candle(pair.base, pair.quote, pair.price_step, start, length)))
        start += width
    return found


def quote(pair: Pair, now: datetime) -> Quote:
    last = rate(pair.base, pair.quote, now.date(), pair.price_step)
    opened, high, low, _ = candle(pair.base, pair.quote, pair.price_step, frame(now, 86_400), 86_400)
    return Quote(last, last - pair.price_step, last + pair.price_step, opened, high, low)
