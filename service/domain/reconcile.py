"""Transactions of all accounts → events: the same thing seen twice counts once, and a withdrawal with its receipt is one transfer.

Worked example. An exchange sends 1 ETH at 12:00; a wallet receives 0.998 ETH at 12:04. Same transaction hash, or the only
pair of that coin, size and time: one event, TRANSFER of 0.998 ETH with a fee of 0.002 ETH, at 12:00. Two receipts that
would fit are nobody's until the holder says which (MatchAnswer); until then the coins left, and came from nowhere.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from connectors.contract import Asset, Hint, Transaction
from service.domain.assets import AssetTable, Coin
from service.domain.issues import Issue, IssueKind, content_id
from service.domain.money import ZERO, exact, plain, total
from service.domain.statements import Statements


class Kind(StrEnum):
    """The words of the neutral history format, and `fee` for a transaction that moved nothing else."""

    BUY = "buy"
    SELL = "sell"
    SWAP = "swap"
    INCOME = "income"
    SPEND = "spend"
    TRANSFER = "transfer"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    GIFT_IN = "gift_in"
    GIFT_OUT = "gift_out"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class Amount:
    """A positive quantity of a coin, and where it lies."""

    coin: Coin
    asset: Asset
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Booked:
    """One transaction of one account with its assets resolved; the row that `transactions` shows."""

    id: str
    """From (account, first key): the same after every rebuild."""
    account: str
    occurred_at: datetime
    hint: Hint
    kind: Kind
    sent: tuple[Amount, ...]
    received: tuple[Amount, ...]
    fees: tuple[Amount, ...]
    chain_ref: str | None
    counterparties: tuple[str, ...]
    flags: tuple[str, ...]
    """spam and pending rows are shown and never become events."""
    matched_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to the holder, in order of time. Values are None until pricing."""

    id: str
    """Id of the transaction that it comes from (of the sending side for a transfer); lots and disposals take it."""
    at: datetime
    kind: Kind
    account: str
    to_account: str | None
    sent: tuple[Amount, ...]
    received: tuple[Amount, ...]
    fees: tuple[Amount, ...]
    """Leave `account` on top of what was sent, in money or in a coin."""
    transactions: tuple[str, ...]
    value: Decimal | None = None
    """Fair value before fees, portfolio currency: of what was sent = of what was received. None: transfer, or unknown."""
    sent_values: tuple[Decimal | None, ...] = ()
    """The part of `value` of each amount sent; same for the next two."""
    received_values: tuple[Decimal | None, ...] = ()
    fee_values: tuple[Decimal | None, ...] = ()
    price_source: str = ""
    basis: Decimal | None = None
    """What the holder says that a deposit or a gift received has cost; None is unknown."""
    acquired_at: datetime | None = None
    """What the holder says of its date; None: the day of receipt."""


CLOCKS_APART = timedelta(minutes=10)
"""A receipt may be dated this much before its withdrawal: an exchange books late what a chain has seen."""
FEE_SHARE = Decimal("0.01")
"""Largest part of what was sent that may be missing from a receipt, where the sender states no fee."""


def reconcile(
    transactions: Sequence[Transaction], table: AssetTable, statements: Statements, *, window: timedelta, currency: str
) -> tuple[list[Booked], list[Event], list[Issue]]:
    """Every transaction as a row, what happened in order of time, and what is open.

    `window`: a receipt may come this long after its withdrawal. `currency`: fiat code of the portfolio. Raises nothing:
    what does not fit becomes an Issue. Rows link to each other (`matched_with`), none is merged or dropped.
    """
    with exact():
        first: dict[str, Transaction] = {}
        for t in transactions:  # the same row twice says nothing new
            first.setdefault(_id(t), t)
        rows = [_booked(t, table) for t in first.values()]
        live = [row for row in rows if not {"spam", "pending"} & set(row.flags)]
        issues = _unknown_assets(live) + _foreign_currencies(live, f"fiat:{currency}")
        pairs, found = _paired(live, statements, window)
        issues += found
        linked = _linked(rows, pairs)
        taken = _taken(pairs)
        events = [e for row in live for e in _events(row, taken)] + _transfers(pairs)
        order = {name: _natural(t.keys[0]) for name, t in first.items()}
        events.sort(key=lambda e: (e.at, _RANK[e.kind], order.get(e.transactions[0], ()), e.id))
        named = {row.id for issue in found if issue.kind is IssueKind.AMBIGUOUS_TRANSFER for row in live if row.id in issue.subject.split()}
        issues += [_unmatched(e) for e in events if e.kind in (Kind.DEPOSIT, Kind.WITHDRAWAL) and e.transactions[0] not in named]
    return linked, events, issues


_RANK = {
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


def _natural(key: str) -> tuple[tuple[int, int, str], ...]:
    """Row keys in a person's order: trade 9 before trade 10."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", key) if part)


# ------------------------------------------------------------------ rows


def _id(transaction: Transaction) -> str:
    return content_id("tx", transaction.account, transaction.keys[0])


def _booked(t: Transaction, table: AssetTable) -> Booked:
    sent, received, fees = [], [], []
    for leg in t.legs:
        amount = Amount(table.resolve(leg.asset, t.occurred_at), leg.asset, abs(leg.quantity))
        if leg.quantity > 0:  # a fee that arrives is a rebate: it counts with what was received
            received.append(amount)
        elif leg.is_fee or (t.hint == "fee" and all(other.quantity < 0 for other in t.legs)):
            fees.append(amount)
        else:
            sent.append(amount)
    flags = tuple(dict.fromkeys((*t.flags, *(() if t.final else ("pending",)))))
    return Booked(
        id=_id(t),
        account=t.account,
        occurred_at=t.occurred_at,
        hint=t.hint,
        kind=_kind(t.hint, tuple(sent), tuple(received)),
        sent=tuple(sent),
        received=tuple(received),
        fees=tuple(fees),
        chain_ref=t.chain_ref,
        counterparties=t.counterparties,
        flags=flags,
    )


def _kind(hint: Hint, sent: tuple[Amount, ...], received: tuple[Amount, ...]) -> Kind:
    """By what moved; the source's own word decides only where that leaves a choice."""
    out, came = _net(sent, received)
    if not out and not came:
        return Kind.TRANSFER if sent else Kind.FEE  # within the account, or one to one between two names of a coin
    if not out:
        return Kind.INCOME if hint == "reward" else Kind.DEPOSIT
    if not came:
        return Kind.WITHDRAWAL
    if all(a.coin.kind == "fiat" for a in out) and any(a.coin.kind != "fiat" for a in came):
        return Kind.BUY
    if all(a.coin.kind == "fiat" for a in came) and any(a.coin.kind != "fiat" for a in out):
        return Kind.SELL
    return Kind.SWAP


def _net(sent: tuple[Amount, ...], received: tuple[Amount, ...]) -> tuple[tuple[Amount, ...], tuple[Amount, ...]]:
    """What left and what arrived, one amount a coin: a refund lowers what was sent, ETH for WETH is nothing."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    named: dict[tuple[str, bool], Amount] = {}
    for amounts, sign in ((sent, -1), (received, 1)):
        for amount in amounts:
            sums[amount.coin.id] += sign * amount.quantity
            named.setdefault((amount.coin.id, sign > 0), amount)
    out = tuple(replace(named[coin, False], quantity=-q) for coin, q in sums.items() if q < 0)
    return out, tuple(replace(named[coin, True], quantity=q) for coin, q in sums.items() if q > 0)


def _unknown_assets(rows: Iterable[Booked]) -> list[Issue]:
    unknown = {a.asset: a.coin for row in rows for a in (*row.sent, *row.received, *row.fees) if not a.coin.known}
    return [
        Issue(
            IssueKind.UNKNOWN_ASSET,
            "info",
            asset,
            f"{coin.symbol} ({asset}) is in no table: it has its own pool and no price.",
            "Nothing to do if it is worthless. Else import its prices with `thresher prices import FILE` under this id.",
        )
        for asset, coin in sorted(unknown.items())
    ]


def _foreign_currencies(rows: Iterable[Booked], home: str) -> list[Issue]:
    codes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        codes[row.account] |= {a.coin.symbol for a in (*row.sent, *row.received, *row.fees) if a.coin.kind == "fiat" and a.coin.id != home}
    return [
        Issue(
            IssueKind.FOREIGN_CURRENCY,
            "info",
            account,
            f"The account holds {', '.join(sorted(found))}: it has a balance and no lots; gains on the currency itself (section 988) are not computed.",
            "Compute them apart. Trades against it need an exchange rate: `thresher prices import FILE`.",
        )
        for account, found in sorted(codes.items())
        if found
    ]


# ------------------------------------------------------------------ pairs


@dataclass(frozen=True, slots=True)
class _Side:
    """One coin that left, or reached, an account in one row."""

    row: Booked
    amount: Amount
    stated_fee: Decimal

    @property
    def key(self) -> tuple[str, str]:
        return self.row.id, self.amount.coin.id


@dataclass(frozen=True, slots=True)
class _Pair:
    out: _Side
    into: _Side


def _sides(rows: Iterable[Booked], kind: Kind) -> list[_Side]:
    found = []
    for row in rows:
        if row.kind is kind:
            out, came = _net(row.sent, row.received)
            for amount in out if kind is Kind.WITHDRAWAL else came:
                if amount.coin.kind != "fiat":
                    fee = total(f.quantity for f in row.fees if f.coin.id == amount.coin.id)
                    found.append(_Side(row, amount, fee))
    return found


def _paired(rows: Sequence[Booked], statements: Statements, window: timedelta) -> tuple[list[_Pair], list[Issue]]:
    """The holder's word first, then the same transaction hash, then the only pair that fits."""
    outs, ins = _sides(rows, Kind.WITHDRAWAL), _sides(rows, Kind.DEPOSIT)
    said = {(a.withdrawal, a.deposit): a.same for a in statements.answers}
    pairs, issues = _by_answer(outs, ins, said)
    refused = {pair for pair, same in said.items() if not same}
    for step in (_by_chain, lambda o, i, no: _by_size(o, i, no, window)):
        taken = {side.key for pair in pairs for side in (pair.out, pair.into)}
        found, open_issues = step([o for o in outs if o.key not in taken], [i for i in ins if i.key not in taken], refused)
        pairs += found
        issues += open_issues
    return pairs, issues


def _by_answer(outs: list[_Side], ins: list[_Side], said: dict[tuple[str, str], bool]) -> tuple[list[_Pair], list[Issue]]:
    receipts = {side.key: side for side in ins}
    wanted = defaultdict(list)
    for (withdrawal, deposit), same in said.items():
        if same:
            wanted[withdrawal].append(deposit)
    pairs: list[_Pair] = []
    issues: list[Issue] = []
    taken: set[tuple[str, str]] = set()
    for out in outs:
        for deposit in wanted[out.row.id]:
            into = receipts.get((deposit, out.amount.coin.id))
            if into is None or into.key in taken or out.key in taken:
                continue
            if into.amount.quantity > out.amount.quantity + out.stated_fee:
                issues.append(_ambiguous(out, into, "you said that they are one, but more arrived than was sent"))
                continue
            taken |= {out.key, into.key}
            pairs.append(_Pair(out, into))
    return pairs, issues


def _by_chain(outs: list[_Side], ins: list[_Side], refused: set[tuple[str, str]]) -> tuple[list[_Pair], list[Issue]]:
    """Same hash, same coin, another account: one to one, or each with the only receipt of just its size."""
    receipts = defaultdict(list)
    senders = defaultdict(list)
    for side in ins:
        if side.row.chain_ref:
            receipts[side.row.chain_ref, side.amount.coin.id].append(side)
    for side in outs:
        if side.row.chain_ref:
            senders[side.row.chain_ref, side.amount.coin.id].append(side)
    pairs = []
    for place, sent in senders.items():
        here = receipts.get(place, [])
        alone = len(sent) == len(here) == 1
        edges = [
            (o, i)
            for o in sent
            for i in here
            if _apart(o, i)
            and (o.row.id, i.row.id) not in refused
            and (i.amount.quantity <= o.amount.quantity + o.stated_fee if alone else i.amount.quantity == o.amount.quantity)
        ]
        pairs += [_Pair(o, i) for o, i in _only(edges)]
    return pairs, []


def _by_size(outs: list[_Side], ins: list[_Side], refused: set[tuple[str, str]], window: timedelta) -> tuple[list[_Pair], list[Issue]]:
    by_coin = defaultdict(list)
    for side in sorted(ins, key=lambda s: (s.row.occurred_at, s.row.id)):
        by_coin[side.amount.coin.id].append(side)
    edges = []
    for out in outs:
        here = by_coin[out.amount.coin.id]
        first = bisect_left(here, out.row.occurred_at - CLOCKS_APART, key=lambda s: s.row.occurred_at)
        for into in here[first:]:
            if into.row.occurred_at > out.row.occurred_at + window:
                break
            if _fits(out, into) and (out.row.id, into.row.id) not in refused:
                edges.append((out, into))
    sure = _only(edges)
    taken = {o.key for o, _ in sure}
    return [_Pair(o, i) for o, i in sure], [_ambiguous(o, i, "there is more than one candidate") for o, i in edges if o.key not in taken]


def _apart(out: _Side, into: _Side) -> bool:
    """Two accounts; or two sub-accounts of one, where the source says that a row is internal."""
    if out.row.account != into.row.account:
        return True
    return out.row.hint == into.row.hint == "internal" and out.amount.quantity == into.amount.quantity


def _fits(out: _Side, into: _Side) -> bool:
    """Another account, not more than was sent, not less by more than a fee, and not two different hashes."""
    if not _apart(out, into):
        return False
    if out.row.chain_ref and into.row.chain_ref and out.row.chain_ref != into.row.chain_ref:
        return False
    missing = out.amount.quantity - into.amount.quantity
    return ZERO <= missing <= max(out.amount.quantity * FEE_SHARE, out.stated_fee)


def _only(edges: list[tuple[_Side, _Side]]) -> list[tuple[_Side, _Side]]:
    """Those whose two ends have no other edge."""
    uses: dict[tuple[str, str], int] = defaultdict(int)
    for out, into in edges:
        uses[out.key] += 1
        uses[into.key] += 1
    return [(out, into) for out, into in edges if uses[out.key] == uses[into.key] == 1]


def _ambiguous(out: _Side, into: _Side, why: str) -> Issue:
    return Issue(
        IssueKind.AMBIGUOUS_TRANSFER,
        "warning",
        f"{out.row.id} {into.row.id}",
        f"{_told(out)} left {out.row.account} at {_when(out.row)}, {_told(into)} reached {into.row.account} at {_when(into.row)}: {why}.",
        "Say whether they are the same coins: `thresher issues answer ID`.",
    )


def _told(side: _Side) -> str:
    return f"{plain(side.amount.quantity)} {side.amount.coin.symbol}"


def _when(row: Booked) -> str:
    return f"{row.occurred_at:%Y-%m-%d %H:%M} UTC"


def _linked(rows: list[Booked], pairs: list[_Pair]) -> list[Booked]:
    links: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        links[pair.out.row.id].append(pair.into.row.id)
        links[pair.into.row.id].append(pair.out.row.id)
    return [replace(row, kind=Kind.TRANSFER, matched_with=tuple(dict.fromkeys(links[row.id]))) if row.id in links else row for row in rows]


# ------------------------------------------------------------------ events


def _events(row: Booked, pairs_of: _Taken) -> list[Event]:
    """What the row alone says: all but what went to, or came from, another account of the holder."""
    out, came = _net(row.sent, row.received)
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
class _Taken:
    """What pairs have used up."""

    sides: frozenset[tuple[str, str]]
    senders: frozenset[str]


def _taken(pairs: Sequence[_Pair]) -> _Taken:
    return _Taken(
        frozenset(side.key for pair in pairs for side in (pair.out, pair.into)),
        frozenset(pair.out.row.id for pair in pairs),
    )


def _transfers(pairs: Sequence[_Pair]) -> list[Event]:
    """One event for each two rows, at the earlier of their times; what did not arrive is a fee of the sender."""
    together: dict[tuple[str, str], list[_Pair]] = defaultdict(list)
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
            )
        )
    return events


def _fees_of_transfer(stated: tuple[Amount, ...], legs: Sequence[_Pair]) -> tuple[Amount, ...]:
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


def _unmatched(event: Event) -> Issue:
    if event.kind is Kind.DEPOSIT:
        told = ", ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in event.received)
        return Issue(
            IssueKind.UNMATCHED_DEPOSIT,
            "warning",
            event.transactions[0],
            f"{told} reached {event.account} at {event.at:%Y-%m-%d %H:%M} UTC from nowhere that is watched: cost and date are unknown.",
            "Add the account that it came from, or say what it is: `thresher issues answer ID`.",
        )
    told = ", ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in event.sent)
    return Issue(
        IssueKind.UNMATCHED_WITHDRAWAL,
        "warning",
        event.transactions[0],
        f"{told} left {event.account} at {event.at:%Y-%m-%d %H:%M} UTC and was seen nowhere else: its lots are gone without a gain.",
        "Add the account that it went to, or say what it is: `thresher issues answer ID`.",
    )
