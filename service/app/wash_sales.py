"""`thresher tax wash-sales`: what the years would be if section 1091 covered crypto, beside what they are. Nothing is booked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from service.app import gains
from service.app.ports import App, Portfolio, Refused
from service.app.years import profile_in, rules_of_years
from service.domain import ledger, wash_sales
from service.domain.ledger import Match
from service.domain.ledger.choices import Calendar
from service.domain.money import cents, plain
from service.domain.movements import calendar_day, day_number, decimal, iso_day, stamp, text
from service.domain.rules import Jurisdiction, Rules, Stated, Window, local_date, proposed_window
from service.domain.tax import Realised
from service.domain.tax.chain import chain
from service.domain.wash_sales import Shadow, Total, Washed

Answer = dict[str, Any]


class Assumed(NamedTuple):
    """The window that the shadow ledger takes to hold."""

    rule: Stated[Window]
    since: date | None
    """First day of sales that it covers; None: all."""


async def answer(app: App, book: Jurisdiction, *, year: int | None = None, since: date | None = None) -> Answer:
    """{"wash_sales": …} of the years, or of one, by the window that `book` proposes or has for crypto. `since`: first day of sales that are
    covered, else the rule's own, else all are. Raises Refused where the rules know no such window, and for other laws than that of section 1091."""
    assumed = _assumed(book, since)
    portfolio, past = await app.store.portfolio(gains.PORTFOLIO), await gains.of_store(app)
    this_year = local_date(app.now(), past.zone).year
    told, found, calendar = await asyncio.to_thread(_answered, past, book, assumed, year)
    taxes = _Taxes(app, portfolio, this_year)
    return {"wash_sales": told | taxes.of(wash_sales.totals(found, calendar), year)}


def _assumed(book: Jurisdiction, since: date | None) -> Assumed:
    if book.code != "us":
        raise Refused(
            "jurisdiction",
            f"section 1091 is a law of the United States; what {book.name} says of buying back is shown by `thresher rules show`",
        )
    binding = (one for one in book.windows if "crypto" in one.value.assets and one.binds and one.value.kind == "days")
    rule = proposed_window(book, "crypto") or next(binding, None)
    if rule is None or rule.value.kind != "days":
        raise Refused("jurisdiction", f"the rules of {book.name} name no window of days for crypto, in force or proposed")
    return Assumed(rule, since or rule.since)


def _answered(past: gains.Past, book: Jurisdiction, assumed: Assumed, year: int | None) -> tuple[Answer, Shadow, Calendar]:
    said = ledger.choices(past.statements, zone=past.zone).settled(m for movements in past.groups for m in movements)
    matches: list[Match] = []
    for movements in past.groups:
        group = ledger.Group(said, past.places)
        group.enter_all(movements)
        group.close()
        matches += group.matches
    bought = (movement for movements in past.groups for movement in movements)
    since = None if assumed.since is None else day_number(assumed.since)
    found = wash_sales.shadow(matches, bought, assumed.rule.value, said.calendar, since=since)
    unknown = sum(year in (None, _year(m, said.calendar)) for m in found.unknown)
    told = {
        "window": _window(assumed),
        "sales": [
            _sale(w, past, said.calendar)
            for w in found.washed
            if (w.disallowed or w.added) and year in (None, _year(w.match, said.calendar))
        ],
        "waiting": [{"lot": lot, "amount": _money(amount)} for lot, amount in sorted(found.waiting.items())],
        "unknown_disposals": unknown,
        "currency": past.currency,
        "zone": past.zone,
        "says": _says(book, assumed, unknown),
    }
    return told, found, said.calendar


def _year(match: Match, calendar: Calendar) -> int:
    return calendar_day(calendar.day(match.disposed)).year


def _window(assumed: Assumed) -> Answer:
    rule, window = assumed.rule, assumed.rule.value
    return {
        "rule": rule.place,
        "status": rule.status,
        "confidence": rule.confidence,
        "source": rule.source,
        "before_days": window.before_days or 0,
        "after_days": window.after_days or 0,
        "same_day": bool(window.same_day),
        "since": None if assumed.since is None else assumed.since.isoformat(),
    }


class _Taxes(NamedTuple):
    """What the holder's years come to as they are and with wash sales, each with its own losses carried on."""

    app: App
    portfolio: Portfolio
    this_year: int

    def of(self, totals: Sequence[Total], only: int | None) -> Answer:
        """{"years", "left_out"}; a year without figures has no tax, with the reason."""
        if not totals:
            return {"years": [], "left_out": []}
        first, last = totals[0].year, totals[-1].year
        try:
            rules, left_out = rules_of_years(self.app, self.portfolio, first, last)
        except Refused as why:
            rules, left_out = {}, {last: str(why)}
        taxes = [self._chain(totals, rules, which) for which in (_real, _shadow)]
        years: dict[int, Answer] = {}
        for total in totals:
            if only in (None, total.year):
                tax = {
                    name: _cents(of[total.year]) if total.year in of else None for name, of in zip(("real", "shadow"), taxes, strict=True)
                }
                year = years.setdefault(total.year, {"year": total.year, "short": _term(0, 0, 0), "long": _term(0, 0, 0), "tax": tax})
                year["long" if total.long else "short"] = _term(total.real, total.shadow, total.disallowed)
        there = [{"year": year, "says": why} for year, why in sorted(left_out.items()) if year in years]
        return {"years": list(years.values()), "left_out": there}

    def _chain(self, totals: Sequence[Total], rules: Mapping[int, Rules], which: Callable[[Total], tuple[int, int]]) -> dict[int, Decimal]:
        sums = {year: [0, 0, 0] for year in rules}
        for total in totals:
            if total.year in sums:
                gain, collectibles = which(total)
                sums[total.year][1 if total.long else 0] += gain
                sums[total.year][2] += collectibles
        realised = {year: Realised(*(decimal(one) for one in of)) for year, of in sums.items()}
        linked = chain(realised, lambda year: profile_in(self.portfolio.profile, year, self.this_year), rules.__getitem__)
        return {year: one.tax.total for year, one in linked.items()}


def _real(total: Total) -> tuple[int, int]:
    return total.real, total.real_collectibles


def _shadow(total: Total) -> tuple[int, int]:
    return total.shadow, total.shadow_collectibles


def _term(real: int, shadow: int, disallowed: int) -> Answer:
    return {"real": _money(real), "shadow": _money(shadow), "disallowed": _money(disallowed)}


def _sale(w: Washed, past: gains.Past, calendar: Calendar) -> Answer:
    m, symbols = w.match, past.symbols()
    return {
        "disposal_id": m.id,
        "lot_id": m.lot,
        "account": past.labels.get(m.account, m.account),
        "coin": m.coin,
        "asset": symbols[m.coin],
        "disposed": stamp(m.disposed),
        "day": iso_day(calendar.day(m.disposed)),
        "quantity": text(w.quantity, past.places),
        "gain": _money(w.gain + w.added),
        "term": _named(is_long=m.long),
        "added": _money(w.added),
        "disallowed": _money(w.disallowed),
        "counted": _money(w.counted),
        "shadow_term": _named(is_long=w.long),
        "days_added": w.days,
        "replaced": [{"lot": r.lot, "quantity": text(r.quantity, past.places), "amount": _money(r.amount)} for r in w.replaced],
    }


def _named(*, is_long: bool) -> str:
    return "long" if is_long else "short"


def _money(count: int) -> str:
    return _cents(decimal(count))


def _cents(amount: Decimal) -> str:
    return plain(cents(amount))


def _says(book: Jurisdiction, assumed: Assumed, unknown: int) -> list[str]:
    """What the figures rest on, a sentence each."""
    rule, window = assumed.rule, assumed.rule.value
    same = "the day itself and " if window.same_day else ""
    span = f"{same}{window.before_days or 0} days before and {window.after_days or 0} after a sale"
    state = "It binds" if rule.binds else "It is proposed and no law"
    day = f" Sales from {assumed.since} on are covered." if assumed.since else " Every sale is covered."
    securities = [one for one in book.windows if "crypto" not in one.value.assets and one.binds and one.value.kind != "none"]
    lines = [
        f"As if a loss were disallowed as far as the coin is bought back within {span} ({rule.source}). {state}.{day}",
        "Nothing of this is booked: lots, gains, forms and tax of thresher are without it"
        + (", also where the rule binds." if rule.binds else "."),
        "The tax of a year is computed by your figures, taken to be the same in every year, or by your two rates; results from elsewhere and carryovers of the profile are those of this year.",
        "Purchases and swaps in all accounts replace, in the order in which they were made, each unit once; rewards, gifts and forks do not. Only the same coin replaces a coin. What others buy for you, or what is bought in a retirement account, is not known here.",
    ]
    if securities:
        lines.append(
            f"For tokenised securities and ETF shares such a window is in force today ({securities[0].source}); thresher does not compute it: here every coin is taken for crypto."
        )
    if unknown:
        lines.append(
            f"The gain of {unknown} match{'es' * (unknown != 1)} is unknown and in no sum. `thresher issues` names what is missing."
        )
    return lines
