"""Runs → years: what each is taxed, and what harvesting saved, cost and left for later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from service.domain import ledger
from service.domain.backtest.values import Run
from service.domain.money import ZERO, exact
from service.domain.movements import calendar_day
from service.domain.plan import carry_worth
from service.domain.rules import Rules
from service.domain.tax import Liability, Profile, deferral
from service.domain.tax.chain import Linked, chain
from service.domain.tax.federal import EXACT


@dataclass(frozen=True, slots=True)
class Year:
    """One tax year under a policy, and beside doing nothing. Money."""

    year: int
    harvests: int
    short_loss: Decimal
    """What the harvests realised, losses positive."""
    long_loss: Decimal
    costs: Decimal
    tax: Liability
    saving: Decimal
    """Tax of the year without a harvest, less this one; negative where earlier harvests come back."""

    @property
    def net(self) -> Decimal:
        with exact():
            return self.saving - self.costs


@dataclass(frozen=True, slots=True)
class Result:
    """A policy over all years."""

    run: Run
    years: tuple[Year, ...]
    carry: Decimal
    """What the losses that the last year hands on are worth more than without a harvest: used year by year, worth of today."""
    deferred: Decimal
    """Worth of the tax that the lower basis of what is still held brings later; negative where it saves some."""

    @property
    def net(self) -> Decimal:
        """Of the years."""
        with exact():
            return sum((year.net for year in self.years), ZERO)

    @property
    def after_later(self) -> Decimal:
        with exact():
            return self.net + self.carry - self.deferred


def results(runs: Sequence[Run], profile_of: Callable[[int], Profile], rules_of: Callable[[int], Rules]) -> list[Result]:
    """Each run beside the first one, which harvests nothing. Carryovers flow from year to year, in each run its own; those of the first year's
    profile begin."""
    assert not runs[0].harvests, "the first run is the one without a harvest"
    chains = [chain(run.realised, profile_of, rules_of) for run in runs]
    last = max(runs[0].realised)
    found = []
    with exact():
        worths = [_worth(years[last]) for years in chains]
        for run, years, worth in zip(runs, chains, worths, strict=True):
            found.append(
                Result(
                    run,
                    tuple(_year(run, year, linked.tax, chains[0][year].tax) for year, linked in years.items()),
                    worth - worths[0],
                    (runs[0].open_basis - run.open_basis) * deferral(profile_of(last)),
                )
            )
    return found


def _worth(last: Linked) -> Decimal:
    """Of the losses that the last year hands on."""
    worth: Decimal = carry_worth(last.model, last.profile).of(last.tax.carry_short, last.tax.carry_long, EXACT)
    return worth


def _year(run: Run, year: int, tax: Liability, without: Liability) -> Year:
    of = [h for h in run.harvests if calendar_day(h.day).year == year]
    return Year(
        year,
        len(of),
        -ledger.amount(sum(h.short for h in of)),
        -ledger.amount(sum(h.long for h in of)),
        sum((h.costs for h in of), ZERO),
        tax,
        without.total - tax.total,
    )
