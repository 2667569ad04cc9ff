"""The United States' federal income tax of one year, in the order of the forms: what capital gains and losses really cost or save.

Schedule D (netting by term, the limit on losses, what is carried forward), Form 1040 (income, deduction), the Schedule D Tax Worksheet (layers
of 0, 15, 20 and 28 percent stacked on ordinary income), Form 6251 (alternative minimum tax), Form 8960 (net investment income tax). Exact rate
schedules, also below 100,000 dollars, where the printed Tax Table differs by up to some 6 dollars. Nothing is rounded.

The year is written once, without a branch: sums, products with constants, and the lesser or greater of two. So the same lines serve exact
decimals (`year_tax`), and whoever searches: arrays of floats, straight lines between bends, a linear program (`Algebra`).

Left out: credits, payroll taxes, additions to the standard deduction for age and blindness, unrecaptured section 1250 gain, investment interest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from service.domain.money import ZERO, exact
from service.domain.rules import Figures


class YearInput(NamedTuple):
    """A filer's year, in dollars. Gains are positive, losses negative; carryovers into the year are positive loss amounts."""

    wages: Any = ZERO
    """Ordinary income that is no net investment income."""
    interest: Any = ZERO
    """Ordinary income that is net investment income."""
    qualified_dividends: Any = ZERO
    short: Any = ZERO
    """Net short-term result of the year, carryover left out."""
    long: Any = ZERO
    """Net long-term result of the year, collectibles included, carryover left out."""
    collectibles: Any = ZERO
    """The part of `long` that is collectibles gain or loss (28 percent)."""
    short_carryover: Any = ZERO
    long_carryover: Any = ZERO
    deduction: Decimal | None = None
    """Itemised deductions; None: the standard deduction of the year."""
    amt_addback: Decimal = ZERO
    """The part of itemised deductions that the alternative minimum tax does not know (Form 6251, line 2a: taxes). The standard deduction is
    added back as a whole."""


class YearTax(NamedTuple):
    """What the year comes to. Amounts in dollars, exact."""

    short_net: Any
    """Schedule D, line 7."""
    long_net: Any
    """Line 15."""
    both_net: Any
    """Line 16."""
    capital: Any
    """Form 1040, line 7: the gain, or the loss that is allowed, negative."""
    agi: Any
    deduction: Any
    income_before_floor: Any
    """AGI less the deduction; may be negative, as the carryover worksheet wants it."""
    taxable_income: Any
    loss_allowed: Any
    """Positive: what the limit of 26 U.S.C. 1211(b) lets through."""
    loss_absorbed: Any
    """The part of it that the year used up (26 U.S.C. 1212(b)(2))."""
    carry_short: Any
    carry_long: Any
    """Losses that go to the next year, positive."""
    at_ordinary: Any
    at_0: Any
    at_15: Any
    at_20: Any
    at_28: Any
    """How taxable income lies in the layers."""
    income_tax: Any
    amt_income: Any
    amt_exemption: Any
    amt_tentative: Any
    amt: Any
    investment_income: Any
    niit: Any
    total: Any


@dataclass(frozen=True, slots=True)
class Algebra:
    """The two operations beside sum and product, for whatever stands for a number, and the constants turned into such numbers."""

    low: Callable[[Any, Any], Any]
    high: Callable[[Any, Any], Any]
    of: Callable[[Decimal], Any] = lambda constant: constant


EXACT = Algebra(min, max)


def year_tax(told: YearInput, figures: Figures) -> YearTax:
    """The whole year, exact. The difference of two is what a sale costs or saves."""
    with exact():
        return computed(told, figures, EXACT)


def computed(told: YearInput, figures: Figures, by: Algebra) -> YearTax:
    """The year over any numbers that the algebra knows."""
    net = _net(told, figures, by)
    agi = told.wages + told.interest + told.qualified_dividends + net.capital
    deduction = by.of(figures.standard_deduction if told.deduction is None else told.deduction)
    before_floor = agi - deduction
    nothing = by.of(ZERO)
    taxable = by.high(nothing, before_floor)
    absorbed = by.low(net.allowed, by.high(nothing, before_floor + net.allowed))
    carry_short, carry_long = _carried(net, absorbed, by)
    layers = _layers(told, net, taxable, figures, by)
    income_tax = by.low(layers.tax, schedule(taxable, figures, by))
    minimum = _minimum(told, layers, before_floor, figures, by)
    amt = by.high(nothing, minimum.tax - income_tax)
    investment = by.high(nothing, told.interest + told.qualified_dividends + net.capital)
    niit = by.low(investment, by.high(nothing, agi - by.of(figures.niit_over))) * by.of(figures.niit_rate)
    return YearTax(
        net.short, net.long, net.short + net.long, net.capital, agi, deduction, before_floor, taxable, net.allowed, absorbed,
        carry_short, carry_long, layers.ordinary, layers.at_0, layers.at_15, layers.at_20, layers.at_28, income_tax,
        minimum.income, minimum.exemption, minimum.tax, amt, investment, niit, income_tax + amt + niit,
    )  # fmt: skip


def schedule(income: Any, figures: Figures, by: Algebra = EXACT) -> Any:
    """Tax on ordinary income by the brackets (26 U.S.C. 1(j)(2)); 0 below 0. Each bracket adds its rate over the one before it."""
    tax, before, start = by.of(ZERO), ZERO, ZERO
    for rate, end in figures.brackets:
        tax = tax + by.high(by.of(ZERO), income - by.of(start)) * by.of(rate - before)
        if end is not None:
            before, start = rate, end
    return tax


# ------------------------------------------------------------------ Schedule D


class _Net(NamedTuple):
    short: Any
    long: Any
    capital: Any
    allowed: Any
    preferential: Any
    """Net capital gain: the smaller of lines 15 and 16 where both are gains (26 U.S.C. 1222(11))."""
    collectibles: Any
    """28% Rate Gain Worksheet: a net short-term loss and the long-term carryover lower the collectibles gain first."""


def _net(told: YearInput, figures: Figures, by: Algebra) -> _Net:
    nothing = by.of(ZERO)
    short, long = told.short - told.short_carryover, told.long - told.long_carryover
    both = short + long
    allowed = by.low(by.of(figures.loss_limit), by.high(nothing, nothing - both))
    collectibles = by.high(nothing, told.collectibles + by.low(short, nothing) - told.long_carryover)
    return _Net(short, long, by.high(nothing, both) - allowed, allowed, by.high(nothing, by.low(long, both)), collectibles)


def _carried(net: _Net, absorbed: Any, by: Algebra) -> tuple[Any, Any]:
    """Capital Loss Carryover Worksheet: what was absorbed counts as a short-term gain, and each term meets the other's gain."""
    nothing = by.of(ZERO)
    short_loss, long_loss = by.high(nothing, nothing - net.short), by.high(nothing, nothing - net.long)
    short = by.high(nothing, short_loss - absorbed - by.high(nothing, net.long))
    long = by.high(nothing, long_loss - by.high(nothing, absorbed - short_loss) - by.high(nothing, net.short))
    return short, long


# ------------------------------------------------------------------ Schedule D Tax Worksheet

_FIFTEEN, _TWENTY = Decimal("0.15"), Decimal("0.20")
"""26 U.S.C. 1(h)(1)(C), (D)."""
_UNDER_25 = Decimal("0.25")
"""Collectibles gain fills the brackets below this rate first: line 19 of the worksheet, the upper end of the 24 percent bracket."""


class _Layers(NamedTuple):
    ordinary: Any
    at_0: Any
    at_15: Any
    at_20: Any
    at_28: Any
    preferred: Any
    """Line 13: what 0, 15 and 20 percent apply to."""
    other: Any
    """Line 14: taxable income less that."""
    tax: Any


def _layers(told: YearInput, net: _Net, taxable: Any, figures: Figures, by: Algebra) -> _Layers:
    nothing, zero_to = by.of(ZERO), by.of(figures.zero_to)
    gains = told.qualified_dividends + net.preferential
    preferred = gains - by.low(net.preferential, net.collectibles)
    other = by.high(nothing, taxable - preferred)
    under_25 = max((end for rate, end in figures.brackets if end is not None and rate < _UNDER_25), default=ZERO)
    ordinary = by.high(by.high(nothing, taxable - gains), by.low(other, by.of(under_25)))
    zero_room = by.low(taxable, zero_to)
    at_0 = zero_room - by.low(other, zero_room)
    left = by.low(taxable, preferred) - at_0
    at_15 = by.low(left, by.high(nothing, by.low(taxable, by.of(figures.fifteen_to)) - ordinary - at_0))
    at_20 = left - at_15
    at_28 = taxable - ordinary - left - at_0
    tax = schedule(ordinary, figures, by) + at_15 * by.of(_FIFTEEN) + at_20 * by.of(_TWENTY) + at_28 * by.of(figures.collectibles_rate)
    return _Layers(ordinary, at_0, at_15, at_20, at_28, preferred, other, tax)


# ------------------------------------------------------------------ Form 6251

_LOW, _STEP = Decimal("0.26"), Decimal("0.02")
"""26 U.S.C. 55(b)(1): 26 percent, 28 above a threshold."""


class _Minimum(NamedTuple):
    income: Any
    exemption: Any
    tax: Any


def _minimum(told: YearInput, layers: _Layers, before_floor: Any, figures: Figures, by: Algebra) -> _Minimum:
    nothing, most, phase = by.of(ZERO), by.of(figures.amt_exemption), figures.amt_phase_out_share
    income = before_floor + by.of(figures.standard_deduction if told.deduction is None else told.amt_addback)
    if figures.status == "married_separate":  # 26 U.S.C. 55(d)(3), last sentence
        beyond = figures.amt_phase_out_over + figures.amt_exemption / phase
        income = income + by.low(most, by.high(nothing, income - by.of(beyond)) * by.of(phase))
    exemption = by.high(nothing, most - by.high(nothing, income - by.of(figures.amt_phase_out_over)) * by.of(phase))
    base = by.high(nothing, income - exemption)
    taken = by.low(base, layers.preferred)
    zero_left = by.high(nothing, by.of(figures.zero_to) - layers.other)
    at_0 = by.low(taken, zero_left)
    at_15 = by.low(taken - at_0, by.high(nothing, by.of(figures.fifteen_to) - zero_left - layers.ordinary))
    tax = _flat(base - taken, figures, by) + at_15 * by.of(_FIFTEEN) + (taken - at_0 - at_15) * by.of(_TWENTY)
    return _Minimum(income, exemption, by.low(tax, _flat(base, figures, by)))


def _flat(base: Any, figures: Figures, by: Algebra) -> Any:
    return base * by.of(_LOW) + by.high(by.of(ZERO), base - by.of(figures.amt_28_over)) * by.of(_STEP)
