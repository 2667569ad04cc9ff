"""United Kingdom, the long way: days of one coin, matched with the same day, then the 30 days after, then the pool (TCGA 1992 s. 104–106A).

Works from rows of the neutral history with fractions and shares no code with the product. What leaves without a gain takes its share of the pool.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.domain.plain_matcher import moment, number

NOTHING = Fraction(0)


@dataclass
class Day:
    bought: Fraction = NOTHING
    cost: Fraction = NOTHING
    sold: Fraction = NOTHING
    proceeds: Fraction = NOTHING
    fees: Fraction = NOTHING
    left: Fraction = NOTHING
    """Given away."""


@dataclass
class PlainPool:
    matches: dict[tuple[date, str, str, str], list[Fraction]] = field(default_factory=dict)
    """(day, coin, rule, day bought back or "") → quantity, proceeds, cost."""
    pools: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    short: dict[tuple[date, str], Fraction] = field(default_factory=dict)


def tax_year(day):
    """The year in which it ends, on 5 April."""
    return day.year + (day >= date(day.year, 4, 6))


def match(rows, zone="Europe/London"):
    days = {}

    def on(asset, row):
        day = moment(row["timestamp"]).astimezone(ZoneInfo(zone)).date()
        return days.setdefault(asset, {}).setdefault(day, Day())

    for row in {r["id"]: r for r in rows}.values():
        kind, value, fee = row["kind"], number(row, "value_usd"), number(row, "fee_value_usd")
        if kind in ("sell", "spend", "swap"):
            day = on(row["sent_asset"], row)
            day.sold, day.proceeds, day.fees = day.sold + number(row, "sent_quantity"), day.proceeds + value, day.fees + fee
        if kind in ("gift_out", "withdrawal"):
            on(row["sent_asset"], row).left += number(row, "sent_quantity")
        if kind in ("buy", "swap", "income", "deposit", "gift_in"):
            day = on(row["received_asset"], row)
            day.bought += number(row, "received_quantity")
            day.cost += {"buy": value + fee, "swap": value, "income": value}.get(kind, number(row, "basis_usd"))
        if row.get("fee_asset") and row["fee_asset"] != "USD":
            day = on(row["fee_asset"], row)
            day.sold, day.proceeds = day.sold + number(row, "fee_quantity"), day.proceeds + fee
    seen = PlainPool()
    for asset, found in days.items():
        _one(asset, found, seen)
    return seen


def _one(asset, days, seen):
    order = sorted(days)
    free = {day: days[day].bought for day in order}
    open_ = {day: days[day].sold for day in order}

    def pair(sold, bought, rule):
        part = min(open_[sold], free[bought])
        if part:
            open_[sold] -= part
            free[bought] -= part
            _record(
                seen,
                (sold, asset, rule, "" if rule == "same_day" else bought.isoformat()),
                days[sold],
                part,
                days[bought].cost * part / days[bought].bought,
            )

    for day in order:
        pair(day, day, "same_day")
    for day in order:
        for later in order:
            if day < later <= day + timedelta(days=30):
                pair(day, later, "thirty_day")
    held, cost = NOTHING, NOTHING
    for day in order:
        if days[day].bought:
            held, cost = held + free[day], cost + days[day].cost * free[day] / days[day].bought
        for wanted, is_sale in ((open_[day], True), (days[day].left, False)):
            part = min(wanted, held)
            taken = cost * part / held if held else NOTHING
            held, cost = held - part, cost - taken
            if is_sale and part:
                _record(seen, (day, asset, "section_104", ""), days[day], part, taken)
            if wanted > part:
                seen.short[day, asset] = wanted - part
    seen.pools[asset] = (held, cost)


def _record(seen, key, day, part, cost):
    whole = seen.matches.setdefault(key, [NOTHING, NOTHING, NOTHING])
    whole[0] += part
    whole[1] += day.proceeds * part / day.sold
    whole[2] += cost + day.fees * part / day.sold
