"""Rows and pairs → events: one for each transfer, one for what a row alone says, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from service.domain.issues import Issue, IssueKind
from service.domain.money import ZERO, exact, plain, share
from service.domain.reconcile.order import place
from service.domain.reconcile.pairs import Pair, Paired, stays
from service.domain.reconcile.rows import inner, is_half, is_live, moved_kind, net
from service.domain.reconcile.values import Amount, Booked, Event, Kind

_Amounts = tuple[Amount, ...]


def events(rows: Iterable[Booked], paired: Paired) -> list[Event]:
    """What happened by these rows, in order of (at, place): what each alone says, less what pairs explain, and the transfers that they sent.

    Each event belongs to one row (the sender of a transfer), so the events of a history are those of its parts, as long as a row's own
    pairs are all in `paired`.
    """
    with exact():
        taken = taken_by(paired.pairs)
        found: list[Event] = []
        for row in rows:
            if is_live(row):
                found += events_of(row, taken)
    found.sort(key=lambda e: (e.at, e.place))
    return found


def events_of(row: Booked, taken: Taken) -> list[Event]:
    """One row's own events, and those of the transfers that it sent."""
    if row.hint == "internal" and row.stated is None:
        return _inside(row)
    if row.stated is not None and row.kind is Kind.TRANSFER and _has_coins(row.sent) and _has_coins(row.received):
        return _renamed_by_file(row)
    own = _own(row, taken)
    return [*own, *_transfers(taken.sent[row.id], taken)] if row.id in taken.sent else own


def _own(row: Booked, taken: Taken) -> list[Event]:
    """All but what went to, or came from, another account of the holder."""
    kind = row.kind
    if row.stated is not None and kind is Kind.TRANSFER:
        kind = moved_kind("other", row.sent, row.received)
    # a file's swap of one coin for itself is what it says, a disposal and a purchase
    out, came = (row.sent, row.received) if row.stated is not None and kind not in _OPEN else net(row.sent, row.received)
    if kind in _OPEN:  # money has a balance and no lots
        out, came = (tuple(left for a in side for left in _left(row, a, taken)) for side in (out, came))
    if not _has_coins(out) and not _has_coins(came) and not (kind is Kind.INCOME and came):
        kind = Kind.FEE
    is_sender = row.id in taken.sent
    fees = () if is_sender else _by_coin(row.fees)
    if kind is Kind.FEE:
        out = came = ()
        if not _has_coins(fees):
            return []
    if not is_sender:
        return [_event(row.id, row, kind, out, came, fees)]
    return [replace(_event(f"{row.id}/rest", row, kind, out, came, fees), after=_sent_on(taken.sent[row.id]))]


def _event(id: str, row: Booked, kind: Kind, sent: _Amounts, received: _Amounts, fees: _Amounts) -> Event:  # noqa: PLR0917  # by position: hot
    """An event of one row, with what the holder's file states of it; a stated value is that of the whole row."""
    at, stated = row.occurred_at, row.stated
    where = place(kind, (row,), at, id)
    if stated is None:
        return Event(id, at, kind, row.account, None, sent, received, fees, (row.id,), place=where)
    is_whole = (sent, received) == (row.sent, row.received) and len(sent) < 2 and len(received) < 2
    value = stated.value if is_whole else None
    sent_values: tuple[Decimal | None, ...] = ()
    received_values: tuple[Decimal | None, ...] = ()
    if value is not None:
        sent_values, received_values = (value,) * len(sent), (value,) * len(received)
    source = "" if value is None else STATED_VALUE
    basis = ZERO if stated.basis is None and kind is Kind.FORK else stated.basis
    fee_values = _fee_values(row, fees)
    return Event(
        id, at, kind, row.account, None, sent, received, fees, (row.id,),
        value, sent_values, received_values, fee_values, source, basis, stated.acquired_at, None, where, _sources(fee_values),
    )  # fmt: skip


STATED_VALUE = "stated"
"""Event.price_source of a value that the holder's file states."""


def _fee_values(row: Booked, fees: _Amounts) -> tuple[Decimal | None, ...]:
    """The file's word on its fee; what a transfer's fee is more or less than stated goes at the same price."""
    if row.stated is None or row.stated.fee_value is None or not row.fees or not fees:
        return ()
    told, value = row.fees[0], row.stated.fee_value
    if len(fees) == 1 and fees[0] is told:
        return (value,)
    return tuple(share(value, f.quantity, told.quantity) if f.coin.id == told.coin.id else None for f in fees)


def _sources(fee_values: tuple[Decimal | None, ...]) -> tuple[str, ...]:
    return tuple(["" if value is None else STATED_VALUE for value in fee_values]) if fee_values else ()


def _has_coins(amounts: _Amounts) -> bool:
    for amount in amounts:  # noqa: SIM110  # a loop is twice as fast here, and this runs three times an event
        if amount.coin.kind != "fiat":
            return True
    return False


def _inside(row: Booked) -> list[Event]:
    """An internal row sells nothing: a new name takes cost and date along; what is not one to one leaves, and comes, without a known cost."""
    what = inner(row)
    fees = _by_coin(row.fees)
    if what == "nothing":
        return [_event(row.id, row, Kind.FEE, (), (), fees)] if _has_coins(fees) else []
    out, came = (tuple(a for a in side if a.coin.kind != "fiat") for side in net(row.sent, row.received))
    if what == "renamed":
        return [_renamed(row, out, came, fees)]
    left = [_event(row.id, row, Kind.WITHDRAWAL, out, (), fees)] if out else []
    return left + ([_event(f"{row.id}/in", row, Kind.DEPOSIT, (), came, () if out else fees)] if came else [])


def _renamed(row: Booked, out: _Amounts, came: _Amounts, fees: _Amounts) -> Event:
    return replace(_event(row.id, row, Kind.TRANSFER, out, came, fees), to_account=row.account)


def _renamed_by_file(row: Booked) -> list[Event]:
    """A wrap or a bridge within one account: another coin takes cost and date along, be it counted otherwise or not.

    Two names of one coin are one pool: what did not arrive was a fee, and what is more came from nowhere.
    """
    out, came = net(row.sent, row.received)
    if out and came:
        return [_renamed(row, out, came, _by_coin(row.fees))]
    fees = _by_coin([*row.fees, *out])
    return [_event(row.id, row, Kind.DEPOSIT if came else Kind.FEE, (), came, fees)] if _has_coins((*came, *fees)) else []


def _by_coin(fees: Sequence[Amount]) -> _Amounts:
    """One amount a coin: a fee in two parts is one disposal."""
    if len(fees) < 2:
        return tuple(fees)
    merged: dict[str, Amount] = {}
    for fee in fees:
        held = merged.get(fee.coin.id)
        merged[fee.coin.id] = replace(held, quantity=held.quantity + fee.quantity) if held else fee
    return tuple(merged.values())


def _left(row: Booked, amount: Amount, taken: Taken) -> _Amounts:
    """What pairs leave of one coin of a row."""
    if amount.coin.kind == "fiat":
        return ()
    rest = taken.rest.get((row.id, amount.coin.id))
    if rest is None:
        return (amount,)
    return (replace(amount, quantity=rest),) if rest else ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What pairs have used up."""

    rest: dict[tuple[str, str], Decimal]
    """By row and coin, for each side of a pair: what is left to be explained."""
    fees: dict[tuple[str, str], Decimal]
    """By sender's row and coin: what was sent and did not arrive; negative where the stated fee was taken from what was sent."""
    sent: dict[str, list[Pair]]
    """By sender's row: its pairs."""


def taken_by(pairs: Sequence[Pair]) -> Taken:
    arrived: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    sent: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        arrived[pair.out.key] += pair.arrived
        sent[pair.out.row.id].append(pair)
    outs = {pair.out.key: pair.out for pair in pairs}
    rest = {key: stays(out, arrived[key]) for key, out in outs.items()}
    fees = {key: outs[key].amount.quantity - arrived[key] - rest[key] for key in outs}
    return Taken({pair.into.key: ZERO for pair in pairs} | rest, fees, dict(sent))


def _transfers(pairs: Sequence[Pair], taken: Taken) -> list[Event]:
    """Of one sender: an event for each receiving row. It leaves at the earlier of their times and arrives when received; what did not arrive
    is the sender's fee, paid with the first."""
    together: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        together[pair.into.row.id].append(pair)
    found = []
    earlier: list[Pair] = []
    for n, legs in enumerate(together.values(), 1):
        after = _sent_on(earlier)
        earlier += legs
        out, into = legs[0].out.row, legs[0].into.row
        coins = [p for p in legs if p.out.amount.coin.kind != "fiat"]
        fees = _fees_of_transfer(out, taken) if n == 1 else ()
        fee_values = _fee_values(out, fees)
        if not coins and not _has_coins(fees):
            continue
        name, also = out.id if n == 1 else f"{out.id}/{n}", into.id
        if _names_it(into, out):
            name, also = also, name
        at = min(out.occurred_at, into.occurred_at)
        kind = Kind.TRANSFER if coins else Kind.FEE
        found.append(
            Event(
                id=name,
                at=at,
                kind=kind,
                account=out.account,
                to_account=into.account if coins else None,
                sent=tuple(_of_size(p.out.amount, p.arrived) for p in coins),
                received=tuple(p.into.amount for p in coins),
                fees=fees,
                transactions=(out.id, into.id),
                fee_values=fee_values,
                fee_sources=_sources(fee_values),
                arrives_at=into.occurred_at if into.occurred_at > out.occurred_at else None,
                place=place(kind, (out, into), at, name),
                also="" if is_half(out) else also,
                after=after,
            )
        )
    return found


def _sent_on(pairs: Sequence[Pair]) -> tuple[tuple[str, Decimal], ...]:
    """Coin and how much of it arrived."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for one in pairs:
        sums[one.out.amount.coin.id] += one.arrived
    return tuple(sums.items())


def _names_it(into: Booked, out: Booked) -> bool:
    """Of two rows of the holder's files the earlier one names the transfer; the sender's does where a source's own row is one of them."""
    return into.stated is not None and out.stated is not None and into.occurred_at < out.occurred_at and not into.fees


def _of_size(amount: Amount, quantity: Decimal) -> Amount:
    return amount if amount.quantity == quantity else replace(amount, quantity=quantity)


def _fees_of_transfer(row: Booked, taken: Taken) -> _Amounts:
    """What the sender states, and what was sent and did not arrive, one amount a coin.

    Where more arrived than was sent (by less than the stated fee) the fee is what is left of it.
    """
    missing = [(a, taken.fees.get((row.id, a.coin.id), ZERO)) for a in net(row.sent, row.received)[0]]
    return tuple(fee for fee in _by_coin([*row.fees, *(replace(a, quantity=q) for a, q in missing if q)]) if fee.quantity > 0)


def open_ends(events: Iterable[Event], rows: Iterable[Booked], paired: Paired) -> list[Issue]:
    """What left, or came, and was seen nowhere else. `rows`: those that the events are of.

    Nothing is asked twice: not of what several candidates fit, not of an odd internal row, not of what the file gives a cost.
    """
    named = {row for issue in paired.issues for row in issue.subject.split()}
    filed = set()
    for row in rows:
        if row.stated is None:
            named |= {row.id} if row.hint == "internal" else set()
        elif row.stated.kind in ("deposit", "gift_in"):
            filed.add(row.id)
    ends = [e for e in events if e.kind in _OPEN and e.basis is None and e.transactions[0] not in named]
    return [_unmatched(e, is_filed=e.transactions[0] in filed) for e in ends]


_OPEN = (Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.GIFT_IN)


_CORRECT = "write them into its row (basis_usd, acquired_at), and correct what was imported with `thresher import FILE --replace`."


def _unmatched(event: Event, *, is_filed: bool) -> Issue:
    """`is_filed`: of a row of the holder's own file, where cost and date can be written."""
    if event.kind is Kind.GIFT_IN:
        told = ", ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in event.received)
        return Issue(
            IssueKind.MISSING_BASIS,
            "warning",
            f"{event.transactions[0]} {event.received[0].coin.id}",
            f"{told} reached {event.account} as a gift at {event.at:%Y-%m-%d %H:%M} UTC: what it cost its giver is unknown.",
            f"Ask the giver for cost and date, {_CORRECT}",
        )
    if event.kind is Kind.DEPOSIT:
        told = ", ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in event.received)
        return Issue(
            IssueKind.UNMATCHED_DEPOSIT,
            "warning",
            event.transactions[0],
            f"{told} reached {event.account} at {event.at:%Y-%m-%d %H:%M} UTC from nowhere that is watched: cost and date are unknown.",
            "Add the account that it came from, or name the row that it is the other side of: `thresher issues answer ISSUE --with TRANSACTION`."
            + (f" Where you know cost and date, {_CORRECT}" if is_filed else ""),
        )
    told = ", ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in event.sent)
    return Issue(
        IssueKind.UNMATCHED_WITHDRAWAL,
        "warning",
        event.transactions[0],
        f"{told} left {event.account} at {event.at:%Y-%m-%d %H:%M} UTC and was seen nowhere else: its lots are gone without a gain.",
        "Add the account that it went to, or name the row that it is the other side of: `thresher issues answer ISSUE --with TRANSACTION`.",
    )
