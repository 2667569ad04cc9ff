"""Priced events → lots and disposals, by the method in force for each account and day; quantities conserved to the last unit.

Worked example. Bought 1 BTC for 40,000 with a fee of 10, later 2 BTC for 90,000; sold 1.5 BTC for 105,000 with a fee of 15.
FIFO: 1 of the first lot (proceeds 69,990, basis 40,010) and 0.5 of the second (34,995 and 22,500); 1.5 BTC with a basis of
67,500 stay. One pool for each account and coin; a transfer takes the oldest lots along with basis and date.

What is unknown stays None and is flagged: a lot of unknown cost gives a disposal of unknown gain, never a gain of everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from heapq import heapify, heappop, heappush

from service.domain.issues import Issue, IssueKind, content_id
from service.domain.methods import HEAP_KEYS, Flag, Lot
from service.domain.money import ZERO, exact, plain, share, total
from service.domain.reconcile import Amount, Event, Kind
from service.domain.rules import Term, local_date, term
from service.domain.statements import Identification, MethodName, Statements


@dataclass(frozen=True, slots=True)
class Disposal:
    """One match of a disposal with a lot, or with nothing (a shortfall: lot empty, basis None, flagged)."""

    id: str
    """From (event, lot, place in the event)."""
    event: str
    """Id of the event; "<id>/fee" for a fee paid in a coin."""
    lot: str
    account: str
    coin: str
    symbol: str
    quantity: Decimal
    acquired_at: datetime | None
    disposed_at: datetime
    proceeds: Decimal | None
    basis: Decimal | None
    term: Term
    flags: tuple[Flag, ...] = ()

    @property
    def gain(self) -> Decimal | None:
        return None if self.proceeds is None or self.basis is None else self.proceeds - self.basis


@dataclass(frozen=True, slots=True)
class Income:
    event: str
    account: str
    coin: str
    quantity: Decimal
    value: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole derived state; `id` is the hash of its content."""

    id: str
    lots: tuple[Lot, ...]
    disposals: tuple[Disposal, ...]
    incomes: tuple[Income, ...]
    issues: tuple[Issue, ...]


def book(events: Sequence[Event], statements: Statements, *, zone: str) -> Ledger:
    """The ledger of all events, in the order given (reconcile sorts them). `zone`: the taxpayer's time zone, for terms and days.

    Asserts that nothing was made or lost: quantities by account and coin, and every known basis.
    """
    with exact():
        books = _Books(statements, zone)
        for event in events:
            books.deliver(event.at)
            books.enter(event)
        books.deliver()
        books.conserved(events)
        lots = tuple(sorted(books.open_lots(), key=lambda lot: (lot.account, lot.coin, lot.acquired_at, lot.sequence, lot.id)))
    parts = (lots, tuple(books.disposals), tuple(books.incomes), tuple(books.issues))
    return Ledger(_hash(parts), *parts)


def _hash(parts: tuple[tuple[object, ...], ...]) -> str:
    """SHA-256 of all that the ledger holds, decimals in one spelling, so that equal ledgers have equal ids on every database."""
    digest = sha256()
    for part in parts:
        for item in part:
            values = (getattr(item, name) for name in item.__slots__)  # type: ignore[attr-defined]  # frozen records with slots
            digest.update("\x1f".join(plain(v) if isinstance(v, Decimal) else str(v) for v in values).encode())
            digest.update(b"\n")
        digest.update(b"\x1e")
    return f"led_{digest.hexdigest()}"


class _Pool:
    """Open lots of one coin in one account; takes them by any method in O(log n).

    One heap for each method that was asked for, made when first asked; entries of lots that are used up are dropped when met.
    """

    __slots__ = ("_heaps", "lots")

    def __init__(self) -> None:
        self.lots: dict[str, Lot] = {}
        self._heaps: dict[MethodName, list[tuple[tuple[object, ...], str]]] = {}

    def add(self, lot: Lot) -> None:
        """Parts of one lot that meet again in an account become one."""
        held = self.lots.get(lot.id)
        if held is not None:
            basis = None if held.basis is None or lot.basis is None else held.basis + lot.basis
            self.lots[lot.id] = replace(held, quantity=held.quantity + lot.quantity, basis=basis, asset=lot.asset)
            return
        self.lots[lot.id] = lot
        for method, heap in self._heaps.items():
            heappush(heap, (HEAP_KEYS[method](lot), lot.id))

    def take(self, lot: Lot, quantity: Decimal) -> Lot:
        """A part of a lot, with its share of the basis; the rest stays."""
        basis = None if lot.basis is None else share(lot.basis, quantity, lot.quantity)
        if quantity == lot.quantity:
            del self.lots[lot.id]
        else:
            left = None if lot.basis is None or basis is None else lot.basis - basis
            self.lots[lot.id] = replace(lot, quantity=lot.quantity - quantity, basis=left)
        return replace(lot, quantity=quantity, basis=basis)

    def first(self, method: MethodName) -> Lot | None:
        heap = self._heaps.get(method)
        if heap is None:
            heap = self._heaps[method] = [(HEAP_KEYS[method](lot), lot.id) for lot in self.lots.values()]
            heapify(heap)
        while heap:
            key, name = heap[0]
            lot = self.lots.get(name)
            if lot is not None and key[-1] == lot.sequence:
                return lot
            heappop(heap)
        return None


@dataclass
class _Pending:
    """What is left of one identification."""

    said: Identification
    left: dict[str, Decimal]
    day: date | None = None


@dataclass
class _Tally:
    """Running sums, to be compared with what stands at the end."""

    acquired: Decimal = ZERO
    disposed: Decimal = ZERO
    left: Decimal = ZERO
    short: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


class _Books:
    """The state while events are entered, one after another."""

    def __init__(self, statements: Statements, zone: str) -> None:
        self._statements = statements
        self._zone = zone
        self._pools: dict[tuple[str, str], _Pool] = defaultdict(_Pool)
        self._methods: dict[tuple[str, date], MethodName] = {}
        self._sequence = 0
        self._sums = _Tally()
        self._on_the_way: list[tuple[datetime, int, list[Lot]]] = []
        """Heap: what a transfer took along, and when it arrives; the number keeps equal times in their order."""
        self._departures = 0
        self._said: dict[tuple[str, str], list[_Pending]] = defaultdict(list)
        for said in statements.identifications:
            self._said[said.account, said.asset].append(_Pending(said, {c.lot: c.quantity for c in said.lots}))
        self.disposals: list[Disposal] = []
        self.incomes: list[Income] = []
        self.issues: list[Issue] = []

    def deliver(self, until: datetime | None = None) -> None:
        """Hands over what has arrived by `until`, earliest first; all that is on its way when None."""
        while self._on_the_way and (until is None or self._on_the_way[0][0] <= until):
            self._hand_over(heappop(self._on_the_way)[2])

    def _hand_over(self, lots: Sequence[Lot]) -> None:
        for lot in lots:
            self._pools[lot.account, lot.coin].add(lot)

    def open_lots(self) -> Iterable[Lot]:
        return (lot for pool in self._pools.values() for lot in pool.lots.values())

    # ------------------------------------------------------------------ events

    def enter(self, event: Event) -> None:
        """Main movement first, then the fee; a transfer pays its fee first (it leaves with the oldest lots too)."""
        if event.kind is Kind.TRANSFER:
            self._pay_fees(event)
            self._move(event)
            return
        if event.kind in (Kind.BUY, Kind.SELL, Kind.SWAP, Kind.SPEND):
            self._trade(event)
        elif event.kind is Kind.INCOME:
            self._earn(event)
        elif event.kind in (Kind.DEPOSIT, Kind.GIFT_IN):
            self._receive(event)
        elif event.kind in (Kind.WITHDRAWAL, Kind.GIFT_OUT):
            self._part_with(event)
        self._pay_fees(event)

    def _trade(self, event: Event) -> None:
        """Fees lower the proceeds of what is given, and raise the basis of what is bought with money (26 CFR 1.1012-1(h), 1.1001-7)."""
        fee = _sum(event.fee_values)
        given = [(n, a) for n, a in enumerate(event.sent) if a.coin.kind != "fiat"]
        fees_of_sale = _split(fee, [event.sent_values[n] if event.sent_values else None for n, _ in given])
        for (n, amount), part in zip(given, fees_of_sale, strict=True):
            value = event.sent_values[n] if event.sent_values else None
            self._dispose(event.id, event, amount, None if value is None or part is None else value - part)
        got = [(n, a) for n, a in enumerate(event.received) if a.coin.kind != "fiat"]
        values = [event.received_values[n] if event.received_values else None for n, _ in got]
        added = [ZERO] * len(got) if given else _split(fee, values)
        for place, ((_, amount), value, part) in enumerate(zip(got, values, added, strict=True)):
            self._acquire(event, place, amount, None if value is None or part is None else value + part, flag="unpriced")

    def _earn(self, event: Event) -> None:
        for place, amount in enumerate(event.received):
            value = event.received_values[place] if event.received_values else None
            self.incomes.append(Income(event.id, event.account, amount.coin.id, amount.quantity, value, event.at))
            if amount.coin.kind != "fiat":
                self._acquire(event, place, amount, value, flag="unpriced")

    def _receive(self, event: Event) -> None:
        """Cost and date as the holder states them; else unknown, held since the receipt."""
        for place, amount in enumerate(event.received):
            self._acquire(event, place, amount, event.basis, flag="missing_basis", acquired_at=event.acquired_at)

    def _part_with(self, event: Event) -> None:
        for amount in event.sent:
            taken, short = self._take(event, amount, self._method(event))
            self._sums.left += total(part.basis or ZERO for part in taken)
            self._missing(event.id, event.account, amount, short)

    def _move(self, event: Event) -> None:
        """Oldest lots first whatever the method; what was never acquired arrives with an unknown basis.

        Nobody sells what is still on its way: the lots wait until `arrives_at`, which the events of that very instant find delivered.
        """
        assert event.to_account is not None
        carried: list[Lot] = []
        for place, (sent, got) in enumerate(zip(event.sent, event.received, strict=True)):
            assert sent.quantity == got.quantity
            taken, short = self._take(event, sent, "fifo")
            carried += [
                replace(part, account=event.to_account, coin=got.coin.id, asset=got.asset, symbol=got.coin.symbol) for part in taken
            ]
            if short:
                self._missing(event.id, event.account, sent, short)
                lot = self._lot(event, place, replace(got, quantity=short), None, flag="missing_basis", acquired_at=event.arrives_at)
                carried.append(replace(lot, account=event.to_account))
        if event.arrives_at is None or event.arrives_at <= event.at:
            self._hand_over(carried)
        else:
            self._departures += 1
            heappush(self._on_the_way, (event.arrives_at, self._departures, carried))

    def _pay_fees(self, event: Event) -> None:
        """A fee in a coin is a disposal of its own at its fair value."""
        for place, fee in enumerate(event.fees):
            if fee.coin.kind != "fiat":
                self._dispose(f"{event.id}/fee", event, fee, event.fee_values[place] if event.fee_values else None, is_fee=True)

    # ------------------------------------------------------------------ lots

    def _acquire(
        self,
        event: Event,
        place: int,
        amount: Amount,
        basis: Decimal | None,
        *,
        flag: Flag,
        acquired_at: datetime | None = None,
    ) -> None:
        self._hand_over([self._lot(event, place, amount, basis, flag=flag, acquired_at=acquired_at)])

    def _lot(
        self, event: Event, place: int, amount: Amount, basis: Decimal | None, *, flag: Flag, acquired_at: datetime | None = None
    ) -> Lot:
        """A new lot of the event's account; `flag` says why, where the basis is unknown."""
        self._sequence += 1
        self._sums.acquired += basis or ZERO
        return Lot(
            id=event.id if place == 0 else f"{event.id}/{place + 1}",
            account=event.account,
            coin=amount.coin.id,
            asset=amount.asset,
            symbol=amount.coin.symbol,
            quantity=amount.quantity,
            basis=basis,
            acquired_at=acquired_at or event.at,
            sequence=self._sequence,
            flags=() if basis is not None else (flag,),
        )

    def _take(self, event: Event, amount: Amount, method: MethodName, *, is_sale: bool = False) -> tuple[list[Lot], Decimal]:
        """Parts of lots that make up the amount, and what is short. Only a sale uses up what the holder identified for one."""
        pool = self._pools[event.account, amount.coin.id]
        left = amount.quantity
        named = self._identified(event, amount, pool) if is_sale else []
        left -= total(part.quantity for part in named)
        taken: list[Lot] = []
        while left > 0:
            lot = pool.first(method)
            if lot is None:
                break
            part = pool.take(lot, min(left, lot.quantity))
            taken.append(part)
            left -= part.quantity
        return _joined([*named, *taken]) if named else taken, left

    def _identified(self, event: Event, amount: Amount, pool: _Pool) -> list[Lot]:
        """What the holder named, for the first sale at or after his word and the rest of that day (an order has many fills)."""
        waiting = self._said.get((event.account, amount.coin.id))
        if not waiting:
            return []
        today = local_date(event.at, self._zone)
        taken: list[Lot] = []
        left = amount.quantity
        for pending in list(waiting):
            if pending.said.made_at > event.at:
                continue
            if pending.day is None:
                pending.day = today
                self._check_held(pending, pool)
            if pending.day != today:
                waiting.remove(pending)
                continue
            for name, named in pending.left.items():
                lot = pool.lots.get(name)
                quantity = min(named, left, lot.quantity) if lot else ZERO
                if lot and quantity > 0:
                    taken.append(pool.take(lot, quantity))
                    pending.left[name] = named - quantity
                    left -= quantity
        return taken

    def _check_held(self, pending: _Pending, pool: _Pool) -> None:
        for name, named in pending.left.items():
            held = pool.lots[name].quantity if name in pool.lots else ZERO
            if held < named:
                self.issues.append(
                    Issue(
                        IssueKind.LOT_NOT_AVAILABLE,
                        "warning",
                        f"{pending.said.account} {pending.said.asset} {name}",
                        f"{plain(named - held)} of lot {name}, identified on {pending.said.made_at:%Y-%m-%d %H:%M} UTC, was not in the account: "
                        "that part follows the account's method.",
                        "Check which lots lie in the account: `thresher lots`.",
                    )
                )

    def _dispose(self, name: str, event: Event, amount: Amount, proceeds: Decimal | None, *, is_fee: bool = False) -> None:
        """One Disposal for each part of a lot, proceeds split by quantity; the shortfall last, without a lot."""
        taken, short = self._take(event, amount, self._method(event), is_sale=not is_fee)
        money, left = proceeds, amount.quantity
        for part in [*taken, *([None] if short else [])]:
            quantity = part.quantity if part else short
            got = None if money is None else share(money, quantity, left)
            money = None if money is None or got is None else money - got
            left -= quantity
            self._sums.disposed += (part.basis if part else None) or ZERO
            self.disposals.append(self._matched(name, event, amount, part or quantity, got))
        self._missing(name, event.account, amount, short)

    def _matched(self, name: str, event: Event, amount: Amount, matched: Lot | Decimal, proceeds: Decimal | None) -> Disposal:
        """`matched`: a part of a lot, or the quantity for which there is none."""
        part = matched if isinstance(matched, Lot) else None
        lot = part.id if part else ""
        flags = (*(part.flags if part else ("missing_basis",)), *(("unpriced",) if proceeds is None else ()))
        return Disposal(
            id=content_id("dsp", name, amount.coin.id, lot),
            event=name,
            lot=lot,
            account=event.account,
            coin=amount.coin.id,
            symbol=amount.coin.symbol,
            quantity=matched.quantity if isinstance(matched, Lot) else matched,
            acquired_at=part.acquired_at if part else None,
            disposed_at=event.at,
            proceeds=proceeds,
            basis=part.basis if part else None,
            term=term(part.acquired_at, event.at, self._zone) if part else "short",
            flags=tuple(dict.fromkeys(flags)),
        )

    def _method(self, event: Event) -> MethodName:
        key = (event.account, local_date(event.at, self._zone))
        if key not in self._methods:
            self._methods[key] = self._statements.method(*key)
        return self._methods[key]

    def _missing(self, name: str, account: str, amount: Amount, short: Decimal) -> None:
        if not short:
            return
        self._sums.short[account, amount.coin.id] += short
        self.issues.append(
            Issue(
                IssueKind.MISSING_BASIS,
                "error",
                f"{name} {amount.coin.id}",
                f"{plain(short)} {amount.coin.symbol} left {account} that never came in: its cost is unknown.",
                "Add the account or the history that it came from.",
            )
        )

    # ------------------------------------------------------------------ invariants

    def conserved(self, events: Sequence[Event]) -> None:
        """DESIGN invariants 2 and 3, counted a second time from the events themselves."""
        net: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for event in events:
            for amount in event.received:
                net[event.to_account or event.account, amount.coin.id] += amount.quantity
            for amount in (*event.sent, *event.fees):
                net[event.account, amount.coin.id] -= amount.quantity
        fiat = {a.coin.id for e in events for a in (*e.sent, *e.received, *e.fees) if a.coin.kind == "fiat"}
        for key in net.keys() | self._pools.keys():
            if key[1] not in fiat:
                held = total(lot.quantity for lot in self._pools[key].lots.values())
                assert held == net[key] + self._sums.short[key], f"{key}: lots hold {held}, movements leave {net[key]}"
        basis = total(lot.basis or ZERO for lot in self.open_lots())
        assert self._sums.acquired == self._sums.disposed + self._sums.left + basis, "a basis was made or lost"


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [v for v in values if v is not None]
    return total(known) if len(known) == len(values) else None


def _split(whole: Decimal | None, weights: Sequence[Decimal | None]) -> list[Decimal | None]:
    """`whole` by weight, the last taking what is left; unknown where anything is unknown."""
    known = [w for w in weights if w is not None]
    if whole is None or len(known) < len(weights):
        return [None] * len(weights)
    parts: list[Decimal | None] = []
    left, weight_left = whole, total(known)
    for n, weight in enumerate(known):
        part = left if n == len(known) - 1 else share(left, weight, weight_left) if weight_left else ZERO
        parts.append(part)
        left, weight_left = left - part, weight_left - weight
    return parts


def _joined(parts: Sequence[Lot]) -> list[Lot]:
    """Parts of one lot as one, so that a disposal matches each lot once."""
    by: dict[str, Lot] = {}
    for part in parts:
        held = by.get(part.id)
        basis = None if held is None or held.basis is None or part.basis is None else held.basis + part.basis
        by[part.id] = part if held is None else replace(held, quantity=held.quantity + part.quantity, basis=basis)
    return list(by.values())
