"""A file in two processes is the file in one: the same movements where its halves stand alone, and nothing at all where they do not."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from service.app import file_halves
from service.app.gains import Asked, gains, of_file
from service.app.halves import Aside, in_two
from service.domain import history
from service.domain.assets import AssetTable

TABLE = AssetTable([], "none")
WINDOW = timedelta(hours=72)
HEADER = ",".join(history.COLUMNS)


@pytest.fixture(autouse=True)
def _always_worth_it(monkeypatch):
    monkeypatch.setattr(file_halves, "WORTH_IT", 0)
    monkeypatch.setattr("service.app.halves.WORTH_IT", 0)


def file(*rows):
    return "\n".join([HEADER, *rows, ""])


def buy(name, day, quantity="1"):
    return f"{name},2024-01-{day:02}T12:00:00Z,buy,exchange-1,,USD,100,BTC,{quantity},BNB,0.1,100,2,"


def sell(name, day):
    return f"{name},2024-01-{day:02}T12:00:00Z,sell,exchange-1,,BTC,0.3,USD,50,USD,1,50,1,"


PLAIN = [
    "a,2024-01-01T12:00:00Z,income,exchange-1,,,,BNB,5,,,1500,,reward",
    buy("b", 2),
    sell("c", 3),
    "d,2024-01-04T12:00:00Z,transfer,exchange-1,wallet-1,BTC,0.2,BTC,0.2,,,,,",
    buy("e", 4, "2"),
    "f,2024-01-05T12:00:00Z,gift_out,wallet-1,,BTC,0.1,,,,,,,",
    sell("g", 6),
]


def test_a_code_in_other_letters_in_the_other_half_is_named():
    text = file(*PLAIN[:6], sell("g", 6).replace("BTC", "btc"))
    assert file_halves.booking(text, TABLE, window=WINDOW) is None
    _, problems = of_file(text, TABLE, window=WINDOW, keep_going=True, may_fork=True)
    assert [(p.line, p.column) for p in problems] == [(8, "sent_asset")]


def test_halves_that_stand_alone_are_the_whole():
    text = file(*PLAIN)
    rows, problems = history.read(io.StringIO(text))
    whole = history.booking(rows, TABLE, window=WINDOW)
    assert not problems
    made = file_halves.booking(text, TABLE, window=WINDOW)
    assert made is not None
    assert (made.movements, made.coins) == (whole.movements, whole.coins)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("an id stands in both halves", [*PLAIN, buy("b", 20)]),
        ("the second half begins before the first ends", [*PLAIN[4:], *PLAIN[:4]]),
        ("a half is out of order", [PLAIN[1], PLAIN[0], *PLAIN[2:]]),
        ("a receipt may be the other side of a withdrawal", [*PLAIN, "h,2024-01-07T12:00:00Z,deposit,wallet-1,,,,BTC,1,,,,,"]),
        ("a line cannot be read", [*PLAIN, sell("h", 7).replace("0.3", "0,3")]),
        ("a cell is quoted", [*PLAIN, sell("h", 7) + '"two, words"']),
    ],
)
def test_else_the_file_is_read_as_a_whole(why, rows):
    assert file_halves.booking(file(*rows), TABLE, window=WINDOW) is None, why


@pytest.mark.parametrize("method", ["fifo", "hifo", "average", "section104", "acb"])
def test_gains_are_the_same_by_one_process_and_by_two(method):
    found = []
    for may_fork in (False, True):
        past, _ = of_file(file(*PLAIN), TABLE, window=WINDOW, may_fork=may_fork)
        found.append(gains(past, Asked(method), lines_only=True, may_fork=may_fork))
    assert found[0].lines == found[1].lines
    assert (found[0].totals, found[0].issues, found[0].unknown) == (found[1].totals, found[1].issues, found[1].unknown)


def test_a_fork_that_fails_leaves_its_work_to_its_parent():
    tried = []

    def work():
        tried.append(1)
        return object() if len(tried) == 1 else "done here"  # what the fork made cannot be sent

    later = Aside(work)
    tried.append(1)
    assert later.result() == "done here"


def test_parts_go_to_the_lighter_side():
    assert sorted(in_two(lambda parts: [sum(parts)], [9, 1, 5, 3, 2], int)) == [[10], [10]]
