"""Open lots → current prices → opportunities → alerts → outbox: what a sync ends with, and the scheduler between syncs.

Alerts and their outbox rows are stored in one transaction, so that nothing is said twice and nothing is forgotten.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.app import evidence, outbox, quotes, telling, view
from service.app.ports import App, Channel, Delivery, Refused
from service.app.sources import PORTFOLIO
from service.app.view import View
from service.domain import alerts
from service.domain.alerts import Alert, AlertRules, Ground, Holding, Message
from service.domain.assets import Coin
from service.domain.harvest import Opportunity
from service.domain.issues import Issue, content_id
from service.domain.methods import Lot
from service.domain.money import total
from service.domain.rules import local_date

RULES = AlertRules()


@dataclass(frozen=True, slots=True)
class Evaluation:
    at: datetime
    opportunities: tuple[Opportunity, ...]
    """All that lose, the blocked ones with their reasons."""
    alerts: tuple[Alert, ...]
    said: tuple[Message, ...]
    """Messages that this evaluation made."""
    delivered: int
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """An evaluation with what it saw."""

    done: Evaluation
    seen: View


async def evaluate(app: App) -> Evaluation:
    """Asks for current prices, decides, stores, delivers. A run with the same inputs says nothing new."""
    return (await look(app)).done


async def evaluate_at(app: App, at: datetime) -> Evaluation:
    """As if it were that time, by stored prices; asks nothing of the outside. Raises Refused for a time before the last change of an alert."""
    last = max((alert.changed_at for alert in await app.store.alerts(PORTFOLIO)), default=at)
    if at < last:
        raise Refused("at", f"an alert has spoken or changed at {last:%Y-%m-%dT%H:%M}Z; what was said cannot be unsaid, give a later time")
    return await evaluate(replace(app, now=lambda: at, prices=()))


async def look(app: App) -> Looked:
    """The same, and what it rests on."""
    async with app.leases.hold(f"evaluate-{PORTFOLIO}", wait_seconds=60):
        portfolio = await app.store.portfolio(PORTFOLIO)
        app.progress.stage("evaluate", "current prices")
        await quotes.fetch_current(app, _coins(app, await app.store.lots(PORTFOLIO)), portfolio.currency)
        seen = await view.view(app)
        found = await asyncio.to_thread(view.opportunities, seen)
        previous = await app.store.alerts(PORTFOLIO)
        silent, grounds = view.silent(seen, found), replace(ground(seen), symbols=_symbols(app, seen))
        names = telling.labels_of(seen.accounts)
        acquired = {lot.id: local_date(lot.acquired_at, portfolio.profile.time_zone).isoformat() for lot in seen.lots}
        stepped, said = alerts.step(
            previous,
            found,
            RULES,
            portfolio.harvest,
            seen.now,
            "",
            silent,
            ground=grounds,
            names=names,
            acquired=acquired,
            currency=portfolio.currency,
        )
        before = {a.id: a for a in previous}
        by_id = {o.id: o for o in found}
        kept = [_with_evidence(a, before.get(a.id), seen, said, by_id.get(a.opportunity)) for a in stepped]
        channels = await app.store.channels(PORTFOLIO)
        rows = [outbox.row(m, c, seen.now) for m in said for c in channels]
        told = {(row.message.alert, row.channel) for row in (*await app.store.deliveries(), *rows)}

        def today(alert: Alert) -> tuple[str, str] | None:
            one = None if alert.subject in silent else by_id.get(alert.opportunity)
            return None if one is None else alerts.words(one, portfolio.harvest, seen.now, grounds, names, acquired, portfolio.currency)

        rows += _late(kept, channels, told, seen.now, today)
        await app.store.save_evaluation(PORTFOLIO, found, seen.issues, [a for a in kept if a != before.get(a.id)], rows)
        app.progress.done("evaluate")
    delivered = await outbox.deliver(app)
    return Looked(Evaluation(seen.now, tuple(found), tuple(kept), tuple(said), delivered, seen.issues), seen)


def _late(
    stepped: Sequence[Alert],
    channels: Sequence[Channel],
    told: set[tuple[str, str]],
    now: datetime,
    words: Callable[[Alert], tuple[str, str] | None],
) -> list[Delivery]:
    """What a channel that was added later hears of each open alert, once: its subject as it is today; nothing while there is no opinion.

    `told`: (alert, channel) that had a message.
    """
    late = []
    for alert in stepped:
        missing = [channel for channel in channels if alert.state == "open" and (alert.id, channel.id) not in told]
        if missing and (said := words(alert)):
            message = Message(content_id("msg", alert.id, "opened"), alert.id, "opened", *said)
            late += [outbox.row(message, channel, now) for channel in missing]
    return late


def ground(seen: View) -> Ground:
    """What the opportunities of this view rest on."""
    held: dict[str, list[Lot]] = defaultdict(list)
    for lot in seen.lots:
        held[f"{lot.account} {lot.coin}"].append(lot)
    return Ground(
        year=seen.year,
        rules="" if seen.rules is None else evidence.rules_name(seen.rules),
        zone=seen.portfolio.profile.time_zone,
        holdings={subject: _holding(lots) for subject, lots in held.items()},
        on_exchange=frozenset(account.id for account in seen.accounts if seen.movable(account.id)),
        would_stand=lambda alert: evidence.would_stand(alert.evidence, seen),
        gone=lambda alert: bool(alert.evidence) and evidence.gone(alert.evidence, seen),
    )


def _symbols(app: App, seen: View) -> dict[str, str]:
    """Also of coins of which nothing is held any more."""
    return {coin.id: coin.symbol for coin in app.assets.coins()} | {lot.coin: lot.symbol for lot in seen.lots}


def _holding(lots: Sequence[Lot]) -> Holding:
    bases = [lot.basis for lot in lots if lot.basis is not None]
    return Holding(total(lot.quantity for lot in lots), total(bases) if len(bases) == len(lots) else None)


def _coins(app: App, open_lots: Sequence[Lot]) -> list[Coin]:
    wanted = {lot.coin for lot in open_lots}
    return [coin for coin in app.assets.coins() if coin.id in wanted]


def _with_evidence(alert: Alert, before: Alert | None, seen: View, said: Sequence[Message], found: Opportunity | None) -> Alert:
    """Alerts that spoke carry the inputs of what they said; the others keep what they had."""
    if found is not None and any(m.alert == alert.id and m.kind != "resolved" for m in said):
        return replace(alert, evidence=evidence.of(alert, seen, found))
    return replace(alert, evidence=before.evidence) if before else alert
