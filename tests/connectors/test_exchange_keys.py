"""The key is asked about first: what it may do, whose it is, and what is refused by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiohttp import web

from connectors.contract import AccessDenied, AccountRef, Connector, InvalidInput, Source, SourceChanged
from connectors.exchange.connector import ExchangeConnector
from tests.connectors.exchange_server import pulled, text


async def test_a_read_only_key_is_known_again_and_asked_about_first(s):
    for name, *paths in (
        ("binance", "/sapi/v1/account/apiRestrictions", "/api/v3/account"),
        ("kraken", "/0/private/GetApiKeyInfo"),
        ("coinbase", "/api/v3/brokerage/key_permissions"),
    ):
        s.server.log.clear()
        identity = await s.connector(name).probe()
        assert identity == await s.connector(name).probe()
        assert identity.permissions == "read-only"
        assert s.credentials[name]["apiKey"] not in identity.id
        assert s.paths() == paths * 2


async def identities(s, name, *keys):
    return [(await s.connector(name, secrets={**s.credentials[name], "apiKey": key}).probe()).id for key in keys]


async def test_a_replaced_key_opens_the_account_that_the_exchange_names(s):
    account = {"uid": 1, "balances": []}
    s.fault("/sapi/v1/account/apiRestrictions", lambda _: web.json_response({"enableReading": True, "ipRestrict": True}))
    s.fault("/api/v3/account", lambda _: web.json_response(account))
    first, second = await identities(s, "binance", "bkey", "another")
    assert first == second
    account["uid"] = 2
    assert await identities(s, "binance", "bkey") != [first]
    del account["uid"]
    assert len({*await identities(s, "binance", "bkey", "another"), first}) == 3  # the key is all there is to tell by
    portfolio = {"can_view": True, "portfolio_uuid": "p"}
    s.fault("/api/v3/brokerage/key_permissions", lambda _: web.json_response(portfolio))
    first, second = await identities(s, "coinbase", s.credentials["coinbase"]["apiKey"], "organizations/o/apiKeys/another")
    assert first == second
    portfolio["portfolio_uuid"] = "q"
    assert await identities(s, "coinbase", s.credentials["coinbase"]["apiKey"]) != [first]


@pytest.mark.parametrize("right", ["enableWithdrawals", "enableSpotAndMarginTrading", "enableSomethingOfTomorrow"])
async def test_binance_a_key_that_can_do_more_is_refused_by_name(s, right):
    s.server.restrictions["bkey"] = {"ipRestrict": True, "createTime": 1, "enableReading": True, "enableFutures": False, right: True}
    with pytest.raises(AccessDenied, match=right) as denied:
        await s.connector("binance").probe()
    assert denied.value.remove == (right,)
    assert s.paths() == ["/sapi/v1/account/apiRestrictions"]


async def test_kraken_rights_spans_and_end_of_life(s):
    key = {
        "permissions": ["query-funds", "query-ledger"],
        "queryFrom": "1600000000",
        "queryTo": "0",
        "validUntil": "1900000000",
        "nonceWindow": 0,
    }
    s.server.kr_key["kkey"] = key
    connector = s.connector("kraken")
    identity = await connector.probe()
    assert identity.says == ("This key sees nothing before 2020-09-13.", "This key is valid until 2030-03-17.")
    _, _, coverage, _ = await pulled(connector, "ledger")
    assert [gap.until for gap in coverage.unreachable] == [datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)]
    s.server.kr_key["kkey"] = {**key, "permissions": ["query-funds", "query-ledger", "withdraw-funds", "do-something-new"]}
    with pytest.raises(AccessDenied) as denied:
        await s.connector("kraken").probe()
    assert denied.value.remove == ("do-something-new", "withdraw-funds")
    s.server.kr_key["kkey"] = {**key, "permissions": ["query-funds"]}
    with pytest.raises(AccessDenied, match="query-ledger"):
        await s.connector("kraken").probe()


@pytest.mark.parametrize("right", ["can_trade", "can_transfer", "can_fly"])
async def test_coinbase_a_key_that_can_do_more_is_refused_by_name(s, right):
    s.server.cb_perm = {
        "can_view": True,
        "can_trade": False,
        "can_transfer": False,
        "portfolio_uuid": "p",
        "portfolio_type": "DEFAULT",
        right: True,
    }
    with pytest.raises(AccessDenied, match=right) as denied:
        await s.connector("coinbase").probe()
    assert denied.value.remove == (right,)


async def test_a_rights_answer_of_another_shape_is_no_permission(s):
    s.fault("/sapi/v1/account/apiRestrictions", text("{}"))
    with pytest.raises(SourceChanged):
        await s.connector("binance").probe()


def test_missing_credentials_and_unknown_exchanges_are_named():
    def made(name, secrets):
        return ExchangeConnector(Source(name, (AccountRef("a"),), lambda: datetime.now(UTC), {}, secrets))

    for name, secrets, field in (
        ("binance", {"apiKey": "k"}, "secret"),
        ("kraken", {"secret": "k"}, "apiKey"),
        ("okx", {}, "apiKey"),
        ("okx", {"apiKey": "k", "sceret": "x"}, "sceret"),
        ("binanse", {"apiKey": "k", "secret": "x"}, "exchange"),
    ):
        with pytest.raises(InvalidInput) as wrong:
            made(name, secrets)
        assert wrong.value.field == field
    assert isinstance(made("binance", {"apiKey": "k", "secret": "x"}), Connector)


async def test_what_ccxt_needs_of_another_exchange_is_asked_when_it_is_opened(s):
    with pytest.raises(InvalidInput, match="okx needs password") as wrong:
        await s.connector("okx", secrets={"apiKey": "k", "secret": "x"}).probe()
    assert wrong.value.field == "password"
