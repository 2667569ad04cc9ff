"""Coinbase: the transactions of each account (v2) are everything; the fills (v3) add price and commission of trades.

Accounts come page by page, transactions oldest first after the last id that can no longer change. End: the page says that none follows.
A key sees one portfolio. docs.cdp.coinbase.com: track APIs (transactions), Advanced Trade (accounts, fills, key permissions).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.clients.exchange import NotOffered
from connectors.contract import AccessDenied, Asset, Coverage, Cursor, Gap, Page, RawRecord, SourceChanged
from connectors.exchange.dialects.base import Opened, Rights, refuse
from connectors.exchange.dialects.coinbase_rows import DEAD, FINAL, coin
from connectors.exchange.normalise import amount
from connectors.exchange.streams import (
    OVERLAP,
    Row,
    Rows,
    Tally,
    cursor,
    instant,
    iso_instant,
    listed,
    member,
    millis,
    record,
    stored,
)

NEUTRAL = frozenset({"can_view", "portfolio_uuid", "portfolio_type"})
"""Members of the key's answer that are no right to write; any other that is true counts as one."""
ACCOUNTS_PAGE = 250
TRANSACTIONS_PAGE = 100
FILLS_PAGE = 250


class Coinbase:
    """One Coinbase key."""

    def __init__(self, opened: Opened) -> None:
        self._ex, self._account, self._now = opened.exchange, opened.account, opened.now

    @property
    def streams(self) -> tuple[str, ...]:
        return ("transactions", "fills")

    async def rights(self) -> Rights:
        """An allow-list over the answer of key_permissions; says that one portfolio is seen."""
        answer = await self._ex.call("v3PrivateGetBrokerageKeyPermissions")
        if member(answer, "can_view") not in (True, "true"):
            raise AccessDenied("This coinbase key may not read: give it the right to view (can_view).")
        refuse("coinbase", (name for name, value in answer.items() if name not in NEUTRAL and value not in (False, None, "false", "")))
        portfolio = f" ({answer['portfolio_type'].lower()})" if isinstance(answer.get("portfolio_type"), str) else ""
        return Rights(
            "read-only",
            (f"This key sees one portfolio only{portfolio}; add a key for each other one.",),
            str(answer.get("portfolio_uuid") or ""),
        )

    async def balances(self) -> Mapping[Asset, Decimal]:
        """Available and held, over all accounts."""
        total: dict[Asset, Decimal] = {}
        for row in await self._accounts(Tally(self._account, "balances")):
            what = coin(str(row["currency"]))
            hold = row.get("hold")
            held = amount(member(hold, "value")) if hold is not None else Decimal(0)
            total[what] = total.get(what, Decimal(0)) + amount(member(row["available_balance"], "value")) + held
        return total

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        """Pages of one stream; raises as the contract says."""
        tally = Tally(self._account, stream)
        if stream == "transactions":
            pages = self._transactions(since, tally)
        elif stream == "fills":
            pages = self._fills(since, tally)
        else:
            raise SourceChanged(f"coinbase has no stream called {stream!r}")
        async for page in pages:
            yield page

    async def _accounts(self, tally: Tally) -> Rows:
        rows: Rows = []
        params: dict[str, Any] = {"limit": ACCOUNTS_PAGE}
        while True:
            answer = await self._ex.call("v3PrivateGetBrokerageAccounts", params)
            tally.requests += 1
            rows += listed(answer, "accounts")
            if member(answer, "has_next") in (False, "false"):
                return rows
            following = str(answer.get("cursor") or "")
            if not following or following == params.get("cursor"):
                raise SourceChanged("coinbase accounts: more follow, but no cursor to them")
            params = {"limit": ACCOUNTS_PAGE, "cursor": following}

    async def _transactions(self, since: Cursor | None, tally: Tally) -> AsyncIterator[Page]:
        """Cursor: account → the last transaction that can no longer change."""
        after: dict[str, str] = dict(stored(since).get("after", {}))
        end = self._now()
        accounts = await self._accounts(tally)
        gaps: list[Gap] = []
        for account in accounts:
            uuid = str(account["uuid"])
            fixed, moving = after.get(uuid), False
            start = fixed
            while True:
                try:
                    rows, more = await self._transactions_page(uuid, start, tally)
                except NotOffered:
                    gaps.append(Gap(None, None, f"coinbase offers no transactions of the account {account.get('name') or uuid}"))
                    break
                for row in rows:
                    ended = row.get("status") in FINAL | DEAD
                    moving = moving or not ended or iso_instant(row["created_at"]) > end - timedelta(milliseconds=OVERLAP)
                    fixed = fixed if moving else str(row["id"])
                if rows:
                    start = str(rows[-1]["id"])
                if fixed:
                    after[uuid] = fixed
                if rows:
                    yield Page(tuple(self._transaction(row, account) for row in rows), cursor({"after": after}))
                if not more:
                    break
        if len(gaps) == len(accounts) > 0:
            raise SourceChanged("coinbase offers no transactions of any account")
        proof = f"no page follows in any of {len(accounts)} accounts" if not gaps else f"unproven: {gaps[0].why}"
        yield Page((), cursor({"after": after}), coverage=tally.proven(millis(end), proof, gaps))

    async def _transactions_page(self, uuid: str, start: str | None, tally: Tally) -> tuple[Rows, bool]:
        params = {"account_id": uuid, "limit": TRANSACTIONS_PAGE, "order": "asc", **({"starting_after": start} if start else {})}
        try:
            answer = await self._ex.call("v2PrivateGetAccountsAccountIdTransactions", params)
        finally:
            tally.requests += 1
        rows, paging = listed(answer, "data"), member(answer, "pagination")
        tally.rows += len(rows)
        more = bool(isinstance(paging, dict) and (paging.get("next_uri") or paging.get("next_starting_after")))
        if more and (not rows or str(rows[-1]["id"]) == start):
            raise SourceChanged("coinbase transactions: more follow, but the page is empty")
        return rows, more

    def _transaction(self, row: Row, account: Row) -> RawRecord:
        return record(self._account, "transactions", str(row["id"]), iso_instant(row["created_at"]), row, wallet=account["uuid"])

    async def _fills(self, since: Cursor | None, tally: Tally) -> AsyncIterator[Page]:
        """Newest first by cursor, between two pinned instants; the absent cursor ends it."""
        end = millis(self._now())
        known = stored(since).get("until")
        params: dict[str, Any] = {"limit": FILLS_PAGE, "end_sequence_timestamp": _iso(end)}
        if known is not None:
            params["start_sequence_timestamp"] = _iso(int(known) - OVERLAP)
        try:
            while True:
                answer = await self._ex.call("v3PrivateGetBrokerageOrdersHistoricalFills", params)
                tally.requests += 1
                rows, following = listed(answer, "fills"), str(member(answer, "cursor") or "")
                tally.rows += len(rows)
                found = tuple(record(self._account, "fills", str(row["entry_id"]), iso_instant(row["trade_time"]), row) for row in rows)
                beyond = not rows and following == params.get("cursor")  # the last page may name itself
                if not following or beyond:
                    covered: tuple[Coverage, ...] = tally.proven(end, "cursor absent at the oldest fill of a pinned span")
                    yield Page(found, cursor({"until": end}), coverage=covered)
                    return
                if not rows or following == params.get("cursor"):  # it does not move on, and that proves nothing
                    raise SourceChanged("coinbase fills: more follow, but the page is empty")
                yield Page(found, since or cursor({}))
                params = {**params, "cursor": following}
        except NotOffered as absent:
            yield tally.absent(since, self._now(), str(absent))


def _iso(at_ms: int) -> str:
    return instant(at_ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"
