"""Movements that changed → the ledgers of their pools, replayed from the last checkpoint before the earliest change.

A checkpoint is taken at the first change of instant after each `every` movements of a pool, so where they lie depends on the history and
not on the order in which it came. Of all that could be taken the last two of each step (every 1, 2, 4, 8, … of them) are kept: few at the
beginning, dense at the end, where changes are. A change then replays at most twice what lies behind it, and `every` more.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from operator import itemgetter
from typing import Any

from service.app.derived import Checkpoint, DisposalLine, LotLine, Placed, Pool, Raised, Replay
from service.app.ports import Store
from service.domain.ledger import Choices, Group, Match, Open, groups_of, issue
from service.domain.ledger.checkpoint import resumed, state
from service.domain.movements import MONEY_PLACES, PLACES, Movement, text

EVERY = 2048
"""Movements between two checkpoints: what one more movement at the end replays at most."""
_STEP = 2


def kept(newest: int) -> set[int]:
    """Numbers of the checkpoints that are kept when `newest` is the last one that could be taken."""
    numbers: set[int] = set()
    step = 1
    while step <= newest:
        last = newest // step * step
        numbers |= {last, last - step}
        step *= _STEP
    return numbers - {0}


# ------------------------------------------------------------------ which pools


@dataclass(slots=True)
class PoolChanges:
    pools: dict[str, Pool]
    """By coin, as they are now; digests as they were."""
    since: dict[str, int | None] = field(default_factory=dict)
    """Pool → its earliest change; None: from the beginning."""
    dropped: set[str] = field(default_factory=set)
    """Pools whose coins are not what they were: nothing of their ledgers stays."""


def changed_pools(before: Mapping[str, Pool], gone: Iterable[Placed], added: Iterable[Placed], symbol: Callable[[str], str]) -> PoolChanges:
    """`symbol`: of a coin's id."""
    counts = {coin: _Counts(pool.movements, dict(pool.renames), dict(pool.fine)) for coin, pool in before.items()}
    first: dict[str, int] = {}
    for sign, placed in ((-1, gone), (1, added)):
        for coin, at, _, _, _, movement, places in placed:
            mine = counts.get(coin)
            if mine is None:
                mine = counts[coin] = _Counts()
            mine.movements += sign
            if coin not in first or at < first[coin]:
                first[coin] = at
            if movement.more.to_coin:
                _add(mine.renames, movement.more.to_coin, sign)
            if places > PLACES:
                _add(mine.fine, places, sign)
    there = {coin for coin, mine in counts.items() if mine.movements} | {into for mine in counts.values() for into in mine.renames}
    names = groups_of(there, [(coin, into) for coin in there if coin in counts for into in counts[coin].renames])
    pools = {}
    for coin in sorted(there):
        now = counts.get(coin) or _Counts()
        known = before.get(coin)
        pools[coin] = Pool(coin, names[coin], symbol(coin), now.movements, now.renames, now.fine, known.digest if known else "")
    changes = PoolChanges(pools)
    old, new = _members(before.values()), _members(pools.values())
    changes.dropped = {name for name, coins in old.items() if new.get(name) != coins}
    for name, coins in new.items():
        if old.get(name) != coins or _finest(before, coins) != _finest(pools, coins):
            changes.since[name] = None
        elif touched := [first[coin] for coin in coins if coin in first]:
            changes.since[name] = min(touched)
    return changes


@dataclass(slots=True)
class _Counts:
    movements: int = 0
    renames: dict[str, int] = field(default_factory=dict)
    fine: dict[int, int] = field(default_factory=dict)


def _add(counts: dict[Any, int], key: str | int, sign: int) -> None:
    counts[key] = counts.get(key, 0) + sign
    if not counts[key]:
        del counts[key]


def _members(pools: Iterable[Pool]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pool in pools:
        found[pool.pool].add(pool.coin)
    return {name: frozenset(coins) for name, coins in found.items()}


def _finest(pools: Mapping[str, Pool], coins: Collection[str]) -> int:
    """The places of all quantities of these coins."""
    return max([PLACES, *(places for coin in coins if coin in pools for places in pools[coin].fine)])


# ------------------------------------------------------------------ one pool


@dataclass(frozen=True, slots=True)
class Replayed:
    replay: Replay
    digest: str
    findings: list[Raised]


class PoolLedger:
    """One pool, what is stored of it and what changed. Asks the store for what it must replay and for nothing else."""

    def __init__(self, store: Store, portfolio: str, name: str, pools: Mapping[str, Pool], choices: Choices, *, every: int = EVERY) -> None:
        self._store = store
        self._portfolio = portfolio
        self.name = name
        self.coins = sorted(coin for coin, pool in pools.items() if pool.pool == name)
        self._symbols = {coin: pools[coin].symbol for coin in self.coins}
        self.places = _finest(pools, self.coins)
        named = {key: said for key, said in choices.identifications.items() if key[1] in self.coins}
        self.choices = replace(choices, identifications=named)
        """Words on other coins leave no trace in what is kept of this pool."""
        self._every = every

    async def replayed(
        self, since: int | None, gone: Collection[Placed], added: Sequence[Placed], *, stored: bool, known: bool
    ) -> Replayed:
        """`stored`: whether the store holds movements (else `added` is all there is); `known`: whether it holds a ledger of this pool."""
        there = await self._store.checkpoints(self._portfolio, self.name) if known else []
        usable: list[Checkpoint | None] = [None, *(c for c in there if since is not None and c.at <= since)]
        have = {c.number for c in there}
        while True:
            start = usable.pop()
            tail = await self._tail(start, gone, added, stored=stored)
            marks = boundaries(tail, start, self._every)
            newest = marks[-1].number if marks else start.number if start else 0
            wanted = kept(newest)
            if start is None or (tail and all(n in have for n in wanted if n <= start.number)):
                break
        if start is not None:
            start = replace(start, body=await self._store.checkpoint_body(self._portfolio, self.name, start.number))
        result = await asyncio.to_thread(run, self, tail, start, marks, wanted)
        _compare_lots(await self._store.lot_lines(self._portfolio, self.name) if known else [], result.replay)
        below = start.number if start else 0
        result.replay.checkpoints_gone = [c.number for c in there if c.number > below or c.number not in wanted]
        return result

    async def _tail(self, start: Checkpoint | None, gone: Collection[Placed], added: Sequence[Placed], *, stored: bool) -> list[Placed]:
        """The movements after a checkpoint, in order."""
        since = start.at if start else None
        tail = await self._store.movements_since(self._portfolio, self.coins, since) if stored else []
        if gone:
            lost = set(gone)
            tail = [p for p in tail if p not in lost]
        tail += added if since is None else [p for p in added if p.at >= since]
        tail.sort(key=_order)
        return tail

    def symbol(self, coin: str) -> str:
        return self._symbols[coin]


_order = itemgetter(1, 2, 3)
"""Time, place within the instant, number within the place."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Before movement `index` of the tail the checkpoints after `above`, up to `number`, can be taken."""

    index: int
    above: int
    number: int


def boundaries(tail: Sequence[Placed], start: Checkpoint | None, every: int) -> list[Mark]:
    """`start`: what the tail goes on from. More than `every` movements of one instant give several numbers one place."""
    marks: list[Mark] = []
    number, entered = (start.number, start.entered) if start else (0, 0)
    index = (number + 1) * every - entered
    while index < len(tail):
        while index < len(tail) and tail[index].at == tail[index - 1].at:
            index += 1
        if index == len(tail):
            break
        reached = (entered + index) // every
        marks.append(Mark(index, number, reached))
        number = reached
        index = (number + 1) * every - entered
    return marks


def run(pool: PoolLedger, tail: Sequence[Placed], start: Checkpoint | None, marks: Sequence[Mark], wanted: Collection[int]) -> Replayed:
    """The tail through the engine, checkpoints taken on the way. Everything given is chained into the digest, stretch by stretch."""
    choices, places = pool.choices.settled(p.movement for p in tail), pool.places
    group = resumed(choices, start.body, places) if start else Group(choices, places)
    replay = Replay(pool.name, start.at if start else None, start.number if start else 0)
    given = _Given(pool, group, replay, start.digest if start else "", replay.part)
    begin = 0
    for mark in marks:
        group.enter_all(_in_units(tail[begin : mark.index], places))
        given.take()
        given.part = mark.number
        begin = mark.index
        due = [n for n in sorted(wanted) if mark.above < n <= mark.number]
        if due:
            body, at, entered = state(group), tail[mark.index - 1].at + 1, (start.entered if start else 0) + mark.index
            replay.checkpoints += [Checkpoint(pool.name, n, at, entered, body, given.digest) for n in due]
    group.enter_all(_in_units(tail[begin:], places))
    group.close()
    given.take()
    replay.lots = [_lot_line(pool, lot) for lot in group.open()]
    digest = _chained(given.digest, replay.lots)
    return Replayed(replay, digest, given.raised)


def _in_units(tail: Sequence[Placed], places: int) -> list[Movement]:
    if places == PLACES:
        return [p[5] for p in tail]
    return [_finer(p.movement, 10 ** (places - p.places)) for p in tail]


def _finer(m: Movement, by: int) -> Movement:
    more = m.more if m.more.received is None else m.more._replace(received=m.more.received * by)
    return m._replace(quantity=m.quantity * by, more=more)


@dataclass(slots=True)
class _Given:
    """Moves what the group has given since the last take into lines."""

    pool: PoolLedger
    group: Group
    replay: Replay
    digest: str
    part: int
    raised: list[Raised] = field(default_factory=list)
    _last: tuple[int, int] = (-1, 0)

    def take(self) -> None:
        group, pool = self.group, self.pool
        lines = self._disposals(group.matches)
        earned = [(m.id, m.at, str(m.quantity), m.value) for m in group.incomes]
        findings = [issue(f, pool.places, pool.symbol(f.coin)) for f in group.findings]
        self.replay.disposals += lines
        self.raised += [Raised("ledger", pool.name, self.part, one) for one in findings]
        self.digest = _chained(self.digest, lines, earned, [one.id for one in findings])
        group.matches, group.incomes, group.findings = [], [], []

    def _disposals(self, matches: Iterable[Match]) -> list[DisposalLine]:
        name, places, at, n = self.pool.name, self.pool.places, *self._last
        lines: list[DisposalLine] = []
        for event, lot, coin, account, acquired, disposed, quantity, proceeds, basis, long, flags in matches:
            n = n + 1 if disposed == at else 0
            at = disposed
            got = None if proceeds is None else text(proceeds, MONEY_PLACES)
            cost = None if basis is None else text(basis, MONEY_PLACES)
            lines.append((name, at, n, event, lot, account, coin, text(quantity, places), acquired, got, cost, long, " ".join(flags)))
        self._last = at, n
        return lines


def _lot_line(pool: PoolLedger, lot: Open) -> LotLine:
    basis = None if lot.basis is None else text(lot.basis, MONEY_PLACES)
    fair = None if lot.fair is None else text(lot.fair, MONEY_PLACES)
    return (
        lot.account, lot.coin, lot.lot, pool.name, lot.asset, text(lot.quantity, pool.places), basis, lot.acquired, lot.sequence,
        " ".join(lot.flags), fair, None if fair is None else lot.fair_at,
    )  # fmt: skip


def _chained(digest: str, *parts: object) -> str:
    return sha256(f"{digest}{parts!r}".encode()).hexdigest()


def _compare_lots(held: Iterable[LotLine], replay: Replay) -> None:
    """Keeps of the replay's lots those that are not stored as they are, and names those that are gone."""
    before = set(held)
    now = set(replay.lots)
    replay.lots_gone = sorted(line[:3] for line in before - now)
    replay.lots = [line for line in replay.lots if line not in before]
