"""A source's row with its assets resolved (Booked), and what happened to the holder (Event)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from connectors.contract import Asset, Hint, Stated
from service.domain.assets import Coin


class Kind(StrEnum):
    """The words of the neutral history format, and `fee` for a transaction that moved nothing else.

    A transfer within one account gives its coins a new name.
    """

    BUY = "buy"
    SELL = "sell"
    SWAP = "swap"
    INCOME = "income"
    SPEND = "spend"
    TRANSFER = "transfer"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    GIFT_IN = "gift_in"
    GIFT_OUT = "gift_out"
    FORK = "fork"
    LOST = "lost"
    WORTHLESS = "worthless"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class Amount:
    """A positive quantity of a coin, and where it lies."""

    coin: Coin
    asset: Asset
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Booked:
    """One transaction of one account with its assets resolved; the row that `transactions` shows."""

    id: str
    """From (account, first key), or the id that the holder's own file gives the row: the same after every rebuild."""
    account: str
    occurred_at: datetime
    hint: Hint
    kind: Kind
    sent: tuple[Amount, ...]
    received: tuple[Amount, ...]
    fees: tuple[Amount, ...]
    chain_ref: str | None
    counterparties: tuple[str, ...]
    flags: tuple[str, ...]
    """spam and pending rows are shown and never become events."""
    matched_with: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """"stream/key" of every record that it was read from."""
    sequence: int = 0
    """The source's order within one `occurred_at`."""
    stated: Stated | None = None
    """What the holder's own file says of it."""

    @property
    def key(self) -> str:
        """The record that names it."""
        return self.keys[0] if self.keys else ""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to the holder, in order of time. Values are None until pricing."""

    id: str
    """Id of the transaction that it comes from (of the sending side for a transfer); lots and disposals take it."""
    at: datetime
    kind: Kind
    account: str
    to_account: str | None
    sent: tuple[Amount, ...]
    received: tuple[Amount, ...]
    fees: tuple[Amount, ...]
    """Leave `account` on top of what was sent, in money or in a coin."""
    transactions: tuple[str, ...]
    value: Decimal | None = None
    """Fair value before fees, portfolio currency: of what was sent = of what was received. None: transfer, or unknown. What the holder's
    file states stands here already before pricing, with `price_source` "stated"."""
    sent_values: tuple[Decimal | None, ...] = ()
    """The part of `value` of each amount sent; same for the next two."""
    received_values: tuple[Decimal | None, ...] = ()
    fee_values: tuple[Decimal | None, ...] = ()
    price_source: str = ""
    """Where `value` is from: "money", "stated", "peg:USD", or a quote's "kraken:day"."""
    basis: Decimal | None = None
    """What the holder says that a deposit or a gift received has cost, the donor's cost of a gift; None is unknown."""
    acquired_at: datetime | None = None
    """What the holder says of its date; None: the day of receipt."""
    arrives_at: datetime | None = None
    """When a transfer reaches `to_account`, where that is after `at`; None: at once. In between its lots lie in neither account."""
    place: str = ""
    """Its place among the events of the same instant: they stand in order of (at, place), compared character by character."""
    fee_sources: tuple[str, ...] = ()
    """Where each of `fee_values` is from, in the same words, and "trade": the price of the trade itself. Empty where unknown."""
    also: str = ""
    """Id by which its other row would name it: a word about that row is one about this event. Empty: it has no other row."""
    after: tuple[tuple[str, Decimal], ...] = ()
    """Coin and how much of it other events of the sending row send before this one: of lots named for the whole row they take the first."""
