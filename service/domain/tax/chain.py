"""Years in a row: what one cannot use of its losses is carried into the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from service.domain.rules import Rules
from service.domain.tax.model import Liability, TaxModel, liability
from service.domain.tax.profile import Profile, Realised, year_of


class Linked(NamedTuple):
    """A year of the chain."""

    profile: Profile
    """With what is carried into it."""
    model: TaxModel
    tax: Liability


def chain(realised: Mapping[int, Realised], profile_of: Callable[[int], Profile], rules_of: Callable[[int], Rules]) -> dict[int, Linked]:
    """The years in order. The carryovers of the first one's profile begin; those of the others follow (26 U.S.C. 1212(b))."""
    found: dict[int, Linked] = {}
    before: Liability | None = None
    for year in sorted(realised):
        profile = profile_of(year)
        if before is not None:
            profile = replace(profile, short_carryover=before.carry_short, long_carryover=before.carry_long)
        model = year_of(profile, rules_of(year), realised[year])
        before = liability(model)
        found[year] = Linked(profile, model, before)
    return found
