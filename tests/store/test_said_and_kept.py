"""Accounts, portfolio, statements, quotes, channels, sessions, slots: what is written comes back, once, in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import StatementError

from connectors.contract import Quote
from service.app.ports import Refused
from service.domain.statements import MethodChoice
from service.store import SqlStore
from tests.store.samples import ACCOUNT, CHANNEL, HUGE, LONG, NOW, PORTFOLIO, SESSION, STATEMENTS, delivery


async def test_a_new_database_has_its_first_portfolio(store: SqlStore) -> None:
    assert (await store.portfolio()).currency == "USD"
    with pytest.raises(Refused, match="no portfolio 'other'"):
        await store.portfolio("other")


async def test_the_portfolio_comes_back(store: SqlStore) -> None:
    await store.save_portfolio(PORTFOLIO)
    assert await store.portfolio() == PORTFOLIO


async def test_adding_an_account_twice_returns_the_first_and_renews_its_key(store: SqlStore) -> None:
    assert await store.add_account(ACCOUNT, {"apiKey": b"1", "password": b"2"}) == ACCOUNT
    assert await store.add_account(replace(ACCOUNT, label="Other", source="x"), {"apiKey": b"3"}) == ACCOUNT
    assert await store.accounts() == [ACCOUNT]
    assert await store.sealed("account", "acc_1") == {"apiKey": b"3"}


async def test_an_account_whose_secrets_fail_is_not_half_added(store: SqlStore) -> None:
    with pytest.raises(Exception, match="object"):
        await store.add_account(ACCOUNT, {"apiKey": object()})  # type: ignore[dict-item]  # no database takes it
    assert await store.accounts() == []


async def test_accounts_come_in_the_order_of_their_adding(store: SqlStore) -> None:
    later = replace(ACCOUNT, id="acc_0", added_at=NOW + timedelta(seconds=1), last_sync=None, proved_until=NOW)
    await store.add_account(later, {})
    await store.add_account(ACCOUNT, {})
    assert await store.accounts() == [ACCOUNT, later]
    changed = replace(later, status="paused", label="Ξ")
    await store.save_account(changed)
    assert await store.account("acc_0") == changed
    assert await store.accounts("another") == []


async def test_statements_come_in_the_order_of_saying_and_once(store: SqlStore) -> None:
    for statement in (*STATEMENTS, *STATEMENTS):
        await store.say(statement)
    assert await store.statements() == list(STATEMENTS)
    assert await store.statements("another") == []


async def test_two_statements_of_one_instant_keep_their_order(store: SqlStore, other_store: SqlStore) -> None:
    choices = [MethodChoice("acc_1", method, NOW.date(), NOW) for method in ("lifo", "fifo", "hifo", "lofo")]
    for n, choice in enumerate(choices):
        await (store, other_store)[n % 2].say(choice)
    assert await store.statements() == choices


def quote(asset: str = "eth", minutes: int = 0, source: str = "kraken", **more: object) -> Quote:
    return replace(Quote(asset, "USD", LONG, NOW + timedelta(minutes=minutes), source), **more)


async def test_quotes_are_kept_once_and_the_first_counts(store: SqlStore) -> None:
    assert await store.save_quotes([quote(), quote(price=Decimal(1)), quote(minutes=1), quote("btc"), quote(currency="EUR")], NOW) == 4
    assert await store.save_quotes([quote(price=Decimal(2)), quote(source="binance", price=HUGE)], NOW) == 1
    assert await store.save_quotes([], NOW) == 0
    assert await store.quotes(["eth"], "USD") == [quote(source="binance", price=HUGE), quote(), quote(minutes=1)]
    assert await store.quotes([], "USD") == []


async def test_the_newest_quote_of_each_source(store: SqlStore) -> None:
    day = quote(minutes=3, span="day", price=Decimal(7))
    await store.save_quotes(
        [quote(), quote(minutes=3), day, quote(minutes=2, source="binance"), quote("btc", currency="EUR", minutes=9)], NOW
    )
    assert await store.newest_quotes(["eth", "btc"], "USD") == [quote(minutes=2, source="binance"), quote(minutes=3)]
    assert await store.newest_quotes(["eth"], "USD", quote(minutes=2).at) == [quote(minutes=2, source="binance"), quote()]


async def test_concurrent_quotes_are_counted_once(store: SqlStore, other_store: SqlStore) -> None:
    many = [quote(minutes=n) for n in range(50)]
    assert sum(await asyncio.gather(*(used.save_quotes(many, NOW) for used in (store, other_store, store, other_store)))) == 50


async def test_channels_and_what_waits_for_them(store: SqlStore) -> None:
    await store.add_channel(CHANNEL, {"url": b"sealed"})
    await store.save_delivery(delivery("m1"))
    await store.save_delivery(delivery("m2", state="delivered", attempts=1, delivered_at=NOW))
    assert await store.channels() == [CHANNEL]
    assert await store.sealed("channel", "chn_1") == {"url": b"sealed"}
    await store.remove_channel("chn_1")
    assert await store.channels() == []
    assert await store.sealed("channel", "chn_1") == {}
    assert [d.message.id for d in await store.deliveries()] == ["m2"]


async def test_owner_and_sessions(store: SqlStore) -> None:
    assert await store.owner_hash() is None
    await store.set_owner_hash("one")
    await store.set_owner_hash("two")
    assert await store.owner_hash() == "two"
    browser = replace(SESSION, id="ses_2", kind="session", digest="e" * 64, expires_at=None)
    for session in (SESSION, browser):
        await store.save_session(session)
    assert await store.sessions("e" * 64) == browser
    assert await store.sessions("f" * 64) is None
    assert await store.list_sessions("token") == [SESSION]
    await store.drop_session("ses_1")
    assert await store.list_sessions("token") == []


async def test_an_error_does_not_list_the_values_of_a_statement(store: SqlStore) -> None:
    with pytest.raises(StatementError, match="must know its zone") as failed:
        await store.save_session(replace(SESSION, digest="s3cret", created_at=NOW.replace(tzinfo=None)))
    assert "s3cret" not in f"{failed.value} {failed.value!r}"


async def test_one_of_many_claims_a_slot(store: SqlStore, other_store: SqlStore) -> None:
    claims = [(store, other_store)[n % 2].claim_slot("sync", "2026-03-04T05:00:00Z", NOW) for n in range(12)]
    assert sorted(await asyncio.gather(*claims)) == [False] * 11 + [True]
    assert await store.claim_slot("evaluate", "2026-03-04T05:00:00Z", NOW)
    assert await store.claim_slot("sync", "2026-03-04T04:00:00Z", NOW)
    assert await store.last_slot("sync") == "2026-03-04T05:00:00Z"
    assert await store.last_slot("other") is None
    later = NOW + timedelta(days=31)
    assert await store.claim_slot("sync", "2026-04-04T05:00:00Z", later)
    assert await store.claim_slot("sync", "2026-03-04T05:00:00Z", later)  # forgotten by now: nothing triggers it any more
    assert await store.last_slot("sync") == "2026-04-04T05:00:00Z"
    assert not await store.claim_slot("evaluate", "2026-03-04T05:00:00Z", later)
