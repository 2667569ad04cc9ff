"""The holder's words, made ready for the engine: which method when, which lots for which event, one pool or many, and the calendar."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from service.domain.ledger.words import Selected, Selection, Weighed, selected, weighed
from service.domain.movements import Movement, calendar_day, day_number, moment, of_whole_row, ticks
from service.domain.rules import first_long_date
from service.domain.statements import Allocation, Identification, LotChoice, MethodName, Statements

Scope = Literal["account", "universal"]
Method = MethodName | Literal["average"]

DAY = 86_400_000_000
_SLOT = 900_000_000
"""Clocks change at quarters of an hour, so one look at the zone holds for 15 minutes."""
_TICK = timedelta(microseconds=1)


class Calendar:
    """Days of a time zone as numbers (days since 1970-01-01), and the first day on which a lot is long term."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self.is_utc = zone == "UTC"
        self._info = ZoneInfo(zone)
        self._offsets: dict[int, int] = {}
        self._days: dict[int, int] = {}
        self._long: dict[int, int] = {}

    def day(self, at: int) -> int:
        if self.is_utc:
            return at // DAY
        offset = self._days.get(at // DAY)
        return (at + (self._offset(at) if offset is None else offset)) // DAY

    def _offset(self, at: int) -> int:
        """Ahead of UTC. Kept for the whole day of UTC where the clocks do not change in it."""
        day = at // DAY
        first, last = self._at(day * DAY), self._at(day * DAY + DAY - 1)
        if first == last:
            self._days[day] = first
            return first
        return self._at(at)

    def _at(self, at: int) -> int:
        slot = at // _SLOT
        if slot not in self._offsets:
            away = moment(slot * _SLOT).astimezone(self._info).utcoffset()
            assert away is not None
            self._offsets[slot] = away // _TICK
        return self._offsets[slot]

    def long_from(self, day: int) -> int:
        """The first day on which what was acquired on `day` is long term (rules.first_long_date)."""
        found = self._long.get(day)
        if found is None:
            found = self._long[day] = day_number(first_long_date(calendar_day(day)))
        return found


@dataclass(frozen=True, slots=True)
class Choices:
    """Made by `choices`. Read by the engine only."""

    calendar: Calendar
    universal: bool
    """One pool of a coin for all accounts: always, or until `split_day`."""
    split_day: int | None
    """From this day on each account is its own pool."""
    one: Method | None
    """The method of every account and day; None: `methods` say."""
    methods: Mapping[str, tuple[tuple[int, ...], tuple[MethodName, ...]]]
    """Account → days from which, and what."""
    words: Mapping[str, tuple[Selection, ...]]
    """What the holder selected, by the event as each word calls it."""
    identifications: Mapping[tuple[str, str], tuple[Identification, ...]]
    """By account and coin."""
    said: Mapping[str, tuple[Allocation, ...]] = field(default_factory=dict)
    """By coin: all words on where its lots went at the split, in the order of making."""
    allocations: Mapping[str, Weighed] = field(default_factory=dict)
    """By coin: the one that counts."""
    selections: Mapping[str, tuple[LotChoice, ...]] = field(default_factory=dict)
    """Movement → lots that it takes first, whatever was said: of a question what would be, not of the holder's."""

    @property
    def average(self) -> bool:
        return self.one == "average"

    def method(self, account: str, at: int) -> Method:
        """FIFO where nothing was said (26 CFR 1.1012-1(j)(3)(i))."""
        if self.one is not None:
            return self.one
        said = self.methods.get(account)
        if said is None:
            return "fifo"
        place = bisect_right(said[0], self.calendar.day(at))
        return said[1][place - 1] if place else "fifo"

    def selected(self, m: Movement) -> Selected:
        """What was selected for a movement, by any id of the rows that it comes from.

        A row that sends to several places is several events; what was said of the row holds for those of which nothing was said themselves.
        """
        names = [name for name in (m.id, m.more.also) if name]
        words = [word for name in names for word in self.words.get(name, ())]
        if words or not m.more.after:
            return selected(words, m.at)
        words = [word for name in names for word in self.words.get(of_whole_row(name), ())]
        return selected(words, m.at)._replace(after=Decimal(m.more.after))

    def settled(self, movements: Iterable[Movement]) -> Choices:
        """The same, once the history is at hand: lots that were named after the split are in time until the first sale of their coin."""
        if self.split_day is None or not any(word.lots and self._is_after(word) for said in self.said.values() for word in said):
            return self
        first: dict[str, int] = {}
        for m in movements:
            if m.act == "dispose" and m.coin in self.said and self.calendar.day(m.at) >= self.split_day:
                first[m.coin] = min(m.at, first.get(m.coin, m.at))
        return replace(self, allocations=_weighed(self.said, self.split_day, self.calendar, first))

    def _is_after(self, word: Allocation) -> bool:
        return self.split_day is not None and self.calendar.day(ticks(word.made_at)) >= self.split_day


def choices(statements: Statements, *, zone: str, scope: Scope | None = None, method: Method | None = None) -> Choices:
    """`scope` None: as the holder said (each account its own pool, from the first day or from `account_scope_from`); "account": from the first
    day; "universal": always one pool. `method` overrides every account's own. "average" is a view: the moving average of each pool."""
    by_account: dict[str, dict[int, MethodName]] = defaultdict(dict)
    for said in sorted(statements.methods, key=lambda m: (m.since, m.made_at)):
        by_account[said.account][day_number(said.since)] = said.method
    named: dict[tuple[str, str], list[Identification]] = defaultdict(list)
    for one in statements.identifications:
        named[one.account, one.asset].append(one)
    words: dict[str, list[Selection]] = defaultdict(list)
    for n, word in enumerate(statements.selections):
        words[word.event].append(Selection(ticks(word.made_at), n, word))
    allocated: dict[str, list[Allocation]] = defaultdict(list)
    for where in statements.allocations:
        allocated[where.coin].append(where)
    split = statements.account_scope_from
    split_day = day_number(split) if scope is None and split is not None else None
    calendar = Calendar(zone)
    by_coin = {coin: tuple(said) for coin, said in allocated.items()}
    return Choices(
        calendar=calendar,
        universal=scope == "universal" or (scope is None and split is not None),
        split_day=split_day,
        one=method,
        methods={account: (tuple(days), tuple(days.values())) for account, days in by_account.items()},
        words={event: tuple(said) for event, said in words.items()},
        identifications={key: tuple(said) for key, said in named.items()},
        said=by_coin,
        allocations={} if split_day is None else _weighed(by_coin, split_day, calendar, {}),
    )


def _weighed(
    said: Mapping[str, Sequence[Allocation]], split_day: int, calendar: Calendar, first_sales: Mapping[str, int]
) -> dict[str, Weighed]:
    return {coin: weighed(words, split_day, calendar.day, first_sales.get(coin)) for coin, words in said.items()}
