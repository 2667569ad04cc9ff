"""A history as an explanation needs it: its movements in the order of booking, and what is known of the events that they come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from service.app.ports import App
from service.app.sources import PORTFOLIO
from service.app.telling import labels_of
from service.domain import pricing
from service.domain.ledger import Choices, Method, Scope, choices, groups_of
from service.domain.money import total
from service.domain.movements import PLACES, Movement, event_of, of_event, places_of
from service.domain.pricing import PriceBook
from service.domain.reconcile import Amount, Event, events, pair
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
    """Where the values of the fees are from, in the same words, and "trade": the price of the trade itself."""
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
    brokers: frozenset[str] = frozenset()
    """Accounts whose coins a broker holds."""

    def symbol(self, coin: str) -> str:
        return self.symbols.get(coin, coin)

    def label(self, account: str) -> str:
        return self.labels.get(account, account)

    def names(self) -> dict[str, str]:
        """Coin → name of its group."""
        return groups_of((m.coin for m in self.movements), ((m.coin, m.more.to_coin) for m in self.movements if m.more.to_coin))

    def groups(self) -> Iterator[list[Movement]]:
        """Movements by group of coins, each in order; groups by name."""
        names = self.names()
        by: dict[str, list[Movement]] = defaultdict(list)
        for movement in self.movements:
            by[names[movement.coin]].append(movement)
        for _, movements in sorted(by.items()):
            yield movements

    def fact(self, id: str) -> Fact | None:
        """Of a movement's id: the event's, "<event>/fee", or "<event>/2" for its second coin."""
        return self.facts.get(id) or self.facts.get(event_of(id))


async def of_store(app: App, *, method: Method | None = None, scope: Scope | None = None) -> Past:
    """What is stored, as the ledger booked it; without facts (`facts_of`)."""
    portfolio = await app.store.portfolio(PORTFOLIO)
    statements = gathered(await app.store.statements(PORTFOLIO))
    zone = portfolio.profile.time_zone
    history = await app.store.movements(PORTFOLIO)
    accounts = await app.store.accounts(PORTFOLIO)
    return Past(
        movements=history.movements,
        facts={},
        said=choices(statements, zone=zone, method=method, scope=scope).settled(history.movements),
        statements=statements,
        zone=zone,
        currency=portfolio.currency,
        places=history.places,
        symbols=history.symbols,
        labels=labels_of(accounts),
        brokers=frozenset(a.id for a in accounts if a.kind == "exchange"),
    )


async def facts_of(app: App, past: Past, ids: Iterable[str]) -> dict[str, Fact]:
    """By event, for the events of these movements: their rows read, paired as they are shown, and priced by the stored quotes."""
    rows = await app.store.booked(PORTFOLIO, {row for name in ids for row in _rows_of(name)})
    others = {name for row in rows.values() for name in row.matched_with} - rows.keys()
    rows |= await app.store.booked(PORTFOLIO, others) if others else {}
    bare = [replace(row, matched_with=()) for row in rows.values()]
    linked = [row for row in bare if rows[row.id].matched_with]  # rows beside them, which nobody matched, are not paired here either
    window = timedelta(hours=app.settings.transfer_window_hours)
    happened = events(bare, pair(linked, past.statements, window))
    coins = sorted({a.coin.id for e in happened for a in _amounts(e)})
    book = PriceBook(await app.store.quotes(coins, past.currency) if coins else [], app.assets, past.currency)
    priced, _ = pricing.price(happened, book)
    return {event.id: fact_of(event) for event in priced}


def _rows_of(id: str) -> list[str]:
    """The ids that a movement's row may have: its own, and what stands before each slash."""
    parts = id.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def of_events(happened: Sequence[Event], book: PriceBook, said: Choices, statements: Statements, labels: Mapping[str, str]) -> Past:
    """Events in order of time, priced by `book`. Pure."""
    priced, _ = pricing.price(happened, book)
    places = places_of(a.quantity for e in priced for a in _amounts(e) if a.coin.kind != "fiat")
    movements = [m for event in priced for m in of_event(event, places)]
    return Past(
        movements=movements,
        facts={event.id: fact_of(event) for event in priced},
        said=said.settled(movements),
        statements=statements,
        zone=said.calendar.zone,
        currency=book.currency,
        places=places,
        symbols={a.coin.id: a.coin.symbol for e in priced for a in _amounts(e)},
        labels=labels,
    )


def _amounts(event: Event) -> tuple[Amount, ...]:
    return (*event.sent, *event.received, *event.fees)


def fact_of(event: Event) -> Fact:
    """Of a priced event."""
    known = [v for v in event.fee_values if v is not None]
    return Fact(
        kind=event.kind.value,
        sent=_told(event.sent),
        received=_told(event.received),
        fees=_told(event.fees),
        value=event.value,
        fee_value=total(known) if event.fees and len(known) == len(event.fees) else None,
        price=event.price_source,
        fee_price=" ".join(dict.fromkeys(filter(None, event.fee_sources))),
        sources=event.transactions,
    )


def _told(amounts: Sequence[Amount]) -> tuple[tuple[Decimal, str], ...]:
    return tuple((a.quantity, a.coin.symbol) for a in amounts)
