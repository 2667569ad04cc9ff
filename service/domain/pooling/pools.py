"""A pool of one coin: units, their cost, and what is not known about it. What comes in, as both pooling laws see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.domain.issues import Issue, IssueKind
from service.domain.methods import Flag
from service.domain.money import plain
from service.domain.movements import Movement, decimal


class Pool(NamedTuple):
    """A pool at the end of the movements."""

    coin: str
    quantity: int
    cost: int
    flags: tuple[Flag, ...]


class Left(NamedTuple):
    """Units that left a pool without gain or loss, and the cost that went with them."""

    id: str
    coin: str
    kind: str
    """gift_out, withdrawal, lost, worthless."""
    at: int
    quantity: int
    cost: int
    flags: tuple[Flag, ...]


UNKNOWN: frozenset[Flag] = frozenset({"missing_basis", "unpriced"})
"""Flags of a match whose gain is not known, since a price or some of the cost is not: it is counted, and in no sum."""


def is_known(flags: tuple[Flag, ...]) -> bool:
    return UNKNOWN.isdisjoint(flags)


def is_cost_known(flags: tuple[Flag, ...], *, is_priced: bool) -> bool:
    """`is_priced`: it has proceeds, so "unpriced" is said of something in the pool, and not of the disposal itself."""
    return "missing_basis" not in flags and not (is_priced and "unpriced" in flags)


class Short(NamedTuple):
    """Units that left a pool, or were carried to another coin's, and were never held: without cost, and an issue each."""

    id: str
    """Of the movement; of a day's disposals the last."""
    coin: str
    quantity: int


class Taken(NamedTuple):
    cost: int
    missing: int
    """Units that the pool did not hold."""
    flags: tuple[Flag, ...]
    of_units: int
    """What it was taken from: units and cost before it."""
    of_cost: int


class Units:
    """The pool while it is worked on."""

    __slots__ = ("cost", "flags", "quantity")

    def __init__(self) -> None:
        self.quantity = 0
        self.cost = 0
        self.flags: tuple[Flag, ...] = ()

    def add(self, quantity: int, cost: int, flags: tuple[Flag, ...] = ()) -> None:
        self.quantity += quantity
        self.cost += cost
        if flags:
            self.flags = joined(self.flags, flags)

    def take(self, wanted: int) -> Taken:
        """At the average cost; the last units take what is left of it, so parts always add up to the whole."""
        held, whole, flags = self.quantity, self.cost, self.flags
        if wanted < held:
            cost = whole * wanted // held
            self.quantity, self.cost = held - wanted, whole - cost
            return Taken(cost, 0, flags, held, whole)
        missing = wanted - held
        self.quantity, self.cost, self.flags = 0, 0, ()
        return Taken(whole, missing, joined(flags, ("missing_basis",)) if missing else flags, held, whole)

    def closed(self, coin: str) -> Pool:
        return Pool(coin, self.quantity, self.cost, self.flags)


def joined(one: tuple[Flag, ...], other: tuple[Flag, ...]) -> tuple[Flag, ...]:
    return one if one == other or not other else tuple(sorted({*one, *other}))


def cost_of(m: Movement) -> tuple[int, tuple[Flag, ...]]:
    """What an acquisition costs, 0 and a flag where it is unknown."""
    known = m.value if m.more.worth is None else m.more.worth
    return (0, (m.more.unknown or "missing_basis",)) if known is None else (known, ())


def acquired_at(m: Movement) -> int:
    """When it became the holder's: a deposit's stated date, else its own time (a donor's date counts for the donor)."""
    stated = m.more.acquired_at
    return m.at if stated is None or m.more.kind == "gift_in" else min(stated, m.at)


def missing(name: str, coin: str, quantity: int, places: int, symbols: Mapping[str, str]) -> Issue:
    says = f"{plain(decimal(quantity, places))} {symbols.get(coin, coin)} left that never came in: its cost is counted as nothing."
    return Issue(IssueKind.MISSING_BASIS, "error", f"{name} {coin}", says, "Add the account or the history that it came from.")


def gift_at_cost(m: Movement, places: int, symbols: Mapping[str, str]) -> Issue:
    return Issue(
        IssueKind.GIFT_AT_COST,
        "warning",
        f"{m.id} {m.coin}",
        f"{plain(decimal(m.quantity, places))} {symbols.get(m.coin, m.coin)} was given away: it left the pool at its cost, without gain or loss. "
        "That is the rule between spouses; any other gift is a disposal at market value.",
        "Unless it went to a spouse or civil partner, record it as a spend at its market value.",
    )
