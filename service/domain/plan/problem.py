"""Which lots to sell: the problem as a value, and what an answer to it comes to, exactly.

    minimise  tax of the year − worth of the losses that go to later years + costs of the sales

over a share between 0 and 1 of each candidate lot. Only the net results by term enter the tax, so the search is two-dimensional for lots that
can be chosen freely; lots that a method takes in its order, costs of a whole sale, and a limit on sales make it a linear program with yes-or-no
variables. The search is a port (service.solver), in floats; `outcome` computes what it found anew, in decimals, by the same lines of the tax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from service.domain.money import ZERO, exact
from service.domain.rules import Term
from service.domain.tax.federal import EXACT, Algebra
from service.domain.tax.model import Liability, TaxModel

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A lot that could be sold, as a whole or in part; gain and cost shrink with the part."""

    lot: str
    term: Term
    gain: Decimal
    """What selling all of it now would realise; a loss is negative."""
    cost: Decimal
    """Money: spread and fees, and what the new basis costs later; negative where a higher basis is worth something."""
    sale: str = ""
    """Lots of one sale (an account and a coin) share its fixed cost and count once against `Problem.most_sales`."""
    in_order: bool = False
    """The lots of this sale go in the order in which they are given: the account's method takes them so."""
    is_collectible: bool = False
    is_whole: bool = False
    """All of it or nothing: a token that is one of its kind."""


@dataclass(frozen=True, slots=True)
class CarryWorth:
    """What a dollar of loss that goes to later years is worth today: by its term, and by how many come before it."""

    short: Decimal = ZERO
    long: Decimal = ZERO
    steps: tuple[tuple[Decimal, Decimal], ...] = ()
    """(up to this many dollars of both terms together, worth of one), upper ends rising; nothing beyond the last."""

    def of(self, short: Any, long: Any, by: Algebra) -> Any:
        worth = short * by.of(self.short) + long * by.of(self.long)
        both = short + long
        for place, (end, each) in enumerate(self.steps):
            further = self.steps[place + 1][1] if place + 1 < len(self.steps) else ZERO
            worth = worth + by.low(both, by.of(end)) * by.of(each - further)
        return worth


@dataclass(frozen=True, slots=True)
class Problem:
    """One taxpayer's year so far, and what could still be sold."""

    taxes: TaxModel
    """The year with what was realised so far."""
    candidates: tuple[Candidate, ...]
    carry: CarryWorth = CarryWorth()
    fixed: Mapping[str, Decimal] = field(default_factory=dict)
    """Money by sale, whatever is sold of it: gas to move coins out of cold storage."""
    most_sales: int | None = None

    @property
    def is_free(self) -> bool:
        """Each lot can be chosen by itself, in any part, and only the two terms count."""
        alone = not any(self.fixed.values()) and self.most_sales is None
        return alone and not any(c.in_order or (c.is_whole and c.gain) or (c.is_collectible and c.gain) for c in self.candidates)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the year comes to when these shares are sold."""

    shares: tuple[Decimal, ...]
    """Of the candidates, in their order."""
    short: Decimal
    """What the sales realise, by term; losses negative."""
    long: Decimal
    collectibles: Decimal
    """The part of `long` that is collectibles."""
    year: Liability
    carry_worth: Decimal
    costs: Decimal
    objective: Decimal
    """Tax − worth of what is carried on + costs: the lower, the better."""


def outcome(problem: Problem, shares: Sequence[Decimal]) -> Outcome:
    """Exact. Raises ValueError for shares that cannot be: outside of 0 to 1, out of a sale's order, more sales than may be."""
    _check(problem, shares)
    with exact():
        pairs = list(zip(problem.candidates, shares, strict=True))
        short = sum((c.gain * share for c, share in pairs if c.term == "short"), ZERO)
        long = sum((c.gain * share for c, share in pairs if c.term == "long"), ZERO)
        collectibles = sum((c.gain * share for c, share in pairs if c.is_collectible and c.term == "long"), ZERO)
        used = {c.sale for c, share in pairs if share}
        costs = sum((c.cost * share for c, share in pairs), ZERO) + sum((problem.fixed.get(sale, ZERO) for sale in used), ZERO)
        year = problem.taxes.liability(short, long, collectibles, EXACT)
        worth = problem.carry.of(year.carry_short, year.carry_long, EXACT)
        return Outcome(tuple(shares), short, long, collectibles, year, worth, costs, year.total - worth + costs)


def _check(problem: Problem, shares: Sequence[Decimal]) -> None:
    if len(shares) != len(problem.candidates) or not all(0 <= share <= 1 for share in shares):
        raise ValueError("give a share from 0 to 1 for each candidate")
    if any(c.is_whole and 0 < share < 1 for c, share in zip(problem.candidates, shares, strict=True)):
        raise ValueError("what is one of its kind is sold whole or not at all")
    last: dict[str, Decimal] = {}
    for candidate, share in zip(problem.candidates, shares, strict=True):
        if candidate.in_order:
            if share and last.get(candidate.sale, ONE) != 1:
                raise ValueError(f"{candidate.lot} is sold before the lots that come before it in its sale")
            last[candidate.sale] = share
    sales = {c.sale for c, share in zip(problem.candidates, shares, strict=True) if share}
    if problem.most_sales is not None and len(sales) > problem.most_sales:
        raise ValueError(f"{len(sales)} sales, of {problem.most_sales} at most")
