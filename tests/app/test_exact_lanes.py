"""Every digit on the whole way of a stored row: quantities and values of 34 digits and more, by import and straight from the file, byte for byte.

The default decimal context is made to raise where it would round, so an operation outside of the exact one cannot hide behind luck.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, Inexact, localcontext
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.files.connector import FileConnector
from service.app import gains, imports, queries, rebuild
from service.app.compare import Balance, difference
from service.app.gains import Asked
from service.domain.money import EXACT
from service.domain.movements import text
from tests.app.house import house
from tests.app.test_two_lanes import file_of

WINDOW = timedelta(hours=72)
NOON = datetime(2024, 2, 28, 12, tzinfo=UTC)
MOST = 10**34
"""10^16 units of 18 places."""

units = st.one_of(st.integers(1, MOST), st.integers(MOST - 10**6, MOST), st.integers(1, 10))
cells = units.map(text)
coins = st.sampled_from(["SHIB", "PEPE"])
accounts = st.sampled_from(["exchange", "wallet"])


@st.composite
def events(draw):
    kind = draw(st.sampled_from(["buy", "sell", "swap", "income", "transfer", "deposit", "hashed", "sized", "gift_out"]))
    coin, other, account, size, value = draw(coins), draw(coins), draw(accounts), draw(cells), draw(cells)
    to = "wallet" if account == "exchange" else "exchange"
    sent, got = {"sent_asset": coin, "sent_quantity": size}, {"received_asset": coin, "received_quantity": size}
    told = {"kind": kind, "account": account}
    if kind in ("income", "deposit"):
        told |= got | {"value_usd": value, "basis_usd": value}
    elif kind == "buy":
        told |= got | {"sent_asset": "USD", "sent_quantity": value}
    elif kind == "sell":
        told |= sent | {"received_asset": "USD", "received_quantity": value}
    elif kind == "swap":
        told |= sent | {"received_asset": other, "received_quantity": draw(cells), "value_usd": value}
    elif kind == "transfer":
        told |= sent | {"to_account": to, "received_asset": coin, "received_quantity": size}
    elif kind == "gift_out":
        told |= sent
    else:  # the two halves of a transfer, met by their hash or by their size
        note = "tx:0xfeed" if kind == "hashed" else ""
        less = text(max(int(Decimal(size).scaleb(18, EXACT)) - draw(st.integers(0, 3)), 1)) if kind == "hashed" else size
        arrives = {"received_asset": coin, "received_quantity": less}
        return [{**told, "kind": "withdrawal", **sent, "note": note}, {"kind": "deposit", "account": to, **arrives, "note": note}]
    if draw(st.booleans()):
        told |= {"fee_asset": draw(coins), "fee_quantity": draw(cells), "fee_value_usd": draw(cells)}
    return [told]


def named(found):
    at, told = NOON, []
    for n, event in enumerate(found):
        for half, row in enumerate(event):
            at += timedelta(minutes=1 if half else 60)
            of_its_own = {"note": f"{row['note']}{n:02x}"} if row.get("note") else {}
            told.append({**row, **of_its_own, "id": f"r{n}-{half}", "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"})
    return told


async def through_the_store(lines, folder):
    async with house(Path(folder), {}) as made:
        app = replace(made.app, connector_class=lambda _: FileConnector)
        await imports.import_file(app, lines)
        for ask in (queries.balances, queries.transactions, queries.lots, queries.issues, queries.coverage):
            await ask(app)
        past = await gains.of_store(app)
        await rebuild.rebuild(app)
        return app.assets, past, await gains.of_store(app)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(events(), min_size=1, max_size=8).map(named), st.sampled_from(["fifo", "hifo", "average", "section104", "acb"]))
def test_both_lanes_write_the_same_bytes_whatever_the_digits(lines, method):
    with localcontext() as by_default, tempfile.TemporaryDirectory() as folder:
        by_default.traps[Inexact] = True
        by_default.prec = 28
        file = file_of(lines)
        assets, *stored = asyncio.run(through_the_store(file, folder))
        straight, problems = gains.of_file("".join(file), assets, window=WINDOW)
        assert problems == []
        expected = gains.gains(straight, Asked(method), lines_only=True).lines
        for past in stored:
            assert gains.gains(past, Asked(method), lines_only=True).lines == expected


async def test_a_difference_of_balances_is_said_with_every_digit(tmp_path):
    async with house(tmp_path, {}) as made:
        await imports.import_file(replace(made.app, connector_class=lambda _: FileConnector), file_of(named([[BUY]])))
        (account,) = await made.app.store.accounts()
    balance = Balance(account.id, "csv:SHIB", "SHIB", Decimal(BUY["received_quantity"]), Decimal(0), ())
    assert difference(account, balance, None).says.endswith("too much: 1234567890123456.123456789012345678")


BUY = {
    "kind": "buy", "account": "exchange", "sent_asset": "USD", "sent_quantity": "1",
    "received_asset": "SHIB", "received_quantity": "1234567890123456.123456789012345678",
}  # fmt: skip
