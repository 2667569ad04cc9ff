"""`thresher backtest`: what thresholds would have harvested on the holder's own history, year by year, after tax and costs.

Nothing is written: the stored movements are booked again under each rule of harvesting, beside harvesting nothing at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from service.app import gains
from service.app.ports import App, Portfolio, Refused
from service.app.years import profile_in, rules_of_years
from service.domain import backtest, ledger
from service.domain.backtest import NOTHING, Past, Policy, Result, Terms, Year
from service.domain.money import ZERO, cents, exact, plain
from service.domain.movements import calendar_day, day_number, decimal, iso_day, text
from service.domain.rules import Rules, local_date
from service.domain.tax import Profile

Answer = dict[str, Any]

TRIGGERS = (Decimal("0.05"), Decimal("0.10"), Decimal("0.20"), Decimal("0.30"))
YEAR_END = Policy("year end", sweeps=True)


@dataclass(frozen=True, slots=True)
class Asked:
    triggers: Sequence[Decimal] = TRIGGERS
    """Lost shares of the basis."""
    since: date | None = None
    """First day of harvests; None: of the history, or of the first year that has rules."""
    until: date | None = None
    """Last day; None: today."""
    sweep: bool = False
    """At the end of each year each trigger sweeps too."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What the answer rests on."""

    portfolio: Portfolio
    past: Past
    terms: Terms
    rules: dict[int, Rules]
    left_out: dict[int, str]
    this_year: int
    symbols: dict[str, str]
    pegged: frozenset[str]
    """Coins that are worth their peg where no price says otherwise."""

    def profile(self, year: int) -> Profile:
        return profile_in(self.portfolio.profile, year, self.this_year)


async def answer(app: App, asked: Asked) -> Answer:
    """{"backtest": …}. Raises Refused for triggers that are no shares, days that cannot be, and where no price is stored."""
    policies = _policies(asked)
    case = await _case(app, asked)
    return await asyncio.to_thread(_answered, case, policies)


def _policies(asked: Asked) -> list[Policy]:
    for trigger in asked.triggers:
        if not trigger.is_finite() or not 0 < trigger < 1:
            raise Refused("trigger", "a trigger is the lost share of the basis: write 0.20 for 20 percent")
    chosen = [
        Policy(_percent(trigger) + (" and year end" if asked.sweep else ""), trigger, sweeps=asked.sweep)
        for trigger in sorted(set(asked.triggers))
    ]
    return [NOTHING, *chosen, YEAR_END]


async def _case(app: App, asked: Asked) -> _Case:
    portfolio = await app.store.portfolio(gains.PORTFOLIO)
    if portfolio.profile.jurisdiction != "us":
        raise Refused("jurisdiction", f"the year of {portfolio.profile.jurisdiction} is not computed, so no harvest of it is judged")
    known = await gains.of_store(app)
    said = ledger.choices(known.statements, zone=known.zone).settled(m for movements in known.groups for m in movements)
    quotes = await app.store.quotes(sorted(known.coins), portfolio.currency)
    past = Past(known.groups, said, known.places, backtest.daily(quotes, said.calendar))
    today = local_date(app.now(), known.zone)
    first, last = _span(past, asked, today)
    rules, left_out = rules_of_years(app, portfolio, calendar_day(first).year, calendar_day(last).year)
    first = max(first, day_number(date(min(rules), 1, 1)))
    last = min(last, day_number(date(max(rules), 12, 31)))
    movable = {account.id for account in await app.store.accounts(gains.PORTFOLIO) if account.kind == "exchange"}
    profile, harvest = portfolio.profile, portfolio.harvest
    terms = Terms(first, last, harvest.costs, profile.short_rate, harvest.of, movable.__contains__)
    pegged = frozenset(coin.id for coin in known.coins.values() if coin.peg == portfolio.currency)
    return _Case(portfolio, past, terms, rules, left_out, today.year, known.symbols(), pegged)


def _span(past: Past, asked: Asked, today: date) -> tuple[int, int]:
    """First and last day, where there are coins and prices."""
    moved = [past.said.calendar.day(movements[0].at) for movements in past.groups if movements]
    if not moved:
        raise Refused("history", "there is no history yet: add an account and `thresher sync`, or `thresher import` a file")
    if asked.until is not None and asked.until > today:
        raise Refused("to", f"{asked.until} is still to come")
    until = day_number(asked.until or today)
    priced = [day for prices in past.prices.values() for day in prices if day <= until]
    since = min(moved) if asked.since is None else max(min(moved), day_number(asked.since))
    if not any(since <= day for day in priced):
        where = f"from {iso_day(since)} to {iso_day(until)}" if since <= until else f"after {iso_day(until)}"
        raise Refused("prices", f"no price of what is held is stored {where}: `thresher prices import FILE` takes daily ones")
    return since, until


# ------------------------------------------------------------------ the answer


def _answered(case: _Case, policies: Sequence[Policy]) -> Answer:
    runs = [backtest.simulate(case.past, policy, case.terms) for policy in policies]
    results = backtest.results(runs, case.profile, case.rules.__getitem__)
    missing = backtest.without_price(case.past, case.terms, case.pegged.__contains__)
    told: Answer = {
        "from": iso_day(case.terms.first),
        "to": iso_day(case.terms.last),
        "currency": case.portfolio.currency,
        "zone": case.past.said.calendar.zone,
        "policies": [_policy(case, result) for result in results],
        "days_without_price": [
            {"coin": coin, "symbol": case.symbols.get(coin, coin), "days": days} for coin, days in sorted(missing.items())
        ],
        "unknown_disposals": sum(runs[0].unknown.values()),
        "left_out": [{"year": year, "says": why} for year, why in sorted(case.left_out.items())],
        "rules": [{"version": rules.version, "sources": list(rules.sources)} for _, rules in sorted(case.rules.items())],
    }
    return {"backtest": told | {"says": _says(case, told)}}


def _policy(case: _Case, result: Result) -> Answer:
    run = result.run
    years = [_year(case, year, result) for year in result.years]
    with exact():
        sums = {
            "harvests": sum(year.harvests for year in result.years),
            "loss": _money(sum((year.short_loss + year.long_loss for year in result.years), ZERO)),
            "costs": _money(sum((year.costs for year in result.years), ZERO)),
            "tax": _money(sum((year.tax.total for year in result.years), ZERO)),
            "saving": _money(sum((year.saving for year in result.years), ZERO)),
        }
    return {
        "policy": run.policy.name,
        "trigger": None if run.policy.trigger is None else plain(run.policy.trigger),
        "sweeps": run.policy.sweeps,
        "years": years,
        "total": {
            **sums,
            "net": _money(result.net),
            "carry_worth": _money(result.carry),
            "deferred_tax": _money(result.deferred),
            "net_after_later": _money(result.after_later),
        },
        "open_basis": _money(run.open_basis),
        "named_lots_not_there": run.not_there,
        "harvested": [
            {
                "day": iso_day(h.day),
                "account": h.account,
                "coin": h.coin,
                "symbol": case.symbols.get(h.coin, h.coin),
                "lots": h.lots,
                "quantity": text(h.quantity, case.past.places),
                "value": _money(decimal(h.value)),
                "short_loss": _money(-decimal(h.short)),
                "long_loss": _money(-decimal(h.long)),
                "costs": _money(h.costs),
            }
            for h in run.harvests
        ],
    }


def _year(case: _Case, year: Year, result: Result) -> Answer:
    whole = calendar_day(case.terms.last) >= date(year.year, 12, 31)
    with exact():
        loss = year.short_loss + year.long_loss
    return {
        "year": year.year,
        "whole": whole,
        "harvests": year.harvests,
        "short_loss": _money(year.short_loss),
        "long_loss": _money(year.long_loss),
        "loss": _money(loss),
        "costs": _money(year.costs),
        "tax": _money(year.tax.total),
        "saving": _money(year.saving),
        "net": _money(year.net),
        "carry_out_st": _money(year.tax.carry_short),
        "carry_out_lt": _money(year.tax.carry_long),
        "unknown_disposals": result.run.unknown[year.year],
    }


def _money(amount: Decimal) -> str:
    return plain(cents(amount))


def _says(case: _Case, told: Answer) -> list[str]:
    """What the figures rest on, a sentence each."""
    profile, harvest, currency = case.portfolio.profile, case.portfolio.harvest, case.portfolio.currency
    move = f", and {plain(harvest.costs.move)} {currency} more where coins must be moved first" if harvest.costs.move else ""
    first, last = min(case.rules), max(case.rules)
    ended = calendar_day(case.terms.last) >= date(last, 12, 31)
    same = f"your figures, taken to be the same from {first} to {last}"
    figures = same if profile.income is not None else "your two rates, since no income is told"
    lines = [
        f"Each harvest sells and buys back at once, at the price of its day and the end of that day in {told['zone']}, by the method that the account had then. What you really sold later meets the lots that this leaves. All coins are taken to be free to sell.",
        "Buying back at once keeps no loss on crypto from counting by the rules of these years; `thresher tax wash-sales` shows what it would be otherwise.",
        f"A round trip costs {_percent(harvest.costs.trade_share)} of its value{move}: counted beside the tax, in no gain.",
        f"A loss under {plain(harvest.thresholds.loss)} {currency}, or under your threshold of a coin, is left alone.",
        f"Year end is each coin's last day with a price in a year; taken is what saves, at {_percent(profile.short_rate)}, at least {plain(harvest.thresholds.cost_multiple)} times its costs (`cost_multiple`). Triggers ask nothing of what is saved.",
        f"Tax is the difference of whole years, with and without harvests, by {figures}. Results from elsewhere and the carryovers of your profile are those of {case.this_year}. Losses are carried from year to year.",
        f"carry_worth is what losses carried on at the end save later; deferred_tax what the lower cost of what is still held brings then, at {_percent(profile.later_rate)} in {plain(profile.later_years)} years; both are worth of today at {_percent(profile.discount_rate)} a year.",
    ]
    if not ended:
        lines.append(f"{last} is taken to end on {told['to']}.")
    lines += [f"{one['year']} is left out: {one['says']}." for one in told["left_out"]]
    if told["days_without_price"]:
        named = ", ".join(f"{one['symbol']} {one['days']}" for one in told["days_without_price"])
        lines.append(f"Days on which coins were held and no price is stored have no harvest: {named}.")
    if told["unknown_disposals"]:
        n = told["unknown_disposals"]
        lines.append(f"The gain of {n} disposal{'s' * (n != 1)} is unknown and in no sum. `thresher issues` names what is missing.")
    if any(policy["named_lots_not_there"] > told["policies"][0]["named_lots_not_there"] for policy in told["policies"]):
        lines.append("Lots that you named for a sale had been harvested by then: that part follows the account's method.")
    return lines


def _percent(share: Decimal) -> str:
    with exact():
        return f"{plain(share * 100)}%"
