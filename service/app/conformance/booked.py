"""Priced events → what the ledger, or the pools of the United Kingdom or of Canada, make of them, in the words of `expected`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from service.app.conformance.case import Case
from service.app.conformance.comparing import Cells, Made
from service.domain import movements, valuation
from service.domain.issues import IssueKind
from service.domain.ledger import Disposal, Group, disposal, groups_of, lot, run
from service.domain.methods import Lot
from service.domain.money import ZERO, total
from service.domain.movements import Movement, decimal, moment
from service.domain.pooling import AcbMatch, Section104, Short, acb, section104, tax_year
from service.domain.pooling.identification import calendar_day
from service.domain.pooling.pools import cost_of
from service.domain.reconcile import Event
from service.domain.rules import local_date


def booked(events: Sequence[Event], case: Case, unrealised: Mapping[str, Any] | None) -> Made:
    """`unrealised`: the vector's word on when and at which price, where it has one."""
    amounts = [a for e in events for a in (*e.sent, *e.received, *e.fees)]
    symbols = {a.coin.id: a.coin.id.removeprefix("csv:") for a in amounts}  # as the file calls it
    places = movements.places_of(a.quantity for a in amounts if a.coin.kind != "fiat")
    moved = [m for event in events for m in movements.of_event(event, places)]
    names = groups_of((m.coin for m in moved), ((m.coin, m.more.to_coin) for m in moved if m.more.to_coin))
    if case.regime != "us":
        made = _pools(moved, names, case, symbols, places)
    else:
        accounts = {e.account for e in events} | {e.to_account for e in events if e.to_account}
        groups = run(moved, names, case.choices(accounts), places)
        made = _lots(groups, case, symbols, places)
        if unrealised is not None:
            _add_unrealised(made, [lot(o, places, symbols) for group in groups for o in group.open()], unrealised, case.zone)
        made.issues += _unknown_costs((m for m in moved if m.value is None), symbols, places)
    return made


def _lots(groups: Sequence[Group], case: Case, symbols: Mapping[str, str], places: int) -> Made:
    left = [lot(o, places, symbols) for group in groups for o in group.open()]
    return Made(
        fragments=[_fragment(disposal(m, places, symbols), case.zone) for group in groups for m in group.matches],
        open_lots=[_line(lot_id=x.id, asset=x.symbol, account=x.account, quantity=x.quantity, basis_usd=x.basis) for x in left],
        income=_by_year((local_date(moment(m.at), case.zone).year, m) for group in groups for m in group.incomes),
        issues=[
            _line(code=f.kind.value, event_id=f.event, asset=symbols[f.coin], quantity=decimal(f.quantity, places))
            for group in groups
            for f in group.findings
            if f.kind in (IssueKind.MISSING_BASIS, IssueKind.LOT_NOT_AVAILABLE)
        ],
    )


def _line(**cells: str | Decimal | None) -> Cells:
    return {name: value for name, value in cells.items() if value is not None}


def _fragment(d: Disposal, zone: str) -> Cells:
    """An unknown basis is 0 in a vector, so the gain is all of the proceeds."""
    return _line(
        disposal_id=d.event,
        lot_id=d.lot,
        quantity=d.quantity,
        proceeds_usd=d.proceeds,
        basis_usd=d.basis,
        gain_usd=d.proceeds if d.basis is None else d.gain,
        term=d.term,
        tax_year=str(local_date(d.disposed_at, zone).year),
    )


def _by_year(incomes: Iterable[tuple[int, Movement]]) -> dict[str, Decimal]:
    by: dict[str, int] = defaultdict(int)
    for year, earned in incomes:
        by[str(year)] += earned.value or 0
    return {year: decimal(value) for year, value in by.items()}


def _unknown_costs(moved: Iterable[Movement], symbols: Mapping[str, str], places: int) -> list[Cells]:
    """What came in (all of `moved`) without a known cost: the ledger flags it, and a vector calls it an issue of its deposit."""
    return [
        _line(code="unknown_basis", event_id=m.id, asset=symbols[m.coin], quantity=decimal(m.quantity, places))
        for m in moved
        if m.act == "acquire" and m.more.unknown == "missing_basis"
    ]


def _add_unrealised(made: Made, lots: Sequence[Lot], told: Mapping[str, Any], zone: str) -> None:
    """All lots at the vector's one price; an unknown cost counts as 0, as in a fragment, and is never harvested."""
    at, price = datetime.fromisoformat(told["at"]), Decimal(told["price_usd"])
    prices = {x.coin: valuation.Price(x.coin, price, at, ("vector",), price, price) for x in lots}
    for held in valuation.value(lots, prices, at, zone):
        gain = held.value if held.unrealised is None else held.unrealised
        made.unrealised.append(_line(lot_id=held.lot.id, gain_usd=gain, term=held.term))
        if held.unrealised is not None:
            made.harvestable = total([made.harvestable, min(held.unrealised, ZERO)])


# ------------------------------------------------------------------ pools


def _pools(moved: Sequence[Movement], names: Mapping[str, str], case: Case, symbols: Mapping[str, str], places: int) -> Made:
    by: dict[str, list[Movement]] = defaultdict(list)
    for m in moved:
        by[names[m.coin]].append(m)
    made, short = Made(), list[Short]()
    for _, group in sorted(by.items()):
        if case.regime == "uk":
            uk = section104(group, zone=case.zone, places=places, symbols=symbols)
            made.fragments += _days(uk, symbols, places)
            gone, found = uk.short, uk.pools
        else:
            ca = acb(group, zone=case.zone, places=places, symbols=symbols)
            made.fragments += (_disposal(m, case.zone, places) for m in ca.matches)
            gone, found = ca.short, ca.pools
        short += gone
        made.pool += [_line(asset=symbols[p.coin], quantity=decimal(p.quantity, places), cost=decimal(p.cost)) for p in found]
    made.income = _by_year((_tax_year(m.at, case), m) for m in moved if m.more.income)
    made.issues = [
        _line(code="missing_basis", event_id=name, asset=symbols[coin], quantity=decimal(units, places)) for name, coin, units in short
    ]
    made.issues += _unknown_costs((m for m in moved if m.act == "acquire" and cost_of(m)[1]), symbols, places)
    return made


def _tax_year(at: int, case: Case) -> int:
    """Of an instant: the year of the zone, in the United Kingdom that in which it ends (5 April)."""
    on = local_date(moment(at), case.zone)
    return tax_year(on.toordinal() - movements.EPOCH.toordinal()) if case.regime == "uk" else on.year


def _disposal(m: AcbMatch, zone: str, places: int) -> Cells:
    return _line(
        disposal_id=m.id,
        quantity=decimal(m.quantity, places),
        proceeds=None if m.proceeds is None else decimal(m.proceeds),
        acb=decimal(m.acb),
        denied_loss=decimal(m.denied),
        gain=None if m.gain is None else decimal(m.gain),
        tax_year=str(local_date(moment(m.disposed), zone).year),
    )


def _days(found: Section104, symbols: Mapping[str, str], places: int) -> Iterator[Cells]:
    for m in found.matches:
        yield _line(
            asset=symbols[m.coin],
            disposed=calendar_day(m.day).isoformat(),
            rule=m.rule,
            acquired="" if m.acquired is None else calendar_day(m.acquired).isoformat(),
            quantity=decimal(m.quantity, places),
            proceeds=None if m.proceeds is None else decimal(m.proceeds),
            allowable_cost=decimal(m.cost),
            gain=None if m.gain is None else decimal(m.gain),
            tax_year=str(tax_year(m.day)),
        )
