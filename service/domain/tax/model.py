"""The year as a function of what is still realised in it, over any numbers: the whole federal computation, or the holder's two rates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from service.domain.money import ZERO, exact
from service.domain.rules import Figures
from service.domain.tax.federal import EXACT, Algebra, YearInput, YearTax, computed


class Liability(NamedTuple):
    """What the year comes to. Money; negative where a loss lowers the tax on income that is not computed here."""

    total: Any
    """Federal and state."""
    state: Any
    carry_short: Any
    """Losses that go to later years, positive."""
    carry_long: Any
    federal: YearTax | None
    """Line by line, where the whole year is computed."""


class TaxModel(Protocol):
    def liability(self, short: Any, long: Any, collectibles: Any, by: Algebra) -> Liability:
        """The year with further results by term (losses negative), of the long ones `collectibles` collectible, over numbers of the algebra."""

    def without_results(self) -> TaxModel:
        """The same year with no gain, loss or carryover: what a later year is taken to be."""


@dataclass(frozen=True, slots=True)
class Federal:
    """The United States' year from the holder's income (service.domain.tax.federal)."""

    year: YearInput
    """With what was realised so far."""
    figures: Figures
    state_rate: Decimal = ZERO
    """The holder's own figure, on Form 1040, line 7: gains, and the losses that are allowed."""

    def without_results(self) -> Federal:
        none = self.year._replace(short=ZERO, long=ZERO, collectibles=ZERO, short_carryover=ZERO, long_carryover=ZERO)
        return replace(self, year=none)

    def liability(self, short: Any, long: Any, collectibles: Any, by: Algebra) -> Liability:
        year = self.year
        told = YearInput(
            wages=by.of(year.wages),
            interest=by.of(year.interest),
            qualified_dividends=by.of(year.qualified_dividends),
            short=by.of(year.short) + short,
            long=by.of(year.long) + long,
            collectibles=by.of(year.collectibles) + collectibles,
            short_carryover=by.of(year.short_carryover),
            long_carryover=by.of(year.long_carryover),
            deduction=year.deduction,
            amt_addback=year.amt_addback,
        )
        tax = computed(told, self.figures, by)
        state = tax.capital * by.of(self.state_rate)
        return Liability(tax.total + state, state, tax.carry_short, tax.carry_long, tax)


@dataclass(frozen=True, slots=True)
class Marginal:
    """By two rates that the holder gives, for whom income is not told: IRC 1222, 1211(b), 1212(b), Schedule D.

    Short and long net first by themselves, then with each other. What is positive is taxed at the rate of its own term; a loss on balance lowers
    other income, up to the limit, at the rate on ordinary income. Other income is taken to be large enough to absorb the whole limit.
    """

    short: Decimal
    """Results of the year so far, carryovers in them."""
    long: Decimal
    short_rate: Decimal
    long_rate: Decimal
    loss_limit: Decimal
    state_rate: Decimal = ZERO

    def without_results(self) -> Marginal:
        return replace(self, short=ZERO, long=ZERO)

    def liability(self, short: Any, long: Any, collectibles: Any, by: Algebra) -> Liability:
        del collectibles  # their own rate needs the whole year
        nothing = by.of(ZERO)
        short, long = by.of(self.short) + short, by.of(self.long) + long
        both = short + long
        allowed = by.low(by.of(self.loss_limit), by.high(nothing, nothing - both))
        gains = by.high(nothing, by.low(short, both)), by.high(nothing, by.low(long, both))
        federal = gains[0] * by.of(self.short_rate) + gains[1] * by.of(self.long_rate) - allowed * by.of(self.short_rate)
        state = (by.high(nothing, both) - allowed) * by.of(self.state_rate)
        short_loss, long_loss = by.high(nothing, nothing - short), by.high(nothing, nothing - long)
        carry_short = by.high(nothing, short_loss - allowed - by.high(nothing, long))
        carry_long = by.high(nothing, long_loss - by.high(nothing, allowed - short_loss) - by.high(nothing, short))
        return Liability(federal + state, state, carry_short, carry_long, None)


def liability(model: TaxModel, short: Decimal = ZERO, long: Decimal = ZERO, collectibles: Decimal = ZERO) -> Liability:
    """Exact."""
    with exact():
        return model.liability(short, long, collectibles, EXACT)
