"""A file booked straight (`thresher gains --from`) and through records, reconcile and pricing (`thresher import`): the same movements.

Random small histories of every kind of row, made to meet: withdrawals and deposits that may be one transfer, by hash or by size; transfers
and wraps with unequal sides; two names of one coin; fees in third coins; rows of one second; values that are missing.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Asset
from connectors.files.connector import FileConnector
from service.app import imports
from service.app.file_records import record
from service.domain import history, pricing
from service.domain.assets import AssetTable, Coin, Naming
from service.domain.movements import PLACES, of_event
from service.domain.reconcile import reconcile
from service.domain.statements import Statements
from tests.app.house import house

ETH, BTC = Coin("eth", "ETH", "coin"), Coin("btc", "BTC", "coin")
TABLE = AssetTable([Naming(Asset("*:ETH"), ETH), Naming(Asset("csv:WETH"), ETH), Naming(Asset("*:BTC"), BTC)], "test")
WINDOW = timedelta(hours=72)
NOON = datetime(2024, 2, 28, 12, tzinfo=UTC)
NFT = "eip155:1/erc721:0x" + "ab" * 20 + "/7"

accounts = st.sampled_from(["exchange", "wallet", "vault"])
coins = st.sampled_from(["BTC", "ETH", "WETH", "ODD", NFT])
words = st.one_of(coins, coins, coins, st.sampled_from(["USD", "EUR"]))
quantities = st.sampled_from(["1", "1.005", "0.995", "2", "0.5", "0.01", "0.000000000000000001", "1234567.123456789012345678"])
money = st.sampled_from(["", "0", "1", "100.01", "0.000000000000000007", "33333"])
minutes = st.sampled_from([0, 0, 0, 1, 5, 9, 11, 60, 60 * 24, 60 * 24 * 4])
notes = st.sampled_from(["", "", "tx:0xAA", "paid, tx:0xaa", "tx:AA;thanks", "tx:0xbb", "no hash"])
MAYBE = {True: st.just(True), False: st.just(False), None: st.booleans()}


@st.composite
def cells(draw):
    """One row that the format allows."""
    kind = draw(st.sampled_from([*history.KINDS, "withdrawal", "deposit", "withdrawal", "deposit", "transfer"]))
    has = history.KINDS[kind]
    told = {"kind": kind, "account": draw(accounts), "note": draw(notes)}
    is_sent, is_received = draw(MAYBE[has.sent]), draw(MAYBE[has.received])
    if kind == "transfer" and not is_received:
        is_sent = True
    for side, is_there in (("sent", is_sent), ("received", is_received), ("fee", kind == "fee" or draw(st.booleans()))):
        if is_there:
            told[f"{side}_asset"] = draw(words)
            told[f"{side}_quantity"] = draw(quantities)
    if is_sent and is_received and (kind == "transfer" or draw(st.booleans())):
        told["received_asset"] = told["sent_asset"]
        told["received_quantity"] = draw(st.sampled_from([told["sent_quantity"], told["received_quantity"]]))
    if kind in ("buy", "sell") and is_sent and is_received:  # the format wants what the word says
        of, to = ("received", "sent") if kind == "buy" else ("sent", "received")
        told[f"{of}_asset"] = draw(coins) if told[f"{to}_asset"] not in ("USD", "EUR") else told[f"{of}_asset"]
    if kind in ("buy", "sell", "swap", "spend") and told.get("sent_asset") == told.get("received_asset"):  # money for itself is no trade
        told |= {f"{side}_asset": draw(coins) for side in ("sent", "received") if told.get(f"{side}_asset") in ("USD", "EUR")}
    told |= {f"{side}_quantity": "1" for side in ("sent", "received", "fee") if told.get(f"{side}_asset") == NFT}  # there is one
    if has.to_account or (kind in ("wrap", "bridge") and draw(st.booleans())):
        told["to_account"] = draw(accounts)
    told |= {name: draw(money) for name in ("value_usd", "fee_value_usd", "basis_usd")}
    if draw(st.booleans()):
        told["acquired_at"] = "2020-02-29T00:00:00Z"
    return told, draw(minutes)


@st.composite
def histories(draw, longest=9):
    at, lines = NOON, []
    for n, (told, wait) in enumerate(draw(st.lists(cells(), max_size=longest))):
        at += timedelta(minutes=wait)
        lines.append({**told, "id": f"r{n}", "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"})
    return lines


def file_of(lines):
    file = io.StringIO()
    writer = csv.DictWriter(file, history.ALL, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue().splitlines(keepends=True)


def rows_of(lines):
    rows, problems = history.read(file_of(lines))
    assert problems == []
    return rows


def by_coin(movements):
    found = defaultdict(list)
    for movement in movements:
        found[movement.coin].append(movement)
    return dict(found)


def through_records(rows):
    read = list(FileConnector.normalise("csv", [record(row, row.account, row.to_account) for row in rows]))
    _, happened, issues = reconcile(read, TABLE, Statements(), window=WINDOW, currency="USD")
    priced, _ = pricing.price(happened, pricing.PriceBook([], TABLE, "USD"))
    return by_coin(m for event in priced for m in of_event(event)), issues


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(histories())
def test_both_ways_book_the_same(lines):
    rows = rows_of(lines)
    stored, _ = through_records(rows)
    assert by_coin(history.booking(rows, TABLE, window=WINDOW).movements) == stored


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(histories(longest=25), st.integers(0, 25))
def test_the_store_books_the_same_in_whatever_order_two_files_come(lines, cut):
    """Two files, the later rows first; rows of one second are in one file."""
    first = cut < len(lines) and lines[cut]["timestamp"]
    earlier = [told for told in lines if first and told["timestamp"] < first]

    async def stored():
        kinds = {"files": FileConnector}
        with tempfile.TemporaryDirectory() as folder:
            async with house(Path(folder), {}) as made:
                app = replace(made.app, connector_class=kinds.__getitem__)
                for part in (lines[len(earlier) :], earlier):
                    await imports.import_file(app, file_of(part))
                ids = {a.label: a.id for a in await app.store.accounts()} | {"": ""}
                return app.assets, ids, await app.store.movements()

    assets, ids, booked = asyncio.run(stored())
    rows = [row._replace(account=ids[row.account], to_account=ids[row.to_account]) for row in rows_of(lines)]
    assert booked.places == PLACES
    assert by_coin(history.booking(rows, assets, window=WINDOW).movements) == by_coin(booked.movements)
