"""The best plan: all corners at once beside the linear program, for lots that are free, go in an order, or cost something to move."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from service import settings, solver, wiring
from service.domain.plan import Candidate, CarryWorth, Problem, outcome
from service.domain.tax.federal import YearInput
from service.domain.tax.model import Federal
from service.solver import program, search
from tests.benchmarks.timing import Run, line, paired, seconds, title

SEED = 11
INSTANCES = 300
CENT = Decimal("0.01")


def bench_plan(lots: int = 1_000) -> None:
    """Seconds of one search in a process that has imported what it needs."""
    some = problem(lots)
    title(f"the best plan of {lots:,} lots")
    solver.best(problem(10))  # imports
    ours, least = paired(lambda: search.best(some), lambda: [outcome(some, [Decimal(0)] * lots) for _ in range(100)])
    line("one evaluation of the year, a hundred times", least)
    line("lots chosen freely, all corners at once", ours, least)
    for what, one in variants(some):
        line(what, Run(seconds(lambda one=one: solver.best(one))), least)
    title(f"{INSTANCES} random instances of 3 to 29 lots, each way")
    found = [problem(random.Random(SEED + n).randrange(3, 30), SEED + n) for n in range(INSTANCES)]
    corners, linear = [], []
    first = Run(seconds(lambda: corners.extend(map(search.best, found))))
    second = Run(seconds(lambda: linear.extend(map(program.best, found))))
    line("all corners at once", first, second)
    line("linear program", second)
    worst = max(abs(_worth(p, a) - _worth(p, b)) for p, a, b in zip(found, corners, linear, strict=True))
    print(f"largest difference of the two: {worst:.9f}; more than a cent: {worst > CENT}")


def _worth(of: Problem, shares: list[float]) -> Decimal:
    return outcome(of, search.of_floats(shares)).objective


def variants(some: Problem) -> list[tuple[str, Problem]]:
    def changed(how: Callable[[int, Candidate], Candidate], **more: object) -> Problem:
        return replace(some, candidates=tuple(how(n, c) for n, c in enumerate(some.candidates)), **more)

    places = [f"{n}" for n in range(60)]
    return [
        ("60 sales, each in its method's order", changed(lambda n, c: replace(c, sale=places[n % 60], in_order=True))),
        ("60 sales, a fixed cost each", changed(lambda n, c: replace(c, sale=places[n % 60]), fixed=dict.fromkeys(places, Decimal(5)))),
        ("at most 5 sales", changed(lambda n, c: replace(c, sale=places[n % 60]), most_sales=5)),
    ]


def problem(lots: int, seed: int = SEED) -> Problem:
    r = random.Random(seed)
    figures = wiring.tax_rules(settings.load(os.environ), 2026, "single").figures
    assert figures is not None
    year = YearInput(
        wages=Decimal(r.choice([60_000, 90_000, 180_000])), short=Decimal(r.randrange(0, 60_000)), long=Decimal(r.randrange(0, 150_000))
    )
    candidates = tuple(
        Candidate(str(n), r.choice(["short", "long"]), Decimal(-r.randrange(1, 1_500_000)) / lots, Decimal(r.randrange(0, 90)) / 10)
        for n in range(lots)
    )
    steps = tuple((Decimal(3_000 * n), Decimal("0.22") / Decimal("1.05") ** n) for n in range(1, 40))
    return Problem(Federal(year, figures), candidates, CarryWorth(steps=steps))
