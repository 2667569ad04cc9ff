"""The story's Kraken account in Kraken's words: a ledger with a running balance, trades beside it, and what the chain saw.

Amounts are texts with the asset's decimals, times are numbers of seconds with four decimals. A row's fee leaves on top of its amount. The two sides of a
trade share a `refid`, which is the trade's id; the two rows of a move into staking have one each, those of an allocation share it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from service.sandbox.events import Cash, Event, Fill, Moved, Parked, Reward
from service.sandbox.exchanges.wire import OnChain, Row, number_of, seconds
from service.sandbox.listing import fixed

CODES = {"BTC": "XXBT", "ETH": "XETH", "USD": "ZUSD"}
"""Coins that keep Kraken's old names."""
PLACES = {"USD": 4, "ADA": 8, "USDT": 8, "USDC": 8}
"""Decimals of an asset; ten for all others."""
NETWORKS = {"BTC": "Bitcoin", "ETH": "Ethereum"}


@dataclass
class Rows:
    """Everything with the moment from which it is shown, oldest first; ids are Kraken's letters."""

    ledger: list[tuple[datetime, str, Row]] = field(default_factory=list)
    trades: list[tuple[datetime, str, Row]] = field(default_factory=list)
    deposits: list[tuple[datetime, Row]] = field(default_factory=list)
    withdrawals: list[tuple[datetime, Row]] = field(default_factory=list)


def code(coin: str) -> str:
    return CODES.get(coin, coin)


def text(coin: str, number: Decimal) -> str:
    return fixed(number, PLACES.get(coin, 10))


def name(letter: str, *parts: object) -> str:
    """An id like LABCDE-FGHIJ-KLMNOP."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    letters = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte % 32] for byte in digest[:16])
    return f"{letter}{letters[:5]}-{letters[5:10]}-{letters[10:]}"


def written(events: Iterable[Event], chain: OnChain) -> Rows:
    """All rows of the account."""
    rows, balance = Rows(), defaultdict[str, Decimal](Decimal)

    def book(event: Event, refid: str, words: str, coin: str, amount: Decimal, *, fee: Decimal = Decimal(0)) -> None:
        kind, _, subtype = words.partition("/")
        balance[coin] += amount - fee
        row = {
            "refid": refid,
            "time": seconds(event.at),
            "type": kind,
            "subtype": subtype,
            "aclass": "currency",
            "asset": code(coin),
            "amount": text(coin, amount),
            "fee": text(coin, fee),
            "balance": text(coin, balance[coin]),
        }
        rows.ledger.append((event.at, name("L", len(rows.ledger), refid, coin), row))

    for number, event in enumerate(events):
        match event:
            case Fill():
                refid, sign = name("T", number), 1 if event.buys else -1
                book(event, refid, "trade/tradespot", event.base, sign * event.quantity)
                book(event, refid, "trade/tradespot", event.quote, -sign * event.cost, fee=event.fee)
                rows.trades.append((event.at, refid, _trade(event, [entry[1] for entry in rows.ledger[-2:]])))
            case Cash():
                refid, outgoing = name("F" if event.quantity < 0 else "Q", number), event.quantity < 0
                book(event, refid, "withdrawal" if outgoing else "deposit", event.coin, event.quantity, fee=event.fee)
                kept = rows.withdrawals if outgoing else rows.deposits
                kept.append((event.at, _status(event, refid, None, None, "Bank transfer (ACH)")))
            case Moved():
                refid, outgoing = name("A" if event.quantity < 0 else "Q", number), event.quantity < 0
                book(event, refid, "withdrawal" if outgoing else "deposit", event.coin, event.quantity, fee=event.fee)
                place = chain.address("wallet" if event.coin in ("ETH", "USDC", "LINK") else f"binance-{event.coin}")
                kept = rows.withdrawals if outgoing else rows.deposits
                kept.append((event.at, _status(event, refid, chain.hash(event.label), place, NETWORKS.get(event.coin, event.coin))))
            case Reward():
                book(event, name("S", number), "earn/reward" if event.kind == "earn" else "staking", event.coin, event.quantity)
            case Parked(kind="earn"):
                refid = name("E", number)
                book(event, refid, "earn/allocation", event.coin, -event.quantity)
                book(event, refid, "earn/allocation", event.into, event.quantity)
            case Parked():
                there = (
                    ("transfer/spottostaking", "transfer/stakingfromspot")
                    if event.into.endswith(".S")
                    else ("transfer/stakingtospot", "transfer/spotfromstaking")
                )
                book(event, name("B", number), there[0], event.coin, -event.quantity)
                book(event, name("R", number), there[1], event.into, event.quantity)
            case _:
                raise ValueError(f"Kraken has no words for {event}")
    return rows


def _trade(fill: Fill, ledgers: list[str]) -> Row:
    return {
        "ordertxid": name("O", fill.order),
        "postxid": name("K", fill.order),
        "pair": fill.symbol,
        "aclass": "forex",
        "time": seconds(fill.at),
        "type": "buy" if fill.buys else "sell",
        "ordertype": "limit" if fill.maker else "market",
        "price": fixed(fill.price, 6),
        "cost": fixed(fill.cost, 6),
        "fee": fixed(fill.fee, 6),
        "vol": fixed(fill.quantity, 8),
        "margin": "0.00000",
        "leverage": "0",
        "misc": "",
        "trade_id": number_of("kraken", fill.at, fill.quantity, digits=8),
        "maker": fill.maker,
        "ledgers": ledgers,
    }


def _status(event: Cash | Moved, refid: str, txid: str | None, place: str | None, method: str) -> Row:
    row = {
        "method": method,
        "aclass": "currency",
        "asset": code(event.coin),
        "refid": refid,
        "txid": txid,
        "info": place or "",
        "amount": text(event.coin, abs(event.quantity)),
        "fee": text(event.coin, event.fee),
        "time": int(event.at.timestamp()),
        "status": "Success",
    }
    if event.quantity < 0:
        row |= {"key": "own account" if txid is None else "own wallet", "network": method}
    return row
