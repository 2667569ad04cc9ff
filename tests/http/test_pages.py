"""The pages show the same answers for a person: exact figures kept, nothing invented, and what to do when there is nothing."""

from __future__ import annotations

import asyncio
import re

import pytest

from service.http.shown import loss_bars, minute, money, price, quantity, told
from tests.http.steps import send, synced_account

SECRET = "Zk7sT-very-secret-9"
SEED = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1234567.891", "$1,234,567.89"),
        ("-0.5", "−$0.50"),
        ("-0.001", "$0.00"),
        ("0.125", "$0.12"),
        ("12345678901234567890123456789.99", "$12,345,678,901,234,567,890,123,456,789.99"),
        (None, "unknown"),
    ],
)
def test_money_is_grouped_and_has_two_places(amount, shown):
    assert re.sub("<.*?>", "", money(amount)) == shown


def test_other_currencies_are_named():
    assert re.sub("<.*?>", "", money("5", "SEK")) == "5.00\u00a0SEK"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1234567.123456789012345678", "1,234,567.12345678…"),
        ("-0.00000001", "−0.00000001"),
        ("21", "21"),
        ("0.000000000000000001", "0.00000000…"),
        (None, "unknown"),
    ],
)
def test_quantities_are_cut_visibly_and_kept_exactly(amount, shown):
    markup = quantity(amount)
    assert re.sub("<.*?>", "", markup) == shown
    assert amount is None or f'value="{amount}"' in markup


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0.0000123456", "$0.00001235"), ("0.5", "$0.5"), ("1", "$1.00"), ("64000.129", "$64,000.13"), ("0", "$0.00"), (None, "unknown")],
)
def test_a_small_price_keeps_four_figures(amount, shown):
    assert re.sub("<.*?>", "", price(amount)) == shown


def test_sentences_name_accounts_by_label_and_are_escaped():
    assert told("<i> of acc_1: `thresher sync <x>`", {"acc_1": "A & B"}) == "&lt;i&gt; of A &amp; B: <code>thresher sync &lt;x&gt;</code>"
    assert told("one ` only", {}) == "one ` only"


def test_times_are_utc_and_never_is_a_word():
    assert "2026-01-05 00:30&nbsp;UTC" in minute("2026-01-05T00:30:00Z")
    assert "never" in minute(None)


def lost(symbol: str, short: str, long: str) -> dict[str, str]:
    return {"symbol": symbol, "short_loss": short, "long_loss": long}


def test_bars_are_as_long_as_the_loss_and_no_longer_than_the_chart():
    found = [lost("ETH", "60", "40"), lost("SOL", "50", "0"), lost("ETH", "20", "80"), lost("ADA", "-5", "25"), lost("XRP", "30", "-20")]
    bars = {b.symbol: (b.loss, b.short, b.long) for b in loss_bars(found)}
    assert list(bars) == ["ETH", "SOL", "ADA", "XRP"]
    assert bars["ETH"] == ("200", "40.00", "60.00")
    assert bars["SOL"] == ("50", "25.00", "0.00")
    assert bars["ADA"] == ("20", "0.00", "10.00")
    assert bars["XRP"] == ("10", "5.00", "0.00")
    assert loss_bars([]) == []


async def test_with_nothing_watched_each_page_says_what_to_do(owner):
    for path in ("/", "/harvest", "/balances", "/lots", "/gains", "/transactions"):
        page = await owner.get(path)
        assert page.status_code == 200
        assert 'href="/accounts#add"' in page.text, path
    assert "Add an exchange" in (await owner.get("/accounts")).text
    assert "reach nobody" in (await owner.get("/alerts")).text
    assert "Nothing is open." in (await owner.get("/issues")).text


async def test_each_page_shows_what_the_account_has(owner, home):
    await synced_account(home)
    seen = {
        path: (await owner.get(path)).text
        for path in ("/", "/harvest", "/alerts", "/balances", "/lots", "/gains", "/transactions", "/accounts", "/issues")
    }
    assert "$5,000.00" in seen["/"]
    assert "<svg" in seen["/"]
    assert 'aria-label="Loss that could be taken, by asset: ETH 3000 USD"' in seen["/"]
    assert "$3,000.00" in seen["/harvest"]
    assert "Savings" in seen["/harvest"]
    assert "Acknowledge" in seen["/alerts"]
    assert "1 difference" in seen["/balances"]
    assert "−$3,000.00" in seen["/lots"]
    assert "−8,000" in seen["/transactions"]
    assert "count reached" in seen["/accounts"]
    assert "balance difference" in seen["/issues"]
    assert "in Savings" in seen["/alerts"]
    for path, text in seen.items():
        assert text.count('aria-current="page"') == 1, path
        assert not re.search(r'<script|style=|\son[a-z]+="', text), path


async def test_what_a_source_says_is_text_and_no_markup(owner, home):
    account = await synced_account(home)
    found = await home.app.store.account(account)
    from dataclasses import replace

    await home.app.store.save_account(replace(found, label="<b>x</b>", says='"><img src=x>'))
    page = (await owner.get("/accounts")).text
    assert "<img src=x>" not in page
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


async def test_an_exchange_added_by_form_is_read_at_once(owner, home, asgi):
    await home.price(ETH="2500")
    answer = await send(owner, "/accounts/exchange", source=" One ", apiKey="k", secret=SECRET, label="Mine")
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts?said=added")
    await asgi.state.work.wait()
    page = (await owner.get("/accounts?said=added")).text
    assert "The account was added" in page
    assert "Mine" in page
    assert SECRET not in page
    assert len((await owner.get("/api/v1/transactions")).json()["transactions"]) == 2


async def test_an_account_added_while_another_sync_runs_is_read_all_the_same(owner, asgi):
    finish = asyncio.Event()
    asgi.state.work.start("sync", finish.wait())
    answer = await send(owner, "/accounts/exchange", source="one", apiKey="k", secret=SECRET)
    assert answer.headers["location"] == "/accounts?said=added"
    finish.set()
    await asgi.state.work.wait()
    assert len((await owner.get("/api/v1/transactions")).json()["transactions"]) == 2


async def test_a_refused_key_shows_its_sentence_and_keeps_nothing(owner):
    answer = await send(owner, "/accounts/exchange", source="greedy", apiKey="k", secret=SECRET)
    assert answer.status_code == 409
    assert "this key can withdraw" in answer.text
    assert SECRET not in answer.text
    assert (await owner.get("/api/v1/accounts")).json() == {"accounts": []}


async def test_a_seed_phrase_is_refused_and_not_repeated(owner):
    answer = await send(owner, "/accounts/evm", address=SEED, chain="ethereum", rpc="http://127.0.0.1:1")
    assert answer.status_code == 422
    assert "abandon" not in answer.text
    assert "seed phrase" in answer.text


async def test_accounts_are_paused_resumed_probed_synced_and_removed_by_form(owner, home, asgi):
    account = await synced_account(home)
    for what, said in (("pause", "paused"), ("resume", "resumed"), ("probe", "probed"), ("sync", "syncing"), ("remove", "removed")):
        answer = await send(owner, f"/accounts/{account}/{what}")
        assert answer.headers["location"] == f"/accounts?said={said}"
        await asgi.state.work.wait()
    assert (await owner.get("/api/v1/accounts")).json() == {"accounts": []}
    assert (await send(owner, f"/accounts/{account}/pause")).status_code == 422
    assert (await send(owner, f"/accounts/{account}/sell")).status_code == 422


async def test_alerts_are_handled_by_form(owner, home):
    await synced_account(home)
    (alert,) = (await owner.get("/api/v1/alerts")).json()["alerts"]
    assert (await send(owner, f"/alerts/{alert['id']}/ack")).headers["location"] == "/alerts?said=acknowledged"
    assert (await send(owner, f"/alerts/{alert['id']}/snooze", days="7")).headers["location"] == "/alerts?said=snoozed"
    (after,) = (await owner.get("/api/v1/alerts")).json()["alerts"]
    assert after["snoozed_until"] == "2026-06-08T12:00:00Z"
    for days in ("", "0", "-1", "1.5", "366", "²"):
        assert (await send(owner, f"/alerts/{alert['id']}/snooze", days=days)).status_code == 422
    assert (await send(owner, "/alerts/none/ack")).status_code == 422


async def test_a_channel_is_added_by_form_and_tested(owner):
    assert (await send(owner, "/alerts/test")).status_code == 422
    answer = await send(owner, "/channels", url=f"json://user:{SECRET}@host.test", label="Hook")
    assert answer.headers["location"] == "/alerts?said=channel"
    assert SECRET not in (await owner.get("/alerts")).text
    assert (await send(owner, "/alerts/test")).headers["location"] == "/alerts?said=tested"


async def test_a_channel_of_one_message_a_day_says_so(owner):
    answer = await send(owner, "/channels", url="json://host.test", label="Hook", digest="08:00")
    assert answer.headers["location"] == "/alerts?said=channel"
    assert "one a day at 08:00" in (await owner.get("/alerts")).text
    assert (await send(owner, "/channels", url="json://host.test", digest="noon")).status_code == 422


async def test_what_cannot_be_sold_stands_apart_with_its_reason(owner, home):
    await synced_account(home)
    assert "Cannot be sold as it lies" not in (await owner.get("/harvest")).text
    home.clock.pass_time(days=3)
    page = (await owner.get("/harvest")).text
    assert "Cannot be sold as it lies" in page
    assert "no current price" in page


async def test_while_a_sync_runs_the_page_says_so_and_renews_itself(owner, asgi):
    finish = asyncio.Event()
    assert asgi.state.work.start("sync", finish.wait())
    page = (await owner.get("/")).text
    assert 'http-equiv="refresh"' in page
    assert "A sync is running" in page
    assert (await send(owner, "/sync")).headers["location"] == "/?said=already-syncing"
    finish.set()
    await asgi.state.work.wait()
    assert 'http-equiv="refresh"' not in (await owner.get("/")).text


async def test_a_sync_that_fails_is_told_on_the_page_without_its_insides(owner, asgi):
    async def fails() -> None:
        raise RuntimeError(SECRET)

    asgi.state.work.start("sync", fails())
    await asgi.state.work.wait()
    page = (await owner.get("/")).text
    assert "failed within thresher" in page
    assert SECRET not in page


async def test_an_unknown_page_says_so(owner):
    answer = await owner.get("/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "To the overview" in answer.text


async def test_without_an_owner_password_the_page_says_how_to_set_one(stranger, home, monkeypatch):
    async def none(_: object) -> None:
        return None

    monkeypatch.setattr(type(home.app.store), "owner_hash", none)
    assert "thresher init" in (await stranger.get("/login")).text
