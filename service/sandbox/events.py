"""What can happen to one account of the story, and the book that keeps it: quantities move only by events, and nothing is ever overdrawn.

An event says once what moved (`changes`); the exchanges write it in their own words, and declare as balance what the events add up to.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Literal

from service.sandbox.listing import pair
from service.sandbox.market import price, rate

Change = tuple[str, Decimal]
RewardKind = Literal["airdrop", "flexible", "locked", "staking", "earn", "interest"]


@dataclass(frozen=True, slots=True)
class Fill:
    """Part of an order on the market. `cost` is in the quote coin, the fee beside it in `fee_coin`."""

    at: datetime
    order: int
    base: str
    quote: str
    symbol: str
    buys: bool
    price: Decimal
    quantity: Decimal
    cost: Decimal
    fee: Decimal
    fee_coin: str
    maker: bool

    def changes(self) -> tuple[Change, ...]:
        sign = 1 if self.buys else -1
        return (self.base, sign * self.quantity), (self.quote, -sign * self.cost), (self.fee_coin, -self.fee)


@dataclass(frozen=True, slots=True)
class Cash:
    """Money from (positive) or to (negative) the bank; the fee leaves on top."""

    at: datetime
    coin: str
    quantity: Decimal
    fee: Decimal = Decimal(0)

    def changes(self) -> tuple[Change, ...]:
        return (self.coin, self.quantity), (self.coin, -self.fee)


@dataclass(frozen=True, slots=True)
class Swap:
    """Coins given for another coin at a quoted price. `fee` is told beside it and lies within what was given or got."""

    at: datetime
    kind: Literal["purchase", "convert", "dust"]
    given: tuple[Change, ...]
    got: Change
    fee: Decimal = Decimal(0)

    def changes(self) -> tuple[Change, ...]:
        return (*((coin, -quantity) for coin, quantity in self.given), self.got)


@dataclass(frozen=True, slots=True)
class Reward:
    """Coins for holding coins."""

    at: datetime
    kind: RewardKind
    coin: str
    quantity: Decimal

    def changes(self) -> tuple[Change, ...]:
        return ((self.coin, self.quantity),)


@dataclass(frozen=True, slots=True)
class Parked:
    """Coins put from one pocket of the account into another."""

    at: datetime
    kind: Literal["flexible", "locked", "staking", "earn"]
    coin: str
    into: str
    quantity: Decimal

    def changes(self) -> tuple[Change, ...]:
        return (self.coin, -self.quantity), (self.into, self.quantity)


@dataclass(frozen=True, slots=True)
class Moved:
    """Coins over a chain: sent (negative, the fee on top) or received. `label` names the transaction."""

    at: datetime
    label: str
    coin: str
    quantity: Decimal
    fee: Decimal = Decimal(0)

    def changes(self) -> tuple[Change, ...]:
        return (self.coin, self.quantity), (self.coin, -self.fee)


Event = Fill | Cash | Swap | Reward | Parked | Moved


def held(events: Iterable[Event]) -> dict[str, Decimal]:
    """Coin → quantity after these events; zeros are kept."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    for event in events:
        for coin, change in event.changes():
            total[coin] += change
    return dict(total)


def lot(seed: str, count: int) -> int:
    """A number below `count`, drawn by lot from the seed: the same for ever."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % count


def down(number: Decimal, step: Decimal) -> Decimal:
    """The number cut to whole steps."""
    return ((number / step).to_integral_value(ROUND_DOWN) * step).quantize(step)


@dataclass
class Book:
    """One account. Every method is a thing that its owner does or that happens to it, at a time not before the last one."""

    exchange: str
    money: str
    """What coins are bought with."""
    fee_rate: Decimal
    cost_places: int
    """Decimals of a fill's cost; the exchange rounds it."""
    fee_places: int
    takes_fee_in: Literal["quote", "received"]
    reward_places: int
    """Decimals of a reward."""
    pays_fees_with: str = ""
    """A coin that pays the fees, 25 % cheaper, as long as there is some."""
    events: list[Event] = field(default_factory=list)
    now_held: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    orders: int = 0

    def keep(self, event: Event) -> None:
        """Raises ValueError for an overdraft or an event out of order."""
        if self.events and event.at < self.events[-1].at:
            raise ValueError(f"{self.exchange}: {event} comes too late")
        for coin, change in event.changes():
            self.now_held[coin] += change
        if short := [coin for coin, _ in event.changes() if self.now_held[coin] < 0]:
            raise ValueError(f"{self.exchange}: not enough {short} for {event}")
        self.events.append(event)

    # ---- money

    def cash(self, at: datetime, amount: str) -> None:
        self.keep(Cash(at, "USD", Decimal(amount)))

    def cash_out(self, at: datetime, amount: str, fee: str) -> None:
        self.keep(Cash(at, "USD", -Decimal(amount), Decimal(fee)))

    def purchase(self, at: datetime, coin: str, paid: str, fee: str) -> None:
        """Bought at a quoted price with the money in the account, the fee within what is paid."""
        quantity = down((Decimal(paid) - Decimal(fee)) / price(coin, at.date()), Decimal("1e-8"))
        self.keep(Swap(at, "purchase", (("USD", Decimal(paid)),), (coin, quantity), Decimal(fee)))

    # ---- the market

    def buy(self, at: datetime, coin: str, quantity: str, parts: int = 1, quote: str = "") -> None:
        self._order(at, coin, Decimal(quantity), quote or self.money, parts, buys=True)

    def buy_for(self, at: datetime, coin: str, amount: str, parts: int = 1) -> None:
        """For as much money, or for what there is; nothing where that buys nothing."""
        market = pair(self.exchange, coin, self.money)
        spend = min(Decimal(amount), self.now_held[self.money] * Decimal("0.98"))
        step = max(market.lot_step, Decimal("0.00001"))
        quantity = down(spend / rate(coin, self.money, at.date(), market.price_step), step)
        if quantity >= 10 * step:
            self._order(at, coin, quantity, self.money, parts, buys=True)

    def sell(self, at: datetime, coin: str, share: str, parts: int = 1) -> None:
        """A share of what is held."""
        step = max(pair(self.exchange, coin, self.money).lot_step, Decimal("0.00001"))
        self._order(at, coin, down(self.now_held[coin] * Decimal(share), step), self.money, parts, buys=False)

    def _order(self, at: datetime, coin: str, quantity: Decimal, quote: str, parts: int, *, buys: bool) -> None:
        self.orders += 1
        market = pair(self.exchange, coin, quote)
        step = max(market.lot_step, Decimal("0.00001"))
        seed = f"{self.exchange} {coin} {at.isoformat()}"
        maker = lot(f"{seed} maker", 3) == 0
        pieces = list(_pieces(quantity, step, parts, seed))
        for number, piece in enumerate(pieces):
            stray = Decimal(lot(f"{seed} {number}", 2001) - 1000) / 1_000_000
            paid = down(rate(coin, quote, at.date(), market.price_step) * (1 + stray), market.price_step)
            cost = (paid * piece).quantize(Decimal(1).scaleb(-self.cost_places))
            fee, fee_coin = self._fee(at, coin if buys else quote, quote, piece if buys else cost, cost)
            when = at + timedelta(milliseconds=130 * (number // 2))  # two fills of one order share a millisecond
            self.keep(Fill(when, self.orders, coin, quote, market.symbol, buys, paid, piece, cost, fee, fee_coin, maker))

    def _fee(self, at: datetime, received: str, quote: str, arrived: Decimal, cost: Decimal) -> tuple[Decimal, str]:
        cents = Decimal(1).scaleb(-self.fee_places)
        if (coin := self.pays_fees_with) and coin != received:
            fee = (cost * self.fee_rate * Decimal("0.75") * price(quote, at.date()) / price(coin, at.date())).quantize(cents)
            if self.now_held[coin] > 2 * fee:
                return fee, coin
        if self.takes_fee_in == "received":
            return (arrived * self.fee_rate).quantize(cents), received
        return (cost * self.fee_rate).quantize(cents), quote

    def convert(self, at: datetime, coin: str, quantity: str, into: str) -> None:
        """At a quote that costs 0.2 %."""
        given = Decimal(quantity)
        got = given * price(coin, at.date()) / price(into, at.date()) * Decimal("0.998")
        self.keep(Swap(at, "convert", ((coin, given),), (into, down(got, Decimal("1e-8")))))

    def exchange_dollars(self, at: datetime, coin: str, quantity: str, into: str) -> None:
        """One dollar coin for one dollar, as some exchanges offer it."""
        self.keep(Swap(at, "convert", ((coin, Decimal(quantity)),), (into, Decimal(quantity))))

    def sweep(self, at: datetime, *coins: str) -> None:
        """Remainders too small for an order, turned into BNB for 2 % of it."""
        left = [(coin, self.now_held[coin] - down(self.now_held[coin], pair(self.exchange, coin, self.money).lot_step)) for coin in coins]
        given = tuple((coin, quantity) for coin, quantity in left if quantity)
        if not given:
            raise ValueError(f"{self.exchange}: nothing of {coins} to sweep on {at}")
        whole = sum((q * price(coin, at.date()) for coin, q in given), Decimal(0)) / price("BNB", at.date())
        fee = (whole * Decimal("0.02")).quantize(Decimal("1e-8"))
        self.keep(Swap(at, "dust", given, ("BNB", down(whole - fee, Decimal("1e-8"))), fee))

    # ---- rewards, pockets, chains

    def reward(self, at: datetime, kind: RewardKind, coin: str, quantity: str) -> None:
        self.keep(Reward(at, kind, coin, Decimal(quantity)))

    def reward_on(self, at: datetime, kind: RewardKind, pocket: str, coin: str, share: str) -> None:
        """A share of what lies in a pocket; nothing on nothing."""
        if quantity := down(self.now_held[pocket] * Decimal(share), Decimal(1).scaleb(-self.reward_places)):
            self.keep(Reward(at, kind, coin, quantity))

    def park(self, at: datetime, kind: Literal["flexible", "locked", "staking", "earn"], coin: str, into: str, quantity: str = "") -> None:
        """So much of it, or all."""
        self.keep(Parked(at, kind, coin, into, Decimal(quantity) if quantity else self.now_held[coin]))

    def send(self, at: datetime, label: str, coin: str, quantity: str, fee: str = "0") -> None:
        self.keep(Moved(at, label, coin, -Decimal(quantity), Decimal(fee)))

    def receive(self, at: datetime, label: str, coin: str, quantity: str) -> None:
        self.keep(Moved(at, label, coin, Decimal(quantity)))


def _pieces(quantity: Decimal, step: Decimal, parts: int, seed: str) -> Iterator[Decimal]:
    """The quantity in as many pieces as asked, by lot; whole steps."""
    left = quantity
    for number in range(parts - 1):
        piece = down(left * Decimal(20 + lot(f"{seed} piece {number}", 50)) / 100, step)
        if piece and left > piece:
            yield piece
            left -= piece
    if left <= 0:
        raise ValueError(f"an order for nothing ({seed})")
    yield left
