"""Kraken and Coinbase against a server that verifies signatures and page sizes: complete, proven, resumable."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

import pytest
from aiohttp import web

from connectors.contract import RetryLater
from tests.connectors.exchange_server import pulled, text


async def test_kraken_ledger_until_the_count(s):
    rows, last, coverage, pages = await pulled(s.connector("kraken"), "ledger")
    assert set(rows) == set(s.server.kr_ledger)
    assert (coverage.proof, coverage.rows) == ("count reached up to a pinned end", 520)
    assert (coverage.requests, pages) == (11, 11)
    s.later(seconds=60)
    again, _, coverage, _ = await pulled(s.connector("kraken"), "ledger", last)
    assert coverage.requests == 1
    assert 40 <= len(again) <= 50  # a day of rows, one each half hour


async def test_kraken_a_count_that_changes_begins_the_range_again(s):
    calls = [0]

    def grows(request):
        calls[0] += 1
        if calls[0] == 4:
            s.server.kr_ledger["LATE"] = {**next(iter(s.server.kr_ledger.values())), "time": s.at.timestamp() - 100_000}

    s.fault("/0/private/Ledgers", grows)
    rows, _, coverage, _ = await pulled(s.connector("kraken"), "ledger")
    assert set(rows) == set(s.server.kr_ledger)
    assert coverage.requests == 4 + 11
    assert coverage.proof.startswith("count reached")


async def test_kraken_a_count_that_never_rests_is_no_history(s):
    def grows(request):
        s.server.kr_ledger[f"LATE{len(s.server.log)}"] = {**next(iter(s.server.kr_ledger.values())), "time": s.at.timestamp() - 100_000}

    s.fault("/0/private/Ledgers", grows)
    with pytest.raises(RetryLater, match="changing"):
        await pulled(s.connector("kraken"), "ledger")


async def test_kraken_resumes_a_range_at_its_offset(s):
    calls, seen, last = [0], {}, None

    def sixth(request):
        calls[0] += 1
        return web.json_response({"error": ["EService:Busy"]}) if calls[0] == 6 else None

    s.fault("/0/private/Ledgers", sixth)
    connector = s.connector("kraken")

    async def read():
        nonlocal last
        async for page in connector.fetch("ledger", last):
            seen.update({record.key: record for record in page.records})
            last = page.resume_from

    with pytest.raises(RetryLater):
        await read()
    assert len(seen) == 250
    await read()
    assert set(seen) == set(s.server.kr_ledger)
    assert calls[0] == 12


async def test_kraken_status_pages_by_cursor(s):
    at = int(s.at.timestamp())
    s.server.kr_dep = [
        {
            "method": "Bitcoin",
            "asset": "XXBT",
            "refid": f"D{i}",
            "txid": f"AB{i}",
            "amount": "1",
            "fee": "0",
            "time": at - i,
            "status": "Success",
        }
        for i in range(1200)
    ]
    rows, last, coverage, _ = await pulled(s.connector("kraken"), "deposit_status")
    assert len(rows) == 1200
    assert coverage.requests == 3
    assert "until" in json.loads(last)


async def test_kraken_a_status_that_waits_is_read_again_however_old_it_is(s):
    at = int(s.at.timestamp()) - 30 * 86_400
    s.server.kr_dep = [{"asset": "XXBT", "refid": "D", "amount": "1", "fee": "0", "time": at, "status": "Pending"}]
    connector = s.connector("kraken")
    _, last, _, _ = await pulled(connector, "deposit_status")
    s.server.kr_dep[0]["status"] = "Success"
    again, last, _, _ = await pulled(connector, "deposit_status", last)
    assert json.loads(again["D"].payload)["status"] == "Success"
    assert (await pulled(connector, "deposit_status", last))[0] == {}


async def test_kraken_balances_keep_raw_codes(s):
    s.server.kr_bal = {
        "XXBT": {"balance": "1.5", "hold_trade": "0.5"},
        "ZUSD": {"balance": "10"},
        "DOT.S": {"balance": "2"},
        "XETH": {"balance": "0.000"},
    }
    balances = await s.connector("kraken").balances({})
    assert {b.asset: str(b.quantity) for b in balances.amounts} == {"kraken:XXBT": "1.5", "fiat:USD": "10", "kraken:DOT.S": "2"}
    assert balances.at == s.at


# ---- coinbase


def coinbase_row(number, at, **changed):
    return {
        "id": f"t{number:04d}",
        "type": "send",
        "status": "completed",
        "amount": {"amount": "0.1", "currency": "BTC"},
        "native_amount": {"amount": "1", "currency": "USD"},
        "created_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **changed,
    }


async def test_coinbase_transactions_of_each_account_and_only_what_is_new(s):
    s.server.cb_accounts = s.server.cb_accounts[:3]
    begin = s.at - timedelta(days=400)
    s.server.cb_tx = {
        ("acc-BTC", "transactions"): [coinbase_row(i, begin + timedelta(days=i)) for i in range(250)],
        ("acc-C0", "transactions"): [coinbase_row(900, s.at - timedelta(hours=2), status="pending")],
    }
    connector = s.connector("coinbase")
    rows, last, coverage, _ = await pulled(connector, "transactions")
    assert len(rows) == 251
    assert coverage.requests == 1 + 3 + 1 + 1
    assert json.loads(last) == {"after": {"acc-BTC": "t0249"}}
    s.server.cb_tx["acc-C0", "transactions"][0]["status"] = "completed"
    again, _, coverage, _ = await pulled(connector, "transactions", last)
    assert [json.loads(record.payload)["row"]["status"] for record in again.values()] == ["completed"]
    assert coverage.requests == 4


async def test_coinbase_a_cancelled_transaction_does_not_hold_the_reading_up(s):
    s.server.cb_accounts = s.server.cb_accounts[:1]
    uuid = s.server.cb_accounts[0]["uuid"]
    begin = s.at - timedelta(days=400)
    states = {3: "canceled", 5: "failed", 7: "expired"}
    s.server.cb_tx = {
        (uuid, "transactions"): [coinbase_row(i, begin + timedelta(days=i), status=states.get(i, "completed")) for i in range(250)]
    }
    connector = s.connector("coinbase")
    _, last, _, _ = await pulled(connector, "transactions")
    assert json.loads(last) == {"after": {uuid: "t0249"}}
    again, _, _, _ = await pulled(connector, "transactions", last)
    assert again == {}


async def test_coinbase_all_pages_of_accounts_and_fills(s):
    connector = s.connector("coinbase")
    balances = await connector.balances({})
    assert len(balances.amounts) == 302
    assert {str(b.quantity) for b in balances.amounts} == {"2.0"}
    rows, last, coverage, _ = await pulled(connector, "fills")
    assert len(rows) == 1200
    assert coverage.requests == 5
    again, _, coverage, _ = await pulled(connector, "fills", last)
    assert coverage.requests == 1
    assert 10 <= len(again) <= 11


async def test_coinbase_an_account_without_transactions_here_is_a_gap(s):
    s.server.cb_accounts = s.server.cb_accounts[:3]
    s.fault("/v2/accounts/acc-USDC/transactions", text("", status=404))
    _, _, coverage, _ = await pulled(s.connector("coinbase"), "transactions")
    assert coverage.proof == "unproven: coinbase offers no transactions of the account USDC"


async def test_the_account_of_every_record_is_the_hosts(s):
    for name, stream in (("binance", "deposits"), ("kraken", "ledger"), ("coinbase", "fills")):
        rows, _, coverage, _ = await pulled(s.connector(name), stream)
        assert {record.account for record in rows.values()} == {"acc"}
        assert all(record.occurred_at.tzinfo is UTC for record in rows.values())
        assert (coverage.account, coverage.stream) == ("acc", stream)
