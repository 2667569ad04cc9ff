"""Which withdrawal and which receipt are one transfer: by the holder's word, by hash, by size and time; else a person is asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from service.domain.issues import Issue, IssueKind
from service.domain.money import ZERO, exact, plain, total
from service.domain.reconcile.rows import IN, is_half, needs_pairing, net
from service.domain.reconcile.values import Amount, Booked, Kind
from service.domain.statements import Statements

CLOCKS_APART = timedelta(minutes=10)
"""A receipt may be dated this much before its withdrawal: an exchange books late what a chain has seen."""
FEE_SHARE = Decimal("0.01")
"""Largest part of what was sent that may be missing from a receipt, where the sender states no larger fee. What is missing beyond
it is no fee, whatever says that the two are one: it left for somebody else, and a person is asked."""

FEE_SHARE_BY_HASH = Decimal("0.1")
"""The same for a withdrawal that a file states under the hash of its receipt, and for a transfer that it states as one: such a row is one payment
and no batch, and of a small one the network takes more than FEE_SHARE."""


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

    @property
    def arrived(self) -> Decimal:
        """What of the coins sent is there now; all of them where they came as another coin (a wrap, a bridge)."""
        return self.into.amount.quantity if self.into.amount.coin.id == self.out.amount.coin.id else self.out.amount.quantity


@dataclass(frozen=True, slots=True)
class Paired:
    """Which rows are one transfer, and what of it is a person's to say."""

    pairs: tuple[Pair, ...]
    issues: tuple[Issue, ...]


_Step = Callable[[list[Side], list[Side]], tuple[list[Pair], list[Issue]]]


def _sides(rows: Iterable[Booked], kind: Kind) -> list[Side]:
    found = []
    for row in rows:
        if row.kind is kind and needs_pairing(row):
            out, came = net(row.sent, row.received)
            found += [_side(row, a) for a in (out if kind is Kind.WITHDRAWAL else came) if a.coin.kind != "fiat"]
    return sorted(found, key=lambda s: (s.row.occurred_at, s.key))


def _side(row: Booked, amount: Amount) -> Side:
    return Side(row, amount, total(f.quantity for f in row.fees if f.coin.id == amount.coin.id))


def pair(rows: Iterable[Booked], statements: Statements, window: timedelta) -> Paired:
    """What the holder's file states, then the holder's word, the same transaction hash, and the only pair that fits.

    Rows that are no side of a transfer change nothing. The pairs of a history are those of its closures (see `closures`), so a part of
    it that is closed can be paired alone.
    """
    with exact():
        rows = [row for row in rows if needs_pairing(row)]
        pairs, issues = _by_file(rows)
        outs, ins = _sides(rows, Kind.WITHDRAWAL), _sides(rows, Kind.DEPOSIT)
        said = {(a.withdrawal, a.deposit): a.same for a in statements.answers}
        refused = {edge for edge, same in said.items() if not same}
        steps: tuple[_Step, ...] = (
            lambda o, i: _by_answer(o, i, said),
            lambda o, i: _by_chain(o, i, refused),
            lambda o, i: _by_size(o, i, refused, window),
        )
        for step in steps:
            taken = {side.key for found in pairs for side in (found.out, found.into)}
            found, open_issues = step([o for o in outs if o.key not in taken], [i for i in ins if i.key not in taken])
            pairs += found
            issues += open_issues
    return Paired(tuple(pairs), tuple(issues))


def _by_file(rows: Iterable[Booked]) -> tuple[list[Pair], list[Issue]]:
    """Both halves of a stated transfer; in one coin no more may arrive than was sent with the fee."""
    halves = {row.id: row for row in rows if is_half(row)}
    pairs: list[Pair] = []
    issues: list[Issue] = []
    for row in halves.values():
        other = halves.get(row.id + IN)
        if other is None or not row.sent or not other.received:
            continue
        for sent, got in zip(row.sent, other.received, strict=False):
            out, into = _side(row, sent), _side(other, got)
            if (sent.coin.kind == "fiat") is not (got.coin.kind == "fiat"):
                issues.append(_ambiguous(out, into, "the file calls them one transfer, but one side is money and the other a coin"))
            elif sent.coin.id == got.coin.id and got.quantity > sent.quantity + out.stated_fee:
                issues.append(_ambiguous(out, into, "the file calls them one transfer, but more arrived than was sent"))
            else:
                pairs.append(Pair(out, into))
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
    missing, most = out.amount.quantity - arrived, _fee_at_most(out)
    if out.row.stated is not None and (out.row.chain_ref or out.row.kind is Kind.TRANSFER):
        most = max(most, out.amount.quantity * FEE_SHARE_BY_HASH)
    return missing if missing > most else ZERO


def _fee_at_most(out: Side) -> Decimal:
    return max(out.amount.quantity * FEE_SHARE, out.stated_fee)


def _by_size(outs: list[Side], ins: list[Side], refused: set[tuple[str, str]], window: timedelta) -> tuple[list[Pair], list[Issue]]:
    edges = [(out, into) for out, into in _edges(outs, ins, window) if (out.row.id, into.row.id) not in refused]
    sure = _only(edges)
    taken = {o.key for o, _ in sure}
    return [Pair(o, i) for o, i in sure], [_ambiguous(o, i, "there is more than one candidate") for o, i in edges if o.key not in taken]


def _edges(outs: Iterable[Side], ins: Iterable[Side], window: timedelta) -> Iterator[tuple[Side, Side]]:
    """Every withdrawal and receipt of one coin that fit in size and time; both sides in order of time."""
    by_coin: dict[str, list[Side]] = defaultdict(list)
    for side in ins:
        by_coin[side.amount.coin.id].append(side)
    for out in outs:
        here = by_coin.get(out.amount.coin.id, [])
        first = bisect_left(here, out.row.occurred_at - CLOCKS_APART, key=lambda s: s.row.occurred_at)
        for n in range(first, len(here)):
            if here[n].row.occurred_at > out.row.occurred_at + window:
                break
            if _fits(out, here[n]):
                yield out, here[n]


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


# ------------------------------------------------------------------ what is shown


def links(paired: Paired) -> dict[str, tuple[str, ...]]:
    """By row: the rows that it is one transfer with."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for one in paired.pairs:
        found[one.out.row.id][one.into.row.id] = None
        found[one.into.row.id][one.out.row.id] = None
    return {row: tuple(others) for row, others in found.items()}


def linked(rows: Iterable[Booked], paired: Paired) -> list[Booked]:
    """The rows as they are shown: matched ones are transfers and name each other."""
    found = links(paired)
    return [replace(row, kind=Kind.TRANSFER, matched_with=found[row.id]) if row.id in found else row for row in rows]


# ------------------------------------------------------------------ closures


class Reach(NamedTuple):
    """Where the rows are that could be one with a row: those of one of its coins in [since, until], those of the same hash, those named."""

    coins: frozenset[str]
    since: datetime
    until: datetime
    hash: str
    """In one spelling (same_hash); empty: none."""
    rows: frozenset[str]
    """Ids: the other half of a stated transfer, and what the holder's answers name."""


def reach(row: Booked, statements: Statements, window: timedelta) -> Reach:
    """Every row of a closure is within reach of another row of it; a row that does not need pairing reaches nothing."""
    out, came = net(row.sent, row.received)
    at = row.occurred_at
    named = {a.deposit for a in statements.answers if a.withdrawal == row.id} | {
        a.withdrawal for a in statements.answers if a.deposit == row.id
    }
    if is_half(row):
        return Reach(frozenset(), at, at, "", frozenset({row.id + IN, row.id.removesuffix(IN)} - {row.id}))
    coins = frozenset(a.coin.id for a in (*out, *came) if a.coin.kind != "fiat") if needs_pairing(row) else frozenset()
    since, until = (at - CLOCKS_APART, at + window) if row.kind is Kind.WITHDRAWAL else (at - window, at + CLOCKS_APART)
    return Reach(coins, since, until, same_hash(row.chain_ref or ""), frozenset(named))


def closures(rows: Iterable[Booked], statements: Statements, window: timedelta) -> list[list[Booked]]:
    """The rows that need pairing in groups of which none can change how another is paired, each in the order given.

    Two rows are in one group when a chain of rows leads from one to the other, each next to the last by: the same coin under the same
    hash, whichever way it went; a fit in size and time; the holder's word that they are one; two halves of a stated transfer.
    """
    rows = [row for row in rows if needs_pairing(row)]
    group = {row.id: row.id for row in rows}

    def root(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for one, other in _neighbours(rows, statements, window):
        if one in group and other in group:
            group[root(one)] = root(other)
    found: dict[str, list[Booked]] = defaultdict(list)
    for row in rows:
        found[root(row.id)].append(row)
    return list(found.values())


def _neighbours(rows: Sequence[Booked], statements: Statements, window: timedelta) -> Iterator[tuple[str, str]]:
    with exact():
        outs, ins = _sides(rows, Kind.WITHDRAWAL), _sides(rows, Kind.DEPOSIT)
        yield from ((out.row.id, into.row.id) for out, into in _edges(outs, ins, window))
    first: dict[tuple[str, str], str] = {}
    for side in (*outs, *ins):
        if side.row.chain_ref:
            yield side.row.id, first.setdefault((same_hash(side.row.chain_ref), side.amount.coin.id), side.row.id)
    yield from ((a.withdrawal, a.deposit) for a in statements.answers if a.same)
    yield from ((row.id, row.id + IN) for row in rows if is_half(row))


def closure(start: Collection[str], rows: Iterable[Booked], statements: Statements, window: timedelta) -> list[Booked]:
    """Of `rows`, those that must be paired anew when the rows named in `start` came or changed: their groups.

    Of a row that changed or went away give the old form too: what it could be one with before must be paired anew as well. Where not all
    rows are at hand, fetch what is within reach of the answer and ask again until nothing is added.
    """
    return [row for group in closures(rows, statements, window) if any(row.id in start for row in group) for row in group]
