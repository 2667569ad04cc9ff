"""What each event moves, coin by coin, in the order in which the ledger books it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from service.domain.movements import More, Movement, decimal, event_of, money, of_event, ticks
from tests.domain import neutral

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
AT = ticks(NOON)


def event(kind, sent="", received="", fee="", **cells):
    """One row of the neutral format, amounts as "1 ETH"."""
    row = {"id": "e1", "timestamp": "2024-03-01T12:00:00Z", "kind": kind, "account": "exchange", **cells}
    for name, told in (("sent", sent), ("received", received), ("fee", fee)):
        if told:
            row[f"{name}_quantity"], row[f"{name}_asset"] = told.split()
    if fee and "fee_value_usd" not in cells:
        return replace(neutral.event(row | {"fee_value_usd": "0"}), fee_values=(None,))
    return neutral.event(row)


def told(movement):
    """(act, id, coin, quantity, value, fee) in plain decimals."""
    value = None if movement.value is None else decimal(movement.value)
    return movement.act, movement.id, movement.coin, decimal(movement.quantity, 18), value, decimal(movement.fee)


def test_a_purchase_costs_its_value_and_fees_and_its_fee_in_a_coin_is_a_disposal():
    bought, fee = of_event(event("buy", "3000 USD", "1 ETH", "0.01 BNB", value_usd="3000", fee_value_usd="3"))
    assert told(bought) == ("acquire", "e1", "eth", 1, 3003, 0)
    assert told(fee) == ("dispose", "e1/fee", "bnb", Decimal("0.01"), 3, 0)
    assert fee.more.is_fee


def test_a_fee_in_money_raises_the_cost_and_moves_nothing():
    (bought,) = of_event(event("buy", "3000 USD", "1 ETH", "3 USD", value_usd="3000", fee_value_usd="3"))
    assert told(bought) == ("acquire", "e1", "eth", 1, 3003, 0)


def test_the_fee_of_a_swap_falls_on_what_is_given():
    given, got, fee = of_event(event("swap", "1 ETH", "0.05 BTC", "0.01 BNB", value_usd="3000", fee_value_usd="3"))
    assert told(given) == ("dispose", "e1", "eth", 1, 3000, 3)
    assert told(got) == ("acquire", "e1", "btc", Decimal("0.05"), 3000, 0)
    assert told(fee)[1] == "e1/fee"


@pytest.mark.parametrize(("kind", "received"), [("sell", "3000 USD"), ("spend", "")])
def test_what_is_sold_or_spent_is_disposed_of(kind, received):
    (sold,) = of_event(event(kind, "1 ETH", received, value_usd="3000"))
    assert told(sold) == ("dispose", "e1", "eth", 1, 3000, 0)


def test_where_a_fee_has_no_price_nothing_that_depends_on_it_has_a_value():
    bought, fee = of_event(event("buy", "3000 USD", "1 ETH", "0.01 BNB", value_usd="3000"))
    assert (bought.value, bought.more.unknown) == (None, "unpriced")
    assert (fee.value, fee.more.is_fee) == (None, True)
    given, got, _ = of_event(event("swap", "1 ETH", "0.05 BTC", "0.01 BNB", value_usd="3000"))
    assert (given.value, given.fee) == (None, 0)
    assert got.value == money(Decimal(3000)), "the fee is no part of what was received"


def test_income_is_a_lot_at_its_value():
    (earned,) = of_event(event("income", received="0.1 ETH", value_usd="250"))
    assert told(earned) == ("acquire", "e1", "eth", Decimal("0.1"), 250, 0)
    assert earned.more.income


def test_a_deposit_a_gift_and_a_fork_bring_the_cost_and_date_that_the_holder_states():
    since = "2020-01-01T00:00:00Z"
    for kind in ("deposit", "gift_in", "fork"):
        (came,) = of_event(event(kind, received="2 ETH", basis_usd="3000", acquired_at=since))
        assert told(came) == ("acquire", "e1", "eth", 2, 3000, 0)
        assert came.more.acquired_at == ticks(datetime(2020, 1, 1, tzinfo=UTC))
        assert not came.more.unknown
    (unknown,) = of_event(event("deposit", received="2 ETH"))
    assert (unknown.value, unknown.more.unknown, unknown.more.acquired_at) == (None, "missing_basis", None)


@pytest.mark.parametrize(("worth", "kept"), [("2400", "2400"), ("3000", None), ("9000", None)])
def test_a_gift_worth_less_than_it_cost_the_donor_keeps_its_fair_value(worth, kept):
    (gift,) = of_event(event("gift_in", received="3 ETH", value_usd=worth, basis_usd="3000"))
    assert gift.more.fair == (kept and money(Decimal(kept)))


@pytest.mark.parametrize("kind", ["withdrawal", "gift_out", "lost", "worthless"])
def test_what_leaves_without_gain_pays_its_fee_after_it(kind):
    gone, fee = of_event(event(kind, "1 ETH", "", "0.001 ETH", fee_value_usd="2.5"))
    assert told(gone) == ("leave", "e1", "eth", 1, None, 0)
    assert gone.more.kind == kind
    assert told(fee) == ("dispose", "e1/fee", "eth", Decimal("0.001"), Decimal("2.5"), 0)


def test_a_transfer_pays_its_fee_first():
    fee, moved = of_event(event("transfer", "0.5 BTC", "0.5 BTC", "0.0005 BTC", to_account="wallet", fee_value_usd="25"))
    assert told(fee) == ("dispose", "e1/fee", "btc", Decimal("0.0005"), 25, 0)
    assert moved == Movement("move", AT, "e1", "exchange", "btc", "test:BTC", 5 * 10**17, None, 0, More(to_account="wallet"))


def test_a_wrap_moves_cost_and_date_to_another_coin_and_count():
    (moved,) = of_event(event("transfer", "1 ETH", "0.9 WSTETH"))
    assert (moved.coin, moved.quantity) == ("eth", 10**18)
    assert moved.more == More(to_account="exchange", to_coin="wsteth", received=9 * 10**17)


def test_of_two_fees_in_coins_the_second_is_named_by_its_place():
    """A bridge that is paid in one coin and loses units of what it carries: two disposals, in the order of the fees."""
    crossed = event("transfer", "0.99 ETH", "0.99 ETH", "0.01 BNB", to_account="wallet", fee_value_usd="3")
    lost = neutral.amount("ETH", "0.01")
    paid, gone, moved = of_event(replace(crossed, fees=(*crossed.fees, lost), fee_values=(*crossed.fee_values, Decimal(25))))
    assert told(paid) == ("dispose", "e1/fee", "bnb", Decimal("0.01"), 3, 0)
    assert told(gone) == ("dispose", "e1/fee/2", "eth", Decimal("0.01"), 25, 0)
    assert paid.more.is_fee
    assert gone.more.is_fee
    assert told(moved)[:4] == ("move", "e1", "eth", Decimal("0.99"))
    assert event_of("e1/fee/2") == "e1"


def test_what_is_still_on_its_way_says_when_it_arrives():
    sent = event("transfer", "1 ETH", "1 ETH", to_account="wallet")
    (moved,) = of_event(replace(sent, arrives_at=NOON + timedelta(days=1)))
    assert moved.more.arrives_at == AT + 24 * 3600 * 10**6


def test_money_has_no_lots():
    assert of_event(event("transfer", "100 USD", "100 USD", to_account="bank")) == []
    assert of_event(event("deposit", received="100 USD")) == []
    assert of_event(event("fee", fee="3 USD", fee_value_usd="3")) == []
    (fee,) = of_event(event("fee", fee="0.1 ETH", fee_value_usd="200"))
    assert told(fee) == ("dispose", "e1/fee", "eth", Decimal("0.1"), 200, 0)


def test_quantities_count_in_the_places_of_their_coin_and_a_finer_one_is_refused():
    swap = event("swap", "1 ETH", "0.05 BTC", value_usd="3000")
    assert [m.quantity for m in of_event(swap, {"eth": 20})] == [10**20, 5 * 10**16]
    assert [m.quantity for m in of_event(swap, 2)] == [100, 5]
    with pytest.raises(ValueError, match="more than 1 places"):
        of_event(swap, 1)
