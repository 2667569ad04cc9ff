"""Priced events → lots and disposals, by the method in force for each account and day; quantities conserved to the last unit.

group.py is the engine; it works on movements of one coin at a time, in ints. `book` runs a whole history through it and gives values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256

from service.domain.issues import content_id
from service.domain.ledger.choices import Choices, Method, Scope, choices
from service.domain.ledger.group import Group
from service.domain.ledger.values import Allocated, Disposal, Finding, Income, Ledger, Match, Open, issue
from service.domain.methods import Lot
from service.domain.money import plain
from service.domain.movements import MONEY_PLACES, Movement, event_of, groups_of, moment, of_event, places_of, text
from service.domain.reconcile import Event
from service.domain.statements import Statements

__all__ = [
    "Allocated",
    "Choices",
    "Disposal",
    "Finding",
    "Group",
    "Income",
    "Ledger",
    "Match",
    "Method",
    "Open",
    "Scope",
    "amount",
    "book",
    "choices",
    "disposal",
    "groups_of",
    "income",
    "issue",
    "lot",
]


def book(events: Sequence[Event], statements: Statements, *, zone: str, said: Choices | None = None) -> Ledger:
    """The ledger of all events, in the order given (reconcile sorts them). `zone`: the taxpayer's time zone, for terms and days.

    `said`: choices other than those in force (another method or scope). Asserts that nothing was made or lost: quantities by account and
    coin, and every known basis.
    """
    symbols = {a.coin.id: a.coin.symbol for e in events for a in (*e.sent, *e.received, *e.fees)}
    order = {event.id: n for n, event in enumerate(events)}
    places = places_of(a.quantity for e in events for a in (*e.sent, *e.received, *e.fees) if a.coin.kind != "fiat")
    movements = [m for event in events for m in of_event(event, places)]
    names = groups_of((m.coin for m in movements), ((m.coin, m.more.to_coin) for m in movements if m.more.to_coin))
    lots: list[Lot] = []
    disposals: list[Disposal] = []
    incomes: list[Income] = []
    findings: list[Finding] = []
    for group in run(movements, names, said or choices(statements, zone=zone), places):
        lots += [lot(o, places, symbols) for o in group.open()]
        disposals += [disposal(m, places, symbols) for m in group.matches]
        incomes += [income(m, places) for m in group.incomes]
        findings += group.findings
    disposals.sort(key=lambda d: (d.disposed_at, order.get(d.event, order.get(event_of(d.event), 0)), d.event))
    incomes.sort(key=lambda i: (i.at, i.event, i.coin))
    findings.sort(key=lambda f: (order.get(f.event, order.get(event_of(f.event), -1)), f.event))
    lots.sort(key=lambda x: (x.account, x.coin, x.acquired_at, x.sequence, x.id))
    parts = (tuple(lots), tuple(disposals), tuple(incomes), tuple(issue(f, places, symbols[f.coin]) for f in findings))
    return Ledger(_hash(parts), *parts)


def run(movements: Sequence[Movement], names: Mapping[str, str], said: Choices, places: int) -> list[Group]:
    """Closed groups by name. `names`: coin → group; movements in order."""
    settled = said.settled(movements)
    by: dict[str, Group] = defaultdict(lambda: Group(settled, places))
    for movement in movements:
        by[names[movement.coin]].enter(movement)
    for _, group in sorted(by.items()):
        group.close()
    return [group for _, group in sorted(by.items())]


# ------------------------------------------------------------------ ints → values


def lot(o: Open, places: int, symbols: Mapping[str, str]) -> Lot:
    return Lot(
        id=o.lot,
        account=o.account,
        coin=o.coin,
        asset=o.asset,
        symbol=symbols[o.coin],
        quantity=amount(o.quantity, places),
        basis=None if o.basis is None else amount(o.basis),
        acquired_at=moment(o.acquired),
        sequence=o.sequence,
        flags=o.flags,
        fair=None if o.fair is None else amount(o.fair),
        fair_at=None if o.fair is None or o.fair_at is None else moment(o.fair_at),
    )


def disposal(m: Match, places: int, symbols: Mapping[str, str]) -> Disposal:
    return Disposal(
        id=content_id("dsp", m.id, m.coin, m.lot),
        event=m.id,
        lot=m.lot,
        account=m.account,
        coin=m.coin,
        symbol=symbols[m.coin],
        quantity=amount(m.quantity, places),
        acquired_at=None if m.acquired is None else moment(m.acquired),
        disposed_at=moment(m.disposed),
        proceeds=None if m.proceeds is None else amount(m.proceeds),
        basis=None if m.basis is None else amount(m.basis),
        term="long" if m.long else "short",
        flags=m.flags,
    )


def income(m: Movement, places: int) -> Income:
    value = None if m.value is None else amount(m.value)
    return Income(m.id, m.account, m.coin, amount(m.quantity, places), value, moment(m.at))


def amount(count: int, places: int = MONEY_PLACES) -> Decimal:
    """The exact decimal, without trailing zeros."""
    return Decimal(text(count, places))


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
