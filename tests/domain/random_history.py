"""Random histories in the neutral format, made to meet the hard spots: rows of one second, equal prices, fees in kind, gifts, unknown costs, shortfalls.

The same seed gives the same rows. Transfers, gifts and withdrawals never take more than an account holds (what a ledger makes of that is no rule of
the format); sales and fees do, where `short` says so. `known`: every deposit has a cost.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from service.domain.history import ALL

COINS = ("BTC", "ETH", "TOK")
ACCOUNTS = ("exchange-1", "exchange-2", "wallet-1")
PRICES = (Decimal("0.1"), Decimal(3), Decimal("3.3"), Decimal(100))
"""Few, so that unit prices are often equal."""


class History:
    def __init__(self, seed, size, *, style="trader", short=False, known=False, since="2023-11-01"):
        self.random = random.Random(seed)
        self.at = datetime.fromisoformat(since).replace(tzinfo=UTC)
        self.style, self.short, self.known = style, short, known
        self.held = {}
        self.lots = {}
        """Coin → ids of rows that acquired it."""
        self.rows = []
        while len(self.rows) < size:
            self.one()

    def one(self):
        r = self.random
        if r.random() > 0.3:  # else the second of the row before
            self.at += timedelta(seconds=r.choice((1, 3600, 86400, 86400 * 9)))
        hoards = self.style == "hoarder"
        kinds = ("buy", "sell", "swap", "spend", "income", "transfer", "deposit", "gift_in", "gift_out", "withdrawal")
        kind = r.choices(kinds, (9 if hoards else 5, 1 if hoards else 4, 1 if hoards else 3, 1, 2, 2, 1, 1, 1, 1))[0]
        if kind == "withdrawal" and not self.known:
            kind = "gift_out"  # a withdrawal and a deposit of unknown cost could be one transfer
        account, coin = r.choice(ACCOUNTS), r.choice(COINS)
        row = {"id": f"r{len(self.rows) + 1}", "timestamp": f"{self.at:%Y-%m-%dT%H:%M:%SZ}", "kind": kind, "account": account}
        if kind in ("sell", "swap", "spend", "transfer", "gift_out", "withdrawal") and not self.send(row, account, coin, kind):
            return
        if kind in ("buy", "swap", "income", "deposit", "gift_in"):
            self.receive(row, account, kind)
        if kind == "transfer":
            self.carry(row, account, coin)
        self.fee(row, account)
        self.rows.append(row)

    def send(self, row, account, coin, kind):
        has = self.held.get((account, coin), Decimal(0))
        takes_any = self.short and kind in ("sell", "swap", "spend") and self.random.random() < 0.2
        quantity = self.part(has) + (self.quantity() if takes_any else 0)
        if not quantity:
            return False
        self.move(account, coin, -quantity)
        row.update(sent_asset=coin, sent_quantity=plain(quantity))
        if kind in ("sell", "swap", "spend"):
            row["value_usd"] = self.value(quantity)
        if kind == "sell":
            row.update(received_asset="USD", received_quantity=row["value_usd"])
        return True

    def receive(self, row, account, kind):
        coin = self.random.choice([c for c in COINS if c != row.get("sent_asset")])
        quantity = self.quantity()
        row.update(received_asset=coin, received_quantity=plain(quantity))
        row.setdefault("value_usd", self.value(quantity))
        if kind == "buy":
            row.update(sent_asset="USD", sent_quantity=row["value_usd"])
        if kind in ("deposit", "gift_in"):
            if kind == "deposit":
                del row["value_usd"]
            if kind == "gift_in" or self.known or self.random.random() < 0.6:
                row["basis_usd"] = self.value(quantity)
            if self.random.random() < 0.6:
                row["acquired_at"] = f"{self.at - timedelta(days=self.random.choice((1, 300, 2000))):%Y-%m-%dT%H:%M:%SZ}"
        self.lots.setdefault(coin, []).append(row["id"])
        self.move(account, coin, quantity)

    def carry(self, row, account, coin):
        row["to_account"] = self.random.choice([a for a in ACCOUNTS if a != account])
        row.update(received_asset=coin, received_quantity=row["sent_quantity"])
        self.move(row["to_account"], coin, Decimal(row["sent_quantity"]))

    def fee(self, row, account):
        r = self.random
        if r.random() < 0.5:
            return
        if r.random() < 0.4:
            row.update(fee_asset="USD", fee_quantity="0.75", fee_value_usd="0.75")
            return
        coin = r.choice(COINS)
        has = self.held.get((account, coin), Decimal(0))
        quantity = min(Decimal("0.013"), has) if not self.short else Decimal("0.013")
        if quantity and not (row["kind"] == "transfer" and quantity > has):
            self.move(account, coin, -quantity)
            row.update(fee_asset=coin, fee_quantity=plain(quantity), fee_value_usd="0.5")

    def move(self, account, coin, quantity):
        self.held[account, coin] = max(Decimal(0), self.held.get((account, coin), Decimal(0)) + quantity)

    def part(self, has):
        share = self.random.choice((Decimal(1), Decimal("0.5"), Decimal("0.37")))
        return (has * share).quantize(Decimal("1e-18")) if share != 1 else has

    def quantity(self):
        return self.random.choice((Decimal(1), Decimal(3), Decimal(7), Decimal("0.123456789012345678"), Decimal("2.5")))

    def value(self, quantity):
        return plain((quantity * self.random.choice(PRICES)).quantize(Decimal("1e-6")))


def raw(history, waits=(0, 30, 86400)):
    """The rows as two sources would give them: the sides of transfers apart, under one hash, the receipt up to `waits` seconds later; some rows
    twice; in no order but within a second."""
    r = random.Random(len(history.rows))
    seconds = {}
    for n, row in enumerate(history.rows):
        sides = [row]
        if row["kind"] == "transfer":
            later = datetime.fromisoformat(row["timestamp"]) + timedelta(seconds=r.choice(waits))
            out = {k: v for k, v in row.items() if k not in ("to_account", "received_asset", "received_quantity")}
            into = {"id": f"{row['id']}-there", "kind": "deposit", "account": row["to_account"]}
            into |= {k: row[k] for k in ("received_asset", "received_quantity")}
            sides = [
                out | {"kind": "withdrawal", "note": f"tx:0x{n:04x}"},
                into | {"timestamp": f"{later:%Y-%m-%dT%H:%M:%SZ}", "note": f"tx:0x{n:04x}"},
            ]
        for side in sides:
            seconds.setdefault(side["timestamp"], []).append(side)
    told = list(seconds.values())
    told += r.sample(told, len(told) // 10)
    r.shuffle(told)
    return [row for second in told for row in second]


def lines(rows):
    """The rows as lines of a file."""
    file = io.StringIO()
    writer = csv.DictWriter(file, ALL, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().splitlines(keepends=True)


def plain(number):
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def choices(history, share=0.2):
    """select_lots for some of the rows that give something away, of lots that may or may not be there; never more than the row gives."""
    r = random.Random(len(history.rows))
    found = []
    for row in history.rows:
        for event, coin, quantity in (
            (row["id"], row.get("sent_asset"), row.get("sent_quantity")),
            (f"{row['id']}/fee", row.get("fee_asset"), row.get("fee_quantity")),
        ):
            known = history.lots.get(coin, [])
            if row["kind"] != "buy" and known and r.random() < share:
                half = plain((Decimal(quantity) / 2).quantize(Decimal("1e-18"), ROUND_DOWN))
                lots = r.sample(known, min(2, len(known)))
                found.append({"kind": "select_lots", "event_id": event, "lots": [{"lot_id": lot, "quantity": half} for lot in lots]})
    return found
