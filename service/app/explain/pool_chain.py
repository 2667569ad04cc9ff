"""The chain of a pool: each change of it since it was last empty, with the events behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from service.app.explain import chain, sums
from service.app.explain.past import Past
from service.app.explain.words import clock, exactly, money, price, units
from service.domain.movements import Movement
from service.domain.pooling.identification import calendar_day
from service.domain.pooling.pools import acquired_at, cost_of
from service.domain.pooling.statement import Change, is_rename

Step = dict[str, Any]


class Seen(NamedTuple):
    """One group of coins, booked once more."""

    movements: Sequence[Movement]
    changes: Sequence[Change]
    of: Mapping[tuple[str, str, str], Movement]
    """By what it did, coin and id."""

    def movements_of(self, what: str, coin: str, ids: Iterable[str]) -> list[Movement]:
        return [self.of[what, coin, name] for name in ids]


def seen(movements: Sequence[Movement], changes: Sequence[Change]) -> Seen:
    return Seen(movements, changes, dict(_named(movements)))


_DID = {"acquire": "acquired", "dispose": "disposed", "leave": "left"}


def _named(movements: Iterable[Movement]) -> Iterator[tuple[tuple[str, str, str], Movement]]:
    for m in movements:
        if m.act in _DID:
            yield (_DID[m.act], m.coin, m.id), m
        elif is_rename(m):
            yield ("renamed_out", m.coin, m.id), m
            yield ("renamed_in", m.more.to_coin or m.coin, m.id), m


def until(all_: Sequence[Change], last: Change) -> list[Change]:
    """The changes of a coin's pool since it was last empty, up to and with one of them."""
    mine = [c for c in all_[: _place(all_, last) + 1] if c.coin == last.coin]
    emptied = [n for n, c in enumerate(mine[:-1]) if not c.units_after and not c.cost_after]
    return mine[emptied[-1] + 1 :] if emptied else mine


def after(all_: Sequence[Change], first: Change) -> list[Change]:
    """The changes of a coin's pool after one of them, until it is empty."""
    found = []
    for change in all_[_place(all_, first) + 1 :]:
        if change.coin == first.coin:
            found.append(change)
            if not change.units_after:
                break
    return found


def _place(all_: Sequence[Change], one: Change) -> int:
    return next(n for n, change in enumerate(all_) if change is one)


def at_cost(m: Movement) -> Movement:
    """An acquisition with the cost and the day that a pool sees."""
    cost, unknown = cost_of(m)
    since = acquired_at(m)
    return m._replace(value=None if unknown else cost, more=m.more._replace(acquired_at=None if since == m.at else since, fair=None))


def cost_lines(past: Past, m: Movement) -> tuple[list[sums.Line], bool]:
    """What an acquisition cost, and whether the event behind it says the same."""
    if m.more.worth is not None:
        return [sums.Line("cost of the lot", f"market value {money(m.more.worth)} for {units(past, m.quantity)}", m.more.worth)], True
    return sums.cost_of_lot(past, at_cost(m), past.fact(m.id))


def price_of(past: Past, m: Movement) -> str:
    """Where the value of an acquisition or a disposal is from."""
    fact = past.fact(m.id)
    if m.act == "acquire" and m.more.worth is None:
        return chain.price_of_lot(past, at_cost(m))
    if fact is None or (m.value is None and m.more.worth is None):
        return "unknown"
    return price(fact.fee_price if m.more.is_fee else fact.price, past.currency)


def prices(past: Past, movements: Iterable[Movement]) -> str:
    return "; ".join(dict.fromkeys(price_of(past, m) for m in movements)) or "unknown"


# ------------------------------------------------------------------ steps


def event_step(past: Past, m: Movement) -> Step:
    """One movement, with the keys of a step of a lot. `basis` is that of an acquisition; what else costs, the pool says."""
    part = f"{units(past, m.quantity)} {past.symbol(m.coin)}"
    if m.act == "acquire":
        return chain.acquired(past, at_cost(m)) | {"price": price_of(past, m)}
    if m.act == "dispose":
        fee = f", fee {money(m.fee)}" if m.fee else ""
        step = chain.step_of(past, m, "disposed", (m.quantity, None), f"{clock(past, m.at)}: {part} {chain.sold(past, m)}{fee}")
        return step | {"proceeds": exactly(m.value), "fee": exactly(m.fee), "price": price_of(past, m)}
    if m.act == "leave":
        says = f"{clock(past, m.at)}: {part} {chain.LEFT.get(m.more.kind, m.more.kind)} from {past.label(m.account)}"
        return chain.step_of(past, m, "left", (m.quantity, None), says)
    return chain.step_of(past, m, "moved", (m.quantity, None), f"{clock(past, m.at)}: {part} {chain.way(past, m)}")


def steps(past: Past, here: Seen, changes: Iterable[Change]) -> list[Step]:
    """Changes of a pool, in order."""
    return [_step(past, here, change) for change in changes]


_SHORT = {"acquired": "joined", "renamed_in": "joined", "renamed_out": "went along", "disposed": "left", "left": "left"}


def _step(past: Past, here: Seen, change: Change) -> Step:
    behind = here.movements_of("disposed" if change.what == "denied" else change.what, change.coin, change.ids)
    part = f"{units(past, change.quantity)} {past.symbol(change.coin)}"
    if change.what == "denied":
        effect = f"{calendar_day(change.day)}: {money(change.cost)} of denied loss of {change.ids[0]} joined the pool's cost"
    else:
        effect = f"{part} with a cost of {money(change.cost)} {_SHORT[change.what]}"
        if change.denied:
            effect += f", {money(change.denied)} of it denied loss"
    holds = f"the pool: {units(past, change.units_after)}, cost {money(change.cost_after)}"
    pool = {"quantity": exactly(change.units_after, past.places), "basis": exactly(change.cost_after)}
    step = grouped(past, change.coin, change.what, change.day, behind)
    lead = "" if change.what == "denied" else f"{step['says']}; "
    return step | {
        "quantity": exactly(change.quantity, past.places),
        "basis": exactly(change.cost),
        "denied": exactly(change.cost if change.what == "denied" else change.denied),
        "pool": pool,
        "says": f"{lead}{effect}; {holds}",
        "events": [] if change.what == "denied" else step["events"],
    }


def grouped(past: Past, coin: str, what: str, day: int, behind: Sequence[Movement]) -> Step:
    """Movements that count as one, without a pool."""
    events = [event_step(past, m) for m in behind]
    quantity = sum(m.quantity for m in behind)
    word = {"acquired": "acquisitions", "disposed": "disposals"}.get(what, what)
    says = (
        events[0]["says"] if len(events) == 1 else f"{calendar_day(day)}: {len(events)} {word}, {units(past, quantity)} {past.symbol(coin)}"
    )
    return {
        "what": what,
        "day": calendar_day(day).isoformat(),
        "asset": coin,
        "symbol": past.symbol(coin),
        "quantity": exactly(quantity, past.places),
        "basis": exactly(sum(cost_of(m)[0] for m in behind)) if what == "acquired" else None,
        "denied": "0",
        "pool": None,
        "says": says,
        "events": events,
    }


def plus(parts: Sequence[int | None], whole: int | None) -> str:
    """ "2,000 + 1,000 = 3,000"; of many parts the sum only."""
    if len(parts) == 1 or whole is None:
        return money(whole)
    if len(parts) > MOST:
        return f"{money(whole)} ({len(parts)} together)"
    return f"{' + '.join(map(money, parts))} = {money(whole)}"


MOST = 6
"""So many parts of a sum are written out; the events of the chain have them all."""


def some(words: Sequence[str]) -> str:
    """A list with its first words."""
    return ", ".join(words[:MOST]) + (f" and {len(words) - MOST} more" if len(words) > MOST else "")
