"""A file in the neutral format as a history to explain: its rows, nothing stored, nothing asked of anybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from service.app.explain.past import Fact, Past, fact_of
from service.app.ports import Refused
from service.domain.assets import AssetTable
from service.domain.history import Row, booking, read
from service.domain.ledger import Method, Scope, choices
from service.domain.money import EXACT
from service.domain.movements import decimal
from service.domain.reconcile import Event
from service.domain.reconcile.rows import IN
from service.domain.statements import Statements

_KINDS = {"airdrop": "income", "stolen": "lost", "wrap": "transfer", "bridge": "transfer"}
"""Words of a file beyond those of events."""
_FROM_MONEY = 10**12
"""From 10^-18 to 10^-30."""


def of_lines(
    lines: Iterable[str], table: AssetTable, *, window: timedelta, zone: str = "UTC", method: Method | None = None, scope: Scope = "account"
) -> Past:
    """Raises Refused for a file with a mistake, with line and column of the first."""
    rows, problems = read(lines)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Refused("from", f"{problems[0]}{more}")
    booked = booking(rows, table, window=window)
    said = Statements()
    return Past(
        movements=booked.movements,
        facts={row.id: _fact(row) for row in rows} | _joined(booked.joined, rows),
        said=choices(said, zone=zone, scope=scope, method=method),
        statements=said,
        zone=zone,
        symbols={coin.id: coin.symbol for coin in booked.coins.values()},
    )


def _joined(happened: Sequence[Event], rows: Iterable[Row]) -> dict[str, Fact]:
    """By event, of the rows that hang on others: what is known of it may stand in more than one row."""
    lines = {row.id: f"line {row.line}" for row in rows} if happened else {}
    return {event.id: replace(fact_of(event), sources=tuple(lines[name] for name in rows_of(event))) for event in happened}


def rows_of(event: Event) -> tuple[str, ...]:
    """Ids of the file's rows that an event was read from; the second half of a row's transfer is of the same row."""
    return tuple(dict.fromkeys(name.removesuffix(IN) for name in event.transactions))


def _fact(row: Row) -> Fact:
    def side(asset: str, units: int) -> tuple[tuple[Decimal, str], ...]:
        return ((decimal(units, 18).normalize(EXACT), asset),) if asset else ()

    value, price = _value(row)
    fee = row.fee_value
    fee_price = "stated" if fee is not None else "money" if row.fee_asset else ""
    if fee is None and row.fee_asset == "USD":
        fee = row.fee * _FROM_MONEY
    return Fact(
        kind=_KINDS.get(row.kind, row.kind),
        sent=side(row.sent_asset, row.sent),
        received=side(row.received_asset, row.received),
        fees=side(row.fee_asset, row.fee),
        value=None if value is None else decimal(value).normalize(EXACT),
        fee_value=None if fee is None else decimal(fee).normalize(EXACT),
        price=price,
        fee_price=fee_price,
        sources=(f"line {row.line}",),
    )


def _value(row: Row) -> tuple[int | None, str]:
    """Stated, else the money side of a trade."""
    if row.value is not None:
        return row.value, "stated"
    for asset, units in ((row.received_asset, row.received), (row.sent_asset, row.sent)):
        if asset == "USD":
            return units * _FROM_MONEY, "money"
    return None, ""
