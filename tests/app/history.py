"""Small random histories of several accounts, and two connectors that read them: one row by itself, or all of an account at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import ClassVar

from connectors.contract import Asset, Cursor, Field, Leg, Page, Quote, RawRecord, Source, Spec, Transaction, Unreadable
from service.app.ports import Account
from service.domain.statements import (
    Allocation,
    Identification,
    LotChoice,
    LotPlace,
    LotSelection,
    MatchAnswer,
    MethodChoice,
    PoolingChoice,
    Statement,
)

BEGIN = datetime(2024, 12, 20, tzinfo=UTC)
COINS = ("kraken:XXBT", "kraken:XETH", "kraken:SOL", "kraken:ODD", "kraken:NEW")
"""Three that the tables know and two that they do not."""


class Told:
    """Payload: what moved, the source's word and its order. Reads all rows of an account, as an exchange does."""

    spec: ClassVar[Spec] = Spec("told", "exchange", "1", (Field("token", "any"),))

    def __init__(self, source: Source) -> None:
        self.source = source

    @staticmethod
    def normalise(source: str, records: Iterable[RawRecord]) -> Iterable[Transaction | Unreadable]:
        for record in records:
            told = json.loads(record.payload)
            if "broken" in told:
                yield Unreadable(record.account, f"{record.stream}/{record.key}", "it says nothing")
                continue
            legs = tuple(Leg(Asset(asset), Decimal(quantity), is_fee) for asset, quantity, is_fee in told["legs"])
            yield Transaction(
                record.account,
                (f"{record.stream}/{record.key}",),
                record.occurred_at,
                legs,
                told["hint"],
                chain_ref=told.get("ref"),
                final=told.get("final", True),
                sequence=told.get("sequence", 0),
            )


class ToldAlone(Told):
    spec: ClassVar[Spec] = replace(Told.spec, name="told alone", alone=True)


def account(number: int, *, alone: bool) -> Account:
    return Account(
        id=f"acc_{number:020x}",
        portfolio="main",
        kind="exchange",
        connector="told alone" if alone else "told",
        source="kraken",
        identity=f"key {number}",
        address="",
        label=f"Account {number}",
        settings={},
        status="active",
        says="",
        permissions="read-only",
        added_at=BEGIN + timedelta(minutes=number),
    )


@dataclass
class Row:
    account: str
    key: str
    at: datetime
    payload: str

    @property
    def record(self) -> RawRecord:
        return RawRecord(self.account, "rows", self.key, self.at, self.payload)


@dataclass
class History:
    accounts: list[Account]
    rows: list[Row] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    words: list[Statement] = field(default_factory=list)


def page(rows: Iterable[Row], withdrawn: Iterable[str] = ()) -> Page:
    return Page(tuple(row.record for row in rows), Cursor("c"), tuple(withdrawn))


def random_history(chance: Random, size: int) -> History:
    """Trades, rewards, transfers with and without their other side, renames, fees in a third coin; many at equal times."""
    told = History([account(n, alone=bool(n % 2)) for n in range(4)])
    for number in range(size):
        at = BEGIN + timedelta(hours=chance.randrange(24 * 30), minutes=30 * chance.randrange(2))
        told.rows += _rows(chance, told.accounts, number, at)
    for coin in ("btc", "eth", "sol"):
        for day in range(31):
            if chance.random() < 0.6:
                price = Decimal(chance.randrange(1, 100))
                told.quotes.append(Quote(coin, "USD", price, BEGIN + timedelta(days=day), "import", "day"))
    return told


def _rows(chance: Random, accounts: list[Account], number: int, at: datetime) -> list[Row]:
    mine, other = chance.sample([a.id for a in accounts], 2)
    coin, second = chance.sample(COINS, 2)
    quantity = Decimal(chance.randrange(1, 400)) / 100
    if chance.random() < 0.05:
        quantity += Decimal("1E-21")  # finer than 18 places
    legs: list[tuple[str, Decimal, bool]]
    hint, more, kind = "trade", {}, chance.random()
    if kind < 0.35:
        legs = [(coin, quantity, False), ("fiat:USD", -quantity * 7, False)]
    elif kind < 0.5:
        legs = [(coin, -quantity, False), ("fiat:USD", quantity * 9, False)]
    elif kind < 0.6:
        legs = [(coin, -quantity, False), (second, quantity * 2, False)]
    elif kind < 0.68:
        legs, hint = [(coin, quantity, False)], "reward"
    elif kind < 0.72:
        legs, hint = [("kraken:ODD", -quantity, False), ("kraken:NEW", quantity, False)], "internal"
    else:
        return _transfer(chance, (mine, other), coin, quantity, number, at)
    if chance.random() < 0.3:
        legs.append((chance.choice(COINS), Decimal("-0.01"), True))
    if chance.random() < 0.05:
        more["final"] = False
    return [Row(mine, f"k{number}", at, _payload(legs, hint, chance.randrange(3), **more))]


def _transfer(chance: Random, between: tuple[str, str], coin: str, quantity: Decimal, number: int, at: datetime) -> list[Row]:  # noqa: PLR0917  # what one row says
    mine, other = between
    ref = {"ref": f"0x{number:x}"} if chance.random() < 0.5 else {}
    arrived = quantity - Decimal("0.001") if chance.random() < 0.5 else quantity
    later = at + timedelta(hours=chance.choice([0, 0, 1, 30]))
    out = Row(mine, f"k{number}", at, _payload([(coin, -quantity, False)], "withdrawal", 0, **ref))
    into = Row(other, f"k{number}", later, _payload([(coin, arrived, False)], "deposit", 0, **ref))
    sides = chance.random()
    return [out] if sides < 0.15 else [into] if sides < 0.3 else [out, into]


def _payload(legs: list[tuple[str, Decimal, bool]], hint: str, sequence: int, **more: object) -> str:
    return json.dumps({"legs": [[a, format(q, "f"), fee] for a, q, fee in legs], "hint": hint, "sequence": sequence, **more})


def random_words(chance: Random, rows: list[str], lots: list[str], told: History) -> list[Statement]:
    """Methods, named lots, answers on transfers, and the move from one pool to one an account; the last is rare."""
    ids = [a.id for a in told.accounts]
    words: list[Statement] = []
    for n in range(chance.randrange(5)):
        made_at = BEGIN + timedelta(days=chance.randrange(20), seconds=n)
        kind = chance.random()
        if kind < 0.4:
            words.append(
                MethodChoice(chance.choice(ids), chance.choice(["hifo", "lifo", "lofo"]), date(2025, 1, chance.randrange(1, 20)), made_at)
            )
        elif kind < 0.6 and lots:
            words.append(
                Identification(
                    chance.choice(ids), chance.choice(["btc", "eth"]), (LotChoice(chance.choice(lots), Decimal("0.5")),), made_at
                )
            )
        elif kind < 0.75 and len(rows) > 1:
            words.append(MatchAnswer(*chance.sample(rows, 2), same=chance.random() < 0.5, made_at=made_at))
        elif kind < 0.88 and rows and lots:
            event = chance.choice(rows) + chance.choice(["", "", "/fee"])
            words.append(LotSelection(event, (LotChoice(chance.choice(lots), Decimal("0.5")),), made_at))
        elif kind < 0.95:
            words.append(PoolingChoice(date(2025, 1, 1), made_at))
            words.append(Allocation("btc", made_at, order="highest_basis_first", accounts=tuple(chance.sample(ids, 2))))
            for seconds in range(chance.randrange(3) if lots else 0):  # named later, before and after the first sale of the year
                later = made_at + timedelta(days=chance.randrange(12), seconds=seconds)
                words.append(Allocation("btc", later, (LotPlace(chance.choice(lots), chance.choice(ids), Decimal(1)),)))
    return words
