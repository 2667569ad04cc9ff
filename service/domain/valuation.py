"""Open lots at a current, fresh, agreed price; stale, missing or disputed: no opinion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from service.domain.methods import Lot
from service.domain.rules import Term


@dataclass(frozen=True, slots=True)
class Price:
    """What the quotes agree on."""

    coin: str
    price: Decimal
    at: datetime
    sources: tuple[str, ...]
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """An open lot and what it is worth now; value and unrealised are None where there is no opinion."""

    lot: Lot
    term: Term
    long_from: str
    """ISO day on which a sale becomes long term."""
    price: Price | None
    value: Decimal | None
    unrealised: Decimal | None
