"""The arithmetic of a lot and of a match, line by line, computed anew from the movements and not read off the ledger.

Worked example. Sold 1.5 BTC for 2,000 with a fee of 10, 0.5 of it from a lot of 1 BTC bought for 40,000 with a fee of 10:

    proceeds of the disposal   2,000 − fee 10 = 1,990
    proceeds of this part      1,990 × 0.5 / 1.5 = 663.3333333333…
    cost of the lot            40,000 + fee 10 = 40,010
    basis of this part         40,010 × 0.5 / 1 = 20,005
    gain                       663.3333333333… − 20,005 = −19,341.6666666666…

A share is cut at 30 places and what is cut stays with the rest, so the parts add up to the whole; the figures here are cut the same way.
"""

from __future__ import annotations

from typing import NamedTuple

from service.app.explain.past import Fact, Past
from service.app.explain.replay import Candidate, Seen, Taking
from service.app.explain.words import amounts, exactly, money, units
from service.domain.ledger import Match
from service.domain.movements import Movement
from service.domain.movements import money as count_of


class Line(NamedTuple):
    what: str
    line: str
    result: int | None


def told(lines: list[Line]) -> list[dict[str, str | None]]:
    return [{"what": one.what, "line": one.line, "result": exactly(one.result)} for one in lines]


def cost_of_lot(past: Past, m: Movement, fact: Fact | None) -> tuple[list[Line], bool]:
    """What a lot cost when it was acquired, and whether that is what the ledger booked."""
    quantity = f"{units(past, m.quantity)} {past.symbol(m.coin)}"
    if m.act != "acquire" or m.value is None:
        return [Line("cost of the lot", f"unknown, for {quantity}", None)], True
    again, line = m.value, f"{money(m.value)} for {quantity}"
    alone = fact is not None and len(fact.received) == 1 and m.id in past.facts
    if fact is not None and alone and fact.value is not None and fact.kind in ("buy", "swap", "income"):
        again, line = count_of(fact.value), f"fair value {money(count_of(fact.value))} for {quantity}"
        if fact.kind == "buy" and fact.fee_value:
            fee = count_of(fact.fee_value)
            again += fee
            line = f"{money(again - fee)} + fee {money(fee)} = {money(again)} for {quantity}"
    elif fact is not None and fact.kind in ("gift_in", "deposit", "fork"):
        word = {"gift_in": "the donor's basis", "deposit": "stated cost", "fork": "basis of the new coin"}[fact.kind]
        line = f"{word} {money(m.value)} for {quantity}"
        if m.more.fair is not None:
            line += f"; worth {money(m.more.fair)} at the gift"
    return [Line("cost of the lot", line, again)], again == m.value


def of_match(past: Past, taking: Taking, match: Match, fact: Fact | None) -> tuple[list[Line], bool]:
    """Proceeds, basis and gain of one match, and whether they are the ledger's."""
    lines, proceeds = _proceeds(past, taking, match, fact)
    if not match.lot:
        lines.append(Line("basis of this part", f"unknown: {units(past, match.quantity)} {past.symbol(match.coin)} never came in", None))
        basis = None
    elif taking.method == "average":
        basis = _average(past, taking, match, lines)
    else:
        basis = _basis(past, taking, match, proceeds, lines)
    gain = None if proceeds is None or basis is None else proceeds - basis
    same = (proceeds, basis) == (match.proceeds, match.basis)
    word = "gain" if gain is None or gain >= 0 else "loss"
    lines.append(Line("gain", f"{money(proceeds)} − {money(basis)} = {money(gain)}" + (f" ({word})" if gain else ""), gain))
    return lines, same


def _proceeds(past: Past, taking: Taking, match: Match, fact: Fact | None) -> tuple[list[Line], int | None]:
    m = taking.movement
    if m.value is None:
        return [Line("proceeds of the disposal", "unknown: no price is known", None)], None
    whole = m.value - m.fee
    coins = tuple(part for part in fact.received if part[1] != past.currency) if fact is not None and not m.more.is_fee else ()
    line = f"{money(m.value)} (fair value of {amounts(coins)})" if coins else money(m.value)
    if m.fee:
        line = f"{line} − fee {money(m.fee)} = {money(whole)}"
    lines = [Line("proceeds of the disposal", line, whole)]
    if match.quantity == m.quantity:
        return lines, whole
    part = in_turn(whole, m.quantity, [one.quantity for one in taking.matches])[taking.matches.index(match)]
    shown = f"{money(whole)} × {units(past, match.quantity)} / {units(past, m.quantity)} = {money(part)}"
    lines.append(Line("proceeds of this part", shown, part))
    return lines, part


def in_turn(whole: int, of: int, quantities: list[int]) -> list[int]:
    """Shares by quantity, each cut from what the earlier ones left, so that they add up."""
    shares = []
    for quantity in quantities:
        shares.append(whole * quantity // of)
        whole, of = whole - shares[-1], of - quantity
    return shares


def _basis(past: Past, taking: Taking, match: Match, proceeds: int | None, lines: list[Line]) -> int | None:
    """The part's share of what lay in the pool; of a gift worth less than it cost its donor the value at the gift may count instead."""
    held = next(c for c in taking.before if c.origin.id == match.lot)
    basis = _share(held.basis, held, taking, match)
    if held.basis is None:
        lines.append(Line("basis of this part", "unknown: the cost of the lot is not known", None))
        return None
    if held.fair is None:
        lines.append(Line("basis of this part", _shared(past, held.basis, held, match, basis), basis))
        return basis
    fair = _share(held.fair, held, taking, match)
    assert basis is not None
    assert fair is not None
    lines += [
        Line("donor's basis of this part", _shared(past, held.basis, held, match, basis), basis),
        Line("value at the gift of this part", _shared(past, held.fair, held, match, fair), fair),
    ]
    if proceeds is not None and proceeds < fair:
        lines.append(
            Line("basis of this part", f"{money(proceeds)} is less than {money(fair)}: the loss counts from the value at the gift", fair)
        )
        return fair
    if proceeds is not None and proceeds < basis:
        between = f"{money(proceeds)} lies between {money(fair)} and {money(basis)}: neither gain nor loss"
        lines.append(Line("basis of this part", between, proceeds))
        return proceeds
    lines.append(Line("basis of this part", f"{money(basis)}: the donor's basis", basis))
    return basis


def _share(whole: int | None, held: Candidate, taking: Taking, match: Match) -> int | None:
    """What was named is cut first, then what the method took of the same lot."""
    if whole is None:
        return None
    named = min(taking.named.get(match.lot, 0), match.quantity)
    first = whole * named // held.quantity
    rest = match.quantity - named
    return first + ((whole - first) * rest // (held.quantity - named) if rest else 0)


def _shared(past: Past, whole: int, held: Candidate, match: Match, part: int | None) -> str:
    if held.quantity == match.quantity:
        return f"{money(part)}: all of the lot that lay there"
    return f"{money(whole)} × {units(past, match.quantity)} / {units(past, held.quantity)} = {money(part)}"


def _average(past: Past, taking: Taking, match: Match, lines: list[Line]) -> int | None:
    held, cost = taking.average
    if cost is None:
        lines.append(Line("basis of this part", "unknown: units of unknown cost lie in the pool", None))
        return None
    for one in taking.matches:
        part = cost * one.quantity // held if one.lot else 0
        if one == match:
            line = f"pool's cost {money(cost)} × {units(past, match.quantity)} / {units(past, held)} = {money(part)}"
            lines.append(Line("basis of this part", line, part))
            return part
        held, cost = held - one.quantity, cost - part
    raise AssertionError


def of_life(
    past: Past, began: Movement, gone: list[tuple[int, int | None]], still: list[tuple[int, int | None]], seen: Seen
) -> tuple[list[Line], bool]:
    """What was taken of a lot and what is open add up to it, in units and in money; not counted across a change of the units or an average."""
    if seen.group.choices.average or _recounted(seen, began.id):
        return [], True
    quantity = began.quantity if began.act == "acquire" else sum(q for q, _ in (*gone, *still))
    out, left = (sum(q for q, _ in parts) for parts in (gone, still))
    symbol = past.symbol(began.coin)
    lines = [Line("units", f"{units(past, quantity)} {symbol} = {units(past, out)} gone + {units(past, left)} open", None)]
    same = quantity == out + left
    if began.act == "acquire" and began.value is not None:
        cost_out, cost_left = (sum(b for _, b in parts if b is not None) for parts in (gone, still))
        lines.append(Line("basis", f"{money(began.value)} = {money(cost_out)} gone + {money(cost_left)} open", cost_out + cost_left))
        same = same and began.value == cost_out + cost_left
    return lines, same


def _recounted(seen: Seen, lot: str) -> bool:
    return any(lot in t.taken and t.movement.more.received is not None for t in seen.takings)
