"""Channels: one message a day or each at once, and a secret of their own for signatures."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service.app import holder, outbox, queries, sources, sync
from service.app.outbox import last_moment
from service.app.ports import Refused
from tests.app.house import Script, house


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
async def home(tmp_path):
    bought = [("b1", day("2026-01-05"), [("binance:ETH", "2"), ("fiat:USD", "-8000")], "trade")]
    async with house(tmp_path, {"one": Script(rows=bought)}) as made:
        await sources.add_other(made.app, "scripted", "one", {"token": "t"}, None)
        yield made


async def test_a_web_hook_is_signed_with_the_secret_of_its_channel(home):
    await holder.add_channel(home.app, "json://example.test/hook", secret="s3cret")
    await home.price(ETH="2500")
    await sync.sync(home.app)
    (signing,) = home.post.signed
    assert (signing.secret, signing.at) == ("s3cret", home.clock())
    (told,) = (await queries.channels(home.app))["channels"]
    assert (told["signed"], told["digest"]) == (True, None)
    assert "s3cret" not in str(told)


async def test_what_is_no_web_hook_cannot_be_signed(home):
    with pytest.raises(Refused) as refused:
        await holder.add_channel(home.app, "mailto://u:p@example.org", secret="s3cret")
    assert refused.value.field == "signed"
    assert await home.app.store.channels() == []


@pytest.mark.parametrize("at", ["8:00", "24:00", "08:60", "noon"])
async def test_a_digest_has_a_time_of_day(home, at):
    with pytest.raises(Refused):
        await holder.add_channel(home.app, "json://example.test/hook", digest=at)


async def test_what_was_collected_goes_out_at_once_when_the_digest_ends(home):
    channel = await holder.add_channel(home.app, "json://example.test/hook", digest="08:00")
    await home.price(ETH="2500")
    await sync.sync(home.app)
    assert home.post.sent == []
    assert [d["state"] for a in (await queries.alerts(home.app))["alerts"] for d in a["deliveries"]] == ["collected"]
    await holder.set_digest(home.app, channel.id, "off")
    assert await outbox.deliver(home.app) == 1
    assert await outbox.deliver(home.app) == 0
    assert [m.kind for _, m in home.post.sent] == ["opened"]


async def test_a_test_message_waits_for_no_digest(home):
    await holder.add_channel(home.app, "json://example.test/hook", digest="08:00")
    await holder.test_alert(home.app)
    assert await outbox.deliver(home.app) == 1


@pytest.mark.parametrize(
    ("at", "zone", "now", "moment"),
    [
        ("08:00", "UTC", "2026-03-02T08:00", "2026-03-02T08:00"),
        ("08:00", "UTC", "2026-03-02T07:59", "2026-03-01T08:00"),
        ("08:00", "America/New_York", "2026-03-08T12:00", "2026-03-08T12:00"),
        ("08:00", "America/New_York", "2026-03-08T11:59", "2026-03-07T13:00"),
        ("08:00", "Pacific/Auckland", "2026-06-01T20:00", "2026-06-01T20:00"),
    ],
)
def test_the_last_time_that_a_clock_showed_it(at, zone, now, moment):
    assert last_moment(at, ZoneInfo(zone), day(now)) == day(moment)
