"""`make bench`: our code beside the least code that does the same, in one run, as ratios. No figure here is asserted.

Machines differ and are shared: only the ratios of one run mean something.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.contract import Asset, Cursor, Page, RawRecord
from service import settings as configuration
from service.app.ports import Account
from service.domain import ledger
from service.domain.assets import Coin
from service.domain.reconcile import Amount, Event, Kind
from service.domain.statements import Statements
from service.store import open_store

SEED = 7
START = datetime(2020, 1, 1, tzinfo=UTC)
COINS = [Coin(f"coin{n}", f"C{n}", "coin") for n in range(12)]


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def paired(ours: Callable[[], object], least: Callable[[], object], runs: int = 3) -> str:
    """Median seconds of both, run in turns, and their ratio."""
    pairs = [(seconds(ours), seconds(least)) for _ in range(runs)]
    a, b = statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
    return f"{a:8.3f} s   {b:8.3f} s   ratio {statistics.median(x / y for x, y in pairs):6.1f}"


# ------------------------------------------------------------------ the ledger


def history(events: int) -> list[Event]:
    """Buys and sells of 12 coins in 6 accounts, never more sold than held."""
    draw = random.Random(SEED)
    held: dict[tuple[str, str], Decimal] = {}
    made = []
    for number in range(events):
        coin, account = draw.choice(COINS), f"account{draw.randrange(6)}"
        owned = held.get((account, coin.id), Decimal(0))
        selling = owned > 0 and draw.random() < 0.4
        quantity = (owned * draw.randrange(1, 100) / 100) if selling else Decimal(draw.randrange(1, 10**12)).scaleb(-8)
        held[account, coin.id] = owned - quantity if selling else owned + quantity
        value = quantity * draw.randrange(1, 1000)
        amount = (Amount(coin, Asset(f"x:{coin.symbol}"), quantity),)
        made.append(
            Event(
                id=f"e{number}",
                at=START + timedelta(minutes=20 * number),
                kind=Kind.SELL if selling else Kind.BUY,
                account=account,
                to_account=None,
                sent=amount if selling else (),
                received=() if selling else amount,
                fees=(),
                transactions=(f"e{number}",),
                value=value,
                sent_values=(value,) if selling else (),
                received_values=() if selling else (value,),
                price_source="made",
            )
        )
    return made


def least_fifo(events: list[Event]) -> Decimal:
    """First in, first out, gains only: nothing but the arithmetic."""
    pools: dict[tuple[str, str], deque[list[Decimal]]] = {}
    gain = Decimal(0)
    for event in events:
        if event.kind is Kind.BUY:
            bought = event.received[0]
            pools.setdefault((event.account, bought.coin.id), deque()).append([bought.quantity, event.value or Decimal(0)])
            continue
        left, pool = event.sent[0].quantity, pools[event.account, event.sent[0].coin.id]
        gain += event.value or Decimal(0)
        while left > 0:
            lot = pool[0]
            taken = min(left, lot[0])
            basis = lot[1] if taken == lot[0] else lot[1] * taken / lot[0]
            gain -= basis
            left -= taken
            lot[0] -= taken
            lot[1] -= basis
            if not lot[0]:
                pool.popleft()
    return gain


def bench_ledger(events: int) -> None:
    made = history(events)
    told = paired(lambda: ledger.book(made, Statements(), zone="UTC"), lambda: least_fifo(made))
    print(f"ledger, FIFO, {events:>7,} events      beside the arithmetic alone    {told}")


# ------------------------------------------------------------------ the store


def records(number: int) -> tuple[RawRecord, ...]:
    row = '{"symbol":"BTCUSDT","price":"30000.12000000","qty":"0.00100000","commission":"0.00000100","id":"%d"}'
    return tuple(RawRecord("a", "trades", str(n), START + timedelta(seconds=n), row % n) for n in range(number))


def bench_store(rows: int) -> None:
    made = records(rows)

    async def ours(folder: str) -> None:
        settings = configuration.load({"THRESHER_DATA_DIR": folder, "THRESHER_CONFIG_DIR": folder})
        store = await open_store(settings, lambda: START)
        account = Account("a", "main", "exchange", "exchange", "binance", "me", "", "a", {}, "active", "", "read-only", START)
        await store.add_account(account, {})
        for first in range(0, rows, 1000):
            await store.save_page("a", "trades", Page(made[first : first + 1000], Cursor(str(first))), START)
        await store.close()

    def least(folder: str) -> None:
        with sqlite3.connect(Path(folder) / "least.db") as connection:
            connection.execute("CREATE TABLE raw (stream TEXT, key TEXT, hash TEXT, at TEXT, payload TEXT, UNIQUE (stream, key, hash))")
            for first in range(0, rows, 1000):
                part = [
                    (r.stream, r.key, hashlib.sha256(r.payload.encode()).hexdigest(), r.occurred_at.isoformat(), r.payload)
                    for r in made[first : first + 1000]
                ]
                connection.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?)", part)
                connection.commit()

    def fresh(work: Callable[[str], object]) -> Callable[[], object]:
        def once() -> None:
            with tempfile.TemporaryDirectory() as folder:
                work(folder)

        return once

    told = paired(fresh(lambda folder: asyncio.run(ours(folder))), fresh(least))
    print(f"store, {rows:>7,} rows by pages       beside bare sqlite3            {told}")


# ------------------------------------------------------------------ the command


def bench_help() -> None:
    def run(*arguments: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    print(
        f"thresher --help                     beside python -c pass          {paired(run('-m', 'service.cli', '--help'), run('-c', 'pass'), 7)}"
    )


if __name__ == "__main__":
    print(f"{'what':<36}{'':<31}{'ours':>8}     {'least':>8}")
    bench_help()
    bench_ledger(10_000)
    bench_ledger(100_000)
    bench_store(50_000)
