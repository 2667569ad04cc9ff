"""The engine: movements of one coin (and of those that it was renamed to) → matches and open lots, by the method in force.

Worked example. Bought 1 BTC for 40,000 with a fee of 10, later 2 BTC for 90,000; sold 1.5 BTC for 105,000 with a fee of 15.
FIFO: 1 of the first lot (proceeds 69,990, basis 40,010) and 0.5 of the second (34,995 and 22,500); 1.5 BTC with a basis of
67,500 stay. One pool for each account and coin; a transfer takes the oldest lots along with basis and date.

What is unknown stays None and is flagged: a lot of unknown cost gives a disposal of unknown gain, never a gain of everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Protocol

from service.domain.issues import IssueKind
from service.domain.ledger.allocation import allocate
from service.domain.ledger.choices import Choices, Method
from service.domain.ledger.identified import Identified
from service.domain.ledger.pool import Holding, Origin, Pool
from service.domain.ledger.values import Allocated, Finding, Match, Open
from service.domain.movements import PLACES, Movement

_UNKNOWN = ("missing_basis",)
_AVERAGED = ("gift_averaged",)
"""A gift that has, or may have, two bases is in the average, which knows one."""
_GIFT_UNTOLD = ("gift_value_unknown",)
"""A gift of known cost to its donor and unknown value when given: a loss on it is at most what the donor's basis says (IRC 1015(a))."""
_match = tuple.__new__
"""A NamedTuple made in one step: the million matches of a long history are worth it."""


class Watcher(Protocol):
    """Looks on while lots leave a pool; changes nothing."""

    def before(self, m: Movement, pool: Pool, method: Method) -> None:
        """The pool as it is before anything is taken."""

    def after(self, m: Movement, named: Sequence[tuple[str, int]], taken: Sequence[Holding]) -> None:
        """Lots and quantities that the holder named for it, and all that was taken, in the order of taking."""


class Group:
    """Enter all movements in their order, then close. `matches`, `incomes`, `findings` and `allocated` grow as they come."""

    def __init__(self, choices: Choices, places: int = PLACES, watcher: Watcher | None = None) -> None:
        """`watcher`: sees every taking of lots."""
        self.choices = choices
        self.places = places
        self.watcher = watcher
        self.matches: list[Match] = []
        self.incomes: list[Movement] = []
        self.findings: list[Finding] = []
        self.allocated: list[Allocated] = []
        self.universal = choices.universal
        self.pools: dict[tuple[str, str], Pool] = {}
        self.held: dict[tuple[str, str], int] = {}
        """Account and coin → what its movements add up to; below zero where more left than came in."""
        self.short: dict[tuple[str, str], int] = {}
        """Account and coin → what left without a lot."""
        self.acquired = self.disposed = self.left = 0
        """Running sums of known bases: what came in is what went out and what is open."""
        self.entered = 0
        self.on_the_way: list[tuple[int, int, str, str, list[Holding]]] = []
        """Heap: when it arrives, number, account, coin, lots."""
        self.identified = Identified(choices, places)
        self._one: int = 10**places
        self._splits = choices.split_day is not None
        self._is_plain = not (self.identified.any or choices.average or watcher is not None)
        """Nothing was named, nothing is averaged and nobody looks on: a pool's own order decides."""
        self._day_of = choices.calendar.day
        self._acts = {"acquire": self._acquire, "dispose": self._dispose, "leave": self._leave, "move": self._move}

    # ------------------------------------------------------------------ movements

    def enter(self, movement: Movement) -> None:
        """The next movement; of two at one instant what has arrived by then comes first."""
        self.entered += 1
        self.pass_time(movement[1])
        self._acts[movement[0]](movement)

    def pass_time(self, at: int) -> None:
        """What has arrived by `at` is handed over, and a common pool whose last day is over is given to the accounts."""
        if self.on_the_way and self.on_the_way[0][0] <= at:
            self._deliver(at)
        if self._splits and self.universal and self._day_of(at) >= self.choices.split_day:  # type: ignore[operator]
            self._split()

    def enter_all(self, movements: Iterable[Movement]) -> None:
        """As `enter` for each, without asking each time what cannot have changed."""
        if self._splits or not self._is_plain:
            for movement in movements:
                self.enter(movement)
            return
        acts, way = self._acts, self.on_the_way
        for movement in movements:
            self.entered += 1
            if way and way[0][0] <= movement[1]:
                self._deliver(movement[1])
            acts[movement[0]](movement)

    def close(self, *, split: bool = True) -> None:
        """Hands over what is on its way and asserts that nothing was made or lost (DESIGN, invariants 2 and 3).

        `split`: one pool that ends at a day is given to the accounts, also when nothing moved since.
        """
        self._deliver(None)
        if split and self.universal and self.choices.split_day is not None:
            self._split()
        self.conserved()

    def _acquire(self, m: Movement) -> None:
        _, at, name, account, coin, asset, quantity, basis, _, more = m
        calendar = self.choices.calendar
        acquired = at if more.acquired_at is None else more.acquired_at
        if more.income:
            self.incomes.append(m)
        flags: tuple[str, ...] = ()
        unit = 0
        if basis is None:
            flags = (more.unknown or "missing_basis",)
        elif more.fair is not None or (basis and more.kind == "gift_in" and more.worth is None):
            flags = _AVERAGED if self.choices.average else () if more.fair is not None else _GIFT_UNTOLD
        if basis is not None:
            self.acquired += basis
            unit = basis * self._one // quantity
        origin = Origin(name, account, acquired, calendar.long_from(self._day_of(acquired)), self.entered, unit, flags)
        if more.fair is not None:
            origin.fair_at, origin.fair_long_from = at, calendar.long_from(self._day_of(at))
        self._count(account, coin, quantity)
        fair = None if self.choices.average else more.fair  # an average knows one cost
        self._hand_over(account, coin, Holding(origin, quantity, basis, fair, asset))

    def _dispose(self, m: Movement) -> None:
        """One match for each part of a lot, proceeds split by quantity; the shortfall last, without a lot."""
        _, at, name, account, coin, _, quantity, value, fee, more = m
        key = (account, coin)
        self.held[key] = self.held.get(key, 0) - quantity
        pool = self.pools.get(("", coin) if self.universal else key) or self._pool(account, coin)
        method = self.choices.one or self.choices.method(account, at)
        taken, short = pool.take(method, quantity) if self._is_plain else self._taken(m, pool, method, is_sale=not more.is_fee)
        money = None if value is None else value - fee
        day, left, matches = self._day_of(at), quantity, self.matches
        for part in taken:
            units, basis, origin = part.quantity, part.basis, part.origin
            got = money
            if got is not None and units != left:
                got = got * units // left
                money -= got  # type: ignore[operator]  # not None, as just seen
            left -= units
            flags = origin.flags
            if basis is not None:
                self.disposed += basis
            else:
                flags = _and_unknown(flags)
            if part.fair is not None:
                matches.append(_of_gift(m, part, got, day))
                continue
            if got is None:
                flags = _and_unpriced(flags)
            elif flags == _GIFT_UNTOLD and basis is not None and got >= basis:
                flags = ()  # a gain is measured from the donor's basis, whatever the gift was worth
            row = (name, origin.id, coin, account, origin.acquired, at, units, got, basis, day >= origin.long_from, flags)
            matches.append(_match(Match, row))
        if short:
            self._missing(m, short)
            flags = ("missing_basis",) if money is not None else ("missing_basis", "unpriced")
            matches.append(Match(name, "", coin, account, None, at, short, money, None, False, flags))

    def _leave(self, m: Movement) -> None:
        self._count(m.account, m.coin, -m.quantity)
        pool = self._pool(m.account, m.coin)
        taken, short = self._taken(m, pool, self.choices.method(m.account, m.at), is_sale=False)
        self.left += sum(part.basis for part in taken if part.basis is not None)
        if short:
            self._missing(m, short)

    def _move(self, m: Movement) -> None:
        """Oldest lots first whatever the method; what was never acquired arrives with an unknown basis.

        In one pool for all accounts only the count of each account changes. Nobody sells what is still on its way.
        """
        more = m.more
        into = more.to_coin or m.coin
        to_account = more.to_account or m.account
        arriving = m.quantity if more.received is None else more.received
        self._count(m.account, m.coin, -m.quantity)
        self._count(to_account, into, arriving)
        if self.universal and into == m.coin and arriving == m.quantity:
            return
        oldest: Method = "average" if self.choices.average else "fifo"
        carried, short = self._taken(m, self._pool(m.account, m.coin), oldest, is_sale=False)
        if short:
            self._missing(m, short)
            since = m.at if more.arrives_at is None else more.arrives_at
            long_from = self.choices.calendar.long_from(self._day_of(since))
            origin = Origin(m.id, to_account, since, long_from, self.entered, 0, ("missing_basis",))
            carried.append(Holding(origin, short, None, None, m.asset))
        if arriving != m.quantity:
            carried = _recounted(carried, m.quantity, arriving, self._one)
        for part in carried:
            part.asset = m.asset
        if more.arrives_at is not None and more.arrives_at > m.at and not self.universal:
            heappush(self.on_the_way, (more.arrives_at, self.entered, to_account, into, carried))
            return
        for part in carried:
            self._hand_over(to_account, into, part)

    # ------------------------------------------------------------------ lots

    def _pool(self, account: str, coin: str) -> Pool:
        key = ("", coin) if self.universal else (account, coin)
        pool = self.pools.get(key)
        if pool is None:
            pool = self.pools[key] = Pool()
        return pool

    def _hand_over(self, account: str, coin: str, part: Holding) -> None:
        pool = self._pool(account, coin)
        if self.choices.average:
            self._average_in(pool, part)
        pool.add(part)

    def _deliver(self, until: int | None) -> None:
        """Hands over what has arrived by `until`, earliest first; all that is on its way when None."""
        while self.on_the_way and (until is None or self.on_the_way[0][0] <= until):
            _, _, account, coin, parts = heappop(self.on_the_way)
            for part in parts:
                self._hand_over(account, coin, part)

    def _taken(self, m: Movement, pool: Pool, method: Method, *, is_sale: bool) -> tuple[list[Holding], int]:
        """Parts that make up the movement's quantity, what the holder named first, and what is short."""
        left = m.quantity
        named: list[Holding] = []
        if self.watcher is not None:
            self.watcher.before(m, pool, method)
        if self.identified.any:
            named = self.identified.take(m, pool, self.findings, is_sale=is_sale)
            left -= sum(part.quantity for part in named)
        said = [(part.origin.id, part.quantity) for part in named] if self.watcher is not None else []
        taken, short = pool.take(method, left)
        if named:
            taken = _joined([*named, *taken])
        if self.choices.average:
            self._average_out(pool, taken)
        if self.watcher is not None:
            self.watcher.after(m, said, taken)
        return taken, short

    def _count(self, account: str, coin: str, quantity: int) -> None:
        key = (account, coin)
        self.held[key] = self.held.get(key, 0) + quantity

    def _missing(self, m: Movement, short: int) -> None:
        key = (m.account, m.coin)
        self.short[key] = self.short.get(key, 0) + short
        self.findings.append(Finding(IssueKind.MISSING_BASIS, m.id, m.account, m.coin, "", short, m.at))

    # ------------------------------------------------------------------ the moving average

    def _average_in(self, pool: Pool, part: Holding) -> None:
        pool.units += part.quantity
        if pool.basis is None or part.basis is None:
            self.left += (pool.basis or 0) + (part.basis or 0)  # known no more: it left what we can tell
            pool.basis = None
        else:
            pool.basis += part.basis
        if part.origin.flags and _AVERAGED[0] in part.origin.flags:
            pool.flags = _AVERAGED

    def _average_out(self, pool: Pool, taken: list[Holding]) -> None:
        """Each part bears the average of the pool at this moment; its own cost tells the date only."""
        for part in taken:
            part.basis = None if pool.basis is None else pool.basis * part.quantity // pool.units
            pool.units -= part.quantity
            if pool.basis is not None and part.basis is not None:
                pool.basis -= part.basis
            for flag in pool.flags:
                part.origin = part.origin.flagged(flag)
        if not pool.units:
            pool.basis, pool.flags = 0, ()

    # ------------------------------------------------------------------ from one pool to one an account

    def _split(self) -> None:
        """Rev. Proc. 2024-28: the unused basis goes to the accounts, to each as much as it holds at this moment."""
        self.universal = False
        commons = [(coin, pool) for (_, coin), pool in sorted(self.pools.items())]
        self.pools = {}
        for coin, pool in commons:
            if self.choices.average:
                for lot, basis in self._averaged(pool).items():
                    held = pool.lots[lot]
                    held.basis = basis
                    for flag in pool.flags:
                        held.origin = held.origin.flagged(flag)
            given = allocate(coin, pool, self.held, self.choices.allocations.get(coin), self.places)
            self.allocated += given.report
            self.findings += given.findings
            for account, part in given.parts:
                self._hand_over(account, coin, part)

    # ------------------------------------------------------------------ results

    def open(self) -> list[Open]:
        """Open lots by account, coin and age. Before `close` without what is on its way."""
        found = []
        for (account, coin), pool in self.pools.items():
            shared = self._averaged(pool) if self.choices.average else None
            for held in pool.lots.values():
                o = held.origin
                basis = held.basis if shared is None else shared[o.id]
                place = account or o.account
                flags = o.flags if basis is not None else _and_unknown(o.flags)
                flags = (*flags, *(flag for flag in pool.flags if flag not in flags))
                found.append(Open(o.id, place, coin, held.asset, held.quantity, basis, o.acquired, o.sequence, flags, held.fair, o.fair_at))
        return sorted(found, key=lambda lot: (lot.account, lot.coin, lot.acquired, lot.sequence, lot.lot))

    def _averaged(self, pool: Pool) -> dict[str, int | None]:
        """The pool's cost over its lots by quantity; the last takes what is left."""
        left, units = pool.basis, pool.units
        shares: dict[str, int | None] = {}
        for held in sorted(pool.lots.values(), key=lambda h: (h.origin.acquired, h.origin.sequence)):
            part = None if left is None else left * held.quantity // units
            shares[held.origin.id] = part
            units -= held.quantity
            left = None if left is None or part is None else left - part
        return shares

    def conserved(self) -> None:
        """DESIGN invariants 2 and 3, counted a second time from what stands in the pools."""
        there: dict[tuple[str, str], int] = {}
        for (account, coin), pool in self.pools.items():
            there[account, coin] = sum(held.quantity for held in pool.lots.values())
        for _, _, account, coin, parts in self.on_the_way:
            there[account, coin] = there.get((account, coin), 0) + sum(part.quantity for part in parts)
        expected: dict[tuple[str, str], int] = {}
        for counts in (self.held, self.short):
            for (account, coin), quantity in counts.items():
                key = ("" if self.universal else account, coin)
                expected[key] = expected.get(key, 0) + quantity
        if not self.universal and self.choices.split_day is not None:  # what the pool was short of one account may have left another
            there, expected = _by_coin(there), _by_coin(expected)
        for key in there.keys() | expected.keys():
            held = there.get(key, 0)
            assert held == expected.get(key, 0), f"{key}: lots hold {held}, movements leave {expected.get(key, 0)}"
        assert self.acquired == self.disposed + self.left + self._open_basis(), "a basis was made or lost"

    def _open_basis(self) -> int:
        if self.choices.average:
            pooled = sum(pool.basis or 0 for pool in self.pools.values())
        else:
            pooled = sum(held.basis or 0 for pool in self.pools.values() for held in pool.lots.values())
        return pooled + sum(part.basis or 0 for *_, parts in self.on_the_way for part in parts)


def _of_gift(m: Movement, part: Holding, proceeds: int | None, day: int) -> Match:
    """A gift worth less than it cost its donor (IRC 1015(a)): a gain from the donor's basis and date; a loss from the value at the gift,
    held since the gift; between the two neither, and the basis is what was got."""
    origin, basis, fair = part.origin, part.basis, part.fair
    assert fair is not None
    acquired, long_from, flags = origin.acquired, origin.long_from, origin.flags
    if proceeds is None:
        flags = _and_unpriced(flags)
    elif proceeds < fair:
        assert origin.fair_at is not None
        basis, acquired, long_from, flags = fair, origin.fair_at, origin.fair_long_from, (*flags, "gift_loss")
    elif basis is not None and proceeds < basis:
        basis, flags = proceeds, (*flags, "gift_neither")
    return Match(m.id, origin.id, m.coin, m.account, acquired, m.at, part.quantity, proceeds, basis, day >= long_from, flags)


def _and_unknown(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Of a part without a basis: its lot says why, or its own cost is known and the average of its pool is not."""
    return (*_UNKNOWN, *flags) if not flags or flags in (_AVERAGED, _GIFT_UNTOLD) else flags


def _and_unpriced(flags: tuple[str, ...]) -> tuple[str, ...]:
    return flags if "unpriced" in flags else (*flags, "unpriced")


def _joined(parts: list[Holding]) -> list[Holding]:
    """Parts of one lot as one, so that a disposal matches each lot once."""
    by: dict[str, Holding] = {}
    for part in parts:
        held = by.get(part.origin.id)
        if held is None:
            by[part.origin.id] = part
        else:
            held.join(part)
    return list(by.values())


def _recounted(parts: list[Holding], gone: int, arriving: int, one: int) -> list[Holding]:
    """The same lots counted in another coin's units (1 stETH for 0.85 wstETH); basis and date stay, the last part takes what is left.

    A part too small to be seen in the new units gives its basis to the one before it.
    """
    found: list[Holding] = []
    left, counted = gone, arriving
    for part in parts:
        units = counted if part.quantity == left else counted * part.quantity // left
        left -= part.quantity
        counted -= units
        if not units and found:
            last = found[-1]
            last.basis = None if last.basis is None or part.basis is None else last.basis + part.basis
            continue
        o = part.origin
        unit = 0 if part.basis is None else part.basis * one // max(units, 1)
        origin = Origin(o.id, o.account, o.acquired, o.long_from, o.sequence, unit, o.flags, o.fair_at, o.fair_long_from)
        found.append(Holding(origin, units, part.basis, part.fair, part.asset))
    return found


def _by_coin(counts: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for (_, coin), quantity in counts.items():
        found["", coin] = found.get(("", coin), 0) + quantity
    return found
