"""Forms say what whoever files them has to know: that they are a view and not by the recorded choices, and what a TXF file cannot tell."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from service.app import forms, gains
from service.app.gains import Asked
from service.domain.statements import MethodChoice, PoolingChoice, Statements
from service.settings import asset_table, load
from tests.tools import ROOT

HEAD = "id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note\n"
ROWS = """\
b1,{year}-01-05T12:00:00Z,buy,exchange,,USD,10,BTC,1,,,10,,
b2,{year}-02-05T12:00:00Z,buy,wallet,,USD,30,BTC,1,,,30,,
b3,{year}-02-06T12:00:00Z,buy,wallet,,USD,40,BTC,1,,,40,,
s1,{year}-06-01T12:00:00Z,sell,wallet,,BTC,1,USD,20,,,20,,
"""
IN_TIME = datetime(2020, 1, 1, tzinfo=UTC)


def past(rows=ROWS, year=2025, statements=None):
    """Of a file; with words of the holder as if it were stored."""
    table = asset_table(load({"THRESHER_CONFIG_DIR": str(ROOT / "tests" / "no such directory")}))
    found, _ = gains.of_file(HEAD + rows.format(year=year), table, window=timedelta(hours=48))
    if statements is None:
        return found
    return gains.Past(found.groups, found.coins, statements=statements, zone="UTC", is_stored=True)


def form(history, **asked):
    question = Asked(**asked)
    return forms.form(gains.gains(history, question), history, question, {})


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"method": "hifo"}, "1 of 1 rows are others"),
        ({"scope": "universal"}, "1 of 1 rows are others"),
        ({"scope": "universal", "method": "hifo"}, "1 of 1 rows are others"),
    ],
)
@pytest.mark.parametrize("statements", [None, Statements()])
def test_forms_by_other_words_than_the_recorded_ones_are_a_view(asked, rows, statements):
    (says,) = form(past(statements=statements), **asked).says()
    assert "a view" in says
    assert rows in says
    assert "not what to file" in says
    assert ("a file records none" in says) is (statements is None)


@pytest.mark.parametrize("asked", [{}, {"method": "fifo"}, {"method": "specific"}, {"scope": "account"}, {"method": "lofo"}])
def test_words_that_change_no_row_make_no_view(asked):
    assert form(past(), **asked).says() == []


def test_a_method_that_was_recorded_for_the_account_is_no_view():
    said = Statements(methods=(MethodChoice("wallet", "hifo", date(2020, 1, 1), IN_TIME),))
    assert form(past(statements=said), method="hifo").says() == []
    assert form(past(statements=said)).says() == []
    (says,) = form(past(statements=said), method="fifo").says()
    assert "than by the choices that you recorded" in says


def test_one_pool_is_a_view_from_2025_on_and_what_was_recorded_before():
    said = Statements(poolings=(PoolingChoice(date(2025, 1, 1), IN_TIME),))
    assert form(past(year=2024, statements=said), scope="universal").says() == []
    assert len(form(past(year=2024, statements=said), scope="account").says()) == 1
    assert len(form(past(year=2025, statements=said), scope="universal").says()) == 1


def test_a_zone_that_is_not_the_holders_is_a_view_where_it_changes_a_row():
    rows = ROWS + "s2,{year}-12-31T22:00:00Z,sell,wallet,,BTC,1,USD,20,,,20,,\n"
    assert form(past(rows, statements=Statements()), year=2025, zone="UTC").says() == []
    (says,) = form(past(rows, statements=Statements()), year=2025, zone="Asia/Tokyo").says()
    assert "rows are missing" in says
    assert form(past(rows), year=2025, zone="Asia/Tokyo").says() == []


UNKNOWN = """\
s1,2025-06-01T12:00:00Z,sell,wallet,,SOL,1,USD,20,,,20,,
b1,2025-07-01T12:00:00Z,buy,wallet,,USD,10,BTC,1,,,10,,
s2,2025-08-01T12:00:00Z,spend,wallet,,BTC,1,,,,,,,
"""


def test_a_txf_file_has_blanks_for_what_the_format_leaves_blank_and_no_row_without_proceeds():
    found = form(past(UNKNOWN))
    assert found.says() == []
    left_out, blank = found.says(of_txf=True)
    assert left_out == "txf: 1 row left out, since what was received is not known: s2"
    assert blank.startswith("txf: 1 row written with a blank")
    assert blank.endswith(": s1")
    records = found.txf(date(2026, 3, 1)).split("^\r\n")[1:-1]
    assert [record.split("\r\n")[4:9] for record in records] == [["P1 SOL", "D", "D06/01/2025", "$", "$20.00"]]


def test_of_many_such_rows_the_first_are_named():
    rows = "".join(f"s{n},2025-06-{n:02}T12:00:00Z,sell,wallet,,SOL,1,USD,20,,,20,,\n" for n in range(1, 16))
    (blank,) = form(past(rows)).says(of_txf=True)
    assert blank.startswith("txf: 15 rows ")
    assert blank.endswith("s9, s10 and 5 more")


NFTS = """\
n1,2025-01-01T12:00:00Z,buy,w,,USD,10,eip155:1/erc721:0xaa/7,1,,,10,,
n2,2025-01-02T12:00:00Z,buy,w,,USD,30,eip155:137/erc721:0xaa/7,1,,,30,,
n3,2025-02-01T12:00:00Z,sell,w,,eip155:1/erc721:0xaa/7,1,USD,50,,,50,,
n4,2025-02-02T12:00:00Z,sell,w,,eip155:137/erc721:0xaa/7,1,USD,50,,,50,,
"""


def test_equal_contracts_on_two_chains_are_named_as_the_file_names_them():
    history = past(NFTS)
    names = ["eip155:1/erc721:0xaa/7", "eip155:137/erc721:0xaa/7"]
    assert [row.description for row in form(history).rows] == [f"1 {name}" for name in names]
    assert [line.split(",")[2] for line in gains.gains(history, Asked()).lines] == names
