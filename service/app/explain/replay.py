"""The ledger booked once more while somebody looks: what each taking found in its pool, in which order, and what it took.

The engine itself does the booking; here its one door through which lots leave a pool (`_taken`) is watched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.domain.ledger import Choices, Group, Match, Method
from service.domain.ledger.identified import Identified
from service.domain.ledger.pool import ENTRIES, Holding, Origin, Pool
from service.domain.ledger.values import Finding
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
    group = _Watched(said, places, lots, whole)
    acquired: dict[str, Movement] = {}
    for m in movements:
        known, matched = len(group.takings), len(group.matches)
        group.enter(m)
        if m.id in lots and m.act in ("acquire", "move"):
            acquired.setdefault(m.id, m)
        if len(group.takings) > known:
            group.takings[-1] = group.takings[-1]._replace(matches=tuple(group.matches[matched:]))
    group.close()
    return Seen(group.takings, acquired, group)


class _Heard(Identified):
    """Remembers what the holder's words took last."""

    last: dict[str, int]

    def take(self, m: Movement, pool: Pool, findings: list[Finding], *, is_sale: bool) -> list[Holding]:
        found = super().take(m, pool, findings, is_sale=is_sale)
        self.last = {}
        for part in found:
            self.last[part.origin.id] = self.last.get(part.origin.id, 0) + part.quantity
        return found


class _Watched(Group):
    def __init__(self, said: Choices, places: int, lots: frozenset[str], whole: frozenset[str]) -> None:
        super().__init__(said, places)
        self.takings: list[Taking] = []
        self.identified = self._heard = _Heard(said, places)
        self._is_plain = False  # every taking goes through the door that is watched
        self._lots, self._whole = lots, whole

    def _taken(self, m: Movement, pool: Pool, method: Method, *, is_sale: bool) -> tuple[list[Holding], int]:
        asked = m.id in self._whole
        before: tuple[Candidate, ...] = ()
        if asked:
            ordered = sorted(pool.lots.values(), key=lambda h: ENTRIES[method](h.origin))
            before = tuple(Candidate(h.origin, h.quantity, h.basis, h.fair) for h in ordered)
        average = (pool.units, pool.basis)
        self._heard.last = {}
        taken, short = super()._taken(m, pool, method, is_sale=is_sale)
        if asked or any(part.origin.id in self._lots for part in taken):
            parts = {part.origin.id: (part.quantity, part.basis) for part in taken}
            self.takings.append(Taking(m, method, parts, self._heard.last, before, average))
        return taken, short
