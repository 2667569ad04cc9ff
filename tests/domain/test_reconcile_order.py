"""The order within one instant is text, and it is a person's order: by place in the block, what comes in first, trade 9 before trade 10."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.reconcile import Booked, Kind
from service.domain.reconcile.order import RANK, natural, place

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
KEYS = st.text(alphabet="019 /!-_a²٣é\x1f", max_size=9)


def numbers_by_value(key):
    """The same order told plainly: words and numbers in turn, numbers before words."""
    return tuple((0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in re.split(r"([0-9]+)", key) if part)


def row(key, sequence=0, at=NOON):
    return Booked("x", "kraken", at, "trade", Kind.BUY, (), (), (), None, (), (), keys=(key,), sequence=sequence)


def test_trade_9_stands_before_trade_10():
    assert sorted(["trades/10", "trades/9", "trades/09a", "trades", "dust/1"], key=natural) == [
        "dust/1",
        "trades",
        "trades/9",
        "trades/09a",
        "trades/10",
    ]


@given(KEYS, KEYS)
@example("a", "a1")
@example("7", "07")
@example("a b", "a\x1f")
@example("1" * 40, "2" * 39)
def test_keys_stand_as_words_and_numbers_whatever_signs_they_hold(one, other):
    assert (natural(one) < natural(other)) is (numbers_by_value(one) < numbers_by_value(other))


EVENTS = st.tuples(
    st.sampled_from([0, 1, 9, 10, 12345]), st.sampled_from(list(Kind)), KEYS, st.sampled_from(["tx_1", "tx_2", "tx_1/rest", "é 1"])
)


@given(EVENTS, EVENTS)
def test_a_place_orders_by_block_then_rank_then_key_then_id(one, other):
    told, plainly = zip(
        *((place(kind, (row(key, n),), NOON, name), (n, RANK[kind], numbers_by_value(key), name)) for n, kind, key, name in (one, other)),
        strict=True,
    )
    assert (told[0] < told[1]) is (plainly[0] < plainly[1])


@pytest.mark.parametrize(("minutes", "sequence"), [(0, 7), (5, 2)])
def test_a_transfer_stands_where_the_row_of_its_own_time_stands(minutes, sequence):
    rows = (row("a", 2), row("b", 7, NOON + timedelta(minutes=minutes)))
    assert place(Kind.TRANSFER, rows, NOON, "tx") == place(Kind.TRANSFER, (row("a", sequence),), NOON, "tx")


def test_every_kind_has_its_rank():
    assert RANK.keys() == set(Kind)
