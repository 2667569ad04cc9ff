"""United Kingdom: one match of a day's disposals explained, and what became of an acquisition.

The arithmetic is done anew from the movements and from the pool's statement. Worked example, of a sale of 50 for 300,000 with 20 bought back
for 90,000 a week later, the 30 from the pool:

    proceeds of this part      300,000 × 30 / 50 = 180,000
    pool before                126,000 for 150
    cost of this part          126,000 × 30 / 150 = 25,200
    gain                       180,000 − 25,200 = 154,800
    pool after                 100,800 for 120
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from service.app.explain import pool_chain, pool_law, sums
from service.app.explain.law import Law
from service.app.explain.past import Past
from service.app.explain.pool_chain import Seen, Step, plus
from service.app.explain.sums import Line
from service.app.explain.words import exactly, instant, money, units
from service.domain.ledger.choices import DAY
from service.domain.movements import Movement
from service.domain.pooling import DayMatch, Section104, section104, tax_year
from service.domain.pooling.identification import WINDOW_DAYS, Rule, calendar_day
from service.domain.pooling.pools import acquired_at
from service.domain.pooling.statement import Change, in_turn, left_of, section104_statement

Answer = dict[str, Any]

NAMED: dict[Rule, Law] = {"same_day": pool_law.SAME_DAY, "thirty_day": pool_law.THIRTY_DAYS, "section_104": pool_law.SECTION_104}


class Book(NamedTuple):
    here: Seen
    made: Section104

    def of_day(self, match: DayMatch) -> list[DayMatch]:
        """All matches of that day's disposals of the coin, in the order in which the rules take them."""
        return in_turn(m for m in self.made.matches if (m.coin, m.day) == (match.coin, match.day))

    def of_acquisitions(self, match: DayMatch) -> list[DayMatch]:
        """All matches with the acquisitions that this one is matched with, in that order."""
        return in_turn(m for m in self.made.matches if m.coin == match.coin and m.acquisitions == match.acquisitions)

    def change(self, match: DayMatch) -> Change:
        return next(c for c in self.here.changes if (c.what, c.coin, c.day) == ("disposed", match.coin, match.day))


def booked(past: Past, movements: Sequence[Movement]) -> Book:
    made = section104(movements, zone=past.zone, places=past.places, symbols=past.symbols)
    return Book(pool_chain.seen(movements, section104_statement(movements, made, zone=past.zone)), made)


def events(book: Book, match: DayMatch) -> Iterator[str]:
    """Movements that its explanation names."""
    yield from match.disposals
    yield from match.acquisitions
    if match.rule == "section_104":
        for change in pool_chain.until(book.here.changes, book.change(match)):
            yield from change.ids


# ------------------------------------------------------------------ a match


def explained(past: Past, book: Book, match: DayMatch) -> Answer:
    sales = book.here.movements_of("disposed", match.coin, match.disposals)
    steps, cost = _cost(past, book, match)
    lines, figures = _figures(past, book, match, sales, cost)
    on = calendar_day(match.day)
    lines.append(Line("tax year", f"disposed of on {on}: the year to 5 April {tax_year(match.day)}", None))
    basis = pool_chain.prices(past, cost.acquired)
    return {
        "id": match.own_id,
        "method": "section104",
        "rule": match.rule,
        "disposals": list(match.disposals),
        "acquisitions": list(match.acquisitions),
        "asset": match.coin,
        "symbol": past.symbol(match.coin),
        "quantity": exactly(match.quantity, past.places),
        "proceeds": exactly(match.proceeds),
        "fees": exactly(match.fees),
        "allowable_cost": exactly(match.cost),
        "gain": exactly(match.gain),
        "tax_year": tax_year(match.day),
        "day": on.isoformat(),
        "acquired": None if match.acquired is None else calendar_day(match.acquired).isoformat(),
        "time_zone": past.zone,
        "missing": exactly(match.missing, past.places),
        "flags": list(match.flags),
        "pool": _pool(past, cost.change),
        "chain": [*steps, *([] if cost.change else [pool_chain.grouped(past, match.coin, "disposed", match.day, sales)])],
        "prices": {"proceeds": pool_chain.prices(past, sales), "basis": basis},
        "arithmetic": sums.told(lines),
        "why": _why(past, book, match),
        "utc": _utc(past, match, sales),
        "rules": [one._asdict() for one in _rules(match, cost.acquired)],
        "reproduced": cost.same and figures == (match.quantity, match.proceeds, match.cost, match.fees, match.of_units, match.of_cost),
    }


class _Cost(NamedTuple):
    """Of the matched units, without fees."""

    units: int
    """What it was taken from."""
    whole: int
    part: int
    lines: list[Line]
    after: list[Line]
    acquired: list[Movement]
    same: bool
    """The events behind the acquisitions say the same costs."""
    change: Change | None = None
    """Of the pool."""


def _cost(past: Past, book: Book, match: DayMatch) -> tuple[list[Step], _Cost]:
    if match.rule == "section_104":
        return _from_pool(past, book, match)
    bought = book.here.movements_of("acquired", match.coin, match.acquisitions)
    all_ = book.of_acquisitions(match)
    before = all_[: all_.index(match)]
    units_left, whole = left_of(bought, before)
    part = whole * match.quantity // units_left
    on = calendar_day(match.day if match.acquired is None else match.acquired)
    costs = [(*pool_chain.cost_lines(past, m), m) for m in bought]
    lines = [Line(f"cost of {m.id}", line.line, line.result) for told, _, m in costs[: pool_chain.MOST] for line in told]
    total = sum(line.result or 0 for told, _, _ in costs for line in told)
    quantity = sum(m.quantity for m in bought)
    lines.append(Line(f"acquisitions of {on}", f"{plus([_known(told) for told, _, _ in costs], total)} for {units(past, quantity)}", total))
    if before:
        gone = units(past, quantity - units_left)
        says = f"{gone} are matched with earlier disposals: {money(whole)} for {units(past, units_left)} is left"
        lines.append(Line("left of them", says, whole))
    lines.append(_share(past, "cost of this part", whole, quantity=match.quantity, of=units_left, part=part))
    same = all(alike for _, alike, _ in costs)
    steps = [pool_chain.grouped(past, match.coin, "acquired", match.day if match.acquired is None else match.acquired, bought)]
    return steps, _Cost(units_left, whole, part, lines, [], bought, same)


def _known(lines: Sequence[Line]) -> int:
    return sum(line.result or 0 for line in lines)


def _from_pool(past: Past, book: Book, match: DayMatch) -> tuple[list[Step], _Cost]:
    change = book.change(match)
    changes = pool_chain.until(book.here.changes, change)
    held, whole = change.before
    acquired = [m for c in changes if c.what == "acquired" for m in book.here.movements_of("acquired", c.coin, c.ids)]
    same = all(pool_chain.cost_lines(past, m)[1] for m in acquired)
    lines = [Line("pool before", f"{money(whole)} for {units(past, held)}", whole)]
    if match.missing:
        says = (
            f"{money(whole)}: all that was left; {units(past, match.missing)} {past.symbol(match.coin)} never came in and cost nothing here"
        )
        lines.append(Line("cost of this part", says, change.cost))
    else:
        lines.append(_share(past, "cost of this part", whole, quantity=match.quantity, of=held, part=change.cost))
    after = [Line("pool after", f"{money(change.cost_after)} for {units(past, change.units_after)}", change.cost_after)]
    return pool_chain.steps(past, book.here, changes), _Cost(held, whole, change.cost, lines, after, acquired, same, change)


def _share(past: Past, what: str, whole: int, *, quantity: int, of: int, part: int) -> Line:
    if quantity == of:
        return Line(what, f"{money(part)}: all of it", part)
    return Line(what, f"{money(whole)} × {units(past, quantity)} / {units(past, of)} = {money(part)}", part)


def _figures(past: Past, book: Book, match: DayMatch, sales: Sequence[Movement], cost: _Cost) -> tuple[list[Line], tuple[Any, ...]]:
    """Proceeds and fees are the day's, cut in the order of the rules; each match takes its share of what the earlier ones left."""
    sold = sum(m.quantity for m in sales)
    values = [m.value for m in sales]
    total = None if None in values else sum(v for v in values if v is not None)
    fees = sum(m.fee for m in sales)
    of_day = book.of_day(match)
    quantities = [m.quantity for m in of_day]
    place = of_day.index(match)
    got = None if total is None else sums.in_turn(total, sold, quantities)[place]
    fee = sums.in_turn(fees, sold, quantities)[place]
    if total is None or got is None:
        lines = [Line("proceeds of the day", "unknown: no price is known of one of the day's disposals", None)]
    else:
        lines = [
            Line("proceeds of the day", f"{plus(values, total)} for {units(past, sold)}", total),
            _share(past, "proceeds of this part", total, quantity=match.quantity, of=sold, part=got),
        ]
    lines += cost.lines
    allowable = cost.part + fee
    if fees:
        lines.append(Line("fees of the day", plus([m.fee for m in sales if m.fee], fees), fees))
        lines.append(_share(past, "fees of this part", fees, quantity=match.quantity, of=sold, part=fee))
    lines.append(
        Line("allowable cost", f"{money(cost.part)} + fees {money(fee)} = {money(allowable)}" if fee else money(allowable), allowable)
    )
    gain = None if got is None else got - allowable
    word = f" ({'gain' if gain > 0 else 'loss'})" if gain else ""
    lines.append(Line("gain", f"{money(got)} − {money(allowable)} = {money(gain)}{word}", gain))
    quantity = sold - (sum(quantities) - match.quantity)  # what the other matches leave of the day's disposals
    return [*lines, *cost.after], (quantity, got, allowable, fee, cost.units, cost.whole)


def _pool(past: Past, change: Change | None) -> Answer | None:
    if change is None:
        return None
    held, whole = change.before
    return {
        "before": {"quantity": exactly(held, past.places), "basis": exactly(whole)},
        "after": {"quantity": exactly(change.units_after, past.places), "basis": exactly(change.cost_after)},
    }


def _why(past: Past, book: Book, match: DayMatch) -> Answer:
    of_day = book.of_day(match)
    symbol = past.symbol(match.coin)
    whole = units(past, sum(m.quantity for m in of_day))
    days = f"{calendar_day(match.day + 1)} to {calendar_day(match.day + WINDOW_DAYS)}"
    by = [
        f"{units(past, m.quantity)} with {_with(m)}" if m.rule != "section_104" else f"{units(past, m.quantity)} from the section 104 pool"
        for m in of_day
    ]
    many = len(match.disposals)
    says = (
        f"{whole} {symbol} left in {many} disposal{'s' if many > 1 else ''} on {calendar_day(match.day)}, all accounts together. First come "
        f"acquisitions of that day, then those of {days}, then the pool: {'; '.join(by)}."
    )
    return {
        "of_the_day": [
            {
                "id": m.own_id,
                "rule": m.rule,
                "acquired": None if m.acquired is None else calendar_day(m.acquired).isoformat(),
                "quantity": exactly(m.quantity, past.places),
            }
            for m in of_day
        ],
        "says": says,
    }


def _with(match: DayMatch) -> str:
    if match.acquired is None:
        return "what was acquired that day"
    return f"what was acquired on {calendar_day(match.acquired)}, {match.acquired - match.day} days later"


def _utc(past: Past, match: DayMatch, sales: Sequence[Movement]) -> Answer | None:
    """Where a disposal lies on another day of UTC."""
    moved = [m for m in sales if m.at // DAY != match.day]
    if not moved:
        return None
    days = sorted({calendar_day(m.at // DAY).isoformat() for m in moved})
    years = sorted({tax_year(m.at // DAY) for m in moved})
    says = f"On {calendar_day(match.day)} in {past.zone}; by days of UTC {', '.join(m.id for m in moved)} would be of {', '.join(days)}"
    if years != [tax_year(match.day)]:
        says += f", in the tax year {', '.join(map(str, years))}"
    return {"days": days, "tax_years": years, "says": f"{says}."}


def _rules(match: DayMatch, acquired: Iterable[Movement]) -> list[Law]:
    chosen = [
        (NAMED[match.rule], True),
        (pool_law.ALLOWABLE_FEES, bool(match.fees)),
        (pool_law.UK_GIFT, any(m.more.kind == "gift_in" for m in acquired)),
        (pool_law.UNKNOWN_COST, "missing_basis" in match.flags),
    ]
    return [one for one, applies in chosen if applies]


# ------------------------------------------------------------------ an acquisition


class _Acquired(NamedTuple):
    """A day's acquisitions of a coin, which count as one, and what became of them."""

    day: int
    bought: list[Movement]
    matched: list[DayMatch]
    joined: Change | None
    """What was left joined the pool."""


def _acquired(past: Past, book: Book, m: Movement) -> _Acquired:
    calendar = past.said.calendar
    day = calendar.day(acquired_at(m))
    bought = [o for o in book.here.movements if o.act == "acquire" and o.coin == m.coin and calendar.day(acquired_at(o)) == day]
    matched = in_turn(one for one in book.made.matches if one.coin == m.coin and m.id in one.acquisitions)
    joined = next((c for c in book.here.changes if (c.what, c.coin, c.day) == ("acquired", m.coin, day)), None)
    return _Acquired(day, bought, matched, joined)


def lot_events(past: Past, book: Book, m: Movement) -> Iterator[str]:
    """Movements that its explanation names."""
    yield from (one.id for one in _acquired(past, book, m).bought)


def lot(past: Past, book: Book, m: Movement) -> Answer:
    """Which disposals an acquisition was matched with, and which pool the rest of its day joined."""
    day, bought, matched, joined = found = _acquired(past, book, m)
    later = pool_chain.after(book.here.changes, joined) if joined else []
    drawn = [one for c in later if c.what == "disposed" for one in book.made.matches if one.rule == "section_104" and _is_of(one, c)]
    lines, same = pool_chain.cost_lines(past, m)
    whole, rest = sum(one.quantity for one in bought), left_of(bought, matched)
    parts = [f"{units(past, one.quantity)} matched" for one in matched] + [f"{units(past, rest[0])} to the pool"]
    lines.append(Line("units of the day", f"{units(past, whole)} = {' + '.join(parts)}", None))
    rules = dict.fromkeys(NAMED[one.rule] for one in matched)
    if joined:
        rules[pool_law.SECTION_104] = None
        chain = pool_chain.steps(past, book.here, [joined])
    else:
        chain = [pool_chain.grouped(past, m.coin, "acquired", day, bought)]
    return {
        "lot": m.id,
        "method": "section104",
        "asset": m.coin,
        "symbol": past.symbol(m.coin),
        "account": m.account,
        "account_label": past.label(m.account),
        "quantity": exactly(m.quantity, past.places),
        "basis": exactly(pool_chain.at_cost(m).value),
        "acquired": instant(past, m.at),
        "day": calendar_day(day).isoformat(),
        "time_zone": past.zone,
        "acquisitions": [one.id for one in bought],
        "matches": [_match(past, one) for one in (*matched, *drawn)],
        "pool": _pool(past, joined),
        "chain": chain,
        "prices": {"basis": pool_chain.price_of(past, m)},
        "arithmetic": sums.told(lines),
        "why": {"says": _fate(past, m, found, len(drawn))},
        "utc": None,
        "rules": [one._asdict() for one in rules],
        "reproduced": same and rest == ((joined.quantity, joined.cost) if joined else (0, 0)),
    }


def _fate(past: Past, m: Movement, found: _Acquired, drawn: int) -> str:
    """One sentence."""
    symbol = past.symbol(m.coin)
    parts = []
    for one in found.matched:
        of = "that day" if one.rule == "same_day" else f"{calendar_day(one.day)}, by the thirty days"
        parts.append(f"{units(past, one.quantity)} matched disposals of {of} ({pool_chain.some(one.disposals)})")
    if found.joined:
        holds = f"{units(past, found.joined.units_after)} at a cost of {money(found.joined.cost_after)}"
        parts.append(
            f"{units(past, found.joined.quantity)} joined the section 104 pool of {symbol} of all accounts, which then held {holds}; "
            f"{drawn} later match{' draws' if drawn == 1 else 'es draw'} on it"
        )
    whole = units(past, sum(one.quantity for one in found.bought))
    return f"Of the {whole} {symbol} acquired on {calendar_day(found.day)} ({pool_chain.some([one.id for one in found.bought])}): {'; '.join(parts)}."


def _is_of(match: DayMatch, change: Change) -> bool:
    return (match.coin, match.day) == (change.coin, change.day)


def _match(past: Past, match: DayMatch) -> Answer:
    return {
        "id": match.own_id,
        "rule": match.rule,
        "day": calendar_day(match.day).isoformat(),
        "disposals": list(match.disposals),
        "quantity": exactly(match.quantity, past.places),
    }
