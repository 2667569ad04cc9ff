"""What a rule of harvesting would have done on the holder's own history: the ledger run again, day by day, with its sales put in.

Worked example. 1 BTC bought on 5 January for 40,000; on 10 June it is worth 31,000; sold for good on 1 March of the next year for 50,000. A
harvest at 20 percent falls on 10 June (22.5 percent lost): the coin is sold and bought back at 31,000, which realises a short-term loss of
9,000 and costs 0.3 percent, 93. In March the lot of June is sold: a short-term gain of 19,000, where without the harvest it would have been a
long-term one of 10,000. So a harvest moves tax between years and between terms, and only whole years computed with and without it tell its worth.

Each harvest is a sale and a purchase at the end of the holder's day, at that day's price, by the method that the account has then: the engine
books them as it books any other, with a new basis and a new date, and what the holder really did afterwards meets other lots. The costs of the
round trip are counted apart from gains. A day without a price has no harvest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.contract import Quote
from service.domain import ledger
from service.domain.assets import is_one_of_a_kind
from service.domain.harvest import Costs
from service.domain.issues import IssueKind
from service.domain.ledger import Choices, Group, Match, Method
from service.domain.ledger.choices import Calendar
from service.domain.ledger.pool import ENTRIES, Holding, Pool
from service.domain.money import ZERO, exact
from service.domain.movements import More, Movement, calendar_day, iso_day, money, ticks
from service.domain.plan import carry_worth
from service.domain.plan.proposal import deferral
from service.domain.reports.matches import ordered
from service.domain.rules import Rules
from service.domain.statements import LotChoice
from service.domain.tax import Liability, Profile, Realised, liability, year_of
from service.domain.tax.federal import EXACT

SWEEP_TIMES_COSTS = 3
"""At the end of a year a lot is taken when what it saves at the rate on short-term gains is at least this many times its costs (the tax
reference, 4.4)."""
_TAKES_NO_ORDER = More(is_fee=True)
"""What the holder identified is for their own sales: a harvest takes nothing of it, as a fee does not."""

PoolKey = tuple[str, str]
"""Account ("" in one pool for all) and coin."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When to harvest."""

    name: str
    trigger: Decimal | None = None
    """Lost share of the basis; None: never during the year."""
    sweeps: bool = False
    """On the last day with a price of each year."""


NOTHING = Policy("none")


@dataclass(frozen=True, slots=True)
class Past:
    """A history as it was booked, and what coins were worth."""

    groups: Sequence[Sequence[Movement]]
    """Movements of each group of coins, in order."""
    said: Choices
    places: int
    prices: Mapping[str, Mapping[int, int]]
    """Coin → day → money of one coin (`daily`)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """From the first day to the last one, both in, harvests may happen; what comes after the last is left out."""

    first: int
    last: int
    costs: Costs
    sweep_rate: Decimal
    """What a dollar of loss saves in the judgement of the sweep."""
    least_loss: Callable[[str], Decimal]
    """By coin, in money: less is not worth a trade."""
    movable: Callable[[str], bool]
    """Whether coins of an account can be sold where they lie."""


class Harvest(NamedTuple):
    """One sale with its purchase. Quantities and money in ints (service.domain.movements)."""

    day: int
    account: str
    coin: str
    lots: int
    """How many it took, whole or in part."""
    quantity: int
    value: int
    short: int
    """What it realised; losses negative."""
    long: int
    costs: Decimal


@dataclass(frozen=True, slots=True)
class Run:
    """What became of the history under a policy."""

    policy: Policy
    harvests: tuple[Harvest, ...]
    """In order of day, account and coin."""
    realised: Mapping[int, Realised]
    """By tax year from the first to the last."""
    unknown: Mapping[int, int]
    """Disposals of a year whose gain is unknown; they are in no sum."""
    open_basis: Decimal
    """Of all lots at the end whose basis is known."""
    held: Mapping[PoolKey, int]
    """Account and coin → what is there at the end."""
    not_there: int
    """Lots that the holder named for a sale and that were not there."""
    matches: tuple[Match, ...] = field(repr=False)


# ------------------------------------------------------------------ prices


def daily(quotes: Iterable[Quote], calendar: Calendar) -> dict[str, dict[int, int]]:
    """Coin → day → money of one coin: the price of the whole day (of several sources the median), else the last one in the holder's day."""
    whole: dict[tuple[str, int], list[Decimal]] = defaultdict(list)
    within: dict[tuple[str, int], dict[datetime, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for quote in quotes:
        if quote.span == "day":
            whole[quote.asset, Calendar("UTC").day(ticks(quote.at))].append(quote.price)
        else:
            within[quote.asset, calendar.day(ticks(quote.at))][quote.at].append(quote.price)
    found: dict[str, dict[int, int]] = defaultdict(dict)
    with exact():
        for (coin, day), times in within.items():
            found[coin][day] = money(median(times[max(times)]))
        for (coin, day), prices in whole.items():
            found[coin][day] = money(median(prices))
    return dict(found)


# ------------------------------------------------------------------ one policy


def simulate(past: Past, policy: Policy, terms: Terms) -> Run:
    """The whole history under a policy; the same inputs give the same run."""
    days = _Days(past.said.calendar.zone, terms)
    books = [_Book(past, movements, policy, terms, days).run() for movements in past.groups]
    matches = ordered(m for book in books for m in book.group.matches)
    realised, unknown = _by_year(matches, past.said.calendar, terms)
    opens = [o for book in books for o in book.group.open()]
    held = {key: quantity for book in books for key, quantity in book.group.held.items()}
    return Run(
        policy,
        tuple(sorted(harvest for book in books for harvest in book.harvests)),
        realised,
        unknown,
        ledger.amount(sum(o.basis for o in opens if o.basis is not None)),
        held,
        sum(f.kind is IssueKind.LOT_NOT_AVAILABLE for book in books for f in book.group.findings),
        tuple(matches),
    )


def _by_year(matches: Iterable[Match], calendar: Calendar, terms: Terms) -> tuple[dict[int, Realised], dict[int, int]]:
    years = range(calendar_day(terms.first).year, calendar_day(terms.last).year + 1)
    sums = {year: [0, 0, 0] for year in years}
    unknown = dict.fromkeys(years, 0)
    for m in matches:
        year = calendar_day(calendar.day(m.disposed)).year
        if year not in sums:
            continue
        if m.proceeds is None or m.basis is None:
            unknown[year] += 1
            continue
        gain = m.proceeds - m.basis
        sums[year][1 if m.long else 0] += gain
        sums[year][2] += gain if m.long and is_one_of_a_kind(m.coin) else 0
    return {year: Realised(*(ledger.amount(one) for one in sums[year])) for year in years}, unknown


class _Days:
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


class _Look(NamedTuple):
    """At the end of a day."""

    day: int
    at: int
    share: Fraction
    """Of the basis, that must be lost."""
    is_sweep: bool


@dataclass(slots=True)
class _Watch:
    """What is known of a pool and of an account that can sell from it, so that most days cost one comparison. What had no harvest at a price has
    none at a higher one, until something moves or another method begins."""

    method: Method
    dearest: int | None = None
    """No lot cost more by unit; None: it has to be looked up."""
    none_at: int | None = None


class _Book:
    """One group of coins under one policy."""

    def __init__(self, past: Past, movements: Sequence[Movement], policy: Policy, terms: Terms, days: _Days) -> None:
        self.movements, self.policy, self.terms, self.days = movements, policy, terms, days
        self.prices = {coin: past.prices[coin] for coin in sorted(_coins(movements)) if coin in past.prices}
        self.selections = {"": (), **past.said.selections}  # never empty: the engine asks for selections where there is one
        chooses = any(method == "specific" for _, methods in past.said.methods.values() for method in methods)
        self.group = Group(replace(past.said, selections=self.selections) if chooses else past.said, past.places)
        self.places, self.one = past.places, 10**past.places
        self.harvests: list[Harvest] = []
        self.watched: dict[PoolKey, dict[str, _Watch]] = defaultdict(dict)
        """By pool, and by the account that would sell."""

    def run(self) -> _Book:
        left = iter(self.movements)
        movement = self._until(left, next(left, None), self.days.begin)
        if self.policy.trigger is None and not self.policy.sweeps:
            self._until(left, movement, self.days.ends[-1])
        else:
            self._harvested(left, movement)
        self.group.close()
        return self

    def _until(self, left: Iterator[Movement], movement: Movement | None, end: int) -> Movement | None:
        """Books what comes before `end`; returns what comes next."""
        while movement is not None and movement.at < end:
            self._pass_time(movement.at)
            self.group.enter(movement)
            self._note(movement)
            movement = next(left, None)
        return movement

    def _harvested(self, left: Iterator[Movement], movement: Movement | None) -> None:
        trigger = None if self.policy.trigger is None else Fraction(self.policy.trigger)
        share = Fraction(self.terms.costs.trade_share) * SWEEP_TIMES_COSTS
        rate = Fraction(self.terms.sweep_rate)
        of_sweep = share / (rate + share) if rate else None  # rate × loss ≥ share × value, as a share of the basis
        sweeps = {coin: self.days.sweeps(prices) if self.policy.sweeps else frozenset() for coin, prices in self.prices.items()}
        for day, end in zip(self.days.range, self.days.ends, strict=True):
            movement = self._until(left, movement, end)
            self._pass_time(end - 1)
            for coin, prices in self.prices.items():
                price = prices.get(day)
                if price is None:
                    continue
                if trigger is not None:
                    self._look(_Look(day, end - 1, trigger, is_sweep=False), coin, price)
                if of_sweep is not None and day in sweeps[coin]:
                    self._look(_Look(day, end - 1, of_sweep, is_sweep=True), coin, price)

    # ------------------------------------------------------------------ what may have changed

    def _note(self, m: Movement) -> None:
        """After a movement: what is known of the pools that it touched."""
        for account, coin in _places(m):
            for watched in self.watched.get(("" if self.group.universal else account, coin), {}).values():
                watched.none_at = None
                if m.act == "move":
                    watched.dearest = None
                elif m.act == "acquire" and watched.dearest is not None and m.value is not None:
                    watched.dearest = max(watched.dearest, m.value * self.one // m.quantity)

    def _pass_time(self, at: int) -> None:
        """Before a movement, and at the end of each day: lots may arrive, and a common pool may end."""
        before = (len(self.group.on_the_way), self.group.universal)
        self.group.pass_time(at)
        if before != (len(self.group.on_the_way), self.group.universal):
            self.watched.clear()

    # ------------------------------------------------------------------ a day

    def _look(self, look: _Look, coin: str, price: int) -> None:
        for key in [key for key, pool in self.group.pools.items() if key[1] == coin and pool.lots]:
            for account in self._sellers(key):
                if chosen := self._chosen(look, key, account, price):
                    self._sell(look, account, coin, price, chosen)
                    self.watched.pop(key, None)

    def _sellers(self, key: PoolKey) -> list[str]:
        """One pool for all is sold from by every account that holds something."""
        return [key[0]] if key[0] else sorted(account for (account, coin), units in self.group.held.items() if coin == key[1] and units > 0)

    def _chosen(self, look: _Look, key: PoolKey, account: str, price: int) -> list[_Part]:
        """What to sell; nothing without a look where it is known that there is nothing."""
        method, pool, share = self.group.choices.method(account, look.at), self.group.pools[key], look.share
        watched = self.watched[key].get(account)
        if watched is None or watched.method != method:
            watched = self.watched[key][account] = _Watch(method)
        if watched.dearest is None:
            watched.dearest = _dearest(pool)
        if price * share.denominator > watched.dearest * (share.denominator - share.numerator):
            return []
        if not look.is_sweep and watched.none_at is not None and price >= watched.none_at:
            return []
        line = _line(pool, method, price, self.one, self.group.held.get((account, key[1]), 0))
        chosen = self._worth(_deepest(line, share, method), account, key[1], price, is_sweep=look.is_sweep)
        if not chosen:
            watched.dearest = _dearest(pool)
            watched.none_at = watched.none_at if look.is_sweep else price
        return chosen

    def _worth(self, chosen: list[_Part], account: str, coin: str, price: int, *, is_sweep: bool) -> list[_Part]:
        """The same, or nothing where it loses too little."""
        lost = ledger.amount(sum(part.lost for part in chosen))
        if lost <= 0 or lost < self.terms.least_loss(coin):
            return []
        costs = self._costs(account, ledger.amount(price * sum(part.quantity for part in chosen) // self.one))
        with exact():
            return [] if is_sweep and self.terms.sweep_rate * lost < SWEEP_TIMES_COSTS * costs else chosen

    def _costs(self, account: str, value: Decimal) -> Decimal:
        with exact():
            return self.terms.costs.trade_share * value + (ZERO if self.terms.movable(account) else self.terms.costs.move)

    def _sell(self, look: _Look, account: str, coin: str, price: int, chosen: Sequence[_Part]) -> None:
        """And buys back."""
        day, at = look.day, look.at
        quantity = sum(part.quantity for part in chosen)
        value, asset = price * quantity // self.one, chosen[0].asset
        name = f"backtest/{iso_day(day)}/{account}/{coin}{'/sweep' if look.is_sweep else ''}"
        if self.group.choices.method(account, at) == "specific":
            self.selections[name] = tuple(LotChoice(part.lot, ledger.amount(part.quantity, self.places)) for part in chosen)
        known = len(self.group.matches)
        self.group.enter(Movement("dispose", at, name, account, coin, asset, quantity, value, 0, _TAKES_NO_ORDER))
        self.group.enter(Movement("acquire", at, name, account, coin, asset, quantity, value))
        short = long = 0
        for m in self.group.matches[known:]:
            assert m.proceeds is not None
            assert m.basis is not None, "a lot of unknown cost is never harvested"
            gain = m.proceeds - m.basis
            short, long = (short, long + gain) if m.long else (short + gain, long)
        costs = self._costs(account, ledger.amount(value))
        self.harvests.append(Harvest(day, account, coin, len(self.group.matches) - known, quantity, value, short, long, costs))


class _Part(NamedTuple):
    """A lot, or as much of it as the account can sell."""

    lot: str
    asset: str
    quantity: int
    basis: int
    lost: int
    """At the price of the day; a gain is negative."""


def _line(pool: Pool, method: Method, price: int, one: int, most: int) -> list[_Part]:
    """The lots in the order in which they go, up to `most` units; a lot of unknown cost ends the line, by identification it is left out."""
    entry = ENTRIES["hifo" if method == "specific" else method]
    line: list[_Part] = []
    for held in sorted(pool.lots.values(), key=lambda h: entry(h.origin)):
        if most <= 0:
            break
        if held.basis is None:
            if method == "specific":
                continue
            break
        line.append(_part(held, price, one, min(most, held.quantity)))
        most -= line[-1].quantity
    return line


def _part(held: Holding, price: int, one: int, quantity: int) -> _Part:
    """Of a gift worth less than it cost its donor a loss is measured from its value then, and between the two there is none."""
    assert held.basis is not None
    basis, fair = held.basis * quantity // held.quantity, held.fair
    worth = price * quantity // one
    lost = basis - worth
    if fair is not None and lost > 0:
        lost = max(0, fair * quantity // held.quantity - worth)
    return _Part(held.origin.id, held.asset, quantity, basis, lost)


def _dearest(pool: Pool) -> int:
    return max(held.origin.unit for held in pool.lots.values())


def _deepest(line: list[_Part], share: Fraction, method: Method) -> list[_Part]:
    """Of all that the method would take first, as much as loses most, where the whole and its last lot lost the share of their basis; by
    identification just the lots that lost it."""
    if method == "specific":
        return [part for part in line if _is_deep(part.lost, part.basis, share)]
    best = most = lost = basis = 0
    for place, part in enumerate(line, 1):
        lost, basis = lost + part.lost, basis + part.basis
        if lost > most and _is_deep(part.lost, part.basis, share) and _is_deep(lost, basis, share):
            best, most = place, lost
    return line[:best]


def _is_deep(lost: int, basis: int, share: Fraction) -> bool:
    return lost > 0 and lost * share.denominator >= basis * share.numerator


def _coins(movements: Iterable[Movement]) -> set[str]:
    return {coin for m in movements for coin in (m.coin, m.more.to_coin) if coin}


def _places(m: Movement) -> set[PoolKey]:
    """Account and coin of everything that a movement touches."""
    return {(m.account, m.coin), (m.more.to_account or m.account, m.more.to_coin or m.coin)}


# ------------------------------------------------------------------ days without a price


def without_price(past: Past, terms: Terms, is_money: Callable[[str], bool]) -> dict[str, int]:
    """Coin → days of the span on which some of it was held at the end and no price is known. `is_money`: coins that are worth their peg."""
    days = _Days(past.said.calendar.zone, terms)
    missing: dict[str, int] = defaultdict(int)
    for movements in past.groups:
        coins = [coin for coin in sorted(_coins(movements)) if not is_money(coin)]
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


# ------------------------------------------------------------------ years


@dataclass(frozen=True, slots=True)
class Year:
    """One tax year under a policy, and beside doing nothing. Money."""

    year: int
    harvests: int
    short_loss: Decimal
    """What the harvests realised, losses positive."""
    long_loss: Decimal
    costs: Decimal
    tax: Liability
    saved: Decimal
    """Tax of the year without a harvest, less this one; negative where earlier harvests come back."""

    @property
    def net(self) -> Decimal:
        with exact():
            return self.saved - self.costs


@dataclass(frozen=True, slots=True)
class Result:
    """A policy over all years."""

    run: Run
    years: tuple[Year, ...]
    carry_short: Decimal
    """Losses that the last year hands on."""
    carry_long: Decimal
    carry: Decimal
    """What they are worth more than those without a harvest: used year by year, worth of today."""
    deferred: Decimal
    """Worth of the tax that the lower basis of what is still held brings later; negative where it saves some."""

    @property
    def net(self) -> Decimal:
        """Of the years."""
        with exact():
            return sum((year.net for year in self.years), ZERO)

    @property
    def after_later(self) -> Decimal:
        with exact():
            return self.net + self.carry - self.deferred


def results(runs: Sequence[Run], profile_of: Callable[[int], Profile], rules_of: Callable[[int], Rules]) -> list[Result]:
    """Each run beside the first one, which harvests nothing. Carryovers flow from year to year, in each run its own; those of the first year's
    profile begin."""
    assert not runs[0].harvests, "the first run is the one without a harvest"
    taxed = [_taxed(run, profile_of, rules_of) for run in runs]
    found = []
    with exact():
        for run, (years, worth) in zip(runs, taxed, strict=True):
            last = years[max(years)]
            found.append(
                Result(
                    run,
                    tuple(_year(run, year, tax, taxed[0][0][year]) for year, tax in sorted(years.items())),
                    last.carry_short,
                    last.carry_long,
                    worth - taxed[0][1],
                    (runs[0].open_basis - run.open_basis) * deferral(profile_of(max(years))),
                )
            )
    return found


def _taxed(run: Run, profile_of: Callable[[int], Profile], rules_of: Callable[[int], Rules]) -> tuple[dict[int, Liability], Decimal]:
    """The tax of each year, and what the losses are worth that the last one hands on."""
    first = profile_of(min(run.realised))
    short, long = first.short_carryover, first.long_carryover
    years: dict[int, Liability] = {}
    for year in sorted(run.realised):
        profile = replace(profile_of(year), short_carryover=short, long_carryover=long)
        model = year_of(profile, rules_of(year), run.realised[year])
        years[year] = liability(model)
        short, long = years[year].carry_short, years[year].carry_long
    with exact():
        return years, carry_worth(model, profile).of(short, long, EXACT)


def _year(run: Run, year: int, tax: Liability, without: Liability) -> Year:
    of = [h for h in run.harvests if calendar_day(h.day).year == year]
    return Year(
        year,
        len(of),
        -ledger.amount(sum(h.short for h in of)),
        -ledger.amount(sum(h.long for h in of)),
        sum((h.costs for h in of), ZERO),
        tax,
        without.total - tax.total,
    )
