"""`gains` by the rules of a pool: the same matches as data, as rows and in the sums; what is not wholly known is in no sum."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import timedelta
from fractions import Fraction

import pytest

from service.app import gains
from service.app.gains import Asked
from service.http.gains_page import COLUMNS
from service.settings import asset_table, load
from tests.tools import ROOT

HISTORY = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
b1,2023-01-10T12:00:00Z,buy,ex,,USD,1000,BTC,2,USD,10,1000,10,
b2,2023-06-10T12:00:00Z,buy,ex,,USD,900,BTC,1,,,900,,
s1,2024-05-10T12:00:00Z,sell,ex,,BTC,0.5,USD,700,USD,5,700,5,
s2,2024-05-10T13:00:00Z,sell,ex,,BTC,1,USD,300,,,300,,
b3,2024-05-20T12:00:00Z,buy,ex,,USD,200,BTC,0.25,,,200,,
i1,2024-06-01T12:00:00Z,income,ex,,,,ETH,1,,,,,
b4,2024-06-02T12:00:00Z,buy,ex,,USD,50,ETH,1,,,50,,
s3,2024-08-01T12:00:00Z,sell,ex,,ETH,1,USD,80,,,80,,
s4,2024-08-02T12:00:00Z,sell,ex,,SOL,3,USD,90,,,90,,
s5,2024-08-03T12:00:00Z,spend,ex,,BTC,0.25,,,,,,,
"""
UNPRICED_POOL, NEVER_HELD, UNPRICED_SALE = "s3", "s4", "s5"
COST = {"section104": "allowable_cost", "acb": "basis"}


def asked(method, history=HISTORY, year=None):
    """As JSON, and the lines of --csv."""
    table = asset_table(load({"THRESHER_CONFIG_DIR": str(ROOT / "tests" / "no such directory")}))
    past, _ = gains.of_file(history, table, window=timedelta(hours=48))
    question = Asked(method, year=year)
    found = gains.gains(past, question)
    text = "\n".join([",".join(found.columns), *found.lines])
    return gains.answer(found, question, past), list(csv.DictReader(io.StringIO(text)))


def of(item):
    return item["disposal_ids"] if "disposal_ids" in item else [item["disposal_id"]]


@pytest.mark.parametrize("method", ["section104", "acb"])
def test_every_row_is_an_item_in_the_same_order(method):
    answer, rows = asked(method)
    assert len(answer["gains"]) == len(rows) > 4
    for item, row in zip(answer["gains"], rows, strict=True):
        assert (item["asset"], item["disposed"], item["quantity"], item["flags"]) == (
            row["asset"],
            row["disposed"],
            row["quantity"],
            row["flags"].split(),
        )
        proceeds = row["proceeds" if method == "section104" else "proceeds_usd"]
        assert (item["proceeds"] is None) is (proceeds == "")
        assert abs(Fraction(item["proceeds"] or 0) - Fraction(proceeds or 0)) <= Fraction(1, 10**10)
    assert len({item["id"] for item in answer["gains"]}) == len(rows)


def test_a_match_of_section104_names_its_rule_its_disposals_and_what_was_bought_back():
    (same,) = [item for item in asked("section104")[0]["gains"] if item["rule"] == "thirty_day"]
    assert of(same) == ["s1", "s2"]
    assert (same["acquisition_ids"], same["acquired"], same["disposed"], same["tax_year"]) == (["b3"], "2024-05-20", "2024-05-10", 2025)
    assert (same["quantity"], same["missing"], same["coin"], same["asset"]) == ("0.25", "0", "btc", "BTC")
    assert Fraction(same["allowable_cost"]) == 200 + Fraction(same["fees"])
    assert Fraction(same["gain"]) == Fraction(same["proceeds"]) - Fraction(same["allowable_cost"])


def test_a_match_of_acb_tells_the_part_of_a_loss_that_is_denied():
    (sale,) = [item for item in asked("acb")[0]["gains"] if item["disposal_id"] == "s2"]
    assert (sale["account"], sale["acquired"], sale["tax_year"], sale["flags"]) == ("ex", None, 2024, ["superficial"])
    assert Fraction(sale["denied"]) > 0
    assert Fraction(sale["gain"]) == Fraction(sale["proceeds"]) - Fraction(sale["basis"]) + Fraction(sale["denied"])


@pytest.mark.parametrize("method", ["section104", "acb"])
def test_what_is_not_wholly_known_has_no_gain_and_is_in_no_sum(method):
    """ETH earned without a price is half of a pool; SOL was never there; nobody knows what the BTC that was spent was worth."""
    answer, _ = asked(method)
    by = {name: item for item in answer["gains"] for name in of(item)}
    for name in (UNPRICED_POOL, NEVER_HELD):
        assert (by[name]["gain"], by[name][COST[method]]) == (None, None), name
        assert by[name]["proceeds"] is not None
    assert (by[UNPRICED_SALE]["gain"], by[UNPRICED_SALE]["proceeds"]) == (None, None)
    assert by[UNPRICED_SALE][COST[method]] is not None
    sums, unknown = defaultdict(Fraction), defaultdict(int)
    for item in answer["gains"]:
        if item["gain"] is None:
            unknown[item["tax_year"]] += 1
        else:
            sums[item["tax_year"]] += Fraction(item["gain"])
    for total in answer["totals"]:
        year = total["tax_year"]
        assert (Fraction(total["gain"]), total["unknown"]) == (sums[year], unknown[year])
    assert sum(unknown.values()) == 3


@pytest.mark.parametrize(("method", "year", "days"), [("section104", 2024, set()), ("section104", 2025, {"2024-05-10", "2024-08-02"})])
def test_of_one_tax_year_only_its_matches_are_told(method, year, days):
    told = {item["disposed"] for item in asked(method, year=year)[0]["gains"]}
    assert days <= told
    assert bool(told) is bool(days)


@pytest.mark.parametrize("method", ["section104", "acb"])
def test_the_page_shows_what_an_item_has(method):
    items = asked(method)[0]["gains"]
    assert {column.key for column in COLUMNS[method]} <= items[0].keys()
