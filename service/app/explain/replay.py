"""The ledger booked once more while somebody looks: what each taking found in its pool, in which order, and what it took.

The engine itself does the booking, and tells a watcher of every taking of lots out of a pool.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.domain.ledger import Choices, Group, Match, Method
from service.domain.ledger.pool import ENTRIES, Holding, Origin, Pool
from service.domain.movements import Movement


class Candidate(NamedTuple):
    """A lot, or a part of it, as it lay in the pool."""

    origin: Origin
    quantity: int
    basis: int | None
    fair: int | None


class Taking(NamedTuple):
    """One movement that took lots out of a pool. Ints as in the engine."""

    movement: Movement
    method: Method
    taken: Mapping[str, tuple[int, int | None]]
    """Lot → quantity and basis, in the order of taking."""
    named: Mapping[str, int]
    """What of it the holder named."""
    before: tuple[Candidate, ...]
    """What lay in the pool, in the method's order; of the movements asked for only."""
    average: tuple[int, int | None]
    """Units and cost of the pool before, where the method is the moving average."""
    matches: tuple[Match, ...] = ()


class Seen(NamedTuple):
    takings: list[Taking]
    acquired: dict[str, Movement]
    """Lot → the movement that began it."""
    group: Group


def watched(movements: Sequence[Movement], said: Choices, places: int, *, lots: frozenset[str], whole: frozenset[str]) -> Seen:
    """Books a group's movements. Kept are the takings of `lots`, and with the pool's content those of the movements named by `whole`."""
    watcher = _Watcher(lots, whole)
    group = Group(said, places, watcher)
    acquired: dict[str, Movement] = {}
    for m in movements:
        known, matched = len(watcher.takings), len(group.matches)
        group.enter(m)
        if m.id in lots and m.act in ("acquire", "move"):
            acquired.setdefault(m.id, m)
        if len(watcher.takings) > known:
            watcher.takings[-1] = watcher.takings[-1]._replace(matches=tuple(group.matches[matched:]))
    group.close()
    return Seen(watcher.takings, acquired, group)


class _Watcher:
    def __init__(self, lots: frozenset[str], whole: frozenset[str]) -> None:
        self.takings: list[Taking] = []
        self._lots, self._whole = lots, whole
        self._method: Method = "fifo"
        self._average: tuple[int, int | None] = 0, None
        self._found: tuple[Candidate, ...] = ()

    def before(self, m: Movement, pool: Pool, method: Method) -> None:
        self._method, self._average, self._found = method, (pool.units, pool.basis), ()
        if m.id in self._whole:
            ordered = sorted(pool.lots.values(), key=lambda h: ENTRIES[method](h.origin))
            self._found = tuple(Candidate(h.origin, h.quantity, h.basis, h.fair) for h in ordered)

    def after(self, m: Movement, named: Sequence[tuple[str, int]], taken: Sequence[Holding]) -> None:
        if m.id not in self._whole and not any(part.origin.id in self._lots for part in taken):
            return
        by_name: dict[str, int] = defaultdict(int)
        for lot, quantity in named:
            by_name[lot] += quantity
        parts = {part.origin.id: (part.quantity, part.basis) for part in taken}
        self.takings.append(Taking(m, self._method, parts, by_name, self._found, self._average))
