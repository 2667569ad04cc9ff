"""The watch over prices: a tick by the ladder, a full evaluation, and a million lots of many portfolios.

All is made in memory from a fixed seed: lots of different depths, ages and sizes, some of them at a loss. What is measured is the domain alone; no
store, no network.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.contract import Asset
from service import rules_files
from service import settings as configuration
from service.domain.harvest import HarvestSettings, Year, assess
from service.domain.ladder import Ladder, Prices, Span, Subject, span
from service.domain.methods import Lot
from service.domain.money import exact
from service.domain.rules import Rules
from service.domain.tax import Profile, Realised
from service.domain.valuation import Price, value
from tests.benchmarks.timing import KIB_PER_MIB, Run, line, title

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
COINS = 50
TICKS = 200
REALISED = Realised(Decimal(-500), Decimal(20_000))


def rules() -> Rules:
    return rules_files.rules(configuration.load({"HOME": "/nowhere"}), NOW.year, status="single")


def lots(number: int, account: str, made: random.Random, *, each: int) -> Iterator[tuple[str, list[Lot]]]:
    """Coins of one account with `each` lots, bought for 200 to 1,310 a coin, which is now worth about 1,000: some are worth a word, some are near it."""
    for place in range(number // each):
        coin = f"coin{place % COINS}"
        some = []
        for count in range(each):
            quantity = Decimal(made.randrange(1, 10**6)).scaleb(-4)
            basis = quantity * made.randrange(200, 1310)
            at = NOW - timedelta(days=made.randrange(1, 1500))
            some.append(Lot(f"t{place}-{count}", f"{account}{place // COINS}", coin, Asset("x:C"), "C", quantity, basis, at, count))
        yield coin, some


def prices(made: random.Random, spread: int = 0) -> dict[str, Price]:
    """A tick: each coin within two hundredths around 1,000."""
    found = {}
    for place in range(COINS):
        price = Decimal(made.randrange(990_000, 1_010_000)).scaleb(-3)
        found[f"coin{place}"] = Price(f"coin{place}", price, NOW, ("a", "b"), price - spread, price + spread)
    return found


def span_of(subject: Subject, price: Price) -> Span:
    """With an open alert where there is something to say, as a running service has it."""
    found = Prices(subject).at(price.price).standing() if price.price <= subject.highest(subject.least) else None
    if found is None or found.level != "worth":
        return span(subject, price, fires=True, ends=False)
    return span(subject, price, fires=False, ends=True, worse_at=found.sale.net * Decimal("1.5"))


def ladder_of(held: Iterable[tuple[str, list[Lot]]], year: Year, now: dict[str, Price], into: Ladder) -> list[Subject]:
    """Spans of all subjects; those subjects are given back."""
    settings, found = HarvestSettings(), []
    for coin, some in held:
        subject = Subject(some, "hifo", settings, year, on_exchange=True)
        into.add(coin, span_of(subject, now[coin]))
        found.append(subject)
    return found


def bench_harvest() -> None:
    ten_thousand()
    million()


def ten_thousand() -> None:
    title("10,000 open lots in 1,000 places")
    made, now, law = random.Random(1), prices(random.Random(2), spread=2), rules()
    held = list(lots(10_000, "a", made, each=10))
    all_lots = [lot for _, some in held for lot in some]
    told = {"two rates": Profile(), "the whole federal year": Profile(income=Decimal(90_000))}
    for what, profile in told.items():
        for method in ("fifo", "hifo", "specific"):
            taken = []
            for _ in range(3):
                started, worked = time.perf_counter(), time.process_time()
                positions = value(all_lots, now, NOW, "America/New_York")
                assess(positions, lambda _: method, HarvestSettings(), profile, law, REALISED, NOW, movable=lambda _: True)  # type: ignore[arg-type,return-value]  # noqa: B023 - used at once
                taken.append(Run(time.perf_counter() - started, time.process_time() - worked, _mib()))
            line(f"full evaluation, {what}, {method}", min(taken))
    ladder = Ladder()
    with exact():
        year = Year(Profile(income=Decimal(90_000)), law, REALISED, NOW)
        started = time.perf_counter()
        ladder_of(held, year, now, ladder)
        line("the ladder built", Run(time.perf_counter() - started))
    _ticks(ladder, made)


def _ticks(ladder: Ladder, made: random.Random) -> None:
    taken, crossed = [], 0
    for _ in range(TICKS):
        tick = prices(made)
        started = time.perf_counter()
        crossed += len(ladder.tick(tick))
        taken.append(time.perf_counter() - started)
    line(f"a tick of {COINS} coins, median of {TICKS}", Run(statistics.median(taken)))
    line(f"a tick, slowest; {crossed / TICKS:,.0f} of {len(ladder):,} places to look at anew", Run(max(taken)))


def million() -> None:
    """In a process of its own, for its memory."""
    title("1,000,000 open lots of 1,000 portfolios, 100 places each")
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.harvest"], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    told = json.loads(done.stdout)
    line("the ladder built, portfolio by portfolio", Run(told["built"]))
    line(f"a tick of {COINS} coins, median of {TICKS}", Run(told["median"]))
    line(f"a tick, slowest; {told['crossed']:,.0f} of {told['places']:,} places to look at anew", Run(told["slowest"], mib=told["mib"]))
    line("a tick with all of those evaluated anew", Run(told["anew"]))
    line("and their new spans", Run(told["settled"]))


def _million() -> dict[str, float]:
    made, now, law, ladder = random.Random(3), prices(random.Random(4)), rules(), Ladder()
    kept: list[Subject] = []
    with exact():
        started = time.perf_counter()
        for portfolio in range(1000):
            year = Year(Profile(income=Decimal(50_000 + portfolio)), law, REALISED, NOW)
            kept += ladder_of(lots(1000, f"p{portfolio}-", made, each=10), year, now, ladder)
        built = time.perf_counter() - started
        taken, crossed = [], []
        for _ in range(TICKS):
            tick = prices(made)
            started = time.perf_counter()
            crossed = ladder.tick(tick)
            taken.append(time.perf_counter() - started)
        started = time.perf_counter()
        places = ladder.tick(tick)
        for place in places:
            Prices(kept[place]).at(tick[kept[place].lots[0].coin].price).standing()
        anew = time.perf_counter() - started
        for place in places:
            ladder.settle(place, span_of(kept[place], tick[kept[place].lots[0].coin]))
        settled = time.perf_counter() - started - anew
    return {
        "built": built, "median": statistics.median(taken), "slowest": max(taken), "crossed": len(crossed), "places": len(ladder),
        "anew": anew, "settled": settled, "mib": _mib(),
    }  # fmt: skip


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB


if __name__ == "__main__":
    print(json.dumps(_million()))
