"""The strict client: nothing undecodable passes for emptiness, errors say what to do, and no secret is in any of them."""

from __future__ import annotations

import asyncio
import traceback
from datetime import UTC, datetime

import pytest
from aiohttp import web

from connectors.clients.exchange import NotOffered, exchange_ids, is_loopback, redact, strict_exchange
from connectors.clients.exchange_errors import Reply, retry_after, translated
from connectors.contract import AccessDenied, InvalidInput, RetryLater, Shared, SourceChanged
from tests.connectors.exchange_server import pulled, served, text


@pytest.fixture
async def s():
    async with served() as one:
        yield one


STREAMS = [
    ("binance", "trades", "/api/v3/myTrades"),
    ("binance", "deposits", "/sapi/v1/capital/deposit/hisrec"),
    ("kraken", "ledger", "/0/private/Ledgers"),
    ("coinbase", "fills", "/api/v3/brokerage/orders/historical/fills"),
]
DAMAGED = {
    "html": "<html><body>Just a moment…</body></html>",
    "truncated": '{"error":[],"result":{"ledger":{"L1":{"re',
    "truncated list": '[{"symbol":"BTCUSDT","id":1000,"pr',
    "empty": "",
    "null": "null",
    "not a number": '{"result":{"a":NaN}}',
}


@pytest.mark.parametrize(("name", "stream", "path"), STREAMS)
@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED.keys())
async def test_an_undecodable_200_is_retried_and_gives_no_rows(s, name, stream, path, body):
    connector = s.connector(name)
    if stream == "trades":
        await pulled(connector, "deposits")
    s.fault(path, text(body, content_type="text/html" if "<" in body else "application/json"))
    pages = []

    async def read():
        async for page in connector.fetch(stream, None):
            pages.append(page)

    with pytest.raises(RetryLater) as failed:
        await read()
    assert not any(page.records or page.coverage for page in pages)
    assert_silent(s, name, failed.value)


@pytest.mark.parametrize(
    ("name", "path"), [("binance", "/api/v3/account"), ("kraken", "/0/private/BalanceEx"), ("coinbase", "/api/v3/brokerage/accounts")]
)
@pytest.mark.parametrize("body", ["<html></html>", '{"balances":[{"as', ""])
async def test_a_damaged_balance_is_never_an_empty_one(s, name, path, body):
    s.fault(path, text(body))
    with pytest.raises(RetryLater):
        await s.connector(name).balances({})


@pytest.mark.parametrize(
    ("name", "path"), [("binance", "/api/v3/account"), ("kraken", "/0/private/BalanceEx"), ("coinbase", "/api/v3/brokerage/accounts")]
)
async def test_an_envelope_that_is_not_there_is_a_changed_source(s, name, path):
    s.fault(path, text("{}"))
    with pytest.raises(SourceChanged):
        await s.connector(name).balances({})


async def test_a_connection_cut_in_mid_body_is_retried(s):
    async def cut(request):
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"error":[],"result":{')
        request.transport.close()
        return response

    @web.middleware
    async def cutting(request, handler):
        return await cut(request)

    app = web.Application(middlewares=[cutting])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = strict_exchange("kraken", now=s.now, shared=Shared(), rate_scale=0, credentials=s.credentials["kraken"], base_url=base)
    try:
        with pytest.raises(RetryLater):
            await client.call("privatePostBalanceEx")
    finally:
        await client.aclose()
        await runner.cleanup()


async def test_nobody_there_is_retried(s):
    client = strict_exchange(
        "binance", now=s.now, shared=Shared(), rate_scale=0, credentials=s.credentials["binance"], base_url="http://127.0.0.1:9"
    )
    try:
        with pytest.raises(RetryLater) as failed:
            await client.call("privateGetAccount")
    finally:
        await client.aclose()
    assert_silent(s, "binance", failed.value)


@pytest.mark.parametrize("name", ["binance", "kraken", "coinbase"])
@pytest.mark.parametrize("status", [418, 429, 500, 503, 520])
async def test_busy_and_down_say_when_to_come_back(s, name, status):
    path = {"binance": "/api/v3/account", "kraken": "/0/private/BalanceEx", "coinbase": "/api/v3/brokerage/accounts"}[name]
    s.fault(path, text("{}", status=status, headers={"Retry-After": "17"}))
    with pytest.raises(RetryLater) as failed:
        await s.connector(name).balances({})
    assert failed.value.after_seconds == 17


@pytest.mark.parametrize("name", ["binance", "kraken", "coinbase"])
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_without_words_is_a_refusal(s, name, status):
    path = {"binance": "/api/v3/account", "kraken": "/0/private/BalanceEx", "coinbase": "/api/v3/brokerage/accounts"}[name]
    s.fault(path, text("", status=status))
    with pytest.raises(AccessDenied):
        await s.connector(name).balances({})


async def test_a_key_revoked_after_it_worked_is_not_retried(s):
    connector = s.connector("binance")
    await connector.balances({})
    s.fault("/api/v3/account", text('{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', status=401))
    with pytest.raises(AccessDenied, match="-2015"):
        await connector.balances({})


@pytest.mark.parametrize("words", ["EAPI:Invalid signature", "EAPI:Feature disabled", "EAPI:Invalid key", "EGeneral:Permission denied"])
async def test_krakens_refusals_are_refusals(s, words):
    s.fault("/0/private/BalanceEx", text(f'{{"error":["{words}"]}}'))
    with pytest.raises(AccessDenied, match=words):
        await s.connector("kraken").balances({})


async def test_a_clock_that_differs_is_set_once_and_the_call_repeated(s):
    s.fault("/api/v3/account", text('{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}', status=400), times=1)
    s.fault("/api/v3/time", lambda request: web.json_response({"serverTime": int(s.at.timestamp() * 1000) - 3}))
    assert (await s.connector("binance").balances({})).amounts
    assert s.paths().count("/api/v3/account") == 2
    assert s.paths().count("/api/v3/time") == 1


@pytest.mark.parametrize("name", ["binance", "kraken", "coinbase"])
async def test_a_wrong_key_and_a_wrong_secret_are_refused_without_showing_either(s, name):
    other_pem, _ = s.module.new_key()
    wrong = {"binance": "no-such-secret", "kraken": "bm8tc3VjaC1zZWNyZXQ=", "coinbase": other_pem}[name]
    for secrets in (
        {**s.credentials[name], "secret": wrong},
        {**s.credentials[name], "apiKey": "no-such-key-0123456789"},
        {**s.credentials[name], "secret": "neither base64 nor PEM"},
    ):
        with pytest.raises(AccessDenied) as failed:
            await s.connector(name, secrets=secrets).probe()
        assert_silent(s, name, failed.value, secrets)


def assert_silent(s, name, error, secrets=None):
    """No secret, no address and no signature, in the text, the repr, or the traceback with all causes."""
    told = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    for secret in (secrets or s.credentials[name]).values():
        assert secret not in told
    raised = str(error) + repr(error.__cause__) + repr(error.__context__)
    assert "://" not in raised
    assert "signature=" not in raised


async def test_no_repr_shows_a_secret(s):
    for name in ("binance", "kraken", "coinbase"):
        connector = s.connector(name)
        shown = repr(connector) + repr(connector._ex) + repr(connector._source)
        assert not any(secret in shown for secret in s.credentials[name].values())


async def test_nothing_is_logged(s, caplog):
    caplog.set_level("DEBUG")
    await s.connector("binance").balances({})
    assert "bkey" not in caplog.text
    assert "signature" not in caplog.text


async def test_every_address_moves_and_keeps_its_path(s):
    for name in ("binance", "gate", "htx", "luno"):
        client = strict_exchange(name, now=s.now, shared=Shared(), rate_scale=0, base_url=s.server.base)
        plain = strict_exchange(name, now=s.now, shared=Shared())
        await client.open()
        await plain.open()
        try:
            moved, own = _strings(client.ccxt.urls["api"]), _strings(plain.ccxt.urls["api"])
            assert moved
            assert all(address.startswith(s.server.base) for address in moved)
            assert [address.removeprefix(s.server.base) for address in moved] == [
                "/" + a.split("/", 3)[3] if a.count("/") > 2 else "" for a in own
            ]
        finally:
            await client.aclose()
            await plain.aclose()


def _strings(value):
    if isinstance(value, dict):
        return [found for inner in value.values() for found in _strings(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("base", "scale", "paced"),
    [
        ("http://127.0.0.1:1", 0, False),
        ("http://localhost:1", 0, False),
        ("http://[::1]:1", 0, False),
        ("https://proxy.example", 0, True),
        (None, 0, True),
        ("http://127.0.0.1:1", 2, True),
    ],
)
async def test_our_pace_is_dropped_for_loopback_only(base, scale, paced):
    client = strict_exchange("kraken", now=lambda: datetime.now(UTC), shared=Shared(), rate_scale=scale, base_url=base)
    await client.open()
    try:
        assert client.ccxt.enableRateLimit is paced
        if scale == 2:
            assert client.ccxt.throttler.config["refillRate"] == pytest.approx(1 / 2000)
    finally:
        await client.aclose()


def test_loopback_is_this_machine_only():
    assert is_loopback("http://127.8.9.1/x")
    assert not is_loopback("http://127.0.0.1.example.org")
    assert not is_loopback("http://10.0.0.1")
    assert not is_loopback(None)


async def test_two_instances_of_one_key_share_lock_nonce_and_pace(s):
    one = Shared()
    clients = [
        strict_exchange("kraken", now=s.now, shared=one, credentials=s.credentials["kraken"], base_url=s.server.base, rate_scale=0.001)
        for _ in range(2)
    ]
    try:
        await asyncio.gather(*(client.call("privatePostBalanceEx") for client in clients for _ in range(5)))
        assert s.server.maxinflight == 1
        assert clients[0].ccxt.throttler is clients[1].ccxt.throttler
    finally:
        for client in clients:
            await client.aclose()


async def test_markets_are_loaded_once_and_without_a_signed_call(s):
    one = Shared()
    clients = [
        strict_exchange("binance", now=s.now, shared=one, credentials=s.credentials["binance"], base_url=s.server.base, rate_scale=0)
        for _ in range(2)
    ]
    try:
        for client in clients:
            assert "BTC/USDT" in await client.load_markets()
        assert s.paths().count("/api/v3/exchangeInfo") == 1
        assert not any("signature" in entry[3] for entry in s.server.log)
    finally:
        for client in clients:
            await client.aclose()


async def test_numbers_keep_their_digits(s):
    s.fault("/api/v3/account", text('{"balances":[{"asset":"ETH","free":0.123456789012345678,"locked":1e-18}]}'))
    balances = await s.connector("binance").balances({})
    assert str(balances.amounts[0].quantity) == "0.123456789012345679"


async def test_a_method_that_ccxt_lost_is_not_offered(s):
    client = strict_exchange("binance", now=s.now, shared=Shared(), rate_scale=0, base_url=s.server.base)
    try:
        with pytest.raises(NotOffered):
            await client.call("privateGetWhatNobodyOffers")
    finally:
        await client.aclose()


def test_an_unknown_exchange_is_named_with_its_neighbours():
    with pytest.raises(InvalidInput, match="kraken") as wrong:
        strict_exchange("krakn", now=lambda: datetime.now(UTC), shared=Shared())
    assert wrong.value.field == "exchange"
    assert len(exchange_ids()) > 80


def test_retry_after_may_be_a_date():
    at = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    assert retry_after({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, at) == 30
    assert retry_after({"Retry-After": "1.5"}, at) == 1.5
    assert retry_after({"Retry-After": "soon"}, at) is None
    assert retry_after({}, at) is None


def test_redaction():
    secret = "abcdefgh"
    told = redact(f"see https://api.example/x?apiKey=1&signature=2 apiKey: 77 {secret} AccessKeyId=99", [secret])
    assert not any(word in told for word in ("https", "77", secret, "99"))


@pytest.mark.parametrize(
    ("status", "decoded", "kind"),
    [
        (429, {"code": "50011"}, RetryLater),
        (503, {"retCode": 1}, RetryLater),
        (404, None, NotOffered),
        (451, {}, AccessDenied),
        (400, {"code": 5}, SourceChanged),
    ],
)
def test_the_status_decides_where_ccxt_would_call_it_permanent(status, decoded, kind):
    import ccxt

    error = translated("okx", "m", ccxt.ExchangeError("x"), reply=Reply(status, {}, decoded, 2), secrets=(), now=datetime.now(UTC))
    assert type(error) is kind
