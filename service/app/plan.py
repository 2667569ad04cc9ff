"""`thresher plan`: the best set of lots to sell in this tax year, and why. Asks nothing of the outside, stores nothing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from service.app import view
from service.app.ports import App, Refused
from service.app.view import View
from service.domain import plan as planning
from service.domain.assets import held_back
from service.domain.harvest import Costs
from service.domain.money import ZERO, exact, plain
from service.domain.plan import Held, Plan, Repurchase, Sale
from service.domain.rules import NotStated, local_date, stated_window
from service.domain.tax import Liability, Profile, TaxModel, year_of
from service.domain.valuation import Position

Answer = dict[str, Any]

FREE = "What is sold may be bought back at once: no window takes the loss. Basis and clock begin anew."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the holder asks for on top of what is stored."""

    short: Decimal = ZERO
    """Results outside of thresher that the profile does not tell of; losses negative."""
    long: Decimal = ZERO
    most_sales: int | None = None
    with_gains: bool = False
    """Also sell lots that gain, where that costs little or nothing: a year in the 0 percent band, losses that would be carried on."""


@dataclass(frozen=True, slots=True)
class Made:
    """A plan and what it rests on."""

    seen: View
    plan: Plan
    repurchase: Repurchase | None
    """None where the rules of the jurisdiction say nothing of it."""
    left_out: tuple[Position, ...]
    """Lots that cannot be proposed: no price, no basis, staked or locked."""


async def make(app: App, wishes: Wishes) -> Made:
    """Raises Refused for a year without figures and for wishes that cannot be."""
    if wishes.most_sales is not None and wishes.most_sales < 1:
        raise Refused("sales", "give a number of sales of 1 or more")
    seen = await view.view(app)
    if seen.rules is None:
        raise Refused("year", next(issue.says for issue in seen.issues if issue.subject.endswith(str(seen.year))))
    profile = _with(seen.portfolio.profile, wishes)
    year, costs = year_of(profile, seen.rules, seen.realised), seen.portfolio.harvest.costs
    found = await asyncio.to_thread(_best, app, held(seen), year, profile, costs, wishes)
    return Made(
        seen, found, _repurchase(app, seen, found, year), tuple(p for p in seen.positions if p.unrealised is None or held_back(p.lot.asset))
    )


def _best(app: App, holdings: Sequence[Held], year: TaxModel, profile: Profile, costs: Costs, wishes: Wishes) -> Plan:  # noqa: PLR0917 - read in this order
    """Unless gains are wished for, a sale that would gain on balance is no harvest: it is left out, and the rest looked at again."""
    while True:
        asked = planning.asked(holdings, year, profile, costs, with_gains=wishes.with_gains, most_sales=wishes.most_sales)
        found = planning.proposal(asked, app.best_plan(asked.problem))
        gaining = set() if wishes.with_gains else {(sale.account, sale.coin) for sale in found.sales if sale.gain >= 0}
        if not gaining:
            return found
        holdings = [one for one in holdings if (one.account, one.coin) not in gaining]


def _repurchase(app: App, seen: View, found: Plan, year: TaxModel) -> Repurchase | None:
    profile = seen.portfolio.profile
    today = local_date(seen.now, profile.time_zone)
    try:
        rule = stated_window(app.jurisdiction_of(profile.jurisdiction), "crypto", today)
    except NotStated:
        return None
    return planning.repurchase(found, rule, seen.lots, year, today=today, zone=profile.time_zone)


def _with(profile: Profile, wishes: Wishes) -> Profile:
    with exact():
        return replace(profile, other_short=profile.other_short + wishes.short, other_long=profile.other_long + wishes.long)


def held(seen: View) -> list[Held]:
    """By account and coin; coins that are staked or locked cannot be sold as they lie, and are left out."""
    by: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for position in seen.positions:
        if held_back(position.lot.asset) is None:
            by[position.lot.account, position.lot.coin].append(position)
    return [
        Held(account, coin, tuple(some), seen.method_of(account), seen.movable(account)) for (account, coin), some in sorted(by.items())
    ]


# ------------------------------------------------------------------ the answer


async def plan(app: App, wishes: Wishes) -> Answer:
    return answer(await make(app, wishes))


def answer(made: Made) -> Answer:
    """{"plan": …}; amounts as decimal strings."""
    seen, found = made.seen, made.plan
    assert seen.rules is not None
    return {
        "plan": {
            "year": seen.year,
            "computed": "federal" if found.before.federal is not None else "marginal",
            "rules": seen.rules.version,
            "ledger": seen.ledger,
            "sales": [_sale(sale) for sale in found.sales],
            "saving": plain(found.saving),
            "carry": plain(found.carry),
            "costs": plain(found.costs),
            "deferred": plain(found.deferred),
            "net": plain(found.net),
            "before": _year(found.before),
            "after": _year(found.after),
            "next_dollar": {"short": plain(found.next_short), "long": plain(found.next_long)},
            "next_dollar_worth": {"short": plain(found.worth_short), "long": plain(found.worth_long)},
            "repurchase": None if made.repurchase is None else _bought_back(made.repurchase),
            "reason": _reason(made),
            "left_out": sorted(
                ({"lot": p.lot.id, "account": p.lot.account, "asset": p.lot.asset, "symbol": p.lot.symbol} for p in made.left_out),
                key=lambda lot: (lot["account"], lot["asset"], lot["lot"]),
            ),
            "currency": seen.portfolio.currency,
        }
    }


def _reason(made: Made) -> str | None:
    """Why nothing is to be sold, with what could not be looked at."""
    count = len(made.left_out)
    if not made.plan.reason or not count:
        return made.plan.reason or None
    return f"{made.plan.reason} {count:,} {'lot has' if count == 1 else 'lots have'} no current price or no basis, so there is no opinion on them."


def _bought_back(told: Repurchase) -> Answer:
    window = told.rule.value
    is_free = window.kind != "days"
    return {
        "window": None if is_free else {"before_days": window.before_days, "after_days": window.after_days, "same_day": window.same_day},
        "source": told.rule.source,
        "confidence": told.rule.confidence,
        "free_from": told.free_from.isoformat(),
        "saving_now": plain(told.saving_now),
        "saving_later": plain(told.saving_later),
        "bought_before": {sale: plain(quantity) for sale, quantity in told.bought_before.items()},
        "says": FREE
        if is_free
        else f"Bought back before {told.free_from}, a loss joins the basis of what is bought and saves nothing this year.",
    }


def _sale(sale: Sale) -> Answer:
    return {
        "account": sale.account,
        "asset": sale.asset,
        "coin": sale.coin,
        "symbol": sale.symbol,
        "method": sale.method,
        "quantity": plain(sale.quantity),
        "price": plain(sale.price),
        "price_at": sale.price_at.isoformat().replace("+00:00", "Z"),
        "value": plain(sale.value),
        "gain": plain(sale.gain),
        "costs": plain(sale.costs),
        "deferred": plain(sale.deferred),
        "lots": [{"lot": p.lot, "quantity": plain(p.quantity), "gain": plain(p.gain), "term": p.term} for p in sale.parts],
    }


def _year(told: Liability) -> Answer:
    return {
        "tax": plain(told.total),
        "carry_short": plain(told.carry_short),
        "carry_long": plain(told.carry_long),
    }
