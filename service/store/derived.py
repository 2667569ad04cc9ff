"""What a rebuild makes: transactions, lots, disposals, incomes and issues, replaced as a whole or not touched at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.app.ports import Derived
from service.domain.issues import Issue
from service.domain.ledger import Disposal, Income, Ledger
from service.domain.methods import Lot
from service.domain.money import plain
from service.domain.reconcile import Booked
from service.store.engine import insert_rows, upsert
from service.store.rows import row_of, value_of
from service.store.tables import BookedRow, DerivedRow, DisposalRow, IncomeRow, IssueRow, LotRow, tables
from service.store.truth import Room
from service.store.types import iso

T = TypeVar("T")

STATES, BOOKED, LOTS, DISPOSALS, INCOMES, ISSUES = tables(DerivedRow, BookedRow, LotRow, DisposalRow, IncomeRow, IssueRow)
PARTS = (BOOKED, LOTS, DISPOSALS, INCOMES)


class DerivedState(Room):
    async def save_derived(self, portfolio: str, derived: Derived) -> None:
        rows, content = await asyncio.to_thread(_rows, portfolio, derived)
        async with self.database.writing(portfolio) as connection:
            state = (await connection.execute(select(STATES).where(STATES.c.portfolio == portfolio))).mappings().first()
            if state and (state["ledger_id"], state["content_hash"]) == (derived.ledger.id, content):
                return
            for part in PARTS:
                await connection.execute(delete(part).where(part.c.portfolio == portfolio))
                await insert_rows(connection, part, rows[part.name])
            await replace_issues(connection, portfolio, "rebuild", derived.issues)
            await replace_issues(connection, portfolio, "ledger", derived.ledger.issues)
            fresh = {"portfolio": portfolio, "ledger_id": derived.ledger.id, "content_hash": content, "made_at": self._now()}
            await upsert(connection, STATES, [fresh])

    async def transactions(self, portfolio: str = "main") -> list[Booked]:
        async with self.database.reading() as connection:
            return await _values(connection, Booked, BOOKED, portfolio)

    async def ledger(self, portfolio: str = "main") -> Ledger:
        """Before the first rebuild an empty ledger without an id."""
        async with self.database.reading() as connection:
            asked = select(STATES.c.ledger_id).where(STATES.c.portfolio == portfolio)
            return Ledger(
                id=(await connection.execute(asked)).scalar_one_or_none() or "",
                lots=tuple(await _values(connection, Lot, LOTS, portfolio)),
                disposals=tuple(await _values(connection, Disposal, DISPOSALS, portfolio)),
                incomes=tuple(await _values(connection, Income, INCOMES, portfolio)),
                issues=tuple((await _issues(connection, portfolio))["ledger"]),
            )

    async def issues(self, portfolio: str = "main") -> list[Issue]:
        """Of the rebuild and of the last evaluation, each once."""
        async with self.database.reading() as connection:
            found = await _issues(connection, portfolio)
        return list({issue.id: issue for issue in (*found["rebuild"], *found["ledger"], *found["evaluation"])}.values())


async def replace_issues(connection: AsyncConnection, portfolio: str, origin: str, issues: Sequence[Issue]) -> None:
    """The issues of one stage, in place of those that it left before."""
    await connection.execute(delete(ISSUES).where(ISSUES.c.portfolio == portfolio, ISSUES.c.origin == origin))
    more = [{"portfolio": portfolio, "origin": origin, "place": place, "id": issue.id} for place, issue in enumerate(issues)]
    await insert_rows(connection, ISSUES, [row_of(issue, ISSUES, **m) for issue, m in zip(issues, more, strict=True)])


async def _issues(connection: AsyncConnection, portfolio: str) -> dict[str, list[Issue]]:
    found: dict[str, list[Issue]] = {"rebuild": [], "ledger": [], "evaluation": []}
    asked = select(ISSUES).where(ISSUES.c.portfolio == portfolio).order_by(ISSUES.c.place)
    for row in (await connection.execute(asked)).mappings():
        found[row["origin"]].append(value_of(Issue, row, ISSUES))
    return found


async def _values(connection: AsyncConnection, kind: type[T], part: Table, portfolio: str) -> list[T]:
    asked = select(part).where(part.c.portfolio == portfolio).order_by(part.c.place)
    return [value_of(kind, row, part) for row in (await connection.execute(asked)).mappings()]


def _rows(portfolio: str, derived: Derived) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """All rows by table, and the hash of what they say."""
    ledger = derived.ledger
    parts: dict[str, Sequence[object]] = dict(
        zip((part.name for part in PARTS), (derived.transactions, ledger.lots, ledger.disposals, ledger.incomes), strict=True)
    )
    rows = {
        part.name: [row_of(value, part, portfolio=portfolio, place=place) for place, value in enumerate(parts[part.name])] for part in PARTS
    }
    issues = [[i.kind, i.severity, i.subject, i.says, i.remedy] for i in (*derived.issues, *ledger.issues)]
    text = json.dumps([rows, len(derived.issues), issues], default=_text, sort_keys=True)
    return rows, sha256(text.encode()).hexdigest()


def _text(value: Decimal | datetime) -> str:
    return plain(value) if isinstance(value, Decimal) else iso(value)
