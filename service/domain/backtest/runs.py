"""A whole history under one rule of harvesting."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain import ledger
from service.domain.assets import is_one_of_a_kind
from service.domain.backtest.book import Book
from service.domain.backtest.days import Days
from service.domain.backtest.values import Past, Policy, Run, Terms
from service.domain.issues import IssueKind
from service.domain.ledger import Match
from service.domain.ledger.choices import Calendar
from service.domain.movements import calendar_day
from service.domain.reports.matches import ordered
from service.domain.tax import Realised


def simulate(past: Past, policy: Policy, terms: Terms) -> Run:
    """The whole history under a policy; the same inputs give the same run."""
    days = Days(past.said.calendar.zone, terms)
    books = [Book(past, movements, policy, terms, days).run() for movements in past.groups]
    matches = ordered(m for book in books for m in book.group.matches)
    realised, unknown = _by_year(matches, past.said.calendar, terms)
    opens = [o for book in books for o in book.group.open()]
    held = {key: quantity for book in books for key, quantity in book.group.held.items()}
    return Run(
        policy,
        tuple(sorted(harvest for book in books for harvest in book.harvests)),
        realised,
        unknown,
        ledger.amount(sum(o.basis for o in opens if o.basis is not None)),
        held,
        sum(f.kind is IssueKind.LOT_NOT_AVAILABLE for book in books for f in book.group.findings),
        tuple(matches),
    )


def _by_year(matches: Iterable[Match], calendar: Calendar, terms: Terms) -> tuple[dict[int, Realised], dict[int, int]]:
    years = range(calendar_day(terms.first).year, calendar_day(terms.last).year + 1)
    sums = {year: [0, 0, 0] for year in years}
    unknown = dict.fromkeys(years, 0)
    for m in matches:
        year = calendar_day(calendar.day(m.disposed)).year
        if year not in sums:
            continue
        if m.proceeds is None or m.basis is None:
            unknown[year] += 1
            continue
        gain = m.proceeds - m.basis
        sums[year][1 if m.long else 0] += gain
        sums[year][2] += gain if m.long and is_one_of_a_kind(m.coin) else 0
    return {year: Realised(*(ledger.amount(one) for one in sums[year])) for year in years}, unknown
