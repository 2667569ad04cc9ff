"""The ladder as it is answered, and an evaluation as if it were another time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.contract import Asset, Quote
from service.app import evaluate, queries, sources, sync
from service.app.ladder import ladder
from service.app.ports import Refused
from tests.app.house import Script, house


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
async def home(tmp_path):
    rows = [
        ("b1", day("2026-01-05"), [("binance:ETH", "1"), ("fiat:USD", "-3000")], "trade"),
        ("b2", day("2026-01-06"), [("binance:BTC", "0.0001"), ("fiat:USD", "-10")], "trade"),
    ]
    async with house(tmp_path, {"one": Script(rows=rows)}) as made:
        await sources.add_other(made.app, "scripted", "one", {"token": "t"}, None)
        await made.price(ETH="2900", BTC="100000")
        await sync.sync(made.app)
        yield made


async def test_each_holding_has_the_price_at_which_it_becomes_worth_a_word(home):
    btc, eth = (await ladder(home.app))["ladder"]
    assert (eth["symbol"], eth["price"], eth["fires_at"], eth["ends_above"]) == ("ETH", "2900", "2400", "2520")
    assert (btc["symbol"], btc["fires_at"], btc["ends_above"]) == ("BTC", None, None)


async def test_what_the_ladder_tells_is_what_happens(home):
    await home.price(ETH="2400.01")
    assert (await evaluate.evaluate(home.app)).said == ()
    home.clock.pass_time(minutes=1)
    await home.price(ETH="2400")
    assert [m.kind for m in (await evaluate.evaluate(home.app)).said] == ["opened"]


async def test_an_evaluation_as_if_it_were_later(home):
    home.clock.pass_time(minutes=1)
    await home.price(ETH="2000")
    opened = await evaluate.evaluate(home.app)
    assert [m.kind for m in opened.said] == ["opened"]
    with pytest.raises(Refused) as refused:
        await evaluate.evaluate_at(home.app, day("2026-05-31"))
    assert refused.value.field == "at"
    await home.app.store.save_quotes([Quote(Asset("eth"), "USD", Decimal(4000), day("2026-06-20"), "import", "instant")], home.clock())
    later = await evaluate.evaluate_at(home.app, day("2026-06-02"))
    assert (later.at, later.said) == (day("2026-06-02"), ())
    assert (await queries.harvest(home.app))["opportunities"]
