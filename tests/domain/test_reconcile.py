"""Which withdrawal and receipt are one transfer, what kind each row is, and what stays open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import Asset, Leg, Transaction
from service.domain.assets import AssetTable, Coin, Naming
from service.domain.issues import IssueKind
from service.domain.reconcile import Kind, reconcile
from service.domain.statements import MatchAnswer, gathered

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
ETH, BTC, USDC = Coin("eth", "ETH", "coin"), Coin("btc", "BTC", "coin"), Coin("usdc", "USDC", "coin", peg="USD")
TABLE = AssetTable(
    [
        Naming(Asset("kraken:XETH"), ETH),
        Naming(Asset("eip155:1/slip44:60"), ETH),
        Naming(Asset("eip155:1/erc20:0xc02a"), ETH),
        Naming(Asset("kraken:XXBT"), BTC),
        Naming(Asset("kraken:USDC"), USDC),
        Naming(Asset("eip155:1/erc20:0xa0b8"), USDC),
    ],
    "test",
)
PLACES = {"kraken": {"eth": "kraken:XETH", "btc": "kraken:XXBT", "usdc": "kraken:USDC"}}
CHAIN = {"eth": "eip155:1/slip44:60", "weth": "eip155:1/erc20:0xc02a", "usdc": "eip155:1/erc20:0xa0b8"}


def row(account, key, hint, *legs, minutes=0, **more):
    """Legs as "1 eth" or, for a fee, "fee -0.1 eth"."""
    codes = PLACES.get(account.rstrip("2"), CHAIN)
    parsed = []
    for leg in legs:
        *fee, quantity, word = leg.split()
        parsed.append(Leg(Asset(codes.get(word, word)), Decimal(quantity), is_fee=bool(fee)))
    return Transaction(account, (f"rows/{key}",), NOON + timedelta(minutes=minutes), tuple(parsed), hint, **more)


def run(*rows, answers=(), hours=48):
    return reconcile(rows, TABLE, gathered(list(answers)), window=timedelta(hours=hours), currency="USD")


def told(events):
    return [(e.kind.value, e.account, e.to_account, *(str(a.quantity) for a in (*e.sent, *e.received))) for e in events]


def kinds(issues):
    return sorted(i.kind.value for i in issues)


def test_the_same_hash_is_one_transfer_and_what_did_not_arrive_is_its_fee():
    booked, events, issues = run(
        row("kraken", 1, "withdrawal", "-1 eth", "fee -0.002 eth", chain_ref="0xab"),
        row("onekey", 1, "chain", "0.999 eth", minutes=7 * 24 * 60, chain_ref="0xab"),
    )
    assert [b.kind for b in booked] == [Kind.TRANSFER, Kind.TRANSFER]
    assert booked[0].matched_with == (booked[1].id,)
    assert booked[1].matched_with == (booked[0].id,)
    (event,) = events
    assert told(events) == [("transfer", "kraken", "onekey", "0.999", "0.999")]
    assert [str(f.quantity) for f in event.fees] == ["0.003"]
    assert event.received[0].asset == "eip155:1/slip44:60"
    assert (event.id, event.at, event.transactions) == (booked[0].id, NOON, (booked[0].id, booked[1].id))
    assert event.arrives_at == NOON + timedelta(days=7)
    assert not issues


def test_a_hash_is_the_same_with_and_without_its_0x():
    booked, events, issues = run(
        row("kraken", 1, "withdrawal", "-1 eth", chain_ref="ab" * 32),
        row("onekey", 1, "chain", "1 eth", minutes=7 * 24 * 60, chain_ref="0x" + "AB" * 32),
    )
    assert told(events) == [("transfer", "kraken", "onekey", "1", "1")]
    assert [b.matched_with for b in booked] == [(booked[1].id,), (booked[0].id,)]
    assert not issues


def test_a_receipt_dated_before_its_withdrawal_sets_the_time():
    _, events, issues = run(
        row("kraken", 1, "withdrawal", "-1 eth", minutes=5, chain_ref="0xab"),
        row("onekey", 1, "chain", "1 eth", chain_ref="0xab"),
        row("onekey", 2, "chain", "-0.4 eth", "1000 usdc", minutes=3),
    )
    assert [e.kind.value for e in events] == ["transfer", "swap"]
    assert (events[0].at, events[0].arrives_at) == (NOON, None)
    assert not issues


@pytest.mark.parametrize(
    ("arrived", "minutes", "is_one"),
    [
        ("1", 0, True),
        ("0.99", 60, True),
        ("0.9899", 60, False),
        ("1.0001", 60, False),
        ("1", -10, True),
        ("1", -11, False),
        ("1", 48 * 60, True),
        ("1", 48 * 60 + 1, False),
    ],
)
def test_without_a_hash_size_and_time_must_fit(arrived, minutes, is_one):
    _, events, issues = run(row("kraken", 1, "withdrawal", "-1 eth"), row("onekey", 1, "chain", f"{arrived} eth", minutes=minutes))
    assert ([e.kind for e in events] == [Kind.TRANSFER]) is is_one
    assert kinds(issues) == ([] if is_one else ["unmatched_deposit", "unmatched_withdrawal"])


def test_a_stated_fee_explains_more_than_a_percent():
    _, events, _ = run(row("kraken", 1, "withdrawal", "-0.1 eth", "fee -0.005 eth"), row("onekey", 1, "chain", "0.095 eth"))
    assert told(events) == [("transfer", "kraken", "onekey", "0.095", "0.095")]


def test_two_different_hashes_are_two_things():
    _, events, _ = run(
        row("kraken", 1, "withdrawal", "-1 eth", chain_ref="0xab"),
        row("onekey", 1, "chain", "1 eth", chain_ref="0xcd"),
    )
    assert [e.kind for e in events] == [Kind.DEPOSIT, Kind.WITHDRAWAL]


AMBIGUOUS = (
    row("kraken", 1, "withdrawal", "-1 eth"),
    row("onekey", 1, "chain", "1 eth", minutes=5),
    row("ledger", 1, "chain", "1 eth", minutes=6),
)


def test_several_candidates_wait_for_a_person():
    booked, events, issues = run(*AMBIGUOUS)
    assert [e.kind for e in events] == [Kind.WITHDRAWAL, Kind.DEPOSIT, Kind.DEPOSIT]
    assert kinds(issues) == ["ambiguous_transfer", "ambiguous_transfer"]
    assert {i.subject for i in issues} == {f"{booked[0].id} {booked[1].id}", f"{booked[0].id} {booked[2].id}"}
    assert all("kraken" in i.says and i.remedy for i in issues)


@pytest.mark.parametrize("same", [True, False])
def test_one_answer_settles_it_either_way(same):
    booked, _, _ = run(*AMBIGUOUS)
    answer = MatchAnswer(booked[0].id, booked[2].id, same, NOON)
    _, events, issues = run(*AMBIGUOUS, answers=[answer])
    (transfer,) = (e for e in events if e.kind is Kind.TRANSFER)
    assert transfer.to_account == ("ledger" if same else "onekey")
    assert kinds(issues) == ["unmatched_deposit"]


def test_a_later_answer_undoes_a_match_even_one_by_hash():
    rows = (
        row("kraken", 1, "withdrawal", "-1 eth", chain_ref="0xab"),
        row("onekey", 1, "chain", "1 eth", chain_ref="0xab"),
    )
    booked, _, _ = run(*rows)
    said = [MatchAnswer(booked[0].id, booked[1].id, same, NOON + timedelta(days=n)) for n, same in enumerate([True, False])]
    again, events, _ = run(*rows, answers=said)
    assert [e.kind for e in events] == [Kind.DEPOSIT, Kind.WITHDRAWAL]
    assert all(not b.matched_with for b in again)


def test_an_answer_that_cannot_be_true_stays_open():
    rows = (row("kraken", 1, "withdrawal", "-1 eth"), row("onekey", 1, "chain", "2 eth"))
    booked, _, _ = run(*rows)
    _, events, issues = run(*rows, answers=[MatchAnswer(booked[0].id, booked[1].id, True, NOON)])
    assert [e.kind for e in events] == [Kind.DEPOSIT, Kind.WITHDRAWAL]
    assert kinds(issues) == ["ambiguous_transfer"]


def test_several_coins_in_one_transaction_between_own_wallets():
    booked, events, issues = run(
        row("onekey", 1, "chain", "-1 eth", "-500 usdc", "fee -0.001 eth", chain_ref="0xab"),
        row("ledger", 1, "chain", "1 eth", "500 usdc", chain_ref="0xab"),
    )
    (event,) = events
    assert [str(a.quantity) for a in event.received] == ["1", "500"]
    assert [str(f.quantity) for f in event.fees] == ["0.001"]
    assert not issues
    assert len(booked) == 2


def test_two_withdrawals_of_one_batch_go_each_to_its_size():
    _, events, issues = run(
        row("kraken", 1, "withdrawal", "-1 eth", chain_ref="0xab"),
        row("kraken", 2, "withdrawal", "-2 eth", chain_ref="0xab"),
        row("onekey", 1, "chain", "2 eth", chain_ref="0xab"),
        row("ledger", 1, "chain", "1 eth", chain_ref="0xab"),
    )
    assert sorted(told(events)) == [("transfer", "kraken", "ledger", "1", "1"), ("transfer", "kraken", "onekey", "2", "2")]
    assert not issues


def test_what_is_missing_beyond_a_fee_left_for_somebody_else():
    """Even of one hash: 3 were sent, 1 arrived, and the other 2 are no fee."""
    rows = (row("onekey", 1, "chain", "-3 eth", "fee -0.001 eth", chain_ref="0xab"), row("kraken", 1, "deposit", "1 eth", chain_ref="0xab"))
    booked, events, issues = run(*rows)
    assert told(events) == [("transfer", "onekey", "kraken", "1", "1"), ("withdrawal", "onekey", None, "2")]
    assert [str(f.quantity) for e in events for f in e.fees] == ["0.001"]
    assert [(i.kind, i.subject) for i in issues] == [(IssueKind.UNMATCHED_WITHDRAWAL, booked[0].id)]
    apart = tuple(replace(r, chain_ref=None) for r in rows)
    assert run(*apart, answers=[MatchAnswer(booked[0].id, booked[1].id, True, NOON)])[1] == events


@pytest.mark.parametrize("by", ["hash", "answer"])
def test_one_withdrawal_with_several_receipts(by):
    refs = [{"chain_ref": "0xab"} if by == "hash" else {}] * 3
    rows = (
        row("onekey", 1, "chain", "-3 eth", "fee -0.001 eth", **refs[0]),
        row("kraken", 1, "deposit", "1 eth", minutes=5, **refs[1]),
        row("ledger", 1, "chain", "1.99 eth", minutes=6, **refs[2]),
    )
    booked, _, _ = run(*rows)
    answers = [MatchAnswer(booked[0].id, b.id, True, NOON) for b in booked[1:]] if by == "answer" else []
    again, events, issues = run(*rows, answers=answers)
    assert told(events) == [("transfer", "onekey", "kraken", "1", "1"), ("transfer", "onekey", "ledger", "1.99", "1.99")]
    assert [[str(f.quantity) for f in e.fees] for e in events] == [["0.011"], []]
    assert again[0].matched_with == (booked[1].id, booked[2].id)
    assert not issues


def test_an_answer_for_more_than_is_left_stays_open():
    rows = (
        row("onekey", 1, "chain", "-3 eth"),
        row("kraken", 1, "deposit", "1 eth", minutes=5),
        row("ledger", 1, "chain", "2.5 eth", minutes=6),
    )
    booked, _, _ = run(*rows)
    _, events, issues = run(*rows, answers=[MatchAnswer(booked[0].id, b.id, True, NOON) for b in booked[1:]])
    assert sorted(e.kind.value for e in events) == ["deposit", "transfer", "withdrawal"]
    assert kinds(issues) == ["ambiguous_transfer"]


def test_equal_withdrawals_of_one_hash_are_interchangeable():
    sent = [row("kraken", n, "withdrawal", "-1 eth", chain_ref="0xab") for n in (1, 2)]
    for places in (("onekey", "onekey"), ("onekey", "ledger")):
        _, events, issues = run(*sent, *(row(p, 5 + n, "chain", "1 eth", chain_ref="0xab") for n, p in enumerate(places)))
        assert sorted(e.to_account for e in events if e.kind is Kind.TRANSFER) == sorted(places)
        assert not issues
    crossed = [row(p, 1, "chain", q, chain_ref="0xab") for p, q in (("a", "-1 eth"), ("b", "-1 eth"), ("c", "1 eth"), ("d", "1 eth"))]
    assert "ambiguous_transfer" in kinds(run(*crossed)[2])


@pytest.mark.parametrize(
    ("hint", "legs", "kind"),
    [
        ("trade", ["1 eth", "-2000 fiat:USD"], "buy"),
        ("trade", ["-1 eth", "2000 fiat:USD"], "sell"),
        ("trade", ["-1 eth", "2000 usdc"], "swap"),
        ("convert", ["-1 eth", "0.05 btc"], "swap"),
        ("dust", ["-0.1 usdc", "-0.01 btc", "1 eth"], "swap"),
        ("reward", ["0.1 eth"], "income"),
        ("deposit", ["0.1 eth"], "deposit"),
        ("withdrawal", ["-0.1 eth"], "withdrawal"),
        ("fee", ["-0.1 eth"], "fee"),
        ("fee", ["fee -0.1 eth"], "fee"),
        ("internal", ["-1 eth", "1 eth"], "transfer"),
        ("internal", ["-1 eth", "1 kraken:ETH9"], "transfer"),
        ("internal", ["-1 eth", "2000 fiat:USD"], "transfer"),
        ("internal", ["1 eth", "-2000 fiat:USD"], "transfer"),
        ("internal", ["1 eth"], "transfer"),
        ("internal", ["fee -1 eth"], "fee"),
    ],
)
def test_the_kind_of_an_exchange_row(hint, legs, kind):
    (booked,), _, _ = run(row("kraken", 1, hint, *legs))
    assert booked.kind.value == kind


@pytest.mark.parametrize(
    ("legs", "kind"),
    [
        (["-1 eth", "2000 usdc", "fee -0.01 eth"], "swap"),
        (["1 eth"], "deposit"),
        (["-1 eth", "fee -0.01 eth"], "withdrawal"),
        (["fee -0.01 eth"], "fee"),
        (["-1 eth", "1 weth", "fee -0.01 eth"], "transfer"),
    ],
)
def test_the_kind_of_a_chain_row(legs, kind):
    (booked,), _, _ = run(row("onekey", 1, "chain", *legs))
    assert booked.kind.value == kind


def test_a_wrap_is_nothing_but_its_fee():
    _, events, issues = run(row("onekey", 1, "chain", "-1 eth", "1 weth", "fee -0.01 eth"))
    assert [(e.kind, e.sent, e.received, [str(f.quantity) for f in e.fees]) for e in events] == [(Kind.FEE, (), (), ["0.01"])]
    assert not issues


@pytest.mark.parametrize("hint", ["trade", "withdrawal", "fee", "internal"])
def test_a_fee_in_two_parts_is_one(hint):
    sent = {"trade": ["-1 eth", "2000 fiat:USD"], "withdrawal": ["-1 eth"]}.get(hint, [])
    (booked,), (event,), _ = run(row("kraken", 1, hint, *sent, "fee -0.1 eth", "fee -0.2 eth", "fee -3 usdc"))
    assert [(f.coin.id, str(f.quantity)) for f in event.fees] == [("eth", "0.3"), ("usdc", "3")]
    assert len(booked.fees) == 3, "the row shows what the source wrote"


def test_a_refund_lowers_what_was_sent():
    _, (event,), _ = run(row("onekey", 1, "chain", "-1 eth", "0.2 eth", "1600 usdc"))
    assert [str(a.quantity) for a in event.sent] == ["0.8"]
    assert [str(a.quantity) for a in event.received] == ["1600"]


def test_money_coming_and_going_is_never_open():
    _, events, issues = run(row("kraken", 1, "deposit", "5000 fiat:USD"), row("kraken", 2, "withdrawal", "-70 fiat:USD", "fee -1 fiat:USD"))
    assert not events
    assert not issues


def test_between_sub_accounts_of_one_account_nothing_happens():
    _, events, issues = run(row("kraken", 1, "internal", "-1 eth"), row("kraken", 2, "internal", "1 eth", minutes=1))
    assert not events
    assert not issues


@pytest.mark.parametrize("legs", [("-5", "5", "-5", "5"), ("-5", "5", "5", "-5"), ("-5",), ("5",), ("-5", "2", "3")])
def test_what_moves_inside_an_account_is_never_open(legs):
    """Staked and taken back twice in one size, by parts, or still away: the account's coins all along."""
    rows = [row("kraken", n, "internal", f"{quantity} eth", minutes=n * 30) for n, quantity in enumerate(legs)]
    booked, events, issues = run(*rows, row("kraken", 99, "internal", "-5 eth", "fee -0.1 eth", minutes=999))
    assert [(e.kind, [str(f.quantity) for f in e.fees]) for e in events] == [(Kind.FEE, ["0.1"])]
    assert not issues
    assert {b.kind for b in booked} == {Kind.TRANSFER}


def test_a_new_name_inside_an_account_is_told_and_sells_nothing():
    again = row("kraken", 2, "internal", "-2 eth", "2 kraken:ETH9", minutes=5)
    booked, events, issues = run(row("kraken", 1, "internal", "-5 eth", "5 kraken:ETH9"), again)
    assert told(events) == [("transfer", "kraken", "kraken", "5", "5"), ("transfer", "kraken", "kraken", "2", "2")]
    assert [(i.kind, i.severity) for i in issues] == [(IssueKind.UNKNOWN_ASSET, "info"), (IssueKind.UNKNOWN_ASSET, "warning")]
    assert "kraken:ETH9" in issues[1].says
    assert all(not b.matched_with for b in booked)


@pytest.mark.parametrize(
    ("legs", "moved"),
    [
        (["-1 eth", "0.05 btc"], [("deposit", "kraken", None, "0.05"), ("withdrawal", "kraken", None, "1")]),
        (["-1 eth", "2000 fiat:USD"], [("withdrawal", "kraken", None, "1")]),
        (["1 eth", "-2000 fiat:USD"], [("deposit", "kraken", None, "1")]),
    ],
)
def test_an_internal_row_that_is_not_one_to_one_sells_nothing_and_is_asked(legs, moved):
    (booked,), events, issues = run(row("kraken", 1, "internal", *legs, "fee -0.01 eth"))
    assert told(events) == moved
    assert [str(f.quantity) for e in events for f in e.fees] == ["0.01"]
    assert [(i.kind, i.severity, i.subject) for i in issues] == [(IssueKind.UNKNOWN_ASSET, "warning", booked.id)]


def test_spam_and_pending_rows_are_shown_and_never_counted():
    booked, events, issues = run(
        row("onekey", 1, "chain", "9999 eip155:1/erc20:0xbad", flags=("spam",)),
        row("onekey", 2, "chain", "1 eth", final=False),
    )
    assert [b.flags for b in booked] == [("spam",), ("pending",)]
    assert not events
    assert not issues


def test_what_no_table_names_is_told_once():
    _, events, issues = run(
        row("onekey", 1, "chain", "-1 eth", "5 eip155:1/erc20:0x11"),
        row("onekey", 2, "chain", "-1 eth", "5 eip155:1/erc20:0x11", minutes=1),
    )
    assert len(events) == 2
    assert [(i.kind, i.severity) for i in issues] == [(IssueKind.UNKNOWN_ASSET, "info")]


def test_the_same_row_twice_counts_once():
    one = row("kraken", 1, "trade", "1 eth", "-2000 fiat:USD")
    booked, events, _ = run(one, one)
    assert (len(booked), len(events)) == (1, 1)


def test_within_one_instant_what_comes_in_stands_first():
    _, events, _ = run(row("kraken", 10, "trade", "-1 eth", "2000 fiat:USD"), row("kraken", 9, "trade", "1 eth", "-2000 fiat:USD"))
    assert [e.kind for e in events] == [Kind.BUY, Kind.SELL]


def test_within_one_block_the_order_is_the_chains():
    """What one transaction brings the next one spends, whatever their hashes."""
    chain = [
        row("onekey", "0xff", "chain", "-1000 usdc", "1 eth", sequence=1),
        row("onekey", "0xee", "chain", "-1 eth", "0.05 btc", sequence=2),
        row("onekey", "0xaa", "chain", "-0.05 btc", chain_ref="0xaa", sequence=10),
        row("ledger", "0xaa", "chain", "0.05 btc", chain_ref="0xaa", sequence=10),
        row("ledger", "0x11", "chain", "-0.05 btc", "1100 usdc", sequence=11),
    ]
    _, events, issues = run(*reversed(chain), row("kraken", 1, "withdrawal", "-1000 usdc"), row("onekey", "0xbb", "chain", "1000 usdc"))
    assert [(e.kind.value, e.account) for e in events] == [
        ("transfer", "kraken"),
        ("swap", "onekey"),
        ("swap", "onekey"),
        ("transfer", "onekey"),
        ("swap", "ledger"),
    ]
    assert [(i.kind, i.subject) for i in issues] == [(IssueKind.UNKNOWN_ASSET, "btc")]


def test_a_transfer_from_an_exchange_takes_its_place_in_the_block():
    rows = [
        row("kraken", 1, "withdrawal", "-1 eth", chain_ref="0xbb"),
        row("onekey", "0xbb", "chain", "1 eth", chain_ref="0xbb", sequence=4),
        row("onekey", "0xaa", "chain", "-1000 usdc", "0.5 eth", sequence=3),
        row("onekey", "0xcc", "chain", "-1.5 eth", "3000 usdc", sequence=5),
    ]
    _, events, _ = run(*rows)
    assert [e.kind.value for e in events] == ["swap", "transfer", "swap"]


def test_the_order_of_the_input_changes_no_event():
    rows = [*AMBIGUOUS, row("kraken", 2, "trade", "1 eth", "-2000 fiat:USD"), row("kraken", 3, "withdrawal", "-3 eth", minutes=9)]
    _, events, issues = run(*rows)
    _, other, other_issues = run(*reversed(rows))
    assert events == other
    assert {i.id for i in issues} == {i.id for i in other_issues}
