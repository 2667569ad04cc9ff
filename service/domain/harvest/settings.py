"""What the holder sets: when a loss is worth a word, what a sale costs, and how the end of the year is counted down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from service.domain.money import exact


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a loss is worth a word. All that are set must be met, those of savings at the low end of what is saved."""

    loss: Decimal = Decimal(100)
    """Least loss in money."""
    loss_share: Decimal = Decimal("0.20")
    """Least loss as a share of basis: 20 percent, flat optimum of the simulation in the tax reference (4.4); 2 percent loses money."""
    saving: Decimal = Decimal(25)
    """Least tax saving, net of costs."""
    cost_multiple: Decimal = Decimal(3)
    """Least tax saving as a multiple of its costs: what the sweep of that simulation asks, and three times the depth at which a loss pays for its costs."""
    after_deferred: Decimal | None = None
    """What must be left of the saving after costs and after the tax that the lower basis brings later; None: that is told and decides nothing."""
    deadline: int = 30
    """Days before the end of the tax year from which `loss_share` is not asked: what is worth its costs then is worth it in this year alone."""

    def loosened(self, kept: Decimal) -> Thresholds:
        """What an alert that is open must still meet."""
        with exact():
            after = self.after_deferred
            return replace(
                self,
                loss=self.loss * kept,
                loss_share=self.loss_share * kept,
                saving=self.saving * kept,
                cost_multiple=self.cost_multiple * kept,
                after_deferred=None if after is None else after * kept,
            )


@dataclass(frozen=True, slots=True)
class Costs:
    """What a sale and the repurchase take away."""

    trade_share: Decimal = Decimal("0.003")
    """Fees and spread of the round trip, as a share of value."""
    move: Decimal = Decimal(5)
    """Money for moving coins out of a wallet before they can be sold; 0 on an exchange."""


@dataclass(frozen=True, slots=True)
class YearEnd:
    """How an open alert counts down to the last moment at which a sale still falls into the tax year."""

    countdown: int = 30
    """Days before that moment at which it begins; 0: never."""
    move_days: int = 3
    """Days that coins take out of a wallet to where they can be sold."""
    finality_hours: int = 1
    """Hours until a transfer out of a wallet is final."""


@dataclass(frozen=True, slots=True)
class HarvestSettings:
    thresholds: Thresholds = Thresholds()
    by_asset: dict[str, Thresholds] = field(default_factory=dict)
    """Canonical id → its own thresholds."""
    costs: Costs = Costs()
    year_end: YearEnd = YearEnd()
    hysteresis: Decimal = Decimal("0.20")
    """An open alert stands until a threshold is missed by more than this share of it."""

    def of(self, coin: str) -> Thresholds:
        """The thresholds in force for a coin (canonical id)."""
        return self.by_asset.get(coin, self.thresholds)
