"""The conformance suite over our own connectors, and over liars that it must catch."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import (
    AccountRef,
    Asset,
    Balance,
    Balances,
    Coverage,
    Cursor,
    Field,
    Identity,
    Leg,
    Page,
    RawRecord,
    RetryLater,
    Shared,
    Source,
    Spec,
    Transaction,
)
from connectors.evm.connector import EvmConnector
from connectors.exchange.connector import ExchangeConnector
from connectors.testing import ConnectorConformance
from service import settings
from service.sandbox.chain import SandboxChain, wallet
from tests.connectors.exchange_server import served

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


# ------------------------------------------------------------------ ours


class _Exchange(ConnectorConformance):
    balances_are_complete = False  # the sample rows are shapes, no one person's history
    everything_readable = False

    @pytest.fixture(autouse=True)
    def _server(self):
        """One server for all instances of a test, in a loop of its own: the suite opens a loop for each."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        running = served()
        self.one = asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(20)
        self.secrets = tuple(self.one.credentials[self.source_name].values())
        yield
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()

    @asynccontextmanager
    async def opened(self):
        yield self.one.connector(self.source_name)

    @asynccontextmanager
    async def broken(self):
        made = self.one.connector(self.source_name)
        yield ExchangeConnector(replace(made._source, settings={"base_url": closed_port()}, shared=Shared()))


class TestBinance(_Exchange):
    source_name = "binance"


class TestKraken(_Exchange):
    source_name = "kraken"


class TestCoinbase(_Exchange):
    source_name = "coinbase"


class TestEvm(ConnectorConformance):
    source_name = "ethereum"

    def connector(self, url: str) -> EvmConnector:
        told = dict(settings.chains(settings.load({"HOME": "/nowhere"}))["ethereum"])
        return EvmConnector(Source("ethereum", (AccountRef("acc", wallet()),), lambda: NOW, told, {"rpc": url}, rate_scale=0))

    @asynccontextmanager
    async def opened(self):
        async with SandboxChain() as chain:
            yield self.connector(chain.url)

    @asynccontextmanager
    async def broken(self):
        yield self.connector(closed_port())


# ------------------------------------------------------------------ liars


class Honest:
    """Three rows in pages of two; each liar below breaks one promise."""

    spec = Spec("honest", "file", "1", (Field("key", "a key", secret=True),))
    streams = ("rows",)
    rows = ("1.5", "0.000000000000000001", "-0.2")

    def __init__(self, *, broken: bool = False):
        self.is_broken = broken

    def whole(self):
        if self.is_broken:
            raise RetryLater("down")
        return [self.record(n, text) for n, text in enumerate(self.rows)]

    def record(self, number: int, text: str) -> RawRecord:
        return RawRecord("a", "rows", str(number), NOW - timedelta(days=9 - number), json.dumps({"amount": text}))

    async def probe(self):
        return Identity("me", "read-only")

    async def fetch(self, stream, since):
        rows, first = self.whole(), int(since or 0)
        for at in range(first, max(len(rows), first + 1), 2):
            page = tuple(rows[at : at + 2])
            done = (Coverage("a", stream, None, NOW, "end"),) if at + len(page) == len(rows) else ()
            yield Page(page, self.cursor(at, page), coverage=done)

    def cursor(self, at, page):
        return Cursor(str(at + len(page)))

    async def balances(self, at):
        self.whole()
        return Balances((Balance("a", Asset("x:Y"), sum(map(Decimal, self.rows))),), NOW)

    async def aclose(self):
        pass

    @staticmethod
    def normalise(source, records):
        for r in records:
            yield Transaction(
                "a", (f"rows/{r.key}",), r.occurred_at, (Leg(Asset("x:Y"), Decimal(json.loads(r.payload)["amount"])),), "other"
            )


class Skips(Honest):
    def cursor(self, at, page):
        return Cursor(str(at + len(page) + 1))


class Empty(Honest):
    def whole(self):
        return [] if self.is_broken else super().whole()


class Naive(Honest):
    def record(self, number, text):
        return replace(super().record(number, text), occurred_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the fault itself


class NotANumber(Honest):
    def record(self, number, text):
        return replace(super().record(number, text), payload='{"amount": NaN}')


class Rounds(Honest):
    @staticmethod
    def normalise(source, records):
        for one in Honest.normalise(source, records):
            yield replace(one, legs=tuple(replace(leg, quantity=leg.quantity * Decimal("1.00001")) for leg in one.legs))


class Ticker(Honest):
    @staticmethod
    def normalise(source, records):
        for one in Honest.normalise(source, records):
            yield replace(one, legs=tuple(replace(leg, asset=Asset("Y")) for leg in one.legs))


class Ordered(Honest):
    @staticmethod
    def normalise(source, records):
        for number, one in enumerate(Honest.normalise(source, records)):
            yield replace(one, note=str(number))


class Forgets(Honest):
    @staticmethod
    def normalise(source, records):
        return list(Honest.normalise(source, records))[:-1]


class Blabs(Honest):
    def __repr__(self):
        return "Blabs(key='hush-hush')"


class Restless(Honest):
    made = 0

    async def probe(self):
        Restless.made += 1
        return Identity(str(Restless.made), "read-only")


class Unproven(Honest):
    async def fetch(self, stream, since):
        async for page in super().fetch(stream, since):
            yield replace(page, coverage=())


def suite(kind: type[Honest]) -> ConnectorConformance:
    class Suite(ConnectorConformance):
        source_name = "x"
        secrets = ("hush-hush",)

        @asynccontextmanager
        async def opened(self):
            yield kind()

        @asynccontextmanager
        async def broken(self):
            yield kind(broken=True)

    return Suite()


TESTS = [name for name in dir(ConnectorConformance) if name.startswith("test_")]


@pytest.mark.parametrize("name", TESTS)
def test_an_honest_connector_passes(name):
    getattr(suite(Honest), name)()


@pytest.mark.parametrize(
    ("liar", "name"),
    [
        (Skips, "test_every_cursor_resumes_without_a_gap"),
        (Empty, "test_a_source_that_does_not_answer_is_an_error_and_never_empty"),
        (Naive, "test_records_are_whole"),
        (NotANumber, "test_records_are_whole"),
        (Rounds, "test_normalise_is_pure"),
        (Ticker, "test_legs_are_exact_and_say_where_the_asset_lies"),
        (Ordered, "test_normalise_is_pure"),
        (Forgets, "test_balances_are_the_sum_of_the_legs"),
        (Blabs, "test_no_secret_shows"),
        (Restless, "test_probing_again_finds_the_same_identity"),
        (Unproven, "test_coverage_is_proven_or_says_that_it_is_not"),
    ],
)
def test_a_liar_is_caught(liar, name):
    with pytest.raises(AssertionError):
        getattr(suite(liar), name)()
