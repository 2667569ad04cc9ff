"""Exact decimals: one context for all arithmetic, one way to write them, one way to split them.

The default decimal context rounds at 28 digits without a word; every computation here runs in `exact()`.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext

ZERO = Decimal(0)
PLACES = Decimal(1).scaleb(-30)
"""A share of a basis is cut at 30 places; what is cut stays with the rest, so parts always add up to the whole."""

EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact() -> AbstractContextManager[Context]:
    """120 digits: a 78-digit integer times an 18-place price fits without rounding."""
    return localcontext(EXACT)


def plain(value: Decimal) -> str:
    """The decimal string of the answers: no exponent, no trailing zeros, no minus before zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "", "-") else text


def total(values: Iterable[Decimal]) -> Decimal:
    with exact():
        return sum(values, ZERO)


def share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """whole × part ÷ of, cut at 30 places; the caller keeps `whole - share` for what is left."""
    with exact():
        return whole if part == of else (whole * part / of).quantize(PLACES)


def cents(value: Decimal) -> Decimal:
    """Half-even at two places; for display and messages only."""
    with exact():
        return value.quantize(Decimal("0.01"))
