"""`thresher rules`: what the rules of a jurisdiction are on a day or in a tax year, how well each is known, and what the user changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from service.app.refusals import Refused
from service.domain.money import plain
from service.domain.rules import Jurisdiction, Rate, Stated
from service.rules_files import Change

Answer = dict[str, Any]


def show(books: Iterable[Jurisdiction], *, year: int | None, on: date | None, today: date) -> Answer:
    """The rules of a tax year, or on one day; without either, today. Raises Refused for both, and for a year that no calendar has.

    A tax year is named by the calendar year in which it ends: 2027 is 6 April 2026 to 5 April 2027 in the United Kingdom.
    """
    if year is not None and on is not None:
        raise Refused("on", "give a tax year or a day, not both")
    if year is not None and not 1900 < year < 2200:
        raise Refused("year", "give a tax year such as 2026")
    return {"rules": [_book(book, year, on or (None if year else today)) for book in books]}


def _book(book: Jurisdiction, year: int | None, on: date | None) -> Answer:
    first, last = book.span(year) if on is None and year is not None else (on or date.min, on or date.min)
    named = book.year_of(last)
    everything = list(book.stated())
    holding = [one for one in everything if one.holds(first, last)]
    others = [one for one in everything if not one.holds(first, last)]
    years = {one.place for one in book.figures}
    return {
        "jurisdiction": book.code,
        "name": book.name,
        "currency": book.currency,
        "as_of": book.as_of.isoformat(),
        "year": named,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "computed": [asdict(one) for one in book.computed],
        "missing": _missing(book, named),
        "in_force": [_stated(one) for one in holding],
        "not_in_force": [_stated(one) for one in others if one.place not in years],
    }


def _missing(book: Jurisdiction, year: int) -> str | None:
    """Where other years have figures and this one has none; a year never stands in for another."""
    there = sorted({one.since.year for one in book.figures if one.since})
    if not there or year in there:
        return None
    return (
        f"no figures for the tax year {year}, so its tax is not computed; there are those of {', '.join(map(str, there))}. "
        f"Update thresher, or write a [{year}] table into rules/{book.code}.toml in the configuration folder."
    )


def _stated(one: Stated[Any]) -> Answer:
    value, unit = (one.value.value, one.value.unit) if isinstance(one.value, Rate) else (one.value, None)
    return {
        "rule": one.place,
        "value": _plain(value),
        "unit": unit,
        "confidence": one.confidence,
        "source": one.source,
        "since": one.since.isoformat() if one.since else None,
        "until": one.until.isoformat() if one.until else None,
        "status": one.status,
        "note": one.note,
    }


def _plain(value: Any) -> Any:
    """As JSON has it: amounts are decimal strings, what a rule does not say is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(part) for key, part in asdict(value).items() if part not in (None, "")}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else value


def diff(changes: Sequence[Change]) -> Answer:
    """What the user's files say otherwise, figure by figure."""
    return {"changes": [one._asdict() for one in changes]}
