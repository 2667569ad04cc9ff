"""What can be asked: one function a noun, the same answer for command line, JSON API and page.

Amounts are decimal strings without exponent, times ISO 8601 UTC, money in the portfolio's currency. Asks nothing of the outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from service.app import compare, telling, view
from service.app.ports import Account, App, Declared
from service.app.sources import PORTFOLIO
from service.domain.harvest import Opportunity, Unsellable, unsellable
from service.domain.issues import IssueKind
from service.domain.money import exact, plain, total
from service.domain.reconcile import Amount, Booked
from service.domain.rules import local_date
from service.domain.statements import Statements, gathered

Answer = dict[str, Any]


async def accounts(app: App) -> Answer:
    said, today = gathered(await app.store.statements(PORTFOLIO)), await _today(app)
    return {"accounts": [_account(a, said, today) for a in await app.store.accounts(PORTFOLIO)]}


async def account(app: App, one: Account) -> Answer:
    """One account as `accounts` shows it."""
    return _account(one, gathered(await app.store.statements(PORTFOLIO)), await _today(app))


async def _today(app: App) -> date:
    """In the taxpayer's zone."""
    return local_date(app.now(), (await app.store.portfolio(PORTFOLIO)).profile.time_zone)


def _account(account: Account, said: Statements, today: date) -> Answer:
    """`method`: in force today. `methods`: how lots are taken from which day on, later words last; FIFO before the first."""
    methods = [(m.method, m.since) for m in said.methods if m.account == account.id]
    return {
        "id": account.id,
        "kind": account.kind,
        "source": account.source,
        "label": account.label,
        "address": account.address or None,
        "status": account.status,
        "says": account.says or None,
        "permissions": account.permissions,
        "last_sync": iso(account.last_sync),
        "proved_until": iso(account.proved_until),
        "method": said.method(account.id, today),
        "methods": [{"method": method, "from": since.isoformat()} for method, since in reversed(dict.fromkeys(reversed(methods)))],
    }


async def balances(app: App, as_of: datetime | None = None) -> Answer:
    """Derived beside declared; with `as_of` what the rows up to then add up to."""
    speaking = compare.spoke(await app.store.accounts(PORTFOLIO))
    declared = await _declared(app)
    if as_of is None:
        found = compare.of_tallies(await app.store.tallies(PORTFOLIO), declared, speaking)
    else:
        found = compare.balances(await app.store.transactions(PORTFOLIO), declared, speaking, until=as_of)
    unknown = {(lot.account, lot.asset) for lot in await app.store.lots(PORTFOLIO) if "missing_basis" in lot.flags}
    items = [
        {
            "account": b.account,
            "asset": b.asset,
            "symbol": b.symbol,
            "derived": plain(b.derived),
            "declared": text(b.declared),
            "difference": text(b.difference),
            "explained": b.explained,
            "flags": sorted({*b.flags, *(["missing_basis"] if (b.account, b.asset) in unknown else [])}),
        }
        for b in found
    ]
    return {"balances": items}


async def _declared(app: App) -> list[Declared]:
    return [d for a in await app.store.accounts(PORTFOLIO) for d in await app.store.declared(a.id)]


async def transactions(app: App, limit: int | None = None) -> Answer:
    """Newest first when limited, else oldest first and complete."""
    rows = sorted(await app.store.transactions(PORTFOLIO), key=lambda r: (r.occurred_at, r.id))
    chosen = rows if limit is None else rows[::-1][:limit]
    return {"transactions": [_transaction(r) for r in chosen]}


def _transaction(row: Booked) -> Answer:
    def leg(amount: Amount, sign: int, *, fee: bool) -> Answer:
        return {"asset": amount.asset, "symbol": amount.coin.symbol, "quantity": plain(amount.quantity * sign), "is_fee": fee}

    with exact():
        legs = [leg(a, -1, fee=False) for a in row.sent] + [leg(a, 1, fee=False) for a in row.received]
        legs += [leg(a, -1, fee=True) for a in row.fees]
    return {
        "id": row.id,
        "account": row.account,
        "occurred_at": iso(row.occurred_at),
        "kind": str(row.kind),
        "chain_ref": row.chain_ref,
        "legs": legs,
        "matched_with": list(row.matched_with),
        "flags": list(row.flags),
    }


async def lots(app: App) -> Answer:
    """Open lots at the newest stored price; null where there is no opinion."""
    seen = await view.view(app)
    items = []
    for position in seen.positions:
        lot = position.lot
        items.append(
            {
                "id": lot.id,
                "account": lot.account,
                "asset": lot.asset,
                "symbol": lot.symbol,
                "quantity": plain(lot.quantity),
                "basis": text(lot.basis),
                "acquired_at": iso(lot.acquired_at),
                "term": position.term,
                "long_from": position.long_from,
                "price": text(position.price.price if position.price else None),
                "value": text(position.value),
                "unrealised": text(position.unrealised),
                "flags": list(lot.flags),
            }
        )
    return {"lots": items}


async def harvest(app: App) -> Answer:
    """Opportunities now, best first, the blocked ones with their reasons; and apart from them what cannot be sold as it lies."""
    seen = await view.view(app)
    labels = telling.labels_of(seen.accounts)
    return {
        "opportunities": [_opportunity(o, labels) for o in view.opportunities(seen)],
        "unsellable": [_unsellable(u) for u in unsellable(seen.positions)],
    }


def _unsellable(found: Unsellable) -> Answer:
    return {
        "account": found.account,
        "asset": found.asset,
        "symbol": found.symbol,
        "quantity": plain(found.quantity),
        "basis": text(found.basis),
        "reason": found.reason,
    }


def _opportunity(found: Opportunity, labels: Mapping[str, str]) -> Answer:
    return {
        "id": found.id,
        "account": found.account,
        "asset": found.asset,
        "symbol": found.symbol,
        "lots": [{"id": lot, "quantity": plain(quantity)} for lot, quantity in found.lots],
        "quantity": plain(found.quantity),
        "value": plain(found.value),
        "basis": plain(found.basis),
        "loss": plain(found.loss),
        "short_loss": plain(found.short_loss),
        "long_loss": plain(found.long_loss),
        "term": found.term,
        "saving": plain(found.saving),
        "costs": plain(found.costs),
        "net": plain(found.net),
        "net_low": plain(found.net_low),
        "net_high": text(found.net_high),
        "deferred": plain(found.deferred),
        "days_to_long": found.days_to_long,
        "turning_costs": plain(found.turning_costs),
        "certainty": found.certainty,
        "price": plain(found.price),
        "price_at": iso(found.price_at),
        "price_sources": list(found.price_sources),
        "blocked_by": list(found.blocked_by),
        "says": telling.named(found.says, labels),
    }


async def alerts(app: App) -> Answer:
    """Newest first, each with what became of its messages."""
    labels = {c.id: c.label for c in await app.store.channels(PORTFOLIO)}
    sent: dict[str, list[Answer]] = {}
    for row in await app.store.deliveries():
        item = {
            "channel": labels.get(row.channel, row.channel),
            "message": row.message.id,
            "kind": row.message.kind,
            "state": row.state,
            "attempts": row.attempts,
            "says": row.says or None,
            "delivered_at": iso(row.delivered_at),
        }
        sent.setdefault(row.message.alert, []).append(item)
    found = sorted(await app.store.alerts(PORTFOLIO), key=lambda a: (a.created_at, a.id), reverse=True)
    return {
        "alerts": [
            {
                "id": a.id,
                "state": a.state,
                "subject": a.subject,
                "opportunity": a.opportunity,
                "created_at": iso(a.created_at),
                "message": a.message,
                "net": plain(a.net),
                "resolved_because": a.resolved_because or None,
                "snoozed_until": iso(a.snoozed_until),
                "deliveries": sent.get(a.id, []),
            }
            for a in found
        ]
    }


async def issues(app: App) -> Answer:
    order = {"error": 0, "warning": 1, "info": 2}
    found = sorted(await telling.told(app), key=lambda i: (order[i.severity], i.kind, i.subject, i.id))
    items = [
        {"id": i.id, "kind": str(i.kind), "severity": i.severity, "subject": i.subject, "says": i.says, "remedy": i.remedy} for i in found
    ]
    failed = [d for d in await app.store.deliveries() if d.state == "failed"]
    items += [
        {
            "id": f"{d.message.id} {d.channel}",
            "kind": str(IssueKind.DELIVERY_FAILED),
            "severity": "error",
            "subject": d.channel,
            "says": f"a message did not arrive after {d.attempts} attempts: {d.says}",
            "remedy": "Check the channel with `thresher alerts test`; remove it and add it again if its address has changed.",
        }
        for d in failed
    ]
    return {"issues": items}


async def coverage(app: App) -> Answer:
    items = []
    for account in await app.store.accounts(PORTFOLIO):
        for part in await app.store.coverage(account.id):
            items.append(
                {
                    "account": account.id,
                    "stream": part.stream,
                    "from": iso(part.since),
                    "to": iso(part.until),
                    "proof": part.proof,
                    "requests": part.requests,
                    "rows": part.rows,
                    "unreachable": [{"from": iso(g.since), "to": iso(g.until), "why": g.why} for g in part.unreachable],
                }
            )
    return {"coverage": items}


async def channels(app: App) -> Answer:
    found = await app.store.channels(PORTFOLIO)
    return {
        "channels": [
            {"id": c.id, "label": c.label, "url": c.shown, "added_at": iso(c.added_at), "digest": c.digest or None, "signed": c.signed}
            for c in found
        ]
    }


async def prices(app: App) -> Answer:
    """Newest price of each held asset from each source."""
    lots = await app.store.lots(PORTFOLIO)
    portfolio = await app.store.portfolio(PORTFOLIO)
    symbols = {lot.coin: lot.symbol for lot in lots} | {coin.id: coin.symbol for coin in app.assets.coins()}
    found = sorted(await app.store.newest_quotes(view.held(lots), portfolio.currency), key=lambda q: (q.asset, q.source))
    return {
        "prices": [
            {
                "asset": q.asset,
                "symbol": symbols.get(q.asset, q.asset),
                "price": plain(q.price),
                "currency": q.currency,
                "source": q.source,
                "at": iso(q.at),
                "span": q.span,
            }
            for q in found
        ]
    }


async def profile(app: App) -> Answer:
    """The holder's figures by the names that `profile set` takes."""
    portfolio = await app.store.portfolio(PORTFOLIO)
    parts = (portfolio.profile, portfolio.harvest.thresholds, portfolio.harvest.costs, portfolio.harvest.year_end)
    figures = {name: value for part in parts for name, value in asdict(part).items()}
    for coin, own in portfolio.harvest.by_asset.items():
        figures |= {f"{name}@{coin}": value for name, value in asdict(own).items()}
    return {"profile": {name: plain(v) if isinstance(v, Decimal) else str(v) for name, v in figures.items()}}


async def overview(app: App) -> Answer:
    """The figures of the first page. Sums leave out lots without an opinion; `unpriced_lots` counts them."""
    seen = await view.view(app)
    with_opinion = [p for p in seen.positions if p.value is not None]
    gains = [p.unrealised for p in seen.positions if p.unrealised is not None]
    opportunities = view.opportunities(seen)
    found = await app.store.alerts(PORTFOLIO)
    return {
        "overview": {
            "value": text(total(p.value for p in with_opinion if p.value is not None)) if with_opinion else None,
            "unrealised": text(total(gains)) if gains else None,
            "realised": {
                "short": plain(seen.realised[0]),
                "long": plain(seen.realised[1]),
                "year": seen.year,
                "unknown": seen.unknown_disposals,
            },
            "saving": text(view.together(seen, opportunities)),
            "opportunities": sum(not o.blocked_by for o in opportunities),
            "unpriced_lots": len(seen.positions) - len(with_opinion),
            "accounts": len(seen.accounts),
            "open_alerts": sum(a.state in ("open", "acknowledged", "snoozed") for a in found),
            "issues": len((await issues(app))["issues"]),
            "currency": seen.portfolio.currency,
            "at": iso(seen.now),
        }
    }


def iso(at: datetime | None) -> str | None:
    """ISO 8601 UTC with Z; fractions only where there are some."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
