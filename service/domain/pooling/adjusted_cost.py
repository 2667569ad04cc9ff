"""Canada: the adjusted cost base, one average for each coin over all accounts, and superficial losses (ITA s. 47, 54, 40(2)(g)(i), 53(1)(f)).

A disposal takes the average cost; outlays lower its proceeds (s. 40(1)(a)). A loss is superficial as far as the same coin was acquired in the
61 days from 30 before to 30 after and is still held at their end. The part denied is

    loss × min(S, P, B) ÷ S     S: units sold; P: acquired in the 61 days; B: held at the end of day +30

as the Canada Revenue Agency reads it for identical properties, and it is added to the cost of what was acquired instead.

Worked example. 100 bought for 1,000; half a year later 100 sold for 600 (loss 400), 25 bought for 200 a week later and held. S = 100,
P = 25, B = 25: 400 × 25 ÷ 100 = 100 is denied, 300 counts. The 25 cost 200 + 100 = 300.

What the law leaves open, and what is done here:

* Denied loss goes first to what was acquired after the sale, the earliest first, when it is acquired (it is the likeliest to be what is held);
  then to what was acquired in the 30 days before it and is still in the pool, at the sale.
* A unit takes the place of a sold one once: what bears the loss of one sale is not in P of the next. Else one purchase would deny two losses.
* Days are those of the zone. If the records end before day +30, B is what is held at their end, so a loss of the last 30 days is not final.
* Renames move units and cost and acquire nothing. Affiliated persons are not seen: what they buy is not in the records.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service.domain.issues import Issue, content_id
from service.domain.ledger.choices import Calendar
from service.domain.methods import Flag
from service.domain.movements import PLACES, Movement
from service.domain.pooling.pools import Left, Pool, Short, Taken, Units, acquired_at, cost_of, gift_at_cost, joined, missing

WINDOW_DAYS = 30


class AcbMatch(NamedTuple):
    """One disposal. One cost for all its units, so one match."""

    id: str
    """The disposal's; "<event>/fee" for a fee."""
    coin: str
    account: str
    disposed: int
    """µs UTC."""
    quantity: int
    proceeds: int | None
    """After outlays; None: unknown."""
    acb: int
    """Without what is unknown (see `flags`)."""
    denied: int
    """The superficial part of the loss, 0 or more."""
    missing: int
    """Units of `quantity` that were never held."""
    flags: tuple[Flag, ...]
    of_units: int
    """The pool before it: `acb` is `of_cost` × `quantity` ÷ `of_units`, or all of it where units are missing."""
    of_cost: int

    @property
    def own_id(self) -> str:
        """Stable: what it is of."""
        return content_id("dsp", "acb", self.id, self.coin)

    @property
    def gain(self) -> int | None:
        """What counts: after the denied part. Over what is known of the cost; `pools.is_known` says whether that is all."""
        return None if self.proceeds is None else self.proceeds - self.acb + self.denied


class Superficial(NamedTuple):
    """Why a loss, or part of it, does not count, and where it went."""

    id: str
    coin: str
    loss: int
    sold: int
    acquired: int
    """P: all units acquired in the 61 days."""
    held: int
    """B."""
    counted: int
    """Units in the place of sold ones: min(S, P, B), less what already bears the loss of another sale."""
    denied: int
    added: tuple[tuple[str, int], ...]
    """Id of the acquisition and the loss added to it; an empty id is the pool at the sale."""


class Acb(NamedTuple):
    matches: list[AcbMatch]
    """In order of disposal."""
    pools: list[Pool]
    superficial: list[Superficial]
    left: list[Left]
    short: list[Short]
    """In the order in which the movements count."""
    issues: list[Issue]


def acb(movements: Iterable[Movement], *, zone: str, places: int = PLACES, symbols: Mapping[str, str] | None = None) -> Acb:
    """The disposals of one group of coins, movements in order. Linear, but for looking up days.

    Asserts that cost and denied losses are all in a disposal, in a pool, or left.
    """
    book = _Book(places, symbols or {})
    days = dated(movements, zone)
    for day, m in days:
        book.foresee(m, day)
    for day, m in days:
        book.enter(m, day)
    return book.closed()


def dated(movements: Iterable[Movement], zone: str) -> list[tuple[int, Movement]]:
    """In the order in which they count, each with its day: a deposit since its stated date."""
    known = list(movements)
    since = [acquired_at(m) if m.act == "acquire" else m.at for m in known]
    calendar, day = Calendar(zone), 0
    found = []
    for n in sorted(range(len(known)), key=since.__getitem__):
        day = max(day, calendar.day(since[n]))  # where clocks go back over midnight, the day does not
        found.append((day, known[n]))
    return found


class _Coin:
    """Who acquired what when, and how much was held at the end of each day: what a superficial loss looks at, before and after it."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.days: list[int] = []
        self.until: list[int] = [0]
        """Units acquired by the first n acquisitions."""
        self.free: list[int] = []
        """Units of each acquisition that bear no loss."""
        self.extra: dict[int, int] = {}
        """Denied loss that waits for an acquisition."""
        self.balance_days: list[int] = []
        self.balances: list[int] = []
        self.held = 0
        self.entered = 0
        """Acquisitions before now."""
        self._first_after = 0
        self._first_before = 0

    def acquire(self, name: str, day: int, units: int) -> None:
        self.ids.append(name)
        self.days.append(day)
        self.free.append(units)
        self.until.append(self.until[-1] + units)

    def change(self, day: int, units: int) -> None:
        """More left than was held leaves nothing, not less."""
        self.held = max(0, self.held + units)
        if self.balance_days and self.balance_days[-1] == day:
            self.balances[-1] = self.held
        else:
            self.balance_days.append(day)
            self.balances.append(self.held)

    def acquired(self, since: int, until: int) -> int:
        return self.until[bisect_right(self.days, until)] - self.until[bisect_left(self.days, since)]

    def balance(self, day: int) -> int:
        """At the end of a day that is not before the first."""
        return self.balances[bisect_right(self.balance_days, day) - 1]

    def after(self, until: int, units: int) -> list[tuple[int, int]]:
        """Up to `units` free ones acquired from now to the end of day `until`: (acquisition, units), and they are free no more."""
        found = []
        n = self._first_after = max(self._first_after, self.entered)
        while units and n < len(self.days) and self.days[n] <= until:
            part = min(self.free[n], units)
            if part:
                self.free[n] -= part
                units -= part
                found.append((n, part))
            if not self.free[n]:
                n += 1
        self._first_after = n
        return found

    def before(self, since: int, units: int) -> int:
        """Free units acquired from day `since` to now, at most `units`; they are free no more."""
        n, found = self._first_before, 0
        while n < self.entered and found < units:
            if self.days[n] >= since:
                part = min(self.free[n], units - found)
                self.free[n] -= part
                found += part
            if self.days[n] < since or not self.free[n]:
                n += 1
        self._first_before = n
        return found


class _Book:
    def __init__(self, places: int, symbols: Mapping[str, str]) -> None:
        self.places, self.symbols = places, symbols
        self.coins: defaultdict[str, _Coin] = defaultdict(_Coin)
        self.pools: defaultdict[str, Units] = defaultdict(Units)
        self.matches: list[AcbMatch] = []
        self.superficial: list[Superficial] = []
        self.left: list[Left] = []
        self.short: list[Short] = []
        self.issues: list[Issue] = []
        self.added = 0
        """Cost of all acquisitions and all denied losses."""

    def foresee(self, m: Movement, day: int) -> None:
        """Who acquires and holds what when; all of it is known before the first loss is looked at."""
        coin = self.coins[m.coin]
        if m.act == "acquire":
            coin.acquire(m.id, day, m.quantity)
            coin.change(day, m.quantity)
        elif m.act != "move":
            coin.change(day, -m.quantity)
        elif m.more.to_coin or m.more.received is not None:
            coin.change(day, -m.quantity)
            self.coins[m.more.to_coin or m.coin].change(day, m.quantity if m.more.received is None else m.more.received)

    def enter(self, m: Movement, day: int) -> None:
        if m.act == "acquire":
            self._acquire(m)
        elif m.act == "dispose":
            self._dispose(m, day)
        elif m.act == "leave":
            taken = self._take(m)
            self.left.append(Left(m.id, m.coin, m.more.kind, m.at, m.quantity, taken.cost, taken.flags))
            if m.more.kind == "gift_out":
                self.issues.append(gift_at_cost(m, self.places, self.symbols))
        elif m.more.to_coin or m.more.received is not None:
            taken = self._take(m)
            arriving = m.quantity if m.more.received is None else m.more.received
            self.pools[m.more.to_coin or m.coin].add(arriving, taken.cost, taken.flags)

    def _acquire(self, m: Movement) -> None:
        coin = self.coins[m.coin]
        cost, flags = cost_of(m)
        self.added += cost
        self.pools[m.coin].add(m.quantity, cost + coin.extra.pop(coin.entered, 0), flags)
        coin.entered += 1

    def _take(self, m: Movement) -> Taken:
        taken = self.pools[m.coin].take(m.quantity)
        if taken.missing:
            self.short.append(Short(m.id, m.coin, taken.missing))
            self.issues.append(missing(m.id, m.coin, taken.missing, self.places, self.symbols))
        return taken

    def _dispose(self, m: Movement, day: int) -> None:
        taken = self._take(m)
        proceeds, denied, flags = None if m.value is None else m.value - m.fee, 0, taken.flags
        if proceeds is None:
            flags = joined(flags, ("unpriced",))
        elif proceeds < taken.cost:
            denied = self._deny(m, day, taken.cost - proceeds)
            if denied:
                flags = joined(flags, ("superficial",))
        self.matches.append(
            AcbMatch(
                m.id, m.coin, m.account, m.at, m.quantity, proceeds, taken.cost, denied, taken.missing, flags, taken.of_units, taken.of_cost
            )
        )

    def _deny(self, m: Movement, day: int, loss: int) -> int:
        """The superficial part of a loss, added to what takes the place of what was sold."""
        coin, pool = self.coins[m.coin], self.pools[m.coin]
        held, sold = coin.balance(day + WINDOW_DAYS), m.quantity
        most = min(sold, held)
        later = coin.after(day + WINDOW_DAYS, most)
        units = sum(part for _, part in later)
        earlier = coin.before(day - WINDOW_DAYS, min(most - units, pool.quantity))
        counted = units + earlier
        denied = loss if counted == sold else loss * counted // sold
        if not denied:
            return 0
        added, borne, given = [], 0, 0
        for n, part in later:
            borne += part
            share = denied * borne // counted - given
            given += share
            coin.extra[n] = coin.extra.get(n, 0) + share
            added.append((coin.ids[n], share))
        if earlier:
            pool.cost += denied - given
            added.append(("", denied - given))
        self.added += denied
        acquired = coin.acquired(day - WINDOW_DAYS, day + WINDOW_DAYS)
        self.superficial.append(Superficial(m.id, m.coin, loss, sold, acquired, held, counted, denied, tuple(added)))
        return denied

    def closed(self) -> Acb:
        spent = sum(match.acb for match in self.matches) + sum(one.cost for one in self.left)
        assert self.added == spent + sum(pool.cost for pool in self.pools.values()), "a cost was made or lost"
        pools = [self.pools[coin].closed(coin) for coin in sorted(self.pools)]
        return Acb(self.matches, pools, self.superficial, self.left, self.short, self.issues)
