"""The real ccxt clients, pointed at the sandbox, and what the tests of it count with."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import ccxt.async_support as ccxt

from service.sandbox import NOW
from service.sandbox.exchanges.wire import millis

DAY = 86_400_000
BEGIN, END = millis(datetime(2022, 11, 1, tzinfo=UTC)), millis(NOW)


def moved(value, base):
    if isinstance(value, dict):
        return {key: moved(inner, base) for key, inner in value.items()}
    return base + urlsplit(value).path if isinstance(value, str) else value


@asynccontextmanager
async def client(sandbox, name, credentials=None, *, at=NOW):
    """The real client of one exchange on the sandbox, its clock the sandbox's."""
    exchange = getattr(ccxt, name)({**(sandbox.credentials[name] if credentials is None else credentials), "enableRateLimit": False})
    exchange.number = str
    exchange.timeout_on_exit = 0
    exchange.urls["api"] = moved(exchange.urls["api"], sandbox.base[name])
    exchange.milliseconds = lambda: millis(at)
    exchange.seconds = lambda: millis(at) // 1000
    try:
        yield exchange
    finally:
        await exchange.close()


def spans(days):
    start = BEGIN
    while start <= END:
        yield start, min(start + days * DAY - 1, END)
        start += days * DAY


def amounts(rows):
    return {coin: quantity for coin, quantity in rows.items() if quantity}
