"""What a back-test is given, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from service.domain.harvest import Costs, Thresholds
from service.domain.ledger import Choices, Match
from service.domain.movements import Movement
from service.domain.tax import Realised

PoolKey = tuple[str, str]
"""Account ("" in one pool for all) and coin."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When to harvest."""

    name: str
    trigger: Decimal | None = None
    """Lost share of the basis; None: never during the year."""
    sweeps: bool = False
    """On the last day with a price of each year."""


NOTHING = Policy("none")


@dataclass(frozen=True, slots=True)
class Past:
    """A history as it was booked, and what coins were worth."""

    groups: Sequence[Sequence[Movement]]
    """Movements of each group of coins, in order."""
    said: Choices
    places: int
    prices: Mapping[str, Mapping[int, int]]
    """Coin → day → money of one coin (`daily`)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """From the first day to the last one, both in, harvests may happen; what comes after the last is left out."""

    first: int
    last: int
    costs: Costs
    sweep_rate: Decimal
    """What a dollar of loss saves in the judgement of the sweep."""
    thresholds: Callable[[str], Thresholds]
    """By coin. `loss`: a smaller one is left alone. `cost_multiple`: what the sweep asks of a saving. The others are the rule's own matter."""
    movable: Callable[[str], bool]
    """Whether coins of an account can be sold where they lie."""


class Harvest(NamedTuple):
    """One sale with its purchase. Quantities and money in ints (service.domain.movements)."""

    day: int
    account: str
    coin: str
    lots: int
    """How many it took, whole or in part."""
    quantity: int
    value: int
    short: int
    """What it realised; losses negative."""
    long: int
    costs: Decimal


@dataclass(frozen=True, slots=True)
class Run:
    """What became of the history under a policy."""

    policy: Policy
    harvests: tuple[Harvest, ...]
    """In order of day, account and coin."""
    realised: Mapping[int, Realised]
    """By tax year from the first to the last."""
    unknown: Mapping[int, int]
    """Disposals of a year whose gain is unknown; they are in no sum."""
    open_basis: Decimal
    """Of all lots at the end whose basis is known."""
    held: Mapping[PoolKey, int]
    """Account and coin → what is there at the end."""
    not_there: int
    """Lots that the holder named for a sale and that were not there."""
    matches: tuple[Match, ...] = field(repr=False)
