"""Events → priced events → movements in their places, and what of it rests on quotes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.contract import Quote
from service.app import quotes
from service.app.derived import Placed, Raised, Valued
from service.app.ports import App
from service.app.sources import PORTFOLIO
from service.domain import pricing
from service.domain.assets import Coin
from service.domain.movements import PLACES, Movement, moment, of_event, places_of, ticks
from service.domain.reconcile import STATED_VALUE, Event, Kind

_FREE = frozenset({Kind.TRANSFER, Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.LOST, Kind.WORTHLESS, Kind.GIFT_OUT, Kind.FORK, Kind.FEE})
"""Their coins need no value; their fees do."""
_AROUND = timedelta(days=1, hours=1)
"""No quote speaks for a time farther away."""
_APART = timedelta(days=30)
"""Times nearer to each other than this are asked for in one go."""


@dataclass(slots=True)
class ValueChanges:
    movements: dict[str, list[Placed]] = field(default_factory=lambda: defaultdict(list))
    """By row."""
    valued: list[Valued] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)


def rests_on(event: Event, home: str) -> tuple[Coin, ...]:
    """Coins whose quotes may change a value of the event. `home`: id of the portfolio's currency."""
    fees_known = len(event.fee_values) == len(event.fees) and None not in event.fee_values
    if fees_known and (event.kind in _FREE or event.price_source == STATED_VALUE):
        return ()
    coins = {a.coin.id: a.coin for side in (event.sent, event.received, event.fees) for a in side}
    coins.pop(home, None)
    return tuple(coins.values())


async def price_book(app: App, events: Iterable[Event], currency: str) -> pricing.PriceBook:
    """The stored quotes that can speak for these events."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for event in events:
        for coin in rests_on(event, f"fiat:{currency}"):
            times[coin.id].append(event.at)
    spans = {coin: _spans(sorted(at)) for coin, at in times.items()}
    return pricing.PriceBook(await app.store.quotes_within(spans, currency) if spans else [], app.assets, currency)


def _spans(times: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    spans: list[tuple[datetime, datetime]] = []
    for at in times:
        if spans and at - spans[-1][1] < _APART:
            spans[-1] = (spans[-1][0], at + _AROUND)
        else:
            spans.append((at - _AROUND, at + _AROUND))
    return spans


async def touched_rows(app: App, new: Sequence[Quote], currency: str) -> set[str]:
    """Stored rows whose values new quotes may change."""
    book = pricing.PriceBook([], app.assets, currency)
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for quote in new:
        if touched := pricing.touched(quote, book):
            spans[touched.coin].append((ticks(touched.since), ticks(touched.until) - 1))
    found: set[str] = set()
    for coin, some in spans.items():
        found |= await app.store.touched(PORTFOLIO, coin, _merged(sorted(some)))
    return found


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that touch as one."""
    found: list[tuple[int, int]] = []
    for since, until in spans:
        if found and since <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


async def fetch_missing(app: App, events: Sequence[Event], stored: Sequence[tuple[str, int]], currency: str) -> bool:
    """Asks the price sources for what these events, and the rows that are stored without a price, still need; True when something came."""
    resting = [event for event in events if rests_on(event, f"fiat:{currency}")]
    wanted = pricing.wanted(resting, await price_book(app, resting, currency)) if resting else []
    coins = {coin.id: coin for coin in app.assets.coins()}
    wanted += [(coins[coin], moment(at)) for coin, at in stored if coin in coins]
    if not wanted or not app.prices:
        return False
    app.progress.stage("prices", f"{len(wanted)} past prices")
    found = await quotes.fetch_past(app, wanted, currency)
    app.progress.done("prices")
    return found > 0


def valued(events: Iterable[Event], book: pricing.PriceBook) -> ValueChanges:
    """Prices the events and makes their movements. Pure."""
    found = ValueChanges()
    home = f"fiat:{book.currency}"
    for event in events:
        row = event.transactions[0]
        priced, missing = pricing.price_one(event, book)
        if missing:
            found.raised += [Raised("price", row, 0, issue) for issue in missing]
        if coins := rests_on(event, home):
            at, without = ticks(event.at), {issue.subject.rpartition(" ")[2] for issue in missing}
            found.valued += [Valued(coin.id, at, row, coin.id in without) for coin in coins]
        movements, places = _movements(priced)
        mine, place = found.movements[row], event.place
        for n, movement in enumerate(movements):
            mine.append(Placed(movement.coin, movement.at, place, n, row, movement, places))
    found.valued = _each_once(found.valued)
    return found


def _each_once(valued: Iterable[Valued]) -> list[Valued]:
    """Two events of a row at one time rest on the same quotes: missing for one is missing."""
    found: dict[tuple[str, int, str], Valued] = {}
    for one in valued:
        known = found.get(one[:3])
        if known is None or one.missing:
            found[one[:3]] = one
    return list(found.values())


def _movements(event: Event) -> tuple[list[Movement], int]:
    """With the places of their quantities: 18, unless one is finer."""
    try:
        return of_event(event, PLACES), PLACES
    except ValueError:
        places = places_of(a.quantity for side in (event.sent, event.received, event.fees) for a in side if a.coin.kind != "fiat")
        return of_event(event, places), places
