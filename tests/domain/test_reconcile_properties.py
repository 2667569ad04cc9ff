"""On random rows: what they moved is what the events move, whatever was paired, asked or answered; and their order changes nothing.

Worked example: 3 ETH sent, 1 received under the same hash, 0.01 as a fee: sender −3.01, receiver +1, in the rows and in the events
alike. Left aside is an internal row of one coin: its other side is the same account, so it is no event at all.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Asset, Leg, Transaction
from service.domain import pricing
from service.domain.ledger import book
from service.domain.money import ZERO, exact
from service.domain.reconcile import Kind, reconcile
from service.domain.reconcile.rows import inner
from service.domain.statements import MatchAnswer, Statements, gathered
from tests.domain.test_reconcile import NOON, TABLE

ACCOUNTS = st.sampled_from(["kraken", "binance", "onekey", "ledger"])
ASSETS = st.sampled_from(["kraken:XETH", "eip155:1/slip44:60", "kraken:XXBT", "kraken:USDC", "kraken:NEW", "fiat:USD"])
HINTS = st.sampled_from(["chain", "withdrawal", "deposit", "trade", "internal", "fee", "reward"])
SIZES = st.sampled_from(["0.5", "0.99", "1", "1", "2", "3"]).map(Decimal)
SIGNS = {"deposit": (1,), "reward": (1,), "withdrawal": (-1,), "fee": (-1,)}


@st.composite
def rows(draw):
    told = []
    for n in range(draw(st.integers(1, 9))):
        hint = draw(HINTS)
        sign = st.sampled_from(SIGNS.get(hint, (-1, 1)))
        legs = [Leg(Asset(draw(ASSETS)), draw(SIZES) * draw(sign)) for _ in range(draw(st.integers(1, 3)))]
        legs += [Leg(Asset(draw(ASSETS)), -draw(SIZES) / 100, is_fee=True) for _ in range(draw(st.integers(0, 2)))]
        at = NOON + timedelta(minutes=draw(st.sampled_from([0, 0, 5, 30, 60])))
        ref = draw(st.sampled_from([None, "0xa", "0xb"]))
        told.append(Transaction(draw(ACCOUNTS), (f"rows/{n}",), at, tuple(legs), hint, chain_ref=ref, sequence=draw(st.integers(0, 2))))
    return told


def run(told, answers):
    return reconcile(told, TABLE, gathered(answers), window=timedelta(hours=48), currency="USD")


def moved(parts):
    """Net quantity by account and coin, money and zero left out."""
    sums = defaultdict(lambda: ZERO)
    with exact():
        for account, amounts, sign in parts:
            for amount in amounts:
                if amount.coin.kind != "fiat":
                    sums[account, amount.coin.id] += sign * amount.quantity
    return {place: quantity for place, quantity in sums.items() if quantity}


@settings(max_examples=200, deadline=None)
@given(rows(), st.data())
def test_events_move_what_the_rows_moved(told, data):
    booked, _, _ = run(told, [])
    names = st.sampled_from([b.id for b in booked])
    answers = [MatchAnswer(data.draw(names), data.draw(names), data.draw(st.booleans()), NOON) for _ in range(data.draw(st.integers(0, 3)))]
    booked, events, issues = run(told, answers)
    in_rows = [(b.account, b.fees, -1) for b in booked]
    for b in booked:
        if b.hint != "internal" or inner(b) != "nothing":
            in_rows += [(b.account, b.sent, -1), (b.account, b.received, 1)]
    in_events = [(e.account, (*e.sent, *e.fees), -1) for e in events] + [(e.to_account or e.account, e.received, 1) for e in events]
    assert moved(in_events) == moved(in_rows)

    inside = {b.id for b in booked if b.hint == "internal"}
    assert not [e for e in events if e.transactions[0] in inside and e.kind in (Kind.BUY, Kind.SELL, Kind.SWAP)]
    _, other, other_issues = run(data.draw(st.permutations(told)), answers)
    assert events == other
    assert {i.id for i in issues} == {i.id for i in other_issues}

    assert len({e.id for e in events}) == len(events)
    priced, _ = pricing.price(events, pricing.PriceBook([], TABLE, "USD"))
    disposals = book(priced, Statements(), zone="UTC").disposals
    assert len({d.id for d in disposals}) == len(disposals)
