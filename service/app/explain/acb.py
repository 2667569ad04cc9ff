"""Canada: one disposal out of an average explained, with what a superficial loss looks at, and what became of an acquisition.

The arithmetic is done anew from the movements and from the pool's statement. Worked example, of 100 that cost 1,000 sold for 600, with 25
bought for 200 a week later and held:

    cost base           1,000: all of it
    loss                600 − 1,000 = −400
    sold, bought, held  100, 25, 25
    denied              400 × 25 / 100 = 100
    gain that counts    −400 + denied 100 = −300
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from service.app.explain import pool_chain, pool_law, sums
from service.app.explain.law import Law
from service.app.explain.past import Past
from service.app.explain.pool_chain import Seen
from service.app.explain.sums import Line
from service.app.explain.words import exactly, instant, money, units
from service.domain.ledger.choices import DAY
from service.domain.movements import Movement, event_of, moment
from service.domain.pooling import Acb, AcbMatch, Superficial, acb
from service.domain.pooling.identification import calendar_day
from service.domain.pooling.statement import Change, Window, acb_statement, window_of
from service.domain.rules import local_date

Answer = dict[str, Any]


class Book(NamedTuple):
    here: Seen
    made: Acb

    def change(self, match: AcbMatch) -> Change:
        return next(c for c in self.here.changes if c.what == "disposed" and c.coin == match.coin and c.ids == (match.id,))

    def at_sale(self, match: AcbMatch) -> Change | None:
        """Where denied loss joined the pool at once."""
        return next((c for c in self.here.changes if c.what == "denied" and c.coin == match.coin and c.ids == (match.id,)), None)

    def denied(self, match: AcbMatch) -> Superficial | None:
        return next((one for one in self.made.superficial if (one.coin, one.id) == (match.coin, match.id)), None)


def booked(past: Past, movements: Sequence[Movement]) -> Book:
    made = acb(movements, zone=past.zone, places=past.places, symbols=past.symbols)
    return Book(pool_chain.seen(movements, acb_statement(movements, made, zone=past.zone)), made)


def events(book: Book, match: AcbMatch) -> Iterator[str]:
    """Movements that its explanation names."""
    for change in pool_chain.until(book.here.changes, book.change(match)):
        yield from change.ids


# ------------------------------------------------------------------ a disposal


def explained(past: Past, book: Book, match: AcbMatch) -> Answer:
    sale = book.here.of["disposed", match.coin, match.id]
    change = book.change(match)
    changes = pool_chain.until(book.here.changes, change)
    at_sale = book.at_sale(match)
    held, whole = change.before
    acquired = [m for c in changes if c.what == "acquired" for m in book.here.movements_of("acquired", c.coin, c.ids)]
    lines = [_proceeds(sale), Line("pool before", f"{money(whole)} for {units(past, held)}", whole), _base(past, match, change)]
    got = None if sale.value is None else sale.value - sale.fee
    result = None if got is None else got - change.cost
    word = "loss" if result is not None and result < 0 else "gain"
    lines.append(Line(word, f"{money(got)} − {money(change.cost)} = {money(result)}", result))
    window, denied, told = _superficial(past, book, match, change.day, result)
    lines += told
    end = at_sale or change
    lines.append(Line("pool after", f"{money(end.cost_after)} for {units(past, end.units_after)}", end.cost_after))
    same = all(pool_chain.cost_lines(past, m)[1] for m in acquired)
    found = book.denied(match)
    figures = (
        change.quantity + match.missing,
        got,
        change.cost,
        denied,
        sum(amount for _, amount in found.added) if found else 0,
        held,
        whole,
    )
    fact = past.fact(match.id)
    on = calendar_day(change.day)
    return {
        "id": match.own_id,
        "method": "acb",
        "disposal": match.id,
        "event": event_of(match.id) if fact is not None and match.id not in past.facts else match.id,
        "asset": match.coin,
        "symbol": past.symbol(match.coin),
        "account": match.account,
        "account_label": past.label(match.account),
        "quantity": exactly(match.quantity, past.places),
        "proceeds": exactly(match.proceeds),
        "basis": exactly(match.acb),
        "denied": exactly(match.denied),
        "gain": exactly(match.gain),
        "tax_year": local_date(moment(match.disposed), past.zone).year,
        "day": on.isoformat(),
        "disposed": instant(past, match.disposed),
        "time_zone": past.zone,
        "missing": exactly(match.missing, past.places),
        "flags": list(match.flags),
        "pool": _pool(past, change, end),
        "window": window,
        "chain": pool_chain.steps(past, book.here, [*changes, *([at_sale] if at_sale else [])]),
        "prices": {"proceeds": pool_chain.price_of(past, sale), "basis": pool_chain.prices(past, acquired)},
        "arithmetic": sums.told(lines),
        "why": {"says": f"All {past.symbol(match.coin)} of all accounts bear one average cost: no lot is chosen."},
        "utc": _utc(past, match),
        "rules": [one._asdict() for one in _rules(match, acquired, has_fee=bool(sale.fee), has_loss=window is not None)],
        "reproduced": same
        and figures == (match.quantity, match.proceeds, match.acb, match.denied, match.denied, match.of_units, match.of_cost),
    }


def _proceeds(sale: Movement) -> Line:
    if sale.value is None:
        return Line("proceeds", "unknown: no price is known", None)
    net = sale.value - sale.fee
    return Line("proceeds", f"{money(sale.value)} − outlays {money(sale.fee)} = {money(net)}" if sale.fee else money(net), net)


def _base(past: Past, match: AcbMatch, change: Change) -> Line:
    held, whole = change.before
    if match.missing:
        says = (
            f"{money(whole)}: all that was left; {units(past, match.missing)} {past.symbol(match.coin)} never came in and cost nothing here"
        )
    elif match.quantity == held:
        says = f"{money(whole)}: all of it"
    else:
        says = f"{money(whole)} × {units(past, match.quantity)} / {units(past, held)} = {money(change.cost)}"
    return Line("cost base", says, change.cost)


def _superficial(past: Past, book: Book, match: AcbMatch, day: int, result: int | None) -> tuple[Answer | None, int, list[Line]]:
    """Of a loss: the window, what of it is denied, and the lines of both."""
    if result is None or result >= 0:
        return None, 0, []
    seen, found = window_of(book.here.movements, match.coin, day, zone=past.zone), book.denied(match)
    bought = sum(quantity for _, _, quantity in seen.acquisitions)
    least = min(match.quantity, bought, seen.held)
    counted = min(found.counted, least) if found else 0
    denied = -result * counted // match.quantity
    sold, held = units(past, match.quantity), units(past, seen.held)
    span = f"{calendar_day(seen.since)} to {calendar_day(seen.until)}"
    named = pool_chain.some([f"{name}: {units(past, quantity)}" for name, _, quantity in seen.acquisitions])
    says = f"sold {sold}; acquired {units(past, bought)} from {span}{f' ({named})' if named else ''}; {held} held at its end: "
    says += f"the least is {units(past, least)}"
    if counted < least:
        says += f", of which {units(past, counted)} count: the others bear the loss of another sale, or were gone at this one"
    lines = [Line("61 days", says, None)]
    if counted:
        lines.append(Line("denied", f"{money(-result)} × {units(past, counted)} / {sold} = {money(denied)}", denied))
    else:
        lines.append(Line("denied", "nothing", 0))
    for name, amount in found.added if found else ():
        where = f"cost of {name}" if name else "cost of the pool"
        lines.append(Line("added", f"{money(amount)} to the {where}", amount))
    lines.append(Line("gain that counts", f"{money(result)} + denied {money(denied)} = {money(result + denied)}", result + denied))
    return _window(past, seen, found, match.quantity, denied) | {"says": says}, denied, lines


def _window(past: Past, seen: Window, found: Superficial | None, sold: int, denied: int) -> Answer:
    return {
        "from": calendar_day(seen.since).isoformat(),
        "to": calendar_day(seen.until).isoformat(),
        "sold": exactly(sold, past.places),
        "acquired": exactly(sum(quantity for _, _, quantity in seen.acquisitions), past.places),
        "held": exactly(seen.held, past.places),
        "counted": exactly(found.counted if found else 0, past.places),
        "denied": exactly(denied),
        "acquisitions": [
            {"event": name, "day": calendar_day(day).isoformat(), "quantity": exactly(quantity, past.places)}
            for name, day, quantity in seen.acquisitions
        ],
        "added": [{"event": name or None, "amount": exactly(amount)} for name, amount in (found.added if found else ())],
    }


def _pool(past: Past, change: Change, end: Change) -> Answer:
    held, whole = change.before
    return {
        "before": {"quantity": exactly(held, past.places), "basis": exactly(whole)},
        "after": {"quantity": exactly(end.units_after, past.places), "basis": exactly(end.cost_after)},
    }


def _utc(past: Past, match: AcbMatch) -> Answer | None:
    """Where the day of UTC is another: the days of the window, and perhaps the year."""
    mine, utc = local_date(moment(match.disposed), past.zone), calendar_day(match.disposed // DAY)
    if mine == utc:
        return None
    return {"days": [utc.isoformat()], "tax_years": [utc.year], "says": f"On {mine} in {past.zone}; by days of UTC on {utc}."}


def _rules(match: AcbMatch, acquired: Sequence[Movement], *, has_fee: bool, has_loss: bool) -> list[Law]:
    chosen = [
        (pool_law.AVERAGE_COST, True),
        (pool_law.OUTLAYS, has_fee),
        (pool_law.SUPERFICIAL, has_loss),
        (pool_law.ADDED_TO_COST, bool(match.denied)),
        (pool_law.CANADIAN_GIFT, any(m.more.kind == "gift_in" for m in acquired)),
        (pool_law.UNKNOWN_COST, "missing_basis" in match.flags),
    ]
    return [one for one, applies in chosen if applies]


# ------------------------------------------------------------------ an acquisition


def lot_events(past: Past, book: Book, m: Movement) -> Iterator[str]:
    """Movements that its explanation names."""
    del past, book
    yield m.id


def lot(past: Past, book: Book, m: Movement) -> Answer:
    """Which pool an acquisition joined, what loss it bears, and who took a share of that pool until it was empty."""
    joined = next(c for c in book.here.changes if c.what == "acquired" and c.coin == m.coin and c.ids == (m.id,))
    after = {c.ids[0] for c in pool_chain.after(book.here.changes, joined) if c.what == "disposed"}
    drawn = [one for one in book.made.matches if one.coin == m.coin and one.id in after]
    borne = [(one.id, amount) for one in book.made.superficial if one.coin == m.coin for name, amount in one.added if name == m.id]
    lines, same = pool_chain.cost_lines(past, m)
    cost = sum(line.result or 0 for line in lines)
    lines += [Line("denied loss that it bears", f"{money(amount)} of {name}", amount) for name, amount in borne]
    whole = cost + sum(amount for _, amount in borne)
    lines.append(
        Line("joined the pool", f"{money(cost)} + denied {money(whole - cost)} = {money(whole)}" if borne else money(whole), whole)
    )
    return {
        "lot": m.id,
        "method": "acb",
        "asset": m.coin,
        "symbol": past.symbol(m.coin),
        "account": m.account,
        "account_label": past.label(m.account),
        "quantity": exactly(m.quantity, past.places),
        "basis": exactly(pool_chain.at_cost(m).value),
        "acquired": instant(past, m.at),
        "day": calendar_day(joined.day).isoformat(),
        "time_zone": past.zone,
        "acquisitions": [m.id],
        "matches": [{"id": one.own_id, "disposal": one.id, "quantity": exactly(one.quantity, past.places)} for one in drawn],
        "bears": [{"event": name, "amount": exactly(amount)} for name, amount in borne],
        "pool": _pool(past, joined, joined),
        "chain": pool_chain.steps(past, book.here, [joined]),
        "prices": {"basis": pool_chain.price_of(past, m)},
        "arithmetic": sums.told(lines),
        "why": {"says": _fate(past, m, joined, len(drawn), whole - cost)},
        "utc": None,
        "rules": [law._asdict() for law in ([pool_law.AVERAGE_COST, pool_law.ADDED_TO_COST] if borne else [pool_law.AVERAGE_COST])],
        "reproduced": same and (joined.quantity, joined.cost) == (m.quantity, whole),
    }


def _fate(past: Past, m: Movement, joined: Change, drawn: int, denied: int) -> str:
    """One sentence."""
    symbol = past.symbol(m.coin)
    holds = f"which then held {units(past, joined.units_after)} at a cost of {money(joined.cost_after)}"
    bears = f", with {money(denied)} of denied loss," if denied else ""
    later = f"{drawn} later disposal{' draws' if drawn == 1 else 's draw'} on it"
    return f"The {units(past, m.quantity)} {symbol}{bears} joined the one pool of {symbol} of all accounts, {holds}; {later}."
