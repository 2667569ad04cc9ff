"""A plan from what is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from service.app import holder, plan, sources, sync
from service.app.plan import Wishes
from service.app.ports import Refused
from tests.app.house import Script, Scripted, house


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ROWS = [
    ("d1", day("2026-01-04"), [("fiat:USD", "20000")], "deposit"),
    ("b1", day("2026-01-05"), [("binance:ETH", "2"), ("fiat:USD", "-8000")], "trade"),
    ("b2", day("2026-01-06"), [("binance:BTC", "0.1"), ("fiat:USD", "-9000")], "trade"),
]


@pytest.fixture
async def home(tmp_path):
    declared = {"binance:ETH": "2", "binance:BTC": "0.1", "fiat:USD": "3000"}
    async with house(tmp_path, {"one": Script(rows=list(ROWS), declared=declared)}) as made:
        await sources.add_other(made.app, "scripted", "one", {"token": "s3cret"}, None)
        await made.price(ETH="2500", BTC="70000")
        await sync.sync(made.app)
        yield made


async def test_the_best_of_two_losses_with_what_it_rests_on(home):
    """The year uses 3,000, and losses carried on are worth nothing here. 3,000 of ETH lie on 5,000 of value, 2,000 of BTC on 7,000."""
    await holder.set_profile(home.app, {"later_rate": "0.15", "later_years": "0", "discount_rate": "1"})
    told = (await plan.plan(home.app, Wishes()))["plan"]
    assert [(s["symbol"], s["quantity"], s["gain"], s["method"]) for s in told["sales"]] == [("ETH", "2", "-3000", "fifo")]
    assert (told["saving"], told["carry"], told["costs"], told["deferred"], told["net"]) == ("720", "0", "15", "450", "255")
    assert (told["year"], told["computed"], told["rules"], told["left_out"], told["reason"]) == (2026, "marginal", "us-2026", [], None)
    await holder.set_profile(home.app, {"later_rate": "0.24"})
    told = (await plan.plan(home.app, Wishes()))["plan"]
    assert (told["sales"], told["reason"]) == (
        [],
        "What a loss saves is less than fees, moves and the tax that a lower basis brings later.",
    )


async def test_results_elsewhere_and_income_change_the_plan(home):
    await holder.set_profile(home.app, {"later_rate": "0"})
    more = (await plan.plan(home.app, Wishes(short=Decimal(5000))))["plan"]
    assert sum(Decimal(s["gain"]) for s in more["sales"]) == -5000
    assert more["before"]["tax"] == "1200"
    await holder.set_profile(home.app, {"income": "10000"})
    poor = (await plan.plan(home.app, Wishes()))["plan"]
    assert (poor["computed"], poor["sales"]) == ("federal", [])
    assert "saves no tax this year" in poor["reason"]


async def test_at_most_so_many_sales(home):
    await holder.set_profile(home.app, {"later_rate": "0"})
    one = (await plan.plan(home.app, Wishes(short=Decimal(5000), most_sales=1)))["plan"]
    assert [s["symbol"] for s in one["sales"]] == ["ETH"]
    with pytest.raises(Refused, match="1 or more"):
        await plan.plan(home.app, Wishes(most_sales=0))


async def test_a_lot_without_a_price_is_left_out_and_named(home):
    home.clock.pass_time(hours=72)
    await home.price(BTC="70000")
    told = (await plan.plan(home.app, Wishes()))["plan"]
    assert [lot["symbol"] for lot in told["left_out"]] == ["ETH"]


async def test_coins_may_be_bought_back_at_once_until_a_law_says_otherwise(home):
    await holder.set_profile(home.app, {"later_rate": "0"})
    free = (await plan.plan(home.app, Wishes()))["plan"]["repurchase"]
    assert (free["window"], free["free_from"], free["saving_now"]) == (None, "2026-06-01", "720")
    assert "1091" in free["source"]
    folder = home.app.settings.config_dir / "rules"
    folder.mkdir()
    (folder / "us.toml").write_text('[windows.crypto_bills]\nsince = 2026-05-01\nstatus = "law"\nsource = "a bill that passed"\n')
    told = (await plan.plan(home.app, Wishes()))["plan"]["repurchase"]
    assert told["window"] == {"before_days": 30, "after_days": 30, "same_day": True}
    assert (told["free_from"], told["saving_now"], told["saving_later"], told["bought_before"]) == ("2026-07-02", "0", "720", {})


async def test_what_was_bought_shortly_before_a_sale_stands_in_its_way_under_a_window(home):
    """2 ETH at a loss of 3,000 of January, and 1 more of 20 May that loses nothing: FIFO sells the 2, the third takes half of the loss."""
    script = Scripted.scripts["one"]
    script.rows.append(("b3", day("2026-05-20"), [("binance:ETH", "1"), ("fiat:USD", "-2400")], "trade"))
    script.declared |= {"binance:ETH": "3", "fiat:USD": "600"}
    await holder.set_profile(home.app, {"later_rate": "0", "discount_rate": "1"})
    await sync.sync(home.app)
    folder = home.app.settings.config_dir / "rules"
    folder.mkdir()
    (folder / "us.toml").write_text('[windows.crypto_bills]\nsince = 2026-05-01\nstatus = "law"\nsource = "a bill that passed"\n')
    made = (await plan.plan(home.app, Wishes(most_sales=1)))["plan"]
    assert [(s["symbol"], s["quantity"], s["gain"]) for s in made["sales"]] == [("ETH", "2", "-3000")]
    assert list(made["repurchase"]["bought_before"].values()) == ["1"]
    assert (made["repurchase"]["saving_now"], made["repurchase"]["saving_later"]) == ("0", "360")
