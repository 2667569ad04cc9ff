"""Each figure of a federal year as a line of the forms: number, amount, the arithmetic in words, one sentence, and the law it rests on.

Filled in from the top as a person would, with the forms' own branches ("if zero or less", "skip lines 23 to 43"): a second way to the figures
that `service.domain.tax.federal` computes without a branch. That both agree is asserted where an answer is given, and by tests.

Line numbers: the forms and instructions for 2025 were read (Form 1040, Schedule D with its worksheets, Forms 6251 and 8960). For 2022 to 2024
the numbers known to differ are used (Form 1040 lines 7, 11 and 12, Form 6251 line 1), not read again; for 2026 only drafts exist.
"""

from __future__ import annotations

from service.domain.money import exact
from service.domain.rules import Figures
from service.domain.tax.federal import YearInput
from service.domain.tax.lines.minimum import investment, minimum
from service.domain.tax.lines.schedule_d import carried, netted
from service.domain.tax.lines.working import Line, Sheet, added, positive
from service.domain.tax.lines.worksheets import taxed

__all__ = ["Line", "lines", "numbering"]


def lines(told: YearInput, figures: Figures) -> tuple[Line, ...]:
    """In the order in which the forms are filled in; the last is the sum of the three taxes. Amounts are exact."""
    with exact():
        return _lines(told, figures)


def numbering(year: int) -> str:
    """Where the line numbers of a year come from."""
    if year == 2025:
        return "The forms and instructions for 2025 were read."
    if year < 2025:
        return f"Forms and instructions for 2025 were read; the numbers of {year} that differ are recalled, not read."
    return f"Forms and instructions for 2025 were read; for {year} they are taken over, and not read."


def _lines(told: YearInput, figures: Figures) -> tuple[Line, ...]:
    capital_no, agi_no, deduction_no = ("7a", "11a", "12e") if figures.year >= 2025 else ("7", "11", "12")
    net = netted(told, figures)
    f = Sheet("Form 1040", "26 U.S.C. 61, 62; Form 1040")
    wages = f.told("1z", told.wages, "Ordinary income that is no net investment income, such as wages.")
    interest = f.told("2b", told.interest, "Taxable interest.")
    dividends = f.told("3a", told.qualified_dividends, "Qualified dividends.", "26 U.S.C. 1(h)(11)")
    capital = f.put(
        capital_no, net.capital, "The gain of Schedule D, or its allowed loss.", "26 U.S.C. 1211(b); Schedule D, lines 16 and 21"
    )
    agi = f.put(agi_no, added(wages, interest, dividends, capital), "Adjusted gross income.")
    if told.deduction is None:
        deduction = f.told(deduction_no, figures.standard_deduction, "Standard deduction of the filing status.", "26 U.S.C. 63(c)")
    else:
        deduction = f.told(deduction_no, told.deduction, "Itemised deductions, as told.", "26 U.S.C. 63(d)")
    income = f.put("15", positive(agi - deduction), "Taxable income.", "26 U.S.C. 63")
    layers = taxed(income, dividends, net, figures)
    tax = f.put("16", layers.tax, "Income tax.", "26 U.S.C. 1; exact rate schedules, not the Tax Table")
    alternative, amt = minimum(told, figures, agi, deduction, layers._replace(tax=tax))
    on_investment, niit = investment(interest, dividends, capital, agi, figures)
    end = Sheet("Federal tax", "Form 1040, line 16; Schedule 2")
    end.put("total", added(tax, amt, niit), "The three together. Credits, payroll taxes and other taxes are not computed.")
    return (*net.lines, *f.lines[:-1], *layers.lines, f.lines[-1], *carried(net, agi, deduction), *alternative, *on_investment, *end.lines)
