"""The prices of the sandbox's world: one path for each coin, the same on every machine and every day.

Between anchors of a realistic size the path is a smooth curve; seeded noise makes the days differ. A price holds for a whole UTC day, so a trade, a
candle and a ticker of one day agree, on all three exchanges. Everything is Decimal and SHA-256: no float, no library's random numbers. Before the
first day the first price holds, after the last day the last one.

Up to 2025 the figures have the size that markets had; all of 2026 is made up, so that several purchases of 2024 and 2025 stand at a loss at the end.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache

FIRST, LAST = date(2022, 11, 1), date(2026, 11, 20)
COINS = ("BTC", "ETH", "SOL", "LINK", "ADA", "DOT", "BNB")
STABLE = {"USDT": Decimal("0.0004"), "USDC": Decimal("0.0001")}
"""Coins that stand for a dollar, and how far from it they stray."""
MONEY = "USD"

_ANCHORS = """
day          BTC    ETH   SOL   LINK  ADA   DOT   BNB
2022-11-01   20400  1580  32.4  7.7   0.40  6.6   325
2022-11-21   16100  1130  12.1  6.0   0.31  5.3   262
2023-01-20   21800  1640  23.5  6.9   0.36  6.0   302
2023-04-14   30300  2080  24.6  7.9   0.44  6.7   329
2023-06-15   25500  1660  15.0  5.2   0.27  4.6   238
2023-07-13   31200  1960  26.5  7.0   0.33  5.4   251
2023-09-11   25600  1570  18.0  6.0   0.25  4.1   210
2023-10-24   34000  1800  31.0  10.6  0.29  4.2   225
2023-12-06   43600  2260  63.0  15.5  0.44  5.8   231
2024-01-22   40600  2360  86.0  14.6  0.50  6.8   306
2024-03-14   71800  3920  176   20.6  0.76  10.9  602
2024-05-01   58800  2960  131   13.4  0.46  6.9   572
2024-06-05   70600  3820  172   17.6  0.46  7.1   690
2024-09-06   54600  2260  130   10.2  0.33  4.2   501
2024-11-18   90200  3150  240   14.6  0.74  5.7   622
2024-12-17   105400 3930  217   28.4  1.04  8.7   716
2025-02-28   84200  2230  143   14.8  0.65  4.7   601
2025-04-08   77600  1510  106   11.3  0.58  3.6   556
2025-05-22   110600 2620  179   16.1  0.77  4.8   682
2025-08-14   120300 4560  194   23.9  0.93  4.1   841
2025-09-15   115300 4500  234   23.2  0.87  4.3   925
2025-10-06   123600 4640  229   22.4  0.86  4.2   1182
2025-11-21   85600  2790  129   12.5  0.42  2.4   872
2025-12-04   92200  3150  141   13.7  0.44  2.3   902
2026-01-14   95400  3290  144   13.9  0.41  2.2   921
2026-03-25   68300  2060  85    9.2   0.27  1.5   642
2026-06-10   76400  2440  113   10.8  0.31  1.7   721
2026-08-20   91300  2910  141   13.2  0.38  2.1   858
2026-10-05   79200  2370  112   10.4  0.30  1.7   763
2026-11-20   71200  2110  97    9.3   0.27  1.5   701
"""
_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_WEEKLY, _DAILY = Decimal("0.030"), Decimal("0.012")
_DIGITS = 9
"""Decimals of a path's price; each exchange cuts it to its own step."""


@cache
def _anchors() -> tuple[tuple[date, dict[str, Decimal]], ...]:
    head, *rows = (line.split() for line in _ANCHORS.split("\n") if line)
    return tuple((date.fromisoformat(day), {coin: Decimal(text) for coin, text in zip(head[1:], rest, strict=True)}) for day, *rest in rows)


def _noise(name: str, number: int) -> Decimal:
    """Between −1 and 1, evenly spread."""
    word = int.from_bytes(hashlib.sha256(f"{name} {number}".encode()).digest()[:8])
    return _EXACT.subtract(_EXACT.divide(Decimal(word), Decimal(1 << 63)), Decimal(1))


def _smooth(share: Decimal) -> Decimal:
    """0 → 0, 1 → 1, flat at both ends."""
    return _EXACT.multiply(_EXACT.multiply(share, share), 3 - 2 * share)


@cache
def price(coin: str, day: date) -> Decimal:
    """US dollars for one coin on a UTC day. Raises KeyError for a coin without a path."""
    if coin == MONEY:
        return Decimal(1)
    day = min(max(day, FIRST), LAST)
    number = day.toordinal()
    if coin in STABLE:
        return Decimal(1) + (STABLE[coin] * _noise(coin, number)).quantize(Decimal("1e-5"))
    anchors = _anchors()
    after = next(i for i, (at, _) in enumerate(anchors) if at >= day)
    before = max(after - 1, 0)
    (first, low), (last, high) = anchors[before], anchors[after]
    share = _EXACT.divide(Decimal((day - first).days), Decimal((last - first).days or 1))
    middle = low[coin] + _EXACT.multiply(high[coin] - low[coin], _smooth(share))
    week, into = divmod(number, 7)
    weekly, following = _noise(f"{coin} week", week), _noise(f"{coin} week", week + 1)
    slow = weekly + _EXACT.multiply(following - weekly, _smooth(_EXACT.divide(Decimal(into), Decimal(7))))
    stray = 1 + _WEEKLY * slow + _DAILY * _noise(coin, number)
    return _EXACT.multiply(middle, stray).quantize(Decimal(1).scaleb(-_DIGITS), context=_EXACT)


def prices(day: date) -> dict[str, Decimal]:
    """Every coin's price in US dollars on a UTC day."""
    return {coin: price(coin, day) for coin in (*COINS, *STABLE)}


def rate(base: str, quote: str, day: date, step: Decimal) -> Decimal:
    """`quote` for one `base`, in whole steps of the pair's price."""
    exact = _EXACT.divide(price(base, day), price(quote, day))
    return _EXACT.multiply(_EXACT.divide(exact, step).to_integral_value(context=_EXACT), step).quantize(step)


def candle(base: str, quote: str, step: Decimal, start: datetime, seconds: int) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Open, high, low and close from `start` on; wicks reach 0.4 % beyond."""
    days = [(start + timedelta(seconds=shift)).astimezone(UTC).date() for shift in (-1, 0, *range(86400, seconds, 86400), seconds - 1)]
    seen = [rate(base, quote, day, step) for day in days]
    wick = Decimal("0.004")
    high, low = max(seen) * (1 + wick), min(seen) * (1 - wick)
    return seen[0], high.quantize(step), low.quantize(step), seen[-1]
