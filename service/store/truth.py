"""Portfolios, accounts, sealed secrets, quotes and the holder's own statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.contract import Quote
from service.app.ports import Account, Portfolio, Refused
from service.domain.harvest import HarvestSettings
from service.domain.issues import content_id
from service.domain.statements import (
    Allocation,
    Identification,
    LotSelection,
    MatchAnswer,
    MethodChoice,
    PlannedSale,
    PoolingChoice,
    Statement,
)
from service.domain.tax import Profile
from service.store.engine import Database, chunks, insert_rows, upsert
from service.store.rows import decode, encode, row_of, value_of
from service.store.tables import AccountRow, PortfolioRow, QuoteRow, SealedRow, StatementRow, tables
from service.store.types import canonical_json

PORTFOLIOS, ACCOUNTS, SEALED, QUOTES, STATEMENTS = tables(PortfolioRow, AccountRow, SealedRow, QuoteRow, StatementRow)

KINDS: dict[str, type[Any]] = {
    "method": MethodChoice,
    "identification": Identification,
    "match": MatchAnswer,
    "selection": LotSelection,
    "pooling": PoolingChoice,
    "allocation": Allocation,
    "planned_sale": PlannedSale,
}
"""Word in the kind column → the statement's type."""

FIRST = Portfolio("main", "main", "USD", Profile(), HarvestSettings())
"""What a new database holds; `profile set` changes it."""


class Room:
    """What every part of the store works on."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self.database = database
        self._now = now


class Truth(Room):
    # ------------------------------------------------------------------ portfolio

    async def portfolio(self, portfolio: str = "main") -> Portfolio:
        async with self.database.reading() as connection:
            row = (await connection.execute(select(PORTFOLIOS).where(PORTFOLIOS.c.id == portfolio))).mappings().first()
        if row is None:
            raise Refused("portfolio", f"there is no portfolio {portfolio!r}; the first one is called main")
        return value_of(Portfolio, row, PORTFOLIOS)

    async def save_portfolio(self, portfolio: Portfolio) -> None:
        async with self.database.writing(portfolio.id) as connection:
            await upsert(connection, PORTFOLIOS, [row_of(portfolio, PORTFOLIOS)])

    # ------------------------------------------------------------------ accounts

    async def accounts(self, portfolio: str = "main") -> list[Account]:
        """In the order of their adding."""
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.portfolio == portfolio))).mappings().all()
        return sorted((value_of(Account, row, ACCOUNTS) for row in rows), key=lambda a: (a.added_at, a.id))

    async def account(self, account: str) -> Account | None:
        async with self.database.reading() as connection:
            return await _account(connection, account)

    async def add_account(self, account: Account, sealed: Mapping[str, bytes]) -> Account:
        async with self.database.writing(account.id) as connection:
            known = await _account(connection, account.id)
            if known is None:
                await connection.execute(ACCOUNTS.insert(), row_of(account, ACCOUNTS))
            await self._replace_sealed(connection, "account", account.id, sealed)
        return known or account

    async def save_account(self, account: Account) -> None:
        """Changes what is known of an account; one that was removed meanwhile stays removed."""
        async with self.database.writing(account.id) as connection:
            await connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account.id).values(row_of(account, ACCOUNTS)))

    async def remove_account(self, account: str) -> None:
        async with self.database.writing(account) as connection:
            await self._replace_sealed(connection, "account", account, {})
            await connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.id == account))  # its rows go with it (ON DELETE CASCADE)

    # ------------------------------------------------------------------ sealed secrets

    async def sealed(self, kind: str, owner: str) -> dict[str, bytes]:
        asked = select(SEALED.c.name, SEALED.c.blob).where(SEALED.c.kind == kind, SEALED.c.owner == owner)
        async with self.database.reading() as connection:
            return {name: bytes(blob) for name, blob in sorted(await connection.execute(asked))}

    async def save_sealed(self, kind: str, owner: str, fields: Mapping[str, bytes]) -> None:
        """Replaces all fields of the owner: a new key leaves nothing of the old one behind."""
        async with self.database.writing(owner) as connection:
            await self._replace_sealed(connection, kind, owner, fields)

    async def _replace_sealed(self, connection: AsyncConnection, kind: str, owner: str, fields: Mapping[str, bytes]) -> None:
        await connection.execute(delete(SEALED).where(SEALED.c.kind == kind, SEALED.c.owner == owner))
        at = self._now()
        rows = [{"kind": kind, "owner": owner, "name": n, "blob": b, "sealed_at": at} for n, b in sorted(fields.items())]
        await insert_rows(connection, SEALED, rows)

    # ------------------------------------------------------------------ quotes

    async def save_quotes(self, quotes: Sequence[Quote], at: datetime) -> int:
        rows = {_quote_key(q): row_of(q, QUOTES, fetched_at=at) for q in reversed(quotes)}  # of doubles in one call the first counts
        key = [QUOTES.c[name] for name in ("asset", "currency", "at", "span", "source")]
        async with self.database.writing("quotes") as connection:
            for part in chunks(list(rows.values())):
                times = [row["at"] for row in part]
                near = select(*key).where(QUOTES.c.asset.in_({row["asset"] for row in part}), QUOTES.c.at.between(min(times), max(times)))
                for known in await connection.execute(near):
                    rows.pop(tuple(known), None)
            rev = ((await connection.execute(select(func.max(QUOTES.c.rev)))).scalar_one() or 0) + 1
            await insert_rows(connection, QUOTES, [{**row, "rev": rev} for row in rows.values()])
        return len(rows)

    async def quotes(self, coins: Sequence[str], currency: str) -> list[Quote]:
        """All of them, ordered by (asset, time, source, span)."""
        return await self._quotes([and_(QUOTES.c.asset.in_(part), QUOTES.c.currency == currency) for part in chunks(sorted(set(coins)))])

    async def quotes_within(self, spans: Mapping[str, Sequence[tuple[datetime, datetime]]], currency: str) -> list[Quote]:
        """Of each coin those of its spans (first and last time), in the same order."""
        c = QUOTES.c
        mine = [
            and_(c.asset == coin, c.currency == currency, c.at.between(since, until))
            for coin, some in spans.items()
            for since, until in some
        ]
        return await self._quotes(mine)

    async def quotes_since(self, rev: int) -> list[Quote]:
        """What came after the saving with this number."""
        return await self._quotes([QUOTES.c.rev > rev])

    async def quotes_rev(self) -> int:
        """Number of the newest saving; 0: there are none."""
        async with self.database.reading() as connection:
            return (await connection.execute(select(func.max(QUOTES.c.rev)))).scalar_one() or 0

    async def _quotes(self, wheres: Sequence[ColumnElement[bool]]) -> list[Quote]:
        found: list[Quote] = []
        async with self.database.reading() as connection:
            for where in wheres:
                found += [value_of(Quote, row, QUOTES) for row in (await connection.execute(select(QUOTES).where(where))).mappings()]
        return sorted(found, key=lambda q: (q.asset, q.at, q.source, q.span))

    async def newest_quotes(self, coins: Sequence[str], currency: str, until: datetime | None = None) -> list[Quote]:
        """None after `until`. Of two spans at the same instant the shorter one. Ordered by (asset, source)."""
        newest: dict[tuple[str, str], Quote] = {}
        async with self.database.reading() as connection:
            for part in chunks(sorted(set(coins))):
                mine = and_(QUOTES.c.asset.in_(part), QUOTES.c.currency == currency)
                if until is not None:
                    mine = and_(mine, QUOTES.c.at <= until)
                last = (
                    select(QUOTES.c.asset, QUOTES.c.source, func.max(QUOTES.c.at).label("at"))
                    .where(mine)
                    .group_by(QUOTES.c.asset, QUOTES.c.source)
                    .subquery()
                )
                same = and_(QUOTES.c.asset == last.c.asset, QUOTES.c.source == last.c.source, QUOTES.c.at == last.c.at)
                rows = (await connection.execute(select(QUOTES).join(last, same).where(QUOTES.c.currency == currency))).mappings()
                for quote in sorted((value_of(Quote, row, QUOTES) for row in rows), key=lambda q: _SPANS[q.span], reverse=True):
                    newest[quote.asset, quote.source] = quote
        return [newest[key] for key in sorted(newest)]

    # ------------------------------------------------------------------ statements

    async def say(self, statement: Statement, portfolio: str = "main") -> None:
        """Append-only; the same statement twice is one."""
        kind = next(word for word, kind in KINDS.items() if kind is type(statement))
        body = encode(statement)
        name = content_id("say", portfolio, kind, canonical_json(body))
        async with self.database.writing(portfolio) as connection:
            mine = STATEMENTS.c.portfolio == portfolio
            place = (await connection.execute(select(func.count()).select_from(STATEMENTS).where(mine))).scalar_one()
            row = {"portfolio": portfolio, "id": name, "place": place, "kind": kind, "made_at": statement.made_at, "body": body}
            await upsert(connection, STATEMENTS, [row], keep=True)

    async def statements(self, portfolio: str = "main") -> list[Statement]:
        """In the order of saying."""
        asked = select(STATEMENTS.c.kind, STATEMENTS.c.body).where(STATEMENTS.c.portfolio == portfolio).order_by(STATEMENTS.c.place)
        async with self.database.reading() as connection:
            return [decode(KINDS[kind], body) for kind, body in await connection.execute(asked)]


_SPANS = {"instant": 0, "hour": 1, "day": 2}


def _quote_key(quote: Quote) -> tuple[Any, ...]:
    return quote.asset, quote.currency, quote.at, quote.span, quote.source


async def _account(connection: AsyncConnection, account: str) -> Account | None:
    row = (await connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.id == account))).mappings().first()
    return None if row is None else value_of(Account, row, ACCOUNTS)
