"""Positions → opportunities: what selling would save after tax and costs, how sure we are, what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a loss is worth a word. All that are set must be met."""

    loss: Decimal = Decimal(100)
    """Least loss in money."""
    loss_share: Decimal = Decimal("0.20")
    """Least loss as a share of basis: 20 percent, flat optimum of the simulation in the tax reference; 5 percent loses money."""
    saving: Decimal = Decimal(25)
    """Least tax saving, net of costs."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a sale and the repurchase take away."""

    trade_share: Decimal = Decimal("0.003")
    """Fees and spread of the round trip, as a share of value."""
    move: Decimal = Decimal(5)
    """Money for moving coins out of a wallet before they can be sold; 0 on an exchange."""


@dataclass(frozen=True, slots=True)
class HarvestSettings:
    thresholds: Thresholds = Thresholds()
    by_asset: dict[str, Thresholds] = field(default_factory=dict)
    """Canonical id → its own thresholds."""
    costs: Costs = Costs()


@dataclass(frozen=True, slots=True)
class Opportunity:
    id: str
    """From account, coin and lots: the same lots are the same opportunity at every price."""
    account: str
    coin: str
    asset: str
    symbol: str
    lots: tuple[tuple[str, Decimal], ...]
    """(lot id, quantity) in the order in which the account's method takes them."""
    quantity: Decimal
    value: Decimal
    basis: Decimal
    loss: Decimal
    """Positive."""
    short_loss: Decimal
    long_loss: Decimal
    """Parts of the loss by term; a lot at a gain that must go along counts against its part."""
    term: Literal["short", "long", "mixed"]
    saving: Decimal
    costs: Decimal
    net: Decimal
    certainty: Literal["proven", "estimated", "low"]
    price: Decimal
    price_at: datetime
    price_sources: tuple[str, ...]
    blocked_by: tuple[str, ...]
    """Why it is not worth a word, or cannot be sold; empty: worth an alert."""
    says: str
    """What to do, in one or two sentences."""
