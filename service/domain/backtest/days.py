"""Days and their prices: the holder's calendar, what a coin was worth on each day, and the days of which nobody knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

from connectors.contract import Quote
from service.domain.backtest.values import Past, Terms
from service.domain.ledger import Group
from service.domain.ledger.choices import DAY, Calendar
from service.domain.money import exact
from service.domain.movements import Movement, calendar_day, money, ticks


def daily(quotes: Iterable[Quote], calendar: Calendar) -> dict[str, dict[int, int]]:
    """Coin → day → money of one coin: the price of the whole day (of several sources the median), else the last one in the holder's day.
    The whole day of a source is one of UTC: it stands for the holder's day of the same date."""
    whole: dict[tuple[str, int], list[Decimal]] = defaultdict(list)
    within: dict[tuple[str, int], dict[datetime, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for quote in quotes:
        if quote.span == "day":
            whole[quote.asset, ticks(quote.at) // DAY].append(quote.price)
        else:
            within[quote.asset, calendar.day(ticks(quote.at))][quote.at].append(quote.price)
    found: dict[str, dict[int, int]] = defaultdict(dict)
    with exact():
        for (coin, day), times in within.items():
            found[coin][day] = money(median(times[max(times)]))
        for (coin, day), prices in whole.items():
            found[coin][day] = money(median(prices))
    return dict(found)


class Days:
    """The holder's days from the first to the last: where each ends, and in which year it lies."""

    def __init__(self, zone: str, terms: Terms) -> None:
        self.range = range(terms.first, terms.last + 1)
        self._zone = ZoneInfo(zone)
        self.begin = self._start(terms.first)
        self.ends = [self._start(day + 1) for day in self.range]
        """First instant after each day."""

    def _start(self, day: int) -> int:
        return ticks(datetime.combine(calendar_day(day), datetime.min.time(), self._zone).astimezone(UTC))

    def sweeps(self, prices: Mapping[int, int]) -> frozenset[int]:
        """The last day with a price of each year."""
        last: dict[int, int] = {}
        for day in self.range:
            if day in prices:
                last[calendar_day(day).year] = day
        return frozenset(last.values())


def coins_of(movements: Iterable[Movement]) -> set[str]:
    return {coin for m in movements for coin in (m.coin, m.more.to_coin) if coin}


def without_price(past: Past, terms: Terms, is_money: Callable[[str], bool]) -> dict[str, int]:
    """Coin → days of the span on which some of it was held at the end and no price is known. `is_money`: coins that are worth their peg."""
    days = Days(past.said.calendar.zone, terms)
    missing: dict[str, int] = defaultdict(int)
    for movements in past.groups:
        coins = [coin for coin in sorted(coins_of(movements)) if not is_money(coin)]
        group, left = Group(past.said, past.places), iter(movements)
        movement = next(left, None)
        for day, end in zip(days.range, days.ends, strict=True):
            while movement is not None and movement.at < end:
                group.enter(movement)
                movement = next(left, None)
            there = {coin for (_, coin), units in group.held.items() if units > 0}
            for coin in coins:
                missing[coin] += coin in there and day not in past.prices.get(coin, {})
    return {coin: count for coin, count in missing.items() if count}
