"""The verifying loopback exchange with sample rows, and a connector that speaks to it with the real client."""

from __future__ import annotations

import importlib.util
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aiohttp import web

from connectors.contract import AccountRef, Shared, Source
from connectors.exchange.connector import ExchangeConnector
from tests.tools import shared

DAY = 86_400_000


def _module():
    spec = importlib.util.spec_from_file_location("loopback_exchange", shared("fixtures", "loopback_exchange.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Served:
    """One running server: `server` is the example's own object, `module` its module."""

    def __init__(self):
        self.module = _module()
        self.server = self.module.Loopback(shared("fixtures", "exchanges"))
        self.credentials = self.module.load_samples(self.server)
        self.opened = []
        self.at = datetime.now(UTC)

    def now(self):
        """A clock that stands still unless a test moves it, close enough to the server's to sign."""
        return self.at

    def later(self, **span):
        self.at += timedelta(**span)

    def connector(self, name, **changed):
        source = Source(
            name=name,
            accounts=(AccountRef("acc"),),
            now=self.now,
            settings={"base_url": self.server.base},
            secrets=changed.get("secrets", self.credentials.get(name)),
            shared=Shared(),
            rate_scale=0,
        )
        self.opened.append(ExchangeConnector(source))
        return self.opened[-1]

    def fault(self, path, answer, times=10**6):
        """The next `times` requests for the path get `answer(request)`."""
        left = [times]

        def one(request):
            if request.path != path or left[0] <= 0:
                return None
            found = answer(request)
            left[0] -= found is not None
            return found

        self.server.faults.append(one)

    def paths(self):
        return [entry[2] for entry in self.server.log]


@asynccontextmanager
async def served():
    one = Served()
    await one.server.start()
    try:
        yield one
    finally:
        for connector in one.opened:
            await connector.aclose()
        await one.server.stop()


async def pulled(connector, stream, since=None):
    """(rows by key, last cursor, last coverage, number of pages)."""
    rows, coverage, pages = {}, (), 0
    async for page in connector.fetch(stream, since):
        rows.update({record.key: record for record in page.records})
        since, coverage, pages = page.resume_from, page.coverage or coverage, pages + 1
    return rows, since, coverage[0] if coverage else None, pages


def text(body, status=200, headers=None, content_type="application/json"):
    return lambda request: web.Response(text=body, status=status, headers=headers, content_type=content_type)


def trade(number, at_ms, symbol="BTCUSDT", **changed):
    return {
        "symbol": symbol,
        "id": number,
        "orderId": number,
        "orderListId": -1,
        "price": "30000.00000000",
        "qty": "0.01000000",
        "quoteQty": "300.00000000",
        "commission": "0.00000100",
        "commissionAsset": "BTC",
        "time": at_ms,
        "isBuyer": True,
        "isMaker": False,
        "isBestMatch": True,
        **changed,
    }
