"""The connector of imported files: a stored row says what moved, and what the file states of it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext

import pytest

from connectors import registry
from connectors.contract import (
    AccountRef,
    Asset,
    Coverage,
    Cursor,
    InvalidInput,
    Leg,
    Page,
    RawRecord,
    RetryLater,
    Source,
    Stated,
    Transaction,
    Unreadable,
)
from connectors.files.connector import HINTS, FileConnector
from connectors.testing import ConnectorConformance
from service.domain import history

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
SWAP = {
    "account": "acc_1", "id": "t1", "kind": "swap", "n": 2, "timestamp": "2024-01-31T12:00:00Z",
    "sent_asset": "csv:ETH", "sent_quantity": "1.5", "received_asset": "csv:BTC", "received_quantity": "0.1",
    "fee_asset": "fiat:USD", "fee_quantity": "3", "value_usd": "3000", "fee_value_usd": "3.01", "note": "paid, tx:0xAB",
}  # fmt: skip
MOVE = {
    "account": "acc_1", "to_account": "acc_2", "id": "m1", "kind": "transfer", "n": 0, "timestamp": "2024-01-31T12:00:00Z",
    "sent_asset": "csv:ETH", "sent_quantity": "1", "received_asset": "csv:ETH", "received_quantity": "0.999",
    "fee_asset": "csv:BNB", "fee_quantity": "0.01",
}  # fmt: skip


def stored(cells, account="acc_1"):
    return RawRecord(account, "csv", str(cells.get("id")), NOON, json.dumps(cells))


def read(*cells):
    return list(FileConnector.normalise("csv", [stored(c) for c in cells]))


def test_it_is_found_by_its_name_and_reads_each_record_by_itself():
    assert registry.connector("files") is FileConnector
    assert (FileConnector.spec.kind, FileConnector.spec.alone) == ("file", True)


def test_a_row_with_all_that_it_states():
    assert read(SWAP) == [
        Transaction(
            "acc_1",
            ("csv/t1",),
            NOON,
            (
                Leg(Asset("csv:ETH"), Decimal("-1.5")),
                Leg(Asset("csv:BTC"), Decimal("0.1")),
                Leg(Asset("fiat:USD"), Decimal(-3), is_fee=True),
            ),
            "trade",
            chain_ref="0xab",
            sequence=2,
            stated=Stated("t1", "swap", "", Decimal(3000), Decimal("3.01")),
        )
    ]


def test_a_cost_and_a_date_of_acquisition():
    gift = {name: SWAP[name] for name in ("id", "n", "received_asset", "received_quantity")}
    (found,) = read(gift | {"kind": "gift_in", "basis_usd": "900", "acquired_at": "2020-02-29T23:59:59Z"})
    assert found.stated == Stated("t1", "gift_in", basis=Decimal(900), acquired_at=datetime(2020, 2, 29, 23, 59, 59, tzinfo=UTC))


def test_a_row_that_moves_something_to_another_account_is_two_transactions():
    sender, receiver = read(MOVE)
    assert (sender.account, sender.stated.id, sender.stated.to_account) == ("acc_1", "m1", "acc_2")
    assert [(leg.asset, str(leg.quantity), leg.is_fee) for leg in sender.legs] == [("csv:ETH", "-1", False), ("csv:BNB", "-0.01", True)]
    assert (receiver.account, receiver.stated) == ("acc_2", Stated("m1/in", "transfer"))
    assert [(leg.asset, str(leg.quantity)) for leg in receiver.legs] == [("csv:ETH", "0.999")]
    assert sender.keys == receiver.keys == ("csv/m1",)


def test_every_digit_is_kept_in_whatever_decimal_context():
    many = {"sent_quantity": "9" * 22 + "." + "9" * 18, "fee_quantity": "1" * 40, "value_usd": "7" * 40, "fee_value_usd": "3." + "3" * 18}
    with localcontext(Context(prec=3)):
        (swapped,) = read(SWAP | many)
    assert [str(leg.quantity) for leg in swapped.legs] == ["-" + many["sent_quantity"], "0.1", "-" + many["fee_quantity"]]
    assert (str(swapped.stated.value), str(swapped.stated.fee_value)) == (many["value_usd"], many["fee_value_usd"])


@pytest.mark.parametrize("to", ["", "acc_1"])
def test_a_wrap_within_its_account_is_one(to):
    (found,) = read({**MOVE, "kind": "wrap", "received_asset": "csv:WETH", "to_account": to})
    assert [str(leg.quantity) for leg in found.legs] == ["-1", "0.999", "-0.01"]


def test_every_kind_of_the_format_is_known():
    assert set(HINTS) == set(history.KINDS)
    assert "internal" not in HINTS.values()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "bye"},
        {"kind": None},
        {"id": None},
        {"n": None},
        {"n": "2"},
        {"sent_asset": "ETH"},
        {"sent_asset": 5},
        {"sent_quantity": None},
        {"sent_quantity": "0"},
        {"sent_quantity": "-1"},
        {"sent_quantity": "NaN"},
        {"sent_quantity": "Infinity"},
        {"sent_quantity": "one"},
        {"fee_quantity": "0"},
        {"value_usd": "NaN"},
        {"value_usd": "much"},
        {"acquired_at": "yesterday"},
        {"note": 7},
    ],
)
def test_a_payload_that_is_no_row_is_unreadable_and_stops_no_other(wrong):
    bad = {name: cell for name, cell in {**SWAP, **wrong}.items() if cell is not None}
    first, *second = FileConnector.normalise("csv", [replace(stored(bad), key="bad"), stored(MOVE)])
    assert isinstance(first, Unreadable)
    assert (first.account, first.key) == ("acc_1", "csv/bad")
    assert first.why
    assert [t.stated.id for t in second] == ["m1", "m1/in"]


@pytest.mark.parametrize("payload", ["", "7", "[]", '"text"', "null", "{}", "{"])
def test_what_is_no_object_is_unreadable(payload):
    (found,) = FileConnector.normalise("csv", [RawRecord("acc_1", "csv", "x", NOON, payload)])
    assert isinstance(found, Unreadable)


def test_a_row_of_nothing_is_unreadable():
    (found,) = read({"id": "x", "kind": "fee", "n": 0})
    assert isinstance(found, Unreadable)


def source(**settings):
    return Source("csv", (AccountRef("acc_1"),), lambda: NOON, settings)


def test_its_identity_is_the_name_that_files_use():
    identity = asyncio.run(FileConnector(source(name="exchange-1")).probe())
    assert (identity.id, identity.permissions) == ("exchange-1", "read-only")
    with pytest.raises(InvalidInput) as refused:
        FileConnector(source())
    assert refused.value.field == "name"


def test_it_fetches_nothing_and_declares_nothing():
    connector = FileConnector(source(name="x"))

    async def ask():
        return [page async for page in connector.fetch("csv", None)], (await connector.balances({})).amounts

    assert connector.streams == ()
    assert asyncio.run(ask()) == ([], ())


class _Filled(FileConnector):
    """As if the rows of an import were a stream of their own."""

    streams = ("csv",)
    is_broken = False

    async def fetch(self, stream, since):
        if self.is_broken:
            raise RetryLater("no file")
        records = (stored(SWAP), stored(MOVE), RawRecord("acc_2", "csv", "b1", NOON, stored({**SWAP, "id": "b1"}).payload))
        yield Page(records, Cursor("3"), coverage=(Coverage("acc_1", stream, None, NOON, "end of the file"),))

    async def balances(self, at):
        if self.is_broken:
            raise RetryLater("no file")
        return await super().balances(at)


class TestFiles(ConnectorConformance):
    source_name = "csv"
    balances_are_complete = False

    @asynccontextmanager
    async def opened(self):
        yield _Filled(source(name="exchange-1"))

    @asynccontextmanager
    async def broken(self):
        made = _Filled(source(name="exchange-1"))
        made.is_broken = True
        yield made
