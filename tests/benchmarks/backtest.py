"""The back-test on made-up histories: three years of daily prices of 20 coins, five rules of harvesting beside none, with their taxes."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from service.domain import backtest, ledger
from service.domain.backtest import NOTHING, Past, Policy, Terms
from service.domain.harvest import Costs, Thresholds
from service.domain.ledger import Method
from service.domain.movements import Movement, day_number, money, ticks
from service.domain.rules import Rules
from service.domain.statements import Statements
from service.domain.tax import Profile
from tests.benchmarks.timing import Run, line, seconds, title

FIRST, DAYS, COINS = date(2023, 1, 1), 3 * 365, 20
POLICIES = (NOTHING, *(Policy(f"{share}%", Decimal(share) / 100) for share in (5, 10, 20, 30)), Policy("year end", sweeps=True))


def bench_backtest(lots: int = 2_000) -> None:
    """`lots`: of all coins together, and once as many of each."""
    for each, what in ((lots // COINS, f"{lots:,} purchases of {COINS} coins"), (lots, f"{lots:,} purchases of each of {COINS} coins")):
        title(f"back-test, {DAYS:,} days, {what}; ratio to the ledger booked once for each rule")
        for method in ("fifo", "hifo"):
            past, terms = made(each, method)
            booked = Run(seconds(lambda past=past, terms=terms: [backtest.simulate(past, NOTHING, terms) for _ in POLICIES]))
            runs: list[backtest.Run] = []
            taken = Run(seconds(lambda past=past, terms=terms, runs=runs: runs.extend(judged(past, terms))))
            line(f"{len(POLICIES)} rules, {method}, {sum(len(run.harvests) for run in runs):,} harvests", taken, booked)


def judged(past: Past, terms: Terms) -> list[backtest.Run]:
    runs = [backtest.simulate(past, policy, terms) for policy in POLICIES]
    backtest.results(runs, lambda _: Profile(), lambda year: Rules(f"us-{year}", "us", year, Decimal(3000), ()))
    return runs


def made(each: int, method: Method) -> tuple[Past, Terms]:
    """Of each coin so many purchases, and a sale of a part of what is held for every fifth."""
    draw, groups, prices = random.Random(7), [], {}
    for n in range(COINS):
        coin, price, walk = f"coin{n:02}", 1000.0, []
        for _ in range(DAYS):
            price *= math.exp(draw.gauss(-0.0005, 0.6 / math.sqrt(365)))
            walk.append(money(Decimal(f"{price:.6f}")))
        prices[coin] = {day_number(FIRST) + day: price for day, price in enumerate(walk)}
        groups.append(list(_movements(draw, coin, walk, each)))
    said = ledger.choices(Statements(), zone="UTC", method=method)
    terms = Terms(day_number(FIRST), day_number(FIRST) + DAYS - 1, Costs(), Decimal("0.24"), lambda _: Thresholds(), lambda _: True)
    return Past(groups, said, 18, prices), terms


def _movements(draw, coin, walk, each):
    held = 0
    for place in range(each):
        day = place * DAYS // each
        at = ticks(datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), UTC)) + (place % 1000) * 1_000_000
        units = draw.randrange(1, 50) * 10**17
        held += units
        yield Movement("acquire", at, f"{coin}-{place}", "exchange", coin, coin, units, walk[day] * units // 10**18)
        if place % 5 == 4:
            sold = held // draw.randrange(20, 60)
            held -= sold
            yield Movement("dispose", at + 1, f"{coin}-{place}-sale", "exchange", coin, coin, sold, walk[day] * sold // 10**18)
