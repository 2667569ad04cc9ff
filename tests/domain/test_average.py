"""The average as a view: a gift with two bases (IRC 1015(a)) has one in it, and its disposals say so."""

from __future__ import annotations

from decimal import Decimal

from service.domain.ledger import book, choices
from service.domain.statements import Statements
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
