"""A long file read by two processes, each half of its lines, where nothing in one half hangs on the other; the same booking as in one.

The halves must be in order of time and share no id, no coin's code in other letters, every line must be right, and no row may be one side of a
transfer: else the file is read as a whole, which knows what to say of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from operator import le
from typing import Any

from service.app.halves import Aside, can_fork
from service.domain import history
from service.domain.assets import AssetTable, Coin
from service.domain.movements import NOTHING, More, Movement

WORTH_IT = 1_000_000
"""Characters from which two processes are faster than one."""

Told = tuple[Any, ...]
"""(ids, first time, last time, coins, movements) in plain values, or () where the half cannot stand alone."""


def booking(text: str, table: AssetTable, *, window: timedelta) -> history.Booking | None:
    """None: read the file as a whole."""
    if len(text) < WORTH_IT or not can_fork() or '"' in text or "\r" in text:
        return None
    header, _, body = text.partition("\n")
    cut = body.find("\n", len(body) // 2) + 1
    read = partial(_half, header, table=table, window=window)
    later = Aside(lambda: _told(read(body[cut:])))
    mine, theirs = read(body[:cut]), later.result()
    if mine is None or not theirs:
        return None
    rows, first = mine
    ids, since, coins, movements = theirs
    if rows[-1].at > since or not {row.id for row in rows}.isdisjoint(ids):
        return None
    known: dict[Any, More] = {}
    first.movements.extend(_movements(movements, known))
    first.coins.update({coin[0]: Coin(*coin) for coin in coins})
    symbols = {coin.symbol for coin in first.coins.values()}
    return first if len({symbol.casefold() for symbol in symbols}) == len(symbols) else None


def _half(header: str, body: str, *, table: AssetTable, window: timedelta) -> tuple[list[history.Row], history.Booking] | None:
    """None where it cannot stand alone."""
    lines = body.split("\n")
    if not lines[-1]:
        lines.pop()
    rows, problems = history.read([header, *lines])
    if problems or not rows or not _is_in_order([row.at for row in rows]):
        return None
    booking = history.booking(rows, table, window=window)
    return (rows, booking) if booking.is_plain else None


def _is_in_order(times: Sequence[int]) -> bool:
    return all(map(le, times, times[1:]))


def _told(half: tuple[list[history.Row], history.Booking] | None) -> Told:
    if half is None:
        return ()
    rows, booking = half
    coins = [(c.id, c.symbol, c.kind, c.known, c.peg) for c in booking.coins.values()]
    return [row.id for row in rows], rows[0].at, coins, [(*m[:9], None if m.more is NOTHING else tuple(m.more)) for m in booking.movements]


def _movements(told: Sequence[Sequence[Any]], known: dict[Any, More]) -> list[Movement]:
    known[None] = NOTHING
    new = tuple.__new__
    found = []
    for values in told:
        more = values[9]
        if more not in known:
            known[more] = More(*more)
        found.append(new(Movement, (*values[:9], known[more])))
    return found
