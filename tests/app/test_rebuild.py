"""A refresh of what changed leaves the same rows as one that made everything anew, in whatever order the history came."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from service.app.ports import App
from service.app.rebuild import rebuild
from tests.app.history import BEGIN, History, Row, Told, ToldAlone, page, random_history, random_words
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
        for account in told.accounts:
            await app.store.add_account(account, {})
            await app.store.save_page(account.id, "rows", page(r for r in told.rows if r.account == account.id), BEGIN)
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
        for account in told.accounts:
            await app.store.add_account(account, {})
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
    for name, rows in expected.items():
        assert found[name] == rows, name
