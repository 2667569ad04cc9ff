"""The tax of a year in flat pieces: what is asked for thousands of sales is computed once for each piece, exact.

The year is sums and the lesser or greater of two (service.domain.tax.federal). So over the plane of further results by term it is made of flat
pieces, each with straight edges. A piece is found by computing the year once with planes for numbers; it knows its edges (where some lesser of two
becomes the other), and every point within them costs a few comparisons and two products.

Worked example, two rates, a gain of 1,000 short so far and a limit of 3,000: a further loss of 400 lies in the piece "gain left, at the short
rate", one of 2,000 in "loss on balance, within the limit", one of 9,000 in "beyond the limit", which is flat: 0 for each further dollar.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from service.domain.money import ZERO
from service.domain.rules import Term
from service.domain.tax.federal import Algebra
from service.domain.tax.model import TaxModel


class _Edge(NamedTuple):
    """at + short × x + long × y, not negative within a piece."""

    at: Decimal
    short: Decimal
    long: Decimal


class _Plane(NamedTuple):
    """at + short × x + long × y, within edges: those of all that it was made of, and no others."""

    at: Decimal
    short: Decimal
    long: Decimal
    edges: frozenset[_Edge] = frozenset()

    def __add__(self, other: _Plane) -> _Plane:  # type: ignore[override]  # a number, no sequence
        return _Plane(self.at + other.at, self.short + other.short, self.long + other.long, self.edges | other.edges)

    def __sub__(self, other: _Plane) -> _Plane:
        return _Plane(self.at - other.at, self.short - other.short, self.long - other.long, self.edges | other.edges)

    def __mul__(self, by: _Plane) -> _Plane:  # type: ignore[override]
        """By a constant."""
        return _Plane(self.at * by.at, self.short * by.at, self.long * by.at, self.edges | by.edges)

    def of(self, x: Decimal, y: Decimal) -> Decimal:
        return self.at + self.short * x + self.long * y


_X, _Y = _Plane(ZERO, Decimal(1), ZERO), _Plane(ZERO, ZERO, Decimal(1))


class _Piece:
    """Where the tax is one plane."""

    __slots__ = ("edges", "tax")

    def __init__(self, tax: _Plane, edges: Iterable[_Edge]) -> None:
        self.tax = tax
        self.edges = list(edges)
        """Not negative within the piece; the last that kept a point out first, since the next point is near."""

    def holds(self, x: Decimal, y: Decimal) -> bool:
        for place, (at, short, long) in enumerate(self.edges):
            if at + short * x + long * y < 0:
                if place:
                    self.edges.insert(0, self.edges.pop(place))
                return False
        return True

    def begins(self, x: Decimal, y: Decimal, dx: Decimal, dy: Decimal) -> bool:
        """Whether the way from a point in a direction runs in it at first."""
        for at, short, long in self.edges:
            here = at + short * x + long * y
            if here < 0 or (not here and short * dx + long * dy < 0):
                return False
        return True


class Pieces:
    """The year of a model for further results by term, losses negative. Within `exact()`; of no use where some of them are collectibles."""

    def __init__(self, model: TaxModel) -> None:
        self._model = model
        self._known: list[_Piece] = []
        """The last one that was of use first."""

    def total(self, x: Decimal, y: Decimal) -> Decimal:
        """Tax of the year with `x` more of short-term and `y` more of long-term results."""
        for place, piece in enumerate(self._known):
            if piece.holds(x, y):
                if place:
                    self._known.insert(0, self._known.pop(place))
                return piece.tax.of(x, y)
        return self._new(x, y, Decimal(-1), Decimal(-1)).tax.of(x, y)

    def bends(self, x: Decimal, y: Decimal, term: Term, most: Decimal) -> list[Decimal]:
        """Further losses of a term (positive, below `most`), on top of these results, at which the worth of one more changes."""
        dx, dy = (Decimal(-1), ZERO) if term == "short" else (ZERO, Decimal(-1))
        end = x + dx * most, y + dy * most
        for place, piece in enumerate(self._known):
            if piece.holds(x, y) and piece.holds(*end):
                self._known.insert(0, self._known.pop(place))
                return []  # both ends lie in one piece, and so does the way
        found: list[Decimal] = []
        gone = ZERO
        before: Decimal | None = None
        while True:
            piece = next((p for p in self._known if p.begins(x, y, dx, dy)), None) or self._new(x, y, dx, dy)
            slope = piece.tax.short * dx + piece.tax.long * dy
            if before is not None and slope != before:
                found.append(gone)
            before = slope
            steps = [
                -(edge.at + edge.short * x + edge.long * y) / down for edge in piece.edges if (down := edge.short * dx + edge.long * dy) < 0
            ]
            further = min(steps, default=None)
            if further is None or gone + further >= most:
                return found
            gone += further
            x, y = x + dx * further, y + dy * further

    def _new(self, x: Decimal, y: Decimal, dx: Decimal, dy: Decimal) -> _Piece:
        """The piece at a point; where several meet, the one that the direction leads into."""

        def one(a: _Plane, b: _Plane, *, greater: bool) -> _Plane:
            apart = a - b
            if not apart.short and not apart.long:
                a_above = apart.at > 0
                edges = apart.edges
            else:
                a_above = (apart.of(x, y) or apart.short * dx + apart.long * dy) >= 0
                sign = 1 if a_above else -1
                edges = apart.edges | {_Edge(sign * apart.at, sign * apart.short, sign * apart.long)}
            return (a if a_above == greater else b)._replace(edges=edges)

        by = Algebra(
            lambda a, b: one(a, b, greater=False), lambda a, b: one(a, b, greater=True), lambda constant: _Plane(constant, ZERO, ZERO)
        )
        tax = self._model.liability(_X, _Y, _Plane(ZERO, ZERO, ZERO), by).total
        piece = _Piece(tax, _nearest(tax.edges))
        self._known.insert(0, piece)
        return piece


def _nearest(edges: Iterable[_Edge]) -> list[_Edge]:
    """Of edges that run side by side (those of all brackets do) the nearest one."""
    found: dict[tuple[Decimal, Decimal], tuple[_Edge, Decimal]] = {}
    for edge in sorted(edges):
        size = abs(edge.short) or abs(edge.long)
        way = edge.short / size, edge.long / size
        if way not in found or edge.at * found[way][1] < found[way][0].at * size:
            found[way] = edge, size
    return [edge for edge, _ in found.values()]
