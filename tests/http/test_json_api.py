"""The API gives the answers of the use cases under the keys that the outside relies on, and never a secret."""

from __future__ import annotations

import pytest

from service.app import queries
from service.http.api import KEYS
from tests.http.steps import ORIGIN, synced_account

SECRET = "Zk7sT-very-secret-9"
SEED = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
DESIGNED = {
    "accounts": "id kind source label status permissions last_sync proved_until",
    "balances": "account asset symbol derived declared difference flags",
    "transactions": "id account occurred_at kind chain_ref legs matched_with flags",
    "lots": "id account asset symbol quantity basis acquired_at term price value unrealised flags",
    "opportunities": "id account asset symbol lots quantity loss term saving costs net certainty price price_at blocked_by",
    "alerts": "id state opportunity created_at message deliveries",
    "issues": "id kind severity subject says remedy",
    "coverage": "account stream from to proof unreachable",
}


@pytest.mark.parametrize("noun", DESIGNED)
async def test_each_noun_has_its_keys_and_is_the_use_cases_answer(robot, home, noun):
    await synced_account(home)
    told = (await robot.get(f"/api/v1/{noun}")).json()
    ask = queries.harvest if noun == "opportunities" else getattr(queries, noun)
    assert told == await ask(home.app)
    assert told[noun], "the account has something of everything"
    for item in told[noun]:
        assert set(DESIGNED[noun].split()) <= set(KEYS[noun].split()) <= item.keys()


async def test_harvest_is_opportunities_and_amounts_are_texts(robot, home):
    await synced_account(home)
    told = (await robot.get("/api/v1/harvest")).json()
    assert told == (await robot.get("/api/v1/opportunities")).json()
    assert told["opportunities"][0]["loss"] == "3000"
    assert (await robot.get("/api/v1/overview")).json()["overview"]["value"] == "5000"


async def test_transactions_can_be_limited(robot, home):
    await synced_account(home)
    (newest,) = (await robot.get("/api/v1/transactions?limit=1")).json()["transactions"]
    assert newest["occurred_at"] == "2026-01-05T00:00:00Z"
    assert (await robot.get("/api/v1/transactions?limit=0")).status_code == 422


async def test_an_exchange_is_added_synced_paused_resumed_probed_and_removed(robot, home):
    await home.price(ETH="2500")
    body = {"source": "one", "credentials": {"apiKey": "K" + SECRET, "secret": SECRET}, "label": "Mine"}
    added = await robot.post("/api/v1/accounts/exchange", json=body)
    assert added.status_code == 201
    assert SECRET not in added.text
    account = added.json()["account"]
    assert (account["label"], account["status"]) == ("Mine", "active")
    again = await robot.post("/api/v1/accounts/exchange", json=body)
    assert again.json()["account"]["id"] == account["id"]
    report = (await robot.post(f"/api/v1/accounts/{account['id']}/sync")).json()["sync"]
    assert [(a["outcome"], a["new"]) for a in report["accounts"]] == [("synced", 2)]
    assert report["opportunities"] == 1
    place = f"/api/v1/accounts/{account['id']}"
    assert (await robot.post(f"{place}/pause")).json()["account"]["status"] == "paused"
    assert (await robot.post(f"{place}/resume")).json()["account"]["status"] == "active"
    assert (await robot.post(f"{place}/probe")).json()["account"]["permissions"] == "read-only"
    assert (await robot.post("/api/v1/sync")).json()["sync"]["changed"] is False
    assert (await robot.post("/api/v1/evaluate")).json()["evaluation"]["opportunities"] == 1
    assert (await robot.delete(place)).json()["account"]["id"] == account["id"]
    assert (await robot.get("/api/v1/accounts")).json() == {"accounts": []}
    assert (await robot.delete(place)).status_code == 404


async def test_a_key_that_can_do_too_much_is_a_conflict_and_nothing_is_stored(robot):
    body = {"source": "greedy", "credentials": {"apiKey": "k", "secret": SECRET}}
    answer = await robot.post("/api/v1/accounts/exchange", json=body)
    assert answer.status_code == 409
    assert "can withdraw" in answer.json()["error"]["says"]
    assert (await robot.get("/api/v1/accounts")).json() == {"accounts": []}


async def test_refusals_name_the_field(robot):
    answer = await robot.post("/api/v1/accounts/evm", json={"address": "0x" + "11" * 20, "chain": "nochain"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "chain")
    assert (await robot.post("/api/v1/alerts/test")).json()["error"]["field"] == "channel"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("accounts/exchange", f'{{"source": "one", "credentials": "{SECRET}"}}'),
        ("accounts/exchange", f'{{"source": "one", "credentials": {{"apiKey": ["{SECRET}"]}}}}'),
        ("accounts/exchange", f'{{"source": {{"a": "{SECRET}"}}, "credentials": {{"{SECRET}": 1}}}}'),
        ("accounts/exchange", f'{{"source": "one", "credentials": {{"apiKey": "k"}}, "{SECRET}": "{SECRET}"}}'),
        ("accounts/exchange", f'{{"secret": "{SECRET}"'),
        ("accounts/exchange", f'"{SECRET}"'),
        ("accounts/evm", f'{{"address": ["{SECRET}"], "chain": "ethereum"}}'),
        ("accounts/evm", f'{{"address": "{SEED}", "chain": "ethereum"}}'),
        ("channels", f'{{"url": {{"x": "{SECRET}"}}}}'),
        ("alerts/x/snooze", f'{{"until": "{SECRET}"}}'),
    ],
)
async def test_what_was_sent_is_never_repeated(robot, path, content):
    answer = await robot.post(f"/api/v1/{path}", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (404, 422)
    assert answer.json()["error"]["says"]
    assert SECRET not in answer.text
    assert "abandon" not in answer.text


async def test_alerts_are_acknowledged_and_snoozed(robot, home):
    await synced_account(home)
    (alert,) = (await robot.get("/api/v1/alerts")).json()["alerts"]
    place = f"/api/v1/alerts/{alert['id']}"
    assert (await robot.post(f"{place}/ack")).json()["alert"]["state"] == "acknowledged"
    snoozed = (await robot.post(f"{place}/snooze", json={"until": "2026-07-01T00:00:00+02:00"})).json()["alert"]
    assert (snoozed["state"], snoozed["snoozed_until"]) == ("snoozed", "2026-06-30T22:00:00Z")
    past = await robot.post(f"{place}/snooze", json={"until": "2026-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["error"]["field"]) == (422, "until")
    local = await robot.post(f"{place}/snooze", json={"until": "2026-07-01T00:00:00"})
    assert (local.status_code, local.json()["error"]["field"]) == (422, "until")
    assert (await robot.post("/api/v1/alerts/none/ack")).status_code == 404


async def test_a_channel_is_shown_masked_and_can_be_tested(robot):
    added = await robot.post("/api/v1/channels", json={"url": f"json://user:{SECRET}@host.test/x", "label": "Hook"})
    assert added.status_code == 201
    assert SECRET not in added.text
    assert (await robot.post("/api/v1/alerts/test")).json() == {"test": {"channels": 1}}
    assert SECRET not in (await robot.get("/api/v1/channels")).text


async def test_a_channel_may_have_a_digest_and_a_secret_that_is_told_once(robot):
    body = {"url": "json://host.test/x", "digest": "08:00", "signed": True}
    told = (await robot.post("/api/v1/channels", json=body)).json()["channel"]
    assert (told["digest"], told["signed"]) == ("08:00", True)
    assert len(told["secret"]) >= 32
    assert told["secret"] not in (await robot.get("/api/v1/channels")).text
    assert (await robot.post("/api/v1/channels", json={**body, "digest": "noon"})).status_code == 422


async def test_the_ladder_tells_two_prices_of_each_holding(robot, home):
    await synced_account(home)
    (rung,) = (await robot.get("/api/v1/ladder")).json()["ladder"]
    assert (rung["symbol"], rung["price"], rung["fires_at"], rung["ends_above"]) == ("ETH", "2500", "3200", "3360")


async def test_a_change_by_cookie_from_our_own_page_is_taken(owner):
    answer = await owner.post("/api/v1/channels", json={"url": "json://host.test"}, headers={"Origin": ORIGIN})
    assert answer.status_code == 201
    by_browser = await owner.post("/api/v1/channels", json={"url": "json://host.test"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert by_browser.status_code == 201


async def test_the_openapi_document_names_every_noun(stranger):
    document = (await stranger.get("/api/v1/openapi.json")).json()
    assert {f"/api/v1/{noun}" for noun in (*DESIGNED, "harvest", "overview", "channels", "sync")} <= document["paths"].keys()
    items = document["paths"]["/api/v1/lots"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["lots"][
        "items"
    ]
    assert "unrealised" in items["required"]
    assert not any(path.startswith("/api/v1/") is False for path in document["paths"])
