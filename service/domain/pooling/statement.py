"""A pool's statement: each change of it in order, as a book of account has it.

Computed anew from the movements and from what was identified with what, and not read off the booking: who adds the lines up gets the figures
of the matches, or has found a mistake.

Worked example. 100 bought for 1,000, 50 more for 125,000, then 50 sold:

    acquired 100  cost   1,000   the pool: 100, cost   1,000
    acquired  50  cost 125,000   the pool: 150, cost 126,000
    disposed  50  cost  42,000   the pool: 100, cost  84,000
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from service.domain.ledger.choices import Calendar
from service.domain.movements import Movement
from service.domain.pooling.adjusted_cost import WINDOW_DAYS, Acb, dated
from service.domain.pooling.identification import DayMatch, Section104
from service.domain.pooling.pools import acquired_at, cost_of

What = Literal["acquired", "renamed_in", "renamed_out", "disposed", "left", "denied"]
"""denied: a superficial loss joins the cost of the pool at the sale. Renames: units and their cost go over to another coin's pool."""


class Change(NamedTuple):
    """Ints as in `movements`."""

    coin: str
    day: int
    what: What
    ids: tuple[str, ...]
    """Of the movements; a day's acquisitions, and its disposals, are one in the United Kingdom."""
    quantity: int
    """Units that came or went, without those that were never there."""
    cost: int
    units_after: int
    cost_after: int
    denied: int = 0
    """acquired: the part of `cost` that is loss of earlier sales."""

    @property
    def before(self) -> tuple[int, int]:
        """Units and cost."""
        sign = 1 if self.what in ("acquired", "renamed_in", "denied") else -1
        return self.units_after - sign * self.quantity, self.cost_after - sign * self.cost


class _Account:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._pools: dict[str, tuple[int, int]] = {}

    def come(self, coin: str, day: int, what: What, ids: tuple[str, ...], *, quantity: int, cost: int, denied: int = 0) -> None:
        units, whole = self._pools.get(coin, (0, 0))
        self._write(Change(coin, day, what, ids, quantity, cost, units + quantity, whole + cost, denied))

    def go(self, coin: str, day: int, what: What, ids: tuple[str, ...], wanted: int) -> int:
        """The cost that goes: the average, and with the last unit all that is left."""
        units, whole = self._pools.get(coin, (0, 0))
        quantity = min(units, wanted)
        cost = whole * wanted // units if wanted < units else whole
        self._write(Change(coin, day, what, ids, quantity, cost, units - quantity, whole - cost))
        return cost

    def rename(self, m: Movement, day: int) -> None:
        into, arriving = m.more.to_coin or m.coin, m.quantity if m.more.received is None else m.more.received
        cost = self.go(m.coin, day, "renamed_out", (m.id,), m.quantity)
        self.come(into, day, "renamed_in", (m.id,), quantity=arriving, cost=cost)

    def _write(self, change: Change) -> None:
        self._pools[change.coin] = change.units_after, change.cost_after
        self.changes.append(change)


def is_rename(m: Movement) -> bool:
    """Of one name, or count, to another; other moves are nothing to a pool."""
    return m.act == "move" and bool(m.more.to_coin or m.more.received is not None)


def section104_statement(movements: Iterable[Movement], made: Section104, *, zone: str) -> list[Change]:
    """Of one group of coins, by day: what was acquired and not identified otherwise, renames, disposals, then what left without a gain."""
    calendar, account = Calendar(zone), _Account()
    of_day: defaultdict[int, list[Movement]] = defaultdict(list)
    for m in movements:
        of_day[calendar.day(acquired_at(m) if m.act == "acquire" else m.at)].append(m)
    taken: defaultdict[tuple[str, int], list[DayMatch]] = defaultdict(list)
    pooled: dict[tuple[str, int], DayMatch] = {}
    for match in made.matches:
        if match.rule == "section_104":
            pooled[match.coin, match.day] = match
        else:
            taken[match.coin, match.day if match.acquired is None else match.acquired].append(match)
    for day, found in sorted(of_day.items()):
        for coin, bought in _by_coin(m for m in found if m.act == "acquire").items():
            rest, cost = left_of(bought, taken[coin, day])
            if rest:
                account.come(coin, day, "acquired", tuple(m.id for m in bought), quantity=rest, cost=cost)
        for m in found:
            if is_rename(m):
                account.rename(m, day)
        for coin in _by_coin(m for m in found if m.act == "dispose"):
            if (coin, day) in pooled:
                match = pooled[coin, day]
                account.go(coin, day, "disposed", match.disposals, match.quantity)
        for m in sorted(found, key=lambda m: (m.at, m.id)):
            if m.act == "leave":
                account.go(m.coin, day, "left", (m.id,), m.quantity)
    return account.changes


def in_turn(matches: Iterable[DayMatch]) -> list[DayMatch]:
    """In the order in which they take: the same day, then by day of disposal and of acquisition, then the pool."""
    place = {"same_day": 0, "thirty_day": 1, "section_104": 2}
    return sorted(matches, key=lambda m: (place[m.rule], m.day, m.acquired or 0))


def left_of(bought: Sequence[Movement], matches: Iterable[DayMatch]) -> tuple[int, int]:
    """Units and cost that these matches leave of a day's acquisitions; each takes its share of what the earlier ones left."""
    rest, cost = sum(m.quantity for m in bought), sum(cost_of(m)[0] for m in bought)
    for match in in_turn(matches):
        cost -= cost * match.quantity // rest
        rest -= match.quantity
    return rest, cost


def _by_coin(movements: Iterable[Movement]) -> dict[str, list[Movement]]:
    found: dict[str, list[Movement]] = {}
    for m in movements:
        found.setdefault(m.coin, []).append(m)
    return found


def acb_statement(movements: Iterable[Movement], made: Acb, *, zone: str) -> list[Change]:
    """Of one group of coins, in order of time. Denied losses join where the booking says."""
    account = _Account()
    extra: defaultdict[tuple[str, str], int] = defaultdict(int)
    at_sale: dict[tuple[str, str], int] = {}
    for one in made.superficial:
        for name, amount in one.added:
            if name:
                extra[one.coin, name] += amount
            else:
                at_sale[one.coin, one.id] = amount
    for day, m in dated(movements, zone):
        if m.act == "acquire":
            denied = extra.get((m.coin, m.id), 0)
            account.come(m.coin, day, "acquired", (m.id,), quantity=m.quantity, cost=cost_of(m)[0] + denied, denied=denied)
        elif is_rename(m):
            account.rename(m, day)
        elif m.act == "leave":
            account.go(m.coin, day, "left", (m.id,), m.quantity)
        elif m.act == "dispose":
            account.go(m.coin, day, "disposed", (m.id,), m.quantity)
            if (m.coin, m.id) in at_sale:
                account.come(m.coin, day, "denied", (m.id,), quantity=0, cost=at_sale[m.coin, m.id])
    return account.changes


class Window(NamedTuple):
    """What a superficial loss looks at (ITA s. 54): 30 days before the sale to 30 after."""

    since: int
    until: int
    acquisitions: tuple[tuple[str, int, int], ...]
    """Id, day, units: P is their sum."""
    held: int
    """B: at the end of `until`, or of the records where they end before."""


def window_of(movements: Iterable[Movement], coin: str, day: int, *, zone: str) -> Window:
    """Of a day of disposal of one coin of the group."""
    since, until = day - WINDOW_DAYS, day + WINDOW_DAYS
    held, bought = 0, []
    for on, m in dated(movements, zone):
        if on > until:
            break
        for change in _changes(m, coin):
            held = max(0, held + change)  # more left than was held leaves nothing
        if m.act == "acquire" and m.coin == coin and on >= since:
            bought.append((m.id, on, m.quantity))
    return Window(since, until, tuple(bought), held)


def _changes(m: Movement, coin: str) -> Iterator[int]:
    """Units of the coin that come or go."""
    if m.act == "acquire":
        if m.coin == coin:
            yield m.quantity
        return
    if m.coin == coin and (m.act != "move" or is_rename(m)):
        yield -m.quantity
    if is_rename(m) and (m.more.to_coin or m.coin) == coin:
        yield m.quantity if m.more.received is None else m.more.received
