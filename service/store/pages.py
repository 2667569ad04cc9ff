"""What sources said: raw records in versions, cursors, coverage, declared balances. A page and its cursor are one transaction.

Versions, for one key of a stream that says A, then B, then A again, and is then taken back:

    page        rows (payload: version, withdrawn)     counts
    A           A: 1                                   new
    A           A: 1                                   same
    B           A: 1, B: 2                             changed
    A           A: 3, B: 2                             changed
    withdrawn   A: 3 withdrawn, B: 2                   withdrawn
    A           A: 3, B: 2                             changed

The highest version counts, unless it is withdrawn. Nothing is ever deleted. What a transaction writes carries one number (rev), greater
than all before it in the portfolio: whoever has seen a number asks for what came after it (`changed`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.contract import Asset, Balances, Coverage, Cursor, Page, RawRecord
from service.app.ports import Changed, Declared, Refused, Saved
from service.store.engine import CHUNK, chunks, insert_ready, insert_rows, run_ready, upsert
from service.store.rows import row_of, value_of
from service.store.tables import AccountRow, CoverageRow, CursorRow, DeclaredRow, RawRecordRow, tables
from service.store.truth import Room
from service.store.types import iso, words

ACCOUNTS, RECORDS, CURSORS, COVERAGE, DECLARED = tables(AccountRow, RawRecordRow, CursorRow, CoverageRow, DeclaredRow)


@dataclass(slots=True)
class _Version:
    number: int
    withdrawn: bool


@dataclass(slots=True)
class _Changes:
    """What a page does to the rows of its keys; `known` is key → payload hash → version."""

    known: dict[str, dict[str, _Version]]
    inserts: dict[tuple[str, str], RawRecord] = field(default_factory=dict)
    updates: set[tuple[str, str]] = field(default_factory=set)
    new: int = 0
    changed: int = 0
    same: int = 0
    withdrawn: int = 0

    def take(self, record: RawRecord) -> None:
        digest = _digest(record.payload)
        versions = self.known.get(record.key)
        if not versions:
            self.known[record.key] = {digest: _Version(1, withdrawn=False)}
            self.inserts[record.key, digest] = record
            self.new += 1
            return
        top = max(versions, key=lambda d: versions[d].number)
        if top == digest and not versions[digest].withdrawn:
            self.same += 1
            return
        if digest in versions:
            self.updates.add((record.key, digest))
        else:
            self.inserts[record.key, digest] = record
        versions[digest] = _Version(versions[top].number + (top != digest), withdrawn=False)
        self.changed += 1

    def withdraw(self, key: str) -> None:
        versions = self.known.get(key, {})
        top = max(versions, key=lambda d: versions[d].number, default=None)
        if top is not None and not versions[top].withdrawn:
            versions[top].withdrawn = True
            self.updates.add((key, top))
            self.withdrawn += 1


class Pages(Room):
    async def save_page(self, account: str, stream: str, page: Page, at: datetime) -> Saved:
        """Raises Refused when the account was removed, ValueError when the page speaks of another account or stream."""
        return (await self.save_pages([(account, stream, page)], at))[0]

    async def save_pages(self, pages: Sequence[tuple[str, str, Page]], at: datetime) -> list[Saved]:
        """Pages of accounts of one portfolio, all of them or none: (account, stream, page)."""
        for account, stream, page in pages:
            if stray := [r for r in page.records if r.stream != stream or r.account != account]:
                raise ValueError(f"a page of {account} {stream} holds a record of {stray[0].account} {stray[0].stream}")
        async with self.database.reading() as connection:
            portfolio = await _portfolio_of(connection, pages[0][0])
        # Numbers are given in the order in which they become visible: of one portfolio one transaction writes at a time.
        async with self.database.writing(f"rev {portfolio}", *(account for account, _, _ in pages)) as connection:
            newest = select(func.max(RECORDS.c.rev)).where(RECORDS.c.portfolio == portfolio)
            rev = ((await connection.execute(newest)).scalar_one() or 0) + 1
            return [await _saved(connection, told, portfolio, at, rev) for told in pages]

    async def known_keys(self, portfolio: str, stream: str, keys: Sequence[str]) -> dict[str, str]:
        """Which of the keys some account's stream of this name holds: key → account. One key is one look-up, many are one scan."""
        c = RECORDS.c
        found: dict[str, str] = {}
        wanted = set(keys)
        async with self.database.reading() as connection:
            accounts = (await connection.execute(select(ACCOUNTS.c.id).where(ACCOUNTS.c.portfolio == portfolio))).scalars().all()
            for account in accounts:
                mine = select(c.key).where(c.account == account, c.stream == stream)
                asked = [mine.where(c.key.in_(part)) for part in chunks(sorted(wanted))] if len(wanted) <= CHUNK else [mine]
                for one in asked:
                    found |= dict.fromkeys(wanted.intersection((await connection.execute(one)).scalars()), account)
        return found

    async def cursor(self, account: str, stream: str) -> Cursor | None:
        return (await self.cursors(account)).get(stream)

    async def cursors(self, account: str) -> dict[str, Cursor]:
        asked = select(CURSORS.c.stream, CURSORS.c.value).where(CURSORS.c.account == account)
        async with self.database.reading() as connection:
            return {stream: Cursor(value) for stream, value in sorted(await connection.execute(asked))}

    async def forget_cursors(self, account: str) -> None:
        async with self.database.writing(account) as connection:
            await connection.execute(delete(CURSORS).where(CURSORS.c.account == account))

    async def records(self, account: str) -> list[RawRecord]:
        async with self.database.reading() as connection:
            return await _newest(connection, account)

    async def changed(self, portfolio: str, since: int) -> Changed:
        """What came after the change `since` (-1: everything), in one consistent view."""
        c = RECORDS.c
        mine = c.portfolio == portfolio
        async with self.database.reading() as connection:
            rev = (await connection.execute(select(func.max(c.rev)).where(mine))).scalar_one()
            if rev is None or rev <= since:
                return Changed(max(since, 0) if rev is None else rev)
            asked = select(c.account, c.stream, c.key, c.version, c.withdrawn, c.occurred_at, c.payload).where(mine, c.rev > since)
            tops: dict[tuple[str, str, str], tuple[int, RawRecord | None]] = {}
            for account, stream, key, version, withdrawn, at, payload in await connection.execute(asked):
                known = tops.get((account, stream, key))
                if known is None or known[0] < version:
                    tops[account, stream, key] = version, None if withdrawn else RawRecord(account, stream, key, at, payload)
            again = [place for place, (version, record) in tops.items() if version > 1 or record is None]
            former = await _former(connection, again) if since >= 0 else []
        newest = tuple(record for _, record in tops.values() if record is not None)
        return Changed(rev, newest, tuple(former), frozenset(account for account, _, _ in tops))

    async def coverage(self, account: str) -> list[Coverage]:
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(COVERAGE).where(COVERAGE.c.account == account))).mappings().all()
        return sorted((value_of(Coverage, row, COVERAGE) for row in rows), key=lambda c: c.stream)

    async def save_balances(self, account: str, balances: Balances) -> None:
        """Only what speaks of this account; two amounts of one asset add up nowhere: a source names each once."""
        async with self.database.writing(account) as connection:
            portfolio = await _portfolio_of(connection, account)
            await connection.execute(delete(DECLARED).where(DECLARED.c.account == account))
            rows = [
                row_of(Declared(account, b.asset, b.quantity, balances.at, balances.reference), DECLARED, portfolio=portfolio)
                for b in balances.amounts
                if b.account == account
            ]
            await insert_rows(connection, DECLARED, rows)

    async def declared(self, account: str) -> list[Declared]:
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(DECLARED).where(DECLARED.c.account == account))).mappings().all()
        return sorted((value_of(Declared, row, DECLARED) for row in rows), key=lambda d: Asset(d.asset))


async def _portfolio_of(connection: AsyncConnection, account: str) -> str:
    found = (await connection.execute(select(ACCOUNTS.c.portfolio).where(ACCOUNTS.c.id == account))).scalar_one_or_none()
    if found is None:
        raise Refused("account", f"{account} is not there any more; it was removed while it was read")
    return str(found)


async def _saved(connection: AsyncConnection, told: tuple[str, str, Page], portfolio: str, at: datetime, rev: int) -> Saved:
    account, stream, page = told
    where = {"account": account, "stream": stream, "portfolio": await _portfolio_of(connection, account)}
    keys = {r.key for r in page.records}
    known = await _versions(connection, account, stream, keys.union(page.withdrawn))
    if not known and len(keys) == len(page.records):
        await insert_ready(connection, RECORDS, _new_rows(page.records, portfolio, iso(at), rev))
        await _saved_until(connection, where, page, at)
        return Saved(len(keys), 0, 0, 0, rev)
    changes = _Changes(known)
    for key in page.withdrawn:
        if key not in keys:  # one that comes with the same page again was replaced, not taken back
            changes.withdraw(key)
    for record in page.records:
        changes.take(record)
    await _apply(connection, changes, where, at, rev)
    await _saved_until(connection, where, page, at)
    return Saved(changes.new, changes.changed, changes.same, changes.withdrawn, rev)


async def _saved_until(connection: AsyncConnection, where: dict[str, str], page: Page, at: datetime) -> None:
    await upsert(connection, COVERAGE, [row_of(part, COVERAGE, portfolio=where["portfolio"]) for part in page.coverage])
    await upsert(connection, CURSORS, [{**where, "value": page.resume_from, "updated_at": at}])


def _new_rows(records: Sequence[RawRecord], portfolio: str, fetched: str, rev: int) -> list[tuple[Any, ...]]:
    """First versions, in the order of the key's index."""
    rows = [
        (
            r.account,
            r.stream,
            words(r.key),
            _digest(r.payload),
            portfolio,
            1,
            False,
            iso(r.occurred_at),
            words(r.payload),
            fetched,
            rev,
        )
        for r in records
    ]
    rows.sort(key=itemgetter(2))
    return rows


def _digest(payload: str) -> str:
    return sha256(payload.encode("utf-8", "replace")).hexdigest()


async def _versions(connection: AsyncConnection, account: str, stream: str, keys: Collection[str]) -> dict[str, dict[str, _Version]]:
    known: dict[str, dict[str, _Version]] = {}
    c = RECORDS.c
    mine = (c.account == account, c.stream == stream)
    if (await connection.execute(select(c.key).where(*mine).limit(1))).first() is None:
        return known
    for part in chunks(sorted(keys)):
        asked = select(c.key, c.payload_hash, c.version, c.withdrawn).where(*mine, c.key.in_(part))
        for key, digest, version, withdrawn in await connection.execute(asked):
            known.setdefault(key, {})[digest] = _Version(version, withdrawn)
    return known


async def _former(connection: AsyncConnection, places: Sequence[tuple[str, str, str]]) -> list[RawRecord]:
    """Every version of these keys but the one that counts."""
    c = RECORDS.c
    streams: dict[tuple[str, str], list[str]] = {}
    for account, stream, key in places:
        streams.setdefault((account, stream), []).append(key)
    found: dict[tuple[str, str, str], list[tuple[int, bool, RawRecord]]] = {}
    for (account, stream), keys in streams.items():
        for part in chunks(keys):
            asked = select(c.key, c.version, c.withdrawn, c.occurred_at, c.payload)
            mine = (c.account == account, c.stream == stream, c.key.in_(part))
            for key, version, withdrawn, at, payload in await connection.execute(asked.where(*mine)):
                record = RawRecord(account, stream, key, at, payload)
                found.setdefault((account, stream, key), []).append((version, withdrawn, record))
    former: list[RawRecord] = []
    for versions in found.values():
        top = max(version for version, _, _ in versions)
        former += [record for version, withdrawn, record in versions if version < top or withdrawn]
    return former


async def _newest(connection: AsyncConnection, account: str) -> list[RawRecord]:
    c = RECORDS.c
    asked = select(c.stream, c.key, c.version, c.withdrawn, c.occurred_at, c.payload).where(c.account == account).order_by(c.version)
    newest: dict[tuple[str, str], RawRecord] = {}
    for stream, key, _, withdrawn, occurred_at, payload in await connection.execute(asked):
        newest.pop((stream, key), None)
        if not withdrawn:
            newest[stream, key] = RawRecord(account, stream, key, occurred_at, payload)
    return sorted(newest.values(), key=lambda r: (r.occurred_at, r.stream, r.key))


async def _apply(connection: AsyncConnection, changes: _Changes, where: dict[str, str], at: datetime, rev: int) -> None:
    account, stream, portfolio, fetched = where["account"], where["stream"], where["portfolio"], iso(at)
    rows = []
    for (key, digest), record in changes.inserts.items():
        version = changes.known[key][digest]
        occurred, payload = iso(record.occurred_at), words(record.payload)
        row = (account, stream, words(key), digest, portfolio, version.number, version.withdrawn, occurred, payload, fetched, rev)
        rows.append(row)
    rows.sort(key=lambda row: row[2:4])  # in the order of the key's index
    await insert_ready(connection, RECORDS, rows)
    c = RECORDS.c
    mine = (c.account == account, c.stream == stream, c.key == bindparam("b_key"), c.payload_hash == bindparam("b_hash"))
    touched = [
        {
            "b_key": key,
            "b_hash": digest,
            "rev": rev,
            "version": changes.known[key][digest].number,
            "withdrawn": changes.known[key][digest].withdrawn,
        }
        for key, digest in sorted(changes.updates - changes.inserts.keys())
    ]
    await run_ready(connection, update(RECORDS).where(*mine), touched)
