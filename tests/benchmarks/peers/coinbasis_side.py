"""coinbasis 0.1.0 on a neutral history: coinbasis_side.py HISTORY METHOD OUT. Runs in its own environment; imports nothing of ours.

One pool for each coin and account, transfers oldest first. A swap is told as a spend and a buy (its Trade puts the fee on what is
received). Its results name no lots: they are found again by their time, which is unique in these histories.
"""

from __future__ import annotations

import csv
import decimal
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from coinbasis import Buy, CostBasisMethod, Income, IncomeSource, Portfolio, Spend, Transfer

COLUMNS = ("disposal_id", "lot_id", "asset", "account", "acquired", "disposed", "quantity", "proceeds_usd", "basis_usd", "gain_usd", "term")
decimal.getcontext().prec = 50


def number(text):
    return Decimal(text or "0")


def told(row):
    """The row in its words: its own id goes with each disposal."""
    at, account = datetime.fromisoformat(row["timestamp"]), row["account"]
    value, fee = number(row["value_usd"]), number(row["fee_value_usd"])
    kind, received = row["kind"], (row["received_asset"], number(row["received_quantity"]))
    if kind in ("sell", "spend", "swap"):
        yield row["id"], Spend(at, account, row["sent_asset"], number(row["sent_quantity"]), value, fee)
    if kind == "income":
        yield "", Income(at, account, *received, value, IncomeSource.STAKING)
    if kind in ("buy", "swap"):
        yield "", Buy(at, account, *received, Decimal(0), value + fee if kind == "buy" else value)
    if row["fee_asset"] not in ("", "USD"):
        yield f"{row['id']}/fee", Spend(at, account, row["fee_asset"], number(row["fee_quantity"]), fee, Decimal(0))
    if kind == "transfer":
        yield "", Transfer(at, received[0], received[1], account, row["to_account"], Decimal(0), Decimal(0))


def named(found, disposals, lots):
    """Its matches with our ids. They come in the order of the disposals, so each disposal takes matches until its quantity is full."""
    queue = iter(disposals)
    name, left = "", Decimal(0)
    for match in found:
        if left == 0:
            name, left = next(queue)
        left -= match.quantity
        lot = lots[match.asset, match.acquired_at]
        stamps = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (match.acquired_at, match.disposed_at))
        amounts = (f"{part:f}" for part in (match.quantity, match.proceeds, match.cost_basis, match.gain))
        yield (name, lot, match.asset, match.wallet, *stamps, *amounts, match.term.value.lower())


def main(history, method, out):
    with Path(history).open(newline="") as source:
        rows = list(csv.DictReader(source))
    words, disposals, lots = [], [], {}
    for row in rows:
        for name, word in told(row):
            words.append(word)
            if name:
                disposals.append((name, word.quantity))
        if row["received_asset"] not in ("", "USD") and row["kind"] != "transfer":
            lots[row["received_asset"], datetime.fromisoformat(row["timestamp"])] = row["id"]
    found = Portfolio.from_transactions(words).realized_gains(CostBasisMethod[method.upper()])
    with Path(out).open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(named(found, disposals, lots))


if __name__ == "__main__":
    main(*sys.argv[1:])
