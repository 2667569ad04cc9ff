"""Through the real store: a file imported and committed, gains from it, and what one more trade costs on a long history."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.contract import Cursor, Page, RawRecord
from service import settings as configuration
from service import wiring
from service.app.imports import import_file
from service.app.ports import Account, App
from service.app.rebuild import rebuild
from service.store import open_store
from tests.benchmarks.gains import ours, thresher
from tests.benchmarks.histories import COLUMNS, history
from tests.benchmarks.timing import Run, child, line, paired, title

START = datetime(2020, 1, 1, tzinfo=UTC)
TRADES = 20
ROW = {
    "kind": "buy",
    "account": "exchange-1",
    "sent_asset": "USD",
    "sent_quantity": "1000",
    "received_asset": "BTC",
    "received_quantity": "0.02",
    "value_usd": "1000",
}


@contextmanager
def house(folder: Path) -> Iterator[dict[str, str]]:
    """A fresh installation; its environment."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        environment = {"THRESHER_DATA_DIR": home, "THRESHER_CONFIG_DIR": home, "THRESHER_OWNER_PASSWORD": "a bench has no owner"}
        child(thresher("init"), environment)
        yield environment


def bench_import(folder: Path, rows: int) -> None:
    """The file in, committed; then gains from the store beside gains from the file."""
    path = history(folder, rows)
    title(f"through the store, {rows:,} rows")
    with house(folder) as environment:
        imported = child(thresher("import", path), environment)
        line(f"thresher import: {rows / imported.seconds:,.0f} rows a second", imported)
        again = child(thresher("import", path), environment)
        line("thresher import, the same file again; ratio to the first", again, imported)
        for method in ("fifo", "hifo"):
            for scope in ("account", "universal"):
                words = ("gains", "--method", method, "--scope", scope, "--csv", path.with_suffix(".store"))
                stored = child(thresher(*words), environment)
                line(f"thresher gains, {scope}, {method}; ratio to --from", stored, ours(path, method, scope))


# ------------------------------------------------------------------ one more trade


def bench_one_trade(folder: Path, rows: int) -> None:
    """Work without the start of a process: the row is stored, committed, and balances and lots are up to date."""
    path = history(folder, rows)
    with house(folder) as environment:
        child(thresher("import", path), environment)
        child(thresher("balances"), environment)  # what an import leaves to the next command is done here
        asyncio.run(_one_trade(environment, path, rows))


@asynccontextmanager
async def opened(environment: dict[str, str]) -> AsyncIterator[App]:
    async with wiring.opened({**os.environ, **environment}) as app:
        yield app


async def _one_trade(environment: dict[str, str], path: Path, rows: int) -> None:
    with path.open(newline="") as source:
        times = [row["timestamp"] for row in csv.DictReader(source)]
    async with opened(environment) as app:
        nothing = []
        for _ in range(TRADES):
            started = time.perf_counter()
            await rebuild(app)
            nothing.append(time.perf_counter() - started)
        started = time.perf_counter()
        await rebuild(app, every=3_000)  # another interval of checkpoints: nothing that is stored counts
        whole = Run(time.perf_counter() - started)
        await rebuild(app)
        title(f"one more trade on {rows:,}, through the real store; ratio to a full rebuild")
        line("full rebuild", whole)
        line(f"nothing new, median of {TRADES}", Run(statistics.median(nothing)), whole)
        for what, at in (("at the end", "2026-12-01T00:00:00Z"), ("in the middle", times[rows // 2]), ("at the beginning", times[0])):
            taken = [await _arrive(app, at, f"{what} {n}") for n in range(TRADES)]
            line(f"a trade {what}, median of {TRADES}", Run(statistics.median(taken)), whole)
            line(f"a trade {what}, slowest", Run(max(taken)), whole)


async def _arrive(app: App, at: str, name: str) -> float:
    """A file of one row: read, compared with what is known, stored, and everything that it changes."""
    row = {**ROW, "id": name, "timestamp": at}
    told = io.StringIO()
    writer = csv.DictWriter(told, COLUMNS)
    writer.writeheader()
    writer.writerow(row)
    told.seek(0)
    started = time.perf_counter()
    await import_file(app, told)  # ends with a refresh
    return time.perf_counter() - started


# ------------------------------------------------------------------ raw records


def records(number: int) -> tuple[RawRecord, ...]:
    row = '{"symbol":"BTCUSDT","price":"30000.12000000","qty":"0.00100000","commission":"0.00000100","id":"%d"}'
    return tuple(RawRecord("a", "trades", str(n), START.replace(microsecond=n), row % n) for n in range(number))


def bench_records(folder: Path, rows: int) -> None:
    """Raw records by pages of 1,000 beside bare sqlite3."""
    made = records(rows)

    async def stored(home: str) -> None:
        settings = configuration.load({"THRESHER_DATA_DIR": home, "THRESHER_CONFIG_DIR": home})
        store = await open_store(settings, lambda: START)
        account = Account("a", "main", "exchange", "exchange", "binance", "me", "", "a", {}, "active", "", "read-only", START)
        await store.add_account(account, {})
        for first in range(0, rows, 1000):
            await store.save_page("a", "trades", Page(made[first : first + 1000], Cursor(str(first))), START)
        await store.close()

    def least(home: str) -> None:
        with sqlite3.connect(Path(home) / "least.db") as connection:
            connection.execute("CREATE TABLE raw (stream TEXT, key TEXT, hash TEXT, at TEXT, payload TEXT, UNIQUE (stream, key, hash))")
            for first in range(0, rows, 1000):
                part = [
                    (r.stream, r.key, hashlib.sha256(r.payload.encode()).hexdigest(), r.occurred_at.isoformat(), r.payload)
                    for r in made[first : first + 1000]
                ]
                connection.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?)", part)
                connection.commit()

    def ours_once() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as home:
            asyncio.run(stored(home))

    def least_once() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as home:
            least(home)

    title(f"{rows:,} raw records by pages of 1,000; ratio to bare sqlite3")
    mine, bare = paired(ours_once, least_once)
    line("bare sqlite3", bare)
    line("the store", mine, bare)
