"""Open lots of one coin in one account (or in all of them): taken in any method's order in O(log n).

A pool keeps one heap for each method that was asked for, made when first asked. A heap's entry ends with a lot's id; the lot that
bears it now is looked up, so what was used up is dropped when it is met, and a part that comes back needs no search.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from service.domain.ledger.choices import Method


class Origin:
    """How a lot came to be. The same for all its parts; never changed."""

    __slots__ = ("account", "acquired", "fair_at", "fair_long_from", "flags", "id", "long_from", "sequence", "unit")

    def __init__(
        self,
        id: str,
        account: str,
        acquired: int,
        long_from: int,
        sequence: int,
        unit: int,
        flags: tuple[str, ...],
        fair_at: int | None = None,
        fair_long_from: int = 0,
    ) -> None:
        self.id = id
        self.account = account
        """Where it was acquired."""
        self.acquired = acquired
        self.long_from = long_from
        self.sequence = sequence
        """Place among the movements of its group: which of two of one instant is older."""
        self.unit = unit
        """What one whole coin cost when it was acquired, fees included, so that equal prices stay equal however a lot is cut; an unknown cost
        counts as nothing."""
        self.flags = flags
        self.fair_at = fair_at
        """Day of the gift, where a loss is measured from the value then."""
        self.fair_long_from = fair_long_from

    def flagged(self, flag: str) -> Origin:
        """The same with one more flag."""
        if flag in self.flags:
            return self
        flags = (*self.flags, flag)
        return Origin(
            self.id, self.account, self.acquired, self.long_from, self.sequence, self.unit, flags, self.fair_at, self.fair_long_from
        )


class Holding:
    """A lot, or the part of it that lies in this pool."""

    __slots__ = ("asset", "basis", "fair", "origin", "quantity")

    def __init__(self, origin: Origin, quantity: int, basis: int | None, fair: int | None, asset: str) -> None:
        self.origin = origin
        self.quantity = quantity
        self.basis = basis
        self.fair = fair
        self.asset = asset

    def cut(self, quantity: int) -> Holding:
        """Takes a part out, with its share of basis and fair value; the rest stays, so parts always add up to the whole."""
        basis, fair, of = self.basis, self.fair, self.quantity
        if basis is not None:
            basis = basis * quantity // of
            self.basis -= basis  # type: ignore[operator]  # not None, as just seen
        if fair is not None:
            fair = fair * quantity // of
            self.fair -= fair  # type: ignore[operator]
        self.quantity = of - quantity
        return Holding(self.origin, quantity, basis, fair, self.asset)

    def join(self, other: Holding) -> None:
        """Parts of one lot that meet again are one; it lies where the later one says."""
        self.quantity += other.quantity
        self.basis = None if self.basis is None or other.basis is None else self.basis + other.basis
        self.fair = None if self.fair is None or other.fair is None else self.fair + other.fair
        self.asset = other.asset


Entry = tuple[int | str, ...]

ENTRIES: dict[Method, Callable[[Origin], Entry]] = {
    "fifo": lambda o: (o.acquired, o.sequence, o.id),
    "lifo": lambda o: (-o.acquired, -o.sequence, o.id),
    "hifo": lambda o: (-o.unit, o.acquired, o.sequence, o.id),
    "lofo": lambda o: (o.unit, o.acquired, o.sequence, o.id),
    # What an identification does not name falls to FIFO (26 CFR 1.1012-1(j)(3)(i)); an average has no order of cost.
    "specific": lambda o: (o.acquired, o.sequence, o.id),
    "average": lambda o: (o.acquired, o.sequence, o.id),
}
"""What stands first in each method's order, smallest first: one rule of taking, a key for each method. Ties go to the older lot."""


class Pool:
    __slots__ = ("basis", "flags", "heaps", "lots", "units")

    def __init__(self) -> None:
        self.lots: dict[str, Holding] = {}
        self.heaps: dict[Method, list[Entry]] = {}
        self.units = 0
        self.basis: int | None = 0
        """With `units`, of an average only: what the pool cost; None once units of unknown cost are in it, until it is empty again."""
        self.flags: tuple[str, ...] = ()
        """Of an average only: what every part of it rests on, whichever lot it is of, until it is empty again."""

    def add(self, holding: Holding) -> None:
        origin = holding.origin
        held = self.lots.get(origin.id)
        if held is not None:
            held.join(holding)
            return
        self.lots[origin.id] = holding
        for method, heap in self.heaps.items():
            heappush(heap, ENTRIES[method](origin))

    def take(self, method: Method, quantity: int) -> tuple[list[Holding], int]:
        """Parts that make up `quantity` in the method's order, and what is short."""
        lots, heap, taken = self.lots, self._heap(method), []
        while quantity and heap:
            held = lots.get(heap[0][-1])  # type: ignore[arg-type]  # an entry ends with the id
            if held is None:
                heappop(heap)
            elif held.quantity <= quantity:
                heappop(heap)
                del lots[held.origin.id]
                quantity -= held.quantity
                taken.append(held)
            else:
                taken.append(held.cut(quantity))
                quantity = 0
        return taken, quantity

    def _heap(self, method: Method) -> list[Entry]:
        heap = self.heaps.get(method)
        if heap is None:
            entry = ENTRIES[method]
            heap = self.heaps[method] = [entry(holding.origin) for holding in self.lots.values()]
            heapify(heap)
        return heap

    def take_named(self, lot: str, quantity: int) -> Holding | None:
        """Up to `quantity` of one lot; None when it is not here."""
        held = self.lots.get(lot)
        if held is None or quantity <= 0:
            return None
        if held.quantity <= quantity:
            return self.lots.pop(lot)
        return held.cut(quantity)
