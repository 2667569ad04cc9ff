"""The way of the data, from raw records to lots: a pure function of what is stored, written back in one transaction.

records → normalise → reconcile → pricing → ledger → (transactions, lots, disposals, issues)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from connectors.contract import Coverage, Gap, RawRecord, Transaction, Unreadable
from service.app import compare, quotes, telling
from service.app.ports import Account, App, Derived
from service.app.sources import PORTFOLIO
from service.domain import ledger as lots
from service.domain import pricing
from service.domain.issues import Issue, IssueKind
from service.domain.ledger import Ledger
from service.domain.reconcile import Event, reconcile
from service.domain.statements import gathered

PRICE_ROUNDS = 3
"""A value that was found can show that its parts need prices too: several coins swept into one."""


async def rebuild(app: App) -> Ledger:
    """Derives everything anew and returns the ledger; the same inputs give the same ids. One process at a time."""
    async with app.leases.hold(f"rebuild-{PORTFOLIO}", wait_seconds=60):
        return await _rebuild(app)


async def _rebuild(app: App) -> Ledger:
    portfolio = await app.store.portfolio(PORTFOLIO)
    accounts = await app.store.accounts(PORTFOLIO)
    statements = gathered(await app.store.statements(PORTFOLIO))
    transactions: list[Transaction] = []
    issues: list[Issue] = []
    for account in accounts:
        app.progress.stage(account.label, "reading rows")
        records = await app.store.records(account.id)
        moved, unreadable = await asyncio.to_thread(_normalised, app, account, records)
        transactions += moved
        issues += [_unreadable(account, row) for row in unreadable]
        issues += _coverage_issues(account, await app.store.coverage(account.id))
        app.progress.done(account.label)
    window = timedelta(hours=app.settings.transfer_window_hours)
    booked, events, found = await asyncio.to_thread(
        reconcile, transactions, app.assets, statements, window=window, currency=portfolio.currency
    )
    issues += found
    book = await _price_book(app, events, portfolio.currency)
    priced, found = await asyncio.to_thread(pricing.price, events, book)
    issues += found
    ledger = await asyncio.to_thread(lots.book, priced, statements, zone=portfolio.profile.time_zone)
    declared = [d for account in accounts for d in await app.store.declared(account.id)]
    issues += compare.differences(compare.balances(booked, declared, compare.spoke(accounts)), accounts, booked)
    issues += [_failed(account) for account in accounts if account.status in ("error", "refused")]
    told = telling.gathered((*issues, *ledger.issues), booked, telling.labels_of(accounts))
    await app.store.save_derived(PORTFOLIO, Derived(tuple(booked), replace(ledger, issues=()), told))
    return ledger


def _normalised(app: App, account: Account, records: Sequence[RawRecord]) -> tuple[list[Transaction], list[Unreadable]]:
    rows = list(app.connector_class(account.connector).normalise(account.source, records))
    return [r for r in rows if isinstance(r, Transaction)], [r for r in rows if isinstance(r, Unreadable)]


async def _price_book(app: App, events: Sequence[Event], currency: str) -> pricing.PriceBook:
    """What is stored, be it of a currency or of what no table knows, and what the price sources still know of the past."""
    moved = {a.coin.id for event in events for a in (*event.sent, *event.received, *event.fees)}
    coins = sorted(moved.union(c.id for c in app.assets.coins()))
    book = pricing.PriceBook(await app.store.quotes(coins, currency), app.assets, currency)
    for _ in range(PRICE_ROUNDS):
        wanted = pricing.wanted(events, book)
        if not wanted:
            break
        app.progress.stage("prices", f"{len(wanted)} past prices")
        found = await quotes.fetch_past(app, wanted, currency)
        app.progress.done("prices")
        if not found:
            break
        book = pricing.PriceBook(await app.store.quotes(coins, currency), app.assets, currency)
    return book


def _unreadable(account: Account, row: Unreadable) -> Issue:
    return Issue(
        IssueKind.UNREADABLE,
        "error",
        f"{account.id} {row.key}",
        f"{account.label}: a row could not be understood: {row.why}",
        "The row is kept. An update that knows this kind of row will read it; balances may differ until then.",
    )


def _coverage_issues(account: Account, coverage: Sequence[Coverage]) -> list[Issue]:
    issues = []
    for part in coverage:
        subject = f"{account.id} {part.stream}"
        if part.proof.startswith("unproven"):
            says = f"{account.label}, {part.stream}: {part.proof}"
            issues.append(
                Issue(
                    IssueKind.UNPROVEN_COVERAGE, "warning", subject, says, "Compare with the source's own history; import what is missing."
                )
            )
        for gap in part.unreachable:
            if gap.why in part.proof:  # said just above
                continue
            says = f"{account.label}, {part.stream}: not answered {_span(gap)}: {gap.why}"
            issues.append(Issue(IssueKind.UNREACHABLE_SPAN, "warning", subject, says, "Import that span from the source's own export."))
    return issues


def _span(gap: Gap) -> str:
    words = [f"from {gap.since:%Y-%m-%d}"] if gap.since else []
    words += [f"until {gap.until:%Y-%m-%d}"] if gap.until else []
    return " ".join(words) or "at all"


def _failed(account: Account) -> Issue:
    remedy = (
        f"Make a new read-only key and give it by `thresher account key {account.id}`; what was read stays."
        if account.status == "refused" and account.kind == "exchange"
        else "Nothing was lost: the next sync goes on where this one stopped."
    )
    return Issue(IssueKind.SYNC_FAILED, "error", account.id, f"{account.label}: {account.says}", remedy)
