"""On random rows: what they moved is what the events move, whatever was paired, asked or answered; and their order changes nothing.

Worked example: 3 ETH sent, 1 received under the same hash, 0.01 as a fee: sender −3.01, receiver +1, in the rows and in the events
alike. Left aside is an internal row of one coin: its other side is the same account, so it is no event at all.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Asset, Leg, Stated, Transaction
from service.domain import pricing
from service.domain.issues import IssueKind
from service.domain.ledger import book
from service.domain.money import ZERO, exact
from service.domain.reconcile import (
    Kind,
    booked_rows,
    closure,
    closures,
    events,
    linked,
    needs_pairing,
    open_ends,
    pair,
    reach,
    reconcile,
    row_issues,
)
from service.domain.reconcile.pairs import same_hash
from service.domain.reconcile.rows import STATED, inner
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


WINDOW = timedelta(hours=48)
CLOSE = timedelta(minutes=20)
WORDS = st.sampled_from([*sorted(STATED), "no such kind"])
VALUES = st.none() | SIZES


@st.composite
def lines(draw):
    """Rows of a holder's file: any word with any coin on either side, be it true of them or not; and transfers in two halves."""
    told = []
    for n in range(draw(st.integers(0, 4))):
        at = NOON + timedelta(minutes=draw(st.sampled_from([0, 0, 30])))
        sent, got, fee = (Leg(Asset(draw(ASSETS)), draw(SIZES) * sign) for sign in (-1, 1, -1))
        fees = (replace(fee, is_fee=True),) if draw(st.booleans()) else ()
        figures = {"value": draw(VALUES), "fee_value": draw(VALUES), "basis": draw(VALUES)}
        if draw(st.booleans()):
            halves = Stated(f"e{n}", "transfer", "ledger", **figures), Stated(f"e{n}/in", "transfer")
            told += [
                Transaction("kraken", (f"csv/e{n}",), at, (sent, *fees), "other", stated=halves[0]),
                Transaction("ledger", (f"csv/e{n}",), at, (got,), "other", stated=halves[1]),
            ]
        else:
            legs = (*draw(st.sampled_from([(sent,), (got,), (sent, got), ()])), *fees)
            ref = draw(st.sampled_from([None, "0xa"]))
            told.append(
                Transaction("kraken", (f"csv/e{n}",), at, legs, "other", chain_ref=ref, stated=Stated(f"e{n}", draw(WORDS), **figures))
            )
    return told


@st.composite
def histories(draw):
    """Rows of sources and of a file, and answers of the holder that name some of them."""
    told = draw(rows()) + draw(lines())
    booked = booked_rows(told, TABLE)
    left, came = ([row.id for row in booked if row.kind is kind] for kind in (Kind.WITHDRAWAL, Kind.DEPOSIT))
    asked = draw(st.integers(0, 3)) if left and came else 0
    answers = [MatchAnswer(draw(st.sampled_from(left)), draw(st.sampled_from(came)), draw(st.booleans()), NOON) for _ in range(asked)]
    return told, gathered(answers), draw(st.sampled_from([WINDOW, CLOSE]))


def run(told, statements):
    return reconcile(told, TABLE, statements, window=WINDOW, currency="USD")


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
@given(histories(), st.data())
def test_events_move_what_the_rows_moved(history, data):
    told, statements, _ = history
    booked, events, issues = run(told, statements)
    in_rows = [(b.account, b.fees, -1) for b in booked]
    for b in booked:
        if b.hint != "internal" or inner(b) != "nothing":
            in_rows += [(b.account, b.sent, -1), (b.account, b.received, 1)]
    in_events = [(e.account, (*e.sent, *e.fees), -1) for e in events] + [(e.to_account or e.account, e.received, 1) for e in events]
    assert moved(in_events) == moved(in_rows)

    assert events == sorted(events, key=lambda e: (e.at, e.place))

    inside = {b.id for b in booked if b.hint == "internal"}
    assert not [e for e in events if e.transactions[0] in inside and e.kind in (Kind.BUY, Kind.SELL, Kind.SWAP)]
    _, other, other_issues = run(data.draw(st.permutations(told)), statements)
    assert events == other
    assert {i.id for i in issues} == {i.id for i in other_issues}

    assert len({e.id for e in events}) == len(events)
    priced, _ = pricing.price(events, pricing.PriceBook([], TABLE, "USD"))
    disposals = book(priced, Statements(), zone="UTC").disposals
    assert len({d.id for d in disposals}) == len(disposals)


def in_any_order(found):
    return sorted(map(repr, found))


@given(histories())
@settings(max_examples=200)
def test_a_history_paired_closure_by_closure_gives_the_same_pairs_events_and_issues(history):
    told, statements, window = history
    whole = booked_rows(told, TABLE)
    parts = [*closures(whole, statements, window), *([row] for row in whole if not needs_pairing(row))]
    assert in_any_order(row for part in parts for row in part) == in_any_order(whole), "each row is in one closure"
    at_once = pair(whole, statements, window)
    apart = [(part, pair(part, statements, window)) for part in parts]
    assert in_any_order(p for _, paired in apart for p in paired.pairs) == in_any_order(at_once.pairs)
    assert in_any_order(i for _, paired in apart for i in paired.issues) == in_any_order(at_once.issues)
    assert in_any_order(r for part, paired in apart for r in linked(part, paired)) == in_any_order(linked(whole, at_once))
    happened = [(part, events(part, paired), paired) for part, paired in apart]
    merged = sorted((e for _, found, _ in happened for e in found), key=lambda e: (e.at, e.place))
    assert merged == events(whole, at_once)
    open_apart = [issue for part, found, paired in happened for issue in open_ends(found, part, paired)]
    assert in_any_order(open_apart) == in_any_order(open_ends(merged, whole, at_once))


@given(histories())
@settings(max_examples=200)
def test_reconcile_is_its_pieces_put_together(history):
    told, statements, window = history
    booked, happened, issues = reconcile(told, TABLE, statements, window=window, currency="USD")
    whole = booked_rows(told, TABLE)
    paired = pair(whole, statements, window)
    assert (booked, happened) == (linked(whole, paired), events(whole, paired))
    pieces = {*paired.issues, *open_ends(happened, whole, paired), *(i for row in whole for i in row_issues(row))}
    assert pieces <= set(issues)
    assert {i.kind for i in set(issues) - pieces} <= {IssueKind.UNKNOWN_ASSET, IssueKind.FOREIGN_CURRENCY}


@given(histories(), st.data())
@settings(max_examples=200)
def test_a_row_that_comes_late_changes_only_what_its_closure_holds(history, data):
    """Found by what is within reach of it, of what that finds, and so on; the rest keeps its pairs."""
    told, statements, window = history
    whole = booked_rows(told, TABLE)
    late = data.draw(st.sampled_from(whole))
    before = pair([row for row in whole if row is not late], statements, window)
    touched = {late.id: late}
    asked = set()
    while asked != touched.keys():
        near = dict(touched)
        for name in touched.keys() - asked:
            asked.add(name)
            near |= {row.id: row for row in whole if within(reach(touched[name], statements, window), row)}
        touched |= {row.id: row for row in closure({late.id}, near.values(), statements, window)}
    again = pair(touched.values(), statements, window)
    kept = [p for p in before.pairs if p.out.row.id not in touched]
    assert not [p for p in kept if p.into.row.id in touched]
    assert in_any_order([*kept, *again.pairs]) == in_any_order(pair(whole, statements, window).pairs)


def within(place, row):
    """As a store would look it up: by coin and time, by hash, by id."""
    coins = {a.coin.id for a in (*row.sent, *row.received)}
    by_time = coins & place.coins and place.since <= row.occurred_at <= place.until
    return by_time or (place.hash and place.hash == same_hash(row.chain_ref or "")) or row.id in place.rows
