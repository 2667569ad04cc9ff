"""A refresh of what changed leaves the same rows as one that made everything anew, in whatever order the history came."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event

from connectors.files.connector import FileConnector
from service.app.imports import import_file
from service.app.ports import App
from service.app.rebuild import rebuild
from service.app.refresh import pools, rows
from service.store import derived as store_module
from tests.app.history import BEGIN, History, Row, Told, ToldAlone, account, page, random_history, random_words
from tests.app.house import house

DERIVED = ("derived", "booked", "side", "balance", "valued", "movement", "pool", "checkpoint", "lot", "disposal", "issue")
EVERY = 6
"""Movements between checkpoints here, so that small histories have many."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated database."""
    folder = tmp_path_factory.mktemp("empty")

    async def make() -> None:
        async with house(folder, {}):
            pass

    asyncio.run(make())
    return folder


@asynccontextmanager
async def app_in(folder: Path, empty: Path) -> AsyncIterator[App]:
    shutil.copytree(empty, folder)
    async with house(folder, {}) as made:
        yield replace(made.app, connector_class=lambda name: ToldAlone if name == "told alone" else Told)


async def derived(app: App) -> dict[str, list[dict[str, Any]]]:
    content = await app.store.content()
    return {name: content[name] for name in DERIVED}


async def made_at_once(folder: Path, empty: Path, told: History) -> dict[str, list[dict[str, Any]]]:
    async with app_in(folder, empty) as app:
        for one in told.accounts:
            await app.store.add_account(one, {})
            await app.store.save_page(one.id, "rows", page(r for r in told.rows if r.account == one.id), BEGIN)
        await app.store.save_quotes(told.quotes, BEGIN)
        for word in told.words:
            await app.store.say(word)
        assert (await rebuild(app, every=EVERY)).whole
        return await derived(app)


class Arrival:
    """A history that comes in pieces: rows in any order, some wrong at first, some that are taken back; quotes and words in between."""

    def __init__(self, chance: Random, told: History) -> None:
        self.chance = chance
        self.told = told
        strays = random_history(chance, 4).rows
        self.strays = [replace(row, key=f"s{n}") for n, row in enumerate(strays)]
        self.first = chance.sample(range(len(told.rows)), len(told.rows) // 8)
        """Rows that say something else when they first come."""

    async def run(self, app: App) -> None:
        chance, told = self.chance, self.told
        for one in told.accounts:
            await app.store.add_account(one, {})
        steps: list[tuple[str, Any]] = [("row", row) for n, row in enumerate(told.rows) if n not in self.first]
        steps += [("wrong", told.rows[n]) for n in self.first] + [("stray", row) for row in self.strays]
        steps += [("quotes", told.quotes[n::5]) for n in range(5)]
        chance.shuffle(steps)
        words = [*told.words]
        while steps:
            size = chance.choice([1, 1, 2, 5, len(steps)])
            now, steps = steps[:size], steps[size:]
            for kind, what in now:
                await self._step(app, kind, what, steps)
            if words and chance.random() < 0.5:
                await app.store.say(words.pop(0))
            if chance.random() < 0.8:
                await rebuild(app, every=EVERY)
        for word in words:
            await app.store.say(word)

    async def _step(self, app: App, kind: str, what: Any, later: list[tuple[str, Any]]) -> None:
        if kind == "quotes":
            await app.store.save_quotes(what, BEGIN)
        elif kind == "gone":
            await app.store.save_page(what.account, "rows", page([], [what.key]), BEGIN)
        else:
            row: Row = replace(what, payload=self.chance.choice(self.told.rows).payload) if kind == "wrong" else what
            await app.store.save_page(row.account, "rows", page([row]), BEGIN)
        if kind == "wrong":
            later.insert(self.chance.randrange(len(later) + 1), ("row", what))
        elif kind == "stray":
            later.insert(self.chance.randrange(len(later) + 1), ("gone", what))


@pytest.mark.parametrize("seed", range(24))
async def test_any_order_of_arrival_leaves_the_rows_of_one_rebuild(tmp_path: Path, empty: Path, seed: int) -> None:
    chance = Random(seed)
    told = random_history(chance, chance.choice([5, 20, 60]))
    first = await made_at_once(tmp_path / "first", empty, told)
    told.words = random_words(
        chance, [r["id"] for r in first["booked"] if r["kind"] in ("deposit", "withdrawal")], [r["id"] for r in first["lot"]], told
    )
    expected = await made_at_once(tmp_path / "once", empty, told)
    async with app_in(tmp_path / "pieces", empty) as app:
        await Arrival(chance, told).run(app)
        last = await rebuild(app, every=EVERY)
        assert not last.whole
        found = await derived(app)
        assert (await rebuild(app, every=EVERY)).changed is False
        assert await derived(app) == found
    for name, lines in expected.items():
        assert found[name] == lines, name


# ------------------------------------------------------------------ plain rows of files


def file_lines(chance: Random, size: int) -> list[str]:
    """Every kind of row, most of them plain; some without a value, some at one time, some that hang on another."""
    header = "id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,"
    lines = [f"{header}value_usd,fee_value_usd,note,basis_usd,acquired_at"]
    for n in range(size):
        at = f"2024-{chance.randrange(1, 4):02}-{chance.randrange(1, 28):02}T{chance.randrange(24):02}:00:0{chance.randrange(2)}Z"
        account, other = chance.sample(["one", "two", 'a "third"'], 2)
        coin, second = chance.sample(["BTC", "ETH", "LUNA", "ODD", "kraken:NEW"], 2)
        amount = f"{chance.randrange(1, 900)}.{chance.choice(['5', '250', '000000000000000001'])}"
        value, fee = (
            chance.choice(["10", "0", "7.50", ""]),
            chance.choice([",,", ",,", "USD,1,1", f"{second},0.1,2", "BNB,0.01,", "USD,0,0"]),
        )
        kind = chance.choice(
            ["buy", "buy", "sell", "swap", "income", "spend", "transfer", "transfer", "deposit", "withdrawal", "gift_in", "wrap", "airdrop"]
        )
        sent, got, to, basis = f"{coin},{amount}", f"{second},{amount}", "", ","
        if kind in ("buy", "sell"):
            money = chance.choice(["USD", "USD", "EUR"])
            sent, got = (f"{money},20", got) if kind == "buy" else (sent, f"{money},30")
        elif kind in ("income", "airdrop", "deposit", "gift_in"):
            sent = ","
            basis = chance.choice([",", "5,2023-01-01T00:00:00Z"]) if kind in ("deposit", "gift_in") else ","
        elif kind in ("spend", "withdrawal"):
            got = ","
        elif kind == "transfer":
            to, got = chance.choice([other, other, account]), chance.choice([sent, sent, sent, f"{coin},0.25"])
        fee_asset, fee_quantity, fee_value = fee.split(",")
        note = chance.choice(["", "", "tx:0xAB", "thanks"])
        cells = [
            f"id {n}" if n % 9 == 0 else f"t{n}",
            at,
            kind,
            f'"{account.replace(chr(34), chr(34) * 2)}"',
            f'"{to.replace(chr(34), chr(34) * 2)}"',
        ]
        lines.append(",".join([*cells, sent, got, fee_asset, fee_quantity, value, fee_value, note, basis]))
    return lines


@pytest.mark.parametrize("seed", range(8))
async def test_plain_rows_of_files_leave_what_the_common_way_leaves(
    tmp_path: Path, empty: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Straight from the import, straight from stored records, and through connector, reconcile and pricing: the same rows."""
    lines = file_lines(Random(seed), 80)

    async def made(name: str, *, again: bool) -> dict[str, list[dict[str, Any]]]:
        async with app_in(tmp_path / name, empty) as at_hand:
            app = replace(at_hand, connector_class=lambda _name: FileConnector)
            imported = await import_file(app, lines)
            assert (imported.new, imported.problems) == (80, ())
            if again:
                await rebuild(app, every=EVERY)  # another interval: nothing that is stored counts
                await rebuild(app)
            return await derived(app)

    straight = await made("straight", again=False)
    assert await made("records", again=True) == straight
    monkeypatch.setattr(rows, "FILES", "no connector")
    common = await made("common", again=False)
    for name, expected in common.items():
        assert straight[name] == expected, name


# ------------------------------------------------------------------ work


class Counted:
    """How many rows the database read and wrote, by table."""

    def __init__(self, app: App) -> None:
        self.returned = 0
        self.written = 0
        event.listen(app.store.database.engine.sync_engine, "after_cursor_execute", self._seen)

    def _seen(self, _connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("SELECT"):
            self.written += max(cursor.rowcount, 0)


@pytest.mark.parametrize("length", [300, 1200])
async def test_one_more_trade_writes_a_few_rows_however_long_the_history(tmp_path: Path, empty: Path, length: int) -> None:
    """Of the rows written most are disposals after the last checkpoint: their number hangs on its distance, not on the history."""
    first = BEGIN
    told = [_trade(n, first + timedelta(hours=n)) for n in range(length)]
    async with app_in(tmp_path / "long", empty) as app:
        mine = account(1, alone=True)
        await app.store.add_account(mine, {})
        await app.store.save_page(mine.id, "rows", page(told), BEGIN)
        await rebuild(app, every=50)
        last = _trade(length, first + timedelta(hours=length))
        await app.store.save_page(mine.id, "rows", page([last]), BEGIN)
        counted = Counted(app)
        done = await rebuild(app, every=50)
    assert (done.rows, done.movements, done.replayed, done.whole) == (1, 1, 1, False)
    assert counted.written < 160


@pytest.mark.parametrize(("place", "share"), [(0.9, 0.2), (0.5, 0.7)])
async def test_late_history_replays_its_own_coin_from_the_checkpoint_before_it(
    tmp_path: Path, empty: Path, place: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: dict[str, int] = {}
    real = pools.run

    def counting(pool: pools.PoolLedger, tail: list[Any], *rest: Any) -> pools.Replayed:
        entered[pool.name] = len(tail)
        return real(pool, tail, *rest)

    told = [_trade(n, BEGIN + timedelta(hours=n), coin) for n in range(400) for coin in ("kraken:XXBT", "kraken:XETH")]
    async with app_in(tmp_path / "late", empty) as app:
        mine = account(1, alone=True)
        await app.store.add_account(mine, {})
        await app.store.save_page(mine.id, "rows", page(told), BEGIN)
        await rebuild(app, every=20)
        monkeypatch.setattr(pools, "run", counting)
        late = _trade(1000, BEGIN + timedelta(hours=400 * place, minutes=1))
        await app.store.save_page(mine.id, "rows", page([late]), BEGIN)
        await rebuild(app, every=20)
    assert set(entered) == {"btc"}
    assert entered["btc"] >= 400 * (1 - place)
    assert entered["btc"] <= 400 * share


def _trade(number: int, at: datetime, coin: str = "kraken:XXBT") -> Row:
    """A purchase, then a sale of half of it, in turn."""
    quantity, money = ("1", "-100") if number % 2 == 0 else ("-0.5", "60")
    legs = [[coin, quantity, False], ["fiat:USD", money, False]]
    return Row(account(1, alone=True).id, f"{coin}{number}", at, json.dumps({"legs": legs, "hint": "trade"}))


async def test_a_refresh_that_dies_is_done_again(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every step of writing: what stood stays, and the next refresh finds the same work."""
    chance = Random(5)
    told = random_history(chance, 30)
    expected = await made_at_once(tmp_path / "once", empty, told)
    async with app_in(tmp_path / "struck", empty) as app:
        for one in told.accounts:
            await app.store.add_account(one, {})
        await app.store.save_quotes(told.quotes, BEGIN)
        half = len(told.rows) // 2
        await _save(app, told.rows[:half])
        await rebuild(app, every=EVERY)
        await _save(app, told.rows[half:])
        before, real = await derived(app), store_module.insert_ready
        for survived in range(8):
            left = survived

            async def dying(connection: Any, table: Any, lines: Any) -> None:
                nonlocal left
                if left == 0:
                    raise KeyboardInterrupt
                left -= 1
                await real(connection, table, lines)

            monkeypatch.setattr(store_module, "insert_ready", dying)
            with pytest.raises(KeyboardInterrupt):
                await rebuild(app, every=EVERY)
            assert await derived(app) == before
        monkeypatch.undo()
        await rebuild(app, every=EVERY)
        assert await derived(app) == expected


async def _save(app: App, told: list[Row]) -> None:
    for name in {row.account for row in told}:
        await app.store.save_page(name, "rows", page(row for row in told if row.account == name), BEGIN)
