"""Invariants 2 and 3 on random histories: transfers make and lose nothing, splits never lose a remainder.

`book` asserts both in itself; here they are counted a third time, from its result alone.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Asset
from service.domain.assets import Coin
from service.domain.ledger import book
from service.domain.methods import ordered
from service.domain.money import ZERO, exact, share, total
from service.domain.reconcile import Amount, Event, Kind
from tests.domain.neutral import by_method

USD = Amount(Coin("fiat:USD", "USD", "fiat"), Asset("fiat:USD"), Decimal(1))
COINS = [Coin(c, c.upper(), "coin") for c in ("eth", "btc")]
ACCOUNTS = ("kraken", "onekey", "binance")
QUANTITY = st.integers(1, 10**24).map(lambda n: Decimal(n).scaleb(-18))
MONEY = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-4))
METHODS = st.sampled_from(["fifo", "lifo", "hifo", "lofo", "specific"])


@st.composite
def histories(draw):
    events = []
    for n in range(draw(st.integers(1, 25))):
        kind = draw(st.sampled_from([Kind.BUY, Kind.BUY, Kind.SELL, Kind.SWAP, Kind.INCOME, Kind.TRANSFER, Kind.DEPOSIT, Kind.WITHDRAWAL]))
        coin, other = draw(st.permutations(COINS))
        account, to_account = draw(st.permutations(ACCOUNTS))[:2]
        amount = Amount(coin, Asset(f"{account}:{coin.id}"), draw(QUANTITY))
        value = draw(st.none() | MONEY) if kind in (Kind.BUY, Kind.SELL, Kind.SWAP, Kind.INCOME) else None
        sent, received = {
            Kind.BUY: ((USD,), (amount,)),
            Kind.SELL: ((amount,), (USD,)),
            Kind.SWAP: ((amount,), (Amount(other, Asset(f"{account}:{other.id}"), draw(QUANTITY)),)),
            Kind.INCOME: ((), (amount,)),
            Kind.TRANSFER: ((amount,), (amount,)),
            Kind.DEPOSIT: ((), (amount,)),
            Kind.WITHDRAWAL: ((amount,), ()),
        }[kind]
        fees = (Amount(coin, amount.asset, draw(QUANTITY)),) if draw(st.booleans()) else ()
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 2)) + n * 3)
        later = at + timedelta(hours=draw(st.integers(0, 12)))
        events.append(
            Event(
                id=f"e{n:02}",
                at=at,
                kind=kind,
                account=account,
                to_account=to_account if kind is Kind.TRANSFER else None,
                sent=sent,
                received=received,
                fees=fees,
                transactions=(f"e{n:02}",),
                value=value,
                sent_values=(value,) * len(sent),
                received_values=(value,) * len(received),
                fee_values=tuple(draw(st.none() | MONEY) for _ in fees),
                arrives_at=later if kind is Kind.TRANSFER and draw(st.booleans()) else None,
            )
        )
    return events


@settings(max_examples=150, deadline=None)
@given(histories(), METHODS)
def test_nothing_is_made_or_lost(events, method):
    made = book(events, by_method(method, ACCOUNTS), zone="UTC")
    assert made == book(events, by_method(method, ACCOUNTS), zone="UTC")
    assert all(lot.quantity > 0 for lot in made.lots)
    assert len({d.id for d in made.disposals}) == len(made.disposals)
    assert len({(lot.account, lot.coin, lot.id) for lot in made.lots}) == len(made.lots)
    with exact():
        for event in events:
            for name, amounts in ((event.id, event.sent), (f"{event.id}/fee", event.fees)):
                gone = {a.coin.id: a.quantity for a in amounts if a.coin.kind != "fiat"}
                matched = defaultdict(lambda: ZERO)
                for disposal in made.disposals:
                    if disposal.event == name:
                        matched[disposal.coin] += disposal.quantity
                if name.endswith("/fee") or event.kind in (Kind.SELL, Kind.SWAP):
                    assert matched == gone
                else:
                    assert not matched


@settings(max_examples=150, deadline=None)
@given(histories(), METHODS)
def test_a_known_sale_brings_just_its_proceeds_over_all_its_lots(events, method):
    made = book(events, by_method(method, ACCOUNTS), zone="UTC")
    with exact():
        for event in events:
            if event.kind in (Kind.SELL, Kind.SWAP) and event.value is not None and None not in event.fee_values:
                got = [d.proceeds for d in made.disposals if d.event == event.id]
                assert total(got) == event.value - total(event.fee_values)


@settings(max_examples=100, deadline=None)
@given(histories(), METHODS, st.data())
def test_what_a_method_would_take_is_what_it_takes(events, method, data):
    """The order that harvest shows is the order in which the ledger then takes the lots."""
    made = book(events, by_method(method, ACCOUNTS), zone="UTC")
    if not made.lots:
        return
    place = data.draw(st.sampled_from(sorted({(lot.account, lot.coin) for lot in made.lots})))
    line = ordered([lot for lot in made.lots if (lot.account, lot.coin) == place], method)
    coin = next(c for c in COINS if c.id == place[1])
    everything = Amount(coin, Asset("x"), total(lot.quantity for lot in line))
    last = Event(
        "zz", datetime(2030, 1, 1, tzinfo=UTC), Kind.SELL, place[0], None, (everything,), (USD,), (), ("zz",), ZERO, (ZERO,), (ZERO,)
    )
    sold = [d.lot for d in book([*events, last], by_method(method, ACCOUNTS), zone="UTC").disposals if d.event == "zz"]
    assert sold == [lot.id for lot in line]


@given(MONEY, st.lists(QUANTITY, min_size=1, max_size=20))
def test_parts_add_up_to_the_whole(whole, weights):
    left, weight = whole, total(weights)
    with exact():
        for part in weights:
            cut = share(left, part, weight)
            left, weight = left - cut, weight - part
    assert left == 0
