"""Prices from outside into the store: what the ledger still needs of the past, and what the held coins are worth now.

A price source that cannot be reached costs a sync at most a few seconds; what it would have said is then missing and named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from connectors.contract import ConnectorError, PricedAsset, PriceSource, Quote
from service.app.ports import App
from service.domain.assets import Coin

T = TypeVar("T")

LONGEST_SECONDS = 5.0
"""For the current prices of one source, or for its whole past."""
LONGEST_HISTORY_SECONDS = 60.0
SPAN = timedelta(days=300)
"""Daily prices of one coin that one request can answer."""


async def fetch_current(app: App, coins: Iterable[Coin], currency: str) -> int:
    """Asks every source at once; returns how many quotes were new."""
    wanted = [PricedAsset(c.id, c.symbol) for c in coins if c.known and c.kind == "coin"]
    if not wanted or not app.prices:
        return 0
    answers = await asyncio.gather(*(_within(LONGEST_SECONDS, s.quotes(wanted, currency)) for s in app.prices))
    found = [quote for answer in answers for quote in answer or ()]
    return await app.store.save_quotes(found, app.now()) if found else 0


async def fetch_past(app: App, wanted: Sequence[tuple[Coin, datetime]], currency: str) -> int:
    """The first source that has a coin's day wins; a source that fails once is not asked again in this sync."""
    days: dict[Coin, set[datetime]] = {}
    for coin, at in wanted:
        if coin.known and coin.kind == "coin":
            days.setdefault(coin, set()).add(at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
    new = 0
    for source in app.prices:
        if not days:
            break
        try:
            new += await asyncio.wait_for(_past_of(app, source, days, currency), LONGEST_HISTORY_SECONDS)
        except (ConnectorError, TimeoutError):
            continue
    return new


async def _past_of(app: App, source: PriceSource, days: dict[Coin, set[datetime]], currency: str) -> int:
    """Takes what it finds out of `days`."""
    new = 0
    for coin in list(days):
        for since, until in _spans(sorted(days[coin])):
            quotes = await asyncio.wait_for(
                source.history(PricedAsset(coin.id, coin.symbol), currency, since, until + timedelta(days=1)), LONGEST_SECONDS
            )
            asked = [q for q in quotes if _day(q) in days[coin]]
            new += await app.store.save_quotes(asked, app.now())
            days[coin] -= {_day(q) for q in asked}
        if not days[coin]:
            del days[coin]
    return new


def _day(quote: Quote) -> datetime:
    return quote.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _spans(days: list[datetime]) -> list[tuple[datetime, datetime]]:
    """Days gathered into spans that one request can answer: fewest requests first."""
    spans: list[tuple[datetime, datetime]] = []
    for day in days:
        if spans and day - spans[-1][0] < SPAN:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


async def _within(seconds: float, answer: Awaitable[T]) -> T | None:
    """None when it failed or took too long: no opinion, which valuation names."""
    try:
        return await asyncio.wait_for(answer, seconds)
    except (ConnectorError, TimeoutError):
        return None
