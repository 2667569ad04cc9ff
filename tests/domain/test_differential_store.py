"""Random histories imported into a database, in pieces and in any order, beside the plain matcher: by every method, and by the holder's recorded words."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby

import pytest

from connectors.files.connector import FileConnector
from service.app import imports, rebuild
from service.app.gains import Asked, gains, of_store
from service.domain.statements import Allocation, LotChoice, LotSelection, MethodChoice, PoolingChoice
from tests.app.house import house
from tests.domain import golden, plain_matcher
from tests.domain.random_history import ACCOUNTS, COINS, History, choices, lines, raw

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def app(tmp_path):
    async with house(tmp_path, {}) as home:
        yield replace(home.app, connector_class=lambda _: FileConnector)


def pieces(rows, seed):
    """Four files; rows of one second are in one file."""
    dice = random.Random(seed)
    files = [[] for _ in range(4)]
    for _, second in groupby(rows, key=lambda r: r["timestamp"]):
        dice.choice(files).extend(second)
    return [lines(file) for file in files if file]


def expected(rows, method, **how):
    return [m.row() for m in plain_matcher.match(rows, method, **how).matches]


async def stored(app):
    """Matches as the ledger in force keeps them."""
    return [
        {
            "disposal_id": d.event,
            "lot_id": d.lot,
            "quantity": d.quantity,
            "proceeds_usd": d.proceeds,
            "basis_usd": d.basis,
            "gain_usd": d.gain,
            "term": d.term,
        }
        for d in await app.store.disposals()
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_pieces_in_any_order_give_the_matches_of_the_sorted_history(app, seed):
    past = History(seed, 90, known=True)
    for file in pieces(raw(past, waits=(0,)), seed):
        await imports.import_file(app, file)
    assert golden.differences(await stored(app), expected(past.rows, "fifo", scope="account")) == []
    found = await of_store(app)
    for method in ("fifo", "lifo", "hifo", "lofo", "average"):
        for scope in ("account", "universal"):
            made = gains(found, Asked(method, scope), lines_only=True)
            ours = csv.DictReader([",".join(made.columns), *made.lines])
            assert golden.differences(ours, expected(past.rows, method, scope=scope)) == [], (method, scope)


@pytest.mark.parametrize("order", ["oldest_first", "highest_basis_first"])
async def test_the_holders_recorded_words_are_what_is_stored(app, order):
    past = History(5, 90, known=True)
    chosen, turn = choices(past), past.rows[45]["timestamp"][:10]
    first, last = past.rows[:30], past.rows[30:]
    await imports.import_file(app, lines(last))
    ids = {account.label: account.id for account in await app.store.accounts()}
    for account in ids.values():
        await app.store.say(MethodChoice(account, "hifo", LONG_AGO.date(), LONG_AGO))
    await app.store.say(PoolingChoice(date.fromisoformat(turn), LONG_AGO))
    for coin in COINS:
        known = app.assets.find(coin)
        told = Allocation(known.id if known else f"csv:{coin}", LONG_AGO, (), order, tuple(ids[name] for name in ACCOUNTS))
        await app.store.say(told)
    for one in chosen:
        lots = tuple(LotChoice(lot["lot_id"], Decimal(lot["quantity"])) for lot in one["lots"])
        await app.store.say(LotSelection(one["event_id"], lots, LONG_AGO))
    await rebuild.rebuild(app)
    await imports.import_file(app, lines(first))
    said = [{"kind": "allocate_basis", "asset": coin, "order": order, "accounts": list(ACCOUNTS)} for coin in COINS]
    how = {"scope": "universal", "account_scope_from": turn, "instructions": [*said, *chosen]}
    assert golden.differences(await stored(app), expected(past.rows, "hifo", **how)) == []
