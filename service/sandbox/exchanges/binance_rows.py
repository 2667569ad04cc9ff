"""The story's Binance account in Binance's words: numbers and times are JSON integers, amounts are texts with eight decimals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from service.sandbox.events import Cash, Change, Event, Fill, Moved, Parked, Reward, Swap
from service.sandbox.exchanges.wire import OnChain, Row, id_of, millis, number_of
from service.sandbox.listing import fixed, plain

NETWORKS = {"BTC": "BTC", "SOL": "SOL", "ADA": "ADA", "DOT": "DOT", "BNB": "BSC"}
"""Of all others the network is Ethereum."""
PROJECTS = {"flexible": "USDT001", "locked": "ADA*90"}

Timed = list[tuple[datetime, Row]]
"""Rows with the moment from which the exchange shows them, oldest first."""


def eight(number: Decimal) -> str:
    return fixed(number, 8)


def trades(events: Iterable[Event]) -> dict[str, Timed]:
    """By symbol; ids rise with time and leave gaps, as the trades of all the world lie between."""
    found: dict[str, Timed] = defaultdict(list)
    for event in events:
        if isinstance(event, Fill):
            rows = found[event.symbol]
            row = {
                "symbol": event.symbol,
                "id": number_of(event.symbol, digits=8) + 37 * len(rows),
                "orderId": number_of(event.symbol, "order", digits=9) + 1009 * event.order,
                "orderListId": -1,
                "price": eight(event.price),
                "qty": eight(event.quantity),
                "quoteQty": eight(event.cost),
                "commission": eight(event.fee),
                "commissionAsset": event.fee_coin,
                "time": millis(event.at),
                "isBuyer": event.buys,
                "isMaker": event.maker,
                "isBestMatch": True,
            }
            rows.append((event.at, row))
    return dict(found)


def deposits(events: Iterable[Event], chain: OnChain) -> Timed:
    return [(e.at, _deposit(e, chain)) for e in events if isinstance(e, Moved) and e.quantity > 0]


def _deposit(event: Moved, chain: OnChain) -> Row:
    return {
        "id": str(number_of(event.label, digits=18)),
        "amount": plain(event.quantity),
        "coin": event.coin,
        "network": NETWORKS.get(event.coin, "ETH"),
        "status": 1,
        "address": chain.address(f"binance-{event.coin}" if event.coin in NETWORKS else "binance-deposit"),
        "addressTag": "",
        "txId": chain.hash(event.label),
        "insertTime": millis(event.at),
        "completeTime": millis(event.at + timedelta(minutes=9)),
        "transferType": 0,
        "confirmTimes": "12/12",
        "unlockConfirm": 64,
        "walletType": 0,
        "travelRuleStatus": 0,
    }


def withdrawals(events: Iterable[Event], chain: OnChain) -> Timed:
    return [(e.at, _withdrawal(e, chain)) for e in events if isinstance(e, Moved) and e.quantity < 0]


def _withdrawal(event: Moved, chain: OnChain) -> Row:
    """`amount` is what arrives, `transactionFee` leaves on top."""
    return {
        "id": id_of("binance", event.label).replace("-", ""),
        "amount": plain(-event.quantity),
        "transactionFee": plain(event.fee),
        "coin": event.coin,
        "status": 6,
        "address": chain.address("wallet"),
        "txId": chain.hash(event.label),
        "applyTime": f"{event.at:%Y-%m-%d %H:%M:%S}",
        "completeTime": f"{event.at + timedelta(minutes=4):%Y-%m-%d %H:%M:%S}",
        "network": NETWORKS.get(event.coin, "ETH"),
        "transferType": 0,
        "info": "",
        "confirmNo": 32,
        "walletType": 0,
        "txKey": "",
    }


def fiat_orders(events: Iterable[Event], *, outgoing: bool) -> Timed:
    """Bank transfers."""
    chosen = [e for e in events if isinstance(e, Cash) and (e.quantity < 0) == outgoing]
    return [
        (
            e.at,
            {
                "orderNo": id_of("binance cash", e.at).replace("-", ""),
                "fiatCurrency": e.coin,
                "indicatedAmount": fixed(abs(e.quantity) + e.fee, 2),
                "amount": fixed(abs(e.quantity), 2),
                "totalFee": fixed(e.fee, 2),
                "method": "BankAccount",
                "status": "Successful",
                "createTime": millis(e.at),
                "updateTime": millis(e.at + timedelta(minutes=1)),
            },
        )
        for e in chosen
    ]


def purchases(events: Iterable[Event]) -> Timed:
    """Coins bought at a quote with the money in the account; the fee lies within `sourceAmount`."""
    found: Timed = []
    for event in events:
        if isinstance(event, Swap) and event.kind == "purchase":
            ((money, paid),), (coin, quantity) = event.given, event.got
            row = {
                "orderNo": id_of("binance purchase", event.at).replace("-", ""),
                "sourceAmount": fixed(paid, 2),
                "fiatCurrency": money,
                "obtainAmount": eight(quantity),
                "cryptoCurrency": coin,
                "totalFee": fixed(event.fee, 2),
                "price": eight(((paid - event.fee) / quantity).quantize(Decimal("1e-8"))),
                "status": "Completed",
                "paymentMethod": "Cash Balance",
                "createTime": millis(event.at),
                "updateTime": millis(event.at + timedelta(seconds=3)),
            }
            found.append((event.at, row))
    return found


def converts(events: Iterable[Event]) -> Timed:
    found: Timed = []
    for event in events:
        if isinstance(event, Swap) and event.kind == "convert":
            ((given, quantity),), (got, arrived) = event.given, event.got
            row = {
                "quoteId": id_of("quote", event.at).replace("-", ""),
                "orderId": number_of("convert", event.at, digits=18),
                "orderStatus": "SUCCESS",
                "fromAsset": given,
                "fromAmount": plain(quantity),
                "toAsset": got,
                "toAmount": plain(arrived),
                "ratio": plain((arrived / quantity).quantize(Decimal("1e-10"))),
                "inverseRatio": plain((quantity / arrived).quantize(Decimal("1e-10"))),
                "createTime": millis(event.at),
            }
            found.append((event.at, row))
    return found


def dust(events: Iterable[Event]) -> Timed:
    """`transferedAmount` (in Binance's spelling) is what arrives after the service charge."""
    return [(e.at, _sweep(e)) for e in events if isinstance(e, Swap) and e.kind == "dust"]


def _sweep(event: Swap) -> Row:
    number, at = number_of("dust", event.at, digits=12), millis(event.at)
    arrived, fees = _shared(event.got[1], event.given), _shared(event.fee, event.given)
    details = [
        {
            "transId": number,
            "serviceChargeAmount": eight(fee),
            "amount": eight(quantity),
            "operateTime": at,
            "transferedAmount": eight(part),
            "fromAsset": coin,
            "targetAsset": event.got[0],
        }
        for (coin, quantity), part, fee in zip(event.given, arrived, fees, strict=True)
    ]
    return {
        "operateTime": at,
        "totalTransferedAmount": eight(event.got[1]),
        "totalServiceChargeAmount": eight(event.fee),
        "transId": number,
        "userAssetDribbletDetails": details,
    }


def _shared(total: Decimal, among: tuple[Change, ...]) -> list[Decimal]:
    """In equal parts, the remainder with the first."""
    part = (total / len(among)).quantize(Decimal("1e-8"))
    return [total - part * (len(among) - 1), *[part] * (len(among) - 1)]


def dividends(events: Iterable[Event]) -> Timed:
    chosen = [e for e in events if isinstance(e, Reward) and e.kind == "airdrop"]
    return [
        (
            e.at,
            {
                "id": number_of("dividend", e.at, digits=12),
                "amount": plain(e.quantity),
                "asset": e.coin,
                "divTime": millis(e.at),
                "enInfo": f"{e.coin} holder distribution",
                "tranId": number_of("dividend", e.at, "transfer", digits=12),
            },
        )
        for e in chosen
    ]


def earned(events: Iterable[Event], kind: str) -> Timed:
    """Rewards of Simple Earn that were paid into the spot account."""
    found: Timed = []
    for event in events:
        if isinstance(event, Reward) and event.kind == kind:
            row: dict[str, Any] = {"asset": event.coin, "time": millis(event.at)}
            if kind == "flexible":
                row |= {"rewards": plain(event.quantity), "projectId": PROJECTS[kind], "type": "BONUS"}
            else:
                row |= {
                    "positionId": number_of("position", digits=8),
                    "lockPeriod": "90",
                    "amount": plain(event.quantity),
                    "type": "REWARDS",
                }
            found.append((event.at, row))
    return found


def parked(events: Iterable[Event], kind: str, *, back: bool) -> Timed:
    """Subscriptions of Simple Earn, or redemptions."""
    found: Timed = []
    for event in events:
        if isinstance(event, Parked) and event.kind == kind and (":" in event.coin) == back:
            coin, number = (event.into if back else event.coin), number_of(kind, event.at, digits=9)
            row = {
                "amount": plain(event.quantity),
                "asset": coin,
                "time": millis(event.at),
                ("redeemId" if back else "purchaseId"): number,
                "status": "PAID" if back else "SUCCESS",
                **({"projectId": PROJECTS[kind], "destAccount": "SPOT"} if back else {"type": "NORMAL", "sourceAccount": "SPOT"}),
                **(
                    {"positionId": number_of("position", digits=8), "lockPeriod": "90"}
                    if kind == "locked"
                    else {"productId": PROJECTS[kind]}
                ),
            }
            found.append((event.at, row))
    return found
