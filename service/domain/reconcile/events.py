"""Rows and pairs → events: one for each transfer, one for what a row alone says, and the order of equal times."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from service.domain.issues import Issue, IssueKind
from service.domain.money import ZERO, plain
from service.domain.reconcile.pairs import Pair
from service.domain.reconcile.rows import net
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
"""Within one instant what comes in stands before what goes out; a source's clock says no more. Then its own row order."""


def natural(key: str) -> tuple[tuple[int, int, str], ...]:
    """Row keys in a person's order: trade 9 before trade 10."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", key) if part)


def events_of(row: Booked, pairs_of: Taken) -> list[Event]:
    """What the row alone says: all but what went to, or came from, another account of the holder."""
    out, came = net(row.sent, row.received)
    if row.kind in (Kind.DEPOSIT, Kind.WITHDRAWAL):  # money has a balance and no lots
        out, came = (tuple(a for a in side if a.coin.kind != "fiat" and (row.id, a.coin.id) not in pairs_of.sides) for side in (out, came))
    kind = row.kind if any(a.coin.kind != "fiat" for a in (*out, *came)) or (row.kind is Kind.INCOME and came) else Kind.FEE
    fees = () if row.id in pairs_of.senders else row.fees
    if kind is Kind.FEE:
        out = came = ()
        if all(f.coin.kind == "fiat" for f in fees):
            return []
    name = f"{row.id}/rest" if row.id in pairs_of.senders else row.id
    return [Event(name, row.occurred_at, kind, row.account, None, out, came, fees, (row.id,))]


@dataclass(frozen=True, slots=True)
class Taken:
    """What pairs have used up."""

    sides: frozenset[tuple[str, str]]
    senders: frozenset[str]


def taken_by(pairs: Sequence[Pair]) -> Taken:
    return Taken(
        frozenset(side.key for pair in pairs for side in (pair.out, pair.into)),
        frozenset(pair.out.row.id for pair in pairs),
    )


def transfers(pairs: Sequence[Pair]) -> list[Event]:
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
        fees = _fees_of_transfer(out.fees if first else (), legs)
        kind = Kind.TRANSFER if out.account != into.account else Kind.FEE
        if kind is Kind.FEE and not fees:  # between sub-accounts of one account: nothing happened
            continue
        events.append(
            Event(
                id=out.id if first else f"{out.id}/{named[out.id]}",
                at=min(out.occurred_at, into.occurred_at),
                kind=kind,
                account=out.account,
                to_account=into.account if kind is Kind.TRANSFER else None,
                sent=tuple(replace(p.out.amount, quantity=p.into.amount.quantity) for p in legs) if kind is Kind.TRANSFER else (),
                received=tuple(p.into.amount for p in legs) if kind is Kind.TRANSFER else (),
                fees=fees,
                transactions=(out.id, into.id),
                arrives_at=into.occurred_at if into.occurred_at > out.occurred_at else None,
            )
        )
    return events


def _fees_of_transfer(stated: tuple[Amount, ...], legs: Sequence[Pair]) -> tuple[Amount, ...]:
    """What the sender states, and what was sent and did not arrive, one amount a coin.

    Where more arrived than was sent (by less than the stated fee) the fee is what is left of it.
    """
    fees = {f.coin.id: f for f in stated}
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for fee in stated:
        sums[fee.coin.id] += fee.quantity
    for pair in legs:
        coin = pair.out.amount.coin.id
        fees.setdefault(coin, pair.out.amount)
        sums[coin] += pair.out.amount.quantity - pair.into.amount.quantity
    return tuple(replace(fees[coin], quantity=q) for coin, q in sums.items() if q > 0)


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
