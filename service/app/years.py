"""Past years of the holder: whose rules are there, and which of their figures count in them."""

from __future__ import annotations

from dataclasses import replace

from service.app.ports import App, Portfolio, Refused
from service.domain.money import ZERO
from service.domain.rules import Rules
from service.domain.tax import Profile


def rules_of_years(app: App, portfolio: Portfolio, first: int, last: int) -> tuple[dict[int, Rules], dict[int, str]]:
    """Rules of the newest years without a gap, since losses are carried from each to the next; the others are left out, with the reason.
    Raises Refused where no year has any."""
    rules: dict[int, Rules] = {}
    left_out: dict[int, str] = {}
    for year in range(last, first - 1, -1):
        try:
            found = app.rules_of(year, portfolio.profile.filing_status)
        except Refused as why:
            left_out[year] = str(why)
            continue
        if rules and year + 1 not in rules:
            left_out[year] = f"there are no figures of {year + 1}, into which its losses would be carried"
        else:
            rules[year] = found
    if not rules:
        raise Refused("year", left_out[last])
    return rules, left_out


def profile_in(profile: Profile, year: int, this_year: int) -> Profile:
    """The figures as they count in a year: income, status and rates are taken to be the same in all; results from elsewhere and what is carried
    into the year are those of this one."""
    if year == this_year:
        return profile
    return replace(profile, other_short=ZERO, other_long=ZERO, other_collectibles=ZERO, short_carryover=ZERO, long_carryover=ZERO)
