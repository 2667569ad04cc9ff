"""Messages leave the house at least once, each with an id that stays the same, and are kept until they have.

A channel takes each message at once, or one digest a day of what was said since the last: at a time of the holder's day all rows that were collected
before become one message, whose id is made of the channel, that moment and what is in it: what is said too late for it goes into one of its own. That happens in one transaction, so that no message is in two digests, none
is in none, and a digest that nothing was collected for does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from service.app.ports import App, Busy, Channel, Delivery, Signing
from service.app.sources import PORTFOLIO
from service.domain.alerts import Message
from service.domain.issues import content_id

GIVE_UP_AFTER = 12
"""Attempts; with waits doubling from 30 s to 6 h this is about 14 hours."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)


def row(message: Message, channel: Channel, now: datetime) -> Delivery:
    """The outbox row of a message to a channel: to be sent at once, or kept for its digest."""
    return Delivery(message, channel.id, "collected" if channel.digest else "waiting", 0, now)


async def deliver(app: App) -> int:
    """Sends what is due; returns how many messages arrived. One process at a time, so that none is sent twice at once."""
    try:
        async with app.leases.hold("outbox", wait_seconds=0):
            return await _deliver(app)
    except Busy:  # another process is delivering just now
        return 0


async def _deliver(app: App) -> int:
    await _make_digests(app)
    done: dict[tuple[str, str], Delivery] = {}
    while new := [one for one in await app.store.due(app.now()) if _name(one) not in done]:
        for delivery in new:
            await _in_order(app, delivery, done)
    return sum(one.state == "delivered" for one in done.values())


def _name(delivery: Delivery) -> tuple[str, str]:
    return delivery.message.id, delivery.channel


async def _in_order(app: App, delivery: Delivery, done: dict[tuple[str, str], Delivery]) -> None:
    """Tries a message after what its alert said before to the same channel: an end is never told before its beginning. What was tried
    before and did not arrive is tried first, and where it does not arrive now either, the later one waits with it."""
    said = await app.store.deliveries(delivery.message.alert) if delivery.message.alert else []
    before = [one for one in said if one.state == "waiting" and one.channel == delivery.channel and one.attempts > delivery.attempts]
    for earlier in before:
        tried = done.get(_name(earlier)) or await _tried(app, earlier)
        done[_name(earlier)] = tried
        await app.store.save_delivery(tried)
        if tried.state == "waiting":
            held = replace(delivery, next_try=max(delivery.next_try, tried.next_try))
            done[_name(delivery)] = held
            await app.store.save_delivery(held)
            return
    if _name(delivery) not in done:
        done[_name(delivery)] = await _tried(app, delivery)
        await app.store.save_delivery(done[_name(delivery)])


async def _make_digests(app: App) -> None:
    zone = ZoneInfo((await app.store.portfolio(PORTFOLIO)).profile.time_zone)
    for channel in await app.store.channels(PORTFOLIO):
        rows = await app.store.collected(channel.id)
        if not channel.digest:  # each at once, from now on
            waiting = [replace(one, state="waiting") for one in rows]
            if waiting:
                await app.store.save_deliveries(PORTFOLIO, waiting)
            continue
        moment = last_moment(channel.digest, zone, app.now())
        due = [one for one in rows if one.next_try < moment]
        if due:
            digest = _digest(channel, due, moment)
            gone = [replace(one, state="digested", says=digest.id) for one in due]
            await app.store.save_deliveries(PORTFOLIO, [*gone, Delivery(digest, channel.id, "waiting", 0, app.now())])


def last_moment(at: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The newest moment, not after `now`, at which a clock of the zone shows `at` (HH:MM). UTC."""
    hour, minute = map(int, at.split(":"))
    today = now.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    days = (today, (today - timedelta(days=1)).replace(fold=0))  # the same time of the day before, whatever the clocks did
    return next((moment for day in days if (moment := day.astimezone(UTC)) <= now), days[1].astimezone(UTC))


def _digest(channel: Channel, due: Sequence[Delivery], moment: datetime) -> Message:
    """One message of all that is due, in the order of saying; a single one keeps its title."""
    messages = [one.message for one in due]
    title = messages[0].title if len(messages) == 1 else f"thresher: {len(messages)} messages"
    body = "\n\n".join(f"{message.title}\n{message.body}" for message in messages)
    name = content_id("msg", "digest", channel.id, moment.isoformat(), *(message.id for message in messages))
    return Message(name, "", "digest", title, body)


async def _tried(app: App, delivery: Delivery) -> Delivery:
    attempts = delivery.attempts + 1
    sealed = await app.store.sealed("channel", delivery.channel)
    if "url" not in sealed:
        return replace(delivery, state="failed", attempts=attempts, says="the channel was removed")
    url = app.vault.open(sealed["url"], ("channel", delivery.channel, "url"))
    signing = Signing(app.vault.open(sealed["secret"], ("channel", delivery.channel, "secret")), app.now()) if "secret" in sealed else None
    problem = await app.notifier.send(url, delivery.message, signing)
    if problem is None:
        return replace(delivery, state="delivered", attempts=attempts, says="", delivered_at=app.now())
    if attempts >= GIVE_UP_AFTER:
        return replace(delivery, state="failed", attempts=attempts, says=problem)
    wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return replace(delivery, attempts=attempts, says=problem, next_try=app.now() + wait)
