"""A price file: what it may name, and that every price which an issue asks for can be given by it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.app import evaluate, price_file, queries, rebuild, sync
from service.app.ports import Refused
from tests.app.house import Script, house
from tests.app.test_sync_and_alerts import add, day

TOKEN = "eip155:1/erc20:0x" + "ab" * 20


@pytest.fixture
async def home(tmp_path):
    rows = [
        ("d1", day("2026-01-04"), [("fiat:EUR", "10000")], "deposit"),
        ("b1", day("2026-01-05"), [("kraken:FOO", "100"), ("fiat:EUR", "-4000")], "trade"),
    ]
    async with house(tmp_path, {"one": Script(rows=rows, declared={"kraken:FOO": "100", "fiat:EUR": "6000"})}) as made:
        yield made


@pytest.mark.parametrize(
    ("word", "asset"),
    [
        ("ETH", "eth"),
        ("eth", "eth"),
        ("kraken:XETH", "eth"),
        ("EUR", "fiat:EUR"),
        ("eur", "fiat:EUR"),
        ("fiat:EUR", "fiat:EUR"),
        ("fiat:gbp", "fiat:GBP"),
        ("kraken:FOO", "kraken:FOO"),
        (TOKEN, TOKEN),
        (TOKEN.replace("ab", "AB"), TOKEN),
    ],
)
async def test_what_an_asset_may_be_called(home, word, asset):
    (quote,) = price_file.read(["date,asset,price_usd", f"2026-01-05,{word},1.1"], home.app.assets)
    assert (quote.asset, quote.at, quote.span) == (asset, datetime(2026, 1, 5, tzinfo=UTC), "day")


async def test_a_code_is_what_it_was_on_that_day(home):
    lines = ["date,asset,price_usd", "2021-05-01,binance:LUNA,15", "2023-05-01,binance:LUNA,1.2"]
    older, newer = price_file.read(lines, home.app.assets)
    assert older.asset != newer.asset


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("FOO", "no asset table"),
        ("USD", "US dollars"),
        ("fiat:USD", "US dollars"),
        ("fiat:EURO", "three letters"),
        ("a b:c", "no asset table"),
    ],
)
async def test_what_is_refused(home, word, why):
    with pytest.raises(Refused, match=why):
        price_file.read(["date,asset,price_usd", f"2026-01-05,{word},1.1"], home.app.assets)


async def test_what_the_issues_ask_for_closes_them(home):
    await add(home)
    await sync.sync(home.app)
    missing = [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "missing_price"]
    assert missing
    lines = ["date,asset,price_usd", "2026-01-05,EUR,1.1"]
    lines += [f"2026-06-01,{lot['asset']},20" for lot in (await queries.lots(home.app))["lots"]]
    assert await price_file.import_prices(home.app, lines) == (2, 0)
    await rebuild.rebuild(home.app)
    (lot,) = (await queries.lots(home.app))["lots"]
    assert (lot["asset"], lot["basis"], lot["value"], lot["unrealised"]) == ("kraken:FOO", "4400", "2000", "-2400")
    assert [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "missing_price"] == []
    assert [(p["asset"], p["symbol"]) for p in (await queries.prices(home.app))["prices"]] == [("kraken:FOO", "FOO")]
    told = await evaluate.evaluate(home.app)
    assert [(o.symbol, o.loss, o.blocked_by) for o in told.opportunities] == [("FOO", 2400, ())]
    assert [m.kind for m in told.said] == ["opened"]


async def test_the_price_that_an_issue_names_is_taken_as_it_is_written(home):
    await add(home)
    await sync.sync(home.app)
    (missing,) = [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "missing_price"]
    line = missing["remedy"].split("with the line ")[1].rstrip(".").replace("PRICE", "44")
    await price_file.import_prices(home.app, ["date,asset,price_usd", line])
    await rebuild.rebuild(home.app)
    assert [lot["basis"] for lot in (await queries.lots(home.app))["lots"]] == ["4400"]
