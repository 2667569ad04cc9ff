"""Histories to run on, in the neutral format: 40% buys, 22% sells, 14% swaps, 14% income, 10% transfers, never more sold than held.

Made by the generator of the shared kit where it lies beside this checkout, so that figures can be compared with others'; else by the one here,
which has the same mix in other figures. Each gives the same bytes for the same arguments.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Literal

from service.domain.history import COLUMNS
from tests.tools import ROOT

SHARED = ROOT.parent / "shared/ledger/make_history.py"
START, END = datetime(2019, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
CENT = Decimal("0.01")
Style = Literal["balanced", "hoarder"]
Made = tuple[str, str, tuple[object, object], tuple[object, object], Decimal | str, str]
"""Kind, receiving account, what is sent and received (asset and quantity), value, coin that may pay the fee."""


def history(folder: Path, rows: int, *, seed: int = 7, style: Style = "balanced", assets: int = 12, accounts: int = 6) -> Path:
    """The file, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"history-{rows}-{seed}-{style}-{assets}-{accounts}.csv"
    if path.exists():
        return path
    if SHARED.exists():
        sizes = ("--trades", rows, "--assets", assets, "--accounts", accounts, "--seed", seed, "--style", style, "--out", path)
        subprocess.run([sys.executable, SHARED, *map(str, sizes)], check=True)
        return path
    with path.open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_Maker(rows, seed, style, assets, accounts).rows())
    return path


def ties(folder: Path, rows: int, *, seed: int) -> Path:
    """A history of round figures: whole coins at 100 or 200, many trades of one day, so that lots of equal cost and days of several rules abound."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"ties-{rows}-{seed}.csv"
    draw, at, held = random.Random(seed), START, dict[tuple[str, str], int]()
    with path.open("w", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for n in range(rows):
            at += timedelta(seconds=draw.choice([1, 60, 3600, 20_000, 86_400]))
            account, coin, quantity, price = (
                draw.choice("abc"),
                draw.choice(["BTC", "ETH", "SOL"]),
                draw.randrange(1, 5),
                draw.choice([100, 100, 200]),
            )
            owned = held.get((account, coin), 0)
            kind = draw.choice(["buy"] * 9 + ["sell"] * 6 + ["transfer"] * 3 + ["swap"] * 2) if owned >= quantity else "buy"
            value = price * quantity
            row: dict[str, object] = {
                "id": f"x{n:06}",
                "timestamp": f"{at.replace(tzinfo=None).isoformat()}Z",
                "kind": kind,
                "account": account,
            }
            sent, received = (coin, quantity), (coin, quantity)
            if kind == "buy":
                sent = ("USD", value)
            elif kind == "sell":
                received = ("USD", value)
            elif kind == "swap":
                received = (draw.choice([c for c in ("BTC", "ETH", "SOL") if c != coin]), quantity)
            else:
                row["to_account"] = draw.choice([a for a in "abc" if a != account])
            for place, (asset, units), sign in ((account, sent, -1), (str(row.get("to_account", account)), received, 1)):
                if asset != "USD":
                    held[place, asset] = held.get((place, asset), 0) + sign * units
            row |= {"sent_asset": sent[0], "sent_quantity": sent[1], "received_asset": received[0], "received_quantity": received[1]}
            writer.writerow(row | ({} if kind == "transfer" else {"value_usd": value}))
    return path


class _Maker:
    def __init__(self, rows: int, seed: int, style: Style, assets: int, accounts: int) -> None:
        self.draw = random.Random(seed)
        self.number, self.hoards = rows, style == "hoarder"
        self.assets = [f"COIN{n}" for n in range(assets)]
        self.price = {asset: Decimal(self.draw.randrange(1, 4000)) for asset in self.assets}
        self.accounts = [f"account-{n}" for n in range(accounts)]
        self.held: dict[tuple[str, str], Decimal] = {}

    def rows(self) -> Iterator[list[object]]:
        makers = ((0.40, self.buy), (0.62, self.sell), (0.76, self.swap), (0.90, self.income), (1.0, self.transfer))
        step = (END - START) / self.number
        for n in range(self.number):
            self.account, asset = self.draw.choice(self.accounts), self.draw.choice(self.assets)
            self.price[asset] = max(CENT, (self.price[asset] * self.draw.randrange(970, 1032) / 1000).quantize(CENT))
            chance = self.draw.random()
            made = next(make for limit, make in makers if chance < limit)(asset)
            kind, to, sent, received, value, fee = made or self.buy(asset)
            at = (START + step * n).replace(microsecond=0, tzinfo=None)
            paid = self.fee(value, fee) if kind != "income" else ("", "", "")
            yield [f"t{n + 1:07d}", f"{at.isoformat()}Z", kind, self.account, to, *sent, *received, *paid[:2], value, paid[2], ""]

    def bought(self, asset: str, value: Decimal) -> tuple[str, Decimal]:
        quantity = (value / self.price[asset]).quantize(Decimal(1).scaleb(-12))
        self.add(self.account, asset, quantity)
        return asset, quantity

    def add(self, account: str, asset: str, quantity: Decimal) -> None:
        self.held[account, asset] = self.held.get((account, asset), Decimal(0)) + quantity

    def some(self, asset: str) -> Decimal:
        """How much to let go of: a hoarder lets go of next to nothing. 0: there is too little."""
        held = self.held.get((self.account, asset), Decimal(0))
        share = Decimal(self.draw.randrange(1, 21 if self.hoards else 5000)) / 10_000
        part = held if not self.hoards and self.draw.random() < 0.06 else (held * share).quantize(Decimal(1).scaleb(-12), ROUND_DOWN)
        return part if part * self.price[asset] > 1 else Decimal(0)

    def fee(self, value: Decimal | str, coin: str) -> tuple[str, Decimal | str, Decimal | str]:
        chance = self.draw.random()
        if not value or chance > 0.95:
            return "", "", ""
        worth = max(CENT, (Decimal(value) * self.draw.randrange(5, 45) / 10_000).quantize(CENT))
        if chance < 0.55 or not coin:
            return "USD", worth, worth
        quantity = (worth / self.price[coin]).quantize(Decimal(1).scaleb(-12))
        if not 0 < quantity <= self.held.get((self.account, coin), 0):
            return "", "", ""
        self.add(self.account, coin, -quantity)
        return coin, quantity, worth

    def buy(self, asset: str) -> Made:
        value = Decimal(self.draw.randrange(1_000, 500_000)) / 100
        return "buy", "", ("USD", value), self.bought(asset, value), value, asset

    def given(self, asset: str) -> tuple[Decimal, Decimal]:
        """How much is let go of, and its value."""
        quantity = self.some(asset)
        self.add(self.account, asset, -quantity)
        return quantity, (quantity * self.price[asset]).quantize(CENT)

    def sell(self, asset: str) -> Made | None:
        quantity, value = self.given(asset)
        return ("sell", "", (asset, quantity), ("USD", value), value, asset) if quantity else None

    def swap(self, asset: str) -> Made | None:
        quantity, value = self.given(asset)
        if not quantity:
            return None
        other = self.draw.choice([a for a in self.assets if a != asset])
        return "swap", "", (asset, quantity), self.bought(other, value), value, asset

    def income(self, asset: str) -> Made | None:
        value = (self.some(asset) * self.price[asset] / 100).quantize(CENT)
        return ("income", "", ("", ""), self.bought(asset, value), value, "") if value else None

    def transfer(self, asset: str) -> Made | None:
        quantity, _ = self.given(asset)
        if not quantity:
            return None
        to = self.draw.choice([a for a in self.accounts if a != self.account])
        self.add(to, asset, quantity)
        return "transfer", to, (asset, quantity), (asset, quantity), "", ""
