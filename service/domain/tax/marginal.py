"""The year by the holder's own two marginal rates: what is known where the income of the year is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from service.domain.ledger import Disposal
from service.domain.money import ZERO, exact
from service.domain.rules import Rules, Term, local_date

FilingStatus = Literal["single", "married_joint", "married_separate", "head_of_household", "surviving_spouse"]
"""IRC 1(a) to (d), 2."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The holder's own figures. Rates are shares (0.24), money is a year's amount."""

    jurisdiction: str = "us"
    time_zone: str = "UTC"
    short_rate: Decimal = Decimal("0.24")
    """Marginal rate on ordinary income and short-term gains."""
    long_rate: Decimal = Decimal("0.15")
    other_short: Decimal = Decimal(0)
    """Short-term result of the year outside of thresher, carryover included (negative: loss)."""
    other_long: Decimal = Decimal(0)
    filing_status: FilingStatus = "single"
    """Decides the yearly limit on losses: a married person who files separately has half of it (IRC 1211(b))."""


def estimate(short: Decimal, long: Decimal, profile: Profile, rules: Rules) -> Decimal:
    """Tax of the year on net results by term (losses negative), the profile's other results added; negative: tax saved elsewhere.

    IRC 1222, 1211(b), Schedule D: short and long net first by themselves, then with each other. What is positive is taxed at
    the rate of its own term; a loss on balance lowers other income, up to the limit, at the rate on ordinary income.
    """
    with exact():
        short_net, long_net = short + profile.other_short, long + profile.other_long
        both = short_net + long_net
        if both < 0:
            return -min(rules.loss_limit, -both) * profile.short_rate
        if short_net < 0:
            return both * profile.long_rate
        if long_net < 0:
            return both * profile.short_rate
        return short_net * profile.short_rate + long_net * profile.long_rate


def saving(  # noqa: PLR0917 - two pairs (short, long) and the holder's rules, read in this order everywhere
    realised_short: Decimal, realised_long: Decimal, loss_short: Decimal, loss_long: Decimal, profile: Profile, rules: Rules
) -> Decimal:
    """What realising further losses (positive amounts) saves in tax this year, over the results realised so far.

    Zero when the year cannot use them; what is carried forward is not counted.
    """
    with exact():
        before = estimate(realised_short, realised_long, profile, rules)
        return before - estimate(realised_short - loss_short, realised_long - loss_long, profile, rules)


def bends(short: Decimal, long: Decimal, held: Term, profile: Profile, rules: Rules) -> tuple[Decimal, Decimal, Decimal]:
    """Further losses of a term, over results of (short, long), at which the worth of one more unit of loss changes.

    Where its own term is used up, where all gains are, and where the limit is; those not above zero lie behind.
    """
    with exact():
        short_net, long_net = short + profile.other_short, long + profile.other_long
        both = short_net + long_net
        return (short_net if held == "short" else long_net), both, both + rules.loss_limit


def carryover(short: Decimal, long: Decimal, profile: Profile, rules: Rules) -> tuple[Decimal, Decimal]:
    """(short, long) losses that go to the next year, as positive amounts (IRC 1212(b)(2)).

    What the year absorbs eats short-term loss first. Other income is taken to be large enough to absorb the whole limit.
    """
    with exact():
        short_net, long_net = short + profile.other_short, long + profile.other_long
        both = short_net + long_net
        if both >= 0:
            return ZERO, ZERO
        absorbed = min(rules.loss_limit, -both)
        if long_net >= 0:
            return -both - absorbed, ZERO
        if short_net >= 0:
            return ZERO, -both - absorbed
        short_left = max(ZERO, -short_net - absorbed)
        return short_left, -both - absorbed - short_left


def year_result(disposals: Iterable[Disposal], year: int, zone: str) -> tuple[Decimal, Decimal, int]:
    """(net short, net long, number of disposals whose gain is unknown) of the taxpayer's calendar year."""
    short, long, unknown = ZERO, ZERO, 0
    with exact():
        for disposal in disposals:
            if local_date(disposal.disposed_at, zone).year != year:
                continue
            gain = disposal.gain
            if gain is None:
                unknown += 1
            elif disposal.term == "short":
                short += gain
            else:
                long += gain
    return short, long, unknown
