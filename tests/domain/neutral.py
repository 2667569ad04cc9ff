"""The neutral history format (ledger vectors, golden files) as events of the ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.contract import Asset
from service.domain.assets import Coin
from service.domain.reconcile import Amount, Event, Kind
from service.domain.statements import MethodChoice, Statements
from tests.domain.plain_matcher import moment


def amount(word, quantity):
    if word == "USD":
        return Amount(Coin("fiat:USD", "USD", "fiat"), Asset("fiat:USD"), Decimal(quantity))
    return Amount(Coin(word.lower(), word, "coin"), Asset(f"test:{word}"), Decimal(quantity))


def event(row):
    """One event of one row: empty cells, and cells left out, mean none."""

    def amounts(name):
        return (amount(row[f"{name}_asset"], row[f"{name}_quantity"]),) if row.get(f"{name}_asset") else ()

    sent, received, fees = amounts("sent"), amounts("received"), amounts("fee")
    value = Decimal(row["value_usd"]) if row.get("value_usd") else None
    return Event(
        id=row["id"],
        at=moment(row["timestamp"]),
        kind=Kind(row["kind"]),
        account=row["account"],
        to_account=row.get("to_account") or None,
        sent=sent,
        received=received,
        fees=fees,
        transactions=(row["id"],),
        value=value,
        sent_values=(value,) * len(sent),
        received_values=(value,) * len(received),
        fee_values=tuple(Decimal(row["fee_value_usd"]) for _ in fees),
        basis=Decimal(row["basis_usd"]) if row.get("basis_usd") else None,
        acquired_at=moment(row["acquired_at"]) if row.get("acquired_at") else None,
    )


def by_method(method, accounts):
    """Statements that put every account under one method from the beginning."""
    return Statements(methods=tuple(MethodChoice(a, method, date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)) for a in accounts))
