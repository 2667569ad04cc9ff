"""Matches as text: rounding, unknown amounts, days of the taxpayer, the boxes of Form 8949 and the sums of Schedule D. All cases made by hand."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime

import pytest

from service.domain.ledger import Match
from service.domain.ledger.choices import Calendar
from service.domain.movements import ticks
from service.domain.reports import form_8949, matches
from service.domain.reports.cells import csv_line
from service.domain.reports.txf import txf

BTC, DOLLAR = 10**18, 10**30


def at(text):
    return ticks(datetime.fromisoformat(text).replace(tzinfo=UTC))


def match(**told):
    known = {
        "id": "s1",
        "lot": "b1",
        "coin": "btc",
        "account": "exchange",
        "acquired": at("2025-03-01T12:00:00"),
        "disposed": at("2025-06-01T12:00:00"),
        "quantity": BTC // 2,
        "proceeds": 31_000 * DOLLAR,
        "basis": 20_000 * DOLLAR,
        "long": False,
        "flags": (),
    }
    return Match(**(known | told))


MISSING = match(lot="", acquired=None, basis=None, flags=("missing_basis",))


def row(m, zone="UTC", **told):
    cells = matches.rows([m], symbols={"btc": "BTC"}, labels={}, calendar=Calendar(zone), **told)[0].split(",")
    return dict(zip(matches.COLUMNS, cells, strict=True))


def form(*found, zone="UTC", **told):
    return form_8949.rows(found, symbols={"btc": "BTC"}, labels={}, calendar=Calendar(zone), **told)


# ------------------------------------------------------------------ rows of matches


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (DOLLAR, "1"),
        (-3 * DOLLAR // 2, "-1.5"),
        (5 * 10**19, "0"),
        (15 * 10**19, "0.0000000002"),
        (25 * 10**19, "0.0000000002"),
        (25 * 10**19 + 1, "0.0000000003"),
        (-5 * 10**19, "0"),
        (-5 * 10**19 - 1, "-0.0000000001"),
        (-15 * 10**19, "-0.0000000002"),
        (999_999_999_999_999_999_999_999_999_999, "1"),
    ],
)
def test_money_is_rounded_half_even_to_ten_places_and_zero_has_no_sign(count, text):
    assert matches.money(count) == text


def test_a_match_is_written_in_the_columns_that_other_programs_are_compared_in():
    assert row(match(quantity=1)) == {
        "disposal_id": "s1",
        "lot_id": "b1",
        "asset": "BTC",
        "account": "exchange",
        "acquired": "2025-03-01T12:00:00Z",
        "disposed": "2025-06-01T12:00:00Z",
        "quantity": "0.000000000000000001",
        "proceeds_usd": "31000",
        "basis_usd": "20000",
        "gain_usd": "11000",
        "term": "short",
        "near_boundary": "0",
        "tax_year": "2025",
        "flags": "",
    }


def test_an_unknown_basis_is_written_0_and_the_flag_says_that_it_is_none():
    told = row(MISSING)
    assert (told["lot_id"], told["acquired"], told["basis_usd"], told["flags"]) == ("", "", "0", "missing_basis")


@pytest.mark.parametrize(("day", "near"), [("2026-02-27", "0"), ("2026-02-28", "1"), ("2026-03-03", "1"), ("2026-03-04", "0")])
def test_364_to_367_days_are_near_the_boundary(day, near):
    assert row(match(disposed=at(f"{day}T00:00:00")))["near_boundary"] == near


def test_the_tax_year_is_the_taxpayers_and_a_flag_says_where_utc_has_another():
    """New Year's Eve in New York is already 2026 in UTC."""
    sold = match(disposed=at("2026-01-01T03:00:00"))
    assert (row(sold)["tax_year"], row(sold)["flags"]) == ("2026", "")
    assert (row(sold, "America/New_York")["tax_year"], row(sold, "America/New_York")["flags"]) == ("2025", "utc_year")


def test_a_flag_says_where_the_days_of_utc_give_another_term():
    """Bought on 1 March in UTC, still 28 February in New York; sold on 1 March of the next year: long there, short in UTC."""
    sold = match(acquired=at("2024-03-01T03:00:00"), disposed=at("2025-03-01T12:00:00"), long=True)
    assert row(sold, "America/New_York")["flags"] == "utc_term"


def test_commas_and_quotes_in_names_are_quoted():
    line = matches.rows([match(id='a"b')], symbols={"btc": "BTC"}, labels={"exchange": "mine, old"}, calendar=Calendar("UTC"))[0]
    assert line.startswith('"a""b",b1,BTC,"mine, old",2025-')


# ------------------------------------------------------------------ Form 8949


@pytest.mark.parametrize(
    ("told", "sold", "bought", "bought_in", "boxes"),
    [
        (None, "2024-12-31", "2023-06-01", "exchange", "CF"),
        ("basis", "2024-12-31", "2023-06-01", "exchange", "CF"),
        (None, "2025-01-01", "2023-06-01", "exchange", "IL"),
        ("proceeds", "2025-01-01", "2023-06-01", "exchange", "HK"),
        ("basis", "2026-06-01", "2025-12-31", "exchange", "HK"),
        ("basis", "2026-06-01", "2026-01-01", "exchange", "GJ"),
        ("basis", "2026-06-01", "2026-01-01", "wallet", "HK"),
        ("proceeds", "2026-06-01", "2026-01-01", "exchange", "HK"),
    ],
)
def test_the_box_follows_what_the_broker_told(told, sold, bought, bought_in, boxes):
    """Proceeds from 2025; the cost only of what was acquired in the account from 2026; no form: I and L, before 2025 C and F."""
    m = match(acquired=at(f"{bought}T12:00:00"), disposed=at(f"{sold}T12:00:00"))
    known = {"told": {"exchange": told} if told else {}, "bought_in": {"b1": bought_in}}
    assert [r.box for r in (*form(m, **known), *form(m._replace(long=True), **known))] == list(boxes)


def test_what_another_accounts_broker_told_changes_nothing():
    assert form(match(), told={"wallet": "proceeds"})[0].box == "I"


def test_the_day_of_the_box_is_the_taxpayers():
    sold = match(disposed=at("2025-01-01T03:00:00"))
    assert (form(sold)[0].box, form(sold, zone="America/New_York")[0].box) == ("I", "C")


def test_a_row_has_the_columns_of_the_form():
    [told] = form(match(disposed=at("2025-06-01T03:00:00")), zone="America/New_York")
    assert form_8949.cells(told) == (
        "I", "0.5 BTC", "03/01/2025", "05/31/2025", "31000.00", "20000.00", "", "", "11000.00", "s1", "b1", "exchange", "",
    )  # fmt: skip


def test_what_is_unknown_is_empty_and_flagged_and_in_no_sum():
    found = form(match(), MISSING, match(proceeds=None, flags=("unpriced",)))
    cells = form_8949.cells(found[1])
    assert (cells[2], cells[5], cells[8], cells[-1]) == ("", "", "", "missing_basis no_date")
    assert (form_8949.cells(found[2])[4], form_8949.cells(found[2])[8]) == ("", "")
    assert form_8949.schedule_d(found)[0] == ("3", "I", 3, 3_100_000, 2_000_000, 1_100_000, 2)


@pytest.mark.parametrize(
    ("symbol", "told"),
    [
        ('=HYPERLINK("http://a.example","Claim")', '0.5 =HYPERLINK("http://a.example","Claim")'),
        ("CLAIM;=1+1", "0.5 CLAIM =1+1"),
        ("CLAIM\t=1+1\r\n@SUM(A1)", "0.5 CLAIM =1+1 @SUM(A1)"),
        ("ABC\u202eXYZ\u2028=1", "0.5 ABC XYZ =1"),
        ("USDC.e", "0.5 USDC.e"),
        ("ポケモン 🚀", "0.5 ポケモン 🚀"),
    ],
)
def test_no_part_of_a_tokens_name_begins_a_cell_of_the_form(symbol, told):
    """Wherever a spreadsheet parts cells, the description begins with its quantity, and what would part it is gone."""
    found = form_8949.rows([match()], symbols={"btc": symbol}, labels={}, calendar=Calendar("UTC"))
    assert form_8949.cells(found[0])[1] == told
    line = csv_line(form_8949.cells(found[0]))
    assert next(csv.reader([line])) == list(form_8949.cells(found[0]))
    assert not any(cell.startswith(("=", "+", "@")) for cell in next(csv.reader([line], delimiter=";")))


@pytest.mark.parametrize("word", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_ids_and_accounts_that_begin_like_formulas_are_text_on_the_form_and_untouched_in_the_rows(word):
    m = match(id=word, lot=word, account=word)
    assert form_8949.cells(form(m)[0])[9:12] == (f"'{word}",) * 3
    told = row(m)
    assert (told["disposal_id"], told["lot_id"], told["account"]) == (word,) * 3


def test_a_collectible_bears_code_c_with_an_adjustment_of_0():
    cells = form_8949.cells(form(match(), collectible=frozenset({"btc"}))[0])
    assert (cells[6], cells[7], cells[8], cells[-1]) == ("C", "0.00", "11000.00", "collectible")


@pytest.mark.parametrize(
    ("thousandths", "text"), [(5, "0.00"), (15, "0.02"), (25, "0.02"), (-5, "0.00"), (-15, "-0.02"), (-1005, "-1.00"), (1995, "2.00")]
)
def test_cents_are_rounded_half_even_and_zero_has_no_sign(thousandths, text):
    assert form_8949.money(form_8949.cents(thousandths * 10**27)) == text


def test_every_column_adds_up_on_paper():
    """Three thirds of 10.00 sold: 3.33 each, so the form says 9.99, and the line of Schedule D is the sum of its rows."""
    third = match(proceeds=10 * DOLLAR // 3, basis=DOLLAR // 3)
    found = form(third, third, third)
    line = form_8949.schedule_d(found)[0]
    assert (line.proceeds, line.cost, line.gain) == (999, 99, 900)
    assert line.gain == sum(r.gain for r in found)


def test_each_box_goes_to_its_line_and_the_nets_follow():
    """Line 7 is net short term, 15 net long term, 16 both."""
    gain, loss = match(), match(proceeds=18_000 * DOLLAR, account="broker")
    found = form(gain, loss, gain._replace(long=True), loss._replace(long=True), told={"broker": "proceeds"})
    assert [(x.line, x.box, x.rows, x.gain) for x in form_8949.schedule_d(found)] == [
        ("2", "H", 1, -200_000),
        ("3", "I", 1, 1_100_000),
        ("7", "", 2, 900_000),
        ("9", "K", 1, -200_000),
        ("10", "L", 1, 1_100_000),
        ("15", "", 2, 900_000),
        ("16", "", 4, 1_800_000),
    ]


@pytest.mark.parametrize(("told", "long", "line"), [("basis", False, "1b"), ("basis", True, "8b")])
def test_a_reported_basis_goes_to_lines_1b_and_8b(told, long, line):
    m = match(acquired=at("2026-01-01T12:00:00"), disposed=at("2027-06-01T12:00:00"), long=long)
    assert form_8949.schedule_d(form(m, told={"exchange": told}, bought_in={"b1": "exchange"}))[0 if not long else 1].line == line


def test_nothing_sold_is_a_form_without_rows_and_nets_of_0():
    assert [form_8949.line_cells(x)[:2] for x in form_8949.schedule_d([])] == [("7", ""), ("15", ""), ("16", "")]


def test_of_coins_from_nowhere_the_day_is_a_guess_and_left_out():
    (found,) = form(match(basis=None, flags=("missing_basis",)))
    assert (found.acquired, found.cost, found.flags) == (None, None, ("missing_basis", "no_date"))


# ------------------------------------------------------------------ TXF


def test_txf_is_a_header_and_a_record_for_each_row_with_the_cost_before_the_proceeds():
    words = "V042 Athresher D03/01/2026 ^ TD N712 C1 L1 P0.5_BTC D03/01/2025 D06/01/2025 $20000.00 $31000.00 ^"
    assert txf(form(match()), date(2026, 3, 1)) == "".join(f"{word.replace('_', ' ')}\r\n" for word in words.split())


@pytest.mark.parametrize(
    ("told", "sold", "long", "box", "reference"),
    [
        ("basis", "2026-06-01", False, "G", 321),
        ("proceeds", "2026-06-01", False, "H", 711),
        (None, "2026-06-01", False, "I", 712),
        ("basis", "2027-06-01", True, "J", 323),
        ("proceeds", "2026-06-01", True, "K", 713),
        (None, "2026-06-01", True, "L", 714),
        (None, "2024-06-01", False, "C", 712),
        (None, "2024-06-01", True, "F", 714),
    ],
)
def test_txf_gives_each_box_the_reference_of_its_column_on_the_form(told, sold, long, box, reference):
    m = match(acquired=at("2026-01-02T12:00:00"), disposed=at(f"{sold}T12:00:00"), long=long)
    found = form(m, told={"exchange": told} if told else {}, bought_in={"b1": "exchange"})
    assert found[0].box == box
    assert txf(found, date(2026, 3, 1)).split("\r\n")[5] == f"N{reference}"


def test_txf_has_a_tokens_name_in_one_line_and_without_the_end_of_a_record():
    found = form_8949.rows([match()], symbols={"btc": "A\r\n^\r\nTD;B"}, labels={}, calendar=Calendar("UTC"))
    lines = txf(found, date(2026, 3, 1)).split("\r\n")
    assert lines[8] == "P0.5 A TD B"
    assert lines.count("^") == 2


def test_txf_leaves_unknown_date_and_cost_empty():
    lines = txf(form(MISSING), date(2026, 3, 1)).split("\r\n")
    assert lines[9:13] == ["D", "D06/01/2025", "$", "$31000.00"]
