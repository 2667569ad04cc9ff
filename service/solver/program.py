"""The same problem as a mixed-integer linear program: for lots that go in a method's order, costs of a whole sale, a limit on sales, collectibles.

Each lesser or greater of the tax (service.domain.tax.federal) is a variable, held to one of its two sides by a yes-or-no variable where the
bounds of both do not decide it at once. HiGHS solves it; the answer is within half a cent of the best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import highspy
import numpy as np

from service.domain.plan import Problem
from service.domain.tax.federal import Algebra

SCALE = 1_000.0
"""Dollars of one unit of the program: solvers want numbers that are neither large nor tiny."""
NEAR = 1e-7
"""A share that is nearer to none or all is none or all."""
GAP = 4e-6
"""Units within which the answer is the best: four tenths of a cent."""
SECONDS = 60.0
"""Longest search; the best that was found until then counts."""


class NoPlan(RuntimeError):
    """The solver found nothing, not even to sell nothing."""


def best(problem: Problem) -> list[float]:
    """Shares of the candidates."""
    program = _Program()
    shares = [program.variable(0.0, 1.0, whole=candidate.is_whole) for candidate in problem.candidates]
    short, long, collectibles, costs = (_Linear.of(0.0) for _ in range(4))
    for candidate, share in zip(problem.candidates, shares, strict=True):
        gain = share * (float(candidate.gain) / SCALE)
        if candidate.term == "short":
            short += gain
        else:
            long += gain
            if candidate.is_collectible:
                collectibles += gain
        costs += share * (float(candidate.cost) / SCALE)
    costs += _sales(problem, program, shares)
    algebra = program.algebra()
    year = problem.taxes.liability(short, long, collectibles, algebra)
    return _exactly_in_order(
        problem, program.solved(year.total - problem.carry.of(year.carry_short, year.carry_long, algebra) + costs, shares)
    )


def _sales(problem: Problem, program: _Program, shares: list[_Linear]) -> _Linear:
    """The order within a sale, and what each sale costs; the sum of those costs."""
    costs = _Linear.of(0.0)
    used: dict[str, _Linear] = {}
    before: dict[str, _Linear] = {}
    for candidate, share in zip(problem.candidates, shares, strict=True):
        if candidate.in_order:
            if candidate.sale in before:  # open only when the lot before it is gone as a whole
                opened = program.choice()
                program.at_most(share - opened, 0.0)
                program.at_most(opened - before[candidate.sale], 0.0)
            before[candidate.sale] = share
        if problem.most_sales is not None or problem.fixed.get(candidate.sale):
            used.setdefault(candidate.sale, program.choice())
            program.at_most(share - used[candidate.sale], 0.0)
    for sale, choice in used.items():
        costs += choice * (float(problem.fixed.get(sale, 0)) / SCALE)
    if problem.most_sales is not None:
        program.at_most(sum(used.values(), _Linear.of(0.0)), float(problem.most_sales))
    return costs


def _exactly_in_order(problem: Problem, shares: list[float]) -> list[float]:
    """Nearly all of a lot is all of it, and nothing goes after a lot of which something is left."""
    found: list[float] = []
    is_open: dict[str, bool] = {}
    for candidate, share in zip(problem.candidates, shares, strict=True):
        near = round(share) if abs(share - round(share)) <= NEAR else share
        if candidate.in_order:
            near = near if is_open.get(candidate.sale, True) else 0.0
            is_open[candidate.sale] = near == 1
        found.append(near)
    return found


# ------------------------------------------------------------------ linear expressions


@dataclass(slots=True)
class _Linear:
    """A sum of variables and a constant, and between what it lies."""

    parts: Mapping[int, float]
    rest: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float) -> _Linear:
        return cls({}, value, value, value)

    def __add__(self, other: _Linear) -> _Linear:
        parts = dict(self.parts)
        for name, factor in other.parts.items():
            parts[name] = parts.get(name, 0.0) + factor
        return _Linear(parts, self.rest + other.rest, self.low + other.low, self.high + other.high)

    def __sub__(self, other: _Linear) -> _Linear:
        return self + other * -1.0

    def __mul__(self, by: float | _Amount) -> _Linear:
        """By a constant."""
        factor = by.factor if isinstance(by, _Amount) else by
        ends = sorted((self.low * factor, self.high * factor))
        return _Linear({name: each * factor for name, each in self.parts.items()}, self.rest * factor, ends[0], ends[1])


@dataclass(slots=True)
class _Amount(_Linear):
    """A constant: as an amount in units of the program, as a factor what it is."""

    factor: float = 0.0


def _constant(value: Decimal) -> _Linear:
    units = float(value) / SCALE
    return _Amount({}, units, units, units, float(value))


@dataclass(slots=True)
class _Program:
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[Mapping[int, float], float]] = field(default_factory=list)
    """Each at most its number."""

    def variable(self, low: float, high: float, *, whole: bool = False) -> _Linear:
        self.lows.append(low)
        self.highs.append(high)
        self.whole.append(whole)
        return _Linear({len(self.lows) - 1: 1.0}, 0.0, low, high)

    def choice(self) -> _Linear:
        return self.variable(0.0, 1.0, whole=True)

    def at_most(self, expression: _Linear, limit: float) -> None:
        self.rows.append((expression.parts, limit - expression.rest))

    def algebra(self) -> Algebra:
        """Constants in dollars become units; a factor stays what it is, so constants remember both."""
        return Algebra(lambda x, y: self._one(x, y, -1.0), lambda x, y: self._one(x, y, 1.0), _constant)

    def _one(self, x: Any, y: Any, sign: float) -> _Linear:
        """The greater for a sign of 1, the lesser for −1."""
        first: _Linear = x * sign
        second: _Linear = y * sign
        ahead = self._known(first - second)
        if ahead.low >= 0:
            return first * sign
        if ahead.high <= 0:
            return second * sign
        greater = self.variable(max(first.low, second.low), max(first.high, second.high))
        chosen = self.choice()  # 1: the first is the greater
        self.at_most(first - greater, 0.0)
        self.at_most(second - greater, 0.0)
        self.at_most(greater - first + chosen * -ahead.low, -ahead.low)
        self.at_most(greater - second - chosen * ahead.high, 0.0)
        return greater * sign

    def _known(self, expression: _Linear) -> _Linear:
        """With bounds from its variables, which are tighter than those of sums of sums."""
        low = high = expression.rest
        for name, factor in expression.parts.items():
            ends = sorted((self.lows[name] * factor, self.highs[name] * factor))
            low, high = low + ends[0], high + ends[1]
        return _Linear(expression.parts, expression.rest, max(low, expression.low), min(high, expression.high))

    def solved(self, goal: _Linear, wanted: list[_Linear]) -> list[float]:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.lows), len(self.rows)
        lp.col_cost_ = np.array([goal.parts.get(n, 0.0) for n in range(len(self.lows))])
        lp.col_lower_, lp.col_upper_ = np.array(self.lows), np.array(self.highs)
        lp.row_lower_ = np.full(len(self.rows), -highspy.kHighsInf)
        lp.row_upper_ = np.array([limit for _, limit in self.rows])
        lp.integrality_ = [highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous for whole in self.whole]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(parts) for parts, _ in self.rows)]).astype(np.int32)
        lp.a_matrix_.index_ = np.array([name for parts, _ in self.rows for name in parts], dtype=np.int32)
        lp.a_matrix_.value_ = np.array([factor for parts, _ in self.rows for factor in parts.values()])
        solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its constructor has no annotations
        solver.silent()
        options = {"output_flag": False, "mip_rel_gap": 0.0, "mip_abs_gap": GAP, "primal_feasibility_tolerance": 1e-9}
        for name, value in {**options, "mip_feasibility_tolerance": 1e-9, "time_limit": SECONDS, "random_seed": 0, "threads": 1}.items():
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        solver.run()
        values = solver.getSolution().col_value
        if not len(values):
            raise NoPlan(str(solver.getModelStatus()))
        return [values[next(iter(share.parts))] for share in wanted]
