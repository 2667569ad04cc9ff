"""The conformance suite that the author of a connector inherits; ours pass it too.

    class TestMine(ConnectorConformance):
        source_name = "mine"

        @asynccontextmanager
        async def opened(self):          # a fresh connector on a source that has at least one record and does not change
            yield MineConnector(Source(...))

        @asynccontextmanager
        async def broken(self):          # the same, on a source that does not answer
            yield MineConnector(Source(...))

pytest finds the tests by their names. Each opens its own event loop, so that no plug-in is needed. Class attributes say what cannot be
true of every source; the default is the strict answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import ClassVar, TypeVar

from connectors.contract import Connector, ConnectorError, Coverage, Page, RawRecord, Transaction, Unreadable

T = TypeVar("T")
Read = list[Transaction | Unreadable]


class ConnectorConformance:
    """What every connector promises, as tests. A subclass gives `opened` and `broken`."""

    source_name: ClassVar[str] = ""
    """Source.name, which normalise is given."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Texts that must show up nowhere: the keys that `opened` uses."""
    balances_are_complete: ClassVar[bool] = True
    """The source's records explain its balances; False where the source itself keeps some to itself."""
    everything_readable: ClassVar[bool] = True
    """The source of `opened` has no row that normalise calls Unreadable."""

    # The two that a connector's author writes; there is nothing to inherit, and a suite without them must fail, not skip.

    def opened(self) -> AbstractAsyncContextManager[Connector]:
        """A connector on a source with at least one record."""
        raise AssertionError("this suite needs `opened`: a connector on a source with at least one record")

    def broken(self) -> AbstractAsyncContextManager[Connector]:
        """A connector on a source that does not answer."""
        raise AssertionError("this suite needs `broken`: a connector on a source that does not answer")

    # ------------------------------------------------------------------ who it is

    def test_the_spec_names_it_and_its_fields(self) -> None:
        async def look(connector: Connector) -> None:
            spec = connector.spec
            assert spec.name, "a connector has a name"
            assert spec.version, "a connector has a version"
            names = [field.name for field in spec.fields]
            assert len(set(names)) == len(names), f"a field is named twice: {names}"
            assert all(field.says for field in spec.fields), "each field says what it is for"
            assert isinstance(connector, Connector), "the contract's methods are all there"

        self._with(look)

    def test_streams_are_named_once_each(self) -> None:
        async def look(connector: Connector) -> None:
            streams = connector.streams
            assert streams, "there is at least one stream"
            assert len(set(streams)) == len(streams), f"a stream is named twice: {streams}"
            assert connector.streams == streams, "the streams do not change"

        self._with(look)

    def test_probing_again_finds_the_same_identity(self) -> None:
        async def ask(connector: Connector) -> tuple[str, str]:
            first, second = await connector.probe(), await connector.probe()
            assert first == second, "the same instance gives the same identity"
            return first.id, repr(first)

        (once, shown), (again, _) = self._with(ask), self._with(ask)
        assert once, "an identity is not empty"
        assert once == again, "another instance gives the same identity"
        self._no_secret(shown)

    def test_no_secret_shows(self) -> None:
        async def look(connector: Connector) -> str:
            pages = [page for stream in connector.streams for page in await _pages(connector, stream)]
            return repr(connector) + str(connector) + repr(pages)

        self._no_secret(self._with(look))

        async def fail(connector: Connector) -> str:
            errors = [await _raised(connector.probe), *[await _raised(_reader(connector, s)) for s in connector.streams]]
            return " ".join(f"{error!r} {error}" for error in errors)

        self._no_secret(self._with(fail, broken=True))

    # ------------------------------------------------------------------ reading

    def test_records_are_whole(self) -> None:
        """Keys, aware UTC times, JSON text without the constants that only a float can be."""
        pages = self._all()
        records = [record for stream in pages.values() for page in stream for record in page.records]
        assert records, "the source of `opened` has at least one record"
        for stream, its in pages.items():
            for record in (record for page in its for record in page.records):
                assert record.stream == stream, f"{record.key} is of stream {record.stream}, fetched from {stream}"
                assert record.account, f"{record.key} names no account"
                assert record.key, "a record has a key"
                assert record.occurred_at.utcoffset() == timedelta(0), f"{record.key}: the time is UTC and aware"
                json.loads(record.payload, parse_constant=_no_constant)

    def test_fetching_twice_gives_the_same(self) -> None:
        assert _latest(self._all()) == _latest(self._all())

    def test_every_cursor_resumes_without_a_gap(self) -> None:
        """After each page: what a new instance fetches from that cursor completes what had been stored, and contradicts none of it."""
        whole = self._all()

        for stream, pages in whole.items():
            for number, page in enumerate(pages, 1):

                async def rest(connector: Connector, stream: str = stream, page: Page = page) -> list[Page]:
                    return await _pages(connector, stream, page)

                stored = _latest({stream: pages[:number]})
                resumed = _latest({stream: [*pages[:number], *self._with(rest)]})
                assert resumed == _latest({stream: pages}), f"{stream}: resuming after page {number} of {len(pages)} gives something else"
                assert stored.items() <= resumed.items() or any(page.withdrawn for page in pages), (
                    f"{stream}: page {number} was contradicted"
                )

    def test_coverage_is_proven_or_says_that_it_is_not(self) -> None:
        pages = self._all()
        for stream, its in pages.items():
            found = [coverage for page in its for coverage in page.coverage]
            assert any(coverage.stream == stream for coverage in found), f"{stream} ended without a word on what is proven"
            for coverage in found:
                self._coverage(coverage, pages)

    @staticmethod
    def _coverage(coverage: Coverage, streams: Iterable[str]) -> None:
        assert coverage.stream in set(streams), f"coverage of an unknown stream {coverage.stream}"
        assert coverage.account, "coverage names its account"
        assert coverage.proof, f"{coverage.stream}: coverage without a proof"
        for at in (coverage.since, coverage.until, *(e for gap in coverage.unreachable for e in (gap.since, gap.until))):
            assert at is None or at.utcoffset() == timedelta(0), f"{coverage.stream}: times are UTC and aware"
        assert coverage.since is None or coverage.since <= coverage.until, f"{coverage.stream}: a span ends before it begins"

    # ------------------------------------------------------------------ understanding

    def test_normalise_is_pure(self) -> None:
        """The same records give the same transactions in any order of the records, however often, in any decimal context."""
        records = list(_latest(self._all()).values())
        read = self._normalised(records)
        assert read, "at least one record is understood or named as unreadable"
        assert _sorted(read) == _sorted(self._normalised(records)), "twice gives the same"
        assert _sorted(read) == _sorted(self._normalised(records[::-1])), "the order of the records does not matter"
        with localcontext(Context(prec=4, rounding=ROUND_DOWN)):
            coarse = self._normalised(records)
        assert _sorted(read) == _sorted(coarse), "quantities do not depend on the decimal context in force: compute in one of your own"

    def test_normalise_names_the_records_that_it_read(self) -> None:
        records = list(_latest(self._all()).values())
        keys = {f"{record.stream}/{record.key}" for record in records}
        accounts = {record.account for record in records}
        names: set[tuple[str, str]] = set()
        for one in self._normalised(records):
            assert one.account in accounts, f"{one.account} is not the account of any record"
            if isinstance(one, Unreadable):
                assert not self.everything_readable, f"{one.key} is unreadable: {one.why}"
                assert one.key in keys, f"{one.key} is no record"
                assert one.why, f"{one.key} is unreadable without a reason"
                continue
            assert one.keys, "a transaction is read from at least one record"
            assert set(one.keys) <= keys, f"{set(one.keys) - keys} are no records"
            assert (one.account, one.keys[0]) not in names, f"two transactions are named {one.keys[0]}"
            names.add((one.account, one.keys[0]))
            assert one.occurred_at.utcoffset() == timedelta(0), f"{one.keys[0]}: the time is UTC and aware"

    def test_legs_are_exact_and_say_where_the_asset_lies(self) -> None:
        for one in self._normalised(list(_latest(self._all()).values())):
            for leg in one.legs if isinstance(one, Transaction) else ():
                assert type(leg.quantity) is Decimal, f"{leg.asset}: {leg.quantity!r} is no Decimal"
                assert leg.quantity.is_finite(), f"{leg.asset}: {leg.quantity} is not finite"
                assert leg.quantity != 0, f"{leg.asset}: a leg of nothing"
                assert ":" in leg.asset, f"{leg.asset} is a bare ticker; say whose it is"

    # ------------------------------------------------------------------ the outside check

    def test_balances_are_the_sum_of_the_legs(self) -> None:
        async def ask(connector: Connector) -> dict[tuple[str, str], Decimal]:
            at = {s: pages[-1].resume_from for s in connector.streams if (pages := await _pages(connector, s))}
            declared = await connector.balances(at)
            assert declared.at.utcoffset() == timedelta(0), "balances hold for a time: UTC and aware"
            return {(b.account, str(b.asset)): b.quantity for b in declared.amounts}

        declared = self._with(ask)
        assert all(declared.values()), "a balance of nothing is left out"
        derived: dict[tuple[str, str], Decimal] = {}
        with localcontext(Context(prec=120)):
            for one in self._normalised(list(_latest(self._all()).values())):
                for leg in one.legs if isinstance(one, Transaction) and one.final and "spam" not in one.flags else ():
                    name = (one.account, str(leg.asset))
                    derived[name] = derived.get(name, Decimal(0)) + leg.quantity
        if self.balances_are_complete:
            assert {name: quantity for name, quantity in derived.items() if quantity} == declared

    # ------------------------------------------------------------------ failing and closing

    def test_a_source_that_does_not_answer_is_an_error_and_never_empty(self) -> None:
        async def ask(connector: Connector) -> None:
            for stream in connector.streams:
                assert await _raised(_reader(connector, stream)), f"{stream} of a broken source ended without an error"
            assert await _raised(lambda: connector.balances({})), "a broken source has no balances"

        self._with(ask, broken=True)

    def test_closing_twice_does_nothing(self) -> None:
        async def close(connector: Connector) -> None:
            await connector.aclose()
            await connector.aclose()

        self._with(close)

    # ------------------------------------------------------------------ means

    def _with(self, use: Callable[[Connector], Awaitable[T]], *, broken: bool = False) -> T:
        async def run() -> T:
            async with self.broken() if broken else self.opened() as connector:
                try:
                    return await use(connector)
                finally:
                    await connector.aclose()

        return asyncio.run(run())

    def _all(self) -> dict[str, list[Page]]:
        async def read(connector: Connector) -> dict[str, list[Page]]:
            return {stream: await _pages(connector, stream) for stream in connector.streams}

        return self._with(read)

    def _normalised(self, records: list[RawRecord]) -> Read:
        """Account by account, as the host does it."""
        kind = self._with(_kind)
        accounts = dict.fromkeys(record.account for record in records)
        return [one for a in accounts for one in kind.normalise(self.source_name, [r for r in records if r.account == a])]

    def _no_secret(self, shown: str) -> None:
        assert not [place for place, secret in enumerate(self.secrets) if secret in shown], "a secret shows"


async def _kind(connector: Connector) -> type[Connector]:
    return type(connector)


async def _pages(connector: Connector, stream: str, after: Page | None = None) -> list[Page]:
    return [page async for page in connector.fetch(stream, after.resume_from if after else None)]


def _reader(connector: Connector, stream: str) -> Callable[[], Awaitable[object]]:
    return lambda: _pages(connector, stream)


async def _raised(ask: Callable[[], Awaitable[object]]) -> ConnectorError | None:
    """Any other error than the contract's is a fault of the connector and goes on."""
    try:
        await ask()
    except ConnectorError as error:
        return error
    return None


def _latest(pages: dict[str, list[Page]]) -> dict[tuple[str, str, str], RawRecord]:
    """What a store would hold: the newest version of each record, withdrawn ones left out."""
    held: dict[tuple[str, str, str], RawRecord] = {}
    for stream, its in pages.items():
        for page in its:
            held = {name: record for name, record in held.items() if not (name[1] == stream and name[2] in page.withdrawn)}
            held.update({(record.account, record.stream, record.key): record for record in page.records})
    return held


def _sorted(read: Read) -> list[str]:
    return sorted(repr(one) for one in read)


def _no_constant(word: str) -> object:
    raise AssertionError(f"{word} in a payload: a float has been here")
