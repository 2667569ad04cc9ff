"""Rows of the holder's own file: its words and its figures win, and its transfers are one event of two rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import Asset, Leg, Stated, Transaction
from service.domain import pricing
from service.domain.assets import AssetTable, Coin, Naming
from service.domain.movements import of_event
from service.domain.reconcile import Kind, needs_pairing, reconcile
from service.domain.statements import Statements

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
ETH, BTC = Coin("eth", "ETH", "coin"), Coin("btc", "BTC", "coin")
TABLE = AssetTable([Naming(Asset("*:ETH"), ETH), Naming(Asset("csv:WETH"), ETH), Naming(Asset("*:BTC"), BTC)], "test")
BOOK = pricing.PriceBook([], TABLE, "USD")


def asset(word):
    return Asset("fiat:USD" if word == "USD" else word if ":" in word else f"csv:{word}")


def line(name, kind, *legs, account="exchange", to="", minutes=0, ref=None, **stated):
    """One row of a file; legs as "-1 ETH", and "fee -0.1 ETH" for a fee. `to`: where what is received arrives."""
    parsed = []
    for leg in legs:
        *fee, quantity, word = leg.split()
        parsed.append(Leg(asset(word), Decimal(quantity), is_fee=bool(fee)))
    figures = {key: value if key == "acquired_at" else Decimal(value) for key, value in stated.items()}
    at = NOON + timedelta(minutes=minutes)
    if not to:
        return [Transaction(account, (f"csv/{name}",), at, tuple(parsed), "other", chain_ref=ref, stated=Stated(name, kind, **figures))]
    here, there = tuple(p for p in parsed if p.quantity < 0), tuple(p for p in parsed if p.quantity > 0)
    return [
        Transaction(account, (f"csv/{name}",), at, here, "other", stated=Stated(name, kind, to, **figures)),
        Transaction(to, (f"csv/{name}",), at, there, "other", stated=Stated(f"{name}/in", "transfer")),
    ]


def run(*lines):
    told = [t for transactions in lines for t in transactions]
    return reconcile(told, TABLE, Statements(), window=timedelta(hours=48), currency="USD")


def moved(event):
    return [(str(a.quantity), a.coin.id) for a in event.sent], [(str(a.quantity), a.coin.id) for a in event.received]


def fees(event):
    return [(str(f.quantity), f.coin.id) for f in event.fees]


@pytest.mark.parametrize(
    ("kind", "legs", "booked"),
    [
        ("buy", ["-2000 USD", "1 ETH"], "buy"),
        ("sell", ["-1 ETH", "2000 USD"], "sell"),
        ("swap", ["-1 ETH", "0.05 BTC"], "swap"),
        ("swap", ["-1 ETH", "1 WETH"], "swap"),
        ("spend", ["-1 ETH"], "spend"),
        ("income", ["1 ETH"], "income"),
        ("airdrop", ["1 ETH"], "income"),
        ("fork", ["1 csv:BCH"], "fork"),
        ("deposit", ["1 ETH"], "deposit"),
        ("withdrawal", ["-1 ETH"], "withdrawal"),
        ("gift_in", ["1 ETH"], "gift_in"),
        ("gift_out", ["-1 ETH"], "gift_out"),
        ("lost", ["-1 ETH"], "lost"),
        ("stolen", ["-1 ETH"], "lost"),
        ("worthless", ["-1 ETH"], "worthless"),
        ("wrap", ["-1 ETH", "1 csv:WRAPPED"], "transfer"),
        ("fee", ["fee -1 ETH"], "fee"),
    ],
)
def test_the_files_own_word_is_the_kind(kind, legs, booked):
    (row,), (event,), _ = run(line("e1", kind, *legs))
    assert (row.kind.value, event.kind.value) == (booked, booked)
    assert row.id == event.id == "e1"
    assert event.transactions == ("e1",)


@pytest.mark.parametrize(
    ("kind", "legs", "booked"),
    [
        ("sell", ["1 ETH"], "deposit"),
        ("income", ["-1 ETH"], "withdrawal"),
        ("spend", ["-1 ETH", "0.05 BTC"], "swap"),
        ("swap", ["1 ETH"], "deposit"),
        ("fee", ["-1 ETH"], "withdrawal"),
        ("lend", ["-1 ETH", "2000 USD"], "sell"),
        ("transfer", ["-1 ETH"], "withdrawal"),
        ("transfer", ["-1 ETH", "2000 USD"], "sell"),
    ],
)
def test_a_word_that_cannot_be_true_gives_way_to_what_moved(kind, legs, booked):
    _, (event,), _ = run(line("e1", kind, *legs))
    assert event.kind.value == booked


def test_a_stated_value_is_the_value_and_no_quote_is_asked():
    _, (event,), _ = run(line("e1", "swap", "-1 ETH", "0.05 BTC", "fee -0.01 csv:BNB", value="3000", fee_value="3"))
    priced, issues = pricing.price_one(event, BOOK)
    assert (priced.value, priced.sent_values, priced.received_values, priced.fee_values) == (3000, (3000,), (3000,), (3,))
    assert priced.price_source == "stated"
    assert not issues


def test_what_a_gift_a_deposit_and_a_fork_have_cost_is_what_the_holder_says():
    since = NOON - timedelta(days=900)
    _, found, issues = run(
        line("g", "gift_in", "3 ETH", value="2400", basis="3000", acquired_at=since),
        line("d", "deposit", "1 BTC", minutes=1, basis="10000", acquired_at=since),
        line("f1", "fork", "1 csv:BCH", minutes=2, basis="7"),
        line("f2", "fork", "1 csv:BSV", minutes=3),
    )
    gift, deposit, valued, free = found
    assert (gift.value, gift.basis, gift.acquired_at) == (2400, 3000, since)
    assert (deposit.basis, deposit.acquired_at) == (10000, since)
    assert (valued.basis, free.basis) == (7, 0)
    assert {i.kind.value for i in issues} == {"unknown_asset"}, "a deposit with a cost leaves nothing open"


def test_a_stated_transfer_is_one_event_of_two_rows_that_name_each_other():
    rows, (event,), issues = run(line("t", "transfer", "-0.5 BTC", "0.5 BTC", "fee -0.0005 BTC", to="wallet", fee_value="25"))
    assert [(r.id, r.account, r.kind, r.matched_with) for r in rows] == [
        ("t", "exchange", Kind.TRANSFER, ("t/in",)),
        ("t/in", "wallet", Kind.TRANSFER, ("t",)),
    ]
    assert (event.id, event.kind, event.account, event.to_account) == ("t", Kind.TRANSFER, "exchange", "wallet")
    assert moved(event) == ([("0.5", "btc")], [("0.5", "btc")])
    assert (fees(event), event.fee_values, event.fee_sources) == ([("0.0005", "btc")], (25,), ("stated",))
    assert event.arrives_at is None
    assert not issues
    assert pricing.price_one(event, BOOK)[1] == []


def test_what_of_a_stated_transfer_does_not_arrive_is_a_fee_at_the_price_that_the_file_states():
    _, (event,), issues = run(line("t", "transfer", "-1 ETH", "0.999 ETH", "fee -0.001 ETH", to="wallet", fee_value="2"))
    assert moved(event) == ([("0.999", "eth")], [("0.999", "eth")])
    assert (fees(event), event.fee_values) == ([("0.002", "eth")], (4,))
    assert not issues


def test_no_price_is_made_up_for_a_fee_that_nobody_values():
    _, (event,), _ = run(line("t", "transfer", "-1 ETH", "0.999 ETH", to="wallet"))
    priced, issues = pricing.price_one(event, BOOK)
    assert priced.fee_values == (None,)
    assert [i.kind.value for i in issues] == ["missing_price"]


def test_what_is_missing_beyond_a_fee_left_for_somebody_else():
    _, found, issues = run(line("t", "transfer", "-1 ETH", "0.4 ETH", to="wallet"))
    assert [(e.id, e.kind.value, moved(e)) for e in found] == [
        ("t", "transfer", ([("0.4", "eth")], [("0.4", "eth")])),
        ("t/rest", "withdrawal", ([("0.6", "eth")], [])),
    ]
    assert [i.kind.value for i in issues] == ["unmatched_withdrawal"]


@pytest.mark.parametrize(("arrived", "kinds", "fee"), [("0.9", ["transfer"], [("0.1", "eth")]), ("0.89", ["transfer", "withdrawal"], [])])
def test_what_a_small_withdrawal_lost_on_the_way_to_the_receipt_of_its_hash_is_a_fee(arrived, kinds, fee):
    _, found, _ = run(
        line("e2", "withdrawal", "-1 ETH", ref="0xabc"), line("e3", "deposit", f"{arrived} ETH", account="wallet", minutes=5, ref="0xabc")
    )
    assert [e.kind.value for e in found] == kinds
    assert fees(found[0]) == fee


def test_a_transfer_in_which_more_arrives_than_was_sent_is_asked_about():
    _, found, issues = run(line("t", "transfer", "-1 ETH", "1.5 ETH", to="wallet"))
    assert sorted((e.id, e.kind.value) for e in found) == [("t", "withdrawal"), ("t/in", "deposit")]
    assert [(i.kind.value, i.subject) for i in issues] == [("ambiguous_transfer", "t t/in")]


def test_half_a_transfer_is_what_it_moved():
    sender, receiver = line("t", "transfer", "-1 ETH", "1 ETH", to="wallet")
    assert [(e.id, e.kind.value) for e in run([sender])[1]] == [("t", "withdrawal")]
    assert [(e.id, e.kind.value) for e in run([receiver])[1]] == [("t/in", "deposit")]


@pytest.mark.parametrize("to", ["", "wallet"])
def test_a_wrap_that_is_counted_otherwise_takes_all_of_what_was_sent_along(to):
    _, (event,), _ = run(line("w", "wrap", "-1 ETH", "0.9 csv:WRAPPED", to=to))
    assert (event.kind, event.to_account) == (Kind.TRANSFER, to or "exchange")
    assert moved(event) == ([("1", "eth")], [("0.9", "csv:WRAPPED")])
    assert not event.fees


def test_a_wrap_between_two_names_of_one_coin_is_its_fee_and_no_more():
    assert run(line("w", "wrap", "-1 ETH", "1 WETH"))[1] == []
    _, (short,), _ = run(line("w", "wrap", "-1 ETH", "0.99 WETH", "fee -0.002 ETH"))
    assert (short.kind, fees(short)) == (Kind.FEE, [("0.012", "eth")])
    _, (more,), issues = run(line("w", "wrap", "-1 ETH", "1.5 WETH"))
    assert (more.kind, moved(more)) == (Kind.DEPOSIT, ([], [("0.5", "eth")]))
    assert [i.kind.value for i in issues] == ["unmatched_deposit"]


def test_money_that_goes_from_account_to_account_is_no_event_but_its_fee_in_a_coin_is():
    rows, found, issues = run(line("t", "transfer", "-100 USD", "100 USD", to="bank"))
    assert [r.matched_with for r in rows] == [("t/in",), ("t",)]
    assert not found
    assert not issues
    _, (event,), _ = run(line("t", "transfer", "-100 USD", "100 USD", "fee -0.1 ETH", to="bank", fee_value="200"))
    assert (event.kind, fees(event), event.fee_values) == (Kind.FEE, [("0.1", "eth")], (200,))
    assert [m.id for m in of_event(event)] == ["t/fee"]


def test_a_withdrawal_of_the_file_and_a_receipt_on_a_chain_are_one_transfer():
    on_chain = Transaction("wallet", ("txs/1",), NOON + timedelta(minutes=20), (Leg(Asset("csv:ETH"), Decimal("0.999")),), "chain", "0xdef")
    rows, (event,), issues = run(line("e2", "withdrawal", "-1 ETH", ref="0xdef"), [on_chain])
    assert (event.id, event.to_account, fees(event)) == ("e2", "wallet", [("0.001", "eth")])
    assert rows[0].matched_with == (rows[1].id,)
    assert not issues
    _, (again,), _ = run(line("e2", "withdrawal", "-1 ETH"), [replace(on_chain, chain_ref=None)])
    assert (again.id, again.to_account) == ("e2", "wallet")


def test_a_withdrawal_and_a_deposit_of_the_file_are_one_transfer_at_the_earlier_time_under_the_earlier_name():
    _, (event,), issues = run(
        line("e2", "deposit", "1 ETH", account="wallet", ref="0xabc"), line("e4", "withdrawal", "-1 ETH", minutes=5, ref="0xabc")
    )
    assert (event.id, event.at, event.account, event.to_account) == ("e2", NOON, "exchange", "wallet")
    assert not issues


@pytest.mark.parametrize(
    ("out", "into"),
    [
        (line("o", "gift_out", "-1 ETH"), line("i", "deposit", "1 ETH", account="wallet")),
        (line("o", "lost", "-1 ETH"), line("i", "deposit", "1 ETH", account="wallet")),
        (line("o", "withdrawal", "-1 ETH"), line("i", "gift_in", "1 ETH", account="wallet")),
        (line("o", "withdrawal", "-1 ETH"), line("i", "deposit", "1 ETH", account="wallet", basis="5")),
    ],
)
def test_a_gift_a_loss_and_coins_of_a_known_cost_are_no_side_of_a_transfer(out, into):
    rows, found, _ = run(out, into)
    assert Kind.TRANSFER not in {e.kind for e in found}
    assert [needs_pairing(r) for r in rows].count(True) <= 1


def test_what_pairs_leave_of_a_row_has_no_value_stated_for_the_whole():
    _, (transfer, rest), _ = run(
        line("o", "withdrawal", "-3 ETH", value="9000", ref="0xa"), line("i", "deposit", "1 ETH", account="wallet", ref="0xa")
    )
    assert (rest.id, rest.value, transfer.value) == ("o/rest", None, None)


def test_rows_of_one_second_keep_the_order_of_their_file():
    told = [
        replace(line(name, kind, *legs)[0], sequence=n)
        for n, (name, kind, *legs) in enumerate([("s", "sell", "-1 ETH", "2 USD"), ("b", "buy", "-2 USD", "1 ETH")])
    ]
    assert [e.id for e in run(reversed(told))[1]] == ["s", "b"]


def test_every_record_of_a_row_stays_known():
    one = replace(line("e1", "income", "1 ETH")[0], keys=("csv/e1", "csv/e1b"), sequence=4)
    (row,), _, _ = run([one])
    assert (row.key, row.keys, row.sequence) == ("csv/e1", ("csv/e1", "csv/e1b"), 4)
    assert row.stated == one.stated
