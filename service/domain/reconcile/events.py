"""Rows and pairs → events: one for each transfer, one for what a row alone says, and the order of equal times."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from service.domain.issues import Issue, IssueKind
from service.domain.money import ZERO, plain
from service.domain.reconcile.pairs import Pair, stays
from service.domain.reconcile.rows import inner, net
from service.domain.reconcile.values import Amount, Booked, Event, Kind

RANK = {
    Kind.DEPOSIT: 0,
    Kind.GIFT_IN: 0,
    Kind.INCOME: 0,
    Kind.BUY: 0,
    Kind.TRANSFER: 1,
    Kind.SWAP: 2,
    Kind.SELL: 3,
    Kind.SPEND: 3,
    Kind.GIFT_OUT: 3,
    Kind.WITHDRAWAL: 3,
    Kind.FEE: 4,
}
"""Within one instant what comes in stands before what goes out, where the source gives no order (Transaction.sequence). Then its row order."""


def natural(key: str) -> tuple[tuple[int, int, str], ...]:
    """Row keys in a person's order: trade 9 before trade 10."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", key) if part)


def events_of(row: Booked, pairs_of: Taken) -> list[Event]:
    """What the row alone says: all but what went to, or came from, another account of the holder."""
    if row.hint == "internal":
        return _inside(row)
    out, came = net(row.sent, row.received)
    if row.kind in (Kind.DEPOSIT, Kind.WITHDRAWAL):  # money has a balance and no lots
        out, came = (tuple(left for a in side for left in _left(row, a, pairs_of)) for side in (out, came))
    kind = row.kind if any(a.coin.kind != "fiat" for a in (*out, *came)) or (row.kind is Kind.INCOME and came) else Kind.FEE
    fees = () if row.id in pairs_of.senders else _by_coin(row.fees)
    if kind is Kind.FEE:
        out = came = ()
        if all(f.coin.kind == "fiat" for f in fees):
            return []
    name = f"{row.id}/rest" if row.id in pairs_of.senders else row.id
    return [Event(name, row.occurred_at, kind, row.account, None, out, came, fees, (row.id,))]


def _inside(row: Booked) -> list[Event]:
    """An internal row sells nothing: a new name takes cost and date along; what is not one to one leaves, and comes, without a known cost."""
    what = inner(row)
    base = Event(row.id, row.occurred_at, Kind.FEE, row.account, None, (), (), _by_coin(row.fees), (row.id,))
    if what == "nothing":
        return [base] if any(f.coin.kind != "fiat" for f in row.fees) else []
    out, came = (tuple(a for a in side if a.coin.kind != "fiat") for side in net(row.sent, row.received))
    if what == "renamed":
        return [replace(base, kind=Kind.TRANSFER, to_account=row.account, sent=out, received=came)]
    left = [replace(base, kind=Kind.WITHDRAWAL, sent=out)] if out else []
    return left + ([replace(base, id=f"{row.id}/in", kind=Kind.DEPOSIT, received=came, fees=() if out else base.fees)] if came else [])


def _by_coin(fees: Sequence[Amount]) -> tuple[Amount, ...]:
    """One amount a coin: a fee in two parts is one disposal."""
    merged: dict[str, Amount] = {}
    for fee in fees:
        held = merged.get(fee.coin.id)
        merged[fee.coin.id] = replace(held, quantity=held.quantity + fee.quantity) if held else fee
    return tuple(merged.values())


def _left(row: Booked, amount: Amount, pairs_of: Taken) -> tuple[Amount, ...]:
    """What pairs leave of one coin of a row."""
    if amount.coin.kind == "fiat":
        return ()
    rest = pairs_of.rest.get((row.id, amount.coin.id), amount.quantity)
    return (replace(amount, quantity=rest),) if rest else ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What pairs have used up."""

    rest: dict[tuple[str, str], Decimal]
    """By row and coin, for each side of a pair: what is left to be explained."""
    fees: dict[tuple[str, str], Decimal]
    """By sender's row and coin: what was sent and did not arrive; negative where the stated fee was taken from what was sent."""
    senders: frozenset[str]


def taken_by(pairs: Sequence[Pair]) -> Taken:
    arrived: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for pair in pairs:
        arrived[pair.out.key] += pair.into.amount.quantity
    outs = {pair.out.key: pair.out for pair in pairs}
    rest = {key: stays(out, arrived[key]) for key, out in outs.items()}
    return Taken(
        {pair.into.key: ZERO for pair in pairs} | rest,
        {key: outs[key].amount.quantity - arrived[key] - rest[key] for key in outs},
        frozenset(pair.out.row.id for pair in pairs),
    )


def transfers(pairs: Sequence[Pair], pairs_of: Taken) -> list[Event]:
    """One event for each two rows: it leaves at the earlier of their times and arrives when received; what did not arrive is the sender's fee."""
    together: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        together[pair.out.row.id, pair.into.row.id].append(pair)
    events = []
    named: dict[str, int] = defaultdict(int)
    for legs in together.values():
        out, into = legs[0].out.row, legs[0].into.row
        named[out.id] += 1
        first = named[out.id] == 1
        events.append(
            Event(
                id=out.id if first else f"{out.id}/{named[out.id]}",
                at=min(out.occurred_at, into.occurred_at),
                kind=Kind.TRANSFER,
                account=out.account,
                to_account=into.account,
                sent=tuple(replace(p.out.amount, quantity=p.into.amount.quantity) for p in legs),
                received=tuple(p.into.amount for p in legs),
                fees=_fees_of_transfer(out, pairs_of) if first else (),
                transactions=(out.id, into.id),
                arrives_at=into.occurred_at if into.occurred_at > out.occurred_at else None,
            )
        )
    return events


def _fees_of_transfer(row: Booked, pairs_of: Taken) -> tuple[Amount, ...]:
    """What the sender states, and what was sent and did not arrive, one amount a coin.

    Where more arrived than was sent (by less than the stated fee) the fee is what is left of it.
    """
    missing = (replace(a, quantity=pairs_of.fees.get((row.id, a.coin.id), ZERO)) for a in net(row.sent, row.received)[0])
    return tuple(fee for fee in _by_coin([*row.fees, *missing]) if fee.quantity > 0)


def unmatched(event: Event) -> Issue:
    if event.kind is Kind.DEPOSIT:
        told = ", ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in event.received)
        return Issue(
            IssueKind.UNMATCHED_DEPOSIT,
            "warning",
            event.transactions[0],
            f"{told} reached {event.account} at {event.at:%Y-%m-%d %H:%M} UTC from nowhere that is watched: cost and date are unknown.",
            "Add the account that it came from, or name the row that it is the other side of: `thresher issues answer ISSUE --with TRANSACTION`.",
        )
    told = ", ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in event.sent)
    return Issue(
        IssueKind.UNMATCHED_WITHDRAWAL,
        "warning",
        event.transactions[0],
        f"{told} left {event.account} at {event.at:%Y-%m-%d %H:%M} UTC and was seen nowhere else: its lots are gone without a gain.",
        "Add the account that it went to, or name the row that it is the other side of: `thresher issues answer ISSUE --with TRANSACTION`.",
    )
