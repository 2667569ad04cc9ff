"""Derived beside declared: what is a difference, and what only waits to become final."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.contract import Asset
from service.app.compare import balances, difference, differing
from service.app.ports import Account, Declared
from service.domain.assets import Coin
from service.domain.reconcile import Amount, Booked, Kind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ETH = Asset("binance:ETH")
ACCOUNT = Account(
    id="acc_1",
    portfolio="main",
    kind="exchange",
    connector="exchange",
    source="binance",
    identity="key",
    address="",
    label="Binance",
    settings={},
    status="active",
    says="",
    permissions="read-only",
    added_at=NOW,
    last_sync=NOW,
    proved_until=NOW,
)


def moved(quantity, *flags):
    amount = (Amount(Coin("eth", "ETH", "coin"), ETH, abs(Decimal(quantity))),)
    came = not quantity.startswith("-")
    return Booked(
        id=f"tx{quantity}{flags}",
        account="acc_1",
        occurred_at=NOW,
        hint="deposit" if came else "withdrawal",
        kind=Kind.DEPOSIT if came else Kind.WITHDRAWAL,
        sent=() if came else amount,
        received=amount if came else (),
        fees=(),
        chain_ref=None,
        counterparties=(),
        flags=flags,
    )


@pytest.mark.parametrize(
    ("rows", "declared", "told"),
    [
        ([moved("10")], "10", []),
        ([moved("10")], "6", ["too much: 4"]),
        ([moved("10"), moved("-4", "pending")], "10", []),
        ([moved("10"), moved("-4", "pending")], "6", []),
        ([moved("10"), moved("-4", "pending")], "7", ["too much: 3"]),
        ([moved("10"), moved("-4", "pending")], "14", ["missing: 4"]),
        ([moved("10"), moved("2", "pending")], "12", []),
        ([moved("10"), moved("2", "pending"), moved("-4", "pending")], "6", []),
        ([moved("10"), moved("2", "pending"), moved("-4", "pending")], "8", []),
        ([moved("10"), moved("2", "pending"), moved("-4", "pending")], "9", ["too much: 1"]),
        ([moved("10"), moved("-4", "pending", "spam")], "10", []),
    ],
)
def test_what_waits_is_no_difference_and_anything_else_is(rows, declared, told):
    found = balances(rows, [Declared("acc_1", ETH, Decimal(declared), NOW, "")])
    assert found[0].derived == 10
    assert [difference(*one, None).says.rpartition("; ")[2] for one in differing(found, [ACCOUNT])] == told
