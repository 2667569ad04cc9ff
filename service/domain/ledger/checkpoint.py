"""The state of a group between two movements as text, and back: replaying from it is the same function with a starting state.

The text depends on content only: quantities are plain decimals whatever places the group counts in, everything is in order. What a group
has already given (matches, incomes, findings) is not in it; whoever keeps the text keeps those.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from heapq import heapify
from typing import Any

from service.domain.ledger.choices import Choices
from service.domain.ledger.group import Group
from service.domain.ledger.pool import Holding, Origin, Pool
from service.domain.movements import PLACES, text, units


def state(group: Group) -> str:
    """JSON text, the same for equal groups."""

    def plain(quantity: int) -> str:
        return text(quantity, group.places)

    def held(part: Holding) -> list[Any]:
        o = part.origin
        origin = [o.id, o.account, o.acquired, o.long_from, o.sequence, o.unit, list(o.flags), o.fair_at, o.fair_long_from]
        return [*origin, plain(part.quantity), part.basis, part.fair, part.asset]

    def counts(of: dict[tuple[str, str], int]) -> list[list[str]]:
        return [[account, coin, plain(quantity)] for (account, coin), quantity in sorted(of.items())]

    pools = sorted(group.pools.items())
    told = {
        "entered": group.entered,
        "universal": group.universal,
        "sums": [group.acquired, group.disposed, group.left],
        "held": counts(group.held),
        "short": counts(group.short),
        "pools": [
            [account, coin, plain(pool.units), pool.basis, [held(pool.lots[lot]) for lot in sorted(pool.lots)], *pool.flags]
            for (account, coin), pool in pools
            if pool.lots
        ],
        "on_the_way": [
            [at, number, account, coin, [held(p) for p in parts]] for at, number, account, coin, parts in sorted(group.on_the_way)
        ],
        "identified": group.identified.state(plain),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def resumed(choices: Choices, told: str, places: int = PLACES) -> Group:
    """A group that goes on from `state`. Raises ValueError where a quantity is finer than `places`."""
    said = json.loads(told)
    group = Group(choices, places)
    group.entered, group.universal = said["entered"], said["universal"]
    group.acquired, group.disposed, group.left = said["sums"]

    def count(quantity: str) -> int:
        return units(Decimal(quantity), places)

    group.held = {(account, coin): count(quantity) for account, coin, quantity in said["held"]}
    group.short = {(account, coin): count(quantity) for account, coin, quantity in said["short"]}
    for account, coin, of_pool, basis, lots, *flags in said["pools"]:
        pool = group.pools[account, coin] = Pool()
        pool.units, pool.basis, pool.flags = count(of_pool), basis, tuple(flags)
        pool.lots = {lot[0]: _holding(lot, count) for lot in lots}
    group.on_the_way = [(at, n, account, coin, [_holding(p, count) for p in parts]) for at, n, account, coin, parts in said["on_the_way"]]
    heapify(group.on_the_way)
    group.identified.resume(said["identified"], count)
    return group


def _holding(told: list[Any], count: Callable[[str], int]) -> Holding:
    name, account, acquired, long_from, sequence, unit, flags, fair_at, fair_long_from, quantity, basis, fair, asset = told
    origin = Origin(name, account, acquired, long_from, sequence, unit, tuple(flags), fair_at, fair_long_from)
    return Holding(origin, count(quantity), basis, fair, asset)
