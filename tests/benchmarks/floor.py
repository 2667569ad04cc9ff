"""The least code that does the job: floor.py HISTORY METHOD. Reads the neutral CSV, matches lots of one pool for each coin, prints totals.

Integers, one list, deque or heap for each coin, no checks, no output of matches: what any program in plain Python must spend at least.
"""

from __future__ import annotations

import csv
import sys
from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from pathlib import Path

PLACES = 18


def units(text: str, places: int = PLACES) -> int:
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(places, "0"))


def by_age(rows: Iterable[list[str]], newest: bool) -> tuple[int, int]:
    """Proceeds and basis in millionths, FIFO or LIFO."""
    pools: dict[str, deque[list[int]]] = {}
    proceeds = cost = 0

    def dispose(asset: str, left: int, value: int) -> None:
        nonlocal proceeds, cost
        proceeds += value
        pool = pools[asset]
        end = -1 if newest else 0
        while left:
            lot = pool[end]
            if lot[0] <= left:
                left -= lot[0]
                cost += lot[1]
                if newest:
                    pool.pop()
                else:
                    pool.popleft()
            else:
                basis = lot[1] * left // lot[0]
                lot[0] -= left
                lot[1] -= basis
                cost += basis
                left = 0

    for _, _, kind, _, _, sent, sent_units, received, received_units, paid, paid_units, value_text, fee_text, *_ in rows:
        value, fee = units(value_text or "0", 6), units(fee_text or "0", 6)
        if kind in ("sell", "swap"):
            dispose(sent, units(sent_units), value - fee)
        if kind in ("buy", "swap", "income"):
            pools.setdefault(received, deque()).append([units(received_units), value + fee if kind == "buy" else value])
        if paid and paid != "USD":
            dispose(paid, units(paid_units), fee)
    return proceeds, cost


def by_price(rows: Iterable[list[str]], sign: int) -> tuple[int, int]:
    """The same, dearest lot first (sign -1) or cheapest (1); order by floats, ties to the older."""
    pools: dict[str, list[tuple[float, int, list[int]]]] = {}
    proceeds = cost = number = 0

    def dispose(asset: str, left: int, value: int) -> None:
        nonlocal proceeds, cost
        proceeds += value
        pool = pools[asset]
        while left:
            lot = pool[0][2]
            if lot[0] <= left:
                left -= lot[0]
                cost += lot[1]
                heappop(pool)
            else:
                basis = lot[1] * left // lot[0]
                lot[0] -= left
                lot[1] -= basis
                cost += basis
                left = 0

    for _, _, kind, _, _, sent, sent_units, received, received_units, paid, paid_units, value_text, fee_text, *_ in rows:
        value, fee = units(value_text or "0", 6), units(fee_text or "0", 6)
        if kind in ("sell", "swap"):
            dispose(sent, units(sent_units), value - fee)
        if kind in ("buy", "swap", "income"):
            quantity, basis = units(received_units), value + fee if kind == "buy" else value
            number += 1
            heappush(pools.setdefault(received, []), (sign * basis / quantity, number, [quantity, basis]))
        if paid and paid != "USD":
            dispose(paid, units(paid_units), fee)
    return proceeds, cost


def main(history: str, method: str) -> None:
    with Path(history).open(newline="") as source:
        rows = csv.reader(source)
        next(rows)
        if method in ("fifo", "lifo"):
            proceeds, cost = by_age(rows, newest=method == "lifo")
        else:
            proceeds, cost = by_price(rows, -1 if method == "hifo" else 1)
    print(f"proceeds {proceeds / 10**6:.2f} basis {cost / 10**6:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
