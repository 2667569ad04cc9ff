"""What can be offered, and what cannot: the stage's results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from service.domain.assets import is_one_of_a_kind
from service.domain.money import ZERO, cents, exact, plain

NO_MORE = "Selling more would save no more tax this year."

Certainty = Literal["proven", "estimated", "low"]
Reason = Literal["staked", "locked", "no_price"]
"""no_price: no fresh price that sources agree on; also what is delisted, or trades nowhere that we ask."""


@dataclass(frozen=True, slots=True)
class Opportunity:
    id: str
    """From account, coin and all that lies there with its bases: the same holding is the same opportunity at every price."""
    account: str
    coin: str
    asset: str
    symbol: str
    lots: tuple[tuple[str, Decimal], ...]
    """(lot id, quantity) in the order in which the account's method takes them; of the last one perhaps a part."""
    quantity: Decimal
    value: Decimal
    basis: Decimal
    """A lot of unknown basis counts with none: what cannot be proven is zero."""
    loss: Decimal
    """Positive."""
    short_loss: Decimal
    long_loss: Decimal
    """Parts of the loss by term; a lot at a gain that must go along counts against its part."""
    term: Literal["short", "long", "mixed"]
    saving: Decimal
    costs: Decimal
    net: Decimal
    """saving − costs."""
    net_low: Decimal
    """The same at the highest of the prices that agree, and with nothing for what is unknown: alerts fire on it."""
    net_high: Decimal | None
    """At the lowest; None: a lot of unknown basis is among them."""
    deferred: Decimal
    """Worth today of the tax that the lower basis brings later, by the holder's figures."""
    days_to_long: int | None
    """Until the first short-term loss among the lots becomes long term; None: there is none."""
    turning_costs: Decimal
    """What would be saved less if those that turn on that day were long term."""
    certainty: Certainty
    price: Decimal
    price_at: datetime
    price_sources: tuple[str, ...]
    blocked_by: tuple[str, ...]
    """Why it is not worth a word; empty: worth an alert."""
    keeps: bool
    """Whether an alert that is open stands on it: no threshold is missed by more than the hysteresis."""
    says: str
    """What to do, in a few sentences."""

    @property
    def collectible_loss(self) -> Decimal:
        """The part of `long_loss` that is taxed as collectibles (Notice 2023-27)."""
        return self.long_loss if is_one_of_a_kind(self.coin) else ZERO

    @property
    def limited(self) -> bool:
        """More could be lost, and would save nothing this year."""
        return NO_MORE in self.says


@dataclass(frozen=True, slots=True)
class Unsellable:
    """Coins that are never proposed."""

    account: str
    coin: str
    asset: str
    symbol: str
    quantity: Decimal
    basis: Decimal | None
    """None where that of a part is unknown."""
    reason: Reason


def money(value: Decimal, currency: str) -> str:
    """ "1,234.50 USD": for sentences, rounded to cents."""
    return f"{cents(value):,f} {currency}"


def percent(share_of_one: Decimal) -> str:
    """ "12.5%": for sentences, one place at most."""
    with exact():
        return f"{plain((share_of_one * 100).quantize(Decimal('0.1')))}%"
