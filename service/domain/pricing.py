"""Events → events with fair values, each with its source; a missing price is an Issue, never zero.

Worked example. Bought 2 ETH for 5,000 USD with a fee of 0.001 ETH: the money says what it was worth, 5,000 USD, and 2,500 USD
an ETH, so the fee is 2.50 USD; no quote is asked. 1 ETH swapped for 0.05 BTC: worth what was received, by the nearest quote
of BTC; else by that of ETH; else unknown, and an Issue says which coin and day to import.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from connectors.contract import Quote
from service.domain.assets import AssetTable, Coin
from service.domain.issues import Issue, IssueKind
from service.domain.money import exact, share, total
from service.domain.reconcile import STATED_VALUE, Amount, Event, Kind

NEAR = timedelta(hours=1)
"""An instant's price speaks for this long before and after it."""
_ONE = Decimal(1)
_SPANS = {"instant": timedelta(0), "hour": timedelta(hours=1), "day": timedelta(days=1)}
"""In the order in which they are asked."""
_TRADED = frozenset({Kind.BUY, Kind.SELL, Kind.SWAP})
_VALUED = _TRADED | {Kind.INCOME, Kind.SPEND, Kind.GIFT_IN}


class PriceBook:
    """Past prices of all coins in one currency. Immutable once built; the same quotes in any order give the same answers."""

    def __init__(self, quotes: Iterable[Quote], table: AssetTable, currency: str) -> None:
        self.currency = currency
        self._table = table
        by: dict[tuple[str, str], list[Quote]] = defaultdict(list)
        for quote in quotes:
            if quote.currency == currency:
                by[self.coin_of(quote), quote.span].append(quote)
        self._money = f"fiat:{currency}"
        self._by = {key: sorted(found, key=lambda q: (q.at, q.source, q.price)) for key, found in by.items()}
        self._times = {key: [q.at for q in found] for key, found in self._by.items()}

    def coin_of(self, quote: Quote) -> str:
        """Canonical id of what the quote is a price of."""
        coin = self._table.find(quote.asset)
        return coin.id if coin else quote.asset

    def at(self, coin: Coin, when: datetime) -> tuple[Decimal, str] | None:
        """Price of one unit and where it is from; None when no quote speaks for that time.

        An instant within an hour before an hour before a day; of one kind the nearest; of several sources the median.
        """
        if coin.id == self._money:
            return _ONE, "money"
        for span in _SPANS:
            found = self._touching(coin.id, span, when)
            if len(found) == 1:
                return found[0].price, f"{found[0].source}:{span}"
            if found:
                with exact():
                    return median([q.price for q in found]), f"{'+'.join(sorted({q.source for q in found}))}:{span}"
        if coin.peg == self.currency:
            return _ONE, f"peg:{coin.peg}"
        return None

    def _touching(self, coin: str, span: str, when: datetime) -> list[Quote]:
        """The nearest quotes of this span that speak for `when`."""
        times = self._times.get((coin, span))
        if times is None:
            return []
        if span == "instant":
            low, high = bisect_left(times, when - NEAR), bisect_right(times, when + NEAR)
        else:
            low, high = bisect_right(times, when - _SPANS[span]), bisect_right(times, when)
        touching = self._by[coin, span][low:high]
        if len(touching) < 2:
            return touching
        near = min(abs(q.at - when) for q in touching)
        return [q for q in touching if abs(q.at - when) == near]


def wanted(events: Sequence[Event], book: PriceBook) -> list[tuple[Coin, datetime]]:
    """(coin, time) of every fair value that cannot be had yet, each once, in order of time."""
    missing: dict[tuple[str, datetime], Coin] = {}
    for event in events:
        for coin in () if _all_stated(event) else _missing(_priced(event, book), book):
            missing.setdefault((coin.id, event.at), coin)
    return [(coin, at) for (_, at), coin in missing.items()]


def price(events: Iterable[Event], book: PriceBook) -> tuple[list[Event], list[Issue]]:
    """The events with the values that can be known in the book's currency; the others keep None and get an Issue each."""
    priced: list[Event] = []
    issues: list[Issue] = []
    for event in events:
        valued, missing = price_one(event, book)
        priced.append(valued)
        issues += missing
    return priced, issues


def price_one(event: Event, book: PriceBook) -> tuple[Event, list[Issue]]:
    """The event, as reconcile made it, with its values. What its file states wins over every quote; the rest is priced as ever."""
    if _all_stated(event):
        return event, []
    valued = _priced(event, book)
    return valued, [_no_price(event, coin, book.currency) for coin in _missing(valued, book)]


class Touched(NamedTuple):
    """The events that one quote may price: those with an amount of `coin` at a time in [since, until)."""

    coin: str
    since: datetime
    until: datetime


def touched(quote: Quote, book: PriceBook) -> Touched | None:
    """Where a quote that was not there before may change values; None: nowhere, it is in another currency."""
    if quote.currency != book.currency:
        return None
    if quote.span == "instant":
        return Touched(book.coin_of(quote), quote.at - NEAR, quote.at + NEAR + timedelta.resolution)
    return Touched(book.coin_of(quote), quote.at, quote.at + _SPANS[quote.span])


def _no_price(event: Event, coin: Coin, currency: str) -> Issue:
    return Issue(
        IssueKind.MISSING_PRICE,
        "warning" if coin.known else "info",
        f"{event.id} {coin.id}",
        f"No {currency} price of {coin.symbol} at {event.at:%Y-%m-%d %H:%M} UTC, needed for the {event.kind.value} in {event.account}.",
        f"Import one: `thresher prices import FILE` with the line {event.at:%Y-%m-%d},{coin.id},PRICE.",
    )


def _all_stated(event: Event) -> bool:
    """Whether a file states every value that the event needs."""
    if event.fees and (len(event.fee_values) != len(event.fees) or None in event.fee_values):
        return False
    return event.price_source == STATED_VALUE or (bool(event.fee_values) and event.kind not in _VALUED)


def _missing(event: Event, book: PriceBook) -> list[Coin]:
    """The coins without a price that keep a value of this event from being known."""
    unknown: list[Amount] = [f for f, v in zip(event.fees, event.fee_values, strict=True) if v is None]
    if event.value is None and _needs_value(event):
        unknown += event.received or event.sent
    elif event.value is not None and None in event.sent_values:
        unknown += event.sent
    elif event.value is not None and None in event.received_values:
        unknown += event.received
    coins = {a.coin.id: a.coin for a in unknown}
    return [coin for coin in coins.values() if book.at(coin, event.at) is None]


def _needs_value(event: Event) -> bool:
    """A gift's fair value counts beside the donor's cost (a loss is measured from it); without one it is had where it can be."""
    return event.kind in _VALUED and (event.kind is not Kind.GIFT_IN or event.basis is not None)


def _priced(event: Event, book: PriceBook) -> Event:
    """One event: value of the trade, its parts by amount, and the fees."""
    with exact():
        stated = event.value if event.price_source == STATED_VALUE else None
        value, source = (stated, STATED_VALUE) if stated is not None else _value(event, book)
        sent = _parts(event.sent, value, event.at, book)
        received = _parts(event.received, value, event.at, book)
        traded = (*zip(event.sent, sent, strict=True), *zip(event.received, received, strict=True))
        fees, sources = _fees(event, traded, source, book) if event.fees else ((), ())
    return Event(
        event.id, event.at, event.kind, event.account, event.to_account, event.sent, event.received, event.fees, event.transactions,
        value, sent, received, fees, source, event.basis, event.acquired_at, event.arrives_at, event.place, sources, event.also, event.after,
    )  # fmt: skip


def _fees(
    event: Event, traded: Iterable[tuple[Amount, Decimal | None]], source: str, book: PriceBook
) -> tuple[tuple[Decimal | None, ...], tuple[str, ...]]:
    """The value of each fee and where it is from: what the file states, else by the trade itself or a quote; money of ours is worth itself."""
    home = f"fiat:{book.currency}"
    implied = {a.coin.id: (v, a.quantity) for a, v in traded if v is not None and a.coin.id != home}
    is_exact = source in {"money", STATED_VALUE}
    values: list[Decimal | None] = []
    sources: list[str] = []
    for n, fee in enumerate(event.fees):
        said = event.fee_values[n] if event.fee_values else None
        value, found = (said, STATED_VALUE) if said is not None else _fee(fee, implied, event.at, book, is_exact=is_exact)
        values.append(value)
        sources.append(found)
    return tuple(values), tuple(sources)


def _value(event: Event, book: PriceBook) -> tuple[Decimal | None, str]:
    if event.kind in {Kind.INCOME, Kind.GIFT_IN}:
        return _fair(event.received, event.at, book)
    if event.kind is Kind.SPEND:
        return _fair(event.sent, event.at, book)
    if event.kind not in _TRADED:
        return None, ""
    sides = [event.received, event.sent]
    sides.sort(key=lambda side: not all(a.coin.kind == "fiat" for a in side))  # money first: it is exact, or nearly so
    for side in sides:
        value, source = _fair(side, event.at, book)
        if value is not None:
            return value, source
    return None, ""


def _fair(amounts: Sequence[Amount], at: datetime, book: PriceBook) -> tuple[Decimal | None, str]:
    """What all of them together were worth, when every price is known."""
    known = [(a.quantity, book.at(a.coin, at)) for a in amounts]
    if not known or any(found is None for _, found in known):
        return None, ""
    priced = [(quantity, found) for quantity, found in known if found is not None]
    return total(q * p for q, (p, _) in priced), " ".join(dict.fromkeys(source for _, (_, source) in priced))


def _parts(amounts: Sequence[Amount], value: Decimal | None, at: datetime, book: PriceBook) -> tuple[Decimal | None, ...]:
    """`value` over the amounts: one takes all, several by their fair values; the parts add up to the whole."""
    if value is None or not amounts:
        return (None,) * len(amounts)
    if len(amounts) == 1:
        return (value,)
    fair = [_fair([a], at, book)[0] for a in amounts]
    weights = [w for w in fair if w is not None]
    if len(weights) < len(fair) or total(weights) == 0:
        return (None,) * len(fair)
    parts, left, weight_left = [], value, total(weights)
    for weight in weights:
        part = share(left, weight, weight_left)
        parts.append(part)
        left, weight_left = left - part, weight_left - weight
    return tuple(parts)


def _fee(
    fee: Amount, implied: dict[str, tuple[Decimal, Decimal]], at: datetime, book: PriceBook, *, is_exact: bool
) -> tuple[Decimal | None, str]:
    """At the price of the trade itself (value, quantity) where money or the holder says it, or no quote is known; else at a quote's."""
    quoted = None if is_exact and fee.coin.id in implied else book.at(fee.coin, at)
    if quoted is not None:
        return fee.quantity * quoted[0], quoted[1]
    if fee.coin.id in implied:
        value, quantity = implied[fee.coin.id]
        return share(value, fee.quantity, quantity), "trade"
    return None, ""
