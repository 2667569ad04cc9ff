"""The best sale of lots that can be chosen freely: all corners of a two-dimensional puzzle, looked at at once.

By term, the cheapest way to realise one dollar more is a straight line from knot to knot (`Ladder`). The year's tax is straight between its
bends. So the best point is one of: a knot of one term with a knot of the other, a knot with a bend, two bends that cross. Bends are found by
walking along every knot's line from bend to bend, exactly, with the slopes of each choice of the lesser or greater that the tax makes.
Floats throughout; the winner is computed anew in decimals by who asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.domain.plan import Candidate, Problem
from service.domain.tax.federal import Algebra

Array = NDArray[np.float64]

NEAR = 1e-6
"""Dollars; nearer amounts are one."""
FLAT = 1e-12
"""Dollars by dollar; a slope that is less is none."""
MOST_STEPS = 2_000
"""Bends on one way; the tax has some dozens."""
WAYS = 9
"""Ways across in each direction, the edges among them."""
_FINE = np.array([1e9, 1e9, 1e3])
"""Lines whose slopes differ by less than a billionth and whose places by less than a tenth of a cent are one."""

FLOATS = Algebra(np.minimum, np.maximum, float)


def best(problem: Problem) -> list[float]:
    """Shares of the candidates, of a problem that `is_free`."""
    short, long = (Ladder.of([c for c in problem.candidates if c.term == term]) for term in ("short", "long"))
    points = _points(problem, short, long)
    values = _values(problem, points, short, long)
    lowest = values.min()
    good = np.flatnonzero(values <= lowest + NEAR)
    amount = np.abs(points[good]).sum(axis=1)
    first = good[int(amount.argmin())]  # of equals the one that sells least
    chosen = {"short": short.shares(float(points[first, 0])), "long": long.shares(float(points[first, 1]))}
    shares = {term: iter(found) for term, found in chosen.items()}
    return [next(shares[c.term]) for c in problem.candidates]


# ------------------------------------------------------------------ one term


@dataclass(frozen=True, slots=True)
class Ladder:
    """The least cost of realising a net result with the lots of one term; convex."""

    amounts: Array
    """Knots, rising."""
    costs: Array
    order: tuple[tuple[int, float, float], ...]
    """(candidate, share at the knot before, share at the knot after), step by step."""
    start: tuple[float, ...]
    """Shares at the first knot."""

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> Ladder:
        """At the cheapest point all lots are sold that cost less than nothing. From it a higher result comes by selling gains and keeping
        losses, a lower one by the opposite, the cheapest by dollar first."""
        gains, costs = [float(c.gain) for c in candidates], [float(c.cost) for c in candidates]
        moves = sorted((cost / gain, n) for n, (gain, cost) in enumerate(zip(gains, costs, strict=True)) if gain)
        start = [float(cost < 0) for cost in costs]
        for _, n in moves:  # the lowest result: all losses sold, no gain
            start[n] = float(gains[n] < 0)
        amount = sum(g * s for g, s in zip(gains, start, strict=True))
        cost = sum(c * s for c, s in zip(costs, start, strict=True))
        amounts, totals, order = [amount], [cost], []
        for slope, n in moves:
            amount, cost = amount + abs(gains[n]), cost + slope * abs(gains[n])
            amounts.append(amount)
            totals.append(cost)
            order.append((n, start[n], 1 - start[n]))
        return cls(np.array(amounts), np.array(totals), tuple(order), tuple(start))

    def shares(self, amount: float) -> list[float]:
        found = list(self.start)
        for (n, before, after), low, high in zip(self.order, self.amounts, self.amounts[1:], strict=False):
            part = min(1.0, max(0.0, (amount - low) / (high - low)))
            found[n] = before + (after - before) * part
        return found


# ------------------------------------------------------------------ points


def _values(problem: Problem, points: Array, short: Ladder, long: Ladder) -> Array:
    costs = np.interp(points[:, 0], short.amounts, short.costs) + np.interp(points[:, 1], long.amounts, long.costs)
    year = problem.taxes.liability(points[:, 0], points[:, 1], 0.0, FLOATS)
    return np.asarray(year.total - problem.carry.of(year.carry_short, year.carry_long, FLOATS) + costs)


def _points(problem: Problem, short: Ladder, long: Ladder) -> Array:
    """Everything that can be best."""
    walk = _Walk(problem, (short.amounts[0], long.amounts[0]), (short.amounts[-1], long.amounts[-1]))
    walk.across(short.amounts, long.amounts)
    walk.along_bends()
    lines = walk.lines
    with np.errstate(divide="ignore", invalid="ignore"):
        on_short = np.column_stack([_tiled(short.amounts, lines), _other(short.amounts, lines[:, 0], lines[:, 1], lines[:, 2])])
        on_long = np.column_stack([_other(long.amounts, lines[:, 1], lines[:, 0], lines[:, 2]), _tiled(long.amounts, lines)])
    return np.vstack([_grid(short.amounts, long.amounts), walk.inside(np.vstack([on_short, on_long, _crossings(lines)]))])


def _tiled(knots: Array, lines: Array) -> Array:
    return np.tile(knots, len(lines))


def _other(knots: Array, own: Array, other: Array, rest: Array) -> Array:
    """Where each line own·x + other·y + rest = 0 has y at the knots of x; no number where it has none."""
    return np.asarray(-(own[:, None] * knots[None, :] + rest[:, None]) / other[:, None]).ravel()


def _crossings(lines: Array) -> Array:
    """Where two lines cross."""
    first, second = (lines[chosen] for chosen in np.triu_indices(len(lines), 1))
    det = first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        short = (first[:, 1] * second[:, 2] - second[:, 1] * first[:, 2]) / det
        long = (second[:, 0] * first[:, 2] - first[:, 0] * second[:, 2]) / det
    return np.column_stack([short, long])


def _grid(first: Array, second: Array) -> Array:
    return np.column_stack([np.repeat(first, len(second)), np.tile(second, len(first))])


class _Walk:
    """Finds the bends of the tax within a rectangle of results (short, long).

    A bend is a straight line as long as no other bend crosses it, and then goes on as another one: each hangs together with the edge of the
    rectangle. So walking the edges and a few ways across, and then along every bend that shows, finds all.
    """

    def __init__(self, problem: Problem, low: tuple[float, float], high: tuple[float, float]) -> None:
        self._problem = problem
        self.low, self.high = np.array(low, dtype=float), np.array(high, dtype=float)
        self._lines: dict[tuple[float, float, float], Array] = {}
        """p·short + q·long + r = 0, the greater of p and q 1, by its rounded coefficients."""

    @property
    def lines(self) -> Array:
        return np.array(list(self._lines.values())).reshape(-1, 3)

    def inside(self, points: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return points[np.all((points >= self.low - NEAR) & (points <= self.high + NEAR), axis=1)]

    def across(self, shorts: Array, longs: Array) -> None:
        """Along the edges, and from edge to edge at a few of these places."""
        few_shorts, few_longs = (knots[np.unique(np.linspace(0, len(knots) - 1, WAYS).astype(int))] for knots in (shorts, longs))
        upward = np.column_stack([few_shorts, np.full(len(few_shorts), self.low[1])])
        sideways = np.column_stack([np.full(len(few_longs), self.low[0]), few_longs])
        ways = np.repeat(np.array([[0.0, 1.0], [1.0, 0.0]]), [len(upward), len(sideways)], axis=0)
        self.along(np.vstack([upward, sideways]), ways, ways @ (self.high - self.low))

    def along(self, starts: Array, ways: Array, lengths: Array) -> None:
        """From each start its way (of length 1), from bend to bend, on either side of what lies along it."""
        for lean in (True, False):
            here, way, left = starts, ways, lengths
            for _ in range(MOST_STEPS):
                if not len(here):
                    break
                reach, lines = self._next(here, way, lean=lean)
                inside = reach <= left + NEAR
                self._keep(lines)
                here, way, left = here[inside] + way[inside] * reach[inside, None], way[inside], (left - reach)[inside]

    def _next(self, here: Array, way: Array, *, lean: bool) -> tuple[Array, Array]:
        """How far the next bend of the tax is on each way (infinite: none), and the lines of the bends up to there: (p, q, r).

        What carried losses are worth bends too, and nothing rests on it: those lines are noted in passing.
        """
        seen = _Slopes(way, lean=lean)
        ones, none = np.ones(len(here)), np.zeros(len(here))
        short, long = np.array([here[:, 0], ones, none, way[:, 0]]), np.array([here[:, 1], none, ones, way[:, 1]])
        year = self._problem.taxes.liability(short, long, _Constant(0.0), seen.algebra())
        told, carried = np.array(seen.diffs), year.carry_short + year.carry_long
        reaches = _reaches(told)
        reach = reaches.min(axis=0)
        ends = np.array([float(end) for end, _ in self._problem.carry.steps])
        told = np.concatenate([told, np.repeat(carried[None], len(ends), axis=0)])
        told[len(reaches) :, 0] -= ends[:, None]
        reaches = np.concatenate([reaches, _reaches(told[len(reaches) :])])
        which, at = np.nonzero(np.isfinite(reaches) & (reaches <= reach + NEAR))
        value, p, q, _ = told[which, :, at].T
        return reach, np.column_stack([p, q, value - p * here[at, 0] - q * here[at, 1]])

    def _keep(self, lines: Array) -> None:
        size = np.where(np.abs(lines[:, 0]) >= np.abs(lines[:, 1]), lines[:, 0], lines[:, 1])
        found = lines / size[:, None]
        keys, first = np.unique(np.round(found * _FINE), axis=0, return_index=True)
        for key, n in zip(keys.tolist(), first, strict=True):
            self._lines.setdefault(tuple(key), found[n])

    def along_bends(self) -> None:
        """Along each bend that is known, until no new one shows."""
        walked: set[tuple[float, float, float]] = set()
        while new := [key for key in self._lines if key not in walked]:
            walked.update(new)
            ends = [found for key in new if (found := self._clipped(*self._lines[key])) is not None]
            starts = np.array([e[0] for e in ends]).reshape(-1, 2)
            spans = np.array([e[1] - e[0] for e in ends]).reshape(-1, 2)
            lengths = np.hypot(spans[:, 0], spans[:, 1])
            long_enough = lengths > NEAR
            self.along(starts[long_enough], (spans / np.maximum(lengths, NEAR)[:, None])[long_enough], lengths[long_enough])

    def _clipped(self, p: float, q: float, r: float) -> Array | None:
        """The ends of the line within the rectangle."""
        if abs(q) >= abs(p):
            shorts = np.array([self.low[0], self.high[0]])
            ends = np.column_stack([shorts, -(r + p * shorts) / q])
            axis, slope = 1, -p / q
        else:
            longs = np.array([self.low[1], self.high[1]])
            ends = np.column_stack([-(r + q * longs) / p, longs])
            axis, slope = 0, -q / p
        other = 1 - axis
        for end in ends:
            for edge in (self.low[axis], self.high[axis]):
                outside = end[axis] < edge if edge == self.low[axis] else end[axis] > edge
                if outside:
                    if not slope:
                        return None
                    end[other] += (edge - end[axis]) / slope
                    end[axis] = edge
        inside = np.all((ends >= self.low - NEAR) & (ends <= self.high + NEAR), axis=1)
        return ends if inside.all() else None


# ------------------------------------------------------------------ numbers that know how they change

# A straight function at many places is an array of four rows: its values, its slopes by the two results, its slope along the way.


class _Constant:
    """A number beside such arrays: it adds to the values alone, and multiplies all."""

    __slots__ = ("value",)
    __array_ufunc__ = None  # arrays leave the work to the methods below

    def __init__(self, value: float | Decimal) -> None:
        self.value = float(value)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, _Constant):
            return _Constant(self.value + other.value)
        sums = other.copy()
        sums[0] += self.value
        return sums

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + other * _Constant(-1.0)

    def __rsub__(self, other: Any) -> Any:
        return _Constant(-self.value) + other

    def __mul__(self, other: Any) -> Any:
        return _Constant(self.value * other.value) if isinstance(other, _Constant) else other * self.value

    __rmul__ = __mul__


class _Slopes:
    """Takes the lesser or greater at each place and remembers the difference of the two."""

    def __init__(self, way: Array, *, lean: bool) -> None:
        self._number = len(way)
        self._flat = 1.0 if lean else -1.0
        self.diffs: list[Array] = []

    def algebra(self) -> Algebra:
        return Algebra(lambda x, y: self._one(x, y, -1.0), lambda x, y: self._one(x, y, 1.0), _Constant)

    def _one(self, x: Any, y: Any, sign: float) -> Any:
        """The greater for a sign of 1, the lesser for −1. Where both are equal, that which will be."""
        if isinstance(x, _Constant) and isinstance(y, _Constant):
            return _Constant(max(x.value * sign, y.value * sign) * sign)
        diff = x - y
        self.diffs.append(diff)
        later = np.where(np.abs(diff[3]) > FLAT, diff[3], self._flat)
        takes = np.where(np.abs(diff[0]) > NEAR, diff[0], later) * sign > 0
        return np.where(takes, self._whole(x), self._whole(y))

    def _whole(self, x: Any) -> Array:
        if not isinstance(x, _Constant):
            return np.asarray(x)
        rows = np.zeros((4, self._number))
        rows[0] = x.value
        return rows


def _reaches(diffs: Array) -> Array:
    """How far along the way each difference becomes nothing; infinite where it does not, or is nothing now."""
    value, slope = diffs[:, 0], diffs[:, 3]
    ahead = (np.abs(value) > NEAR) & (np.abs(slope) > FLAT) & (value * slope < 0)
    return np.where(ahead, -value / np.where(ahead, slope, 1.0), np.inf)


def of_floats(shares: Sequence[Any]) -> tuple[Decimal, ...]:
    """Shares as decimals between 0 and 1; what is nearer than a billionth to an end is the end."""
    return tuple(Decimal(round(min(1.0, max(0.0, float(share))), 15)).quantize(Decimal("1e-15")) for share in shares)
