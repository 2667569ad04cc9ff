"""In which order what is held can go, and what of it cannot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import dropwhile, takewhile

from service.domain.assets import held_back
from service.domain.harvest.values import Reason, Unsellable
from service.domain.methods import ordered
from service.domain.money import ZERO, share, total
from service.domain.statements import MethodName
from service.domain.valuation import Position


def line_of(held: Sequence[Position], method: MethodName, *, with_gains: bool = False) -> list[Position]:
    """What can be sold of one coin in one account, in the order in which it goes: by identification just the losses, dearest first, and
    `with_gains` the others too; else as the method takes it.

    A lot without an opinion is never proposed, and ends the line: what the method would take after it cannot be known.
    """
    if method == "specific":
        return in_order([p for p in held if p.unrealised is not None and (with_gains or p.unrealised < 0)], "hifo")
    return list(takewhile(lambda p: p.unrealised is not None, in_order(held, method)))


def in_order(held: Sequence[Position], method: MethodName) -> list[Position]:
    if len(held) == 1:
        return list(held)
    of = {id(p.lot): p for p in held}  # by the object: two parts of one lot that came separately have one name
    return [of[id(lot)] for lot in ordered([p.lot for p in held], method)]


def hidden(held: Sequence[Position], method: MethodName) -> bool:
    """Whether a loss lies behind a lot without an opinion, so that what selling would realise cannot be known.

    `held`: what one account holds of one coin. By identification every loss can be reached.
    """
    line = [] if method == "specific" else in_order(held, method)
    behind = dropwhile(lambda p: p.unrealised is not None, line)
    return any(p.unrealised is not None and p.unrealised < 0 for p in behind)


def least_line(held: Sequence[Position], method: MethodName) -> list[Position]:
    """The same at the low end of what is known: a lot of unknown basis has none, and coins that are staked or locked stay.

    By identification only lots that can be moved are taken. Any other method takes lots in its order wherever the coins of the account lie, so
    there is an end when as many are sold as can be.
    """
    if any(p.price is None for p in held):
        return []
    can_go = [p for p in held if held_back(p.lot.asset) is None]
    if method == "specific":
        return line_of(can_go, method)
    line = [p if p.unrealised is not None else _of_no_basis(p) for p in in_order(held, method)]
    if len(can_go) == len(held):
        return line
    left, cut = total(p.lot.quantity for p in can_go), []
    for position in line:
        if left <= 0:
            break
        cut.append(position if position.lot.quantity <= left else part_of(position, left))
        left -= cut[-1].lot.quantity
    return cut


def _of_no_basis(position: Position) -> Position:
    return replace(position, lot=replace(position.lot, basis=ZERO, fair=None, fair_at=None), unrealised=position.value)


def part_of(position: Position, quantity: Decimal) -> Position:
    """So much of a lot, with its share of the basis as the ledger would cut it."""
    lot = position.lot
    assert position.price is not None
    assert lot.basis is not None
    worth, fair = position.price.price * quantity, None if lot.fair is None else share(lot.fair, quantity, lot.quantity)
    part = replace(lot, quantity=quantity, basis=share(lot.basis, quantity, lot.quantity), fair=fair)
    return replace(position, lot=part, value=worth, unrealised=part.gain(worth))


def unsellable(positions: Iterable[Position]) -> list[Unsellable]:
    """Coins that no sale can take, by account and asset."""
    by: dict[tuple[str, str, Reason], list[Position]] = defaultdict(list)
    for position in positions:
        lot = position.lot
        reason: Reason | None = held_back(lot.asset) or ("no_price" if position.price is None else None)
        if reason:
            by[lot.account, lot.asset, reason].append(position)
    found = []
    for (account, asset, reason), some in sorted(by.items()):
        lot, bases = some[0].lot, [p.lot.basis for p in some if p.lot.basis is not None]
        basis = total(bases) if len(bases) == len(some) else None
        found.append(Unsellable(account, lot.coin, asset, lot.symbol, total(p.lot.quantity for p in some), basis, reason))
    return found
