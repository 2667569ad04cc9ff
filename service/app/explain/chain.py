"""The chain of a lot: how it was acquired, which accounts it went through, and what was taken of it, in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.app.explain.past import Past
from service.app.explain.replay import Seen, Taking
from service.app.explain.words import amounts, clock, exactly, instant, money, price, units
from service.domain.ledger.choices import DAY
from service.domain.ledger.values import Allocated, Match
from service.domain.movements import Movement, event_of

Step = dict[str, Any]

LEFT = {"gift_out": "given away", "withdrawal": "withdrawn to where nobody watches", "lost": "lost", "worthless": "worthless"}
_WHY = {
    "named": "named by the holder",
    "rule": "by the holder's rule",
    "only holder": "the only account that holds the coin",
    "only choice": "no other lot or account was left",
    "default": "oldest first, since nothing else was said",
    "beyond what is held": "more than the accounts hold: it stays where it was acquired",
}


def of_lot(past: Past, seen: Seen, lot: str, until: Match | None = None) -> list[Step]:
    """All steps of the lot; up to and with the disposal of `until`, where one is given."""
    steps = []
    began = seen.acquired.get(lot)
    if began is not None:
        steps.append((began.at, 0, acquired(past, began)))
    for n, taking in enumerate(seen.takings):
        if lot in taking.taken:
            steps.append((taking.movement.at, 2 + n, _taken(past, taking, lot)))
    for part in seen.group.allocated:
        if part.lot == lot:
            at = _split_at(past)
            steps.append((at, 1, _allocated(past, at, part)))
    steps.sort(key=lambda step: step[:2])
    told = [step for _, _, step in steps]
    if until is None:
        return told
    last = max(n for n, step in enumerate(told) if step["event"] == until.id and step["what"] == "disposed")
    return told[: last + 1]


def _split_at(past: Past) -> int:
    """The first instant of the day on which pools became those of accounts."""
    day, calendar = past.said.split_day, past.said.calendar
    assert day is not None
    low, high = (day - 2) * DAY, (day + 2) * DAY
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if calendar.day(middle) >= day else (middle + 1, high)
    return low


def step_of(past: Past, m: Movement, what: str, part: tuple[int, int | None], says: str) -> Step:
    """`part`: quantity and basis."""
    quantity, basis = part
    fact = past.fact(m.id)
    return {
        "event": m.id,
        "what": what,
        "kind": "fee" if m.more.is_fee else (fact.kind if fact else m.act),
        "at": instant(past, m.at),
        "account": m.account,
        "account_label": past.label(m.account),
        "asset": m.coin,
        "symbol": past.symbol(m.coin),
        "quantity": exactly(quantity, past.places),
        "basis": exactly(basis),
        "says": says,
        "sources": list(fact.sources) if fact else [],
    }


def acquired(past: Past, m: Movement) -> Step:
    """How units came in, what they cost, and where that is from."""
    fact, symbol = past.fact(m.id), past.symbol(m.coin)
    quantity = f"{units(past, m.quantity)} {symbol}"
    if m.act == "move":  # what nobody had acquired arrived all the same
        says = f"{clock(past, m.at)}: {quantity} arrived in {past.label(m.more.to_account or m.account)} that never came in before"
        return step_of(past, m, "acquired", (m.quantity, None), says)
    kind = fact.kind if fact else "acquired"
    paid = f" for {amounts(fact.sent)}" if fact and fact.sent else ""
    fee = f", fee {amounts(fact.fees)}" if fact and fact.fees else ""
    says = f"{clock(past, m.at)}: {_KINDS.get(kind, kind)} {quantity}{paid} in {past.label(m.account)}{fee}; basis {money(m.value)}"
    if m.more.acquired_at is not None and m.more.acquired_at != m.at:
        says += f"; held since {clock(past, m.more.acquired_at)}"
    step = step_of(past, m, "acquired", (m.quantity, m.value), says)
    step["held_since"] = instant(past, m.at if m.more.acquired_at is None else m.more.acquired_at)
    step["price"] = price_of_lot(past, m)
    return step


_KINDS = {
    "buy": "bought",
    "swap": "swapped into",
    "income": "earned",
    "deposit": "deposited",
    "gift_in": "given",
    "fork": "forked into",
}


def price_of_lot(past: Past, m: Movement) -> str:
    """Where the basis is from."""
    fact = past.fact(m.id)
    if m.value is None or fact is None:
        return "unknown"
    if fact.kind in ("deposit", "gift_in", "fork"):
        return "stated by the holder" if m.value or fact.kind != "fork" else "nothing was paid"
    return price(fact.price, past.currency)


def _taken(past: Past, taking: Taking, lot: str) -> Step:
    m = taking.movement
    quantity, basis = taking.taken[lot]
    part = f"{units(past, quantity)} {past.symbol(m.coin)} (basis {money(basis)})"
    if m.act == "move":
        step = step_of(past, m, "moved", (quantity, basis), f"{clock(past, m.at)}: {part} {way(past, m)}")
        step["to_account"] = m.more.to_account or m.account
        step["to_account_label"] = past.label(step["to_account"])
        step["arrives_at"] = None if m.more.arrives_at is None else instant(past, m.more.arrives_at)
        return step
    if m.act == "leave":
        says = f"{clock(past, m.at)}: {part} {LEFT.get(m.more.kind, m.more.kind)} from {past.label(m.account)}"
        return step_of(past, m, "left", (quantity, basis), says)
    whole = "" if quantity == m.quantity else f", part of {units(past, m.quantity)} {past.symbol(m.coin)}"
    says = f"{clock(past, m.at)}: {part} {sold(past, m, whole)}"
    match = next((one for one in taking.matches if one.lot == lot), None)
    step = step_of(past, m, "disposed", (quantity, match.basis if match else basis), says)
    step["proceeds"] = exactly(match.proceeds) if match else None
    return step


def sold(past: Past, m: Movement, whole: str = "") -> str:
    """ "sold in My exchange for 2,000 USD"."""
    fact = past.fact(m.id)
    kind = "paid as a fee" if m.more.is_fee else _DISPOSED.get(fact.kind if fact else "", "disposed of")
    got = f" for {amounts(fact.received)}" if fact and fact.received and not m.more.is_fee and event_of(m.id) == m.id else ""
    return f"{kind} in {past.label(m.account)}{whole}{got}"


_DISPOSED = {"sell": "sold", "swap": "swapped away", "spend": "spent"}


def way(past: Past, m: Movement) -> str:
    """Of a move: from where to where, and what became of it."""
    here, there = past.label(m.account), past.label(m.more.to_account or m.account)
    says = f"moved from {here} to {there}" if here != there else f"stayed in {here}"
    into = m.more.to_coin or m.coin
    if m.more.received is not None or into != m.coin:
        got = m.quantity if m.more.received is None else m.more.received
        says += f", {units(past, m.quantity)} {past.symbol(m.coin)} becoming {units(past, got)} {past.symbol(into)}"
    if m.more.arrives_at is not None and m.more.arrives_at > m.at:
        says += f", there at {clock(past, m.more.arrives_at)}"
    return says


def _allocated(past: Past, at: int, part: Allocated) -> Step:
    quantity = f"{units(past, part.quantity)} {past.symbol(part.coin)} (basis {money(part.basis)})"
    said = past.said.allocations.get(part.coin)
    late = f"; the word came late: {said.late}" if said and said.late and part.why in ("named", "rule") else ""
    return {
        "event": "",
        "what": "allocated",
        "kind": "allocation",
        "at": instant(past, at),
        "account": part.account,
        "account_label": past.label(part.account),
        "asset": part.coin,
        "symbol": past.symbol(part.coin),
        "quantity": exactly(part.quantity, past.places),
        "basis": exactly(part.basis),
        "says": f"{clock(past, at)}: one pool became one an account; {quantity} went to {past.label(part.account)}: {_WHY[part.why]}{late}",
        "sources": [],
    }


def touched(steps: list[Step]) -> Mapping[str, bool]:
    """Which rules the steps touch."""
    whats = {step["what"] for step in steps}
    kinds = {step["kind"] for step in steps if step["what"] == "acquired"}
    return {"moved": "moved" in whats, "allocated": "allocated" in whats, "left": "left" in whats, **dict.fromkeys(kinds, True)}
