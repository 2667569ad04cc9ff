"""The tax on taxable income: by the brackets alone, or by one of the two worksheets that stack the rates of capital gain on top.

Qualified Dividends and Capital Gain Tax Worksheet (Form 1040 instructions), or, where collectibles gain is left, the Schedule D Tax Worksheet.
Exact schedules, also below 100,000 dollars, where the printed Tax Table differs by up to some 6 dollars.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from service.domain.money import ZERO
from service.domain.rules import Figures
from service.domain.tax.lines.schedule_d import Netted
from service.domain.tax.lines.working import NOTHING, Line, Sheet, Term, added, number, positive, smaller

FIFTEEN, TWENTY, UNDER_25 = Decimal("0.15"), Decimal("0.20"), Decimal("0.25")
BRACKETS = "26 U.S.C. 1(j)"
RATES = "26 U.S.C. 1(h), 1(j)(5)"


class Taxed(NamedTuple):
    lines: list[Line]
    tax: Term
    preferred: Term
    """Line 4 of the one worksheet, line 13 of the other: what 0, 15 and 20 percent apply to; 0 where neither is filled in."""
    other: Term
    """Line 5, or 14; taxable income where neither is."""
    ordinary: Term
    """Line 5, or 21; taxable income where neither is."""
    has_worksheet: bool


def taxed(income: Term, dividends: Term, net: Netted, figures: Figures) -> Taxed:
    """`income`: Form 1040, line 15; `dividends`: line 3a."""
    if income.value <= 0 or not (net.both_gains or dividends.value > 0):
        return Taxed([], by_brackets(income, figures), NOTHING, income, income, has_worksheet=False)
    if net.special.value > 0:
        return _schedule_d_tax(income, dividends, net, figures)
    return _qualified_dividends(income, dividends, net, figures)


def by_brackets(income: Term, figures: Figures) -> Term:
    """ "12,400.00 × 10% + 7,600.00 × 12%": each bracket's part of the income at its rate."""
    parts, start = list[Term](), ZERO
    for rate, end in figures.brackets:
        upper = income.value if end is None else min(income.value, end)
        if upper > start or not parts:
            parts.append(number(max(ZERO, upper - start)) * rate)
        if end is None or income.value <= end:
            break
        start = end
    return added(*parts)


def _qualified_dividends(income: Term, dividends: Term, net: Netted, figures: Figures) -> Taxed:
    w = Sheet("Qualified Dividends and Capital Gain Tax Worksheet", f"{RATES}; Form 1040 instructions, line 16")
    one = w.put("1", income, "Taxable income.")
    two = w.put("2", dividends, "Qualified dividends.")
    three = w.put(
        "3", _gain(net), "Net capital gain: the smaller of lines 15 and 16 of Schedule D where both are gains.", "26 U.S.C. 1222(11)"
    )
    preferred = w.put("4", two + three, "What 0, 15 and 20 percent apply to.")
    other = w.put("5", positive(one - preferred), "Taxable income that is taxed by the brackets.", BRACKETS)
    zero_to = w.told("6", figures.zero_to, "Taxable income up to which the rate is 0.", RATES)
    seven = w.put("7", smaller(one, zero_to), "Taxable income within that.")
    eight = w.put("8", smaller(other, seven), "Other income comes first.")
    at_0 = w.put("9", seven - eight, "Taxed at 0 percent.")
    ten = w.put("10", smaller(one, preferred), "What of it is within taxable income.")
    twelve = w.put("12", ten - at_0, "What is left for 15 and 20 percent.")
    fifteen_to = w.told("13", figures.fifteen_to, "Taxable income up to which the rate is 15.", RATES)
    fourteen = w.put("14", smaller(one, fifteen_to), "Taxable income within that.")
    fifteen = w.put("15", other + at_0, "What lies below.")
    sixteen = w.put("16", positive(fourteen - fifteen), "Room at 15 percent.")
    at_15 = w.put("17", smaller(twelve, sixteen), "Taxed at 15 percent.")
    tax_15 = w.put("18", at_15 * FIFTEEN, "Tax on it.")
    nineteen = w.put("19", at_0 + at_15, "Taxed at 0 and 15 percent.")
    at_20 = w.put("20", ten - nineteen, "Taxed at 20 percent.")
    tax_20 = w.put("21", at_20 * TWENTY, "Tax on it.")
    ordinary = w.put("22", by_brackets(other, figures), "Tax on line 5 by the brackets.", BRACKETS)
    whole = w.put("23", added(tax_15, tax_20, ordinary), "Tax by layers.")
    flat = w.put("24", by_brackets(one, figures), "Tax on line 1 if all were taxed by the brackets.", BRACKETS)
    tax = w.put("25", smaller(whole, flat), "The smaller is the tax.")
    return Taxed(w.lines, tax, preferred, other, other, has_worksheet=True)


def _gain(net: Netted) -> Term:
    return smaller(net.long, net.both) if net.both_gains else NOTHING


def _schedule_d_tax(income: Term, dividends: Term, net: Netted, figures: Figures) -> Taxed:
    """Lines 3 to 5, 8 (investment interest) and 35 to 40 (gain on depreciated buildings) are nobody's here."""
    w = Sheet("Schedule D Tax Worksheet", f"{RATES}; Schedule D instructions")
    one = w.put("1", income, "Taxable income.")
    two = w.put("2", dividends, "Qualified dividends.")
    nine = w.put("9", _gain(net), "Net capital gain: the smaller of lines 15 and 16 of Schedule D.", "26 U.S.C. 1222(11)")
    ten = w.put("10", two + nine, "What the rates of capital gain apply to.")
    eleven = w.put("11", net.special, "Collectibles gain.", "26 U.S.C. 1(h)(4), (5)")
    twelve = w.put("12", smaller(nine, eleven), "What of net capital gain is that.")
    preferred = w.put("13", ten - twelve, "What 0, 15 and 20 percent apply to.")
    other = w.put("14", positive(one - preferred), "The rest of taxable income, collectibles gain included.")
    zero_to = w.told("15", figures.zero_to, "Taxable income up to which the rate is 0.")
    sixteen = w.put("16", smaller(one, zero_to), "Taxable income within that.")
    seventeen = w.put("17", smaller(other, sixteen), "The rest comes first.")
    eighteen = w.put("18", positive(one - ten), "Taxable income without any of line 10.")
    end = number(
        max(upper for rate, upper in figures.brackets if upper is not None and rate < UNDER_25), "the end of the brackets below 25%"
    )
    nineteen = w.put("19", smaller(one, end), "Brackets that take less than 25 percent.", "26 U.S.C. 1(h)(1)(A)")
    twenty = w.put("20", smaller(other, nineteen), "What fills them: collectibles gain too, where there is room.")
    ordinary = w.put(
        "21", max((eighteen, twenty), key=lambda term: term.value), "Taxed by the brackets: the larger of lines 18 and 20.", BRACKETS
    )
    at_0 = w.put("22", sixteen - seventeen, "Taxed at 0 percent.")
    at_15, at_20, at_28, taxes = NOTHING, NOTHING, NOTHING, list[Term]()
    if one.value != sixteen.value:
        at_15, at_20, taxes = _above_zero(w, one, preferred, ordinary, at_0, figures=figures)
        if one.value != (at_0 + at_15).value:
            below = w.put("41", added(ordinary, at_0, at_15, at_20), "What is taxed otherwise.")
            at_28 = w.put("42", one - below, "Collectibles gain beyond those brackets.")
            taxes.append(w.put("43", at_28 * figures.collectibles_rate, "Tax on it.", "26 U.S.C. 1(h)(1)(F), (h)(4)"))
    taxes.append(w.put("44", by_brackets(ordinary, figures), "Tax on line 21 by the brackets.", BRACKETS))
    whole = w.put("45", added(*taxes), "Tax by layers.")
    flat = w.put("46", by_brackets(one, figures), "Tax on line 1 if all were taxed by the brackets.", BRACKETS)
    tax = w.put("47", smaller(whole, flat), "The smaller is the tax.")
    return Taxed(w.lines, tax, preferred, other, ordinary, has_worksheet=True)


def _above_zero(w: Sheet, one: Term, preferred: Term, ordinary: Term, at_0: Term, *, figures: Figures) -> tuple[Term, Term, list[Term]]:
    """Lines 23 to 34: (taxed at 15, taxed at 20, the taxes on both)."""
    within = w.put("23", smaller(one, preferred), "What 0, 15 and 20 percent apply to, within taxable income.")
    left = w.put("25", positive(within - at_0), "What is left for 15 and 20 percent.")
    fifteen_to = w.told("26", figures.fifteen_to, "Taxable income up to which the rate is 15.")
    inside = w.put("27", smaller(one, fifteen_to), "Taxable income within that.")
    below = w.put("28", ordinary + at_0, "What lies below.")
    room = w.put("29", positive(inside - below), "Room at 15 percent.")
    at_15 = w.put("30", smaller(left, room), "Taxed at 15 percent.")
    tax_15 = w.put("31", at_15 * FIFTEEN, "Tax on it.")
    both = w.put("32", at_0 + at_15, "Taxed at 0 and 15 percent.")
    if one.value == both.value:
        return at_15, NOTHING, [tax_15]
    at_20 = w.put("33", within - both, "Taxed at 20 percent.")
    return at_15, at_20, [tax_15, w.put("34", at_20 * TWENTY, "Tax on it.")]
