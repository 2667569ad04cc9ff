"""Why a figure is what it is: the chain of events, the prices and where they are from, the rules with their sources, and the arithmetic.

Nothing is read off the ledger: the group of the coin is booked once more while somebody looks, each figure is computed again from the
movements, and `reproduced` says whether it is the ledger's own. Amounts are decimal strings, times are UTC and the taxpayer's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from service.app.explain import chain, law, pools, sums
from service.app.explain.file import of_lines
from service.app.explain.law import Law
from service.app.explain.past import Fact, Past, facts_of, of_store
from service.app.explain.pools import Pooled
from service.app.explain.replay import Seen, Taking, watched
from service.app.explain.why import from_common_pool, why
from service.app.explain.words import exactly, instant, price
from service.app.ports import App, Refused
from service.app.sources import PORTFOLIO
from service.domain.issues import content_id
from service.domain.ledger import Disposal, Group, Match, Method, Scope, disposal
from service.domain.movements import Movement, called, event_of, moment
from service.domain.rules import Term, first_long_date, local_date, term

__all__ = ["Fact", "Past", "Pooled", "explain_disposal", "explain_lot", "gain", "lot", "of_lines", "of_store", "pools"]

Answer = dict[str, Any]

SINCE = date(2025, 1, 1)
"""26 CFR 1.1012-1(j) holds for disposals from this day on."""


async def explain_disposal(app: App, id: str, *, method: Method | Pooled | None = None, scope: Scope | None = None) -> Answer:
    """A disposal of what is stored, by its id or that of one of its matches. Raises Refused for an unknown one.

    Without `method` and `scope` each figure is also compared with the stored ledger. A pool knows no scope.
    """
    if method == "section104" or method == "acb":  # noqa: PLR1714  # this way the type is narrowed
        return await pools.explain_disposal(app, id, method)
    past = await of_store(app, method=method, scope=scope)
    found = await asyncio.to_thread(look, past, id)
    stored = await _stored(app, found) if method is None and scope is None else None
    past = replace(past, facts=await facts_of(app, past, (name for one in found for name in one.events())))
    return await asyncio.to_thread(tell, past, found, stored)


async def _stored(app: App, found: Sequence[Found]) -> dict[str, Disposal] | None:
    """The ledger's matches of the times of these, by id; None where nothing was booked yet."""
    if not await app.store.ledger_id(PORTFOLIO):
        return None
    times = [one.match.disposed for one in found]
    until = moment(max(times)) + timedelta(microseconds=1)
    return {d.id: d for d in await app.store.disposals(PORTFOLIO, moment(min(times)), until)}


async def explain_lot(app: App, id: str, *, method: Method | Pooled | None = None) -> Answer:
    """A lot of what is stored; of a pool, what became of the acquisition. Raises Refused for an unknown one."""
    if method == "section104" or method == "acb":  # noqa: PLR1714  # this way the type is narrowed
        return await pools.explain_lot(app, id, method)
    past = await of_store(app, method=method)
    found = await asyncio.to_thread(look_at_lot, past, id)
    return await asyncio.to_thread(tell_lot, replace(past, facts=await facts_of(app, past, found.events())), found)


# ------------------------------------------------------------------ a disposal


class Found(NamedTuple):
    """One match, and the replay that shows how it came about."""

    seen: Seen
    taking: Taking
    match: Match

    def events(self) -> Iterator[str]:
        """Movements that its explanation names."""
        yield self.match.id
        yield self.match.lot
        yield from (t.movement.id for t in self.seen.takings if self.match.lot in t.taken)


def gain(past: Past, id: str) -> Answer:
    """All matches of the disposal `id`, or the one match of that id ("dsp_…"), of a history with its facts. Pure."""
    return tell(past, look(past, id), None)


def look(past: Past, id: str) -> list[Found]:
    """Books the groups of the disposal's coins once more. Raises Refused for an unknown id."""
    found = []
    id = called(past.movements, id)  # noqa: A001  # a transfer's fee by either of its rows
    for movements in past.groups():
        wanted = _matches_of(past, movements, id)
        if not wanted:
            continue
        whole = frozenset(m.id for m in wanted)
        seen = watched(movements, past.said, past.places, lots=frozenset(m.lot for m in wanted), whole=whole)
        for match in wanted:
            found.append(Found(seen, next(t for t in seen.takings if t.movement.id == match.id and match in t.matches), match))
    if not found:
        raise Refused("id", f"no disposal has the id {id!r}; `thresher gains --csv` lists them in the column disposal_id")
    return found


def tell(past: Past, found: Sequence[Found], stored: Mapping[str, Disposal] | None) -> Answer:
    """`stored`: the ledger's own matches by id, and none of what it does not have; None: compared with the replay only. Pure."""
    return {"explanations": [_explained(past, one, stored) for one in found]}


def _matches_of(past: Past, movements: Sequence[Movement], id: str) -> list[Match]:
    is_match = id.startswith("dsp_") and not any(m.id == id for m in movements)
    if not is_match and not any(m.id == id and m.act == "dispose" for m in movements):
        return []
    group = Group(past.said, past.places)
    group.enter_all(movements)
    group.close()
    return [m for m in group.matches if (_id(m) if is_match else m.id) == id]


def _id(match: Match) -> str:
    return content_id("dsp", match.id, match.coin, match.lot)


def _explained(past: Past, found: Found, stored: Mapping[str, Disposal] | None) -> Answer:
    seen, taking, match = found
    fact = past.fact(match.id)
    lines, same = sums.of_match(past, taking, match, fact)
    began = seen.acquired.get(match.lot)
    if began is not None:
        cost, alike = sums.cost_of_lot(past, began, past.fact(began.id))
        lines, same = [*cost, *lines], same and alike
    steps = chain.of_lot(past, seen, match.lot, match) if match.lot else []
    mine, in_utc = _terms(past, match)
    lines.append(_term_line(past, match, mine))
    if stored is not None:
        same = same and stored.get(_id(match)) == disposal(match, past.places, past.symbols)
    same = same and (mine["term"] == ("long" if match.long else "short"))
    source = (fact.fee_price if taking.movement.more.is_fee else fact.price) if fact else ""
    return {
        "id": _id(match),
        "disposal": match.id,
        "event": event_of(match.id) if fact is not None and match.id not in past.facts else match.id,
        "lot": match.lot or None,
        "asset": match.coin,
        "symbol": past.symbol(match.coin),
        "account": match.account,
        "account_label": past.label(match.account),
        "quantity": exactly(match.quantity, past.places),
        "proceeds": exactly(match.proceeds),
        "basis": exactly(match.basis),
        "gain": exactly(None if match.proceeds is None or match.basis is None else match.proceeds - match.basis),
        "term": mine["term"],
        "tax_year": mine["tax_year"],
        "acquired": None if match.acquired is None else instant(past, match.acquired),
        "long_from": mine["long_from"],
        "disposed": instant(past, match.disposed),
        "time_zone": past.zone,
        "flags": list(match.flags),
        "chain": steps,
        "prices": {
            "proceeds": "unknown" if match.proceeds is None else price(source, past.currency),
            "basis": chain.price_of_lot(past, began) if began is not None and began.act == "acquire" else "unknown",
        },
        "arithmetic": sums.told(lines),
        "why": why(past, taking, match) if match.lot else None,
        "utc": in_utc,
        "rules": [one._asdict() for one in _rules(past, taking, match, steps)],
        "reproduced": same,
    }


def _terms(past: Past, match: Match) -> tuple[Answer, Answer | None]:
    """By the taxpayer's days; and by those of UTC where term or year differ."""
    mine, utc = (_counted(match, zone) for zone in (past.zone, "UTC"))
    if (mine["term"], mine["tax_year"]) == (utc["term"], utc["tax_year"]):
        return mine, None
    says = f"In {past.zone} {mine['term']} term of {mine['tax_year']}; by days of UTC it would be {utc['term']} term of {utc['tax_year']}."
    return mine, utc | {"says": says}


def _term_line(past: Past, match: Match, mine: Answer) -> sums.Line:
    sold = local_date(moment(match.disposed), past.zone)
    if match.acquired is None:
        return sums.Line("term", f"date of acquisition unknown: short; year of {sold}: {mine['tax_year']}", None)
    since = local_date(moment(match.acquired), past.zone)
    return sums.Line("term", f"held since {since}: long from {mine['long_from']}; disposed of on {sold}: {mine['term']}", None)


def _counted(match: Match, zone: str) -> Answer:
    disposed = moment(match.disposed)
    year = local_date(disposed, zone).year
    if match.acquired is None:
        return {"term": "short", "tax_year": year, "long_from": None}
    since = moment(match.acquired)
    found: Term = term(since, disposed, zone)
    return {"term": found, "tax_year": year, "long_from": first_long_date(local_date(since, zone)).isoformat()}


def _rules(past: Past, taking: Taking, match: Match, steps: list[chain.Step]) -> list[Law]:
    touched = chain.touched(steps)
    m = taking.movement
    bought_with_fee = any(s["what"] == "acquired" and (f := past.fact(s["event"])) and f.kind == "buy" and f.fee_value for s in steps)
    chosen = [
        (law.FEE_IN_COIN if m.more.is_fee else law.ANY_SALE, True),
        (law.MISSING_BASIS, not match.lot),
        (law.UNKNOWN_BASIS, bool(match.lot) and match.basis is None),
        (law.AVERAGE, taking.method == "average"),
        (law.METHOD, bool(match.lot) and taking.method != "average"),
        (law.RELIEF, _needs_a_broker(past, taking, match)),
        (law.ONE_POOL, from_common_pool(past, match)),
        (law.HOLDING_PERIOD, bool(match.lot)),
        (law.FEE_OF_PURCHASE, bought_with_fee),
        (law.FEE_OF_SALE, bool(m.fee)),
        (law.INCOME, "income" in touched),
        (law.GIFT, "gift_in" in touched),
        (law.TRANSFER, touched["moved"]),
        (law.TO_ACCOUNTS, touched["allocated"]),
        (law.COLLECTIBLE, "collectible" in match.flags),
    ]
    return [one for one, applies in chosen if applies]


def _needs_a_broker(past: Past, taking: Taking, match: Match) -> bool:
    """Whether other lots than the oldest were taken of what a broker holds, since the rule of 2025."""
    by_choice = match.lot in taking.named or taking.method in ("lifo", "hifo", "lofo")
    return by_choice and match.account in past.brokers and local_date(moment(match.disposed), past.zone) >= SINCE


# ------------------------------------------------------------------ a lot


class FoundLot(NamedTuple):
    seen: Seen
    began: Movement

    def events(self) -> Iterator[str]:
        yield self.began.id
        yield from (t.movement.id for t in self.seen.takings if self.began.id in t.taken)


def lot(past: Past, id: str) -> Answer:
    """One lot from its acquisition to where its parts are now, of a history with its facts. Pure."""
    return tell_lot(past, look_at_lot(past, id))


def look_at_lot(past: Past, id: str) -> FoundLot:
    """Raises Refused for an unknown id."""
    id = called(past.movements, id)  # noqa: A001
    for movements in past.groups():
        if any(m.id == id and m.act in ("acquire", "move") for m in movements):
            seen = watched(movements, past.said, past.places, lots=frozenset([id]), whole=frozenset())
            began = seen.acquired.get(id)
            if began is not None and _was_lot(seen, began):
                return FoundLot(seen, began)
    raise Refused("id", f"no lot has the id {id!r}; `thresher lots --json` lists those that are open, `thresher gains --csv` the others")


def tell_lot(past: Past, found: FoundLot) -> Answer:
    return {"explanations": [_life(past, found.seen, found.began, found.began.id)]}


def _was_lot(seen: Seen, began: Movement) -> bool:
    """A move begins a lot only where it carried what was never acquired."""
    return began.act == "acquire" or any(began.id in t.taken for t in seen.takings) or any(o.lot == began.id for o in seen.group.open())


def _life(past: Past, seen: Seen, began: Movement, id: str) -> Answer:
    steps = chain.of_lot(past, seen, id)
    lines, same = sums.cost_of_lot(past, began, past.fact(began.id))
    open_parts = [o for o in seen.group.open() if o.lot == id]
    gone = [(t.movement.act, *t.taken[id]) for t in seen.takings if id in t.taken and t.movement.act != "move"]
    balance, conserved = sums.of_life(past, began, [(q, b) for _, q, b in gone], [(o.quantity, o.basis) for o in open_parts], seen)
    lines += balance
    touched = chain.touched(steps)
    sold = any(act == "dispose" for act, _, _ in gone)
    fact = past.fact(began.id)
    chosen = [
        (law.INCOME, "income" in touched),
        (law.GIFT, "gift_in" in touched),
        (law.FEE_OF_PURCHASE, fact is not None and fact.kind == "buy" and bool(fact.fee_value)),
        (law.UNKNOWN_BASIS, began.value is None),
        (law.TRANSFER, touched["moved"]),
        (law.TO_ACCOUNTS, touched["allocated"]),
        (law.ANY_SALE, sold),
        (law.LEFT, touched["left"]),
        (law.HOLDING_PERIOD, True),
    ]
    since = began.at if began.more.acquired_at is None else began.more.acquired_at
    return {
        "lot": id,
        "asset": began.coin,
        "symbol": past.symbol(began.coin),
        "account": began.account,
        "account_label": past.label(began.account),
        "quantity": exactly(began.quantity, past.places),
        "basis": exactly(began.value),
        "acquired": instant(past, since),
        "long_from": first_long_date(local_date(moment(since), past.zone)).isoformat(),
        "time_zone": past.zone,
        "utc": _other_day(past, since),
        "open": [
            {
                "account": o.account,
                "account_label": past.label(o.account),
                "asset": o.coin,
                "quantity": exactly(o.quantity, past.places),
                "basis": exactly(o.basis),
            }
            for o in open_parts
        ],
        "chain": steps,
        "prices": {"basis": chain.price_of_lot(past, began) if began.act == "acquire" else "unknown"},
        "arithmetic": sums.told(lines),
        "rules": [one._asdict() for one, applies in chosen if applies],
        "reproduced": same and conserved,
    }


def _other_day(past: Past, since: int) -> Answer | None:
    """Where the day of UTC is another: the first long day that it would give."""
    mine, utc = (first_long_date(local_date(moment(since), zone)) for zone in (past.zone, "UTC"))
    if mine == utc:
        return None
    return {"long_from": utc.isoformat(), "says": f"Long term from {mine} in {past.zone}; by days of UTC from {utc}."}
