"""From plan to proof: recorded before the sale, compared with what was sold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from service.app import holder, lot_choices, proof, queries, rebuild, sources, sync
from service.app.plan import Wishes
from service.app.ports import Refused
from service.domain.plan.proof import broken, hash_of
from service.domain.statements import PlannedSale, gathered
from tests.app.house import Script, Scripted, house


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ROWS = [
    ("d1", day("2026-01-04"), [("fiat:USD", "20000")], "deposit"),
    ("b1", day("2026-01-05"), [("binance:ETH", "1"), ("fiat:USD", "-4000")], "trade"),
    ("b2", day("2026-01-06"), [("binance:ETH", "1"), ("fiat:USD", "-3800")], "trade"),
]
ALL = Wishes()


@pytest.fixture
async def home(tmp_path):
    declared = {"binance:ETH": "2", "fiat:USD": "12200"}
    async with house(tmp_path, {"one": Script(rows=list(ROWS), declared=declared)}) as made:
        account = await sources.add_other(made.app, "scripted", "one", {"token": "s3cret"}, None)
        await holder.set_method(made.app, account.id, "specific", day("2026-01-01").date())
        await holder.set_profile(made.app, {"later_rate": "0"})
        await made.price(ETH="2500")
        await sync.sync(made.app)
        yield made


async def sold(home, *rows):
    """The exchange tells of these; the account is read."""
    script = Scripted.scripts["one"]
    script.rows += rows
    for row in rows:
        for asset, quantity in row[2]:
            script.declared[asset] = str(Decimal(script.declared.get(asset, "0")) + Decimal(quantity))
    home.clock.pass_time(hours=2)
    await home.price(ETH="2500")
    await sync.sync(home.app)


def later(home, hours=1):
    return home.clock.at.replace(hour=home.clock.at.hour + hours)


async def only(home):
    (one,) = (await proof.answer(home.app))["proofs"]
    return one


async def test_a_planned_sale_is_recorded_for_the_ledger_and_to_keep(home):
    (record,) = await proof.identify(home.app, ALL)
    assert [(p.quantity, p.gain, p.term) for p in record.lots] == [(1, -1500, "short"), (1, -1300, "short")]
    said = gathered(await home.app.store.statements())
    assert [(c.lot, c.quantity) for word in said.identifications for c in word.lots] == [(p.lot, p.quantity) for p in record.lots]
    told = await only(home)
    assert (told["state"], told["intact"], told["previous"], told["planned_gain"]) == ("waiting", True, None, "-2800")
    account = await home.app.store.account(record.account)
    text = proof.text_of(record, replace(account, kind="exchange"), 1)
    assert all(word in text for word in (record.hash, "cost 4,000.00", "2 ETH", "To send to", "Notice 2026-20"))
    assert "To send to" not in proof.text_of(record, replace(account, kind="wallet"), 1)


async def test_a_sale_as_planned_and_what_was_bought_back(home):
    await proof.identify(home.app, ALL)
    at = later(home)
    await sold(
        home,
        ("s1", at, [("binance:ETH", "-2"), ("fiat:USD", "4990")], "trade"),
        ("b3", at.replace(minute=30), [("binance:ETH", "2"), ("fiat:USD", "-5005")], "trade"),
    )
    told = await only(home)
    assert (told["state"], told["gain"], told["bought_back"], told["deviations"]) == ("as planned", "-2810", "2", [])
    assert [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "plan_deviation"] == []


async def test_a_sale_that_went_otherwise_is_an_issue_that_says_how(home):
    await proof.identify(home.app, ALL)
    await sold(home, ("s1", later(home), [("binance:ETH", "-0.5"), ("fiat:USD", "1500")], "trade"))
    told = await only(home)
    assert told["state"] == "otherwise"
    first, second = (p["lot"] for p in told["lots"])
    assert told["deviations"] == [
        f"0.5 of lot {first} were consumed, 1 were planned",
        f"0 of lot {second} were consumed, 1 were planned",
        "the sale realised -500.00, and -2,800.00 was planned at 2500",
    ]
    (issue,) = [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "plan_deviation"]
    assert issue["says"].startswith("The sale of ETH in one on 2026-06-01 went otherwise than planned: 0.5 of lot")


async def test_a_newer_record_before_the_sale_takes_the_place_of_the_older(home):
    await proof.identify(home.app, ALL)
    home.clock.pass_time(hours=1)
    (second,) = await proof.identify(home.app, ALL)
    await sold(home, ("s1", later(home), [("binance:ETH", "-2"), ("fiat:USD", "5000")], "trade"))
    told = (await proof.answer(home.app))["proofs"]
    assert [p["state"] for p in told] == ["superseded", "as planned"]
    assert told[1]["previous"] == told[0]["hash"]
    assert told[1]["hash"] == second.hash == hash_of(second)


async def test_a_record_that_was_changed_taken_out_or_put_elsewhere_shows():
    at = day("2026-06-01")
    chain: list[PlannedSale] = []
    for n in range(4):
        made = PlannedSale("a", "eth", "ETH", "fifo", (), Decimal(n), at, "l", "r", at, chain[-1].hash if chain else "", "")
        chain.append(replace(made, hash=hash_of(made)))
    assert broken(chain) == []
    assert broken([*chain[:1], replace(chain[1], price=Decimal(9)), *chain[2:]]) == [1]
    assert broken([chain[0], *chain[2:]]) == [1]
    assert broken(chain[1:]) == [0]
    forged = replace(chain[1], price=Decimal(9))
    assert broken([chain[0], replace(forged, hash=hash_of(forged)), *chain[2:]]) == [2]


async def test_what_the_plan_does_not_have_cannot_be_identified(home):
    for words in ({"account": "nobody"}, {"asset": "BTC"}):
        with pytest.raises(Refused):
            await proof.identify(home.app, ALL, **words)
    assert (await proof.answer(home.app))["proofs"] == []


async def test_a_record_replays_no_pool(home):
    (record,) = await proof.identify(home.app, ALL)
    await home.app.store.say(replace(record, previous=record.hash), "main")
    assert (await rebuild.rebuild(home.app)).replayed == 0


async def test_of_two_words_for_the_next_sale_the_newer_counts(home):
    account = (await home.app.store.accounts())[0]
    older, newer = (lot.id for lot in sorted(await home.app.store.lots(), key=lambda lot: lot.acquired_at))
    for named in (older, newer):
        home.clock.pass_time(hours=1)
        await lot_choices.identify(home.app, account.id, "ETH", [(named, "1")])
    await sold(home, ("s1", later(home), [("binance:ETH", "-1"), ("fiat:USD", "2500")], "trade"))
    assert [d.lot for d in await home.app.store.disposals()] == [newer]
    assert [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "lot_not_available"] == []
