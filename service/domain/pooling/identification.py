"""United Kingdom: which units of a coin a disposal is identified with, over all accounts (TCGA 1992 s. 104, 105, 106A; HMRC CRYPTO22250 ff.).

All acquisitions of a day are one, and so are all disposals (s. 105(1)(a)). A day's disposals are matched in this order:

1. with the acquisitions of the same day (s. 105(1)(b));
2. with those of the 30 days after it, the earlier disposal first, the earlier acquisition first (s. 106A(5), (5A)); what a day needs for
   its own disposals is no longer there;
3. with the section 104 pool at its average cost.

Worked example. 100 bought for 1,000, 50 more for 125,000; 50 sold for 300,000. The pool holds 150 with a cost of 126,000; a third of it is
42,000, the gain 258,000. Had 20 been bought for 90,000 a week after the sale: 20 of the 50 cost 90,000, the other 30 cost
126,000 × 30 ÷ 150 = 25,200, the gain is 184,800, and 120 with a cost of 100,800 stay.

Proceeds are before fees; the fees of a sale, spend or swap are part of the allowable cost (s. 38(1)(c)). What leaves without a gain leaves
the pool, after the day's disposals. A day is one, so within it only the renames of a coin have an order, and they come before its disposals.
Rules 1 and 2 match a coin with itself only, not with what it was renamed to.
What is identified with a later acquisition beyond 30 days in law (a short sale) is missing history here: an issue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from operator import attrgetter
from typing import Literal, NamedTuple

from service.domain.issues import Issue, content_id
from service.domain.ledger.choices import Calendar
from service.domain.methods import Flag
from service.domain.movements import EPOCH, PLACES, Movement, iso_day
from service.domain.pooling.pools import Left, Pool, Short, Taken, Units, acquired_at, cost_of, gift_at_cost, joined, missing

Rule = Literal["same_day", "thirty_day", "section_104"]
WINDOW_DAYS = 30
_EPOCH_DAY = EPOCH.toordinal()


class DayMatch(NamedTuple):
    """One day's disposals of a coin, or the part of them that one rule matches with one day's acquisitions or with the pool."""

    coin: str
    day: int
    """Of the disposal: days since 1970-01-01, in the zone."""
    rule: Rule
    acquired: int | None
    """thirty_day: the day bought back."""
    quantity: int
    proceeds: int | None
    """Before fees; None: one of the day's disposals has no known value."""
    cost: int
    """Allowable: of the units, and the fees of the disposals. Without what is unknown (see `flags`)."""
    fees: int
    """The part of `cost` that is fees; the rest is `of_cost` × `quantity` ÷ `of_units`, or all of it where units are missing."""
    of_units: int
    """What the rule took from, before it: the pool, or what the day's acquisitions still had."""
    of_cost: int
    missing: int
    """Units of `quantity` that were never held: without cost, and an issue."""
    flags: tuple[Flag, ...]
    disposals: tuple[str, ...]
    """Ids of the day's disposals; "<event>/fee" for a fee."""
    acquisitions: tuple[str, ...]
    """same_day, thirty_day: ids of the acquisitions."""

    @property
    def own_id(self) -> str:
        """Stable: what it is of, and the rule."""
        acquired = "" if self.acquired is None else iso_day(self.acquired)
        return content_id("dsp", "section104", self.coin, iso_day(self.day), self.rule, acquired)

    @property
    def gain(self) -> int | None:
        """Over what is known of the cost; `pools.is_known` says whether that is all."""
        return None if self.proceeds is None else self.proceeds - self.cost


_in_time = attrgetter("at", "id")
"""A cost is cut at 30 places, so even what leaves on one day has an order."""


class Section104(NamedTuple):
    matches: list[DayMatch]
    """By day, coin, rule and day bought back."""
    pools: list[Pool]
    """Of each coin, at the end, by name."""
    left: list[Left]
    short: list[Short]
    """By day."""
    issues: list[Issue]


def calendar_day(day: int) -> date:
    return date.fromordinal(day + _EPOCH_DAY)


def tax_year(day: int) -> int:
    """The year in which it ends: 6 April to 5 April."""
    on = calendar_day(day)
    return on.year + ((on.month, on.day) >= (4, 6))


def section104(
    movements: Iterable[Movement], *, zone: str = "Europe/London", places: int = PLACES, symbols: Mapping[str, str] | None = None
) -> Section104:
    """The matches of one group of coins, movements in order. `places`: of its quantities; `symbols`: by coin, for the issues.

    Linear in the movements, but for sorting the days. Asserts that no cost was made or lost.
    """
    book = _Book(Calendar(zone), places, symbols or {})
    for m in movements:
        book.enter(m)
    for days in book.days.values():
        book.identify(days)
    book.pool()
    return book.closed()


class _Day:
    """One coin on one day: what is not yet identified, with its cost or proceeds."""

    __slots__ = ("bought", "coin", "cost", "disposals", "fees", "flags", "on", "proceeds", "purchases", "sold", "unpriced")

    def __init__(self, coin: str, on: int) -> None:
        self.coin, self.on = coin, on
        self.bought = self.cost = self.sold = self.proceeds = self.fees = 0
        self.flags: tuple[Flag, ...] = ()
        """Of the acquisitions."""
        self.unpriced = False
        self.purchases: list[str] = []
        self.disposals: list[str] = []

    def buy(self, units: int) -> Taken:
        """A part of the day's acquisitions; the last part takes what is left of their cost."""
        bought, whole = self.bought, self.cost
        cost = whole if units == bought else whole * units // bought
        self.bought, self.cost = bought - units, whole - cost
        return Taken(cost, 0, self.flags, bought, whole)

    def sell(self, units: int) -> tuple[int, int]:
        """Proceeds and fees of a part of the day's disposals."""
        proceeds, fees = self.proceeds, self.fees
        if units != self.sold:
            proceeds, fees = proceeds * units // self.sold, fees * units // self.sold
        self.sold, self.proceeds, self.fees = self.sold - units, self.proceeds - proceeds, self.fees - fees
        return proceeds, fees


class _Book:
    def __init__(self, calendar: Calendar, places: int, symbols: Mapping[str, str]) -> None:
        self.calendar, self.places, self.symbols = calendar, places, symbols
        self.days: defaultdict[str, dict[int, _Day]] = defaultdict(dict)
        self.moves: defaultdict[int, list[Movement]] = defaultdict(list)
        self.leaves: defaultdict[int, list[Movement]] = defaultdict(list)
        self.pools: defaultdict[str, Units] = defaultdict(Units)
        self.matches: list[DayMatch] = []
        self.left: list[Left] = []
        self.short: list[Short] = []
        self.issues: list[Issue] = []
        self.known = 0
        """Cost of all acquisitions and fees."""

    def enter(self, m: Movement) -> None:
        if m.act == "acquire":
            cost, flags = cost_of(m)
            day = self._day(m.coin, acquired_at(m))
            day.bought += m.quantity
            day.cost += cost
            if flags:
                day.flags = joined(day.flags, flags)
            day.purchases.append(m.id)
            self.known += cost
        elif m.act == "dispose":
            day = self._day(m.coin, m.at)
            day.sold += m.quantity
            day.fees += m.fee
            if m.value is None:
                day.unpriced = True
            else:
                day.proceeds += m.value
            day.disposals.append(m.id)
            self.known += m.fee
        elif m.act == "leave":
            self.leaves[self.calendar.day(m.at)].append(m)
        elif m.more.to_coin or m.more.received is not None:
            self.moves[self.calendar.day(m.at)].append(m)

    def _day(self, coin: str, at: int) -> _Day:
        days, on = self.days[coin], self.calendar.day(at)
        found = days.get(on)
        if found is None:
            found = days[on] = _Day(coin, on)
        return found

    def identify(self, days: dict[int, _Day]) -> None:
        """Same day, then 30 days. An acquisition day before a disposal, or used up, is of no use to any later disposal: one look at each."""
        order = [days[on] for on in sorted(days)]
        for day in order:
            if day.bought and day.sold:
                self._match(day, "same_day", day)
        first = 0
        for day in order:
            while day.sold and first < len(order) and order[first].on <= day.on + WINDOW_DAYS:
                later = order[first]
                if later.on > day.on and later.bought:
                    self._match(day, "thirty_day", later)
                if later.on <= day.on or not later.bought:
                    first += 1

    def _match(self, day: _Day, rule: Rule, bought: _Day) -> None:
        units = min(day.sold, bought.bought)
        self._record(day, rule, units, bought.buy(units), bought)

    def _record(self, day: _Day, rule: Rule, units: int, taken: Taken, bought: _Day | None = None) -> None:
        proceeds, fees = day.sell(units)
        self.matches.append(
            DayMatch(
                coin=day.coin,
                day=day.on,
                rule=rule,
                acquired=bought.on if bought is not None and rule == "thirty_day" else None,
                quantity=units,
                proceeds=None if day.unpriced else proceeds,
                cost=taken.cost + fees,
                fees=fees,
                of_units=taken.of_units,
                of_cost=taken.of_cost,
                missing=taken.missing,
                flags=joined(taken.flags, ("unpriced",)) if day.unpriced else taken.flags,
                disposals=tuple(day.disposals),
                acquisitions=() if bought is None else tuple(bought.purchases),
            )
        )

    def pool(self) -> None:
        """What was not identified otherwise, day by day: acquisitions, renames, disposals, then what left without a gain."""
        of_day: defaultdict[int, list[_Day]] = defaultdict(list)
        for days in self.days.values():
            for on, day in days.items():
                if day.bought or day.sold:
                    of_day[on].append(day)
        for on in sorted({*of_day, *self.moves, *self.leaves}):
            found = of_day.get(on, ())
            for day in found:
                if day.bought:
                    self.pools[day.coin].add(day.bought, day.cost, day.flags)
            for m in self.moves.get(on, ()):
                self._rename(m)
            for day in found:
                if day.sold:
                    self._dispose(day)
            for m in sorted(self.leaves.get(on, ()), key=_in_time):
                self._leave(m)

    def _dispose(self, day: _Day) -> None:
        taken = self.pools[day.coin].take(day.sold)
        self._record(day, "section_104", day.sold, taken)
        if taken.missing:
            self.short.append(Short(day.disposals[-1], day.coin, taken.missing))
            self.issues.append(missing(calendar_day(day.on).isoformat(), day.coin, taken.missing, self.places, self.symbols))

    def _rename(self, m: Movement) -> None:
        taken = self.pools[m.coin].take(m.quantity)
        into = m.more.to_coin or m.coin
        self.pools[into].add(m.quantity if m.more.received is None else m.more.received, taken.cost, taken.flags)
        if taken.missing:
            self.short.append(Short(m.id, m.coin, taken.missing))
            self.issues.append(missing(m.id, m.coin, taken.missing, self.places, self.symbols))

    def _leave(self, m: Movement) -> None:
        taken = self.pools[m.coin].take(m.quantity)
        self.left.append(Left(m.id, m.coin, m.more.kind, m.at, m.quantity, taken.cost, taken.flags))
        if taken.missing:
            self.short.append(Short(m.id, m.coin, taken.missing))
            self.issues.append(missing(m.id, m.coin, taken.missing, self.places, self.symbols))
        if m.more.kind == "gift_out":
            self.issues.append(gift_at_cost(m, self.places, self.symbols))

    def closed(self) -> Section104:
        spent = sum(match.cost for match in self.matches) + sum(one.cost for one in self.left)
        assert self.known == spent + sum(pool.cost for pool in self.pools.values()), "a cost was made or lost"
        self.matches.sort(key=lambda match: (match.day, match.coin, match.rule, match.acquired or 0))
        pools = [self.pools[coin].closed(coin) for coin in sorted({*self.pools, *self.days})]
        return Section104(self.matches, pools, self.left, self.short, self.issues)
