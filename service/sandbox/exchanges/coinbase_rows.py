"""The story's Coinbase account in Coinbase's words: a wallet for each coin with its own transactions (v2), and the fills of Advanced Trade (v3).

A trade has one transaction in each of its two wallets, which share the id inside the object named like their type. A fill's commission lies within the
amount of the money's side. Transaction hashes come without "0x", as Coinbase writes them for Ethereum too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from service.sandbox.events import Cash, Event, Fill, Moved, Reward, Swap
from service.sandbox.exchanges.wire import OnChain, Row, id_of, iso
from service.sandbox.listing import NAMES, plain
from service.sandbox.market import price

REWARDS = {"staking": "staking_reward", "interest": "interest"}
ETHEREUM = ("ETH", "USDC", "LINK", "USDT")


@dataclass
class Rows:
    """Everything with the moment from which it is shown, oldest first; transactions by wallet."""

    transactions: dict[str, list[tuple[datetime, Row]]] = field(default_factory=lambda: defaultdict(list))
    fills: list[tuple[datetime, Row]] = field(default_factory=list)


def wallet_id(coin: str) -> str:
    return id_of("coinbase wallet", coin)


def written(events: Iterable[Event], chain: OnChain) -> Rows:
    """All rows of the account."""
    rows = Rows()

    def book(event: Event, kind: str, coin: str, amount: Decimal, **more: object) -> None:
        wallet = rows.transactions[wallet_id(coin)]
        own, place = id_of("coinbase transaction", coin, len(wallet)), wallet_id(coin)
        row = {
            "id": own,
            "type": kind,
            "status": "completed",
            "amount": {"amount": plain(amount), "currency": coin},
            "native_amount": {"amount": _dollars(amount, coin, event.at), "currency": "USD"},
            "description": None,
            "created_at": f"{event.at:%Y-%m-%dT%H:%M:%SZ}",
            "resource": "transaction",
            "resource_path": f"/v2/accounts/{place}/transactions/{own}",
            **more,
        }
        wallet.append((event.at, row))

    for number, event in enumerate(events):
        match event:
            case Fill():
                sign = 1 if event.buys else -1
                detail = {
                    "commission": plain(event.fee),
                    "fill_price": plain(event.price),
                    "order_id": id_of("coinbase order", event.order),
                    "order_side": "buy" if event.buys else "sell",
                    "product_id": event.symbol,
                }
                book(event, "advanced_trade_fill", event.base, sign * event.quantity, advanced_trade_fill=detail)
                book(event, "advanced_trade_fill", event.quote, -sign * event.cost - event.fee, advanced_trade_fill=detail)
                rows.fills.append((event.at, _fill(event, number)))
            case Cash():
                book(event, "fiat_withdrawal" if event.quantity < 0 else "fiat_deposit", event.coin, event.quantity)
            case Swap(kind="purchase"):
                buy = _purchase(event, number)
                for coin, change in event.changes():
                    book(event, "buy", coin, change, buy=buy)
            case Swap():
                trade = {
                    "fee": {"amount": "0.00", "currency": "USD"},
                    "id": id_of("coinbase trade", number),
                    "payment_method_name": "Wallet",
                }
                for coin, change in event.changes():
                    book(event, "trade", coin, change, trade=trade)
            case Reward():
                book(event, REWARDS[event.kind], event.coin, event.quantity)
            case Moved():
                book(event, "send", event.coin, event.quantity - event.fee, **_network(event, chain))
            case _:
                raise ValueError(f"Coinbase has no words for {event}")
    return rows


def _purchase(event: Swap, number: int) -> Row:
    """A simple purchase with the dollars in the wallet; the fee within what is paid."""
    money, paid = event.given[0]
    return {
        "id": id_of("coinbase buy", number),
        "resource": "buy",
        "payment_method_name": "USD Wallet",
        "subtotal": {"amount": f"{paid - event.fee:.2f}", "currency": money},
        "fee": {"amount": f"{event.fee:.2f}", "currency": money},
        "total": {"amount": f"{paid:.2f}", "currency": money},
    }


def _network(event: Moved, chain: OnChain) -> dict[str, object]:
    """A send's other side and its transaction."""
    digits = chain.hash(event.label).removeprefix("0x")
    network: Row = {
        "status": "confirmed",
        "network_name": "ethereum" if event.coin in ETHEREUM else NAMES[event.coin].lower(),
        "hash": digits,
    }
    if event.quantity >= 0:
        return {"network": network, "from": {"resource": "ethereum_network", "currency": event.coin}}
    network["transaction_fee"] = {"amount": plain(event.fee), "currency": event.coin}
    network["transaction_amount"] = {"amount": plain(-event.quantity), "currency": event.coin}
    return {"network": network, "to": {"resource": "address", "address": chain.address("wallet")}}


def _fill(fill: Fill, number: int) -> Row:
    return {
        "entry_id": id_of("coinbase entry", number).replace("-", ""),
        "trade_id": id_of("coinbase fill", number),
        "order_id": id_of("coinbase order", fill.order),
        "trade_time": iso(fill.at),
        "trade_type": "FILL",
        "price": plain(fill.price),
        "size": plain(fill.quantity),
        "commission": plain(fill.fee),
        "product_id": fill.symbol,
        "sequence_timestamp": iso(fill.at),
        "liquidity_indicator": "MAKER" if fill.maker else "TAKER",
        "size_in_quote": False,
        "user_id": id_of("coinbase user"),
        "side": "BUY" if fill.buys else "SELL",
        "retail_portfolio_id": id_of("coinbase portfolio"),
    }


def _dollars(amount: Decimal, coin: str, at: datetime) -> str:
    return str((amount * price(coin, at.date())).quantize(Decimal("0.01"), ROUND_HALF_EVEN))
