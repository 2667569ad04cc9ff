"""Searches for the best plan, in floats, behind the port of the app: by corners where lots can be chosen freely, else by a linear program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from service.domain.plan import Problem
from service.solver import program, search


def best(problem: Problem) -> tuple[Decimal, ...]:
    """A share of each candidate; service.domain.plan.outcome says what it comes to."""
    if problem.is_free:
        return search.of_floats(search.best(problem))
    if only_ordered(problem):  # the best of all choices is the best of those in order if it is one of them
        shares = search.of_floats(search.best(replace(problem, candidates=tuple(replace(c, in_order=False) for c in problem.candidates))))
        if in_order(problem, shares):
            return shares
    return search.of_floats(program.best(problem))


def only_ordered(problem: Problem) -> bool:
    return replace(problem, candidates=tuple(replace(c, in_order=False) for c in problem.candidates)).is_free


def in_order(problem: Problem, shares: Sequence[Decimal]) -> bool:
    """Whether nothing goes after a lot of its sale of which something is left."""
    whole: dict[str, bool] = {}
    for candidate, share in zip(problem.candidates, shares, strict=True):
        if candidate.in_order:
            if share and not whole.get(candidate.sale, True):
                return False
            whole[candidate.sale] = share == 1
    return True
