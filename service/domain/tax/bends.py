"""Where the worth of one more unit of loss changes: a walk along the year, from bend to bend, exact.

The year is sums and the lesser or greater of two (service.domain.tax.federal). Along a straight way each number is a straight line, and the
next bend is where the nearest two change places.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from service.domain.money import ZERO, exact
from service.domain.rules import Term
from service.domain.tax.federal import Algebra
from service.domain.tax.model import TaxModel


class _Line(NamedTuple):
    """A number that changes along the way."""

    at: Decimal
    slope: Decimal

    def __add__(self, other: _Line) -> _Line:  # type: ignore[override]  # a number, no sequence
        return _Line(self.at + other.at, self.slope + other.slope)

    def __sub__(self, other: _Line) -> _Line:
        return _Line(self.at - other.at, self.slope - other.slope)

    def __mul__(self, by: _Line) -> _Line:  # type: ignore[override]
        """By a constant."""
        return _Line(self.at * by.at, self.slope * by.at)


def bends(model: TaxModel, short: Decimal, long: Decimal, term: Term, most: Decimal) -> list[Decimal]:
    """Further losses of a term (positive, below `most`), on top of these results, at which the worth of one more changes or may change."""
    found: list[Decimal] = []
    gone = ZERO
    with exact():
        while (further := _next(model, short, long, term)) is not None and gone + further < most:
            gone += further
            found.append(gone)
            if term == "short":
                short -= further
            else:
                long -= further
    return found


def _next(model: TaxModel, short: Decimal, long: Decimal, term: Term) -> Decimal | None:
    """How much further the nearest bend is; None where there is none."""
    nearest: list[Decimal] = []

    def one(x: _Line, y: _Line, *, greater: bool) -> _Line:
        at, slope = x.at - y.at, x.slope - y.slope
        if at and slope and (at < 0) != (slope < 0):
            nearest.append(-at / slope)
        return x if ((at or slope) > 0) == greater else y

    by = Algebra(lambda x, y: one(x, y, greater=False), lambda x, y: one(x, y, greater=True), lambda constant: _Line(constant, ZERO))
    down, still = Decimal(-1), ZERO
    model.liability(
        _Line(short, down if term == "short" else still), _Line(long, down if term == "long" else still), _Line(still, still), by
    )
    return min(nearest, default=None)
