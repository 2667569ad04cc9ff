"""What rows add up to, kept by adding and taking away: a new row costs one addition, whatever stands before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from service.app.derived import Tally, TallyKey
from service.domain.money import ZERO, exact
from service.domain.reconcile import Amount, Booked


def count(tallies: dict[TallyKey, Tally], rows: Iterable[Booked], sign: int, touched: set[TallyKey]) -> None:
    """Adds the rows (`sign` 1) or takes them away (-1); `touched` takes the keys of what changed."""
    with exact():
        for row in rows:
            account, flags = row.account, row.flags
            for amounts, way in ((row.received, 1), (row.sent, -1), (row.fees, -1)):
                for amount in amounts:
                    key = (account, str(amount.asset), amount.coin.id)
                    tally = tallies.get(key)
                    if tally is None:
                        tally = tallies[key] = Tally(replace(amount.coin, peg=""))
                    touched.add(key)
                    tally.rows += sign
                    if flags:
                        _odd(tally, flags, amount, way, sign)
                    if not flags or not ("spam" in flags or "pending" in flags):
                        tally.live += sign
                        quantity: Decimal = amount.quantity
                        tally.quantity = tally.quantity + quantity if sign == way else tally.quantity - quantity


def _odd(tally: Tally, flags: tuple[str, ...], amount: Amount, way: int, sign: int) -> None:
    tally.spam += sign * ("spam" in flags)
    tally.pending += sign * ("pending" in flags)
    tally.unexplained += sign * ("unexplained" in flags)
    if "pending" in flags and "spam" not in flags:
        change = amount.quantity if sign > 0 else -amount.quantity
        if way > 0:
            tally.comes += change
        else:
            tally.goes += change


def merge(into: dict[TallyKey, Tally], other: Mapping[TallyKey, Tally]) -> None:
    """Adds tallies of other rows."""
    with exact():
        for key, more in other.items():
            held = into.get(key)
            if held is None:
                into[key] = replace(more)
                continue
            for name in ("quantity", "comes", "goes", "rows", "live", "spam", "pending", "unexplained"):
                setattr(held, name, getattr(held, name) + getattr(more, name))


def empty(tally: Tally) -> bool:
    """Nothing is left of it; then it adds up to nothing."""
    assert tally.rows or (tally.quantity, tally.comes, tally.goes) == (ZERO, ZERO, ZERO)
    return not tally.rows
