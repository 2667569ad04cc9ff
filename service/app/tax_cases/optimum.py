"""The best lots to sell: what is left of federal tax, less the worth of losses that are carried on, plus the costs of the sales, at its least.

Only lots that lose are candidates, each in whole or in part. The search is a port; what it finds is computed exactly here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from service.app.tax_cases.reading import Fields
from service.app.tax_cases.year import STATUSES, RulesOf, figures_of
from service.domain.money import ZERO, cents, exact, plain
from service.domain.plan import Candidate, CarryWorth, Outcome, Problem, outcome
from service.domain.rules import Rules, Term
from service.domain.tax import FilingStatus
from service.domain.tax.federal import YearInput
from service.domain.tax.model import Federal

Best = Callable[[Problem], Sequence[Decimal]]
"""The share to sell of each candidate."""

YEAR, STATUS = 2026, "single"
"""Of a case that names none."""


class Lot(NamedTuple):
    id: str
    term: Term
    unrealised: Decimal
    sell_cost: Decimal


class OptimumCase(NamedTuple):
    year: int
    status: FilingStatus
    wages: Decimal
    short: Decimal
    """Net results of the year before, carryovers included."""
    long: Decimal
    carry: CarryWorth
    lots: tuple[Lot, ...]


class OptimumFound(NamedTuple):
    nothing: Outcome
    best: Outcome
    everything: Outcome
    candidates: tuple[Candidate, ...]
    rules: Rules


def read(told: object, *prose: str) -> OptimumCase:
    """Raises BadCase."""
    fields = Fields(told)
    year, status = fields.whole("year", YEAR), fields.word("filing_status", STATUSES, STATUS)
    wages, short, long = (fields.money(name) for name in ("wages", "st_net_before", "lt_net_before"))
    worth = fields.inner("carry_value")
    carry = CarryWorth(worth.money("st", least=ZERO), worth.money("lt", least=ZERO))
    worth.finish()
    lots = []
    for one in fields.each("lots"):
        term = cast("Term", one.word("term", ("short", "long")))
        lots.append(Lot(one.text("id"), term, one.money("unrealised"), one.money("sell_cost")))
        one.finish()
    if len({lot.id for lot in lots}) < len(lots):
        fields.wrong("lots", "has two lots of one id")
    fields.finish(*prose)
    fields.check()
    return OptimumCase(year, cast("FilingStatus", status), wages, short, long, carry, tuple(lots))


def compute(case: OptimumCase, rules_of: RulesOf, best: Best) -> OptimumFound:
    """Raises BadCase for a year without figures."""
    rules, figures = figures_of(rules_of, case.year, case.status)
    candidates = tuple(Candidate(lot.id, lot.term, lot.unrealised, lot.sell_cost) for lot in case.lots if lot.unrealised < 0)
    year = Federal(YearInput(wages=case.wages, short=case.short, long=case.long), figures)
    problem = Problem(year, candidates, case.carry)
    shares = {"nothing": [ZERO] * len(candidates), "everything": [Decimal(1)] * len(candidates)}
    nothing, everything = (outcome(problem, those) for those in shares.values())
    return OptimumFound(nothing, outcome(problem, best(problem)), everything, candidates, rules)


def figures(found: OptimumFound, case: OptimumCase) -> dict[str, Decimal]:
    """By the words of a case; exact. Several points may share the optimum: of the point, another may be as good."""
    best = found.best
    with exact():
        return {
            "objective_value": best.objective,
            "gain_over_nothing": found.nothing.objective - best.objective,
            "gain_over_harvest_everything": found.everything.objective - best.objective,
            "st_net_after": case.short + best.short,
            "lt_net_after": case.long + best.long,
            "tax_before": found.nothing.year.total,
            "tax_after": best.year.total,
            "carry_st_after": best.year.carry_short,
            "carry_lt_after": best.year.carry_long,
        }


def answer(case: OptimumCase, rules_of: RulesOf, best: Best) -> dict[str, Any]:
    """Money as decimal strings rounded to cents; `sell` has each lot of which something is sold."""
    found = compute(case, rules_of, best)
    told: dict[str, Any] = {"kind": "optimum", "year": case.year, "filing_status": case.status}
    told |= {name: plain(cents(amount)) for name, amount in figures(found, case).items()}
    with exact():
        told["sell"] = [
            {"id": lot.lot, "share": plain(share), "unrealised": plain(cents(lot.gain * share)), "cost": plain(cents(lot.cost * share))}
            for lot, share in zip(found.candidates, found.best.shares, strict=True)
            if share
        ]
    told["rules"] = {"version": found.rules.version, "sources": list(found.rules.sources)}
    return told
