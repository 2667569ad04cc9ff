"""The plan over the API and as a page: what the command says, recorded before the sale."""

from __future__ import annotations

import pytest

from service.app import plan, proof, sources, sync, tax_year
from service.app.plan import Wishes
from service.app.ports import Refused
from service.http.api import KEYS


@pytest.fixture
async def priced(home):
    await sources.add_other(home.app, "scripted", "one", {"token": "s3cret"}, "Mine")
    await home.price(ETH="2500")
    await sync.sync(home.app)
    return home


async def test_the_plan_and_the_year_are_what_the_use_cases_say(robot, priced):
    told = (await robot.get("/api/v1/plan")).json()
    assert told == await plan.plan(priced.app, Wishes())
    assert set(KEYS["plan"].split()) == told["plan"].keys()
    assert [sale["symbol"] for sale in told["plan"]["sales"]] == ["ETH"]
    assert (await robot.get("/api/v1/tax?plan=true")).json() == await tax_year.picture(priced.app, with_plan=True)
    more = (await robot.get("/api/v1/plan?outside_st=-3000&sales=1&gains=true")).json()["plan"]
    assert more["next_dollar"]["short"] == "0"


@pytest.mark.parametrize("query", ["sales=0", "outside_st=NaN", "outside_lt=much", "gains=perhaps"])
async def test_words_that_are_none_are_named(robot, query):
    told = await robot.get(f"/api/v1/plan?{query}")
    assert (told.status_code, told.json()["error"]["field"]) == (422, query.partition("=")[0])


async def test_a_sale_is_recorded_and_shown(robot, owner, priced):
    made = await robot.post("/api/v1/plan/identify", json={"asset": "eth"})
    assert made.status_code == 201
    (item,) = made.json()["identified"]
    assert item["hash"] in item["text"]
    told = (await robot.get("/api/v1/plan/proofs")).json()
    assert told == await proof.answer(priced.app)
    assert set(KEYS["proofs"].split()) == told["proofs"][0].keys()
    refused = await robot.post("/api/v1/plan/identify", json={"asset": "BTC"})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "plan")
    page = await owner.get("/plan")
    assert page.status_code == 200
    missing = [
        word
        for word in (
            "Tax saved this year",
            "with what is carried on",
            "<summary>1 lot</summary>",
            '<data value="-3000">',
            "waiting",
            "Mine",
        )
        if word not in page.text
    ]
    assert missing == [], page.text


async def test_without_a_sale_the_page_says_why(owner, home):
    page = await owner.get("/plan")
    assert "No lot that can be sold has a loss." in page.text


async def test_a_year_without_rules_is_told_on_the_page(owner, monkeypatch):
    async def none(*_):
        raise Refused("year", "rules/us.toml has no figures for the tax year 2031")

    monkeypatch.setattr(plan, "plan", none)
    page = await owner.get("/plan")
    assert (page.status_code, "no figures for the tax year 2031" in page.text) == (200, True)


async def test_a_stranger_is_told_nothing(stranger):
    for path in ("plan", "plan/proofs", "tax"):
        assert (await stranger.get(f"/api/v1/{path}")).status_code == 401
    assert (await stranger.post("/api/v1/plan/identify", json={})).status_code == 401
