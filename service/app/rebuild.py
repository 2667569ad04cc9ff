"""The way of the data, from raw records to lots, for what changed since the last time; written back in one transaction.

records → normalise → reconcile → pricing → movements → ledger → (transactions, balances, lots, disposals, issues)

What stands in the derived tables says which change of the records, of the quotes and of the holder's words it has seen. A refresh asks for
what is newer, and each stage hands on only what differs: one new trade is one row, one event, a few movements, and the end of the ledgers
of its coins. Where something else changed on which everything rests (the asset table, the tax zone, the program), everything counts as
changed and nothing as stored: the same code, the same rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from connectors.contract import Coverage, Gap
from service.app import compare
from service.app.derived import Changes, Ledgers, Placed, Pool, Raised, State, Tally, TallyKey
from service.app.ports import Account, App, Busy, Changed, Fresh, Portfolio
from service.app.refresh import pairing, pools, rows, tallies, values
from service.app.refresh.pairing import PairChanges
from service.app.refresh.rows import RowChanges
from service.app.sources import PORTFOLIO
from service.domain.history import Row
from service.domain.issues import Issue, IssueKind
from service.domain.ledger import choices
from service.domain.money import ZERO
from service.domain.movements import ticks
from service.domain.pricing import PriceBook
from service.domain.reconcile import Booked, Event, asset_issues, events, is_live, links, open_ends
from service.domain.statements import Allocation, Identification, MatchAnswer, PlannedSale, Statement, Statements, gathered

CODE = 5
"""Counted up when the same inputs give other rows than before: stored results are then made anew."""
PRICE_ROUNDS = 3
"""A value that was found can show that its parts need prices too: several coins swept into one."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did."""

    ledger_id: str
    changed: bool
    """Whether the ledger is another one than before."""
    whole: bool
    rows: int
    """Transactions that came, changed or went away."""
    movements: int
    """The same of movements."""
    replayed: int
    """Pools whose ledger was run again, in part or as a whole."""


async def rebuild(app: App, *, every: int = pools.EVERY, fresh: Fresh | None = None) -> Refreshed:
    """Brings the derived state up to date; the same inputs give the same rows, in whatever order they came. One process at a time.

    `fresh`: what the caller has just stored; it counts where nothing else has changed.
    """
    async with app.leases.hold(f"rebuild-{PORTFOLIO}", wait_seconds=60):
        return await _Refresh(app, every, fresh).run()


async def is_behind(app: App) -> bool:
    """Whether an answer now would not be of what is stored: somebody was cut off before booking, an account went, or the zone, the assets or
    the program are others than when it was booked."""
    state = await app.store.derived_state(PORTFOLIO)
    if await app.store.lags(PORTFOLIO):
        return True
    if state is None:
        return False
    now = _rests_on(app, await app.store.portfolio(PORTFOLIO))
    there = {account.id for account in await app.store.accounts(PORTFOLIO)}
    return any(state.rests_on.get(name) != value for name, value in now.items()) or not state.rests_on["accounts"].keys() <= there


def _rests_on(app: App, portfolio: Portfolio) -> dict[str, Any]:
    return {
        "code": CODE,
        "assets": app.assets.version,
        "window": timedelta(hours=app.settings.transfer_window_hours) // timedelta(seconds=1),
        "currency": portfolio.currency,
        "zone": portfolio.profile.time_zone,
    }


async def catch_up(app: App) -> bool:
    """Books what an answer would leave out. False where another process is at it, who will be done soon."""
    try:
        async with app.leases.hold(f"rebuild-{PORTFOLIO}", wait_seconds=0):
            if await is_behind(app):
                await _Refresh(app, pools.EVERY, None).run()
    except Busy:
        return False
    return True


@dataclass(slots=True)
class _Refresh:
    """One refresh; the stages leave here what the next ones need."""

    app: App
    every: int
    fresh: Fresh | None
    portfolio: Portfolio = field(init=False)
    accounts: list[Account] = field(init=False)
    said: list[Statement] = field(init=False)
    statements: Statements = field(init=False)
    before: State | None = field(init=False)
    whole: bool = field(init=False)
    changed: Changed = field(init=False)
    quotes_rev: int = field(init=False)
    changes: Changes = field(init=False)
    lacking: set[str] = field(init=False)

    async def run(self) -> Refreshed:
        await self._begin()
        row_changes = await rows.changed_rows(self.app, self.accounts, self.changed, self._read(), whole=self.whole)
        self.lacking = row_changes.lacking | (set() if self.whole else self._lacked())
        affected = await self._affected(row_changes)
        await self._book(row_changes, affected)
        moved = await asyncio.to_thread(values.valued, affected.events, affected.book)
        await self._moved(affected, moved, row_changes.plain.movements)
        await self._balances(row_changes)
        replaying = asyncio.create_task(self._ledgers())
        try:
            await self.app.store.save_derived(PORTFOLIO, self.changes, replaying)
        finally:
            replaying.cancel()
        ledgers = replaying.result()
        known = self.before.ledger_id if self.before else ""
        count = len(row_changes.new.keys() | row_changes.old.keys()) + len(row_changes.plain.lines)
        moves = len(self.changes.movements) + len(self.changes.movements_gone)
        name = ledgers.state.ledger_id
        return Refreshed(name, name != known, self.whole, count, moves, len(ledgers.replays))

    # ------------------------------------------------------------------ what changed

    async def _begin(self) -> None:
        store = self.app.store
        self.portfolio = await store.portfolio(PORTFOLIO)
        self.accounts = await store.accounts(PORTFOLIO)
        self.said = await store.statements(PORTFOLIO)
        self.statements = gathered(self.said)
        self.before = await store.derived_state(PORTFOLIO)
        self.whole = self.before is None or not self._still_rests_on(self.before.rests_on)
        since = -1 if self.whole or self.before is None else self.before.rev
        if self.fresh is not None and self.fresh.rev == max(since, 0) + 1:
            self.changed = Changed(self.fresh.rev, self.fresh.records, (), frozenset(r.account for r in self.fresh.records))
        else:
            self.changed = await store.changed(PORTFOLIO, since)
        self.changes = Changes(self.whole, self.app.now())

    def _read(self) -> Mapping[str, Row]:
        return self.fresh.rows if self.fresh else {}

    def _rests_on(self) -> dict[str, Any]:
        return {
            **_rests_on(self.app, self.portfolio),
            "every": self.every,
            "accounts": {a.id: f"{a.connector} {self.app.connector_class(a.connector).spec.version}" for a in self.accounts},
        }

    def _still_rests_on(self, before: Mapping[str, Any]) -> bool:
        """An account that came is no reason to begin anew; one that went, or is read by another program, is. So is one that came back to rows
        of files that spoke of it: their other end was left out."""
        now = self._rests_on()
        same = all(before.get(name) == now[name] for name in now if name != "accounts") and not self._lacked() & now["accounts"].keys()
        return same and before["accounts"].items() <= now["accounts"].items()

    def _lacked(self) -> set[str]:
        return set() if self.before is None else set(self.before.rests_on.get("lacking", ()))

    @property
    def _window(self) -> timedelta:
        return timedelta(hours=self.app.settings.transfer_window_hours)

    def _new_words(self) -> list[Statement]:
        return self.said[0 if self.before is None else self.before.said :]

    # ------------------------------------------------------------------ rows → events

    async def _affected(self, found: RowChanges) -> _Affected:
        """The rows whose events are worked out again: what changed, what it may be one with, and what new quotes touch.

        Prices that are missing are fetched first, in rounds, since what comes touches rows too.
        """
        store, currency = self.app.store, self.portfolio.currency
        answered = {row for said in self._new_words() if isinstance(said, MatchAnswer) for row in (said.withdrawal, said.deposit)}
        self.quotes_rev = 0 if self.before is None else self.before.quotes_rev
        touched: set[str] = set()
        for left in range(PRICE_ROUNDS, -1, -1):
            touched |= await self._touched()
            affected = await self._events(found, answered, touched)
            missing = [] if self.whole else await store.unpriced(PORTFOLIO)
            if not left or not await values.fetch_missing(self.app, affected.events, missing, currency):
                break
        affected.book = await values.price_book(self.app, affected.events, currency)
        return affected

    async def _touched(self) -> set[str]:
        """Of quotes that came since the last look."""
        seen, self.quotes_rev = self.quotes_rev, await self.app.store.quotes_rev()
        if self.whole or seen == self.quotes_rev:
            return set()
        return await values.touched_rows(self.app, await self.app.store.quotes_since(seen), self.portfolio.currency)

    async def _events(self, found: RowChanges, answered: set[str], touched: set[str]) -> _Affected:
        start = answered | touched
        paired = await pairing.changed_pairs(self.app, found, start, self.statements, self._window, whole=self.whole)
        again = dict(paired.rows)
        alone = touched - again.keys() - found.new.keys() - found.old.keys()
        if alone:
            again |= {name: replace(row, matched_with=()) for name, row in (await self.app.store.booked(PORTFOLIO, alone)).items()}
        stood = {name: again[name] for name in (paired.shown_with.keys() | alone) & again.keys()} | found.old
        live = [row for row in {**again, **found.new}.values() if is_live(row)]
        happened = await asyncio.to_thread(events, live, paired.paired)
        return _Affected(paired, live, stood, happened)

    async def _book(self, found: RowChanges, affected: _Affected) -> None:
        """Rows as they are stored: with their links, which change with their closures."""
        changes, paired = self.changes, affected.paired
        linked_to = links(paired.paired)
        changed = {
            name: row
            for name, row in paired.rows.items()
            if name in found.new or linked_to.get(name, ()) != paired.shown_with.get(name, ())
        }
        stored = pairing.with_links({**found.new, **changed}, linked_to)
        changes.booked, changes.lines = list(stored.values()), found.plain.lines
        changes.booked_gone = found.old.keys() | (changed.keys() - found.new.keys())
        changes.sides = [side for row in stored.values() for side in pairing.sides_of(row, self.statements, self._window)]
        changes.raised += found.raised
        changes.raised += [Raised("transfer", _owner(i, paired.rows), 0, i) for i in paired.paired.issues]
        open_issues = open_ends(affected.events, affected.live, paired.paired)
        live = {row.id: row for row in affected.live} if open_issues else {}
        changes.raised += [Raised("transfer", _owner(i, live), 0, i) for i in open_issues]
        if not self.whole:
            changes.raised_gone |= found.raised_gone
            changes.raised_gone |= {(origin, name) for name in affected.stood for origin in ("transfer", "price")}

    async def _moved(self, affected: _Affected, moved: values.ValueChanges, plain: list[Placed]) -> None:
        """Movements that are gone and those that came: of a row that stood, only those that differ."""
        changes = self.changes
        changes.valued, changes.raised = moved.valued, [*changes.raised, *moved.raised]
        now = [placed for some in moved.movements.values() for placed in some]
        if not self.whole and affected.stood:
            changes.valued_gone = set(affected.stood)
            before = set(await self.app.store.movements_of(PORTFOLIO, affected.stood.values()))
            changes.movements_gone = sorted(before.difference(now), key=lambda p: p[:4])
            now = [placed for placed in now if placed not in before]
        changes.movements = now + plain

    # ------------------------------------------------------------------ movements → ledgers

    async def _ledgers(self) -> Ledgers:
        """Of the pools that changed, from their last checkpoints before the change."""
        store, gone, added = self.app.store, self.changes.movements_gone, self.changes.movements
        before = {} if self.whole else await store.pools(PORTFOLIO)
        found = pools.changed_pools(before, gone, added, lambda coin: self.app.assets.coin(coin).symbol)
        for name in self._said_of(found.pools):
            found.since[name] = None
        said = choices(self.statements, zone=self.portfolio.profile.time_zone)
        for coin, pool in found.pools.items():  # a sale before lots were named decides whether that was in time, and so who got which lots
            since = found.since.get(pool.pool)
            if since is not None and any(word.lots and since < ticks(word.made_at) for word in said.said.get(coin, ())):
                found.since[pool.pool] = None
        went, came = _by_pool(found.pools, gone), _by_pool(found.pools, added)
        known = {pool.pool for pool in before.values()} - found.dropped
        digests = {coin: pool.digest for coin, pool in found.pools.items() if pool.pool == coin}
        results = []
        for name, since in sorted(found.since.items()):
            ledger = pools.PoolLedger(store, PORTFOLIO, name, found.pools, said, every=self.every)
            changes = (went.get(name, []), came.get(name, []))
            results.append(await ledger.replayed(since, *changes, stored=not self.whole, known=name in known))
            digests[name] = results[-1].digest
        now = {coin: replace(pool, digest=digests[coin] if pool.pool == coin else "") for coin, pool in found.pools.items()}
        rests_on = self._rests_on() | {"lacking": sorted(self.lacking)}
        return Ledgers(
            State(_ledger_id(digests), rests_on, len(self.said), self.changed.rev, self.quotes_rev),
            pools=[pool for coin, pool in now.items() if before.get(coin) != pool],
            pools_gone={coin for coin, pool in before.items() if now.get(coin) != pool},
            dropped=found.dropped,
            replays=[result.replay for result in results],
            raised=[issue for result in results for issue in result.findings],
        )

    def _said_of(self, now: Mapping[str, Pool]) -> set[str]:
        """Pools that new words of the holder may change."""
        if self.whole:
            return set()
        found: set[str] = set()
        for word in self._new_words():
            if isinstance(word, (MatchAnswer, PlannedSale)):
                continue
            coin = word.asset if isinstance(word, Identification) else word.coin if isinstance(word, Allocation) else None
            found |= {pool.pool for pool in now.values() if coin is None or pool.coin == coin}
        return found

    # ------------------------------------------------------------------ balances, and what is said of accounts

    async def _balances(self, found: RowChanges) -> None:
        changes, store = self.changes, self.app.store
        standing: dict[TallyKey, Tally] = {} if self.whole else await store.tallies(PORTFOLIO)
        stood = set(standing)
        touched: set[TallyKey] = set()
        tallies.count(standing, found.old.values(), -1, touched)
        tallies.count(standing, found.new.values(), 1, touched)
        tallies.merge(standing, found.plain.tallies)
        touched |= found.plain.tallies.keys()
        changes.tallies_gone = touched & stood
        changes.tallies = {key: standing[key] for key in touched if not tallies.empty(standing[key])}
        held = {key: tally for key, tally in standing.items() if not tallies.empty(tally)}
        raised = [Raised("account", account.id, 0, issue) for account in self.accounts for issue in await self._of_account(account)]
        raised += [Raised("balance", "", 0, i) for i in asset_issues(compare.assets_of(held), f"fiat:{self.portfolio.currency}")]
        raised += [Raised("balance", "", 0, i) for i in await self._differences(held, touched, found)]
        standing_issues = [] if self.whole else await store.raised(PORTFOLIO, ("account", "balance"))
        if set(standing_issues) != set(raised):
            changes.raised += raised
            changes.raised_gone |= {("account", ""), ("balance", "")}

    async def _of_account(self, account: Account) -> list[Issue]:
        issues = _coverage_issues(account, await self.app.store.coverage(account.id))
        return [*issues, _failed(account)] if account.status in ("error", "refused") else issues

    async def _differences(self, held: Mapping[TallyKey, Tally], touched: set[TallyKey], found: RowChanges) -> list[Issue]:
        store = self.app.store
        declared = [d for account in self.accounts for d in await store.declared(account.id)]
        differing = compare.differing(compare.of_tallies(held, declared, compare.spoke(self.accounts)), self.accounts)
        if not differing:
            return []
        known = {} if self.whole else {r.issue.says: r.issue for r in await store.raised(PORTFOLIO, ("balance",))}
        moved = {(account, asset) for account, asset, _ in touched}
        issues = []
        for account, balance in differing:
            issue = compare.difference(account, balance, None)
            if issue.says in known and (account.id, balance.asset) not in moved:
                issues.append(known[issue.says])
                continue
            issues.append(compare.difference(account, balance, await self._first_of(balance, found)))
        return issues

    async def _first_of(self, balance: compare.Balance, found: RowChanges) -> datetime | None:
        """Time of the first row that moved just what is missing."""
        gap = (balance.difference or ZERO).copy_abs()
        stored = {} if self.whole else await self.app.store.rows_of_size(PORTFOLIO, balance.account, balance.asset, gap)
        times = {name: at for name, at in stored.items() if name not in found.old}
        times |= {row.id: row.occurred_at for row in found.new.values() if compare.is_of_size(row, balance.account, balance.asset, gap)}
        return min(times.values(), default=None)


@dataclass(slots=True)
class _Affected:
    """The rows whose events are worked out again."""

    paired: PairChanges
    live: list[Booked]
    stood: dict[str, Booked]
    """Those of them that may have left something in the store, as they are or were."""
    events: list[Event]
    book: PriceBook = field(init=False)
    """The quotes that can speak for them."""


def _owner(issue: Issue, rows_: Mapping[str, Booked]) -> str:
    """The row that such an issue names first; of a pair the sender. An id may have blanks in it."""
    if issue.subject in rows_:
        return issue.subject
    first = issue.subject.partition(" ")[0]
    return first if first in rows_ else next((name for name in rows_ if issue.subject.startswith(f"{name} ")), first)


def _by_pool(now: Mapping[str, Pool], placed: Sequence[Placed]) -> dict[str, list[Placed]]:
    by_coin: dict[str, list[Placed]] = {}
    for one in placed:
        by_coin.setdefault(one[0], []).append(one)
    found: dict[str, list[Placed]] = {}
    for coin, some in by_coin.items():
        found.setdefault(now[coin].pool if coin in now else coin, []).extend(some)
    return found


def _ledger_id(digests: Mapping[str, str]) -> str:
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    return f"led_{sha256(text.encode()).hexdigest()}"


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
