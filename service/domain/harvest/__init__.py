"""Positions → opportunities: what selling would save after tax and costs, how sure we are, what to do.

Worked example. FIFO, price 2,600: the oldest lot gains 1,400, the next loses 1,300. Selling both realises +100, so FIFO has
nothing to offer; HIFO takes the second lot alone and offers a loss of 1,300. Per account and coin there is one opportunity:
what the method would really take first, as much of it as saves most after costs. A loss of 100,000 of which the year can use
3,000 is offered as a part of it: selling more would cost its fees and save nothing.

settings: what the holder sets. values: the results. line: in which order coins go. case: one account and coin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from service.domain.harvest.case import NEAR_LONG, UNIT, Case, Standing, Year
from service.domain.harvest.line import hidden, line_of, unsellable
from service.domain.harvest.settings import Costs, HarvestSettings, Thresholds, YearEnd
from service.domain.harvest.values import NO_MORE, Certainty, Opportunity, Unsellable, money, percent
from service.domain.money import exact
from service.domain.rules import Rules
from service.domain.statements import MethodName
from service.domain.tax import Profile, Realised
from service.domain.valuation import Position

__all__ = [
    "NEAR_LONG",
    "NO_MORE",
    "UNIT",
    "Case",
    "Certainty",
    "Costs",
    "HarvestSettings",
    "Opportunity",
    "Standing",
    "Thresholds",
    "Unsellable",
    "Year",
    "YearEnd",
    "assess",
    "hidden",
    "line_of",
    "money",
    "percent",
    "unsellable",
]


def assess(  # noqa: PLR0917 - the stage's inputs in the order of the data
    positions: Sequence[Position],
    method_of: Callable[[str], MethodName],
    settings: HarvestSettings,
    profile: Profile,
    rules: Rules,
    realised: Realised,
    now: datetime,
    *,
    movable: Callable[[str], bool],
    currency: str = "USD",
) -> list[Opportunity]:
    """All that would realise a loss, the greatest net saving first; what is not worth a word says why in `blocked_by`.

    `realised`: results of the year so far. `movable`: True for an account in which coins can be sold where they
    lie. Each opportunity is judged alone: no two of them share what the year can use.
    """
    found = []
    by: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for position in positions:
        by[position.lot.account, position.lot.coin].append(position)
    with exact():
        year = Year(profile, rules, realised, now)
        for (account, _), held in by.items():
            case = Case(held, method_of(account), settings, year, on_exchange=movable(account), currency=currency)
            if told := case.opportunity():
                found.append(told)
    return sorted(found, key=lambda o: (-o.net, o.id))
