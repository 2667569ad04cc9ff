"""Buying back what a plan sells: at once where no window applies, else what the window takes, and from which day on it takes nothing.

Worked example. A window of 30 days before and after. 3 units are sold at a loss of 3,000 on 1 May; 1 was bought on 20 April and stays. Bought back at
once, all of the loss joins the basis of what is bought: this year saves nothing of it. Bought back on 1 June, only the unit of 20 April stands
in the way: 1,000 of the loss joins its basis, 2,000 count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from service.domain.assets import is_one_of_a_kind
from service.domain.methods import Lot
from service.domain.money import ZERO, exact
from service.domain.plan.proposal import Plan, Sale
from service.domain.rules import Stated, Window, local_date
from service.domain.tax import TaxModel, saving


@dataclass(frozen=True, slots=True)
class Repurchase:
    rule: Stated[Window]
    """What is stated of the day of the sale; of kind none where buying back does nothing."""
    free_from: date
    """First day on which buying back takes nothing of a loss: the day of the sale itself where there is no window."""
    saving_now: Decimal
    """Tax saved this year when all is bought back at once."""
    saving_later: Decimal
    """The same when it is bought back from `free_from` on; what was bought shortly before the sale and stays still takes its part."""
    bought_before: Mapping[str, Decimal]
    """Sale → units of its coin bought within the days before, in any account, that the sale leaves."""


def repurchase(plan: Plan, rule: Stated[Window], lots: Iterable[Lot], model: TaxModel, *, today: date, zone: str) -> Repurchase:
    """What the plan saves either way. `lots`: all open ones; `model`: the year without the plan."""
    window = rule.value
    if window.kind != "days" or not plan.sales:
        return Repurchase(rule, today, plan.saving, plan.saving, {})
    since = today - timedelta(days=window.before_days or 0)
    sold = {(sale.account, part.lot): part.quantity for sale in plan.sales for part in sale.parts}
    left: dict[str, Decimal] = {}
    with exact():
        for lot in lots:
            if since <= local_date(lot.acquired_at, zone) <= today:
                left[lot.coin] = left.get(lot.coin, ZERO) + lot.quantity - sold.get((lot.account, lot.id), ZERO)
        before, counts = {}, []
        for sale in plan.sales:
            held = left.get(sale.coin, ZERO)
            taken = min(sale.quantity, max(ZERO, held)) if sale.gain < 0 else ZERO
            left[sale.coin] = held - taken
            if taken:
                before[f"{sale.account} {sale.coin}"] = taken
            counts.append((sale, 1 - taken / sale.quantity))
        later = _saved(model, counts)
        now = _saved(model, [(sale, ZERO if sale.gain < 0 else Decimal(1)) for sale in plan.sales])
    return Repurchase(rule, today + timedelta(days=(window.after_days or 0) + 1), now, later, before)


def _saved(model: TaxModel, counts: Iterable[tuple[Sale, Decimal]]) -> Decimal:
    """Tax that the year is less when such a share of each sale's losses counts; gains count whole."""
    results, collectibles = {"short": ZERO, "long": ZERO}, ZERO
    for sale, share in counts:
        for part in sale.parts:
            counted = part.gain * share if part.gain < 0 else part.gain
            results[part.term] += counted
            collectibles += counted if part.term == "long" and is_one_of_a_kind(sale.coin) else ZERO
    return saving(model, -results["short"], -results["long"], -collectibles)
