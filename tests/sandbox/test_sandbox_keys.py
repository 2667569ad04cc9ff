"""Keys and signatures of the sandbox's exchanges: what is refused, and what a key says of itself."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import ccxt as ccxt_errors
import pytest

from service.sandbox import NOW
from service.sandbox.exchanges import signatures
from service.sandbox.exchanges.wire import millis
from tests.sandbox.real_client import client


async def test_keys_say_what_they_may_do(sandbox):
    for credentials, writes in ((sandbox.credentials, False), (sandbox.over_privileged, True)):
        async with client(sandbox, "binance", credentials["binance"]) as exchange:
            answer = await exchange.sapiGetAccountApiRestrictions()
            assert answer["enableReading"] is True
            assert answer["enableSpotAndMarginTrading"] is answer["enableWithdrawals"] is writes
        async with client(sandbox, "kraken", credentials["kraken"]) as exchange:
            answer = (await exchange.privatePostGetApiKeyInfo())["result"]
            assert ("modify-trades" in answer["permissions"]) is ("withdraw-funds" in answer["permissions"]) is writes
            assert (answer["queryFrom"], answer["queryTo"]) == ("0", "0")
        async with client(sandbox, "coinbase", credentials["coinbase"]) as exchange:
            answer = await exchange.v3PrivateGetBrokerageKeyPermissions()
            assert (answer["can_view"], answer["can_trade"], answer["can_transfer"]) == (True, writes, writes)


async def test_a_wrong_secret_and_an_unknown_key_are_refused(sandbox):
    wrong = {name: dict(sandbox.credentials[name], secret=sandbox.over_privileged[name]["secret"]) for name in sandbox.base}
    for name, call, error in (
        ("binance", "privateGetAccount", ccxt_errors.AuthenticationError),
        ("kraken", "privatePostBalanceEx", ccxt_errors.ExchangeError),
        ("coinbase", "v3PrivateGetBrokerageAccounts", ccxt_errors.AuthenticationError),
    ):
        async with client(sandbox, name, wrong[name]) as exchange:
            with pytest.raises(error):
                await getattr(exchange, call)()
        async with client(sandbox, name, dict(sandbox.credentials[name], apiKey="nobody")) as exchange:
            with pytest.raises(ccxt_errors.AuthenticationError):
                await getattr(exchange, call)()


async def test_a_stale_or_future_time_stamp_is_refused(sandbox):
    for shift in (timedelta(minutes=-10), timedelta(minutes=10)):
        async with client(sandbox, "binance", at=NOW + shift) as exchange:
            with pytest.raises(ccxt_errors.InvalidNonce, match="-1021"):
                await exchange.privateGetAccount()
        async with client(sandbox, "coinbase", at=NOW + shift) as exchange:
            with pytest.raises(ccxt_errors.AuthenticationError):
                await exchange.v3PrivateGetBrokerageAccounts()


async def test_kraken_wants_a_rising_nonce_and_a_whole_signature(sandbox):
    key, path = sandbox.credentials["kraken"], "/0/private/BalanceEx"

    async def ask(session, nonce, signed_nonce=None):
        body = f"nonce={nonce}"
        sign = signatures.kraken(key["secret"], path, str(signed_nonce or nonce), body)
        headers = {"API-Key": key["apiKey"], "API-Sign": sign, "Content-Type": "application/x-www-form-urlencoded"}
        async with session.post(sandbox.base["kraken"] + path, data=body, headers=headers) as answer:
            return (await answer.json())["error"]

    async with aiohttp.ClientSession() as session:
        assert await ask(session, 100) == []
        assert await ask(session, 100) == ["EAPI:Invalid nonce"]
        assert await ask(session, 99) == ["EAPI:Invalid nonce"]
        assert await ask(session, 102, signed_nonce=103) == ["EAPI:Invalid signature"]
        assert await ask(session, 101) == []


async def test_a_coinbase_token_holds_for_one_path_and_two_minutes(sandbox):
    key = sandbox.credentials["coinbase"]
    async with client(sandbox, "coinbase") as exchange, aiohttp.ClientSession() as session:
        base, seconds = sandbox.base["coinbase"], millis(NOW) // 1000
        here, there = f"{base}/api/v3/brokerage/accounts", f"{base}/api/v3/brokerage/key_permissions"

        async def status(url, token):
            async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
                return answer.status

        good = exchange.create_auth_token(seconds, "GET", here)
        assert await status(here, good) == 200
        assert await status(there, good) == 401
        assert await status(here, good[:-8] + "AAAAAAAA") == 401
        assert await status(here, "no.token") == 401
        assert await status(here, exchange.create_auth_token(seconds - 121, "GET", here)) == 401
        claims = {"sub": key["apiKey"], "nbf": seconds, "exp": seconds + 3600, "uri": f"GET {here}"}
        long = exchange.jwt(claims, key["secret"].encode(), "sha256", False, {"kid": key["apiKey"], "nonce": "1", "alg": "ES256"})
        assert await status(here, long) == 401
