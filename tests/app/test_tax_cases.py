"""One tax case, answered: what it may say, what is refused and how, and what the answer holds."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from service import rules_files, settings, solver
from service.app.refusals import Refused
from service.app.tax_cases import Ways, answer, year
from tests.tools import ROOT

HOME = settings.load({"HOME": "/nowhere"})
WAYS = Ways(lambda of, status: rules_files.rules(HOME, of, status=status), solver.best)
VECTORS = {
    name: json.loads((ROOT / f"tests/vectors/tax/{name}.json").read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
    for name in ("us", "holding_us", "harvest_us")
}
CENT = Decimal("0.005")


def ask(case):
    return answer(case if isinstance(case, str) else json.dumps(case, default=str), WAYS)["tax"]


def refused(case):
    with pytest.raises(Refused) as found:
        ask(case)
    return str(found.value)


def small(**more):
    return {"year": 2026, "filing_status": "single"} | more


# ------------------------------------------------------------------ years


@pytest.mark.parametrize("vector", VECTORS["us"]["vectors"], ids=[v["id"] for v in VECTORS["us"]["vectors"]])
def test_a_case_of_the_vector_file_is_answered_as_it_expects(vector):
    found = ask(vector)
    assert {name: Decimal(found[name]) for name in vector["expect"]} == vector["expect"]
    assert found["id"] == vector["id"]
    assert ask(vector["input"]) == {key: value for key, value in found.items() if key != "id"}


def test_numbers_and_decimal_texts_are_the_same_and_what_is_left_out_is_0():
    text = '{"year": 2026, "filing_status": "single", "wages": 90000.10, "st": -1e3}'
    same = {"input": small(wages="90000.10", st="-1000.00", interest=0, qdiv="0", lt=0, coll=0, stco=0, ltco=0)}
    assert ask(text) == ask(same)
    assert ask(text)["agi"] == "89000.1"


def test_no_digit_passes_through_a_float():
    text = '{"year": 2026, "filing_status": "single", "lt": 123456789012.123456789012345678}'
    line = next(line for line in ask(text)["lines"] if (line["form"], line["line"]) == ("Schedule D", "15"))
    assert line["amount"] == "123456789012.123456789012345678"


def test_itemised_deductions_and_the_taxes_among_them():
    """200,000 of wages less 50,000; for the alternative minimum tax 20,000 of taxes come back: 170,000 less 90,100 at 26 percent."""
    found = ask(small(wages=200000, deduction=50000, amt_addback=20000))
    assert (found["std_deduction"], found["taxable_income"]) == ("50000", "150000")
    lines = {(line["form"], line["line"]): line["amount"] for line in found["lines"]}
    assert (lines["Form 6251", "4"], lines["Form 6251", "7"]) == ("170000", "20774")


def test_a_deduction_of_0_is_no_standard_deduction():
    assert ask(small(wages=10000, deduction=0))["taxable_income"] == "10000"


def test_the_state_is_a_rate_of_the_holders_on_the_capital_line():
    found = ask(small(wages=90000, st=-5000, state_rate="0.05"))
    assert (found["state_tax"], found["total"], found["total_with_state"]) == ("-150", "10310", "10160")
    assert "Your own figure of 5 percent" in found["state_says"]
    assert "state_tax" not in ask(small(wages=90000))


def test_lines_and_rules_come_along():
    found = ask(small(wages=90000, lt=10000))
    assert found["rules"]["version"] == "us-2026"
    assert any("Rev. Proc. 2025-32" in source for source in found["rules"]["sources"])
    last = found["lines"][-1]
    assert (last["form"], last["line"], last["amount"]) == ("Federal tax", "total", found["total"])
    assert last["working"].count("+") == 2
    assert all(line["says"] and line["source"] for line in found["lines"])


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (small(wage=1), "wage is not known; there are year, filing_status, wages"),
        ({"input": small(wage=1)}, "input.wage is not known"),
        ({"input": small(), "inputs": {}}, "inputs is not known"),
        ({"filing_status": "single"}, "year is missing"),
        ({"year": 2026}, "filing_status is missing"),
        (small(filing_status="married"), 'filing_status is "married": it is one of single, married_joint'),
        (small(year=2026.5), "year is no whole number"),
        (small(year=True), "year is no whole number"),
        (small(year=2031), "has no figures for the tax year 2031"),
        (small(wages="a lot"), "wages is no amount"),
        (small(wages=None), "wages is no amount"),
        (small(wages=[1]), "wages is no amount"),
        (small(wages=True), "wages is no amount"),
        (small(wages="1e3"), "wages is no amount"),
        (small(wages="1000000000000000"), "wages is no amount below 10^15"),
        ('{"year": 2026, "filing_status": "single", "wages": 1e999999}', "wages is no amount below 10^15"),
        ('{"year": 2026, "filing_status": "single", "wages": 1e-999999}', "wages is no amount below 10^15"),
        ('{"year": 2026, "filing_status": "single", "wages": NaN}', "NaN is no amount"),
        ('{"year": 2026, "year": 2025, "filing_status": "single"}', "year stands twice"),
        (small(stco=-1), "stco is -1: it is at least 0"),
        (small(amt_addback=1), "amt_addback goes with deduction"),
        (small(deduction=10, amt_addback=11), "amt_addback is 11: it is at most 10"),
        (small(state_rate=5), "state_rate is 5: it is at most 1"),
        ("[]", "it holds many cases"),
        (VECTORS["us"], "it holds many cases"),
        ("{", "it is no JSON"),
        ("7", "it is no case"),
        ({}, "it is no case"),
        ({"input": 7}, "input is no object"),
    ],
)
def test_what_cannot_be_computed_is_a_sentence(case, says):
    assert says in refused(case)


def test_all_that_is_wrong_is_named_at_once():
    assert refused(small(wage=1, st="x", lt="y")).count(";") == 3  # one more between the known names and the sentence


# ------------------------------------------------------------------ holding periods


@pytest.mark.parametrize("vector", VECTORS["holding_us"]["date_vectors"], ids=[v["id"] for v in VECTORS["holding_us"]["date_vectors"]])
def test_two_days(vector):
    found = ask(vector)
    assert (found["expect"], found["first_long_date"]) == (vector["expect"], vector["first_long_date"])
    assert found["tax_year"] == int(vector["sold"][:4])


@pytest.mark.parametrize(
    "vector", VECTORS["holding_us"]["timestamp_vectors"], ids=[v["id"] for v in VECTORS["holding_us"]["timestamp_vectors"]]
)
def test_two_instants_by_the_taxpayers_days_and_by_utc(vector):
    found = ask(vector)
    for where in ("local", "utc"):
        assert {name: found[where][name] for name in vector[where]} == vector[where]
    assert found["expect"] == vector["local"]["expect"]
    differ = [vector["local"][word] != vector["utc"][word] for word in ("expect", "tax_year")]
    assert found["zone_matters"] == any(differ)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({"acquired": "2024-01-31"}, "sold is missing"),
        ({"acquired": "2024-02-30", "sold": "2025-01-01"}, "acquired is no day"),
        ({"acquired": "2025-01-02", "sold": "2025-01-01"}, "is sold before it was acquired"),
        ({"acquired": "2025-01-01", "sold": "2025-01-02", "zone": "UTC"}, "zone is not known"),
        ({"acquired_utc": "2025-01-01T00:00:00", "sold_utc": "2025-01-02T00:00:00Z", "taxpayer_tz": "UTC"}, "acquired_utc is no time"),
        ({"acquired_utc": "2025-01-01T00:00:00Z", "sold_utc": "2025-01-02T00:00:00Z"}, "taxpayer_tz is missing"),
        ({"acquired_utc": "2025-01-01T00:00:00Z", "sold_utc": "2025-01-02T00:00:00Z", "taxpayer_tz": "Mars/Base"}, "is no time zone"),
    ],
)
def test_a_holding_period_that_is_none(case, says):
    assert says in refused(case)


# ------------------------------------------------------------------ optima


@pytest.mark.parametrize("vector", VECTORS["harvest_us"]["vectors"], ids=[v["id"] for v in VECTORS["harvest_us"]["vectors"]])
def test_the_best_lots_to_sell(vector):
    found = ask(vector)
    for name in ("objective_value", "gain_over_nothing", "gain_over_harvest_everything", "tax_before"):
        assert abs(Decimal(found[name]) - vector["expect"][name]) <= CENT, name
    sold = sum(Decimal(lot["unrealised"]) for lot in found["sell"])
    moved = Decimal(found["st_net_after"]) + Decimal(found["lt_net_after"]) - vector["st_net_before"] - vector["lt_net_before"]
    assert abs(sold - moved) <= CENT * (len(found["sell"]) + 2)


def harvest(**more):
    lots = [{"id": "a", "term": "short", "unrealised": -4000, "sell_cost": 10}]
    return {"wages": 90000, "st_net_before": 0, "lt_net_before": 0, "carry_value": {"st": 0, "lt": 0}, "lots": lots} | more


def test_only_what_pays_is_sold():
    """3,000 of 4,000 save 22 percent, 660; the rest would be carried on for nothing, so three quarters go for 7.50 of the 10."""
    found = ask(harvest())
    assert [(lot["id"], lot["share"], lot["unrealised"]) for lot in found["sell"]] == [("a", "0.75", "-3000")]
    assert found["gain_over_nothing"] == "652.5"


def test_a_gain_is_no_candidate():
    gain = {"id": "b", "term": "long", "unrealised": 100, "sell_cost": -50}
    assert ask(harvest(lots=[gain]))["sell"] == []


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (harvest(lots=[{"id": "a", "term": "medium", "unrealised": -1, "sell_cost": 0}]), 'lots 1.term is "medium"'),
        (harvest(lots=[{"id": "a", "term": "long", "unrealised": -1, "sell_cost": 0, "fee": 1}]), "lots 1.fee is not known"),
        (harvest(lots=[{"id": "a", "term": "long", "unrealised": -1}]), "lots 1.sell_cost is missing"),
        (harvest(lots=harvest()["lots"] * 2), "lots has two lots of one id"),
        (harvest(carry_value={"st": 1}), "carry_value.lt is missing"),
        (harvest(carry_value=0), "carry_value is no object"),
        (harvest(year=2031), "has no figures for the tax year 2031"),
    ],
)
def test_a_harvest_that_is_none(case, says):
    assert says in refused(case)


def test_a_year_of_which_only_the_limit_is_known_is_no_whole_year():
    def limit_alone(of, status):
        found = rules_files.rules(HOME, of, status=status)
        return type(found)(found.version, found.jurisdiction, of, found.loss_limit, found.sources)

    with pytest.raises(Refused, match="name the limit on losses alone"):
        answer(json.dumps(small()), Ways(limit_alone, solver.best))


def test_the_words_of_a_case_are_each_a_figure_of_the_engine():
    assert set(year.INPUT.values()) <= set(year.YearInput._fields)
    assert set(year.FIGURES.values()) <= set(year.YearTax._fields)
