"""`thresher tax wash-sales`: what the years would be if section 1091 covered crypto, beside what they are. Nothing is booked."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any, NamedTuple

from service.app import gains
from service.app.ports import App, Refused
from service.domain import ledger, wash_sales
from service.domain.ledger import Match
from service.domain.ledger.choices import Calendar
from service.domain.money import cents, plain
from service.domain.movements import calendar_day, day_number, decimal, iso_day, stamp, text
from service.domain.rules import Jurisdiction, Stated, Window, proposed_window
from service.domain.wash_sales import Shadow, Washed

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
    past = await gains.of_store(app)
    return await asyncio.to_thread(_answered, past, book, assumed, year)


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


def _answered(past: gains.Past, book: Jurisdiction, assumed: Assumed, year: int | None) -> Answer:
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
        "years": _years(found, said.calendar, year),
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
    return {"wash_sales": told}


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


def _years(found: Shadow, calendar: Calendar, only: int | None) -> list[Answer]:
    """By year; each term as it is (`real`) and with losses disallowed (`shadow`)."""
    by: dict[int, Answer] = {}
    for total in wash_sales.totals(found, calendar):
        if only in (None, total.year):
            year = by.setdefault(total.year, {"year": total.year, "short": _term(0, 0, 0), "long": _term(0, 0, 0)})
            year["long" if total.long else "short"] = _term(total.real, total.shadow, total.disallowed)
    return list(by.values())


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
    return plain(cents(decimal(count)))


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
        "Purchases and swaps in all accounts replace, in the order in which they were made, each unit once; rewards, gifts and forks do not. Only the same coin replaces a coin. What others buy for you, or what is bought in a retirement account, is not known here.",
    ]
    if securities:
        lines.append(
            f"For tokenised securities and ETF shares such a window is in force today ({securities[0].source}); thresher does not compute it: here every coin is taken for crypto."
        )
    if unknown:
        lines.append(f"Of {unknown} matches the gain is unknown; they are in no sum. `thresher issues` names them.")
    return lines
