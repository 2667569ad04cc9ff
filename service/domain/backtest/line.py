"""Which lots of a pool a harvest takes."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from service.domain.ledger import Method
from service.domain.ledger.pool import ENTRIES, Holding, Pool


class Part(NamedTuple):
    """A lot, or as much of it as the account can sell."""

    lot: str
    asset: str
    quantity: int
    basis: int
    lost: int
    """At the price of the day; a gain is negative."""


def line(pool: Pool, method: Method, price: int, one: int, most: int) -> list[Part]:
    """The lots in the order in which they go, up to `most` units; a lot of unknown cost ends the line, by identification it is left out."""
    entry = ENTRIES["hifo" if method == "specific" else method]
    line: list[Part] = []
    for held in sorted(pool.lots.values(), key=lambda h: entry(h.origin)):
        if most <= 0:
            break
        if held.basis is None:
            if method == "specific":
                continue
            break
        line.append(_part(held, price, one, min(most, held.quantity)))
        most -= line[-1].quantity
    return line


def _part(held: Holding, price: int, one: int, quantity: int) -> Part:
    """Of a gift worth less than it cost its donor a loss is measured from its value then, and between the two there is none."""
    assert held.basis is not None
    basis, fair = held.basis * quantity // held.quantity, held.fair
    worth = price * quantity // one
    lost = basis - worth
    if fair is not None and lost > 0:
        lost = max(0, fair * quantity // held.quantity - worth)
    return Part(held.origin.id, held.asset, quantity, basis, lost)


def dearest(pool: Pool) -> int:
    return max(held.origin.unit for held in pool.lots.values())


def deepest(line: list[Part], share: Fraction, method: Method) -> list[Part]:
    """Of all that the method would take first, as much as loses most, where the whole and its last lot lost the share of their basis; by
    identification just the lots that lost it."""
    if method == "specific":
        return [part for part in line if _is_deep(part.lost, part.basis, share)]
    best = most = lost = basis = 0
    for place, part in enumerate(line, 1):
        lost, basis = lost + part.lost, basis + part.basis
        if lost > most and _is_deep(part.lost, part.basis, share) and _is_deep(lost, basis, share):
            best, most = place, lost
    return line[:best]


def _is_deep(lost: int, basis: int, share: Fraction) -> bool:
    return lost > 0 and lost * share.denominator >= basis * share.numerator
