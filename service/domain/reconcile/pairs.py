"""Which withdrawal and which receipt are one transfer: by the holder's word, by hash, by size and time; else a person is asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from service.domain.issues import Issue, IssueKind
from service.domain.money import ZERO, plain, total
from service.domain.reconcile.rows import net
from service.domain.reconcile.values import Amount, Booked, Kind
from service.domain.statements import Statements

CLOCKS_APART = timedelta(minutes=10)
"""A receipt may be dated this much before its withdrawal: an exchange books late what a chain has seen."""
FEE_SHARE = Decimal("0.01")
"""Largest part of what was sent that may be missing from a receipt, where the sender states no larger fee. What is missing beyond
it is no fee, whatever says that the two are one: it left for somebody else, and a person is asked."""


@dataclass(frozen=True, slots=True)
class Side:
    """One coin that left, or reached, an account in one row."""

    row: Booked
    amount: Amount
    stated_fee: Decimal

    @property
    def key(self) -> tuple[str, str]:
        return self.row.id, self.amount.coin.id


@dataclass(frozen=True, slots=True)
class Pair:
    out: Side
    into: Side


def _sides(rows: Iterable[Booked], kind: Kind) -> list[Side]:
    found = []
    for row in rows:
        if row.kind is kind:
            out, came = net(row.sent, row.received)
            for amount in out if kind is Kind.WITHDRAWAL else came:
                if amount.coin.kind != "fiat":
                    fee = total(f.quantity for f in row.fees if f.coin.id == amount.coin.id)
                    found.append(Side(row, amount, fee))
    return sorted(found, key=lambda s: (s.row.occurred_at, s.key))


def paired(rows: Sequence[Booked], statements: Statements, window: timedelta) -> tuple[list[Pair], list[Issue]]:
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


def _by_answer(outs: list[Side], ins: list[Side], said: dict[tuple[str, str], bool]) -> tuple[list[Pair], list[Issue]]:
    receipts = {side.key: side for side in ins}
    wanted = defaultdict(list)
    for (withdrawal, deposit), same in said.items():
        if same:
            wanted[withdrawal].append(deposit)
    pairs: list[Pair] = []
    issues: list[Issue] = []
    taken: set[tuple[str, str]] = set()
    for out in outs:
        room = out.amount.quantity + out.stated_fee
        for deposit in wanted[out.row.id]:
            into = receipts.get((deposit, out.amount.coin.id))
            if into is None or into.key in taken:
                continue
            if into.amount.quantity > room:
                issues.append(_ambiguous(out, into, "you said that they are one, but more arrived than was sent"))
                continue
            room -= into.amount.quantity
            taken.add(into.key)
            pairs.append(Pair(out, into))
    return pairs, issues


def _by_chain(outs: list[Side], ins: list[Side], refused: set[tuple[str, str]]) -> tuple[list[Pair], list[Issue]]:
    """Same hash, same coin, another account: all receipts of the only sender, or each sender with a receipt of just its size."""
    receipts = defaultdict(list)
    senders = defaultdict(list)
    for side in ins:
        if side.row.chain_ref:
            receipts[same_hash(side.row.chain_ref), side.amount.coin.id].append(side)
    for side in outs:
        if side.row.chain_ref:
            senders[same_hash(side.row.chain_ref), side.amount.coin.id].append(side)
    pairs = []
    for place, sent in senders.items():
        here = receipts.get(place, [])
        edges = [(o, i) for o in sent for i in here if _apart(o, i) and (o.row.id, i.row.id) not in refused]
        if len(sent) == 1 and total(i.amount.quantity for _, i in edges) <= sent[0].amount.quantity + sent[0].stated_fee:
            pairs += [Pair(o, i) for o, i in edges]
        else:
            pairs += [Pair(o, i) for o, i in _one_size([(o, i) for o, i in edges if o.amount.quantity == i.amount.quantity])]
    return pairs, []


def _one_size(edges: list[tuple[Side, Side]]) -> list[tuple[Side, Side]]:
    """The only receipt of a size; or as many equal ones as were sent, all from, or all to, one account: which is which changes nothing."""
    sizes: dict[Decimal, list[tuple[Side, Side]]] = defaultdict(list)
    for edge in edges:
        sizes[edge[0].amount.quantity].append(edge)
    found = []
    for same in sizes.values():
        outs = list({o.key: o for o, _ in same}.values())
        ins = list({i.key: i for _, i in same}.values())
        one_place = 1 in (len({o.row.account for o in outs}), len({i.row.account for i in ins}))
        if one_place and len(outs) == len(ins) and len(same) == len(outs) * len(ins):
            found += list(zip(outs, ins, strict=True))
        else:
            found += _only(same)
    return found


def stays(out: Side, arrived: Decimal) -> Decimal:
    """What of a sender's coins reached nobody that is watched: nothing, while no more is missing than a fee may be."""
    missing = out.amount.quantity - arrived
    return missing if missing > _fee_at_most(out) else ZERO


def _fee_at_most(out: Side) -> Decimal:
    return max(out.amount.quantity * FEE_SHARE, out.stated_fee)


def _by_size(outs: list[Side], ins: list[Side], refused: set[tuple[str, str]], window: timedelta) -> tuple[list[Pair], list[Issue]]:
    by_coin = defaultdict(list)
    for side in ins:
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
    return [Pair(o, i) for o, i in sure], [_ambiguous(o, i, "there is more than one candidate") for o, i in edges if o.key not in taken]


def _apart(out: Side, into: Side) -> bool:
    return out.row.account != into.row.account


def _fits(out: Side, into: Side) -> bool:
    """Another account, not more than was sent, not less by more than a fee, and not two different hashes."""
    if not _apart(out, into):
        return False
    if out.row.chain_ref and into.row.chain_ref and same_hash(out.row.chain_ref) != same_hash(into.row.chain_ref):
        return False
    return ZERO <= out.amount.quantity - into.amount.quantity <= _fee_at_most(out)


def _only(edges: list[tuple[Side, Side]]) -> list[tuple[Side, Side]]:
    """Those whose two ends have no other edge."""
    uses: dict[tuple[str, str], int] = defaultdict(int)
    for out, into in edges:
        uses[out.key] += 1
        uses[into.key] += 1
    return [(out, into) for out, into in edges if uses[out.key] == uses[into.key] == 1]


def same_hash(chain_ref: str) -> str:
    """A transaction hash in one spelling: Coinbase writes Ethereum's without 0x, nodes write them with it."""
    return chain_ref.lower().removeprefix("0x")


def _ambiguous(out: Side, into: Side, why: str) -> Issue:
    return Issue(
        IssueKind.AMBIGUOUS_TRANSFER,
        "warning",
        f"{out.row.id} {into.row.id}",
        f"{_told(out)} left {out.row.account} at {_when(out.row)}, {_told(into)} reached {into.row.account} at {_when(into.row)}: {why}.",
        "Say whether they are the same coins: `thresher issues answer ISSUE`, with --different if not.",
    )


def _told(side: Side) -> str:
    return f"{plain(side.amount.quantity)} {side.amount.coin.symbol}"


def _when(row: Booked) -> str:
    return f"{row.occurred_at:%Y-%m-%d %H:%M} UTC"


def linked(rows: list[Booked], pairs: list[Pair]) -> list[Booked]:
    links: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        links[pair.out.row.id].append(pair.into.row.id)
        links[pair.into.row.id].append(pair.out.row.id)
    return [replace(row, kind=Kind.TRANSFER, matched_with=tuple(dict.fromkeys(links[row.id]))) if row.id in links else row for row in rows]
