"""The tax picture of the holder's year: what is realised so far, with their own figures, line by line where those suffice.

Without the year's income nobody can compute a year: then the two marginal rates give an estimate, and what is missing is named.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from service.app import plan as planning
from service.app.ports import App, Refused
from service.app.sources import PORTFOLIO
from service.app.tax_cases import year as cases
from service.app.tax_cases.year import YearFound
from service.domain import tax
from service.domain.money import cents, exact, plain
from service.domain.plan import Plan
from service.domain.rules import Rules, local_date
from service.domain.tax import Profile, Realised
from service.domain.tax.federal import year_tax
from service.domain.tax.lines import lines
from service.domain.tax.model import Federal

_ZONES = timedelta(days=1)
"""No time zone is farther from UTC."""
WANTED = (
    "income",
    "interest",
    "qualified_dividends",
    "deduction",
    "amt_addback",
    "other_short",
    "other_long",
    "other_collectibles",
    "short_carryover",
    "long_carryover",
    "state_rate",
)
"""Figures of the profile that a whole year rests on."""


async def picture(app: App, year: int | None = None, *, with_plan: bool = False) -> dict[str, Any]:
    """{"tax": …} of a tax year of the holder's zone, this year's without one; `with_plan`: also what it comes to with the best plan.

    Raises Refused for a year that no rules have, and for the plan of another year than this.
    """
    profile = (await app.store.portfolio(PORTFOLIO)).profile
    if profile.jurisdiction != "us":
        raise Refused("jurisdiction", f"the year of {profile.jurisdiction} is not computed; its rules are shown by `thresher rules show`")
    this_year = local_date(app.now(), profile.time_zone).year
    year = this_year if year is None else year
    if with_plan and year != this_year:
        raise Refused("plan", f"a plan sells now, so it is of {this_year}")
    if not 1 < year < 9998:
        raise Refused("year", "give a year such as 2026")
    rules = app.rules_of(year, profile.filing_status)
    around = (datetime(year, 1, 1, tzinfo=UTC) - _ZONES, datetime(year + 1, 1, 1, tzinfo=UTC) + _ZONES)
    realised, unknown = tax.year_result(await app.store.disposals(PORTFOLIO, *around), year, profile.time_zone)
    told: dict[str, Any] = {
        "year": year,
        "filing_status": profile.filing_status,
        "realised": {
            "short": plain(realised.short),
            "long": plain(realised.long),
            "collectibles": plain(realised.collectibles),
            "unknown_disposals": unknown,
        },
        "figures": {name: _shown(getattr(profile, name)) for name in WANTED},
    }
    told |= _computed(profile, rules, realised)
    if with_plan:
        told["with_plan"] = _planned((await planning.make(app, planning.Wishes())).plan)
    return {"tax": told}


def _planned(found: Plan) -> dict[str, Any]:
    """The same year after the sales of the plan; `thresher plan` names them."""
    after, whole = found.after, found.after.federal
    told: dict[str, Any] = {"sales": len(found.sales), "saving": plain(cents(found.saving)), "net": plain(cents(found.net))}
    if whole is None:
        return told | _estimate(after)
    figures = {theirs: getattr(whole, ours) for theirs, ours in cases.FIGURES.items()}
    figures |= dict(zip(cases.STATE, (after.state, after.total), strict=True))
    return told | {name: plain(cents(amount)) for name, amount in figures.items()}


def _estimate(found: tax.Liability) -> dict[str, str]:
    return {
        "estimate": plain(cents(found.total)),
        "state_tax": plain(cents(found.state)),
        "carry_out_st": plain(cents(found.carry_short)),
        "carry_out_lt": plain(cents(found.carry_long)),
    }


def _shown(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _computed(profile: Profile, rules: Rules, realised: Realised) -> dict[str, Any]:
    model = tax.year_of(profile, rules, realised)
    if not isinstance(model, Federal):
        return _estimated(profile, rules, tax.liability(model))
    whole, found = year_tax(model.year, model.figures), lines(model.year, model.figures)
    assert found[-1].amount == whole.total, "the forms filled in line by line and the year computed as a whole must agree"
    with exact():
        state = whole.capital * model.state_rate
    computed = YearFound(whole, found, rules, state)
    return {
        "kind": "year",
        "missing": [],
        "says": f"Your figures are taken to be those of {rules.year}. {cases.NOT_COMPUTED}",
        **{name: plain(cents(amount)) for name, amount in cases.figures(computed).items()},
        "lines": [cases.line_of(line) for line in found],
        "rules": cases.rules_of_answer(rules),
    }


def _estimated(profile: Profile, rules: Rules, found: tax.Liability) -> dict[str, Any]:
    """By the two rates: tax on what is realised alone; negative where a loss lowers the tax on income that is not told."""
    rates = f"{plain(profile.short_rate * 100)} percent on short-term results and {plain(profile.long_rate * 100)} on long-term ones"
    if rules.figures is None:
        missing, why = [], f"The rules of {rules.year} name the limit on losses alone, so no whole year can be computed."
    else:
        missing = ["income"]
        why = "Your year's income is not told: `thresher profile set income=…` (and interest, qualified_dividends, deduction where you have them) gives the whole year."
    return {
        "kind": "estimate",
        "missing": missing,
        "says": f"An estimate by your own rates, {rates}; of capital gains and losses alone. {why}",
        **_estimate(found),
        "rules": {"version": rules.version, "sources": list(rules.sources)},
    }
