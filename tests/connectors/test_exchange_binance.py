"""Binance against a server that verifies signatures, windows and page sizes: complete, proven, resumable."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from connectors.contract import AccessDenied, RetryLater, SourceChanged
from tests.connectors.exchange_server import DAY, pulled, text, trade


async def test_binance_trades_with_bursts_on_page_borders(s):
    """Twenty fills in one millisecond lie across each border of a page; all of them arrive."""
    start = int(s.at.timestamp() * 1000) - 100 * DAY
    s.server.binance_trades = {
        "BTCUSDT": [
            trade(i, start + (i // 20) * 20_000 if (i % 1000) > 980 or (i % 1000) < 20 else start + i * 1000) for i in range(1, 3001)
        ]
    }
    s.server.binance_trades["BTCUSDT"].sort(key=lambda row: row["id"])
    for i in range(990, 1010):
        s.server.binance_trades["BTCUSDT"][i]["time"] = start + 990_000
    rows, _, coverage, _ = await pulled(s.connector("binance"), "trades")
    assert set(rows) == {f"BTCUSDT:{i}" for i in range(1, 3001)}
    assert coverage.proof.startswith("short page of each of")
    assert coverage.rows == 3000
    asked = [entry[3] for entry in s.server.log if entry[2] == "/api/v3/myTrades" and entry[3]["symbol"] == "BTCUSDT"]
    assert len(asked) == 4


async def test_binance_symbols_reach_a_fixed_point_through_coins_that_nothing_else_names(s):
    """Only EUR came in. EUR → BTC → LTC, all LTC sold again: no balance and no transfer ever names BTC or LTC."""
    info = {row["symbol"]: row for _, row in s.server.info_rows("markets", "binance") if "symbol" in row}
    symbols = [
        {"symbol": b + q, "baseAsset": b, "quoteAsset": q, "status": "TRADING"}
        for b, q in (("BTC", "EUR"), ("LTC", "BTC"), ("XRP", "LTC"), ("ADA", "SOL"))
    ]
    assert info
    s.fault("/api/v3/exchangeInfo", lambda request: web.json_response({"symbols": symbols}))
    at = int(s.at.timestamp() * 1000) - 30 * DAY
    s.server.binance_balances = [{"asset": "EUR", "free": "5", "locked": "0"}, {"asset": "NOTHING", "free": "0.000", "locked": "0"}]
    s.server.deposits = []
    s.server.binance_trades = {
        "BTCEUR": [trade(1, at, "BTCEUR", commissionAsset="BNB")],
        "LTCBTC": [trade(7, at + 1, "LTCBTC"), trade(8, at + 2, "LTCBTC", isBuyer=False)],
        "LTCBUSD": [trade(3, at + 3, "LTCBUSD")],
        "ADASOL": [trade(9, at, "ADASOL")],
    }
    connector = s.connector("binance")
    rows, last, _, _ = await pulled(connector, "trades")
    assert set(rows) == {"BTCEUR:1", "LTCBTC:7", "LTCBTC:8", "LTCBUSD:3"}
    assert json.loads(rows["LTCBUSD:3"].payload)["quote"] == "BUSD"  # a pair that is no longer listed
    known = json.loads(last)
    assert set(known["assets"]) == {"EUR", "BTC", "LTC", "BNB", "BUSD"}
    assert "XRPLTC" in known["read"]
    assert "ADASOL" not in known["read"]


async def test_binance_a_symbol_that_does_not_exist_is_remembered(s):
    def no_such(request):
        if request.query.get("symbol") in s.server.binance_trades:
            return None
        return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)

    s.fault("/api/v3/myTrades", no_such)
    listed = [{"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT"}]
    s.fault("/api/v3/exchangeInfo", lambda request: web.json_response({"symbols": listed}))
    rows, last, _, _ = await pulled(s.connector("binance"), "trades")
    assert len(rows) == 2300
    assert "BTCBUSD" in json.loads(last)["absent"]
    s.later(days=8)
    before = len(s.server.log)
    s.at = datetime.now(UTC)
    await pulled(s.connector("binance"), "trades", last)
    assert not [e for e in s.server.log[before:] if e[3].get("symbol") == "BTCBUSD"]


async def test_binance_trades_are_proven_up_to_the_last_walk_over_all_pairs(s):
    """Between two full walks a pair with a coin that nothing names is not asked: what was read is stored, and is not called complete."""
    pairs = [{"symbol": b + q, "baseAsset": b, "quoteAsset": q} for b, q in (("BTC", "USDT"), ("LTC", "BTC"))]
    s.fault("/api/v3/exchangeInfo", lambda request: web.json_response({"symbols": pairs}))
    _, last, coverage, _ = await pulled(s.connector("binance"), "trades")
    now = s.at.replace(microsecond=s.at.microsecond // 1000 * 1000)
    assert coverage.until == now
    for days, full in ((3, False), (8, True)):
        s.later(milliseconds=5)
        now = now + timedelta(milliseconds=5)
        ago = now - timedelta(days=days)
        begun, older = len(s.server.log), json.dumps({**json.loads(last), "scanned": int(ago.timestamp() * 1000)})
        _, _, coverage, _ = await pulled(s.connector("binance"), "trades", older)
        asked = {entry[3]["symbol"] for entry in s.server.log[begun:] if entry[2] == "/api/v3/myTrades"}
        assert ("LTCBTC" in asked) is full
        assert abs(coverage.until - (now if full else ago)) < timedelta(milliseconds=2)
        assert f"all pairs asked on {coverage.until:%Y-%m-%d}; since then only" in coverage.proof


async def test_binance_resumes_where_it_was_cut_and_reads_the_same(s):
    """The reply to the third page of trades is damaged; the next attempt begins there and not at the start."""
    whole, _, _, _ = await pulled(s.connector("binance"), "trades")
    pages, seen = [0], {}

    def third(request):
        if request.query.get("symbol") != "BTCUSDT":
            return None
        pages[0] += 1
        return web.Response(text='[{"sym', content_type="application/json") if pages[0] == 3 else None

    s.fault("/api/v3/myTrades", third)
    connector, last = s.connector("binance"), None

    async def read():
        nonlocal last
        async for page in connector.fetch("trades", last):
            seen.update({record.key: record for record in page.records})
            last = page.resume_from

    with pytest.raises(RetryLater):
        await read()
    assert len(seen) == 2000
    before = len(s.server.log)
    await read()
    assert seen == whole
    asked = [e[3] for e in s.server.log[before:] if e[3].get("symbol") == "BTCUSDT"]
    assert [query.get("fromId") for query in asked] == ["3000"]


async def test_binance_coins_of_a_sync_that_died_before_the_trades_are_found_later(s):
    """Deposits were read and stored by one run, which then died; the run after it, days later, still asks for their pairs."""
    s.server.binance_balances = []
    _, deposits, _, _ = await pulled(s.connector("binance"), "deposits")
    s.server.log.clear()
    connector = s.connector("binance")
    await pulled(connector, "deposits", deposits)
    rows, _, _, _ = await pulled(connector, "trades")
    assert len(rows) == 2300


async def test_binance_second_sync_rereads_a_day_in_few_requests_and_sees_what_changed(s):
    now = int(s.at.timestamp() * 1000)
    s.server.deposits = [{**s.server.deposits[0], "id": "d-new", "status": 0, "insertTime": now - DAY // 2}]
    connector = s.connector("binance")
    first, last, coverage, _ = await pulled(connector, "deposits")
    assert json.loads(first["d-new"].payload)["status"] == 0
    assert coverage.requests == 39
    assert coverage.since is None
    s.server.deposits[0]["status"] = 1
    s.later(seconds=2)
    second, last, coverage, _ = await pulled(connector, "deposits", last)
    assert json.loads(second["d-new"].payload)["status"] == 1
    assert coverage.requests == 1
    assert coverage.until == s.at.replace(microsecond=s.at.microsecond // 1000 * 1000)


async def test_binance_what_still_waits_is_read_again_however_old_it_is(s):
    now = int(s.at.timestamp() * 1000)
    s.server.deposits = [{**s.server.deposits[0], "id": "slow", "status": 0, "insertTime": now - 20 * DAY}]
    connector = s.connector("binance")
    _, last, _, _ = await pulled(connector, "deposits")
    s.server.deposits[0]["status"] = 1
    again, last, coverage, _ = await pulled(connector, "deposits", last)
    assert json.loads(again["slow"].payload)["status"] == 1
    assert coverage.requests == 1
    once_more, _, _, _ = await pulled(connector, "deposits", last)
    assert once_more == {}


@pytest.mark.parametrize(
    ("stream", "path", "rows_in", "row", "done"),
    [
        ("fiat_withdrawals", "/sapi/v1/fiat/orders", "data", {"orderNo": "o", "status": "Processing"}, "Successful"),
        ("converts", "/sapi/v1/convert/tradeFlow", "list", {"orderId": "o", "orderStatus": "PROCESS"}, "SUCCESS"),
    ],
)
async def test_binance_an_order_that_takes_days_is_seen_to_end(s, stream, path, rows_in, row, done):  # noqa: PLR0917 - the table's columns
    at = int(s.at.timestamp() * 1000) - 20 * DAY
    row = {**row, "createTime": at}

    def orders(request):
        first, last = (
            int(request.query.get(name) or request.query[other]) for name, other in (("beginTime", "startTime"), ("endTime",) * 2)
        )
        found = [row] if first <= at <= last else []
        return web.json_response({rows_in: found, "total": len(found)})

    s.fault(path, orders)
    connector, state = s.connector("binance"), next(name for name in row if name.lower().endswith("status"))
    _, last, _, _ = await pulled(connector, stream)
    row[state] = done
    again, last, coverage, _ = await pulled(connector, stream, last)
    assert json.loads(again["o"].payload)[state] == done
    assert coverage.requests == 1
    once_more, _, _, _ = await pulled(connector, stream, last)
    assert once_more == {}


async def test_a_walk_cut_in_the_middle_still_comes_back_to_what_waits_later(s):
    """Two conversions wait, windows apart; the read after is cut between them, and the younger one is not forgotten."""
    now = int(s.at.timestamp() * 1000)
    every = [{"orderId": str(days), "createTime": now - days * DAY, "orderStatus": "PROCESS"} for days in (80, 40)]

    def flow(request):
        first, last = int(request.query["startTime"]), int(request.query["endTime"])
        return web.json_response({"list": [row for row in every if first <= row["createTime"] <= last], "moreData": False})

    s.fault("/sapi/v1/convert/tradeFlow", flow)
    connector = s.connector("binance")
    _, last, _, _ = await pulled(connector, "converts")
    for row in every:
        row["orderStatus"] = "SUCCESS"
    pages, begun = connector.fetch("converts", last), last
    async for page in pages:
        last = page.resume_from
        if last != begun:
            break  # the first window has been read, with the older one in it
    await pages.aclose()
    again, last, _, _ = await pulled(connector, "converts", last)
    assert {key: json.loads(one.payload)["orderStatus"] for key, one in again.items()} == {"40": "SUCCESS"}
    assert (await pulled(connector, "converts", last))[0] == {}


async def test_binance_pages_of_one_window_by_offset(s):
    now = int(s.at.timestamp() * 1000)
    s.server.deposits = [{**s.server.deposits[0], "id": f"d{i}", "insertTime": now - 5 * DAY - i // 50} for i in range(2500)]
    rows, _, coverage, _ = await pulled(s.connector("binance"), "deposits")
    assert len(rows) == 2500
    assert coverage.requests == 41


async def test_binance_what_is_not_offered_is_a_gap_and_what_fails_is_not(s):
    connector = s.connector("binance")
    rows, last, coverage, _ = await pulled(connector, "converts")
    assert (rows, last) == ({}, "{}")
    assert coverage.proof.startswith("unproven: ")
    assert coverage.unreachable
    for status in (500, 429, 401):
        s.server.faults.clear()
        s.fault("/sapi/v1/convert/tradeFlow", text("{}", status=status))
        with pytest.raises((RetryLater, AccessDenied)):
            await pulled(connector, "converts")
    s.server.faults.clear()
    s.fault("/sapi/v1/capital/deposit/hisrec", text("nothing here", status=404))
    with pytest.raises(SourceChanged):
        await pulled(connector, "deposits")


async def test_binance_a_window_with_more_than_one_answer_holds_is_halved(s):
    now = int(s.at.timestamp() * 1000)
    every = [{"orderId": str(i), "createTime": now - 3 * DAY - i * 1000, "orderStatus": "SUCCESS"} for i in range(2500)]

    def flow(request):
        first, last = int(request.query["startTime"]), int(request.query["endTime"])
        assert last - first < 30 * DAY
        found = [row for row in every if first <= row["createTime"] <= last]
        return web.json_response({"list": found[:1000], "moreData": len(found) > 1000})

    s.fault("/sapi/v1/convert/tradeFlow", flow)
    rows, _, coverage, _ = await pulled(s.connector("binance"), "converts")
    assert len(rows) == 2500
    assert coverage.rows == 2500
    assert not coverage.unreachable


async def test_binance_rewards_that_look_alike_are_two(s):
    now = int(s.at.timestamp() * 1000)
    row = {"asset": "BNB", "rewards": "0.1", "projectId": "BNB001", "type": "REALTIME", "time": now - DAY}

    def records(request):
        mine = int(request.query["startTime"]) <= row["time"] <= int(request.query["endTime"]) and request.query["type"] == "REALTIME"
        return web.json_response({"rows": [row, row] if mine else [], "total": 2 if mine else 0})

    s.fault("/sapi/v1/simple-earn/flexible/history/rewardsRecord", records)
    rows, _, coverage, _ = await pulled(s.connector("binance"), "flexible_rewards")
    assert len(rows) == 2
    assert coverage.proof.startswith("total reached")


def earned(minutes, now, **more):
    return {"asset": "USDT", "rewards": "0.1", "projectId": "p", "type": "REALTIME", "time": now - minutes * 60_000, **more}


async def test_binance_a_reward_that_comes_while_pages_are_read_is_one_reward(s):
    """It stands first and shifts the others: without a second look the hundredth is told twice, and the new one not at all."""
    now = int(s.at.timestamp() * 1000)
    every = [earned(2 + minutes, now) for minutes in range(150)]

    def records(request):
        first, last, number = (int(request.query[name]) for name in ("startTime", "endTime", "current"))
        if number == 2 and len(every) == 150:
            every.insert(0, earned(1, now, asset="BTC"))
        mine = [row for row in every if first <= row["time"] <= last] if request.query["type"] == "REALTIME" else []
        return web.json_response({"rows": mine[number * 100 - 100 : number * 100], "total": len(mine)})

    s.fault("/sapi/v1/simple-earn/flexible/history/rewardsRecord", records)
    rows, _, coverage, _ = await pulled(s.connector("binance"), "flexible_rewards")
    assert len(rows) == coverage.rows == 151
    assert not [key for key in rows if "#" in key]
    assert sum("BTC" in key for key in rows) == 1


async def test_binance_rewards_that_never_rest_are_no_history(s):
    now, calls = int(s.at.timestamp() * 1000), [150]

    def grows(request):
        calls[0] += 1
        return web.json_response({"rows": [earned(minutes, now) for minutes in range(100)], "total": calls[0]})

    s.fault("/sapi/v1/simple-earn/locked/history/rewardsRecord", grows)
    with pytest.raises(RetryLater, match="changing"):
        await pulled(s.connector("binance"), "locked_rewards")


async def test_binance_what_lies_in_earn_is_still_held(s):
    s.server.binance_balances = [{"asset": "BTC", "free": "1", "locked": "0.5"}, {"asset": "LDETH", "free": "2", "locked": "0"}]
    positions = {"flexible": [{"asset": "ETH", "totalAmount": "2.01"}], "locked": [{"asset": "BTC", "amount": "3"}]}
    for kind, rows in positions.items():
        s.fault(f"/sapi/v1/simple-earn/{kind}/position", lambda request, rows=rows: web.json_response({"rows": rows, "total": 1}))
    balances = await s.connector("binance").balances({})
    assert {b.asset: str(b.quantity) for b in balances.amounts} == {"binance:BTC": "4.5", "binance:ETH": "2.01"}
    s.server.faults.clear()
    s.fault("/sapi/v1/simple-earn/locked/position", text("{}", status=503))
    with pytest.raises(RetryLater):
        await s.connector("binance").balances({})
