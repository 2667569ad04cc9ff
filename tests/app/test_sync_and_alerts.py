"""The host's part: retries, cursors, refusals, the whole way from rows to a delivered alert, and no word twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Page, RetryLater, SourceChanged
from service.app import access, evaluate, evidence, holder, outbox, queries, rebuild, sources, sync
from service.app.ports import Busy, Refused, Stopped
from tests.app.house import Script, house


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BOUGHT = ("b1", day("2026-01-05"), [("binance:ETH", "2"), ("fiat:USD", "-8000")], "trade")
DEPOSITED = ("d1", day("2026-01-04"), [("fiat:USD", "10000")], "deposit")


def script(**more) -> Script:
    return Script(rows=[DEPOSITED, BOUGHT], declared={"binance:ETH": "2", "fiat:USD": "2000"}, **more)


@pytest.fixture
async def home(tmp_path):
    async with house(tmp_path, {"one": script(), "two": script(page_size=1)}) as made:
        yield made


async def add(home, name="one"):
    return await sources.add_other(home.app, "scripted", name, {"token": "s3cret"}, None)


async def test_from_rows_to_a_delivered_alert(home):
    await add(home)
    await holder.add_channel(home.app, "json://example.test/hook")
    await home.price(ETH="2500")
    report = await sync.sync(home.app)
    assert [(p.outcome, p.new) for p in report.accounts] == [("synced", 2)]
    (found,) = (await queries.harvest(home.app))["opportunities"]
    assert (found["loss"], found["term"], found["blocked_by"]) == ("3000", "short", [])
    assert found["saving"] == "720"  # 3,000 of loss under the limit, at 24 percent
    ((_, message),) = home.post.sent
    assert "ETH" in message.title + message.body
    assert "Lots, in this order: 2 acquired 2026-01-05." in message.body
    (alert,) = (await queries.alerts(home.app))["alerts"]
    assert alert["state"] == "open"
    assert [d["state"] for d in alert["deliveries"]] == ["delivered"]
    assert (await holder.explain_alert(home.app, alert["id"]))["reproduced"] is True


async def test_a_channel_that_comes_later_hears_of_open_alerts_once(home):
    await add(home)
    await home.price(ETH="2500")
    await sync.sync(home.app)
    assert home.post.sent == []
    await holder.add_channel(home.app, "json://example.test/hook")
    await evaluate.evaluate(home.app)
    await evaluate.evaluate(home.app)
    ((_, message),) = home.post.sent
    assert "ETH" in message.title


async def test_a_channel_that_comes_later_hears_what_is_true_today(home):
    await add(home)
    await home.price(ETH="2500")
    await sync.sync(home.app)
    home.clock.pass_time(hours=24 * 30)
    await holder.add_channel(home.app, "json://example.test/hook")
    await evaluate.evaluate(home.app)
    assert home.post.sent == []  # no fresh price: no opinion
    await home.price(ETH="2400")
    await evaluate.evaluate(home.app)
    ((_, message),) = home.post.sent
    assert "Price 2400 USD" in message.body


async def test_a_second_sync_says_nothing_new_and_changes_nothing(home):
    await add(home)
    await holder.add_channel(home.app, "json://example.test/hook")
    await home.price(ETH="2500")
    await sync.sync(home.app)
    again = await sync.sync(home.app)
    assert (again.changed, again.evaluation.said) == (False, ())
    assert len(home.post.sent) == 1


async def test_failures_are_retried_from_the_stored_cursor_and_waited_for(home):
    from tests.app.house import Scripted

    Scripted.scripts["two"].faults = [RetryLater("busy", after_seconds=7)]
    await add(home, "two")
    report = await sync.sync(home.app)
    assert report.accounts[0].outcome == "synced"
    assert home.waits == [7]


async def test_a_source_that_stays_down_is_an_error_and_loses_nothing(home):
    from tests.app.house import Scripted

    account = await add(home)
    await sync.sync(home.app)
    Scripted.scripts["one"].faults = [RetryLater("down")] * 20
    Scripted.scripts["one"].rows.append(("b2", day("2026-02-01"), [("binance:ETH", "1"), ("fiat:USD", "-2000")], "trade"))
    report = await sync.sync(home.app)
    assert (report.accounts[0].outcome, report.accounts[0].says) == ("error", "down")
    assert len(home.waits) == sync.TRIES - 1
    assert len(await home.app.store.records(account.id)) == 2
    assert "sync_failed" in {i["kind"] for i in (await queries.issues(home.app))["issues"]}
    Scripted.scripts["one"].faults = []
    Scripted.scripts["one"].declared = {"binance:ETH": "3"}
    assert (await sync.sync(home.app)).accounts[0].outcome == "synced"
    assert len(await home.app.store.records(account.id)) == 3


async def test_pages_that_only_repeat_are_no_progress(home, monkeypatch):
    from tests.app.house import Scripted

    account = await add(home)
    await sync.sync(home.app)
    asked = []

    async def again_and_again(self, stream, since):
        asked.append(since)
        yield Page((), since)
        raise RetryLater("page 2 is always busy")

    monkeypatch.setattr(Scripted, "fetch", again_and_again)
    report = await sync.sync(home.app)
    assert report.accounts[0].outcome == "error"
    assert len(asked) == sync.TRIES
    assert len(await home.app.store.records(account.id)) == 2


async def test_an_unknown_shape_keeps_the_cursor_and_is_told(home):
    from tests.app.house import Scripted

    account = await add(home)
    Scripted.scripts["one"].faults = [SourceChanged("a field is gone")] * sync.SHAPE_TRIES
    report = await sync.sync(home.app)
    assert report.accounts[0].says == "rows: a field is gone"
    assert await home.app.store.cursor(account.id, "rows") is None


async def test_one_page_of_an_unknown_shape_is_asked_for_again(home):
    from tests.app.house import Scripted

    await add(home)
    Scripted.scripts["one"].faults = [SourceChanged("no list of rows")]
    report = await sync.sync(home.app)
    assert (report.accounts[0].outcome, report.accounts[0].new) == ("synced", 2)


async def test_a_key_that_may_trade_is_never_stored_and_stops_a_known_account(home):
    from tests.app.house import Scripted

    Scripted.scripts["one"].denied = "the key may trade; remove: trade"
    with pytest.raises(Stopped):
        await add(home)
    assert await home.app.store.accounts() == []
    Scripted.scripts["one"].denied = ""
    account = await add(home)
    Scripted.scripts["one"].denied = "the key may trade; remove: trade"
    report = await sync.sync(home.app)
    assert report.accounts[0].outcome == "refused"
    stored = await home.app.store.account(account.id)
    assert stored is not None
    assert stored.status == "refused"
    Scripted.scripts["one"].denied = ""
    assert (await sync.sync(home.app)).accounts[0].outcome == "synced"  # every sync tries again


async def test_a_new_key_goes_on_with_the_same_account(home):
    account = await add(home)
    await sync.sync(home.app)
    changed = await sources.set_key(home.app, account.label, {"token": "an0ther"})
    assert changed.id == account.id
    sealed = await home.app.store.sealed("account", account.id)
    assert home.app.vault.open(sealed["token"], ("account", account.id, "token")) == "an0ther"
    assert (await sync.sync(home.app)).changed is False
    with pytest.raises(Refused):
        await sources.set_key(home.app, account.label, {})


async def test_a_difference_names_asset_and_amount(home):
    from tests.app.house import Scripted

    Scripted.scripts["one"].declared = {"binance:ETH": "2.5", "fiat:USD": "2000"}
    await add(home)
    await sync.sync(home.app)
    (issue,) = [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "balance_difference"]
    assert "missing: 0.5" in issue["says"]
    assert "ETH" in issue["says"]


async def test_a_paused_account_rests_unless_it_is_named(home):
    account = await add(home)
    await sources.pause(home.app, account.id)
    assert (await sync.sync(home.app)).accounts[0].outcome == "paused"
    assert (await sync.sync(home.app, [account.label])).accounts[0].outcome == "synced"
    stored = await home.app.store.account(account.id)
    assert stored is not None
    assert stored.status == "paused"


async def test_a_held_lease_is_waited_for_and_then_named(home):
    account = await add(home)
    async with home.app.leases.hold(account.id):
        with pytest.raises(Busy):
            async with home.app.leases.hold(account.id, wait_seconds=0):
                raise AssertionError


async def test_an_undelivered_message_waits_longer_each_time_and_arrives_once(home):
    await add(home)
    await holder.add_channel(home.app, "json://example.test/hook")
    await home.price(ETH="2500")
    home.post.down = "connection refused"
    await sync.sync(home.app)
    assert home.post.sent == []
    assert await outbox.deliver(home.app) == 0  # not due yet
    (row,) = await home.app.store.deliveries()
    assert (row.state, row.attempts, row.says) == ("waiting", 1, "connection refused")
    home.clock.pass_time(seconds=31)
    assert await outbox.deliver(home.app) == 0
    home.post.down = ""
    home.clock.pass_time(seconds=31)
    assert await outbox.deliver(home.app) == 0  # 60 s by now
    home.clock.pass_time(seconds=31)
    assert await outbox.deliver(home.app) == 1
    assert await outbox.deliver(home.app) == 0
    assert len({m.id for _, m in home.post.sent}) == 1


async def test_a_recovered_price_resolves_and_a_stale_one_does_not(home):
    await add(home)
    await home.price(ETH="2500")
    await sync.sync(home.app)
    home.clock.pass_time(days=30)
    stale = await evaluate.evaluate(home.app)
    assert [i.kind for i in stale.issues] == ["stale_price"]
    assert stale.said == ()
    assert [a.state for a in await home.app.store.alerts()] == ["open"]
    await home.price(ETH="4100")
    over = await evaluate.evaluate(home.app)
    assert [m.kind for m in over.said] == ["resolved"]
    assert [a.state for a in await home.app.store.alerts()] == ["resolved"]


async def test_the_sealed_token_is_nowhere_in_clear(home, tmp_path):
    await add(home)
    await sync.sync(home.app)
    assert all(b"s3cret" not in f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())


async def test_a_removed_account_takes_its_lots_along(home):
    account = await add(home)
    await sync.sync(home.app)
    await sources.remove(home.app, account.id)
    await rebuild.rebuild(home.app)
    assert (await home.app.store.ledger()).lots == ()
    with pytest.raises(Refused):
        await sources.the_account(home.app, account.id)


async def test_figures_are_checked_and_a_threshold_of_one_asset_counts_for_it_only(home):
    await add(home)
    await home.price(ETH="2500")
    await sync.sync(home.app)
    await holder.set_profile(home.app, {"loss@eth": "5000"})
    (found,) = (await queries.harvest(home.app))["opportunities"]
    assert found["blocked_by"]
    for name, value in (("short_rate", "1.5"), ("time_zone", "Nowhere"), ("loss", "-1"), ("frobnicate", "1")):
        with pytest.raises(Refused):
            await holder.set_profile(home.app, {name: value})


async def test_an_acknowledged_alert_is_quiet_and_a_snooze_must_lie_ahead(home):
    await add(home)
    await home.price(ETH="2500")
    await sync.sync(home.app)
    (alert,) = await home.app.store.alerts()
    with pytest.raises(Refused):
        await holder.snooze(home.app, alert.id, home.clock() - timedelta(hours=1))
    await holder.acknowledge(home.app, alert.id)
    home.clock.pass_time(days=2)
    await home.price(ETH="500")
    assert (await evaluate.evaluate(home.app)).said == ()


async def test_the_holders_word_joins_what_could_not_be_matched(home):
    from tests.app.house import Scripted

    Scripted.scripts["one"].rows.append(("w1", day("2026-03-01"), [("binance:ETH", "-1")], "withdrawal"))
    Scripted.scripts["one"].declared = {"binance:ETH": "1", "fiat:USD": "2000"}
    Scripted.scripts["two"] = Script(
        rows=[("in", day("2026-03-20"), [("kraken:XETH", "0.99")], "deposit")], declared={"kraken:XETH": "0.99"}
    )
    await add(home)
    await add(home, "two")
    await sync.sync(home.app)
    found = {i["kind"]: i for i in (await queries.issues(home.app))["issues"]}
    assert {"unmatched_withdrawal", "unmatched_deposit"} <= set(found)
    await holder.answer_issue(home.app, found["unmatched_deposit"]["id"], found["unmatched_withdrawal"]["subject"], same=True)
    await rebuild.rebuild(home.app)
    assert {i["kind"] for i in (await queries.issues(home.app))["issues"]} == {"missing_price"}  # of the fee, and of today
    lots = {x["asset"]: x for x in (await queries.lots(home.app))["lots"]}
    assert lots["kraken:XETH"]["basis"] == "3960"  # 0.99 of a coin that cost 4,000: the date travels too
    assert lots["kraken:XETH"]["acquired_at"] == "2026-01-05T00:00:00Z"
    with pytest.raises(Refused):
        await holder.answer_issue(home.app, "iss_none", None, same=True)


async def test_a_year_without_figures_stops_nothing_but_the_opinion_on_savings(home):
    home.clock.at = day("2026-12-30")
    await add(home)
    await holder.set_profile(home.app, {"time_zone": "America/New_York"})
    await home.price(ETH="2500")
    await sync.sync(home.app)
    assert [a.state for a in await home.app.store.alerts()] == ["open"]
    home.clock.at = day("2027-01-01T04:59:59")  # still the old year where the holder lives
    await home.price(ETH="2500")
    assert (await sync.sync(home.app)).evaluation.issues == ()
    home.clock.at = day("2027-01-01T05:00:00")
    report = await sync.sync(home.app)
    assert ([p.outcome for p in report.accounts], [m.body for m in report.evaluation.said]) == (
        ["synced"],
        ["Nothing to do any more: the tax year 2026 is over."],
    )
    (told,) = [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "missing_rules"]
    assert (told["severity"], told["subject"]) == ("error", "us-2027")
    assert "[2027]" in told["remedy"]
    assert [a.state for a in await home.app.store.alerts()] == ["resolved"]
    overview = (await queries.overview(home.app))["overview"]
    assert (overview["value"], overview["realised"]["year"], overview["saving"], overview["open_alerts"]) == ("5000", 2027, None, 0)
    assert [lot["unrealised"] for lot in (await queries.lots(home.app))["lots"]] == ["-3000"]
    assert (await queries.harvest(home.app))["opportunities"] == []
    assert await queries.balances(home.app)
    rules = home.app.settings.config_dir / "rules"
    rules.mkdir()
    (rules / "us.toml").write_text(
        '[2027]\nloss_limit = "3000"\nloss_limit_separate = "1500"\nsources = ["the holder"]\n', encoding="utf-8"
    )
    assert (await evaluate.evaluate(home.app)).issues == ()
    assert len((await queries.harvest(home.app))["opportunities"]) == 1


async def test_a_receipt_of_unknown_cost_in_front_of_the_loss_does_not_end_the_alert(home):
    from tests.app.house import Scripted

    account = await add(home)
    await holder.set_method(home.app, account.id, "lifo", day("2026-01-01").date())
    await home.price(ETH="2500")
    await sync.sync(home.app)
    Scripted.scripts["one"].rows.append(("d2", day("2026-05-30"), [("binance:ETH", "1")], "deposit"))
    Scripted.scripts["one"].declared["binance:ETH"] = "3"
    home.clock.pass_time(hours=1)
    await home.price(ETH="2400")
    report = await sync.sync(home.app)
    assert [(lot.basis is None) for lot in (await home.app.store.ledger()).lots].count(True) == 1
    assert report.evaluation.said == ()
    assert [a.state for a in await home.app.store.alerts()] == ["open"]
    home.clock.pass_time(hours=1)
    await home.price(ETH="4100")
    assert [m.kind for m in (await evaluate.evaluate(home.app)).said] == ["resolved"]


async def test_one_who_is_married_and_files_separately_has_half_the_limit(home):
    await add(home)
    await home.price(ETH="1000")
    await sync.sync(home.app)
    assert [o["saving"] for o in (await queries.harvest(home.app))["opportunities"]] == ["720"]
    await holder.set_profile(home.app, {"filing_status": "married_separate"})
    (found,) = (await queries.harvest(home.app))["opportunities"]
    assert (found["loss"], found["saving"], found["quantity"]) == ("1500", "360", "0.5")
    assert (await queries.profile(home.app))["profile"]["filing_status"] == "married_separate"
    with pytest.raises(Refused, match="surviving_spouse"):
        await holder.set_profile(home.app, {"filing_status": "divorced"})


async def test_figures_of_a_part_are_computed_again_byte_for_byte(home):
    await add(home)
    await holder.set_profile(home.app, {"filing_status": "married_separate", "loss@eth": "150"})
    await home.price(ETH="1234.56789")
    await sync.sync(home.app)
    (alert,) = await home.app.store.alerts()
    told = await holder.explain_alert(home.app, alert.id)
    assert told["reproduced"] is True
    assert told["given"] == told["recomputed"]
    assert json.loads(alert.evidence)["answer"]["quantity"] != "2"
    older = json.loads(alert.evidence)
    del older["profile"]["filing_status"]  # as it was stored before there was such a figure
    assert evidence.recomputed(json.dumps(older)) == told["given"]


NEW_FIGURES = ("net_low", "net_high", "deferred", "days_to_long", "turning_costs", "keeps")


async def test_evidence_of_an_older_version_is_computed_by_the_thresholds_that_it_knew(home):
    await add(home)
    await holder.set_profile(home.app, {"trade_share": "0.06"})
    await home.price(ETH="2500")
    await holder.set_profile(home.app, {"cost_multiple": "0"})
    await sync.sync(home.app)
    (alert,) = await home.app.store.alerts()
    older = json.loads(alert.evidence)
    for figure in NEW_FIGURES:
        del older["answer"][figure]
    for threshold in ("cost_multiple", "deadline", "after_deferred"):
        del older["settings"]["thresholds"][threshold]
    del older["settings"]["year_end"]
    del older["settings"]["hysteresis"]
    text = json.dumps(older)
    assert evidence.recomputed(text) == evidence.given(text)
    older["answer"]["net"] = "1"
    assert evidence.recomputed(json.dumps(older)) != evidence.given(json.dumps(older))


PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"


async def test_no_text_that_is_stored_or_sent_may_be_a_wallets_secret(home):
    with pytest.raises(Refused):
        await holder.add_channel(home.app, "json://example.test/hook", PHRASE)
    with pytest.raises(Refused):
        await access.new_token(home.app, PHRASE)
    with pytest.raises(Refused):
        await sources.add_exchange(home.app, "one", {"apiKey": PHRASE, "secret": "x"})
    with pytest.raises(Refused):
        await sources.add_exchange(home.app, "one", {"privateKey": "0x" + "ab" * 32})
    assert await home.app.store.accounts() == []
    assert await home.app.store.channels() == []


async def test_a_probe_leaves_a_paused_account_paused(home):
    account = await add(home)
    await sources.pause(home.app, account.id)
    assert (await sources.probe(home.app, account.id)).status == "paused"


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999/key", "ftp://x", "http://"])
async def test_an_address_that_is_none_names_the_field(home, url):
    with pytest.raises(Refused) as refused:
        await sources.add_exchange(home.app, "one", {"apiKey": "k", "secret": "s"}, url)
    assert refused.value.field == "base-url"


async def test_an_end_is_never_told_before_its_beginning(home):
    """The channel is down while the alert opens; when the price has recovered and the channel is up, both arrive, in their order."""
    await add(home)
    await holder.add_channel(home.app, "json://example.test/hook")
    await home.price(ETH="2500")
    home.post.down = "connection refused"
    await sync.sync(home.app)
    for _ in range(5):  # the next try is many minutes away by now
        home.clock.pass_time(seconds=16 * 60)
        await outbox.deliver(home.app)
    home.clock.pass_time(minutes=1)
    await home.price(ETH="4200")
    await evaluate.evaluate(home.app)
    assert home.post.sent == []
    home.post.down = ""
    home.clock.pass_time(hours=1)
    await outbox.deliver(home.app)
    assert [m.kind for _, m in home.post.sent] == ["opened", "resolved"]
    assert {row.state for row in await home.app.store.deliveries()} == {"delivered"}
