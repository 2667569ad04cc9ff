"""Pull every account's new rows, then rebuild and evaluate. The host owns retries, cursors and leases; a connector owns none.

A page and the cursor after it are one transaction, so a process killed at any point loses at most the page in flight,
and the next sync goes on from there.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import SystemRandom
from typing import TypeVar

from connectors.contract import AccessDenied, Connector, ConnectorError, RetryLater, SourceChanged
from service.app import evaluate, rebuild
from service.app.file_records import FILES
from service.app.ports import Account, AccountStatus, App, Busy, Refused
from service.app.sources import PORTFOLIO, opened, the_account

T = TypeVar("T")

TRIES = 6
"""Failures in a row, without a page in between, after which a stream is given up for this sync."""
SHAPE_TRIES = 3
"""A shape that we do not know may be one damaged page: it is asked for again before the stream stops."""
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one account's sync did."""

    account: str
    label: str
    outcome: str
    """synced, busy, refused, error, paused; imported: nothing to pull, its rows come from files"""
    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    says: str = ""


@dataclass(frozen=True, slots=True)
class SyncReport:
    accounts: tuple[Pulled, ...]
    ledger: str
    """Id of the ledger state after it; the same id means that nothing changed."""
    changed: bool
    evaluation: evaluate.Evaluation


async def sync(app: App, accounts: Sequence[str] | None = None, full: bool = False) -> SyncReport:
    """Accounts by id or label (all of them by default). `full` reads from the beginning again; known rows change nothing.

    A stopped account is tried again; a paused one only when it is named.
    """
    if accounts:
        chosen = [await the_account(app, word) for word in accounts]
    else:
        chosen = await app.store.accounts(PORTFOLIO)
    pulled = await asyncio.gather(*(_pull_unless_paused(app, a, full=full, named=bool(accounts)) for a in chosen))
    refreshed = await rebuild.rebuild(app)
    evaluation = await evaluate.evaluate(app)
    changed = refreshed.changed or any(p.new or p.changed or p.withdrawn for p in pulled)
    return SyncReport(tuple(pulled), refreshed.ledger_id, changed, evaluation)


async def _pull_unless_paused(app: App, account: Account, *, full: bool, named: bool) -> Pulled:
    if account.status == "paused" and not named:
        return Pulled(account.id, account.label, "paused", says=account.says)
    if account.connector == FILES:  # nothing to ask, and no balance to compare with: none declared is not nothing declared
        return Pulled(account.id, account.label, "imported")
    try:
        async with app.leases.hold(account.id):
            return await _pull(app, account, full=full)
    except Busy as busy:
        return Pulled(account.id, account.label, "busy", says=str(busy))


async def _pull(app: App, account: Account, *, full: bool) -> Pulled:
    if full:
        await app.store.forget_cursors(account.id)
    progress = _Tally()
    try:
        async with opened(app, account) as connector:
            app.progress.stage(account.label, "checking the key" if account.kind == "exchange" else "checking the chain")
            identity = await _retried(app, connector.probe)
            problems = [await _pull_stream(app, account, connector, stream, progress) for stream in connector.streams]
            app.progress.stage(account.label, "balances")
            cursors = await app.store.cursors(account.id)
            await app.store.save_balances(account.id, await _retried(app, lambda: connector.balances(cursors)))
    except AccessDenied as denied:
        return await _end(app, account, "refused", str(denied), progress)
    except (ConnectorError, Refused) as failed:
        return await _end(app, account, "error", str(failed), progress)
    except Exception as fault:  # noqa: BLE001 - a connector's fault must not stop the other accounts
        # Its text may hold what it was doing with a secret; where it happened does not.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        says = f"a fault in the connector: {type(fault).__name__} in {where.name}, line {where.lineno}"
        return await _end(app, account, "error", says, progress)
    if says := "; ".join(p for p in problems if p):
        return await _end(app, account, "error", says, progress)
    fresh = replace(account, permissions=identity.permissions)
    return await _end(app, fresh, "active", " ".join(identity.says), progress)


@dataclass(slots=True)
class _Tally:
    new: int = 0
    changed: int = 0
    withdrawn: int = 0


async def _pull_stream(app: App, account: Account, connector: Connector, stream: str, tally: _Tally) -> str:
    """ "" when the stream ended on proof; a sentence when its shape is unknown. Other failures raise."""
    failures = 0
    while True:
        app.progress.stage(account.label, stream)
        since = await app.store.cursor(account.id, stream)
        try:
            async for page in connector.fetch(stream, since):
                saved = await app.store.save_page(account.id, stream, page, app.now())
                tally.new += saved.new
                tally.changed += saved.changed
                tally.withdrawn += saved.withdrawn
                app.progress.rows(account.label, saved.new)
                if page.resume_from != since or saved.new or saved.changed or saved.withdrawn:
                    failures = 0  # it got further: a page that only repeats is no progress
        except RetryLater as busy:
            failures += 1
            if failures >= TRIES:
                raise
            await app.sleep(_wait(failures, busy.after_seconds))
        except SourceChanged as changed:
            failures += 1
            if failures >= SHAPE_TRIES:
                return f"{stream}: {changed}"
            await app.sleep(_wait(failures, None))
        else:
            return ""


async def _retried(app: App, ask: Callable[[], Awaitable[T]]) -> T:
    for failures in range(1, TRIES + 1):
        try:
            return await ask()
        except RetryLater as busy:
            if failures == TRIES:
                raise
            await app.sleep(_wait(failures, busy.after_seconds))
    raise AssertionError


def _wait(failures: int, asked: float | None) -> float:
    """Seconds: what the source asked for, else doubling with jitter."""
    if asked is not None:
        return min(asked, LONGEST_WAIT_SECONDS)
    longest = min(FIRST_WAIT_SECONDS * float(2**failures), LONGEST_WAIT_SECONDS)
    return longest * (0.5 + _random.random() / 2)


async def _end(app: App, account: Account, status: AccountStatus, says: str, tally: _Tally) -> Pulled:
    known = await app.store.account(account.id) or account
    paused = known.status == "paused" and status == "active"  # named on purpose, or paused meanwhile: it stays paused
    proved = await _proved_until(app, account.id)
    ended = replace(
        known,
        status="paused" if paused else status,
        says=known.says if paused else says,
        permissions=account.permissions,
        last_sync=app.now() if status == "active" else known.last_sync,
        proved_until=proved,
    )
    await app.store.save_account(ended)
    outcome = "synced" if status == "active" else status
    app.progress.done(account.label, outcome)
    return Pulled(account.id, account.label, outcome, tally.new, tally.changed, tally.withdrawn, says)


async def _proved_until(app: App, account: str) -> datetime | None:
    """The earliest end of the proven streams; None while one of them is unproven."""
    coverage = await app.store.coverage(account)
    if not coverage or any(c.proof.startswith("unproven") for c in coverage):
        return None
    return min(c.until for c in coverage)
