"""What rows mean, told as the trade would: this happened, so these coins moved."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import RawRecord, Transaction, Unreadable
from connectors.exchange.connector import ExchangeConnector
from connectors.exchange.streams import instant, iso_instant
from tests.tools import shared

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)


def row(stream, key, payload, at=AT):
    return RawRecord("acc", stream, key, at, json.dumps(payload))


def read(source, *records):
    """The same whatever the order in which the records come."""
    first = list(ExchangeConnector.normalise(source, list(records)))
    assert first == list(ExchangeConnector.normalise(source, list(reversed(records))))
    return first


def moved(transaction):
    assert isinstance(transaction, Transaction), transaction
    return [(leg.asset, str(leg.quantity), "fee" if leg.is_fee else "") for leg in transaction.legs]


def one(source, *records):
    found = read(source, *records)
    assert len(found) == 1, found
    return found[0]


# ---- binance


def test_binance_purchase_and_sale_with_their_fees():
    base = {"id": 1, "qty": "2", "quoteQty": "60000.5", "commission": "0.001", "commissionAsset": "BNB"}
    bought = one("binance", row("trades", "BTCEUR:1", {"row": {**base, "isBuyer": True}, "base": "BTC", "quote": "EUR"}))
    assert moved(bought) == [("binance:BTC", "2", ""), ("fiat:EUR", "-60000.5", ""), ("binance:BNB", "-0.001", "fee")]
    assert (bought.hint, bought.keys, bought.final) == ("trade", ("trades/BTCEUR:1",), True)
    sold = one(
        "binance", row("trades", "LUNABUSD:1", {"row": {**base, "isBuyer": False, "commission": "0"}, "base": "LUNA", "quote": "BUSD"})
    )
    assert moved(sold) == [("binance:LUNA", "-2", ""), ("binance:BUSD", "60000.5", "")]


def test_binance_withdrawal_arrives_net_and_pays_on_top():
    payload = {"id": "w", "amount": "9", "transactionFee": "1", "coin": "USDT", "status": 6, "address": "TKRx", "txId": "0xABCDEF"}
    left = one("binance", row("withdrawals", "w", payload))
    assert moved(left) == [("binance:USDT", "-9", ""), ("binance:USDT", "-1", "fee")]
    assert (left.hint, left.chain_ref, left.counterparties) == ("withdrawal", "0xabcdef", ("TKRx",))
    assert one("binance", row("withdrawals", "w", {**payload, "status": 4})).final is False
    for dead in (1, 3, 5):
        assert read("binance", row("withdrawals", "w", {**payload, "status": dead})) == []
    assert isinstance(one("binance", row("withdrawals", "w", {**payload, "status": 77})), Unreadable)


def test_binance_deposit_final_and_pending():
    payload = {"id": "d", "amount": "0.5", "coin": "ETH", "status": 1, "txId": "0xAA", "insertTime": 1}
    assert one("binance", row("deposits", "d", payload)).chain_ref == "0xaa"
    assert one("binance", row("deposits", "d", {**payload, "status": 0})).final is False
    assert one("binance", row("deposits", "d", {**payload, "txId": "Internal transfer 123"})).chain_ref is None


def test_binance_conversion_dust_and_distribution():
    converted = one(
        "binance",
        row("converts", "1", {"orderStatus": "SUCCESS", "fromAsset": "ETH", "fromAmount": "1", "toAsset": "SOL", "toAmount": "20.5"}),
    )
    assert (converted.hint, moved(converted)) == ("convert", [("binance:ETH", "-1", ""), ("binance:SOL", "20.5", "")])
    details = [
        {"fromAsset": "USDT", "amount": "0.009669", "transferedAmount": "0.00002992", "serviceChargeAmount": "0.00000059"},
        {"fromAsset": "XRP", "amount": "0.1", "transferedAmount": "0.0001", "serviceChargeAmount": "0.000002"},
    ]
    dust = one("binance", row("dust", "1", {"transId": 1, "userAssetDribbletDetails": details}))
    assert dust.hint == "dust"
    assert moved(dust)[1] == ("binance:BNB", "0.00002992", "")
    assert len(dust.legs) == 4
    airdrop = one("binance", row("dividends", "1", {"id": 1, "asset": "BNB", "amount": "0.25", "enInfo": "Launchpool"}))
    assert (airdrop.hint, airdrop.note) == ("reward", "Launchpool")


def test_binance_a_reward_told_by_two_streams_counts_once():
    dividend = row("dividends", "1", {"id": 1, "asset": "BNB", "amount": "0.25", "enInfo": "Locked"})
    near = row("locked_rewards", "a", {"asset": "BNB", "amount": "0.250"}, AT + timedelta(minutes=5))
    far = row("locked_rewards", "b", {"asset": "BNB", "amount": "0.25"}, AT + timedelta(hours=30))
    assert [t.keys for t in read("binance", dividend, near, far)] == [("dividends/1",), ("locked_rewards/b",)]


def test_binance_money_in_out_and_purchases_by_card():
    order = {"orderNo": "1", "fiatCurrency": "EUR", "indicatedAmount": "101", "amount": "100", "totalFee": "1", "status": "Successful"}
    assert moved(one("binance", row("fiat_deposits", "1", order))) == [("fiat:EUR", "100", "")]
    assert moved(one("binance", row("fiat_withdrawals", "1", order))) == [("fiat:EUR", "-100", ""), ("fiat:EUR", "-1", "fee")]
    assert read("binance", row("fiat_deposits", "1", {**order, "status": "Failed"})) == []
    card = {
        "fiatCurrency": "EUR",
        "sourceAmount": "50",
        "cryptoCurrency": "BTC",
        "obtainAmount": "0.001",
        "totalFee": "2",
        "status": "Completed",
    }
    assert moved(one("binance", row("fiat_buys", "1", card))) == [
        ("fiat:EUR", "-48", ""),
        ("fiat:EUR", "-2", "fee"),
        ("binance:BTC", "0.001", ""),
    ]


@pytest.mark.parametrize("code", ["PHP", "AED", "BOB"])
def test_money_of_any_country_is_money_where_the_field_says_so(code):
    order = {"orderNo": "1", "fiatCurrency": code, "amount": "100", "totalFee": "0", "status": "Successful"}
    assert moved(one("binance", row("fiat_deposits", "1", order))) == [(f"fiat:{code}", "100", "")]
    bought = {
        "fiatCurrency": code,
        "sourceAmount": "5",
        "cryptoCurrency": "BTC",
        "obtainAmount": "1",
        "totalFee": "0",
        "status": "Completed",
    }
    assert moved(one("binance", row("fiat_buys", "1", bought))) == [(f"fiat:{code}", "-5", ""), ("binance:BTC", "1", "")]


def test_a_code_that_a_coin_has_as_well_is_the_coin():
    assert moved(one("kraken", ledger("L1", "D", "deposit", "MNT", "5"))) == [("kraken:MNT", "5", "")]
    assert moved(one("coinbase", tx("1", "fiat_deposit", "5", "PHP"))) == [("fiat:PHP", "5", "")]


def test_binance_a_purchase_by_card_brings_its_money_along():
    card = {
        "fiatCurrency": "EUR",
        "sourceAmount": "50",
        "cryptoCurrency": "BTC",
        "obtainAmount": "0.001",
        "totalFee": "2",
        "status": "Completed",
    }
    own = row("fiat_buys", "1", {**card, "paymentMethod": "Cash Balance"})
    paid, bought = read("binance", row("fiat_buys", "1", {**card, "paymentMethod": "Credit Card"}))
    assert (paid.hint, paid.keys, moved(paid)) == ("deposit", ("fiat_buys/1#paid", "fiat_buys/1"), [("fiat:EUR", "50", "")])
    assert [bought] == read("binance", own)
    assert (paid.occurred_at, paid.final) == (bought.occurred_at, True)
    waits = read("binance", row("fiat_buys", "1", {**card, "paymentMethod": "Credit Card", "status": "Pending"}))
    assert [one.final for one in waits] == [False, False]
    assert read("binance", row("fiat_buys", "1", {**card, "paymentMethod": "Credit Card", "status": "Failed"})) == []


@pytest.mark.parametrize(
    "broken", [{}, {"status": 1, "coin": "BTC"}, {"status": 1, "coin": "BTC", "amount": ""}, {"status": 1, "coin": "BTC", "amount": "x"}]
)
def test_a_row_without_what_it_must_have_is_unreadable_and_not_zero(broken):
    found = one("binance", row("deposits", "d", broken))
    assert isinstance(found, Unreadable)
    assert (found.account, found.key) == ("acc", "deposits/d")


# ---- kraken


def ledger(key, refid, kind, asset, amount, fee="0", *, subtype=""):  # noqa: PLR0917 - a row of the ledger, in its own order
    return row("ledger", key, {"refid": refid, "type": kind, "subtype": subtype, "asset": asset, "amount": amount, "fee": fee, "time": 1})


def test_kraken_two_sides_of_a_trade_are_one_transaction():
    found = one("kraken", ledger("L1", "T1", "trade", "XXBT", "0.01"), ledger("L2", "T1", "trade", "ZUSD", "-300.0000", "0.78"))
    assert moved(found) == [("kraken:XXBT", "0.01", ""), ("fiat:USD", "-300.0000", ""), ("fiat:USD", "-0.78", "fee")]
    assert (found.hint, found.keys) == ("trade", ("ledger/L1", "ledger/L2"))
    assert one("kraken", ledger("L1", "T", "spend", "ZEUR", "-10"), ledger("L2", "T", "receive", "XETH", "0.004")).hint == "trade"


def test_kraken_withdrawal_takes_its_hash_from_the_status():
    status = row("withdraw_status", "F1", {"refid": "F1", "txid": "AbC", "info": "bc1q", "status": "Success", "amount": "1", "time": 1})
    left = one("kraken", ledger("L1", "F1", "withdrawal", "XXBT", "-1", "0.0005"), status)
    assert moved(left) == [("kraken:XXBT", "-1", ""), ("kraken:XXBT", "-0.0005", "fee")]
    assert (left.chain_ref, left.counterparties, left.final) == ("abc", ("bc1q",), True)
    waiting = row("withdraw_status", "F1", {"refid": "F1", "txid": None, "status": "Pending"})
    assert one("kraken", ledger("L1", "F1", "withdrawal", "XXBT", "-1"), waiting).final is False


def test_kraken_a_withdrawal_that_came_back_moved_nothing():
    assert (
        read("kraken", ledger("L1", "F1", "withdrawal", "XXBT", "-1", "0.1"), ledger("L2", "F1", "withdrawal", "XXBT", "1", "-0.1")) == []
    )


@pytest.mark.parametrize(
    ("kind", "subtype", "hint"),
    [
        ("staking", "", "reward"),
        ("earn", "reward", "reward"),
        ("earn", "allocation", "internal"),
        ("transfer", "spottostaking", "internal"),
        ("transfer", "stakingfromspot", "internal"),
        ("dividend", "", "reward"),
        ("deposit", "", "deposit"),
    ],
)
def test_kraken_types(kind, subtype, hint):
    assert one("kraken", ledger("L1", "R", kind, "DOT.S", "1", subtype=subtype)).hint == hint


@pytest.mark.parametrize(("kind", "subtype"), [("margin", ""), ("rollover", ""), ("earn", "something"), ("transfer", ""), ("tomorrow", "")])
def test_kraken_what_is_not_known_is_not_guessed(kind, subtype):
    found = one("kraken", ledger("L1", "R", kind, "XXBT", "1", subtype=subtype))
    assert isinstance(found, Unreadable)
    assert kind in found.why


# ---- coinbase


def tx(key, kind, amount, currency, **more):
    inner = {
        "id": key,
        "type": kind,
        "status": "completed",
        "amount": {"amount": amount, "currency": currency},
        "created_at": "2024-05-01T12:00:00Z",
    }
    return row("transactions", key, {"row": {**inner, **more}, "wallet": "w"})


def test_coinbase_types_are_not_signs():
    assert one("coinbase", tx("1", "staking_reward", "0.1", "ETH")).hint == "reward"
    assert one("coinbase", tx("1", "interest", "0.1", "USDC")).hint == "reward"
    assert moved(one("coinbase", tx("1", "fiat_deposit", "100", "USD"))) == [("fiat:USD", "100", "")]
    assert one("coinbase", tx("1", "fiat_withdrawal", "-100", "USD")).hint == "withdrawal"
    assert one("coinbase", tx("1", "staking_transfer", "-1", "ETH")).hint == "internal"
    assert one("coinbase", tx("1", "vault_withdrawal", "-1", "BTC")).hint == "internal"
    assert one("coinbase", tx("1", "vault_withdrawal", "1", "BTC")).hint == "internal"
    assert isinstance(one("coinbase", tx("1", "clawed_back_by_a_cat", "1", "ETH")), Unreadable)
    assert read("coinbase", tx("1", "send", "-1", "ETH", status="failed")) == []
    assert one("coinbase", tx("1", "send", "1", "ETH", status="pending")).final is False


def test_coinbase_send_holds_the_networks_fee():
    network = {
        "hash": "0xAB",
        "transaction_fee": {"amount": "0.1", "currency": "ETH"},
        "transaction_amount": {"amount": "0.9", "currency": "ETH"},
    }
    left = one("coinbase", tx("1", "send", "-1.0", "ETH", network=network, to={"address": "0x1"}))
    assert moved(left) == [("coinbase:ETH", "-0.9", ""), ("coinbase:ETH", "-0.1", "fee")]
    assert (left.hint, left.chain_ref, left.counterparties) == ("withdrawal", "0xab", ("0x1",))


def test_coinbase_both_sides_of_a_trade_meet_by_its_id():
    found = one("coinbase", tx("1", "trade", "-1", "ETH", trade={"id": "x"}), tx("2", "trade", "20", "SOL", trade={"id": "x"}))
    assert (found.hint, moved(found)) == ("convert", [("coinbase:ETH", "-1", ""), ("coinbase:SOL", "20", "")])
    assert isinstance(one("coinbase", tx("1", "trade", "-1", "ETH", trade={"id": "x"})), Unreadable)


def test_coinbase_purchase_paid_from_outside():
    buy = {"id": "b", "subtotal": {"amount": "99", "currency": "USD"}, "fee": {"amount": "1", "currency": "USD"}}
    assert moved(one("coinbase", tx("1", "buy", "0.5", "ETH", buy=buy))) == [
        ("coinbase:ETH", "0.5", ""),
        ("fiat:USD", "-99", ""),
        ("fiat:USD", "-1", "fee"),
    ]
    native = {"amount": "100", "currency": "USD"}
    assert moved(one("coinbase", tx("1", "buy", "0.5", "ETH", native_amount=native)))[1] == ("fiat:USD", "-100", "")


def test_coinbase_purchase_and_sale_by_bank_leave_no_money_behind():
    def order(method):
        total = {"subtotal": {"amount": "99", "currency": "USD"}, "fee": {"amount": "1.5", "currency": "USD"}}
        return {"id": "b", "payment_method_name": method, **total}

    paid, bought = read("coinbase", tx("1", "buy", "0.5", "ETH", buy=order("Chase ****1234")))
    assert (paid.hint, paid.keys, moved(paid)) == ("deposit", ("transactions/1#paid", "transactions/1"), [("fiat:USD", "100.5", "")])
    assert [bought] == read("coinbase", tx("1", "buy", "0.5", "ETH", buy=order("USD Wallet")))
    sold, out = read("coinbase", tx("2", "sell", "-0.5", "ETH", sell=order("Chase ****1234")))
    assert (out.hint, out.keys, moved(out)) == ("withdrawal", ("transactions/2#paid", "transactions/2"), [("fiat:USD", "-97.5", "")])
    assert [sold] == read("coinbase", tx("2", "sell", "-0.5", "ETH", sell=order("My Cash Wallet")))
    native = {"amount": "100", "currency": "USD"}
    paid, _ = read("coinbase", tx("3", "buy", "0.5", "ETH", native_amount=native, details={"payment_method_name": "Visa"}))
    assert moved(paid) == [("fiat:USD", "100", "")]
    both = (tx("1", "buy", "0.5", "ETH", buy=order("Chase")), tx("2", "buy", "-100.5", "USD", buy=order("Chase")))
    assert len(read("coinbase", *both)) == 1  # the account's own money moved


def test_coinbase_a_fill_told_twice_counts_once():
    fill = {
        "entry_id": "e",
        "order_id": "o",
        "trade_type": "FILL",
        "price": "0.392",
        "size": "10",
        "commission": "0.03136",
        "product_id": "ADA-USDT",
        "side": "SELL",
    }
    side = {"order_id": "o", "product_id": "ADA-USDT"}
    sides = [
        tx("1", "advanced_trade_fill", "-10", "ADA", advanced_trade_fill=side),
        tx("2", "advanced_trade_fill", "3.88864", "USDT", advanced_trade_fill=side),
    ]
    found = one("coinbase", row("fills", "e", fill), *sides)
    assert moved(found) == [("coinbase:ADA", "-10", ""), ("coinbase:USDT", "3.920", ""), ("coinbase:USDT", "-0.03136", "fee")]
    assert found.keys == ("fills/e", "transactions/1", "transactions/2")
    alone = one("coinbase", *sides)
    assert moved(alone) == [("coinbase:ADA", "-10", ""), ("coinbase:USDT", "3.88864", "")]
    assert isinstance(one("coinbase", row("fills", "e", {**fill, "product_id": "ADA-PERP-INTX"})), Unreadable)


def test_eighteen_places_and_more_come_through_exactly():
    fill = {
        "trade_type": "FILL",
        "price": "3333.333333333333333333",
        "size": "123456.789012345678901234",
        "product_id": "ETH-USD",
        "side": "BUY",
    }
    paid = moved(one("coinbase", row("fills", "e", fill)))[1][1]
    assert paid == "-" + _product("3333333333333333333333", "123456789012345678901234", 36)


def _product(left, right, places):
    digits = str(int(left) * int(right))
    return f"{digits[:-places]}.{digits[-places:]}"


# ---- any other


def test_a_general_trade_and_transfer():
    trade = {
        "id": "1",
        "symbol": "BTC/EUR",
        "side": "buy",
        "amount": "1",
        "price": "3",
        "cost": "3",
        "fee": {"currency": "BTC", "cost": "0.1"},
    }
    found = one("bitvavo", row("trades", "1", {"row": trade, "base": "BTC", "quote": "EUR", "codes": {}}))
    assert moved(found) == [("bitvavo:BTC", "1", ""), ("fiat:EUR", "-3", ""), ("bitvavo:BTC", "-0.1", "fee")]
    assert isinstance(one("bitvavo", row("trades", "1", {"row": trade, "codes": {}})), Unreadable)
    sent = {"id": "1", "currency": "BTC", "amount": "1", "status": "ok", "txid": "AB", "fee": {"currency": "BTC", "cost": "0.1"}}
    left = one("bitvavo", row("withdrawals", "1", {"row": sent, "codes": {"BTC": "XBT"}}))
    assert moved(left) == [("bitvavo:XBT", "-1", ""), ("bitvavo:XBT", "-0.1", "fee")]
    assert left.chain_ref == "ab"


# ---- recorded rows


def recorded(exchange, method):
    cases = json.loads(shared("fixtures", "exchanges", "response", f"{exchange}.json").read_text())["methods"][method]
    return [case["httpResponse"] for case in cases]


def test_recorded_rows_of_the_exchanges_are_read():
    spot = recorded("binance", "fetchMyTrades")[0][0]
    sold = one("binance", row("trades", "x", {"row": spot, "base": "LTC", "quote": "USDT"}))
    assert moved(sold) == [("binance:LTC", "-0.20000000", ""), ("binance:USDT", "13.92600000", ""), ("binance:USDT", "-0.01392600", "fee")]
    assert one("binance", row("deposits", "x", recorded("binance", "fetchDeposits")[0][0])).hint == "deposit"
    assert len(one("binance", row("withdrawals", "x", recorded("binance", "fetchWithdrawals")[0][0])).legs) == 2
    fill = recorded("coinbase", "fetchMyTrades")[0]["fills"][0]
    assert moved(one("coinbase", row("fills", "x", fill)))[0] == ("coinbase:ADA", "-10", "")
    for found in recorded("coinbase", "fetchDepositsWithdrawals")[0]["data"]:
        assert isinstance(one("coinbase", row("transactions", found["id"], {"row": found, "wallet": "w"})), Transaction)
    status = recorded("kraken", "fetchWithdrawals")[0]["result"][0]
    left = one("kraken", ledger("L", status["refid"], "withdrawal", "USDT", "-10", "3"), row("withdraw_status", "s", status))
    assert left.chain_ref == "45j43kh54jk3h"


# ---- times


def test_times_are_exact():
    assert instant("1616492376.594123", 1) == datetime(2021, 3, 23, 9, 39, 36, 594123, tzinfo=UTC)
    assert instant(1698138992358) == datetime(2023, 10, 24, 9, 16, 32, 358000, tzinfo=UTC)
    assert iso_instant("2024-05-05 15:38:56") == datetime(2024, 5, 5, 15, 38, 56, tzinfo=UTC)
    assert iso_instant("2024-05-05T15:38:56.123456Z").microsecond == 123456
