"""Evaluations of a running service: as long as nothing changed but prices, and none has left its span, a tick costs comparisons only.

What was seen is kept in memory with a ladder of spans (service.domain.ladder). A tick asks for prices as ever, and looks whether ledger, figures,
rules, statements, channels, alerts and the day are still those of the last evaluation. If so, and no price has left the span within which no alert
opens, speaks or ends, there is nothing to evaluate. Whatever is unclear is evaluated in full.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from service.app import evaluate, evidence, outbox, quotes, view
from service.app.evaluate import RULES, Evaluation
from service.app.ladder import subjects
from service.app.ports import App, Refused
from service.app.sources import PORTFOLIO
from service.app.view import View
from service.domain import alerts
from service.domain.alerts import Alert
from service.domain.assets import Coin
from service.domain.issues import Issue
from service.domain.ladder import Ladder, Span, Subject, span
from service.domain.money import exact
from service.domain.rules import local_date
from service.domain.valuation import CLOCK_SKEW


@dataclass(frozen=True, slots=True)
class _Known:
    """The last evaluation, and what it rests on."""

    done: Evaluation
    ground: object
    """All but prices, alerts and the hour."""
    until: datetime | None
    """When something may be said though no price changes."""
    currency: str
    coins: tuple[Coin, ...]
    symbols: Mapping[str, str]
    priced: frozenset[str]
    issues: tuple[Issue, ...]
    ladder: Ladder


class Watch:
    """One for a process; called at each tick of the scheduler."""

    def __init__(self) -> None:
        self._known: _Known | None = None

    async def __call__(self, app: App) -> Evaluation:
        known = self._known
        if known is not None and await _is_quiet(app, known):
            return replace(known.done, at=app.now(), said=(), delivered=await outbox.deliver(app))
        self._known = None
        ground = await _ground(app)  # before: what changes meanwhile is seen at the next tick
        looked = await evaluate.look(app)
        if looked.seen.rules is not None:
            self._known = await asyncio.to_thread(_remembered, app, looked.done, looked.seen, ground)
        return looked.done


async def _is_quiet(app: App, known: _Known) -> bool:
    if known.until is not None and app.now() >= known.until:
        return False
    if await _ground(app) != known.ground or _by_id(await app.store.alerts(PORTFOLIO)) != _by_id(known.done.alerts):
        return False
    await quotes.fetch_current(app, known.coins, known.currency)
    newest = await app.store.newest_quotes(sorted(known.symbols), known.currency, app.now() + CLOCK_SKEW)
    prices, issues = view.agreed(app, known.symbols, newest, app.now())
    return prices.keys() == known.priced and tuple(issues) == known.issues and not known.ladder.tick(prices)


def _by_id(some: Iterable[Alert]) -> dict[str, Alert]:
    return {alert.id: alert for alert in some}


async def _ground(app: App) -> object:
    """What an evaluation rests on beside prices and alerts, to be compared."""
    portfolio = await app.store.portfolio(PORTFOLIO)
    today = local_date(app.now(), portfolio.profile.time_zone)
    try:
        rules = evidence.rules_name(app.rules_of(today.year, portfolio.profile.filing_status))
    except Refused:
        rules = ""
    return (
        portfolio,
        today,
        rules,
        await app.store.ledger_id(PORTFOLIO),
        await app.store.statements(PORTFOLIO),
        await app.store.channels(PORTFOLIO),
        [(account.id, account.kind, account.label) for account in await app.store.accounts(PORTFOLIO)],
    )


def _remembered(app: App, done: Evaluation, seen: View, ground: object) -> _Known:
    symbols = {lot.coin: lot.symbol for lot in seen.lots}
    return _Known(
        done,
        ground,
        alerts.next_time(done.alerts, RULES, seen.portfolio.harvest, seen.now, evaluate.ground(seen)),
        seen.portfolio.currency,
        tuple(coin for coin in app.assets.coins() if coin.id in symbols),
        symbols,
        frozenset(seen.prices),
        seen.issues,
        _ladder(seen, done),
    )


def _ladder(seen: View, done: Evaluation) -> Ladder:
    found, last = Ladder(), {alert.subject: alert for alert in done.alerts}
    with exact():
        for account, coin, subject in subjects(seen):
            found.add(coin, _span(subject, seen, coin, last.get(f"{account} {coin}")))
    return found


def _span(subject: Subject, seen: View, coin: str, alert: Alert | None) -> Span:
    """What would be said of a subject, by the alert that it has."""
    price = seen.prices[coin]
    if alert is None or (alert.state == "resolved" and seen.now >= alert.changed_at + RULES.cool_down):
        return span(subject, price, fires=True, ends=False)
    if alert.state == "resolved":
        return Span(None, None)
    sleeps = alert.snoozed_until is not None and seen.now < alert.snoozed_until
    worse_at: Decimal | None = alert.net * (1 + RULES.worse_by) if alert.state == "open" else None
    return span(subject, price, fires=alert.state == "snoozed" and not sleeps, ends=True, worse_at=worse_at)
