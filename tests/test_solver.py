"""The best plan: cases that two solvers agreed on, and two ways of our own that must agree, one of them HiGHS."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from decimal import Decimal
from itertools import chain, combinations
from pathlib import Path

import pytest

from service import settings, solver, wiring
from service.domain.money import exact
from service.domain.plan import Candidate, CarryWorth, Problem, outcome
from service.domain.tax.federal import YearInput
from service.domain.tax.model import Federal, Marginal
from service.solver import program, search

CASES = json.loads(
    (Path(__file__).parent / "vectors" / "tax" / "harvest_us.json").read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal
)["vectors"]
EXAMPLES = int(os.environ.get("PLAN_EXAMPLES", "60"))
CENT = Decimal("0.01")
HOME = settings.load({"HOME": "/nowhere"})


def figures(year=2026, status="single"):
    found = wiring.tax_rules(HOME, year, status).figures
    assert found is not None
    return found


def worth(problem, shares):
    return outcome(problem, search.of_floats(shares)).objective


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_the_optimum_of_a_published_case(case):
    """There only lots with a loss can be sold."""
    problem = Problem(
        Federal(YearInput(wages=case["wages"], short=case["st_net_before"], long=case["lt_net_before"]), figures()),
        tuple(Candidate(lot["id"], lot["term"], lot["unrealised"], lot["sell_cost"]) for lot in case["lots"] if lot["unrealised"] < 0),
        CarryWorth(case["carry_value"]["st"], case["carry_value"]["lt"]),
    )
    best = outcome(problem, solver.best(problem)).objective
    nothing, all_of_it = (outcome(problem, [Decimal(share)] * len(problem.candidates)).objective for share in (0, 1))
    found = {"objective_value": best, "gain_over_nothing": nothing - best, "gain_over_harvest_everything": all_of_it - best}
    assert {name: value.quantize(CENT) for name, value in found.items()} == {name: case["expect"][name].quantize(CENT) for name in found}


def any_problem(seed):
    """Every filing status and year; losses and gains, carryovers, interest and dividends, costs that are negative, worth of what is carried."""
    r = random.Random(seed)
    large = r.choice([1, 1, 10])
    lots = [
        Candidate(str(n), r.choice(["short", "long"]), Decimal(r.randrange(-15_000 * large, 3_000)), Decimal(r.randrange(-100, 1_000)) / 10)
        for n in range(r.randrange(2, 14))
    ]
    year = YearInput(
        wages=Decimal(r.choice([0, 12_000, 60_000, 90_000, 180_000, 500_000, 900_000])),
        interest=Decimal(r.choice([0, 3_000])),
        qualified_dividends=Decimal(r.choice([0, 8_000])),
        short=Decimal(r.randrange(-20_000, 30_000) * r.choice([0, 1])),
        long=Decimal(r.randrange(-20_000, 60_000) * r.choice([0, 1, large])),
        short_carryover=Decimal(r.choice([0, 5_000])),
        long_carryover=Decimal(r.choice([0, 7_000])),
    )
    steps = ((Decimal(3_000), Decimal("0.2")), (Decimal(6_000), Decimal("0.19")), (Decimal(20_000), Decimal("0.1")))
    carry = r.choice([CarryWorth(Decimal("0.1"), Decimal("0.06")), CarryWorth(), CarryWorth(steps=steps)])
    status = r.choice(["single", "married_joint", "married_separate", "head_of_household", "surviving_spouse"])
    state_rate, rates = Decimal(r.choice(["0", "0.05"])), (Decimal("0.24"), Decimal("0.15"))
    federal = Federal(year, figures(r.randrange(2022, 2027), status), state_rate)
    marginal = Marginal(year.short, year.long, *rates, Decimal(3_000), state_rate)
    return Problem(r.choice([federal, federal, marginal]), tuple(lots), carry)


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_looking_at_all_corners_finds_what_the_linear_program_finds(seed):
    problem = any_problem(seed)
    assert abs(worth(problem, search.best(problem)) - worth(problem, program.best(problem))) <= CENT


@pytest.mark.parametrize("seed", range(EXAMPLES // 4))
def test_no_point_nearby_or_anywhere_is_better(seed):
    problem = any_problem(1_000 + seed)
    best = worth(problem, search.best(problem))
    r = random.Random(seed)
    tried = [[r.choice([0.0, 1.0, r.random()]) for _ in problem.candidates] for _ in range(300)]
    assert min(worth(problem, shares) for shares in tried) >= best - CENT


@pytest.mark.parametrize("seed", range(EXAMPLES // 4))
def test_the_cost_of_a_sale_and_the_number_of_sales_count(seed):
    """Beside every choice of sales, each solved as if it were free."""
    r = random.Random(seed)
    problem = any_problem(2_000 + seed)
    lots = tuple(replace(c, sale=r.choice("abc")) for c in problem.candidates)
    fixed = {"a": Decimal(40), "b": Decimal(300)}
    problem = replace(problem, candidates=lots, fixed=fixed, most_sales=2)
    every = []
    for sales in chain.from_iterable(combinations("abc", n) for n in range(3)):
        kept = replace(problem, candidates=tuple(c for c in lots if c.sale in sales), fixed={}, most_sales=None)
        shares = iter(search.of_floats(search.best(kept)))
        every.append(outcome(problem, [next(shares) if c.sale in sales else Decimal(0) for c in lots]).objective)
    assert abs(outcome(problem, solver.best(problem)).objective - min(every)) <= CENT


@pytest.mark.parametrize("seed", range(EXAMPLES // 4))
def test_lots_go_in_the_order_of_their_sale(seed):
    """Beside many points of the one way that there is."""
    problem = any_problem(3_000 + seed)
    problem = replace(problem, candidates=tuple(replace(c, sale="a", in_order=True) for c in problem.candidates))
    number = len(problem.candidates)
    with exact():
        points = [Decimal(n) / 40 for n in range(40 * number + 1)]
        ways = [[min(Decimal(1), max(Decimal(0), point - place)) for place in range(number)] for point in points]
    found = outcome(problem, solver.best(problem))
    assert found.objective <= min(outcome(problem, way).objective for way in ways) + CENT


def test_a_collectible_loss_meets_collectible_gain_first():
    """28 percent of the gain goes; what a plain loss of the same size would save is 15 percent."""
    year = YearInput(wages=Decimal(300_000), long=Decimal(50_000), collectibles=Decimal(20_000))
    lots = (
        Candidate("plain", "long", Decimal(-10_000), Decimal(10)),
        Candidate("art", "long", Decimal(-10_000), Decimal(10), "", False, True),
    )
    problem = Problem(Federal(year, figures()), lots)
    nothing, plain, art = (outcome(problem, [Decimal(a), Decimal(b)]).year.federal.income_tax for a, b in ((0, 0), (1, 0), (0, 1)))
    assert (nothing - plain, nothing - art) == (1_500, 2_800)
    assert outcome(problem, solver.best(problem)).shares == (1, 1)


def test_an_impossible_answer_is_refused():
    lots = tuple(Candidate(name, "short", Decimal(-1), Decimal(0), "a", in_order=True) for name in "xy")
    problem = Problem(Federal(YearInput(), figures()), lots)
    with pytest.raises(ValueError, match="y is sold before"):
        outcome(problem, [Decimal("0.5"), Decimal(1)])
    with pytest.raises(ValueError, match="from 0 to 1"):
        outcome(problem, [Decimal(2), Decimal(0)])
    with pytest.raises(ValueError, match="1 sales, of 0"):
        outcome(replace(problem, most_sales=0), [Decimal(1), Decimal(1)])


def test_a_token_that_is_one_of_its_kind_is_sold_whole_or_not_at_all():
    """A part of the loss would be best; all of it is worth its cost, or else nothing."""
    year = Federal(YearInput(wages=Decimal(90_000)), figures())
    for cost, share in ((Decimal(600), 1), (Decimal(700), 0)):
        token = Candidate("art", "short", Decimal(-7_500), cost, "", False, True, True)
        problem = Problem(year, (token,))
        assert solver.best(problem) == (share,)
        part = solver.best(replace(problem, candidates=(replace(token, is_whole=False),)))
        assert 0 < part[0] < 1
    with pytest.raises(ValueError, match="whole or not at all"):
        outcome(problem, [Decimal("0.4")])
