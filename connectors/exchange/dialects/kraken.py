"""Kraken: everything is in the ledger; deposit and withdrawal status only add transaction ids.

The ledger is paged by offset, newest first, so its end is pinned; when the total changes while paging, the pages do not fit together and the range
begins again. It ends when the total is reached. Ledgers, GetApiKeyInfo, BalanceEx, DepositStatus: docs.kraken.com/api, account data and funding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.clients.exchange import NotOffered
from connectors.contract import AccessDenied, Asset, Cursor, Gap, Page, RetryLater, SourceChanged
from connectors.exchange.dialects.base import Opened, Rights, refuse
from connectors.exchange.dialects.kraken_rows import coin, waits
from connectors.exchange.normalise import amount
from connectors.exchange.streams import (
    DAY,
    OVERLAP,
    RESTARTS,
    Row,
    Rows,
    Tally,
    begins_again,
    cursor,
    earliest,
    instant,
    listed,
    member,
    millis,
    reached_to,
    record,
    stored,
)

READ_RIGHTS = frozenset({"query-funds", "query-open-trades", "query-closed-trades", "query-ledger", "export-data"})
NEEDED = ("query-funds", "query-ledger")
STATUS_OVERLAP = 7 * DAY
STATUS_PAGE = 500


class Kraken:
    """One Kraken key."""

    def __init__(self, opened: Opened) -> None:
        self._ex, self._account, self._now = opened.exchange, opened.account, opened.now
        self._key: dict[str, Any] | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        return ("ledger", "deposit_status", "withdraw_status")

    # ---- the key

    async def _key_info(self) -> dict[str, Any]:
        if self._key is None:
            answer = member(await self._ex.call("privatePostGetApiKeyInfo"), "result")
            if not isinstance(answer, dict):
                raise SourceChanged("kraken GetApiKeyInfo: a result that is not an object")
            self._key = answer
        return self._key

    async def rights(self) -> Rights:
        """An allow-list; a right that is not on it counts as a right to write. Says what the key cannot see, and until when it lives."""
        self._key = None
        key = await self._key_info()
        permissions = member(key, "permissions")
        if not isinstance(permissions, list):
            raise SourceChanged("kraken GetApiKeyInfo: permissions that are not a list")
        refuse("kraken", {str(one) for one in permissions} - READ_RIGHTS)
        if missing := [right for right in NEEDED if right not in permissions]:
            raise AccessDenied(f"This kraken key sees too little: give it {', '.join(missing)}.")
        says = [gap.why for gap in self._blind(key)]
        if until := _seconds(key, "validUntil"):
            says.append(f"This key is valid until {instant(until, 1):%Y-%m-%d}.")
        return Rights("read-only", tuple(says))

    @staticmethod
    def _blind(key: dict[str, Any]) -> list[Gap]:
        """Spans that the key may not see: queryFrom and queryTo."""
        gaps = []
        if first := _seconds(key, "queryFrom"):
            gaps.append(Gap(None, instant(first, 1), f"This key sees nothing before {instant(first, 1):%Y-%m-%d}."))
        if last := _seconds(key, "queryTo"):
            gaps.append(Gap(instant(last, 1), None, f"This key sees nothing after {instant(last, 1):%Y-%m-%d}."))
        return gaps

    async def balances(self) -> Mapping[Asset, Decimal]:
        """BalanceEx: the whole balance, what open orders hold included."""
        result = member(await self._ex.call("privatePostBalanceEx"), "result")
        if not isinstance(result, dict):
            raise SourceChanged("kraken BalanceEx: a result that is not an object")
        total: dict[Asset, Decimal] = {}
        for code, row in result.items():
            total[coin(code)] = total.get(coin(code), Decimal(0)) + amount(member(row, "balance"))
        return total

    # ---- streams

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        """Pages of one stream; raises as the contract says."""
        tally = Tally(self._account, stream)
        if stream == "ledger":
            pages = self._ledger(since, tally)
        elif stream in ("deposit_status", "withdraw_status"):
            pages = self._status(stream, since, tally)
        else:
            raise SourceChanged(f"kraken has no stream called {stream!r}")
        async for page in pages:
            yield page

    async def _ledger(self, since: Cursor | None, tally: Tally) -> AsyncIterator[Page]:
        """Cursor: until (seconds), and the range in work with its pinned end, offset and total."""
        words = stored(since)
        until = words.get("until")
        span = words.get("range") or self._range(until)
        gaps = self._blind(await self._key_info())
        for _ in range(RESTARTS):
            whole, seen = span["ofs"] == 0, set[str]()
            while True:
                rows, count = await self._ledger_page(span, tally)
                if span["count"] not in (None, count):
                    break  # the total changed: the pages do not fit together
                if not rows and span["ofs"] < count:
                    break  # rows are missing
                tally.rows += len(rows)
                seen.update(rows)
                span = {**span, "ofs": span["ofs"] + len(rows), "count": count}
                complete = span["ofs"] >= count and (not whole or len(seen) == count)
                if complete:
                    proof = "count reached up to a pinned end"
                    done = cursor({"until": span["end"] - 1})
                    yield Page(self._records(rows), done, coverage=tally.proven((span["end"] - 1) * 1000, proof, gaps))
                    return
                if span["ofs"] >= count:
                    break  # a row came twice, so another did not come
                yield Page(self._records(rows), cursor({"until": until, "range": span}))
            span = self._range(until)
        raise RetryLater("kraken Ledgers: the total kept changing while it was read")

    def _range(self, until: int | None) -> dict[str, Any]:
        """Ends with the second that is running, so that its first rows are in; what its rest brings, the next overlap reads."""
        start = None if until is None else max(0, int(until) - OVERLAP // 1000)
        return {"start": start, "end": millis(self._now()) // 1000 + 1, "ofs": 0, "count": None}

    async def _ledger_page(self, span: dict[str, Any], tally: Tally) -> tuple[dict[str, Row], int]:
        params = {"end": span["end"], "ofs": span["ofs"], **({"start": span["start"]} if span["start"] is not None else {})}
        result = member(await self._ex.call("privatePostLedgers", params), "result")
        tally.requests += 1
        rows, count = member(result, "ledger"), member(result, "count")
        if not isinstance(rows, dict):
            raise SourceChanged("kraken Ledgers: rows that are not an object")
        return rows, int(count)

    def _records(self, rows: dict[str, Row]) -> tuple[Any, ...]:
        return tuple(record(self._account, "ledger", key, instant(member(row, "time"), 1), row) for key, row in rows.items())

    async def _status(self, stream: str, since: Cursor | None, tally: Tally) -> AsyncIterator[Page]:
        """Recent rows only, wherefore the ledger and not this proves what moved."""
        method, names = (
            ("privatePostDepositStatus", ("deposits", "deposit"))
            if stream == "deposit_status"
            else ("privatePostWithdrawStatus", ("withdrawals", "withdrawal"))
        )
        end = millis(self._now())
        words, waiting = stored(since), None
        params: dict[str, Any] = {"cursor": "true", "limit": STATUS_PAGE}
        if "until" in words:
            params["start"] = max(0, begins_again(words, end, STATUS_OVERLAP) // 1000 - 1)
        made = partial(record, self._account, stream)
        try:
            while True:
                result = member(await self._ex.call(method, params), "result")
                tally.requests += 1
                rows, following = _status_rows(result, names)
                tally.rows += len(rows)
                found = tuple(made(_status_key(row), instant(row["time"], 1), row) for row in rows)
                waiting = earliest(waiting, (millis(instant(row["time"], 1)) for row in rows if waits(row)))
                if not following:
                    proof = "no further cursor; adds transaction ids to what the ledger proves"
                    yield Page(found, reached_to(end, waiting), coverage=tally.proven(end, proof))
                    return
                yield Page(found, since or cursor({}))
                params = {**params, "cursor": following}
        except NotOffered as absent:
            yield tally.absent(since, self._now(), str(absent))


def _seconds(key: dict[str, Any], name: str) -> int:
    value = key.get(name) or 0
    try:
        return int(value)
    except (TypeError, ValueError):
        raise SourceChanged(f"kraken GetApiKeyInfo: {name} is not a time") from None


def _status_rows(result: Any, names: tuple[str, ...]) -> tuple[Rows, str]:
    """A plain list, or an object with the rows and the cursor of the next page."""
    if isinstance(result, list):
        return listed(result), ""
    name = next((one for one in names if isinstance(result, dict) and one in result), names[0])
    return listed(result, name), str(result.get("next_cursor") or "")


def _status_key(row: Row) -> str:
    return str(row.get("refid") or f"{row.get('txid')}:{row.get('time')}:{row.get('amount')}")
