"""Open lots → current prices → opportunities → alerts → outbox: what a sync ends with, and the scheduler between syncs.

Alerts and their outbox rows are stored in one transaction, so that nothing is said twice and nothing is forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from connectors.contract import Quote
from service.app import evidence, outbox, quotes
from service.app.ports import Account, App, Delivery, Portfolio
from service.app.sources import PORTFOLIO
from service.domain import alerts, harvest, tax, valuation
from service.domain.alerts import Alert, AlertRules, Message
from service.domain.assets import Coin
from service.domain.harvest import Opportunity
from service.domain.issues import Issue
from service.domain.ledger import Ledger
from service.domain.methods import Lot
from service.domain.money import ZERO, exact, total
from service.domain.rules import Rules, local_date
from service.domain.statements import MethodName, Statements, gathered
from service.domain.valuation import Position, Price


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
class View:
    """Everything that an evaluation rests on; `harvest` and `lots` read the same."""

    now: datetime
    portfolio: Portfolio
    accounts: tuple[Account, ...]
    statements: Statements
    ledger: Ledger
    rules: Rules
    prices: dict[str, Price]
    positions: tuple[Position, ...]
    realised: tuple[Decimal, Decimal]
    unknown_disposals: int
    issues: tuple[Issue, ...]

    def method_of(self, account: str) -> MethodName:
        return self.statements.method(account, local_date(self.now, self.portfolio.profile.time_zone))

    def movable(self, account: str) -> bool:
        """True where a sale needs no move first."""
        return any(a.id == account and a.kind == "exchange" for a in self.accounts)


async def view(app: App) -> View:
    """What is stored, valued now; asks nothing of the outside."""
    now = app.now()
    portfolio = await app.store.portfolio(PORTFOLIO)
    ledger = await app.store.ledger(PORTFOLIO)
    year = local_date(now, portfolio.profile.time_zone).year
    prices, issues = _agreed(app, ledger.lots, await app.store.newest_quotes(held(ledger), portfolio.currency), now)
    positions = await asyncio.to_thread(valuation.value, ledger.lots, prices, now, portfolio.profile.time_zone)
    short, long, unknown = tax.year_result(ledger.disposals, year, portfolio.profile.time_zone)
    return View(
        now=now,
        portfolio=portfolio,
        accounts=tuple(await app.store.accounts(PORTFOLIO)),
        statements=gathered(await app.store.statements(PORTFOLIO)),
        ledger=ledger,
        rules=app.rules_of(year),
        prices=prices,
        positions=tuple(positions),
        realised=(short, long),
        unknown_disposals=unknown,
        issues=tuple(issues),
    )


def opportunities(seen: View) -> list[Opportunity]:
    """What is worth selling, and what is not and why. Pure."""
    return harvest.assess(
        seen.positions,
        seen.method_of,
        seen.portfolio.harvest,
        seen.portfolio.profile,
        seen.rules,
        seen.realised,
        seen.now,
        movable=seen.movable,
    )


def together(seen: View, found: Sequence[Opportunity]) -> Decimal:
    """What all that are worth a word would save if all were taken: one computation of the year, less the costs.

    Not the sum of the single savings: the limit on losses is used up once.
    """
    worth = [o for o in found if not o.blocked_by]
    if not worth:
        return ZERO
    saved = tax.saving(
        *seen.realised,
        total(o.short_loss for o in worth),
        total(o.long_loss for o in worth),
        seen.portfolio.profile,
        seen.rules,
    )
    with exact():
        return saved - total(o.costs for o in worth)


def silent(seen: View) -> frozenset[str]:
    """Subjects ("account coin") without an opinion now: their alerts neither fire nor die."""
    return frozenset(f"{p.lot.account} {p.lot.coin}" for p in seen.positions if p.price is None)


async def evaluate(app: App) -> Evaluation:
    """Asks for current prices, decides, stores, delivers. A run with the same inputs says nothing new."""
    async with app.leases.hold(f"evaluate-{PORTFOLIO}", wait_seconds=60):
        ledger = await app.store.ledger(PORTFOLIO)
        portfolio = await app.store.portfolio(PORTFOLIO)
        app.progress.stage("evaluate", "current prices")
        await quotes.fetch_current(app, _coins(app, ledger.lots), portfolio.currency)
        seen = await view(app)
        found = await asyncio.to_thread(opportunities, seen)
        previous = await app.store.alerts(PORTFOLIO)
        stepped, said = alerts.step(previous, found, AlertRules(), portfolio.harvest, seen.now, "", silent(seen))
        before = {a.id: a for a in previous}
        by_id = {o.id: o for o in found}
        kept = [_with_evidence(a, before.get(a.id), seen, said, by_id.get(a.opportunity)) for a in stepped]
        channels = await app.store.channels(PORTFOLIO)
        rows = [Delivery(m, c.id, "waiting", 0, seen.now) for m in said for c in channels]
        await app.store.save_evaluation(PORTFOLIO, found, seen.issues, [a for a in kept if a != before.get(a.id)], rows)
        app.progress.done("evaluate")
    delivered = await outbox.deliver(app)
    return Evaluation(seen.now, tuple(found), tuple(kept), tuple(said), delivered, seen.issues)


def held(ledger: Ledger) -> list[str]:
    return sorted({lot.coin for lot in ledger.lots})


def _coins(app: App, open_lots: Sequence[Lot]) -> list[Coin]:
    wanted = {lot.coin for lot in open_lots}
    return [coin for coin in app.assets.coins() if coin.id in wanted]


def _with_evidence(alert: Alert, before: Alert | None, seen: View, said: Sequence[Message], found: Opportunity | None) -> Alert:
    """Alerts that spoke carry the inputs of what they said; the others keep what they had."""
    if found is not None and any(m.alert == alert.id and m.kind != "resolved" for m in said):
        return replace(alert, evidence=evidence.of(alert, seen, found))
    return replace(alert, evidence=before.evidence) if before else alert


def _agreed(app: App, open_lots: Sequence[Lot], newest: Sequence[Quote], now: datetime) -> tuple[dict[str, Price], list[Issue]]:
    prices: dict[str, Price] = {}
    issues: list[Issue] = []
    coins = {coin.id: coin for coin in app.assets.coins()}
    for name in sorted({lot.coin for lot in open_lots}):
        coin = coins.get(name)
        if coin is None:  # in no table: named once by reconcile, no price can be right
            continue
        price, found = valuation.agree(
            [q for q in newest if q.asset == name],
            coin,
            now,
            max_age=timedelta(minutes=app.settings.price_max_age_minutes),
            import_max_age=timedelta(hours=app.settings.price_import_max_age_hours),
            max_spread=Decimal(app.settings.price_max_spread),
        )
        issues += found
        if price is not None:
            prices[name] = price
    return prices, issues
