"""What a realised loss is worth to this holder: the difference of two computations of the year, never rate × loss."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Profile:
    """The holder's own figures. Rates are shares (0.24), money is a year's amount."""

    jurisdiction: str = "us"
    time_zone: str = "UTC"
    short_rate: Decimal = Decimal("0.24")
    """Marginal rate on ordinary income and short-term gains."""
    long_rate: Decimal = Decimal("0.15")
    other_short: Decimal = Decimal(0)
    """Short-term result of the year outside of thresher, carryover included (negative: loss)."""
    other_long: Decimal = Decimal(0)
