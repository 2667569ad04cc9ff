"""A federal year of the United States: {"year": 2026, "filing_status": "single", "wages": 90000, "st": -5000} → every figure, and line by line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, cast, get_args

from service.app.tax_cases.reading import BadCase, Fields
from service.domain.money import ZERO, cents, exact, plain
from service.domain.rules import Figures, Rules
from service.domain.tax import FilingStatus
from service.domain.tax.federal import YearInput, YearTax, year_tax
from service.domain.tax.lines import Line, lines, numbering

RulesOf = Callable[[int, FilingStatus], Rules]
"""Raises ValueError for a year that no file has."""

STATUSES = get_args(FilingStatus)
INPUT: Mapping[str, str] = {
    "wages": "wages",
    "interest": "interest",
    "qdiv": "qualified_dividends",
    "st": "short",
    "lt": "long",
    "coll": "collectibles",
    "stco": "short_carryover",
    "ltco": "long_carryover",
}
"""A case's word → ours."""
_NEVER_NEGATIVE = ("interest", "qdiv", "stco", "ltco")
FIGURES: Mapping[str, str] = {
    "sch_d_line7": "short_net",
    "sch_d_line15": "long_net",
    "sch_d_line16": "both_net",
    "form1040_line7": "capital",
    "agi": "agi",
    "std_deduction": "deduction",
    "taxable_income": "taxable_income",
    "taxable_income_before_floor": "income_before_floor",
    "loss_deduction_allowed": "loss_allowed",
    "loss_deduction_absorbed": "loss_absorbed",
    "carry_out_st": "carry_short",
    "carry_out_lt": "carry_long",
    "taxed_at_ordinary": "at_ordinary",
    "taxed_at_0": "at_0",
    "taxed_at_15": "at_15",
    "taxed_at_20": "at_20",
    "taxed_at_28": "at_28",
    "income_tax": "income_tax",
    "amt": "amt",
    "niit": "niit",
    "total": "total",
}
"""A case's word → ours, of what the year comes to."""
STATE = ("state_tax", "total_with_state")
"""Answered where the holder gives a rate of their state."""
NOT_COMPUTED = (
    "Not computed: credits, payroll taxes, additions to the standard deduction for age and blindness, the limit on itemised deductions, "
    "unrecaptured section 1250 gain, investment interest, and the rules of any state."
)


class YearCase(NamedTuple):
    year: int
    status: FilingStatus
    told: YearInput
    state_rate: Decimal | None
    """The holder's own figure, a share of one."""


class YearFound(NamedTuple):
    tax: YearTax
    lines: tuple[Line, ...]
    rules: Rules
    state_tax: Decimal | None


def read(told: object, where: str = "") -> YearCase:
    """Raises BadCase. What is left out is 0; `deduction` left out is the standard deduction."""
    fields = Fields(told, where)
    year, status = fields.whole("year"), fields.word("filing_status", STATUSES)
    amounts = {ours: fields.money(name, ZERO, least=ZERO if name in _NEVER_NEGATIVE else None) for name, ours in INPUT.items()}
    itemised = fields.money("deduction", ZERO, least=ZERO)
    deduction = itemised if fields.has("deduction") else None
    addback = fields.money("amt_addback", ZERO, least=ZERO, most=deduction)
    if addback and deduction is None:
        fields.wrong("amt_addback", "goes with deduction: the standard deduction comes back as a whole")
    rate = fields.money("state_rate", ZERO, least=ZERO, most=Decimal(1))
    fields.finish()
    fields.check()
    return YearCase(
        year,
        cast("FilingStatus", status),
        YearInput(**amounts, deduction=deduction, amt_addback=addback),
        rate if fields.has("state_rate") else None,
    )


def figures_of(rules_of: RulesOf, year: int, status: FilingStatus) -> tuple[Rules, Figures]:
    """Raises BadCase for a year, or a status of one, that no file has figures of."""
    try:
        rules = rules_of(year, status)
    except ValueError as missing:
        raise BadCase(str(missing)) from None
    if rules.figures is None:
        raise BadCase(f"the rules of {year} name the limit on losses alone; a whole year needs a table [{year}.{status}]")
    return rules, rules.figures


def compute(case: YearCase, rules_of: RulesOf) -> YearFound:
    """Raises BadCase for a year without figures."""
    rules, figures = figures_of(rules_of, case.year, case.status)
    tax, found = year_tax(case.told, figures), lines(case.told, figures)
    assert found[-1].amount == tax.total, "the forms filled in line by line and the year computed as a whole must agree"
    state_tax = None
    if case.state_rate is not None:
        with exact():
            state_tax = case.state_rate * tax.capital
    return YearFound(tax, found, rules, state_tax)


def figures(found: YearFound) -> dict[str, Decimal]:
    """By the words of a case; exact."""
    told = {theirs: getattr(found.tax, ours) for theirs, ours in FIGURES.items()}
    if found.state_tax is not None:
        with exact():
            told |= zip(STATE, (found.state_tax, found.state_tax + found.tax.total), strict=True)
    return told


def answer(case: YearCase, rules_of: RulesOf) -> dict[str, Any]:
    """Figures as decimal strings rounded to cents, lines exact."""
    found = compute(case, rules_of)
    told: dict[str, Any] = {"kind": "year", "year": case.year, "filing_status": case.status}
    told |= {name: plain(cents(amount)) for name, amount in figures(found).items()}
    if case.state_rate is not None:
        told["state_says"] = (
            f"Your own figure of {plain(case.state_rate * 100)} percent on Form 1040, line {'7a' if case.year >= 2025 else '7'}: "
            "state rules are not computed."
        )
    told["lines"] = [line_of(line) for line in found.lines]
    told["rules"] = rules_of_answer(found.rules)
    return told


def rules_of_answer(rules: Rules) -> dict[str, Any]:
    return {"version": rules.version, "sources": list(rules.sources), "line_numbers": numbering(rules.year), "says": NOT_COMPUTED}


def line_of(line: Line) -> dict[str, str]:
    return {
        "form": line.form,
        "line": line.number,
        "amount": plain(line.amount),
        "working": line.working,
        "says": line.says,
        "source": line.source,
    }
