"""Priced events → lots and disposals, by the method in force for each account and day; quantities conserved to the last unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from service.domain.issues import Issue
from service.domain.methods import Flag, Lot
from service.domain.rules import Term


@dataclass(frozen=True, slots=True)
class Disposal:
    """One match of a disposal with a lot, or with nothing (a shortfall: lot empty, basis None, flagged)."""

    id: str
    """From (event, lot, place in the event)."""
    event: str
    """Id of the event; "<id>/fee" for a fee paid in a coin."""
    lot: str
    account: str
    coin: str
    symbol: str
    quantity: Decimal
    acquired_at: datetime | None
    disposed_at: datetime
    proceeds: Decimal | None
    basis: Decimal | None
    term: Term
    flags: tuple[Flag, ...] = ()

    @property
    def gain(self) -> Decimal | None:
        return None if self.proceeds is None or self.basis is None else self.proceeds - self.basis


@dataclass(frozen=True, slots=True)
class Income:
    event: str
    account: str
    coin: str
    quantity: Decimal
    value: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole derived state; `id` is the hash of its content."""

    id: str
    lots: tuple[Lot, ...]
    disposals: tuple[Disposal, ...]
    incomes: tuple[Income, ...]
    issues: tuple[Issue, ...]
