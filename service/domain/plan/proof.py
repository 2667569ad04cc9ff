"""From plan to proof: which lots are about to be sold, written down before the sale in a chain of hashes, and beside what was sold then.

Each record's hash covers its content and the hash of the record before it, so that none can be changed, taken out or put in later without
all that follow showing it. What it proves is order and content; the time is this machine's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal

from service.domain.ledger import Disposal
from service.domain.methods import Lot
from service.domain.money import ZERO, cents, exact, plain, total
from service.domain.plan.proposal import Sale
from service.domain.rules import local_date
from service.domain.statements import PlannedLot, PlannedSale

NEAR = Decimal("0.01")
"""A loss that differs from the planned one by no more than this share of it differs by its price and fees only."""


def recorded(sale: Sale, lots: Mapping[str, Lot], *, ledger: str, rules: str, made_at: datetime, previous: str) -> PlannedSale:
    """The record of a sale of a plan. `lots`: those that lie in the account, by id; `previous`: hash of the last record."""
    with exact():
        parts = tuple(
            PlannedLot(
                p.lot,
                p.quantity,
                lots[p.lot].acquired_at,
                (lots[p.lot].basis or ZERO) * p.quantity / lots[p.lot].quantity,
                p.gain,
                p.term,
            )
            for p in sale.parts
        )
    made = PlannedSale(
        sale.account, sale.coin, sale.symbol, sale.method, parts, sale.price, sale.price_at, ledger, rules, made_at, previous, ""
    )
    return replace(made, hash=hash_of(made))


def hash_of(record: PlannedSale) -> str:
    """SHA-256 of the canonical JSON (sorted names, no blanks) of everything but the hash."""
    told = {name: value for name, value in asdict(record).items() if name != "hash"}
    return sha256(json.dumps(told, sort_keys=True, separators=(",", ":"), default=_word).encode()).hexdigest()


def _word(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a record")


def broken(records: Sequence[PlannedSale]) -> list[int]:
    """Places in the chain whose record is not what its hash says, or does not follow the one before it."""
    before = ["", *(record.hash for record in records)]
    return [n for n, record in enumerate(records) if record.hash != hash_of(record) or record.previous != before[n]]


# ------------------------------------------------------------------ what was sold then

State = Literal["waiting", "superseded", "as planned", "otherwise"]


@dataclass(frozen=True, slots=True)
class Fill:
    """What became of a planned sale."""

    state: State
    """waiting: no sale since. superseded: a newer record of the same coin in the account stands before any sale."""
    events: tuple[str, ...] = ()
    at: datetime | None = None
    gain: Decimal | None = None
    """What the sale realised; None: unknown, or not yet."""
    planned: Decimal = ZERO
    bought_back: Decimal = ZERO
    """Units of the coin that came into any account since the sale and are still there, each with a basis and a clock of its own."""
    deviations: tuple[str, ...] = ()
    """Sentences, in the holder's words."""


def filled(record: PlannedSale, later: Iterable[PlannedSale], disposals: Sequence[Disposal], open_lots: Iterable[Lot], zone: str) -> Fill:
    """`later`: records after this one; `disposals`: in order of time, fees left out; the record speaks for the first sale of the coin in the
    account at or after it, and for the rest of that day, as an identification does."""
    planned = total(p.gain for p in record.lots)
    sold = [d for d in disposals if (d.account, d.coin) == (record.account, record.coin) and d.disposed_at >= record.made_at]
    newer = next((r for r in later if (r.account, r.coin) == (record.account, record.coin)), None)
    if newer is not None and (not sold or newer.made_at <= sold[0].disposed_at):
        return Fill("superseded", planned=planned)
    if not sold:
        return Fill("waiting", planned=planned)
    day = local_date(sold[0].disposed_at, zone)
    taken = [d for d in sold if local_date(d.disposed_at, zone) == day]
    first = taken[0].disposed_at
    gains = [d.gain for d in taken]
    gain = None if None in gains else total(g for g in gains if g is not None)
    back = total(lot.quantity for lot in open_lots if lot.coin == record.coin and lot.acquired_at >= first)
    told = (*_lots_told(record, taken), *_gain_told(record, planned, gain), *_term_told(record, taken, day))
    events = tuple(dict.fromkeys(d.event for d in taken))
    return Fill("otherwise" if told else "as planned", events, first, gain, planned, back, told)


def _lots_told(record: PlannedSale, taken: Sequence[Disposal]) -> list[str]:
    wanted = {p.lot: p.quantity for p in record.lots}
    found: dict[str, Decimal] = {}
    with exact():
        for d in taken:
            found[d.lot or ""] = found.get(d.lot or "", ZERO) + d.quantity
    told = []
    for lot, quantity in wanted.items():
        if found.get(lot, ZERO) != quantity:
            told.append(f"{plain(found.get(lot, ZERO))} of lot {lot} were consumed, {plain(quantity)} were planned")
    for lot, quantity in found.items():
        if lot not in wanted:
            told.append(
                f"{plain(quantity)} of {f'lot {lot}' if lot else 'no lot (more was sold than held)'} were consumed, and none was planned"
            )
    return told


def _gain_told(record: PlannedSale, planned: Decimal, gain: Decimal | None) -> list[str]:
    if gain is None:
        return ["what the sale realised is unknown"]
    with exact():
        if abs(gain - planned) <= NEAR * abs(planned):
            return []
    return [f"the sale realised {cents(gain):,f}, and {cents(planned):,f} was planned at {plain(record.price)}"]


def _term_told(record: PlannedSale, taken: Sequence[Disposal], day: date) -> list[str]:
    wanted = {p.lot: p.term for p in record.lots}
    turned = sorted({d.lot for d in taken if d.lot in wanted and d.term != wanted[d.lot]})
    return [f"lot {lot} was {wanted[lot]} term in the plan and no more so on {day}" for lot in turned]
