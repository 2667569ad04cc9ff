"""A history as an explanation needs it: its movements in the order of booking, and what is known of the events that they come from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from connectors.contract import RawRecord, Transaction
from service.app.ports import Account, App
from service.app.sources import PORTFOLIO
from service.app.telling import labels_of
from service.domain import pricing
from service.domain.ledger import Choices, Method, Scope, choices
from service.domain.money import total
from service.domain.movements import PLACES, Movement, of_event, places_of
from service.domain.pricing import PriceBook
from service.domain.reconcile import Amount, Event, reconcile
from service.domain.statements import Statements, gathered


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of the event behind a movement."""

    kind: str
    sent: tuple[tuple[Decimal, str], ...] = ()
    """Quantity and symbol; the same for the next two. Money is among them."""
    received: tuple[tuple[Decimal, str], ...] = ()
    fees: tuple[tuple[Decimal, str], ...] = ()
    value: Decimal | None = None
    """Fair value before fees."""
    fee_value: Decimal | None = None
    """Of all fees; None: there are none, or one is unknown."""
    price: str = ""
    """Where `value` is from, as pricing says it: "stated", "money", "kraken:hour", "peg:USD"; empty: no value."""
    fee_price: str = ""
    sources: tuple[str, ...] = ()
    """"account stream/key" of the records that it was read from, or the file's rows."""


@dataclass(frozen=True, slots=True)
class Past:
    movements: Sequence[Movement]
    facts: Mapping[str, Fact]
    """By event."""
    said: Choices
    """What the explained ledger was booked by."""
    statements: Statements
    zone: str
    currency: str = "USD"
    places: int = PLACES
    symbols: Mapping[str, str] = field(default_factory=dict)
    """Of coins."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of accounts; one that is missing is called by its id."""

    def symbol(self, coin: str) -> str:
        return self.symbols.get(coin, coin)

    def label(self, account: str) -> str:
        return self.labels.get(account, account)

    def fact(self, id: str) -> Fact | None:
        """Of a movement's id: the event's, "<event>/fee", or "<event>/2" for its second coin."""
        return self.facts.get(id) or self.facts.get(event_of(id))


def event_of(id: str) -> str:
    """ "e7/fee" and "e7/2" → "e7"; any other id is its own event's."""
    event, slash, part = id.rpartition("/")
    return event if slash and (part == "fee" or part.isdigit()) else id


async def of_store(app: App, *, method: Method | None = None, scope: Scope | None = None) -> Past:
    """All that is stored, derived anew; nothing is asked of the outside."""
    portfolio = await app.store.portfolio(PORTFOLIO)
    statements = gathered(await app.store.statements(PORTFOLIO))
    accounts = await app.store.accounts(PORTFOLIO)
    records = [(account, await app.store.records(account.id)) for account in accounts]
    window = timedelta(hours=app.settings.transfer_window_hours)
    currency, zone = portfolio.currency, portfolio.profile.time_zone

    def happened() -> list[Event]:
        moved = [row for account, rows in records for row in _normalised(app, account, rows)]
        return reconcile(moved, app.assets, statements, window=window, currency=currency)[1]

    events = await asyncio.to_thread(happened)
    coins = sorted({a.coin.id for e in events for a in _amounts(e)}.union(c.id for c in app.assets.coins()))
    book = PriceBook(await app.store.quotes(coins, currency), app.assets, currency)
    said = choices(statements, zone=zone, method=method, scope=scope)
    return await asyncio.to_thread(of_events, events, book, said, statements, labels_of(accounts))


def of_events(events: Sequence[Event], book: PriceBook, said: Choices, statements: Statements, labels: Mapping[str, str]) -> Past:
    """Events in order of time, priced by `book`. Pure."""
    priced, _ = pricing.price(events, book)
    places = places_of(a.quantity for e in priced for a in _amounts(e) if a.coin.kind != "fiat")
    return Past(
        movements=[m for event in priced for m in of_event(event, places)],
        facts={event.id: _fact(event, book) for event in priced},
        said=said,
        statements=statements,
        zone=said.calendar.zone,
        currency=book.currency,
        places=places,
        symbols={a.coin.id: a.coin.symbol for e in priced for a in _amounts(e)},
        labels=labels,
    )


def _normalised(app: App, account: Account, records: Sequence[RawRecord]) -> Iterable[Transaction]:
    rows = app.connector_class(account.connector).normalise(account.source, records)
    return [row for row in rows if isinstance(row, Transaction)]


def _amounts(event: Event) -> tuple[Amount, ...]:
    return (*event.sent, *event.received, *event.fees)


def _fact(event: Event, book: PriceBook) -> Fact:
    known = [v for v in event.fee_values if v is not None]
    return Fact(
        kind=event.kind.value,
        sent=_told(event.sent),
        received=_told(event.received),
        fees=_told(event.fees),
        value=event.value,
        fee_value=total(known) if event.fees and len(known) == len(event.fees) else None,
        price=event.price_source,
        fee_price=_fee_price(event, book),
        sources=event.transactions,
    )


def _told(amounts: Sequence[Amount]) -> tuple[tuple[Decimal, str], ...]:
    return tuple((a.quantity, a.coin.symbol) for a in amounts)


def _fee_price(event: Event, book: PriceBook) -> str:
    """Where the value of a fee is from: the file, the trade's own price for the coins that it traded, else quotes."""
    if not event.fees:
        return ""
    if event.price_source == "stated":
        return "stated"
    traded = {a.coin.id for a in (*event.sent, *event.received)}
    if event.price_source == "money" and all(a.coin.id in traded or a.coin.kind == "fiat" for a in event.fees):
        return "money"
    found = [book.at(a.coin, event.at) for a in event.fees]
    return " ".join(dict.fromkeys(source for _, source in (f for f in found if f is not None)))
