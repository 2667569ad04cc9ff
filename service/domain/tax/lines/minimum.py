"""Form 6251, alternative minimum tax, and Form 8960, net investment income tax."""

from __future__ import annotations

from decimal import Decimal

from service.domain.rules import Figures
from service.domain.tax.federal import YearInput
from service.domain.tax.lines.working import Line, Sheet, Term, added, number, positive, smaller
from service.domain.tax.lines.worksheets import FIFTEEN, TWENTY, Taxed

_LOW, _STEP = Decimal("0.26"), Decimal("0.02")
_SOURCE = "26 U.S.C. 55 to 59; Form 6251"
_EXEMPTION = "26 U.S.C. 55(d)"


def minimum(told: YearInput, figures: Figures, agi: Term, deduction: Term, layers: Taxed) -> tuple[list[Line], Term]:
    """Parts I to III, and line 11, the alternative minimum tax."""
    f = Sheet("Form 6251", _SOURCE)
    income = f.put("1b" if figures.year >= 2025 else "1", agi - deduction, "Income less the deduction; may be below zero.")
    if told.deduction is None:
        back = f.put("2a", deduction, "The standard deduction does not count here.", "26 U.S.C. 56(b)(1)")
    else:
        back = f.told("2a", told.amt_addback, "The taxes among itemised deductions do not count here.", "26 U.S.C. 56(b)(1)")
    whole, more = _income(f, income + back, figures)
    exemption, upto = _exemption(more, whole, figures), len(f.lines)
    exemption = f.put("5", exemption, "The exemption.", _EXEMPTION)
    base = f.put("6", positive(whole - exemption), "What the tax is reckoned on.")
    seven, third = _tentative(base, layers, figures)
    tentative = f.put("7", seven, "Tax on line 6 at the rates of this tax.", "26 U.S.C. 55(b)(1), (3)")
    nine = f.put("9", tentative, "Tentative minimum tax; foreign tax credits are not computed.")
    regular = f.put("10", layers.tax, "The regular tax.", "26 U.S.C. 55(c)")
    amt = f.put("11", positive(nine - regular), "Alternative minimum tax: what line 9 has over the regular tax.", "26 U.S.C. 55(a)")
    return [*f.lines[:upto], *more.lines, *f.lines[upto : upto + 2], *third, *f.lines[upto + 2 :]], amt


def _income(f: Sheet, sum_of_lines: Term, figures: Figures) -> tuple[Term, Sheet]:
    """Line 4, and the sheet on which the exemption is worked out. One who files separately adds half an exemption's worth back."""
    more = Sheet("Form 6251, Exemption Worksheet", f"{_EXEMPTION}; Form 6251 instructions, line 5")
    end = figures.amt_phase_out_over + figures.amt_exemption / figures.amt_phase_out_share
    if figures.status != "married_separate" or sum_of_lines.value <= end:
        return f.put("4", sum_of_lines, "Alternative minimum taxable income."), more
    before = f.put("1b–3" if figures.year >= 2025 else "1–3", sum_of_lines, "Lines up to 3.")
    over = f.put("4, excess", before - number(end, "where the exemption is gone"), "What lies above the end of the exemption.", _EXEMPTION)
    most = number(figures.amt_exemption, "the exemption")
    taken = f.put(
        "4, share", smaller(over * figures.amt_phase_out_share, most), "The share of it that counts as income.", f"{_EXEMPTION}(3)"
    )
    says = "Alternative minimum taxable income of one who files separately."
    return f.put("4", before + taken, says, f"{_EXEMPTION}(3), last sentence"), more


def _exemption(w: Sheet, income: Term, figures: Figures) -> Term:
    most = w.told("1", figures.amt_exemption, "The exemption of the filing status.")
    two = w.put("2", income, "Alternative minimum taxable income.")
    start = w.told("3", figures.amt_phase_out_over, "Income above which it shrinks.")
    over = w.put("4", positive(two - start), "What lies above.")
    gone = w.put("5", over * figures.amt_phase_out_share, "The share of it by which the exemption shrinks.")
    return w.put("6", positive(most - gone), "The exemption that is left.")


def _flat(base: Term, figures: Figures) -> Term:
    """26 percent, and 28 above a threshold: two more percent of what lies above it."""
    if base.value <= figures.amt_28_over:
        return base * _LOW
    return base * _LOW + number(base.value - figures.amt_28_over, "what lies above the threshold") * _STEP


def _tentative(base: Term, layers: Taxed, figures: Figures) -> tuple[Term, list[Line]]:
    """(line 7, the lines of Part III): capital gain and qualified dividends keep their rates of 0, 15 and 20 percent."""
    if not layers.has_worksheet:
        return _flat(base, figures), []
    w = Sheet("Form 6251", "26 U.S.C. 55(b)(3); Form 6251, Part III")
    twelve = w.put("12", base, "What the tax is reckoned on.")
    thirteen = w.put("13", layers.preferred, "What 0, 15 and 20 percent apply to.")
    fifteen = w.put("15", thirteen, "The same: gain on depreciated buildings is not computed.")
    sixteen = w.put("16", smaller(twelve, fifteen), "What of it is within line 12.")
    seventeen = w.put("17", twelve - sixteen, "The rest.")
    eighteen = w.put("18", _flat(seventeen, figures), "Tax on the rest: 26 percent, 28 above the threshold.", "26 U.S.C. 55(b)(1)")
    zero_to = w.told("19", figures.zero_to, "Taxable income up to which the rate is 0.")
    twenty = w.put("20", layers.other, "Other taxable income of the regular tax.")
    room_0 = w.put("21", positive(zero_to - twenty), "Room at 0 percent.")
    taken = w.put("22", smaller(twelve, thirteen), "What may be taxed at 0, 15 and 20 percent.")
    at_0 = w.put("23", smaller(room_0, taken), "Taxed at 0 percent.")
    left = w.put("24", taken - at_0, "What is left.")
    fifteen_to = w.told("25", figures.fifteen_to, "Taxable income up to which the rate is 15.")
    ordinary = w.put("27", layers.ordinary, "What the regular tax puts into the brackets.")
    below = w.put("28", room_0 + ordinary, "What lies below.")
    room_15 = w.put("29", positive(fifteen_to - below), "Room at 15 percent.")
    at_15 = w.put("30", smaller(left, room_15), "Taxed at 15 percent.")
    taxes = [eighteen, w.put("31", at_15 * FIFTEEN, "Tax on it.")]
    both = w.put("32", at_0 + at_15, "Taxed at 0 and 15 percent.")
    if both.value != twelve.value:
        at_20 = w.put("33", taken - both, "Taxed at 20 percent.")
        taxes.append(w.put("34", at_20 * TWENTY, "Tax on it."))
    whole = w.put("38", added(*taxes), "Tax by layers.")
    flat = w.put("39", _flat(twelve, figures), "Tax if all were taxed at 26 and 28 percent.", "26 U.S.C. 55(b)(1)")
    return w.put("40", smaller(whole, flat), "The smaller goes to line 7."), w.lines


def investment(interest: Term, dividends: Term, capital: Term, agi: Term, figures: Figures) -> tuple[list[Line], Term]:
    """Form 8960, and its line 17, the tax. Investment expenses are not computed; MAGI is AGI (no income from abroad is excluded)."""
    f = Sheet("Form 8960", "26 U.S.C. 1411; Form 8960")
    one = f.put("1", interest, "Taxable interest.")
    two = f.put("2", dividends, "Dividends.")
    five = f.put("5d", capital, "Gain or loss from property: a deducted loss lowers other investment income.")
    eight = f.put("8", added(one, two, five), "Investment income.")
    twelve = f.put("12", positive(eight), "Net investment income; expenses are not computed.")
    magi = f.put("13", agi, "Modified adjusted gross income.")
    start = f.told("14", figures.niit_over, "Income above which the tax is due; not indexed.", "26 U.S.C. 1411(b)")
    over = f.put("15", positive(magi - start), "What lies above.")
    base = f.put("16", smaller(twelve, over), "The smaller is taxed.")
    return f.lines, f.put("17", base * figures.niit_rate, "Net investment income tax.")
