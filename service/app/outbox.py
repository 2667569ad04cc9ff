"""Messages leave the house at least once, each with an id that stays the same, and are kept until they have."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from service.app.ports import App, Busy, Channel, Delivery
from service.domain.alerts import Message

GIVE_UP_AFTER = 12
"""Attempts; with waits doubling from 30 s to 6 h this is more than a day."""
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
    arrived = 0
    for delivery in await app.store.due(app.now()):
        tried = await _tried(app, delivery)
        await app.store.save_delivery(tried)
        arrived += tried.state == "delivered"
    return arrived


async def _tried(app: App, delivery: Delivery) -> Delivery:
    attempts = delivery.attempts + 1
    sealed = await app.store.sealed("channel", delivery.channel)
    if "url" not in sealed:
        return replace(delivery, state="failed", attempts=attempts, says="the channel was removed")
    url = app.vault.open(sealed["url"], ("channel", delivery.channel, "url"))
    problem = await app.notifier.send(url, delivery.message)
    if problem is None:
        return replace(delivery, state="delivered", attempts=attempts, says="", delivered_at=app.now())
    if attempts >= GIVE_UP_AFTER:
        return replace(delivery, state="failed", attempts=attempts, says=problem)
    wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return replace(delivery, attempts=attempts, says=problem, next_try=app.now() + wait)
