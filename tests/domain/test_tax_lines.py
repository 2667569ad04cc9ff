"""The year as lines of the forms: each amount follows from the arithmetic written beside it, and the last from the first.

`Reader` recomputes a year from the lines alone: it reads the arithmetic, and takes what a working calls "line 7" from line 7.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import rules_files, settings
from service.domain.money import exact
from service.domain.tax.federal import YearInput, year_tax
from service.domain.tax.lines import Line, lines, numbering
from service.domain.tax.lines.working import dollars, percent

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "tax" / "us.json").read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal
)["vectors"]
STATUSES = ("single", "married_joint", "married_separate", "head_of_household", "surviving_spouse")
HOME = settings.load({"HOME": "/nowhere"})
FIGURES = {(y, s): rules_files.rules(HOME, y, status=s).figures for y in range(2022, 2027) for s in STATUSES}

AMOUNT = re.compile(r"(−?)([0-9][0-9,]*\.[0-9]{2,})(?: \(([^)]*)\))?")
RATE = re.compile(r" × ([0-9.]+)%")


class Reader:
    """Reads workings by the grammar of service/domain/tax/lines/working.py."""

    def __init__(self, found: tuple[Line, ...]) -> None:
        self.amounts = {(line.form, line.number): line.amount for line in found}

    def value(self, line: Line) -> Decimal:
        if not line.working:
            return line.amount
        self.form, self.rest = line.form, line.working
        with exact():
            value = self._working()
        assert self.rest == "", f"what is left of {line.working!r}: {self.rest!r}"
        return value

    def _working(self) -> Decimal:
        for word, pick in (("smaller of ", min), ("larger of ", max)):
            if self._take(word):
                first = self._working()
                assert self._take(" and "), self.rest
                return pick(first, self._working())
        value = self._product()
        while True:
            if self._take(" + "):
                value += self._product()
            elif self._take(" − "):
                value -= self._product()
            else:
                return value

    def _product(self) -> Decimal:
        found = AMOUNT.match(self.rest)
        assert found, f"no amount at {self.rest!r}"
        self.rest = self.rest[found.end() :]
        sign, digits, name = found.groups()
        value = Decimal(digits.replace(",", "")) * (-1 if sign else 1)
        if name and (line := re.fullmatch(r"(the loss on )?(?:(.+) )?line (.+)", name)):
            of = (line[2] or self.form, line[3])
            assert self.amounts[of] == (-value if line[1] else value), f"{self.form} says {value} of {of}"
        rate = RATE.match(self.rest)
        if rate:
            self.rest = self.rest[rate.end() :]
            value *= Decimal(rate[1]) / 100
        return value

    def _take(self, word: str) -> bool:
        if not self.rest.startswith(word):
            return False
        self.rest = self.rest[len(word) :]
        return True


def by_number(found: tuple[Line, ...]) -> dict[tuple[str, str], Decimal]:
    return {(line.form, line.number): line.amount for line in found}


def told_by(case: dict) -> YearInput:
    names = {"wages": "wages", "interest": "interest", "qdiv": "qualified_dividends", "st": "short", "lt": "long", "coll": "collectibles"}
    names |= {"stco": "short_carryover", "ltco": "long_carryover"}
    return YearInput(**{ours: case["input"][theirs] for theirs, ours in names.items()})


def figures_of(case: dict):
    return FIGURES[int(case["input"]["year"]), case["input"]["filing_status"]]


def amounts(least: int):
    """Nothing, a little, or much: incomes below every threshold must meet gains above them, and the other way round."""
    quarters = (st.integers(least * most, most).map(lambda n: Decimal(n) / 4) for most in (200_000, 8_000_000))
    return st.one_of(st.just(Decimal(0)), *quarters)


money, gains = amounts(-1), amounts(0)
itemised = st.one_of(st.none(), st.integers(0, 200_000).map(Decimal))
years = st.builds(
    YearInput, gains, gains, gains, money, money, money, gains, gains, itemised, st.integers(0, 40_000).map(Decimal)
)  # fmt: skip
anywhere = st.sampled_from(sorted(FIGURES))


def check_recomputed(told: YearInput, figures) -> None:
    found = lines(told, figures)
    reader = Reader(found)
    for line in found:
        assert reader.value(line) == line.amount, line
    year = year_tax(told, figures)
    assert found[-1].form == "Federal tax"
    assert found[-1].amount == year.total


@pytest.mark.parametrize("case", VECTORS, ids=[c["id"] for c in VECTORS])
def test_each_line_follows_from_its_arithmetic_and_the_last_is_the_tax(case):
    check_recomputed(told_by(case), figures_of(case))
    assert lines(told_by(case), figures_of(case))[-1].amount.quantize(Decimal("0.01")) == case["expect"]["total"]


@given(years, anywhere)
def test_so_it_does_in_any_year(told, of):
    check_recomputed(told, FIGURES[of])


LAYERS = {  # by the worksheet that was filled in: ordinary, 0, 15, 20, 28 percent
    "Qualified Dividends and Capital Gain Tax Worksheet": ("5", "9", "17", "20", None),
    "Schedule D Tax Worksheet": ("21", "22", "30", "33", "42"),
}


@given(years, anywhere)
def test_the_forms_filled_in_with_their_branches_agree_with_the_year_computed_without(told, of):
    figures = FIGURES[of]
    found, year = by_number(lines(told, figures)), year_tax(told, figures)
    new = figures.year >= 2025
    zero = Decimal(0)

    def line(form: str, number: str | None) -> Decimal:
        return zero if number is None else found.get((form, number), zero)

    carry = "Capital Loss Carryover Worksheet"
    assert (line("Schedule D", "7"), line("Schedule D", "15"), line("Schedule D", "16")) == (year.short_net, year.long_net, year.both_net)
    assert (line("Schedule D", "21"), line(carry, "4")) == (year.loss_allowed, year.loss_absorbed)
    assert (line(carry, "8"), line(carry, "13")) == (year.carry_short, year.carry_long)
    assert line("Form 1040", "7a" if new else "7") == year.capital
    assert line("Form 1040", "11a" if new else "11") == year.agi
    assert line("Form 1040", "12e" if new else "12") == year.deduction
    assert (line("Form 1040", "15"), line("Form 1040", "16")) == (year.taxable_income, year.income_tax)
    assert line("Form 6251", "1b" if new else "1") == year.income_before_floor
    assert (line("Form 6251", "4"), line("Form 6251", "5")) == (year.amt_income, year.amt_exemption)
    assert (line("Form 6251", "7"), line("Form 6251", "11")) == (year.amt_tentative, year.amt)
    assert (line("Form 8960", "12"), line("Form 8960", "17")) == (year.investment_income, year.niit)
    for form, numbers in LAYERS.items():
        if (form, "1") in found:
            layers = tuple(line(form, number) for number in numbers)
            assert layers == (year.at_ordinary, year.at_0, year.at_15, year.at_20, year.at_28)
            break
    else:
        assert (year.at_ordinary, year.at_0, year.at_15, year.at_20, year.at_28) == (year.taxable_income, 0, 0, 0, 0)


MAY_BE_NEGATIVE = {
    *(("Schedule D", n) for n in ("1–5", "7", "8–13", "15", "16")),
    *(("28% Rate Gain Worksheet", n) for n in ("1–4", "6")),
    *(("Form 1040", n) for n in ("7", "7a", "11", "11a")),
    ("Capital Loss Carryover Worksheet", "1"),
    *(("Form 6251", n) for n in ("1", "1b", "4")),
    ("Form 6251, Exemption Worksheet", "2"),
    *(("Form 8960", n) for n in ("5d", "8", "13")),
}


@given(years, anywhere)
def test_a_line_stands_once_with_a_sentence_and_a_source(told, of):
    found = lines(told, FIGURES[of])
    names = [(line.form, line.number) for line in found]
    assert len(set(names)) == len(names)
    for line in found:
        assert line.says.endswith(".")
        assert line.amount >= 0 or (line.form, line.number) in MAY_BE_NEGATIVE
        assert line.source


@given(years, anywhere)
def test_brackets_take_all_of_the_income_that_they_tax(told, of):
    found = lines(told, FIGURES[of])
    amounts = by_number(found)
    of_line = {("Schedule D Tax Worksheet", "44"): "21", ("Schedule D Tax Worksheet", "46"): "1"}
    of_line |= {
        ("Qualified Dividends and Capital Gain Tax Worksheet", "22"): "5",
        ("Qualified Dividends and Capital Gain Tax Worksheet", "24"): "1",
    }
    for line in found:
        if (line.form, line.number) in of_line or ((line.form, line.number) == ("Form 1040", "16") and " × " in line.working):
            parts = [Decimal(digits.replace(",", "")) for _, digits, _ in AMOUNT.findall(line.working)]
            base = amounts[line.form, of_line[line.form, line.number]] if line.form != "Form 1040" else amounts["Form 1040", "15"]
            assert sum(parts) == base


def test_a_year_reads_like_the_forms():
    """Case A07 by pencil: 2,000 short and −10,000 long make −8,000; 3,000 are allowed and used up, 5,000 go on as long."""
    told = YearInput(wages=Decimal(90000), short=Decimal(2000), long=Decimal(-10000))
    found = {(line.form, line.number): line for line in lines(told, FIGURES[2026, "single"])}
    assert found["Schedule D", "16"].working == "2,000.00 (line 7) + −10,000.00 (line 15)"
    assert found["Schedule D", "21"].working == "smaller of 8,000.00 (the loss on line 16) and 3,000.00 (the limit of the filing status)"
    assert found["Form 1040", "16"].working == "12,400.00 × 10% + 38,000.00 × 12% + 20,500.00 × 22%"
    assert found["Form 1040", "16"].amount == Decimal("10310.00")
    assert found["Capital Loss Carryover Worksheet", "13"].amount == 5000
    assert ("Schedule D Tax Worksheet", "1") not in found


def test_gains_on_top_of_a_low_income_fill_the_layers_from_below():
    """Single, 2026: 10,000 of wages and 700,000 of long-term gain, 683,900 or more of it taxed: 49,450 at 0, 496,050 at 15, the rest at 20."""
    told = YearInput(wages=Decimal(10000), long=Decimal(700000))
    found = by_number(lines(told, FIGURES[2026, "single"]))
    w = "Qualified Dividends and Capital Gain Tax Worksheet"
    assert [found[w, n] for n in ("1", "5", "9", "17", "20")] == [693900, 0, 49450, 496050, 148400]
    assert found[w, "25"] == Decimal("74407.50") + Decimal("29680.00")


@pytest.mark.parametrize(
    ("wages", "long", "collectibles", "layers"),
    [  # taxable income; by the brackets, at 0, at 15, at 20, at 28
        (0, 600000, 300000, (583900, 201775, 0, 300000, 0, 82125)),
        (0, 1000000, 300000, (983900, 201775, 0, 343725, 356275, 82125)),
        (0, 700000, 10000, (683900, 0, 49450, 496050, 138400, 0)),
        (900000, 100000, 50000, (983900, 883900, 0, 0, 50000, 50000)),
    ],
)
def test_collectibles_fill_the_brackets_below_25_percent_and_the_rest_pays_28(wages, long, collectibles, layers):
    """Single, 2026, by pencil: those brackets end at 201,775, the rate of 0 at 49,450, that of 15 at 545,500."""
    told = YearInput(wages=Decimal(wages), long=Decimal(long), collectibles=Decimal(collectibles))
    found = by_number(lines(told, FIGURES[2026, "single"]))
    w = "Schedule D Tax Worksheet"
    assert tuple(found.get((w, n), 0) for n in ("1", "21", "22", "30", "33", "42")) == layers
    assert found[w, "45"] == sum(found.get((w, n), 0) for n in ("31", "34", "43", "44"))


def test_one_who_files_separately_adds_to_the_income_of_the_minimum_tax():
    """26 U.S.C. 55(d)(3), last sentence: above 500,000 + 70,100 ÷ 0.5 half of the excess, up to the exemption."""
    found = {(line.form, line.number): line for line in lines(YearInput(wages=Decimal(700200)), FIGURES[2026, "married_separate"])}
    assert found["Form 6251", "4, excess"].working == "700,200.00 (line 1b–3) − 640,200.00 (where the exemption is gone)"
    assert found["Form 6251", "4, share"].amount == 30000
    assert (found["Form 6251", "4"].amount, found["Form 6251", "5"].amount) == (730200, 0)
    rich = by_number(lines(YearInput(wages=Decimal(2000000)), FIGURES[2026, "married_separate"]))
    assert rich["Form 6251", "4"] == 2000000 + 70100


def test_numbers_of_lines_are_those_of_the_years_forms():
    told = YearInput(wages=Decimal(1000))
    old, new = (by_number(lines(told, FIGURES[year, "single"])) for year in (2024, 2025))
    assert {("Form 1040", n) for n in ("7", "11", "12")} | {("Form 6251", "1")} <= old.keys()
    assert {("Form 1040", n) for n in ("7a", "11a", "12e")} | {("Form 6251", "1b")} <= new.keys()
    assert len({numbering(2024), numbering(2025), numbering(2026)}) == 3


@pytest.mark.parametrize(("value", "says"), [("-1234.5", "−1,234.50"), ("0", "0.00"), ("0.125", "0.125"), ("1E+3", "1,000.00")])
def test_dollars_are_written_whole(value, says):
    assert dollars(Decimal(value)) == says


def test_a_percentage_is_written_whole():
    assert (percent(Decimal("0.038")), percent(Decimal("0.1"))) == ("3.8%", "10%")
