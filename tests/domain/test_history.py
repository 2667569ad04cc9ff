"""The neutral history CSV: what a row may say, and how each mistake is named by line and column."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.domain import history, movements
from service.domain.money import plain
from service.domain.movements import decimal, moment, text

HEADER = ",".join(history.COLUMNS)
BUY = {
    "id": "t1", "timestamp": "2024-01-31T12:00:00Z", "kind": "buy", "account": "exchange",
    "sent_asset": "USD", "sent_quantity": "2000", "received_asset": "ETH", "received_quantity": "1", "value_usd": "2000",
}  # fmt: skip
UNIT = 10**18


def line(**cells):
    told = {name: value for name, value in {**BUY, **cells}.items() if value is not None}
    return ",".join(told.get(name, "") for name in history.COLUMNS)


def only(kind, **cells):
    """A row of a kind with just these cells."""
    bare = dict.fromkeys((name for name in BUY if name not in ("id", "timestamp", "account")), None)
    return line(**(bare | {"kind": kind} | cells))


def read(*lines, header=HEADER, end="\n"):
    return history.read([header + end, *(told + end for told in lines)])


def good(*lines, **how):
    rows, problems = read(*lines, **how)
    assert problems == []
    return rows


def problem(*lines, **how):
    rows, problems = read(*lines, **how)
    assert rows == []
    (found,) = problems
    return found.line, found.column


# ------------------------------------------------------------------ how a file may be written


def test_a_row_in_units():
    (row,) = good(line(fee_asset="BNB", fee_quantity="0.000000000000000001", fee_value_usd="0.3"))
    assert (row.id, row.kind, row.account, row.to_account) == ("t1", "buy", "exchange", "")
    assert moment(row.at) == datetime(2024, 1, 31, 12, tzinfo=UTC)
    assert (row.sent_asset, row.sent, row.received_asset, row.received) == ("USD", 2000 * UNIT, "ETH", UNIT)
    assert (row.fee_asset, row.fee) == ("BNB", 1)
    assert (row.value, row.fee_value, row.basis, row.acquired_at) == (2000 * 10**30, 3 * 10**29, None, None)


@pytest.mark.parametrize("header", [HEADER, "\ufeff" + HEADER, HEADER.replace("kind", " kind ")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_blanks_in_the_header_and_windows_lines_change_nothing(header, end):
    assert good(line(), header=header, end=end) == good(line())


def test_columns_may_stand_in_any_order_and_further_ones_are_ignored():
    cells = dict(zip(history.COLUMNS, line().split(","), strict=True)) | {"mood": "good"}
    turned = dict(sorted(cells.items()))
    assert good(",".join(turned.values()), header=",".join(turned)) == good(line())


def test_the_two_trailing_columns_may_be_there():
    told = only("deposit", received_asset="ETH", received_quantity="1") + ",900.5,2020-02-29T00:00:00Z"
    (row,) = good(told, header=f"{HEADER},basis_usd,acquired_at")
    assert (row.basis, moment(row.acquired_at)) == (9005 * 10**29, datetime(2020, 2, 29, tzinfo=UTC))


def test_cells_may_be_quoted_and_hold_what_separates_cells():
    (row,) = good(line(note='"a ""fine"" day, tx:0xAB"'))
    assert row.note == 'a "fine" day, tx:0xAB'
    assert history.chain_ref(row.note) == "0xab"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_cell_has_no_line_breaks(end):
    text = end.join([HEADER, line(id="a", note='"one'), 'two"', line(id="b"), ""])
    rows, problems = history.read(io.StringIO(text, newline=""))
    assert [row.id for row in rows] == ["b"]
    assert [(p.line, p.column) for p in problems] == [(2, ""), (3, "")]
    assert "a row is one line, without line breaks in its cells" in problems[0].says


@pytest.mark.parametrize("stray", ['"', '"open', 'x,"', '"a"b'])
@pytest.mark.parametrize("closing", ["", '"', 'closed"'])
def test_a_stray_quote_is_a_mistake_of_its_own_line_alone(stray, closing):
    """Whatever quote comes later, no line between is swallowed."""
    lines = [line(id="a"), line(id="b", note=stray), line(id="c"), line(id="d", note=closing), line(id="e"), line(id="f", kind="bye")]
    rows, problems = read(*lines)
    named = {p.line for p in problems}
    assert named - {5} == {3, 7}
    assert [row.id for row in rows] == [name for name in "acde" if not (name == "d" and 5 in named)]


def test_a_header_with_a_stray_quote_is_one_problem():
    assert problem(line(), header=HEADER.replace("note", '"note')) == (1, "")


def test_a_cell_that_is_too_long_is_a_mistake_of_its_line():
    rows, problems = read(line(id="a"), line(id="b", note="x" * 200_000), line(id="c"))
    assert [row.id for row in rows] == ["a", "c"]
    assert [p.line for p in problems] == [3]


def test_empty_lines_are_no_rows():
    assert good("", line(), "") == [good(line())[0]._replace(line=3)]


def test_rows_of_one_time_keep_their_order():
    later = "2024-01-31T12:00:01Z"
    rows = good(line(id="a"), line(id="b", timestamp=later), line(id="c"), line(id="d", timestamp=later))
    assert [(row.id, row.n) for row in rows] == [("a", 0), ("b", 0), ("c", 1), ("d", 1)]


@pytest.mark.parametrize(
    ("word", "asset"),
    [
        ("BTC", "csv:BTC"),
        ("USD", "fiat:USD"),
        ("EUR", "fiat:EUR"),
        ("kraken:XXBT", "kraken:XXBT"),
        ("eip155:1/slip44:60", "eip155:1/slip44:60"),
    ],
)
def test_what_a_word_of_a_file_is(word, asset):
    assert history.asset_id(word) == asset


# ------------------------------------------------------------------ the whole file


@pytest.mark.parametrize("missing", history.COLUMNS)
def test_a_header_that_lacks_a_column_is_one_problem(missing):
    names = [name for name in history.COLUMNS if name != missing]
    rows, problems = history.read([",".join(names) + "\n", "x\n", "y\n"])
    assert rows == []
    assert [(p.line, p.column) for p in problems] == [(1, missing)]


def test_a_column_that_stands_twice_is_one_problem():
    assert problem(line() + ",x", header=f"{HEADER},kind") == (1, "kind")


def test_an_empty_file_is_one_problem():
    rows, (found,) = history.read([])
    assert (rows, found.line) == ([], 1)


def test_a_line_with_too_few_or_too_many_cells():
    assert problem("t1,2024-01-31T12:00:00Z,buy") == (2, "")
    assert problem(line() + ",") == (2, "")


def test_the_same_row_twice_says_nothing_new():
    assert [row.id for row in good(line(), line(id="t2"), line())] == ["t1", "t2"]


def test_two_rows_of_one_id_that_differ_are_a_problem_of_the_second():
    rows, problems = read(line(), line(id="t2"), line(received_quantity="2"))
    assert [row.received for row in rows] == [UNIT, UNIT]
    assert [(p.line, p.column) for p in problems] == [(4, "id")]
    assert "line 2" in problems[0].says


def test_a_problem_leaves_only_its_own_row_out():
    rows, problems = read(line(id="a"), line(id="b", kind="bye"), line(id="c"))
    assert [row.id for row in rows] == ["a", "c"]
    assert str(problems[0]).startswith("line 3, column kind: ")


def test_one_account_for_all_rows():
    rows, _ = history.read([HEADER + "\n", line() + "\n", line(id="t2", account=None) + "\n"], account="mine")
    assert [row.account for row in rows] == ["mine", "mine"]


def test_problems_stand_in_the_order_of_their_lines():
    _, problems = read(line(), line(received_quantity="2"), line(id="c", kind="bye"))
    assert [p.line for p in problems] == [3, 4]


# ------------------------------------------------------------------ one cell


@pytest.mark.parametrize("number", ["1", "0001", "1.5", "0.123456789012345678", "1.000", "9" * 40])
def test_plain_decimals(number):
    (row,) = good(line(received_quantity=number))
    whole, _, part = number.partition(".")
    assert row.received == int(whole + part.ljust(18, "0"))


@pytest.mark.parametrize(
    "number",
    ["1e3", "1E3", "+1", "-1", "1_000", '"1,000"', "1 000", " 1", "1 ", "", ".5", "5.", ".", "1.2.3", "0x1", "NaN", "Infinity", "\u0661", "\u00bd", "\u00b2",
        "0.1234567890123456789", "9" * 41],
)  # fmt: skip
@pytest.mark.parametrize("column", ["sent_quantity", "received_quantity"])
def test_what_is_no_plain_decimal(number, column):
    assert problem(line(**{column: number})) == (2, column)


def test_too_many_digits_before_the_point_are_counted():
    _, (found,) = read(line(received_quantity="9" * 41))
    assert "has 41 digits before the point; there may be 40" in found.says


@pytest.mark.parametrize("column", ["value_usd", "fee_value_usd"])
def test_money_is_a_plain_decimal_too(column):
    assert problem(line(**{column: "1e3"})) == (2, column)
    assert good(line(**{column: "0"}))


@pytest.mark.parametrize(("kind", "sent", "received", "column"), [
    ("buy", "USD 5", "ETH 0.00", "received_quantity"),
    ("sell", "ETH 0", "USD 5", "sent_quantity"),
    ("transfer", "USD 0", "USD 0", "sent_quantity"),
    ("swap", "USD 0", "ETH 1", "sent_quantity"),
])  # fmt: skip
def test_nothing_is_no_quantity(kind, sent, received, column):
    assert problem(line(kind=kind, to_account="b" if kind == "transfer" else "", **side("sent", sent), **side("received", received))) == (
        2,
        column,
    )


@pytest.mark.parametrize(
    ("kind", "sent", "received"), [("sell", "ETH 1", "USD 0"), ("buy", "USD 0.00", "ETH 1"), ("spend", "ETH 1", "USD 0")]
)
def test_what_is_given_for_nothing_is_worth_nothing(kind, sent, received):
    (row,) = good(line(kind=kind, value_usd="", **side("sent", sent), **side("received", received)))
    assert ("" in (row.sent_asset, row.received_asset), row.value) == (True, 0)


def side(name, text):
    asset, quantity = text.split()
    return {f"{name}_asset": asset, f"{name}_quantity": quantity}


def test_a_fee_of_nothing_is_no_fee():
    (row,) = good(line(fee_asset="USD", fee_quantity="0", fee_value_usd="0"))
    assert (row.fee_asset, row.fee) == ("", 0)


@pytest.mark.parametrize("stamp", ["2024-02-29T00:00:00Z", "2000-02-29T23:59:59Z", "1970-01-01T00:00:00Z", "2999-12-31T23:59:59Z"])
def test_times(stamp):
    (row,) = good(line(timestamp=stamp))
    assert movements.stamp(row.at) == stamp


@pytest.mark.parametrize(
    "stamp",
    [
        "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-01-31T24:00:00Z", "2024-01-31T12:60:00Z", "2024-01-31T12:00:60Z",
        "2024-01-31T12:00:00", "2024-01-31T12:00:00+01:00", "2024-01-31 12:00:00Z", "2024-01-31T12:00:00.5Z", "2024-01-31", "", "31.01.2024",
        "2024-1-31T12:00:00Z", "2024-13-01T00:00:00Z", "0000-01-01T00:00:00Z", "\uff12024-01-31T12:00:00Z", "2024-01-31T12:00:00z",
        "1969-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ],
)  # fmt: skip
def test_what_is_no_time(stamp):
    assert problem(line(timestamp=stamp)) == (2, "timestamp")
    told = only("deposit", received_asset="ETH", received_quantity="1") + f",1,{stamp}"
    if stamp:
        assert problem(told, header=f"{HEADER},basis_usd,acquired_at") == (2, "acquired_at")


def test_nothing_is_held_since_a_time_after_it_came():
    told = only("deposit", received_asset="ETH", received_quantity="1")
    header = f"{HEADER},basis_usd,acquired_at"
    moment = dict(zip(HEADER.split(","), told.split(","), strict=True))["timestamp"]
    assert problem(f"{told},1,{moment[:-3]}59Z", header=header) == (2, "acquired_at")
    (row,) = good(f"{told},1,{moment}", header=header)
    assert row.acquired_at == row.at


@pytest.mark.parametrize(("kind", "sent", "received"), [("sell", "USD 5", "BTC 1"), ("buy", "BTC 1", "USD 5")])
def test_a_kind_that_says_the_opposite_of_what_moved_is_a_mistake(kind, sent, received):
    assert problem(line(kind=kind, **side("sent", sent), **side("received", received))) == (2, "kind")


@pytest.mark.parametrize("kind", ["buy", "sell", "swap", "spend"])
def test_money_for_the_same_money_is_no_trade(kind):
    assert problem(line(kind=kind, **side("sent", "USD 5"), **side("received", "USD 5"))) == (2, "received_asset")
    assert good(line(kind="swap" if kind == "spend" else kind, **side("sent", "USD 5"), **side("received", "EUR 5")))


def test_a_wrong_day_is_wrong_again_beside_a_good_time_of_day():
    """What was read before is remembered; a mistake never is."""
    rows, problems = read(line(id="a"), line(id="b", timestamp="2023-02-29T12:00:00Z"), line(id="c", timestamp="2023-02-29T12:00:00Z"))
    assert [row.id for row in rows] == ["a"]
    assert [p.line for p in problems] == [3, 4]


@pytest.mark.parametrize("name", ["t1/fee", "t1/in", "t1/rest", "t1/2", "a/b/17"])
def test_an_id_may_not_look_like_one_that_is_made_from_another(name):
    assert problem(line(id=name)) == (2, "id")


@pytest.mark.parametrize("name", ["t/1a", "fee", "a/fees", "in/t1", "/in.", "2024/7/x", "Ω 1"])
def test_other_ids_are_free(name):
    assert good(line(id=name))[0].id == name


@pytest.mark.parametrize("column", ["id", "account", "kind", "timestamp"])
def test_what_every_row_needs(column):
    assert problem(line(**{column: None})) == (2, column)


def test_a_kind_in_other_letters_is_none():
    assert problem(line(kind="Buy")) == (2, "kind")


# ------------------------------------------------------------------ what a kind has

SENT = {"sent_asset": "BTC", "sent_quantity": "1"}
RECEIVED = {"received_asset": "ETH", "received_quantity": "2"}
FEE = {"fee_asset": "USD", "fee_quantity": "3"}
FULL = {
    "buy": RECEIVED, "sell": SENT, "swap": SENT | RECEIVED, "spend": SENT, "income": RECEIVED, "airdrop": RECEIVED, "deposit": RECEIVED,
    "gift_in": RECEIVED, "fork": RECEIVED, "withdrawal": SENT, "gift_out": SENT, "lost": SENT, "stolen": SENT, "worthless": SENT,
    "transfer": SENT | {"to_account": "wallet"}, "wrap": SENT | RECEIVED, "bridge": SENT | RECEIVED, "fee": FEE,
}  # fmt: skip
ONLY_IN = ("income", "airdrop", "deposit", "gift_in", "fork")
ONLY_OUT = ("withdrawal", "gift_out", "lost", "stolen", "worthless")


@pytest.mark.parametrize("kind", history.KINDS)
def test_every_kind_with_what_it_needs(kind):
    assert good(only(kind, **FULL[kind]))
    assert good(only(kind, **FULL[kind], **({} if kind == "fee" else FEE)))


@pytest.mark.parametrize("kind", [kind for kind in history.KINDS if kind != "transfer"])
@pytest.mark.parametrize("side", ["sent", "received", "fee"])
def test_every_kind_without_a_side_that_it_needs(kind, side):
    if f"{side}_asset" not in FULL[kind]:
        return
    bare = {name: cell for name, cell in FULL[kind].items() if not name.startswith(side)}
    assert problem(only(kind, **bare)) == (2, f"{side}_quantity")


@pytest.mark.parametrize("kind", ONLY_IN)
def test_what_only_comes_in_sends_nothing(kind):
    assert problem(only(kind, **RECEIVED, **SENT)) == (2, "sent_asset")


@pytest.mark.parametrize("kind", [*ONLY_OUT, "fee"])
def test_what_only_goes_out_receives_nothing(kind):
    assert problem(only(kind, **FULL[kind], **RECEIVED)) == (2, "received_asset")


@pytest.mark.parametrize("kind", [kind for kind in history.KINDS if kind not in ("transfer", "wrap", "bridge")])
def test_only_moves_name_a_receiving_account(kind):
    assert problem(only(kind, **FULL[kind], to_account="wallet")) == (2, "to_account")


def test_a_transfer_needs_a_receiving_account():
    assert problem(only("transfer", **SENT)) == (2, "to_account")


@pytest.mark.parametrize("kind", ["wrap", "bridge"])
def test_a_wrap_or_bridge_may_stay_in_its_account(kind):
    assert [good(only(kind, **SENT, **RECEIVED, to_account=to))[0].to_account for to in ("wallet", "")] == ["wallet", ""]


@pytest.mark.parametrize("side", ["sent", "received"])
def test_a_transfer_may_tell_one_side_only(side):
    (row,) = good(only("transfer", to_account="wallet", **{f"{side}_asset": "BTC", f"{side}_quantity": "1.5"}))
    assert (row.sent_asset, row.sent) == (row.received_asset, row.received) == ("BTC", 15 * UNIT // 10)


@pytest.mark.parametrize("received", ["WETH", "USD", "kraken:ETH"])
def test_a_transfer_moves_one_coin(received):
    told = {"to_account": "wallet", "sent_asset": "ETH", "sent_quantity": "1", "received_asset": received, "received_quantity": "1"}
    _, (found,) = read(only("transfer", **told))
    assert (found.line, found.column) == (2, "received_asset")
    assert "a wrap, or a bridge" in found.says
    assert good(only("bridge", **told))


def test_a_transfer_may_call_its_coin_by_code_and_by_full_id():
    told = {"to_account": "wallet", "sent_asset": "ETH", "sent_quantity": "1", "received_asset": "csv:ETH", "received_quantity": "1"}
    assert good(only("transfer", **told))


def test_a_transfer_of_nothing():
    assert problem(only("transfer", to_account="wallet")) == (2, "sent_quantity")


@pytest.mark.parametrize("side", ["sent", "received", "fee"])
def test_an_asset_and_its_quantity_go_together(side):
    assert problem(line(**{f"{side}_asset": "ETH", f"{side}_quantity": None})) == (2, f"{side}_quantity")
    assert problem(line(**{f"{side}_asset": None, f"{side}_quantity": "1"})) == (2, f"{side}_asset")


# ------------------------------------------------------------------ cells → row → cells

quantities = st.integers(1, 10**40).map(text)
money = st.one_of(st.just(""), st.integers(0, 10**30).map(text))
stamps = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31)).map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"))  # noqa: DTZ001
words = st.text(st.characters(codec="utf-8", exclude_characters="/\r\n\x00"), min_size=1, max_size=12)
names = words.map(str.strip).filter(lambda word: word and word.removeprefix("fiat:").upper() not in history.rows.MONEY)


@given(st.data())
def test_a_row_says_itself_again(data):
    kind = data.draw(st.sampled_from(sorted(FULL)))
    cells = {"id": data.draw(names), "timestamp": data.draw(stamps), "kind": kind, "account": data.draw(names)}
    cells |= {name: data.draw(quantities) if name.endswith("quantity") else data.draw(names) for name in {**FULL[kind]}}
    assume(
        len({cell.casefold() for name, cell in cells.items() if name.endswith("asset")}) == sum(name.endswith("asset") for name in cells)
    )
    cells |= {name: data.draw(money) for name in ("value_usd", "fee_value_usd", "basis_usd")}
    since = data.draw(st.one_of(st.just(""), stamps))
    cells |= {"note": data.draw(st.text(max_size=9)), "acquired_at": min(since, cells["timestamp"])}
    row = history.row_of(cells, 7)
    assert isinstance(row, history.Row)
    assert history.row_of(history.cells_of(row), 7) == row
    assert all(history.cells_of(row).values())


@given(st.integers(-(10**45), 10**45), st.sampled_from([0, 1, 18, 24, 30]))
def test_text_of_a_number_is_plain_and_exact(count, places):
    told = text(count, places)
    whole, _, part = told.partition(".")
    assert int(whole + part.ljust(places, "0")) == count
    assert not part.endswith("0")
    assert told == plain(decimal(count, places))


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_time_is_written_to_the_microsecond_and_nothing_more(at):
    told = movements.stamp(movements.ticks(at))
    assert datetime.fromisoformat(told) == at
    assert told.endswith("Z")
    assert ("." in told) == (at.microsecond != 0)


@pytest.mark.parametrize(
    ("note", "ref"),
    [("tx:0xAbC", "0xabc"), ("paid; TX:9F", "9f"), ("tx:1,tx:2", "1"), ("ctx:0x1", None), ("no hash", None), ("", None), ("tx:", None)],
)
def test_the_hash_in_a_note(note, ref):
    assert history.chain_ref(note) == ref
