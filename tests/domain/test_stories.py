"""Runs tests/stories/*.story; their README has the language, story.py reads it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest

from service.domain import harvest, valuation
from service.domain.ledger import amount, book, choices, run
from service.domain.money import ZERO, plain
from service.domain.movements import decimal, moment, of_event
from service.domain.pooling import acb, section104
from service.domain.pooling.identification import calendar_day
from service.domain.rules import Rules, local_date
from service.domain.tax import Profile, Realised
from tests.domain.story import COINS, TABLE, read
from tests.tools import ROOT

STORIES = sorted((ROOT / "tests/stories").glob("*.story"))
RULES = Rules("us-story", "us", 2024, Decimal(3000), ())
SYMBOLS = {name.lower(): name for name in (*COINS, "PUNK-7")}


def money(value):
    return "unknown" if value is None else f"{plain(value)} USD"


def flagged(flags):
    return "".join(f", {flag}" for flag in flags)


def lot(held):
    told = f"lot {held.account} {plain(held.quantity)} {held.symbol} acquired {held.acquired_at:%Y-%m-%d} basis {money(held.basis)}"
    return told + flagged(held.flags)


def gain(disposal):
    word = "loss" if disposal.gain is not None and disposal.gain < 0 else "gain"
    worth = "unknown" if disposal.gain is None else f"{disposal.term} {money(disposal.gain.copy_abs())}"
    return f"{word} {disposal.account} {plain(disposal.quantity)} {disposal.symbol} {worth}{flagged(disposal.flags)}"


def years(story, made):
    """Gains by tax year of the holder's own days, where the story counts them."""
    if not any(line.startswith("year ") for line in story.expected):
        return []
    sums = defaultdict(lambda: ZERO)
    for disposal in made.disposals:
        sums[local_date(disposal.disposed_at, story.zone).year, disposal.term] += disposal.gain
    return [f"year {year} {term} {money(total)}" for (year, term), total in sums.items()]


def allocated(events, said, story):
    """What the end of the one pool gave to whom, and why."""
    if said.account_scope_from is None:
        return []
    movements = [m for event in events for m in of_event(event)]
    found = []
    for group in run(movements, {m.coin: m.coin for m in movements}, choices(said, zone=story.zone), 18):
        for part in group.allocated:
            of = f"{plain(decimal(part.quantity, 18))} {SYMBOLS[part.coin]} of {moment(part.acquired):%Y-%m-%d}"
            found.append(f"allocated {part.account} {of} basis {money(part.basis and amount(part.basis))}, {part.why}")
    return found


def opportunities(story, said, made):
    day = story.now.date()
    quotes = [q for q in story.quotes if q.at.date() == day]
    prices = {}
    for coin in TABLE.coins():
        price, _ = valuation.agree(
            quotes,
            coin,
            story.now,
            max_age=timedelta(minutes=10),
            import_max_age=timedelta(days=1),
            max_spread=Decimal("0.02"),
        )
        prices |= {coin.id: price} if price else {}
    found = harvest.assess(
        valuation.value(made.lots, prices, story.now, "UTC"),
        lambda place: said.method(place, local_date(story.now, "UTC")),
        harvest.HarvestSettings(),
        Profile(),
        RULES,
        Realised(),
        story.now,
        movable=lambda place: place in ("kraken", "binance"),
    )
    return [f"harvest {o.account} {o.symbol} loss {money(o.loss)} saving {money(o.saving)}" for o in found] or ["harvest nothing"]


def by_lots(story):
    """The lot methods: what stands at the end, what each disposal matched, what was earned, what is open."""
    said, events, issues = story.events()
    view = None
    if story.universal or story.law:
        view = choices(said, zone=story.zone, scope="universal" if story.universal else None, method="average" if story.law else None)
    made = book(events, said, zone=story.zone, said=view)
    happened = [lot(x) for x in made.lots] or ["no lots"]
    happened += [gain(d) for d in made.disposals] or ["no gains"]
    happened += [f"income {i.account} {plain(i.quantity)} {i.coin.upper()} {money(i.value)}" for i in made.incomes]
    happened += [f"issue {i.kind}" for i in [*issues, *made.issues]] or ["no issues"]
    happened += years(story, made) + allocated(events, said, story)
    return happened + (opportunities(story, said, made) if story.now else [])


def by_pools(story):
    """The laws that know pools and no lots."""
    _, events, issues = story.events()
    movements = [m for event in events for m in of_event(event)]
    is_uk = story.law.endswith("Kingdom")
    made = section104(movements) if is_uk else acb(movements, zone=story.zone)
    happened = [f"pool {plain(decimal(p.quantity, 18))} {SYMBOLS[p.coin]} cost {money(amount(p.cost))}" for p in made.pools if p.quantity]
    for m in made.matches:
        day = calendar_day(m.day) if is_uk else moment(m.disposed).date()
        word = "loss" if m.gain < 0 else "gain"
        rule = m.rule + (f" of {calendar_day(m.acquired)}" if m.rule == "thirty_day" else "") if is_uk else ""
        denied = f", {money(amount(m.denied))} denied" if not is_uk and m.denied else ""
        told = (
            f"{word} {day} {plain(decimal(m.quantity, 18))} {SYMBOLS[m.coin]} {rule} {money(amount(abs(m.gain)))}{denied}{flagged(m.flags)}"
        )
        happened.append(" ".join(told.split()))
    return happened + ([f"issue {i.kind}" for i in [*issues, *made.issues]] or ["no issues"])


@pytest.mark.parametrize("path", STORIES, ids=lambda p: p.stem)
def test_the_story_ends_as_told(path):
    story = read(path.read_text())
    happened = by_pools(story) if story.law.startswith("the law") else by_lots(story)
    assert sorted(story.expected) == sorted(happened)


def test_there_are_stories():
    assert len(STORIES) >= 60
