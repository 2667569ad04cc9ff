"""One person's four years, from November 2022 to NOW: what the sandbox's exchanges tell when they are asked.

She earns in dollars and buys coins on three exchanges. Binance is where she trades: money every four weeks, a small purchase every week in turn of five
coins, larger ones when prices are low, profits taken in March and December 2024, in the summer and autumn of 2025 and in August 2026; she holds some
BNB that pays her fees, locks coins for rewards, sweeps remainders, converts at a quote. Kraken is for the long run: bitcoin and ether, DOT and ether
staked. Coinbase pays her salary's rest into bitcoin, ether, SOL and ADA, and keeps dollars as USDC.

What she does not want on an exchange goes to her own wallet, a watch-only Ethereum address: ether from Kraken (March 2023) and Binance (January 2024),
USDC from Coinbase (June 2024), LINK from Binance (September 2024). Two ether come back to Binance in February 2025, 2,000 USDC to Coinbase in May
2026; in August 2025 bitcoin moves from Kraken to Binance. In 2026 prices fall: what she bought in the dear months of 2024 and 2025 stands at a loss, and
the bitcoin of 2023, sold in August, at a gain. That is the moment at which a loss is worth harvesting.

Everything is computed from the plans below and the price path (`market`): the same rows on every day and every machine. No account is ever overdrawn.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

from service.sandbox.events import Book, Event, lot
from service.sandbox.market import price, prices

__all__ = ["EXCHANGES", "NOW", "events", "price", "prices"]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EXCHANGES = ("binance", "kraken", "coinbase")
CREDITED_AFTER = timedelta(minutes=5)
"""So long after its transaction an exchange books a deposit."""


class Plan:
    """What is to happen, in any order; `play` lets it happen in the order of time."""

    def __init__(self) -> None:
        self._steps: list[tuple[datetime, Callable[..., None], tuple[object, ...]]] = []

    def on(self, when: str | datetime, deed: Callable[..., None], *how: object) -> None:
        at = datetime.fromisoformat(when).replace(tzinfo=UTC) if isinstance(when, str) else when
        self._steps.append((at, deed, how))

    def every(self, days: int, first: str, last: str, deed: Callable[..., None], *how: object) -> None:
        """At another minute each time."""
        for at in moments(days, first, last, str(how)):
            self.on(at, deed, *how)

    def play(self, book: Book) -> tuple[Event, ...]:
        for at, deed, how in sorted(self._steps, key=lambda step: step[0]):
            deed(book, at, *how)
        return tuple(book.events)


def moments(days: int, first: str, last: str, seed: str) -> list[datetime]:
    """One moment in the daytime every so many days."""
    at, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    found = []
    while at <= end:
        found.append(at + timedelta(hours=8, milliseconds=lot(f"{seed} {at.date()}", 12 * 3_600_000)))
        at += timedelta(days=days)
    return found


@cache
def events(exchange: str) -> tuple[Event, ...]:
    """All that ever happened in one account, oldest first."""
    return {"binance": _binance, "kraken": _kraken, "coinbase": _coinbase}[exchange]()


def _savings(plan: Plan, days: int, first: str, last: str, coins: tuple[str, ...], *, least: int, parts: int) -> None:
    """Small purchases in turn, up to 90 dollars above the least, in up to so many fills."""
    for number, at in enumerate(moments(days, first, last, f"savings {coins}")):
        coin = coins[number % len(coins)]
        amount = least + lot(f"amount {at}", 90)
        plan.on(at, Book.buy_for, coin, str(amount), 1 + lot(f"parts {at}", parts))


def _binance() -> tuple[Event, ...]:
    book = Book("binance", "USDT", Decimal("0.001"), 8, 8, "received", 8)
    plan = Plan()
    for first, amount, fee in (("2022-11-03", "8000", "40.00"), ("2023-09-04", "9000", "45.00"), ("2024-09-02", "3000", "15.00")):
        plan.on(f"{first}T09:14:07", Book.cash, amount)
        plan.on(f"{first}T11:02:31", Book.purchase, "USDT", amount, fee)
    for at in moments(28, "2022-12-05", "2026-10-12", "pay day"):
        plan.on(at - timedelta(hours=3), Book.cash, "1000")
        plan.on(at, Book.purchase, "USDT", "1000", "5.00")
    _savings(plan, 7, "2022-11-07", "2026-06-01", ("BTC", "ETH", "SOL", "LINK", "ADA"), least=170, parts=3)
    _savings(plan, 7, "2026-06-08", "2026-11-09", ("BTC", "ETH", "SOL"), least=170, parts=2)
    _binance_trades(plan)
    _binance_rewards(plan)
    plan.on("2024-01-22T08:30", Book.send, "binance-eth-1", "ETH", "6.5", "0.0015")
    plan.on("2024-09-10T11:00", Book.send, "binance-link-1", "LINK", "400", "0.5")
    plan.on(datetime(2025, 2, 11, 19, 45, tzinfo=UTC) + CREDITED_AFTER, Book.receive, "wallet-binance-1", "ETH", "2")
    plan.on(datetime(2025, 8, 19, 13, tzinfo=UTC) + CREDITED_AFTER, Book.receive, "kraken-btc-1", "BTC", "0.35")
    return plan.play(book)


def _binance_trades(plan: Plan) -> None:
    """What she does besides saving."""
    plan.on("2022-11-10T15:20", Book.buy, "BNB", "1.5")
    for when, coin, quantity, parts in (
        ("2023-01-09T10:05", "BTC", "0.12", 3),
        ("2023-06-16T18:40", "ETH", "1.5", 3),
        ("2023-09-12T09:33", "ETH", "2", 4),
        ("2023-09-20T20:11", "LINK", "160", 2),
        ("2023-10-13T07:52", "ETH", "2", 4),
        ("2024-12-09T16:08", "SOL", "24", 3),
        ("2024-12-13T09:55", "ETH", "1.4", 3),
        ("2025-01-20T12:31", "ADA", "3500", 3),
        ("2025-09-16T08:47", "LINK", "180", 4),
        ("2025-09-18T17:29", "SOL", "26", 4),
        ("2025-10-02T10:10", "ETH", "2.2", 4),
        ("2025-10-13T20:26", "BTC", "0.11", 3),
    ):
        plan.on(when, Book.buy, coin, quantity, parts)
    for when, coin, share, parts in (
        ("2024-03-13T14:02", "SOL", "0.6", 4),
        ("2024-03-14T09:58", "BTC", "0.15", 3),
        ("2024-12-17T11:45", "ADA", "0.4", 4),
        ("2025-05-23T13:13", "ETH", "0.5", 3),
        ("2025-08-15T10:26", "ETH", "0.3", 3),
        ("2025-10-06T15:37", "BTC", "0.2", 4),
        ("2026-02-10T09:04", "SOL", "0.3", 3),
        ("2026-08-20T12:50", "BTC", "0.35", 4),
    ):
        plan.on(when, Book.sell, coin, share, parts)
    plan.on("2023-05-03T10:00:12", Book.convert, "USDT", "150", "DOT")
    plan.on("2024-04-22T08:15:40", Book.convert, "USDT", "250", "DOT")
    plan.on("2024-07-30T19:44:03", Book.convert, "SOL", "1.25", "ETH")
    plan.on("2025-07-08T06:31:55", Book.convert, "USDT", "300", "BNB")
    plan.on("2026-03-30T21:09:18", Book.convert, "USDT", "200", "USDC")
    plan.on("2025-11-03T09:41", Book.buy, "ETH", "0.05", 1, "BTC")


def _pay_with_bnb(book: Book, _: datetime) -> None:
    book.pays_fees_with = "BNB"


def _binance_rewards(plan: Plan) -> None:
    plan.on("2024-01-02T00:00", _pay_with_bnb)
    plan.on("2023-07-03T10:20", Book.park, "locked", "ADA", "locked:ADA", "400")
    plan.every(7, "2023-07-10", "2023-09-25", Book.reward_on, "locked", "locked:ADA", "ADA", "0.0009")
    plan.on("2023-10-01T10:20", Book.park, "locked", "locked:ADA", "ADA")
    plan.on("2024-02-05T10:20", Book.park, "flexible", "USDT", "flexible:USDT", "500")
    plan.every(7, "2024-02-12", "2025-03-03", Book.reward_on, "flexible", "flexible:USDT", "USDT", "0.0012")
    plan.on("2025-03-10T10:20", Book.park, "flexible", "flexible:USDT", "USDT")
    for when, coin, quantity in (
        ("2023-03-22T04:00", "BNB", "0.00412"),
        ("2023-11-08T04:00", "BNB", "0.00655"),
        ("2024-05-16T04:00", "BNB", "0.0031"),
        ("2024-11-21T04:00", "SOL", "0.021"),
        ("2025-06-12T04:00", "BNB", "0.0048"),
        ("2026-01-29T04:00", "BNB", "0.0052"),
    ):
        plan.on(when, Book.reward, "airdrop", coin, quantity)
    plan.on("2023-12-28T22:10:05", Book.sweep, "LINK", "ADA", "SOL")
    plan.on("2024-05-02T22:10:05", Book.sweep, "DOT")
    plan.on("2025-03-30T22:10:05", Book.sweep, "ETH")
    plan.on("2026-04-11T22:10:05", Book.sweep, "USDC")


def _kraken() -> tuple[Event, ...]:
    book = Book("kraken", "USD", Decimal("0.0026"), 4, 4, "quote", 10)
    plan = Plan()
    plan.on("2022-11-10T08:31:20.4127", Book.cash, "13000")
    plan.on("2024-09-02T08:40:11.2210", Book.cash, "4000")
    plan.every(28, "2022-12-12", "2026-10-19", Book.cash, "500")
    _savings(plan, 21, "2022-11-14", "2026-11-02", ("BTC", "SOL", "BTC", "DOT", "ETH"), least=260, parts=2)
    for when, coin, quantity, parts in (
        ("2022-11-22T10:12", "ETH", "1.6", 2),
        ("2022-12-19T16:45", "ETH", "1.5", 2),
        ("2023-01-05T11:20", "BTC", "0.16", 3),
        ("2023-02-14T09:36", "ETH", "1.3", 2),
        ("2024-09-07T07:07", "BTC", "0.065", 2),
        ("2025-08-25T15:55", "ETH", "0.4", 2),
        ("2025-10-08T18:18", "BTC", "0.02", 2),
    ):
        plan.on(when, Book.buy, coin, quantity, parts)
    plan.on("2023-03-14T10:00", Book.send, "kraken-eth-1", "ETH", "4", "0.0035")
    plan.on("2025-08-19T13:00", Book.send, "kraken-btc-1", "BTC", "0.35", "0.00002")
    plan.on("2024-03-12T12:12", Book.sell, "SOL", "0.5", 2)
    plan.on("2026-01-15T10:40", Book.sell, "SOL", "0.4", 2)
    plan.on("2026-01-20T09:00:03.7719", Book.cash_out, "1500", "4")
    _kraken_rewards(plan)
    return plan.play(book)


def _kraken_rewards(plan: Plan) -> None:
    """Staked until March 2024, later in the programme that followed it."""
    plan.on("2023-04-20T09:15:02.1183", Book.park, "staking", "DOT", "DOT.S")
    plan.on("2023-05-04T09:15:02.5031", Book.park, "staking", "ETH", "ETH2.S")
    plan.every(14, "2023-04-27", "2024-03-07", Book.reward_on, "staking", "DOT.S", "DOT.S", "0.0042")
    plan.every(28, "2023-05-11", "2024-03-07", Book.reward_on, "staking", "ETH2.S", "ETH2.S", "0.0027")
    plan.on("2024-03-11T09:20:44.9075", Book.park, "staking", "DOT.S", "DOT")
    plan.on("2024-03-11T09:21:30.1112", Book.park, "staking", "ETH2.S", "ETH")
    plan.on("2024-03-18T09:20:44.9075", Book.park, "earn", "DOT", "DOT28.S")
    plan.on("2025-01-13T09:20:44.9075", Book.park, "earn", "DOT", "DOT28.S")
    plan.every(14, "2024-03-25", "2026-11-16", Book.reward_on, "earn", "DOT28.S", "DOT28.S", "0.0044")


def _coinbase() -> tuple[Event, ...]:
    book = Book("coinbase", "USD", Decimal("0.006"), 16, 8, "quote", 6)
    plan = Plan()
    plan.on("2022-12-01T17:02:10", Book.cash, "3000")
    plan.on("2024-05-28T09:11:42", Book.cash, "9500")
    plan.every(28, "2022-12-19", "2026-10-26", Book.cash, "600")
    for when, coin, paid, fee in (
        ("2022-12-02", "BTC", "300", "4.41"),
        ("2022-12-16", "ETH", "250", "3.68"),
        ("2023-01-06", "ADA", "200", "2.94"),
    ):
        plan.on(f"{when}T12:30:09", Book.purchase, coin, paid, fee)
    _savings(plan, 14, "2022-12-21", "2026-11-04", ("BTC", "ETH", "ADA", "SOL"), least=250, parts=2)
    plan.on("2024-05-29T10:00:31", Book.exchange_dollars, "USD", "9300", "USDC")
    plan.on("2024-06-03T15:20", Book.send, "coinbase-usdc-1", "USDC", "9000")
    plan.on(datetime(2026, 5, 6, 9, 10, tzinfo=UTC) + CREDITED_AFTER, Book.receive, "wallet-coinbase-1", "USDC", "2000")
    plan.on("2026-05-07T08:12:27", Book.exchange_dollars, "USDC", "1500", "USD")
    plan.every(28, "2024-07-01", "2026-11-10", Book.reward_on, "interest", "USDC", "USDC", "0.0031")
    plan.every(28, "2023-02-06", "2026-11-09", Book.reward_on, "staking", "ADA", "ADA", "0.0016")
    plan.on("2024-03-14T15:31", Book.sell, "BTC", "0.3", 2)
    plan.on("2025-01-21T10:22", Book.buy, "SOL", "3.5", 2)
    plan.on("2025-08-22T15:05", Book.buy, "ETH", "0.35", 2)
    plan.on("2026-08-21T15:31", Book.sell, "BTC", "0.25", 2)
    plan.on("2026-08-24T08:00:45", Book.cash_out, "1000", "0")
    return plan.play(book)
