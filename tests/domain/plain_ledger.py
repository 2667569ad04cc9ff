"""The ledger the long way, to judge the engine by: one list of lots, sorted anew for every movement. Shares no code with it.

Speaks the engine's language (movements in, matches out, all ints) and so covers what rows of a file cannot say: coins on their way,
lots named for an event, a method that changes, one pool that becomes one an account. A part of a lot takes its share of what is left of the
lot's basis, rounded down, so the last part takes the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class PlainLot:
    id: str
    pool: str
    """Account; "" while all accounts are one."""
    coin: str
    quantity: int
    basis: int | None
    acquired: int
    row: int
    unit: Fraction
    """Basis of one unit when it was acquired; an unknown one counts as nothing."""
    home: str
    flags: tuple[str, ...] = ()
    fair: int | None = None
    gift_at: int | None = None

    def part(self, quantity):
        """Takes a part out of the lot."""
        taken = replace(self, quantity=quantity)
        for name in ("basis", "fair"):
            whole = getattr(self, name)
            if whole is not None:
                setattr(taken, name, whole * quantity // self.quantity)
                setattr(self, name, whole - getattr(taken, name))
        self.quantity -= quantity
        return taken

    def join(self, other):
        self.quantity += other.quantity
        self.basis = None if None in (self.basis, other.basis) else self.basis + other.basis
        self.fair = None if None in (self.fair, other.fair) else self.fair + other.fair


ORDERS = {
    "fifo": lambda lot: (lot.acquired, lot.row),
    "specific": lambda lot: (lot.acquired, lot.row),
    "lifo": lambda lot: (-lot.acquired, -lot.row),
    "hifo": lambda lot: (-lot.unit, lot.acquired, lot.row),
    "lofo": lambda lot: (lot.unit, lot.acquired, lot.row),
}


def long_from(acquired):
    """Counted on from the day after: the same day of the next year, or the first that exists after it."""
    start = acquired + timedelta(days=1)
    return next(
        d for n in range(360, 370) if (d := start + timedelta(days=n)).year > start.year and (d.month, d.day) >= (start.month, start.day)
    )


@dataclass
class PlainLedger:
    """`methods`: (account, day, method), later ones override. `selections`: disposal → [(lot, units)]. `split`: first day of one pool an
    account. `allocation`: ("lots", [(lot, account, units)]) or (order, [accounts]), for every coin the same; None: nothing was said."""

    zone: str = "UTC"
    universal: bool = False
    split: date | None = None
    methods: list = field(default_factory=list)
    selections: dict = field(default_factory=dict)
    allocation: tuple | None = None
    orders: list = field(default_factory=list)
    """Standing orders: [account, coin, said at, {lot: units left}, day of the sale that it first counted for or None]."""
    common: dict = field(default_factory=dict)
    """Coin → units and basis that the one pool had left when it ended."""
    lots: list = field(default_factory=list)
    matches: list = field(default_factory=list)
    held: dict = field(default_factory=dict)
    short: dict = field(default_factory=dict)
    on_the_way: list = field(default_factory=list)
    row: int = 0

    def day(self, at):
        return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(self.zone)).date()

    def method(self, account, at):
        said = [(since, n, method) for n, (who, since, method) in enumerate(self.methods) if who == account and since <= self.day(at)]
        return max(said)[2] if said else "fifo"

    def enter(self, m):
        self.row += 1
        self.deliver(m.at)
        if self.universal and self.split and self.day(m.at) >= self.split:
            self.part_pools()
        getattr(self, m.act)(m)

    def close(self):
        self.deliver(None)
        if self.universal and self.split:
            self.part_pools()

    # ------------------------------------------------------------------ movements

    def acquire(self, m):
        self.count(m.account, m.coin, m.quantity)
        flags = () if m.value is not None else (m.more.unknown or "missing_basis",)
        if m.value and m.more.kind == "gift_in" and m.more.worth is None:
            flags = ("gift_value_unknown",)
        acquired = m.at if m.more.acquired_at is None else m.more.acquired_at
        unit = Fraction(m.value or 0, m.quantity)
        self.put(PlainLot(m.id, m.account, m.coin, m.quantity, m.value, acquired, self.row, unit, m.account, flags, m.more.fair, m.at))

    def dispose(self, m):
        taken, short = self.take(m, self.method(m.account, m.at))
        money, left = None if m.value is None else m.value - m.fee, m.quantity
        for lot in taken:
            got = None if money is None else money * lot.quantity // left
            money, left = None if money is None else money - got, left - lot.quantity
            self.matches.append(self.match(m, lot, got))
        if short:
            flags = ("missing_basis",) if money is not None else ("missing_basis", "unpriced")
            self.matches.append((m.id, "", m.coin, m.account, None, m.at, short, money, None, False, flags))

    def match(self, m, lot, got):
        basis, since, flags = lot.basis, lot.acquired, lot.flags
        if got is None:
            flags = tuple(dict.fromkeys((*flags, "unpriced")))
        elif lot.fair is not None and got < lot.fair:
            basis, since, flags = lot.fair, lot.gift_at, (*flags, "gift_loss")
        elif lot.fair is not None and got < basis:
            basis, flags = got, (*flags, "gift_neither")
        elif basis is not None and got >= basis:
            flags = tuple(flag for flag in flags if flag != "gift_value_unknown")
        is_long = self.day(m.at) >= long_from(self.day(since))
        return (m.id, lot.id, m.coin, m.account, since, m.at, lot.quantity, got, basis, is_long, flags)

    def leave(self, m):
        self.take(m, self.method(m.account, m.at))

    def move(self, m):
        more = m.more
        to_account, to_coin = more.to_account or m.account, more.to_coin or m.coin
        arriving = m.quantity if more.received is None else more.received
        if self.universal and to_coin == m.coin and arriving == m.quantity:
            self.count(m.account, m.coin, -m.quantity)
            self.count(to_account, to_coin, arriving)
            return
        taken, short = self.take(m, "fifo")
        self.count(to_account, to_coin, arriving)
        if short:
            since = m.at if more.arrives_at is None else more.arrives_at
            taken.append(PlainLot(m.id, "", m.coin, short, None, since, self.row, Fraction(0), to_account, ("missing_basis",)))
        left = m.quantity
        for lot in taken:
            units = arriving * lot.quantity // left
            left, arriving = left - lot.quantity, arriving - units
            if units != lot.quantity:
                lot.unit = Fraction(lot.basis or 0, units)
            lot.pool, lot.coin, lot.quantity = to_account, to_coin, units
        if more.arrives_at is not None and more.arrives_at > m.at and not self.universal:
            self.on_the_way.append((more.arrives_at, self.row, taken))
        else:
            for lot in taken:
                self.put(lot)

    # ------------------------------------------------------------------ lots

    def count(self, account, coin, quantity):
        self.held[account, coin] = self.held.get((account, coin), 0) + quantity

    def put(self, lot):
        lot.pool = "" if self.universal else lot.pool
        same = [x for x in self.lots if (x.id, x.pool, x.coin) == (lot.id, lot.pool, lot.coin)]
        if same:
            same[0].join(lot)
        else:
            self.lots.append(lot)

    def deliver(self, until):
        for waiting in sorted(self.on_the_way, key=lambda w: w[:2]):
            if until is None or waiting[0] <= until:
                self.on_the_way.remove(waiting)
                for lot in waiting[2]:
                    self.put(lot)

    def pool(self, account, coin):
        name = "" if self.universal else account
        return [lot for lot in self.lots if (lot.pool, lot.coin) == (name, coin)]

    def take(self, m, method):
        """Parts that make up the quantity: the named lots, then the method's. And what is short."""
        self.count(m.account, m.coin, -m.quantity)
        left, taken = m.quantity, {}
        pool = self.pool(m.account, m.coin)
        chosen = [({name: units}, name) for name, units in self.selections.get(m.id, ())]
        if m.act == "dispose" and not m.more.is_fee:
            chosen += [(order, name) for order in self.orders_of(m) for name in order]
        chosen += [({lot.id: m.quantity}, lot.id) for lot in sorted(pool, key=ORDERS[method])]
        for most, name in chosen:
            for lot in (lot for lot in pool if lot.id == name):
                quantity = min(left, most[name], lot.quantity)
                if quantity:
                    part = lot.part(quantity)
                    left -= quantity
                    most[name] -= quantity
                    if lot.id in taken:
                        taken[lot.id].join(part)
                    else:
                        taken[lot.id] = part
        self.lots = [lot for lot in self.lots if lot.quantity]
        if left:
            self.short[m.account, m.coin] = self.short.get((m.account, m.coin), 0) + left
        return list(taken.values()), left

    def orders_of(self, m):
        """Standing orders that count for this sale: said before it, and on the day of the first sale since, no later."""
        for order in self.orders:
            account, coin, said_at, _, day = order
            if (account, coin) == (m.account, m.coin) and said_at <= m.at:
                order[4] = day = self.day(m.at) if day is None else day
                if day == self.day(m.at):
                    yield order[3]

    # ------------------------------------------------------------------ from one pool to one an account

    def part_pools(self):
        self.universal = False
        how, said = self.allocation or ("oldest_first", [])
        common, self.lots = self.lots, []
        for coin in sorted({lot.coin for lot in common}):
            lots = [lot for lot in common if lot.coin == coin]
            self.common[coin] = (sum(lot.quantity for lot in lots), sum(lot.basis or 0 for lot in lots))
            room = {account: units for (account, c), units in sorted(self.held.items()) if c == coin and units > 0}
            if how == "lots":
                for name, account, units in said:
                    for lot in (lot for lot in lots if lot.id == name):
                        self.give(lot, account, min(units, room.get(account, 0), lot.quantity), room)
            order = ORDERS["hifo" if how == "highest_basis_first" else "fifo"]
            accounts = [] if how == "lots" else [account for account in said if account in room]
            for account in dict.fromkeys([*accounts, *room]):
                for lot in sorted(lots, key=order):
                    self.give(lot, account, min(room[account], lot.quantity), room)
            for lot in sorted(lots, key=ORDERS["fifo"]):
                self.give(lot, lot.home, lot.quantity, {})

    def give(self, lot, account, units, room):
        if units:
            part = lot.part(units)
            part.pool = account
            room[account] = room.get(account, 0) - units
            self.put(part)
