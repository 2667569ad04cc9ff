"""The audit of pools: every change of each pool and every match out of it, in order of the days, each with the records it was read from.

A match with acquisitions names them. One out of a pool rests on all that ever joined it, so the changes of the pool stand as lines of their own
above it, each with what the pool then held: the file is as long as the history, and not its square.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from service.app.explain import section104
from service.app.explain.pool_law import AVERAGE_COST
from service.app.gains import Found, Past
from service.domain import pooling
from service.domain.ledger.choices import Calendar
from service.domain.movements import MONEY_PLACES, Movement, iso_day, stamp, text
from service.domain.pooling import AcbMatch, DayMatch, Superficial, tax_year
from service.domain.pooling.identification import calendar_day
from service.domain.pooling.statement import Change, acb_statement, is_rename, section104_statement
from service.domain.reports.matches import Years

Line = dict[str, Any]
Told = Callable[[str], Line | None]
"""What is known of the event behind an id."""
_Placed = tuple[tuple[int, str, int, int], Line]
"""Day, coin, place of the change of the pool, and place after it: each match stands below the change that is its own, else at the day's end."""


def names(past: Past) -> set[str]:
    """Ids of the movements that some line names."""
    return {m.id for group in past.groups for m in group if m.act != "move" or is_rename(m)}


def lines(found: Found, past: Past, told: Told) -> list[str]:
    """JSON. Of one tax year: its matches, and the pools from their beginning to its end."""
    of = _section104 if found.asked.method == "section104" else _acb
    symbols = past.symbols()
    placed = [line for group in past.groups for line in of(group, found, past, told)]
    placed.sort(key=lambda line: line[0])
    for _, line in placed:
        line["asset"] = symbols[line["coin"]]
    return [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for _, line in placed]


def _section104(group: list[Movement], found: Found, past: Past, told: Told) -> Iterator[_Placed]:
    year, zone = found.asked.year, found.zone
    made = pooling.section104(group, zone=zone, places=past.places)
    changes = section104_statement(group, made, zone=zone)
    own = {(change.day, change.coin): n for n, change in enumerate(changes) if change.what == "disposed"}
    for n, change in enumerate(changes):
        if year is None or tax_year(change.day) <= year:
            yield (change.day, change.coin, n, 0), _pool(change, past, told)
    for n, match in enumerate(made.matches):
        if year in (None, tax_year(match.day)):
            place = own[match.day, match.coin] if match.rule == "section_104" else len(changes)
            yield (match.day, match.coin, place, n + 1), _day_match(match, past, told)


def _acb(group: list[Movement], found: Found, past: Past, told: Told) -> Iterator[_Placed]:
    year, zone = found.asked.year, found.zone
    years = Years(Calendar(zone))
    made = pooling.acb(group, zone=zone, places=past.places)
    denied = {(one.coin, one.id): one for one in made.superficial}
    own = {}
    for n, change in enumerate(acb_statement(group, made, zone=zone)):
        if change.what in ("disposed", "denied"):
            own[change.coin, change.ids[0]] = change.day, n
        if year is None or calendar_day(change.day).year <= year:
            yield (change.day, change.coin, n, 0), _pool(change, past, told)
    for match in made.matches:
        if year in (None, years[match.disposed]):
            day, n = own[match.coin, match.id]
            line = _acb_match(match, years[match.disposed], denied.get((match.coin, match.id)), past)
            yield (day, match.coin, n, 1), line | {"disposal": _source(told, match.id)}


def _pool(change: Change, past: Past, told: Told) -> Line:
    return {
        "line": "pool",
        "day": iso_day(change.day),
        "asset": "",
        "coin": change.coin,
        "what": change.what,
        "quantity": _units(change.quantity, past),
        "cost": _money(change.cost),
        "denied": _money(change.denied),
        "pool": {"quantity": _units(change.units_after, past), "cost": _money(change.cost_after)},
        "events": _sources(told, change.ids),
    }


def _day_match(m: DayMatch, past: Past, told: Told) -> Line:
    return {
        "line": "match",
        "id": m.own_id,
        "method": "section104",
        "tax_year": tax_year(m.day),
        "day": iso_day(m.day),
        "asset": "",
        "coin": m.coin,
        "rule": m.rule,
        "citation": section104.NAMED[m.rule].citation,
        "acquired": None if m.acquired is None else iso_day(m.acquired),
        "quantity": _units(m.quantity, past),
        "proceeds": _money(m.proceeds),
        "fees": _money(m.fees),
        "allowable_cost": _money(m.cost),
        "gain": _money(m.gain),
        "missing": _units(m.missing, past),
        "flags": list(m.flags),
        "from": {"quantity": _units(m.of_units, past), "cost": _money(m.of_cost)},
        "disposals": _sources(told, m.disposals),
        "acquisitions": _sources(told, m.acquisitions),
    }


def _acb_match(m: AcbMatch, year: int, denied: Superficial | None, past: Past) -> Line:
    return {
        "line": "match",
        "id": m.own_id,
        "method": "acb",
        "tax_year": year,
        "disposed": stamp(m.disposed),
        "asset": "",
        "coin": m.coin,
        "account": past.labels.get(m.account, m.account),
        "account_id": m.account,
        "rule": AVERAGE_COST.rule,
        "citation": AVERAGE_COST.citation,
        "quantity": _units(m.quantity, past),
        "proceeds": _money(m.proceeds),
        "basis": _money(m.acb),
        "denied": _money(m.denied),
        "gain": _money(m.gain),
        "missing": _units(m.missing, past),
        "flags": list(m.flags),
        "from": {"quantity": _units(m.of_units, past), "cost": _money(m.of_cost)},
        "superficial": None if denied is None else _superficial(denied, past),
    }


def _superficial(one: Superficial, past: Past) -> Line:
    return {
        "loss": _money(one.loss),
        "sold": _units(one.sold, past),
        "acquired": _units(one.acquired, past),
        "held": _units(one.held, past),
        "counted": _units(one.counted, past),
        "added": [{"event": name or None, "amount": _money(amount)} for name, amount in one.added],
    }


def _sources(told: Told, ids: Iterable[str]) -> list[Line]:
    return [_source(told, name) for name in ids]


def _source(told: Told, name: str) -> Line:
    return {"id": name} | (told(name) or {})


def _units(count: int, past: Past) -> str:
    return text(count, past.places)


def _money(count: int | None) -> str | None:
    return None if count is None else text(count, MONEY_PLACES)
