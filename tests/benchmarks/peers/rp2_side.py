"""RP2 1.7.2 on a neutral history: rp2_side.py HISTORY METHOD OUT. Runs in RP2's own environment, so it imports nothing of ours.

One pool for each coin over all accounts. Told so that only lot matching can differ: the spot price is basis / quantity (RP2 orders by it),
income is a BUY (its income rows upset HIFO), a sale tells its net proceeds, a fee in a coin is a row of its own.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import defaultdict
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from prezzemolo.avl_tree import AVLTree
from rp2.accounting_engine import AccountingEngine
from rp2.configuration import MAX_DATE, MIN_DATE, Configuration
from rp2.in_transaction import InTransaction
from rp2.input_data import InputData
from rp2.intra_transaction import IntraTransaction
from rp2.out_transaction import OutTransaction
from rp2.plugin.country.us import US
from rp2.rp2_decimal import ZERO, RP2Decimal
from rp2.tax_engine import compute_tax
from rp2.transaction_set import TransactionSet

COLUMNS = ("disposal_id", "lot_id", "asset", "account", "acquired", "disposed", "quantity", "proceeds_usd", "basis_usd", "gain_usd", "term")
HEADERS = {
    "in": "timestamp asset exchange holder transaction_type spot_price crypto_in fiat_fee fiat_in_no_fee fiat_in_with_fee unique_id",
    "out": "timestamp asset exchange holder transaction_type spot_price crypto_out_no_fee crypto_fee crypto_out_with_fee unique_id",
    "intra": "timestamp asset from_exchange from_holder to_exchange to_holder spot_price crypto_sent crypto_received unique_id",
}


def number(text):
    return RP2Decimal(text or "0")


def configured(rows):
    """RP2 reads its assets and accounts from a file."""
    assets = {r[f"{side}_asset"] for r in rows for side in ("sent", "received", "fee")} - {"", "USD"}
    accounts = {r[name] for r in rows for name in ("account", "to_account")} - {""}
    lines = ["[general]", f"assets = {', '.join(sorted(assets))}", f"exchanges = {', '.join(sorted(accounts))}", "holders = me"]
    for name, columns in HEADERS.items():
        lines += [f"[{name}_header]", *(f"{column} = {n}" for n, column in enumerate(columns.split()))]
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as target:
        target.write("\n".join(lines))
        target.flush()
        return Configuration(target.name, US()), sorted(assets)


class Told:
    """The history in RP2's words, by coin."""

    def __init__(self, configuration):
        self.configuration, self.row = configuration, 0
        self.came, self.went, self.moved = defaultdict(list), defaultdict(list), defaultdict(list)

    def next(self):
        self.row += 1
        return self.row

    def acquire(self, row, basis):
        asset, quantity = row["received_asset"], number(row["received_quantity"])
        self.came[asset].append(
            InTransaction(
                self.configuration,
                row["timestamp"],
                asset,
                row["account"],
                "me",
                "BUY",
                basis / quantity,
                quantity,
                fiat_in_no_fee=basis,
                fiat_in_with_fee=basis,
                fiat_fee=ZERO,
                row=self.next(),
                unique_id=row["id"],
            )
        )

    def dispose(self, row, proceeds):
        asset, quantity = row["sent_asset"], number(row["sent_quantity"])
        self.leave(row, "SELL", asset, proceeds / quantity, quantity, ZERO, fiat_out_no_fee=proceeds, unique_id=row["id"])

    def pay(self, row):
        asset, quantity, value = row["fee_asset"], number(row["fee_quantity"]), number(row["fee_value_usd"])
        self.leave(row, "FEE", asset, value / quantity, ZERO, quantity, fiat_fee=value, unique_id=f"{row['id']}/fee")

    def leave(self, row, word, asset, *amounts, **more):
        out = OutTransaction(self.configuration, row["timestamp"], asset, row["account"], "me", word, *amounts, row=self.next(), **more)
        self.went[asset].append(out)

    def move(self, row):
        quantity = number(row["received_quantity"])
        self.moved[row["sent_asset"]].append(
            IntraTransaction(
                self.configuration,
                row["timestamp"],
                row["sent_asset"],
                row["account"],
                "me",
                row["to_account"],
                "me",
                None,
                quantity,
                quantity,
                row=self.next(),
                unique_id=row["id"],
            )
        )

    def tell(self, row):
        value, fee = number(row["value_usd"]), number(row["fee_value_usd"])
        kind = row["kind"]
        if kind in ("sell", "spend", "swap"):
            self.dispose(row, value - fee)
        if kind in ("buy", "swap", "income"):
            self.acquire(row, value + fee if kind == "buy" else value)
        if kind == "transfer":
            self.move(row)
        if row["fee_asset"] not in ("", "USD"):
            self.pay(row)


def matches(configuration, told, asset, engine):
    sets = []
    for name, entries in (("IN", told.came), ("OUT", told.went), ("INTRA", told.moved)):
        made = TransactionSet(configuration, name, asset)
        for entry in entries[asset]:
            made.add_entry(entry)
        sets.append(made)
    for match in compute_tax(configuration, engine, InputData(asset, *sets, MIN_DATE, MAX_DATE)).gain_loss_set:
        event, lot = match.taxable_event, match.acquired_lot
        yield (
            event.unique_id,
            lot.unique_id,
            asset,
            event.exchange,
            f"{lot.timestamp:%Y-%m-%dT%H:%M:%SZ}",
            f"{event.timestamp:%Y-%m-%dT%H:%M:%SZ}",
            match.crypto_amount,
            match.taxable_event_fiat_amount_with_fee_fraction,
            match.fiat_cost_basis,
            match.fiat_gain,
            "long" if match.timestamp - lot.timestamp >= timedelta(days=365) else "short",
        )


def main(history, method, out):
    with Path(history).open(newline="") as source:
        rows = list(csv.DictReader(source))
    configuration, assets = configured(rows)
    methods = AVLTree()
    methods.insert_node(1970, import_module(f"rp2.plugin.accounting_method.{method}").AccountingMethod())
    told = Told(configuration)
    for row in rows:
        told.tell(row)
    with Path(out).open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(COLUMNS)
        for asset in assets:
            if told.went[asset]:
                for match in matches(configuration, told, asset, AccountingEngine(years_2_methods=methods)):
                    writer.writerow(f"{part:f}" if isinstance(part, RP2Decimal) else part for part in match)


if __name__ == "__main__":
    main(*sys.argv[1:])
