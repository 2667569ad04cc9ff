"""Searches for the best plan, in floats, behind the port of the app: by corners where lots can be chosen freely, else by a linear program."""

from __future__ import annotations

from decimal import Decimal

from service.domain.plan import Problem
from service.solver import program, search


def best(problem: Problem) -> tuple[Decimal, ...]:
    """A share of each candidate; service.domain.plan.outcome says what it comes to."""
    return search.of_floats(search.best(problem) if problem.is_free else program.best(problem))
