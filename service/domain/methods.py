"""Lots, and the order in which a method takes them: one function with a sort key where the rule allows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from service.domain.statements import MethodName

Flag = str
"""missing_basis: acquired outside of what we watch, or more left than came in. unpriced: no fair value at the event.
gift_value_unknown: a loss on a gift, measured from the donor's basis since nobody knows what it was worth when given.
spam, pending, unexplained: see DESIGN. A result that rests on a flagged lot carries the flag."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Coins acquired at one time for one price, lying in one account."""

    id: str
    """From the acquiring transaction (and leg); a part that was moved keeps it."""
    account: str
    coin: str
    """Canonical id: what pools."""
    asset: str
    """Where it lies, as its source calls it."""
    symbol: str
    quantity: Decimal
    basis: Decimal | None
    """Money of the portfolio, fees included; None is unknown, never zero."""
    acquired_at: datetime
    sequence: int
    """Order of acquisition within one instant."""
    flags: tuple[Flag, ...] = ()
    fair: Decimal | None = None
    """Of a gift worth less than it cost its donor: the value then; a loss is measured from it (IRC 1015(a))."""
    fair_at: datetime | None = None
    """When it was given: what is held since, for a loss."""

    def gain(self, worth: Decimal) -> Decimal | None:
        """What a sale at `worth` would gain: between the value of a gift and its donor's basis neither gain nor loss. None: unknown."""
        if self.basis is None:
            return None
        if self.fair is not None and worth < self.basis:
            return min(worth - self.fair, Decimal(0))
        return worth - self.basis

    def held_since(self, worth: Decimal | None) -> datetime:
        """What the term of a sale at `worth` counts from."""
        return self.fair_at if self.fair is not None and self.fair_at and worth is not None and worth < self.fair else self.acquired_at


_UNIT = Context(prec=18, rounding=ROUND_HALF_EVEN)
"""Parts are cut at 30 places; 18 digits keep parts of one lot, and lots of one price, equal in order."""


def unit_basis(lot: Lot) -> Decimal:
    """Basis of one unit to 18 digits, for ordering only; an unknown basis counts as nothing."""
    return _UNIT.divide(lot.basis or Decimal(0), lot.quantity)


SortKey = Callable[[Lot], tuple[object, ...]]

_AGE: SortKey = lambda lot: (lot.acquired_at, lot.sequence, lot.id)  # noqa: E731 - a table of keys reads best in one line each

ORDERS: dict[MethodName, Callable[[list[Lot]], list[Lot]]] = {
    "fifo": lambda lots: sorted(lots, key=_AGE),
    "lifo": lambda lots: sorted(lots, key=_AGE, reverse=True),
    "hifo": lambda lots: sorted(sorted(lots, key=_AGE), key=unit_basis, reverse=True),
    "lofo": lambda lots: sorted(sorted(lots, key=_AGE), key=unit_basis),
    # What an identification does not name falls to FIFO (26 CFR 1.1012-1(j)(3)(i)).
    "specific": lambda lots: sorted(lots, key=_AGE),
}
"""Ties go to the older lot. HIFO and LOFO order by unit basis with fees."""


def ordered(lots: list[Lot], method: MethodName) -> list[Lot]:
    """The lots in the order in which the method would take them."""
    return ORDERS[method](lots)
