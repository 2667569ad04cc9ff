"""What a refresh makes: transactions, balances, movements, lots, disposals and issues. Read by what they are about, written by what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, and_, bindparam, cast, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.app.derived import Changes, Checkpoint, Ledgers, LotLine, Movements, Placed, Pool, Raised, State, Tally, TallyKey
from service.domain.assets import Coin
from service.domain.issues import Issue, IssueKind, content_id
from service.domain.ledger import Disposal, Income, Ledger, amount
from service.domain.methods import Lot
from service.domain.money import plain
from service.domain.movements import PLACES, moment, ticks
from service.domain.reconcile import Booked, Kind
from service.store.derived_tables import (
    BalanceRow,
    BookedRow,
    CheckpointRow,
    DerivedRow,
    DisposalRow,
    IssueRow,
    LotRow,
    MovementRow,
    PoolRow,
    SideRow,
    ValuedRow,
)
from service.store.engine import chunks, insert_ready, run_ready, upsert
from service.store.lines import booked_line, booked_of, counted, movement_line, movement_of, places_in
from service.store.tables import RawRecordRow, StatementRow, tables
from service.store.truth import Room
from service.store.types import canonical_json, words

STATES, BOOKED, SIDES, BALANCES, VALUED = tables(DerivedRow, BookedRow, SideRow, BalanceRow, ValuedRow)
MOVEMENTS, POOLS, CHECKPOINTS, LOTS, DISPOSALS, ISSUES = tables(MovementRow, PoolRow, CheckpointRow, LotRow, DisposalRow, IssueRow)
RECORDS, STATEMENTS = tables(RawRecordRow, StatementRow)
PARTS = (BOOKED, SIDES, BALANCES, VALUED, MOVEMENTS, POOLS, CHECKPOINTS, LOTS, DISPOSALS)


class DerivedState(Room):
    # ------------------------------------------------------------------ what a refresh reads

    async def derived_state(self, portfolio: str = "main") -> State | None:
        """None before the first refresh."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(STATES).where(STATES.c.portfolio == portfolio))).mappings().first()
        return None if row is None else State(row["ledger_id"], row["rests_on"], row["said"], row["rev"], row["quotes_rev"])

    async def lags(self, portfolio: str = "main") -> bool:
        """Whether records or words of the holder are stored that the derived tables have not seen: who stored them was cut off."""
        state = await self.derived_state(portfolio)
        seen, said = (0, 0) if state is None else (state.rev, state.said)
        newest = select(func.max(RECORDS.c.rev)).where(RECORDS.c.portfolio == portfolio)
        words_said = select(func.count()).select_from(STATEMENTS).where(STATEMENTS.c.portfolio == portfolio)
        async with self.database.reading() as connection:
            rev = (await connection.execute(newest)).scalar_one() or 0
            return bool(rev > seen or (await connection.execute(words_said)).scalar_one() > said)

    async def booked(self, portfolio: str, ids: Collection[str]) -> dict[str, Booked]:
        """Those of the rows that are there, each as it is by itself: `shown` says what it is with others."""
        return {row.id: row for row in await self._booked(portfolio, [BOOKED.c.id.in_(part) for part in chunks(sorted(set(ids)))])}

    async def booked_of_account(self, portfolio: str, account: str) -> dict[str, Booked]:
        return {row.id: row for row in await self._booked(portfolio, [BOOKED.c.account == account])}

    async def rows_of_size(self, portfolio: str, account: str, asset: str, quantity: Decimal) -> dict[str, datetime]:
        """Rows of the account that moved just this amount of the asset, and when."""
        told = f'"{plain(quantity)}"]'
        c = BOOKED.c
        near = or_(*(cast(side, Text).contains(told, autoescape=True) for side in (c.sent, c.received, c.fees)))
        rows = await self._booked(portfolio, [and_(c.account == account, near)])
        return {
            r.id: r.occurred_at for r in rows if any(a.asset == asset and a.quantity == quantity for a in (*r.sent, *r.received, *r.fees))
        }

    async def seen(self, portfolio: str, ids: Collection[str]) -> dict[str, tuple[str, datetime]]:
        """Account and time of those of the rows that are there."""
        c = BOOKED.c
        found: dict[str, tuple[str, datetime]] = {}
        async with self.database.reading() as connection:
            for part in chunks(sorted(set(ids))):
                asked = select(c.id, c.account, c.occurred_at).where(c.portfolio == portfolio, c.id.in_(part))
                found |= {row: (account, at) for row, account, at in await connection.execute(asked)}
        return found

    async def _booked(self, portfolio: str, wheres: Sequence[ColumnElement[bool]]) -> list[Booked]:
        columns = [column for column in BOOKED.c if column.name != "portfolio"]
        found: list[Booked] = []
        async with self.database.reading() as connection:
            for where in wheres:
                found += map(booked_of, await connection.execute(select(*columns).where(BOOKED.c.portfolio == portfolio, where)))
        return found

    async def sides(self, portfolio: str, spans: Iterable[tuple[Collection[str], datetime, datetime]], hashes: Collection[str]) -> set[str]:
        """Rows that may be one side of a transfer: of some of these coins within each span, or of one of the hashes."""
        c = SIDES.c
        wheres = [and_(c.coin.in_(coins), c.at.between(ticks(since), ticks(until))) for coins, since, until in spans if coins]
        wheres += [c.hash.in_(part) for part in chunks(sorted(hashes))]
        found: set[str] = set()
        async with self.database.reading() as connection:
            for where in wheres:
                found.update((await connection.execute(select(c.row).where(c.portfolio == portfolio, where))).scalars())
        return found

    async def tallies(self, portfolio: str = "main") -> dict[TallyKey, Tally]:
        """Every (account, asset, coin) that a row moved."""
        asked = select(BALANCES).where(BALANCES.c.portfolio == portfolio)
        found = {}
        async with self.database.reading() as connection:
            for _, account, asset, coin, symbol, kind, known, *rest in await connection.execute(asked):
                found[account, asset, coin] = Tally(Coin(coin, symbol, kind, known), *rest)
        return found

    async def touched(self, portfolio: str, coin: str, spans: Sequence[tuple[int, int]]) -> set[str]:
        """Rows that rest on the coin's quotes within some of these spans (first and last microsecond)."""
        c = VALUED.c
        found: set[str] = set()
        async with self.database.reading() as connection:
            for since, until in spans:
                mine = (c.portfolio == portfolio, c.coin == coin, c.at.between(since, until))
                found.update((await connection.execute(select(c.row).where(*mine))).scalars())
        return found

    async def unpriced(self, portfolio: str) -> list[tuple[str, int]]:
        """(coin, time) of every price that is still missing."""
        c = VALUED.c
        asked = select(c.coin, c.at).where(c.portfolio == portfolio, c.missing).distinct()
        async with self.database.reading() as connection:
            return sorted((coin, at) for coin, at in await connection.execute(asked))

    async def movements_of(self, portfolio: str, rows: Collection[Booked]) -> list[Placed]:
        """A row's movements stand under a coin that it moves, at its own time or at that of the row that it is one transfer with."""
        c = MOVEMENTS.c
        names = {row.id for row in rows}
        coins = sorted({a.coin.id for row in rows for side in (row.sent, row.received, row.fees) for a in side})
        times = sorted({ticks(row.occurred_at) for row in rows})
        found: list[Placed] = []
        async with self.database.reading() as connection:
            for coin in coins:
                for part in chunks(times):
                    found += await _placed(connection, c.portfolio == portfolio, c.coin == coin, c.at.in_(part))
        return [placed for placed in found if placed.row in names]

    async def movements_since(self, portfolio: str, coins: Collection[str], since: int | None) -> list[Placed]:
        """Of these coins, at `since` and later; in no order."""
        c = MOVEMENTS.c
        where = [c.portfolio == portfolio, c.coin.in_(coins), *([] if since is None else [c.at >= since])]
        async with self.database.reading() as connection:
            return await _placed(connection, *where)

    async def pools(self, portfolio: str = "main") -> dict[str, Pool]:
        """By coin."""
        found = {}
        async with self.database.reading() as connection:
            for _, coin, pool, symbol, count, renames, fine, digest in await connection.execute(
                select(POOLS).where(POOLS.c.portfolio == portfolio)
            ):
                found[coin] = Pool(coin, pool, symbol, count, renames, {int(places): n for places, n in fine.items()}, digest)
        return found

    async def checkpoints(self, portfolio: str, pool: str) -> list[Checkpoint]:
        """Of one pool by number, without their bodies."""
        c = CHECKPOINTS.c
        asked = select(c.number, c.at, c.entered, c.digest).where(c.portfolio == portfolio, c.pool == pool).order_by(c.number)
        async with self.database.reading() as connection:
            return [Checkpoint(pool, number, at, entered, "", digest) for number, at, entered, digest in await connection.execute(asked)]

    async def checkpoint_body(self, portfolio: str, pool: str, number: int) -> str:
        c = CHECKPOINTS.c
        asked = select(c.body).where(c.portfolio == portfolio, c.pool == pool, c.number == number)
        async with self.database.reading() as connection:
            return str((await connection.execute(asked)).scalar_one())

    async def lot_lines(self, portfolio: str, pool: str) -> list[LotLine]:
        c = LOTS.c
        columns = [cast(col, Text) if col.name in ("quantity", "basis", "fair") else col for col in c if col.name != "portfolio"]
        async with self.database.reading() as connection:
            rows = await connection.execute(select(*columns).where(c.portfolio == portfolio, c.pool == pool))
            return [tuple(row) for row in rows]

    # ------------------------------------------------------------------ what a refresh writes

    async def save_derived(self, portfolio: str, changes: Changes, ledgers: Awaitable[Ledgers]) -> None:
        ready = await asyncio.to_thread(_ready, portfolio, changes)
        async with self.database.writing(portfolio) as connection:
            if changes.whole:
                for part in PARTS:
                    await connection.execute(delete(part).where(part.c.portfolio == portfolio))
                await connection.execute(delete(ISSUES).where(ISSUES.c.portfolio == portfolio, ISSUES.c.origin != "evaluation"))
            else:
                await _delete(connection, portfolio, changes)
            for part, rows in ready.items():
                await insert_ready(connection, part, rows)
            found = await ledgers
            if not changes.whole:
                await _delete_ledgers(connection, portfolio, found)
            for part, rows in _ready_ledgers(portfolio, found).items():
                await insert_ready(connection, part, rows)
            state = asdict(found.state)
            await upsert(connection, STATES, [{**state, "portfolio": portfolio, "made_at": changes.made_at}])

    # ------------------------------------------------------------------ what the answers read

    async def transactions(self, portfolio: str = "main") -> list[Booked]:
        """Matched ones are transfers, in order of time."""
        rows = await self._booked(portfolio, [BOOKED.c.portfolio == portfolio])
        return sorted(map(shown, rows), key=lambda r: (r.occurred_at, r.id))

    async def movements(self, portfolio: str = "main") -> Movements:
        pools = await self.pools(portfolio)
        places = max([PLACES, *(fine for pool in pools.values() for fine in pool.fine)])
        c = MOVEMENTS.c
        columns = (c.coin, c.at, c.act, c.id, c.account, c.asset, c.quantity, c.value, c.fee, c.more, c.place, c.n)
        async with self.database.reading() as connection:
            asked = select(*columns).where(c.portfolio == portfolio).order_by(*_order(connection))
            rows = (await connection.execute(asked)).all()
        pool_of = {coin: pool.pool for coin, pool in pools.items()}
        mixed = {name for coin, name in pool_of.items() if coin != name}
        if mixed:  # of several coins the movements are in one order
            rows = [r for r in rows if pool_of[r[0]] not in mixed] + sorted(
                (r for r in rows if pool_of[r[0]] in mixed), key=lambda r: (pool_of[r[0]], r[1], r[10], r[11])
            )
        return Movements([movement_of(row[:10], places) for row in rows], pool_of, places, {c: p.symbol for c, p in pools.items()})

    async def ledger_id(self, portfolio: str = "main") -> str:
        """Empty before the first refresh."""
        state = await self.derived_state(portfolio)
        return state.ledger_id if state else ""

    async def lots(self, portfolio: str = "main") -> list[Lot]:
        """Open lots by account, coin and age."""
        c = LOTS.c
        symbols = {coin: pool.symbol for coin, pool in (await self.pools(portfolio)).items()}
        columns = (c.id, c.account, c.coin, c.asset, c.quantity, c.basis, c.acquired, c.sequence, c.flags, c.fair, c.fair_at)
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(*columns).where(c.portfolio == portfolio))).all()
        found = [
            Lot(
                lot,
                account,
                coin,
                asset,
                symbols[coin],
                quantity,
                basis,
                moment(acquired),
                sequence,
                tuple(flags.split()),
                fair,
                None if fair_at is None else moment(fair_at),
            )
            for lot, account, coin, asset, quantity, basis, acquired, sequence, flags, fair, fair_at in rows
        ]
        return sorted(found, key=lambda lot: (lot.account, lot.coin, lot.acquired_at, lot.sequence, lot.id))

    async def disposals(self, portfolio: str = "main", since: datetime | None = None, until: datetime | None = None) -> list[Disposal]:
        """In order of time; from `since` to before `until`."""
        c = DISPOSALS.c
        symbols = {coin: pool.symbol for coin, pool in (await self.pools(portfolio)).items()}
        where = [c.portfolio == portfolio]
        where += [c.disposed >= ticks(since)] if since else []
        where += [c.disposed < ticks(until)] if until else []
        columns = (c.event, c.lot, c.account, c.coin, c.quantity, c.acquired, c.disposed, c.proceeds, c.basis, c.long, c.flags, c.n)
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(*columns).where(*where))).all()
        return [
            Disposal(
                content_id("dsp", event, coin, lot), event, lot, account, coin, symbols[coin], quantity,
                None if acquired is None else moment(acquired), moment(disposed), proceeds, basis, "long" if long else "short",
                tuple(flags.split()),
            )
            for event, lot, account, coin, quantity, acquired, disposed, proceeds, basis, long, flags, _ in sorted(
                rows, key=lambda r: (r.disposed, r.event, r.coin, r.n)
            )
        ]  # fmt: skip

    async def incomes(self, portfolio: str = "main") -> list[Income]:
        """In order of time."""
        c = MOVEMENTS.c
        asked = select(c.id, c.account, c.coin, c.quantity, c.value, c.at).where(
            c.portfolio == portfolio, c.act == "acquire", c.more.contains('"income":true')
        )
        async with self.database.reading() as connection:
            rows = (await connection.execute(asked)).all()
        found = []
        for event, account, coin, quantity, value, at in rows:
            places = places_in(quantity)
            worth = None if value is None else amount(int(value))
            found.append(Income(event, account, coin, amount(counted(quantity, places), places), worth, moment(at)))
        return sorted(found, key=lambda i: (i.at, i.event, i.coin))

    async def ledger(self, portfolio: str = "main") -> Ledger:
        """All of it. Before the first refresh an empty ledger without an id."""
        lots, disposals, incomes = await self.lots(portfolio), await self.disposals(portfolio), await self.incomes(portfolio)
        issues = await self._issues(portfolio, ISSUES.c.origin == "ledger")
        return Ledger(await self.ledger_id(portfolio), tuple(lots), tuple(disposals), tuple(incomes), tuple(issues))

    async def raised(self, portfolio: str, origins: Collection[str]) -> list[Raised]:
        """Issues of these stages with their owners."""
        c = ISSUES.c
        asked = select(c.origin, c.owner, c.part, c.kind, c.severity, c.subject, c.says, c.remedy)
        async with self.database.reading() as connection:
            rows = await connection.execute(asked.where(c.portfolio == portfolio, c.origin.in_(origins)))
            return [Raised(origin, owner, part, Issue(IssueKind(kind), *rest)) for origin, owner, part, kind, *rest in rows]

    async def issues(self, portfolio: str = "main") -> list[Issue]:
        """Of the last refresh and of the last evaluation, each once, by id; accounts by their ids (app.telling puts them into words)."""
        return await self._issues(portfolio, ISSUES.c.origin != "")

    async def _issues(self, portfolio: str, where: ColumnElement[bool]) -> list[Issue]:
        c = ISSUES.c
        asked = select(c.kind, c.severity, c.subject, c.says, c.remedy, c.id).where(c.portfolio == portfolio, where)
        async with self.database.reading() as connection:
            found = {name: Issue(IssueKind(kind), *rest) for kind, *rest, name in await connection.execute(asked)}
        return [found[name] for name in sorted(found)]


def shown(row: Booked) -> Booked:
    """A row as people see it: one that is matched is a transfer."""
    if not row.matched_with or row.kind is Kind.TRANSFER:
        return row
    return replace(row, kind=Kind.TRANSFER)


async def replace_issues(connection: AsyncConnection, portfolio: str, origin: str, issues: Sequence[Issue]) -> None:
    """The issues of one stage that has no owners, in place of those that it left before."""
    await connection.execute(delete(ISSUES).where(ISSUES.c.portfolio == portfolio, ISSUES.c.origin == origin))
    await insert_ready(connection, ISSUES, _issue_lines(portfolio, [Raised(origin, "", 0, issue) for issue in issues]))


# ------------------------------------------------------------------ rows


def _order(connection: AsyncConnection) -> tuple[ColumnElement[Any], ...]:
    """The order of the ledger within a coin; coins and places compare character by character."""
    c = MOVEMENTS.c
    if connection.dialect.name == "sqlite":
        return c.coin, c.at, c.place, c.n
    return c.coin.collate("C"), c.at, c.place.collate("C"), c.n


async def _placed(connection: AsyncConnection, *where: ColumnElement[bool]) -> list[Placed]:
    c = MOVEMENTS.c
    columns = (c.coin, c.at, c.act, c.id, c.account, c.asset, c.quantity, c.value, c.fee, c.more, c.place, c.n, c.row)
    found = []
    for *told, place, n, row in await connection.execute(select(*columns).where(*where)):
        places = places_in(told[6])
        found.append(Placed(told[0], told[1], place, n, row, movement_of(told, places), places))
    return found


_BY_ID = itemgetter(1)


def _ready(portfolio: str, changes: Changes) -> dict[Table, list[tuple[Any, ...]]]:
    """What is added, by table, in the order of its key where that can be had: that is how SQLite lays it down fastest."""
    return {
        BOOKED: sorted(
            [*(booked_line(portfolio, row) for row in changes.booked), *((portfolio, *line) for line in changes.lines)], key=_BY_ID
        ),
        SIDES: sorted((portfolio, *side) for side in changes.sides),
        BALANCES: [_balance(portfolio, key, tally) for key, tally in sorted(changes.tallies.items())],
        VALUED: sorted((portfolio, *valued) for valued in changes.valued),
        MOVEMENTS: [movement_line(portfolio, placed) for placed in changes.movements],
        ISSUES: _issue_lines(portfolio, changes.raised),
    }


def _ready_ledgers(portfolio: str, ledgers: Ledgers) -> dict[Table, list[tuple[Any, ...]]]:
    replays = ledgers.replays
    return {
        POOLS: [_pool(portfolio, pool) for pool in ledgers.pools],
        CHECKPOINTS: [(portfolio, c.pool, c.number, c.at, c.entered, c.body, c.digest) for r in replays for c in r.checkpoints],
        DISPOSALS: [(portfolio, *line) for r in replays for line in r.disposals],
        LOTS: [(portfolio, *line) for r in replays for line in r.lots],
        ISSUES: _issue_lines(portfolio, ledgers.raised),
    }


def _balance(portfolio: str, key: TallyKey, t: Tally) -> tuple[Any, ...]:
    account, asset, coin = key
    amounts = (plain(t.quantity), plain(t.comes), plain(t.goes))
    return (
        portfolio,
        account,
        asset,
        coin,
        t.coin.symbol,
        t.coin.kind,
        t.coin.known,
        *amounts,
        t.rows,
        t.live,
        t.spam,
        t.pending,
        t.unexplained,
    )


def _pool(portfolio: str, p: Pool) -> tuple[Any, ...]:
    renames = canonical_json(dict(p.renames))
    return (
        portfolio,
        p.coin,
        p.pool,
        words(p.symbol),
        p.movements,
        renames,
        canonical_json({str(k): n for k, n in p.fine.items()}),
        p.digest,
    )


def _issue_lines(portfolio: str, raised: Iterable[Raised]) -> list[tuple[Any, ...]]:
    lines: dict[tuple[str, str, int, str], tuple[Any, ...]] = {}
    for origin, owner, part, i in raised:
        key = (origin, owner, part, i.id)
        lines[key] = (portfolio, *key, i.kind.value, i.severity, words(i.subject), words(i.says), words(i.remedy))
    return [lines[key] for key in sorted(lines)]


async def _delete(connection: AsyncConnection, portfolio: str, changes: Changes) -> None:
    await _delete_in(connection, BOOKED, portfolio, "id", changes.booked_gone)
    await _delete_in(connection, SIDES, portfolio, "row", changes.booked_gone)
    await _delete_in(connection, VALUED, portfolio, "row", changes.valued_gone)
    await _delete_each(connection, BALANCES, portfolio, ("account", "asset", "coin"), changes.tallies_gone)
    await _delete_each(connection, MOVEMENTS, portfolio, ("coin", "at", "place", "n"), [placed[:4] for placed in changes.movements_gone])
    mine = ISSUES.c.portfolio == portfolio
    for origin, owner in sorted(changes.raised_gone):
        if not owner:
            await connection.execute(delete(ISSUES).where(mine, ISSUES.c.origin == origin))
        elif owner.endswith(" "):
            begins = func.substr(ISSUES.c.owner, 1, len(owner)) == owner
            await connection.execute(delete(ISSUES).where(mine, ISSUES.c.origin == origin, begins))
    named = sorted((origin, owner) for origin, owner in changes.raised_gone if owner and not owner.endswith(" "))
    await _delete_each(connection, ISSUES, portfolio, ("origin", "owner"), named)


async def _delete_ledgers(connection: AsyncConnection, portfolio: str, ledgers: Ledgers) -> None:
    await _delete_in(connection, POOLS, portfolio, "coin", ledgers.pools_gone)
    for part in (CHECKPOINTS, LOTS, DISPOSALS):
        await _delete_in(connection, part, portfolio, "pool", ledgers.dropped)
    issues = (ISSUES.c.portfolio == portfolio, ISSUES.c.origin == "ledger")
    if ledgers.dropped:
        await connection.execute(delete(ISSUES).where(*issues, ISSUES.c.owner.in_(ledgers.dropped)))
    for replay in ledgers.replays:
        mine = (DISPOSALS.c.portfolio == portfolio, DISPOSALS.c.pool == replay.pool)
        late = () if replay.since is None else (DISPOSALS.c.disposed >= replay.since,)
        await connection.execute(delete(DISPOSALS).where(*mine, *late))
        await _delete_each(connection, LOTS, portfolio, ("account", "coin", "id"), replay.lots_gone)
        await _delete_each(connection, CHECKPOINTS, portfolio, ("pool", "number"), [(replay.pool, n) for n in replay.checkpoints_gone])
        await connection.execute(delete(ISSUES).where(*issues, ISSUES.c.owner == replay.pool, ISSUES.c.part >= replay.part))


async def _delete_in(connection: AsyncConnection, part: Table, portfolio: str, column: str, gone: Collection[str]) -> None:
    for some in chunks(sorted(gone)):
        await connection.execute(delete(part).where(part.c.portfolio == portfolio, part.c[column].in_(some)))


async def _delete_each(
    connection: AsyncConnection, part: Table, portfolio: str, columns: Sequence[str], keys: Iterable[Sequence[Any]]
) -> None:
    where = [part.c[name] == bindparam(f"k_{name}") for name in columns]
    rows: list[Mapping[str, Any]] = [{f"k_{name}": value for name, value in zip(columns, key, strict=True)} for key in keys]
    await run_ready(connection, delete(part).where(part.c.portfolio == portfolio, *where), rows)
