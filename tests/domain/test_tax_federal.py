"""The federal year against cases worked by hand from the forms, which two open models of the tax agree with (tests/vectors/tax)."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import rules_files, settings
from service.domain.tax.federal import YearInput, schedule, year_tax

CASES = json.loads(
    (Path(__file__).parents[1] / "vectors" / "tax" / "us.json").read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal
)["vectors"]
STATUSES = ("single", "married_joint", "married_separate", "head_of_household", "surviving_spouse")
NAMES = {
    "wages": "wages",
    "interest": "interest",
    "qdiv": "qualified_dividends",
    "st": "short",
    "lt": "long",
    "coll": "collectibles",
    "stco": "short_carryover",
    "ltco": "long_carryover",
}
EXPECTED = {
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
HOME = settings.load({"HOME": "/nowhere"})


def figures(year, status):
    found = rules_files.rules(HOME, int(year), status=status).figures
    assert found is not None
    return found


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_a_year_worked_by_hand(case):
    told = case["input"]
    year = year_tax(YearInput(**{ours: told[theirs] for theirs, ours in NAMES.items()}), figures(told["year"], told["filing_status"]))
    found = {theirs: getattr(year, ours).quantize(Decimal("0.01")) for theirs, ours in EXPECTED.items()}
    assert found == {theirs: case["expect"][theirs] for theirs in EXPECTED}


@pytest.mark.parametrize("year", range(2022, 2027))
@pytest.mark.parametrize("status", STATUSES)
def test_the_figures_of_a_year_hang_together(year, status):
    found = figures(year, status)
    assert [rate for rate, _ in found.brackets] == [Decimal(r) / 100 for r in (10, 12, 22, 24, 32, 35, 37)]
    assert all(a < b for a, b in pairwise([end for _, end in found.brackets if end is not None]))
    assert found.zero_to < found.fifteen_to < found.brackets[-2][1] * 2
    assert found.loss_limit == (1500 if status == "married_separate" else 3000)


def test_a_joint_return_and_a_surviving_spouse_have_the_same_figures():
    for year in range(2022, 2027):
        joint, spouse = figures(year, "married_joint"), figures(year, "surviving_spouse")
        assert (joint.brackets, joint.standard_deduction, joint.zero_to, joint.fifteen_to) == (
            spouse.brackets,
            spouse.standard_deduction,
            spouse.zero_to,
            spouse.fifteen_to,
        )


@pytest.mark.parametrize(
    ("told", "taxed"),
    [
        # AMTI 620,000: the exemption 90,100 − 0.5 × 120,000 = 30,100; 26% of 244,500 + 28% of 345,400; the regular tax is higher
        ({"wages": 620000}, {"amt_income": 620000, "amt_exemption": 30100, "amt_tentative": Decimal("160282.00"), "amt": 0}),
        # itemised deductions: taxes of 20,000 come back
        (
            {"wages": 200000, "deduction": Decimal(50000), "amt_addback": Decimal(20000)},
            {"amt_income": 170000, "amt_exemption": 90100, "amt_tentative": Decimal("20774.00"), "amt": 0},
        ),
    ],
)
def test_the_alternative_minimum_tax_by_hand(told, taxed):
    year = year_tax(YearInput(**{k: Decimal(v) for k, v in told.items()}), figures(2026, "single"))
    assert {name: getattr(year, name) for name in taxed} == taxed


def test_the_exemption_of_one_who_files_separately_is_taken_back_and_more():
    """26 U.S.C. 55(d)(3), last sentence: 640,200 is where the exemption is gone; half of what lies above is added, up to the exemption."""
    far = year_tax(YearInput(wages=Decimal(900000)), figures(2026, "married_separate"))
    assert (far.amt_income, far.amt_exemption) == (900000 + 70100, 0)
    near = year_tax(YearInput(wages=Decimal(700200)), figures(2026, "married_separate"))
    assert near.amt_income == 700200 + 30000


money = st.integers(-2_000_000, 2_000_000).map(lambda n: Decimal(n) / 4)
income = st.integers(0, 4_000_000).map(lambda n: Decimal(n) / 4)
no = st.just(Decimal(0))
years = st.tuples(income, income, income, money, money, no, income, income, st.none(), no).map(lambda told: YearInput(*told))


@given(years, st.sampled_from(STATUSES), st.integers(2022, 2026))
def test_nothing_of_a_loss_is_lost_and_nothing_of_income_is_taxed_twice(told, status, year):
    found = year_tax(told, figures(year, status))
    loss = max(Decimal(0), -found.both_net)
    assert found.carry_short + found.carry_long == loss - found.loss_absorbed
    assert 0 <= found.loss_absorbed <= found.loss_allowed <= figures(year, status).loss_limit
    layers = (found.at_ordinary, found.at_0, found.at_15, found.at_20, found.at_28)
    assert sum(layers) == found.taxable_income
    assert min(layers) >= 0
    assert 0 <= found.income_tax <= schedule(found.taxable_income, figures(year, status))
    assert min(found.amt, found.niit, found.amt_exemption) >= 0


@given(years, st.sampled_from(STATUSES), st.integers(2022, 2026), st.integers(1, 100_000), st.sampled_from(["short", "long"]))
def test_a_further_loss_never_raises_the_tax(told, status, year, more, term):
    known = figures(year, status)
    lower = told._replace(**{term: getattr(told, term) - Decimal(more)})
    assert year_tax(lower, known).total <= year_tax(told, known).total
