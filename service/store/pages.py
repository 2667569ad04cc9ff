"""What sources said: raw records in versions, cursors, coverage, declared balances. A page and its cursor are one transaction.

Versions, for one key of a stream that says A, then B, then A again, and is then taken back:

    page        rows (payload: version, withdrawn)     counts
    A           A: 1                                   new
    A           A: 1                                   same
    B           A: 1, B: 2                             changed
    A           A: 3, B: 2                             changed
    withdrawn   A: 3 withdrawn, B: 2                   withdrawn
    A           A: 3, B: 2                             changed

The highest version counts, unless it is withdrawn. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.contract import Asset, Balances, Coverage, Cursor, Page, RawRecord
from service.app.ports import Declared, Refused, Saved
from service.store.engine import chunks, insert_rows, upsert
from service.store.rows import row_of, value_of
from service.store.tables import AccountRow, CoverageRow, CursorRow, DeclaredRow, RawRecordRow, tables
from service.store.truth import Room

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
        digest = sha256(record.payload.encode("utf-8", "replace")).hexdigest()
        versions = self.known.setdefault(record.key, {})
        top = max(versions, key=lambda d: versions[d].number, default=None)
        if top == digest and not versions[digest].withdrawn:
            self.same += 1
            return
        number = 1 if top is None else versions[top].number + (top != digest)
        if digest in versions:
            self.updates.add((record.key, digest))
        else:
            self.inserts[record.key, digest] = record
        versions[digest] = _Version(number, withdrawn=False)
        if top is None:
            self.new += 1
        else:
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
        if stray := [r for r in page.records if (r.account, r.stream) != (account, stream)]:
            raise ValueError(f"a page of {account} {stream} holds a record of {stray[0].account} {stray[0].stream}")
        async with self.database.writing(account) as connection:
            where = {"account": account, "stream": stream, "portfolio": await _portfolio_of(connection, account)}
            keys = {r.key for r in page.records}
            changes = _Changes(await _versions(connection, account, stream, sorted(keys | set(page.withdrawn))))
            for key in page.withdrawn:
                if key not in keys:  # one that comes with the same page again was replaced, not taken back
                    changes.withdraw(key)
            for record in page.records:
                changes.take(record)
            await _apply(connection, changes, where, at)
            parts = [row_of(part, COVERAGE, portfolio=where["portfolio"]) for part in page.coverage]
            await upsert(connection, COVERAGE, parts)
            await upsert(connection, CURSORS, [{**where, "value": page.resume_from, "updated_at": at}])
        return Saved(changes.new, changes.changed, changes.same, changes.withdrawn)

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
        c = RECORDS.c
        asked = select(c.stream, c.key, c.version, c.withdrawn, c.occurred_at, c.payload).where(c.account == account).order_by(c.version)
        newest: dict[tuple[str, str], RawRecord] = {}
        async with self.database.reading() as connection:
            for stream, key, _, withdrawn, occurred_at, payload in await connection.execute(asked):
                newest.pop((stream, key), None)
                if not withdrawn:
                    newest[stream, key] = RawRecord(account, stream, key, occurred_at, payload)
        return sorted(newest.values(), key=lambda r: (r.occurred_at, r.stream, r.key))

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


async def _versions(connection: AsyncConnection, account: str, stream: str, keys: Sequence[str]) -> dict[str, dict[str, _Version]]:
    known: dict[str, dict[str, _Version]] = {}
    c = RECORDS.c
    for part in chunks(keys):
        asked = select(c.key, c.payload_hash, c.version, c.withdrawn).where(c.account == account, c.stream == stream, c.key.in_(part))
        for key, digest, version, withdrawn in await connection.execute(asked):
            known.setdefault(key, {})[digest] = _Version(version, withdrawn)
    return known


async def _apply(connection: AsyncConnection, changes: _Changes, where: dict[str, str], at: datetime) -> None:
    rows: list[dict[str, Any]] = []
    for (key, digest), record in changes.inserts.items():
        version = changes.known[key][digest]
        more = {"payload_hash": digest, "version": version.number, "withdrawn": version.withdrawn, "fetched_at": at}
        rows.append(row_of(record, RECORDS, portfolio=where["portfolio"], **more))
    await insert_rows(connection, RECORDS, rows)
    touched = [
        {"b_key": key, "b_hash": digest, "version": changes.known[key][digest].number, "withdrawn": changes.known[key][digest].withdrawn}
        for key, digest in sorted(changes.updates - changes.inserts.keys())
    ]
    if touched:
        c = RECORDS.c
        mine = (
            c.account == where["account"],
            c.stream == where["stream"],
            c.key == bindparam("b_key"),
            c.payload_hash == bindparam("b_hash"),
        )
        await connection.execute(update(RECORDS).where(*mine), touched)
