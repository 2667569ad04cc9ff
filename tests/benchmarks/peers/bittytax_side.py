"""BittyTax 0.6.0 on a neutral history: bittytax_side.py COMMAND HISTORY OUT. Its command is run apart and its printed report read back.

Dollars are told as pounds, a swap's fee as cost of the sale, a transfer's fee as a payment; transfers themselves touch no pool.
Its report knows tax years up to 2025/26: OUT has the disposals until 5 April 2026.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

COLUMNS = ("tax_year", "disposed", "asset", "rule", "acquired", "quantity", "proceeds", "allowable_cost", "gain")
HEADER = "Type,Buy Quantity,Buy Asset,Buy Value,Sell Quantity,Sell Asset,Sell Value,Fee Quantity,Fee Asset,Fee Value,Wallet,Timestamp,Note"
SETTINGS = "local_currency: GBP\nlocal_timezone: Europe/London\nfiat_list: [GBP]\ntrade_asset_type: 2\ntrade_allowable_cost_type: 1\ndata_source_fiat: []\ndata_source_crypto: []\n"
RULES = {"Same Day": "same_day", "Bed & Breakfast": "thirty_day", "Section 104": "section_104"}
LINE = re.compile(
    r"^(?P<asset>\S+)\s+(?P<day>\d\d/\d\d/\d{4})\s+(?P<rule>Same Day|Bed & Breakfast|Section 104)(?: \((?P<acquired>[\d/]+)\))?"
    r"\s+(?P<quantity>[\d.,]+)\s+£(?P<cost>[-\d.,]+)\s+£(?P<fees>[-\d.,]+)\s+£(?P<proceeds>[-\d.,]+)\s+£(?P<gain>[-\d.,]+)$"
)
NOTHING = ("", "", "")
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def told(row):
    """The row in its words. The fee of a transfer or of income is a payment of its own, and does nothing else."""
    kind = row["kind"]
    fee = [row["fee_quantity"], row["fee_asset"], row["fee_value_usd"]]
    sent = [row["sent_quantity"], row["sent_asset"], row["value_usd"]]
    received = [row["received_quantity"], row["received_asset"], row["value_usd"]]
    if kind in ("transfer", "income") and row["fee_asset"] not in ("", "USD"):
        yield line(row, "Spend", NOTHING, fee, NOTHING)
    if kind == "income":
        yield line(row, "Income", received, NOTHING, NOTHING)
    elif kind != "transfer":
        yield line(row, "Spend" if kind == "spend" else "Trade", received, sent, fee)


def line(row, word, received, sent, fee):
    cells = [word, *received, *sent, *fee, row["account"], row["timestamp"], row["id"]]
    return ["GBP" if cell == "USD" else cell for cell in cells]


def day(text):
    return datetime.strptime(text, "%d/%m/%Y").date() if text else ""  # noqa: DTZ007 - a day, not an instant


def matches(report):
    for line in COLOUR.sub("", report).splitlines():
        found = LINE.match(line.rstrip())
        if not found:
            continue
        disposed = day(found["day"])
        quantity, cost, fees, proceeds, gain = (
            Decimal(found[n].replace(",", "")) for n in ("quantity", "cost", "fees", "proceeds", "gain")
        )
        year = disposed.year + ((disposed.month, disposed.day) > (4, 5))
        yield (year, disposed, found["asset"], RULES[found["rule"]], day(found["acquired"]), f"{quantity:f}", proceeds, cost + fees, gain)


def main(command, history, out):
    with Path(history).open(newline="") as source:
        rows = [cells for row in csv.DictReader(source) for cells in told(row)]
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / ".bittytax").mkdir()
        (Path(home) / ".bittytax/bittytax.conf").write_text(SETTINGS)
        given = Path(home) / "given.csv"
        with given.open("w", newline="") as target:
            target.write(HEADER + "\n")
            csv.writer(target).writerows(rows)
        arguments = [command, given, "--nopdf", "--summary", "--skipint"]
        environment = {**os.environ, "HOME": home, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True, encoding="utf-8")
    with Path(out).open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(matches(done.stdout))


if __name__ == "__main__":
    main(*sys.argv[1:])
