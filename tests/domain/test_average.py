"""The average as a view: a gift with two bases (IRC 1015(a)) has one in it, and its disposals say so."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from service.domain.ledger import Group, book, choices
from service.domain.ledger.checkpoint import resumed, state
from service.domain.movements import of_event
from service.domain.statements import PoolingChoice, Statements
from tests.domain import neutral


def gift(worth):
    """1 ETH that cost its donor 1,000."""
    return {
        "id": "g1", "timestamp": "2024-02-01T12:00:00Z", "kind": "gift_in", "account": "exchange", "received_asset": "ETH",
        "received_quantity": "1", "value_usd": worth, "basis_usd": "1000", "acquired_at": "2020-01-01T00:00:00Z",
    }  # fmt: skip


BOUGHT = {
    "id": "b1", "timestamp": "2024-03-01T12:00:00Z", "kind": "buy", "account": "exchange", "sent_asset": "USD", "sent_quantity": "400",
    "received_asset": "ETH", "received_quantity": "1", "value_usd": "400",
}  # fmt: skip
SOLD = {
    "id": "s1", "timestamp": "2024-06-01T12:00:00Z", "kind": "sell", "account": "exchange", "sent_asset": "ETH", "sent_quantity": "1",
    "received_asset": "USD", "received_quantity": "500", "value_usd": "500",
}  # fmt: skip


def sold(method, *rows):
    said = choices(Statements(), zone="UTC", method=method)
    made = book([neutral.event(row) for row in rows], Statements(), zone="UTC", said=said)
    return [(d.lot, d.basis, d.gain, d.flags) for d in made.disposals]


def test_in_an_average_a_gift_worth_less_than_it_cost_has_its_donors_basis_and_a_flag():
    """1,000 and 400 average 700: 200 is lost. By lots the gift's loss is measured from its value then, 600: 100 is lost."""
    assert sold("average", gift("600"), BOUGHT, SOLD) == [("g1", Decimal(700), Decimal(-200), ("gift_averaged",))]
    assert sold(None, gift("600"), BOUGHT, SOLD) == [("g1", Decimal(600), Decimal(-100), ("gift_loss",))]


def test_a_gift_that_has_only_one_basis_is_averaged_without_a_flag():
    assert sold("average", gift("1000"), BOUGHT, SOLD) == [("g1", Decimal(700), Decimal(-200), ())]


def test_a_gift_of_unknown_value_may_have_two_bases():
    """By lots a loss on it says so; its gain is measured from the donor's basis whatever it was worth."""
    assert sold("average", gift(""), BOUGHT, SOLD) == [("g1", Decimal(700), Decimal(-200), ("gift_averaged",))]
    assert sold(None, gift(""), BOUGHT, SOLD) == [("g1", Decimal(1000), Decimal(-500), ("gift_value_unknown",))]
    assert sold(None, gift(""), SOLD | {"received_quantity": "1500", "value_usd": "1500"}) == [("g1", Decimal(1000), Decimal(500), ())]


def moved(at, account, to):
    return {
        "id": f"to {to}", "timestamp": at, "kind": "transfer", "account": account, "to_account": to, "sent_asset": "ETH",
        "sent_quantity": "1", "received_asset": "ETH", "received_quantity": "1",
    }  # fmt: skip


def flags_of(sales):
    return {lot: flags for lot, _, _, flags in sales}


def test_what_is_sold_at_an_average_that_such_a_gift_is_in_rests_on_it_too():
    """g1 stays; b1 is sold at 700 all the same, and only because the gift is counted with 1,000."""
    later = SOLD | {"id": "s2", "timestamp": "2024-07-01T12:00:00Z"}
    assert sold("average", gift("600"), BOUGHT, SOLD, later) == [
        ("g1", Decimal(700), Decimal(-200), ("gift_averaged",)),
        ("b1", Decimal(700), Decimal(-200), ("gift_averaged",)),
    ]


def test_a_lot_that_joins_after_the_gift_was_sold_rests_on_what_the_gift_left_behind():
    again = BOUGHT | {"id": "b2", "timestamp": "2024-06-02T12:00:00Z", "sent_quantity": "500", "value_usd": "500"}
    both = SOLD | {"id": "s2", "timestamp": "2024-07-01T12:00:00Z", "sent_quantity": "2", "received_quantity": "1300", "value_usd": "1300"}
    assert flags_of(sold("average", gift("600"), BOUGHT, SOLD, again, both)) == dict.fromkeys(["g1", "b1", "b2"], ("gift_averaged",))


def test_an_empty_pool_forgets_the_gift():
    gone = SOLD | {"timestamp": "2024-02-15T12:00:00Z"}
    sale = SOLD | {"id": "s2", "timestamp": "2024-07-01T12:00:00Z"}
    assert flags_of(sold("average", gift("600"), gone, BOUGHT, sale)) == {"g1": ("gift_averaged",), "b1": ()}


def test_what_moves_takes_it_along_into_the_average_of_the_other_account():
    """g1 moves, being the oldest; what lay there before is averaged with its 700."""
    there = BOUGHT | {"id": "b2", "account": "wallet", "timestamp": "2024-01-15T12:00:00Z"}
    sale = SOLD | {"account": "wallet"}
    assert flags_of(sold("average", there, gift("600"), BOUGHT, moved("2024-04-01T12:00:00Z", "exchange", "wallet"), sale)) == {
        "g1": ("gift_averaged",)
    }
    both = sale | {"sent_quantity": "2"}
    assert flags_of(sold("average", there, gift("600"), BOUGHT, moved("2024-04-01T12:00:00Z", "exchange", "wallet"), both)) == {
        "g1": ("gift_averaged",),
        "b2": ("gift_averaged",),
    }


def test_the_average_of_an_account_without_the_gift_does_not_rest_on_it():
    elsewhere = BOUGHT | {"id": "b2", "account": "wallet"}
    assert flags_of(sold("average", gift("600"), elsewhere, SOLD | {"account": "wallet"})) == {"b2": ()}


def test_open_lots_that_rest_on_the_gift_say_so_and_a_ledger_that_goes_on_later_knows_it_still():
    said = choices(Statements(), zone="UTC", method="average")
    first, rest = [
        [m for row in rows for m in of_event(neutral.event(row))] for rows in ((gift("600"), BOUGHT, SOLD), (SOLD | {"id": "s2"},))
    ]
    group = Group(said)
    group.enter_all(first)
    assert [(lot.lot, lot.flags) for lot in group.open()] == [("b1", ("gift_averaged",))]
    later = resumed(said, state(group))
    later.enter_all(rest)
    assert [(m.lot, m.flags) for m in later.matches] == [("b1", ("gift_averaged",))]


def test_the_accounts_that_a_common_average_is_given_to_rest_on_the_gift_in_it():
    """One pool until 2025: 1,000 and 400 average 700 wherever they lie."""
    there = BOUGHT | {"account": "wallet"}
    sale = SOLD | {"account": "wallet", "timestamp": "2025-06-01T12:00:00Z"}
    words = Statements(poolings=(PoolingChoice(date(2025, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)),))
    made = book(
        [neutral.event(row) for row in (gift("600"), there, sale)], words, zone="UTC", said=choices(words, zone="UTC", method="average")
    )
    assert [(d.basis, d.flags) for d in made.disposals] == [(Decimal(700), ("gift_averaged",))]
