"""The shadow ledger of wash sales: what losses would be disallowed if section 1091 covered these coins, and where they would go.

Worked example. 100 bought for 1,000 (lot A); all sold on 1 May for 700, a loss of 300. 60 bought on 20 May for 450 (lot B): 60 of the 100 are
replaced, so 180 of the loss is disallowed and 120 stays. The 180 joins the basis of B, now 630, and B counts as held for as many days longer as
A was held. Sold in July for 500, B loses 130 instead of gaining 50.

26 U.S.C. 1091(a), (d), 1223(3); 26 CFR 1.1091-1, -2:
- Losses are taken in the order of the sales; of one sale in the order in which its lots were acquired.
- What was acquired first replaces first, each unit once. Acquired means bought or swapped for: no reward, gift or fork.
- A unit replaces only what is another lot than its own, and one bought before the sale only as far as it is still held after it (Rev. Rul. 56-602).
- Of a lot that took over losses, the units that did go first.

Ints as in service.domain.movements. A lot is one in all accounts; no account changes what it is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from service.domain.assets import is_one_of_a_kind
from service.domain.ledger import Match
from service.domain.ledger.choices import Calendar
from service.domain.movements import Movement, calendar_day
from service.domain.rules import Window


class Replaced(NamedTuple):
    """Units of a lot that replace as many of a sale, and the loss that joined their basis."""

    lot: str
    quantity: int
    amount: int


class Washed(NamedTuple):
    """What one match of the ledger comes to, or a part of it: units that took over losses stand apart from those that did not."""

    match: Match
    quantity: int
    proceeds: int
    basis: int
    """With the losses that its units took over."""
    added: int
    """These losses."""
    days: int
    """That its units count as held longer than since they were bought, for what they replaced."""
    long: bool
    disallowed: int
    """Of its loss."""
    replaced: tuple[Replaced, ...]

    @property
    def gain(self) -> int:
        """Before anything is disallowed."""
        return self.proceeds - self.basis

    @property
    def counted(self) -> int:
        """What the year counts; a loss is negative."""
        return self.gain + self.disallowed


@dataclass(frozen=True, slots=True)
class Shadow:
    washed: tuple[Washed, ...]
    """All of known gain, in order."""
    unknown: tuple[Match, ...]
    """Without a proceeds or a basis: no opinion."""
    waiting: Mapping[str, int]
    """Lot → losses in the basis of its units that were not sold."""
    untold: int
    """Losses in the basis of units that were sold for an unknown price."""


class Total(NamedTuple):
    """Of one tax year and term."""

    year: int
    long: bool
    real: int
    """As the ledger has it; losses negative."""
    shadow: int
    """With losses disallowed, and those in the basis of what was sold."""
    disallowed: int
    real_collectibles: int
    """Of `real`, what is long and one of its kind; the same for the shadow."""
    shadow_collectibles: int


def shadow(
    matches: Iterable[Match], acquired: Iterable[Movement], window: Window, calendar: Calendar, *, since: int | None = None
) -> Shadow:
    """`matches` and `acquired` (movements; others are passed over): all of the holder, in all accounts. `since`: first day on which a sale is
    covered; None: every sale. Asserts that every loss that is disallowed is in a basis."""
    book = _Book(acquired, window, calendar, since)
    washed: list[Washed] = []
    unknown: list[Match] = []
    untold = 0
    in_order = sorted(matches, key=lambda m: (m.disposed, m.id, m.coin, -1 if m.acquired is None else m.acquired, m.lot))
    for _, sale in groupby(in_order, key=lambda m: (m.disposed, m.id, m.coin)):
        sold = [(match, list(book.sold(match))) for match in sale]  # all of a sale is gone before anything of it is replaced
        for match, parts in sold:
            if match.proceeds is None or match.basis is None:
                unknown.append(match)
                untold += sum(part.added for part in parts)
            else:
                washed += book.judged(match, match.proceeds, match.basis, parts)
    found = Shadow(tuple(washed), tuple(unknown), book.waiting(), untold)
    released = sum(w.added for w in washed) + untold
    assert sum(w.disallowed for w in washed) == released + sum(found.waiting.values()), "a loss was made or lost"
    return found


def totals(found: Shadow, calendar: Calendar) -> list[Total]:
    """By year and term, short before long. The term of what took over losses may be another one than the ledger's."""
    sums: dict[tuple[int, bool], list[int]] = defaultdict(lambda: [0] * 5)
    for w in found.washed:
        year, real = calendar_day(calendar.day(w.match.disposed)).year, w.gain + w.added
        kept, changed = sums[year, w.match.long], sums[year, w.long]
        kept[0] += real
        changed[1] += w.counted
        changed[2] += w.disallowed
        if is_one_of_a_kind(w.match.coin):
            kept[3] += real if w.match.long else 0
            changed[4] += w.counted if w.long else 0
    return [Total(*key, *amounts) for key, amounts in sorted(sums.items())]


# ------------------------------------------------------------------ units


class _Units(NamedTuple):
    """Units that took over a loss."""

    quantity: int
    added: int
    days: int


class _Lot:
    """A purchase: which of its units are gone, and which took over losses."""

    __slots__ = ("day", "id", "plain", "taken_over")

    def __init__(self, id: str, day: int, quantity: int) -> None:
        self.id = id
        self.day = day
        self.plain = quantity
        """Units that are still held and replaced nothing."""
        self.taken_over: list[_Units] = []


class _Book:
    def __init__(self, acquired: Iterable[Movement], window: Window, calendar: Calendar, since: int | None) -> None:
        self._calendar, self._since = calendar, since
        self._before, self._after = window.before_days or 0, window.after_days or 0
        self._same_day = bool(window.same_day)
        self._lots: dict[str, _Lot] = {}
        self._of: dict[str, list[_Lot]] = defaultdict(list)
        """Coin → purchases in the order in which they were made."""
        for m in sorted((m for m in acquired if is_purchase(m)), key=lambda m: m.at):
            lot = self._lots[m.id] = _Lot(m.id, calendar.day(m.at), m.quantity)
            self._of[m.coin].append(lot)
        self._days = {coin: [lot.day for lot in lots] for coin, lots in self._of.items()}

    def sold(self, match: Match) -> Iterator[_Units]:
        """The units of a match, by what they took over; they are held no more."""
        left, lot = match.quantity, self._lots.get(match.lot)
        while left and lot is not None and lot.taken_over:
            first = lot.taken_over.pop(0)
            if first.quantity > left:
                added = first.added * left // first.quantity
                lot.taken_over.insert(0, _Units(first.quantity - left, first.added - added, first.days))
                first = _Units(left, added, first.days)
            left -= first.quantity
            yield first
        if left:
            if lot is not None:
                lot.plain -= left
            yield _Units(left, 0, 0)

    def judged(self, match: Match, proceeds: int, basis: int, parts: Sequence[_Units]) -> Iterator[Washed]:
        left = match.quantity
        for units in parts:
            got, cost = proceeds * units.quantity // left, basis * units.quantity // left
            proceeds, basis, left = proceeds - got, basis - cost, left - units.quantity
            cost += units.added
            replaced = tuple(self._replaced(match, units, cost - got)) if got < cost else ()
            is_long = match.long if not units.days else self._is_long(match, units.days)
            disallowed = sum(one.amount for one in replaced)
            yield Washed(match, units.quantity, got, cost, units.added, units.days, is_long, disallowed, replaced)

    def _is_long(self, match: Match, days: int) -> bool:
        assert match.acquired is not None, "what took over a loss was bought"
        since = self._calendar.day(match.acquired) - days
        return self._calendar.day(match.disposed) >= self._calendar.long_from(since)

    def _replaced(self, match: Match, units: _Units, loss: int) -> Iterator[Replaced]:
        """Takes units of purchases in the window, the earliest first, and gives them the loss."""
        day = self._calendar.day(match.disposed)
        if self._since is not None and day < self._since:
            return
        assert match.acquired is not None, "an unknown date has an unknown cost"
        held = day - self._calendar.day(match.acquired) + units.days
        left = units.quantity
        lots, days = self._of.get(match.coin, []), self._days.get(match.coin, [])
        for place in range(bisect_left(days, day - self._before), bisect_right(days, day + self._after)):
            lot = lots[place]
            taken = min(left, lot.plain)
            if taken <= 0 or lot.id == match.lot or (lot.day == day and not self._same_day):
                continue
            amount = loss * taken // left
            loss, left = loss - amount, left - taken
            lot.plain -= taken
            lot.taken_over.append(_Units(taken, amount, held))
            yield Replaced(lot.id, taken, amount)
            if not left:
                return

    def waiting(self) -> dict[str, int]:
        return {lot.id: sum(units.added for units in lot.taken_over) for lot in self._lots.values() if lot.taken_over}


def is_purchase(m: Movement) -> bool:
    """Whether units were bought or swapped for (26 U.S.C. 1091(a)): no income, no gift, nothing that came with a cost and a date of its own."""
    more = m.more
    return m.act == "acquire" and not more.income and not more.kind and more.acquired_at is None and more.unknown != "missing_basis"
