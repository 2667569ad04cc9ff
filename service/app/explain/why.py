"""Why this lot: the method in force and who said so, the lot's place in the method's order, and what would have come next."""

from __future__ import annotations

from typing import Any

from service.app.explain.past import Past
from service.app.explain.replay import Candidate, Taking
from service.app.explain.words import clock, exactly, instant, money, units
from service.domain.ledger import Match
from service.domain.money import plain
from service.domain.movements import Movement, moment
from service.domain.rules import local_date

NEXT = 3
"""So many of the lots that stood behind it are named."""

_ORDER = {
    "fifo": "the oldest lot first",
    "lifo": "the newest lot first",
    "hifo": "the dearest lot first",
    "lofo": "the cheapest lot first",
    "specific": "the lots that the holder names, else the oldest first",
    "average": "all units of the pool bear one average cost; the oldest lot's date first",
}


def why(past: Past, taking: Taking, match: Match) -> dict[str, Any]:
    """Of a match with a lot. The key of HIFO and LOFO is the unit basis with fees, of the others the time of acquisition."""
    place = next(n for n, c in enumerate(taking.before) if c.origin.id == match.lot)
    behind = [c for c in taking.before[place + 1 :] if c.origin.id not in taking.taken]
    named = min(taking.named.get(match.lot, 0), match.quantity)
    own = _key(past, taking, taking.before[place])
    said = _said(past, match)
    says = f"{taking.method.upper()}, {said}: {_ORDER[taking.method]}."
    if named:
        says += f" {_named(past, taking.movement, match, named)}"
    if named < match.quantity or not named:
        rest = f" {_nth(place + 1)} of {len(taking.before)} in this order: {own['says']}."
        says += rest
    says += _late(past, taking.movement)
    if behind:
        says += " Next: " + "; ".join(f"{c.origin.id} ({_key(past, taking, c)['says']})" for c in behind[:NEXT]) + "."
    return {
        "method": taking.method,
        "said": said,
        "pool": "all accounts" if from_common_pool(past, match) else past.label(match.account),
        "named": exactly(named, past.places) if named else None,
        "rank": place + 1,
        "of": len(taking.before),
        "key": own,
        "next": [{"lot": c.origin.id, "quantity": exactly(c.quantity, past.places), "key": _key(past, taking, c)} for c in behind[:NEXT]],
        "says": says,
    }


def from_common_pool(past: Past, match: Match) -> bool:
    """True where the lot came out of one pool of all accounts."""
    split = past.said.split_day
    return past.said.universal and (split is None or past.said.calendar.day(match.disposed) < split)


def _key(past: Past, taking: Taking, c: Candidate) -> dict[str, Any]:
    unit = None if c.basis is None else c.origin.unit
    acquired = f"acquired {clock(past, c.origin.acquired)}"
    cost = "unknown cost, counted as nothing" if unit is None else f"cost {money(unit)} a unit"
    first, second = (cost, acquired) if taking.method in ("hifo", "lofo") else (acquired, cost)
    held = f"{units(past, c.quantity)} there"
    return {"acquired": instant(past, c.origin.acquired), "unit_basis": exactly(unit), "says": f"{first}, {second}, {held}"}


def _said(past: Past, match: Match) -> str:
    """Who chose the method."""
    if past.said.one is not None:
        return "asked for in this question"
    day = local_date(moment(match.disposed), past.zone)
    said = [m for m in past.statements.methods if m.account == match.account and m.since <= day]
    if not said:
        return "since nothing was said"
    last = max(said, key=lambda m: (m.since, m.made_at))
    in_time = min(m.made_at for m in said if (m.since, m.method) == (last.since, last.method))
    late = "" if in_time <= moment(match.disposed) else ", which is later than the disposal: keep what shows that it was made in time"
    return f"chosen for {past.label(match.account)} from {last.since} on, recorded {in_time:%Y-%m-%d %H:%M} UTC{late}"


def _named(past: Past, m: Movement, match: Match, named: int) -> str:
    quantity = f"{units(past, named)} {past.symbol(match.coin)} of it was named by the holder"
    counts = past.said.selected(m).counts
    if counts is not None and any(c.lot == match.lot for c in counts.lots):
        return f"{quantity} for this event, recorded {counts.made_at:%Y-%m-%d %H:%M} UTC."
    words = [i for i in past.statements.identifications if (i.account, i.asset) == (match.account, match.coin)]
    times = [i.made_at for i in words if i.made_at <= moment(match.disposed) and any(c.lot == match.lot for c in i.lots)]
    return f"{quantity} for the next sale, recorded {max(times):%Y-%m-%d %H:%M} UTC." if times else f"{quantity}."


def _late(past: Past, m: Movement) -> str:
    """What was selected too late."""
    late = past.said.selected(m).late
    if late is None:
        return ""
    named = ", ".join(f"{plain(choice.quantity)} of {choice.lot}" for choice in late.lots) or "nothing more"
    return f" What was selected at {late.made_at:%Y-%m-%d %H:%M} UTC ({named}) is later than the event: it counts for nothing."


def _nth(place: int) -> str:
    return "First" if place == 1 else f"Number {place}"
