"""What a running service says is what full evaluations say; but while no price leaves its span nothing is evaluated."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from service.app import evaluate, holder, rebuild, sources, sync
from service.app.watch import Watch
from tests.app.house import Script, Scripted, house


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def script():
    """1 ETH for 3,000 and 0.05 BTC for 5,000, dearest last."""
    rows = [
        ("e1", day("2026-01-05"), [("binance:ETH", "1"), ("fiat:USD", "-3000")], "trade"),
        ("b1", day("2025-01-05"), [("binance:BTC", "0.02"), ("fiat:USD", "-1200")], "trade"),
        ("b2", day("2026-01-06"), [("binance:BTC", "0.03"), ("fiat:USD", "-3800")], "trade"),
    ]
    return Script(rows=rows, page_size=10)


@pytest.fixture
async def home(tmp_path):
    async with house(tmp_path, {"one": script()}) as made:
        await sources.add_other(made.app, "scripted", "one", {"token": "t"}, None)
        await made.price(ETH="2900", BTC="100000")
        await sync.sync(made.app)
        yield made


@pytest.fixture
def looks(monkeypatch):
    """One entry for each full evaluation."""
    counted = []
    real = evaluate.look

    async def look(app):
        counted.append(app.now())
        return await real(app)

    monkeypatch.setattr(evaluate, "look", look)
    return counted


async def tick(home, watch, *, minutes=15, **prices):
    home.clock.pass_time(minutes=minutes)
    await home.price(**prices)
    return [m.kind for m in (await watch(home.app)).said]


async def test_while_prices_stay_in_their_spans_nothing_is_evaluated(home, looks):
    watch = Watch()
    assert await tick(home, watch, ETH="2900", BTC="100000") == []
    for price in ("2800", "2700", "2500", "2401", "5000"):
        assert await tick(home, watch, ETH=price, BTC="100000") == []
    assert len(looks) == 1
    assert await tick(home, watch, ETH="2400", BTC="100000") == ["opened"]
    assert len(looks) == 2
    assert await tick(home, watch, ETH="2410", BTC="100000") == []
    assert len(looks) == 2
    assert await tick(home, watch, ETH="2521", BTC="100000") == ["resolved"]


@pytest.mark.parametrize("seed", [4, 7])
async def test_what_is_said_is_what_full_evaluations_say(tmp_path, seed, looks):
    said = {}
    for name in ("watched", "evaluated"):
        walk, watch = random.Random(seed), Watch()
        async with house(tmp_path / name, {"one": script()}) as home:
            await sources.add_other(home.app, "scripted", "one", {"token": "t"}, None)
            await home.price(ETH="2500", BTC="100000")
            await sync.sync(home.app)
            looks.clear()
            told, eth, btc = [], 2500.0, 100_000.0
            for _ in range(70):
                eth, btc = eth * walk.uniform(0.96, 1.038), btc * walk.uniform(0.96, 1.038)
                home.clock.pass_time(minutes=walk.choice([15, 60, 1500]))
                await home.price(ETH=f"{eth:.2f}", BTC=f"{btc:.2f}")
                done = await (watch(home.app) if name == "watched" else evaluate.evaluate(home.app))
                told += [(home.clock(), m) for m in done.said]
            said[name] = told
            if name == "watched":
                assert len(looks) < 70
    assert said["watched"] == said["evaluated"]
    assert len(said["watched"]) > 2


async def test_whatever_else_changes_is_evaluated(home, looks):
    watch = Watch()
    await tick(home, watch, ETH="2410", BTC="100000")
    await holder.set_profile(home.app, {"loss_share": "0.19"})
    assert await tick(home, watch, ETH="2410", BTC="100000") == ["opened"]
    Scripted.scripts["one"].rows.append(("e2", home.clock(), [("binance:ETH", "-1"), ("fiat:USD", "2410")], "trade"))
    (account,) = await home.app.store.accounts()
    await sync.sync(home.app, [account.id])
    assert len(looks) == 3  # a sync evaluates by itself
    await rebuild.rebuild(home.app)
    await tick(home, watch, ETH="2410", BTC="100000")
    assert len(looks) == 4
    await holder.add_channel(home.app, "json://example.test/hook")
    await tick(home, watch, ETH="2410", BTC="100000")
    assert len(looks) == 5


async def test_time_alone_can_give_something_to_say(home, looks):
    watch = Watch()
    assert await tick(home, watch, ETH="2000", BTC="100000") == ["opened"]
    (alert,) = await home.app.store.alerts()
    await holder.snooze(home.app, alert.id, day("2026-06-10"))
    assert await tick(home, watch, ETH="2000", BTC="100000") == []
    quiet = len(looks)
    assert await tick(home, watch, ETH="2000", BTC="100000") == []
    assert len(looks) == quiet
    home.clock.at = day("2026-06-10")
    assert await tick(home, watch, ETH="2000", BTC="100000") == ["opened"]


async def test_a_price_that_grows_stale_is_told(home):
    watch = Watch()
    await tick(home, watch, ETH="2900", BTC="100000")
    home.clock.pass_time(days=3)
    await home.price(BTC="100000")
    assert [i.subject for i in (await watch(home.app)).issues] == ["eth"]
