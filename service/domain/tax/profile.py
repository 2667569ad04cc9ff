"""The holder's own figures, and the year that they make with what was realised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from service.domain.assets import is_one_of_a_kind
from service.domain.ledger import Disposal
from service.domain.money import ZERO, exact
from service.domain.rules import Rules, local_date
from service.domain.tax.federal import YearInput
from service.domain.tax.model import Federal, Marginal, TaxModel, liability

FilingStatus = Literal["single", "married_joint", "married_separate", "head_of_household", "surviving_spouse"]
"""IRC 1(a) to (d), 2."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The holder's own figures. Rates are shares (0.24), money is a year's amount.

    With `income` the whole year is computed, else by the two marginal rates.
    """

    jurisdiction: str = "us"
    time_zone: str = "UTC"
    short_rate: Decimal = Decimal("0.24")
    """Marginal rate on ordinary income and short-term gains."""
    long_rate: Decimal = Decimal("0.15")
    other_short: Decimal = ZERO
    """Short-term result of the year outside of thresher (negative: loss)."""
    other_long: Decimal = ZERO
    filing_status: FilingStatus = "single"
    """Decides the yearly limit on losses: a married person who files separately has half of it (IRC 1211(b))."""
    income: Decimal | None = None
    """Ordinary income of the year that is no net investment income: wages, business, pensions. None: not told."""
    interest: Decimal = ZERO
    """Ordinary income of the year that is net investment income."""
    qualified_dividends: Decimal = ZERO
    deduction: Decimal | None = None
    """Itemised deductions; None: the standard deduction."""
    amt_addback: Decimal = ZERO
    """The part of them that the alternative minimum tax does not know: taxes (Form 6251, line 2a)."""
    other_collectibles: Decimal = ZERO
    """The part of `other_long` that is collectibles."""
    short_carryover: Decimal = ZERO
    """Losses carried into the year, positive."""
    long_carryover: Decimal = ZERO
    state_rate: Decimal = ZERO
    """Of the state, on gains and on the losses that are allowed."""
    later_years: Decimal = Decimal(3)
    """How long the holder means to keep what is bought back."""
    later_rate: Decimal = Decimal("0.15")
    """Rate at which the lower basis will be taxed then."""
    discount_rate: Decimal = Decimal("0.05")
    """What money of next year is worth less today."""


class Realised(NamedTuple):
    """Results of a year by term, losses negative; of the long ones `collectibles` collectible."""

    short: Decimal = ZERO
    long: Decimal = ZERO
    collectibles: Decimal = ZERO


def year_of(profile: Profile, rules: Rules, realised: Realised) -> TaxModel:
    """The holder's year with these results of thresher's ledger."""
    with exact():
        short, long = realised.short + profile.other_short, realised.long + profile.other_long
        if profile.income is None or rules.figures is None:
            return Marginal(
                short - profile.short_carryover,
                long - profile.long_carryover,
                profile.short_rate,
                profile.long_rate,
                rules.loss_limit,
                profile.state_rate,
            )
        year = YearInput(
            profile.income,
            profile.interest,
            profile.qualified_dividends,
            short,
            long,
            realised.collectibles + profile.other_collectibles,
            profile.short_carryover,
            profile.long_carryover,
            profile.deduction,
            profile.amt_addback,
        )
        return Federal(year, rules.figures, profile.state_rate)


def deferral(profile: Profile) -> Decimal:
    """Worth today of the tax on one dollar of gain when the coins are sold later."""
    with exact():
        return profile.later_rate / (1 + profile.discount_rate) ** profile.later_years


def saving(model: TaxModel, short: Decimal, long: Decimal, collectibles: Decimal = ZERO) -> Decimal:
    """What realising further losses (positive amounts, by term) saves in tax this year; zero when the year cannot use them.

    What is carried forward is not counted. Of the long ones `collectibles` are collectible.
    """
    with exact():
        saved: Decimal = liability(model).total - liability(model, -short, -long, -collectibles).total
        return saved


def year_result(disposals: Iterable[Disposal], year: int, zone: str) -> tuple[Realised, int]:
    """The taxpayer's calendar year, and how many disposals have an unknown gain."""
    short, long, collectibles, unknown = ZERO, ZERO, ZERO, 0
    with exact():
        for disposal in disposals:
            if local_date(disposal.disposed_at, zone).year != year:
                continue
            gain = disposal.gain
            if gain is None:
                unknown += 1
            elif disposal.term == "short":
                short += gain
            else:
                long += gain
                collectibles += gain if is_one_of_a_kind(disposal.coin) else ZERO
    return Realised(short, long, collectibles), unknown
