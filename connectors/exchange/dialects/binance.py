"""Binance spot: its key check, its windows, and where its trades are found.

There is no ledger and no list of all trades: each stream has its own endpoint and its own widest window, and trades are asked for symbol by symbol.
Windows and page sizes: the API pages named beside each plan. Trades are in binance_trades.py, the meaning of rows in binance_rows.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.clients.exchange import NotOffered
from connectors.contract import AccessDenied, Asset, Cursor, Gap, Page, RawRecord, SourceChanged
from connectors.exchange.dialects.base import Opened, Rights, refuse
from connectors.exchange.dialects.binance_rows import CONVERT_PENDING, DEPOSIT_MOVED, FIAT_PENDING, WITHDRAWAL_MOVED, assets_of, fiat_word
from connectors.exchange.dialects.binance_trades import Trades
from connectors.exchange.normalise import amount, asset
from connectors.exchange.streams import (
    DAY,
    Row,
    Rows,
    Tally,
    Windowed,
    counted,
    cursor,
    instant,
    iso_instant,
    listed,
    member,
    millis,
    record,
    stored,
)

LAUNCH = millis(datetime(2017, 7, 1, tzinfo=UTC))
CONVERT_BEGAN = millis(datetime(2019, 1, 1, tzinfo=UTC))
EARN_BEGAN = millis(datetime(2020, 1, 1, tzinfo=UTC))
DUST_BEGINS = datetime(2020, 12, 1, tzinfo=UTC)
"""Dust log: "Only return records after 2020/12/01" (wallet API, Dust Log)."""

READ_RIGHTS = frozenset({"enableReading"})
NEUTRAL = frozenset({"ipRestrict", "createTime", "tradingAuthorityExpirationTime"})
"""Members of the answer that are no rights. Any other member that is true counts as a right to write."""
PAGE = 1000
FIAT_PAGE = 500


class Binance:
    """One Binance key."""

    SOURCES = (
        "deposits",
        "withdrawals",
        "converts",
        "dust",
        "dividends",
        "fiat_deposits",
        "fiat_withdrawals",
        "fiat_buys",
        "fiat_sells",
        "flexible_rewards",
        "locked_rewards",
    )
    """Streams that name assets from which the symbols of the trades are found."""

    def __init__(self, opened: Opened) -> None:
        self._ex, self._expensive = opened.exchange, opened.expensive
        self._account, self._now = opened.account, opened.now
        self._assets: dict[str, set[str]] = {}
        self._read_from: dict[str, int] = {}
        self._trades = Trades(self._ex, self._account, self._now, self._named_since)

    @property
    def streams(self) -> tuple[str, ...]:
        return (*self.SOURCES, "trades")

    # ---- the key

    async def rights(self) -> Rights:
        """Wallet API, Get API Key Permission. An allow-list: what is not known to be harmless counts as a right to write. Only a key that passed is
        asked for the account's number (`uid` of Account information)."""
        answer = await self._ex.call("sapiGetAccountApiRestrictions")
        if not member(answer, "enableReading"):
            raise AccessDenied("This binance key may not read: give it the right enableReading.")
        refuse(
            "binance", (name for name, value in answer.items() if name not in READ_RIGHTS | NEUTRAL and value not in (False, None, "false"))
        )
        uid = (await self._ex.call("privateGetAccount")).get("uid")
        says = () if answer.get("ipRestrict") else ("This key works from any address; binding it to yours is safer.",)
        return Rights("read-only", says, "" if uid is None else str(uid))

    async def balances(self) -> Mapping[Asset, Decimal]:
        """Spot account, free and locked, and what lies in Simple Earn: subscribing is no movement out of the account."""
        rows = listed(await self._ex.call("privateGetAccount"), "balances")
        total = {str(row["asset"]): amount(row["free"]) + amount(row["locked"]) for row in rows}
        for method, name in (("sapiGetSimpleEarnFlexiblePosition", "totalAmount"), ("sapiGetSimpleEarnLockedPosition", "amount")):
            for row in await self._positions(method):
                code = str(row["asset"])
                if name == "totalAmount":
                    total.pop(f"LD{code}", None)  # the spot account's own token of the same position
                total[code] = total.get(code, Decimal(0)) + amount(row[name])
        return {asset("binance", code): quantity for code, quantity in total.items()}

    async def _positions(self, method: str) -> Rows:
        try:
            return await self._numbered(Tally(self._account, "balances"), method, {})
        except NotOffered:
            return []

    # ---- streams

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        """Pages of one stream; raises as the contract says."""
        if stream == "trades":
            async for page in self._trades.pages(since):
                yield page
            return
        known = stored(since).get("until")
        async for page in self._source(stream, since):
            self._remember(stream, page.records)
            yield page
        self._read_from[stream] = 0 if known is None else int(known)

    def _source(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        tally = Tally(self._account, stream)
        if stream.startswith("fiat_"):
            return self._fiat(stream, since, tally)
        return self._plan(stream, tally).pages(since, self._now(), tally)

    def _remember(self, stream: str, records: tuple[RawRecord, ...]) -> None:
        self._assets.setdefault(stream, set()).update(code for one in records for code in assets_of(one))

    async def _named_since(self, since_ms: int) -> set[str]:
        """Every asset that the other streams and the balance name since then; a stream not read that far back is read now."""
        for stream in self.SOURCES:
            if self._read_from.get(stream, since_ms + 1) > since_ms:
                async for page in self._source(stream, cursor({"until": since_ms}) if since_ms else None):
                    self._remember(stream, page.records)
                self._read_from[stream] = since_ms
        rows = listed(await self._ex.call("privateGetAccount"), "balances")
        held = {row["asset"] for row in rows if amount(row["free"]) + amount(row["locked"])}
        return held.union(*self._assets.values())

    def _plan(self, stream: str, tally: Tally) -> Windowed:
        made = partial(record, self._account, stream)
        match stream:
            case "deposits":  # Deposit History: at most 90 days, limit and offset
                ask = partial(self._offset, tally, "sapiGetCapitalDepositHisrec")
                return Windowed(
                    stream, LAUNCH, 90 * DAY, ask, lambda r: made(_deposit_key(r), instant(r["insertTime"]), r), waits=_waits(DEPOSIT_MOVED)
                )
            case "withdrawals":  # Withdraw History: the same
                ask = partial(self._offset, tally, "sapiGetCapitalWithdrawHistory")
                return Windowed(
                    stream,
                    LAUNCH,
                    90 * DAY,
                    ask,
                    lambda r: made(str(r["id"]), iso_instant(r["applyTime"]), r),
                    waits=_waits(WITHDRAWAL_MOVED),
                )
            case "converts":  # Get Convert Trade History: at most 30 days, moreData
                ask = partial(self._halved, tally, ("sapiGetConvertTradeFlow", "list"), {"limit": PAGE})
                return Windowed(
                    stream,
                    CONVERT_BEGAN,
                    30 * DAY,
                    ask,
                    lambda r: made(str(r["orderId"]), instant(r["createTime"]), r),
                    optional=True,
                    waits=lambda r: r.get("orderStatus") in CONVERT_PENDING,
                )
            case "dust":  # Dust Log: 100 rows
                ask = partial(self._halved, tally, ("sapiGetAssetDribblet", "userAssetDribblets"), {})
                gap = Gap(None, DUST_BEGINS, "binance tells of dust conversions since 2020-12-01 only")
                begin = millis(DUST_BEGINS)
                return Windowed(
                    stream,
                    begin,
                    90 * DAY,
                    ask,
                    lambda r: made(str(r["transId"]), instant(r["operateTime"]), r),
                    gaps=(gap,),
                    optional=True,
                )
            case "dividends":  # Asset Dividend Record: 500 rows
                ask = partial(self._halved, tally, ("sapiGetAssetAssetDividend", "rows"), {"limit": FIAT_PAGE})
                return Windowed(stream, LAUNCH, 90 * DAY, ask, lambda r: made(str(r["id"]), instant(r["divTime"]), r), optional=True)
            case "flexible_rewards" | "locked_rewards":  # Simple Earn: at most 30 days, current and size
                ask = partial(self._flexible if stream.startswith("flex") else self._locked, tally)
                return Windowed(
                    stream,
                    EARN_BEGAN,
                    30 * DAY,
                    ask,
                    lambda r: made(_reward_key(r), instant(r["time"]), r),
                    ends="total reached",
                    optional=True,
                    nameless=True,
                )
        raise SourceChanged(f"binance has no stream called {stream!r}")

    async def _offset(self, tally: Tally, method: str, first: int, last: int) -> AsyncIterator[Rows]:
        """By offset inside a window whose end is pinned; a short page ends it."""
        offset = 0
        while True:
            params = {"startTime": first, "endTime": last, "limit": PAGE, "offset": offset}
            rows = listed(await self._ex.call(method, params))
            tally.requests += 1
            if rows:
                yield rows
            if len(rows) < PAGE:
                return
            offset += len(rows)

    async def _halved(self, tally: Tally, place: tuple[str, str], more: dict[str, Any], first: int, last: int) -> AsyncIterator[Rows]:
        """Where an answer says that it holds not all of the window, each half is asked for itself."""
        method, name = place
        answer = await self._ex.call(method, {"startTime": first, "endTime": last, **more})
        tally.requests += 1
        rows = listed(answer, name)
        total, most = int(answer.get("total") or 0), int(more.get("limit", 100))
        if not (answer.get("moreData") or total > len(rows) or len(rows) >= most):
            if rows:
                yield rows
            return
        if first >= last:
            raise SourceChanged(f"binance {method}: more rows in one millisecond than one answer holds")
        middle = (first + last) // 2
        for begin, end in ((first, middle), (middle + 1, last)):
            async for part in self._halved(tally, place, more, begin, end):
                yield part

    async def _flexible(self, tally: Tally, first: int, last: int) -> AsyncIterator[Rows]:
        for kind in ("BONUS", "REALTIME", "REWARDS"):
            yield await self._numbered(
                tally, "sapiGetSimpleEarnFlexibleHistoryRewardsRecord", {"type": kind, "startTime": first, "endTime": last}
            )

    async def _locked(self, tally: Tally, first: int, last: int) -> AsyncIterator[Rows]:
        yield await self._numbered(tally, "sapiGetSimpleEarnLockedHistoryRewardsRecord", {"startTime": first, "endTime": last})

    async def _numbered(self, tally: Tally, method: str, more: dict[str, Any]) -> Rows:
        async def page(number: int) -> tuple[Rows, int]:
            answer = await self._ex.call(method, {"current": number, "size": 100, **more})
            tally.requests += 1
            return listed(answer, "rows"), int(member(answer, "total"))

        return await counted(f"binance {method}", page)

    async def _fiat(self, stream: str, since: Cursor | None, tally: Tally) -> AsyncIterator[Page]:
        """Fiat orders and card payments: one span without a limit on its width, by page number; 30 s of pace for each orders call."""
        orders = stream in ("fiat_deposits", "fiat_withdrawals")
        method = "sapiGetFiatOrders" if orders else "sapiGetFiatPayments"
        client = self._expensive() if orders else self._ex
        kind = 0 if stream in ("fiat_deposits", "fiat_buys") else 1

        async def ask(first: int, last: int) -> AsyncIterator[Rows]:
            async def page(number: int) -> tuple[Rows, int]:
                params = {"transactionType": kind, "beginTime": first, "endTime": last, "page": number, "rows": FIAT_PAGE}
                answer = await client.call(method, params)
                tally.requests += 1
                rows = listed({"data": answer.get("data") or []} if isinstance(answer, dict) and "total" in answer else answer, "data")
                return rows, int(member(answer, "total"))

            yield await counted(f"binance {method}", page)

        made = partial(record, self._account, stream)
        plan = Windowed(
            stream,
            LAUNCH,
            200 * 365 * DAY,
            ask,
            lambda r: made(str(r["orderNo"]), instant(r["createTime"]), r),
            ends="total reached",
            optional=True,
            waits=lambda r: fiat_word(r) in FIAT_PENDING,
        )
        async for found in plan.pages(since, self._now(), tally):
            yield found


def _deposit_key(row: dict[str, Any]) -> str:
    """Rows of the first years have no id."""
    return str(row.get("id") or f"{row['coin']}:{row['txId']}:{row['insertTime']}")


def _waits(states: Mapping[str, bool]) -> Callable[[Row], bool]:
    return lambda row: states.get(str(row.get("status"))) is False


def _reward_key(row: dict[str, Any]) -> str:
    return ":".join(str(row.get(part, "")) for part in ("asset", "time", "type", "projectId", "positionId", "rewards", "amount"))
